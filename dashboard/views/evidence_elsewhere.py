"""What other places reported about the three tactics, and why none of it is a target here."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.data.elsewhere.published import benchmarks_table, is_stronger
from analysis.data.vocabulary import TACTICS
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure

SOURCE: Final = "Published studies, named in the table; percentages as the sponsor or the study quotes them"

#: Tactics whose studies count events in an area, as this dashboard does. CBT studies count persons.
AREA_TACTICS: Final = ("focused_deterrence", "street_outreach")

COLUMNS: Final = {
    "city": Column("Where"), "percent": Column("Reported change", "percent_change"),
    "outcome": Column("What was counted"), "unit": Column("Among what"), "design": Column("How compared"),
    "follow_up": Column("Followed for"), "range": Column("Range"), "kind": Column("Comparison"),
    "note": Column("To know"), "source": Column("Study"),
}  # fmt: skip

NOT_TARGETS: Final = (
    "- **They counted something else.** One study compares shootings by gangs that were spoken to with gangs "
    "that were not; another counts homicides in a few police districts; a third repeat offending of people "
    "in "
    "a course. This region’s goal counts every violent street crime in three jurisdictions.\n"
    "- **A small target area is not a region.** A fall of a third in a few blocks can leave a city’s total "
    "where it was.\n"
    "- **Stronger studies find smaller effects.** A review of 24 studies of focused deterrence found a "
    "moderate effect, and a smaller one where the comparison was better (Braga, Weisburd and Turchan 2018).\n"
    "- **Success is reported more often than failure.** Programmes that did not help are seldom quoted.\n"
    "- **How it was done decides.** A review of 58 studies of cognitive behavioral therapy found larger "
    "effects "
    "with people at higher risk and where the course was well run (Landenberger and Lipsey 2005). That is "
    "why "
    "the page Tactics shows what was done beside every effect."
)


def table() -> pd.DataFrame:
    """The hub's benchmarks, or the published ones when it has none, ready to be shown."""
    stored = data.hub().benchmarks()
    rows = (stored if len(stored) else benchmarks_table()).reset_index(drop=True)
    for column in ("lower", "upper"):
        if column not in rows:
            rows[column] = float("nan")
    rows["percent"] = rows["estimate_percent"].astype(float)
    rows["rigorous"] = [is_stronger(d) for d in rows["design"]]
    rows["kind"] = ["made to be alike" if r else "near or at hand" for r in rows["rigorous"]]
    rows["range"] = [
        f"{w.percent(lo, signed=True)} to {w.percent(hi, signed=True)}"
        if w.known(lo) and w.known(hi)
        else "not given"
        for lo, hi in zip(rows["lower"], rows["upper"], strict=True)
    ]
    return rows.assign(
        follow_up=rows["follow_up"].fillna("not given").astype(str), note=rows["note"].fillna("").astype(str)
    )


def headline(rows: pd.DataFrame) -> str:
    """The computed first sentence: focused deterrence, which the sponsor quotes by city."""
    mine = rows[rows["tactic"] == "focused_deterrence"]
    return headlines.evidence(
        [-p for p in mine["percent"]], [-p for p in mine.loc[mine["rigorous"], "percent"]]
    )


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    follow = [f", {f[:1].lower()}{f[1:]}" if f != "not given" else "" for f in rows["follow_up"]]
    return pd.DataFrame(
        {
            "name": rows["city"],
            "percent": rows["percent"],
            "lower": rows["lower"],
            "upper": rows["upper"],
            "design": [f"{o}{f}" for o, f in zip(rows["outcome"], follow, strict=True)],
            "rigorous": rows["rigorous"],
        }
    )


def of_tactic(rows: pd.DataFrame, tactic: str, version: str) -> Figure | None:
    """Every benchmark of one tactic as dots with what was counted; None when there is none."""
    mine = rows[rows["tactic"] == tactic].sort_values("percent", kind="stable").reset_index(drop=True)
    if mine.empty:
        return None
    name = TACTICS[tactic]
    low, high = -mine["percent"].max(), -mine["percent"].min()
    span = w.percent(low) if low == high else f"{w.number(low)} to {w.percent(high)}"
    what = {
        "focused_deterrence": f"{name}: reported falls of {span}, each of something else",
        "cbt": f"{name}: {span} less repeat offending, counted in persons",
        "street_outreach": f"{name}: reported falls of {span}",
    }[tactic]
    shown = _shown(mine)
    outcomes = len(set(mine["outcome"]))
    sentence = (
        "Filled dots: the comparison was chosen to be alike beforehand. Hollow dots: a comparison that was "
        "near "
        "or at hand, or none."
        if outcomes == 1 or len(mine) == 1
        else f"{w.sentence_case(w.plural(len(mine), 'study', 'studies', spelled=True))}, "
        f"{w.plural(outcomes, 'thing', spelled=True)} counted. Filled dots: the comparison was chosen to be "
        "alike beforehand; hollow dots: a comparison that was near or at hand, or none."
    )
    return Figure(
        key=f"elsewhere_{tactic}",
        title=what,
        sentence=sentence,
        chart=lambda look: charts.dot_plot(shown, look=look),
        table=mine,
        columns=COLUMNS,
        source=SOURCE,
        alt="Dots of reported changes: "
        + "; ".join(f"{r['name']}, {r['design']}, {w.fewer(r['percent'])}" for r in shown.to_dict("records"))
        + ".",
        note="These are no targets of this region, and no chart of its own shows them. Ranges are shown "
        "where "
        "a publication gives one for this very figure.",
        identity=digest(version, "elsewhere", tactic, len(mine)),
    )


def decay(rows: pd.DataFrame, version: str) -> Figure | None:
    """Places with more than one follow-up: did the fall last? None when there are none."""
    groups = rows.groupby(["tactic", "city"], sort=False)
    parts = [g for _, g in groups if len(set(g["follow_up"])) > 1 and len(set(g["outcome"])) == 1]
    if not parts:
        return None
    mine = pd.concat(parts, ignore_index=True)
    shown = _shown(mine).assign(name=[f"{c}, {f.lower()}" for c, f in mine[["city", "follow_up"]].to_numpy()])
    shown["design"] = mine["outcome"]
    first, last = mine.iloc[0], mine.iloc[-1]
    return Figure(
        key="elsewhere_decay",
        title=f"{first['city']}: {w.percent(-first['percent'])} fewer at first, "
        f"{w.percent(-last['percent'])} over the whole period",
        sentence="Kansas City’s own evaluation found clear falls after one, two and six months that were "
        "waning after about twelve (Fox, Novak and Yaghoub 2015). So this dashboard shows every effect by "
        "months since the start.",
        chart=lambda look: charts.dot_plot(shown, look=look),
        table=mine,
        columns=COLUMNS,
        source=SOURCE,
        alt="Dots of the same place at two lengths of follow-up: "
        + "; ".join(f"{r['name']}, {w.fewer(r['percent'])}" for r in shown.to_dict("records"))
        + ".",
        note="An effect that shrinks may have worn off, may have spread to the comparison places, or may "
        "have "
        "been overstated at first.",
        identity=digest(version, "elsewhere", "decay", len(mine)),
    )
