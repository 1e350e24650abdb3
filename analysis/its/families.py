"""Each family's fit, in one shape: what is known of the coefficients, how counts scatter, residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.evidence import RefusedError
from analysis.its import glm
from analysis.its.design import Design, grouped, ratio
from analysis.its.glm import Array
from analysis.its.latent import integrate
from analysis.its.posterior import Posterior
from analysis.its.series import Prepared
from analysis.its.spec import ItsSpec


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
        numbers: further figures of the fit.
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
    numbers: dict[str, float]
    choices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def estimate(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
    """Fit the family of the spec.

    Raises:
        RefusedError: the family cannot be fitted to these counts.
    """
    if spec.family == "latent_ar1":
        return _latent(series, design)
    if spec.family == "log_prais_winsten":
        return _log_linear(series, design)
    return _counts(series, design, spec)


def _counts(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
    """Poisson, quasi-Poisson and NB2; with a comparison, both series in one stacked model."""
    used = series.used
    y, x, offset = series.count[used], design.factual[used], series.offset[used]
    groups = np.ones(len(y))
    choices: list[str] = []
    term = "level"
    if series.control is not None and series.control_offset is not None:
        shared = x
        design, term = grouped(design), "treated:level"
        x = np.vstack([np.hstack([shared, np.zeros_like(shared)]), design.factual[used]])
        y = np.concatenate([series.control[used], y])
        offset = np.concatenate([series.control_offset[used], offset])
        groups = np.repeat([0.0, 1.0], len(shared))
        choices.append(
            "Comparison: both series in one model, each with its own level, trend, season and change; "
            "the effect is the treated series' change beyond the comparison's."
        )
    if spec.family == "negative_binomial":
        fit = glm.negative_binomial(y, x, offset)
        choices.append(
            f"Negative binomial dispersion by maximum likelihood: {fit.alpha:.4g}."
            if fit.alpha > 0
            else "The counts scatter no more than Poisson counts: the negative binomial is the Poisson model."
        )
    else:
        fit = glm.irls(y, x, offset)
    n, k = x.shape
    chi2 = float(np.sum(fit.pearson**2))
    pearson_dispersion = chi2 / (n - k)
    dispersion = pearson_dispersion if spec.family == "quasi_poisson" else 1.0
    warnings: list[str] = []
    if spec.family == "quasi_poisson":
        choices.append(f"Scatter: {dispersion:.2f} times that of Poisson counts (Pearson).")
    if spec.family == "poisson" and spec.covariance == "model" and pearson_dispersion > 1.5:
        warnings.append(
            f"The counts scatter {pearson_dispersion:.1f} times as much as Poisson counts; "
            "the plain Poisson interval is too narrow."
        )
    cov = fit.cov * dispersion
    if spec.covariance == "hac":
        lags = (
            spec.hac_lags
            if spec.hac_lags is not None
            else int(4 * (len(series.count[used]) / 100) ** (2 / 9))
        )
        cov = glm.newey_west(fit, x, lags, groups)
        choices.append(
            f"Newey–West standard errors with {lags} lags, times n/(n − k); a gap counts as adjacent"
            + ("; the two series are taken as independent." if len(set(groups)) > 1 else ".")
        )
        if int(series.post.sum()) < 36:
            warnings.append(
                "Newey–West intervals are too narrow with few months after the start: of ten series without "
                "any change, one to two seem to have one."
            )
    if not np.all(np.isfinite(cov)) or np.any(np.diag(cov) <= 0):
        raise RefusedError("The uncertainty of this model cannot be computed; use fewer terms.")
    own = slice(n - int(used.sum()), n)
    return Estimate(
        design=design,
        base=series.offset,
        effect_term=term,
        posterior=Posterior.single(fit.beta, cov),
        dispersion=dispersion,
        alpha=fit.alpha,
        variance=0.0,
        rows=(np.sqrt(fit.weight)[:, None] * x)[own],
        pearson=fit.pearson[own],
        deviance=glm.deviance_residuals(y, fit)[own],
        leverage=fit.hat(x)[own],
        numbers={
            "pearson_dispersion": pearson_dispersion,
            "deviance": float(np.sum(glm.deviance_residuals(y, fit) ** 2)),
            "log_likelihood": float("nan") if spec.family == "quasi_poisson" else glm.log_likelihood(y, fit),
            "alpha": fit.alpha,
            "df_resid": float(n - k),
        },
        choices=tuple(choices),
        warnings=tuple(warnings),
    )


def _latent(series: Prepared, design: Design) -> Estimate:
    """Poisson with a latent AR(1) level; with a comparison, of the ratio of the two.

    Two Poisson series that share a month's circumstances are, given their sum, binomial: the shared
    part drops out exactly (a factor for every month in the stacked model gives the same coefficients).
    What drifts is then the log ratio.
    """
    used = series.used
    choices: list[str] = []
    y, base = series.count, series.offset
    term, total = "level", None
    if series.control is not None and series.control_offset is not None:
        quiet = used & (y + series.control == 0)
        if quiet.any():
            # A month without an event in either says nothing of their ratio.
            choices.append(
                f"{int(quiet.sum())} {series.unit}s without an event in either series say nothing here."
            )
            used = used & ~quiet
        lone = series.post & (series.control == 0)
        if lone.any():
            choices.append(
                f"{int(lone.sum())} {series.unit}s after the start without an event in the comparison have "
                "no expectation; their events are not in the difference in events."
            )
        design, term = ratio(design), "treated:level"
        base = series.offset - series.control_offset
        total = (y + series.control)[used]
        choices.append(
            "Comparison: month by month, the share of the two series' events that is the treated one's. "
            "What moves both drops out; season and trend of the ratio are its own."
        )
    x = design.factual[used]
    fit = glm.irls(y[used], x, base[used], total=total)
    posterior, drift = integrate(x, fit.eta - base[used] + fit.residual, fit.weight, series.time[used])
    choices.append(drift.sentence)
    warnings: list[str] = []
    if drift.at_edge > 0.5:
        warnings.append(
            "The level drifts by more than the model allows for (60 %); the interval is too narrow. "
            "Look for months that are not real counts."
        )
    n, k = x.shape
    if series.control is not None:
        with np.errstate(divide="ignore"):
            base = base + np.log(series.control)
    deviance = glm.deviance_residuals(y[used], fit, total)
    return Estimate(
        design=design,
        base=base,
        effect_term=term,
        posterior=posterior,
        dispersion=1.0,
        alpha=0.0,
        variance=drift.variance,
        rows=np.sqrt(fit.weight)[:, None] * x,
        pearson=fit.pearson,
        deviance=deviance,
        leverage=fit.hat(x),
        numbers={
            "pearson_dispersion": float(np.sum(fit.pearson**2)) / (n - k),
            "deviance": float(np.sum(deviance**2)),
            "drift_sd": drift.sd,
            "drift_rho": drift.rho,
            "drift_none": drift.none,
            "level_without_drift": float(fit.beta[design.terms.index(term)]),
            "df_resid": float(n - k),
        },
        choices=tuple(choices),
        warnings=tuple(warnings),
    )


def _log_linear(series: Prepared, design: Design) -> Estimate:
    """Log counts on the terms with AR(1) errors; the first period is kept (Prais, Winsten 1954).

    Gaps are true ones: the error after g periods is correlated by rho to the power g. With a
    comparison, the log ratio is regressed.
    """
    used = series.used
    y, base, term = series.count, series.offset, "level"
    choices = ["Logarithms of the counts: the effect is on the geometric mean."]
    sides = [("The series", y)]
    if series.control is not None and series.control_offset is not None:
        design, term = ratio(design), "treated:level"
        sides.append(("The comparison", series.control))
        base = series.offset - series.control_offset
        choices.append("Comparison: the logarithm of the ratio of the two series.")
    for who, counts in sides:
        if (counts[used] == 0).any():
            when = series.periods[int(np.flatnonzero(used & (counts == 0))[0])]
            raise RefusedError(
                f"{who} has no event in {when}, and zero has no logarithm. Use a family for counts, "
                "for example latent_ar1."
            )
    if series.control is not None:
        with np.errstate(divide="ignore"):
            base = base + np.log(series.control)
    x, z = design.factual[used], np.log(y[used]) - base[used]
    gap = np.diff(series.time[used])
    n, k = x.shape
    rho, settled = 0.0, False
    for _ in range(200):
        wx, wz = _whiten(x, gap, rho), _whiten(z[:, None], gap, rho)[:, 0]
        beta = np.linalg.lstsq(wx, wz, rcond=None)[0]
        e = z - x @ beta
        near = gap == 1
        new = float(np.sum(e[1:][near] * e[:-1][near]) / np.sum(e[:-1][near] ** 2)) if near.any() else 0.0
        new = float(np.clip(new, -0.99, 0.99))
        if abs(new - rho) < 1e-10:
            settled = True
            break
        rho = new
    wx, wz = _whiten(x, gap, rho), _whiten(z[:, None], gap, rho)[:, 0]
    rest = wz - wx @ beta
    sigma2 = float(rest @ rest) / (n - k)
    inverse = np.linalg.inv(wx.T @ wx)
    choices.append(f"Errors of neighbouring {series.unit}s are correlated by {rho:.2f} (Prais–Winsten).")
    marginal = sigma2 / (1 - rho**2)
    standard = rest / np.sqrt(sigma2) if sigma2 > 0 else rest
    # The mean of counts is above the exponential of the mean log by a common factor.
    smear = float(np.sum(y[used]) / np.sum(np.exp(base[used] + x @ beta)))
    return Estimate(
        design=design,
        base=base + np.log(smear),
        effect_term=term,
        posterior=Posterior.single(
            np.asarray(beta, float), np.asarray(sigma2 * inverse, float), df=float(n - k)
        ),
        dispersion=0.0,
        alpha=0.0,
        variance=marginal,
        rows=wx,
        pearson=standard,
        deviance=standard,
        leverage=np.clip(np.einsum("ij,jk,ik->i", wx, inverse, wx), 0, 1 - 1e-9),
        numbers={
            "pearson_dispersion": sigma2,
            "deviance": float(rest @ rest),
            "rho": rho,
            "df_resid": float(n - k),
        },
        choices=tuple(choices),
        warnings=() if settled else ("The correlation of neighbouring months did not settle on one value.",),
    )


def _whiten(values: Array, gap: Array, rho: float) -> Array:
    """Rows (n × m) made uncorrelated with equal variance under AR(1) errors with calendar gaps."""
    out = values.copy()
    out[0] *= np.sqrt(1 - rho**2)
    power = rho**gap
    scale = np.sqrt((1 - rho**2) / (1 - power**2))
    out[1:] = (values[1:] - power[:, None] * values[:-1]) * scale[:, None]
    return out
