"""The interrupted-time-series workbench: a specification in, figures, numbers and words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.data.vocabulary import MEASURES, PLACES
from analysis.evaluate import PRE_MONTHS, comparison_series
from analysis.evidence import RefusedError
from analysis.its import FAMILY_LABELS, ItsResult, ItsSpec, fit
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import Number, digest
from dashboard.figures import Column, Figure
from dashboard.workbench import Export, Setting, record

NO_YES: Final = {"no": "No", "yes": "Yes"}
FAMILIES: Final = {name: w.sentence_case(label) for name, label in FAMILY_LABELS.items()}
#: A start needs a year of history before it can be offered at all; the method asks for more.
LEAST_BEFORE: Final = 12


@dataclass(frozen=True)
class Answer:
    """A fitted specification with everything that the page shows."""

    result: ItsResult
    families: pd.DataFrame  # family, percent, lower, upper, reason
    frame: pd.DataFrame  # what went in
    control: pd.DataFrame | None
    notes: tuple[str, ...]
    place: str
    measure: str


def controls(place: str, measure: str) -> list[Setting]:
    """The settings of the form."""
    found = data.series(place, measure)
    months = [] if isinstance(found, str) else list(reversed(found.counts.dropna().index[LEAST_BEFORE:]))
    starts = {str(m): w.month(m) for m in months}
    begin = data.goals()[0].start
    return [
        Setting("start", "Start", starts, begin if begin in starts else next(iter(starts), ""),
                "First month that counts as after."),
        Setting("phase", "Phase-in", {"0": "None", "3": "3 months", "6": "6 months"}, "0",
                "Months from the start that count neither before nor after."),
        Setting("history", "History before the start",
                {"36": "3 years", "48": "4 years", "60": "5 years", "84": "7 years", "all": "All there is"},
                str(PRE_MONTHS), "A straight line cannot follow the jump of 2020; longer is not better."),
        Setting("control", "Comparison cities", {"no": "None: own past alone", "yes": "All, added up"}, "no",
                "With a comparison, the effect is the change beyond the one seen there."),
        Setting("trend", "Trend", {"yes": "Straight line", "no": "Level"}, "yes"),
        Setting("slope", "Trend may change too", NO_YES, "no", "Needs 12 months after the start."),
        Setting("harmonics", "Season", {"rule": "By rule", "0": "None", "1": "One wave a year",
                                        "2": "Two waves a year", "3": "Three waves a year"}, "rule"),
        Setting("family", "How counts scatter", FAMILIES, "latent_ar1"),
        Setting("errors", "Standard errors", {"model": "From the model", "hac": "Newey–West, lags by rule",
                                              "hac3": "Newey–West, 3 lags", "hac6": "Newey–West, 6 lags",
                                              "hac12": "Newey–West, 12 lags"}, "model",
                "Newey–West goes with the Poisson, quasi-Poisson and negative binomial families."),
    ]  # fmt: skip


def specification(chosen: Mapping[str, str]) -> ItsSpec:
    """The specification that the form says.

    Raises:
        RefusedError: the settings contradict each other.
    """
    errors = chosen["errors"]
    return ItsSpec(
        start=chosen["start"],
        phase_in=int(chosen["phase"]),
        slope=chosen["slope"] == "yes",
        trend=chosen["trend"] == "yes",
        harmonics=None if chosen["harmonics"] == "rule" else int(chosen["harmonics"]),
        family=chosen["family"],  # type: ignore[arg-type]
        covariance="hac" if errors.startswith("hac") else "model",
        hac_lags=int(errors.removeprefix("hac")) if errors[3:].isdigit() else None,
        pre_periods=None if chosen["history"] == "all" else int(chosen["history"]),
    )


def answer(place: str, measure: str, through: pd.Period | None, chosen: Mapping[str, str]) -> Answer | str:
    """The fitted specification, or the sentence that says why there is none."""
    found = data.series(place, measure, through)
    if isinstance(found, str):
        return found
    if not chosen["start"]:
        return "There is no month with enough history before it."
    return _answer(
        str(data.hub().path), data.facts().version, place, measure, str(through or ""),
        tuple(sorted(chosen.items())),
    )  # fmt: skip


@st.cache_resource(show_spinner="Fitting the model …", max_entries=64)
def _answer(
    path: str, version: str, place: str, measure: str, through: str, chosen: tuple[tuple[str, str], ...]
) -> Answer | str:
    del version  # part of the key alone
    ask = dict(chosen)
    try:
        spec = specification(ask)
        with data.reading(path) as hub:
            series = hub.series(place, measure, through=through or None)
            last = series.complete_through
            if last is None or last < pd.Period(spec.start, "M"):
                return f"The data end in {w.month(last)}, before the start in {w.month(spec.start)}."
            frame = pd.DataFrame({"count": series.counts})
            if series.population is not None:
                frame["population"] = series.population.reindex(frame.index)
            first = frame.index[0]
            if spec.pre_periods is not None:
                first = max(first, pd.Period(spec.start, "M") - spec.pre_periods)
            frame = frame.loc[first:last]
            control = (
                comparison_series(hub, measure, pd.PeriodIndex(frame.index, freq="M"))
                if ask["control"] == "yes"
                else None
            )
        result = fit(frame, spec, control)
    except (RefusedError, HubError) as why:
        return str(why)
    return Answer(result, _families(frame, spec, control), frame, control, series.notes, place, measure)


def _families(frame: pd.DataFrame, spec: ItsSpec, control: pd.DataFrame | None) -> pd.DataFrame:
    """The same question under every family, each with the standard errors that it allows."""
    rows = []
    for name in FAMILY_LABELS:
        hac = spec.covariance == "hac" and name not in ("latent_ar1", "log_prais_winsten")
        try:
            own = replace(spec, family=name, covariance="hac" if hac else "model")  # type: ignore[arg-type]
            e = fit(frame, own, control).effect
        except RefusedError as why:
            rows.append((name, np.nan, np.nan, np.nan, np.nan, str(why)))
            continue
        rows.append((name, e.percent.estimate, e.percent.lower, e.percent.upper, e.p_value, ""))
    return pd.DataFrame(rows, columns=["family", "percent", "lower", "upper", "p_value", "reason"])


# ---------------------------------------------------------------- words


def headline(found: Answer, *, expert: bool) -> str:
    """The first sentence: for researchers the specification's, for everybody else in plain words."""
    effect, place = found.result.effect, PLACES[found.place]
    if expert:
        return headlines.specification(place, effect.percent, effect.minimum_detectable_percent)
    if not effect.percent.known:
        return "The data do not give an estimate."
    beside = (
        "what comparison cities would lead us to expect"
        if effect.controlled
        else "what its own past, carried on, would give"
    )
    told = (
        w.cannot_tell(effect.minimum_detectable_percent)
        if effect.percent.contains(0)
        else "The range does not include “no difference”."
    )
    return (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(place)} was {_side(effect.percent.estimate)} "
        f"{beside}, {w.between(effect.percent)}. {told}"
    )


