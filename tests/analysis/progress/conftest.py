"""Series made for the progress tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.progress import Goal


@pytest.fixture
def goal() -> Goal:
    return Goal(
        measure="homicide", baseline=("2022-01", "2024-12"), start="2025-01", months=36, reduction=0.20
    )


@pytest.fixture
def monthly():
    """Make a monthly series: a constant, or a list of values from a first month."""

    def make(value, first="2022-01", last="2027-12"):
        if np.isscalar(value):
            index = pd.period_range(first, last, freq="M")
            return pd.Series(float(value), index=index)
        index = pd.period_range(first, periods=len(value), freq="M")
        return pd.Series(np.asarray(value, float), index=index)

    return make


@pytest.fixture
def flat(monthly):
    """Three years of ``before`` a month, then ``after`` a month from January 2025 on."""

    def make(before, after, last="2026-09"):
        series = monthly(before, last=last)
        series[series.index >= pd.Period("2025-01")] = float(after)
        return series

    return make
