"""What every family's fit comes down to."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.its.design import Design
from analysis.its.many import Array, Flags
from analysis.its.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Estimate:
    """A fitted family.

    Attributes:
        design: terms and rows of the treated series, every period.
        base: what ``design`` adds to on the log scale (n): exposure, or the comparison's own count.
        effect_term: the name of the level change that is the intervention's.
        posterior: what is known of the coefficients.
        dispersion, alpha, variance: scatter of a count of mean m:
            ``dispersion m + alpha m² + (exp(variance) − 1) m²``.
        rows: weighted design of the treated series' used periods (their number × k).
        pearson, deviance, leverage: residuals and leverages of the same periods.
        kept: which of all periods (n) those are.
        numbers: further figures of the fit.
        exposure: for linear families, what a rate is multiplied with to give events (n); None = log link.
        projected: expected values where the design alone does not give them (ARIMA), else None.
        mean_sd: standard deviation of those expected values (rates; n), else None.
        choices, warnings: sentences.
    """

    design: Design
    base: Array
    effect_term: str
    posterior: Posterior
    dispersion: float
    alpha: float
    variance: float
    rows: Array
    pearson: Array
    deviance: Array
    leverage: Array
    kept: Flags
    numbers: dict[str, float]
    choices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    exposure: Array | None = None
    projected: Array | None = None
    mean_sd: Array | None = None
