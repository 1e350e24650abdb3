"""Where a goal stands, for the progress page: assessments of places, measures and readings.

A change is arithmetic on all events that were reported. Whether a tactic caused it is a question
for the evaluations, and nothing here answers it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import pandas as pd
import streamlit as st

from analysis.data import HubError, MeasureSeries
from analysis.data.quality.reporting import known_over_time
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, REGION
from analysis.evidence import Interval, RefusedError
from analysis.progress import Assessment, Goal, GoalVerdict, Reading, assess
from analysis.progress.alternatives import alternatives, consequences
from analysis.progress.multiplicity import declare
from analysis.progress.places import reconcile
from analysis.progress.reporting_lag import Completeness, completeness_by_age
from dashboard import data
from dashboard import words as w
from dashboard.data import STANDARD_GOAL, GoalChoice

#: Public readings of the goal that are offered when a hub stores no goals of its own.
READINGS: Final = (
    STANDARD_GOAL,
    replace(STANDARD_GOAL, key="all-three-years", reading="cumulative", default=False),
    replace(STANDARD_GOAL, key="against-2024", baseline=("2024-01", "2024-12"), default=False),
    replace(
        STANDARD_GOAL,
        key="from-december-2024",
        start="2024-12",
        baseline=("2021-12", "2024-11"),
        default=False,
    ),
)

#: The measure that was declared beforehand.
PRIMARY: Final = "violent_street_crime"

_UNKNOWN: Final = Interval(math.nan, math.nan, math.nan)


def readings() -> tuple[tuple[GoalChoice, ...], bool]:
    """Readings of the goal, the preferred one first, and whether they are the hub's own.

    Two stored goals that differ in their measure alone are one reading: any measure can be seen
    under each of them.
    """
    stored = [g for g in data.goals() if g.key != STANDARD_GOAL.key]
    own = bool(stored)
    kept: dict[tuple[object, ...], GoalChoice] = {}
    for one in data.goals() if own else READINGS:
        kept.setdefault((one.baseline, one.start, one.months, one.reduction, one.reading), one)
    return tuple(kept.values()), own


def goal_of(choice: GoalChoice, measure: str) -> Goal:
    """The goal of a reading, for a measure."""
    return Goal(
        measure=measure, baseline=choice.baseline, start=choice.start, months=choice.months,
        reduction=choice.reduction, reading=cast(Reading, choice.reading),
    )  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """One place and measure against one reading of the goal.

    Attributes:
        place, measure: identifiers.
        series: the counts; None when there are none.
        goal: what is assessed.
        found: the assessment; None when there is none, with ``why`` in words.
        status: key of ``theme.STATUSES``.
        why: why there is no assessment; empty when there is one.
    """

    place: str
    measure: str
    goal: Goal
    series: MeasureSeries | None
    found: Assessment | None
    status: str
    why: str = ""

    @property
    def name(self) -> str:
        """The place as shown."""
        return PLACES.get(self.place, self.place)

    @property
    def source(self) -> str:
        """Publishers of this very series and its last complete month; empty without a series."""
        if self.series is None:
            return ""
        names = dict.fromkeys(data.publisher(s) for s in self.series.source.split(", "))
        return f"{w.join(list(names))}; complete through {w.month(self.series.complete_through)}"

    @property
    def change(self) -> Interval:
        """Percent change against the baseline; unknown when there are too few events."""
        return self.found.percent_change if self.found is not None else _UNKNOWN

    @property
    def needed(self) -> float:
        """Percent by which the path lies below the baseline, averaged over the months compared.

        The change is an average since the start too, so that like stands beside like.
        """
        if self.found is None or not self.found.expected > 0:
            return math.nan
        return 100 * (self.found.path_events / self.found.expected - 1)

    @property
    def last(self) -> pd.Period | None:
        """The newest month that is compared."""
        return (
            self.found.months_used.max() if self.found is not None and len(self.found.months_used) else None
        )

    @property
    def months_left(self) -> int:
        """Months of the goal period after the newest one compared."""
        return int((self.goal.period > self.last).sum()) if self.last is not None else self.goal.months

    @property
    def baseline_year(self) -> float:
        """Events of an average baseline year; NaN when it is unknown."""
        return (
            float(self.found.glide_path["baseline"].iloc[:12].sum()) if self.found is not None else math.nan
        )


def stand(
    found: MeasureSeries | str,
    place: str,
    measure: str,
    choice: GoalChoice,
    completeness: Completeness | None = None,
) -> Standing:
    """Assess a series (or say why there is none). Counts are compared, as the goal is worded.

    ``completeness`` is what earlier months taught about how reports grow; months that are less than
    95 % complete are left out.
    """
    goal = goal_of(choice, measure)
    if isinstance(found, str):
        return Standing(place, measure, goal, None, None, "no_data", found)
    if found.complete_through is None:
        return Standing(place, measure, goal, found, None, "no_data", "No month is complete yet.")
    try:
        shares = completeness.months if completeness is not None and completeness.known else None
        result = assess(found.counts, goal, found.complete_through, completeness=shares)
    except RefusedError as refused:
        return Standing(place, measure, goal, found, None, "no_data", str(refused))
    return Standing(place, measure, goal, found, result, status_of(result))


def status_of(found: Assessment) -> str:
    """The state as shown, by fixed rules.

    The five words of the analysis decide. Where events are clearly fewer, the place is on course when
    no more of them happened than the path allows for the same months, and behind the path otherwise.
    """
    if not len(found.months_used):
        return "no_data"
    if found.verdict is GoalVerdict.TOWARD:
        return "on_course" if found.events <= found.path_events else "behind"
    return _STATUS[found.verdict]


_STATUS: Final = {
    GoalVerdict.REACHED: "reached",
    GoalVerdict.EARLY: "too_early",
    GoalVerdict.AWAY: "moving_away",
    GoalVerdict.FEW: "too_few",
}


def verdict_of(one: Standing) -> str:
    """The analysis's own word as a key of ``theme.STATUSES``."""
    return "toward" if one.status in ("on_course", "behind") else one.status


