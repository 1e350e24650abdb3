"""Local Moran: places that resemble, or stand out from, what surrounds them (Anselin 1995)."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from analysis.hotspots.gi import NOT_UNUSUAL, _enough_variation, two_sided_normal
from analysis.hotspots.lattice import Array, benjamini_hochberg, checked_neighbours, checked_values, two_sided

#: What a significant quadrant means, in words.
MORAN_LABELS: Final = {
    "High-High": "high among high",
    "Low-Low": "low among low",
    "High-Low": "high among low",
    "Low-High": "low among high",
}


def local_moran(
    values: ArrayLike | pd.Series, neighbours: Any, permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Local Moran's I of every place, row-standardised, corrected for many tests.

    Args:
        values: n counts or rates. A Series keeps its index.
        neighbours: scipy.sparse n × n, ones and zeros, without the place itself.
        permutations: conditional permutations (the place keeps its value, all others are
            shuffled); 0 = none.
        seed: of the permutations.

    Returns:
        One row a place:

        * ``I``: variance over n, as R spdep; esda's is (n − 1)/n of it.
        * ``z``, ``p`` (two-sided): mean and variance given the place's own value (Sokal et al. 1998).
        * ``p_permutation``; ``q``: Benjamini–Hochberg of ``p``.
        * ``quadrant``: own value against the mean of all values, then the surroundings' against the
          mean of all surroundings, as spdep.
        * ``label``: the quadrant in words where q ≤ 5 %, else "not unusual".

        A place without neighbours has NaNs and is "not unusual".

    Raises:
        RefusedError: as :func:`analysis.hotspots.gi_star`.
    """
    x, index = checked_values(values)
    _enough_variation(x)
    matrix = checked_neighbours(neighbours, x.size)
    degree = np.diff(matrix.indptr).astype(float)
    alone = degree == 0
    z, n = x - x.mean(), x.size
    # A value at the mean is neither high nor low; rounding of the mean must not make it one of them.
    z[np.abs(z) <= 1e-12 * float(np.abs(x).max())] = 0.0
    m2 = float(np.mean(z**2))
    lag = np.divide(matrix @ z, degree, out=np.zeros(n), where=~alone)

    # The mean and variance of the surroundings when the n − 1 other values are dealt out at random.
    mean = -z / (n - 1)
    spread = (n * m2 - z**2) / (n - 1) - mean**2
    inverse = np.divide(1.0, degree, out=np.zeros(n), where=~alone)
    variance = spread * ((n - 1) * inverse - 1.0) / (n - 2)
    score = np.divide(
        lag - mean, np.sqrt(np.maximum(variance, 0)), out=np.zeros(n), where=variance > 1e-14 * m2
    )
    score = np.where(alone, np.nan, np.sign(z) * score)
    p = two_sided_normal(score)
    q = benjamini_hochberg(p)
    p_perm = np.full(n, np.nan)
    if permutations:
        p_perm = np.where(alone, np.nan, _conditional_p(z, matrix, lag, permutations, seed))
    own, around = np.where(z > 0, "High", "Low"), np.where(lag > lag.mean(), "High", "Low")
    quadrant = np.char.add(np.char.add(own, "-"), around)
    words = np.array([MORAN_LABELS[str(k)] for k in quadrant], dtype=object)
    return pd.DataFrame(
        {
            "I": np.where(alone, np.nan, z / m2 * lag),
            "z": score,
            "p": p,
            "p_permutation": p_perm,
            "q": q,
            "quadrant": quadrant,
            "label": np.where(q <= 0.05, words, NOT_UNUSUAL),
        },
        index=index,
    ).astype({"quadrant": "str", "label": "str"})


def _conditional_p(z: Array, matrix: sparse.csr_matrix, lag: Array, permutations: int, seed: int) -> Array:
    """Two-sided p given each place's own value; one set of draws serves all places."""
    rng = np.random.default_rng(seed)
    n = z.size
    degree = np.diff(matrix.indptr)
    widest = int(degree.max())
    draws = np.stack([rng.choice(n - 1, size=widest, replace=False) for _ in range(permutations)])
    at_least, at_most = np.zeros(n, np.int64), np.zeros(n, np.int64)
    slack = 1e-9 * float(np.abs(z).max())
    for k in np.unique(degree[degree > 0]):
        chosen = draws[:, :k]
        # Draw r stands for another place than i: r itself below i, r + 1 from i on. So the mean of
        # the draws changes from place to place only where a draw crosses i.
        for i in np.flatnonzero(degree == k):
            means = z[chosen + (chosen >= i)].mean(axis=1)
            at_least[i] = (means >= lag[i] - slack).sum()
            at_most[i] = (means <= lag[i] + slack).sum()
    return two_sided(at_least, at_most, permutations)


def global_moran(
    values: ArrayLike | pd.Series,
    neighbours: Any,
    assumption: Literal["randomisation", "normality"] = "randomisation",
) -> tuple[float, float]:
    """Global Moran's I (row-standardised) and its z (Cliff, Ord 1981).

    ``assumption``: the values are dealt out at random (right for counts), or drawn from a normal
    distribution. Raises as :func:`local_moran`.
    """
    x, _ = checked_values(values)
    _enough_variation(x)
    matrix = checked_neighbours(neighbours, x.size)
    degree = np.diff(matrix.indptr).astype(float)
    w = sparse.diags(np.divide(1.0, degree, out=np.zeros(x.size), where=degree > 0)) @ matrix
    z, n = x - x.mean(), x.size
    s0 = float(w.sum())
    moran = n / s0 * float(z @ (w @ z)) / float(z @ z)
    both = w + w.T
    s1 = float(both.multiply(both).sum()) / 2.0
    s2 = float(((np.asarray(w.sum(axis=1)).ravel() + np.asarray(w.sum(axis=0)).ravel()) ** 2).sum())
    kurtosis = n * float((z**4).sum()) / float((z**2).sum()) ** 2
    expected = -1.0 / (n - 1)
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    second = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    if assumption == "normality":
        variance = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
    return moran, float((moran - expected) / np.sqrt(variance))
