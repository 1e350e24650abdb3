"""Many comparisons at once: adjusted p-values, what is declared, and shrunken estimates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

_METHODS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}
#: Share of false findings among what is declared, within one family.
FALSE_SHARE: Final = 0.10
#: Level for comparisons that were declared beforehand and are not adjusted.
ALPHA: Final = 0.05


def adjust(p: ArrayLike, method: str = "bh") -> NDArray[np.float64]:
    """Adjusted p-values: ``"bonferroni"``, ``"holm"``, ``"bh"`` (Benjamini–Hochberg) or ``"by"``.

    NaN stays NaN and does not count as a comparison.
    """
    # Imported here because the package takes long to load and only the adjustment needs it.
    from statsmodels.stats.multitest import multipletests

    if method not in _METHODS:
        raise ValueError(f"Adjust by one of {', '.join(_METHODS)}, not “{method}”.")
    values = np.array(p, float)
    known = np.isfinite(values)
    if known.any():
        values[known] = multipletests(values[known], method=_METHODS[method])[1]
    return values


def declare(
    p: ArrayLike,
    primary: ArrayLike,
    family: Sequence[object] | None = None,
    *,
    false_share: float = FALSE_SHARE,
    alpha: float = ALPHA,
) -> pd.DataFrame:
    """Which of many comparisons stand.

    Args:
        p: p-values, NaN where nothing was compared.
        primary: whether each was declared beforehand (the region, the primary measure): these are
            judged as they are, at ``alpha``.
        family: label of each comparison's family; the rest are adjusted within it
            (Benjamini–Hochberg at ``false_share``). None is one family.

    Returns:
        p_value, q_value (equal to p for primary ones), clear, of_comparisons (how many were adjusted
        together; 1 for primary ones, 0 where nothing was compared) and words.
    """
    values = np.asarray(p, float)
    first = np.asarray(primary, bool)
    labels = np.array(
        ["" if family is None else str(f) for f in (family or [""] * len(values))], dtype=object
    )
    q, many = values.copy(), np.where(np.isfinite(values), 1, 0)
    for label in dict.fromkeys(labels):
        here = (labels == label) & ~first & np.isfinite(values)
        if here.any():
            q[here] = adjust(values[here])
            many[here] = int(here.sum())
    with np.errstate(invalid="ignore"):
        clear = np.where(first, q <= alpha, q <= false_share)
    words = [
        "Not compared." if n == 0
        else "Declared beforehand; not adjusted." if one
        else f"1 of {n} comparisons." if n > 1
        else "The only comparison of its kind."
        for n, one in zip(many, first, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(
        {"p_value": values, "q_value": q, "clear": clear, "of_comparisons": many, "words": words}
    )


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Rate ratios of several places, drawn toward their common mean as far as chance explains them.

    Attributes:
        table: place, events, expected, raw, ratio, lower, upper, weight (0: all from the mean, 1: all
            its own), different (whether the interval leaves out the common mean), in the order given.
        mean: common rate ratio. spread: standard deviation of the true ratios around it.
        sentence: what it says, in words.
    """

    table: pd.DataFrame
    mean: float
    spread: float
    sentence: str


def shrink(
    places: Sequence[str],
    events: ArrayLike,
    expected: ArrayLike,
    *,
    dispersion: ArrayLike = 1.0,
    level: float = 0.95,
) -> Shrunken:
    """Empirical-Bayes estimates of rate ratios (gamma–Poisson, marginal maximum likelihood).

    Args:
        places: names, in the order shown; the table keeps it, because places are never ranked.
        events, expected: counts now and at the baseline's pace.
        dispersion: variance over mean of the counts, one or one for each place.
        level: coverage of the intervals.

    The true ratios are gamma distributed with mean m and variance m²/a; a place's estimate is
    ``(a + x) / (a/m + e)``. Where places differ no more than chance makes them, all are the mean.
    Source: Clayton & Kaldor 1987. Over-dispersion divides both counts.
    """
    phi = np.maximum(np.broadcast_to(np.asarray(dispersion, float), (len(places),)), 1.0)
    x, e = np.asarray(events, float) / phi, np.asarray(expected, float) / phi
    known = np.isfinite(x) & (e > 0)
    shape, mean = (_gamma_fit(x[known], e[known])) if known.sum() >= 2 else (math.inf, math.nan)
    if known.sum() == 1:
        mean = float(x[known][0] / e[known][0])
    ratio, lower, upper, weight = (np.full(len(places), math.nan) for _ in range(4))
    tail = (1 - level) / 2
    if known.any() and mean > 0:
        if math.isfinite(shape):
            a, b = shape + x, shape / mean + e
            ratio, weight = np.where(known, a / b, math.nan), np.where(known, e / b, math.nan)
            lower = np.where(known, stats.gamma.ppf(tail, a) / b, math.nan)
            upper = np.where(known, stats.gamma.isf(tail, a) / b, math.nan)
        else:  # nothing but chance between the places: the uncertainty is that of their sum
            total, size = x[known].sum(), e[known].sum()
            ratio, weight = np.where(known, mean, math.nan), np.where(known, 0.0, math.nan)
            lower = np.where(known, stats.gamma.ppf(tail, total + 0.5) / size, math.nan)
            upper = np.where(known, stats.gamma.isf(tail, total + 0.5) / size, math.nan)
    different = known & ((lower > mean) | (upper < mean)) & (weight > 0)
    table = pd.DataFrame(
        {
            "place": list(places), "events": np.asarray(events, float),
            "expected": np.asarray(expected, float),
            "raw": np.divide(x, e, out=np.full(len(x), math.nan), where=known),
            "ratio": ratio, "lower": lower, "upper": upper, "weight": weight, "different": different,
        }
    )  # fmt: skip
    spread = mean / math.sqrt(shape) if math.isfinite(shape) and math.isfinite(mean) else 0.0
    return Shrunken(table, mean, spread, _shrunken_words(table, int(known.sum())))


def _gamma_fit(x: NDArray[np.float64], e: NDArray[np.float64]) -> tuple[float, float]:
    """Shape (infinite when places do not differ beyond chance) and mean of the true ratios."""
    pooled = float(x.sum() / e.sum())
    if pooled <= 0:
        return math.inf, pooled

    def loss(point: NDArray[np.float64]) -> float:
        a, m = math.exp(point[0]), math.exp(point[1])
        p = m * e / (a + m * e)
        return -float(
            np.sum(special.gammaln(a + x) - special.gammaln(a) - a * np.log1p(m * e / a) + x * np.log(p))
        )

    found = optimize.minimize(loss, np.array([math.log(10.0), math.log(pooled)]), method="Nelder-Mead")
    flat = -float(np.sum(x * np.log(pooled * e) - pooled * e))
    # At a large shape the gamma is a point; below a hair's gain the places do not differ.
    if found.x[0] > 12 or -found.fun <= -flat + 1e-6:
        return math.inf, pooled
    return math.exp(float(found.x[0])), math.exp(float(found.x[1]))


def _shrunken_words(table: pd.DataFrame, known: int) -> str:
    if known < 2:
        return "There are too few places to compare."
    apart = table.loc[table["different"], "place"].tolist()
    if not apart:
        return f"The {known} places differ no more than chance allows, so none is singled out."
    return (
        f"Of {known} places, {len(apart)} differ from the common change by more than chance allows: "
        f"{', '.join(apart)}. Small places are drawn toward the common change, and no order is given."
    )
