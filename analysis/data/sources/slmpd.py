"""What the two eras of the St. Louis Metropolitan Police Department's files share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from pyproj import Transformer

from analysis.data.sources.base import AGENCY_COLUMNS, INCIDENT_COLUMNS
from analysis.data.vocabulary import NEVER_MAPPED

AGENCY_ID: Final = "MOSPD0000"

#: Longitude and latitude beyond which a point is in another part of the country: about 60 miles
#: around the three jurisdictions. Nearer points are the hub's to judge, with polygons.
REGION_BOX: Final = (-91.5, 37.7, -89.0, 39.7)

#: A month with fewer rows than this share of the file's fullest month is a month that other files hold.
FRINGE_SHARE: Final = 0.25


def agencies() -> pd.DataFrame:
    """The one agency of these files."""
    row: dict[str, Any] = dict.fromkeys(AGENCY_COLUMNS, np.nan)
    row |= {
        "agency_id": AGENCY_ID,
        "name": "St. Louis Metropolitan Police Department",
        "state": "MO",
        "kind": "city",
        "jurisdiction": "stl_city",
    }
    return pd.DataFrame([row], columns=list(AGENCY_COLUMNS))


@lru_cache(maxsize=8)
def _transformer(crs: str) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def to_degrees(x: pd.Series, y: pd.Series, crs: str) -> tuple[pd.Series, pd.Series]:
    """Longitude and latitude (WGS84) of projected coordinates; NaN where either is NaN or 0."""
    present = (x.notna() & y.notna() & (x != 0) & (y != 0)).to_numpy()
    longitude = np.full(len(x), np.nan)
    latitude = np.full(len(x), np.nan)
    if present.any():
        lon, lat = _transformer(crs).transform(x.to_numpy()[present], y.to_numpy()[present])
        finite = np.isfinite(lon) & np.isfinite(lat)
        longitude[present] = np.where(finite, lon, np.nan)
        latitude[present] = np.where(finite, lat, np.nan)
    return pd.Series(longitude, index=x.index), pd.Series(latitude, index=x.index)


def place_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Decide which coordinates may be used.

    ``rows`` has offense, longitude and latitude. Returns it with unusable coordinates removed and
    ``location_quality`` added, and flags of the rows that lost them: withheld (sexual offenses) and far
    (outside :data:`REGION_BOX`).
    """
    west, south, east, north = REGION_BOX
    present = rows["longitude"].notna().to_numpy()
    sexual = rows["offense"].isin(NEVER_MAPPED).to_numpy()
    inside = (rows["longitude"].between(west, east) & rows["latitude"].between(south, north)).to_numpy()
    far = present & ~inside & ~sexual
    usable = present & inside & ~sexual
    quality = np.select([sexual, usable, far], ["withheld", "exact", "outside_jurisdiction"], "missing")
    out = rows.assign(
        longitude=rows["longitude"].where(usable),
        latitude=rows["latitude"].where(usable),
        location_quality=pd.array(quality, dtype="str"),
    )
    return out, present & sexual, far


def fringe_months(months: pd.Series) -> set[str]:
    """Months that a file only touches: far fewer rows than its fullest month."""
    sizes = months.value_counts()
    if sizes.empty:
        return set()
    return {str(month) for month, size in sizes.items() if size < FRINGE_SHARE * sizes.max()}


def group_incidents(rows: pd.DataFrame, source: str, file: str) -> pd.DataFrame:
    """One row per incident × code from rows with a signed ``count`` and the line each stands on.

    Sums the counts (victims: the positive ones), takes dates and month from the first row that counts,
    and the last coordinates in file order.
    """
    by = ["incident_id", "code"]
    order = np.argsort(rows["count"].to_numpy() <= 0, kind="stable")
    first = rows.iloc[order].groupby(by, sort=False)
    told = first[["occurred_at", "reported_at", "coded_month", "offense", "area_name"]].first()
    in_order = rows.groupby(by, sort=False)
    counts = in_order["count"].sum().astype("int64")
    victims = rows["count"].clip(lower=0).groupby([rows[name] for name in by], sort=False).sum()
    place = in_order[["longitude", "latitude"]].last()
    flags = in_order[["firearm", "domestic"]].max()
    far = (
        (rows["location_quality"] == "outside_jurisdiction").groupby([rows[n] for n in by], sort=False).max()
    )
    out = told.join(place).join(flags)
    out["net_count"] = counts
    out["victims"] = victims.astype("int64")
    out["row_order"] = in_order["line"].min()
    quality = np.select(
        [
            out["offense"].isin(NEVER_MAPPED).to_numpy(),
            out["longitude"].notna().to_numpy(),
            far.reindex(out.index).to_numpy(dtype=bool),
        ],
        ["withheld", "exact", "outside_jurisdiction"],
        "missing",
    )
    out["location_quality"] = pd.array(quality, dtype="str")
    out = out.reset_index().assign(agency_id=AGENCY_ID, source=source, source_file=file)
    return out.sort_values("row_order", kind="stable", ignore_index=True)[list(INCIDENT_COLUMNS)]
