"""``fit``: a series and a question in, one frozen answer out; ``fit_many``: a whole batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.evidence import (
    Check,
    Effect,
    Interval,
    RefusedError,
    events_from_ratio,
    percent_from_ratio,
)
from analysis.its import checks as ask
from analysis.its.change import by_month, change, counted, expected_counts, path
from analysis.its.design import Design, build
from analysis.its.estimate import Estimate
from analysis.its.families import Job, estimate_many
from analysis.its.placebo import placebo_many
from analysis.its.power import SIMULATIONS, Power, detectable, power_of
from analysis.its.series import MIN_EXPECTED, Control, Prepared, prepare
from analysis.its.spec import FAMILY_LABELS, ItsSpec

#: A fall is called "averted" only from this probability on, and only beside a comparison.
EARNED = 0.95

#: One question of a batch: data, spec, comparison (or None).
Question = tuple[pd.DataFrame, ItsSpec, Control]


@dataclass(frozen=True, slots=True)
class ItsResult:
    """What the interruption did to the series.

    Attributes:
        effect: average effect over all periods after the phase-in (of a temporary programme: up to its
            end): events with over events without.
        coefficients: term, estimate, se, lower, upper, p; on the log scale, for linear families on that
            of the rate. For ``latent_ar1`` the estimate is the median of the mixture.
        path: observed against expected without the intervention. ``lower`` and ``upper`` bound the count
            that would have been seen (uncertainty of the model plus chance of the count); the cumulative
            limits bound the cumulative effect and end at ``effect.events``.
        diagnostics: figures of the fit by name.
        residuals: period, pearson, deviance, leverage, cook of the periods used.
        checks, choices: what was checked, and every automatic choice, in words.
        spec: the question.
        bands: period, expected, mean_lower, mean_upper (of the mean), lower, upper (of a single count).
        by_month: period, months_since_start, rate_ratio, lower, upper, programme (running · ended).
        after_end: rate ratio of what stayed on after a temporary programme ended, or None.
    """

    effect: Effect
    coefficients: pd.DataFrame = field(repr=False)
    path: pd.DataFrame = field(repr=False)
    diagnostics: dict[str, float] = field(repr=False)
    residuals: pd.DataFrame = field(repr=False)
    checks: tuple[Check, ...]
    choices: tuple[str, ...]
    spec: ItsSpec
    bands: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    by_month: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    after_end: Interval | None = None

    @property
    def averted(self) -> Interval | None:
        """Events averted (positive), only beside a comparison and with 95 % probability of a fall."""
        earned = self.effect.controlled and self.effect.probability_of_reduction >= EARNED
        return self.effect.events.map(lambda v: -v) if earned else None


def fit(data: pd.DataFrame, spec: ItsSpec, control: Control = None) -> ItsResult:
    """Fit an interrupted time series, with or without a comparison.

    Args:
        data: one row a month (or quarter, or year) on a PeriodIndex: ``count`` (NaN or no row = not
            reported), ``population`` (optional), and the spec's covariates. Linear families take any
            values of zero or more in ``count``.
        spec: the question.
        control: the same columns for a comparison that did not get the intervention, or several of them
            by name: families of counts add them up, linear ones keep each as a group.

    The effect is the ratio of the events expected with to those expected without the intervention,
    summed over the periods after; with a level change only that is exp(level). Events fewer or more
    are ``observed × (1 − 1/ratio)``, and the expected counts after the start are scaled to agree.
    (Linear families estimate the events; the ratio is ``observed / (observed − events)``.)
    The smallest detectable fall is ``100 (exp(−(z₁ + z₂) se) − 1)`` with z₁ the quantile of the level
    (1.96) and z₂ that of 80 % power (0.84); ``fit_with_power`` and ``examine`` check it by simulation.

    Raises:
        RefusedError: the data are wrong or too few. With ``spec.gates``: 24 months and 30 events before,
            6 months after (12 with a slope), 10 events expected after.

    Sources: Lopez Bernal, Cummins, Gasparrini 2017 (model); Linden 2015 (comparison); Newey, West 1987;
    Breslow, Clayton 1993 and Rue, Martino, Chopin 2009 (latent level); Schaffer, Dobbins, Pearson 2021.
    """
    found = answer_many([(data, spec, control)])[0]
    if isinstance(found, RefusedError):
        raise found
    return found.result


def fit_with_power(
    data: pd.DataFrame,
    spec: ItsSpec,
    control: Control = None,
    *,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> tuple[ItsResult, Power]:
    """``fit``, with the smallest detectable fall checked by simulation (as ``examine`` does, and no more).

    Returns:
        The result, whose effect has the checked fall and says so among its choices, and the power.

    Raises:
        RefusedError: as in ``fit``.
    """
    found = answer_many([(data, spec, control)])[0]
    if isinstance(found, RefusedError):
        raise found
    log_se = found.result.diagnostics["log_ratio_se"]
    able = power_of(found.job, found.estimate, log_se, simulations=simulations, seed=seed)
    return powered(found.result, able), able


def powered(result: ItsResult, able: Power) -> ItsResult:
    """The result with what it could have seen: in its effect, and as a sentence among the choices."""
    said = (*result.choices, able.sentence(result.effect.post_months))
    effect = replace(
        result.effect, minimum_detectable_percent=able.smallest_percent, choices=said, wait=able.wait()
    )
    return replace(result, effect=effect, choices=said)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result with what it was made of: the job, its estimate and its table of pretended starts."""

    job: Job
    estimate: Estimate
    result: ItsResult
    placebo: pd.DataFrame | None


