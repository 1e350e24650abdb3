"""Reports that come late: how complete a month is by its age, and what it may grow to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.evidence import RefusedError
from analysis.progress.prediction import remaining_events
from analysis.progress.windows import COMPLETE, month_words

#: Ages beyond this are taken as complete, in months.
MAX_AGE = 12


@dataclass(frozen=True, slots=True)
class ChainLadder:
    """Completeness of each period, from how earlier periods grew with age.

    Attributes:
        factors: growth from each age to the next (length: ages − 1).
        latest: newest known cumulative count of each period.
        ultimate: what each period is expected to grow to.
        completeness: latest over ultimate; 1 for a period whose ultimate is zero.
    """

    factors: NDArray[np.float64]
    latest: NDArray[np.float64]
    ultimate: NDArray[np.float64]
    completeness: NDArray[np.float64]


def chain_ladder(cumulative: ArrayLike) -> ChainLadder:
    """Chain-ladder completeness (volume-weighted development factors).

    Args:
        cumulative: periods × ages; NaN where an age has not been reached yet. Row i holds what was
            known of period i at age 0, 1, 2, …

    Returns:
        A :class:`ChainLadder`. A factor whose denominator is zero, or that no period has seen, is 1.
    """
    table = np.asarray(cumulative, float)
    if table.ndim != 2 or table.shape[1] < 1:
        raise ValueError("A chain ladder needs a table of periods by ages.")
    known = np.isfinite(table)
    if not known[:, 0].all():
        raise ValueError("Each period needs at least its first known count.")
    factors, to_come = development(table)
    age = table.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    latest = table[np.arange(len(table)), age]
    ultimate = latest * to_come[age]
    completeness = np.divide(latest, ultimate, out=np.ones_like(latest), where=ultimate > 0)
    return ChainLadder(factors, latest, ultimate, completeness)


def development(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Growth from each age to the next, and from each age to the last (periods × ages, NaN unknown)."""
    both = np.isfinite(table[:, 1:]) & np.isfinite(table[:, :-1])
    newer = np.where(both, table[:, 1:], 0).sum(axis=0)
    older = np.where(both, table[:, :-1], 0).sum(axis=0)
    factors = np.divide(newer, older, out=np.ones_like(newer), where=older > 0)
    # Product of the factors from age j to the last age.
    return factors, np.append(np.cumprod(factors[::-1])[::-1], 1.0)


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete recent months are, learned from how earlier months grew.

    Attributes:
        by_age: age (months between a month and the day it was known), share of the final count that
            is there at that age, and months it was learned from.
        months: share by month, on a monthly PeriodIndex; 1 beyond the last age, NaN when unknown.
        table: month, age, reported, share, complete (at least 95 %), nowcast, lower, upper; the
            nowcast is what the month may come to hold, with a 95 % band.
        known: whether anything could be learned.
        sentence: what it means, in plain words.
    """

    by_age: pd.DataFrame = field(repr=False, compare=False)
    months: pd.Series[float] = field(repr=False, compare=False)
    table: pd.DataFrame = field(repr=False, compare=False)
    known: bool
    sentence: str


def completeness_by_age(
    vintages: pd.DataFrame, *, max_age: int = MAX_AGE, dispersion: float = 1.0, level: float = 0.95
) -> Completeness:
    """Completeness by age of month, from what was known of each month on several days.

    Args:
        vintages: columns ``month`` (monthly Period), ``vintage`` (ISO date or Timestamp) and
            ``count``; one row for each month and day on which it was known.
        max_age: months after which nothing is expected to be added.
        dispersion: variance over mean of monthly counts, for the nowcast's band.
        level: coverage of that band.

    Between two vintages that are more than a month apart the growth is spread evenly (by the same
    factor each month). Shares above 1 (reports taken back) count as complete. With one vintage, or
    without a month seen at two ages, nothing can be learned, and that is said.

    Raises:
        RefusedError: a column is missing, or a count is negative.
    """
    missing = {"month", "vintage", "count"} - set(vintages.columns)
    if missing:
        raise RefusedError(f"Completeness needs the columns month, vintage and count; {missing} lacks.")
    rows = vintages.dropna(subset=["count"])
    if (rows["count"] < 0).any():
        wrong = rows[rows["count"] < 0].iloc[0]
        raise RefusedError(f"{wrong['month']} holds {wrong['count']:g} events. A count is zero or more.")
    if rows.empty:
        return _nothing_learned(rows, "No month is stored.")
    months = pd.PeriodIndex(rows["month"], freq="M")
    days = pd.DatetimeIndex(pd.to_datetime(rows["vintage"]))
    age = (days.year - months.year) * 12 + days.month - months.month
    long = pd.DataFrame(
        {"month": months, "age": np.asarray(age), "day": days, "count": rows["count"].to_numpy(float)}
    )
    long = long[long["age"] >= 0].sort_values("day").drop_duplicates(["month", "age"], keep="last")
    if long.empty:
        return _nothing_learned(rows, "No month is stored.")
    newest = long.groupby("month").tail(1).set_index("month").sort_index()
    wide = long[long["age"] <= max_age].pivot_table(
        index="month", columns="age", values="count", aggfunc="last"
    )
    wide = wide.reindex(columns=range(max_age + 1))
    filled = np.array([_spread(row) for row in wide.to_numpy(float)]).reshape(-1, max_age + 1)
    seen = (np.isfinite(filled[:, 1:]) & np.isfinite(filled[:, :-1])).sum(axis=0)
    if not seen.any():
        return _nothing_learned(newest.reset_index(), "Only one state of each month is stored.")
    _, to_come = development(filled)
    share = 1 / np.maximum(to_come, 1e-12)
    # Before the youngest age that was ever followed, nothing is known.
    share[: int(np.argmax(seen > 0))] = math.nan
    by_age = pd.DataFrame({"age": range(max_age + 1), "share": share, "months": np.append(seen, seen[-1])})
    at = newest["age"].to_numpy(int)
    now = np.where(at > max_age, 1.0, share[np.minimum(at, max_age)])
    table = _nowcast(newest, now, dispersion, level)
    clear = pd.Series(now, index=pd.PeriodIndex(newest.index, freq="M"), name="completeness")
    return Completeness(by_age, clear, table, True, _complete_words(table))


def _spread(row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill the ages between two known ones, growing by the same factor each month."""
    at = np.flatnonzero(np.isfinite(row))
    if len(at) < 2:
        return row
    inside = np.arange(at[0], at[-1] + 1)
    out = row.copy()
    out[inside] = np.expm1(np.interp(inside, at, np.log1p(row[at])))
    out[at] = row[at]
    return out


