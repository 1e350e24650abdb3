"""Small synthetic files in the layouts of the Real-Time Crime Index.

They carry some of its known defects on purpose: an offense stored as 0 where it was not reported,
months that are missing as rows, the first half of 2026 that repeats 2025, sums over a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.sample.donors import RATES
from analysis.data.sample.levels import factors, season
from analysis.data.sample.raw_slmpd import MARK
from analysis.data.sample.spec import MONTHS, Ints, month_index, stream
from analysis.data.sources.rtci import COLUMNS_BY_AGENCY, COLUMNS_PANEL, COLUMNS_TRENDS
from analysis.data.sources.rtci_totals import COLUMNS_SCORECARD, COLUMNS_YTD

#: ORI-like id, name, state, population. The third stores a missing offense as 0, the fourth has gaps.
_AGENCIES: Final = (
    ("MOSYN0001", "Synthetic City One", "MO", 285_000),
    ("ILSYN0002", "Synthetic City Two", "IL", 140_000),
    ("TXSYN0003", "Synthetic City Three", "TX", 410_000),
    ("OHSYN0004", "Synthetic City Four", "OH", 190_000),
)
_STATE_NAMES: Final = {"MO": "Missouri", "IL": "Illinois", "TX": "Texas", "OH": "Ohio"}
_OFFENSES: Final = (
    "murder", "rape", "robbery", "aggravated_assault", "burglary", "theft", "motor_vehicle_theft",
)  # fmt: skip
_VIOLENT: Final = _OFFENSES[:4]
_RATES: Final = {
    "murder": RATES["homicide"], "rape": RATES["rape"], "robbery": RATES["robbery"],
    "aggravated_assault": RATES["aggravated_assault"], "burglary": 420.0, "theft": 1900.0,
    "motor_vehicle_theft": 380.0,
}  # fmt: skip
_IN_TRENDS: Final = {"aggravated_assault": "assault", "motor_vehicle_theft": "motor"}
_TABLE_NAMES: Final = {
    "murder": "Murders", "rape": "Rapes", "robbery": "Robberies", "aggravated_assault": "Aggravated Assaults",
    "burglary": "Burglaries", "theft": "Thefts", "motor_vehicle_theft": "Motor Vehicle Thefts",
}  # fmt: skip
_ZERO: Final = ("TXSYN0003", "aggravated_assault", ("2025-02", "2025-03", "2025-04"))
_GAPS: Final = ("OHSYN0004", ("2025-04", "2025-09"))
_REPEATS: Final = "MOSYN0001"
_UPDATED: Final = "2026-07-15 12:00:00 EDT"


def write_rtci(seed: int, out: Path) -> None:
    """Five files: monthly trends, by-agency table, tidy panel, year to date, scorecard."""
    months = MONTHS[month_index("2022-01") : month_index("2026-06") + 1]
    counts = {a[0]: _counts(stream(seed, f"raw/rtci/{a[0]}"), a[3], months) for a in _AGENCIES}
    _write(out / "rtci_trends.csv", COLUMNS_TRENDS, _trends(counts, months))
    _write(out / "rtci_by_agency.csv", COLUMNS_BY_AGENCY, _by_agency(counts, months))
    _write(out / "rtci_panel.csv", COLUMNS_PANEL, _panel(counts, months))
    _write(out / "rtci_year_to_date.csv", COLUMNS_YTD, _ytd(counts, months))
    _write(out / "rtci_scorecard.csv", COLUMNS_SCORECARD, _scorecard(counts, months))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    path.write_text(MARK + frame.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")


def _counts(rng: np.random.Generator, population: int, months: pd.PeriodIndex) -> dict[str, Ints]:
    inside = np.isin(MONTHS, months)
    drift = np.exp(0.2 * factors()[2][inside])
    out: dict[str, Ints] = {}
    for o in _OFFENSES:
        name = {"murder": "homicide"}.get(o, o)
        level = population / 100_000 * _RATES[o] / 12 * drift * season(name)[inside]
        out[o] = rng.poisson(np.round(level, 9)).astype(np.int64)
    return out


def _total(counts: dict[str, Ints], names: Sequence[str]) -> Ints:
    return np.asarray(sum(counts[o] for o in names), dtype=np.int64)


def _trends(counts: dict[str, dict[str, Ints]], months: pd.PeriodIndex) -> list[list[Any]]:
    rows: list[list[Any]] = []
    text = months.strftime("%Y-%m").to_numpy()
    state = {o: np.zeros(len(months), dtype=np.int64) for o in _OFFENSES}
    for agency_id, _, code, population in _AGENCIES:
        mine = {o: v.copy() for o, v in counts[agency_id].items()}
        if agency_id == _ZERO[0]:
            mine[_ZERO[1]][np.isin(text, _ZERO[2])] = 0
        if agency_id == _REPEATS:
            for v in mine.values():
                v[months.year == 2026] = v[(months.year == 2025) & (months.month <= 6)]
        if code == "MO":
            state = {o: state[o] + mine[o] for o in _OFFENSES}
        gone = np.isin(text, _GAPS[1]) & (agency_id == _GAPS[0])
        rows += _trend_rows(agency_id, population, "1", mine, months, ~gone)
    return rows + _trend_rows("mo", _AGENCIES[0][3], "", state, months, np.ones(len(months), dtype=bool))


def _trend_rows(
    key: str, population: int, sample: str, mine: dict[str, Ints], months: pd.PeriodIndex, keep: np.ndarray
) -> list[list[Any]]:
    """A row a month: total, year to date, last twelve months, change of the year to date."""
    series = {"violent": _total(mine, _VIOLENT), "property": _total(mine, _OFFENSES[4:]), **mine}
    order = ("violent", *_VIOLENT, "property", *_OFFENSES[4:])
    table = {o: pd.Series(series[o][keep], months[keep]) for o in order}
    ytd = {o: s.groupby(months[keep].year).cumsum() for o, s in table.items()}
    rows = []
    for i, month in enumerate(months[keep]):
        row: list[Any] = [key, "all", month.year, month.month, population, 1, sample]
        for o in order:
            last_year = ytd[o].get(month - 12)
            now = int(ytd[o].iloc[i])
            roll = int(table[o].iloc[i - 11 : i + 1].sum()) if i >= 11 else ""
            change: Any = ""
            if last_year:
                change = round(100 * (now / int(last_year) - 1), 1)
            raw: Any = "" if last_year is None else now - int(last_year)
            row += [int(table[o].iloc[i]), now, roll, change, raw]
        rows.append(row)
    return rows


def _by_agency(counts: dict[str, dict[str, Ints]], months: pd.PeriodIndex) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for agency_id, name, code, _ in _AGENCIES:
        mine = counts[agency_id]
        for i, month in enumerate(months):
            if month > pd.Period("2024-07", "M"):
                continue
            c = {o: int(mine[o][i]) for o in _OFFENSES}
            rows.append(
                [
                    f"{month}-01", name, f"{name}, {code}", _STATE_NAMES[code],
                    f"{name}, {_STATE_NAMES[code]}",
                    c["aggravated_assault"], c["burglary"], c["motor_vehicle_theft"], c["murder"], c["rape"],
                    c["robbery"], c["theft"], sum(c[o] for o in _VIOLENT), sum(c[o] for o in _OFFENSES[4:]),
                    month.strftime("%b %Y"), code, "2024-10-15 12:00:00 EDT",
                ]
            )  # fmt: skip
    rows[7][5] = "-12"  # one bad figure, to show the quarantine
    return rows


def _panel(counts: dict[str, dict[str, Ints]], months: pd.PeriodIndex) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for agency_id, name, code, population in _AGENCIES:
        for i, month in enumerate(months):
            c: dict[str, Any] = {o: int(counts[agency_id][o][i]) for o in _OFFENSES}
            letters = list("RRRRRRR" if month.year < 2024 else "DDDDDDD")
            if agency_id == _GAPS[0] and str(month) in _GAPS[1]:
                c["robbery"], letters[2] = "", "."
            if agency_id == _ZERO[0] and str(month) in ("2025-10", "2025-11"):
                letters[3] = "S"
            whole = "" if c["robbery"] == "" else sum(c[o] for o in _VIOLENT)
            rows.append(
                [
                    agency_id, name, code, "city", population, str(month), c["murder"], c["rape"],
                    c["robbery"], c["aggravated_assault"], whole, c["burglary"], c["theft"],
                    c["motor_vehicle_theft"],
                    "reported" if set(letters) == {"R"} else "reconstructed", "".join(letters),
                ]
            )  # fmt: skip
    return rows


def _sum(mine: dict[str, Ints], offense: str, months: pd.PeriodIndex, year: int, last: int) -> int:
    return int(mine[offense][(months.year == year) & (months.month <= last)].sum())


def _ytd(counts: dict[str, dict[str, Ints]], months: pd.PeriodIndex) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for agency_id, name, code, population in _AGENCIES:
        for o, title in _TABLE_NAMES.items():
            now, before = (_sum(counts[agency_id], o, months, y, 6) for y in (2026, 2025))
            rows.append(
                [
                    title, now, before, round(100 * (now / before - 1), 4) if before else "", "2026-06-01",
                    f"{name}, {_STATE_NAMES[code]}", "Jun 2026", _UPDATED, population, 1,
                    "Individual Agencies",
                ]
            )  # fmt: skip
    murders = [sum(_sum(c, "murder", months, y, 6) for c in counts.values()) for y in (2026, 2025)]
    people = sum(a[3] for a in _AGENCIES)
    rows.append(
        [
            "Murders", *murders, round(100 * (murders[0] / murders[1] - 1), 4), "2026-06-01",
            "Full Sample, Nationwide", "Jun 2026", _UPDATED, people, len(_AGENCIES), "National Samples",
        ]
    )  # fmt: skip
    return rows


def _scorecard(counts: dict[str, dict[str, Ints]], months: pd.PeriodIndex) -> list[list[Any]]:
    def change(new: int, old: int) -> Any:
        return round(100 * (new / old - 1), 4) if old else ""

    rows: list[list[Any]] = []
    for agency_id, name, code, population in _AGENCIES:
        for o in _OFFENSES:
            mine = counts[agency_id]
            full = [_sum(mine, o, months, y, 12) for y in (2024, 2025)]
            part = [_sum(mine, o, months, y, 6) for y in (2024, 2025, 2026)]
            rows.append(
                [
                    name, _STATE_NAMES[code], o, "Jan - Jun 2026", *full, change(full[1], full[0]), *part,
                    change(part[2], part[0]), change(part[2], part[1]), population, 1, _UPDATED,
                ]
            )  # fmt: skip
    return rows
