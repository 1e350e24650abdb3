"""What is known of the coefficients: one normal (or t) distribution, or a weighted mixture of normals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

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
        variance = np.einsum("gmi,gij,gmj->gm", gradients, self.covs, gradients, optimize=True)
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
        p = ndtr(z) if math.isinf(self.df) else student.cdf(z, self.df)
        total: Array = np.clip(self.weights @ p, 0.0, 1.0)
        return total

    def quantile(self, q: float) -> Array:
        """The q-quantiles (m): exact for one component, by bisection for a mixture."""
        if len(self.weights) == 1:
            z = float(ndtri(q)) if math.isinf(self.df) else float(student.ppf(q, self.df))
            exact: Array = self.means[0] + z * self.sds[0]
            return exact
        # Every component's own quantile bounds that of the mixture; Newton steps stay inside the bounds.
        own = self.means + float(ndtri(q)) * self.sds
        low, high = own.min(axis=0), own.max(axis=0)
        at = np.clip(self.mean + float(ndtri(q)) * self.sd, low, high)
        for _ in range(80):
            away = (at - self.means) / self.sds
            short = self.weights @ ndtr(away) - q
            low, high = np.where(short < 0, at, low), np.where(short < 0, high, at)
            density = self.weights @ (np.exp(-0.5 * away * away) / (self.sds * _ROOT_2_PI))
            with np.errstate(all="ignore"):
                new = at - short / density
            new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
            settled = bool(np.all(np.abs(new - at) <= 1e-13 * (1.0 + np.abs(at))))
            at = new
            if settled:
                break
        return at

    def p_value(self) -> Array:
        """Two-sided probability (m): twice the smaller side of zero."""
        below = self.below(0.0)
        return np.minimum(1.0, 2.0 * np.minimum(below, 1.0 - below))

    def interval(self, level: float, index: int = 0) -> Interval:
        """Median and equal-tailed limits of one quantity."""
        tail = (1.0 - level) / 2.0
        own = Marginal(self.means[:, [index]], self.sds[:, [index]], self.weights, self.df)
        low, mid, high = (float(own.quantile(q)[0]) for q in (tail, 0.5, 1.0 - tail))
        return Interval(mid, low, high, level)
