"""How far a share that a study counted may lie from the true one because the tries were limited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import norm

#: Level of the interval around a counted share.
LEVEL: Final = 0.95


def share_interval(
    hits: Sequence[Any] | Any, clusters: Sequence[Any] | Any | None = None
) -> tuple[float, float]:
    """Wilson's 95 % interval for a share, in percent (Wilson 1927; Brown, Cai, DasGupta 2001).

    Args:
        hits: one 0 or 1 a try.
        clusters: which tries hang together (an agency tried at several dates). The number of tries is then
            divided by the design effect, the variance between clusters over that of independent tries
            (Kish 1965), if that is above 1.

    Returns:
        Lower and upper limit; NaN without a try.
    """
    flags = np.asarray(hits, float)
    n = float(len(flags))
    if n == 0:
        return float("nan"), float("nan")
    p = float(flags.mean())
    if clusters is not None and 0 < p < 1:
        off = pd.Series(flags - p).groupby(np.asarray(clusters)).sum().to_numpy(float)
        k = len(off)
        if k > 1:
            effect = k / (k - 1) * float((off**2).sum()) / (n * p * (1 - p))
            n /= max(effect, 1.0)
    z = float(norm.ppf(0.5 + LEVEL / 2))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)))
    return round(100 * (middle - half), 1), round(100 * (middle + half), 1)


def verdict(share: float, interval: tuple[float, float], promise: tuple[float, float]) -> str:
    """Whether a coverage keeps a promise: inside, too narrow, too wide, or outside by no more than chance."""
    low, top = promise
    if low <= share <= top:
        return "inside"
    if interval[0] <= top and interval[1] >= low:
        return "outside by no more than chance"
    return "too narrow" if share < low else "too wide"
