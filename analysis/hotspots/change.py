"""Did the tactic's area change? Simple tests on counts before and after.

The weighted displacement difference (Wheeler, Ratcliffe 2018) is a difference-in-differences of
counts with a Poisson variance, minus (or plus) what moved next door. The E-test (Krishnamoorthy,
Thomson 2004) compares two Poisson rates and is right for small counts too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, poisson

from analysis.evidence import RefusedError

Pair = tuple[float, float]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wdd:
    """Weighted displacement difference, in events of the after period.

    ``estimate`` (negative = fewer than the comparison) is the sum of ``local`` and ``displaced``;
    ``se``, ``z``, ``p_value`` (two-sided), ``lower`` and ``upper`` (at ``level``) are its own.
    """

    estimate: float
    se: float
    z: float
    p_value: float
    lower: float
    upper: float
    level: float
    local: float
    local_se: float
    displaced: float
    displaced_se: float


def wdd(
    treated: Sequence[float],
    control: Sequence[float],
    displacement: Sequence[float] | None = None,
    control_displacement: Sequence[float] | None = None,
    *,
    time_weights: Sequence[float] = (1.0, 1.0),
    area_weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    dispersion: float = 1.0,
    level: float = 0.95,
) -> Wdd:
    """Change in an area against a comparison area, its surroundings included.

    Args:
        treated, control: (before, after) counts of incidents.
        displacement, control_displacement: the same for the rings round both; both or neither.
        time_weights: lengths of the before and after periods (24 months before, 12 after: (2, 1)).
            Counts are divided by them, so the estimate is per unit of time.
        area_weights: sizes of the four areas in the order of the arguments (treated, control,
            displacement, control_displacement); counts are divided by them.
        dispersion: variance over mean of monthly counts before the start, if it is above 1:
            the standard error grows by its square root. Incidents, not victims, are near 1.
        level: coverage of the interval.

    Raises:
        RefusedError: negative or missing counts, a ring without the other, weights that are not
            positive, or no event anywhere.
    """
    if (displacement is None) != (control_displacement is None):
        raise RefusedError(
            "A displacement ring needs a ring round the comparison area too: give both or neither."
        )
    before, after = _weights(time_weights, 2, "time_weights")
    areas = _weights(area_weights, 4, "area_weights")
    if not dispersion > 0 or not 0.5 < level < 1:
        raise RefusedError("dispersion must be above 0 and level between 0.5 and 1.")

    def difference(
        inside: Sequence[float], outside: Sequence[float], a: float, b: float
    ) -> tuple[float, float]:
        (i0, i1), (o0, o1) = _pair(inside), _pair(outside)
        change = (i1 / after - i0 / before) / a - (o1 / after - o0 / before) / b
        variance = (i1 / after**2 + i0 / before**2) / a**2 + (o1 / after**2 + o0 / before**2) / b**2
        return change, dispersion * variance

    local, local_variance = difference(treated, control, areas[0], areas[1])
    moved, moved_variance = 0.0, 0.0
    if displacement is not None and control_displacement is not None:
        moved, moved_variance = difference(displacement, control_displacement, areas[2], areas[3])
    return _stated(local, local_variance, moved, moved_variance, level)


def wdd_harm(
    treated: Sequence[Sequence[float]],
    control: Sequence[Sequence[float]],
    weights: Sequence[float],
    displacement: Sequence[Sequence[float]] | None = None,
    control_displacement: Sequence[Sequence[float]] | None = None,
    *,
    time_weights: Sequence[float] = (1.0, 1.0),
    area_weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    dispersion: float = 1.0,
    level: float = 0.95,
) -> Wdd:
    """The same over several offenses, each weighted by its harm (one pair and one weight an offense).

    ``estimate`` is in units of harm (for example days of sentence). Rings, periods and sizes as in
    :func:`wdd`. An offense without any event adds nothing.
    """
    rings = [x for x in (displacement, control_displacement) if x is not None]
    if not len(treated) == len(control) == len(weights) or any(len(r) != len(treated) for r in rings):
        raise RefusedError(
            f"{len(treated)} treated pairs, {len(control)} control pairs and {len(weights)} weights: "
            "give one of each for every offense (and of each ring)."
        )
    local = local_variance = moved = moved_variance = 0.0
    for k, weight in enumerate(weights):
        pairs = [x[k] for x in (treated, control, displacement, control_displacement) if x is not None]
        if len(pairs) == 3:
            raise RefusedError(
                "A displacement ring needs a ring round the comparison area too: give both or neither."
            )
        if not sum(sum(_pair(pair)) for pair in pairs):
            continue
        part = wdd(
            *pairs, time_weights=time_weights, area_weights=area_weights, dispersion=dispersion, level=level
        )
        local, local_variance = local + weight * part.local, local_variance + (weight * part.local_se) ** 2
        moved = moved + weight * part.displaced
        moved_variance = moved_variance + (weight * part.displaced_se) ** 2
    return _stated(local, local_variance, moved, moved_variance, level)


def e_test(x1: float, x2: float, t1: float = 1.0, t2: float = 1.0, d: float = 0.0) -> float:
    """Two-sided p-value that two Poisson rates differ by no more than chance.

    The distribution of the statistic is summed exactly at the estimated rates. The statistic is the
    difference of the rates over the root of the pooled rate, as in R ptools; with equal exposures and
    ``d`` = 0 it orders all pairs of counts exactly as the one printed in the paper does. With another
    ``d``, ptools takes the observed pair's rate under the hypothesis and all other pairs' without it;
    so does this, to give the same number, which is then somewhat too small.

    Args:
        x1, x2: whole counts.
        t1, t2: their exposures (months, or people).
        d: difference of the rates under the hypothesis, ``x1 / t1 − x2 / t2``.

    Raises:
        RefusedError: both counts zero, negative or fractional counts, exposures that are not positive.
    """
    for name, count in (("x1", x1), ("x2", x2)):
        if not np.isfinite(count) or count < 0 or count != int(count):
            raise RefusedError(f"{name} is {count}: a count is a whole number, nought or more.")
    if not (t1 > 0 and t2 > 0):
        raise RefusedError(f"The exposures are {t1} and {t2}: both must be above zero.")
    if x1 == 0 and x2 == 0:
        raise RefusedError("Both counts are zero: there is nothing to compare. Use a longer window.")
    rate = (x1 + x2) / (t1 + t2) - d * t1 / (t1 + t2)
    if rate <= 0 or rate + d <= 0:
        raise RefusedError(
            f"A difference of {d} would leave a rate of nought or less; choose one nearer to zero."
        )

    observed = abs(x1 / t1 - x2 / t2 - d) / np.sqrt(rate)
    i, p1 = _support(t1 * (rate + d))
    j, p2 = _support(t2 * rate)
    total = 0.0
    for start in range(0, len(i), 512):  # a table of all pairs, some rows at a time
        a = i[start : start + 512, None]
        pooled = (a + j) / (t1 + t2)
        difference = np.abs(a / t1 - j / t2 - d)
        # Nothing at all on either side has no spread and is never extreme.
        statistic = np.divide(difference, np.sqrt(pooled), out=np.zeros_like(difference), where=pooled > 0)
        extreme = statistic >= observed * (1 - 1e-12)
        total += float(p1[start : start + 512] @ (extreme @ p2))
    return min(total, 1.0)


def _support(mean: float) -> tuple[FloatArray, FloatArray]:
    """Counts that hold all but 1e-15 of a Poisson distribution, and their probabilities."""
    low, high = int(max(poisson.ppf(1e-16, mean), 0)), int(poisson.isf(1e-16, mean)) + 1
    counts = np.arange(low, high + 1, dtype=float)
    return counts, poisson.pmf(counts, mean)


def _stated(local: float, local_variance: float, moved: float, moved_variance: float, level: float) -> Wdd:
    variance = local_variance + moved_variance
    if variance <= 0:
        raise RefusedError("No event in any area, before or after: there is nothing to compare.")
    estimate, se = local + moved, float(np.sqrt(variance))
    z, reach = estimate / se, float(norm.isf((1 - level) / 2)) * se
    return Wdd(
        estimate, se, z, float(2 * norm.sf(abs(z))), estimate - reach, estimate + reach, level,
        local, float(np.sqrt(local_variance)), moved, float(np.sqrt(moved_variance)),
    )  # fmt: skip


def _pair(counts: Sequence[float]) -> Pair:
    if len(counts) != 2:
        raise RefusedError(f"Give (before, after), two counts, not {len(counts)}.")
    before, after = float(counts[0]), float(counts[1])
    if not (np.isfinite(before) and np.isfinite(after)) or before < 0 or after < 0:
        raise RefusedError(
            f"Counts before and after are {before:g} and {after:g}: both must be nought or more."
        )
    return before, after


def _weights(weights: Sequence[float], n: int, name: str) -> tuple[float, ...]:
    values = tuple(float(w) for w in weights)
    if len(values) != n or not all(np.isfinite(w) and w > 0 for w in values):
        raise RefusedError(f"{name} must be {n} numbers above zero, not {tuple(weights)}.")
    return values
