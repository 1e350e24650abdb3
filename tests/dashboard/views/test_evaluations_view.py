"""The evaluations page: what may be said of an effect, and what never is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.evaluate import PRIMARY, Question, Results, judge
from analysis.evidence import Effect, Grade, Interval, events_from_ratio, path_table, percent_from_ratio
from dashboard.views.evaluations import page as view
from dashboard.views.evaluations.over_time import NOT_TOLD, TOO_FEW, months

MONTHS = pd.period_range("2022-01", "2025-12", freq="M")


def effect(estimate: float, lower: float, upper: float, *, controlled: bool, p: float = math.nan) -> Effect:
    ratio = Interval(1 + estimate / 100, 1 + lower / 100, 1 + upper / 100)
    return Effect(
        "Interrupted time series", ratio, percent_from_ratio(ratio), events_from_ratio(1000, ratio), 0.02, p,
        -15.0, 36, 12, controlled, Grade.MODERATE,
    )  # fmt: skip


@pytest.fixture
def path() -> pd.DataFrame:
    post = pd.Period("2025-01", "M") <= MONTHS
    observed = [100.0 if not after else 80.0 for after in post]
    return path_table(MONTHS, observed, [100.0] * 48, [90.0] * 48, [110.0] * 48, post=post)


def results(path: pd.DataFrame, answers: dict[str, Effect | str]) -> Results:
    rows, paths = [], []
    for method, found in answers.items():
        q = Question(method, "fd", "focused_deterrence", "stl_city", "Focused deterrence, St. Louis City",
                     "homicide", "2025-01", 0, method)  # fmt: skip
        row: dict[str, Any] = {name: getattr(q, name) for name in Question.__slots__}
        if isinstance(found, str):
            rows.append(row | {"answered": False, "refusal": found})
            continue
        record = found.to_record()
        rows.append(row | {"answered": True, "refusal": "", "effect_method": record.pop("method")} | record)
        paths.append(path.assign(question_id=method))
    table = pd.concat(paths) if paths else pd.DataFrame(columns=[*path.columns, "question_id"])
    return Results(pd.DataFrame(rows), table, "v")


SUBJECT = view.Subject(
    "fd", "Focused deterrence, St. Louis City", "focused deterrence", "St. Louis City", "x"
)


def case(path: pd.DataFrame, answers: dict[str, Effect | str]) -> view.Case:
    found = view.case(results(path, answers), SUBJECT, "homicide")
    assert found is not None
    return found


def test_headline_of_an_interval_with_zero_inside(path: pd.DataFrame) -> None:
    found = case(path, {"its_controlled": effect(-9, -21, 4, controlled=True)})
    assert view.headline(found).replace("\u00a0", " ").startswith(
        "Best estimate for focused deterrence in St. Louis City: 9 % fewer, between 21 % fewer and 4 % more. "
        "We cannot tell yet"
    )  # fmt: skip


def test_averted_needs_a_comparison_and_a_high_probability(path: pd.DataFrame) -> None:
    def labels(controlled: bool, p: float) -> str:
        found = case(path, {"its": effect(-20, -30, -8, controlled=controlled, p=p)})
        return " ".join(n.label for n in view.numbers(found))

    assert "averted" in labels(True, 0.97)
    assert "averted" not in labels(True, 0.94)
    assert "averted" not in labels(True, math.nan)
    assert "averted" not in labels(False, 0.99)


def test_without_a_comparison_the_word_is_never_fewer(path: pd.DataFrame) -> None:
    found = case(path, {"its": effect(-20, -30, -8, controlled=False, p=0.99)})
    assert view.state_of(found.effect) == "cannot_tell"  # type: ignore[arg-type]
    assert view.numbers(found)[0].status == "cannot_tell"


def test_methods_that_exclude_each_other_are_said_to_disagree(path: pd.DataFrame) -> None:
    answers: dict[str, Effect | str] = {
        "its_controlled": effect(-20, -30, -10, controlled=True),
        "synth_index": effect(20, 10, 30, controlled=True),
    }
    assert "disagree" in view.headline(case(path, answers))
    assert view.headline(case(path, answers)).endswith("We cannot tell yet.")


def test_refusals_keep_their_reason(path: pd.DataFrame) -> None:
    found = case(path, {"its": "8 months before the start; at least 24 are needed."})
    assert "no estimate yet" in view.headline(found)
    assert view.numbers(found) == []


def test_raw_change_is_against_the_same_months_of_three_years(path: pd.DataFrame) -> None:
    assert view.raw_change(path) == pytest.approx(-20.0)
    assert math.isnan(view.raw_change(path.iloc[:0]))


def quarters(path: pd.DataFrame, percents: list[float]) -> tuple[view.Case, Results, pd.DataFrame]:
    """A judged case on the goal's own measure, and how it was answered at the ends of quarters."""
    found = results(path, {"its_controlled": effect(-9, -21, 4, controlled=True, p=0.9)})
    table = found.effects.assign(measure=PRIMARY, failed=[[]])
    found = Results(table, found.paths, "v", judge(table))
    row = found.verdicts.iloc[0]
    rows = [
        {**row, "percent": p, "lower": p - 20, "upper": p + 20, "through": end}
        for p, end in zip(percents, ("2025-06", "2025-09"), strict=True)
    ]
    made = view.case(found, SUBJECT, PRIMARY)
    assert made is not None
    return made, found, pd.DataFrame(rows)


def test_how_an_estimate_moved_is_told_quarter_by_quarter(
    path: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setenv("SLN_HUB", str(root / "data_samples"))
    made, everything, table = quarters(path, [-15.0, math.nan])
    figure = view.moved(made, everything, table)
    assert not isinstance(figure, str)
    assert figure.title.replace("\u00a0", " ") == (
        "From 15 % fewer with the months through June 2025 to 9 % fewer now"
    )
    assert list(figure.shown_table()["Months through"]) == ["June 2025", "September 2025", "December 2025"]
    assert "range went from 40 to 25 points wide" in figure.sentence
    nothing = view.moved(made, everything, table.assign(percent=math.nan))
    assert nothing == NOT_TOLD
    assert view.moved(made, everything, table.iloc[:0]) == TOO_FEW
    other = view.case(everything, SUBJECT, "homicide")
    assert other is None


def test_effect_by_months_since_the_start(path: pd.DataFrame) -> None:
    made, everything, _ = quarters(path, [-15.0, -10.0])
    name, figure = months(made, everything)
    assert name == "months"
    assert figure["title"].replace("\u00a0", " ") == (
        "In months 1 to 3 since the start: 20 % fewer than expected; in months 10 to 12: 20 % fewer"
    )
    assert figure["table"]["when"].tolist()[-4:] == [
        "months 1 to 3", "months 4 to 6", "months 7 to 9", "months 10 to 12",
    ]  # fmt: skip
    assert figure["table"]["when"].iloc[0] == "24 to 22 months before"
