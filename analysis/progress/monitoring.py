"""Charts for people who watch counts: control limits, funnels, and the scan for clusters in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

#: Mean of the absolute difference of two standard normal numbers (constant d2 for pairs).
_D2 = 1.128
#: Nelson's power that makes waiting times of a Poisson process nearly normal.
_NELSON = 3.6


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Centre line and limits; ``lower`` and ``upper`` have one value for each point."""

    center: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    sigma_z: float = 1.0


def c_chart(counts: ArrayLike, *, sigmas: float = 3.0) -> ControlLimits:
    """Limits of counts with equal exposure: ``mean ± 3 sqrt(mean)``, not below zero."""
    x = np.asarray(counts, float)
    center = float(x.mean())
    reach = sigmas * math.sqrt(center)
    return ControlLimits(center, np.full(len(x), max(0.0, center - reach)), np.full(len(x), center + reach))


def exact_limits(mean: ArrayLike, tail: float = 0.00135) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poisson limits that single counts leave with probability ``tail`` at most on each side."""
    m = np.asarray(mean, float)
    return np.asarray(stats.poisson.ppf(tail, m), float), np.asarray(stats.poisson.ppf(1 - tail, m), float)


def u_chart(counts: ArrayLike, exposure: ArrayLike, *, laney: bool = False) -> ControlLimits:
    """Limits of rates with unequal exposure; ``laney`` widens them by the spread between points.

    Laney's ``sigma_z`` is the mean moving range of the standardized points over 1.128 (Laney 2002).
    """
    x, n = np.asarray(counts, float), np.asarray(exposure, float)
    center = float(x.sum() / n.sum())
    sd = np.sqrt(center / n)
    sigma = 1.0
    if laney:
        z = (x / n - center) / sd
        sigma = float(np.mean(np.abs(np.diff(z))) / _D2)
    return ControlLimits(center, np.maximum(0.0, center - 3 * sigma * sd), center + 3 * sigma * sd, sigma)


def t_chart(gaps: ArrayLike) -> ControlLimits:
    """Limits of the days between rare events (Nelson 1994: the power 1/3.6 is nearly normal)."""
    x = np.asarray(gaps, float)
    y = x ** (1 / _NELSON)
    center = float(y.mean())
    reach = 3 * float(np.mean(np.abs(np.diff(y)))) / _D2
    low = max(0.0, center - reach) ** _NELSON
    return ControlLimits(center**_NELSON, np.full(len(x), low), np.full(len(x), (center + reach) ** _NELSON))


def run_lengths(values: ArrayLike, center: float) -> NDArray[np.int64]:
    """How many points in a row, up to each, lie on its side of the centre (8 or more is a signal)."""
    side = np.sign(np.asarray(values, float) - center)
    runs = np.zeros(len(side), np.int64)
    for i, s in enumerate(side):
        runs[i] = 0 if s == 0 else 1 + (runs[i - 1] if i and side[i - 1] == s else 0)
    return runs


def funnel_limits(expected: ArrayLike, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact funnel: counts between which a unit with ``expected`` events falls at ``level``."""
    return exact_limits(expected, (1 - level) / 2)


def funnel_rate_limits(
    expected: ArrayLike, exposure: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smooth funnel of rates: gamma limits around ``expected``, divided by ``exposure``."""
    e, t, tail = np.asarray(expected, float), np.asarray(exposure, float), (1 - level) / 2
    return np.asarray(stats.gamma.ppf(tail, e) / t), np.asarray(stats.gamma.isf(tail, e + 1) / t)


def scan_p(n: int, mean: float, windows: float, *, ptools_window: int | None = None) -> float:
    """Probability of ``n`` or more events in some moving window of a Poisson process (Naus 1982).

    Args:
        n: events in the fullest window, at least 2.
        mean: mean number of events in one window.
        windows: length of the whole time divided by the length of a window.
        ptools_window: give the window length ``k`` to repeat ``scanw`` of Wheeler's ptools, which
            leaves out the last term of Naus' A4 and takes the power ``windows - k`` where Naus has
            ``windows - 2``; the difference is in the fourth digit.
    """

    def f(k: int) -> float:
        return float(stats.poisson.cdf(k, mean)) if k >= 0 else 0.0

    def p(k: int) -> float:
        return float(stats.poisson.pmf(k, mean)) if k >= 0 else 0.0

    stop, power = (n, windows - 2) if ptools_window is None else (n - 1, windows - ptools_window)
    q2 = f(n - 1) ** 2 - (n - 1) * p(n) * p(n - 2) - (n - 1 - mean) * p(n) * f(n - 3)
    a1 = 2 * p(n) * f(n - 1) * ((n - 1) * f(n - 2) - mean * f(n - 3))
    inner = (n - 1) * (n - 2) * f(n - 3) - 2 * (n - 2) * mean * f(n - 4) + mean**2 * f(n - 5)
    a2 = 0.5 * p(n) ** 2 * inner
    a3 = sum(p(2 * n - r) * f(r - 1) ** 2 for r in range(1, n))
    a4 = sum(p(2 * n - r) * p(r) * ((r - 1) * f(r - 2) - mean * f(r - 3)) for r in range(1, stop))
    q3 = f(n - 1) ** 3 - a1 + a2 + a3 - a4
    return float(min(1.0, max(0.0, 1 - q2 * (q3 / q2) ** power)))
