"""The evaluations page: stored answers in, figures, numbers and words out. Nothing is fitted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis import evaluate
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, TACTICS
from analysis.evaluate import METHODS, Results
from analysis.evidence import Agreement, Effect, Interval, Verdict, weigh
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import Number, digest
from dashboard.figures import Column, Figure

PROGRAMME: Final = "programme"
SHORT: Final = {
    "its": "Own past alone",
    "its_controlled": "Own past, beside other cities",
    "synth_demeaned": "Mix of cities, demeaned",
    "synth_index": "Mix of cities, index",
    "wdd": "Beside a comparison area",
}
#: A fall is called averted crime only on a comparison, when the methods together say “fewer”, and when it
#: is this probable.
EARNED: Final = 0.95


def results() -> Results:
    """The stored answers for the data as they are now; computed once when there are none."""
    found: Results = _results(str(data.hub().path), data.facts().version)
    return found


@data.answer(show_spinner="Evaluating every tactic, place and measure: once, up to a minute …")
def _results(path: str, version: str) -> Results:
    del version  # part of the key alone
    with data.reading(path) as hub:
        return evaluate.results_for(hub)


@dataclass(frozen=True)
class Subject:
    """What can be evaluated: everything together in a jurisdiction, or one deployment."""

    key: str
    name: str
    what: str  # how a sentence calls it
    where: str
    jurisdiction: str


def subjects(found: Results) -> list[Subject]:
    """Every registered subject, deployments first."""
    rows = found.effects.drop_duplicates(["subject", "place"])
    homes = data.hub().deployments()
    home = dict(zip(homes["deployment_id"], homes["jurisdiction"], strict=True))
    made = []
    for r in rows.to_dict("records"):
        place = str(r["place"])
        if r["subject"] == PROGRAMME:
            name = f"All that changed, {JURISDICTIONS[place]}"
            made.append(
                Subject(f"{PROGRAMME}-{place}", name, "all that changed", JURISDICTIONS[place], place)
            )
            continue
        name = str(r["place_name"])
        tactic = TACTICS.get(str(r["tactic"]), str(r["tactic"]))
        where = PLACES.get(place) or name.split(", ", 1)[-1]
        # "Focused deterrence" runs on in a sentence; an abbreviation in it stays as it is.
        made.append(Subject(str(r["subject"]), name, _run_on(tactic), where, str(home.get(r["subject"], ""))))
    return sorted(made, key=lambda s: s.key.startswith(PROGRAMME))


def _run_on(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def of(found: Results, subject: Subject, measure: str) -> pd.DataFrame:
    """The answers (one row a method) on one subject and measure."""
    e = found.effects
    if subject.key.startswith(PROGRAMME):
        mine = (e["subject"] == PROGRAMME) & (e["place"] == subject.jurisdiction)
    else:
        mine = e["subject"] == subject.key
    return e.loc[mine & (e["measure"] == measure)]


@dataclass(frozen=True)
class Case:
    """One question with all its answers."""

    subject: Subject
    measure: str
    rows: pd.DataFrame
    verdict: Verdict
    leading: str  # question_id of the leading answer, "" when there is none
    path: pd.DataFrame
    start: str
    phase_in: int

    @property
    def effect(self) -> Effect | None:
        """The leading effect."""
        return self.verdict.leading


def case(found: Results, subject: Subject, measure: str) -> Case | None:
    """Weigh the answers to one question; None when it is not registered."""
    rows = of(found, subject, measure)
    if rows.empty:
        return None
    effects = {q: e for q in rows["question_id"] if (e := found.effect(str(q))) is not None}
    judged = found.verdict(str(rows["subject"].iloc[0]), str(rows["place"].iloc[0]), measure)
    if judged is None:
        verdict = weigh(list(effects.values()))
    else:
        span = (float(judged["low"]), float(judged["high"]))
        first = effects.get(str(judged["leading"]))
        verdict = Verdict(Agreement(judged["agreement"]), first, span, str(judged["why_agreement"]))
    leading = next((str(q) for q, e in effects.items() if e is verdict.leading), "")
    return Case(
        subject, measure, rows, verdict, leading, found.path(leading), str(rows["start"].iloc[0]),
        int(rows["phase_in"].iloc[0]),
    )  # fmt: skip


# ---------------------------------------------------------------- words


def headline(found: Case) -> str:
    """The best estimate and how far it can be believed."""
    e = found.effect
    what, where = found.subject.what, found.subject.where
    if found.verdict.agreement is Agreement.DISAGREE and e is not None:
        low, high = found.verdict.range_percent
        return (
            f"The methods disagree about {what} in {w.place_in_sentence(where)}: from {w.fewer(low)} to "
            f"{w.fewer(high)}. We cannot tell yet."
        )
    if e is None:
        return f"There is no estimate yet for {what} in {w.place_in_sentence(where)}. We cannot tell yet."
    return headlines.evaluation(
        what, where, e.percent, grade=e.grade, controlled=e.controlled,
        minimum_detectable_percent=e.minimum_detectable_percent,
    )  # fmt: skip


def explanation(found: Case) -> str:
    """Which measure and months, and why the verdict is what it is."""
    text = f"{MEASURES[found.measure]}, since {w.month(found.start)}"
    if found.phase_in:
        text += f" with a phase-in of {w.plural(found.phase_in, 'month')}"
    if not found.path.empty:
        after = found.path.loc[found.path["cumulative"].notna(), "period"]
        text += f", through {w.month(after.iloc[-1])}"
    return " ".join((f"{text}. {found.verdict.sentence}", *_at_the_same_time(found.subject)))


def graded(found: Case, everything: Results) -> str:
    """How far the answer can be believed and why, as Markdown; empty when nothing was judged."""
    judged = everything.verdict(
        str(found.rows["subject"].iloc[0]), str(found.rows["place"].iloc[0]), found.measure
    )
    if judged is None:
        return ""
    return f"**Grade: {judged['grade']}.** {judged['why_grade']}"


def _at_the_same_time(subject: Subject) -> list[str]:
    """Other tactics in the same place: none of the designs can tell them apart."""
    rows = data.hub().deployments()
    rows = rows[(rows["jurisdiction"] == subject.jurisdiction) & (rows["status"] != "planned")]
    others = rows.loc[rows["deployment_id"] != subject.key]
    if others.empty or subject.key.startswith(PROGRAMME):
        return []
    names = [f"{r['name']} (from {w.month(r['start'])})" for r in others.to_dict("records")]
    return [f"Also at work there, and not told apart from it here: {'; '.join(names)}."]


def state_of(e: Effect) -> str:
    """The word beside an interval. Without a comparison nothing can be told from a projection."""
    if not e.percent.known:
        return "no_data"
    return charts.state_of(e.percent.lower, e.percent.upper) if e.controlled else "cannot_tell"


def raw_change(path: pd.DataFrame) -> float:
    """Change of all events after the start against the same months of the three years before, in percent.

    NaN when a month after the start has no such month before it.
    """
    if path.empty:
        return float("nan")
    table = path.set_index(pd.PeriodIndex(path["period"], freq="M"))
    after = table.index[table["cumulative"].notna() & table["observed"].notna()]
    if len(after) == 0:
        return float("nan")
    before = table.loc[(table.index < after[0]) & (table.index >= after[0] - 36), "observed"].dropna()
    monthly = before.groupby(pd.PeriodIndex(before.index).month).mean()
    usual = monthly.reindex(pd.PeriodIndex(after).month).sum(skipna=False)
    return float(100 * (table.loc[after, "observed"].sum() / usual - 1)) if usual > 0 else float("nan")


def numbers(found: Case) -> list[Number]:
    """Effect, events, what could have been seen, and (apart) the raw change."""
    e = found.effect
    if e is None:
        return []
    earned = (
        e.controlled
        and found.verdict.agreement is Agreement.FEWER
        and w.known(e.probability_of_reduction)
        and e.probability_of_reduction >= EARNED
    )
    what = "comparison" if e.controlled else "projection"
    said = [
        Number(
            "Best estimate", w.percent(e.percent.estimate, signed=True),
            "cannot_tell" if found.verdict.agreement in (Agreement.DISAGREE, Agreement.CANNOT_TELL)
            else state_of(e),
            f"{w.percent(100 * e.percent.level)} range: {w.between(e.percent)}",
        ),
    ]  # fmt: skip
    if e.events.known:
        fewer = earned and e.events.estimate < 0
        label = "Events averted" if fewer else f"Events, difference from the {what}"
        value = w.number(-e.events.estimate) if fewer else w.number(e.events.estimate, signed=True)
        low, high = (-e.events.upper, -e.events.lower) if fewer else (e.events.lower, e.events.upper)
        said.append(
            Number(label, value, None,
                   f"Between {w.number(low, signed=not fewer)} and {w.number(high, signed=not fewer)}")
        )  # fmt: skip
    mde = e.minimum_detectable_percent
    said.append(
        Number(
            "Smallest fall it could have seen", w.percent(abs(mde)) if w.known(mde) else "No fall", None,
            "Found four times in five." if w.known(mde) else "Not even a fall to zero is found reliably.",
        )
    )  # fmt: skip
    raw = raw_change(found.path)
    if w.known(raw):
        said.append(
            Number(
                "Raw change, not an effect", w.percent(raw, signed=True), None,
                "All events since the start against the same months of the three years before.",
            )
        )  # fmt: skip
    return said


# ---------------------------------------------------------------- figures

Made = tuple[str, dict[str, Any]]


def figures(found: Case, everything: Results, *, p_values: bool) -> dict[str, Figure]:
    """Every figure of the page by a short name."""
    facts = data.facts()
    identity = digest(facts.version, found.subject.key, found.measure, p_values)
    return _figures(identity, p_values, found, everything, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _figures(
    identity: str, p_values: bool, _found: Case, _everything: Results, source: str, synthetic: bool
) -> dict[str, Figure]:
    made = [_methods(_found, p_values=p_values), _forest(_everything, _found.measure, p_values=p_values)]
    if _found.effect is not None:
        made += [_observed(_found), _months(_found)]
    return {
        name: Figure(**kwargs, source=source, synthetic=synthetic, identity=f"{identity}-{name}")
        for name, kwargs in made
        if kwargs
    }


def _rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Answered questions as the forest takes them, with the word and what could have been seen."""
    told = rows.loc[rows["answered"].astype(bool)].copy()
    told["name"] = [SHORT[m] for m in told["method"]]
    told = told.rename(
        columns={"percent_estimate": "percent", "percent_lower": "lower", "percent_upper": "upper"}
    )
    for column in ("percent", "lower", "upper", "minimum_detectable_percent", "p_value"):
        told[column] = pd.to_numeric(told[column]).astype(float)
    told["status"] = [
        "no_data" if not Interval(p, min(lo, hi), max(lo, hi)).known
        else charts.state_of(lo, hi) if bool(c) else "cannot_tell"
        for p, lo, hi, c in zip(
            told["percent"], told["lower"].fillna(0), told["upper"].fillna(0), told["controlled"], strict=True
        )
    ]  # fmt: skip
    told["smallest"] = [
        f"could have seen {w.percent(abs(m))}" if w.known(m) else "could not have seen any fall"
        for m in told["minimum_detectable_percent"]
    ]
    return told


