"""Monitoring charts as tables and sentences, with alarms held to a stated false-alarm rate.

Each chart answers "is this month (gap, place, year) out of the ordinary?". The limits are
predictive: they know that the centre line is itself an estimate, so the stated rate holds for new
months. ``false_alarm`` is the chance of at least one alarm among all points judged when nothing
has changed; it is divided over them (Šidák). Laney's widening (2002), Nelson's days-between chart
(1994) and the exact Poisson limits stay in :mod:`analysis.progress.monitoring`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.evidence import RefusedError
from analysis.progress.dispersion import THRESHOLD, baseline_dispersion
from analysis.progress.glide_path import baseline_pace, smooth_season
from analysis.progress.inputs import clean_counts
from analysis.progress.monitoring import exact_limits, run_lengths
from analysis.progress.verdict import number
from analysis.progress.windows import last_complete_month, month_words, span_words

#: Chance of any alarm among the points judged, when nothing has changed.
FALSE_ALARM: Final = 0.05
#: Fewer events a month than this: days between events are charted instead of counts.
RARE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as data.

    Attributes:
        kind: ``"count"``, ``"rate"``, ``"days_between"``, ``"funnel"``, ``"fan"`` or ``"seasonal"``.
        table: what is drawn; one row a point.
        alarms: the rows that lie outside, in the same columns.
        false_alarm: chance of at least one alarm when nothing has changed; NaN for charts without.
        sentence: the finding. note: how the limits were made, in words.
    """

    kind: str
    table: pd.DataFrame = field(repr=False, compare=False)
    alarms: pd.DataFrame = field(repr=False, compare=False)
    false_alarm: float
    sentence: str
    note: str


def day_words(day: pd.Timestamp) -> str:
    """``4 March 2026``."""
    return f"{day.day} {month_words(day.to_period('M'))}"


def tail_of(false_alarm: float, points: int) -> float:
    """Probability beyond each of two limits, so that ``points`` of them hold the rate together."""
    if not 0 < false_alarm < 1:
        raise RefusedError(f"A false-alarm rate lies between 0 and 1, not {false_alarm:g}.")
    return float((1 - (1 - false_alarm) ** (1 / max(points, 1))) / 2)


def count_chart(
    counts: pd.Series[float],
    baseline: pd.PeriodIndex,
    as_of: Any,
    *,
    points: int = 12,
    false_alarm: float = FALSE_ALARM,
    population: pd.Series[float] | None = None,
) -> Chart:
    """Monthly counts against what the baseline makes likely (c chart; u chart with a population).

    Args:
        counts: monthly counts. baseline: months the centre is learned from; at least 12 reported.
        as_of: last month that is over. points: newest months that are judged.
        false_alarm: chance of any alarm among them when nothing has changed.
        population: people by month; the limits are then those of a rate.

    The centre is the baseline's level times a smooth season. The limits are quantiles of the
    predictive distribution (gamma–Poisson); when the baseline is over-dispersed (above 1.2, as
    Laney's sigma z would show) its variance is multiplied by the dispersion. Table: month, count,
    center, lower, upper, judged, alarm ("", "low", "high"), run (months in a row on one side).
    """
    series = clean_counts(counts)
    last = last_complete_month(as_of)
    base = series.reindex(baseline).dropna()
    if len(base) < 12:
        raise RefusedError(
            f"Only {len(base)} months of {span_words(baseline)} are reported; a chart needs at least 12."
        )
    shown = pd.period_range(baseline[0], max(last, baseline[-1]), freq="M")
    judged = pd.PeriodIndex(shown[(shown > baseline[-1]) & (shown <= last)][-points:])
    size = None if population is None else population.reindex(shown)
    if size is not None and (size.isna().any() or (size <= 0).any()):
        missing = month_words(shown[(size.isna() | (size <= 0)).to_numpy()][0])
        raise RefusedError(f"The population of {missing} is not known: chart counts, or add it.")
    pace = baseline_pace(series, baseline, pd.period_range("2001-01", periods=12, freq="M"), None)
    season = smooth_season(pace, np.arange(1, 13))[shown.month.to_numpy() - 1]
    exposure = season * (1.0 if size is None else size.to_numpy(float) / float(size.mean()))
    at = np.asarray(shown.isin(base.index))
    events, seen = float(base.sum()), float(exposure[at].sum())
    spread = baseline_dispersion(base, None if size is None else size.reindex(base.index))
    phi = spread.value if spread.value > THRESHOLD else 1.0
    center = events / seen * exposure
    tail = tail_of(false_alarm, len(judged))
    lower, upper = _predictive_limits(events, seen, exposure, phi, tail, spread.freedom)
    values = series.reindex(shown).to_numpy(float)
    here = np.asarray(shown.isin(judged)) & np.isfinite(values)
    alarm = np.where(here & (values < lower), "low", np.where(here & (values > upper), "high", ""))
    above = np.where(np.isfinite(values), values - center, 0.0)
    table = pd.DataFrame(
        {
            "month": shown, "count": values, "center": center, "lower": lower, "upper": upper,
            "judged": here, "alarm": alarm, "run": run_lengths(above, 0.0),
        }
    )  # fmt: skip
    if size is not None:
        table["rate"] = 1.2e6 * table["count"] / size.to_numpy(float)
        for name in ("center", "lower", "upper"):
            table[f"rate_{name}"] = 1.2e6 * table[name] / size.to_numpy(float)
    note = (
        f"The center is the level of {span_words(baseline)} with the time of year. When nothing has "
        f"changed, the chance of any alarm among the {len(judged)} months judged is at most "
        f"{100 * false_alarm:g} %."
        + (
            f" Months scatter {phi:.1f} times as much as chance; the limits are that much wider."
            if phi > 1
            else ""
        )
    )
    return Chart(
        "count" if size is None else "rate", table, table[table["alarm"] != ""], false_alarm,
        _alarm_words(table, judged), note,
    )  # fmt: skip


