"""One window against the same calendar months of a baseline: the rate ratio and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import Interval
from analysis.progress.dispersion import THRESHOLD, Dispersion
from analysis.progress.ratios import comparison_p, exact_interval, probability_below, wald_interval
from analysis.progress.windows import Windows


@dataclass(frozen=True, slots=True)
class Comparison:
    """Counts of two matched windows.

    Attributes:
        windows: the months compared.
        events: events now.
        baseline_events: events in the baseline months compared.
        expected: what the current window would hold at the baseline's pace.
        effective_events: baseline events that carry the same information when the calendar months
            do not all weigh the same (equal to ``baseline_events`` when they do).
        dispersion: used dispersion (1 when it is not above the threshold).
        freedom: degrees of freedom of its t distribution (infinite when it is 1 or given).
        rate_ratio: events over expected, with its interval.
    """

    windows: Windows
    events: float
    baseline_events: float
    expected: float
    effective_events: float
    dispersion: float
    freedom: float
    rate_ratio: Interval

    @property
    def exposure_ratio(self) -> float:
        """Exposure now over exposure of the baseline, in effective events."""
        if self.effective_events > 0:
            return self.expected / self.effective_events
        return float(np.mean(self.windows.weights)) if len(self.windows.weights) else math.nan

    @property
    def events_change(self) -> Interval:
        """Events now minus events expected: ``expected * (rate_ratio - 1)``; negative means fewer."""
        return self.rate_ratio.map(lambda r: self.expected * (r - 1) if self.expected > 0 else math.nan)

    @property
    def p_value(self) -> float:
        """Two-sided p of no change, of the same method as the interval; NaN for 0 against 0."""
        if not len(self.windows.now):
            return math.nan
        return comparison_p(
            self.events, self.effective_events, self.exposure_ratio, self.dispersion, self.freedom
        )

    def probability_at_most(self, limit: float) -> float:
        """Probability that the true rate ratio is at most ``limit``; NaN for 0 against 0."""
        if not len(self.windows.now) or (self.events == 0 and self.baseline_events == 0):
            return math.nan
        return probability_below(
            self.events, self.effective_events, self.exposure_ratio, limit, self.dispersion, self.freedom
        )


def compare(
    counts: pd.Series[float],
    windows: Windows,
    dispersion: Dispersion | float = 1.0,
    level: float = 0.95,
) -> Comparison:
    """Rate ratio of two matched windows.

    Each calendar month of the baseline is weighted by how often it occurs now, so a window of 21
    months (nine calendar months twice, three once) is compared with the same mix. With equal
    weights the interval is the exact conditional one (Clopper–Pearson). With unequal weights the
    weighted baseline is treated as the Poisson count with the same relative variance, which has
    ``expected**2 / sum(weights**2 * counts)`` events (the idea of Fay & Feuer 1997).

    A dispersion above 1.2 replaces the exact interval by the one of the log ratio with variance
    ``dispersion * (1/x1 + 1/x0)``, with the t distribution of an estimated dispersion (three years of
    months leave 23 degrees of freedom, and the normal would be 5 % too narrow); with a zero count,
    by the exact one of the counts divided by the dispersion.
    """
    now = float(counts.reindex(windows.now).sum())
    base = counts.reindex(windows.baseline).to_numpy(float)
    expected = float(np.sum(windows.weights * base))
    total = float(base.sum())
    effective = expected**2 / float(np.sum(windows.weights**2 * base)) if expected > 0 else 0.0
    if isinstance(dispersion, Dispersion):
        value, freedom = dispersion.value, dispersion.freedom
    else:
        value, freedom = dispersion, math.inf
    used, freedom = (value, freedom) if value > THRESHOLD else (1.0, math.inf)
    if not len(windows.now):
        nan = math.nan
        return Comparison(windows, 0.0, 0.0, 0.0, 0.0, used, freedom, Interval(nan, nan, nan, level))
    ratio = expected / effective if effective > 0 else float(np.mean(windows.weights))
    if used > 1 and now > 0 and effective > 0:
        interval = wald_interval(now, effective, ratio, level, used, freedom)
    else:
        interval = exact_interval(now / used, effective / used, ratio, level)
    return Comparison(windows, now, total, expected, effective, used, freedom, interval)
