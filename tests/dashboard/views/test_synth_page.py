"""The synthetic-control page on the bundled sample: presets, links, refusals, words, the ZIP file."""

from __future__ import annotations

import io
import json
import re
import runpy
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.evaluate import examine, register
from dashboard import data
from dashboard.views import synth
from dashboard.views.synth import asking
from dashboard.views.synth.wording import in_words

PLACE, MEASURE = "stl_city", "homicide"


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_HUB", raising=False)


def chosen(**changed: str) -> dict[str, str]:
    return {c.key: c.default for c in synth.controls(PLACE, MEASURE)} | changed


def ask(**changed: str) -> Any:
    return synth.answer(PLACE, MEASURE, None, chosen(**changed))


def test_progress_is_told_once_and_never_on_a_warm_run() -> None:
    st.cache_resource.clear()
    told: list[tuple[float, str]] = []
    first = synth.answer(PLACE, MEASURE, None, chosen(), lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any("as if it were treated" in what for _, what in told)
    told.clear()
    again = synth.answer(PLACE, MEASURE, None, chosen(), lambda share, what: told.append((share, what)))
    assert again is first
    assert told == []
    assert synth.figures(first, p_values=True) is synth.figures(again, p_values=True)


def test_every_exclusion_has_a_reason_and_stands_in_the_table_and_the_export() -> None:
    found = ask()
    top = str(found.result.weights.idxmax())
    out = synth.everybody_left_out(ask(without=found.case.ids[top]))
    assert (out["reason"].str.len() > 5).all()
    assert out.set_index("name").loc[top, "reason"] == "left out by choice"
    counted = synth.reasons(out)
    assert counted["Places"].str.replace(",", "").astype(int).sum() == len(out)
    assert counted["Why not"].is_unique


def test_the_registered_presets_give_the_registered_answers() -> None:
    hub = data.hub()
    asked = [q for q in register(hub) if (q.place, q.measure) == (PLACE, MEASURE)]
    questions = {q.method: q for q in asked if q.subject == "programme"}
    presets = [p for p in synth.presets(PLACE, MEASURE) if p.label.startswith("Registered: January 2025")]
    assert len(presets) == 2
    for preset in presets:
        page = ask(**preset.settings)
        question = questions[f"synth_{preset.settings['estimator']}"]
        assert page.result.effect.percent.estimate == pytest.approx(
            examine(hub, question).effect.percent.estimate, rel=1e-9
        )


def test_a_preset_goes_into_the_link_and_empties_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    query: dict[str, str] = {"pool": "large", "place": PLACE}
    session: dict[str, Any] = {"_kept_synth_pool": "large", "_synth_pool": "large", "other": 1}
    monkeypatch.setattr(asking.st, "query_params", query)
    monkeypatch.setattr(asking.st, "session_state", session)
    form = synth.controls(PLACE, MEASURE)
    cautious = next(p for p in synth.presets(PLACE, MEASURE) if p.label == "Cautious")
    synth.load("synth", cautious, form)
    assert query == {"place": PLACE, "ranges": "both", "level": "95"}
    assert session == {"other": 1}


def test_run_asks_what_the_form_says_and_a_preset_takes_it_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLN_AUDIENCE", "researcher")
    at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
    at.query_params["place"], at.query_params["measure"] = PLACE, MEASURE
    at.switch_page("../pages/synthetic_control.py")
    at.run()
    before = at.header[0].value
    at.selectbox(key="_synth_level").select("80")
    next(b for b in at.button if b.label == "Run").click()
    at.run()
    assert not at.exception
    assert at.query_params["level"] == "80"
    assert "80\u00a0% range" in " ".join(c.value for c in at.caption)
    next(b for b in at.button if b.label == "Standard").click()
    at.run()
    assert "level" not in at.query_params
    assert at.header[0].value == before


def test_the_link_holds_everything_and_asks_the_same() -> None:
    asked = chosen(pool="large", skip="jump", level="80")
    found = synth.answer(PLACE, MEASURE, None, asked)
    link = synth.link(PLACE, MEASURE, found.last, asked, "http://host:8501/synthetic_control?x=1#y")
    parts = urlsplit(link)
    assert (parts.netloc, parts.path, parts.fragment) == ("host:8501", "/synthetic_control", "")
    query = {k: v[0] for k, v in parse_qs(parts.query).items()}
    assert query.pop("place") == PLACE
    assert query.pop("measure") == MEASURE
    through = pd.Period(query.pop("through"), "M")
    again = synth.answer(PLACE, MEASURE, through, chosen() | query)
    assert again.result.spec == found.result.spec
    assert again.result.effect.percent == found.result.effect.percent


def everyone_but_two() -> dict[str, str]:
    ids = list(ask().case.ids.values())
    return {"without": ",".join(ids[2:])}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"start": "2026-12"}, "Choose an earlier start"),
        ({"start": ""}, "Import earlier months"),
        ({"without": "all"}, "leave fewer places out"),
    ],
)
def test_a_refusal_says_what_to_do(changed: dict[str, str], says: str) -> None:
    if changed.get("without") == "all":
        changed = {"without": ",".join(ask().case.ids.values())}
    why = ask(**changed)
    assert isinstance(why, str)
    assert says in why
    assert not re.search(r"donor|missing=|min_train|pre_start|unit\b", why)