def _nowcast(
    newest: pd.DataFrame, share: NDArray[np.float64], dispersion: float, level: float
) -> pd.DataFrame:
    reported = newest["count"].to_numpy(float)
    middle, low, high = (np.full(len(reported), math.nan) for _ in range(3))
    tail = (1 - level) / 2
    for i, (count, part) in enumerate(zip(reported, share, strict=True)):
        if not math.isfinite(part):
            continue
        part = min(part, 1.0)
        rest = remaining_events(count, part, 1 - part, dispersion)
        middle[i] = count + rest.mean
        low[i], high[i] = count + rest.quantile(tail), count + rest.quantile(1 - tail)
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(newest.index, freq="M"),
            "age": newest["age"].to_numpy(int),
            "reported": reported,
            "share": share,
            "complete": ~(share < COMPLETE),
            "nowcast": middle,
            "lower": low,
            "upper": high,
        }
    )


def _nothing_learned(rows: pd.DataFrame, why: str) -> Completeness:
    index = pd.PeriodIndex(rows["month"], freq="M") if len(rows) else pd.PeriodIndex([], freq="M")
    table = pd.DataFrame(
        columns=["month", "age", "reported", "share", "complete", "nowcast", "lower", "upper"]
    )
    return Completeness(
        pd.DataFrame({"age": [], "share": [], "months": []}),
        pd.Series(math.nan, index=index.unique(), name="completeness", dtype=float),
        table,
        False,
        f"{why} How reports grow with age cannot be learned from it, so no month is left out for it.",
    )


def _complete_words(table: pd.DataFrame) -> str:
    thin = table[~table["complete"].astype(bool)]
    if thin.empty:
        return "Every month holds at least 95 % of what it is expected to hold."
    words = [
        f"{month_words(m)} (about {100 * s:.0f} %)" for m, s in zip(thin["month"], thin["share"], strict=True)
    ]
    return (
        "Reports are still coming in for " + ", ".join(words) + ". These months are shown in gray and left "
        "out of verdicts; the band around them is a nowcast, an estimate of what they may come to hold."
    )
