"""Tactics × jurisdictions, sums of places, areas against the rest, and many comparisons at once."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress.grid import GRID_COLUMNS, Direction, since_start, tactic_grid
from analysis.progress.multiplicity import declare, shrink
from analysis.progress.places import against_rest, reconcile
from analysis.progress.ratios import exact_interval

TACTICS = ("focused_deterrence", "cbt", "street_outreach")
PLACES = ("stl_city", "stl_county", "st_clair")


def test_since_a_start_the_same_months_are_compared(flat):
    found = since_start(flat(10, 7), "2025-01", "2026-09")
    assert (found.months, found.events, found.before) == pytest.approx((21, 147, 210))
    assert found.verdict is Direction.FEWER
    assert "147 events in January 2025 to September 2026" in found.sentence
    year = since_start(flat(10, 7), "2025-01", "2025-12")
    exact = exact_interval(84, 360, 1 / 3)
    assert (year.rate_ratio.lower, year.rate_ratio.upper) == pytest.approx((exact.lower, exact.upper))
    assert since_start(flat(10, 10), "2025-01", "2026-09").verdict is Direction.EARLY
    assert since_start(flat(10, 14), "2025-01", "2026-09").verdict is Direction.MORE
    assert since_start(flat(0.2, 0.1), "2025-01", "2026-09").verdict is Direction.FEW
    assert since_start(flat(10, 7), "2026-10", "2026-09").months == 0
    ended = since_start(flat(10, 7), "2025-01", "2026-09", end="2025-06")
    assert ended.months == 6


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"start": "2022-06"}, "Only 5 of the 36 months before June 2022 are reported"),
        ({"start": "2025-01", "end": "2024-06"}, "ends \\(2024-06\\) before it starts"),
        ({"start": "2025-01", "before": 6}, "at least 12 months before"),
        ({"start": "soon"}, "“soon” is not a month"),
    ],
)
def test_starts_that_cannot_be_compared(flat, ask, says):
    with pytest.raises(RefusedError, match=says):
        since_start(flat(10, 8), as_of="2026-09", **ask)


@pytest.fixture
def deployments():
    rows = [
        ("fd-city", "focused_deterrence", "stl_city", None, "2025-01", None, "live"),
        ("so-city-a", "street_outreach", "stl_city", "area-a", "2025-04", None, "live"),
        ("so-city-b", "street_outreach", "stl_city", "area-b", "2025-07", "2026-03", "ended"),
        ("cbt-county", "cbt", "stl_county", None, "2025-10", None, "live"),
        ("fd-clair", "focused_deterrence", "st_clair", None, "2027-01", None, "planned"),
        ("so-clair", "street_outreach", "st_clair", None, "2025-10", None, "live"),
    ]
    names = ["deployment_id", "tactic", "jurisdiction", "area_id", "start", "end", "status"]
    return pd.DataFrame(rows, columns=names)


def test_the_grid_has_every_square_and_every_deployment(deployments, flat):
    series = {
        "fd-city": flat(100, 85), "so-city-a": flat(3, 3), "so-city-b": flat(12, 11),
        "cbt-county": flat(40, 40), "so-clair": "St. Clair County publishes no counts.",
    }  # fmt: skip
    grid = tactic_grid(deployments, series, "2026-09", tactics=TACTICS, jurisdictions=PLACES)
    assert list(grid.columns) == list(GRID_COLUMNS)
    assert len(grid) == 10  # nine squares, one with two deployments
    by_id = grid.set_index("deployment_id")
    assert by_id.loc["fd-city", "verdict"] == Direction.FEWER
    assert by_id.loc["fd-city", "clear"]
    assert (by_id.loc["fd-city", "events"], by_id.loc["fd-city", "before"]) == pytest.approx((1785, 2100))
    assert by_id.loc["so-city-b", "months"] == 9
    assert by_id.loc["fd-clair", "sentence"] == "To start in January 2027."
    assert by_id.loc["so-clair", "verdict"] == Direction.NO_DATA
    assert by_id.loc["so-clair", "sentence"] == "St. Clair County publishes no counts."
    assert (grid.loc[grid["p_value"].notna(), "of_comparisons"] == 4).all()
    assert grid["sentence"].str.endswith(".").all()
    assert (grid.groupby(["tactic", "jurisdiction"]).size().sum(), grid["deployment_id"].eq("").sum()) == (
        10,
        4,
    )


def test_jurisdictions_add_up_to_the_region(monthly, goal):
    rng = np.random.default_rng(2)
    index = pd.period_range("2022-01", "2026-09", freq="M")
    parts = {
        p: pd.Series(rng.poisson(m, len(index)).astype(float), index=index)
        for p, m in zip(PLACES, (200, 90, 40), strict=True)
    }
    parts["st_clair"]["2025-05"] = np.nan
    parts["stl_county"]["2023-05"] = np.nan
    region = pd.DataFrame(parts).sum(axis=1, skipna=False)
    found = reconcile(parts, region, goal, "2026-09")
    assert found.holds
    table = found.table.set_index("place")
    assert table.loc[list(PLACES), "events"].sum() == table.loc["region", "events"]
    assert table.loc[list(PLACES), "expected"].sum() == pytest.approx(table.loc["region", "expected"])
    assert table["months"].eq(20).all()
    assert "add up to the region" in found.sentence
    region["2025-07"] += 5
    off = reconcile(parts, region, goal, "2026-09")
    assert not off.holds
    assert off.apart["month"].tolist() == [pd.Period("2025-07")]
    assert "do not add up to the region in July 2025" in off.sentence
    assert "nothing can be added up" in reconcile(parts, region * np.nan, goal, "2026-09").sentence


def test_an_area_against_the_rest(flat):
    found = against_rest(flat(20, 12), flat(120, 102), "2025-01", "2026-09")
    assert found.ratio.estimate == pytest.approx(0.6 / 0.9)
    assert found.change.estimate == pytest.approx(12 * 21 - 20 * 21 * 0.9)
    assert found.verdict is Direction.FEWER
    assert "it is no evaluation" in found.sentence
    assert against_rest(flat(20, 18), flat(120, 108), "2025-01", "2026-09").verdict is Direction.EARLY
    assert against_rest(flat(0.3, 0), flat(120, 108), "2025-01", "2026-09").verdict is Direction.FEW
    with pytest.raises(RefusedError, match="count both the same way"):
        against_rest(flat(20, 12), flat(10, 10), "2025-01", "2026-09")


def test_the_ratio_of_ratios_covers_the_truth():
    rng = np.random.default_rng(3)
    index = pd.period_range("2022-01", "2025-12", freq="M")
    after = np.where(index.year >= 2025, 1.0, 0.0)
    hits = 0
    for _ in range(150):
        area = pd.Series(rng.poisson(8 * (1 - 0.3 * after)).astype(float), index=index)
        rest = pd.Series(rng.poisson(90 * (1 - 0.1 * after)).astype(float), index=index)
        hits += against_rest(area, area + rest, "2025-01", "2025-12").ratio.contains(0.7 / 0.9)
    assert 0.90 <= hits / 150 <= 1.0


def test_only_what_was_not_declared_beforehand_is_adjusted():
    p = [0.03, 0.001, 0.04, 0.5, math.nan, 0.04]
    primary = [True, False, False, False, False, False]
    found = declare(p, primary, ["a", "a", "a", "a", "a", "b"])
    assert found["q_value"].tolist()[:4] == pytest.approx([0.03, 0.003, 0.06, 0.5])
    assert found["clear"].tolist() == [True, True, True, False, False, True]
    assert found["of_comparisons"].tolist() == [1, 3, 3, 3, 0, 1]
    assert found["words"][1] == "1 of 3 comparisons."
    assert found["words"][0].startswith("Declared beforehand")


def test_nothing_changed_and_little_is_declared():
    rng = np.random.default_rng(0)
    false = [declare(rng.uniform(size=20), np.zeros(20, bool))["clear"].any() for _ in range(400)]
    assert np.mean(false) <= 0.14


def test_shrinkage_draws_small_places_to_the_mean():
    found = shrink(["a", "b", "c", "d"], [0, 80, 160, 110], [4, 100, 100, 100])
    table = found.table.set_index("place")
    assert list(table.index) == ["a", "b", "c", "d"]  # the order given, never a ranking
    assert 0.5 < table.loc["a", "ratio"] < found.mean + 0.05
    assert table.loc["a", "weight"] < table.loc["b", "weight"]
    assert table.loc["c", "different"]
    assert "worst" not in found.sentence
    assert "no order is given" in found.sentence


def test_places_that_differ_by_chance_are_not_told_apart():
    rng = np.random.default_rng(8)
    singled = [
        shrink([*"abcdefgh"], rng.poisson(30, 8), np.full(8, 30.0)).table["different"].any()
        for _ in range(200)
    ]
    assert np.mean(singled) < 0.05
    few = shrink(["a", "b"], [0, math.nan], [0, 3])
    assert few.table["ratio"].isna().all()
    assert "too few places" in few.sentence
    assert shrink(["a", "b"], [0, 0], [5, 6]).sentence


def test_shrunken_estimates_are_closer_to_the_truth():
    rng = np.random.default_rng(1)
    raw = own = 0.0
    for _ in range(60):
        true = rng.gamma(25, 0.9 / 25, 12)
        e = rng.uniform(4, 60, 12)
        x = rng.poisson(true * e)
        found = shrink([str(i) for i in range(12)], x, e).table
        own += float(((found["ratio"] - true) ** 2).sum())
        raw += float(((x / e - true) ** 2).sum())
    assert own < 0.6 * raw
