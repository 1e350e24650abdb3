"""Many goals at once: every place, measure and reading in one pass over arrays.

The numbers are those of :func:`analysis.progress.assess.assess`, which is the definition; a test
compares the two for every column. Populations are left to ``assess``: the batch compares counts.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.evidence import Interval, RefusedError
from analysis.progress.assess import thin_baseline_words
from analysis.progress.dispersion import THRESHOLD, dispersions
from analysis.progress.goal import READINGS, Goal
from analysis.progress.inputs import clean_counts
from analysis.progress.targets import monthly_factors
from analysis.progress.verdict import MIN_FOR_PERCENT, decide
from analysis.progress.windows import incomplete_months, last_complete_month

Floats = NDArray[np.float64]

#: Columns of the table, after ``key`` and ``goal`` (the goal's place in the sequence).
COLUMNS: Final = (
    "months",
    "last",
    "events",
    "baseline_events",
    "expected",
    "path_events",
    "rate_ratio",
    "lower",
    "upper",
    "percent",
    "percent_lower",
    "percent_upper",
    "change",
    "change_lower",
    "change_upper",
    "share",
    "share_lower",
    "share_upper",
    "dispersion",
    "p_value",
    "probability_fewer",
    "probability_at_target",
    "probability_third_year",
    "probability_cumulative",
    "probability",
    "pace_needed",
    "verdict",
    "why",
)


def assess_all(
    series: Mapping[Hashable, pd.Series[float]],
    goals: Sequence[Goal],
    as_of: Any,
    completeness: Mapping[Hashable, pd.Series[float]] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Assess every series under every goal (a goal's ``measure`` is not looked at).

    Args:
        series: key, such as ``("stl_city", "homicide")`` → monthly counts.
        goals: readings of the goal.
        as_of: one for all, or a mapping from key.
        completeness: key → share of each month that is there so far.
        level: coverage of the intervals.

    Returns:
        One row for each key and goal: ``key``, ``goal`` and :data:`COLUMNS`. A series that cannot be
        assessed has NaN and the reason in ``why``.

    Raises:
        RefusedError: a series is not one of monthly counts; its key is named.
    """
    keys = list(series)
    if not keys or not goals:
        return pd.DataFrame(columns=["key", "goal", *COLUMNS])
    cleaned = {}
    for key in keys:
        try:
            cleaned[key] = clean_counts(series[key])
        except RefusedError as error:
            raise RefusedError(f"{key}: {error}") from error
    asked = [last_complete_month(as_of[k] if isinstance(as_of, Mapping) else as_of).ordinal for k in keys]
    first = min(g.baseline_months[0].ordinal for g in goals)
    last = max(g.period[-1].ordinal for g in goals)
    table = np.full((len(keys), last - first + 1), math.nan)
    for i, key in enumerate(keys):
        one = cleaned[key]
        partly = incomplete_months(one, completeness.get(key) if completeness else None)
        at = _ordinals(one.index) - first
        values = one.to_numpy(float, copy=True)
        if partly:
            values[one.index.isin(list(partly))] = math.nan
        inside = (at >= 0) & (at < table.shape[1])
        table[i, at[inside]] = values[inside]
    newest = np.array([_newest(cleaned[k], limit) for k, limit in zip(keys, asked, strict=True)])
    names = np.empty(len(keys), dtype=object)
    names[:] = keys
    frames = [
        _one_goal(table, first, np.array(asked), newest, goal, level).assign(key=names, goal=i)
        for i, goal in enumerate(goals)
    ]
    return pd.concat(frames, ignore_index=True)[["key", "goal", *COLUMNS]]


def _ordinals(index: Any) -> NDArray[np.int64]:
    """Months since January 1970, as pandas counts them."""
    return np.asarray(index.asi8, dtype=np.int64)


def _months(ordinals: NDArray[np.int64]) -> pd.PeriodIndex:
    made: Any = pd.PeriodIndex
    return pd.PeriodIndex(made.from_ordinals(ordinals, freq="M"))


def _newest(counts: pd.Series[float], limit: int) -> int:
    """Ordinal of the newest known month up to a limit; very early when there is none."""
    at = _ordinals(counts.index)[counts.notna().to_numpy()]
    at = at[at <= limit]
    return int(at[-1]) if len(at) else -10_000


