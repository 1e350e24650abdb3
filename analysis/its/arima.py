"""A step and a ramp with ARIMA errors (Schaffer, Dobbins, Pearson 2021), by exact maximum likelihood."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.its.design import Design, build
from analysis.its.estimate import Estimate
from analysis.its.linear import exposure
from analysis.its.many import Array, Flags
from analysis.its.posterior import Posterior
from analysis.its.series import Prepared, prepare
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
    (p, d, q), (sp, sd, sq) = spec.arima_order, spec.arima_seasonal
    design = _kept(design, d, sd)
    keep = design.terms
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
    model, best = _fitted(value / size, design.factual / spread, spec, cycle)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the curvature is judged below
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
    # An expected value is linear in the coefficients: after the start in the terms that are off, before it
    # in the terms freed of their own forecasts (the errors' memory is held at its estimate).
    apart = np.where(
        (series.after & used)[:, None],
        design.factual - design.counterfactual,
        _freed(design.factual, used, final.params[k:], spec, cycle),
    )
    mean_sd = np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", apart, cov, apart), 0.0))
    mean_sd = np.where(np.arange(len(used)) < lost, 0.0, mean_sd)
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
        mean_sd=mean_sd,
    )


def _freed(terms: Array, used: Flags, errors: Array, spec: ItsSpec, cycle: int) -> Array:
    """Each term (n × k) less what the errors' model foretells of it from its own past."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    out = np.empty_like(terms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starting values are not used
        for j, term in enumerate(terms.T):
            size = float(np.abs(term).max()) or 1.0
            model = SARIMAX(
                np.where(used, term / size, np.nan),
                order=spec.arima_order,
                seasonal_order=(*spec.arima_seasonal, cycle),
            )
            out[:, j] = term - np.asarray(model.filter(errors).forecasts[0], float) * size
    return out


def _filled(values: Array) -> Array:
    """Values with gaps bridged by straight lines (periods left out have a picture, but no weight)."""
    known = np.isfinite(values)
    place = np.arange(len(values))
    filled: Array = np.interp(place, place[known], values[known])
    return filled


def _kept(design: Design, d: int, sd: int) -> Design:
    """The terms that differencing leaves."""
    drop = set[str]()
    if d + sd >= 1:
        drop.add("intercept")
    if d + sd >= 2:
        drop.add("trend")
    if sd:
        drop |= {t for t in design.terms if t[:3] in ("sin", "cos") or t[:5] in ("month", "quart")}
    keep = [j for j, t in enumerate(design.terms) if t not in drop]
    return Design(
        tuple(design.terms[j] for j in keep), design.factual[:, keep], design.counterfactual[:, keep]
    )


def _fitted(value: Array, terms: Array | None, spec: ItsSpec, cycle: int) -> tuple[Any, Any]:
    """Model and fit at the maximum of the exact likelihood (values of size 1; NaN = not used)."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # heavy; only this family needs it

    with warnings.catch_warnings():
        # Starting values and stopping are judged by the optimum and its curvature.
        warnings.simplefilter("ignore")
        model = SARIMAX(
            value, exog=terms, order=spec.arima_order, seasonal_order=(*spec.arima_seasonal, cycle)
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
    return model, best


def forecast(data: pd.DataFrame, spec: ItsSpec) -> pd.DataFrame:
    """What an ARIMA model of the past alone foretells for the periods from the start on.

    The months after the start have no part in the fit: a second, independent look beside the step and
    ramp. Limits are those of a single value.

    Returns:
        period, observed, expected, lower, upper, from the start (or the end of the phase-in) on.

    Raises:
        RefusedError: as in ``fit`` with the family ``arima``.
    """
    series = prepare(data, spec, None)
    design = build(series, spec)
    d, sd = spec.arima_order[1], spec.arima_seasonal[1]
    rest = [j for j, t in enumerate(design.terms) if t not in ("level", "slope", "after_end")]
    design = _kept(
        Design(tuple(design.terms[j] for j in rest), design.factual[:, rest], design.factual[:, rest]), d, sd
    )
    past, scale = series.pre, exposure(series)
    first = int(np.flatnonzero(past)[-1]) + 1
    cycle = series.per_year if any(spec.arima_seasonal) else 0
    if int(past.sum()) < d + sd * cycle + design.factual.shape[1] + 10:
        raise RefusedError(
            f"{int(past.sum())} {series.unit}s before the start are too few for this ARIMA model."
        )
    value = np.where(past, series.count / scale, np.nan)[:first]
    size = float(np.nanstd(value)) or 1.0
    some = design.factual.shape[1] > 0
    spread = np.maximum(np.abs(design.factual).max(axis=0), 1.0) if some else np.ones(0)
    terms = design.factual / spread if some else None
    _, best = _fitted(value / size, None if terms is None else terms[:first], spec, cycle)
    ahead = best.get_forecast(len(series.periods) - first, exog=None if terms is None else terms[first:])
    mean = np.asarray(ahead.predicted_mean, float) * size * scale[first:]
    limits = np.asarray(ahead.conf_int(alpha=1 - spec.level), float) * size * scale[first:, None]
    table = pd.DataFrame(
        {
            "period": series.periods[first:],
            "observed": series.count[first:],
            "expected": mean,
            "lower": limits[:, 0],
            "upper": limits[:, 1],
        }
    )
    return table[series.after[first:]].reset_index(drop=True)
