"""Every tactic × jurisdiction, and each deployment: what was counted since it began, against before.

This is arithmetic, not an effect: what changed where a tactic works may have other causes. Whether
the tactic did it is for the evaluations, to which each row links by ``deployment_id``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.evidence import Interval, RefusedError, percent_from_ratio
from analysis.progress.compare import Comparison, compare
from analysis.progress.dispersion import baseline_dispersion
from analysis.progress.inputs import clean_counts
from analysis.progress.multiplicity import declare
from analysis.progress.verdict import MIN_EXPECTED, MIN_FOR_PERCENT, SURE_OF_DIRECTION, change_words, number
from analysis.progress.windows import (
    incomplete_months,
    last_complete_month,
    match_windows,
    month,
    month_words,
    span_words,
)

#: Months before a start that it is compared with, when nothing else is asked.
BEFORE: Final = 36
_NONE: Final = Interval(math.nan, math.nan, math.nan)


class Direction(StrEnum):
    """What counts since a start say, without a goal and without a cause."""

    FEWER = "Fewer events"
    MORE = "More events"
    EARLY = "Too early to tell"
    FEW = "Too few events"
    NOT_STARTED = "Not started"
    NO_DATA = "No figures"


@dataclass(frozen=True, slots=True)
class Since:
    """Counts since a start against the same calendar months before it.

    Attributes:
        start: first month that counts. months: complete months since then.
        events: events in them. before: events they would hold at the pace before the start.
        before_events: events in the months before that they are compared with.
        rate_ratio, change, percent: intervals; percent is NaN below 30 events before.
        p_value: of no change. verdict: see :class:`Direction`.
        windows: what is compared, in words. sentence: the finding in words.
    """

    start: pd.Period
    months: int
    events: float
    before: float
    before_events: float
    rate_ratio: Interval
    change: Interval
    percent: Interval
    p_value: float
    verdict: Direction
    windows: str
    sentence: str


def direction(found: Comparison) -> Direction:
    """The word, by the rules of a goal's verdict: ten events expected, 0.985, and the interval."""
    if not len(found.windows.now):
        return Direction.EARLY
    if found.expected < MIN_EXPECTED:
        return Direction.FEW
    p = found.probability_at_most(1.0)
    if p >= SURE_OF_DIRECTION and found.rate_ratio.upper < 1:
        return Direction.FEWER
    if 1 - p >= SURE_OF_DIRECTION and found.rate_ratio.lower > 1:
        return Direction.MORE
    return Direction.EARLY


def since_start(
    counts: pd.Series[float],
    start: Any,
    as_of: Any,
    *,
    end: Any = None,
    before: int = BEFORE,
    completeness: pd.Series[float] | None = None,
    level: float = 0.95,
) -> Since:
    """Compare the months since a start with the same calendar months of the years before it.

    Args:
        counts: monthly counts where the deployment works; NaN or absent is not reported.
        start: first month; ``end``: last month, for a deployment that is over.
        as_of: last month that is over, or a date.
        before: months before the start, at least 12.
        completeness: as for :func:`analysis.progress.assess.assess`.
        level: coverage of the intervals.

    Raises:
        RefusedError: fewer than 12 of the months before the start are reported, or ``end`` lies
            before ``start``.
    """
    series = clean_counts(counts)
    first = month(start, "The start of a deployment")
    last = last_complete_month(as_of)
    if end is not None:
        stop = month(end, "The end of a deployment")
        if stop < first:
            raise RefusedError(f"The deployment ends ({stop}) before it starts ({first}).")
        last = min(last, stop)
    if before < 12:
        raise RefusedError(f"A start is compared with at least 12 months before it, not {before}.")
    reported = series[series.index <= last]
    baseline = pd.period_range(first - before, first - 1, freq="M")
    known = reported.dropna()
    known = known[~known.index.isin(list(incomplete_months(reported, completeness)))]
    there = int(np.asarray(baseline.isin(known.index)).sum())
    if there < 12:
        raise RefusedError(
            f"Only {there} of the {before} months before {month_words(first)} are reported; at least 12 are "
            "needed to compare what came after with."
        )
    now = pd.period_range(first, last, freq="M")
    windows = match_windows(reported, baseline, now, completeness=completeness)
    found = compare(known, windows, baseline_dispersion(known.reindex(baseline)), level)
    percent = percent_from_ratio(found.rate_ratio) if found.baseline_events >= MIN_FOR_PERCENT else _NONE
    word = direction(found)
    return Since(
        first, len(windows.now), found.events, found.expected, found.baseline_events, found.rate_ratio,
        found.events_change, percent, found.p_value, word, windows.words, _since_words(found, word),
    )  # fmt: skip