def fit_many(questions: Sequence[Question]) -> list[ItsResult | RefusedError]:
    """``fit`` for many questions in one vectorised pass; a refusal stands in its place in the list."""
    return [a if isinstance(a, RefusedError) else a.result for a in answer_many(questions)]


def answer_many(questions: Sequence[Question]) -> list[Answer | RefusedError]:
    """``fit_many`` with what each result was made of."""
    out: list[Answer | RefusedError | None] = [None] * len(questions)
    ready: list[tuple[int, Prepared, Design, ItsSpec]] = []
    for place, (data, spec, control) in enumerate(questions):
        try:
            series = prepare(data, spec, control)
            ready.append((place, series, build(series, spec), spec))
        except RefusedError as refusal:
            out[place] = refusal
    found = estimate_many([(series, design, spec) for _, series, design, spec in ready])
    placebos = placebo_many([(series, design, spec) for _, series, design, spec in ready])
    for (place, series, design, spec), one, placebo in zip(ready, found, placebos, strict=True):
        try:
            if isinstance(one, RefusedError):
                raise one
            result = conclude(series, design, one, spec, placebo)
            out[place] = Answer((series, design, spec), one, result, placebo)
        except RefusedError as refusal:
            out[place] = refusal
    return [one for one in out if one is not None]


def conclude(
    series: Prepared, design: Design, found: Estimate, spec: ItsSpec, placebo: pd.DataFrame | None
) -> ItsResult:
    """The result of one estimate, with its table of pretended starts.

    Raises:
        RefusedError: the estimate answers nothing.
    """
    known = change(series, found)
    ratio = known.ratio(spec.level)
    observed = float(known.observed[-1])
    expected = expected_counts(series, found, observed / ratio.estimate)
    without = float(expected[counted(series, found)].sum())
    if spec.gates and without < MIN_EXPECTED:
        raise RefusedError(
            f"Only {without:.1f} events would be expected after the start; at least {MIN_EXPECTED} are "
            "needed. Wait longer, or take a wider area or a wider measure."
        )
    se = known.log_se()
    numbers, residuals = ask.diagnostics(series, found)
    numbers |= {"log_ratio_se": se, "expected_after": without, "observed_after": observed}
    if known.linear:
        numbers["difference_se"] = float(known.cumulative.sd[-1])
    checks = ask.run(series, design, found, spec, residuals, placebo)
    choices = (*_said(series, spec), *series.choices, *design.choices, *found.choices)
    table, bands = path(series, found, known, expected, spec.level)
    controlled = series.control is not None
    effect = Effect(
        method=f"Interrupted time series, {FAMILY_LABELS[spec.family]}",
        rate_ratio=ratio,
        percent=percent_from_ratio(ratio),
        events=events_from_ratio(observed, ratio),
        p_value=float(known.cumulative.p_value()[-1]),
        probability_of_reduction=float(known.cumulative.below(0.0)[-1]),
        minimum_detectable_percent=detectable(se, spec.level),
        pre_months=int(series.pre.sum()),
        post_months=int(series.post.sum()),
        controlled=controlled,
        choices=choices,
        warnings=(
            *series.warnings,
            *_warnings(series, spec, controlled),
            *found.warnings,
            *ask.failures(checks),
        ),
    )
    return ItsResult(
        effect=effect,
        coefficients=_coefficients(found, spec.level),
        path=table,
        diagnostics=numbers,
        residuals=residuals,
        checks=checks,
        choices=choices,
        spec=spec,
        bands=bands,
        by_month=by_month(series, found, expected, spec.level),
        after_end=_after_end(found, spec.level),
    )


def _after_end(found: Estimate, level: float) -> Interval | None:
    """Rate ratio after the end of a temporary programme (log link only)."""
    names = [t for t in found.design.terms if t.split(":")[-1] == "after_end"]
    if not names or found.exposure is not None:
        return None
    place = found.design.terms.index(names[-1])
    return found.posterior.coefficients().interval(level, place).map(lambda v: float(np.exp(min(v, 700.0))))


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
    if spec.covariates:
        said.append(
            f"Covariates: {', '.join(spec.covariates)}; the projection takes them as they were, so they must "
            "not have been moved by the change itself."
        )
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
