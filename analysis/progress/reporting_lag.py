"""Reports that come late: how complete a month is by its age, and what it may grow to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class ChainLadder:
    """Completeness of each period, from how earlier periods grew with age.

    Attributes:
        factors: growth from each age to the next (length: ages − 1).
        latest: newest known cumulative count of each period.
        ultimate: what each period is expected to grow to.
        completeness: latest over ultimate; 1 for a period whose ultimate is zero.
    """

    factors: NDArray[np.float64]
    latest: NDArray[np.float64]
    ultimate: NDArray[np.float64]
    completeness: NDArray[np.float64]


def chain_ladder(cumulative: ArrayLike) -> ChainLadder:
    """Chain-ladder completeness (volume-weighted development factors).

    Args:
        cumulative: periods × ages; NaN where an age has not been reached yet. Row i holds what was
            known of period i at age 0, 1, 2, …

    Returns:
        A :class:`ChainLadder`. A factor whose denominator is zero, or that no period has seen, is 1.
    """
    table = np.asarray(cumulative, float)
    if table.ndim != 2 or table.shape[1] < 1:
        raise ValueError("A chain ladder needs a table of periods by ages.")
    known = np.isfinite(table)
    if not known[:, 0].all():
        raise ValueError("Each period needs at least its first known count.")
    both = known[:, 1:] & known[:, :-1]
    newer = np.where(both, table[:, 1:], 0).sum(axis=0)
    older = np.where(both, table[:, :-1], 0).sum(axis=0)
    factors = np.divide(newer, older, out=np.ones_like(newer), where=older > 0)
    # Product of the factors from age j to the last age.
    to_come = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    age = table.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    latest = table[np.arange(len(table)), age]
    ultimate = latest * to_come[age]
    completeness = np.divide(latest, ultimate, out=np.ones_like(latest), where=ultimate > 0)
    return ChainLadder(factors, latest, ultimate, completeness)
