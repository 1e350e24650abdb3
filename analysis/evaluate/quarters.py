"""How each case was answered at the end of every quarter, with the figures as they are known now.

The goal's own measure alone, asked of every declared evaluation with no month after the end of the quarter,
weighed and graded by the same rules. It shows how an estimate moved as months came in, tells a brief of any
quarter what changed since the one before, and is kept in a release. (What was said at the time, with the
figures known then, is :func:`analysis.evaluate.history`.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from analysis.data import Hub, HubError
from analysis.data.release import Release
from analysis.evaluate.declared import register
from analysis.evaluate.judging import PRIMARY, VERDICT_COLUMNS
from analysis.evaluate.questions import Progress
from analysis.evaluate.stored import QUARTERS as KEPT
from analysis.evaluate.stored import results_for

#: Quarters that are looked back on.
MOST: Final = 12
COLUMNS: Final = (*VERDICT_COLUMNS, "through")
#: Numbers of a case that tell months of it: gone where an audience may not see these months.
_TOLD: Final = (
    "percent", "lower", "upper", "low", "high", "p_value", "q_value", "minimum_detectable_percent",
)  # fmt: skip
_EVENTS: Final = ("events", "events_lower", "events_upper")


def newest_month(hub: Hub) -> pd.Period | None:
    """The newest complete month of any place on the goal's own measure."""
    ends = []
    for place in hub.places():
        try:
            ends.append(hub.series(place, PRIMARY).complete_through)
        except HubError:
            continue
    return max((e for e in ends if e is not None), default=None)


def quarter_ends(hub: Hub) -> list[str]:
    """Last months of the quarters that ended since the first evaluated start, before the newest month."""
    newest = newest_month(hub)
    starts = [q.start for q in register(hub) if q.measure == PRIMARY]
    if newest is None or not starts:
        return []
    first = pd.Period(pd.Period(min(starts), "M").start_time, freq="Q")
    last = pd.Period(newest.start_time, freq="Q")
    ends = [q.asfreq("M", how="end") for q in pd.period_range(first, last, freq="Q")]
    return [str(e) for e in ends if e < newest][-MOST:]


def at_quarter_ends(hub: Hub, *, cache: Path | None = None, progress: Progress | None = None) -> pd.DataFrame:
    """Verdicts at the end of each quarter (``COLUMNS``), the oldest first; read when stored.

    ``progress`` is called with (quarters done, in all, text). Estimated numbers of events are left out:
    their differences from quarter to quarter would come close to counts of three months.
    """
    if isinstance(hub, Release):
        if not hub.holds(KEPT):
            return pd.DataFrame(columns=list(COLUMNS))
        held: pd.DataFrame = hub.answer(KEPT)
        return held.copy()
    ends = quarter_ends(hub)
    parts = []
    for i, end in enumerate(ends):
        if progress:
            progress(i, len(ends), f"as of {end}")
        found = results_for(hub, cache=cache, through=end, measure=PRIMARY).verdicts
        parts.append(found.assign(through=end))
    if progress:
        progress(len(ends), len(ends), "done")
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat([p for p in parts if len(p)], ignore_index=True)
    table[list(_EVENTS)] = float("nan")
    return table[list(COLUMNS)]


def without_numbers(table: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """The table with the numbers of hidden rows gone; what was said in words, and the grade, stay."""
    out = table.copy()
    out.loc[hidden.to_numpy(bool), list(_TOLD)] = float("nan")
    return out


def moved(quarters: pd.DataFrame, now: pd.Series, through: str) -> pd.DataFrame:
    """One case's leading estimate quarter by quarter, the newest answer last.

    Args:
        quarters: of :func:`at_quarter_ends`. now: the case's row of ``Results.verdicts``.
        through: last month of the newest answer ("YYYY-MM").

    Returns:
        through, months (after the start), percent, lower, upper (NaN: no estimate then), leading_method,
        agreement, grade.
    """
    columns = [
        "through", "post_months", "percent", "lower", "upper", "leading_method", "agreement", "grade",
    ]  # fmt: skip
    rows = quarters[quarters["case_id"] == now["case_id"]]
    last = pd.DataFrame([{**{name: now[name] for name in columns if name != "through"}, "through": through}])
    table = pd.concat([rows[columns], last[columns]], ignore_index=True) if len(rows) else last[columns]
    return table.rename(columns={"post_months": "months"}).drop_duplicates("through", keep="last")