def _one_goal(
    table: Floats, first: int, asked: NDArray[np.int64], newest: NDArray[np.int64], goal: Goal, level: float
) -> pd.DataFrame:
    """All series under one goal; the steps and their order are those of ``assess``."""
    months = np.arange(first, first + table.shape[1])
    calendar = (months % 12)[None, :] == np.arange(12)[:, None]  # only equality matters
    group = calendar.T.astype(float)
    start, end = goal.period[0].ordinal, goal.period[-1].ordinal
    base = (months >= goal.baseline_months[0].ordinal) & (months <= goal.baseline_months[-1].ordinal)
    period = (months >= start) & (months <= end)
    asked = np.minimum(asked, end)
    known = np.isfinite(table) & (months[None, :] <= asked[:, None])
    y = np.where(known, table, 0.0)
    reported = (known & base).sum(axis=1)
    refused = reported < 12
    last = np.minimum(asked, np.maximum(newest_within(known, months, newest), start - 1))

    over = last == end
    wanted = period & (months[None, :] <= last[:, None])
    if goal.reading == "third_year":
        wanted = np.where(over[:, None], months > end - 12, True) & wanted
    base_n, base_y = (known & base).astype(float) @ group, (y * base) @ group
    now_n, now_y = (known & wanted).astype(float) @ group, (y * wanted) @ group
    usable = base_n > 0
    now_n, now_y = now_n * usable, now_y * usable
    weight = np.where(usable, now_n / np.where(usable, base_n, 1.0), 0.0)
    count, events = now_n.sum(axis=1), now_y.sum(axis=1)
    total = (base_y * (now_n > 0)).sum(axis=1)
    expected = (weight * base_y).sum(axis=1)
    square = (weight**2 * base_y).sum(axis=1)
    effective = np.divide(expected**2, square, out=np.zeros_like(expected), where=expected > 0)
    spans = (base_n * (now_n > 0)).sum(axis=1)
    mean_weight = np.divide(
        (weight * base_n).sum(axis=1), spans, out=np.full_like(spans, np.nan), where=spans > 0
    )
    ratio = np.divide(expected, effective, out=mean_weight.copy(), where=effective > 0)

    at = np.flatnonzero(base)
    raw, freedom = dispersions(np.where(known, table, math.nan)[:, at], _months(months[at]))
    spread = np.fmax(1.0, raw)
    wide = spread > THRESHOLD
    phi, free = np.where(wide, spread, 1.0), np.where(wide, freedom, math.inf)
    estimate, lower, upper, p_value, below = _ratios(events, effective, ratio, phi, free, level)
    none = count == 0
    for values in (estimate, lower, upper, p_value):
        values[none] = math.nan

    rate = np.divide(base_y, base_n, out=np.full_like(base_y, np.nan), where=usable)
    with np.errstate(invalid="ignore"):
        average = np.where(usable, rate, 0.0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
    rate = np.where(usable, rate, average[:, None])
    pace = (rate @ group.T)[:, period]
    used = known[:, period]
    seen = y[:, period]
    since, exposure = (seen * used).sum(axis=1), (pace * used).sum(axis=1)
    factors = monthly_factors(goal)
    chosen = (known & wanted)[:, period] & ((usable.astype(float) @ group.T)[:, period] > 0)
    path = (pace * factors * chosen).sum(axis=1)
    chances = {r: _chances(r, goal, pace, used, seen, since, exposure, phi) for r in READINGS}
    deciding = np.ones(len(goal.period), bool)
    if goal.reading == "third_year":
        deciding = np.arange(len(goal.period)) >= len(goal.period) - 12
    left = (deciding & ~used).sum(axis=1)
    allowed = (1 - goal.reduction) * pace[:, deciding].sum(axis=1)
    done = (seen * (deciding & used)).sum(axis=1)
    needed = np.where(
        (left > 0) & (pace.sum(axis=1) > 0), (allowed - done) / np.where(left > 0, left, 1), math.nan
    )

    target = 1 - goal.reduction
    fewer, at_target = below(1.0), below(target)
    nothing = none | ((events == 0) & (total == 0))
    fewer[nothing] = at_target[nothing] = math.nan
    with np.errstate(invalid="ignore"):
        change = [np.where(expected > 0, expected * (v - 1), math.nan) for v in (estimate, lower, upper)]
        enough = np.where(total >= MIN_FOR_PERCENT, 1.0, math.nan)
        percent = [enough * 100 * (v - 1) for v in (estimate, lower, upper)]
        share = [enough * 100 * (1 - v) / goal.reduction for v in (estimate, upper, lower)]
    verdicts = [
        str(
            decide(
                int(count[i]), events[i], expected[i], estimate[i], target, at_target[i], fewer[i],
                Interval(estimate[i], lower[i], upper[i], level),
            )
        )
        for i in range(len(y))
    ]  # fmt: skip
    found = pd.DataFrame(
        {
            "months": count, "last": last, "events": events, "baseline_events": total, "expected": expected,
            "path_events": path, "rate_ratio": estimate, "lower": lower, "upper": upper,
            "percent": percent[0], "percent_lower": percent[1], "percent_upper": percent[2],
            "change": change[0], "change_lower": change[1], "change_upper": change[2],
            "share": share[0], "share_lower": share[1], "share_upper": share[2],
            "dispersion": spread, "p_value": p_value, "probability_fewer": fewer,
            "probability_at_target": at_target, "probability_third_year": chances["third_year"],
            "probability_cumulative": chances["cumulative"], "probability": chances[goal.reading],
            "pace_needed": needed,
        }
    )  # fmt: skip
    found.loc[refused, :] = math.nan
    found["last"] = _months(last)
    found["verdict"] = np.where(refused, "", np.array(verdicts, dtype=object))
    found["why"] = [
        thin_baseline_words(int(n), goal) if bad else "" for n, bad in zip(reported, refused, strict=True)
    ]
    return found


def newest_within(
    known: NDArray[np.bool_], months: NDArray[np.int64], newest: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Newest known month of each series: within the table, or before it where the table has none."""
    inside = np.where(
        known.any(axis=1), months[known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)], -10_000
    )
    return np.where(inside > -10_000, inside, np.minimum(newest, months[0] - 1))


def _ratios(
    x1: Floats, x0: Floats, ratio: Floats, phi: Floats, freedom: Floats, level: float
) -> tuple[Floats, Floats, Floats, Floats, Any]:
    """Rate ratio, limits, p-value and the function of a limit that gives P(ratio ≤ limit)."""
    tail = (1 - level) / 2
    wald = (phi > 1) & (x1 > 0) & (x0 > 0)
    a, b = x1 / phi, x0 / phi
    safe_a, safe_b = np.where(a > 0, a, 1.0), np.where(b > 0, b, 1.0)
    with np.errstate(all="ignore"):
        estimate = np.where(x0 > 0, x1 / (x0 * ratio), np.where(x1 > 0, math.inf, math.nan))
        low = np.where(a > 0, _odds(stats.beta.ppf(tail, safe_a, b + 1)) / ratio, 0.0)
        high = np.where(b > 0, _odds(stats.beta.isf(tail, a + 1, safe_b)) / ratio, math.inf)
        se = np.sqrt(phi * (1 / x1 + 1 / x0))
        reach = stats.t.isf(tail, freedom) * se
        low = np.where(wald, estimate * np.exp(-reach), low)
        high = np.where(wald, estimate * np.exp(reach), high)
        p = ratio / (1 + ratio)
        at_most = np.where(b > 0, stats.beta.sf(p, a + 1, safe_b), 1.0)
        at_least = np.where(a > 0, stats.beta.cdf(p, safe_a, b + 1), 1.0)
        exact = np.minimum(1.0, 2 * np.minimum(at_most, at_least))
        p_value = np.where(wald, 2 * stats.t.sf(np.abs(np.log(estimate) / se), freedom), exact)
    nothing = (x1 == 0) & (x0 == 0)
    for values in (low, high, p_value):
        values[nothing] = math.nan

    def below(limit: float) -> Floats:
        share = limit * ratio / (1 + limit * ratio)
        with np.errstate(all="ignore"):
            normal = stats.t.cdf((math.log(limit) - np.log(estimate)) / se, freedom)
            return np.asarray(np.where(wald, normal, stats.beta.cdf(share, a + 0.5, b + 0.5)))

    return estimate, low, high, p_value, below


def _odds(p: Floats) -> Floats:
    return np.where(p >= 1, math.inf, p / (1 - p))


def _chances(
    reading: str, goal: Goal, pace: Floats, used: NDArray[np.bool_], seen: Floats, events: Floats,
    exposure: Floats, phi: Floats,
) -> Floats:  # fmt: skip
    """Probability that the deciding months stay within the target, for every series."""
    deciding = np.zeros(pace.shape[1], bool)
    deciding[-12 if reading == "third_year" else 0 :] = True
    allowed = (1 - goal.reduction) * pace[:, deciding].sum(axis=1)
    done = (seen * (deciding & used)).sum(axis=1)
    left = (pace * (deciding & ~used)).sum(axis=1)
    # As the one-at-a-time function does: what may still come, as a whole number of events.
    budget = np.floor(np.floor(allowed + 1e-9) - done + events + 1e-9) - events
    with np.errstate(all="ignore"):
        mean = (events + 0.5) / exposure * left
        variance = phi * mean * (1 + left / exposure)
        size = mean**2 / (variance - mean)
        chance = np.where(
            budget < 0, 0.0, stats.nbinom.cdf(np.floor(budget + 1e-9), size, size / (size + mean))
        )
    chance = np.where(left <= 0, np.where(budget >= 0, 1.0, 0.0), chance)
    return np.asarray(np.where(exposure > 0, chance, math.nan))
