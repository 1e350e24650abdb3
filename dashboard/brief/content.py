"""What stands in a council brief: the application's own numbers and words, quarter by quarter.

Everything is asked of the same functions as the pages, so that page and paper cannot differ. Nothing is
fitted here except what is not stored yet.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from streamlit.logger import get_logger

from analysis import evaluate, programme
from analysis.data import Hub
from analysis.data.release import Release
from analysis.data.vocabulary import JURISDICTIONS
from analysis.evaluate import Progress, Results
from dashboard import data, headlines
from dashboard import words as w
from dashboard.audience import VARIABLE, Audience, rights
from dashboard.brief.blocks import Block, Brief, BriefError, Items, Numbers, Picture, Text
from dashboard.brief.changes import decisions_needed, what_changed
from dashboard.brief.hub_words import caveats, milestones, next_meeting, scorecard
from dashboard.brief.quarter import Quarter
from dashboard.brief.tables import dose_rows, evidence_rows, grid_rows, place_rows
from dashboard.views.progress import figures
from dashboard.views.progress import page as view
from dashboard.views.progress import words as said


@contextmanager
def showing(path: Path, audience: str | None = None) -> Iterator[None]:
    """Let the application's functions look at this hub or release, for an audience if one is named."""
    wanted = {data.VARIABLE: str(path)} | ({VARIABLE: audience} if audience else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    # Away from a page there is no session, which Streamlit warns of when an answer is kept.
    for name in ("scriptrunner_utils.script_run_context", "caching.cache_data_api"):
        get_logger(f"streamlit.runtime.{name}").setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def quarter_of(text: str) -> pd.Period:
    """A quarter from "2026Q3".

    Raises:
        BriefError: the text is no quarter.
    """
    try:
        q = pd.Period(text.strip().upper(), freq="Q")
    except ValueError as error:
        raise BriefError(f"“{text}” is no quarter. Write it as 2026Q3.") from error
    if not text.strip().upper()[-2:].startswith("Q"):
        raise BriefError(f"“{text}” is no quarter. Write it as 2026Q3.")
    return q


def look(quarter: str, *, progress: Progress | None = None, floor: int | None = None) -> Quarter:
    """Ask the application everything about a quarter of the hub that is shown.

    Raises:
        BriefError: the quarter has no complete month yet.
    """
    q = quarter_of(quarter)
    first, last = q.asfreq("M", how="start"), q.asfreq("M", how="end")
    hub, facts = data.hub(), data.facts()
    if facts.empty:
        raise BriefError(
            "The hub holds no figures yet. Import agency files first: sln import FILES --hub HUB"
        )
    choice = view.readings()[0][0]
    measure = choice.measure
    region = view.standing("region", measure, choice, last)
    if region.last is None or region.last < first:
        until = f"; the newest month is {w.month(region.last)}" if region.last is not None else ""
        raise BriefError(f"No month of {headlines.quarter(last).lower()} is complete yet{until}.")
    people = rights(Audience.COUNCIL).floor if floor is None else floor
    rows, deployed = hub.activities(), hub.deployments()
    begun = deployed[deployed["status"] != "planned"]
    span, span_before = (str(first), str(last)), (str(first - 3), str(first - 1))
    return Quarter(
        hub, q, first, last, measure, region, view.standing("region", measure, choice, first - 1),
        {j: view.standing(j, measure, choice, last) for j in JURISDICTIONS},
        {j: view.standing(j, measure, choice, first - 1) for j in JURISDICTIONS},
        answers(hub, last, progress), answers(hub, first - 1, progress),
        programme.against_plan(rows, begun, span, floor=people),
        programme.against_plan(rows, begun, span_before, floor=people), people,
    )  # fmt: skip


def answers(hub: Hub, last: pd.Period, progress: Progress | None = None) -> Results:
    """The evaluations with no month after ``last``; the stored ones of the pages when it is the newest."""
    newest = evaluate.newest_month(hub)
    if newest is None or last >= newest:
        return evaluate.results_for(hub, progress=progress)
    return evaluate.results_for(hub, progress=progress, through=str(last), measure=evaluate.PRIMARY)


def build(quarter: str, *, progress: Progress | None = None, floor: int | None = None) -> Brief:
    """The brief of a quarter of the hub that is shown (see :func:`showing`).

    ``floor`` is the smallest count of people that it says; the council's unless another is given.
    """
    q = look(quarter, progress=progress, floor=floor)
    facts = data.facts()
    changes, decisions = what_changed(q), decisions_needed(q)
    source = q.region.source or facts.source_line
    blocks: list[Block] = [Text("title", f"Save Lives Now! council brief: {q.name.lower()}")]
    if facts.synthetic:
        blocks.append(Text("stamp", f"{w.SYNTHETIC}: no figure here is real"))
    blocks.append(Text("lead", said.headline(q.region)))
    blocks.append(
        Text("text", f"{headlines.brief(q.name, len(changes), len(decisions))} {said.windows(q.region)}")
    )
    if q.region.found is not None:
        blocks += [Numbers(tuple(said.numbers(q.region))), _goal_picture(q, source)]
    blocks += [
        Text("heading", "What changed since last quarter"),
        Items(changes)
        if changes
        else Text(
            "text", "No state and no grade changed, and no change since the start moved by 2 points or more."
        ),
        Text("heading", "Decisions for the council"),
        Items(decisions) if decisions else Text("text", "No decision is needed."),
        Text("heading", "Place by place"),
        place_rows(q),
        Text("heading", "Tactic by place"),
        *grid_rows(q),
        Text("heading", "What was done"),
        *dose_rows(q),
        Text("heading", "What we know and what we do not"),
        *evidence_rows(q),
        Text("heading", "Limits of the data"),
        Items(caveats(q.region, q.places)),
        Text("heading", "Milestones"),
        *milestones(q.hub, q.first, q.last),
        Text("heading", "The hub’s own work"),
        *scorecard(q.hub, q.first, q.last),
        Text("heading", "Next meeting"),
        Text("text", next_meeting(q.hub, q.last)),
    ]
    vintage = max(q.hub.vintages(), default=str(q.last.end_time.date()))
    # A release and the hub that it was made from say the same.
    version = str(q.hub.about["data_version"]) if isinstance(q.hub, Release) else facts.version
    made = f"Data as known on {w.date(vintage)}; version {version}"
    return Brief(
        quarter=str(q.quarter), title=f"Save Lives Now! council brief, {q.name.lower()}",
        description=said.headline(q.region), footer=f"{f'{w.SYNTHETIC}. ' if facts.synthetic else ''}{made}",
        date=vintage, blocks=tuple(blocks), data_version=version, synthetic=facts.synthetic,
        changes=changes, decisions=decisions,
    )  # fmt: skip


def _goal_picture(q: Quarter, source: str) -> Picture:
    facts = data.facts()
    return Picture(
        figures.goal_path(q.region, source=source, synthetic=facts.synthetic, version=facts.version)
    )
