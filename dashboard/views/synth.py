"""The synthetic-control workbench: a specification in, figures, numbers and words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.data.vocabulary import MEASURES, PLACES
from analysis.evidence import RefusedError
from analysis.synth import ESTIMATOR_LABELS, PlaceboTest, SynthResult, SynthSpec, fit, specifications
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import Number, digest
from dashboard.figures import Column, Figure
from dashboard.workbench import Export, Setting, record

#: Months of history before the start; short windows fit noise, long ones other times.
HISTORY: Final = {"36": "3 years", "48": "4 years", "60": "5 years", "84": "7 years", "all": "All there is"}
RESIDENTS: Final = {"100000": "100,000", "150000": "150,000", "250000": "250,000", "400000": "400,000"}
LEVELS: Final = {"80": "80\u00a0%", "90": "90\u00a0%", "95": "95\u00a0%"}
SHORT: Final = {
    "demeaned": "Demeaned synthetic control",
    "index": "Index synthetic control",
    "simplex": "Classic synthetic control",
    "sdid": "Synthetic difference-in-differences",
    "did": "Difference-in-differences",
    "ratio_did": "Ratio difference-in-differences",
}
#: A start needs a year of history and one month after it.
LEAST_BEFORE: Final = 12


@dataclass(frozen=True)
class Case:
    """The data of one specification: the panel with readable names, and who is left out."""

    panel: pd.DataFrame  # month × unit, counts
    population: pd.Series
    ids: Mapping[str, str]  # label → agency_id
    excluded: pd.DataFrame  # name, reason
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A fitted specification with everything that the page shows."""

    result: SynthResult
    case: Case
    others: pd.DataFrame  # every estimator
    place: str
    measure: str


def starts(place: str, measure: str) -> dict[str, str]:
    """Months that may be the start, newest first; empty when the place has no series."""
    found = data.series(place, measure)
    if isinstance(found, str):
        return {}
    months = found.counts.dropna().index
    return {str(m): w.month(m) for m in reversed(months[LEAST_BEFORE:])}


def controls(place: str, measure: str) -> list[Setting]:
    """The settings of the form."""
    months = starts(place, measure)
    begin = data.goals()[0].start
    donors = {i: label for label, i in _donor_labels(place, measure).items()}
    return [
        Setting("start", "Start", months, begin if begin in months else next(iter(months), ""),
                "First month that counts as after."),
        Setting("estimator", "Estimator", SHORT, "demeaned",
                "Demeaned keeps the distance in level, index keeps the ratio, classic does neither."),
        Setting("history", "History before the start", HISTORY, "84"),
        Setting("residents", "Smallest comparison place, residents", RESIDENTS, "100000"),
        Setting("level", "Level of the range", LEVELS, "90",
                "90\u00a0% needs 9 comparison places, 95\u00a0% needs 19."),
        Setting("without", "Leave out", donors, "", "Comparison places not to use.", several=True),
    ]  # fmt: skip


def _donor_labels(place: str, measure: str) -> Mapping[str, str]:
    found = data.series(place, measure)
    if isinstance(found, str) or found.complete_through is None:
        return {}
    begin = max(found.counts.index[0], w.to_month(data.goals()[0].start) - 84)
    made = _case(str(data.hub().path), data.facts().version, place, measure, str(begin),
                 str(found.complete_through), 100_000)  # fmt: skip
    return made.ids if isinstance(made, Case) else {}


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


@st.cache_resource(show_spinner="Fitting the comparison …", max_entries=64)
def _answer(
    path: str, version: str, place: str, measure: str, through: str, chosen: tuple[tuple[str, str], ...]
) -> Answer | str:
    ask = dict(chosen)
    with data.reading(path) as hub:
        try:
            series = hub.series(place, measure, through=through or None)
        except HubError as why:
            return str(why)
    start, last = pd.Period(ask["start"], "M"), series.complete_through
    if last is None or last < start:
        return f"The data end in {w.month(last)}, before the start in {w.month(start)}."
    window = series.counts.loc[:last]
    gaps = window.index[window.isna()]
    earlier = gaps[gaps < start]
    first = window.index[0] if not len(earlier) else earlier[-1] + 1
    if ask["history"] != "all":
        first = max(first, start - int(ask["history"]))
    made = _case(path, version, place, measure, str(first), str(last), int(ask["residents"]))
    if isinstance(made, str):
        return made
    label = {i: name for name, i in made.ids.items()}
    spec = SynthSpec(
        treated=PLACES[place], start=ask["start"], estimator=ask["estimator"],
        level=int(ask["level"]) / 100, missing="leave_out",
        exclude=tuple(label[i] for i in ask["without"].split(",") if i in label),
    )  # fmt: skip
    try:
        result = fit(made.panel, spec, made.population)
        others = specifications(made.panel, replace(spec, inference=("placebo",)), made.population)
    except RefusedError as why:
        return str(why)
    return Answer(result, made, others, place, measure)


