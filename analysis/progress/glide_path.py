"""The month-by-month table behind the goal's chart: target, band, actual and projected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.progress.goal import Goal
from analysis.progress.prediction import remaining_events
from analysis.progress.targets import count_band, monthly_factors

#: Columns of the table, in order.
COLUMNS = (
    "month",
    "number",
    "baseline",
    "target",
    "lower",
    "upper",
    "seasonal_target",
    "seasonal_lower",
    "seasonal_upper",
    "actual",
    "used",
    "projected",
    "projected_lower",
    "projected_upper",
    "actual_cumulative",
    "target_cumulative",
    "baseline_cumulative",
    "incomplete",
    "reported",
    "nowcast",
    "nowcast_lower",
    "nowcast_upper",
)


def baseline_pace(
    counts: pd.Series[float],
    baseline: pd.PeriodIndex,
    period: pd.PeriodIndex,
    exposure: pd.Series[float] | None,
) -> NDArray[np.float64]:
    """Events each month of ``period`` would hold at the baseline's pace.

    The mean of its calendar month over the baseline years that reported it (by exposure, when
    there is one). A calendar month that no year reported takes the mean of the others.
    """
    base = counts.reindex(baseline).dropna()
    months = pd.PeriodIndex(base.index).month.to_numpy()
    size = np.ones(len(base)) if exposure is None else exposure.reindex(base.index).to_numpy(float)
    events = np.bincount(months, weights=base.to_numpy(float), minlength=13)[1:]
    sizes = np.bincount(months, weights=size, minlength=13)[1:]
    rate = np.divide(events, sizes, out=np.full(12, np.nan), where=sizes > 0)
    rate = np.where(np.isnan(rate), np.nanmean(rate) if np.isfinite(rate).any() else 0.0, rate)
    now = np.ones(len(period)) if exposure is None else exposure.reindex(period).to_numpy(float)
    return np.asarray(rate[period.month.to_numpy() - 1] * now)


def smooth_season(pace: NDArray[np.float64], months: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seasonal factor of each month, mean 1, from two yearly waves through the monthly means.

    Three baseline values for each calendar month are too few to take at their word.
    """
    means = np.array([pace[months == m].mean() if (months == m).any() else np.nan for m in range(1, 13)])
    if not np.isfinite(means).all() or means.mean() <= 0:
        return np.ones(len(pace))
    angle = 2 * np.pi * np.arange(1, 13)[:, None] / 12 * np.array([1, 2])
    waves = np.hstack([np.sin(angle), np.cos(angle)])
    fitted = 1 + waves @ (waves.T @ (means / means.mean())) / 6
    fitted = np.maximum(fitted, 0.1)
    return np.asarray((fitted / fitted.mean())[months - 1])


def glide_table(
    goal: Goal,
    pace: NDArray[np.float64],
    actual: pd.Series[float],
    used: NDArray[np.bool_],
    last: pd.Period | None,
    events: float,
    exposure: float,
    dispersion: float,
    level: float,
    late: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Build the table; one row for each month of the goal period.

    Args:
        goal: the goal.
        pace: events at the baseline's pace in each month of the period.
        actual: reported counts (NaN where a month is not complete or lies ahead).
        used: whether a month is part of the assessment.
        last: newest month that is over; months after it are projected.
        events, exposure: events in the used months, and what the baseline's pace gives for them.
        dispersion: variance over mean of monthly counts.
        level: coverage of the bands.
        late: months whose reports are still coming in (index) with ``reported`` and ``share``; they are
            ``incomplete``, and ``nowcast`` says what they may come to hold.

    ``target`` is the smooth path ``B (1 − reduction)^(m / months)`` with its band for a single month;
    ``seasonal_target`` is the same with the time of year. ``projected`` continues the level since
    the start. Cumulative columns add up only months with a known count.
    """
    period = goal.period
    months = period.month.to_numpy()
    # The mean of a whole year, so that a period of uneven months does not tilt the path.
    mean_pace = np.full(len(pace), pace[:12].mean())
    factors = monthly_factors(goal)
    season = smooth_season(pace, months)
    target, seasonal = mean_pace * factors, mean_pace * season * factors
    lower, upper = count_band(target, dispersion, level)
    s_lower, s_upper = count_band(seasonal, dispersion, level)

    ahead = np.ones(len(period), bool) if last is None else np.asarray(period > last)
    projected, p_lower, p_upper = (np.full(len(period), np.nan) for _ in range(3))
    if exposure > 0 and ahead.any():
        coming = (mean_pace * season)[ahead]
        mean = (events + 0.5) / exposure * coming
        variance = dispersion * mean * (1 + coming / exposure)
        size = mean**2 / np.maximum(variance - mean, 1e-12)
        p = size / (size + mean)
        tail = (1 - level) / 2
        projected[ahead] = mean
        p_lower[ahead] = stats.nbinom.ppf(tail, size, p)
        p_upper[ahead] = stats.nbinom.ppf(1 - tail, size, p)

    known = actual.notna().to_numpy() & ~ahead
    values = actual.to_numpy(float)

    def running(x: NDArray[Any]) -> NDArray[np.float64]:
        return np.where(known, np.cumsum(np.where(known, x, 0.0)), np.nan)

    table = {
        "month": period,
        "number": np.arange(1, len(period) + 1),
        "baseline": pace,
        "target": target,
        "lower": lower,
        "upper": upper,
        "seasonal_target": seasonal,
        "seasonal_lower": s_lower,
        "seasonal_upper": s_upper,
        "actual": np.where(known, values, np.nan),
        "used": used,
        "projected": projected,
        "projected_lower": p_lower,
        "projected_upper": p_upper,
        "actual_cumulative": running(values),
        "target_cumulative": running(pace * factors),
        "baseline_cumulative": running(pace),
    }
    for name in ("reported", "nowcast", "nowcast_lower", "nowcast_upper"):
        table[name] = np.full(len(period), np.nan)
    table["incomplete"] = np.zeros(len(period), bool)
    made = pd.DataFrame(table)
    if late is not None:
        for month, count, share in late.itertuples():
            here = made["month"] == month
            share = min(max(share, 0.01), 1.0)
            rest = remaining_events(count, share, 1 - share, dispersion)
            tail = (1 - level) / 2
            made.loc[here, "incomplete"] = True
            made.loc[here, ["reported", "nowcast", "nowcast_lower", "nowcast_upper"]] = [
                count,
                count + rest.mean,
                count + rest.quantile(tail),
                count + rest.quantile(1 - tail),
            ]
    return made[list(COLUMNS)]
