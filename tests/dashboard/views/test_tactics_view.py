"""What the tactics page makes of deployments and activities, and what it hides."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from dashboard.views.tactics import answers as view

MONTHS = pd.period_range("2020-01", "2026-08", freq="M")


def deployment(**changes: object) -> dict[str, object]:
    return {
        "deployment_id": "d", "tactic": "cbt", "jurisdiction": "stl_city", "place": "", "start": "2025-01",
        "end": None, "status": "live",
    } | changes  # fmt: skip


def counts(before: float, after: float, start: str = "2025-01") -> pd.Series:
    return pd.Series(np.where(pd.Period(start, "M") > MONTHS, before, after), index=MONTHS, dtype=float)


def test_every_month_since_the_start_is_compared() -> None:
    since = view.since_start(counts(100, 80), deployment(), "homicide")
    assert since.months == 20
    assert since.found is not None
    assert since.found.events == 1600
    assert since.found.before == pytest.approx(2000)
    cell = view.cell(since, 5)
    assert cell.status == "fewer"
    assert "20 months" in cell.detail


def test_a_paused_deployment_ends_where_it_ended() -> None:
    since = view.since_start(counts(100, 80), deployment(end="2025-06", status="paused"), "homicide")
    assert since.months == 6
    assert "Paused: January to June 2025" in view.cell(since, 5).detail


def test_small_counts_are_hidden_and_too_few() -> None:
    since = view.since_start(counts(0.1, 0.1), deployment(), "homicide")
    assert view.cell(since, 5).status == "too_few"
    assert "fewer than 5" in view.cell(since, 5).detail


def test_planned_and_unstarted_say_so() -> None:
    planned = view.since_start(counts(9, 9), deployment(status="planned", start="2027-01"), "homicide")
    assert view.cell(planned, 5).main == "Planned"
    rows = view.grid([planned], 5)
    assert [c.status for c in rows["Street outreach"]] == ["not_started"] * 3


def activities(values: list[float], activity: str = "enrolled") -> pd.DataFrame:
    months = pd.period_range("2026-01", periods=len(values), freq="M")
    return pd.DataFrame(
        {
            "month": months,
            "activity": activity,
            "value": values,
            "planned": 10.0,
            "name": "Place",
            "tactic": "cbt",
        }
    )


def test_dose_hides_small_months_and_leaves_unreported_ones_open() -> None:
    table = view.dose(activities([8, 3, math.nan, 0, 4]), "enrolled", 5)
    assert table["value"].isna().tolist() == [False, True, True, False, True]


def test_one_hidden_month_takes_another_with_it() -> None:
    table = view.dose(activities([8, 3, 6, 9]), "enrolled", 5)
    assert table["value"].isna().tolist() == [False, True, True, False]


def test_nothing_is_hidden_without_a_floor() -> None:
    assert view.dose(activities([8, 3, 9]), "enrolled", 1)["value"].tolist() == [8, 3, 9]


def test_share_of_the_plan_uses_months_with_both() -> None:
    rows = activities([8, math.nan, 6])
    span = (pd.Period("2026-01", "M"), pd.Period("2026-03", "M"))
    assert view.share_done(rows, "enrolled", span) == pytest.approx(14 / 20)


def test_the_newest_whole_quarter() -> None:
    assert view.latest_quarter(activities([1, 1, 1, 1])) == (
        pd.Period("2026-01", "M"),
        pd.Period("2026-03", "M"),
    )
    assert view.latest_quarter(activities([math.nan])) is None


def test_the_funnel_hides_few_people() -> None:
    rows = pd.concat(
        [activities([20], "referred"), activities([9], "enrolled"), activities([2], "completed")]
    )
    span = (pd.Period("2026-01", "M"), pd.Period("2026-01", "M"))
    assert view.funnel(rows, "cbt", span, 5)["people"].isna().tolist() == [False, False, True]
