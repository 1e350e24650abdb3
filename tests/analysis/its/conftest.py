"""Simulated monthly series: a trend, a season, a step, and counts that scatter in a chosen way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Simulate = Callable[..., pd.DataFrame]


def _simulate(
    seed: int,
    *,
    mean: float = 20.0,
    n_pre: int = 72,
    n_post: int = 24,
    ratio: float = 1.0,
    trend: float = 0.0,
    slope: float = 0.0,
    alpha: float = 0.0,
    drift_sd: float = 0.0,
    drift_rho: float = 0.0,
    start: str = "2018-01",
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = n_pre + n_post
    periods = pd.period_range(pd.Period(start, "M") - n_pre, periods=n, freq="M")
    t = np.arange(n)
    after = t >= n_pre
    season = 0.15 * np.sin(2 * np.pi * periods.month.to_numpy() / 12)
    log_mean = np.log(mean) + trend * t + season + after * (np.log(ratio) + slope * (t - n_pre))
    if drift_sd:
        u = np.empty(n)
        u[0] = rng.normal(0, drift_sd)
        for i in range(1, n):
            u[i] = drift_rho * u[i - 1] + rng.normal(0, drift_sd * np.sqrt(1 - drift_rho**2))
        log_mean = log_mean + u
    mu = np.exp(log_mean)
    if alpha:
        mu = rng.gamma(1 / alpha, alpha * mu)
    return pd.DataFrame({"count": rng.poisson(mu).astype(float)}, index=periods)


@pytest.fixture(scope="session")
def simulate() -> Simulate:
    """``simulate(seed, mean=…, ratio=…, …)``: a series with its start at 2018-01."""
    return _simulate
