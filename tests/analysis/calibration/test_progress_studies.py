"""The stored studies of goal progress: they hold what is promised, and a part of each is repeated."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.calibration import progress
from analysis.calibration.study import load


@pytest.fixture(scope="module")
def intervals():
    return load("progress_simulated")


@pytest.fixture(scope="module")
def chances():
    return load("progress_probability")


def nothing_changed(study):
    rows = study.rows
    return rows[(rows["ratio"] == 1.0) & (rows["years"] == 0.0)]


def test_nothing_changed_and_no_more_than_one_in_twenty_is_given_a_direction(intervals):
    rows = nothing_changed(intervals)
    assert len(rows) == 120
    assert set(rows["rate"]) == {1, 3, 10, 30, 100}
    assert set(rows["lag"]) == {True, False}
    assert ((rows["toward"] + rows["away"]) <= 5.0).all()
    assert rows["old_rule"].max() > 15  # why the rule was changed


def test_the_interval_covers_as_it_says(intervals):
    """93.5–96.5 %, but for the simulation's own error; above it only where the exact interval is wide."""
    rows = nothing_changed(intervals)
    error = 3 * 100 * np.sqrt(0.935 * 0.065 / rows["runs"])
    assert (rows["coverage"] >= 93.5 - error).all()
    wide = rows[rows["coverage"] > 96.5 + 3 * 100 * np.sqrt(0.965 * 0.035 / rows["runs"])]
    # Given few events no exact interval can be narrower: its guarantee is "at least 95 %".
    assert (wide["rate"] <= 3).all()
    assert (wide["dispersion"] <= 1.5).all()


def test_a_true_fall_is_found_more_often_with_more_events(intervals):
    rows = intervals.rows
    fall = rows[rows["ratio"] == 0.8].sort_values("rate")
    assert fall["toward"].is_monotonic_increasing
    assert fall["toward"].iloc[-1] > 99
    assert (fall["away"] < 1).all()
    drift = rows[rows["years"] > 0]
    assert ((drift["toward"] + drift["away"]) > 5).all()  # the weak spot is real, and said
    assert "Weak spot" in intervals.finding


def test_chances_are_better_than_the_average_and_mostly_come_true(chances):
    rows = chances.rows
    cells = rows.drop_duplicates(["rate", "dispersion", "done", "reading"])
    enough = cells[cells["rate"] * cells["done"] >= 36]
    assert (enough["brier"] < enough["brier_unskilled"]).all()
    # After six months of three events each, a chance is no better than none: the finding says so.
    assert (cells["brier"] >= cells["brier_unskilled"]).sum() <= 2
    assert "too sure" in chances.finding
    typical = np.average((rows["stated"] - rows["happened"]).abs(), weights=rows["n"])
    assert typical < 5
    known = rows[(rows["rate"] == 100) & (rows["done"] >= 12) & (rows["n"] >= 200)]
    assert ((known["stated"] - known["happened"]).abs() < 8).all()


@pytest.mark.parametrize(("rate", "phi", "months", "lag"), [(1.0, 2.0, 36, False), (10.0, 1.5, 12, True)])
def test_a_cell_is_repeated(intervals, rate, phi, months, lag):
    rows = nothing_changed(intervals)
    stored = rows[
        (rows["rate"] == rate)
        & (rows["dispersion"] == phi)
        & (rows["months"] == months)
        & (rows["lag"] == lag)
    ].iloc[0]
    found = progress.interval_cell(rate, phi, months, lag, int(stored["runs"]))
    for name in ("coverage", "toward", "away", "old_rule", "few"):
        assert found[name] == pytest.approx(stored[name], abs=0.05), name


def test_a_chance_is_repeated(chances):
    rows = chances.rows
    stored = rows[(rows["rate"] == 12) & (rows["dispersion"] == 1) & (rows["done"] == 12)]
    found = progress.probability_rows(12.0, 1.0, 12, 4000)
    assert [r["n"] for r in found] == stored["n"].tolist()
    assert [r["happened"] for r in found] == pytest.approx(stored["happened"].tolist(), abs=0.01)


def test_the_findings_are_those_of_the_rows(intervals, chances):
    assert intervals.finding == progress.interval_finding(intervals.rows)
    assert chances.finding == progress.chance_finding(chances.rows)


def test_within_error_is_a_fair_judge():
    assert progress.within_error(5.5, 3000, 5.0)
    assert not progress.within_error(7.0, 3000, 5.0)
