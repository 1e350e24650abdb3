"""Simulation proof, small and with fixed seeds: intervals cover, and nothing is called a change too often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.progress import compare, match_windows
from analysis.progress.dispersion import baseline_dispersion

INDEX = pd.period_range("2022-01", "2025-12", freq="M")
BASELINE = INDEX[:36]
RUNS = 400


@pytest.mark.parametrize(
    ("rate", "phi", "ratio"),
    [(1.0, 1.0, 1.0), (12.0, 1.0, 0.8), (12.0, 2.0, 1.0), (60.0, 1.5, 0.8), (3.0, 2.0, 0.8)],
)
def test_the_interval_covers_the_truth(rate, phi, ratio):
    rng = np.random.default_rng(8)
    windows = match_windows(pd.Series(1.0, index=INDEX), BASELINE, INDEX[36:])
    season = 1 + 0.2 * np.cos(2 * np.pi * (INDEX.month.to_numpy() - 7) / 12)
    mean = rate * season * np.where(INDEX[36] <= INDEX, ratio, 1.0)
    covered = toward = away = 0
    for _ in range(RUNS):
        draw = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
        counts = pd.Series(draw.astype(float), index=INDEX)
        found = compare(counts, windows, baseline_dispersion(counts.iloc[:36]))
        covered += found.rate_ratio.contains(ratio)
        p = found.probability_at_most(1.0)
        toward += p >= 0.9
        away += p <= 0.1
    # Three standard errors of 400 runs around 94 and 98 %: exact intervals are a little too wide.
    assert 0.905 <= covered / RUNS <= 0.995
    if ratio == 1.0:
        assert toward / RUNS <= 0.15
        assert away / RUNS <= 0.15
    else:
        assert toward > 3 * away