def test_a_place_without_figures_is_refused_in_words() -> None:
    why = synth.answer("atlantis", MEASURE, None, chosen())
    assert isinstance(why, str)
    assert len(why.split()) > 4


def test_too_few_places_give_an_estimate_without_a_range() -> None:
    found = ask(**everyone_but_two())
    for expert in (True, False):
        said = synth.headline(found, expert=expert)
        assert "too few comparison places" in said
        assert "gave no estimate" not in said
    assert "needed at" in synth.rank_sentence(found, p_values=False)
    for figure in synth.figures(found, p_values=False).values():
        assert "nan" not in figure.title
        assert figure.specs()


@pytest.mark.parametrize("estimator", ["did", "ridge"])
def test_every_estimator_can_be_asked(estimator: str) -> None:
    found = ask(estimator=estimator, history="36")
    assert found.result.spec.estimator == estimator
    base = found.others.loc[found.others["base"]]
    assert float(base["percent"].iloc[0]) == pytest.approx(found.result.effect.percent.estimate)
    assert synth.headline(found, expert=False)


P_VALUE = re.compile(r"\bp\s*=|p-value|p_value|\bp\b")


def test_only_researchers_see_p_values_and_method_words() -> None:
    found = ask()
    everybody = [synth.headline(found, expert=False), synth.window(found), synth.span(found)]
    everybody += [synth.rank_sentence(found, p_values=False), synth.power_sentence(found)]
    everybody += [line for _, lines in synth.check_lists(found, exact=False) for line in lines]
    everybody += synth.notes(found)
    for figure in synth.figures(found, p_values=False).values():
        everybody += [figure.title, figure.sentence, figure.note, figure.alt, *figure.shown_table().columns]
        assert "p_value" not in figure.table.columns
    for said in everybody:
        assert not P_VALUE.search(said), said
        assert "—" not in said
        assert not re.search(r"(?<!\w)-\d", said), said
        assert not re.search(r"\bdonor|\bperiods?\b", said), said
    made = synth.export(found, p_values=False)
    assert "p_value" not in json.dumps(made.record)
    assert "p_value" not in made.script
    assert "p-value" in synth.rank_sentence(found, p_values=True)
    assert "p_value" in json.dumps(synth.export(found, p_values=True).record)


def test_checks_are_told_as_questions_with_failures_first() -> None:
    found = ask()
    lists = synth.check_lists(found, exact=True)
    assert sum(len(lines) for _, lines in lists) == len(found.result.checks)
    order = ["✗", "?", "✓"]
    assert [heading[0] for heading, _ in lists] == sorted((h[0] for h, _ in lists), key=order.index)
    for _, lines in lists:
        for line in lines:
            assert re.match(r"\*\*.+\?\*\* \S", line), line


def test_the_zip_file_repeats_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(pool="large")
    made = synth.export(found, link="http://host/synthetic_control?place=stl_city")
    packed = synth.bundle(found, made)
    assert packed == synth.bundle(found, made)
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        names = set(file.namelist())
        file.extractall(tmp_path)
    assert {
        "panel.csv",
        "population.csv",
        "excluded.csv",
        "specification.json",
        "repeat.py",
        "README.txt",
    } <= names
    assert len(pd.read_csv(tmp_path / "excluded.csv")) == len(synth.everybody_left_out(found))
    kept = json.loads((tmp_path / "specification.json").read_text(encoding="utf-8"))
    assert kept["specification"]["start"] == found.result.spec.start
    assert kept["data_status"] == "Synthetic sample data"
    monkeypatch.chdir(tmp_path)
    space = runpy.run_path("repeat.py")
    assert space["result"].effect.percent.estimate == pytest.approx(found.result.effect.percent.estimate)


def test_sentences_of_the_method_become_the_pages_words() -> None:
    assert in_words("The donor lacks -3 periods in 2025-01, 10 %") == (
        "The comparison place lacks −3 months in January 2025, 10\u00a0%"
    )
