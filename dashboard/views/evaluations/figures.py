"""The pictures of the evaluations page; nothing is fitted here."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from analysis import evaluate
from analysis.data.vocabulary import MEASURES
from analysis.evaluate import Results
from analysis.evidence import Interval
from dashboard import charts, data
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.evaluations.cases import SHORT, Case, of, run_on, subjects
from dashboard.views.evaluations.over_time import Made, months


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
    if _found.effect is not None and not _found.path.empty:
        made += [_observed(_found), months(_found, _everything)]
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
        "wait": Column("How long a fall of 20\u00a0% takes to be seen"),
        "pre_months": Column("Months before", "count"), "post_months": Column("Months after", "count"),
    }  # fmt: skip
    return columns | ({"p_value": Column("p", "decimal3")} if p_values else {})


RULES: Final = (
    "Which method leads is fixed beforehand, by its design and its own checks, never by what it found. "
    "Without a comparison, a difference from a place’s own projected past is never called an effect: the "
    "word is then “cannot tell yet”. “Cannot tell” is not “no effect”."
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
        "sentence": f"The leading method: {run_on(SHORT[method])} ({run_on(e.method)}).{per}",
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
