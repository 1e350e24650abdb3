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


#: Fewer degrees of freedom than this say nothing about spread.
_MIN_FREEDOM = 6
#: From so many months on, each calendar month has a level of its own.
_MANY = 25


def baseline_dispersion(counts: pd.Series[float], exposure: pd.Series[float] | None = None) -> Dispersion:
    """Pearson dispersion of a Poisson model with trend and month of year.

    Args:
        counts: the baseline's counts on a monthly PeriodIndex; NaN months are ignored.
        exposure: people at risk in each month, or None.

    With 25 or more months the model has a trend and one level for each calendar month; with 12 to
    24 a trend and one yearly wave; a baseline without events, or with fewer months, has none, and
    its dispersion is 1.
    """
    index = pd.PeriodIndex(counts.index)
    size = None if exposure is None else np.asarray(exposure.reindex(index), np.float64)[None, :]
    raw, freedom = dispersions(np.asarray(counts, np.float64)[None, :], index, size)
    months = int(counts.notna().sum())
    if months < 12 or float(counts.sum()) == 0:
        return Dispersion(1.0, math.nan, math.inf, "too few events to estimate it; 1 is assumed")
    if not math.isfinite(raw[0]):
        return Dispersion(1.0, math.nan, math.inf, "too few months with events to estimate it; 1 is assumed")
    season = "month of year" if months >= _MANY else "one yearly wave"
    words = f"a Poisson model of the baseline with trend and {season}"
    return Dispersion(max(1.0, float(raw[0])), float(raw[0]), float(freedom[0]), words)


def dispersions(
    counts: NDArray[np.float64], months: pd.PeriodIndex, exposure: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pearson dispersion and degrees of freedom of many baselines at once.

    Args:
        counts: series × months, NaN where unknown.
        months: the months. exposure: series × months, or None.

    Returns:
        Dispersion before it is raised to 1 (NaN where it cannot be estimated) and degrees of freedom
        (infinite there), one for each series; the rules of :func:`baseline_dispersion`.
    """
    known = np.isfinite(counts)
    y = np.where(known, counts, 0.0)
    n = known.sum(axis=1)
    raw, freedom = np.full(len(y), math.nan), np.full(len(y), math.inf)
    trend = (months.year.to_numpy(float) * 12 + months.month.to_numpy(float)) / 12
    able = (n >= 12) & (y.sum(axis=1) > 0)
    for chosen, model in ((able & (n >= _MANY), _by_month), (able & (n < _MANY), _by_wave)):
        if not chosen.any():
            continue
        size = np.ones_like(y[chosen]) if exposure is None else exposure[chosen]
        here = known[chosen] & (size > 0)
        mean, kept, columns = model(
            y[chosen], here, trend, months.month.to_numpy(), np.where(here, size, 1.0)
        )
        degrees = kept.sum(axis=1) - columns
        square = np.where(kept, (y[chosen] - mean) ** 2 / np.where(kept, mean, 1.0), 0.0).sum(axis=1)
        enough = degrees >= _MIN_FREEDOM
        raw[chosen] = np.where(enough, square / np.where(enough, degrees, 1), math.nan)
        freedom[chosen] = np.where(enough, degrees, math.inf)
    return raw, freedom


_Fitted = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]


def _by_month(
    y: NDArray[np.float64],
    known: NDArray[np.bool_],
    trend: NDArray[np.float64],
    month: NDArray[np.int64],
    size: NDArray[np.float64],
) -> _Fitted:
    """Trend and one level for each calendar month: means, rows used, number of coefficients.

    Given the trend, a calendar month's level is its events over its trended exposure, so only the
    trend is left to find: Newton's method on a concave profile likelihood. A calendar month
    without any event has its mean at zero and says nothing about spread.
    """
    group = (month[:, None] == np.arange(1, 13)[None, :]).astype(float)
    events = y @ group
    kept = known & ((events > 0).astype(float) @ group.T > 0)
    x = np.where(kept, trend - trend.mean(), 0.0)

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """A calendar month's value on each of its months."""
        return np.asarray(values @ group.T)

    slope = np.zeros(len(y))
    mean = y
    for _ in range(60):
        weight = np.where(kept, size * np.exp(np.clip(slope[:, None] * x, -60, 60)), 0.0)
        total = weight @ group
        total = np.where(total > 0, total, 1.0)
        mean = weight * spread(events / total)
        center = spread(((weight * x) @ group) / total)
        score = (x * (y * kept - mean)).sum(axis=1)
        information = (mean * (x - center) ** 2).sum(axis=1)
        step = np.where(information > 1e-12, score / np.where(information > 1e-12, information, 1.0), 0.0)
        step = np.clip(step, -1.0, 1.0)
        slope = slope + step
        if np.max(np.abs(step)) < 1e-13:
            break
    return mean, kept, 1 + (events > 0).sum(axis=1)


def _by_wave(
    y: NDArray[np.float64],
    known: NDArray[np.bool_],
    trend: NDArray[np.float64],
    month: NDArray[np.int64],
    size: NDArray[np.float64],
) -> _Fitted:
    """Trend and one yearly wave, by iteratively reweighted least squares on the rows that are known."""
    wave = 2 * np.pi * month / 12
    x = np.column_stack([np.ones(len(month)), trend - trend.mean(), np.sin(wave), np.cos(wave)])
    offset = np.log(size)
    mean = np.where(known, y + 0.5, 0.0)
    for _ in range(60):
        safe = np.where(known, mean, 1.0)
        working = np.where(known, np.log(safe) - offset + (y - safe) / safe, 0.0)
        gram = np.einsum("st,tp,tq->spq", mean, x, x)
        right = np.einsum("st,tp->sp", mean * working, x)
        # A wisp of ridge: two calendar months alone cannot tell all four coefficients apart.
        ridge = 1e-12 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(4)
        beta = np.linalg.solve(gram + ridge, right[:, :, None])[:, :, 0]
        updated = np.where(known, np.exp(np.clip(beta @ x.T + offset, -30, 30)), 0.0)
        done = np.max(np.abs(updated - mean) / (mean + 0.1)) < 1e-12
        mean = updated
        if done:
            break
    return mean, known, np.full(len(y), 4)
