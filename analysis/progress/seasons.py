"""The year so far and the years before: a running total with its fan, and month by month."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.evidence import RefusedError
from analysis.progress.charts import Chart
from analysis.progress.dispersion import THRESHOLD, baseline_dispersion
from analysis.progress.glide_path import smooth_season
from analysis.progress.inputs import clean_counts
from analysis.progress.prediction import remaining_events
from analysis.progress.verdict import number
from analysis.progress.windows import last_complete_month, month_words


def year_to_date_fan(
    counts: pd.Series[float], as_of: Any, *, years: int = 3, levels: tuple[float, ...] = (0.5, 0.8, 0.95)
) -> Chart:
    """The running total of the year, against the years before and the range it may end in.

    Args:
        counts: monthly counts. as_of: last month that is over. years: complete years before it that
            give pace and season. levels: widths of the fan.

    Table: month (1–12), kind ("year" or "before" or "fan"), year, total, and lower_…/upper_… for each
    level. The fan adds to the total so far what the rest may bring if the year's own level stays.
    """
    series = clean_counts(counts)
    last = last_complete_month(as_of)
    known = series[series.index <= last].dropna()
    year, through = last.year, last.month
    own = known.reindex(pd.period_range(f"{year}-01", last, freq="M"))
    if own.isna().any():
        raise RefusedError(
            f"{month_words(own.index[own.isna().to_numpy()][0])} is not reported: a running total of {year} "
            "needs every month so far."
        )
    table = {
        y: known.reindex(pd.period_range(f"{y}-01", f"{y}-12", freq="M")) for y in range(year - years, year)
    }
    whole = {y: s for y, s in table.items() if s.notna().all()}
    if not whole:
        raise RefusedError(f"Not one of the {years} years before {year} is reported completely.")
    months = np.mean([s.to_numpy(float) for s in whole.values()], axis=0)
    share = smooth_season(months, np.arange(1, 13)) / 12
    rows = [
        {"month": m + 1, "kind": "before", "year": y, "total": v}
        for y, s in whole.items()
        for m, v in enumerate(np.cumsum(s.to_numpy(float)))
    ]
    so_far = float(own.sum())
    rows += [
        {"month": m + 1, "kind": "year", "year": year, "total": v}
        for m, v in enumerate(np.cumsum(own.to_numpy(float)))
    ]
    first, final = min(whole), max(whole)
    base = known.reindex(pd.period_range(f"{first}-01", f"{final}-12", freq="M"))
    spread = baseline_dispersion(base).value
    done = float(share[:through].sum())
    for m in range(through, 12):
        rest = remaining_events(
            so_far, done, float(share[through : m + 1].sum()), spread if spread > THRESHOLD else 1.0
        )
        row: dict[str, Any] = {"month": m + 1, "kind": "fan", "year": year, "total": so_far + rest.mean}
        for level in levels:
            row[f"lower_{100 * level:.0f}"] = so_far + rest.quantile((1 - level) / 2)
            row[f"upper_{100 * level:.0f}"] = so_far + rest.quantile((1 + level) / 2)
        rows.append(row)
    made = pd.DataFrame(rows)
    same = float(np.mean([s.to_numpy(float)[:through].sum() for s in whole.values()]))
    words = (
        f"{number(so_far)} events in {year} through {month_words(last).split()[0]}; the same months of "
        f"{', '.join(str(y) for y in whole)} held {number(same)} on average."
    )
    if through < 12:
        end, wide = made.iloc[-1], f"{100 * levels[-1]:.0f}"
        words += (
            f" If the year’s level stays, {year} ends between {number(end[f'lower_{wide}'])} and "
            f"{number(end[f'upper_{wide}'])}."
        )
    return Chart(
        "fan", made, made.iloc[:0], math.nan, words,
        "The fan knows the time of year, the scatter of months and how little a part of a year tells.",
    )  # fmt: skip


def seasonal_table(counts: pd.Series[float], as_of: Any, *, years: int = 6) -> Chart:
    """Each calendar month year over year: month (1–12) down, years across, and the usual range.

    Columns: month, one for each year (NaN not reported), mean and lower, upper (95 % range of a
    single month around the mean of the earlier years), newest ("", "low", "high").
    """
    series = clean_counts(counts)
    last = last_complete_month(as_of)
    known = series[series.index <= last]
    span = range(max(int(known.index.year.min()), last.year - years + 1), last.year + 1)  # type: ignore[attr-defined]
    table = pd.DataFrame({"month": range(1, 13)})
    for year in span:
        table[str(year)] = known.reindex(pd.period_range(f"{year}-01", f"{year}-12", freq="M")).to_numpy(
            float
        )
    past = table[[str(y) for y in span][:-1]]
    n = past.notna().sum(axis=1).to_numpy(float)
    total = past.sum(axis=1).to_numpy(float)
    table["mean"] = np.where(n > 0, total / np.where(n > 0, n, 1), math.nan)
    base = known[known.index < pd.Period(f"{last.year}-01", "M")].tail(12 * (years - 1))
    spread = baseline_dispersion(base) if len(base) else None
    phi = spread.value if spread is not None and spread.value > THRESHOLD else 1.0
    low, high = _each_limits(total, n, phi)
    table["lower"], table["upper"] = np.where(n > 0, low, math.nan), np.where(n > 0, high, math.nan)
    newest = table[str(last.year)]
    table["newest"] = np.where(newest < table["lower"], "low", np.where(newest > table["upper"], "high", ""))
    out = int((table["newest"] != "").sum())
    told = int(newest.notna().sum())
    words = (
        f"{out} of {told} months of {last.year} lie outside the usual range of their calendar month; by "
        f"chance alone about {number(0.05 * told)} would."
    )
    return Chart(
        "seasonal", table, table[table["newest"] != ""], math.nan, words, "The range is 95 % for one month."
    )


def _each_limits(
    total: NDArray[np.float64], years: NDArray[np.float64], phi: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n = np.maximum(years, 1.0)
    mean = (total + 0.5) / n
    variance = phi * mean * (1 + 1 / n)
    size = mean**2 / np.maximum(variance - mean, 1e-12)
    p = size / (size + mean)
    return np.asarray(stats.nbinom.ppf(0.025, size, p)), np.asarray(stats.nbinom.isf(0.025, size, p))
