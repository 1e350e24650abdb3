"""Weights on the simplex, solved exactly by one non-negative least squares.

On the simplex (w ≥ 0, sum w = 1) the misfit is linear in the weights without a constant:
``X w − y = (X − y 1') w``. So with ``D = X − y 1'`` the problem ``min |D w|²`` over the simplex is
homogeneous up to scale: solve ``min |D u / s|² + (1'u − 1)²`` over ``u ≥ 0`` for any ``s`` and divide
``u`` by its sum. It is exact for every ``s``; there is no penalty to tune and no tolerance to choose.

Every solution carries its Frank–Wolfe gap ``g'w − min(g)``, ``g`` the gradient of ``|D w|² / 2``:
an upper bound on how far half the objective lies above the optimum (Jaggi 2013), found with one
matrix-vector product and independent of the solver.

With many donors most never carry weight. So the least squares runs on those that lower the misfit most,
and every donor that the gradient says could lower it further joins, until none can: column generation
(Dantzig, Wolfe 1960), which ends at the same optimum, certified over all donors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls

from analysis.evidence import RefusedError

Array = NDArray[np.float64]

#: Largest accepted Frank–Wolfe gap, relative to the objective.
MAX_RELATIVE_GAP: Final = 1e-8
#: An objective below this share of the donors' mean square misfit is an exact fit.
EXACT_SHARE: Final = 1e-16
#: A gap below this share of the donors' mean square misfit is rounding: where the fit is nearly exact,
#: a gap relative to the objective divides rounding by rounding.
ROUNDING_SHARE: Final = 1e-14
#: Most exchanges of block pivoting; with a ridge that matters, fewer than ten are needed.
_PIVOTS: Final = 30
#: From so many donors on, the search begins with a part of them; how many join at a time, and how often.
_MANY: Final = 80
_JOIN: Final = 25
_ROUNDS: Final = 20
#: A donor joins while its gradient is below the objective by more than this share of it.
_JOIN_SHARE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class SimplexSolution:
    """Weights (n,), the objective, its Frank–Wolfe gap, and the gap relative to the objective."""

    weights: Array
    objective: float
    gap: float
    relative_gap: float


def simplex_weights(columns: Array, target: Array, *, ridge: float = 0.0) -> SimplexSolution:
    """Minimise ``|columns @ w − target|² + ridge |w|²`` over the simplex.

    Args:
        columns: (m, n), one column a donor (or, for time weights, a period).
        target: (m,), in the same unit.
        ridge: penalty on the squared weights, in the squared unit (0 = none).

    Raises:
        RefusedError: when no solution passes the certificate, which finite numbers of sane size
            do not cause.
    """
    misfit = np.asarray(columns, float) - np.asarray(target, float)[:, None]
    if ridge > 0:
        quick = _by_pivoting(misfit, ridge)
        if quick is not None:
            return quick
        misfit = np.vstack([misfit, np.sqrt(ridge) * np.eye(misfit.shape[1])])
    typical = float(np.sqrt(np.mean(np.einsum("ij,ij->j", misfit, misfit))))
    if typical == 0.0:  # every donor equals the target
        n = misfit.shape[1]
        return SimplexSolution(np.full(n, 1.0 / n), 0.0, 0.0, 0.0)

    worst = np.inf
    # The scale changes rounding only. Later scales are tried when the certificate asks for it.
    for attempt, scale in enumerate((typical, typical, 8.0 * typical, typical / 8.0)):
        weights = _by_joining(misfit, scale) if attempt == 0 else _solve(misfit, scale)
        if weights is None:  # few donors, or no end in sight: all of them at once
            continue
        solution = _certify(misfit, weights, typical)
        if solution.relative_gap <= MAX_RELATIVE_GAP:
            return solution
        worst = min(worst, solution.relative_gap)
    raise RefusedError(
        f"The donor weights could not be certified as the best ones (relative gap {worst:.1e}). "
        "Look for donors with extreme or nearly identical values and leave them out."
    )


def _by_pivoting(misfit: Array, ridge: float) -> SimplexSolution | None:
    """Block pivoting on the normal equations (Portugal, Júdice, Vicente 1994); None unless certified.

    With a ridge that matters the equations are well conditioned, and a handful of Cholesky solves finds
    the donors in use; the certificate is the same as elsewhere, and without it the slower routine runs.
    """
    n = misfit.shape[1]
    typical = float(np.einsum("ij,ij->", misfit, misfit)) / n
    if ridge < 1e-6 * typical:
        return None
    used = np.ones(n, bool)
    for _ in range(_PIVOTS):
        solved = np.zeros(n)
        try:
            solved[used] = _ridge_solve(misfit[:, used], ridge)
        except np.linalg.LinAlgError:
            return None
        # With total 1 / λ, the gradient of a donor in use is 1 here; a smaller one wants in.
        wrong = np.where(used, solved < 0, misfit.T @ (misfit @ solved) + ridge * solved < 1 - 1e-12)
        if not wrong.any():
            break
        used ^= wrong
        if not used.any():
            return None
    weights = solved / solved.sum()
    gradient = misfit.T @ (misfit @ weights) + ridge * weights
    objective = float(weights @ gradient)
    gap = max(objective - float(gradient.min()), 0.0)
    if wrong.any() or gap > MAX_RELATIVE_GAP * objective:
        return None
    return SimplexSolution(weights, objective, gap, gap / objective)


def _ridge_solve(misfit: Array, ridge: float) -> Array:
    """``(D'D + ridge I)⁻¹ 1``, through whichever of the two Gram matrices is smaller (Woodbury)."""
    rows, n = misfit.shape
    if n <= rows:
        gram = misfit.T @ misfit
        gram[np.diag_indices(n)] += ridge
        return np.asarray(cho_solve(cho_factor(gram, check_finite=False), np.ones(n)), float)
    gram = misfit @ misfit.T
    gram[np.diag_indices(rows)] += ridge
    inner = cho_solve(cho_factor(gram, check_finite=False), misfit.sum(axis=1))
    return np.asarray((1.0 - misfit.T @ inner) / ridge, float)


def _by_joining(misfit: Array, scale: float) -> Array | None:
    """Weights from a part of the donors that grows until nobody outside it could lower the misfit."""
    n = misfit.shape[1]
    if n < _MANY:
        return None
    inside = np.zeros(n, bool)
    equal = misfit.T @ misfit.mean(axis=1)
    inside[np.argpartition(equal, _JOIN)[:_JOIN]] = True
    for _ in range(_ROUNDS):
        members = np.flatnonzero(inside)
        part = misfit[:, members]
        found = _solve(part, scale)
        residual = part @ found
        gradient, objective = misfit.T @ residual, float(residual @ residual)
        joins = ~inside & (gradient < objective * (1 - _JOIN_SHARE) - ROUNDING_SHARE * scale**2)
        if not joins.any():
            weights = np.zeros(n)
            weights[members] = found
            return weights
        # Who carries nothing leaves, who lowers the misfit most joins.
        inside[members[found == 0]] = False
        order = np.flatnonzero(joins)
        inside[order[np.argsort(gradient[order])[:_JOIN]]] = True
    return None


def _solve(misfit: Array, scale: float) -> Array:
    rows, n = misfit.shape
    stacked = np.empty((rows + 1, n))
    np.divide(misfit, scale, out=stacked[:rows])
    stacked[rows] = 1.0
    right = np.zeros(rows + 1)
    right[rows] = 1.0
    raw, _ = nnls(stacked, right)
    return np.asarray(raw / raw.sum(), float)


def _certify(misfit: Array, weights: Array, typical: float) -> SimplexSolution:
    residual = misfit @ weights
    gradient = misfit.T @ residual
    objective = float(residual @ residual)
    gap = max(float(gradient @ weights - gradient.min()), 0.0)
    relative = gap / objective if gap > ROUNDING_SHARE * typical**2 else 0.0
    return SimplexSolution(weights, objective, gap, relative)


def is_unique(columns: Array, target: Array, weights: Array) -> bool:
    """Whether no other weights fit equally well (without a ridge; with one they never do).

    Every optimum gives the same fitted values, and uses only donors whose gradient is the
    smallest one. The weights are unique exactly when the columns of these donors, over a row of
    ones, are linearly independent.
    """
    misfit = np.asarray(columns, float) - np.asarray(target, float)[:, None]
    norms = np.sqrt(np.einsum("ij,ij->j", misfit, misfit))
    typical = float(norms.mean())
    if typical == 0.0:
        return bool(misfit.shape[1] == 1)
    residual = misfit @ weights
    gradient = misfit.T @ residual
    slack = gradient - gradient.min()
    tied = (slack <= 1e-9 * np.maximum(norms, typical) * typical) | (weights > 0)
    chosen = np.vstack([misfit[:, tied] / typical, np.ones(int(tied.sum()))])
    return bool(np.linalg.matrix_rank(chosen) == chosen.shape[1])
