"""Effect over time: by months since the start, as months came in, and as it was told before."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis import evaluate
from analysis.data import Hub
from analysis.data.release import Release
from analysis.evaluate import PRIMARY, Results
from dashboard import charts, data
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.evaluations.cases import SHORT, Case

Made = tuple[str, dict[str, Any]]

NO_MONTHS: Final = (
    "The months behind this estimate are not shown to this audience, so there is no picture of them."
)
OTHER_MEASURE: Final = (
    "How an estimate moved is kept for the goal’s own measure, violent street crime. Choose it above."
)
NOT_TOLD: Final = (
    "How this estimate moved is not shown to this audience: from its steps, counts of three months of a "
    "small area could be worked out."
)
TOO_FEW: Final = "There was no estimate before the newest one: nothing can have moved yet."
IN_A_RELEASE: Final = (
    "A release holds the answers of its own figures. What was said with earlier figures is kept in the hub "
    "and in the earlier releases."
)


def months(found: Case, everything: Results) -> Made:
    """Three months a bar: does the difference grow, hold or fade?"""
    table = evaluate.by_months_since_start(everything, found.leading)
    after = table[table["from_month"] >= 0]
    if after.empty:
        return "months", {}
    when = [charts.months_words(a, b) for a, b in after[["from_month", "to_month"]].to_numpy()]
    title = f"In {when[0]} since the start: {w.fewer(float(after['percent'].iloc[0]))} than expected"
    if len(after) > 1:
        title = f"{title}; in {when[-1]}: {w.fewer(float(after['percent'].iloc[-1]))}"
    before = (
        " Grey bars lie before the start and show how much chance alone moves."
        if (table["from_month"] < 0).any()
        else ""
    )
    shown = table.assign(
        when=[charts.months_words(a, b) for a, b in table[["from_month", "to_month"]].to_numpy()]
    )
    beside = "the comparison" if found.effect is not None and found.effect.controlled else "its own past"
    return "months", {
        "key": "evaluation_months",
        "title": title,
        "sentence": "Does a difference grow, hold or fade? Each bar is three months against what "
        f"{beside} lets expect.{before}",
        "chart": lambda look: charts.effect_by_months(table, look=look),
        "table": shown,
        "columns": {
            "when": Column("Months since the start"), "observed": Column("What happened", "decimal"),
            "expected": Column("Expected", "decimal"), "percent": Column("Difference", "percent_change"),
        },
        "alt": f"Bars of three months: {title[:1].lower()}{title[1:]}. Bars before the start are grey.",
        "note": "Months are counted from the start; those of a phase-in are counted and not shown. The "
        "last months are left out until three are complete. A comparison is fitted to the months before "
        "the start, so bars there are a little smaller than chance would make them.",
    }  # fmt: skip


def moved(found: Case, everything: Results, quarters: pd.DataFrame) -> Figure | str:
    """The estimate at the end of each quarter, with the figures known now; or why there is no picture."""
    if found.measure != PRIMARY:
        return OTHER_MEASURE
    row = everything.verdict(
        str(found.rows["subject"].iloc[0]), str(found.rows["place"].iloc[0]), found.measure
    )
    if row is None or found.effect is None:
        return TOO_FEW
    told = quarters.loc[quarters["case_id"] == row["case_id"]]
    table = evaluate.moved(quarters, row, _through(found, everything))
    known = table.dropna(subset="percent")
    if len(known) < 2:
        hidden = told["leading_method"].ne("").any() and told["percent"].isna().all()
        return NOT_TOLD if hidden else TOO_FEW
    facts = data.facts()
    identity = digest(facts.version, "moved", row["case_id"], len(known))
    return _moved(identity, found.subject.name, table, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _moved(identity: str, name: str, _table: pd.DataFrame, source: str, synthetic: bool) -> Figure:
    known = _table.dropna(subset="percent")
    first, last = known.iloc[0], known.iloc[-1]
    width = [float(r["upper"] - r["lower"]) for r in (first, last)]
    title = (
        f"From {w.fewer(float(first['percent']))} with the months through {w.month(first['through'])} to "
        f"{w.fewer(float(last['percent']))} now"
    )
    ranged = (
        f"The likely range went from {w.number(width[0])} to {w.number(width[1])} points wide. "
        if all(map(w.known, width))
        else ""
    )
    methods = list(dict.fromkeys(known["leading_method"]))
    changed = (
        f"The leading method changed: {w.join([SHORT[m].lower() for m in methods])}. "
        if len(methods) > 1
        else ""
    )
    shown = _table.assign(method=[SHORT.get(str(m), "none could run") for m in _table["leading_method"]])
    return Figure(
        key="evaluation_moved",
        title=title,
        sentence=f"{ranged}{changed}Each dot uses the months through the one named, and no later one.",
        chart=lambda look: charts.estimate_over_time(_table, look=look),
        table=shown,
        columns={
            "through": Column("Months through", "month"), "percent": Column("Difference", "percent_change"),
            "lower": Column("From", "percent_change"), "upper": Column("To", "percent_change"),
            "months": Column("Months after the start", "count"), "method": Column("Leading method"),
            "grade": Column("Grade"),
        },
        source=source,
        synthetic=synthetic,
        alt=f"Dots with ranges, one a quarter: {name}, {title[:1].lower()}{title[1:]}.",
        note="Every estimate is made with the figures as they are known now. An estimate that keeps its "
        "place while its range shrinks is what more months should bring; one that drifts with every quarter "
        "has not settled. Looking every quarter is not asking a new question each time: only the newest "
        "answer is graded and counted.",
        identity=identity,
    )  # fmt: skip


def _through(found: Case, everything: Results) -> str:
    """Last month that the newest answer used; from all answers where its own months are not shown."""
    path = found.path if not found.path.empty else everything.paths
    return str(path["period"].max()) if len(path) else everything.through


def told_before(hub: Hub, found: Case) -> pd.DataFrame | str:
    """What was said of a question in each stored run, with the figures known then; or why not."""
    if isinstance(hub, Release):
        return IN_A_RELEASE
    rows = _history(str(hub.path), hub.version)
    place = str(found.rows["place"].iloc[0])
    subject = str(found.rows["subject"].iloc[0])
    mine = rows[(rows["subject"] == subject) & (rows["place"] == place) & (rows["measure"] == found.measure)]
    mine = mine.drop_duplicates("data_version", keep="last")
    if len(mine) < 2:
        return (
            "So far there is one version of the figures. Each later one keeps its answers here, and none is "
            "ever changed."
        )
    ranges = [
        f"{w.percent(p, signed=True)} ({w.percent(lo, signed=True)} to {w.percent(hi, signed=True)})"
        if w.known(p)
        else "no estimate"
        for p, lo, hi in mine[["percent", "lower", "upper"]].to_numpy(float)
    ]
    return pd.DataFrame(
        {
            "Figures known on": [w.date(v) if v else "not known" for v in mine["vintage"]],
            "Months through": [w.month(m) if m else "none" for m in mine["through"]],
            "Estimate (90 % range)": ranges,
            "Methods together": [w.sentence_case(str(a)) for a in mine["agreement"]],
            "Grade": mine["grade"],
        }
    ).reset_index(drop=True)


@st.cache_resource(show_spinner=False, max_entries=8)
def _history(path: str, version: str) -> pd.DataFrame:
    del version  # part of the key alone
    with data.reading(path) as hub:
        return evaluate.history(hub)
