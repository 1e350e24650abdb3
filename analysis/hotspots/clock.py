"""Time of day: events whose hour is uncertain are shared out over the hours that are possible.

Aoristic analysis (Ratcliffe 2000): an event that happened between two moments counts in every hour
between them, in proportion to the time that the hour shares with the interval; each event counts
once in all. Taking the first moment, the last or the middle makes peaks that are not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array

_HOUR: Final = 3_600_000_000  # microseconds
_WEEK: Final = 168
#: Midnight of 1970-01-01, from which times are counted, was a Thursday.
_FIRST_WEEKDAY: Final = 3


@dataclass(frozen=True, slots=True)
class Week:
    """Events by weekday and hour.

    Attributes:
        table: 168 rows, day (0 Monday … 6 Sunday), hour (0 … 23), count (may be a fraction).
        events: that are in the table. spread: of these, shared out over more than one hour.
        no_time: events without a time. too_long: left out because their interval is too long.
    """

    table: pd.DataFrame = field(repr=False)
    events: int
    spread: int
    no_time: int
    too_long: int


def aoristic(start: pd.Series, end: pd.Series | None = None, longest_hours: float = 24.0) -> Week:
    """Hours of the week, each event spread over the time in which it may have happened.

    Args:
        start: earliest moments (datetime). NaT: no time is known, the event is left out and counted.
        end: latest moments; None or NaT: the start is certain. An end at or before the start is the start.
        longest_hours: events whose interval is longer are left out and counted: they would fill the
            whole week evenly and say nothing.

    Raises:
        RefusedError: series of different length, no event with a time, or a longest interval not above 0.
    """
    if end is not None and len(end) != len(start):
        raise RefusedError(f"{len(start)} earliest and {len(end)} latest moments: give one each.")
    if not longest_hours > 0:
        raise RefusedError(f"The longest interval is {longest_hours} hours: it must be above zero.")
    known = start.notna().to_numpy()
    first = _microseconds(start)
    last = first.copy() if end is None else np.where(end.notna().to_numpy(), _microseconds(end), first)
    last = np.maximum(first, last)
    long = known & (last - first > longest_hours * _HOUR)
    used = known & ~long
    if not used.any():
        raise RefusedError("No event has a time, so nothing can be said about the hour.")
    begin, stop = first[used], last[used]
    hours = np.zeros(_WEEK)
    length = (stop - begin).astype(float)
    certain = length == 0
    slot = begin // _HOUR
    np.add.at(hours, _of_week(slot[certain]), 1.0)
    begin, stop, length, slot = begin[~certain], stop[~certain], length[~certain], slot[~certain]
    spread = 0
    while begin.size:
        upper = np.minimum((slot + 1) * _HOUR, stop)
        lower = np.maximum(slot * _HOUR, begin)
        np.add.at(hours, _of_week(slot), (upper - lower) / length)
        on = (slot + 1) * _HOUR < stop
        spread = max(spread, int(on.sum()))
        begin, stop, length, slot = begin[on], stop[on], length[on], slot[on] + 1
    table = pd.DataFrame(
        {"day": np.repeat(np.arange(7), 24), "hour": np.tile(np.arange(24), 7), "count": hours}
    )
    return Week(table, int(used.sum()), spread, int((~known).sum()), int(long.sum()))


def unknown_hours(occurred: pd.Series, placeholders: tuple[int, ...] = (0, 1)) -> pd.Series:
    """Latest moments for times that stand for "some time that day".

    Records often carry 00:00 (or 00:01) when nobody knows the hour. Such an event may have happened
    in the whole day; every other is taken as certain (NaT).

    Args:
        occurred: datetimes. placeholders: minutes after midnight that stand for no hour.
    """
    minutes = (occurred - occurred.dt.normalize()) / pd.Timedelta(minutes=1)
    uncertain = minutes.isin(placeholders)
    end: pd.Series = (occurred.dt.normalize() + pd.Timedelta(hours=24)).where(uncertain)
    return end


def whole(counts: Array) -> Array:
    """Fractions to whole counts with the same (rounded) sum: the largest remainders are rounded up."""
    values = np.asarray(counts, float)
    down = np.floor(values + 1e-9)
    missing = round(float(values.sum())) - int(down.sum())
    order = np.argsort(down - values, kind="stable")
    down[order[: max(missing, 0)]] += 1.0
    return down


def _microseconds(moments: pd.Series) -> np.ndarray:
    return np.asarray(pd.DatetimeIndex(moments).as_unit("us").asi8)


def _of_week(slot: np.ndarray) -> np.ndarray:
    return np.asarray((slot + 24 * _FIRST_WEEKDAY) % _WEEK)
