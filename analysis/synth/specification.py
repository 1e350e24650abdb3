"""Every defensible way to ask the same question, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.synth import checks as ask
from analysis.synth.background import Background
from analysis.synth.panel import prepare
from analysis.synth.placebo import Progress
from analysis.synth.predictors import Predictors
from analysis.synth.result import SynthResult, answer
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec

#: Every estimator, the default first.
ALL_ESTIMATORS = ("demeaned", "index", "simplex", "ridge", "sdid", "did", "ratio_did", "lasso")

_COLUMNS = (
    "estimator", "label", "donor_set", "window", "first_period", "leading", "base", "answered", "reason",
    "donors", "att", "percent", "percent_lower", "percent_upper", "events", "events_lower", "events_upper",
    "p_value", "pre_rmspe", "minimum_detectable_percent", "grade",
)  # fmt: skip


def leading_estimator(
    panel: pd.DataFrame, spec: SynthSpec, population: pd.Series | pd.DataFrame | None = None
) -> tuple[str, str]:
    """Which estimator leads, by a rule fixed beforehand, and why, in one sentence.

    ``demeaned``, unless more than a tenth of the periods before the start lie outside the donors'
    range: then ``index``, because weights of donors cannot reach such a level and a fixed distance
    does not stay fixed when everything rises in proportion.
    """
    prepared = prepare(panel, replace(spec, estimator="demeaned"), population)
    outside = ask.share_outside(prepared)
    share = f"{100 * outside:.0f} % of the periods before the start lie outside the donors' range"
    positive = bool((prepared.values[prepared.pre, 0].mean() > 0) and (prepared.values >= 0).all())
    if outside > ask.MAX_OUTSIDE and positive:
        return "index", f"{share}, so the index estimator, which compares proportions, leads."
    return "demeaned", f"{share}, so the demeaned estimator leads."


def specifications(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    estimators: Sequence[str] = ("demeaned", "index", "simplex", "sdid", "did", "ratio_did"),
) -> pd.DataFrame:
    """The same question under every estimator: a chart of these shows how much the choice matters.

    Returns:
        One row an estimator: estimator, answered, reason (when refused), att, percent,
        percent_lower, percent_upper, p_value, pre_rmspe.
    """
    names = ["estimator", "answered", "reason", "att", "percent", "percent_lower", "percent_upper"]
    rows = [_row(panel, replace(spec, estimator=e), population) for e in estimators]
    return pd.DataFrame(rows)[[*names, "p_value", "pre_rmspe"]].astype({"estimator": "str", "reason": "str"})


def specification_table(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    *,
    estimators: Sequence[str] = ALL_ESTIMATORS,
    crossed: Sequence[str] = ("demeaned", "index"),
    donor_sets: Mapping[str, Sequence[str]] | None = None,
    windows: Sequence[str] = (),
    first_periods: Sequence[str] = (),
    background: Background | None = None,
    predictors: Predictors | None = None,
    progress: Progress | None = None,
    known: Sequence[SynthResult] = (),
) -> pd.DataFrame:
    """Every estimator on the question as asked, and the crossed ones on every variation of it.

    Args:
        panel, population, background: as in :func:`analysis.synth.fit`.
        spec: the question; its estimator is only the base row's.
        estimators: those on the base question.
        crossed: those that are also run on every donor set, window and rule for the first period.
        donor_sets: label → units to leave out (a preset's exclusions).
        windows: other first periods, such as "2022-01".
        first_periods: other rules for the start period ("before", "dropped").
        predictors: adds a row that matches these in place of the outcomes; it is then the base row.
        progress: called with (done, all, what).
        known: results on this very panel that need not be computed again.

    Returns:
        One row a specification, ordered by the estimate, refused ones last: estimator, label (in
        words), donor_set, window, first_period, leading, base, answered, reason, donors, att,
        percent and events with limits, p_value, pre_rmspe, minimum_detectable_percent, grade.
    """
    leader = _leader(panel, spec, population)
    plans: list[tuple[SynthSpec, str, Predictors | None]] = [
        (replace(spec, estimator=e), "as asked", None) for e in dict.fromkeys((*estimators, spec.estimator))
    ]
    for e in crossed:
        one = replace(spec, estimator=e)
        for label, left in (donor_sets or {}).items():
            plans.append((replace(one, exclude=tuple(dict.fromkeys((*spec.exclude, *left)))), label, None))
        plans += [(replace(one, pre_start=w), "as asked", None) for w in windows if w != spec.pre_start]
        plans += [
            (replace(one, first_period=rule), "as asked", None)  # type: ignore[arg-type]
            for rule in first_periods
            if rule != spec.first_period
        ]
    if predictors is not None:
        plans.append((replace(spec, estimator="simplex"), "as asked", predictors))
    rows = []
    for i, (question, label, matched) in enumerate(plans):
        if progress is not None:
            progress(i, len(plans), ESTIMATOR_LABELS[question.estimator])
        # What is known answers the question as asked: with predictors, where there are any.
        same = matched is predictors
        ready = next((r for r in known if r.spec == question), None) if same else None
        row = _row(panel, question, population, background, matched, ready)
        base = question.pre_start == spec.pre_start and question.first_period == spec.first_period
        row |= {
            "donor_set": label,
            "leading": question.estimator == leader and base and label == "as asked" and matched is None,
            "base": question == spec and label == "as asked" and (matched is None) == (predictors is None),
        }
        rows.append(row)
    if progress is not None:
        progress(len(plans), len(plans), "done")
    table = pd.DataFrame(rows)[list(_COLUMNS)].sort_values("percent", na_position="last", ignore_index=True)
    texts = ("estimator", "label", "donor_set", "window", "first_period", "reason", "grade")
    return table.astype(dict.fromkeys(texts, "str"))


def range_in_words(table: pd.DataFrame) -> str:
    """The span of a specification table in one sentence."""
    done = table[table["answered"] & table["percent"].notna()]
    if done.empty:
        return "No specification could be answered."
    fewer = int((done["percent_upper"] < 0).sum())
    more = int((done["percent_lower"] > 0).sum())
    low, high = (_percent(v) for v in (done["percent"].min(), done["percent"].max()))
    return (
        f"{len(done)} specifications put the change between {low} and {high} (median "
        f"{_percent(float(done['percent'].median()))}); {fewer} intervals lie below zero, {more} above."
    )


def _leader(panel: pd.DataFrame, spec: SynthSpec, population: pd.Series | pd.DataFrame | None) -> str:
    try:
        return leading_estimator(panel, spec, population)[0]
    except RefusedError:
        return "demeaned"


def _row(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None,
    background: Background | None = None,
    predictors: Predictors | None = None,
    ready: SynthResult | None = None,
) -> dict[str, object]:
    label = "classic synthetic control on predictors" if predictors else ESTIMATOR_LABELS[spec.estimator]
    row: dict[str, object] = {
        "estimator": spec.estimator,
        "label": label,
        "window": spec.pre_start or "",
        "first_period": spec.first_period,
    }
    if ready is not None:
        return row | _numbers(ready)
    try:
        prepared = prepare(panel, spec, population, background=background, predictors=predictors)
        found = answer(prepared, spec, extras=False)
    except RefusedError as refusal:
        blank = ("att", "percent", "percent_lower", "percent_upper", "events", "events_lower", "events_upper",
                 "p_value", "pre_rmspe", "minimum_detectable_percent")  # fmt: skip
        no = {"answered": False, "reason": str(refusal), "donors": 0, "grade": ""}
        return row | no | dict.fromkeys(blank, float("nan"))
    return row | _numbers(found)


def _numbers(found: SynthResult) -> dict[str, object]:
    e = found.effect
    return {
        "window": str(found.path["period"].iloc[0]),
        "answered": True,
        "reason": "",
        "donors": len(found.weights),
        "att": found.att,
        "percent": e.percent.estimate,
        "percent_lower": e.percent.lower,
        "percent_upper": e.percent.upper,
        "events": e.events.estimate,
        "events_lower": e.events.lower,
        "events_upper": e.events.upper,
        "p_value": e.p_value,
        "pre_rmspe": found.pre_rmspe,
        "minimum_detectable_percent": e.minimum_detectable_percent,
        "grade": str(e.grade),
    }


def _percent(value: float) -> str:
    if not np.isfinite(value):
        return "an unknown value"
    return f"{'−' if value < 0 else '+'}{abs(value):.0f} %"
