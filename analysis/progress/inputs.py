"""Reading what a caller hands over: counts and populations, checked, in the order of time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.progress.windows import month_words

#: Population estimates lag; the newest one stands for this many months after its own.
CARRY_MONTHS = 24


def clean_counts(counts: pd.Series[float]) -> pd.Series[float]:
    """Monthly counts as floats in order; NaN stays NaN.

    Raises:
        RefusedError: the index is not monthly periods, a month comes twice, or a count is negative
            or infinite; the message names the month and the value.
    """
    if not isinstance(counts.index, pd.PeriodIndex) or not counts.index.freqstr.startswith("M"):
        raise RefusedError("Counts need one row a month (a monthly PeriodIndex).")
    if counts.index.has_duplicates:
        twice = counts.index[counts.index.duplicated()][0]
        raise RefusedError(f"{month_words(twice)} is in the counts twice. Keep one row for each month.")
    try:
        values = counts.astype(float).sort_index()
    except (ValueError, TypeError) as error:
        raise RefusedError(f"Counts are numbers: {error}.") from error
    wrong = values[(values < 0) | np.isinf(values)]
    if len(wrong):
        raise RefusedError(
            f"{month_words(wrong.index[0])} holds {wrong.iloc[0]:g} events. A count is zero or more; correct "
            "the month or leave it empty."
        )
    return values


def monthly_population(
    population: pd.Series[float], months: pd.PeriodIndex, ahead: pd.PeriodIndex
) -> tuple[pd.Series[float] | None, tuple[str, ...]]:
    """Population of each month, or None with the reason when it is not known throughout.

    Args:
        population: on a monthly or yearly PeriodIndex, or indexed by year; one vintage.
        months: the months that are compared. Up to 24 months after the newest figure, that figure
            is used.
        ahead: months that only a projection needs; the newest figure stands for them however far.

    Returns:
        The populations of both sets of months, or None, and sentences about what was done.
    """
    series = population.dropna().astype(float)
    index = series.index
    if isinstance(index, pd.PeriodIndex) and index.freqstr.startswith("M"):
        known = series
    else:
        years = index.year if isinstance(index, pd.PeriodIndex | pd.DatetimeIndex) else index.astype(int)
        by_year = dict(zip((int(y) for y in years), series.to_numpy(), strict=True))
        if not by_year:
            return None, ("No population is known: counts are compared, not rates.",)
        first, last = min(by_year), max(by_year)
        span = pd.period_range(f"{first}-01", f"{last}-12", freq="M")
        known = pd.Series([by_year.get(y, math.nan) for y in span.year], index=span)
    if not len(known):
        return None, ("No population is known: counts are compared, not rates.",)
    newest: pd.Period = known.dropna().index[-1]
    value = float(known.dropna().iloc[-1])
    wide = known.reindex(months.append(ahead)).astype(float)
    months_at = pd.PeriodIndex(wide.index)
    late = np.asarray(months_at > newest) & (
        np.asarray(months_at <= newest + CARRY_MONTHS) | np.asarray(months_at.isin(ahead))
    )
    wide[late] = value
    notes: tuple[str, ...] = ()
    if late[: len(months)].any():
        notes = (f"The population of {newest.year} stands for the months after {month_words(newest)}.",)
    unknown = ~(wide.to_numpy(float) > 0)
    if unknown.any():
        named = ", ".join(str(y) for y in sorted(set(months_at[unknown].year)))
        return None, (f"The population of {named} is not known: counts are compared, not rates.",)
    return wide, notes


def one_vintage(table: pd.DataFrame) -> tuple[pd.Series[float] | None, str]:
    """Populations by year from a table, or None and the reason when they cannot be one series.

    Args:
        table: year, population and vintage (which publication a figure comes from).
    """
    missing = {"year", "population", "vintage"} - set(table.columns)
    if missing:
        raise RefusedError(f"A table of populations needs year, population and vintage; {missing} lacks.")
    vintages = sorted(str(v) for v in table["vintage"].unique())
    if len(vintages) > 1:
        return None, (
            f"The populations come from {len(vintages)} publications ({'; '.join(vintages)}). A step "
            "between them would look like a change, so counts are compared, not rates. Remedy: take all "
            "years from one."
        )
    if table["year"].duplicated().any():
        twice = int(table.loc[table["year"].duplicated(), "year"].iloc[0])
        return None, f"The population of {twice} is there twice: counts are compared, not rates."
    years = table["year"].astype(int)
    return pd.Series(table["population"].to_numpy(float), index=pd.Index(years)), ""
