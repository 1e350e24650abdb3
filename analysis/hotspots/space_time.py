"""Is something beginning somewhere now? The space-time permutation scan of Kulldorff et al. (2005).

Cylinders of all places (a place and the rings around it) and of the last few periods are compared with what
the place's share of all events and the period's share of all events would give together. So neither a place
that is always busy nor a month that is busy everywhere is found; no population is needed. The most unusual
cylinder is judged against the most unusual one of shuffled periods, which answers for looking everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array, checked_neighbours

FEWEST: Final = 10
COLUMNS: Final = (
    "place", "rings", "periods", "observed", "expected", "ratio", "likelihood", "p_value", "members"
)  # fmt: skip


def space_time_scan(
    places: ArrayLike,
    periods: ArrayLike,
    neighbours: Any,
    n_periods: int,
    *,
    rings: int = 2,
    longest: int = 6,
    permutations: int = 199,
    most: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Cylinders of the last periods with more events than place and time by themselves would give.

    Args:
        places, periods: (n,) of each event: row in ``neighbours``, and period from 0 to ``n_periods`` − 1.
        neighbours: scipy.sparse n × n, ones and zeros, without the place itself.
        n_periods: length of the series; the last ``longest`` of them at most make up a cylinder.
        rings: the largest cylinder has so many rings of neighbours around its place.
        permutations: shuffles of the periods over the events. most: cylinders to return.
        seed: of the shuffles.

    Returns:
        At most ``most`` cylinders without a place in common, the most unusual first: place (row), rings,
        periods (how many of the last), observed, expected, ratio, likelihood (log ratio), p_value (share of
        shuffles, the real one included, whose most unusual cylinder is at least as unusual), members (rows).
        Empty when no cylinder holds more than expected.

    Raises:
        RefusedError: fewer than 10 events, a place or period that does not exist, or windows that do not
            fit twice.
    """
    where, when = np.asarray(places), np.asarray(periods)
    matrix = checked_neighbours(neighbours, neighbours.shape[0])
    _check(where, when, matrix.shape[0], n_periods, longest)
    reach = _reaches(matrix, rings)
    lengths = range(1, longest + 1)
    n = where.size
    shares = np.array([(when >= n_periods - w).mean() for w in lengths])
    alone = np.bincount(where, minlength=matrix.shape[0]).astype(float)
    expected = np.stack([(r @ alone)[:, None] * shares[None, :] for r in reach])

    def cylinders(order: NDArray[Any]) -> Array:
        counted = np.stack(
            [np.bincount(where[order >= n_periods - w], minlength=alone.size) for w in lengths], axis=1
        ).astype(float)
        return np.stack([r @ counted for r in reach])

    observed = cylinders(when)
    likelihood = _likelihood(observed, expected, n)
    rng = np.random.default_rng(seed)
    highest = np.array(
        [_likelihood(cylinders(rng.permutation(when)), expected, n).max() for _ in range(permutations)]
    )
    rows = []
    for ring, place, window in _apart(likelihood, reach, most):
        found, usual = observed[ring, place, window], expected[ring, place, window]
        size = likelihood[ring, place, window]
        rows.append(
            (
                int(place), ring, window + 1, int(found), float(usual), float(found / usual), float(size),
                float((1 + (highest >= size).sum()) / (1 + permutations)),
                tuple(int(i) for i in reach[ring][place].indices),
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _check(where: NDArray[Any], when: NDArray[Any], n: int, n_periods: int, longest: int) -> None:
    if where.size < FEWEST or where.shape != when.shape:
        raise RefusedError(f"{where.size} events are too few for a scan: at least {FEWEST} are needed.")
    if where.min() < 0 or where.max() >= n or when.min() < 0 or when.max() >= n_periods:
        raise RefusedError(
            "An event has a place or period that does not exist. Leave out events that were not placed."
        )
    if longest < 1 or n_periods < 2 * longest:
        raise RefusedError(f"Windows of up to {longest} periods do not fit twice into {n_periods}.")


def _reaches(matrix: sparse.csr_matrix, rings: int) -> list[sparse.csr_matrix]:
    """For 0, 1, … rings: which places belong to the cylinder of each place."""
    step = (matrix + sparse.identity(matrix.shape[0], format="csr")).tocsr()
    found = [sparse.identity(matrix.shape[0], format="csr")]
    for _ in range(rings):
        wider = (found[-1] @ step).tocsr()
        wider.data[:] = 1.0
        found.append(wider)
    return found


def _likelihood(observed: Array, expected: Array, n: int) -> Array:
    """Log likelihood ratio of Poisson counts inside and outside; 0 where no more than expected is seen."""
    out = np.zeros(observed.shape)
    more = (observed > expected) & (expected > 0)
    c, e = observed[more], expected[more]
    out[more] = c * np.log(c / e)
    rest = (n > c) & (n > e)
    c, e = c[rest], e[rest]
    inner = out[more]
    inner[rest] += (n - c) * np.log((n - c) / (n - e))
    out[more] = inner
    return out


def _apart(likelihood: Array, reach: Sequence[sparse.csr_matrix], most: int) -> list[tuple[int, int, int]]:
    """The most unusual cylinders that have no place in common: (rings, place, window)."""
    left, taken = likelihood.copy(), np.zeros(likelihood.shape[1], dtype=bool)
    found: list[tuple[int, int, int]] = []
    while len(found) < most and left.max() > 0:
        ring, place, window = (int(i) for i in np.unravel_index(int(left.argmax()), left.shape))
        found.append((ring, place, window))
        taken[reach[ring][place].indices] = True
        for r, matrix in enumerate(reach):
            left[r, (matrix @ taken) > 0, :] = 0.0
    return found
