"""The interrupted-time-series workbench: what is tried, what it says, and data that answer nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.data import MeasureSeries
from analysis.evidence import Check, CheckState, Interval
from analysis.its import ItsSpec
from dashboard.views.its import answer as its_answer
from dashboard.views.its import data as its_data
from dashboard.views.its import page as its
from dashboard.views.its import words as its_words
from dashboard.workbench import plain

NOT_FOR_PEOPLE = re.compile(r"\b(nan|NaN|None|inf|NaT)\b|—")
PLACE, MEASURE = "stl_city", "violent_street_crime"


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_HUB", raising=False)


def settings(**changed: str) -> dict[str, str]:
    return {c.key: c.default for c in its.controls(PLACE, MEASURE)} | changed


def ask(**changed: str) -> Any:
    return its.answer(PLACE, MEASURE, None, settings(**changed))


def everything_said(found: its.Answer, *, expert: bool) -> str:
    """All words, tables and pictures of an answer, as one text."""
    against = its.tried(found)
    parts = [
        its.headline(found, expert=expert), its.window(found), its.power(found, against),
        its.caution(against.checks), its.checks_list(against.checks, expert=expert),
        its.told(found, against, expert=expert), its.checklist(found, against, expert=expert).to_string(),
        its.coefficients(found).to_string() if expert else "",
        *(f"{n.label} {n.value} {n.detail}" for n in its.numbers(found)),
    ]  # fmt: skip
    figures = its.figures(found, diagnostics=expert) | its.proof(found, against, diagnostics=expert)
    for figure in figures.values():
        parts += [figure.title, figure.sentence, figure.note, figure.alt, figure.shown_table().to_string()]
        for _, spec in figure.specs():
            json.dumps(spec, allow_nan=False)
    json.dumps(its.export(found, against).record, allow_nan=False)
    return "\n".join(parts)


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("expert", [True, False])
def test_an_answer_with_a_comparison_shows_everything_that_was_tried(expert: bool) -> None:
    found = ask(control="yes")
    against = its.tried(found)
    made = its.proof(found, against, diagnostics=expert)
    assert set(made) == {"families", "variants", "cities", "placebo", "break", "power"}
    assert {"observed", "cumulative", "since", "compared"} <= set(its.figures(found, diagnostics=expert))
    text = everything_said(found, expert=expert)
    assert not NOT_FOR_PEOPLE.search(text), NOT_FOR_PEOPLE.findall(text)
    assert ("p 0." in text or "(p " in text) == expert
    assert not re.search(r"\b20\d\d-\d\d\b", its.checks_list(against.checks, expert=expert))


def test_without_a_city_the_answer_is_the_one_without_its_counts() -> None:
    found = ask(control="yes")
    rows = its.tried(found).table
    one = rows[rows["variant"].str.startswith("without ") & (rows["kind"] == "comparison")].iloc[0]
    gone = one["variant"].removeprefix("without ")
    cities = next(c for c in its.controls(PLACE, MEASURE) if c.key == "cities").options
    ids = [i for i, label in cities.items() if label in found.members and label != gone]
    again = ask(control="some", cities=",".join(ids))
    assert len(again.members) == len(found.members) - 1
    assert again.result.effect.percent.estimate == pytest.approx(one["percent"], rel=1e-6)


def test_the_second_time_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(phase="3")
    first = its.tried(found)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("computed again")

    for name in ("fit", "fit_many", "examine"):
        monkeypatch.setattr(its_answer, name, never)
    assert ask(phase="3") is found
    assert its.tried(found) is first


def test_progress_ends_at_one_and_says_what_comes() -> None:
    steps: list[tuple[float, str]] = []
    its.tried(ask(trend="no"), lambda share, text: steps.append((share, text)))
    shares = [s for s, _ in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert all(text for _, text in steps)


def test_averted_is_said_only_when_it_was_earned(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(control="yes")
    assert found.result.averted is None
    assert not any("averted" in n.label for n in its.numbers(found))
    monkeypatch.setattr(type(found.result), "averted", property(lambda r: r.effect.events.map(lambda v: -v)))
    assert its.numbers(found)[1].label == "Events averted"


def test_families_that_disagree_are_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(level="90")
    against = its.tried(found)
    calm = its.proof(found, against, diagnostics=True)["families"].title
    assert "⚑" not in calm
    object.__setattr__(found, "key", found.key + "flag")
    object.__setattr__(against.examination, "disagreement", True)
    assert its.proof(found, against, diagnostics=True)["families"].title.startswith("⚑ The families disagree")


def test_every_preset_makes_settings_that_are_on_offer() -> None:
    controls = {c.key: c for c in its.controls(PLACE, MEASURE)}
    for name, sentence, chosen in its.presets():
        assert name
        assert sentence.endswith(".")
        for key, value in chosen.items():
            assert value in controls[key].options, (name, key, value)
        assert isinstance(its.specification(settings(**chosen)), ItsSpec)


def test_every_setting_stands_in_one_group() -> None:
    controls = its.controls(PLACE, MEASURE)
    shown = [c.key for _, group in its.grouped(controls) for c in group]
    assert sorted(shown) == sorted(c.key for c in controls)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("expert", [True, False])
def test_a_range_that_ends_close_to_no_difference_says_so(expert: bool) -> None:
    found = ask()
    shown = replace(found.result.effect, percent=Interval(-11.0, -19.0, -0.3))
    near = replace(found, result=replace(found.result, effect=shown))
    assert "only just leaves out" in its.headline(near, expert=expert)
    clear = replace(
        found, result=replace(found.result, effect=replace(shown, percent=Interval(-11.0, -19.0, -3.0)))
    )
    assert "does not include “no difference”" in its.headline(clear, expert=expert)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            "Before: 2022-01 to 2024-12 (36 months used).",
            "Before: January 2022 to December 2024 (36 months used).",
        ),
        ("The count of 2025-05 moves it.", "The count of May 2025 moves it."),
        ("Not a month: 2025-13.", "Not a month: 2025-13."),
        ("estimates run from −3 % to −3 %.", "the estimate is −3\u00a0%."),
        ("estimates run from −3 % to −31 %.", "estimates run from −3\u00a0% to −31\u00a0%."),
    ],
)
def test_sentences_of_the_method_become_readable(raw: str, said: str) -> None:
    assert its.readable(raw) == said


def test_p_values_are_taken_out_for_others_than_researchers() -> None:
    raw = "No clear memory: Ljung–Box over 12 lags 20.0 (p 0.068), Breusch–Godfrey 17.1 (p 0.145)."
    assert its.readable(raw, expert=False) == "No clear memory."
    raw = "It breaks most in 2022-11 (+7 %), 26 months before it (p 0.784 by 300 simulated series): no break."
    assert its.readable(raw, expert=False) == (
        "It breaks most in November 2022 (+7\u00a0%), 26 months before the real start: no break."
    )


def test_failed_checks_stand_first_and_are_counted() -> None:
    checks = [
        Check("A", CheckState.PASSED, "Fine."),
        Check("Big B", CheckState.FAILED, "Not fine."),
        Check("C", CheckState.CANNOT_TELL, "Too short."),
    ]
    lines = its.checks_list(checks, expert=True).split("\n")
    assert ["Big B" in lines[0], "C" in lines[1], "A" in lines[2]] == [True, True, True]
    assert its_words.caution(checks) == "**One check of 3 failed** (“Big B”): read the number with care."
    assert its_words.caution(checks[:1]) == "No check failed (1 was made)."


# ---------------------------------------------------------------- data and settings that answer nothing


@pytest.mark.parametrize(
    "changed",
    [
        {"errors": "hac"},
        {"control": "some"},
        {"family": "arima", "control": "yes"},
        {"start": "last"},
        {"start": "first"},
        {"slope": "yes", "start": "-8"},
        {"stop": "-30"},
        {"phase": "12", "start": "-8"},
        {"leave": "long", "start": "2021-01", "history": "24"},
        {"also": "same"},
    ],
    ids=str,
)
def test_settings_without_an_answer_are_refused_in_a_sentence(changed: dict[str, str]) -> None:
    options = list(next(c for c in its.controls(PLACE, MEASURE) if c.key == "start").options)  # newest first
    names = {"last": options[0], "first": options[-1], "-8": options[7], "-30": options[29]}
    changed = {k: names.get(v, v) for k, v in changed.items()}
    if changed.get("also") == "same":
        changed["also"] = settings()["start"]
    found = ask(**changed)
    assert isinstance(found, str), found.result.effect
    said = its.readable(found)
    assert said.endswith(".")
    assert len(said) > 30
    assert not NOT_FOR_PEOPLE.search(said)
    assert "_" not in said


def test_changes_and_covariates_are_in_the_specification_the_files_and_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    months = pd.period_range("2019-01", "2026-12", freq="M")
    rng = np.random.default_rng(3)
    lines = [f"{m},{v:.4f}" for m, v in zip(months, rng.normal(5, 1, len(months)), strict=True)]
    lines[4] = f"{months[4]},"  # not known, outside the window
    content = "\n".join(["month,value", *lines]).encode()
    chosen = settings(
        history="60", also="2022-01", also_what="both", also_phase="3", also2="2023-01", also2_what="slope",
        covariates="burglary,upload", unmoved="all",
    )  # fmt: skip
    found = its.answer(PLACE, MEASURE, None, chosen, ("rate.csv", content))
    assert not isinstance(found, str), found
    spec = found.result.spec
    assert spec.interruptions == ("2022-01:both:3", "2023-01:slope:0")
    assert spec.covariates == ("log_burglary", "uploaded")
    assert {"level2", "slope2", "slope3", *spec.covariates} <= set(found.result.coefficients["term"])
    assert "Burglary" not in found.unmoved  # what explains the counts is no test of them
    text = everything_said(found, expert=True)
    assert not NOT_FOR_PEOPLE.search(text), NOT_FOR_PEOPLE.findall(text)
    observed = its.figures(found, diagnostics=True)["observed"]
    assert "the other changes in the model (January 2022 and January 2023)" in observed.sentence
    assert all(json.dumps(spec).count('"strokeDash": [2, 3]') == 1 for _, spec in observed.specs())
    terms = its.coefficients(found)["Term"].tolist()
    assert {"Another change: level", "Second other change: trend", "Uploaded covariate"} <= set(terms)
    listed = its.checklist(found, its.tried(found)).set_index("Point")["This run"]
    said = listed["Other changes at the time, covariates"]
    assert "after a phase-in of 3 months" in said
    assert "burglary here (logarithm of the count)" in said
    made = its.export(found, its.tried(found))
    assert made.record["specification"]["covariates"] == list(spec.covariates)
    assert made.record["uploaded_covariate"]["file"] == "rate.csv"
    assert made.data.loc[made.data["series"] == "treated", list(spec.covariates)].notna().all(axis=None)
    made.data.to_csv(tmp_path / f"{made.stem}_data.csv", index=False)
    monkeypatch.chdir(tmp_path)
    exec(compile(made.script, "repeat", "exec"), {})
    assert f"{found.result.effect.percent.estimate:.6f}"[:6] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("covariates", "content", "said"),
    [
        ("upload", None, "a link cannot carry a file"),
        ("upload", b"month,value\n1999-01,3\n1999-02,4\n", "has no value from"),
        ("upload", b"month,value\n" + b"".join(b"%d-01,7\n" % y for y in range(2019, 2027)),
         "the same in every month"),
    ],
)  # fmt: skip
def test_covariates_that_explain_nothing_are_refused(
    covariates: str, content: bytes | None, said: str
) -> None:
    upload = None if content is None else ("rate.csv", content)
    found = its.answer(PLACE, MEASURE, None, settings(covariates=covariates), upload)
    assert isinstance(found, str)
    assert said in found


MONTHS = pd.period_range("2020-01", "2026-06", freq="M")
AFTER = pd.period_range("2025-01", "2026-06", freq="M")


def counts(kind: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Counts and population of a series that is wrong in one way."""
    rng = np.random.default_rng(5)
    values = rng.poisson(60, len(MONTHS)).astype(float)
    people: np.ndarray | None = np.full(len(MONTHS), 300_000.0)
    if kind == "zeros":
        values[:] = 0
    elif kind == "zeros after":
        values[MONTHS.isin(AFTER)] = 0
    elif kind == "one huge month":
        values[40] = 5_000
    elif kind == "missing inside":
        values[30:34] = np.nan
    elif kind == "population missing":
        assert people is not None
        people[40:45] = np.nan
    elif kind == "rare":
        values = rng.poisson(0.6, len(MONTHS)).astype(float)
    elif kind == "only the start":
        values = values[: list(MONTHS).index(pd.Period("2025-02", "M"))]
    elif kind == "no population":
        people = None
    return values, people


