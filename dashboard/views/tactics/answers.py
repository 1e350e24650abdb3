"""What the tactics did, where, and what happened there since: pure tables and cells.

"What happened there since it started" is a count against the years before. It is not the tactic's
effect: that needs a comparison, and stands on the evaluations page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from analysis import programme
from analysis.data.release import Release
from analysis.data.schema import DEPLOYMENT_COLUMNS
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, TACTICS
from analysis.evidence import RefusedError
from analysis.progress.grid import Since as Counted
from analysis.progress.grid import since_start as grid_since
from analysis.progress.multiplicity import declare
from analysis.progress.places import against_rest
from analysis.progress.verdict import MIN_EXPECTED
from dashboard import data
from dashboard import words as w
from dashboard.audience import Rights
from dashboard.grid import Cell

#: What a deployment is asked to do first of all, by tactic: the activity that its dose is told by.
CONTACTS: Final[Mapping[str, tuple[str, str]]] = {
    "focused_deterrence": ("people_notified", "notifications"),
    "cbt": ("enrolled", "enrolments"),
    "street_outreach": ("contacts", "contacts"),
}
PLAIN: Final[Mapping[str, str]] = {
    "focused_deterrence": (
        "Police, prosecutors and community members speak directly with the few people at highest risk of "
        "shooting or being shot. They hear two messages together: violence will be answered, and help is "
        "ready "
        "for everyone who wants out of it. What makes it real: both messages reach the same person, and "
        "offers are "
        "followed by services."
    ),
    "cbt": (
        "In guided sessions, people practise to slow down in tense moments and choose a way that hurts "
        "nobody. Help "
        "with housing, school, work or addiction goes with it. What makes it real: people who start also "
        "finish."
    ),
    "street_outreach": (
        "Trusted people from the neighborhood calm conflicts before someone is hurt, stand by victims and "
        "their "
        "families, and open the way to services. What makes it real: being present, and contacts that "
        "lead on."
    ),
}
#: Months of work before a change is worth a word.
MIN_MONTHS: Final = 6
TEMPLATE: Final = ",".join(DEPLOYMENT_COLUMNS)


@dataclass(frozen=True)
class Since:
    """What happened where a deployment works since it began, against the three years before.

    ``found`` is None when it cannot be said, with ``why`` in words.
    """

    deployment: Mapping[str, object]
    found: Counted | None
    why: str = ""

    @property
    def months(self) -> int:
        """Months compared."""
        return self.found.months if self.found is not None else 0


def since_start(counts: pd.Series, deployment: Mapping[str, object], measure: str) -> Since:
    """Compare the months since a deployment began with the same months of the three years before.

    Args:
        counts: events a month where it works.
        deployment: a row of the hub's table.
        measure: what is counted.

    The arithmetic is :func:`analysis.progress.grid.since_start`; here is what the page says of it.
    """
    del measure  # the counts are of one measure already
    known = counts.dropna()
    if known.empty or known.index.max() < w.to_month(deployment["start"]):
        return Since(deployment, None, "no month since the start is complete yet")
    end = deployment.get("end")
    try:
        found = grid_since(
            counts, deployment["start"], known.index.max(), end=end if isinstance(end, str) and end else None
        )
    except RefusedError as refused:
        return Since(deployment, None, str(refused).rstrip("."))
    if not found.months:
        return Since(deployment, None, "no month since the start can be compared yet")
    return Since(deployment, found)


def stands(all_since: list[Since]) -> list[bool]:
    """Which changes stand when all of them are looked at together (Benjamini and Hochberg, 1 in 10)."""
    p = [s.found.p_value if s.found is not None else math.nan for s in all_since]
    return [bool(clear) for clear in declare(p, [False] * len(p))["clear"]]


def _link(row: Mapping[str, object]) -> tuple[str, str] | None:
    """To the evaluation of a deployment that has begun."""
    key = str(row.get("deployment_id", ""))
    return (f"evaluations?{urlencode({'subject': key})}", "Its evaluation") if key else None


def cell(since: Since, floor: int, *, stands: bool = True) -> Cell:
    """The square of a deployment in the grid, with small counts hidden.

    ``stands``: whether a clear change is still one when all squares are looked at together.
    """
    row = since.deployment
    start = w.to_month(row["start"])
    where = f"{row['place']}. " if row.get("place") else ""
    if row["status"] == "planned":
        return Cell("not_started", "Planned", f"{where}To start in {w.month(start)}.")
    state = {"paused": "Paused", "ended": "Ended"}.get(str(row["status"]), "")
    when = f"Since {w.month(start)}"
    if state and isinstance(row.get("end"), str) and row["end"]:
        when = f"{state}: {w.months(start, w.to_month(row['end']))}"
    if since.found is None:
        return Cell("no_data", "", f"{where}{when}: {since.why}.")
    found, link = since.found, _link(row)
    small = found.events < floor or found.before < floor
    counts = (
        f"{w.count(found.events, floor=floor)} events"
        if small
        else f"{w.count(found.events)} events; the three years before give {w.number(found.before)}"
    )
    detail = f"{where}{when}, {w.plural(since.months, 'month')}: {counts}."
    if found.before < MIN_EXPECTED or not found.percent.known or small:
        return Cell("too_few", "", detail, link)
    change = found.percent
    main = f"{w.fewer(change.estimate)}, {w.likely(change)}"
    if since.months < MIN_MONTHS:
        return Cell("too_early", "", detail, link)
    status = "fewer" if change.upper < 0 else "more" if change.lower > 0 else "cannot_tell"
    return Cell(status if stands else "cannot_tell", main, detail, link)


def grid(all_since: list[Since], floor: int) -> dict[str, list[Cell]]:
    """Rows of the tactic × jurisdiction grid; a second deployment in one place gets a row of its own."""
    rows: dict[str, list[Cell]] = {}
    kept = dict(zip(map(id, all_since), stands(all_since), strict=True))
    for tactic, name in TACTICS.items():
        here = {
            j: [
                s for s in all_since if s.deployment["tactic"] == tactic and s.deployment["jurisdiction"] == j
            ]
            for j in JURISDICTIONS
        }
        for i in range(max(1, max(len(v) for v in here.values()))):
            rows[name if i == 0 else f"{name} ({i + 1})"] = [
                cell(v[i], floor, stands=kept[id(v[i])])
                if i < len(v)
                else Cell("not_started", "", "" if i == 0 else "No further one.")
                for v in here.values()
            ]
    return rows


def deployments() -> pd.DataFrame:
    """Deployments of the hub, with ``place``: the name of the area, empty for a whole jurisdiction."""
    return _deployments(data.facts().version, str(data.hub_path()))


@st.cache_resource(show_spinner=False, max_entries=16)
def _deployments(version: str, path: str) -> pd.DataFrame:
    del version, path
    opened = data.hub()
    rows = opened.deployments()
    areas = opened.areas().set_index("area_id")["name"]
    return rows.assign(
        place=[str(areas.get(a, a)) if isinstance(a, str) and a else "" for a in rows["area_id"]]
    )


def activities() -> pd.DataFrame:
    """Activities of the hub with tactic, jurisdiction and name of the deployment."""
    return _activities(data.facts().version, str(data.hub_path()))


@st.cache_resource(show_spinner=False, max_entries=16)
def _activities(version: str, path: str) -> pd.DataFrame:
    del version, path
    rows = data.hub().activities()
    about = deployments()[["deployment_id", "tactic", "jurisdiction", "name"]]
    return rows.merge(about, on="deployment_id").assign(
        month=lambda t: pd.PeriodIndex([w.to_month(m) for m in t["month"]], freq="M")
    )


def everything_since(measure: str) -> list[Since]:
    """Every deployment with what happened where it works since it began."""
    return _everything(data.facts().version, str(data.hub_path()), measure)


@st.cache_resource(show_spinner="Counting where the tactics work …", max_entries=32)
def _everything(version: str, path: str, measure: str) -> list[Since]:
    del version, path
    rows = deployments()
    areas = area_counts(measure) if rows["place"].ne("").any() else {}
    found = []
    for record in rows.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        if row["place"]:
            counts = areas.get(str(row["area_id"]))
            why = (
                "a release shows no months of an area"
                if isinstance(data.hub(), Release)
                else "its incidents have no place on the map"
            )
        else:
            one = data.series(str(row["jurisdiction"]), measure)
            counts, why = (None, one.rstrip(".")) if isinstance(one, str) else (one.counts, "")
        if counts is None:
            found.append(Since(row, None, why[:1].lower() + why[1:]))
        else:
            found.append(since_start(counts, row, measure))
    return found


def area_counts(measure: str) -> dict[str, pd.Series]:
    """Area → incidents a month of the offenses of a measure, where each of them is reported."""
    parts = {
        "violent_street_crime": ("homicide", "robbery", "aggravated_assault"),
        "gun_violence": ("homicide", "robbery_firearm", "aggravated_assault_firearm"),
    }.get(measure, (measure,))
    rows = data.hub().monthly_counts(by="area", offenses=parts, suspects="drop")
    if rows.empty or set(parts) - set(rows["offense"]):
        return {}
    table = rows.pivot_table(
        index="month", columns=["area_id", "offense"], values="count", aggfunc="sum", dropna=False
    )
    found = {}
    for area in table.columns.get_level_values(0).unique():
        total = table[area].reindex(columns=list(parts)).sum(axis=1, skipna=False).astype(float)
        index = pd.PeriodIndex(total.index, freq="M")
        found[str(area)] = pd.Series(total.to_numpy(), index=index).reindex(
            pd.period_range(index.min(), index.max(), freq="M")
        )
    return found


def beside_the_rest(measure: str, floor: int) -> list[tuple[str, str]]:
    """Each area with a tactic against the rest of its jurisdiction: name and finding in words."""
    return _beside_the_rest(data.facts().version, str(data.hub_path()), measure, floor)


@st.cache_resource(show_spinner=False, max_entries=32)
def _beside_the_rest(version: str, path: str, measure: str, floor: int) -> list[tuple[str, str]]:
    del version, path
    rows = deployments()
    rows = rows[rows["place"].ne("") & rows["status"].ne("planned")]
    counts = area_counts(measure) if len(rows) else {}
    areas = data.hub().areas()
    found = []
    for row in rows.to_dict("records"):
        name = f"{row['place']} ({TACTICS[str(row['tactic'])].lower()})"
        mine = counts.get(str(row["area_id"]))
        parts = areas[(areas["jurisdiction"] == row["jurisdiction"]) & (areas["kind"] == "neighborhood")]
        around = [counts[a] for a in parts["area_id"] if a in counts]
        if mine is None or not around:
            continue
        # Neighborhoods fill a jurisdiction without overlap: together they hold its located incidents.
        whole = pd.concat(around, axis=1).sum(axis=1, skipna=False)
        try:
            one = against_rest(mine, whole, row["start"], mine.dropna().index.max())
        except RefusedError as why:
            found.append((name, str(why)))
            continue
        if one.area.events < floor or one.area.before < floor:
            found.append((name, f"Fewer than {floor} events: too few to compare."))
        else:
            found.append((name, one.sentence))
    return found


# ---------------------------------------------------------------- dose


def latest_quarter(rows: pd.DataFrame) -> tuple[pd.Period, pd.Period] | None:
    """First and last month of the newest whole quarter with a reported activity."""
    told = rows.dropna(subset="value")
    if told.empty:
        return None
    last: pd.Period = told["month"].max()
    start = last - (last.month - 1) % 3
    if last < start + 2:
        start -= 3
    return start, start + 2


def dose(rows: pd.DataFrame, activity: str, floor: int) -> pd.DataFrame:
    """Done and planned a month, over all deployments of a tactic: month, value, planned.

    A month in which any deployment with a plan did not report is NaN, and so is a value below the
    floor: the sum over deployments hides who did what.
    """
    mine = rows[rows["activity"] == activity]
    if mine.empty:
        return pd.DataFrame(columns=["month", "value", "planned"])
    table = mine.groupby("month")[["value", "planned"]].sum(skipna=False).reset_index()
    shown = hide(table["value"], floor)
    hidden = table["value"].notna() & shown.isna()
    if hidden.sum() == 1 and (shown > 0).any():
        # One hidden month alone could be worked out from a total elsewhere: its smallest neighbor goes too.
        shown = shown.mask(shown.index == shown[shown > 0].idxmin())
    return table.assign(value=shown)


def hide(values: pd.Series, floor: int) -> pd.Series:
    """Counts of people above zero and below the floor become NaN."""
    return values.where(~((values > 0) & (values < floor)))


def _within(rows: pd.DataFrame, span: tuple[pd.Period, pd.Period]) -> pd.Series:
    """Which rows lie in a span of months, both ends included."""
    return (rows["month"] >= span[0]) & (rows["month"] <= span[1])


def share_done(rows: pd.DataFrame, activity: str, span: tuple[pd.Period, pd.Period]) -> float:
    """Done over planned in a span, over months that have both; NaN when none has."""
    mine = rows[(rows["activity"] == activity) & _within(rows, span)].dropna(subset=["value", "planned"])
    planned = float(mine["planned"].sum())
    return float(mine["value"].sum()) / planned if planned > 0 else math.nan


def funnel(rows: pd.DataFrame, tactic: str, span: tuple[pd.Period, pd.Period], floor: int) -> pd.DataFrame:
    """Step, people, and the share of the step it follows from; NaN where not reported or below the floor."""
    return programme.funnel(rows, tactic, span, floor=floor)


def table_of(rows: pd.DataFrame, span: tuple[pd.Period, pd.Period], rights: Rights) -> pd.DataFrame:
    """Every activity of a tactic by place in a span: activity, place, done, planned (words where hidden)."""
    kept = rows[_within(rows, span)]
    sums = kept.groupby(["activity", "name"], sort=False)[["value", "planned"]].sum(min_count=1).reset_index()
    return pd.DataFrame(
        {
            "activity": [w.sentence_case(str(a).replace("_", " ")) for a in sums["activity"]],
            "where": sums["name"],
            "done": [_said(v, rights.floor) for v in sums["value"]],
            "planned": [w.count(v) if w.known(v) else "no plan" for v in sums["planned"]],
        }
    )


def _said(value: float, floor: int) -> str:
    if not w.known(value):
        return "not reported"
    return w.count(value) if value == 0 else w.count(value, floor=floor if floor > 1 else None)


def measure_name(measure: str) -> str:
    """As used within a sentence."""
    return MEASURES[measure].lower()