def _since_words(found: Comparison, word: Direction) -> str:
    if not len(found.windows.now):
        return "No complete month since the start can be compared yet."
    span = span_words(found.windows.now)
    if found.expected == 0:
        return f"{number(found.events)} events in {span}; none in the same months before."
    told = (
        f"{number(found.events)} events in {span}, {change_words(found.events_change)} than the pace before "
        f"gives ({number(found.expected)})."
    )
    if word is Direction.FEW:
        return f"{told} Fewer than {MIN_EXPECTED:.0f} events are expected: too few to judge."
    return told


#: Columns of the grid.
GRID_COLUMNS: Final = (
    "tactic", "jurisdiction", "deployment_id", "area_id", "status", "start", "months", "events", "before",
    "change", "change_lower", "change_upper", "percent", "percent_lower", "percent_upper", "p_value",
    "q_value", "verdict", "clear", "of_comparisons", "sentence",
)  # fmt: skip


def tactic_grid(
    deployments: pd.DataFrame,
    series: Mapping[str, pd.Series[float] | str],
    as_of: Any,
    *,
    tactics: Sequence[str],
    jurisdictions: Sequence[str],
    before: int = BEFORE,
    completeness: Mapping[str, pd.Series[float]] | None = None,
) -> pd.DataFrame:
    """The grid: one row for each deployment, and one for each tactic × jurisdiction without any.

    Args:
        deployments: deployment_id, tactic, jurisdiction, area_id, start, end, status.
        series: deployment_id → counts where it works, or why there are none (in words).
        as_of: last month that is over.
        tactics, jurisdictions: the grid's sides, in the order shown.
        before: months before each start.
        completeness: deployment_id → share of each month that is there so far.

    Returns:
        :data:`GRID_COLUMNS`, in the order of tactics and jurisdictions. ``q_value`` is adjusted over
        all comparisons of the grid (Benjamini–Hochberg); ``clear`` says whether a direction stands
        at 10 %, ``of_comparisons`` among how many.
    """
    rows = []
    for tactic in tactics:
        for jurisdiction in jurisdictions:
            here = deployments[
                (deployments["tactic"] == tactic) & (deployments["jurisdiction"] == jurisdiction)
            ]
            if here.empty:
                rows.append(_blank(tactic, jurisdiction, Direction.NOT_STARTED, "No deployment is planned."))
            for record in here.to_dict("records"):
                row = {str(k): v for k, v in record.items()}
                rows.append(_grid_row(row, series, as_of, before, completeness or {}))
    table = pd.DataFrame(rows).reindex(columns=list(GRID_COLUMNS))
    found = declare(table["p_value"].to_numpy(float), np.zeros(len(table), bool))
    table["q_value"], table["of_comparisons"] = (
        found["q_value"].to_numpy(),
        found["of_comparisons"].to_numpy(),
    )
    told = table["verdict"].isin([Direction.FEWER, Direction.MORE])
    table["clear"] = told.to_numpy() & found["clear"].to_numpy()
    return table


def _grid_row(
    row: Mapping[str, Any],
    series: Mapping[str, pd.Series[float] | str],
    as_of: Any,
    before: int,
    completeness: Mapping[str, pd.Series[float]],
) -> dict[str, Any]:
    key = str(row["deployment_id"])
    start = month(row["start"], f"The start of {key}")
    blank = _blank(str(row["tactic"]), str(row["jurisdiction"]), Direction.NO_DATA, "")
    blank |= {"deployment_id": key, "area_id": row.get("area_id"), "status": row["status"], "start": start}
    if row["status"] == "planned" or start > last_complete_month(as_of):
        return blank | {"verdict": Direction.NOT_STARTED, "sentence": f"To start in {month_words(start)}."}
    counts = series.get(key, "There are no counts for it.")
    if isinstance(counts, str):
        return blank | {"sentence": counts}
    end = row.get("end")
    try:
        found = since_start(
            counts, start, as_of, before=before, completeness=completeness.get(key),
            end=end if isinstance(end, str) and end else None,
        )  # fmt: skip
    except RefusedError as error:
        return blank | {"sentence": str(error)}
    return blank | {
        "months": found.months, "events": found.events, "before": found.before,
        "change": found.change.estimate, "change_lower": found.change.lower,
        "change_upper": found.change.upper,
        "percent": found.percent.estimate, "percent_lower": found.percent.lower,
        "percent_upper": found.percent.upper,
        "p_value": found.p_value if found.before >= MIN_EXPECTED else math.nan,
        "verdict": found.verdict, "sentence": found.sentence,
    }  # fmt: skip


def _blank(tactic: str, jurisdiction: str, verdict: Direction, sentence: str) -> dict[str, Any]:
    numbers = dict.fromkeys(GRID_COLUMNS[6:17], math.nan)
    return {
        **numbers, "tactic": tactic, "jurisdiction": jurisdiction, "deployment_id": "", "area_id": None,
        "status": "", "start": pd.NaT, "months": 0, "verdict": verdict, "sentence": sentence,
    }  # fmt: skip
