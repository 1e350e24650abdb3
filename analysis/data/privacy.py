"""Who may see what: every rule that separates the audiences, as pure functions.

* **Thresholds.** Counts from 1 to k − 1 are hidden, and others with them, so that no sum, difference
  or filter on offer gives one back (see :mod:`analysis.data.suppression` for tables, and for a map and
  a part of it; :func:`withheld` for series of months).
* **Coarsening.** A map has one resolution, one length of window a measure, and windows that end
  only every so many months: two maps on offer, or two successive releases, then never differ by
  fewer months than the shortest window. A rolling year, published every month, gives single months away.
* **Delay, hours, rates.** :func:`last_shown`, ``hour_bands``, :func:`rate_standing`.
* **Never below a jurisdiction** for sexual, child and domestic offenses, nor for a homicide without
  years pooled.

The rules follow what other publishers of crime and health data do (police.uk, CDC WONDER, Washington
State's Department of Health); suppression without the complementary step has been undone by
subtraction in practice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Final

import h3
import numpy as np
import pandas as pd

from analysis.data.suppression import HIDDEN, SHOWN, protect_pair, stand_in, suppress, words
from analysis.data.vocabulary import AUDIENCES as NAMES
from analysis.data.vocabulary import NEVER_MAPPED, REGION

__all__ = [
    "AUDIENCES", "HIDDEN", "SHOWN", "Audience", "Rate", "Sum", "coarsened", "last_shown", "map_end",
    "map_windows", "mappable", "protect_pair", "protect_people", "rate_standing", "stand_in", "sums_of",
    "suppress", "withheld", "words",
]  # fmt: skip

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Audience:
    """What one audience may see.

    Attributes:
        k: counts from 1 to k − 1 are hidden (1: nothing is). k_people: the same for tables that split
            people by age, sex or race.
        points: whether single incidents may be shown, moved to the middle of their block.
        finest_cell: finest H3 resolution of a map.
        shortest_window: fewest months a map or an area's count may cover.
        delay_days: days after a month's end before it is shown.
        mapped_rape: whether sexual, child and domestic offenses may be shown below a jurisdiction.
        homicide_years: fewest years pooled when homicide is shown by area.
        rate_population, rate_events: no rate with fewer residents or events; ``unstable_events``:
            a rate with fewer is called unstable.
        hour_bands: hours that a time of day is rounded to.
        resolutions: H3 resolutions that a release's maps have. Several would give children away by
            their parents, so an audience with a threshold has one.
        windows: lengths in months that a release's maps cover; one, for the same reason.
        step: a release's map windows end only every so many months, counted from January.
    """

    name: str
    k: int
    k_people: int
    points: bool
    finest_cell: int
    shortest_window: int
    delay_days: int
    mapped_rape: bool
    homicide_years: int
    rate_population: int
    rate_events: int
    unstable_events: int
    hour_bands: int
    resolutions: tuple[int, ...] = (8,)
    windows: tuple[int, ...] = (12,)
    step: int = 12


_RESEARCHER: Final = Audience(
    "researcher", 1, 1, True, 10, 1, 0, True, 1, 0, 0, 20, 1, (8, 9, 10), (3, 6, 12, 24, 36, 60), 1
)
AUDIENCES: Final[dict[str, Audience]] = {
    "public": Audience("public", 5, 10, False, 8, 12, 30, False, 3, 300, 10, 20, 6, (8,), (12,), 12),
    "council": Audience("council", 3, 10, False, 9, 3, 7, False, 1, 300, 10, 20, 1, (9,), (12,), 12),
    "researcher": _RESEARCHER,
    # The hub's own staff, who take files in: what researchers see, and who may change the hub.
    "hub": replace(_RESEARCHER, name="hub"),
}
if tuple(AUDIENCES) != NAMES:
    raise AssertionError("Every audience of the vocabulary needs its rules.")


# ---------------------------------------------------------------- which months, which places


def last_shown(rules: Audience, known_on: object) -> pd.Period:
    """The newest month that may be mapped: it ended ``delay_days`` or more before ``known_on`` (a date)."""
    day = pd.Timestamp(str(known_on)) - pd.Timedelta(days=rules.delay_days)
    # The month of that day has ended by then only on its own last day.
    month = day.to_period("M")
    return month if day.normalize() == month.end_time.normalize() else month - 1


def map_end(rules: Audience, last: pd.Period) -> pd.Period:
    """The newest month, not after ``last``, with which a map's window may end.

    With a step of 12 these are Decembers. Two successive releases then show the same window, or
    windows a whole year apart, and their difference is no shorter than what may be shown anyway.
    """
    return last - last.month % rules.step


def map_windows(rules: Audience, measure: str, months: int) -> tuple[int, ...]:
    """Lengths of the windows that a release maps, of those that ``months`` of data can fill."""
    shortest = rules.shortest_window
    if measure == "homicide":
        shortest = max(shortest, 12 * rules.homicide_years)
    return tuple(n for n in rules.windows if shortest <= n <= months)


def mappable(rules: Audience, incidents: pd.DataFrame) -> pd.Series:
    """Which incidents may stand below their jurisdiction (columns offense, domestic), as a mask."""
    if rules.mapped_rape:
        return pd.Series(True, index=incidents.index)
    domestic = incidents["domestic"].fillna(False).astype(bool)
    return ~incidents["offense"].isin(NEVER_MAPPED) & ~domestic


def coarsened(rules: Audience, incidents: pd.DataFrame) -> pd.DataFrame:
    """Incidents with each point moved to the middle of its finest cell; for who may see points at all.

    Raises:
        ValueError: the audience may see no points, however coarse.
    """
    if not rules.points:
        raise ValueError(f"The {rules.name} audience sees no single incidents.")
    out = incidents.copy()
    known = np.flatnonzero(out["longitude"].notna() & out["latitude"].notna())
    longitude = out["longitude"].to_numpy(float, copy=True, na_value=np.nan)
    latitude = out["latitude"].to_numpy(float, copy=True, na_value=np.nan)
    for i in known:
        cell = h3.latlng_to_cell(latitude[i], longitude[i], rules.finest_cell)
        latitude[i], longitude[i] = h3.cell_to_latlng(cell)
    return out.assign(longitude=longitude, latitude=latitude)


# ---------------------------------------------------------------- counts


@dataclass(frozen=True, slots=True)
class Sum:
    """A series (place, measure) that is the sum of others."""

    total: Key
    parts: tuple[Key, ...]


#: What it costs a reader to lose a series; places and measures that are not named cost 2.
_WORTH: Final = {REGION: 1.0, "robbery": 1.0, "aggravated_assault": 1.5, "violent_street_crime": 20.0}


def withheld(
    series: Mapping[Key, pd.Series], sums: Sequence[Sum], k: int, *, fixed: Collection[Key] = ()
) -> set[Key]:
    """Series of which no period may be shown, so that no small count can be found.

    A series with any period of 1 to k − 1 is withheld as a whole: the periods around a single gap,
    year totals and rolling sums would fill it. The cheapest others go with it where sums over places
    or offenses would give it back, or where what is left of a sum would itself be small.

    Args:
        series: counts on one index of periods; NaN is unknown.
        sums: relations between them; those with an unknown series are not looked at.
        k: threshold. fixed: series that are shown elsewhere already and cannot be given up.
    """
    small = {key for key, counts in series.items() if _small(counts, k) and key not in fixed}
    if not small:
        return small
    known = [s for s in sums if s.total in series and all(p in series for p in s.parts)]
    near = {key for s in known for key in (s.total, *s.parts)} - small - set(fixed)
    tried = (set(more) for n in range(min(len(near), 5) + 1) for more in combinations(sorted(near), n))
    for more in sorted(tried, key=lambda keys: (_cost(keys), sorted(keys))):
        out = small | more
        if not any(_gives_away(s, series, out, k) for s in known) and not _determined(known, out):
            return out
    return set(series) - set(fixed)


def _cost(keys: Collection[Key]) -> float:
    return sum(_WORTH.get(place, 2.0) * _WORTH.get(measure, 2.0) for place, measure in keys)


def _small(counts: pd.Series, k: int) -> bool:
    return bool(((counts > 0) & (counts < k)).any())


def _gives_away(s: Sum, series: Mapping[Key, pd.Series], out: Collection[Key], k: int) -> bool:
    """Whether the total less its shown parts is a withheld series, or small."""
    lost = [key for key in s.parts if key in out]
    if s.total in out or not lost:
        return s.total in out and not lost
    left = series[s.total]
    for key in s.parts:
        if key not in out:
            left = left - series[key]
    return len(lost) == 1 or _small(left, k)


def _determined(sums: Sequence[Sum], out: Collection[Key]) -> set[Key]:
    """Withheld series that some combination of the sums solves for."""
    unknown = sorted(out)
    position = {key: i for i, key in enumerate(unknown)}
    rows = np.zeros((len(sums), len(unknown)))
    for row, s in zip(rows, sums, strict=True):
        for key, sign in ((s.total, -1.0), *((p, 1.0) for p in s.parts)):
            if key in position:
                row[position[key]] = sign
    if not rows.size:
        return set()
    rank = np.linalg.matrix_rank(rows)
    each = np.eye(len(unknown))
    return {key for key, i in position.items() if np.linalg.matrix_rank(np.vstack([rows, each[i]])) == rank}


def protect_people(activities: pd.DataFrame, k: int) -> pd.DataFrame:
    """Monthly counts of people in a programme: a small month takes its whole quarter with it.

    Sums over a quarter are shown beside its months, so a single hidden month could be subtracted.

    Args:
        activities: deployment_id, month (``YYYY-MM``), activity, value, …
        k: months of 1 to k − 1 are small.
    """
    months = pd.PeriodIndex(activities["month"], freq="M")
    key = [
        activities["deployment_id"],
        activities["activity"],
        pd.Series(months.asfreq("Q"), activities.index),
    ]
    value = activities["value"].astype(float)
    small = ((value > 0) & (value < k)).groupby(key).transform("any")
    return activities.assign(value=value.mask(small))


class Rate(StrEnum):
    """Whether a rate may be given."""

    SHOWN = "shown"
    UNSTABLE = "unstable"
    HIDDEN = "hidden"


def rate_standing(rules: Audience, events: float, population: float) -> Rate:
    """Whether a rate of ``events`` over ``population`` residents may be given, and how.

    Unknown numbers give no rate; nor do few residents (parks, stations) or few events.
    """
    if not (np.isfinite(events) and np.isfinite(population) and population > 0):
        return Rate.HIDDEN
    if population < rules.rate_population or events < rules.rate_events:
        return Rate.HIDDEN
    return Rate.UNSTABLE if events < rules.unstable_events else Rate.SHOWN


def sums_of(series: Mapping[Key, pd.Series]) -> list[Sum]:
    """Which of the series add up to another on every period: places to the region, offenses to their sum.

    Found in the numbers themselves, so that a definition that leaves something out (domestic
    assaults) counts as a relation only where it is one.
    """
    places = sorted({place for place, _ in series})
    measures = sorted({measure for _, measure in series})
    homes = [p for p in places if p != REGION]
    found = [Sum((REGION, m), tuple((p, m) for p in homes if (p, m) in series)) for m in measures]
    names = ("homicide", "robbery", "aggravated_assault")
    for place in places:
        found.append(Sum((place, "violent_street_crime"), tuple((place, m) for m in names)))
    return [s for s in found if s.parts and _adds_up(s, series)]


def _adds_up(s: Sum, series: Mapping[Key, pd.Series]) -> bool:
    if s.total not in series or any(p not in series for p in s.parts):
        return False
    added = sum((series[p] for p in s.parts), start=0 * series[s.total])
    both = added.notna() & series[s.total].notna()
    # A relation in most months gives most months away.
    return bool(both.any() and (added[both] == series[s.total][both]).mean() >= 0.5)
