"""Figures over time: observed against comparison, gap, cumulative, and the placebos as lines."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from dashboard import charts
from dashboard import words as w
from dashboard.figures import Column
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.said import as_far, level_with, names, scaled_totals

Made = tuple[str, dict[str, Any]]
#: Points that a picture of many lines may have: each costs sixty bytes on the way to a phone.
_MOST_POINTS: Final = 2500
PATH: Final = {
    "period": Column("Month", "month"),
    "observed": Column("What happened", "decimal"),
    "expected": Column("Comparison", "decimal"),
    "lower": Column("Comparison, from", "decimal"),
    "upper": Column("Comparison, to", "decimal"),
}


def path_of(found: Answer) -> pd.DataFrame:
    """The path in events, or in the panel's own unit where there are none."""
    r = found.result
    return r.path_in_events if r.path_in_events is not None else r.path


def observed(found: Answer) -> Made:
    """What happened beside the comparison."""
    path, (place, what), start = path_of(found), names(found), found.result.spec.start
    effect = found.result.effect.percent
    return "observed", {
        "key": "synth_observed",
        "title": f"{w.sentence_case(what)} in {place} was {level_with(effect.estimate)} its comparison",
        "sentence": "The comparison is a fixed mix of other places that moved like it before the start. "
        + ("" if not effect.known else
           "As the range goes from "
           f"{level_with(effect.lower)} to {level_with(effect.upper)}, chance alone could have done this."
           if effect.contains(0) else
           f"The range goes from {level_with(effect.lower)} to {level_with(effect.upper)}."),
        "chart": lambda look: charts.observed_vs_expected(
            path, start=start, observed_label=place, expected_label="Comparison mix", look=look
        ),
        "table": path, "columns": PATH,
        "alt": f"Lines by month: {what} in {place} and in its comparison mix, with a rule at "
               f"{w.month(start)} and a band around the comparison after it.",
        "note": f"Events a month. {_fitted_on(found)} The band after "
                "the start is as wide as the misses of the same method in places where nothing started.",
    }  # fmt: skip


def _fitted_on(found: Answer) -> str:
    if found.case.population is None:
        return "Fitted on counts, as residents of these areas are not known."
    return "Fitted on rates per resident and turned back into events."


def gap(found: Answer) -> Made:
    """The difference, month by month."""
    path, (place, what), start = path_of(found), names(found), found.result.spec.start
    post = path.loc[path["cumulative"].notna(), "effect"].dropna()
    below = int((post < 0).sum())
    return "gap", {
        "key": "synth_gap",
        "title": f"{place} was below its comparison in {below} of {w.plural(len(post), 'month')} since the "
                 "start",
        "sentence": "Before the start the difference should hover around zero: that is how far chance alone "
                    "and a loose fit move it.",
        "chart": lambda look: charts.effect_over_time(path, start=start, look=look),
        "table": path,
        "columns": {"period": PATH["period"], "effect": Column("Difference", "change"),
                    "effect_lower": Column("From", "change"), "effect_upper": Column("To", "change")},
        "alt": f"Line by month: {what} in {place} minus its comparison, with a rule at {w.month(start)}.",
        "note": "Events a month: what happened minus the comparison.",
    }  # fmt: skip


def cumulative(found: Answer) -> Made:
    """The differences added up."""
    path, (_, what), start = path_of(found), names(found), found.result.spec.start
    events = found.result.effect.events
    size = w.people(events, "event", "events")
    size += "" if events.known else "; how sure that is, is not known"
    total = w.number(abs(events.estimate))
    title = (
        f"Added up since {w.month(start)}: {total} {'fewer' if events.estimate < 0 else 'more'} "
        "events than the comparison"
        if w.known(events.estimate)
        else f"The differences added up since {w.month(start)}"
    )
    after = path.loc[path["cumulative"].notna()]
    return "cumulative", {
        "key": "synth_cumulative",
        "title": title,
        "sentence": f"In all {size}. This is a difference from the comparison; what caused it, the "
                    "comparison alone does not say.",
        "chart": lambda look: charts.cumulative_effect(path, start=start, look=look),
        "table": after,
        "columns": {"period": PATH["period"], "cumulative": Column("Since the start", "change"),
                    "cumulative_lower": Column("From", "change"), "cumulative_upper": Column("To", "change")},
        "alt": f"Line by month: the difference in {what} added up since {w.month(start)}, with its band.",
        "note": "Events since the start: all monthly differences added up, with the range of the sum.",
    }  # fmt: skip


