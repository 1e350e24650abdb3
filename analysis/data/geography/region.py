"""Which agencies police which jurisdiction, and how many people live there.

Only agencies inside the three jurisdictions are listed. Police of the surrounding counties
(St. Charles, Jefferson, Madison …) share a labour market, a news market and some of the same
conflicts: they belong to no jurisdiction and are no donors either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.vocabulary import JURISDICTIONS, REGION


@dataclass(frozen=True, slots=True)
class KnownAgency:
    """An agency of the region. ``whole``: it alone polices the whole jurisdiction."""

    name: str
    state: str
    kind: str
    jurisdiction: str
    whole: bool = False


#: ORI → agency.
KNOWN_AGENCIES: Final = {
    "MOSPD0000": KnownAgency("St. Louis Metropolitan Police", "MO", "city", "stl_city", whole=True),
    "MO0950000": KnownAgency("St. Louis County Police", "MO", "county", "stl_county"),
    "MO0953000": KnownAgency("Florissant Police", "MO", "city", "stl_county"),
}

#: Agencies of the metropolitan area outside the three jurisdictions: never donors.
METRO_NEIGHBOURS: Final = {
    "MO0500000": "Jefferson County, MO",
    "MO0920100": "St. Charles County, MO",
    "MO0920300": "St. Charles County, MO",
    "MO0920400": "St. Charles County, MO",
    "MO0922400": "St. Charles County, MO",
}
#: Counties of the metropolitan area, as ORIs begin: MO050 is Jefferson County, IL060 Madison County.
METRO_PREFIXES: Final = ("MO036", "MO050", "MO057", "MO092", "MO109", "IL060", "IL067", "IL014")

CENSUS: Final = "U.S. Census Bureau, decennial census (1 April 2010 and 2020)"
#: Residents counted on 1 April 2010 and 2020.
_DECENNIAL: Final = {
    "stl_city": (319_294, 301_578),
    "stl_county": (998_954, 1_004_125),
    "st_clair": (270_056, 257_400),
}
FIRST_YEAR: Final = 2008
LAST_YEAR: Final = 2030


def default_populations() -> pd.DataFrame:
    """Residents of the jurisdictions and the region, by year, where the hub has no better table.

    The two census counts; years between are interpolated, and years after 2020 keep the count of
    2020, so that a rate never moves because of an estimate that is revised later. Columns place,
    year, population, source.
    """
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    rows = []
    for place in JURISDICTIONS:
        before, after = _DECENNIAL[place]
        people = np.interp(years, [2010, 2020], [before, after])
        rows.append(pd.DataFrame({"place": place, "year": years, "population": people.round()}))
    table = pd.concat(rows, ignore_index=True)
    region = table.groupby("year", as_index=False)["population"].sum().assign(place=REGION)
    table = pd.concat([table, region], ignore_index=True)
    counted = table["year"].isin([2010, 2020])
    table["source"] = np.where(
        counted, CENSUS, f"{CENSUS}; between the counts interpolated, before and after carried on"
    )
    ordered: pd.DataFrame = table[["place", "year", "population", "source"]]
    return ordered


def is_metro_neighbour(agency_id: str) -> bool:
    """Whether an agency polices a county around the three jurisdictions."""
    return agency_id in METRO_NEIGHBOURS or agency_id.startswith(METRO_PREFIXES)


@dataclass(frozen=True, slots=True)
class KnownBreak:
    """A month from which an agency itself counts in another way."""

    agency_id: str
    month: str
    before: str  # layout before
    after: tuple[str, ...]  # layouts from that month on
    reason: str


KNOWN_BREAKS: Final = (
    KnownBreak(
        "MOSPD0000",
        "2020-12",
        "slmpd_legacy",
        ("slmpd_nibrs", "slmpd_nibrs_cleaned"),
        "SLMPD went from UCR summary counting to NIBRS: no hierarchy rule, another definition of rape, "
        "one row per offense and victim. Only homicide can be compared across this month.",
    ),
)
