"""The synthetic-control page with several places, with areas, with characteristics, and with bad data."""

from __future__ import annotations

import io
import json
import runpy
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views import synth
from dashboard.views.synth import answering, doubts, modes, pooled, pooled_said, pooled_shown

PLACE, MEASURE = "stl_city", "aggravated_assault"


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_HUB", raising=False)


def defaults(settings: list[Any], folded: list[Any]) -> dict[str, str]:
    return {c.key: c.default for c in [*settings, *(c for _, group in folded for c in group)]}


def ask_several(**changed: str) -> Any:
    return pooled.several(MEASURE, None, defaults(*modes.several_controls(MEASURE)) | changed)


def ask_areas(**changed: str) -> Any:
    table = modes.counted(PLACE, MEASURE)
    return pooled.areas(
        PLACE, MEASURE, None, defaults(*modes.areas_controls(PLACE, MEASURE, table)) | changed
    )


def unpacked(packed: bytes, folder: Path) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        file.extractall(folder)
        return set(file.namelist())


# ---------------------------------------------------------------- several places


def test_places_with_their_own_starts_and_what_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = modes.starts_of(defaults(*modes.several_controls(MEASURE)))
    # The deployments of whole jurisdictions, as the sample has them.
    assert begun == {"stl_city": "2025-01", "stl_county": "2025-10", "st_clair": "2025-04"}
    found = ask_several(start_st_clair="", estimator="demeaned")
    assert dict(found.starts) == {"St. Louis City": "2025-01", "St. Louis County": "2025-10"}
    table = found.result.event_time.set_index("time")
    assert table.loc[0, "units"] == 2
    assert table.loc[0:10, ["lower", "upper", "weighted_lower", "weighted_upper"]].notna().all(axis=None)
    figures = pooled_shown.figures(found)
    assert list(figures["units"].table["name"])[-1] == "All together"
    for figure in figures.values():
        assert figure.specs()
    said = [pooled_said.headline(found), pooled_said.window(found), pooled_said.limits(found)]
    said += [line for _, lines in pooled_said.check_lists(found) for line in lines]
    said += [*pooled_said.mixes(found), *pooled_said.notes(found)]
    for text in said:
        assert "donor" not in text, text
        assert "—" not in text, text
    out = pooled_shown.exclusions(found)
    assert (out["reason"].str.len() > 5).all()
    assert not out["name"].isin(list(found.starts)).any()
    packed = pooled_shown.bundle(found, pooled_shown.export(found, link="http://host/x"))
    assert {"panel.csv", "population.csv", "event_time.csv", "units.csv", "excluded.csv",
            "specification.json", "repeat.py"} <= unpacked(packed, tmp_path)  # fmt: skip
    kept = json.loads((tmp_path / "specification.json").read_text(encoding="utf-8"))
    assert kept["starts"] == dict(found.starts)
    monkeypatch.chdir(tmp_path)
    space = runpy.run_path("repeat.py")
    assert space["result"].percent_interval.estimate == pytest.approx(found.result.percent_interval.estimate)
    assert space["result"].p_value == found.result.p_value


def test_who_was_treated_and_for_how_long_is_the_users() -> None:
    found = ask_several(start_st_clair="", later="never", horizon="6", estimator="demeaned")
    assert set(found.result.units) == {"St. Louis City", "St. Louis County"}
    assert {r.effect.post_months for r in found.result.units.values()} == {6}
    assert found.pool == "never"
    nobody = ask_several(start_stl_city="", start_stl_county="", start_st_clair="")
    assert nobody == "No place is treated. Give at least one place a start."


# ---------------------------------------------------------------- areas


def test_one_area_is_answered_like_a_place() -> None:
    found = ask_areas(areas="focus_a")
    assert found.name == "Focus area A"
    assert found.result.spec.treated == "Focus area A"
    assert doubts.donor_map(found) == ("map", {})  # areas stand on no map of the country
    out = synth.everybody_left_out(found)
    assert out["reason"].str.contains("shares ground with a treated area").any()
    names = zipfile.ZipFile(io.BytesIO(synth.bundle(found, synth.export(found)))).namelist()
    assert "excluded.csv" in names


def test_several_areas_are_pooled_and_too_few_others_give_no_range() -> None:
    found = ask_areas(areas="focus_a,stl_city-d13", dates="own")
    assert found.areas
    assert found.result.percent_interval.estimate == pytest.approx(
        100 * found.result.events / found.result.expected
    )
    assert "too few comparison areas" in pooled_said.headline(found)
    assert ask_areas(areas="") == "No area is treated. Choose at least one."


def test_more_areas_than_months_is_said_beside_the_headline() -> None:
    told = pooled_said.warning(58, 13, areas=True)
    assert "58 comparison areas for 13 months" in told
    assert pooled_said.warning(12, 84, areas=True) == ""


# ---------------------------------------------------------------- characteristics


