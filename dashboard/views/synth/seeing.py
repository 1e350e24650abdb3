"""Figures of power: what could have been seen, and how long it takes to see the goal."""

from __future__ import annotations

from typing import Final

import numpy as np

from dashboard import words as w
from dashboard.charts import robustness
from dashboard.figures import Column
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.paths import Made
from dashboard.views.synth.said import power_sentence

#: The fall that the goal asks for, in percent.
GOAL: Final = 20.0


def power(found: Answer) -> Made:
    """The chance to find falls of every size."""
    r = found.result
    if r.power.empty or not np.isfinite(r.power["power"]).any():
        return "power", {}
    at = r.power.loc[r.power["percent"] == -GOAL, "power"]
    chance = float(at.iloc[0]) if len(at) else float("nan")
    table = r.power.assign(fall=r.power["percent"].abs(), chance=r.power["power"])
    return "power", {
        "key": "synth_power",
        "title": f"A true fall of {w.percent(GOAL)} would have been found {_of_the_time(chance)}",
        "sentence": power_sentence(found),
        "chart": lambda look: robustness.power_curve(r.power, goal=GOAL, look=look),
        "table": table,
        "columns": {"fall": Column("True fall", "percent"), "chance": Column("Found", "share")},
        "alt": "Line: the chance that a fall is found, by its size, with rules at the goal and at four times "
               "in five.",
        "note": "Known falls are put into the places where nothing started; a fall counts as found when it "
                "lies outside the range.",
    }  # fmt: skip


def _of_the_time(chance: float) -> str:
    if not w.known(chance):
        return "with a chance that is not known"
    if chance < 0.005:
        return "almost never"
    if chance > 0.995:
        return "almost always"
    return f"in {w.odds(chance)} cases"


def months(found: Answer) -> Made:
    """How long one must wait to see the goal."""
    needed = found.result.months_needed
    if needed is None:
        return "months", {}
    reach = int(needed.table["months"].max())
    title = "Judged by the past, " + (
        f"it takes {w.plural(needed.months, 'month')} to see a fall of {w.percent(GOAL)}"
        if needed.months is not None
        else f"{w.plural(reach, 'month')} are not enough to see a fall of {w.percent(GOAL)}"
    )
    table = needed.table.assign(fall=needed.table["minimum_detectable_percent"].abs())
    return "months", {
        "key": "synth_months",
        "title": title,
        "sentence": "The line is the smallest fall that would be found four times in five, by how many "
                    "months have passed.",
        "chart": lambda look: robustness.months_to_see(
            needed.table, goal=GOAL, now=found.result.effect.post_months, look=look
        ),
        "table": table,
        "columns": {"months": Column("Months since the start", "count"),
                    "fall": Column("Smallest fall that could be seen", "percent")},
        "alt": "Line: the smallest fall that could be seen, by months since the start, with a rule at "
               "the goal.",
        "note": "The past of the same places is used: the start is pretended to lie earlier, and falls are "
                "put into places where nothing started.",
    }  # fmt: skip
