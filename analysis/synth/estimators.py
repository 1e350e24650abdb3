"""The estimators: from a unit's series and its donors' to a counterfactual series.

All of them give ``counterfactual = intercept + donors @ loadings``; they differ in how the weights
are found and in what is held fixed (level, ratio or neither).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.evidence import RefusedError
from analysis.synth.penalised import lasso, ridge_augmented
from analysis.synth.weights import EXACT_SHARE, Array, simplex_weights

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fit:
    """One unit's comparison.

    ``weights`` (n,) sum to one on the estimator's own scale. ``loadings`` (n,) multiply the donors'
    levels: equal to the weights, except where series are indexed. ``certificate`` is the relative
    Frank–Wolfe gap of the weights (0 where no weights are searched). ``penalty`` is the share of the
    largest penalty that matters (ridge, lasso), NaN elsewhere. Weights of the ridge can be negative,
    those of the lasso need not sum to one.
    """

    weights: Array
    loadings: Array
    intercept: float
    certificate: float
    penalty: float = float("nan")

    def counterfactual(self, donors: Array) -> Array:
        """The (T,) comparison series. Only donors with a loading are read."""
        used = self.loadings != 0
        return np.asarray(self.intercept + donors[:, used] @ self.loadings[used], float)


def fit_unit(
    estimator: str,
    y: Array,
    donors: Array,
    pre: Rows,
    post: Rows,
    *,
    penalty: float | None = None,
    features: tuple[Array, Array] | None = None,
) -> Fit:
    """Fit one unit.

    Args:
        estimator: a name of :data:`analysis.synth.spec.Estimator`.
        y: (T,) the unit.
        donors: (T, n).
        pre, post: row numbers before and after the start. ``post`` matters to ``sdid`` only.
        penalty: share of the largest penalty that matters, for ``ridge`` and ``lasso``; ``None`` =
            chosen by cross-validation on this unit's own past.
        features: predictors of the unit (K,) and its donors (K, n), already scaled by the root of
            their weights; matched in place of the outcomes, by ``simplex`` only.

    Raises:
        RefusedError: a mean of zero before the start where the estimator divides by it.
    """
    if features is not None:
        if estimator != "simplex":
            raise RefusedError("Predictors are matched by the simplex estimator only. Choose that one.")
        found = simplex_weights(features[1], features[0])
        return Fit(found.weights, found.weights, 0.0, found.relative_gap)
    if estimator in PENALISED:
        return PENALISED[estimator](y, donors, pre, penalty)
    return _ESTIMATORS[estimator](y, donors, pre, post)


def pre_rmspe(y: Array, counterfactual: Array, rows: Rows) -> float:
    """Root mean squared gap over ``rows``; exactly 0 when the fit is exact to rounding."""
    square = float(np.mean((y[rows] - counterfactual[rows]) ** 2))
    return float(np.sqrt(square)) if square > EXACT_SHARE * float(np.mean(y[rows] ** 2)) else 0.0


def _simplex(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    found = simplex_weights(donors[pre], y[pre])
    return Fit(found.weights, found.weights, 0.0, found.relative_gap)


def _demeaned(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    means, mean = donors[pre].mean(axis=0), float(y[pre].mean())
    found = simplex_weights(donors[pre] - means, y[pre] - mean)
    return Fit(found.weights, found.weights, mean - float(means @ found.weights), found.relative_gap)


def _index(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    means, mean = _positive_means(y, donors, pre)
    found = simplex_weights(donors[pre] / means, y[pre] / mean)
    return Fit(found.weights, found.weights * mean / means, 0.0, found.relative_gap)


def _did(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    n = donors.shape[1]
    equal = np.full(n, 1.0 / n)
    return Fit(equal, equal, float(y[pre].mean() - donors[pre].mean()), 0.0)


def _ratio_did(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    means, mean = _positive_means(y, donors, pre)
    n = donors.shape[1]
    equal = np.full(n, 1.0 / n)
    return Fit(equal, equal * mean / means, 0.0, 0.0)


def _sdid(y: Array, donors: Array, pre: Rows, post: Rows) -> Fit:
    """Arkhangelsky et al. 2021, Algorithm 1, one treated unit, both programmes solved exactly."""
    before, after = donors[pre], donors[post].mean(axis=0)
    noise = float(np.std(np.diff(before, axis=0), ddof=1))
    zeta_unit = len(post) ** 0.25 * noise
    unit = simplex_weights(
        before - before.mean(axis=0), y[pre] - y[pre].mean(), ridge=zeta_unit**2 * len(pre)
    )
    time = simplex_weights(
        before.T - before.T.mean(axis=0), after - after.mean(), ridge=(1e-6 * noise) ** 2 * donors.shape[1]
    )
    intercept = float(time.weights @ (y[pre] - before @ unit.weights))
    return Fit(unit.weights, unit.weights, intercept, max(unit.relative_gap, time.relative_gap))


def _positive_means(y: Array, donors: Array, pre: Rows) -> tuple[Array, float]:
    means, mean = donors[pre].mean(axis=0), float(y[pre].mean())
    if mean <= 0 or bool((means <= 0).any()):
        raise RefusedError(
            "A series has a mean of zero (or below) before the start and cannot be divided by it. "
            "Choose the demeaned estimator, or leave that unit out."
        )
    return means, mean


_ESTIMATORS: dict[str, Callable[[Array, Array, Rows, Rows], Fit]] = {
    "simplex": _simplex,
    "demeaned": _demeaned,
    "index": _index,
    "sdid": _sdid,
    "did": _did,
    "ratio_did": _ratio_did,
}

#: Estimators whose strength of penalty is chosen once, on the treated unit, and kept for placebo units.
PENALISED: dict[str, Callable[[Array, Array, Rows, float | None], Fit]] = {
    "ridge": lambda y, donors, pre, penalty: Fit(*ridge_augmented(y[pre], donors[pre], penalty)),
    "lasso": lambda y, donors, pre, penalty: Fit(*lasso(y[pre], donors[pre], penalty)),
}

#: Estimators that divide each series by its mean before the start.
DIVIDES_BY_MEAN = frozenset({"index", "ratio_did"})