def window(found: Answer) -> str:
    """What was compared over which months, and what such a design can say."""
    path, spec = found.result.path, found.result.spec
    after = path.loc[path["cumulative"].notna(), "period"]
    first = (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(PLACES[found.place])}, "
        f"{w.months(after.iloc[0], after.iloc[-1])}, against the projection from "
        f"{w.months(path['period'].iloc[0], w.to_month(spec.start) - 1)}."
    )
    if found.result.effect.controlled:
        return f"{first} The change in the comparison cities is taken out."
    return (
        f"{first} This is a difference from a projection of its own past, not an effect of a tactic: "
        "anything else that changed at that time is in it too."
    )


def numbers(found: Answer) -> list[Number]:
    """Four numbers: difference, events, probability, and what could have been seen."""
    e = found.result.effect
    level = f"{w.percent(100 * e.percent.level)} range"
    state = charts.state_of(e.percent.lower, e.percent.upper) if e.percent.known else "cannot_tell"
    what = "comparison" if e.controlled else "projection"
    return [
        Number(
            f"Difference from the {what}", w.percent(e.percent.estimate, signed=True), state,
            f"{level}: {w.between(e.percent)}",
        ),
        Number(
            f"Events, difference from the {what}", w.number(e.events.estimate, signed=True), None,
            f"{level}: {w.number(e.events.lower, signed=True)} to {w.number(e.events.upper, signed=True)}"
            if e.events.known else "The range is not known.",
        ),
        Number("Chance that it is fewer", w.sentence_case(w.chance(e.probability_of_reduction)), None,
               "By this model, if its assumptions hold."),
        Number("Smallest fall it could have seen", w.percent(abs(e.minimum_detectable_percent)), None,
               "Found four times in five."),
    ]  # fmt: skip


# ---------------------------------------------------------------- figures


