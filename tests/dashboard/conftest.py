# ruff: noqa: E501 (one line a case reads best in a table)
"""Tables as the methods make them, and every chart with the tables it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import path_table
from dashboard import charts

Table = pd.DataFrame


def months(start: str, n: int) -> pd.PeriodIndex:
    return pd.period_range(start, periods=n, freq="M")


def goal_table() -> Table:
    month = months("2022-01", 60)
    actual = np.where(np.arange(60) < 42, 400 - 2.0 * np.arange(60), np.nan)
    since = np.arange(60) - 36
    target = np.where(since >= 0, 380 * 0.8 ** (since / 36), np.nan)
    return pd.DataFrame(
        {"month": month, "actual": actual, "lower": actual - 25, "upper": actual + 25, "target": target}
    )


def path() -> Table:
    rng = np.random.default_rng(3)
    n, post = 48, np.arange(48) >= 30
    observed = rng.poisson(60, n).astype(float)
    observed[7] = np.nan
    expected = np.full(n, 61.0)
    spread = np.where(post, 12.0, np.nan)
    steps = np.where(post, 20 * np.sqrt(np.cumsum(post)), np.nan)
    total = np.where(post, np.nancumsum(np.where(post, observed - expected, 0)), np.nan)
    return path_table(
        months("2022-07", n), observed, expected, expected - spread, expected + spread, post=post,
        cumulative_lower=total - steps, cumulative_upper=total + steps,
    )  # fmt: skip


def estimates() -> Table:
    return pd.DataFrame(
        {
            "name": ["Own past (interrupted time series)", "Comparison places", "Too few", "Wide"],
            "percent": [-12.0, 3.0, np.nan, 40.0],
            "lower": [-20.0, -9.0, np.nan, -70.0],
            "upper": [-4.0, 16.0, np.nan, 900.0],
        }
    )


def gaps() -> Table:
    rng = np.random.default_rng(5)
    return pd.concat(
        [pd.DataFrame({"unit": u, "period": months("2023-01", 30), "gap": rng.normal(0, 6, 30)}) for u in "abcd"],
        ignore_index=True,
    )  # fmt: skip


def week() -> Table:
    return pd.DataFrame(
        [(d, h, float((d * 7 + h) % 11)) for d in range(7) for h in range(24)], columns=["day", "hour", "count"]
    ).replace({"count": {0.0: np.nan}})  # fmt: skip


def curve() -> Table:
    share = np.linspace(0, 1, 50)
    return pd.DataFrame(
        {"share_of_places": share, "share_of_events": 1 - (1 - share) ** 6, "chance": share**0.7}
    )


def dose() -> Table:
    return pd.DataFrame(
        {"month": months("2025-01", 9), "value": [*range(20, 28), np.nan], "planned": np.full(9, 25.0)}
    )


def spans() -> Table:
    return pd.DataFrame(
        {
            "name": ["Focused deterrence, first area", "Meeting"],
            "start": months("2025-02", 2),
            "end": [pd.NaT, pd.Period("2025-03", "M")],
            "phase_in_months": [3, 0],
        }
    )


def reported() -> Table:
    states = ["reported", "partial", "suspect", "missing", "estimated"] * 4
    return pd.DataFrame({"agency": "An agency", "month": months("2025-01", 20), "status": states})


def revisions() -> Table:
    return pd.DataFrame({"month": months("2026-01", 6), "delay": [0, 1, 2, 3, 4, 5], "percent": [90, 95, 97, 99, 100, 100.0]})  # fmt: skip


def watched() -> Table:
    value = [30.0, 28, np.nan, 55, *[31.0] * 20]
    return pd.DataFrame({"month": months("2024-01", 24), "value": value, "center": 30.0, "lower": 15.0, "upper": 47.0,
                         "signal": [v > 47 for v in value]})  # fmt: skip


def funnel_limits() -> Table:
    size = np.geomspace(10, 500, 20)
    near, far = 200 / np.sqrt(size), 310 / np.sqrt(size)
    return pd.DataFrame({"expected": size, "lower": 100 - near, "upper": 100 + near, "lower_far": 100 - far,
                         "upper_far": 100 + far})  # fmt: skip


def totals() -> Table:
    rows = [("before", 2025, m, 30.0 * m) for m in range(1, 13)]
    rows += [("year", 2026, m, 28.0 * m) for m in range(1, 9)] + [
        ("fan", 2026, m, 28.0 * m) for m in range(9, 13)
    ]
    table = pd.DataFrame(rows, columns=["kind", "year", "month", "total"])
    wide = 10 * (table["month"] - 8)
    fan = table["kind"] == "fan"
    return table.assign(**{f"{side}_{level}": (table["total"] + sign * wide * part).where(fan)
                           for side, sign in (("lower", -1), ("upper", 1))
                           for level, part in (("50", 0.3), ("95", 1.0))})  # fmt: skip


def seasons() -> Table:
    year = [2024] * 12 + [2025] * 12 + [2026] * 5
    month = [*range(1, 13), *range(1, 13), *range(1, 6)]
    count = [30.0 + 5 * (4 < m < 10) for m in month]
    return pd.DataFrame({"year": year, "month": month, "count": count, "lower": 20.0, "upper": 45.0})


#: name → (how to draw a table, a good table, the column whose absence leaves nothing to draw)
CHARTS: dict[str, tuple[Callable[..., Any], Callable[[], Table], str]] = {
    "goal_path": (
        lambda t, look: charts.goal_path(t, start="2025-01", baseline=380.0, baseline_years="2022–24", look=look),
        goal_table, "actual",
    ),
    "observed_vs_expected": (
        lambda t, look: charts.observed_vs_expected(t, start="2025-01", phase_in=3, look=look), path, "observed",
    ),
    "effect_over_time": (lambda t, look: charts.effect_over_time(t, start="2025-01", look=look), path, "effect"),
    "cumulative_effect": (
        lambda t, look: charts.cumulative_effect(t, start="2025-01", look=look), path, "cumulative",
    ),
    "measure_split": (lambda t, look: charts.measure_split(t, goal_percent=-20, look=look), estimates, "percent"),
    "forest": (
        lambda t, look: charts.forest(t.rename(columns={"name": "method"}).assign(place="A place"), look=look),
        estimates, "percent",
    ),
    "specification_curve": (
        lambda t, look: charts.specification_curve(
            t.rename(columns={"name": "specification"}), chosen="Too few", look=look
        ), estimates, "percent",
    ),
    "dot_plot": (
        lambda t, look: charts.dot_plot(t.assign(design="shootings, matched", rigorous=True), look=look),
        estimates, "percent",
    ),
    "year_to_date": (
        charts.year_to_date,
        lambda: pd.DataFrame({"year": [2024, 2025, 2026], "count": [50.0, np.nan, 40], "lower": [40.0, np.nan, 30],
                              "upper": [60.0, np.nan, 50]}), "count",
    ),
    "placebo_spaghetti": (
        lambda t, look: charts.placebo_spaghetti(t, treated="a", start="2025-01", look=look), gaps, "gap",
    ),
    "placebo_distribution": (
        lambda t, look: charts.placebo_distribution(t["gap"], -5.0, observed_label="Here: −5 %", look=look),
        gaps, "gap",
    ),
    "donor_weights": (
        charts.donor_weights,
        lambda: pd.DataFrame({"name": [f"City {i}" for i in range(20)], "weight": [0.05] * 20}), "weight",
    ),
    "residuals": (
        lambda t, look: charts.residuals(t, start="2025-01", look=look),
        lambda: pd.DataFrame({"period": months("2024-01", 24), "residual": np.linspace(-2, 2, 24)}), "residual",
    ),
    "autocorrelation": (
        charts.autocorrelation,
        lambda: pd.DataFrame({"lag": range(1, 13), "value": np.linspace(-0.4, 0.4, 12), "limit": 0.25}), "value",
    ),
    "concentration_curve": (charts.concentration_curve, curve, "share_of_events"),
    "hour_by_day": (lambda t, look: charts.hour_by_day(t, floor=5, look=look), week, "count"),
    "bars": (
        charts.bars,
        lambda: pd.DataFrame({"name": ["A name that is much too long for a phone", "B"], "value": [5.0, -2]}), "value",
    ),
    "dose_vs_plan": (charts.dose_vs_plan, dose, "value"),
    "funnel": (
        charts.funnel,
        lambda: pd.DataFrame({"step": ["Contacted", "Offered", "Accepted"], "people": [40.0, 30, np.nan]}), "people",
    ),
    "control_chart": (lambda t, look: charts.control_chart(t, start="2025-01", look=look), watched, "value"),
    "days_between": (
        charts.days_between,
        lambda: pd.DataFrame({"number": [1, 2, 3], "days": [4.0, 9, 80], "center": 12.0, "lower": 0.1, "upper": 60.0,
                              "signal": [False, False, True]}), "days",
    ),
    "funnel_plot": (
        lambda t, look: charts.funnel_plot(t, funnel_limits(), value_title="Percent of expected", look=look),
        lambda: pd.DataFrame({"name": ["A", "B"], "expected": [20.0, 400], "ratio": [150.0, 90],
                              "signal": [False, True]}), "ratio",
    ),
    "year_fan": (charts.year_fan, totals, "total"),
    "years_over_one_another": (
        lambda t, look: charts.years_over_one_another(t, current=2026, look=look), seasons, "count",
    ),
    "timeline": (charts.timeline, spans, ""),
    "completeness_map": (charts.completeness_map, reported, ""),
    "revision_triangle": (charts.revision_triangle, revisions, "percent"),
}  # fmt: skip


@pytest.fixture(params=list(CHARTS))
def chart_case(request: pytest.FixtureRequest) -> tuple[str, Callable[..., Any], Table, str]:
    """(name, draw(table, look=…), a good table, its main column)."""
    draw, table, column = CHARTS[request.param]
    return request.param, draw, table(), column


@pytest.fixture(params=[name for name, (_, _, column) in CHARTS.items() if column])
def number_case(request: pytest.FixtureRequest) -> tuple[str, Callable[..., Any], Table, str]:
    """The same for the charts whose main column holds numbers."""
    draw, table, column = CHARTS[request.param]
    return request.param, draw, table(), column


@pytest.fixture
def goal_rows() -> Table:
    return goal_table()


@pytest.fixture(scope="session")
def agency_hub(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A small hub that does not say that it is made up: monthly counts of a few agencies."""
    from analysis.data import open_hub

    folder = tmp_path_factory.mktemp("agency_hub")
    name = "st_louis_county_monthly_counts"
    told = (root / "data_samples" / "raw" / f"{name}.csv").read_text().splitlines(keepends=True)
    (folder / "counts.csv").write_text("".join(line for line in told if not line.startswith("#")))
    made = open_hub(folder / "hub")
    made.import_files([folder / "counts.csv"], mapping=root / "data_samples" / "mappings" / f"{name}.yaml")
    assert not made.synthetic
    assert not made.is_empty
    return folder / "hub"