def test_characteristics_are_matched_and_repeated_from_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {c.key: c.default for c in synth.controls(PLACE, "robbery")}
    chosen |= {"match_mean": "1", "match_last": "2", "match_residents": "1", "match_homicide": "4"}
    found = synth.answer(PLACE, "robbery", None, chosen)
    assert found.result.spec.estimator == "simplex"
    assert dict(found.predictors.weights) == {
        "Rate before the start": 1.0, "Rate in the last 12 months before": 2.0, "Residents": 1.0,
        "Rate of homicide": 4.0,
    }  # fmt: skip
    base = found.others.loc[found.others["base"]]
    assert len(base) == 1
    assert float(base["percent"].iloc[0]) == pytest.approx(found.result.effect.percent.estimate)
    assert "Matched on 4 predictors" in " ".join(found.result.choices)
    assert "predictor" not in " ".join(synth.notes(found))
    made = synth.export(found)
    assert made.record["characteristics_matched"]["Rate of homicide"] == 4.0
    assert "predictors.csv" in unpacked(synth.bundle(found, made), tmp_path)
    monkeypatch.chdir(tmp_path)
    estimate = pytest.approx(found.result.effect.percent.estimate)
    text = Path("repeat.py").read_text(encoding="utf-8").splitlines()
    assert (
        text[-1] == "print(specification_table(panel, spec, population, predictors=predictors)"
        ".to_string(index=False))"
    )
    Path("short.py").write_text("\n".join(text[:-1]), encoding="utf-8")  # the table takes seconds
    assert runpy.run_path("short.py")["result"].effect.percent.estimate == estimate
    made.data.to_csv(f"{made.stem}_data.csv", index=False)
    Path("alone.py").write_text(made.script, encoding="utf-8")
    assert runpy.run_path("alone.py")["result"].effect.percent.estimate == estimate


# ---------------------------------------------------------------- the page itself


@pytest.fixture(scope="module")
def page(root: Path) -> Iterator[Any]:
    """One page for all questions: how it is opened is not what is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLN_AUDIENCE", "researcher")

        def opened(**query: str) -> AppTest:
            at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
            for key, value in query.items():
                at.query_params[key] = value
            at.switch_page("../pages/synthetic_control.py")
            return at.run()

        yield opened


def words(at: AppTest) -> str:
    assert not at.exception
    return " ".join(e.value for kind in (at.header, at.warning, at.markdown, at.caption) for e in kind)


def test_the_mode_is_chosen_first_and_everything_is_in_the_link(page: Any) -> None:
    at = page(mode="several", measure=MEASURE, start_st_clair="", horizon="12", start_stl_county="2025-04")
    assert at.selectbox[0].label == "What was treated"
    assert "St. Louis City and St. Louis County together" in words(at)
    link = parse_qs(urlsplit(at.code[-1].value).query, keep_blank_values=True)
    assert link["mode"] == ["several"]
    assert link["start_stl_county"] == ["2025-04"]
    assert link["horizon"] == ["12"]
    at.selectbox(key="_pick_mode").select("areas").run()
    assert "Focus area A" in at.header[0].value
    assert "mode=areas" in at.code[-1].value


def broken(ready: Any, how: str) -> Any:
    """The sample's case with one thing wrong."""
    panel, here = ready.panel.iloc[:, :14].copy(), "St. Louis City"
    if how == "unit missing":
        panel = panel.drop(columns=here)
    elif how == "one place":
        panel = panel.iloc[:, :2]
    elif how == "constant place":
        panel.iloc[:, 3] = 4.0
    elif how == "all zero":
        panel[here] = 0.0
    elif how == "no figures":
        panel[here] = np.nan
    elif how == "places with gaps":
        panel.iloc[5, 1:] = np.nan
    elif how == "twice the same":
        panel = pd.concat([panel, panel.iloc[:, [2]]], axis=1)
    elif how == "more places than months":
        panel = ready.panel.iloc[-35:, :60]
    people = ready.population.reindex(panel.columns[~panel.columns.duplicated()])
    return replace(ready, panel=panel, population=people, donor_sets={})


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("unit missing", "no unit 'St. Louis City'"),
        ("one place", "needs at least 2"),
        ("constant place", "never changes before the start"),
        ("all zero", "nothing to compare"),
        ("no figures", "no figure in any month"),
        ("places with gaps", "0 usable comparison places"),
        ("twice the same", "occurs more than once"),
        ("more places than months", "can follow noise"),
    ],
)
def test_bad_data_get_a_sentence_on_the_page(
    page: Any, monkeypatch: pytest.MonkeyPatch, how: str, says: str
) -> None:
    real = answering.case
    monkeypatch.setattr(answering, "case", lambda *a, **k: broken(real(*a, **k), how))
    monkeypatch.setattr(answering, "_kept", answering._Kept)  # nothing is kept, nothing was
    assert says in words(page(place=PLACE, measure="homicide", level="80", history="36"))


def test_a_start_or_a_mode_that_is_not_on_offer_is_answered_with_the_default(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = synth.starts(PLACE, "homicide")
    assert "2017-01" not in offered
    assert "2026-12" not in offered
    monkeypatch.setenv("SLN_AUDIENCE", "council")  # only researchers choose a mode
    at = page(place=PLACE, measure="homicide", start="2026-12", mode="several")
    assert "January 2025 to" in words(at)
    assert "What was treated" not in [s.label for s in at.selectbox]