@pytest.mark.parametrize(
    ("kind", "family"),
    [(kind, "latent_ar1") for kind in (
        "zeros after", "population missing", "rare", "only the start", "no population")]
    + [("one huge month", "ols"), ("zeros", "log_prais_winsten")],
)  # fmt: skip
def test_bad_series_are_refused_or_flagged_in_words(
    kind: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, people = counts(kind)
    index = MONTHS[: len(values)]
    series = MeasureSeries(
        place=PLACE, measure=MEASURE, counts=pd.Series(values, index=index),
        status=pd.DataFrame(columns=["month", "status", "why"]),
        population=None if people is None else pd.Series(people[: len(values)], index=index),
        definition="made up", source="made up", notes=(), complete_through=index[-1], vintage="2026-07-01",
    )  # fmt: skip

    @contextmanager
    def reading(path: str) -> Iterator[Any]:
        yield SimpleNamespace(
            series=lambda *_, **__: series,
            monthly_counts=lambda **_: pd.DataFrame(
                columns=["place", "offense", "suspect", "count", "month"]
            ),
        )

    for module in (its_answer, its_data):
        monkeypatch.setattr(module.data, "reading", reading)
    chosen = tuple(sorted(settings(start="2025-01", family=family, history="all").items()))
    found = its_answer._answer("made up", f"{kind}|{family}", PLACE, MEASURE, "", chosen)
    if isinstance(found, str):
        assert its.readable(found).endswith(".")
        assert not NOT_FOR_PEOPLE.search(its.readable(found)), found
        assert kind in (
            "zeros",
            "zeros after",
            "only the start",
            "rare",
            "population missing",
        ) or ((kind, family) == ("one huge month", "ols")), found
    else:
        text = everything_said(found, expert=True)
        assert not NOT_FOR_PEOPLE.search(text), re.findall(r".{40}(?:nan|NaN|None|inf|NaT|—).{20}", text)
        if kind == "one huge month":
            assert any(c.state is CheckState.FAILED for c in its.tried(found).checks)


def test_the_record_holds_what_was_tried() -> None:
    found = ask()
    made = its.export(found, its.tried(found))
    assert plain(made.record) == made.record
    assert len(made.record["families"]) == len(its.FAMILIES)
    assert made.record["variants"]
    assert made.record["checklist"]
    assert {"treated"} <= set(made.data["series"])
    assert any(s.startswith("should not move") for s in made.data["series"])
