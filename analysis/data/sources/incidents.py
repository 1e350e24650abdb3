"""What every source of incidents shares: which coordinates may be used, and one row per incident."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer

from analysis.data.sources.base import INCIDENT_COLUMNS
from analysis.data.sources.rules import lines_phrase, plural
from analysis.data.vocabulary import NEVER_MAPPED

#: Longitude and latitude beyond which a point is in another part of the country: about 60 miles
#: around the three jurisdictions. Nearer points are the hub's to judge, with polygons.
REGION_BOX: Final = (-91.5, 37.7, -89.0, 39.7)

#: Which quality an incident has when its rows differ: the last of these.
_QUALITIES: Final = ("missing", "outside_jurisdiction", "exact", "withheld")

Flags = npt.NDArray[np.bool_]


@lru_cache(maxsize=8)
def _transformer(crs: str) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def to_degrees(x: pd.Series, y: pd.Series, crs: str) -> tuple[pd.Series, pd.Series]:
    """Longitude and latitude (WGS84) of coordinates in ``crs``; NaN where either is NaN or 0."""
    present = (x.notna() & y.notna() & (x != 0) & (y != 0)).to_numpy()
    longitude = np.full(len(x), np.nan)
    latitude = np.full(len(x), np.nan)
    if present.any():
        lon, lat = _transformer(crs).transform(x.to_numpy()[present], y.to_numpy()[present])
        finite = np.isfinite(lon) & np.isfinite(lat)
        longitude[present] = np.where(finite, lon, np.nan)
        latitude[present] = np.where(finite, lat, np.nan)
    return pd.Series(longitude, index=x.index), pd.Series(latitude, index=x.index)


def place_rows(rows: pd.DataFrame, private: Flags | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Decide which coordinates may be used, and say what was done.

    ``rows`` has agency_id, incident_id, offense, longitude, latitude and line. Sexual offenses lose
    theirs, and so does every row of an incident that holds one (the incident number would lead back to
    it); ``private`` marks further rows. Points outside :data:`REGION_BOX` cannot be true and are dropped;
    the row stays, because its count is true. Adds ``location_quality``.
    """
    west, south, east, north = REGION_BOX
    present = rows["longitude"].notna().to_numpy()
    sexual = rows["offense"].isin(NEVER_MAPPED).to_numpy()
    if private is not None:
        sexual = sexual | private
    if sexual.any():
        named = pd.MultiIndex.from_frame(rows[["agency_id", "incident_id"]])
        sexual = sexual | np.asarray(named.isin(named[sexual]))
    inside = (rows["longitude"].between(west, east) & rows["latitude"].between(south, north)).to_numpy()
    far = present & ~inside & ~sexual
    usable = present & inside & ~sexual
    quality = np.select([sexual, usable, far], ["withheld", "exact", "outside_jurisdiction"], "missing")
    out = rows.assign(
        longitude=rows["longitude"].where(usable),
        latitude=rows["latitude"].where(usable),
        location_quality=pd.array(quality, dtype="str"),
    )
    messages = []
    if n := int(far.sum()):
        messages.append(
            f"{n:,} {plural(n, 'row has', 'rows have')} coordinates far outside the region "
            f"({lines_phrase(rows['line'][far])}): counted, kept without coordinates."
        )
    if n := int((present & sexual).sum()):
        messages.append(
            f"Coordinates of {n:,} {plural(n, 'row', 'rows')} of incidents with a sexual offense were "
            "removed: they are never placed on a map."
        )
    return out, messages


def group_incidents(rows: pd.DataFrame, source: str, file: str) -> pd.DataFrame:
    """One row per incident × code from rows with a signed ``count`` and the line each stands on.

    Sums the counts (victims: the positive ones), takes dates and month from the first row that counts,
    and the last coordinates in file order.
    """
    by = ["agency_id", "incident_id", "code"]
    # The keys are numbered once: text would be compared again for every column that is summed.
    group = rows.groupby(by, sort=False).ngroup()
    order = np.argsort(rows["count"].to_numpy() <= 0, kind="stable")
    told = [*by, "occurred_at", "reported_at", "coded_month", "offense", "area_name"]
    out = rows[told].iloc[order].groupby(group.iloc[order].to_numpy()).first()
    numbers = rows[["longitude", "latitude", "firearm", "domestic", "line"]].groupby(group.to_numpy())
    out[["longitude", "latitude"]] = numbers[["longitude", "latitude"]].last()
    out[["firearm", "domestic"]] = numbers[["firearm", "domestic"]].max()
    out["row_order"] = numbers["line"].min()
    counts = rows["count"].to_numpy()
    out["net_count"] = np.bincount(group, weights=counts).astype("int64")
    out["victims"] = np.bincount(group, weights=counts.clip(min=0)).astype("int64")
    ranks = np.zeros(len(out), dtype=int)
    np.maximum.at(ranks, group.to_numpy(), pd.Categorical(rows["location_quality"], _QUALITIES).codes)
    out["location_quality"] = pd.array(np.asarray(_QUALITIES)[ranks], dtype="str")
    out = out.assign(source=source, source_file=file)
    return out.sort_values("row_order", kind="stable", ignore_index=True)[list(INCIDENT_COLUMNS)]
