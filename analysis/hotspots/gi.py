"""Gi*: is the concentration round this place more than chance would put there?

Getis, Ord 1992; Ord, Getis 1995. Neighbours count fully (binary weights) and each place belongs to
its own neighbourhood. Equals R spdep's ``localG`` and esda's ``G_Local(transform="B", star=True)``;
esda's default transform gives other, wrong, analytic values.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import norm

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array, benjamini_hochberg, checked_neighbours, checked_values, two_sided

NOT_UNUSUAL: Final = "not unusual"
#: Every label, hottest first. The number is the confidence in percent after correction.
LABELS: Final = ("hot 99", "hot 95", "hot 90", NOT_UNUSUAL, "cold 90", "cold 95", "cold 99")
_LEVELS: Final = ((0.10, "90"), (0.05, "95"), (0.01, "99"))
#: Permutations that are multiplied at once: enough to keep the processor busy, small in memory.
_CHUNK: Final = 32
#: Skewness from which the normal approximation must be commented on.
_SKEWED: Final = 1.0


def gi_star(
    values: ArrayLike | pd.Series, neighbours: Any, permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Gi* of every place, with and without the normal approximation, corrected for many tests.

    Args:
        values: n counts or rates, zeros included. A Series keeps its index.
        neighbours: scipy.sparse n × n, ones and zeros, without the place itself.
        permutations: total permutations (all values are shuffled over all places); 0 = none.
        seed: of the permutations; the same seed gives the same answer.

    Returns:
        One row a place:

        * ``z``: standard score of the neighbourhood's sum.
        * ``p``: two-sided, from the normal approximation. Counts are skewed, so it finds hardly any
          cold spots and somewhat too many hot ones; compare ``p_permutation``.
        * ``p_permutation``: two-sided, twice the smaller tail among the permutations; NaN without.
        * ``q``: Benjamini–Hochberg of ``p`` over all places. ``label`` is made from it, because it is
          what published maps and other programs show and it does not depend on the seed.
        * ``q_permutation``: Benjamini–Hochberg of ``p_permutation``. It can be no smaller than
          2 / (permutations + 1). ``label_permutation`` is made from it ("not unusual" without).
        * ``label``: one of ``LABELS``; "hot 95" = more than chance at a false-discovery rate of 5 %.

    Raises:
        RefusedError: missing values, fewer than 3 places, the same value everywhere, or a neighbour
            matrix of another shape or with other entries than 0 and 1.
    """
    x, index = checked_values(values)
    _enough_variation(x)
    around = with_self(checked_neighbours(neighbours, x.size))
    z = gi_star_z(x, around)
    p = two_sided_normal(z)
    p_perm = _permutation_p(x, around, permutations, seed) if permutations else np.full(x.size, np.nan)
    q, q_perm = benjamini_hochberg(p), benjamini_hochberg(p_perm)
    return pd.DataFrame(
        {
            "z": z,
            "p": p,
            "p_permutation": p_perm,
            "q": q,
            "q_permutation": q_perm,
            "label": labels(z, q),
            "label_permutation": labels(z, np.nan_to_num(q_perm, nan=1.0)),
        },
        index=index,
    ).astype({"label": "str", "label_permutation": "str"})


def getis_ord_gi(values: ArrayLike | pd.Series, neighbours: Any) -> pd.Series:
    """Gi without the star: standard scores of the neighbours' sum, the place itself left out.

    Mean and variance are those of the other places (Ord, Getis 1995). A place without neighbours, or
    with all places as neighbours, scores 0. Raises as :func:`gi_star`.
    """
    x, index = checked_values(values)
    _enough_variation(x)
    matrix = checked_neighbours(neighbours, x.size)
    n, size = x.size, np.diff(matrix.indptr).astype(float)
    mean = (x.sum() - x) / (n - 1)
    variance = ((x**2).sum() - x**2) / (n - 1) - mean**2
    variance = variance * size * (n - 1 - size) / (n - 2)
    z = np.divide(matrix @ x - mean * size, np.sqrt(variance), out=np.zeros(n), where=variance > 0)
    return pd.Series(z, index=index, name="z")


