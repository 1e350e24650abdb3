"""One log-linear or logit model, its residuals, likelihood and Newey–West covariance.

Agrees with statsmodels, MASS and sandwich to the last digits (tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from analysis.evidence import RefusedError
from analysis.its import many

Array = NDArray[np.float64]

UNSETTLED: Final = (
    "The model does not settle on an answer: some part of the year, or some period between two changes, "
    "has no events at all, or the counts scatter without limit. Use fewer harmonics, no month factors, or "
    "a longer series, and look for months that are not real counts."
)


@dataclass(frozen=True, slots=True)
class Glm:
    """A fitted model.

    ``beta`` (k), ``cov`` (k × k, dispersion 1), ``mu`` (n means), ``weight`` (n working weights),
    ``residual`` (n working residuals: response minus mean on the link scale), ``alpha`` (NB2), ``eta``
    (n linear predictors with the offset).
    """

    beta: Array
    cov: Array
    mu: Array
    weight: Array
    residual: Array
    eta: Array
    alpha: float = 0.0

    @property
    def pearson(self) -> Array:
        """Pearson residuals (n)."""
        return self.residual * np.sqrt(self.weight)

    def hat(self, design: Array) -> Array:
        """Leverages (n)."""
        root = np.sqrt(self.weight)[:, None] * design
        values: Array = np.einsum("ij,jk,ik->i", root, self.cov, root)
        return np.clip(values, 0.0, 1.0 - 1e-9)


def irls(y: Array, design: Array, offset: Array, *, alpha: float = 0.0, total: Array | None = None) -> Glm:
    """Fit counts ``y`` (n) on ``design`` (n × k) with ``offset`` (n).

    With ``total`` (n) the model is binomial with a logit link (y of total); otherwise Poisson, or NB2
    with variance ``mu + alpha mu²``, with a log link.

    Raises:
        RefusedError: the fit does not settle, because some term explains a group of months without
            any event.
    """
    rows = many.Rows.of([y], [design], [offset], total=None if total is None else [total])
    return pick(many.irls(rows, np.array([alpha])), 0, len(y))


def negative_binomial(y: Array, design: Array, offset: Array) -> Glm:
    """Maximum likelihood NB2: the dispersion where its profile score is zero, then the model at it.

    Returns the Poisson fit (``alpha`` 0) when counts scatter no more than Poisson counts do: there the
    likelihood falls from alpha = 0 on. Standard errors hold alpha fixed, as MASS::glm.nb does.
    """
    return pick(many.negative_binomial(many.Rows.of([y], [design], [offset])), 0, len(y))


def pick(fits: many.Fits, place: int, n: int) -> Glm:
    """One fit of a batch, without its padding.

    Raises:
        RefusedError: that fit did not settle.
    """
    if not fits.settled[place]:
        raise RefusedError(UNSETTLED)
    return Glm(
        beta=fits.beta[place],
        cov=fits.cov[place],
        mu=fits.mu[place, :n],
        weight=fits.weight[place, :n],
        residual=fits.residual[place, :n],
        eta=fits.eta[place, :n],
        alpha=float(fits.alpha[place]),
    )


def newey_west(fit: Glm, design: Array, lags: int, groups: Array) -> Array:
    """Sandwich covariance (k × k) with Bartlett weights up to ``lags``, times n/(n − k).

    ``groups`` (n) labels rows of separate series: only rows of the same series are paired. Rows are
    taken in order; a gap counts as adjacent (as sandwich::NeweyWest and Stata's ``force`` do).
    """
    scores = design * (fit.weight * fit.residual)[:, None]
    n, k = scores.shape
    meat = np.zeros((k, k))
    for group in np.unique(groups):
        own = scores[groups == group]
        meat += own.T @ own
        for lag in range(1, min(lags, len(own) - 1) + 1):
            cross = own[lag:].T @ own[:-lag]
            meat += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    cov: Array = fit.cov @ meat @ fit.cov * (n / (n - k))
    return cov


def deviance_residuals(y: Array, fit: Glm, total: Array | None = None) -> Array:
    """Signed roots of the deviance contributions (n)."""
    parts = many.deviance_parts(y, fit.eta, np.asarray(fit.alpha), total)
    values: Array = np.sign(y - fit.mu) * np.sqrt(np.maximum(parts, 0.0))
    return values


def log_likelihood(y: Array, fit: Glm) -> float:
    """Poisson or NB2 log-likelihood at the fit."""
    mu, alpha = fit.mu, fit.alpha
    if alpha == 0:
        return float(np.sum(xlogy(y, mu) - mu - gammaln(y + 1)))
    theta = 1.0 / alpha
    parts = gammaln(y + theta) - gammaln(theta) - gammaln(y + 1)
    parts = parts + xlogy(y, mu) + theta * np.log(theta) - (y + theta) * np.log(theta + mu)
    return float(np.sum(parts))
