"""Counts around a drifting level: Poisson with a latent AR(1) log-intensity, averaged over a grid.

For each pair (s, rho) the working response of the plain model is regressed by generalised least squares
with covariance ``diag(1/weight) + s² rho^|gap|``; the restricted likelihood and a half-normal prior
(scale 0.25) on s weigh the pairs. Nothing is selected: ``s = 0`` is the plain Poisson model, ``rho = 0``
independent over-dispersion, and what lies between is drift. Gaps are true calendar gaps.

Laplace approximation in the manner of Breslow and Clayton 1993 (penalised quasi-likelihood), with the
integration over variance parameters of Rue, Martino and Chopin 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.its.many import Array, Rows, crossed
from analysis.its.posterior import Posterior

SD_GRID: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
RHO_GRID: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
_SD_SPACING: Final = (0.05, 0.05, 0.05, 0.05, 0.075, 0.1, 0.15, 0.2)
_PRIOR_SCALE: Final = 0.25
#: Pairs lighter than this share of the heaviest say nothing and are left out of the mixture.
_NEGLIGIBLE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Drift:
    """What the data say about the drift.

    ``sd``, ``rho``: posterior means (rho given that there is drift at all); ``variance``: posterior mean
    of s²; ``none``, ``at_edge``: posterior probability of s = 0 and of the largest s; ``table``
    (pairs × 3): s, rho, weight.
    """

    sd: float
    rho: float
    variance: float
    none: float
    at_edge: float
    table: Array

    @property
    def sentence(self) -> str:
        """The weights in words."""
        if self.none > 0.5:
            evidence = "little evidence of drift"
        elif self.none > 0.05:
            evidence = "some evidence of scatter beyond chance"
        else:
            evidence = "clear evidence of scatter beyond chance"
        memory = "short" if self.rho < 0.35 else "moderate" if self.rho < 0.7 else "long"
        return (
            f"Drift of the level, averaged over {len(self.table)} possibilities: {evidence} (probability of "
            f"none {self.none:.2f}); its size is about {100 * self.sd:.0f} %, its memory from month to month "
            f"{memory} (about {self.rho:.1f})."
        )


def pairs() -> Array:
    """The grid (50 × 3): s, rho, prior weight times spacing; s = 0 stands once."""
    rows = []
    for s, spacing in zip(SD_GRID, _SD_SPACING, strict=True):
        prior = np.exp(-(s**2) / (2 * _PRIOR_SCALE**2)) * spacing
        rhos = (0.0,) if s == 0 else RHO_GRID
        rows += [(s, rho, prior / len(rhos)) for rho in rhos]
    return np.array(rows)


def integrate(design: Array, response: Array, weight: Array, time: Array) -> tuple[Posterior, Drift]:
    """Average the regression of ``response`` (n) on ``design`` (n × k) over the grid.

    Args:
        design: n × k terms.
        response: n working responses (link scale, offset taken off).
        weight: n working weights (inverse variances without drift).
        time: n calendar positions, in periods.
    """
    rows = Rows.of([response], [design], [np.zeros_like(response)], [time])
    return integrate_many(rows, weight[None, :])[0]


def integrate_many(rows: Rows, weight: Array) -> list[tuple[Posterior, Drift]]:
    """The same for s series: ``rows.y`` holds the working responses, ``weight`` (s × n) their weights."""
    grid = pairs()
    columns = np.concatenate([rows.x, rows.y[:, :, None]], axis=2)
    size = np.sqrt(np.einsum("snm,snm->sm", columns, columns * rows.used[:, :, None]))
    size = np.where(size > 0, size, 1.0)
    product, log_det = crossed(columns / size[:, None, :], weight, rows, grid[:, 0], grid[:, 1])
    information = product[:, :, :-1, :-1]
    covs = np.linalg.inv(information)
    betas = np.einsum("sgij,sgj->sgi", covs, product[:, :, :-1, -1])
    rest = product[:, :, -1, -1] - np.einsum("sgi,sgi->sg", betas, product[:, :, :-1, -1])
    log_weight = weigh(information, rest * size[:, -1:] ** 2, log_det)
    scale = size[:, :-1]
    betas = betas * (size[:, None, -1:] / scale[:, None, :])
    covs = covs / (scale[:, None, :, None] * scale[:, None, None, :])
    return [_averaged(b, c, w, grid) for b, c, w in zip(betas, covs, log_weight, strict=True)]


def weigh(information: Array, rest: Array, log_det: Array) -> Array:
    """Log weights (s × g) of the pairs: restricted likelihood and prior, up to a constant per series."""
    restricted = -0.5 * (log_det + np.linalg.slogdet(information)[1] + rest)
    log_weight: Array = restricted + np.log(pairs()[:, 2])
    return log_weight


def _averaged(betas: Array, covs: Array, log_weight: Array, grid: Array) -> tuple[Posterior, Drift]:
    s, rho = grid[:, 0], grid[:, 1]
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    drifting = s > 0
    share = float(weights[drifting].sum())
    drift = Drift(
        sd=float(weights @ s),
        rho=float(weights[drifting] @ rho[drifting] / share) if share > 0 else 0.0,
        variance=float(weights @ s**2),
        none=float(weights[~drifting].sum()),
        at_edge=float(weights[s == SD_GRID[-1]].sum()),
        table=np.column_stack([s, rho, weights]),
    )
    kept = weights > _NEGLIGIBLE * weights.max()
    return Posterior(betas[kept], covs[kept], weights[kept] / weights[kept].sum()), drift
