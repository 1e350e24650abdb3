from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


def cities(
    seed: int = 0,
    donors: int = 25,
    pre: int = 48,
    post: int = 12,
    change: float = 0.0,
    rate: float = 3.0,
    people: float = 400_000,
) -> tuple[pd.DataFrame, pd.Series]:
    """Monthly counts of a treated city ("here") and its donors, and their populations.

    Common seasons and two shared factors; rates per 100,000 a month; the treated city's expected
    count changes by the share ``change`` after the start, month 2020-01 + ``pre``.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(pre + post)
    factors = np.stack([np.sin(2 * np.pi * t / 12), np.cumsum(rng.normal(0, 0.08, t.size))])
    loading = np.stack([rng.uniform(0.1, 0.3, donors + 1), rng.uniform(0, 1, donors + 1)])
    levels = np.r_[rate, rng.uniform(1, 6, donors)]
    population = np.r_[people, rng.uniform(200_000, 1_500_000, donors)].round()
    expected = levels * np.exp(factors.T @ loading) * population / 1e5
    expected[pre:, 0] *= 1 + change
    names = ["here", *[f"donor {i:02d}" for i in range(donors)]]
    index = pd.period_range("2020-01", periods=pre + post, freq="M")
    return (
        pd.DataFrame(rng.poisson(expected).astype(float), index=index, columns=names),
        pd.Series(population, index=names),
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., tuple[pd.DataFrame, pd.Series]]:
    return cities
