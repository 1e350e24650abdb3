"""A step and a ramp with ARIMA errors (Schaffer, Dobbins, Pearson 2021), by exact maximum likelihood."""

from __future__ import annotations

import warnings

import numpy as np

from analysis.evidence import RefusedError
from analysis.its.design import Design
from analysis.its.estimate import Estimate
from analysis.its.linear import exposure
from analysis.its.many import Array
from analysis.its.posterior import Posterior
from analysis.its.series import Prepared
from analysis.its.spec import ItsSpec


def arima(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
    """Values on the intervention's terms, with ARIMA errors.

    Differencing takes the place of intercept (and of the trend, when the series is differenced twice),
    seasonal differencing that of the season. Values are scaled to size 1 and the Hessian is used for the
    standard errors: without both, the usual software stops early or misstates them.

    Raises:
        RefusedError: with a comparison series, or when the likelihood has no proper maximum.
    """
    if series.control is not None:
        raise RefusedError(
            "ARIMA is for a single series. With a comparison use latent_ar1, quasi_poisson, ols or gls_ar1."
        )
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # heavy; only this family needs it

    (p, d, q), (sp, sd, sq) = spec.arima_order, spec.arima_seasonal
    drop = set[str]()
    if d + sd >= 1:
        drop.add("intercept")
    if d + sd >= 2:
        drop.add("trend")
    if sd:
        drop |= {t for t in design.terms if t[:3] in ("sin", "cos") or t[:5] in ("month", "quart")}
    keep = [j for j, t in enumerate(design.terms) if t not in drop]
    design = Design(
        tuple(design.terms[j] for j in keep), design.factual[:, keep], design.counterfactual[:, keep]
    )
    scale = exposure(series)
    used = series.used
    value = np.where(used, series.count / scale, np.nan)
    size = float(np.nanstd(value)) or 1.0
    spread = np.maximum(np.abs(design.factual).max(axis=0), 1.0)
    cycle = series.per_year if (sp or sd or sq) else 0
    if cycle == 1:
        raise RefusedError("Yearly data have no season; set arima_seasonal to (0, 0, 0).")
    lost = d + sd * cycle
    if int(used.sum()) < lost + len(keep) + p + q + sp + sq + 6:
        raise RefusedError(
            f"{int(used.sum())} {series.unit}s are too few for this ARIMA model; at least "
            f"{lost + len(keep) + p + q + sp + sq + 6} are needed. Use a lower order or a longer series."
        )
    with warnings.catch_warnings():
        # Starting values and stopping are judged below, by the optimum and its curvature.
        warnings.simplefilter("ignore")
        model = SARIMAX(
            value / size, exog=design.factual / spread, order=(p, d, q), seasonal_order=(sp, sd, sq, cycle)
        )
        best = None
        for method in ("lbfgs", "nm"):
            start = None if best is None else best.params
            options = {"maxiter": 2000} if method == "nm" else {"maxiter": 500, "factr": 10.0}
            tried = model.fit(start, disp=0, method=method, cov_type="none", **options)
            if best is None or tried.llf > best.llf:
                best = tried
            if method == "lbfgs" and best.mle_retvals.get("converged", False):
                break
        assert best is not None
        final = model.smooth(best.params, cov_type="approx", cov_kwds={"approx_complex_step": True})
    k = len(keep)
    beta = np.asarray(final.params[:k], float) * size / spread
    cov = np.asarray(final.cov_params(), float)[:k, :k] * size**2 / np.outer(spread, spread)
    if not np.all(np.isfinite(cov)) or np.any(np.diag(cov) <= 0):
        raise RefusedError(
            "The ARIMA likelihood has no proper maximum for this order. "
            "Use a lower order, for example (1, 0, 0)."
        )
    error = np.asarray(final.standardized_forecasts_error[0], float)
    kept = used & np.isfinite(error) & (np.arange(len(used)) >= lost)
    forecast = np.asarray(final.forecasts[0], float) * size
    off = (design.factual - design.counterfactual) @ beta
    projected = np.where(series.after & used, value - off, forecast - off)
    # Before the first differences exist there is no forecast; the value itself stands there.
    projected = np.where(np.arange(len(used)) < lost, np.where(used, value, np.nan), projected)
    order = f"({p},{d},{q})" + (f"({sp},{sd},{sq}) of {cycle}" if cycle else "")
    return Estimate(
        design=design,
        base=series.offset,
        effect_term="level",
        posterior=Posterior.single(beta, cov),
        dispersion=0.0,
        alpha=0.0,
        variance=float(final.params[-1]) * size**2,
        rows=design.factual[kept],
        pearson=error[kept],
        deviance=error[kept],
        leverage=np.zeros(int(kept.sum())),
        kept=kept,
        numbers={
            "pearson_dispersion": float(np.mean(error[kept] ** 2)),
            "deviance": float(np.sum(error[kept] ** 2)),
            "log_likelihood": float(final.llf) - (int(used.sum()) - lost) * float(np.log(size)),
            "df_resid": float(int(used.sum()) - lost - len(final.params)),
            **{str(name): float(final.params[j]) for j, name in enumerate(model.param_names) if j >= k},
        },
        choices=(f"Errors: ARIMA {order}, by exact maximum likelihood.",),
        exposure=scale,
        projected=_filled(projected * scale),
    )


def _filled(values: Array) -> Array:
    """Values with gaps bridged by straight lines (periods left out have a picture, but no weight)."""
    known = np.isfinite(values)
    place = np.arange(len(values))
    filled: Array = np.interp(place, place[known], values[known])
    return filled
