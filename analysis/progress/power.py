"""How large a fall must be to be seen: power and smallest detectable ratio of two counts."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats


def power_wald(
    base_rate: float,
    months_base: float,
    months_now: float,
    ratio: float,
    dispersion: float = 1.0,
    alpha: float = 0.05,
) -> float:
    """Power of the two-sided Wald test of the log rate ratio.

    Args:
        base_rate: events a month in the baseline.
        months_base, months_now: months on either side.
        ratio: true rate ratio.
        dispersion: variance over mean of the counts.
    """
    now, base = base_rate * ratio * months_now, base_rate * months_base
    if now <= 0 or base <= 0:
        return 0.0
    shift = abs(math.log(ratio)) / math.sqrt(dispersion * (1 / now + 1 / base))
    z = float(stats.norm.isf(alpha / 2))
    return float(stats.norm.sf(z - shift) + stats.norm.sf(z + shift))


def power_exact(
    base_rate: float, months_base: float, months_now: float, ratio: float, alpha: float = 0.05
) -> float:
    """Power of the exact conditional central test, summed over both Poisson counts (< 1e-12 left out)."""
    now, base = base_rate * ratio * months_now, base_rate * months_base
    a, b = _support(now), _support(base)
    p = months_now / (months_now + months_base)
    total = (a[:, None] + b[None, :]).astype(float)
    low = stats.binom.cdf(a[:, None], total, p)
    high = stats.binom.sf(a[:, None] - 1, total, p)
    rejected = 2 * np.minimum(low, high) < alpha
    weight = np.outer(stats.poisson.pmf(a, now), stats.poisson.pmf(b, base))
    return float(weight[rejected].sum())


def detectable_ratio(
    base_rate: float,
    months_base: float,
    months_now: float,
    power: float = 0.80,
    dispersion: float = 1.0,
    alpha: float = 0.05,
) -> float:
    """Largest rate ratio below 1 that the Wald test sees with the given power; NaN when none is.

    The fewer events a fall leaves, the less is known of them: for small counts no fall at all may
    be large enough.
    """

    def shortfall(ratio: float) -> float:
        return power_wald(base_rate, months_base, months_now, ratio, dispersion, alpha) - power

    # Power rises and then falls again as the ratio goes to zero: start from its peak.
    grid = np.linspace(0.01, 0.99, 99)
    values = np.array([shortfall(float(r)) for r in grid])
    seen = np.flatnonzero(values >= 0)
    if len(seen) == 0:
        return math.nan
    last = int(seen[-1])
    upper = float(grid[last + 1]) if last + 1 < len(grid) else 1 - 1e-9
    return float(optimize.brentq(shortfall, float(grid[last]), upper, xtol=1e-12))


def detectable_ratio_exact(
    base_rate: float, months_base: float, months_now: float, power: float = 0.80, alpha: float = 0.05
) -> float:
    """As :func:`detectable_ratio` for the exact test, to two decimals; NaN when no fall is seen."""
    low, high = 0, 100
    if power_exact(base_rate, months_base, months_now, 0.01, alpha) < power:
        return math.nan
    while high - low > 1:  # the exact test's power falls as the ratio rises toward 1
        middle = (low + high) // 2
        if power_exact(base_rate, months_base, months_now, middle / 100, alpha) >= power:
            low = middle
        else:
            high = middle
    return low / 100


def _support(mean: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    low, high = stats.poisson.ppf([1e-13, 1 - 1e-13], mean)
    return np.arange(int(low), int(high) + 1)
