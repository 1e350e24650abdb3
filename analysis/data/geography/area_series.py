"""A measure inside one area, month by month, from incidents with coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import shapely

from analysis.data import HubError
from analysis.data.hub import Hub
from analysis.data.measures import definition_of
from analysis.data.vocabulary import MEASURES, PART_OFFENSES


def area_counts(hub: Hub, area_id: str, measure: str) -> pd.Series:
    """Incidents (not victims) of a measure inside an area.

    A month counts as known when the jurisdiction's own series of the measure has it; without an
    incident it is then a true zero, otherwise NaN. The area is small beside the jurisdiction, so
    incidents that could not be placed (a few in a hundred) are missing from it and not added back.

    Returns:
        Float on a monthly PeriodIndex without holes.

    Raises:
        HubError: the area is unknown, or its agencies publish counts without locations.
    """
    areas = hub.areas().set_index("area_id")
    if area_id not in areas.index:
        raise HubError(f"There is no area “{area_id}” in the hub.")
    jurisdiction = str(areas.loc[area_id, "jurisdiction"])
    known = hub.series(jurisdiction, measure).counts
    inside = _located(hub, hub.version, area_id)
    inside = inside[inside["offense"].isin(_offenses(measure))]
    if inside.empty:
        raise HubError(
            f"The agencies of {areas.loc[area_id, 'name']!s} publish counts without locations, so nothing "
            "can be counted inside the area."
        )
    rows = inside[_belongs(inside, measure)]
    months = pd.PeriodIndex(rows["coded_month"].astype(str), freq="M")
    counts = rows.groupby(months).size().reindex(known.index).fillna(0.0).astype(float)
    return counts.where(known.notna() & known.index.isin(located_months(hub, hub.version, jurisdiction)))


def counts_by_area(hub: Hub, area_ids: Sequence[str], measure: str) -> pd.DataFrame:
    """The same for many areas of one jurisdiction at once: the incidents are read a single time.

    Returns:
        Month (PeriodIndex without holes) × area_id, float; NaN where the jurisdiction's own series has no
        figure, and in months without a single located incident anywhere in it: no file tells of these.

    Raises:
        HubError: an area is unknown, they lie in several jurisdictions, or no incident has a location.
    """
    areas = hub.areas().set_index("area_id")
    unknown = [a for a in area_ids if a not in areas.index]
    if unknown:
        raise HubError(f"There is no area “{unknown[0]}” in the hub.")
    chosen = areas.loc[list(area_ids)]
    if len(set(chosen["jurisdiction"])) != 1:
        raise HubError("The areas lie in several jurisdictions; count them jurisdiction by jurisdiction.")
    known = hub.series(str(chosen["jurisdiction"].iloc[0]), measure).counts
    rows = hub.incidents(sorted(_offenses(measure)))
    rows = rows[rows["longitude"].notna() & rows["latitude"].notna()]
    x, y = rows["longitude"].to_numpy(float), rows["latitude"].to_numpy(float)
    within = {str(a): shapely.contains_xy(shape, x, y) for a, shape in chosen["geometry"].items()}
    anywhere = np.logical_or.reduce(list(within.values()))
    if not anywhere.any():
        raise HubError(
            "The agencies here publish counts without locations, so nothing can be counted in areas."
        )
    months = pd.PeriodIndex(rows["coded_month"].astype(str), freq="M")
    here = str(chosen["jurisdiction"].iloc[0])
    belongs = _belongs(rows, measure).to_numpy(bool)
    table = pd.DataFrame(
        {a: months[inside & belongs].value_counts() for a, inside in within.items()}, index=known.index
    )
    use = known.notna() & known.index.isin(located_months(hub, hub.version, here))
    counts: pd.DataFrame = table.fillna(0.0).astype(float).where(use, axis=0)
    return counts


@lru_cache(maxsize=8)
def located_months(hub: Hub, version: str, jurisdiction: str) -> pd.PeriodIndex:
    """Months in which the agencies of a jurisdiction gave the location of any incident at all.

    A month between two such months need not be one: incidents may be imported for some years only,
    and without them an area would have zeros that nobody reported.
    """
    del version  # part of the key alone
    agencies = hub.agencies()
    own = set(agencies.loc[agencies["jurisdiction"] == jurisdiction, "agency_id"])
    wanted = sorted({offense for measure in MEASURES for offense in _offenses(measure)})
    rows = hub.incidents(wanted)
    rows = rows[rows["longitude"].notna() & rows["agency_id"].isin(own)]
    return pd.PeriodIndex(sorted(set(rows["coded_month"].astype(str))), freq="M")


@lru_cache(maxsize=8)
def _located(hub: Hub, version: str, area_id: str) -> pd.DataFrame:
    """Incidents inside an area, read once for all measures of one version of the data."""
    wanted = sorted({offense for measure in MEASURES for offense in _offenses(measure)})
    return hub.incidents(wanted, area=area_id)


def _offenses(measure: str) -> set[str]:
    if measure not in MEASURES:
        raise HubError(f"There is no measure “{measure}”. Known: {', '.join(MEASURES)}.")
    definition = definition_of(measure)
    return {PART_OFFENSES.get(name, name) for name in (*definition.offenses, *definition.parts)}


def _belongs(incidents: pd.DataFrame, measure: str) -> pd.Series:
    """Which incidents a measure counts: parts by their flag, domestic ones left out where told."""
    definition = definition_of(measure)
    fallback = dict(definition.fallback)
    chosen = incidents["offense"].isin(definition.offenses)
    for part in definition.parts:
        of_kind = incidents["offense"] == PART_OFFENSES[part]
        flags = incidents.loc[of_kind, "firearm"]
        if part in fallback and flags.isna().all():
            chosen |= of_kind
        else:
            chosen |= of_kind & (incidents["firearm"].fillna(False).astype(bool))
    for part in definition.less:
        of_kind = incidents["offense"] == PART_OFFENSES[part]
        chosen &= ~(of_kind & incidents["domestic"].fillna(False).astype(bool))
    return chosen
