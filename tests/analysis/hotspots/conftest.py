from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse


def rook_and_diagonal(rows: int, columns: int) -> sparse.csr_matrix:
    """Neighbours on a board: the king's moves."""
    at = np.arange(rows * columns).reshape(rows, columns)
    shifts = [(0, 1), (1, 0), (1, 1), (1, -1)]
    pairs = []
    for dy, dx in shifts:
        a = at[: rows - dy, max(0, -dx) : columns - max(0, dx)]
        b = at[dy:, max(0, dx) : columns + min(0, dx)]
        pairs.append(np.column_stack([a.ravel(), b.ravel()]))
    i, j = np.vstack(pairs).T
    ones = np.ones(2 * len(i))
    return sparse.csr_matrix((ones, (np.r_[i, j], np.r_[j, i])), shape=(at.size, at.size))


@pytest.fixture(scope="session")
def board() -> Callable[[int, int], sparse.csr_matrix]:
    return rook_and_diagonal