@st.cache_resource(show_spinner="Looking for comparison places …", max_entries=64)
def _case(
    path: str, version: str, place: str, measure: str, first: str, last: str, residents: int
) -> Case | str:
    del version  # part of the key alone
    with data.reading(path) as hub:
        series = hub.series(place, measure, through=last)
        if series.population is None or series.population.dropna().empty:
            return "No population is known here, so it cannot be compared per resident."
        found = hub.donor_panel(measure, first, last, min_population=residents)
        state = hub.agencies().set_index("agency_id")["state"]
    if found.counts.shape[1] == 0:
        return (
            f"No comparison place reported every month from {w.months(first, last)}. "
            "A shorter history or smaller places may help."
        )
    names: dict[str, str] = {}
    for i in found.counts.columns:
        name = f"{found.names[i]}, {state[i]}" if isinstance(state.get(i), str) else str(found.names[i])
        names[str(i)] = name if name not in names.values() else f"{name} ({i})"
    panel = found.counts.rename(columns=names)
    panel.insert(0, PLACES[place], series.counts.reindex(panel.index))
    own = float(series.population.reindex(panel.index).mean())
    people = pd.concat([pd.Series({PLACES[place]: own}), found.population.rename(index=names)])
    return Case(
        panel, people.astype(float), {n: i for i, n in names.items()},
        found.excluded[["name", "reason"]].sort_values("name", ignore_index=True), series.notes,
    )  # fmt: skip


# ---------------------------------------------------------------- words


def headline(found: Answer, *, expert: bool) -> str:
    """The first sentence: for researchers the specification's, for everybody else in plain words."""
    effect = found.result.effect
    if expert:
        return headlines.specification(PLACES[found.place], effect.percent, effect.minimum_detectable_percent)
    if not effect.percent.known:
        return "There are too few comparison places to say how sure the estimate is."
    return (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(PLACES[found.place])} was "
        f"{level_with(effect.percent.estimate)} a mix of comparison places, {w.between(effect.percent)}. "
        + (
            w.cannot_tell(effect.minimum_detectable_percent)
            if effect.percent.contains(0)
            else "The range does not include “no difference”."
        )
    )


def window(found: Answer) -> str:
    """What was compared over which months, in words."""
    path = found.result.path
    after = path.loc[path["cumulative"].notna(), "period"]
    return (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(PLACES[found.place])}, "
        f"{w.months(after.iloc[0], after.iloc[-1])}, against {len(found.result.weights)} comparison places; "
        f"the mix was chosen on {w.months(path['period'].iloc[0], w.to_month(found.result.spec.start) - 1)}."
    )


def numbers(found: Answer) -> list[Number]:
    """Four numbers: effect, events, rank, and what could have been seen."""
    effect, placebo = found.result.effect, found.result.placebo
    level = f"{w.percent(100 * effect.percent.level)} range"
    known = effect.percent.known
    state = charts.state_of(effect.percent.lower, effect.percent.upper) if known else "cannot_tell"
    said = [
        Number(
            "Difference from the comparison", w.percent(effect.percent.estimate, signed=True), state,
            f"{level}: {w.between(effect.percent)}" if known else "The range is not known.",
        ),
        Number(
            "Events, difference from the comparison", w.number(effect.events.estimate, signed=True), None,
            f"{level}: {w.number(effect.events.lower, signed=True)} to "
            f"{w.number(effect.events.upper, signed=True)}" if effect.events.known
            else "The range is not known.",
        ),
    ]  # fmt: skip
    if placebo is not None:
        said.append(
            Number(
                "Places without the tactic that moved as far",
                f"{_as_far(placebo)} of {placebo.n_placebos}",
                None,
                "Few would be unusual; the range is made from them.",
            )
        )
    said.append(
        Number(
            "Smallest fall it could have seen", w.percent(abs(effect.minimum_detectable_percent))
            if w.known(effect.minimum_detectable_percent) else "None", None,
            "Found four times in five." if w.known(effect.minimum_detectable_percent)
            else "Not even a fall to zero would be found reliably.",
        )
    )  # fmt: skip
    return said


def _as_far(placebo: PlaceboTest) -> int:
    """How many placebos have a total difference, on their own scale, at least as large."""
    own = float(placebo.table.loc[placebo.table["treated"], "scaled_cumulative"].abs().iloc[0])
    others = placebo.table.loc[~placebo.table["treated"], "scaled_cumulative"]
    return int((others.abs() >= own).sum())


