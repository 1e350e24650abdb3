"""The tables of a brief: places, tactics by place, work done, and what the evaluations let us say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import evaluate, programme
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, TACTICS
from analysis.evidence import Grade, Interval
from dashboard import headlines
from dashboard import words as w
from dashboard.brief.blocks import Block, Items, Rows, Text
from dashboard.brief.quarter import Quarter, pairs
from dashboard.theme import STATUSES
from dashboard.views.progress import figures


def place_rows(q: Quarter) -> Rows:
    """The region and each jurisdiction: change, path, state, and a quarter ago."""
    rows = []
    for now, before in pairs(q):
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
    key = ["subject", "place", "measure", "method"]
    waits = q.results.effects.dropna(subset="wait").set_index(key)["wait"].to_dict()
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
        wait = waits.get(tuple(r[k] for k in (*key[:3], "leading_method")), "")
        if wait and r["grade"] == Grade.CANNOT_TELL:
            told = f"{told} {wait.replace(' %', w.PERCENT)}"
        table.append((name, f"{w.fewer(change.estimate)} ({w.between(change)})", str(r["grade"]), told))
        if r["grade"] in ("strong", "moderate"):
            lead.append(
                f"{name}: {w.fewer(change.estimate)} than the comparison lets expect. {r['why_grade']}"
            )
    unknown = [r for r in mine.to_dict("records") if not w.known(r["percent"])]
    absent = [str(r["place_name"]) for r in unknown if not r["leading_method"]]
    withheld = [f"{r['place_name']} ({r['grade']})" for r in unknown if r["leading_method"]]
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
    if withheld:
        blocks.append(
            Text("small", f"Evaluated; the numbers are not shown to this audience: {w.join(withheld)}.")
        )
    declared = evaluate.declarations(q.hub)
    guess = f" {evaluate.ILLUSTRATIVE}" if declared["illustrative"].fillna(False).astype(bool).any() else ""
    blocks.append(Text("small", f"{evaluate.multiplicity_words(mine)} {evaluate.LEVEL_WORDS}{guess}"))
    return blocks
