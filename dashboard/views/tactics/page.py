"""Parts that the progress and the tactics page share or that belong to one tactic."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis import programme
from analysis.data.vocabulary import JURISDICTIONS, TACTICS
from dashboard import charts, data, headlines
from dashboard import components as c
from dashboard import words as w
from dashboard.audience import rights
from dashboard.figures import Column, Figure
from dashboard.grid import show_grid
from dashboard.views.tactics import answers as view

NOT_AN_EFFECT = (
    "Events where each tactic works since it began, against the same months of the three years before. "
    "This is **not** the tactic’s effect: everything else that changed meanwhile is in it too. Effects, "
    "with a "
    "comparison, are on the page Evaluations."
)


def no_deployments() -> None:
    """What to do when the hub does not know where the tactics work."""
    c.empty_state(
        "This hub does not say yet where and since when the tactics work.",
        "Fill a table deployments.csv and import it: `sln import deployments.csv --hub HUB`. One row is "
        "one tactic in "
        f"one area; the columns are `{view.TEMPLATE}`. Leave area_id empty for a whole jurisdiction; "
        f"start and end are "
        "months (2025-01).",
    )


def since_start(measure: str) -> None:
    """The grid of tactics and places."""
    c.section("Where the tactics work", NOT_AN_EFFECT)
    if view.deployments().empty:
        no_deployments()
        return
    rows = view.grid(view.everything_since(measure), rights().floor)
    show_grid(
        f"{w.sentence_case(view.measure_name(measure))} where each tactic works, since it began",
        "Tactic", list(JURISDICTIONS.values()), rows, c.look(),
    )  # fmt: skip
    beside = view.beside_the_rest(measure, rights().floor)
    if beside:
        st.markdown("**Areas against the rest of their jurisdiction**")
        st.markdown("\n".join(f"- {name}: {sentence}" for name, sentence in beside))
    facts = data.facts()
    st.caption(
        (f"{w.SYNTHETIC}. " if facts.synthetic else "")
        + f"All squares are judged together, so that at most 1 in 10 of the changes called clear is false. "
        f"Source: {facts.source_line}"
    )


def dose_figure(tactic: str, rows: pd.DataFrame) -> Figure:
    """Work done against plan, by month, over all places of a tactic."""
    return _dose_figure(str(data.hub_path()), data.facts().version, tactic, rights().floor, rows)


@st.cache_resource(show_spinner=False, max_entries=32)
def _dose_figure(path: str, version: str, tactic: str, floor: int, _rows: pd.DataFrame) -> Figure:
    del path, version  # parts of the key alone
    facts, rows = data.facts(), _rows
    activity, what = view.CONTACTS[tactic]
    table = view.dose(rows, activity, floor)
    span = view.latest_quarter(rows)
    share = view.share_done(rows, activity, span) if span else float("nan")
    title = f"{TACTICS[tactic]}: {what} are not reported against a plan yet"
    if span and w.known(share):
        title = f"{TACTICS[tactic]}: {w.percent(100 * share)} of the planned {what} in {w.months(*span)}"
    return Figure(
        key=f"dose_{tactic}", title=title,
        sentence=f"Bars are {what} each month in all places together; the dashed steps are the plan.",
        chart=lambda look: charts.dose_vs_plan(table, what=what, look=look),
        table=table,
        columns={
            "month": Column("Month", "month"), "value": Column("Done", "count"),
            "planned": Column("Planned", "count"),
        },
        source=facts.source_line,
        alt=f"One bar a month for {what}, with the plan as dashed steps. {title}.",
        note="A month is left open (“?”) when one of the places did not report it"
        + (f", or when fewer than {floor} people are behind it." if floor > 1 else "."),
        synthetic=facts.synthetic,
        identity=c.digest(facts.version, "dose", tactic, floor),
    )  # fmt: skip


def funnel_figure(tactic: str, rows: pd.DataFrame) -> Figure | None:
    """From the first contact to what it leads to, over the newest twelve months."""
    return _funnel_figure(str(data.hub_path()), data.facts().version, tactic, rights().floor, rows)


@st.cache_resource(show_spinner=False, max_entries=32)
def _funnel_figure(path: str, version: str, tactic: str, floor: int, _rows: pd.DataFrame) -> Figure | None:
    del path, version  # parts of the key alone
    facts, rows = data.facts(), _rows
    quarter = view.latest_quarter(rows)
    if quarter is None:
        return None
    span = (max(quarter[1] - 11, rows["month"].min()), quarter[1])
    table = view.funnel(rows, tactic, span, floor)
    first, last = table["people"].iloc[0], table["people"].iloc[-1]
    steps = [str(s) for s in table["step"]]
    title = f"{steps[0]} to {steps[-1].lower()}: not every step is reported yet"
    if w.known(first) and w.known(last) and first > 0:
        share = w.sentence_case(w.odds(last / first))
        title = f"{share} went on from “{steps[0].lower()}” to “{steps[-1].lower()}”"
    return Figure(
        key=f"funnel_{tactic}", title=title,
        sentence=f"All places together, {w.months(*span)}. Percents are of the step named with them.",
        chart=lambda look: charts.funnel(table, look=look),
        table=table,
        columns={
            "step": Column("Step"), "people": Column("How many", "count"), "share": Column("Share", "share"),
            "of": Column("Of"),
        },
        source=facts.source_line,
        alt=f"Bars from the first step to the last: {', '.join(steps)}. {title}.",
        note="Each step counts what was reported in these months. Someone who enrolled early may finish "
        "later, and one "
        "person may be counted twice, so the shares are a guide and no success rate.",
        synthetic=facts.synthetic,
        identity=c.digest(facts.version, "funnel", tactic, floor),
    )  # fmt: skip


def model_of(tactic: str, rows: pd.DataFrame) -> programme.Fidelity | None:
    """How closely the newest twelve months kept to the tactic’s own model, all places together."""
    return _model_of(str(data.hub_path()), data.facts().version, tactic, rights().floor, rows)


@st.cache_resource(show_spinner=False, max_entries=32)
def _model_of(
    path: str, version: str, tactic: str, floor: int, _rows: pd.DataFrame
) -> programme.Fidelity | None:
    del path, version  # parts of the key alone
    quarter = view.latest_quarter(_rows)
    if quarter is None:
        return None
    return programme.fidelity(_rows, tactic, (str(quarter[1] - 11), str(quarter[1])), floor=floor)


def model_table(found: programme.Fidelity) -> pd.DataFrame:
    """The parts of a model for reading; unknown ones say so."""
    parts = found.parts
    return pd.DataFrame(
        {
            "Part of the model": parts["part"],
            "Reached": [w.percent(100 * s) if w.known(s) else "not known" for s in parts["share"]],
            "Asked for": parts["asked"],
            "Points": [w.number(p) if w.known(p) else "–" for p in parts["points"]],
        }
    )


def where_words(tactic: str) -> str:
    """Where a tactic works and since when, as a list."""
    return _where_words(str(data.hub_path()), data.facts().version, tactic)


@st.cache_resource(show_spinner=False, max_entries=32)
def _where_words(path: str, version: str, tactic: str) -> str:
    del path, version  # parts of the key alone
    mine = view.deployments()
    mine = mine[mine["tactic"] == tactic]
    if view.deployments().empty:
        return ""
    if mine.empty:
        return "It is not at work anywhere yet."
    lines = []
    for row in mine.to_dict("records"):
        place = JURISDICTIONS.get(str(row["jurisdiction"]), str(row["jurisdiction"]))
        where = f"{row['place']}, {place}" if row["place"] else place
        when = f"since {w.month(row['start'])}"
        if row["status"] == "planned":
            when = f"planned for {w.month(row['start'])}"
        elif not pd.isna(row["end"]):
            when = f"{w.months(row['start'], row['end'])} ({row['status']})"
        lines.append(f"- {where}: {when}")
    return "\n".join(lines)


ACTIVITIES = (
    "Import a table activities.csv with the columns `deployment_id,month,activity,value,planned`: "
    "`sln import activities.csv --hub HUB`. An empty value means “not reported”; a zero is a reported zero."
)
METHOD = (
    "Work done is told as the teams report it, over all places of a tactic. The share of the plan uses "
    "only months "
    "that have both a figure and a plan. Small counts of people are hidden for the public and the "
    "council. How well "
    "a tactic follows its own model matters for every effect: read an effect beside the work that was done."
)


def everything_reported(tactic: str, rows: pd.DataFrame) -> tuple[str, pd.DataFrame] | None:
    """The newest whole quarter in words, and every activity of a tactic in it; None without any."""
    return _everything(str(data.hub_path()), data.facts().version, tactic, rights().floor, rows)


@st.cache_resource(show_spinner=False, max_entries=32)
def _everything(
    path: str, version: str, tactic: str, floor: int, _rows: pd.DataFrame
) -> tuple[str, pd.DataFrame] | None:
    del path, version, tactic, floor  # parts of the key alone
    span = view.latest_quarter(_rows)
    if span is None:
        return None
    return headlines.quarter(span[1]).lower(), view.table_of(_rows, span, rights())


def headline(rows: pd.DataFrame) -> str:
    """How much of the planned work was done in the newest quarter, by the tactic with most plans."""
    return _headline(str(data.hub_path()), data.facts().version, rows)


@st.cache_resource(show_spinner=False, max_entries=32)
def _headline(path: str, version: str, _rows: pd.DataFrame) -> str:
    del path, version  # parts of the key alone
    rows = _rows
    if view.deployments().empty:
        return "This hub does not know yet where the tactics work."
    span = view.latest_quarter(rows)
    begun = view.deployments()
    begun = begun[begun["status"] != "planned"]
    if begun.empty:
        return headlines.tactics(None, None, "", 0, 0)
    tactic = (
        "street_outreach" if (begun["tactic"] == "street_outreach").any() else str(begun["tactic"].iloc[0])
    )
    share = view.share_done(rows[rows["tactic"] == tactic], view.CONTACTS[tactic][0], span) if span else None
    quarter = headlines.quarter(span[1]) if span else ""
    worked = w.percent(100 * share) if share is not None and w.known(share) else ""
    _, what = view.CONTACTS[tactic]
    places = begun["jurisdiction"].nunique()
    share_of = "all three" if places == 3 else f"{w.small_number(places)} of three"
    where = f"The tactics are at work in {share_of} places"
    if not worked:
        return f"{where}; their work is not reported against a plan yet."
    return f"{TACTICS[tactic]} reached {worked} of its planned {what} in the {quarter.lower()}. {where}."