def rank_sentence(found: Answer, *, p_values: bool) -> str:
    """Where the place stands among its placebos, or why that cannot be said."""
    placebo = found.result.placebo
    if placebo is None:
        return "No placebo test was asked for."
    said = (
        f"The same method was run on {w.plural(placebo.n_placebos, 'place')} where nothing started. "
        f"In {_as_far(placebo)} of them the differences since the start add up to as much or more, "
        "each measured by its own misfit before the start."
    )
    if not placebo.has_band:
        said += f" {placebo.sentence}"
    if p_values:
        said += (
            f" Exact placebo p-value of the total: {w.number(placebo.p_cumulative, 2)}; it agrees with the "
            f"range. By the ratio of misfits after and before, which also counts swings in both "
            f"directions, the place ranks {placebo.rank} of {placebo.n_placebos + 1} "
            f"(p = {w.number(placebo.p_value, 2)})."
        )
    return said


# ---------------------------------------------------------------- figures


def figures(found: Answer, *, p_values: bool) -> dict[str, Figure]:
    """Every figure of the page by a short name."""
    facts = data.facts()
    made = _figures(
        digest(facts.version, found.place, found.measure, found.result.spec, len(found.case.panel)), p_values,
        found, facts.source_line, facts.synthetic,
    )  # fmt: skip
    return made


@st.cache_resource(show_spinner=False, max_entries=64)
def _figures(
    identity: str, p_values: bool, _found: Answer, source: str, synthetic: bool
) -> dict[str, Figure]:
    common: dict[str, Any] = {"source": source, "synthetic": synthetic}
    made = [
        _observed(_found), _gap(_found), _cumulative(_found), _weights(_found), _spaghetti(_found),
        _distribution(_found), _estimators(_found, p_values=p_values),
    ]  # fmt: skip
    return {
        name: Figure(**(kwargs | common | {"identity": f"{identity}-{name}-{p_values}"}))
        for name, kwargs in made
        if kwargs
    }


Made = tuple[str, dict[str, Any]]
PATH: Final = {
    "period": Column("Month", "month"),
    "observed": Column("What happened", "decimal"),
    "expected": Column("Comparison", "decimal"),
    "lower": Column("Comparison, from", "decimal"),
    "upper": Column("Comparison, to", "decimal"),
}


def _path(found: Answer) -> pd.DataFrame:
    r = found.result
    return r.path_in_events if r.path_in_events is not None else r.path


def level_with(percent: float) -> str:
    """Such as "17 % below", "4 % above" or "level with"."""
    size = w.percent(abs(percent))
    return "level with" if size == w.percent(0) else f"{size} {'below' if percent < 0 else 'above'}"


def _name(found: Answer) -> tuple[str, str]:
    return PLACES[found.place], MEASURES[found.measure].lower()


def _observed(found: Answer) -> Made:
    path, (place, what), start = _path(found), _name(found), found.result.spec.start
    gap = found.result.effect.percent.estimate
    return "observed", {
        "key": "synth_observed",
        "title": f"{w.sentence_case(what)} in {place} was {level_with(gap)} its comparison",
        "sentence": "The comparison is a fixed mix of other places that moved like it before the start.",
        "chart": lambda look: charts.observed_vs_expected(
            path, start=start, observed_label=place, expected_label="Comparison mix", look=look
        ),
        "table": path, "columns": PATH,
        "alt": f"Lines by month: {what} in {place} and in its comparison mix, with a rule at "
               f"{w.month(start)} and a band around the comparison after it.",
        "note": "Events a month. Fitted on rates per resident and turned back into events. The band after "
                "the start is as wide as the misses of the same method in places where nothing started.",
    }  # fmt: skip


def _gap(found: Answer) -> Made:
    path, (place, what), start = _path(found), _name(found), found.result.spec.start
    post = path.loc[path["cumulative"].notna(), "effect"].dropna()
    below = int((post < 0).sum())
    return "gap", {
        "key": "synth_gap",
        "title": f"{place} was below its comparison in {below} of {len(post)} months since the start",
        "sentence": "Before the start the difference should hover around zero: that is how far chance alone "
                    "and a loose fit move it.",
        "chart": lambda look: charts.effect_over_time(path, start=start, look=look),
        "table": path,
        "columns": {"period": PATH["period"], "effect": Column("Difference", "change"),
                    "effect_lower": Column("From", "change"), "effect_upper": Column("To", "change")},
        "alt": f"Line by month: {what} in {place} minus its comparison, with a rule at {w.month(start)}.",
    }  # fmt: skip


