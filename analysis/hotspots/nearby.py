"""Near repeats: do events come close together in space and time more than chance would have it?

Knox 1964. The times are shuffled over the places, which keeps where crime is and when it is, and
breaks only their connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.stats import poisson

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array

#: More close pairs than this would fill the memory.
MOST_PAIRS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Knox:
    """Pairs close in space and time.

    Attributes:
        observed: pairs close in both.
        expected: exact mean over all shuffles: close in space × close in time / all pairs.
        ratio: observed over expected.
        p_value: share of shuffles (the real one included) with at least as many; NaN without.
        p_poisson: P(X ≥ observed) for a Poisson count of that mean. R surveillance and pointpats print
            P(X > observed).
        space_pairs, time_pairs, all_pairs: how many pairs are close in one, and how many there are.
    """

    observed: int
    expected: float
    ratio: float
    p_value: float
    p_poisson: float
    space_pairs: int
    time_pairs: int
    all_pairs: int


def knox(
    xy: ArrayLike, days: ArrayLike, distance: float, time: float, permutations: int = 999, seed: int = 0
) -> Knox:
    """The Knox test.

    Args:
        xy: (n, 2) positions in a flat system (feet or metres, not degrees).
        days: (n,) times.
        distance, time: a pair is close when it is at most this far apart, ends included.
        permutations: shuffles of the times; 0 = none.
        seed: of the shuffles.

    Raises:
        RefusedError: fewer than 3 events, missing values, negative limits, or too many close pairs.
    """
    points, times = _checked(xy, days)
    if not (distance >= 0 and time >= 0):
        raise RefusedError(f"The limits are {distance} and {time}: both must be nought or more.")
    pairs = _close_pairs(points, distance)
    first, second = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])

    def close(order: Array) -> int:
        return int(np.count_nonzero(np.abs(order[first] - order[second]) <= time))

    observed = close(times)
    n = times.size
    everything = n * (n - 1) // 2
    in_time = int(_pairs_within(times, time))
    expected = len(pairs) * in_time / everything
    at_least = 0
    rng = np.random.default_rng(seed)
    for _ in range(permutations):
        at_least += int(close(rng.permutation(times)) >= observed)
    return Knox(
        observed,
        expected,
        observed / expected if expected else float("nan"),
        (at_least + 1) / (permutations + 1) if permutations else float("nan"),
        float(poisson.sf(observed - 1, expected)),
        len(pairs),
        in_time,
        everything,
    )


def near_repeat(
    xy: ArrayLike,
    days: ArrayLike,
    distances: Sequence[float] = (0, 400, 800, 1200),
    times: Sequence[float] = (7, 14, 28),
    permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """The Knox table: bands of distance by bands of time.

    Args:
        xy, days: as in :func:`knox`.
        distances: upper edges of the distance bands, rising; a first 0 is "same place". A band
            holds its upper edge and not its lower one.
        times: upper edges of the time bands, rising; the first band begins at 0, included.
        permutations, seed: as in :func:`knox`.

    Returns:
        One row a pair of bands: distance_from, distance_to, time_from, time_to, observed, expected
        (exact mean over all shuffles), ratio, p_value (at least as many, one-sided).
    """
    points, when = _checked(xy, days)
    far, late = _rising(distances, "distances"), _rising(times, "times")
    pairs = _close_pairs(points, far[-1])
    between = points[pairs[:, 0]] - points[pairs[:, 1]]
    row: NDArray[np.intp] = np.searchsorted(far, np.hypot(between[:, 0], between[:, 1]), side="left")
    shape = (int(far.size), int(late.size))

    def table(order: Array) -> NDArray[np.int64]:
        column = _time_bands(order, pairs, late)
        inside = column < late.size
        flat = np.bincount(row[inside] * late.size + column[inside], minlength=far.size * late.size)
        return np.asarray(flat, np.int64).reshape(shape)

    observed = table(when)
    everything = when.size * (when.size - 1) / 2
    in_band = np.diff(np.array([_pairs_within(when, edge) for edge in late]), prepend=0)
    expected = np.bincount(row, minlength=far.size)[:, None] * in_band[None, :] / everything
    at_least = np.zeros(shape, int)
    rng = np.random.default_rng(seed)
    for _ in range(permutations):
        at_least += table(rng.permutation(when)) >= observed
    lower = np.concatenate([[0.0], far[:-1]])
    earlier = np.concatenate([[0.0], late[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed / expected
    p = (at_least + 1) / (permutations + 1) if permutations else np.full(shape, np.nan)
    return pd.DataFrame(
        {
            "distance_from": np.repeat(lower, late.size),
            "distance_to": np.repeat(far, late.size),
            "time_from": np.tile(earlier, far.size),
            "time_to": np.tile(late, far.size),
            "observed": observed.ravel(),
            "expected": expected.ravel(),
            "ratio": ratio.ravel(),
            "p_value": p.ravel(),
        }
    )


def _checked(xy: ArrayLike, days: ArrayLike) -> tuple[Array, Array]:
    points, times = np.array(xy, float), np.array(days, float).ravel()
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != times.size:
        raise RefusedError(f"Positions are {points.shape} for {times.size} times: give one x, y pair each.")
    if times.size < 3:
        raise RefusedError(f"{times.size} events are too few for near repeats: at least 3 are needed.")
    if not (np.isfinite(points).all() and np.isfinite(times).all()):
        raise RefusedError(
            "A position or time is missing. Leave out events that could not be placed, and say how many."
        )
    return points, times


def _rising(values: Sequence[float], name: str) -> Array:
    edges = np.asarray(values, float)
    if edges.size == 0 or edges[0] < 0 or bool((np.diff(edges) <= 0).any()):
        raise RefusedError(f"{name} must rise from nought or more, not {tuple(values)}.")
    return edges


def _close_pairs(points: Array, distance: float) -> NDArray[np.intp]:
    tree = cKDTree(points)
    if tree.count_neighbors(tree, distance) > 2 * MOST_PAIRS:
        raise RefusedError(
            f"More than {MOST_PAIRS:,} pairs are closer than {distance:g}. "
            "Choose a smaller distance or a shorter window."
        )
    return np.asarray(tree.query_pairs(distance, output_type="ndarray"))


def _time_bands(times: Array, pairs: NDArray[np.intp], edges: Array) -> NDArray[np.intp]:
    """Each pair's time band by its upper end; the number of bands when it is beyond the last."""
    gaps = np.abs(times[pairs[:, 0]] - times[pairs[:, 1]])
    return np.searchsorted(edges, gaps, side="left")


def _pairs_within(times: Array, limit: float) -> int:
    ordered = np.sort(times)
    return int((np.searchsorted(ordered, ordered + limit, side="right") - np.arange(1, times.size + 1)).sum())
