"""How unusual is the busiest stretch of a series? The scan statistic of Naus (1982).

With constant chance, the busiest of all possible windows is much busier than a window chosen
beforehand; comparing it with an ordinary Poisson tail finds "surges" in every series.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import poisson

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import checked_values


def scan_p(periods: int, window: int, mean: float, most: int) -> float:
    """Probability that some window holds at least ``most`` events when nothing but chance is at work.

    Naus's approximation Q2 (Q3/Q2)^(L−2), from the exact probabilities for two and three windows (Naus
    1982, J. Am. Stat. Assoc. 77; the form in R ptools ``scanw``). Windows may begin at any moment, so for
    counts by whole periods it is an upper limit.

    Args:
        periods: length of the series, in periods. window: length of the window, in periods.
        mean: events a period. most: events in the busiest window.

    Raises:
        RefusedError: a window shorter than one period or longer than half the series, a mean that is not
            positive, or a negative number of events.
    """
    if window < 1 or periods < 2 * window:
        raise RefusedError(
            f"A window of {window} in a series of {periods}: the series must hold at least two windows."
        )
    if not mean > 0 or most < 0:
        raise RefusedError(
            f"A mean of {mean} and {most} events: the mean must be above zero, events not below."
        )
    n, psi = int(most), mean * window
    if n <= 1:
        return float(-np.expm1(-mean * periods)) if n == 1 else 1.0

    def p(k: int) -> float:
        return float(poisson.pmf(k, psi)) if k >= 0 else 0.0

    def f(k: int) -> float:
        return float(poisson.cdf(k, psi)) if k >= 0 else 0.0

    two = f(n - 1) ** 2 - (n - 1) * p(n) * p(n - 2) - (n - 1 - psi) * p(n) * f(n - 3)
    a1 = 2 * p(n) * f(n - 1) * ((n - 1) * f(n - 2) - psi * f(n - 3))
    a2 = 0.5 * p(n) ** 2 * (
        (n - 1) * (n - 2) * f(n - 3) - 2 * (n - 2) * psi * f(n - 4) + psi**2 * f(n - 5)
    )  # fmt: skip
    a3 = sum(p(2 * n - r) * f(r - 1) ** 2 for r in range(1, n))
    a4 = sum(p(2 * n - r) * p(r) * ((r - 1) * f(r - 2) - psi * f(r - 3)) for r in range(2, n))
    three = f(n - 1) ** 3 - a1 + a2 + a3 - a4
    if two <= 0 or three <= 0:
        return 1.0
    return float(np.clip(1.0 - two * (three / two) ** (periods / window - 2), 0.0, 1.0))


def busiest_window(counts: ArrayLike | pd.Series, window: int) -> tuple[int, int, float]:
    """The busiest stretch of ``window`` consecutive periods: where it begins, its events, its scan p.

    Args:
        counts: one whole count a period, in order. window: periods, at most half of them.

    Raises:
        RefusedError: missing or negative counts, no event, or a window that does not fit twice.
    """
    x, _ = checked_values(counts, "counts")
    if x.min() < 0 or x.sum() == 0:
        raise RefusedError("A count is negative, or there is no event: there is nothing to scan.")
    if window < 1 or x.size < 2 * window:
        raise RefusedError(f"A window of {window} does not fit twice into {x.size} periods.")
    sums = np.convolve(x, np.ones(window), mode="valid")
    at = int(np.argmax(sums))
    most = int(sums[at])
    return at, most, scan_p(x.size, window, float(x.mean()), most)