def _scaled_gaps(found: Answer, together: int) -> pd.DataFrame:
    """Gaps of every place on the yardstick of the range, means of so many months each."""
    placebo = found.result.placebo
    assert placebo is not None
    if found.result.spec.yardstick == "sized":
        yardstick = placebo.sized.yardstick
    else:
        yardstick = placebo.table.set_index("unit")["pre_rmspe"]
    scaled = placebo.gaps / yardstick.where(yardstick > 0).reindex(placebo.gaps.columns)
    months = pd.PeriodIndex(scaled.index, freq="M")
    start = pd.Period(found.result.spec.start, "M")
    block = np.floor((months.year * 12 + months.month - start.year * 12 - start.month) / together).astype(int)
    means = scaled.groupby(block).mean()
    means.index = pd.PeriodIndex([start + together * int(b) for b in means.index], freq="M", name="period")
    long = means.reset_index().melt(id_vars="period", var_name="unit", value_name="gap")
    return long.dropna(subset="gap")


def spaghetti(found: Answer) -> Made:
    """The place's gap among its placebos', drawn on top of them."""
    placebo = found.result.placebo
    if placebo is None:
        return "spaghetti", {}
    (place, what), start = names(found), found.result.spec.start
    together = 3 if placebo.gaps.size / 3 < _MOST_POINTS else 6
    several = w.small_number(together)
    gaps = _scaled_gaps(found, together)
    # Short names for the picture: every point carries one.
    drawn = gaps.assign(unit=pd.factorize(gaps["unit"])[0].astype(str), gap=gaps["gap"].round(2))
    own = str(drawn.loc[gaps["unit"] == place, "unit"].iloc[0])
    further = as_far(found, placebo)
    return "spaghetti", {
        "key": "synth_placebos",
        "title": f"{place} ended further from its comparison than {placebo.n_placebos - further} of "
                 f"{placebo.n_placebos} comparison places",
        "sentence": "Each grey line is a place where nothing started, treated as if something had. The "
                    "further the line of the place stands out on the right, the less chance explains it.",
        "chart": lambda look: charts.placebo_spaghetti(
            drawn, treated=own, treated_label=place, start=start, percent=False, look=look,
            others_label="The same method on comparison places",
        ),
        "table": gaps[["unit", "period", "gap"]],
        "columns": {"unit": Column("Place"), "period": Column("Months from", "month"),
                    "gap": Column("Difference, on the scale of the range", "decimal2")},
        "alt": f"Lines: the difference in {what} of {place} among those of {placebo.n_placebos} comparison "
               "places, each on the scale of the range.",
        "note": f"Means of {several} months. Each line is divided by how far the method misses a place of "
                "that size and fit before the start: a place that is fitted badly will also be predicted "
                "badly. Lines that leave the picture are cut at its edge.",
    }  # fmt: skip


def distribution(found: Answer) -> Made:
    """The total difference among the placebos'."""
    placebo = found.result.placebo
    if placebo is None:
        return "distribution", {}
    table, (place, _) = placebo.table, names(found)
    own, others = scaled_totals(found, placebo)
    further, n = as_far(found, placebo), len(others)
    shown = table[["unit", "scaled_cumulative", "ratio", "rank"]]
    columns = {
        "unit": Column("Place"), "scaled_cumulative": Column("Cumulative difference, in misfits", "decimal"),
        "ratio": Column("Misfit after over before", "decimal2"), "rank": Column("Rank", "count"),
    }  # fmt: skip
    return "distribution", {
        "key": "synth_placebo_total",
        "title": f"In {further} of {n} comparison places the total difference was as large or larger",
        "sentence": "One dot a place. The further out the line lies among the dots, the less chance "
                    "explains the difference.",
        "chart": lambda look: charts.placebo_distribution(
            others, own, observed_label=place, look=look,
            title="Total difference after the start, on the scale of the range",
        ),
        "table": shown, "columns": columns,
        "alt": f"Dots: total difference after the start in {n} comparison places; a line: {place}.",
        "note": "Each total is divided by how far the method misses a place of that size and fit; the table "
                "also gives it in misfits before the start alone.",
    }  # fmt: skip
