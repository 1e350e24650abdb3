"""Is it changing? Hot and cold spots over a cube of places and periods, put into words.

The classes follow the written rules of Esri's Emerging Hot Spot Analysis (ArcGIS Pro 3.x). Their
order matters and is that of :data:`PATTERNS`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import norm

from analysis.evidence import RefusedError
from analysis.hotspots.gi import gi_star_z, two_sided_normal, with_self
from analysis.hotspots.lattice import Array, benjamini_hochberg, checked_neighbours

NO_PATTERN: Final = "no pattern"
#: Every kind of hot (and cold) spot, in the order in which the rules are tried.
PATTERNS: Final = (
    "new",
    "intensifying",
    "diminishing",
    "persistent",
    "oscillating",
    "consecutive",
    "sporadic",
    "historical",
)
#: The kinds in five words for everybody.
PLAIN_WORDS: Final = {
    "new": "new",
    "intensifying": "growing",
    "persistent": "persistent",
    "diminishing": "fading",
    "historical": "fading",
    "consecutive": "new",
    "oscillating": "on and off",
    "sporadic": "on and off",
}
#: What each kind means, for a hot spot (for a cold one read "cold").
RULES: Final = {
    "new": "hot in the last period and never before",
    "intensifying": "hot in at least 90 % of the periods, the last included, and rising",
    "diminishing": "hot in at least 90 % of the periods, the last included, and falling",
    "persistent": "hot in at least 90 % of the periods, the last included, with no trend",
    "oscillating": "hot in the last period and cold in an earlier one",
    "consecutive": "hot in an unbroken run of two or more periods at the end, never before",
    "sporadic": "hot in the last period, on and off before",
    "historical": "hot in at least 90 % of the periods, but not in the last",
}
MIN_PERIODS: Final = 4


def emerging(
    cube: pd.DataFrame | ArrayLike,
    neighbours: Any,
    comparison: Literal["slice", "cube"] = "slice",
    correction: Literal["bh", "none"] = "bh",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Classify every place by its run of hot and cold periods.

    Args:
        cube: (places, periods) counts, periods in order. A DataFrame keeps its index.
        neighbours: scipy.sparse n × n, ones and zeros, without the place itself.
        comparison: ``slice`` compares each period with itself, so a citywide rise is not a hot spot;
            ``cube`` compares with all periods at once, and the neighbourhood reaches back one period
            (ArcGIS's default): a citywide rise then shows as intensifying.
        correction: ``bh`` = Benjamini–Hochberg over all places and periods; ``none`` = plain p-values.
        alpha: level of hot and cold periods, and of the trend.

    Returns:
        One row a place: label ("new hot spot" … or "no pattern"), plain ("growing hot spot" … or
        "no pattern"), hot_periods, cold_periods, z_last, trend_s, trend_z, trend_p (Mann–Kendall of the
        z-scores, tie-corrected, two-sided), tau.

    Raises:
        RefusedError: fewer than 4 periods, missing values, nothing that varies, or neighbours that do
            not fit.
    """
    counts, index = _checked(cube)
    matrix = checked_neighbours(neighbours, counts.shape[0])
    z = _scores(counts, with_self(matrix), matrix, comparison)
    p = two_sided_normal(z)
    significant = (benjamini_hochberg(p) if correction == "bh" else p) < alpha
    state = np.where(significant, np.sign(z), 0.0).astype(int)
    trend = mann_kendall(z)
    direction = np.where(trend["p"] < alpha, np.sign(trend["s"]), 0.0).astype(int)
    kinds = [_kind(row, int(d)) for row, d in zip(state, direction, strict=True)]
    return pd.DataFrame(
        {
            "label": [f"{kind} {spot} spot" if kind else NO_PATTERN for kind, spot in kinds],
            "plain": [f"{PLAIN_WORDS[kind]} {spot} spot" if kind else NO_PATTERN for kind, spot in kinds],
            "hot_periods": (state == 1).sum(axis=1),
            "cold_periods": (state == -1).sum(axis=1),
            "z_last": z[:, -1],
            "trend_s": trend["s"].to_numpy(),
            "trend_z": trend["z"].to_numpy(),
            "trend_p": trend["p"].to_numpy(),
            "tau": trend["tau"].to_numpy(),
        },
        index=index,
    ).astype({"label": "str", "plain": "str"})


def mann_kendall(series: ArrayLike) -> pd.DataFrame:
    """Mann–Kendall trend test of each row: s, z (tie-corrected, continuity-corrected), p, tau."""
    rows = np.atleast_2d(np.asarray(series, float))
    n = rows.shape[1]
    s = np.zeros(len(rows))
    for lag in range(1, n):
        s += np.sign(rows[:, lag:] - rows[:, :-lag]).sum(axis=1)
    ties = np.array([_tie_term(row) for row in rows])
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18.0
    z = np.divide(s - np.sign(s), np.sqrt(variance), out=np.zeros(len(rows)), where=variance > 0)
    return pd.DataFrame({"s": s, "z": z, "p": 2.0 * norm.sf(np.abs(z)), "tau": s / (n * (n - 1) / 2.0)})


def _tie_term(row: Array) -> float:
    _, counts = np.unique(row, return_counts=True)
    return float((counts * (counts - 1) * (2 * counts + 5)).sum())


def _checked(cube: pd.DataFrame | ArrayLike) -> tuple[Array, pd.Index]:
    index = cube.index if isinstance(cube, pd.DataFrame) else None
    counts = np.array(cube, dtype=float)
    if counts.ndim != 2 or counts.shape[1] < MIN_PERIODS:
        raise RefusedError(
            f"The cube is {counts.shape}: give places × periods, "
            f"with at least {MIN_PERIODS} periods (10 is sensible)."
        )
    if not np.isfinite(counts).all():
        raise RefusedError("A place has no value in some period. A period without events is a zero.")
    if np.ptp(counts) == 0:
        raise RefusedError("Every place has the same value in every period: there is nothing to classify.")
    return counts, pd.RangeIndex(len(counts)) if index is None else index


def _scores(counts: Array, around: sparse.csr_matrix, matrix: sparse.csr_matrix, comparison: str) -> Array:
    places, periods = counts.shape
    if comparison == "slice":
        return np.column_stack([gi_star_z(counts[:, t], around) for t in range(periods)])
    if comparison != "cube":
        raise RefusedError(f"There is no comparison {comparison!r}. Choose 'slice' or 'cube'.")
    # One long vector, period after period; a neighbourhood reaches into the period before.
    back = sparse.diags([np.ones(periods), np.ones(periods - 1)], [0, -1])
    whole = sparse.kron(back, around, format="csr")
    return gi_star_z(counts.T.ravel(), whole).reshape(periods, places).T


def _kind(states: NDArray[np.int_], trend: int) -> tuple[str, str]:
    """The kind of spot and "hot" or "cold"; empty when no rule holds."""
    last = int(states[-1])
    if last == 0:
        for side, word in ((1, "hot"), (-1, "cold")):
            if (states == side).mean() >= 0.9:
                return "historical", word
        return "", ""
    mine, word = states == last, "hot" if last == 1 else "cold"
    if mine.sum() == 1:
        return "new", word
    if mine.mean() >= 0.9:
        return {last: "intensifying", -last: "diminishing"}.get(trend, "persistent"), word
    if bool((states == -last).any()):
        return "oscillating", word
    run = int(np.argmin(mine[::-1]))  # length of the unbroken run at the end; one period breaks it
    if mine.sum() == run and run >= 2:
        return "consecutive", word
    return "sporadic", word