def _columns(*, p_values: bool) -> dict[str, Column]:
    columns = {
        "name": Column("Method"), "percent": Column("Difference", "percent_change"),
        "lower": Column("From", "percent_change"), "upper": Column("To", "percent_change"),
        "minimum_detectable_percent": Column("Smallest fall it could have seen", "percent"),
        "controlled": Column("With a comparison", "yes_no"),
        "pre_months": Column("Months before", "count"), "post_months": Column("Months after", "count"),
    }  # fmt: skip
    return columns | ({"p_value": Column("p", "decimal3")} if p_values else {})


RULES: Final = (
    "The leading method is the one with a comparison and the narrowest range. Without a comparison, a "
    "difference from a place's own projected past is never called an effect: the word is then “cannot tell "
    "yet”. “Cannot tell” is not “no effect”."
)


def _methods(found: Case, *, p_values: bool) -> Made:
    rows = _rows(found.rows)
    if rows.empty:
        return "methods", {}
    rows["note"] = rows["smallest"]
    ran = rows[["name", "percent", "lower", "upper", "status", "note"]]
    low, high = w.fewer(rows["percent"].min()), w.fewer(rows["percent"].max())
    title = (
        f"The one method that could run gives {low}"
        if len(rows) == 1
        else f"{w.sentence_case(w.plural(len(rows), 'method', spelled=True))} give between {low} and {high}"
    )
    return "methods", {
        "key": "evaluation_methods",
        "title": title,
        "sentence": found.verdict.sentence,
        "chart": lambda look: charts.dot_intervals(
            ran, look=look, axis_title="Difference from what was expected"
        ),
        "table": rows.drop(columns=["choices", "warnings"], errors="ignore"),
        "columns": _columns(p_values=p_values),
        "alt": f"Dots with ranges: {found.subject.name}, {MEASURES[found.measure].lower()}, by method.",
        "note": f"{RULES} “Could have seen” is the smallest fall that the design finds four times in five.",
    }  # fmt: skip


