"""What changed since the quarter before, and what the council is asked to decide: by fixed rules."""

from __future__ import annotations

from typing import Final

import pandas as pd

from dashboard import words as w
from dashboard.brief.quarter import Quarter, pairs
from dashboard.theme import STATUSES

#: Percentage points by which a place's change must move between quarters to be called a change.
MOVED: Final = 2.0
#: Share of the plan below which the council is asked to decide.
FAR_BELOW: Final = 0.6


def what_changed(q: Quarter) -> tuple[str, ...]:
    """Changes of state, of evidence and of the programme between two quarters, as sentences."""
    lines = []
    for now, before in pairs(q):
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
