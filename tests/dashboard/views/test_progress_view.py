"""Standings, paths and sentences of the progress page, from counts made for the purpose."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.data import MeasureSeries
from dashboard.data import STANDARD_GOAL, GoalChoice
from dashboard.views.progress import figures, paths
from dashboard.views.progress import page as view
from dashboard.views.progress import words as said
from dashboard.views.progress.page import Standing

ABOUT = {"source": "An agency; complete through June 2026", "synthetic": False, "version": "v1"}


def series(
    before: float,
    after: float,
    *,
    last: str = "2026-06",
    holes: tuple[str, ...] = (),
    place: str = "stl_city",
) -> MeasureSeries:
    """``before`` events a month to the end of 2024, ``after`` from then on; Poisson scatter, fixed seed."""
    months = pd.period_range("2019-01", last, freq="M", name="month")
    mean = np.where(months < pd.Period("2025-01", "M"), before, after)
    counts = pd.Series(np.random.default_rng(7).poisson(mean).astype(float), index=months, name="count")
    counts[[pd.Period(h, "M") for h in holes]] = np.nan
    status = pd.DataFrame({"month": months, "status": "used", "why": ""})
    return MeasureSeries(
        place,
        "homicide",
        counts,
        status,
        None,
        "An agency.",
        "synthetic",
        ("A note.",),
        months[-1],
        "2026-07-01",
    )


def stand(found: MeasureSeries | str, choice: GoalChoice = STANDARD_GOAL) -> Standing:
    return view.stand(found, "stl_city", "homicide", choice)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (400, 280, "reached"),
        (400, 370, "on_course"),
        (4000, 3880, "behind"),
        (400, 440, "moving_away"),
        (12, 11.5, "too_early"),
        (0.4, 0.4, "too_few"),
    ],
)
def test_the_state_follows_the_counts(before: float, after: float, status: str) -> None:
    one = stand(series(before, after))
    assert one.status == status
    words = said.headline(one)
    assert "nan" not in words
    if status == "too_few":
        assert "too few to tell" in words
    if status == "reached":
        assert "has to hold until December 2027" in words


def test_a_range_with_both_signs_is_never_on_course() -> None:
    for seed_mean in np.linspace(9, 12, 13):
        one = stand(series(12, float(seed_mean)))
        if one.change.contains(0.0):
            assert one.status == "too_early"


def test_what_is_needed_is_the_average_of_the_path_over_the_months_compared() -> None:
    one = stand(series(100, 90, last="2027-12"))
    shares = 0.8 ** (np.arange(1, 37) / 36)
    late = replace(STANDARD_GOAL, reading="cumulative")
    assert stand(series(100, 90, last="2026-12")).needed == pytest.approx(
        100 * (shares[:24].mean() - 1), abs=0.3
    )
    assert stand(series(100, 90, last="2027-12"), late).needed == pytest.approx(-20, abs=0.3)
    assert one.months_left == 0


def test_the_path_adds_up_twelve_months_and_ends_at_the_goal() -> None:
    found = series(100, 90)
    one = stand(found)
    path = paths.path_of(one).set_index("month")
    last = pd.Period("2026-06", "M")
    assert path.loc[last, "actual"] == found.counts.iloc[-12:].sum()
    assert path.loc[last, "lower"] < path.loc[last, "actual"] < path.loc[last, "upper"]
    assert path["target"].dropna().iloc[-1] == pytest.approx(0.8 * one.baseline_year)
    assert path["target"].first_valid_index() == pd.Period("2025-01", "M")
    ahead = path.loc[last + 1 :]
    assert ahead["actual"].isna().all()
    assert (ahead["projected_lower"] < ahead["projected_upper"]).all()


def test_a_missing_month_leaves_a_hole_and_is_named() -> None:
    one = stand(series(100, 90, holes=("2025-08",)))
    path = paths.path_of(one).set_index("month")
    assert path.loc["2025-08":"2026-06", "actual"].isna().all()
    assert "August 2025" in said.windows(one)
    table, _ = paths.year_to_date(stand(series(100, 90, holes=("2024-03",))))
    assert table.set_index("year")["count"].isna().to_dict()["2024"]


def test_the_year_so_far_is_compared_with_the_same_months() -> None:
    found = series(100, 90)
    table, span = paths.year_to_date(stand(found))
    assert span == "January to June 2026"
    assert table["year"].iloc[-1] == "2026"
    assert table["count"].iloc[-2] == found.counts.loc["2025-01":"2025-06"].sum()


def test_no_series_is_said_everywhere() -> None:
    none = stand("No agency of St. Clair County is in the hub yet.")
    assert none.status == "no_data"
    assert paths.path_of(none).empty
    figure = figures.places({"st_clair": none}, **ABOUT)
    assert "No agency of St. Clair County"[3:] in figure.sentence
    assert math.isnan(none.needed)
    assert "no complete figures" in said.headline(none)


def test_every_figure_draws_and_has_a_finding() -> None:
    one, few = stand(series(400, 340)), stand(series(0.4, 0.4))
    for standing in (one, few):
        made = [
            figures.goal_path(standing, **ABOUT),
            figures.places({"stl_city": standing}, **ABOUT),
            figures.measures({"homicide": standing}, **ABOUT),
            figures.year_to_date(standing, **ABOUT),
            figures.readings([STANDARD_GOAL], [standing], **ABOUT),
        ]
        for figure in made:
            assert figure.specs()
            assert "nan" not in f"{figure.title} {figure.sentence} {figure.note}"
            assert not figure.shown_table().isin(["nan", "NaN", "None"]).any().any()


def test_another_reading_says_its_consequence() -> None:
    found = series(400, 340)
    other = replace(STANDARD_GOAL, key="x", baseline=("2024-01", "2024-12"))
    text = view.consequence(stand(found, other), stand(found))
    assert "chance of reaching the goal" in text
    assert view.consequence(stand(found), stand(found)).startswith("This is the reading")
