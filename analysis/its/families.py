"""Each family's fit, in one shape: what is known of the coefficients, how counts scatter, residuals.

``estimate_many`` fits a whole batch: jobs of one family and one number of terms run through one array
operation (see :mod:`analysis.its.many`). ``estimate`` is the batch of one, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.evidence import RefusedError
from analysis.its import glm, many
from analysis.its.arima import arima
from analysis.its.design import Design, grouped, ratio
from analysis.its.estimate import Estimate
from analysis.its.latent import Drift, integrate_many
from analysis.its.linear import linear, log_linear
from analysis.its.many import Array, Flags
from analysis.its.posterior import Posterior
from analysis.its.series import Prepared
from analysis.its.spec import ItsSpec

Job = tuple[Prepared, Design, ItsSpec]


def estimate(series: Prepared, design: Design, spec: ItsSpec) -> Estimate:
    """Fit the family of the spec.

    Raises:
        RefusedError: the family cannot be fitted to these counts.
    """
    found = estimate_many([(series, design, spec)])[0]
    if isinstance(found, RefusedError):
        raise found
    return found


def estimate_many(jobs: Sequence[Job]) -> list[Estimate | RefusedError]:
    """Fit many series, each with its own design and spec; a refusal stands in its place in the list."""
    out: list[Estimate | RefusedError | None] = [None] * len(jobs)
    problems: dict[tuple[str, int, bool], list[tuple[int, Problem]]] = {}
    for place, (series, design, spec) in enumerate(jobs):
        try:
            if spec.family in _ALONE:
                out[place] = _ALONE[spec.family](series, design, spec)
            else:
                problem = _MAKE[spec.family](series, design, spec)
                key = (spec.family, problem.x.shape[1], problem.total is not None)
                problems.setdefault(key, []).append((place, problem))
        except RefusedError as refusal:
            out[place] = refusal
    for (family, _, _), group in problems.items():
        found = _SOLVE[family]([problem for _, problem in group])
        for (place, _), one in zip(group, found, strict=True):
            out[place] = one
    return [one if one is not None else RefusedError(glm.UNSETTLED) for one in out]


@dataclass(frozen=True, slots=True)
class Problem:
    """What one job asks of the solver: responses, terms, base and time of its rows (n), and its words."""

    job: Job
    design: Design
    term: str
    base: Array
    used: Flags
    y: Array
    x: Array
    offset: Array
    time: Array
    total: Array | None = None
    groups: Array | None = None
    choices: tuple[str, ...] = ()


def _rows(problems: list[Problem]) -> many.Rows:
    totals = [p.total for p in problems if p.total is not None]
    return many.Rows.of(
        [p.y for p in problems],
        [p.x for p in problems],
        [p.offset for p in problems],
        [p.time for p in problems],
        totals or None,
    )


def _counts_problem(series: Prepared, design: Design, spec: ItsSpec) -> Problem:
    """Poisson, quasi-Poisson and NB2; with a comparison, both series in one stacked model."""
    used = series.used
    y, x, offset, time = series.count[used], design.factual[used], series.offset[used], series.time[used]
    job = (series, design, spec)
    if series.control is None or series.control_offset is None:
        return Problem(job, design, "level", series.offset, used, y, x, offset, time, groups=np.ones(len(y)))
    design = grouped(design)
    return Problem(
        job,
        design,
        "treated:level",
        series.offset,
        used,
        np.concatenate([series.control[used], y]),
        np.vstack([np.hstack([x, np.zeros_like(x)]), design.factual[used]]),
        np.concatenate([series.control_offset[used], offset]),
        np.concatenate([time, time]),
        groups=np.repeat([0.0, 1.0], len(x)),
        choices=(
            "Comparison: both series in one model, each with its own level, trend, season and change; "
            "the effect is the treated series' change beyond the comparison's.",
        ),
    )


def _counts_solved(problems: list[Problem]) -> list[Estimate | RefusedError]:
    rows = _rows(problems)
    negative = problems[0].job[2].family == "negative_binomial"
    fits = many.negative_binomial(rows) if negative else many.irls(rows)
    out: list[Estimate | RefusedError] = []
    for place, problem in enumerate(problems):
        try:
            out.append(_counts(problem, glm.pick(fits, place, len(problem.y))))
        except RefusedError as refusal:
            out.append(refusal)
    return out


def _counts(problem: Problem, fit: glm.Glm) -> Estimate:
    series, _, spec = problem.job
    y, x, groups = problem.y, problem.x, problem.groups
    choices = list(problem.choices)
    if spec.family == "negative_binomial":
        choices.append(
            f"Negative binomial dispersion by maximum likelihood: {fit.alpha:.4g}."
            if fit.alpha > 0
            else "The counts scatter no more than Poisson counts: the negative binomial is the Poisson model."
        )
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
        lags = spec.lags(int(series.used.sum()))
        assert groups is not None
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
    own = slice(n - int(series.used.sum()), n)
    return Estimate(
        design=problem.design,
        base=problem.base,
        effect_term=problem.term,
        posterior=Posterior.single(fit.beta, cov),
        dispersion=dispersion,
        alpha=fit.alpha,
        variance=0.0,
        rows=(np.sqrt(fit.weight)[:, None] * x)[own],
        pearson=fit.pearson[own],
        deviance=glm.deviance_residuals(y, fit)[own],
        leverage=fit.hat(x)[own],
        kept=series.used,
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


def _latent_problem(series: Prepared, design: Design, spec: ItsSpec) -> Problem:
    """Poisson with a latent AR(1) level; with a comparison, of the ratio of the two.

    Two Poisson series that share a month's circumstances are, given their sum, binomial: the shared
    part drops out exactly (a factor for every month in the stacked model gives the same coefficients).
    What drifts is then the log ratio.
    """
    used = series.used
    whole = design
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
    return Problem(
        (series, whole, spec),
        design,
        term,
        base,
        used,
        y[used],
        design.factual[used],
        base[used],
        series.time[used],
        total,
        choices=tuple(choices),
    )


def _latent_solved(problems: list[Problem]) -> list[Estimate | RefusedError]:
    rows = _rows(problems)
    fits = many.irls(rows)
    out: list[Estimate | RefusedError] = [RefusedError(glm.UNSETTLED)] * len(problems)
    good = np.flatnonzero(fits.settled)
    if not len(good):
        return out
    response = fits.eta - rows.offset + fits.residual
    ready = replace(rows.take(good), y=response[good])
    averaged = integrate_many(ready, fits.weight[good])
    for place, (posterior, drift) in zip(good, averaged, strict=True):
        problem = problems[place]
        out[place] = _latent(problem, glm.pick(fits, int(place), len(problem.y)), posterior, drift)
    return out


def _latent(problem: Problem, fit: glm.Glm, posterior: Posterior, drift: Drift) -> Estimate:
    series, x = problem.job[0], problem.x
    choices = (*problem.choices, drift.sentence)
    warnings: list[str] = []
    if drift.at_edge > 0.5:
        warnings.append(
            "The level drifts by more than the model allows for (60 %); the interval is too narrow. "
            "Look for months that are not real counts."
        )
    n, k = x.shape
    base = problem.base
    if series.control is not None:
        with np.errstate(divide="ignore"):
            base = base + np.log(series.control)
    deviance = glm.deviance_residuals(problem.y, fit, problem.total)
    return Estimate(
        design=problem.design,
        base=base,
        effect_term=problem.term,
        posterior=posterior,
        dispersion=1.0,
        alpha=0.0,
        variance=drift.variance,
        rows=np.sqrt(fit.weight)[:, None] * x,
        pearson=fit.pearson,
        deviance=deviance,
        leverage=fit.hat(x),
        kept=problem.used,
        numbers={
            "pearson_dispersion": float(np.sum(fit.pearson**2)) / (n - k),
            "deviance": float(np.sum(deviance**2)),
            "drift_sd": drift.sd,
            "drift_rho": drift.rho,
            "drift_none": drift.none,
            "level_without_drift": float(fit.beta[problem.design.terms.index(problem.term)]),
            "df_resid": float(n - k),
        },
        choices=choices,
        warnings=tuple(warnings),
    )


_MAKE: Final[dict[str, Callable[[Prepared, Design, ItsSpec], Problem]]] = {
    "latent_ar1": _latent_problem,
    "poisson": _counts_problem,
    "quasi_poisson": _counts_problem,
    "negative_binomial": _counts_problem,
}
_SOLVE: Final[dict[str, Callable[[list[Problem]], list[Estimate | RefusedError]]]] = {
    "latent_ar1": _latent_solved,
    "poisson": _counts_solved,
    "quasi_poisson": _counts_solved,
    "negative_binomial": _counts_solved,
}
#: Families that are fitted one at a time.
_ALONE: Final[dict[str, Callable[[Prepared, Design, ItsSpec], Estimate]]] = {
    "log_prais_winsten": log_linear,
    "ols": linear,
    "gls_ar1": linear,
    "arima": arima,
}