def global_g(values: ArrayLike | pd.Series, neighbours: Any) -> tuple[float, float, float]:
    """Global G of Getis and Ord (1992): its value, expectation and z under randomisation.

    Binary weights without the place itself; values of nought or more. Above the expectation: high
    values lie beside high ones. Raises as :func:`gi_star`, and for negative values.
    """
    x, _ = checked_values(values)
    _enough_variation(x)
    if x.min() < 0:
        raise RefusedError(f"G needs values of nought or more; the smallest is {x.min():g}.")
    w, n = checked_neighbours(neighbours, x.size), x.size
    found = float(x @ (w @ x)) / float(x.sum() ** 2 - (x**2).sum())
    s0 = float(w.sum())
    both = w + w.T
    s1 = float(both.multiply(both).sum()) / 2.0
    s2 = float(((np.asarray(w.sum(axis=1)).ravel() + np.asarray(w.sum(axis=0)).ravel()) ** 2).sum())
    expected = s0 / (n * (n - 1))
    b0 = (n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2
    b1 = -((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2
    b4 = s1 - s2 + s0**2
    m1, m2, m3, m4 = (float((x**k).sum()) for k in (1, 2, 3, 4))
    top = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    variance = top / ((m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3)) - expected**2
    return found, expected, float((found - expected) / np.sqrt(variance))


def skew_words(values: ArrayLike | pd.Series, tested: pd.DataFrame) -> str:
    """Why hot and cold spots are not found alike, as one or two sentences; empty when counts are even.

    ``tested`` is the result of :func:`gi_star` for ``values``.
    """
    x, _ = checked_values(values)
    sd = float(x.std())
    skew = float(((x - x.mean()) ** 3).mean()) / sd**3 if sd > 0 else 0.0
    if skew < _SKEWED:
        return ""
    empty = 100.0 * float((x == 0).mean())
    said = (
        f"Counts are skewed ({empty:.0f} % of the places have none, a few have many; skewness {skew:.1f}), "
        "so the normal approximation finds hardly any unusually empty places."
    )
    if tested["p_permutation"].notna().any():
        plain, shuffled = (int((tested[c] < 0.05).sum()) for c in ("p", "p_permutation"))
        said += (
            f" Before correction it flags {plain:,} places at 5 %; shuffling the counts over the map "
            f"flags {shuffled:,}, unusually empty ones among them."
        )
    return said


def with_self(neighbours: sparse.csr_matrix) -> sparse.csr_matrix:
    """The neighbourhoods of Gi*: neighbours and the place itself."""
    return (neighbours + sparse.identity(neighbours.shape[0], format="csr")).tocsr()


def gi_star_z(
    x: Array, around: sparse.csr_matrix, mean: float | None = None, sd: float | None = None
) -> Array:
    """Standard scores; ``mean`` and ``sd`` (population) of another, larger set may be given.

    A neighbourhood that holds every place has no variance: its score is 0.
    """
    n = x.size
    size = np.diff(around.indptr).astype(float)
    mean = float(x.mean()) if mean is None else mean
    sd = float(x.std()) if sd is None else sd
    variance = sd**2 * size * (n - size) / (n - 1)
    excess = around @ x - mean * size
    z: Array = np.divide(excess, np.sqrt(variance), out=np.zeros(n), where=variance > 0)
    return z


def two_sided_normal(z: Array) -> Array:
    """Two-sided p-value of standard scores."""
    return np.asarray(2.0 * norm.sf(np.abs(z)), float)


def labels(z: Array, q: Array) -> NDArray[np.object_]:
    """Words for scores and q-values, the strongest that holds."""
    words = np.full(z.shape, NOT_UNUSUAL, dtype=object)
    for limit, percent in _LEVELS:
        found = q <= limit
        words[found & (z > 0)] = f"hot {percent}"
        words[found & (z < 0)] = f"cold {percent}"
    return words


def expected_by_chance(n: int, level: float = 0.95) -> float:
    """How many of n places an uncorrected map at this level would colour with nothing there."""
    return n * (1.0 - level)


def _enough_variation(x: Array) -> None:
    if x.size < 3:
        raise RefusedError(f"{x.size} places are too few to say which is unusual: at least 3 are needed.")
    if np.ptp(x) == 0:
        raise RefusedError(
            f"Every place has the same value ({x[0]:g}), so none is unusual. "
            "Choose a longer window or another offense."
        )


def _permutation_p(x: Array, around: sparse.csr_matrix, permutations: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    observed = (around @ x)[:, None]
    at_least = np.zeros(x.size, np.int64)
    at_most = np.zeros(x.size, np.int64)
    # Sums of equal terms in another order differ by rounding; a tie must stay a tie.
    slack = 1e-9 * max(1.0, float(np.abs(x).max()))
    done = 0
    while done < permutations:
        width = min(_CHUNK, permutations - done)
        shuffled = np.empty((x.size, width))
        for column in range(width):
            shuffled[:, column] = rng.permutation(x)
        sums = around @ shuffled
        at_least += (sums >= observed - slack).sum(axis=1)
        at_most += (sums <= observed + slack).sum(axis=1)
        done += width
    return two_sided(at_least, at_most, permutations)
