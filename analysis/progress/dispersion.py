"""Over-dispersion of a baseline: how much more months differ than chance alone would make them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Below this the Poisson interval is used as it is.
THRESHOLD = 1.2


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Pearson dispersion of a baseline's monthly model.

    Attributes:
        value: Pearson chi-square over its degrees of freedom, at least 1.
        raw: the same before it was raised to 1; NaN when it could not be estimated.
        freedom: degrees of freedom it was estimated with; infinite when it was not.
        words: which model it comes from.
    """

    value: float
    raw: float
    freedom: float
    words: str


def baseline_dispersion(counts: pd.Series[float], exposure: pd.Series[float] | None = None) -> Dispersion:
    """Pearson dispersion of a Poisson model with trend and month of year.

    Args:
        counts: the baseline's counts on a monthly PeriodIndex; NaN months are ignored.
        exposure: people at risk in each month, or None.

    With 25 or more months the model has a trend and one level for each calendar month; with 12 to
    24 a trend and one yearly wave; a baseline without events, or with fewer months, has none, and
    its dispersion is 1.
    """
    known = counts.dropna()
    y = known.to_numpy(float)
    if len(y) < 12 or y.sum() == 0:
        return Dispersion(1.0, math.nan, math.inf, "too few events to estimate it; 1 is assumed")
    index = pd.PeriodIndex(known.index)
    t = np.asarray(index.year * 12 + index.month, float)
    trend = (t - t.mean()) / 12
    if len(y) >= 25:
        season = (index.month.to_numpy()[:, None] == np.unique(index.month)[None, :]).astype(float)
        words = "a Poisson model of the baseline with trend and month of year"
    else:
        wave = 2 * np.pi * index.month.to_numpy() / 12
        season = np.column_stack([np.ones(len(y)), np.sin(wave), np.cos(wave)])
        words = "a Poisson model of the baseline with trend and one yearly wave"
    offset = np.zeros(len(y)) if exposure is None else np.log(exposure.reindex(index).to_numpy(float))
    # A calendar month without any event has its mean at zero: it says nothing about spread.
    heard = season.T @ y > 0 if len(y) >= 25 else np.ones(season.shape[1], bool)
    rows = season[:, ~heard].sum(axis=1) == 0
    x = np.column_stack([trend, season[:, heard]])[rows]
    y, offset = y[rows], offset[rows]
    degrees = len(y) - x.shape[1]
    if degrees < 6:
        return Dispersion(1.0, math.nan, math.inf, "too few months with events to estimate it; 1 is assumed")
    mean = _poisson_means(y, x, offset)
    raw = float(np.sum((y - mean) ** 2 / mean) / degrees)
    return Dispersion(max(1.0, raw), raw, float(degrees), words)


def _poisson_means(
    y: NDArray[np.float64], x: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fitted means of a Poisson regression with log link, by iteratively reweighted least squares."""
    mean = y + 0.5
    for _ in range(50):
        eta = np.log(mean)
        working = eta - offset + (y - mean) / mean
        root = np.sqrt(mean)
        beta = np.linalg.lstsq(x * root[:, None], working * root, rcond=None)[0]
        updated = np.exp(np.clip(x @ beta + offset, -30, 30))
        if np.max(np.abs(updated - mean) / (mean + 0.1)) < 1e-10:
            return np.asarray(updated)
        mean = updated
    return mean