def _cumulative(found: Answer) -> Made:
    path, (_, what), start = _path(found), _name(found), found.result.spec.start
    events = found.result.effect.events
    size = w.people(events, "event", "events") if events.known else "not known"
    total = w.number(abs(events.estimate))
    title = (
        f"Added up since {w.month(start)}: {total} {'fewer' if events.estimate < 0 else 'more'} "
        "events than the comparison"
        if w.known(events.estimate)
        else f"The differences added up since {w.month(start)}"
    )
    after = path.loc[path["cumulative"].notna()]
    return "cumulative", {
        "key": "synth_cumulative",
        "title": title,
        "sentence": f"In all {size}. This is a difference from the comparison; what caused it, the "
                    "comparison alone does not say.",
        "chart": lambda look: charts.cumulative_effect(path, start=start, look=look),
        "table": after,
        "columns": {"period": PATH["period"], "cumulative": Column("Since the start", "change"),
                    "cumulative_lower": Column("From", "change"), "cumulative_upper": Column("To", "change")},
        "alt": f"Line by month: the difference in {what} added up since {w.month(start)}, with its band.",
    }  # fmt: skip


def _weights(found: Answer) -> Made:
    weights = found.result.weights
    table = pd.DataFrame({"name": weights.index.astype(str), "weight": weights.to_numpy()})
    table["residents"] = found.case.population.reindex(weights.index).to_numpy()
    table = table.sort_values("weight", ascending=False, ignore_index=True)
    top = table.iloc[0]
    used = int((table["weight"] > 5e-4).sum())
    equal = found.result.spec.estimator in ("did", "ratio_did")
    title = (
        f"All {len(table)} comparison places count the same"
        if equal
        else f"{w.plural(used, 'place')} make up the comparison; {top['name']} counts most, "
        f"{w.percent(100 * top['weight'])}"
    )
    return "weights", {
        "key": "synth_weights",
        "title": title,
        "sentence": "Weights say who the comparison is made of. They are chosen by fit before the start, "
                    "never by what came after.",
        "chart": lambda look: charts.donor_weights(table, look=look),
        "table": table,
        "columns": {"name": Column("Comparison place"), "weight": Column("Weight", "share"),
                    "residents": Column("Residents", "count")},
        "alt": "Bars: weight of each place in the comparison mix, largest first.",
    }  # fmt: skip


def _scaled_gaps(found: Answer) -> pd.DataFrame:
    """Gaps of every unit in units of its own misfit before the start, means of three months each."""
    placebo = found.result.placebo
    assert placebo is not None
    before = placebo.table.set_index("unit")["pre_rmspe"]
    scaled = placebo.gaps / before.where(before > 0).reindex(placebo.gaps.columns)
    months = pd.PeriodIndex(scaled.index, freq="M")
    start = pd.Period(found.result.spec.start, "M")
    block = np.floor((months.year * 12 + months.month - start.year * 12 - start.month) / 3).astype(int)
    means = scaled.groupby(block).mean()
    means.index = pd.PeriodIndex([start + 3 * int(b) for b in means.index], freq="M", name="period")
    long = means.reset_index().melt(id_vars="period", var_name="unit", value_name="gap")
    return long.dropna(subset="gap")


def _spaghetti(found: Answer) -> Made:
    if found.result.placebo is None:
        return "spaghetti", {}
    gaps, (place, what), start = _scaled_gaps(found), _name(found), found.result.spec.start
    placebo = found.result.placebo
    return "spaghetti", {
        "key": "synth_placebos",
        "title": f"Among {placebo.n_placebos} places without the tactic, {placebo.rank - 1} strayed further "
                 f"from their comparison than {place}",
        "sentence": "Each grey line is a place where nothing started, treated as if something had. The "
                    "further the line of the place stands out on the right, the less chance explains it.",
        "chart": lambda look: charts.placebo_spaghetti(
            gaps, treated=place, start=start, percent=False, look=look
        ),
        "table": gaps[["unit", "period", "gap"]],
        "columns": {"unit": Column("Place"), "period": Column("Three months from", "month"),
                    "gap": Column("Difference, in misfits before the start", "decimal2")},
        "alt": f"Lines: the difference in {what} of {place} among those of {placebo.n_placebos} places "
               "without the tactic, each in units of its own misfit before the start.",
        "note": "Means of three months. The unit is each place's own misfit before the start (root mean "
                "squared difference): a place that is fitted badly will also be predicted badly. Lines that "
                "leave the picture are cut at its edge.",
    }  # fmt: skip


