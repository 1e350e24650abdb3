"""The stored calibration of the synthetic control: what it promises, and small parts of it run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analysis.calibration import load
from analysis.calibration import synth_real as real_study
from analysis.calibration import synth_simulated as simulated_study
from analysis.calibration.chance import share_interval, verdict
from analysis.calibration.synth_world import BEFORE, SCENARIOS, simulate


@pytest.fixture(scope="module")
def simulated():
    return load("synth_simulated")


@pytest.fixture(scope="module")
def on_real():
    return load("synth_real")


def test_the_headline_holds_on_simulated_cities(simulated) -> None:
    lead = simulated_study.headline(simulated.rows).set_index("scenario")
    assert set(lead.index) == set(SCENARIOS)
    low, high = simulated_study.COVERAGE
    told = simulated.finding
    for name, row in lead.iterrows():
        # Within the promise, or named as not: a study that says so plainly is no failure of the study.
        inside = low <= row["coverage"] <= high
        assert inside or f"Not between {low:.0f} and {high:.0f} %" in told
        # Never too narrow by more than the promise.
        assert row["coverage"] >= low, name


def test_the_default_is_unbiased_for_the_high_rate_city(simulated) -> None:
    rate = simulated.rows[simulated.rows["scenario"] == "high rate"].drop_duplicates("estimator")
    bias = rate.set_index("estimator")["bias"]
    for estimator in ("leading", "index"):
        assert abs(bias[estimator]) < simulated_study.BIAS
    assert abs(bias["simplex"]) > 2 * abs(bias["index"])  # why the index leads there


def test_misfit_alone_is_too_narrow_for_it(simulated) -> None:
    rows = simulated.rows
    index = rows[(rows["estimator"] == "index") & rows["scenario"].isin(["high rate", "local drift"])]
    usual = index[index["inference"] == simulated_study.INFERENCE["misfit"]]["coverage"]
    sized = index[index["inference"] == simulated_study.INFERENCE["placebo"]]["coverage"]
    assert usual.max() < simulated_study.COVERAGE[0] < sized.min()


def test_a_small_part_of_the_simulation_again(simulated) -> None:
    name, tried = "high rate", 8
    raw = pd.DataFrame(
        [row for k in range(tried) for row in simulated_study.replication(name, simulated.seed, k)]
    )
    again = simulated_study.summarise(raw).set_index(["estimator", "inference"])
    stored = simulated.rows[simulated.rows["scenario"] == name].set_index(["estimator", "inference"])
    assert set(again.index) == set(stored.index)
    for key, row in again.iterrows():
        if np.isnan(row["coverage"]):
            continue
        held = round(row["coverage"] / 100 * tried)
        assert held >= binom.ppf(1e-4, tried, stored.loc[key, "coverage"] / 100)
        assert row["rmse"] < 4 * stored.loc[key, "rmse"]
    first = simulated_study.panel_of(name, simulated.seed, 0)[0]
    pd.testing.assert_frame_equal(first, simulated_study.panel_of(name, simulated.seed, 0)[0])


def test_the_simulated_cities_are_what_is_said() -> None:
    counts, people, expected = simulate(SCENARIOS["high rate"], np.random.default_rng(1))
    assert counts.shape == expected.shape == (98, 101)
    rate = 12e5 * expected.mean(axis=0) / people
    assert rate[0] > np.quantile(rate, 0.97)
    quiet = np.array([simulate(SCENARIOS["in hull"], np.random.default_rng(k))[2][:, 0] for k in range(60)])
    assert quiet[:, BEFORE:].sum(axis=1).mean() == pytest.approx(67, rel=0.15)


def test_the_headline_holds_on_real_cities(on_real) -> None:
    low, high = real_study.COVERAGE
    rows = on_real.rows
    every = rows[(rows["offense"] == "all") & (rows["inference"] == real_study.INFERENCE["sized"])]
    assert set(every["estimator"]) == {"leading", *real_study.ESTIMATORS}
    assert every["coverage"].between(low, high).all()
    assert every["coverage_high"].between(low, high).all()
    lead = rows[(rows["estimator"] == "leading") & (rows["inference"] == real_study.INFERENCE["wider"])]
    assert lead["coverage_high"].between(low, high).all()
    assert (rows["tried"] >= rows["tried_high"]).all()


@pytest.mark.real
def test_a_small_part_of_the_real_study_again(on_real, shared: Path) -> None:
    counts, people = real_study.panels(shared)["homicide"]
    raw = pd.concat(
        [
            real_study.cell(*real_study.window(counts, people, start), start, estimator).assign(
                offense="homicide"
            )
            for start in real_study.STARTS
            for estimator in ("did", "simplex")
        ]
    )
    again = real_study.summarise(raw).set_index(["offense", "estimator", "inference"])
    stored = on_real.rows.set_index(["offense", "estimator", "inference"])
    for estimator in ("did", "simplex"):
        for key in ("sized", "misfit"):
            at = ("homicide", estimator, real_study.INFERENCE[key])
            pd.testing.assert_series_equal(again.loc[at], stored.loc[at], rtol=1e-6)


def test_stored_rates_carry_their_chance(simulated, on_real) -> None:
    """Every promised world and offence: inside the promise, or outside by no more than chance."""
    lead = simulated_study.headline(simulated.rows).set_index("scenario")
    for name in ("in hull", "2020 jump", "high rate", "local drift"):
        row = lead.loc[name]
        told = verdict(row["coverage"], (row["coverage_from"], row["coverage_to"]), simulated_study.COVERAGE)
        assert told in ("inside", "outside by no more than chance"), name
    rows = on_real.rows
    sized = rows[(rows["estimator"] == "leading") & (rows["inference"] == real_study.INFERENCE["sized"])]
    for row in sized.to_dict("records"):
        told = verdict(row["coverage_high"], (row["high_from"], row["high_to"]), real_study.COVERAGE)
        assert told in ("inside", "outside by no more than chance"), row["offense"]


def test_the_interval_of_a_share_is_wilsons_and_widens_with_clusters() -> None:
    low, top = share_interval([1] * 90 + [0] * 10)
    assert (low, top) == (82.6, 94.5)  # Wilson 1927, 90 of 100
    wide = share_interval([1] * 90 + [0] * 10, np.repeat(np.arange(20), 5))
    assert wide[0] < low < 90 < top < wide[1]
    assert share_interval([]) == pytest.approx((np.nan, np.nan), nan_ok=True)
    assert verdict(80, (78, 82), (87, 93)) == "too narrow"
    assert verdict(95, (94, 96), (87, 93)) == "too wide"
