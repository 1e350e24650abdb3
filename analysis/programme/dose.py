"""Dose: how much of what was planned was done."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.programme.activities import ACTIVITIES, BASE, LEAD, STEPS, hide, months, within

DOSE_COLUMNS = (
    "deployment_id", "tactic", "jurisdiction", "name", "activity", "done", "planned", "share",
    "months_reported", "months_due",
)  # fmt: skip


def by_month(rows: pd.DataFrame, activity: str) -> pd.DataFrame:
    """Done and planned a month over the given deployments.

    Args:
        rows: deployment_id, month, activity, value (NaN = not reported), planned.

    Returns:
        month, done, planned, done_so_far, planned_so_far. A month that one of the deployments with a plan
        did not report is NaN, and adds to neither running total.
    """
    mine = months(rows[rows["activity"] == activity])
    if mine.empty:
        return pd.DataFrame(columns=["month", "done", "planned", "done_so_far", "planned_so_far"])
    table = mine.groupby("month")[["value", "planned"]].sum(skipna=False).reset_index()
    known = table["value"].notna() & table["planned"].notna()
    out = table.rename(columns={"value": "done"})
    out["done_so_far"] = table["value"].where(known, 0.0).cumsum()
    out["planned_so_far"] = table["planned"].where(known, 0.0).cumsum()
    return out


def share_of_plan(rows: pd.DataFrame, activity: str, span: tuple[Any, Any] | None = None) -> float:
    """Done over planned, over months that have both; NaN when none has a plan."""
    mine = within(rows[rows["activity"] == activity], span).dropna(subset=["value", "planned"])
    planned = float(mine["planned"].sum())
    return float(mine["value"].sum()) / planned if planned > 0 else math.nan


def against_plan(
    rows: pd.DataFrame,
    deployments: pd.DataFrame,
    span: tuple[Any, Any] | None = None,
    *,
    floor: int = 1,
    activities: str = "lead",
) -> pd.DataFrame:
    """Each deployment's work in a span (``DOSE_COLUMNS``).

    Args:
        rows: the hub's activities. deployments: the hub's deployments.
        floor: counts of people above zero and below it are NaN, and so is their share.
        activities: "lead" (the one activity a tactic's dose is told by) or "all".

    ``months_due`` are months of the span at work; one is reported when any of its activities is.
    """
    kept = within(rows, span)
    out = []
    for d in deployments.to_dict("records"):
        mine = kept[kept["deployment_id"] == d["deployment_id"]]
        if mine.empty:
            continue
        due = mine["month"].nunique()
        told = mine.loc[mine["value"].notna(), "month"].nunique()
        wanted = [LEAD[str(d["tactic"])]] if activities == "lead" else list(dict.fromkeys(mine["activity"]))
        for activity in wanted:
            part = mine[mine["activity"] == activity].dropna(subset="value")
            if activities == "all" and part.empty and activity not in ACTIVITIES:
                continue
            done = hide(float(part["value"].sum()), activity, floor) if len(part) else math.nan
            planned = float(part["planned"].sum()) if part["planned"].notna().any() else math.nan
            share = share_of_plan(mine, activity) if math.isfinite(done) else math.nan
            about = {name: d[name] for name in ("deployment_id", "tactic", "jurisdiction", "name")}
            out.append(about | {"activity": activity, "done": done, "planned": planned, "share": share,
                                "months_reported": told, "months_due": due})  # fmt: skip
    return pd.DataFrame(out, columns=list(DOSE_COLUMNS))


def funnel(
    rows: pd.DataFrame, tactic: str, span: tuple[Any, Any] | None = None, *, floor: int = 1
) -> pd.DataFrame:
    """From the first contact to what it leads to, over the given deployments.

    Returns:
        activity, step (label), people (NaN: not reported, or fewer than ``floor``), share (of the step it
        follows from, named in ``of``; NaN when either is hidden). A hidden step cannot be worked out from
        the table: no total and no difference is given.
    """
    kept = within(rows, span)
    sums = kept.groupby("activity")["value"].sum(min_count=1)
    steps = STEPS[tactic]
    people = {a: hide(float(sums.get(a, math.nan)), a, floor) for a in steps}
    whole = {a: people.get(BASE.get(a, ""), math.nan) for a in steps}
    return pd.DataFrame(
        {
            "activity": list(steps),
            "step": [ACTIVITIES[a].label for a in steps],
            "people": list(people.values()),
            "of": [ACTIVITIES[BASE[a]].label if a in BASE else "" for a in steps],
            "share": [people[a] / whole[a] if whole[a] > 0 else math.nan for a in steps],
        }
    )