def direction_of(one: Standing) -> str:
    """What the interval alone says: fewer, more, cannot tell, too few or no data."""
    if one.status in ("no_data", "too_few"):
        return one.status
    if one.change.upper < 0:
        return "fewer"
    return "more" if one.change.lower > 0 else "cannot_tell"


def split(standings: Sequence[Standing]) -> pd.DataFrame:
    """One row a measure: name, percent, lower, upper, status, events, expected, compared.

    The region's first measure is declared beforehand and judged as it is. All others together are
    allowed one false finding in ten (Benjamini and Hochberg); ``compared`` says among how many.
    """
    rows = []
    for one in standings:
        found = one.found
        rows.append(
            {
                "name": MEASURES.get(one.measure, one.measure),
                "percent": one.change.estimate,
                "lower": one.change.lower,
                "upper": one.change.upper,
                "status": direction_of(one),
                "events": found.events if found is not None else math.nan,
                "expected": found.expected if found is not None else math.nan,
                "p": found.p_value if found is not None and one.change.known else math.nan,
            }
        )
    table = pd.DataFrame(rows)
    primary = [one.measure == PRIMARY and one.place == REGION for one in standings]
    judged = declare(table["p"].to_numpy(float), primary)
    unsure = table["status"].isin(["fewer", "more"]) & ~judged["clear"].to_numpy(bool)
    table["status"] = table["status"].mask(unsure, "cannot_tell")
    table["compared"] = judged["words"].to_numpy()
    return table.drop(columns="p")


