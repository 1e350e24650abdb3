"""Months from which an agency's figures are no longer comparable with the months before.

Two kinds are found:

* **between publications**: two layouts of one publisher give totals of the same year that
  differ by more than a tenth and by ten events. The definition has changed, and a series that takes
  its early years from one and its late years from the other has a step at the seam.
* **within a series**: the twelve months after a month differ from the twelve before by more than
  half or a third, and more than other agencies' figures of the same months do. Held against the
  spread of all agencies (robust z above 5), so that a nationwide rise is no break; when fewer than
  20 agencies can be compared, against the series' own noise alone.

A true change in crime can look like the second kind. A break is therefore shown and keeps an agency
out of a donor pool; the months themselves are not taken out of anything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.data.quality.anomalies import Grid

Floats = NDArray[np.float64]
BREAK_COLUMNS: Final = ("agency_id", "month", "offense", "before", "after", "reason")
_SHARE: Final = 0.10
_EVENTS: Final = 10.0
_LEAST_MONTHS: Final = 9
_Z: Final = 5.0
_RATIO: Final = 1.5
_WINDOW: Final = 12
_LEAST_EVENTS: Final = 60.0  # before and after together
_PEERS: Final = 20
#: Year-to-year change (log) taken as usual where there are no peers to learn it from.
_ALONE: Final = 0.15


def between_sources(grid: Grid) -> pd.DataFrame:
    """Years in which two publications of one publisher differ over the months both hold (at least nine)."""
    found: list[tuple[object, ...]] = []
    years = grid.months.year.to_numpy()
    for (agency, offense), rows in grid.rows_by("agency_id", "offense").items():
        for a, b in _pairs(rows):
            if _publisher(grid.source[a]) != _publisher(grid.source[b]):
                continue  # two publishers may count differently without either having changed
            both = np.isfinite(grid.values[a]) & np.isfinite(grid.values[b])
            for year in np.unique(years[both]):
                here = both & (years == year)
                x, y = float(grid.values[a, here].sum()), float(grid.values[b, here].sum())
                apart = abs(x - y)
                if here.sum() < _LEAST_MONTHS or apart < _EVENTS or apart <= _SHARE * max(min(x, y), 1.0):
                    continue
                s, t = grid.source[a], grid.source[b]
                what = f"{year}" if here.sum() == 12 else f"{here.sum()} months of {year}"
                reason = f"{what}: {x:,.0f} in {s}, {y:,.0f} in {t}; they do not count the same"
                found.append((agency, pd.Period(f"{year}-01", "M"), offense, s, t, reason))
    return pd.DataFrame(found, columns=list(BREAK_COLUMNS))


def against_totals(grid: Grid, cumulative: pd.DataFrame) -> pd.DataFrame:
    """Whole years whose months do not add up to the total that a source publishes for the year."""
    found: list[tuple[object, ...]] = []
    newest = cumulative[cumulative["kind"] == "full_year"].sort_values(["vintage", "import_seq"])
    newest = newest.drop_duplicates(["agency_id", "offense", "start", "source"], keep="last")
    rows_of = grid.rows_by("agency_id", "offense")
    for total in newest.dropna(subset="count").to_dict("records"):
        period = pd.period_range(total["start"], total["end"], freq="M")
        here = np.flatnonzero(grid.months.isin(period))
        for i in rows_of.get((total["agency_id"], total["offense"]), ()):
            if _publisher(grid.source[i]) != _publisher(str(total["source"])):
                continue
            if len(here) < len(period) or not np.isfinite(grid.values[i, here]).all():
                continue
            x, y = float(grid.values[i, here].sum()), float(total["count"])
            if abs(x - y) >= _EVENTS and abs(x - y) > _SHARE * max(min(x, y), 1.0):
                s = grid.source[i]
                reason = (
                    f"{period[0].year}: the months in {s} add up to {x:,.0f}, {total['source']} says {y:,.0f}"
                )
                found.append((total["agency_id"], period[0], total["offense"], s, total["source"], reason))
    return pd.DataFrame(found, columns=list(BREAK_COLUMNS))


def _publisher(source: str) -> str:
    return source.split("_")[0]


def _pairs(rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for i, a in enumerate(rows) for b in rows[i + 1 :]]


def within_series(grid: Grid) -> pd.DataFrame:
    """Steps inside a series, found against all agencies of the same source and offense."""
    found: list[tuple[object, ...]] = []
    for (source, offense), rows in grid.rows_by("source", "offense").items():
        if grid.values.shape[1] < 2 * _WINDOW:
            break
        log_ratio, z = _steps(grid.values[rows])
        for i, t in _peaks(log_ratio, z):
            ratio = float(np.exp(log_ratio[i, t]))
            x = grid.values[rows[i]]
            before, after = np.nansum(x[t - _WINDOW : t]), np.nansum(x[t : t + _WINDOW])
            reason = (
                f"{offense} goes from {before:,.0f} in the twelve months before to {after:,.0f} in the "
                f"twelve from {grid.months[t]} on ({ratio:.2f} times), unlike other agencies"
            )
            agency = grid.agency[rows[i]]
            found.append((agency, grid.months[t], offense, source, source, reason))
    return pd.DataFrame(found, columns=list(BREAK_COLUMNS))


def _steps(values: Floats) -> tuple[Floats, Floats]:
    """log ratio of the 12 months from t on to the 12 before, and its robust z (series × months)."""
    n, months = values.shape
    known = np.isfinite(values)
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(np.where(known, values, 0.0), axis=1)], axis=1)
    counts = np.concatenate([np.zeros((n, 1)), np.cumsum(known, axis=1)], axis=1)
    log_ratio, noise = np.full((n, months), np.nan), np.full((n, months), np.nan)
    inside = np.arange(_WINDOW, months - _WINDOW + 1)
    s0, s1 = sums[:, inside] - sums[:, inside - _WINDOW], sums[:, inside + _WINDOW] - sums[:, inside]
    c0, c1 = counts[:, inside] - counts[:, inside - _WINDOW], counts[:, inside + _WINDOW] - counts[:, inside]
    usable = (c0 >= 9) & (c1 >= 9) & (s0 + s1 >= _LEAST_EVENTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log((s1 + 0.5) / c1) - np.log((s0 + 0.5) / c0)
        variance = 1 / (s0 + 0.5) + 1 / (s1 + 0.5)
    log_ratio[:, inside] = np.where(usable, ratio, np.nan)
    noise[:, inside] = np.where(usable, 2.0 * variance, np.nan)  # counts vary about twice as Poisson
    peers = np.isfinite(log_ratio).sum(axis=0) >= _PEERS
    middle = np.where(peers, _nanmedian(log_ratio), 0.0)
    spread = (1.4826 * _nanmedian(np.abs(log_ratio - middle))) ** 2 - _nanmedian(noise)
    typical = np.where(peers, np.maximum(spread, 0.05**2), _ALONE**2)
    return log_ratio, (log_ratio - middle) / np.sqrt(noise + typical)


def _nanmedian(table: Floats) -> Floats:
    out = np.zeros(table.shape[1])
    some = np.isfinite(table).any(axis=0)
    out[some] = np.nanmedian(table[:, some], axis=0)
    return out


def _peaks(log_ratio: Floats, z: Floats) -> list[tuple[int, int]]:
    """The month of the largest |z| of each separate break."""
    size = np.where(np.isfinite(z) & (np.abs(log_ratio) >= np.log(_RATIO)), np.abs(z), 0.0)
    found = []
    for i in np.flatnonzero((size > _Z).any(axis=1)):
        left = size[i].copy()
        while left.max() > _Z:
            t = int(left.argmax())
            found.append((int(i), t))
            left[max(0, t - _WINDOW) : t + _WINDOW] = 0.0
    return sorted(found)
