"""The computed first sentence of every page: pure functions from numbers to words.

"Goal met?" is arithmetic on all events; "did the tactic do it?" needs a comparison. The two kinds
of sentence share no words on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.evidence import Grade, Interval
from dashboard import words as w
from dashboard.theme import STATUSES


def progress(
    measure: str,
    place: str,
    since: pd.Period | str,
    change: Interval,
    *,
    goal_percent: float,
    needed_percent: float,
    status: str,
    events: float | None = None,
    baseline_events: float | None = None,
    until: pd.Period | str | None = None,
) -> str:
    """How far a measure is from its goal.

    Args:
        measure, place: names as shown ("Violent street crime", "The region").
        since: first month that counts.
        change: percent change against the baseline; negative means fewer.
        goal_percent, needed_percent: size of the goal (20), and of the fall the path asks for by now.
        status: key of ``theme.STATUSES``.
        events, baseline_events: counts now and in the same months of an average baseline year,
            said instead of a percent when there are too few events.
        until: last month of a goal period that is not over: a level reached before has to hold.
    """
    where = f"{measure} in {w.place_in_sentence(place)}"
    if status == "no_data" or (not w.known(change.estimate) and status != "too_few"):
        return f"There are no complete figures yet on {measure.lower()} in {w.place_in_sentence(place)}."
    if status == "too_few":
        counts = (
            f": {w.count(events)} since {w.month(since)}, {w.count(baseline_events)} to be expected "
            "from the baseline"
            if w.known(events) and w.known(baseline_events)
            else f" since {w.month(since)}"
        )
        return f"{where}{counts}. That is too few to tell whether it is changing."
    moved = w.direction(change.estimate)
    rest = f"{where} is {moved} since {w.month(since)} ({w.likely(change)})."
    if status == "reached" and until is not None:
        level = f"The goal’s level, {w.percent(goal_percent)} fewer, is reached"
        return f"{rest} {level}; it has to hold until {w.month(until)}."
    if status == "reached":
        return f"{rest} The goal of {w.percent(goal_percent)} fewer is reached."
    path = f"The path to {w.percent(goal_percent)} needs {w.percent(needed_percent)} by now"
    return f"{rest} {path}: {STATUSES[status].word.lower()}."


def tactics(tactic: str | None, dose_share: float | None, quarter: str, too_early: int, places: int) -> str:
    """How much of the planned work was done, and whether an effect can be seen yet.

    ``dose_share`` is done over planned contacts (0.78). ``tactic`` None: nothing runs yet.
    """
    if tactic is None:
        return "No tactic has started yet."
    if w.known(dose_share) and dose_share is not None:
        first = f"{tactic} reached {w.percent(100 * dose_share)} of its planned contacts in {quarter}"
    else:
        first = f"{tactic} reported no contacts against a plan in {quarter}"
    return f"{first}; {_too_early(too_early, places)}."


def _too_early(too_early: int, places: int) -> str:
    if places == 0:
        return "no place has an evaluation yet"
    if too_early == 0:
        return "there is an estimate of its effect for every place"
    if places == 1:
        return "it is too early to see an effect"
    if too_early == places:
        return f"in all {w.small_number(places)} places it is too early to see an effect"
    return (
        f"in {w.small_number(too_early)} of {w.small_number(places)} places it is too early to see an effect"
    )


def hotspots(
    share_of_map: float | None, share_of_events: float | None, measure: str, lasting: int, cooling: int
) -> str:
    """How concentrated a measure is, and how many places stay hot. Shares lie between 0 and 1."""
    if not (w.known(share_of_map) and w.known(share_of_events)):
        return f"There are no mapped incidents of {measure.lower()} for this place and period."
    assert share_of_map is not None
    assert share_of_events is not None
    first = (
        f"{w.percent(100 * share_of_map)} of the map holds {w.percent(100 * share_of_events)} of "
        f"{measure.lower()}."
    )
    if lasting == 0:
        return f"{first} No place has been hot for a year or more."
    have = "place has" if lasting == 1 else "places have"
    cool = "" if cooling == 0 else f"; {cooling} {'is' if cooling == 1 else 'are'} cooling"
    return f"{first} {lasting} {have} been hot for a year or more{cool}."


def evaluation(
    subject: str,
    place: str,
    change: Interval | None,
    *,
    grade: Grade | str = Grade.CANNOT_TELL,
    controlled: bool = False,
    minimum_detectable_percent: float | None = None,
) -> str:
    """The best estimate of an effect, with how far it can be believed."""
    where = f"{subject} in {w.place_in_sentence(place)}"
    if change is None or not change.known:
        return f"There is no estimate yet for {where}. {w.cannot_tell(minimum_detectable_percent)}"
    first = f"Best estimate for {where}: {w.fewer(change.estimate)}, {w.between(change)}."
    return f"{first} {verdict(change, grade, controlled, minimum_detectable_percent)}"


def verdict(
    change: Interval,
    grade: Grade | str,
    controlled: bool = False,
    minimum_detectable_percent: float | None = None,
) -> str:
    """What an effect lets us say. Never "no effect"; never cause without a comparison."""
    if change.contains(0.0) or Grade(grade) is Grade.CANNOT_TELL:
        return w.cannot_tell(minimum_detectable_percent)
    what = "a fall" if change.estimate < 0 else "a rise"
    if not controlled:
        return f"That is {what} against its own past, which by itself does not say why."
    return f"The evidence for {what} against comparison places is {Grade(grade).value}."


def specification(
    where: str, change: Interval | None, minimum_detectable_percent: float | None = None
) -> str:
    """The first sentence of the two workbench pages."""
    if change is None or not change.known:
        return "Your specification gave no estimate."
    told = (
        w.cannot_tell(minimum_detectable_percent)
        if change.contains(0.0)
        else "The range does not include “no difference”."
    )
    found = f"{w.fewer(change.estimate)} in {w.place_in_sentence(where)}, {w.between(change)}"
    return f"Your specification: {found}. {told}"


def evidence(falls: Sequence[float], rigorous: Sequence[float] = ()) -> str:
    """Such as "Other cities report falls of 21 to 37 %; stronger studies find smaller ones."

    ``falls`` and ``rigorous`` are sizes of falls in percent, positive.
    """
    sizes = sorted(f for f in falls if w.known(f))
    if not sizes:
        return "No studies from other cities are stored yet."
    span = w.percent(sizes[0]) if len(sizes) == 1 else f"{w.number(sizes[0])} to {w.percent(sizes[-1])}"
    first = f"Other cities report falls of {span}"
    strong = [f for f in rigorous if w.known(f)]
    if strong and sum(strong) / len(strong) < sum(sizes) / len(sizes):
        return f"{first}; stronger studies find smaller ones."
    return f"{first}."


def brief(quarter: str, changes: int, decisions: int) -> str:
    """Such as "Third quarter 2026: two changes, one decision needed." """
    change = "nothing changed" if changes == 0 else w.plural(changes, "change", spelled=True)
    decide = (
        "no decision needed" if decisions == 0 else f"{w.plural(decisions, 'decision', spelled=True)} needed"
    )
    return f"{quarter}: {change}, {decide}."


def data(through: pd.Period | str | None, complete: int, places: int) -> str:
    """Such as "Data are complete through June 2026 for two of three places." """
    if through is None or complete == 0:
        return "No place has complete data yet."
    if complete == places:
        which = "the one place" if places == 1 else f"all {w.small_number(places)} places"
    else:
        which = f"{w.small_number(complete)} of {w.small_number(places)} places"
    return f"Data are complete through {w.month(through)} for {which}."


def about(goal_percent: float, length_months: int, measure: str) -> str:
    """Such as "Save Lives Now! aims for 20 % fewer violent street crimes in three years." """
    years, rest = divmod(length_months, 12)
    time = w.plural(years, "year", spelled=True) if rest == 0 else w.plural(length_months, "month")
    return f"Save Lives Now! aims for {w.percent(goal_percent)} fewer {measure} in {time}."


def quarter(month: pd.Period | str) -> str:
    """Such as "Third quarter 2026"."""
    q = pd.Period(w.to_month(month).start_time, freq="Q")
    return f"{('First', 'Second', 'Third', 'Fourth')[q.quarter - 1]} quarter {q.year}"
