"""Log-linear and logit models by iteratively reweighted least squares, and Newey–West covariances.

Small and exact, because one question needs dozens of fits (pretended starts, grids): each takes a
fraction of a millisecond. Agrees with statsmodels, MASS and sandwich to the last digits (tests).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, gammaln, xlogy

from analysis.evidence import RefusedError

Array = NDArray[np.float64]

_MAX_STEPS = 100
#: An NB2 dispersion below this is none: the Poisson model is used.
_NO_ALPHA = 1e-6


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
    eta = np.log(y + 0.2) if total is None else np.log((y + 0.5) / (total - y + 0.5))
    beta = np.zeros(design.shape[1])
    deviance = np.inf
    for _ in range(_MAX_STEPS):
        mu, weight, residual = _working(y, eta, alpha, total)
        root = np.sqrt(weight)
        q, r = np.linalg.qr(root[:, None] * design)
        try:
            step = np.linalg.solve(r, q.T @ (root * (eta - offset + residual)))
        except np.linalg.LinAlgError:
            break
        eta = design @ step + offset
        if not np.all(np.isfinite(eta)) or np.max(np.abs(eta)) > 300:
            break
        moved = float(np.max(np.abs(step - beta)))
        beta = step
        before, deviance = deviance, _deviance(y, eta, alpha, total)
        settled = abs(deviance - before) <= 1e-13 * (abs(deviance) + 0.1)
        if settled and moved <= 1e-9 * (1.0 + float(np.max(np.abs(beta)))):
            mu, weight, residual = _working(y, eta, alpha, total)
            _, r = np.linalg.qr(np.sqrt(weight)[:, None] * design)
            inverse = np.linalg.inv(r)
            return Glm(beta, inverse @ inverse.T, mu, weight, residual, eta, alpha)
    raise RefusedError(
        "The model does not settle on an answer: some part of the year, or some period between two changes, "
        "has no events at all. Use fewer harmonics, no month factors, or a longer series."
    )


def negative_binomial(y: Array, design: Array, offset: Array) -> Glm:
    """Maximum likelihood NB2: the dispersion where its profile score is zero, then the model at it.

    Returns the Poisson fit (``alpha`` 0) when counts scatter no more than Poisson counts do: there the
    likelihood falls from alpha = 0 on. Standard errors hold alpha fixed, as MASS::glm.nb does.
    """
    poisson = irls(y, design, offset)
    if float(np.sum((y - poisson.mu) ** 2 - y)) <= 0:
        return poisson

    def score(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        return _alpha_score(y, irls(y, design, offset, alpha=alpha).mu, alpha)

    low = float(np.log(_NO_ALPHA))
    if score(low) <= 0:
        return poisson
    high = low + 1.0
    while score(high) > 0:
        low, high = high, high + 1.0
        if high > np.log(1e3):
            raise RefusedError("The counts scatter without limit; look for months that are not real counts.")
    log_alpha = float(brentq(score, low, high, xtol=1e-11, rtol=1e-12))
    return irls(y, design, offset, alpha=float(np.exp(log_alpha)))


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
    parts = _deviance_parts(y, fit.eta, fit.alpha, total)
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


def _working(y: Array, eta: Array, alpha: float, total: Array | None) -> tuple[Array, Array, Array]:
    """Mean, working weight and working residual."""
    if total is None:
        mu = np.exp(np.clip(eta, -300, 300))
        return mu, mu / (1.0 + alpha * mu), (y - mu) / mu
    p = 1.0 / (1.0 + np.exp(-np.clip(eta, -300, 300)))
    mu = total * p
    weight = np.maximum(mu * (1.0 - p), 1e-12)
    return mu, weight, (y - mu) / weight


def _deviance_parts(y: Array, eta: Array, alpha: float, total: Array | None) -> Array:
    mu, _, _ = _working(y, eta, alpha, total)
    ratio = np.maximum(y, 1e-300) / mu
    if total is not None:
        rest, rest_mu = total - y, np.maximum(total - mu, 1e-300)
        parts: Array = 2.0 * (xlogy(y, ratio) + xlogy(rest, np.maximum(rest, 1e-300) / rest_mu))
    elif alpha == 0:
        parts = 2.0 * (xlogy(y, ratio) - (y - mu))
    else:
        parts = 2.0 * (xlogy(y, ratio) - (y + 1 / alpha) * np.log((1 + alpha * y) / (1 + alpha * mu)))
    return parts


def _deviance(y: Array, eta: Array, alpha: float, total: Array | None) -> float:
    return float(np.sum(_deviance_parts(y, eta, alpha, total)))


def _alpha_score(y: Array, mu: Array, alpha: float) -> float:
    """Derivative of the NB2 log-likelihood by theta = 1/alpha, signed so that it falls in alpha.

    The profile score equals this partial one, because the coefficients are at their own optimum.
    """
    theta = 1.0 / alpha
    parts = digamma(y + theta) - digamma(theta) + np.log(theta) + 1.0 - np.log(theta + mu)
    parts = parts - (y + theta) / (mu + theta)
    return float(-np.sum(parts))
