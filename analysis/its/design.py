"""The design matrix: named terms for every calendar period, as it was and as it would have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.its.glm import Array
from analysis.its.series import Prepared
from analysis.its.spec import ItsSpec, interruption


@dataclass(frozen=True, slots=True)
class Design:
    """Terms (k names), ``factual`` (n × k) and ``counterfactual`` (n × k: the intervention's terms off)."""

    terms: tuple[str, ...]
    factual: Array
    counterfactual: Array
    choices: tuple[str, ...] = ()


def build(series: Prepared, spec: ItsSpec) -> Design:
    """Design of one series over all its periods.

    Columns in this order: intercept, trend (1, 2, … from the first period), level, slope, after_end, further
    interruptions (level2, slope2, …), season (sin1, cos1, … of the calendar position in the year, or
    month2 … month12), covariates by their names.
    """
    n = len(series.periods)
    after = (series.after & ~series.ended).astype(float)
    since = np.maximum(np.arange(n) - series.first_after, 0) + spec.slope_first
    columns: dict[str, Array] = {"intercept": np.ones(n)}
    if spec.trend:
        columns["trend"] = series.time
    columns["level"] = after
    off = ["level"]
    if spec.slope:
        columns["slope"] = after * since
        off.append("slope")
    if series.ended.any():
        columns["after_end"] = series.ended.astype(float)
        off.append("after_end")
    for number, text in enumerate(spec.interruptions, start=2):
        columns |= _interruption(series, spec, text, number)
    season, choices = _season(series, spec)
    columns |= season
    for place, name in enumerate(spec.covariates):
        if name in columns:
            raise RefusedError(f"A covariate cannot be called {name!r}: that is a term of the model.")
        columns[name] = series.covariates[:, place]
    factual = np.column_stack(list(columns.values()))
    terms = tuple(columns)
    counterfactual = factual.copy()
    counterfactual[:, [terms.index(name) for name in off]] = 0.0
    _not_collinear(factual[series.used], terms, series.unit)
    return Design(terms, factual, counterfactual, choices)


def grouped(design: Design) -> Design:
    """Terms of comparison and treated series side by side (n × 2k): common ones, then ``treated:…``.

    Rows are those of the treated series; the comparison's rows are ``[X, 0]``. In the counterfactual
    the comparison's own change stays and only the treated series' further change is off.
    """
    own = tuple("treated" if t == "intercept" else f"treated:{t}" for t in design.terms)
    factual = np.hstack([design.factual, design.factual])
    return Design(
        (*design.terms, *own), factual, np.hstack([design.factual, design.counterfactual]), design.choices
    )


def ratio(design: Design) -> Design:
    """Terms of the log ratio of treated to comparison: only the ``treated:…`` ones."""
    own = tuple("treated" if t == "intercept" else f"treated:{t}" for t in design.terms)
    return Design(own, design.factual, design.counterfactual, design.choices)


def _interruption(series: Prepared, spec: ItsSpec, text: str, number: int) -> dict[str, Array]:
    asked = interruption(text)
    try:
        when = pd.Period(asked.start, freq=series.periods.freqstr)
    except ValueError as error:
        raise RefusedError(f"The interruption {text!r} is not a date. Write it like 2025-01.") from error
    if not series.periods[0] < when <= series.periods[-1]:
        raise RefusedError(
            f"The interruption {when} needs {series.unit}s on both sides of it; those that are used run from "
            f"{series.periods[0]} to {series.periods[-1]}. Choose another {series.unit}, or a longer past."
        )
    since = np.arange(len(series.periods)) - int((when - series.periods[0]).n) - asked.phase_in
    after = (since >= 0).astype(float)
    found = {f"level{number}": after} if asked.level else {}
    if spec.slope if asked.slope is None else asked.slope:
        found[f"slope{number}"] = after * (np.maximum(since, 0) + spec.slope_first)
    return found


def _season(series: Prepared, spec: ItsSpec) -> tuple[dict[str, Array], tuple[str, ...]]:
    cycle = series.per_year
    position = {12: "month", 4: "quarter", 1: "year"}[cycle]
    if cycle == 1:
        return {}, ("Yearly data: no season in the model.",)
    first = int(getattr(series.periods[0], position))
    where = (np.arange(first - 1, first - 1 + len(series.periods)) % cycle + 1).astype(float)
    if spec.month_dummies:
        dummies = {f"{position}{m}": (where == m).astype(float) for m in range(2, cycle + 1)}
        return dummies, (f"Season: a factor for each {position} of the year.",)
    pairs, why = spec.harmonics, "as asked"
    if pairs is None:
        pairs, why = _harmonics_by_rule(series)
    if pairs > cycle // 2 - 1 and cycle == 4:
        pairs, why = 1, "quarters allow no more"
    found: dict[str, Array] = {}
    for k in range(1, pairs + 1):
        angle = 2.0 * np.pi * k * where / cycle
        if 2 * k < cycle:  # at half a cycle the sine is zero throughout
            found[f"sin{k}"] = np.sin(angle)
        found[f"cos{k}"] = np.cos(angle)
    size = {0: "none", 1: "one pair of sine and cosine a year"}.get(
        pairs, f"{pairs} pairs of sine and cosine a year"
    )
    return found, (f"Season: {size} ({why}).",)


def _harmonics_by_rule(series: Prepared) -> tuple[int, str]:
    """Harmonics by length and size of the past, never by significance."""
    n_pre = int(series.pre.sum())
    mean = float(series.count[series.pre].mean())
    if n_pre < 2 * series.per_year:
        return 0, f"by rule: fewer than two years before the start, {n_pre} {series.unit}s"
    if n_pre >= 3 * series.per_year and mean >= 5:
        return 2, f"by rule: {n_pre} {series.unit}s before the start, {mean:.1f} events a {series.unit}"
    return 1, f"by rule: {n_pre} {series.unit}s before the start, {mean:.1f} events a {series.unit}"


def _not_collinear(used: Array, terms: tuple[str, ...], unit: str) -> None:
    """Refuse terms that the used periods cannot tell apart, and too many terms."""
    n, k = used.shape
    if n < k + 3:
        raise RefusedError(
            f"{n} {unit}s for {k} terms; at least {k + 3} are needed. Use fewer harmonics or a longer series."
        )
    size = np.linalg.norm(used, axis=0)
    if not size.all():
        name = terms[int(np.argmin(size))]
        raise RefusedError(f"The term {name!r} is zero in every {unit} used; leave it out.")
    # What is left of each column of length 1 once those before it are taken off: the diagonal of R.
    left = np.abs(np.diagonal(np.linalg.qr(used / size, mode="r")))
    short = np.flatnonzero(left < 1e-7)
    if len(short):
        place = int(short[0])
        raise RefusedError(
            f"The term {terms[place]!r} cannot be told apart from {', '.join(terms[:place])} in the {unit}s "
            "used. Leave it out, or use more data."
        )
