"""Real-Time Crime Index: the layouts that give cumulative totals, not months.

``rtci_ytd`` (year-to-date table) and ``rtci_scorecard`` (three years side by side) say how many offenses an
agency counted from January to a month, or in a year. A month cannot be had from one such file, and none is
made up: the totals go to ``tables["cumulative"]`` to be held against sums of months.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources.base import Parsed
from analysis.data.sources.monthly import NO_FIGURE, settle_repeats
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rtci import agency_key, agency_table, is_aggregate, updated
from analysis.data.sources.rules import Quarantine, Rule, finish, is_count, latest_day, plural, whole_number
from analysis.data.sources.states import STATES

YTD: Final = "rtci_ytd"
SCORECARD: Final = "rtci_scorecard"

COLUMNS_YTD: Final = (
    "crime_type", "YTD", "PrevYTD", "Percent_Change", "Date_Through", "agency_full", "Month_Through",
    "Last Updated", "population", "number_of_agencies", "type",
)  # fmt: skip
COLUMNS_SCORECARD: Final = (
    "agency_name", "state_name", "crime_type", "ytd_month_range", "two_years_prior_full",
    "previous_year_full", "two_years_prior_previous_year_full_pct_change", "two_years_prior_ytd",
    "previous_year_ytd", "current_year_ytd", "two_years_prior_current_year_ytd_pct_change",
    "previous_year_current_year_ytd_pct_change", "population", "number_of_agencies", "last_updated",
)  # fmt: skip

#: Columns of ``tables["cumulative"]``: a count from the first to the last month of a period, both included.
CUMULATIVE_COLUMNS: Final = (
    "agency_id", "agency", "state", "offense", "start", "end", "count", "kind", "source", "source_file",
)  # fmt: skip

_OFFENSES: Final = {
    "murder": "homicide",
    "rape": "rape",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "burglary": "burglary",
    "theft": "theft",
    "motor_vehicle_theft": "motor_vehicle_theft",
    "Murders": "homicide",
    "Rapes": "rape",
    "Robberies": "robbery",
    "Aggravated Assaults": "aggravated_assault",
    "Burglaries": "burglary",
    "Thefts": "theft",
    "Motor Vehicle Thefts": "motor_vehicle_theft",
}
_SUMS: Final = ("violent_crime", "property_crime", "Violent Crimes", "Property Crimes")

#: Column → (years before the current one, whole year or year to date).
_YTD_PERIODS: Final = {"ytd": (0, "year_to_date"), "prevytd": (1, "year_to_date")}
_SCORECARD_PERIODS: Final = {
    "twoyearspriorfull": (2, "full_year"),
    "previousyearfull": (1, "full_year"),
    "twoyearspriorytd": (2, "year_to_date"),
    "previousyearytd": (1, "year_to_date"),
    "currentyearytd": (0, "year_to_date"),
}

AgencyIds = Mapping[tuple[str, str], str]


def parse_ytd(table: RawTable, layout: str = YTD, agency_ids: AgencyIds | None = None) -> Parsed:
    """The year-to-date table: one row is an agency and an offense."""
    full = table.text("agency_full")
    parts = full.str.rpartition(", ")
    rows = pd.DataFrame(
        {
            "name": parts[0],
            "state_name": parts[2],
            "through": pd.to_datetime(table.text("date_through"), format="%Y-%m-%d", errors="coerce"),
        }
    )
    single = table.text("type") == "Individual Agencies"
    return _totals(
        table, layout, rows, ~single, ("agency_full", "date_through"), _YTD_PERIODS, agency_ids, "lastupdated"
    )


def parse_scorecard(table: RawTable, layout: str = SCORECARD, agency_ids: AgencyIds | None = None) -> Parsed:
    """The scorecard: one row is an agency and an offense, three years to the same month."""
    through = table.text("ytd_month_range").str.extract(r"-\s*([A-Z][a-z]{2} \d{4})$", expand=False)
    rows = pd.DataFrame(
        {
            "name": table.text("agency_name"),
            "state_name": table.text("state_name"),
            "through": pd.to_datetime(through, format="%b %Y", errors="coerce"),
        }
    )
    aggregate = is_aggregate(rows["name"], rows["state_name"]) | rows["name"].isin(
        ["Midwest", "Northeast", "South", "West"]
    )
    return _totals(
        table,
        layout,
        rows,
        aggregate,
        ("state_name", "ytd_month_range"),
        _SCORECARD_PERIODS,
        agency_ids,
        "last_updated",
    )


def _totals(
    table: RawTable,
    layout: str,
    rows: pd.DataFrame,
    aggregate: pd.Series,
    shown: tuple[str, str],
    periods: Mapping[str, tuple[int, str]],
    agency_ids: AgencyIds | None,
    stamp: str,
) -> Parsed:
    """The common end of both layouts: check, settle repeats, one line per period."""
    crime = table.text("crime_type")
    counts = {name: whole_number(table.text(name)) for name in periods}
    blank = {name: table.text(name).isin(list(NO_FIGURE)) for name in periods}
    rows = rows.assign(crime=crime, state=rows["state_name"].map(STATES).astype("str"), **counts)
    state_key, through_key = (table.keys[name.replace("_", "")] for name in shown)
    rules = [
        Rule(
            "state",
            state_key,
            "names an American state",
            lambda s: s.notna() | aggregate,
            "Write the agency and its state, such as “St Louis, Missouri”.",
        ),
        Rule(
            "through",
            through_key,
            "is a month that is not in the future",
            lambda s: s.notna() & (s <= pd.Timestamp(latest_day())),
            "Correct the month up to which the year is counted.",
        ),
        Rule(
            "crime",
            table.keys["crimetype"],
            "is an offense of the Real-Time Crime Index",
            lambda s: s.isin([*_OFFENSES, *_SUMS]),
            "Use the names of the published file, such as “Robberies” or “robbery”.",
        ),
        *(
            Rule(
                name,
                table.keys[name],
                "is a whole number, 0 or more, or blank",
                lambda s, name=name: blank[name] | is_count(s),  # type: ignore[misc]
                "Compare with the published table and correct the figure.",
            )
            for name in periods
        ),
    ]
    quarantine = Quarantine(table)
    quarantine.check(rows, rules)
    stored = ~aggregate & ~crime.isin(list(_SUMS))
    left = np.setdiff1d(np.flatnonzero(stored.to_numpy()), quarantine.bad)
    keep, said = settle_repeats(
        table,
        quarantine,
        rows.iloc[left][["name", "state", "crime", *periods]],
        ("name", "state", "crime"),
        table.keys["crimetype"],
        "An offense of an agency",
    )
    kept = rows.loc[keep]
    pairs = kept[["name", "state"]].drop_duplicates()
    ids = {(n, s): agency_key(n, s, agency_ids) for n, s in pairs.itertuples(index=False)}
    kept = kept.assign(
        agency_id=[ids[pair] for pair in kept[["name", "state"]].itertuples(index=False, name=None)],
        kind=np.where(kept["name"].str.endswith(" County"), "county", "city"),
        population=table.text("population").iloc[keep],
    )
    agencies, risky = agency_table(kept)
    skipped = len(rows) - int(stored.sum()) - int((~stored).to_numpy()[quarantine.bad].sum())
    messages = [
        "Totals of a year or of its first months, not months: kept as a check on the sums of months, and no "
        "month was made from them.",
        *said,
        *risky,
    ]
    if skipped:
        messages.append(
            f"{skipped:,} {plural(skipped, 'row is a sum', 'rows are sums')} over agencies or offenses: "
            "understood and not stored."
        )
    return finish(
        table,
        quarantine,
        layout,
        messages=messages,
        vintage=updated(table.text(stamp)),
        tables={"cumulative": _cumulative(kept, periods, layout, table.file)},
        agencies=agencies,
    )


def _cumulative(
    kept: pd.DataFrame, periods: Mapping[str, tuple[int, str]], layout: str, file: str
) -> pd.DataFrame:
    parts = []
    for name, (back, kind) in periods.items():
        year = (kept["through"].dt.year - back).astype("str")
        last = kept["through"].dt.strftime("%m") if kind == "year_to_date" else "12"
        part = kept[["agency_id", "state"]].assign(
            agency=kept["name"],
            offense=kept["crime"].map(_OFFENSES),
            start=year + "-01",
            end=year + "-" + last,
            count=kept[name],
            kind=kind,
            source=layout,
            source_file=file,
        )
        parts.append(part[part["count"].notna()])
    out = pd.concat(parts, ignore_index=True)[list(CUMULATIVE_COLUMNS)]
    return out.sort_values(["agency_id", "offense", "start", "end"], kind="stable", ignore_index=True)
