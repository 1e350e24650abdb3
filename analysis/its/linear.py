"""Linear models: of rates (ordinary or generalised least squares) and of logarithms (Prais–Winsten)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from analysis.evidence import RefusedError
from analysis.its.design import Design, grouped, ratio
from analysis.its.estimate import Estimate
from analysis.its.many import Array
from analysis.its.posterior import Posterior
from analysis.its.series import Prepared
from analysis.its.spec import ItsSpec

#: Correlations of neighbouring errors are looked for between these.
_RHO = 0.995


@dataclass(frozen=True, slots=True)
class Least:
    """A least-squares fit: ``beta`` (k), ``cov`` (k × k), ``residual`` (n), ``white_x`` and ``white`` (rows
    and residuals freed of correlation), ``sigma2``, ``rho``, ``log_likelihood``."""

    beta: Array
    cov: Array
    residual: Array
    white_x: Array
    white: Array
    sigma2: float
    rho: float
    log_likelihood: float


def ols(y: Array, x: Array) -> Least:
    """Ordinary least squares of ``y`` (n) on ``x`` (n × k); variance with n − k."""
    return _least(y, x, np.zeros(len(y)), np.zeros(len(y)), 0.0)


def gls_ar1(y: Array, x: Array, time: Array, groups: Array) -> Least:
    """Generalised least squares with AR(1) errors inside each group, by maximum likelihood.

    Gaps are true ones: errors g periods apart are correlated by ``rho^g``. Standard errors use n − k, as
    nlme::gls does (Pinheiro, Bates 2000).
    """

    def cost(rho: float) -> float:
        return -_least(y, x, time, groups, rho).log_likelihood

    # A coarse look first: the likelihood may have more than one hill.
    grid = np.linspace(-0.9, 0.98, 17)
    best = int(np.argmin([cost(float(r)) for r in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    low = -_RHO if best == 0 else low
    high = _RHO if best == len(grid) - 1 else high
    rho = float(minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x)
    return _least(y, x, time, groups, rho)


def _least(y: Array, x: Array, time: Array, groups: Array, rho: float) -> Least:
    n, k = x.shape
    if rho == 0:
        wx, wy, log_det = x, y, 0.0
    else:
        wx, wy, log_det = whiten(x, y, time, groups, rho)
    beta = np.asarray(np.linalg.lstsq(wx, wy, rcond=None)[0], float)
    white = wy - wx @ beta
    rss = float(white @ white)
    inverse = np.linalg.inv(wx.T @ wx)
    sigma2 = rss / (n - k)
    likelihood = -0.5 * (n * (np.log(2 * np.pi * max(rss, 1e-300) / n) + 1) + log_det)
    return Least(beta, sigma2 * inverse, y - x @ beta, wx, white, sigma2, rho, float(likelihood))


def whiten(x: Array, y: Array, time: Array, groups: Array, rho: float) -> tuple[Array, Array, float]:
    """Rows freed of AR(1) correlation (unit variance), and the log determinant of the correlations."""
    both = np.column_stack([x, y])
    out = both.copy()
    same = groups[1:] == groups[:-1]
    power = np.where(same, float(rho) ** np.where(same, time[1:] - time[:-1], 1.0), 0.0)
    left = 1.0 - power**2
    out[1:] = (both[1:] - power[:, None] * both[:-1]) / np.sqrt(left)[:, None]
    return out[:, :-1], out[:, -1], float(np.sum(np.log(left)))


def newey_west(fit: Least, x: Array, lags: int, groups: Array) -> Array:
    """Sandwich covariance with Bartlett weights times n/(n − k); only rows of one group are paired."""
    n, k = x.shape
    scores = x * fit.residual[:, None]
    meat = np.zeros((k, k))
    for group in np.unique(groups):
        own = scores[groups == group]
        meat += own.T @ own
        for lag in range(1, min(lags, len(own) - 1) + 1):
            cross = own[lag:].T @ own[:-lag]
            meat += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    bread = np.linalg.inv(x.T @ x)
    cov: Array = bread @ meat @ bread * (n / (n - k))
    return cov


def exposure(series: Prepared) -> Array:
    """What a rate is multiplied with to give events (n)."""
    values: Array = np.exp(series.offset) / series.per
    return values


def linear(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
    """Rates on the terms; with comparisons every one is a group of its own (Linden 2015)."""
    used, term = series.used, "level"
    unit = f"events per {series.per:,.0f} people a {series.unit}" if series.per > 1 else "the values"
    choices = [f"Linear model of {unit}."]
    scale = exposure(series)
    x, y = design.factual[used], series.count[used] / scale[used]
    time, groups = series.time[used], np.zeros(int(used.sum()))
    if series.others:
        design, term = grouped(design), "treated:level"
        none = np.zeros_like(x)
        blocks = [np.hstack([x, none])] * len(series.others) + [design.factual[used]]
        values = [(c / (np.exp(o) / series.per))[used] for c, o in series.others]
        x, y = np.vstack(blocks), np.concatenate([*values, y])
        groups = np.repeat(np.arange(len(blocks), dtype=float), len(none))
        time = np.tile(time, len(blocks))
        choices.append(
            f"Comparison: {len(series.others)} series with a common course beside the treated one; "
            "the effect is the treated series' change beyond theirs."
        )
    fit = ols(y, x) if spec.family == "ols" else gls_ar1(y, x, time, groups)
    n, k = x.shape
    cov = fit.cov
    warnings: tuple[str, ...] = ()
    if spec.family == "gls_ar1":
        choices.append(f"Errors of neighbouring {series.unit}s are correlated by {fit.rho:.2f}.")
        if abs(fit.rho) > 0.97:
            warnings = ("The errors wander without bound; trend and level can hardly be told apart.",)
    elif spec.covariance == "hac":
        lags = spec.lags(int(used.sum()))
        cov = newey_west(fit, x, lags, groups)
        choices.append(
            f"Newey–West standard errors with {lags} lags, times n/(n − k); a gap counts as adjacent."
        )
        if int(series.post.sum()) < 36:
            warnings = (
                "Newey–West intervals are too narrow with few months after the start: of ten series without "
                "any change, one to two seem to have one.",
            )
    own = slice(n - int(used.sum()), n)
    hat = np.einsum("ij,jk,ik->i", fit.white_x, fit.cov / fit.sigma2, fit.white_x)
    residual = fit.white / np.sqrt(fit.sigma2)
    return Estimate(
        design=design,
        base=series.offset,
        effect_term=term,
        posterior=Posterior.single(fit.beta, cov, df=float(n - k)),
        dispersion=0.0,
        alpha=0.0,
        variance=fit.sigma2,
        rows=fit.white_x[own],
        pearson=residual[own],
        deviance=residual[own],
        leverage=np.clip(hat[own], 0.0, 1.0 - 1e-9),
        kept=used,
        numbers={
            "pearson_dispersion": fit.sigma2,
            "deviance": float(np.sum(fit.white**2)),
            "log_likelihood": fit.log_likelihood,
            "rho": fit.rho,
            "df_resid": float(n - k),
        },
        choices=tuple(choices),
        warnings=warnings,
        exposure=scale,
    )


def log_linear(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
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
    time, groups = series.time[used], np.zeros(len(z))
    near = np.diff(time) == 1
    n, k = x.shape
    rho, settled = 0.0, False
    for _ in range(200):
        wx, wz, _ = whiten(x, z, time, groups, rho)
        beta = np.linalg.lstsq(wx, wz, rcond=None)[0]
        e = z - x @ beta
        new = float(np.sum(e[1:][near] * e[:-1][near]) / np.sum(e[:-1][near] ** 2)) if near.any() else 0.0
        new = float(np.clip(new, -0.99, 0.99))
        if abs(new - rho) < 1e-10:
            settled = True
            break
        rho = new
    root = np.sqrt(1.0 - rho**2)  # errors with the variance of the innovations
    wx, wz, _ = whiten(x, z, time, groups, rho)
    wx, wz = wx * root, wz * root
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
        kept=used,
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
