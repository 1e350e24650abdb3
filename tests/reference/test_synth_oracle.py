"""diff-diff, an independent implementation, agrees where the problem is convex."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.synth import SynthSpec, fit

diff_diff = pytest.importorskip("diff_diff")


def panel(seed: int, units: int, periods: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(0, 1, (periods, 3)), axis=0)
    y = 50 + common @ rng.uniform(0, 2, (3, units)) + rng.normal(0, 1, (periods, units))
    return pd.DataFrame(
        y, index=pd.period_range("1990", periods=periods, freq="Y"), columns=[f"u{i}" for i in range(units)]
    )


def peer(y: pd.DataFrame, first_post: int):
    long = y.copy()
    long.index = long.index.year
    long = long.rename_axis("time").reset_index().melt("time", var_name="unit", value_name="y")
    long["treated"] = ((long["unit"] == "u0") & (long["time"] >= first_post)).astype(int)
    years = [int(t) for t in y.index.year]
    before = [t for t in years if t < first_post]
    estimator = diff_diff.SyntheticControl(
        v_method="custom", custom_v=np.ones(len(before)), standardize="none", seed=0
    )
    return estimator.fit(
        long, "y", "treated", "unit", "time",
        post_periods=[t for t in years if t >= first_post], treated_unit="u0", pre_period_outcomes="all",
    )  # fmt: skip


@pytest.mark.parametrize(("seed", "units", "periods", "first"), [(1, 15, 30, 2012), (2, 40, 24, 2008)])
def test_agreement(seed: int, units: int, periods: int, first: int) -> None:
    y = panel(seed, units, periods)
    ours, theirs = fit(y, SynthSpec("u0", str(first), "simplex")), peer(y, first)
    assert ours.att == pytest.approx(theirs.att, abs=1e-6)
    assert ours.pre_rmspe == pytest.approx(theirs.pre_rmspe, abs=1e-6)
    weights = theirs.get_weights_df().set_index("unit")["weight"].reindex(ours.weights.index).fillna(0.0)
    assert np.abs(ours.weights - weights).max() < 1e-6
    theirs.in_space_placebo()
    assert ours.placebo.p_value == pytest.approx(theirs.placebo_p_value)
