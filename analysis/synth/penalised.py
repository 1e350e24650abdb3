"""Two estimators with a penalty: ridge-augmented synthetic control, and the lasso with an intercept.

How strong the penalty is, is expressed as a share of the largest one that matters, so that a choice
made once on the treated unit means the same for a placebo unit of another size.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.evidence import RefusedError
from analysis.synth.weights import Array, simplex_weights

#: Strengths tried by cross-validation of the ridge: 1 down to 1e-8 (augsynth's grid).
RIDGE_SHARES: Final = 1e-8 ** (np.arange(21) / 20)
#: Fewest periods for five folds.
_FOLDS: Final = 5

Found = tuple[Array, Array, float, float, float]


def ridge_augmented(y: Array, donors: Array, share: float | None) -> Found:
    """Simplex weights, then a ridge correction of what misfit they leave (it may extrapolate).

    Ben-Michael, Feller, Rothstein 2021, outcomes only; the penalty by leaving one period out and
    the one-standard-error rule, as in augsynth.

    Args:
        y: (m,) the unit before the start.
        donors: (m, n).
        share: penalty over the largest squared singular value of the centred donors; ``None`` =
            cross-validated.

    Returns:
        weights (n,), loadings (n,), intercept 0, certificate of the simplex part, share.
    """
    centred, target = _centred(y, donors)
    largest = float(max(np.linalg.eigvalsh(centred @ centred.T)[-1], 0.0))
    base = simplex_weights(donors, y)
    if largest == 0.0:
        return base.weights, base.weights, 0.0, base.relative_gap, float("nan")
    if share is None:
        share = _ridge_share(y, donors, largest)
    weights = (
        base.weights + _correction(centred, target - centred @ base.weights, np.array([share * largest]))[0]
    )
    return weights, weights, 0.0, base.relative_gap, share


def _centred(y: Array, donors: Array) -> tuple[Array, Array]:
    """Every period less the donors' mean of that period."""
    mean = donors.mean(axis=1)
    return donors - mean[:, None], y - mean


def _correction(centred: Array, misfit: Array, penalties: Array) -> Array:
    """(P, n): ``misfit' (X X' + penalty I)⁻¹ X`` for every penalty, from one decomposition."""
    values, vectors = np.linalg.eigh(centred @ centred.T)
    turned = vectors.T @ misfit
    return np.asarray((turned / (np.maximum(values, 0.0) + penalties[:, None])) @ vectors.T @ centred, float)


def _ridge_share(y: Array, donors: Array, largest: float) -> float:
    """The strongest penalty whose error is within one standard error of the best."""
    centred, target = _centred(y, donors)
    errors = np.empty((len(y) - 1, len(RIDGE_SHARES)))
    for t in range(len(y) - 1):  # augsynth leaves the last period in
        rest = np.arange(len(y)) != t
        base = simplex_weights(donors[rest], y[rest]).weights
        misfit = target[rest] - centred[rest] @ base
        weights = base + _correction(centred[rest], misfit, RIDGE_SHARES * largest)
        errors[t] = (target[t] - weights @ centred[t]) ** 2
    mean, se = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    best = int(mean.argmin())
    return float(RIDGE_SHARES[mean <= mean[best] + se[best]].max())


def lasso(y: Array, donors: Array, share: float | None) -> Found:
    """Non-negative lasso with an intercept, as in Wheeler's SynthRTCI; scikit-learn does the work.

    Args:
        y: (m,) the unit before the start.
        donors: (m, n).
        share: penalty over the smallest one that leaves no donor; ``None`` = five-fold
            cross-validation (``LassoCV(cv=5, positive=True)``).

    Returns:
        weights (n,), loadings (n,), intercept, certificate 0, share.

    Raises:
        RefusedError: fewer than five periods to cross-validate on, or no donor goes along with the unit.
    """
    # Imported here: it takes a second, and no other estimator needs it.
    from sklearn.linear_model import Lasso, LassoCV

    means, mean = donors.mean(axis=0), float(y.mean())
    largest = float(((donors - means).T @ (y - mean)).max() / len(y))
    if largest <= 0 and share is not None:  # a placebo unit of which the donors know nothing: its mean
        nothing = np.zeros(donors.shape[1])
        return nothing, nothing, mean, 0.0, share
    if largest <= 0:
        raise RefusedError("No donor moves with the unit before the start, so the lasso has nothing to use.")
    if share is None:
        if len(y) < _FOLDS:
            raise RefusedError(
                f"The lasso chooses its penalty in {_FOLDS} folds and needs {_FOLDS} periods before the "
                f"start; there are {len(y)}. Choose another estimator or an earlier first period."
            )
        chosen = LassoCV(cv=_FOLDS, positive=True, max_iter=20_000).fit(donors, y)
        share = float(chosen.alpha_) / largest
    model = Lasso(alpha=share * largest, positive=True, tol=1e-10, max_iter=200_000).fit(donors, y)
    weights = np.asarray(model.coef_, float)
    return weights, weights, float(model.intercept_), 0.0, share