def _forest(everything: Results, measure: str, *, p_values: bool) -> Made:
    e = everything.effects
    parts = []
    for subject in subjects(everything):
        rows = _rows(of(everything, subject, measure))
        parts.append(rows.assign(group=subject.name))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        return "forest", {}
    ran = rows.rename(columns={"place": "place_id"}).rename(columns={"group": "place"})
    ran["method"], ran["note"] = ran["name"], ran["smallest"]
    clear = int(rows["status"].isin(["fewer", "more"]).sum())
    asked = int((e["measure"] == measure).sum())
    return "forest", {
        "key": "evaluation_forest",
        "title": f"{clear} of {len(rows)} estimates for {MEASURES[measure].lower()} can tell fewer from more",
        "sentence": f"{asked} evaluations are registered for this measure; {len(rows)} could be made. "
                    + evaluate.multiplicity_words(everything.verdicts),
        "chart": lambda look: charts.forest(
            ran[["place", "method", "percent", "lower", "upper", "status", "note"]], look=look
        ),
        "table": rows.drop(columns=["choices", "warnings"], errors="ignore"),
        "columns": {"group": Column("What, where"), **_columns(p_values=p_values)},
        "alt": f"Dots with ranges: every registered evaluation of {MEASURES[measure].lower()}, by what was "
               "done where and by method.",
        "note": f"{RULES} {evaluate.LEVEL_WORDS}",
    }  # fmt: skip


