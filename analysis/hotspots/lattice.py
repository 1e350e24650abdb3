"""What every statistic on places shares: checked input, and correction for many tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from analysis.evidence import RefusedError

Array = NDArray[np.float64]


def checked_values(values: ArrayLike | pd.Series, what: str = "values") -> tuple[Array, pd.Index]:
    """Values as a float array, with the index that names the places.

    Raises:
        RefusedError: empty, missing or infinite values.
    """
    index = values.index if isinstance(values, pd.Series) else None
    array = np.array(values, dtype=float).ravel()
    if array.size == 0:
        raise RefusedError(f"There are no {what}: choose an area with at least a few places.")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        place = index[bad[0]] if index is not None else bad[0]
        raise RefusedError(
            f"{bad.size} of {array.size} {what} are missing or infinite (first: place {place}). "
            "A place without events is a zero; leave out places that are not known."
        )
    return array, pd.RangeIndex(array.size) if index is None else index


def checked_neighbours(neighbours: Any, n: int) -> sparse.csr_matrix:
    """The neighbour matrix as CSR, n × n, of ones and zeros and without a place itself.

    Raises:
        RefusedError: another shape, other entries, or a place that is its own neighbour.
    """
    matrix = sparse.csr_matrix(neighbours, dtype=float)
    if matrix.shape != (n, n):
        raise RefusedError(f"The neighbour matrix is {matrix.shape[0]} × {matrix.shape[1]} for {n} places.")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if matrix.nnz and not bool((matrix.data == 1.0).all()):
        raise RefusedError("The neighbour matrix must hold ones and zeros only (row-standardise nothing).")
    if bool(matrix.diagonal().any()):
        raise RefusedError(
            "A place stands as its own neighbour: take the diagonal out, it is added where needed."
        )
    return matrix


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Benjamini–Hochberg (1995) q-values: the false-discovery rate at which each test is still found.

    ``p`` is any shape; all of its values count as one family. NaNs stay NaN and do not count.
    """
    return np.asarray(np.minimum(_stepped_up(np.asarray(p, float)), 1.0), float)


def _stepped_up(values: Array) -> Array:
    """p times n over its rank, made monotone from the largest down; may exceed 1."""
    q = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    flat = values[known]
    if flat.size:
        order = np.argsort(flat)
        scaled = flat[order] * flat.size / np.arange(1, flat.size + 1)
        adjusted = np.empty_like(flat)
        adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
        q[known] = adjusted
    return q


def benjamini_yekutieli(p: ArrayLike) -> Array:
    """Benjamini–Yekutieli (2001) q-values: valid however the tests depend on one another.

    ``p`` is any shape, all one family; NaNs stay NaN and do not count.
    """
    values = np.asarray(p, float)
    n = int((~np.isnan(values)).sum())
    return np.asarray(np.minimum(_stepped_up(values) * _harmonic(n), 1.0), float)


def _harmonic(n: int) -> float:
    return float((1.0 / np.arange(1, n + 1)).sum()) if n else 0.0


def two_sided(at_least: NDArray[np.int64], at_most: NDArray[np.int64], permutations: int) -> Array:
    """Two-sided permutation p: twice the smaller tail, the observed arrangement included, at most 1."""
    smaller = np.minimum(at_least, at_most)
    return np.minimum(1.0, 2.0 * (smaller + 1.0) / (permutations + 1.0))
