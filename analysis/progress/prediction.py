"""What the rest of the goal period may bring, if the level seen since the start continues."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Remaining:
    """Predictive distribution of the events still to come.

    Attributes:
        mean: expected events to come.
        size, p: parameters of the negative binomial; ``size`` is infinite for a plain Poisson.
    """

    mean: float
    size: float
    p: float

    def at_most(self, events: float) -> float:
        """Probability of at most ``events`` (rounded down; negative is impossible)."""
        k = math.floor(events + 1e-9)
        if k < 0:
            return 0.0
        if self.mean == 0:
            return 1.0
        if math.isinf(self.size):
            return float(stats.poisson.cdf(k, self.mean))
        return float(stats.nbinom.cdf(k, self.size, self.p))

    def quantile(self, q: float) -> int:
        """Smallest number of events with probability at least ``q`` of not being exceeded."""
        if self.mean == 0:
            return 0
        if math.isinf(self.size):
            return int(stats.poisson.ppf(q, self.mean))
        return int(stats.nbinom.ppf(q, self.size, self.p))


def remaining_events(events: float, exposure: float, remaining: float, dispersion: float = 1.0) -> Remaining:
    """Predict the events of ``remaining`` exposure from ``events`` seen in ``exposure``.

    The rate is gamma distributed with shape ``0.5 + events`` and rate ``exposure`` (Jeffreys), so
    that what is to come is negative binomial with size ``0.5 + events``. Over-dispersion scales
    both the uncertainty of the rate and the noise of what is to come: the variance is
    ``dispersion * mean * (1 + remaining / exposure)``, matched by a negative binomial.

    Exposure may be months, person-months, or shares of a seasonal year.
    """
    if exposure <= 0:
        raise ValueError("A prediction needs some exposure that was observed.")
    mean = (events + 0.5) / exposure * remaining
    if mean == 0:
        return Remaining(0.0, math.inf, 1.0)
    variance = max(dispersion, 1.0) * mean * (1 + remaining / exposure)
    size = mean**2 / (variance - mean)
    return Remaining(mean, size, size / (size + mean))


def probability_of_total(
    events: float, exposure: float, remaining: float, allowed: float, dispersion: float = 1.0
) -> float:
    """Probability that past and coming events together stay within ``allowed`` (rounded down)."""
    left = math.floor(allowed + 1e-9) - events
    if remaining <= 0:
        return 1.0 if left >= 0 else 0.0
    return remaining_events(events, exposure, remaining, dispersion).at_most(left)


def probability_rate_below(events: float, exposure: float, limit: float) -> float:
    """Probability that the underlying rate is at most ``limit`` (a fixed number)."""
    return float(stats.gamma.cdf(limit * exposure, events + 0.5))


@dataclass(frozen=True, slots=True)
class YearToDate:
    """A part of a year against the same months of the baseline years, and the year it leads to."""

    baseline_same_months: float
    seasonal_share: float
    current: float
    expected: float
    rate_ratio: float
    naive_annualized: float
    projected_annual: float


def year_to_date(baseline: dict[str, list[float]], current: list[float]) -> YearToDate:
    """Compare the first months of a year with the same months of whole baseline years.

    Args:
        baseline: year → its twelve monthly counts.
        current: counts of the first months of the current year (1 to 12).

    ``seasonal_share`` is the share of a baseline year that falls in these months; dividing by it,
    and not by the months' number, projects the year.
    """
    if any(len(year) != 12 for year in baseline.values()) or not 1 <= len(current) <= 12:
        raise ValueError("Baseline years have twelve months; the current year has one to twelve.")
    table = np.array(list(baseline.values()), float)
    k = len(current)
    same, total, now = float(table[:, :k].sum()), float(table.sum()), float(np.sum(current))
    share = same / total if total > 0 else math.nan
    expected = same / len(baseline)
    return YearToDate(
        same,
        share,
        now,
        expected,
        now / expected if expected > 0 else math.nan,
        now * 12 / k,
        now / share if share and share > 0 else math.nan,
    )
