"""Which areas are a fair comparison? Those whose counts before the start ran alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import chi2

from analysis.evidence import RefusedError
from analysis.hotspots.cumulative import unlike
from analysis.hotspots.lattice import checked_neighbours

CHOSEN: Final = "chosen"
LESS_ALIKE: Final = "less alike"
TOUCHES: Final = "touches the area"
LEFT_OUT: Final = "left out"
TREATED: Final = "the area itself"


def matched_areas(
    before: pd.DataFrame,
    treated: Any,
    *,
    areas: int = 3,
    block: int = 3,
    exclude: Collection[Any] = (),
    neighbours: sparse.spmatrix | None = None,
) -> pd.DataFrame:
    """Rank areas by how alike their counts before the start were, and choose the nearest.

    Months are added up to blocks (quarters), so that single months do not decide, and compared on the
    square-root scale, where chance makes the same difference at every level. Only months before the
    start may be given: a choice that knew what came after would be no comparison.

    Args:
        before: periods × areas, whole counts, before the start alone.
        treated: column of the area of the tactic.
        areas: how many to choose.
        block: periods that are added up.
        exclude: areas that may not be chosen (other focus areas, the ring).
        neighbours: contiguity of the columns, n × n; areas that touch the treated one are left out, since
            what moved there would be taken for a change of the comparison.

    Returns:
        One row an area, the most alike first: area, mean (events a period), distance (1 = as alike as two
        draws of the same Poisson counts), p_alike (chance of a distance at least as large between two such
        draws), trend (its slope less that of the treated area, events a block each block), role (one of
        the words above).

    Raises:
        RefusedError: an unknown area, fewer than two blocks, or no area left to choose from.
    """
    if treated not in before.columns:
        raise RefusedError(f"There is no area {treated!r} among the {before.shape[1]} given.")
    blocks = len(before) // block
    if blocks < 2:
        raise RefusedError(
            f"{len(before)} periods before the start make {blocks} blocks of {block}; two or more are needed."
        )
    counts = before.to_numpy(float)[len(before) - blocks * block :]
    if not np.isfinite(counts).all() or counts.min() < 0:
        raise RefusedError("A count before the start is missing or negative. Leave that area out.")
    sums = counts.reshape(blocks, block, -1).sum(axis=1)
    at = list(before.columns).index(treated)
    touching = np.zeros(before.shape[1], bool)
    if neighbours is not None:
        touching = np.asarray(checked_neighbours(neighbours, before.shape[1])[[at]].todense()).ravel() > 0
    t = np.arange(blocks)
    slopes = np.polyfit(t, sums, 1)[0]
    rows = pd.DataFrame(
        {
            "area": before.columns,
            "mean": counts.mean(axis=0),
            "distance": [unlike(sums[:, at], sums[:, j]) for j in range(sums.shape[1])],
            "trend": slopes - slopes[at],
        }
    )
    rows["p_alike"] = chi2.sf(rows["distance"] * blocks, blocks)
    role = np.full(len(rows), LESS_ALIKE, dtype=object)
    role[touching] = TOUCHES
    role[rows["area"].isin(list(exclude)).to_numpy()] = LEFT_OUT
    role[at] = TREATED
    free = np.flatnonzero(role == LESS_ALIKE)
    if free.size == 0:
        raise RefusedError("No area is left to compare with: all touch the area or are left out.")
    nearest = free[np.argsort(rows["distance"].to_numpy()[free], kind="stable")][:areas]
    role[nearest] = CHOSEN
    rows["role"] = role
    rows = rows.astype({"role": "str"}).sort_values("distance", kind="stable", ignore_index=True)
    return rows[["area", "mean", "distance", "p_alike", "trend", "role"]]