def consequence(one: Standing, standard: Standing) -> str:
    """What the chosen reading of the goal does to the answer, in a sentence."""
    if one.found is None or standard.found is None:
        return one.why or standard.why
    if one.goal == standard.goal:
        return "This is the reading that is shown first; the figure below has what the others say."
    if not (one.change.known and standard.change.known):
        return "There are too few events for this reading to change what can be said."
    mine, theirs = one.found, standard.found
    change = (
        f"The change is {w.percent(one.change.estimate, signed=True)} instead of "
        f"{w.percent(standard.change.estimate, signed=True)}"
    )
    if w.percent(one.change.estimate) == w.percent(standard.change.estimate):
        change = f"The change stays {w.percent(one.change.estimate, signed=True)}"
    chances = w.chance(mine.probability), w.chance(theirs.probability)
    same = f"the chance of reaching the goal stays {chances[0]}"
    chance = same if chances[0] == chances[1] else (
        f"the chance of reaching the goal is {chances[0]} instead of {chances[1]}"
    )  # fmt: skip
    return f"{change}, and {chance}."


def adds_up(measure: str, choice: GoalChoice, through: pd.Period | None) -> str:
    """Whether the jurisdictions add up to the region, in a sentence; empty when they cannot be added."""
    ones = {j: standing(j, measure, choice, through) for j in JURISDICTIONS}
    whole = standing(REGION, measure, choice, through)
    parts = {j: one.series.counts for j, one in ones.items() if one.found is not None and one.series}
    if len(parts) < 2 or whole.series is None or whole.last is None:
        return ""
    return reconcile(parts, whole.series.counts, whole.goal, whole.last).sentence


def what_alternatives_change(one: Standing) -> tuple[str, ...]:
    """What each other choice of the goal would change, as sentences with its number first."""
    if one.found is None or one.series is None or one.series.complete_through is None:
        return ()
    return _alternatives(
        data.facts().version, str(data.hub_path()), one.place, one.measure, one.goal,
        str(one.series.complete_through), one.series.counts,
    )  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=256)
def _alternatives(
    version: str, path: str, place: str, measure: str, goal: Goal, through: str, _counts: pd.Series
) -> tuple[str, ...]:
    del version, path, place, measure  # part of the key alone
    found = consequences(_counts, goal, alternatives(goal), pd.Period(through, "M"))
    return tuple(c.sentence for c in found)


# ---------------------------------------------------------------- cached access for the page


def standing(place: str, measure: str, choice: GoalChoice, through: pd.Period | None = None) -> Standing:
    """The standing of a place and measure in the hub that this server shows."""
    return _standing(data.facts().version, str(data.hub_path()), place, measure, choice, str(through or ""))


@st.cache_resource(show_spinner=False, max_entries=512)
def _standing(
    version: str, path: str, place: str, measure: str, choice: GoalChoice, through: str
) -> Standing:
    del version, path  # part of the key alone
    until = pd.Period(through, "M") if through else None
    return stand(data.series(place, measure, until), place, measure, choice, completeness(place))


def completeness(place: str) -> Completeness:
    """How complete the newest months of a place are, learned from the stored days of its figures."""
    found = _completeness(data.facts().version, str(data.hub_path()))
    return found.get(place, _NOTHING_LEARNED)


_NOTHING_LEARNED: Final = completeness_by_age(pd.DataFrame(columns=["month", "vintage", "count"]))


@st.cache_resource(show_spinner="Reading how figures grew …", max_entries=4)
def _completeness(version: str, path: str) -> dict[str, Completeness]:
    del version, path  # part of the key alone
    hub = data.hub()
    try:
        agencies = hub.agencies()
        mine = agencies[agencies["jurisdiction"].isin(list(JURISDICTIONS))].set_index("agency_id")
        rows = known_over_time(hub, mine["jurisdiction"])
    except HubError:
        return {}  # a release holds figures of one day
    found = {str(place): completeness_by_age(part) for place, part in rows.groupby("place")}
    if found:
        whole = rows.groupby(["month", "vintage"])[["count"]].sum().reset_index()
        found[REGION] = completeness_by_age(whole)
    return found


def all_measures(
    place: str, measures: Sequence[str], choice: GoalChoice, through: pd.Period | None
) -> Mapping[str, Standing]:
    """Every measure of a place under one reading."""
    return {m: standing(place, m, choice, through) for m in measures}
