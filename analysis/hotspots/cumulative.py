"""The difference against the comparison area as it adds up month by month, and how noisy months are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.evidence import Interval, RefusedError
from analysis.hotspots.change import wdd
from analysis.hotspots.lattice import Array, checked_values

#: Dispersion up to which counts are as good as Poisson.
_POISSON: Final = 1.2


def dispersion(counts: ArrayLike | pd.Series) -> float:
    """Variance over mean of counts before the start, a straight trend taken out; at least 1.

    Up to 1.2 it is 1: monthly incidents scatter about that much by chance alone.

    Raises:
        RefusedError: fewer than 6 periods, missing or negative counts.
    """
    x, _ = checked_values(counts, "counts")
    if x.size < 6 or x.min() < 0:
        raise RefusedError(
            f"{x.size} periods before the start: at least 6 counts of nought or more are needed."
        )
    if x.sum() == 0:
        return 1.0
    t = np.arange(x.size)
    fitted = np.polyval(np.polyfit(t, x, 1), t)
    found = float(((x - fitted) ** 2).sum() / (x.size - 2)) / float(x.mean())
    return found if found > _POISSON else 1.0


def wdd_cumulative(
    treated: ArrayLike | pd.Series,
    control: ArrayLike | pd.Series,
    displacement: ArrayLike | pd.Series | None = None,
    control_displacement: ArrayLike | pd.Series | None = None,
    *,
    before: int,
    area_weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
    inflation: float = 1.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """The weighted displacement difference after 1, 2, … months, in events so far.

    After m months the events of these months are compared with the mean of the ``before`` periods
    times m, in the area less the comparison area. Months are not independent looks: the interval of
    each row is right for that row alone.

    Args:
        treated, control, displacement, control_displacement: one whole count a period each, of the same
            periods; the last two both or neither. A Series keeps its index.
        before: number of periods before the start; the rest come after.
        area_weights: as in :func:`analysis.hotspots.wdd`.
        inflation: dispersion by which variances are multiplied (:func:`dispersion`).

    Returns:
        One row a period after the start: period, months, estimate, se, lower, upper, local, displaced.

    Raises:
        RefusedError: series of different length, no period before or after, or as ``wdd``.
    """
    given = [treated, control, displacement, control_displacement]
    if (displacement is None) != (control_displacement is None):
        raise RefusedError(
            "A displacement ring needs a ring round the comparison area too: give both or neither."
        )
    series = [checked_values(x, "counts")[0] for x in given if x is not None]
    n = series[0].size
    if any(x.size != n for x in series):
        raise RefusedError("The series have different lengths: give the same periods for every area.")
    if not 0 < before < n:
        raise RefusedError(
            f"{before} periods before the start of {n}: at least one is needed on either side."
        )
    index = treated.index if isinstance(treated, pd.Series) else pd.RangeIndex(n)
    rows = []
    for m in range(1, n - before + 1):
        pairs = [(float(x[:before].sum()), float(x[before : before + m].sum())) for x in series]
        # Events of m months: the earlier counts are brought to the same length.
        found = wdd(
            *pairs, time_weights=(before / m, 1.0), area_weights=area_weights, dispersion=inflation,
            level=level,
        )  # fmt: skip
        rows.append(
            {
                "period": index[before + m - 1], "months": m, "estimate": found.estimate, "se": found.se,
                "lower": found.lower, "upper": found.upper, "local": found.local,
                "displaced": found.displaced,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def relative_effect(
    treated: tuple[float, float], control: tuple[float, float], inflation: float = 1.0, level: float = 0.95
) -> Interval:
    """Ratio of the area's change to the comparison area's: 0.8 = a fifth fewer than by its change.

    The relative effect size of Farrington and Welsh, with a log-normal interval from Poisson counts
    times ``inflation``. For areas of different size it fits better than a difference of counts. Half an
    event is added to each count when one is nought.

    Raises:
        RefusedError: negative counts, or none in a whole area.
    """
    counts = np.array([*treated, *control], float)
    if counts.size != 4 or not np.isfinite(counts).all() or counts.min() < 0:
        raise RefusedError("Give (before, after) for both areas, counts of nought or more.")
    if counts[:2].sum() == 0 or counts[2:].sum() == 0:
        raise RefusedError("One of the areas had no event, before or after: there is no ratio.")
    counts = counts + 0.5 * float(counts.min() == 0)
    ratio = float(np.log(counts[1] * counts[2] / (counts[0] * counts[3])))
    reach = float(norm.isf((1 - level) / 2) * np.sqrt(inflation * (1.0 / counts).sum()))
    low, mid, high = np.exp([ratio - reach, ratio, ratio + reach])
    return Interval(float(mid), float(low), float(high), level)


def unlike(a: Array, b: Array) -> float:
    """How unlike two series of counts are: 1 = as two draws of the same Poisson counts; larger = more.

    The square roots of Poisson counts have variance 1/4 whatever their mean (Anscombe's 3/8 added).
    """
    gap = 2.0 * (np.sqrt(a + 0.375) - np.sqrt(b + 0.375))
    return float((gap**2).mean() / 2.0)