def _predictive_limits(
    events: float, seen: float, exposure: NDArray[np.float64], phi: float, tail: float, freedom: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts that a new month falls below (above) with probability ``tail`` at most."""
    mean = (events + 0.5) / seen * exposure
    # A dispersion learned from few months may be too small: widen by its own t over the normal.
    widen = 1.0
    if phi > 1 and math.isfinite(freedom):
        widen = float((stats.t.isf(tail, freedom) / stats.norm.isf(tail)) ** 2)
    variance = phi * widen * mean * (1 + exposure / seen)
    spread = np.maximum(variance - mean, 1e-12)
    size = mean**2 / spread
    p = size / (size + mean)
    low = np.asarray(stats.nbinom.ppf(tail, size, p), float)
    return low, np.asarray(stats.nbinom.isf(tail, size, p), float)


def _alarm_words(table: pd.DataFrame, judged: pd.PeriodIndex) -> str:
    if not len(judged):
        return "No month after the baseline is reported yet."
    found = table[table["alarm"] != ""]
    if found.empty:
        return f"No month of {span_words(judged)} lies outside what the baseline makes likely."
    words = []
    for row in found.to_dict("records"):
        high = row["alarm"] == "high"
        limit = number(row["upper"] if high else row["lower"])
        words.append(
            f"{month_words(row['month'])} ({number(row['count'])}, {'more' if high else 'fewer'} than the "
            f"{limit} that is still likely)"
        )
    return "Outside what the baseline makes likely: " + "; ".join(words) + "."


def days_between_chart(
    days: Sequence[Any] | pd.DatetimeIndex,
    baseline_end: Any,
    as_of: Any,
    *,
    points: int = 12,
    false_alarm: float = FALSE_ALARM,
    together: int = 4,
) -> Chart:
    """Days between rare events (g/t chart), with limits that know how little is known.

    Args:
        days: dates of the events, in any order. baseline_end: last day the usual pace is learned
            from (at least 5 events). as_of: last day that is over.
        points: newest gaps that are judged. false_alarm: as in :func:`count_chart`.
        together: events in quick succession that count as a cluster.

    With n events in the T days after the first one of the baseline, a new gap exceeds g days with probability
    ``(T / (T + g))**n``, the exact predictive tail of a Poisson process. A long gap (also the one
    still running) is an alarm of fewer events. One short gap says nothing; ``together`` gaps added
    up do, and their sum over T is beta-prime distributed. Table: date, days, upper, span (days over
    the last ``together`` gaps), span_lower, judged, alarm ("", "long", "cluster").
    """
    when = pd.DatetimeIndex(pd.to_datetime(list(days))).sort_values()
    split, today = pd.Timestamp(baseline_end), pd.Timestamp(as_of)
    when = when[when <= today]
    before = when[when <= split]
    if len(before) < 5:
        raise RefusedError(
            f"Only {len(before)} events happened up to {day_words(split)}; at least 5 are needed to know how "
            "many days usually pass between two."
        )
    gaps = np.diff(when.to_numpy()).astype("timedelta64[D]").astype(float)
    n, total = len(before) - 1, float((split - before[0]).days)
    if before[-1] == before[0]:
        raise RefusedError("All events of the baseline lie on one day: days between them say nothing.")
    running = float((today - when[-1]).days)
    dates = [*when[1:], today]
    values = np.append(gaps, running)
    closed = np.append(np.ones(len(gaps), bool), False)
    after = np.asarray(pd.DatetimeIndex(dates) > split)
    judged = after & (np.cumsum(after[::-1])[::-1] <= points)
    each = tail_of(false_alarm, int(judged.sum()))
    upper = total * (each ** (-1 / n) - 1)
    span = np.full(len(values), math.nan)
    for i in range(together - 1, len(gaps)):
        span[i] = gaps[i - together + 1 : i + 1].sum()
    # Spans that reach back into the baseline are not new; only whole new ones are judged.
    fresh = np.cumsum(after) >= together
    lower = total * float(stats.betaprime.ppf(each, together, n))
    # A gap that was already running at the split is longer than most: only what came after counts.
    since = np.minimum(values, [(day - split).days for day in dates])
    long = judged & (since > upper)
    cluster = judged & closed & fresh & (span < lower)
    table = pd.DataFrame(
        {
            "date": pd.DatetimeIndex(dates), "days": values, "closed": closed, "upper": upper, "span": span,
            "span_lower": lower, "judged": judged,
            "alarm": np.where(long, "long", np.where(cluster, "cluster", "")),
        }
    )  # fmt: skip
    usual = total / n
    found = table[table["alarm"] != ""]
    if found.empty:
        words = f"No gap is out of the ordinary; usually about {number(usual)} days pass between two events."
    else:
        told = [
            f"{number(r['days'])} days without an event up to {day_words(r['date'])}"
            if r["alarm"] == "long"
            else f"{together + 1} events within {number(r['span'])} days up to {day_words(r['date'])}"
            for r in found.to_dict("records")
        ]
        words = (
            f"Out of the ordinary: {'; '.join(told)}. Usually about {number(usual)} days pass between two."
        )
    note = (
        f"Learned from {n + 1} events over {number(total)} days. When nothing has changed, the chance of "
        f"any alarm among the points judged is at most {100 * false_alarm:g} %."
    )
    return Chart("days_between", table, found, false_alarm, words, note)


def funnel(
    places: Sequence[str],
    events: ArrayLike,
    expected: ArrayLike,
    *,
    dispersion: float = 1.0,
    false_alarm: float = FALSE_ALARM,
) -> Chart:
    """Places beside each other: events over expected, with limits that widen as places get smaller.

    Args:
        places: names, in the order shown; no order is made. events: counts. expected: what each would
            hold at the common rate (or its own baseline's pace times the common change).
        dispersion: variance over mean. false_alarm: chance of any place outside when none differs.

    Table: place, events, expected, ratio (over the common ratio), lower, upper (limits of the ratio
    at this size), lower_95, upper_95 (for one place alone), outside ("", "low", "high").
    """
    x, e = np.asarray(events, float), np.asarray(expected, float)
    known = np.isfinite(x) & (e > 0)
    if known.sum() < 2:
        raise RefusedError("A funnel needs at least two places with an expected number of events.")
    common = float(x[known].sum() / e[known].sum())
    mean = np.where(known, np.maximum(common * e, 1e-9), 1.0)
    limits = {}
    for name, tail in (("", tail_of(false_alarm, int(known.sum()))), ("_95", 0.025)):
        if dispersion > 1:
            low, high = (
                stats.nbinom.ppf(q, mean / (dispersion - 1), 1 / dispersion) for q in (tail, 1 - tail)
            )
        else:
            low, high = exact_limits(mean, tail)
        limits[f"lower{name}"], limits[f"upper{name}"] = (
            np.where(known, v / mean, math.nan) for v in (low, high)
        )
    ratio = np.where(known, x / mean, math.nan)
    outside = np.where(ratio < limits["lower"], "low", np.where(ratio > limits["upper"], "high", ""))
    table = pd.DataFrame(
        {"place": list(places), "events": x, "expected": e, "ratio": ratio, **limits, "outside": outside}
    )
    found = table[table["outside"] != ""]
    if found.empty:
        words = f"The {int(known.sum())} places differ no more than chance allows for their sizes."
    else:
        told = [
            f"{r['place']} ({number(r['events'])} events, {'more' if r['outside'] == 'high' else 'fewer'} "
            "than its size makes likely)"
            for r in found.to_dict("records")
        ]
        words = f"Apart from the others: {'; '.join(told)}."
    note = (
        f"If all places had the same rate, the chance of any of them lying outside is at most "
        f"{100 * false_alarm:g} %. Small places scatter more; the limits widen for them."
    )
    return Chart("funnel", table, found, false_alarm, words, note)
