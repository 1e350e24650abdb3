"""All measures × places × readings in one batch, against the same one at a time, in one run."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from analysis.progress import Goal, assess
from analysis.progress.batch import assess_all

pytestmark = pytest.mark.benchmark

GOALS = tuple(
    Goal("m", baseline, start, reading=reading)
    for baseline, start in (
        (("2022-01", "2024-12"), "2025-01"),
        (("2024-01", "2024-12"), "2025-01"),
        (("2021-12", "2024-11"), "2024-12"),
    )
    for reading in ("third_year", "cumulative")
)


def test_the_batch_is_ten_times_as_fast_and_takes_less_than_a_second() -> None:
    """Four places × five measures × six readings."""
    rng = np.random.default_rng(0)
    index = pd.period_range("2017-01", "2026-09", freq="M")
    series = {i: pd.Series(rng.poisson(3 + 20 * i, len(index)).astype(float), index=index) for i in range(20)}
    batch = []
    for _ in range(3):
        start = time.perf_counter()
        table = assess_all(series, GOALS, "2026-09")
        batch.append(time.perf_counter() - start)
    start = time.perf_counter()
    for key in (0, 7, 19):
        for goal in GOALS:
            assess(series[key], goal, "2026-09")
    single = (time.perf_counter() - start) * len(series) / 3
    assert len(table) == 120
    assert single / min(batch) > 10
    assert min(batch) < 1.0
