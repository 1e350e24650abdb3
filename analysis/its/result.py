"""``fit``: a series and a question in, one frozen answer out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import gamma

from analysis.evidence import (
    Check,
    Effect,
    RefusedError,
    events_from_ratio,
    path_table,
    percent_from_ratio,
)
from analysis.its import checks as ask
from analysis.its.design import build
from analysis.its.families import Estimate, estimate
from analysis.its.glm import Array
from analysis.its.posterior import Marginal
from analysis.its.series import MIN_EXPECTED, Flags, Prepared, prepare
from analysis.its.spec import FAMILY_LABELS, ItsSpec

#: Wanted power of the smallest change that could be seen.
POWER = 0.80
#: A standard error of the log ratio above this is no answer (limits a thousandfold apart).
_WIDEST = 1.8


@dataclass(frozen=True, slots=True)
class ItsResult:
    """What the interruption did to the series.

    Attributes:
        effect: average effect over all periods after the phase-in: events with over events without.
        coefficients: term, estimate, se, lower, upper, p; on the log scale. For ``latent_ar1`` the
            estimate is the median of the mixture.
        path: observed against expected without the intervention. ``lower`` and ``upper`` bound the count
            that would have been seen (uncertainty of the model plus chance of the count); the cumulative
            limits bound the cumulative effect and end at ``effect.events``.
        diagnostics: figures of the fit by name.
        residuals: period, pearson, deviance, leverage, cook of the periods used.
        checks, choices: what was checked, and every automatic choice, in words.
        spec: the question.
    """

    effect: Effect
    coefficients: pd.DataFrame = field(repr=False)
    path: pd.DataFrame = field(repr=False)
    diagnostics: dict[str, float] = field(repr=False)
    residuals: pd.DataFrame = field(repr=False)
    checks: tuple[Check, ...]
    choices: tuple[str, ...]
    spec: ItsSpec


def fit(data: pd.DataFrame, spec: ItsSpec, control: pd.DataFrame | None = None) -> ItsResult:
    """Fit an interrupted time series, with or without a comparison series.

    Args:
        data: one row a month (or quarter, or year) on a PeriodIndex: ``count`` (NaN or no row = not
            reported), ``population`` (optional), and the spec's covariates.
        spec: the question.
        control: the same columns for a comparison that did not get the intervention.

    The effect is the ratio of the events expected with to those expected without the intervention,
    summed over the periods after; with a level change only that is exp(level). Events fewer or more
    are ``observed × (1 − 1/ratio)``, and the expected counts after the start are scaled to agree.
    The smallest detectable fall is ``100 (exp(−(z₁ + z₂) se) − 1)`` with z₁ the quantile of the level
    (1.96) and z₂ that of 80 % power (0.84).

    Raises:
        RefusedError: the data are wrong or too few. With ``spec.gates``: 24 months and 30 events before,
            6 months after (12 with a slope), 10 events expected after.

    Sources: Lopez Bernal, Cummins, Gasparrini 2017 (model); Linden 2015 (comparison); Newey, West 1987;
    Breslow, Clayton 1993 and Rue, Martino, Chopin 2009 (latent level).
    """
    series = prepare(data, spec, control)
    design = build(series, spec)
    found = estimate(series, design, spec)
    with np.errstate(all="ignore"):  # judged right after
        log_ratio = _log_ratios(series, found)
    _usable(log_ratio)
    last = len(log_ratio.means[0]) - 1
    ratio = log_ratio.interval(spec.level, last).map(lambda v: float(np.exp(min(v, 700.0))))
    observed = float(series.count[_counted(series, found)].sum())
    if observed == 0:
        raise RefusedError(
            "After the start the series has events only in months in which the comparison has none. "
            "Choose a larger comparison."
        )
    expected = _expected(series, found, observed / ratio.estimate)
    without = float(expected[_counted(series, found)].sum())
    if spec.gates and without < MIN_EXPECTED:
        raise RefusedError(
            f"Only {without:.1f} events would be expected after the start; at least {MIN_EXPECTED} are "
            "needed. Wait longer, or take a wider area or a wider measure."
        )
    se = float(log_ratio.sd[last])
    z = float(ndtri(0.5 + spec.level / 2) + ndtri(POWER))
    numbers, residuals = ask.diagnostics(series, found)
    numbers |= {"log_ratio_se": se, "expected_after": without, "observed_after": observed}
    checks = ask.run(series, design, found, spec, residuals)
    choices = (*_said(series, spec), *series.choices, *design.choices, *found.choices)
    effect = Effect(
        method=f"Interrupted time series, {FAMILY_LABELS[spec.family]}",
        rate_ratio=ratio,
        percent=percent_from_ratio(ratio),
        events=events_from_ratio(observed, ratio),
        p_value=float(log_ratio.p_value()[last]),
        probability_of_reduction=float(log_ratio.below(0.0)[last]),
        minimum_detectable_percent=100.0 * (float(np.exp(-z * se)) - 1.0),
        pre_months=int(series.pre.sum()),
        post_months=int(series.post.sum()),
        controlled=control is not None,
        choices=choices,
        warnings=(*_warnings(series, spec, control is not None), *found.warnings, *ask.failures(checks)),
    )
    return ItsResult(
        effect=effect,
        coefficients=_coefficients(found, spec.level),
        path=_path(series, found, expected, log_ratio, spec.level),
        diagnostics=numbers,
        residuals=residuals,
        checks=checks,
        choices=choices,
        spec=spec,
    )


def _usable(log_ratio: Marginal) -> None:
    """Refuse an answer that is none: a ratio whose limits are a thousandfold apart, or not numbers."""
    values, sds = log_ratio.means[:, -1], log_ratio.sds[:, -1]
    finite = bool(np.all(np.isfinite(values)) and np.all(np.isfinite(sds)))
    if not finite or log_ratio.sd[-1] > _WIDEST:
        raise RefusedError(
            "The months do not say what would have happened without the change: any answer would do. "
            "Look for months that are not real counts, use fewer terms, or a longer series."
        )


def _counted(series: Prepared, found: Estimate) -> Flags:
    """Periods whose events the effect adds up: used, after, and with an expectation."""
    return series.post & np.isfinite(found.base)


def _log_ratios(series: Prepared, found: Estimate) -> Marginal:
    """Log of events with over without, summed from the first period after up to each one used."""
    post = _counted(series, found)
    on, off, base = found.design.factual[post], found.design.counterfactual[post], found.base[post]

    def of(beta: Array) -> tuple[Array, Array]:
        with_it, without = np.exp(base + on @ beta), np.exp(base + off @ beta)
        total, total0 = np.cumsum(with_it), np.cumsum(without)
        gradient = np.cumsum(with_it[:, None] * on, axis=0) / total[:, None]
        gradient = gradient - np.cumsum(without[:, None] * off, axis=0) / total0[:, None]
        return np.log(total / total0), gradient

    return found.posterior.of(of)


def _expected(series: Prepared, found: Estimate, target: float) -> Array:
    """Counts without the intervention; those after the start are scaled to add up to ``target``.

    For a Poisson or quasi-Poisson model the factor is 1: its fit adds up to the observed total. The
    other families fit the total only nearly, and one difference in events must not appear as two.
    """
    with np.errstate(divide="ignore"):
        expected: Array = np.exp(found.base + found.design.counterfactual @ found.posterior.mean)
    # Without an event in the comparison the ratio model has no expectation for that month.
    expected = np.where(np.isfinite(found.base), expected, np.nan)
    total = float(expected[_counted(series, found)].sum())
    return np.where(series.after, expected * (target / total), expected)


def _path(
    series: Prepared, found: Estimate, expected: Array, log_ratio: Marginal, level: float
) -> pd.DataFrame:
    tail = (1.0 - level) / 2.0
    off = found.design.counterfactual
    limits_known = np.isfinite(expected)
    sure = np.where(limits_known, np.maximum(expected, 1e-12), 1.0)
    log_var = np.einsum("ni,ij,nj->n", off, found.posterior.cov, off) + found.variance
    scatter = np.expm1(np.minimum(log_var, 50.0)) + found.alpha
    if series.control is not None and found.base is not series.offset:
        scatter = scatter + 1.0 / np.where(series.control > 0, series.control, np.nan)
    # Gamma limits with the variance's share of the mean squared: never below zero, close to normal for
    # large counts.
    share = found.dispersion / sure + np.minimum(scatter, 1e6)
    # (A mean near zero may lie above the upper quantile, when nearly every month would have none.)
    lower, upper = (
        np.where(limits_known, gamma.ppf(q, 1.0 / share, scale=sure * share), np.nan)
        for q in (tail, 1.0 - tail)
    )

    lower, upper = np.minimum(lower, expected), np.maximum(upper, expected)

    n = len(series.periods)
    counted = _counted(series, found)
    running = np.cumsum(series.count[counted])
    running_expected = np.cumsum(expected[counted])
    median = log_ratio.quantile(0.5)
    limits = []
    for q in (tail, 1.0 - tail):
        values = np.full(n, np.nan)
        # Same identity as the headline's, on the totals up to each month.
        values[counted] = running - running_expected * np.exp(median - log_ratio.quantile(q))
        limits.append(values)
    return path_table(
        series.periods,
        series.count,
        expected,
        lower,
        upper,
        post=counted,
        cumulative_lower=limits[0],
        cumulative_upper=limits[1],
    )


def _coefficients(found: Estimate, level: float) -> pd.DataFrame:
    known = found.posterior.coefficients()
    tail = (1.0 - level) / 2.0
    return pd.DataFrame(
        {
            "term": list(found.design.terms),
            "estimate": known.quantile(0.5),
            "se": known.sd,
            "lower": known.quantile(tail),
            "upper": known.quantile(1.0 - tail),
            "p": known.p_value(),
        }
    )


def _said(series: Prepared, spec: ItsSpec) -> tuple[str, ...]:
    periods, unit = series.periods, series.unit
    pre, post = periods[series.pre], periods[series.post]
    said = [
        f"Family: {FAMILY_LABELS[spec.family]}.",
        f"Before: {pre[0]} to {pre[-1]} ({len(pre)} {unit}s used).",
        f"After: {post[0]} to {post[-1]} ({len(post)} {unit}s used).",
        "A log-linear trend." if spec.trend else "No trend: the past is level.",
        "Change of level and slope." if spec.slope else "Change of level only.",
    ]
    if not spec.gates:
        said.append("The rules on how much data is enough were switched off.")
    return tuple(said)


def _warnings(series: Prepared, spec: ItsSpec, controlled: bool) -> tuple[str, ...]:
    found = []
    if not controlled:
        found.append(
            "A single series: the number is a difference from a projection of its own past, which cannot "
            "tell the intervention from everything else that changed at that time."
        )
    if int(series.post.sum()) < 12 and series.per_year == 12:
        found.append("Less than a year after the start: season and effect are hard to tell apart.")
    if spec.interruptions:
        found.append("Other changes are in the model; those close to the start cannot be separated from it.")
    return tuple(found)
