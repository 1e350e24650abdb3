"""Tables of the progress page's pictures: running totals with the path, and the year so far."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from analysis.evidence import Interval
from analysis.progress.prediction import remaining_events
from analysis.progress.ratios import single_rate
from analysis.progress.targets import monthly_factors
from dashboard import words as w
from dashboard.views.progress.page import Standing

_UNKNOWN: Final = Interval(math.nan, math.nan, math.nan)


def path_of(one: Standing) -> pd.DataFrame:
    """The table of the goal chart: running 12-month totals, the path, and what may come.

    Columns as :func:`dashboard.charts.goal_path` wants them. The band of a total is the exact
    Poisson interval, widened by the dispersion of the baseline's months; the fan is the
    predictive 95 % range if the level since the start continues.
    """
    columns = [
        "month",
        "actual",
        "lower",
        "upper",
        "target",
        "projected",
        "projected_lower",
        "projected_upper",
    ]
    if one.found is None or one.series is None or one.series.complete_through is None:
        return pd.DataFrame(columns=columns)
    found, goal = one.found, one.goal
    known = one.series.counts.loc[: one.series.complete_through].astype(float)
    first = max(known.index[0], min(goal.baseline_months[0], goal.period[0] - 60))
    months = pd.period_range(first, goal.period[-1], freq="M")
    actual = known.rolling(12, min_periods=12).sum().reindex(months)
    phi = max(1.0, found.dispersion) if math.isfinite(found.dispersion) else 1.0
    bands = [single_rate(v / phi, 1 / phi) if np.isfinite(v) else _UNKNOWN for v in actual]
    target = pd.Series(one.baseline_year * monthly_factors(goal), index=goal.period)
    table = pd.DataFrame(
        {
            "month": months,
            "actual": actual.to_numpy(),
            "lower": [b.lower for b in bands],
            "upper": [b.upper for b in bands],
            "target": target.reindex(months).to_numpy(),
        }
    )
    return table.join(_ahead(one, known, months, phi))[columns]


def _ahead(one: Standing, known: pd.Series, months: pd.PeriodIndex, phi: float) -> pd.DataFrame:
    """Predictive 12-month totals for the months to come, on a plain row number."""
    blank = pd.DataFrame(
        math.nan, index=range(len(months)), columns=["projected", "projected_lower", "projected_upper"]
    )
    found = one.found
    assert found is not None
    glide = found.glide_path.set_index("month")
    pace, used = glide["baseline"], glide["used"].astype(bool)
    exposure = float(pace[used].sum())
    if exposure <= 0 or not len(found.months_used):
        return blank
    events = float(glide.loc[used, "actual"].sum())
    last = known.index[-1]
    for i, month in enumerate(months):
        if month <= last:
            continue
        year = pd.period_range(month - 11, month, freq="M")
        seen, coming = known.reindex(year[year <= last]), pace.reindex(year[year > last])
        if seen.isna().any() or coming.isna().any():
            continue
        rest = remaining_events(events, exposure, float(coming.sum()), phi)
        blank.loc[i] = float(seen.sum()) + np.array([rest.mean, rest.quantile(0.025), rest.quantile(0.975)])
    return blank


def year_to_date(one: Standing, years: int = 8) -> tuple[pd.DataFrame, str]:
    """The months of the newest year against the same months of earlier years, with their ranges.

    Returns:
        year, count, lower, upper (NaN where a month is missing); and the months in words.
    """
    empty = pd.DataFrame(columns=["year", "count", "lower", "upper"])
    if one.series is None or one.series.complete_through is None:
        return empty, ""
    counts, last = one.series.counts.astype(float), one.series.complete_through
    spread = one.found.dispersion if one.found is not None else 1.0
    phi = max(1.0, spread) if math.isfinite(spread) else 1.0
    rows = []
    for year in range(max(last.year - years + 1, counts.index[0].year), last.year + 1):
        span = pd.period_range(f"{year}-01", f"{year}-{last.month:02d}", freq="M")
        total = float(counts.reindex(span).sum(skipna=False))
        band = single_rate(total / phi, 1 / phi) if np.isfinite(total) else _UNKNOWN  # type: ignore[arg-type]
        rows.append((str(year), total, band.lower, band.upper))
    span_words = w.months(pd.Period(f"{last.year}-01", "M"), last)
    return pd.DataFrame(rows, columns=empty.columns), span_words