def _distribution(found: Answer) -> Made:
    placebo = found.result.placebo
    if placebo is None:
        return "distribution", {}
    table, (place, _) = placebo.table, _name(found)
    own = float(table.loc[table["treated"], "scaled_cumulative"].iloc[0])
    others = table.loc[~table["treated"], "scaled_cumulative"].to_numpy(float)
    further, n = _as_far(placebo), len(others)
    shown = table[["unit", "scaled_cumulative", "ratio", "rank"]]
    columns = {
        "unit": Column("Place"), "scaled_cumulative": Column("Cumulative difference, in misfits", "decimal"),
        "ratio": Column("Misfit after over before", "decimal2"), "rank": Column("Rank", "count"),
    }  # fmt: skip
    return "distribution", {
        "key": "synth_placebo_total",
        "title": f"In {further} of {n} places without the tactic the total difference was as large or larger",
        "sentence": "One dot a place. The further out the line lies among the dots, the less chance "
                    "explains the difference.",
        "chart": lambda look: charts.placebo_distribution(
            others, own, observed_label=place, look=look,
            title="Total difference after the start, in misfits before it",
        ),
        "table": shown, "columns": columns,
        "alt": f"Dots: total difference after the start in {n} places without the tactic; a line: {place}.",
    }  # fmt: skip


def _estimators(found: Answer, *, p_values: bool) -> Made:
    table = found.others.copy()
    table["name"] = [SHORT[e] for e in table["estimator"]]
    chosen = found.result.spec.estimator
    table["note"] = ["shown on this page" if e == chosen else "" for e in table["estimator"]]
    table = table.rename(columns={"percent_lower": "lower", "percent_upper": "upper"})
    ran = table.loc[table["percent"].notna()]
    if ran.empty:
        return "estimators", {}
    low, high = ran["percent"].min(), ran["percent"].max()
    columns = {
        "name": Column("Estimator"), "percent": Column("Difference", "percent_change"),
        "lower": Column("From", "percent_change"), "upper": Column("To", "percent_change"),
        "pre_rmspe": Column("Misfit before", "decimal"),
    }  # fmt: skip
    if p_values:
        columns["p_value"] = Column("p", "decimal2")
    if (table["reason"] != "").any():
        columns["reason"] = Column("Why not")
    return "estimators", {
        "key": "synth_estimators",
        "title": f"The estimators give between {w.fewer(low)} and {w.fewer(high)}",
        "sentence": "If the answer hangs on the choice of the estimator, the data do not give it.",
        "chart": lambda look: charts.dot_intervals(
            ran[["name", "percent", "lower", "upper", "note"]], look=look,
            axis_title="Difference from the comparison",
        ),
        "table": table, "columns": columns,
        "alt": "Dots with ranges: the same question answered with six estimators.",
        "note": "; ".join(f"{SHORT[k]}: {v}" for k, v in ESTIMATOR_LABELS.items()) + ".",
    }  # fmt: skip


# ---------------------------------------------------------------- to take away


def export(found: Answer) -> Export:
    """Data, results, specification and a program that repeats them."""
    facts, r = data.facts(), found.result
    long = found.case.panel.rename_axis(index="month").reset_index().melt(
        id_vars="month", var_name="unit", value_name="count"
    )  # fmt: skip
    long["population"] = long["unit"].map(found.case.population)
    results = _path(found).copy()
    if facts.synthetic:
        long["data_status"] = results["data_status"] = w.SYNTHETIC
    stem = f"sln_synthetic_control_{found.place}_{found.measure}"
    about = {
        "method": "synthetic control", "place": found.place, "measure": found.measure,
        "data_version": facts.version, "source": facts.source_line, "choices": list(r.choices),
        "data_status": w.SYNTHETIC if facts.synthetic else "reported figures, provisional",
    }  # fmt: skip
    return Export(stem, long, results, record(r.spec, r.effect, r.checks, about), _program(r.spec, stem))


def _program(spec: SynthSpec, stem: str) -> str:
    return f'''"""Repeat a synthetic control of the Save Lives Now! dashboard from its exported data.

Run inside the dashboard's repository:  uv run python {stem}_repeat.py
"""

import pandas as pd

from analysis.synth import SynthSpec, fit

data = pd.read_csv("{stem}_data.csv")
data["month"] = pd.PeriodIndex(data["month"], freq="M")
panel = data.pivot(index="month", columns="unit", values="count")[list(data["unit"].unique())]
panel.columns.name = None
population = data.groupby("unit")["population"].first()
spec = {spec!r}
result = fit(panel, spec, population)
print(result.effect.percent)
print(result.weights.sort_values(ascending=False).head(10))
'''
