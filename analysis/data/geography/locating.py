"""Give every incident its cell and its area, and say where point and named area disagree."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import shapely

from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.places import STORED_RESOLUTION, cells_of, locate, read_geometry
from analysis.data.vocabulary import NEVER_MAPPED

#: Kinds of area that tile a jurisdiction: an incident lies in at most one of them.
TILING: Final = ("neighborhood", "park")
#: Census outlines are simplified and end in the middle of the river: so far outside is still inside.
_MARGIN_DEGREES: Final = 0.005  # about 500 m


def assign(incidents: pd.DataFrame, areas: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Fill ``h3_r9``, ``area_id`` and ``location_quality`` of incident rows.

    * Sexual offenses lose any coordinate, whatever the source says.
    * A point outside its agency's jurisdiction (by more than 500 m) is ``outside_jurisdiction``.
    * A point outside the area that the row names is ``outside_named_area``, where that area is known.

    ``areas`` is the stored table (geometry as text); it may be empty, and can come later.
    """
    rows = incidents.copy()
    hidden = rows["offense"].isin(NEVER_MAPPED).to_numpy()
    rows.loc[hidden, ["longitude", "latitude"]] = np.nan
    rows.loc[hidden, "location_quality"] = "withheld"
    lon, lat = rows["longitude"].to_numpy(float), rows["latitude"].to_numpy(float)
    placed = np.isfinite(lon) & np.isfinite(lat)
    rows["h3_r9"] = pd.array(cells_of(lon, lat, STORED_RESOLUTION), dtype="str")
    quality = rows["location_quality"].to_numpy(dtype=object, copy=True)
    quality[placed & (quality != "outside_jurisdiction")] = "exact"
    area, named = _areas_of(rows, lon, lat, areas)
    rows["area_id"] = pd.array(area, dtype="str")
    at_odds = placed & (named != None) & (named != area)  # noqa: E711  (elementwise)
    quality[at_odds & (quality == "exact")] = "outside_named_area"
    quality[_outside(rows["agency_id"], lon, lat, agencies) & (area == None)] = "outside_jurisdiction"  # noqa: E711
    rows["location_quality"] = pd.array(quality, dtype="str")
    return rows


def _areas_of(
    rows: pd.DataFrame, lon: np.ndarray, lat: np.ndarray, areas: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """The tiling area that holds each row's point, and the one that the row names (None: unknown)."""
    tiles = areas[areas["kind"].isin(TILING)]
    area = np.full(len(rows), None, dtype=object)
    named = area.copy()
    if tiles.empty:
        return area, named
    found = locate(lon, lat, [read_geometry(text) for text in tiles["geometry"]])
    ids = tiles["area_id"].to_numpy(dtype=object)
    area[found >= 0] = ids[found[found >= 0]]
    by_code = dict(zip(tiles["code"].map(plain_code), ids, strict=True))
    by_name = dict(zip(tiles["name"].map(plain_code), ids, strict=True))
    known = {**by_name, **by_code}
    known.pop("", None)
    codes = rows["area_name"].fillna("").astype("str")
    words = {text: known.get(plain_code(text)) for text in codes.unique()}
    named[:] = codes.map(words).to_numpy(dtype=object)
    named[pd.isna(named)] = None
    return area, named


def plain_code(text: object) -> str:
    """A neighbourhood's number or name as it can be compared: ``G-88``, ``088`` and ``88`` agree."""
    if not isinstance(text, str):
        return ""
    plain = "".join(c for c in text.casefold() if c.isalnum())
    digits = plain.lstrip("abcdefghijklmnopqrstuvwxyz")
    return digits.lstrip("0") if digits.isdigit() and len(plain) - len(digits) <= 1 else plain


def _outside(agency: pd.Series, lon: np.ndarray, lat: np.ndarray, agencies: pd.DataFrame) -> np.ndarray:
    """Points outside the outline of their agency's jurisdiction."""
    jurisdiction = agency.map(agencies.set_index("agency_id")["jurisdiction"]).to_numpy(dtype=object)
    out = np.zeros(len(agency), dtype=bool)
    for name, outline in jurisdiction_outlines().items():
        here = np.flatnonzero((jurisdiction == name) & np.isfinite(lon) & np.isfinite(lat))
        if here.size:
            wide = shapely.buffer(outline, _MARGIN_DEGREES)
            out[here] = locate(lon[here], lat[here], [wide]) < 0
    return out
