"""Which months are compared with which: like with like, never overlapping, never half known.

A city once had to retract a published figure because its two windows overlapped. Every comparison
of this package is made by :func:`match_windows`, and it puts itself into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evidence import RefusedError

#: A month that holds less than this share of what it will hold is left out of verdicts.
COMPLETE = 0.95

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Windows:
    """Two sets of months that may be compared.

    Attributes:
        now: months of the current window that are used.
        baseline: months of the baseline that are used.
        weights: one weight for each baseline month; ``sum(weights * baseline counts)`` is what the
            current window would hold at the baseline's pace.
        left_out: each month left out, with the reason, in order.
        words: the comparison in one phrase.
    """

    now: pd.PeriodIndex
    baseline: pd.PeriodIndex
    weights: NDArray[np.float64]
    left_out: tuple[tuple[pd.Period, str], ...]
    words: str


def month(value: Any, what: str = "A month") -> pd.Period:
    """Read ``"2025-01"``, a date or a Period as a month; RefusedError says what was wrong."""
    try:
        period = pd.Period(value, freq="M")
    except (ValueError, TypeError) as error:
        raise RefusedError(f"{what} is written like 2025-01; “{value}” is not a month.") from error
    if not isinstance(period, pd.Period):  # NaT
        raise RefusedError(f"{what} is missing.")
    return period


def last_complete_month(as_of: Any) -> pd.Period:
    """The last month that was over on ``as_of``.

    A month (``"2026-09"`` or a monthly Period) counts as over; of a date (``"2026-09-15"``) only
    the months before its own are, unless it is the last day of its month.
    """
    if isinstance(as_of, pd.Period) and as_of.freqstr.startswith("M"):
        return as_of
    if isinstance(as_of, str) and len(as_of.strip()) <= 7:
        return month(as_of.strip(), "The day of the assessment")
    try:
        day = pd.Timestamp(as_of)
    except (ValueError, TypeError) as error:
        raise RefusedError(f"“{as_of}” is neither a month like 2026-09 nor a date.") from error
    period = month(day, "The day of the assessment")
    return period if day.is_month_end else period - 1


def month_range(first: Any, last: Any, what: str) -> pd.PeriodIndex:
    """All months from ``first`` to ``last``; RefusedError when they are in the wrong order."""
    a, b = month(first, f"{what}’s first month"), month(last, f"{what}’s last month")
    if b < a:
        raise RefusedError(f"{what} ends ({b}) before it begins ({a}).")
    return pd.period_range(a, b, freq="M")


def refuse_overlap(baseline: pd.PeriodIndex, now: pd.PeriodIndex) -> None:
    """Refuse two windows that share a month, or a baseline that lies after the other window."""
    shared = baseline.intersection(now)
    if len(shared):
        raise RefusedError(
            f"The two windows overlap in {span_words(pd.PeriodIndex(shared))}. A month compared with itself "
            "hides change: end the baseline before the other window begins."
        )
    if len(baseline) and len(now) and baseline.max() > now.min():
        raise RefusedError(
            f"The baseline ({span_words(baseline)}) does not lie before the window it is compared with "
            f"({span_words(now)})."
        )


def match_windows(
    counts: pd.Series[float],
    baseline: pd.PeriodIndex,
    now: pd.PeriodIndex,
    exposure: pd.Series[float] | None = None,
    completeness: pd.Series[float] | None = None,
) -> Windows:
    """Match each current month with the same calendar month of the baseline years.

    Args:
        counts: monthly counts; NaN or absent is a month that was not (completely) reported.
        baseline, now: the months wanted on either side.
        exposure: people at risk in each month (same index), or None to compare counts.
        completeness: share of its final count that a month holds so far; months below 0.95 are left
            out like missing ones, a month without a value is taken as complete.

    A month that is missing now is dropped on both sides: its calendar month counts one time less.
    A month missing in the baseline is made up for by the other baseline years of the same calendar
    month (the mean over the years that reported it); when no baseline year reported a calendar
    month, that calendar month is dropped on both sides. Every month left out is named.

    Raises:
        RefusedError: the windows overlap or are in the wrong order.
    """
    refuse_overlap(baseline, now)
    partly = incomplete_months(counts, completeness)
    known = counts.index[counts.notna().to_numpy()]
    known = known[~known.isin(list(partly))]
    left_out: list[tuple[pd.Period, str]] = []

    base_known = baseline[baseline.isin(known)]
    for period in baseline[~baseline.isin(known)]:
        left_out.append((period, f"{_unreported(period, partly)}; the other baseline years stand for it"))
    now_known = now[now.isin(known)]
    for period in now[~now.isin(known)]:
        left_out.append((period, f"{_unreported(period, partly)}; left out of both sides"))

    comparable = now_known.month.isin(base_known.month)
    for period in now_known[~comparable]:
        left_out.append((period, "no baseline year reported this calendar month; left out of both sides"))
    now_used = now_known[comparable]
    base_used = base_known[base_known.month.isin(now_used.month)]

    size_now = _sizes(now_used, exposure)
    size_base = _sizes(base_used, exposure)
    now_by = np.bincount(now_used.month, weights=size_now, minlength=13)
    base_by = np.bincount(base_used.month, weights=size_base, minlength=13)
    # Each baseline month stands for its share of the exposure of its calendar month.
    weights = now_by[base_used.month] / np.where(base_by > 0, base_by, 1.0)[base_used.month]
    left_out.sort(key=lambda pair: pair[0])
    return Windows(now_used, base_used, weights, tuple(left_out), _words(now_used, base_used))


def incomplete_months(
    counts: pd.Series[float], completeness: pd.Series[float] | None
) -> dict[pd.Period, float]:
    """Reported months that hold less than 95 % of what they will hold: month → share."""
    if completeness is None:
        return {}
    share = completeness.reindex(counts.index)
    thin = counts.notna().to_numpy() & (share.to_numpy(float) < COMPLETE)
    return {period: float(share[period]) for period in counts.index[thin]}


def _unreported(period: pd.Period, partly: dict[pd.Period, float]) -> str:
    if period in partly:
        return f"reports are still coming in, about {100 * partly[period]:.0f} % are there so far"
    return "not completely reported"


def _sizes(months: pd.PeriodIndex, exposure: pd.Series[float] | None) -> NDArray[np.float64]:
    if exposure is None:
        return np.ones(len(months), np.float64)
    return np.asarray(exposure.reindex(months), np.float64)


def _words(now: pd.PeriodIndex, baseline: pd.PeriodIndex) -> str:
    if not len(now):
        return "no month can be compared yet"
    same = "the same months of " if len(now) < 12 else ""
    years = _year_words(baseline) if len(now) < 12 else span_words(baseline)
    return f"{span_words(now)} against {same}{years}"


def _year_words(months: pd.PeriodIndex) -> str:
    years = sorted(set(months.year))
    if len(years) > 1 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]}–{years[-1]}"
    return ", ".join(str(y) for y in years)


def month_words(period: pd.Period) -> str:
    """``January 2025``."""
    return f"{_MONTHS[period.month - 1]} {period.year}"


def span_words(months: pd.PeriodIndex) -> str:
    """``January 2025 to September 2026 (21 months)``; holes are named by their number."""
    if len(months) == 0:
        return "no month"
    first, last = months.min(), months.max()
    if first == last:
        return month_words(first)
    whole = (last - first).n + 1
    holes = f" of {whole}" if whole != len(months) else ""
    return f"{month_words(first)} to {month_words(last)} ({len(months)}{holes} months)"


def left_out_words(left_out: tuple[tuple[pd.Period, str], ...]) -> tuple[str, ...]:
    """One sentence for each reason, naming its months."""
    reasons: dict[str, list[pd.Period]] = {}
    for period, reason in left_out:
        reasons.setdefault(reason, []).append(period)
    return tuple(f"{', '.join(_runs(periods))}: {reason}." for reason, periods in reasons.items())


def _runs(periods: list[pd.Period]) -> list[str]:
    """Months in words, three or more in a row as a span."""
    runs: list[list[pd.Period]] = []
    for period in sorted(set(periods)):
        if runs and period == runs[-1][-1] + 1:
            runs[-1].append(period)
        else:
            runs.append([period])
    words: list[str] = []
    for run in runs:
        if len(run) > 2:
            words.append(f"{month_words(run[0])} to {month_words(run[-1])}")
        else:
            words.extend(month_words(p) for p in run)
    return words
