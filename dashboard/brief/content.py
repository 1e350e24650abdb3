"""What stands in a council brief: the application's own numbers and words, quarter by quarter.

Everything is asked of the same functions as the pages, so that page and paper cannot differ. Nothing is
fitted here except what is not stored yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import evaluate, programme
from analysis.data import Hub, HubError, MeasureSeries
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, TACTICS
from analysis.evaluate import Progress, Results
from analysis.evidence import Grade, Interval
from dashboard import data, headlines
from dashboard import words as w
from dashboard.audience import VARIABLE, Audience, rights
from dashboard.brief.blocks import Block, Brief, Items, Numbers, Picture, Rows, Text
from dashboard.brief.hub_words import caveats, milestones, next_meeting, scorecard
from dashboard.theme import STATUSES
from dashboard.views import progress as view
from dashboard.views import progress_figures as figures
from dashboard.views import progress_words as said
from dashboard.views.progress import Standing

#: Percentage points by which a place's change must move between quarters to be called a change.
MOVED = 2.0
#: Share of the plan below which the council is asked to decide.
FAR_BELOW = 0.6


class BriefError(ValueError):
    """A brief cannot be made; the message says why and what would be enough."""


@contextmanager
def showing(path: Path, audience: str | None = None) -> Iterator[None]:
    """Let the application's functions look at this hub or release, for an audience if one is named."""
    wanted = {data.VARIABLE: str(path)} | ({VARIABLE: audience} if audience else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
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


@dataclass(frozen=True)
class Quarter:
    """Everything a quarter's brief is made of."""

    hub: Hub
    quarter: pd.Period
    first: pd.Period
    last: pd.Period
    measure: str
    region: Standing
    region_before: Standing
    places: Mapping[str, Standing]
    places_before: Mapping[str, Standing]
    results: Results
    results_before: Results
    dose: pd.DataFrame
    dose_before: pd.DataFrame
    floor: int

    @property
    def name(self) -> str:
        """Such as "Third quarter 2026"."""
        return headlines.quarter(self.last)


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
    ends = [s.complete_through for p in hub.places() if (s := _series(hub, p)) is not None]
    newest = max((e for e in ends if e is not None), default=last)
    return evaluate.results_for(hub, progress=progress, through=None if last >= newest else str(last))


def _series(hub: Hub, place: str) -> MeasureSeries | None:
    try:
        return hub.series(place, evaluate.PRIMARY)
    except HubError:
        return None


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
    made = f"Data as known on {w.date(vintage)}; version {facts.version}"
    return Brief(
        quarter=str(q.quarter), title=f"Save Lives Now! council brief, {q.name.lower()}",
        description=said.headline(q.region), footer=f"{f'{w.SYNTHETIC}. ' if facts.synthetic else ''}{made}",
        date=vintage, blocks=tuple(blocks), data_version=facts.version, synthetic=facts.synthetic,
        changes=changes, decisions=decisions,
    )  # fmt: skip


def _goal_picture(q: Quarter, source: str) -> Picture:
    facts = data.facts()
    return Picture(
        figures.goal_path(q.region, source=source, synthetic=facts.synthetic, version=facts.version)
    )


# ---------------------------------------------------------------- what changed, what to decide


def _pairs(q: Quarter) -> list[tuple[Standing, Standing]]:
    """The region and each jurisdiction, now and a quarter ago."""
    return [(q.region, q.region_before), *((q.places[j], q.places_before[j]) for j in JURISDICTIONS)]


def what_changed(q: Quarter) -> tuple[str, ...]:
    """Changes of state, of evidence and of the programme between two quarters, as sentences."""
    lines = []
    for now, before in _pairs(q):
        if now.found is None:
            continue
        word, then = STATUSES[now.status].word.lower(), STATUSES[before.status].word.lower()
        far = now.change.known and before.change.known
        moved = abs(now.change.estimate - before.change.estimate) if far else 0.0
        if word != then:
            lines.append(f"{now.name}: from “{then}” to “{word}” ({w.direction(now.change.estimate)}).")
        elif moved >= MOVED:
            lines.append(
                f"{now.name}: {w.direction(now.change.estimate)} since the start, "
                f"{w.direction(before.change.estimate)} a quarter ago; still {word}."
            )
    was = {str(r["case_id"]): r for r in q.results_before.verdicts.to_dict("records")}
    for row in q.results.verdicts.to_dict("records"):
        old = was.get(str(row["case_id"]))
        if row["measure"] != q.measure or old is None or old["grade"] == row["grade"]:
            continue
        lines.append(
            f"{row['place_name']}: the evidence is now graded “{row['grade']}” "
            f"(a quarter ago “{old['grade']}”)."
        )
    done = q.hub.milestones()
    month = done["date"].astype(str).str[:7]
    reached = done[(month >= str(q.first)) & (month <= str(q.last)) & (done["status"] == "done")]
    lines += [f"Milestone reached: {r['title']} ({w.date(r['date'])})." for r in reached.to_dict("records")]
    for d in q.hub.deployments().to_dict("records"):
        if str(q.first) <= str(d["start"]) <= str(q.last):
            lines.append(f"{d['name']} began in {w.month(d['start'])}.")
        if isinstance(d["end"], str) and str(q.first) <= d["end"] <= str(q.last):
            lines.append(f"{d['name']} was {d['status']} after {w.month(d['end'])}.")
    return tuple(lines)


def decisions_needed(q: Quarter) -> tuple[str, ...]:
    """What asks for a decision, by fixed rules: paused work, work far below plan, places moving away."""
    lines = [
        f"{d['name']} has been paused since {w.month(pd.Period(d['end'], 'M') + 1)}: "
        "resume it, change it or end it?"
        for d in q.hub.deployments().to_dict("records")
        if d["status"] == "paused" and isinstance(d["end"], str) and d["end"] <= str(q.last)
    ]
    for r in q.dose.to_dict("records"):
        if w.known(r["share"]) and r["share"] < FAR_BELOW:
            lines.append(
                f"{r['name']} did {w.percent(100 * r['share'])} of what was planned this quarter: "
                "more means, or a smaller plan?"
            )
    for one in q.places.values():
        if one.status == "moving_away":
            lines.append(f"{one.name} is moving away from the goal: what is to change there?")
    return tuple(lines)


# ---------------------------------------------------------------- tables


def place_rows(q: Quarter) -> Rows:
    """The region and each jurisdiction: change, path, state, and a quarter ago."""
    rows = []
    for now, before in _pairs(q):
        if now.found is None:
            rows.append((now.name, now.why.rstrip("."), "", STATUSES[now.status].word, ""))
            continue
        rows.append(
            (
                now.name,
                figures.place_words(now).rsplit(", ", 1)[0] if now.status != "too_few" else "too few to tell",
                f"{w.number(now.found.events)} (pace of the baseline: {w.number(now.found.expected)})",
                STATUSES[now.status].word,
                w.direction(before.change.estimate) if before.change.known else "not known",
            )
        )
    return Rows(
        ("Place", "Change since the start", "Events", "State", "A quarter ago"), tuple(rows),
        (1.3, 2.2, 1.9, 1.2, 0.9), f"{MEASURES[q.measure]} by place",
    )  # fmt: skip


def grid_rows(q: Quarter) -> list[Block]:
    """Tactics by jurisdiction: is it at work, how much was done, what can be said."""
    deployed = q.hub.deployments()
    if deployed.empty:
        return [Text("text", "This hub does not say yet where the tactics work.")]
    share = dict(zip(q.dose["deployment_id"], q.dose["share"], strict=True))
    graded = {
        str(r["subject"]): r for r in q.results.verdicts.to_dict("records") if r["measure"] == q.measure
    }
    rows = []
    for tactic, name in TACTICS.items():
        cells = []
        for place in JURISDICTIONS:
            mine = deployed[(deployed["tactic"] == tactic) & (deployed["jurisdiction"] == place)]
            said_here = [
                _cell(d, share.get(d["deployment_id"]), graded.get(str(d["deployment_id"])), q.last)
                for d in mine.to_dict("records")
            ]
            cells.append(" ".join(said_here) or "Not at work.")
        rows.append((name, *cells))
    return [
        Rows(("Tactic", *JURISDICTIONS.values()), tuple(rows), (1.1, 1.6, 1.6, 1.6),
             "Each tactic in each place: state, work against plan this quarter, evidence"),
    ]  # fmt: skip


def _cell(d: Mapping[Any, Any], share: float | None, row: Mapping[Any, Any] | None, last: pd.Period) -> str:
    start = w.to_month(d["start"])
    where = f"{str(d['name']).split(', ', 1)[-1]}: " if isinstance(d["area_id"], str) and d["area_id"] else ""
    if d["status"] == "planned" or start > last:
        return f"{where}planned for {w.month(start)}." if where else f"Planned for {w.month(start)}."
    state = {"paused": "paused", "ended": "ended"}.get(str(d["status"]), "at work")
    if state != "at work" and isinstance(d["end"], str):
        state = f"{state} after {w.month(d['end'])}"
    else:
        state = f"{state} since {w.month(start)}"
    done = f", {w.percent(100 * share)} of plan" if w.known(share) and share is not None else ""
    told = f"; effect: {_effect_words(row)}" if row is not None else ""
    text = f"{where}{state}{done}{told}."
    return text if where else w.sentence_case(text)


def _effect_words(row: Mapping[Any, Any]) -> str:
    """An evaluation in the few words that a square of the grid has room for."""
    if row["agreement"] in ("fewer", "more"):
        return f"{w.fewer(float(str(row['percent'])))} ({row['grade']} evidence)"
    if row["agreement"] == "methods disagree":
        return "the methods disagree"
    return "we cannot tell yet"


def dose_rows(q: Quarter) -> list[Block]:
    """What each deployment did against its plan, and how closely it keeps to its model."""
    if q.dose.empty:
        return [Text("text", "No work of this quarter is reported yet.")]
    rows = q.hub.activities()
    was = dict(zip(q.dose_before["deployment_id"], q.dose_before["share"], strict=True))
    table = []
    for r in q.dose.to_dict("records"):
        mine = rows[rows["deployment_id"] == r["deployment_id"]]
        model = programme.fidelity(mine, str(r["tactic"]), (str(q.last - 11), str(q.last)), floor=q.floor)
        label = programme.ACTIVITIES[str(r["activity"])].label.lower()
        done = w.number(r["done"]) if w.known(r["done"]) else f"fewer than {q.floor}, or not reported"
        gap = r["months_due"] - r["months_reported"]
        silent = f" ({w.plural(gap, 'month')} not reported)" if gap else ""
        before = float(was.get(r["deployment_id"], float("nan")))
        table.append(
            (
                str(r["name"]), f"{done} of {w.number(r['planned'])} {label}{silent}",
                w.percent(100 * r["share"]), w.percent(100 * before) if w.known(before) else "–",
                f"{w.number(model.score)}: {model.word}" if w.known(model.score) else model.word,
            )
        )  # fmt: skip
    return [
        Rows(("Where", "Done against plan", "Of plan", "Quarter before", "Fidelity (of 100)"), tuple(table),
             (2.3, 2.4, 0.7, 0.9, 1.4), f"Work of {q.name.lower()}"),
        Text("small", programme.RULE),
    ]  # fmt: skip


def evidence_rows(q: Quarter) -> list[Block]:
    """Each evaluation on the goal's own measure: estimate, range, what the methods say, grade and why."""
    mine = q.results.verdicts[q.results.verdicts["measure"] == q.measure]
    if mine.empty:
        return [Text("text", "Nothing is evaluated yet.")]
    table, lead = [], []
    for r in mine.to_dict("records"):
        all_ = r["subject"] == evaluate.PROGRAMME
        name = f"All that changed, {r['place_name']}" if all_ else str(r["place_name"])
        change = Interval(float(r["percent"]), float(r["lower"]), float(r["upper"]), evaluate.LEVEL)
        if not change.known:
            continue
        controlled = r["leading_method"] != "its"
        told = headlines.verdict(
            change, Grade(str(r["grade"])), controlled, float(r["minimum_detectable_percent"])
        )
        table.append((name, f"{w.fewer(change.estimate)} ({w.between(change)})", str(r["grade"]), told))
        if r["grade"] in ("strong", "moderate"):
            lead.append(
                f"{name}: {w.fewer(change.estimate)} than the comparison lets expect. {r['why_grade']}"
            )
    absent = [str(r["place_name"]) for r in mine.to_dict("records") if not w.known(r["percent"])]
    nothing = (
        "No evaluation yet tells fewer from more once all questions are counted. That is not “no effect”: "
        "the table says how small a fall each could have shown."
    )
    blocks: list[Block] = [Items(tuple(lead)) if lead else Text("text", nothing)]
    blocks.append(
        Rows(("What, where", "Best estimate (90 % range)", "Grade", "What it lets us say"), tuple(table),
             (1.7, 1.8, 0.7, 2.3), f"Evaluations of {MEASURES[q.measure].lower()}")
    )  # fmt: skip
    if absent:
        blocks.append(Text("small", f"Too little data to evaluate yet: {w.join(absent)}."))
    declared = evaluate.declarations(q.hub)
    guess = f" {evaluate.ILLUSTRATIVE}" if declared["illustrative"].fillna(False).astype(bool).any() else ""
    blocks.append(Text("small", f"{evaluate.multiplicity_words(mine)} {evaluate.LEVEL_WORDS}{guess}"))
    return blocks
