"""The hub's part of a brief: limits of the data, milestones, its own work, the next meeting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from analysis.data import Hub
from analysis.data.release import Release
from dashboard import words as w
from dashboard.brief.blocks import Block, Items, Rows, Text
from dashboard.views.progress import words as said
from dashboard.views.progress.figures import left_out
from dashboard.views.progress.page import Standing

#: Kinds of milestones that are the hub's own duties, as the scorecard calls them.
WORK: Final = {
    "training": "Trainings",
    "technical_help": "Technical help",
    "agreement": "Alignment (agreements on data and between partners)",
}
#: Name under which a release keeps what its Data page says.
QUALITY: Final = "data_quality/quality"


def caveats(region: Standing, places: Mapping[str, Standing]) -> tuple[str, ...]:
    """What is missing from the figures, and what they cannot say."""
    lines = [
        "Whether the goal is met is arithmetic on all events. Whether a tactic did it is another question, "
        "and only a comparison can answer it.",
    ]
    if text := said.coverage(region):
        lines.append(text)
    for one in (region, *places.values()):
        if gaps := left_out(one):
            lines.append(f"{one.name}, months left out: {gaps}")
        elif one.found is None:
            lines.append(f"{one.name}: {one.why}")
    notes = [n for one in places.values() if one.series is not None for n in one.series.notes]
    lines += list(dict.fromkeys(n for n in notes if "left out" in n.lower() or "not complete" in n.lower()))
    lines.append("The newest months still grow as late reports come in.")
    return tuple(dict.fromkeys(lines))


def milestones(hub: Hub, first: pd.Period, last: pd.Period) -> list[Block]:
    """What was reached this quarter, what is late, and what comes in the next two."""
    table = hub.milestones()
    if table.empty:
        return [Text("text", "The hub lists no milestones yet.")]
    month = pd.PeriodIndex(table["date"].astype(str).str[:7], freq="M")
    now = (month >= first) & (month <= last)
    ahead = (month > last) & (month <= last + 6)
    rows = []
    state = table["status"].to_numpy()
    flags = {
        "Reached": now & (state == "done"),
        "Late": state == "late",
        "Coming": ahead & (state == "planned"),
    }
    for word, flag in flags.items():
        rows += [(word, w.date(r["date"]), str(r["title"])) for r in table.loc[flag].to_dict("records")]
    if not rows:
        return [Text("text", "No milestone fell into this quarter, none is late, and none is due soon.")]
    return [Rows(("State", "Date", "Milestone"), tuple(rows), (0.6, 1.0, 3.4), "Milestones")]


def scorecard(hub: Hub, first: pd.Period, last: pd.Period) -> list[Block]:
    """Agencies on time, trainings, alignment and the log: said plainly where the hub does not record it."""
    lines = []
    found = _agencies(hub)
    if found is None:
        lines.append("Agencies on time: not part of this release; see the page Data and methods.")
    else:
        ours = found[found["jurisdiction"].notna()]
        ok = [pd.notna(m) and pd.Period(str(m), "M") >= last for m in ours["complete_through"]]
        # An agency may be in several layouts, one of which ended long ago: any that is complete will do.
        each = ours.assign(ok=ok).groupby("agency_id", sort=False).agg({"name": "first", "ok": "any"})
        late = each.loc[~each["ok"], "name"].astype(str).tolist()
        lines.append(
            f"Agencies with complete figures through {w.month(last)}: {each['ok'].sum()} of {len(each)}."
            + (f" Still to come: {w.join(late)}." if late else "")
        )
    table = hub.milestones()
    until = table["date"].astype(str).str[:7] <= str(last)
    for kind, label in WORK.items():
        mine = table[until & (table["kind"] == kind) & (table["status"] != "dropped")]
        if mine.empty:
            lines.append(f"{label}: none is recorded among the hub’s milestones so far.")
        else:
            done = int((mine["status"] == "done").sum())
            late = mine.loc[mine["status"] == "late", "title"].astype(str).tolist()
            lines.append(
                f"{label}: {done} of {len(mine)} that were due by now done."
                + (f" Late: {w.join(late)}." if late else "")
            )
    log = hub.audit()
    if len(log.entries) or not log.intact:
        lines.append(f"{log.sentence} Last mark: {log.head[:16]}.")
    return [Items(tuple(lines))]


def _agencies(hub: Hub) -> pd.DataFrame | None:
    """The region's agencies as the check found them; of a release, as its Data page says."""
    if not isinstance(hub, Release):
        return hub.check().agencies
    if not hub.holds(QUALITY):
        return None
    agencies: pd.DataFrame = hub.answer(QUALITY).agencies
    return agencies


def next_meeting(hub: Hub, last: pd.Period) -> str:
    """When and where the council meets next, open to everybody."""
    table = hub.meetings()
    after = table[table["date"].astype(str) > str(last.end_time.date())].sort_values("date")
    if after.empty:
        return (
            "The date of the next meeting of the Advisory Council is not set yet. Its meetings are open to "
            "the public."
        )
    row = after.iloc[0]
    where = f", {row['place']}" if isinstance(row["place"], str) and row["place"] else ""
    return f"{w.date(row['date'])}{where}: {row['title']}. The meeting is open to the public."
