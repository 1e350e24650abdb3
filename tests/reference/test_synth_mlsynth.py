"""mlsynth, a second independent implementation, agrees where the problem is convex.

It brings many packages along and is in a dependency group of its own: run with
``uv run --group benchmark pytest tests/reference/test_synth_mlsynth.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.synth import SynthSpec, fit

mlsynth = pytest.importorskip(
    "mlsynth",
    reason="mlsynth is not installed: uv run --group benchmark pytest tests/reference/test_synth_mlsynth.py",
)


def panel(seed: int, units: int, periods: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(0, 1, (periods, 3)), axis=0)
    y = 50 + common @ rng.uniform(0, 2, (3, units)) + rng.normal(0, 1, (periods, units))
    return pd.DataFrame(
        y, index=pd.period_range("1990", periods=periods, freq="Y"), columns=[f"u{i}" for i in range(units)]
    )


def peer(name: str, y: pd.DataFrame, first: int) -> Any:
    """mlsynth's answer on a panel."""
    long = (
        y.set_axis(y.index.year)
        .rename_axis("time")
        .reset_index()
        .melt("time", var_name="unit", value_name="y")
    )
    long["treated"] = ((long["unit"] == "u0") & (long["time"] >= first)).astype(int)
    options = {
        "df": long, "outcome": "y", "treat": "treated", "unitid": "unit", "time": "time",
        "display_graphs": False,
    }  # fmt: skip
    return getattr(mlsynth, name)(options).fit()


@pytest.mark.parametrize("estimator", ["simplex", "sdid", "demeaned", "index"])
@pytest.mark.parametrize(("seed", "units", "periods", "first"), [(1, 15, 30, 2012), (2, 40, 24, 2008)])
def test_agreement(estimator: str, seed: int, units: int, periods: int, first: int) -> None:
    """Demeaned and index are the classic one on the panel less, and over, its means before the start."""
    y = panel(seed, units, periods)
    means = y[y.index.year < first].mean()
    there, back = {"demeaned": (y - means, 1.0), "index": (y / means, means["u0"])}.get(estimator, (y, 1.0))
    theirs = peer("SDID" if estimator == "sdid" else "VanillaSC", there, first)
    ours = fit(y, SynthSpec("u0", str(first), estimator, inference=()))
    assert ours.att == pytest.approx(back * theirs.effects.att, abs=1e-6)
    if estimator != "sdid":
        weights = pd.Series(theirs.weights.donor_weights).reindex(ours.weights.index).fillna(0.0)
        assert np.abs(ours.weights - weights).max() < 1e-6
        assert ours.pre_rmspe == pytest.approx(back * theirs.fit_diagnostics.rmse_pre, abs=1e-6)