def figures(found: Answer, *, diagnostics: bool) -> dict[str, Figure]:
    """Every figure of the page by a short name."""
    facts = data.facts()
    identity = digest(facts.version, found.place, found.measure, found.result.spec, found.control is None,
                      found.frame.index[-1], diagnostics)  # fmt: skip
    return _figures(identity, diagnostics, found, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _figures(
    identity: str, diagnostics: bool, _found: Answer, source: str, synthetic: bool
) -> dict[str, Figure]:
    made = [_observed(_found), _cumulative(_found), _every_family(_found, diagnostics=diagnostics)]
    if diagnostics:
        made += [_residuals(_found), _memory(_found)]
    return {
        name: Figure(**kwargs, source=source, synthetic=synthetic, identity=f"{identity}-{name}")
        for name, kwargs in made
        if kwargs
    }


Made = tuple[str, dict[str, Any]]


def _side(percent: float) -> str:
    size = w.percent(abs(percent))
    return "level with" if size == w.percent(0) else f"{size} {'below' if percent < 0 else 'above'}"


def _observed(found: Answer) -> Made:
    r, place, what = found.result, PLACES[found.place], MEASURES[found.measure].lower()
    start, phase = r.spec.start, r.spec.phase_in
    return "observed", {
        "key": "its_observed",
        "title": f"{w.sentence_case(what)} in {w.place_in_sentence(place)} was "
                 f"{_side(r.effect.percent.estimate)} the projection",
        "sentence": "The band says where single months would have fallen if the past had carried on.",
        "chart": lambda look: charts.observed_vs_expected(
            r.path, start=start, phase_in=phase, expected_label="Projection (without the change)", look=look
        ),
        "table": r.path,
        "columns": {
            "period": Column("Month", "month"), "observed": Column("What happened", "count"),
            "expected": Column("Projection", "decimal"), "lower": Column("Projection, from", "decimal"),
            "upper": Column("Projection, to", "decimal"),
        },
        "alt": f"Lines by month: {what} in {place} and its projection, with a rule at {w.month(start)} and a "
               "band around the projection.",
        "note": "Events a month. " + " ".join(r.choices),
    }  # fmt: skip


def _cumulative(found: Answer) -> Made:
    r, what = found.result, MEASURES[found.measure].lower()
    events, start = r.effect.events, r.spec.start
    beside = "comparison" if r.effect.controlled else "projection"
    title = (
        f"Added up since {w.month(start)}: {w.number(abs(events.estimate))} "
        f"{'fewer' if events.estimate < 0 else 'more'} events than the {beside}"
        if events.known
        else f"The differences added up since {w.month(start)}"
    )
    return "cumulative", {
        "key": "its_cumulative",
        "title": title,
        "sentence": f"In all {w.people(events, 'event', 'events')}: a difference from the {beside}.",
        "chart": lambda look: charts.cumulative_effect(r.path, start=start, look=look),
        "table": r.path.loc[r.path["cumulative"].notna()],
        "columns": {
            "period": Column("Month", "month"), "cumulative": Column("Since the start", "change"),
            "cumulative_lower": Column("From", "change"), "cumulative_upper": Column("To", "change"),
        },
        "alt": f"Line by month: the difference in {what} added up since {w.month(start)}, with its band.",
    }  # fmt: skip


def _every_family(found: Answer, *, diagnostics: bool) -> Made:
    table = found.families.copy()
    table["name"] = [FAMILIES[f] for f in table["family"]]
    chosen = found.result.spec.family
    table["note"] = ["shown on this page" if f == chosen else "" for f in table["family"]]
    ran = table.loc[table["percent"].notna()]
    if ran.empty:
        return "families", {}
    columns = {
        "name": Column("How counts scatter"), "percent": Column("Difference", "percent1"),
        "lower": Column("From", "percent1"), "upper": Column("To", "percent1"),
    }  # fmt: skip
    if diagnostics:
        columns["p_value"] = Column("p", "decimal3")
    if (table["reason"] != "").any():
        columns["reason"] = Column("Why not")
    low, high = w.fewer(ran["percent"].min()), w.fewer(ran["percent"].max())
    return "families", {
        "key": "its_families",
        "title": f"Every family gives {low}"
        if low == high
        else f"The families give between {low} and {high}",
        "sentence": "They differ in how far they let chance reach. Poisson alone ignores that crime comes in "
                    "waves: its range is too narrow.",
        "chart": lambda look: charts.dot_intervals(
            ran[["name", "percent", "lower", "upper", "note"]], look=look,
            axis_title="Difference from the projection",
        ),
        "table": table, "columns": columns,
        "alt": "Dots with ranges: the same question answered by five models of how counts scatter.",
    }  # fmt: skip


def _residuals(found: Answer) -> Made:
    table = found.result.residuals[["period", "deviance"]].rename(columns={"deviance": "residual"})
    spread = float(table["residual"].std())
    if spread > 0:  # families differ in their unit; in their own spread all can be read alike
        table["residual"] = table["residual"] / spread
    outside = int((table["residual"].abs() > 2).sum())
    n, start = len(table), found.result.spec.start
    return "residuals", {
        "key": "its_residuals",
        "title": f"{w.sentence_case(w.plural(outside, 'month', spelled=True))} of {n} "
                 f"{'lies' if outside == 1 else 'lie'} further than usual from the model",
        "sentence": f"Further than two times their usual spread; about {w.number(0.05 * n)} would be by "
        "chance alone. Look for runs above or below.",
        "chart": lambda look: charts.residuals(table, start=start, look=look),
        "table": table,
        "columns": {"period": Column("Month", "month"), "residual": Column("Residual", "decimal2")},
        "alt": "Dots by month: standardised residuals of the model, with the band from −2 to 2.",
    }  # fmt: skip


def _memory(found: Answer) -> Made:
    check = next((c for c in found.result.checks if "autocorrelation" in c.table.columns), None)
    if check is None:
        return "memory", {}
    table = check.table.rename(columns={"autocorrelation": "value"})
    table["limit"] = 1.96 / np.sqrt(len(found.result.residuals))
    outside = int((table["value"].abs() > table["limit"]).sum())
    return "memory", {
        "key": "its_memory",
        "title": f"{w.sentence_case(w.plural(outside, 'lag', spelled=True))} of {len(table)} "
                 f"{'lies' if outside == 1 else 'lie'} outside what chance gives",
        "sentence": check.sentence,
        "chart": lambda look: charts.autocorrelation(table, look=look),
        "table": table,
        "columns": {"lag": Column("Months apart", "count"), "value": Column("Autocorrelation", "decimal2"),
                    "limit": Column("Limit of chance", "decimal2")},
        "alt": "Stems by lag: autocorrelation of the residuals, with the band that chance alone gives.",
    }  # fmt: skip


TERMS: Final = {
    "intercept": "Intercept", "trend": "Trend, a month", "level": "Change of level",
    "slope": "Change of trend, a month",
}  # fmt: skip


def coefficients(found: Answer) -> pd.DataFrame:
    """The coefficients on the log scale, in few columns for a phone; the export has standard errors."""
    t = found.result.coefficients
    return pd.DataFrame(
        {
            "Term": [TERMS.get(str(x), str(x)) for x in t["term"]],
            "Estimate (range)": [
                f"{w.number(m, 3)} ({w.number(lo, 3)} to {w.number(up, 3)})"
                for m, lo, up in zip(t["estimate"], t["lower"], t["upper"], strict=True)
            ],
            "p": ["< 0.001" if w.known(v) and v < 0.001 else w.number(v, 3) for v in t["p"]],
        }
    )


# ---------------------------------------------------------------- to take away


def export(found: Answer) -> Export:
    """Data, results, specification and a program that repeats them."""
    facts, r = data.facts(), found.result
    parts = [found.frame.assign(series="treated")]
    if found.control is not None:
        parts.append(found.control.assign(series="comparison"))
    table = pd.concat(parts).rename_axis(index="month").reset_index()
    results = r.path.copy()
    if facts.synthetic:
        table["data_status"] = results["data_status"] = w.SYNTHETIC
    stem = f"sln_interrupted_time_series_{found.place}_{found.measure}"
    about = {
        "method": "interrupted time series", "place": found.place, "measure": found.measure,
        "data_version": facts.version, "source": facts.source_line, "choices": list(r.choices),
        "coefficients": r.coefficients.to_dict("records"), "diagnostics": r.diagnostics,
        "data_status": w.SYNTHETIC if facts.synthetic else "reported figures, provisional",
    }  # fmt: skip
    return Export(stem, table, results, record(r.spec, r.effect, r.checks, about), _program(r.spec, stem))


def _program(spec: ItsSpec, stem: str) -> str:
    return f'''"""Repeat an interrupted time series of the Save Lives Now! dashboard from its exported data.

Run inside the dashboard's repository:  uv run python {stem}_repeat.py
"""

import pandas as pd

from analysis.its import ItsSpec, fit

data = pd.read_csv("{stem}_data.csv")
data["month"] = pd.PeriodIndex(data["month"], freq="M")
columns = [name for name in ("count", "population") if name in data]
treated = data[data["series"] == "treated"].set_index("month")[columns]
comparison = data[data["series"] == "comparison"].set_index("month")[columns]
spec = {spec!r}
result = fit(treated, spec, comparison if len(comparison) else None)
print(result.effect.percent)
print(result.coefficients)
'''
