"""What is known of the coefficients: one normal (or t) distribution, or a weighted mixture of normals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from analysis.evidence import Interval
from analysis.its.glm import Array

_ROOT_2_PI = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Posterior:
    """A mixture of g normals of k coefficients.

    ``betas`` (g × k), ``covs`` (g × k × k), ``weights`` (g, sum 1). With one component and finite ``df``
    it is a t distribution.
    """

    betas: Array
    covs: Array
    weights: Array
    df: float = math.inf

    @classmethod
    def single(cls, beta: Array, cov: Array, df: float = math.inf) -> Posterior:
        """One component."""
        return cls(beta[None, :], cov[None, :, :], np.ones(1), df)

    @property
    def mean(self) -> Array:
        """Means of the coefficients (k)."""
        mean: Array = self.weights @ self.betas
        return mean

    @property
    def cov(self) -> Array:
        """Covariance of the whole mixture (k × k): within components and between them."""
        away = self.betas - self.mean
        within = np.einsum("g,gij->ij", self.weights, self.covs)
        total: Array = within + np.einsum("g,gi,gj->ij", self.weights, away, away)
        return total

    def of(self, f: Callable[[Array], tuple[Array, Array]]) -> Marginal:
        """Distribution of m smooth functions of the coefficients, by the delta method per component.

        ``f`` takes coefficients (g × k) and returns values (g × m) and gradients (g × m × k).
        """
        values, gradients = f(self.betas)
        variance = np.sum(np.matmul(gradients, self.covs) * gradients, axis=2)
        return Marginal(values, np.sqrt(np.maximum(variance, 0.0)), self.weights, self.df)

    def coefficients(self) -> Marginal:
        """Distribution of each coefficient."""
        sds = np.sqrt(np.diagonal(self.covs, axis1=1, axis2=2))
        return Marginal(self.betas, sds, self.weights, self.df)


@dataclass(frozen=True, slots=True)
class Marginal:
    """Distributions of m quantities: component means and sds (g × m), weights (g)."""

    means: Array
    sds: Array
    weights: Array
    df: float = math.inf

    @property
    def mean(self) -> Array:
        """Means (m)."""
        mean: Array = self.weights @ self.means
        return mean

    @property
    def sd(self) -> Array:
        """Standard deviations (m) of the mixture; for a t distribution its scale."""
        spread = self.weights @ (self.sds**2 + (self.means - self.mean) ** 2)
        sd: Array = np.sqrt(spread)
        return sd

    def below(self, value: float | Array) -> Array:
        """Probability (m) of lying below ``value``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (value - self.means) / self.sds
        p = ndtr(z) if math.isinf(self.df) else stdtr(self.df, z)
        total: Array = np.clip(self.weights @ p, 0.0, 1.0)
        return total

    def quantile(self, q: float) -> Array:
        """The q-quantiles (m): exact for one component, to the last digits for a mixture."""
        if len(self.weights) == 1:
            z = float(ndtri(q)) if math.isinf(self.df) else float(stdtrit(self.df, q))
            exact: Array = self.means[0] + z * self.sds[0]
            return exact
        if np.all(self.means == self.means[:, :1]) and np.all(self.sds == self.sds[:, :1]):
            # One quantity, written many times.
            one = _mixed(self.means[:, :1], self.sds[:, :1], self.weights, np.array([q]))
            return np.repeat(one, self.means.shape[1])
        return _mixed(self.means, self.sds, self.weights, np.full(self.means.shape[1], q))

    def p_value(self) -> Array:
        """Two-sided probability (m): twice the smaller side of zero."""
        below = self.below(0.0)
        return np.minimum(1.0, 2.0 * np.minimum(below, 1.0 - below))

    def interval(self, level: float, index: int = 0) -> Interval:
        """Median and equal-tailed limits of one quantity."""
        return intervals([self.only(index)], [level])[0]

    def only(self, index: int) -> Marginal:
        """One of the quantities by itself."""
        one = slice(index, index + 1) if index >= 0 else slice(index, index + 1 or None)
        return Marginal(self.means[:, one], self.sds[:, one], self.weights, self.df)


def intervals(marginals: Sequence[Marginal], levels: Sequence[float]) -> list[Interval]:
    """Median and equal-tailed limits of the first quantity of each, all mixtures in one search."""
    asked = [(0.5 - level / 2, 0.5, 0.5 + level / 2) for level in levels]
    found = np.empty((len(marginals), 3))
    mixed = [i for i, one in enumerate(marginals) if len(one.weights) > 1]
    for i, one in enumerate(marginals):
        if len(one.weights) == 1:
            found[i] = [float(one.quantile(q)[0]) for q in asked[i]]
    if mixed:
        most = max(len(marginals[i].weights) for i in mixed)
        means, sds, weights = (np.empty((most, len(mixed))) for _ in range(3))
        for column, i in enumerate(mixed):
            one, g = marginals[i], len(marginals[i].weights)
            # Shorter mixtures are filled up with their first component at no weight.
            for into, values, fill in (
                (means, one.means[:, 0], one.means[0, 0]),
                (sds, one.sds[:, 0], one.sds[0, 0]),
                (weights, one.weights, 0.0),
            ):
                into[:g, column], into[g:, column] = values, fill
        means, sds, weights = (np.repeat(v, 3, axis=1) for v in (means, sds, weights))
        tails = np.array([q for i in mixed for q in asked[i]])
        found[mixed] = _mixed(means, sds, weights, tails).reshape(-1, 3)
    return [
        Interval(float(mid), float(low), float(high), level)
        for (low, mid, high), level in zip(found, levels, strict=True)
    ]


def _mixed(means: Array, sds: Array, weights: Array, q: Array) -> Array:
    """Quantiles q (m) of m mixtures of normals (g × m), by Newton steps that stay inside known bounds.

    ``weights`` (g, or g × m: of each mixture its own).
    """
    normal = ndtri(q)
    shares = weights[:, None] if weights.ndim == 1 else weights
    # Every component's own quantile bounds that of the mixture.
    own = means + normal * sds
    low, high = own.min(axis=0), own.max(axis=0)
    mean = (shares * means).sum(axis=0)
    spread = np.sqrt((shares * (sds**2 + (means - mean) ** 2)).sum(axis=0))
    at = np.clip(mean + normal * spread, low, high)
    found: Array = at.copy()
    live = np.arange(len(q))
    for _ in range(80):
        away = (at - means) / sds
        short = (shares * ndtr(away)).sum(axis=0) - q
        low, high = np.where(short < 0, at, low), np.where(short < 0, high, at)
        density = (shares * (np.exp(-0.5 * away * away) / (sds * _ROOT_2_PI))).sum(axis=0)
        with np.errstate(all="ignore"):
            new = at - short / density
        # (At the quantile itself the step is zero and ends on a bound: that is no reason to leave it.)
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        moving = np.abs(new - at) > 1e-12 * (1.0 + np.abs(at))
        found[live] = at = new
        if not moving.any():
            break
        if 2 * moving.sum() < len(moving):  # go on with those that still move
            live, at, low, high, q = live[moving], at[moving], low[moving], high[moving], q[moving]
            means, sds = means[:, moving], sds[:, moving]
            shares = shares[:, moving] if shares.shape[1] > 1 else shares
    return found