def _observed(found: Case) -> Made:
    e = found.effect
    assert e is not None
    method = str(found.rows.loc[found.rows["question_id"] == found.leading, "method"].iloc[0])
    size = w.percent(abs(e.percent.estimate))
    side = (
        "level with" if size == w.percent(0) else f"{size} {'below' if e.percent.estimate < 0 else 'above'}"
    )
    what, where = MEASURES[found.measure], w.place_in_sentence(found.subject.where)
    beside = "the comparison" if e.controlled else "the projection of its own past"
    per = "" if found.path["observed"].dropna().mod(1).eq(0).all() else " Per 100,000 residents a month."
    return "observed", {
        "key": "evaluation_observed",
        "title": f"{what} in {where} was {side} {beside}",
        "sentence": f"The leading method: {_run_on(SHORT[method])} ({_run_on(e.method)}).{per}",
        "chart": lambda look: charts.observed_vs_expected(
            found.path, start=found.start, phase_in=found.phase_in, look=look
        ),
        "table": found.path,
        "columns": {
            "period": Column("Month", "month"), "observed": Column("What happened", "decimal"),
            "expected": Column("Expected", "decimal"), "lower": Column("Expected, from", "decimal"),
            "upper": Column("Expected, to", "decimal"),
        },
        "alt": f"Lines by month: {what.lower()} in {where} and what was expected, with a rule at "
               f"{w.month(found.start)}.",
        "note": " ".join((*e.choices, *e.warnings)),
    }  # fmt: skip


def _months(found: Case) -> Made:
    table = found.path.copy()
    start = w.to_month(found.start)
    table["months_since_start"] = [(p - start).n for p in table["period"]]
    after = table.loc[table["cumulative"].notna()]
    below = int((after["effect"] < 0).sum())
    return "months", {
        "key": "evaluation_months",
        "title": f"{below} of {len(after)} months since the start lie below what was expected",
        "sentence": "Does a difference grow, hold or fade? Single months move a lot by chance: the months "
                    "before the start show how much.",
        "chart": lambda look: charts.effect_over_time(
            found.path, start=found.start, phase_in=found.phase_in, look=look
        ),
        "table": table,
        "columns": {
            "months_since_start": Column("Months since the start", "count"),
            "period": Column("Month", "month"), "effect": Column("Difference", "change"),
            "effect_lower": Column("From", "change"), "effect_upper": Column("To", "change"),
        },
        "alt": "Line by month: the difference between what happened and what was expected.",
    }  # fmt: skip


def refusals(found: Results, measure: str) -> pd.DataFrame:
    """Every question on a measure that could not be answered, with the reason in words."""
    e = found.effects
    no = e.loc[~e["answered"].astype(bool) & (e["measure"] == measure)]
    names: Mapping[str, str] = {s.key: s.name for s in subjects(found)}
    return pd.DataFrame(
        {
            "What, where": [
                names.get(f"{s}-{p}" if s == PROGRAMME else str(s), str(s))
                for s, p in zip(no["subject"], no["place"], strict=True)
            ],
            "Method": [SHORT[m] for m in no["method"]],
            "Why not": no["refusal"].astype(str).to_list(),
        }
    )


def method_words() -> str:
    """The methods in one line each."""
    return "\n".join(f"- **{SHORT[key]}**: {text}." for key, text in METHODS.items())
