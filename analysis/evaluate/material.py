"""What a method needs, taken out of the hub: series, comparison, panel, areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.data import Hub, HubError
from analysis.data.geography.area_series import area_counts
from analysis.data.vocabulary import PLACES
from analysis.evidence import RefusedError

#: Months of history a time series model looks back over: the three years of the goal's baseline.
#: Longer windows reach into the jump of 2020 and its fall, which a straight line cannot follow.
PRE_MONTHS: Final = 36

#: Fewest comparison cities for a window of a synthetic control, so that a 95 % range is possible
#: with room to spare; and fewest years before the start that it may look back.
ENOUGH_DONORS: Final = 30
FEWEST_YEARS: Final = 3

#: Degrees within which a ring counts as lying round an area (about a hundred metres).
_NEXT_TO: Final = 0.001


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """An area with what it is compared with: monthly incidents on one index.

    Attributes:
        treated: inside the area. comparison: inside the comparison areas, added up.
        ring: in the rings round the area; None without any.
        names: comparison areas, as shown.
    """

    treated: pd.Series
    comparison: pd.Series
    ring: pd.Series | None
    names: tuple[str, ...]


def months_of(table: pd.Series | pd.DataFrame) -> pd.PeriodIndex:
    """The index as months."""
    return pd.PeriodIndex(table.index, freq="M")


def place_series(hub: Hub, place: str, measure: str) -> tuple[pd.Series, pd.Series | None, str]:
    """Counts, population (None for an area) and definition of a measure in a jurisdiction or area.

    Raises:
        RefusedError: the hub has no such series; the message says why.
    """
    try:
        if place in PLACES:
            series = hub.series(place, measure)
            return series.counts, series.population, series.definition
        return area_counts(hub, place, measure), None, "incidents inside the area, not victims"
    except HubError as why:
        raise RefusedError(str(why)) from why


def cut(counts: pd.Series, through: pd.Period | None) -> pd.Series:
    """The series up to a month, as it would have stood with today's figures."""
    return counts if through is None else counts[months_of(counts) <= through]


def comparison_series(hub: Hub, measure: str, months: pd.PeriodIndex) -> pd.DataFrame:
    """All eligible comparison cities added up: count and population by month.

    Raises:
        RefusedError: there is no comparison city with every month.
    """
    panel = hub.donor_panel(measure, str(months[0]), str(months[-1]))
    if panel.counts.shape[1] == 0:
        raise RefusedError("No comparison city reported every month of this window.")
    counts = panel.counts.sum(axis=1, min_count=panel.counts.shape[1]).reindex(months)
    return pd.DataFrame({"count": counts, "population": float(panel.population.sum())}, index=months)


def treated_panel(
    hub: Hub, place: str, measure: str, counts: pd.Series, population: pd.Series | None, start: pd.Period
) -> tuple[pd.DataFrame, pd.Series]:
    """Counts of a place beside its eligible donors (month × unit), and their populations.

    The window ends at the place's last usable month and begins with the first January from which
    the place has every month and at least ``ENOUGH_DONORS`` comparison cities do too: the longest
    history that a broad pool shares. When no January within reach has so many, the one with the
    most (the earliest of them) is taken. The phase-in stays in: a synthetic control shows it.

    Raises:
        RefusedError: no population, no donors, or no history before the start.
    """
    if population is None or population.dropna().empty:
        raise RefusedError("No population is known here, so it cannot be compared per resident.")
    months = months_of(counts)
    last = months_of(counts.dropna())[-1]
    gaps = months[counts.isna().to_numpy() & (months <= last)]
    window = months[(months <= last) & (months > (gaps[-1] if len(gaps) else months[0] - 1))]
    if window.empty or window[0] >= start:
        raise RefusedError("A missing month leaves no unbroken history before the start.")
    januaries = [m for m in window if m.month == 1 and m <= start - 12 * FEWEST_YEARS]
    best = None
    for first in januaries or [window[0]]:
        panel = hub.donor_panel(measure, str(first), str(last))
        if best is None or panel.counts.shape[1] > best.counts.shape[1]:
            best = panel
        if best.counts.shape[1] >= ENOUGH_DONORS:
            break
    if best is None or best.counts.shape[1] == 0:
        raise RefusedError("No comparison city reported every month of this window.")
    table = best.counts.copy()
    table.insert(0, place, counts.reindex(table.index))
    people = pd.concat([pd.Series({place: float(population.reindex(table.index).mean())}), best.population])
    return table, people


def neighbourhood(hub: Hub, area_id: str, measure: str) -> Neighbourhood:
    """An area, the comparison areas of its jurisdiction, and the rings round it.

    Raises:
        RefusedError: the area is unknown, or the hub knows no comparison area in its jurisdiction.
    """
    areas = hub.areas().set_index("area_id")
    if area_id not in areas.index:
        raise RefusedError(f"There is no area “{area_id}” in the hub.")
    here = areas.loc[area_id]
    same = areas[areas["jurisdiction"] == here["jurisdiction"]]
    compared = same[same["kind"] == "comparison"]
    if compared.empty:
        raise RefusedError(
            f"The hub has no comparison area in the same jurisdiction as {here['name']}. Import outlines "
            "with areas of the kind “comparison” to compare it with."
        )
    rings = same[same["kind"] == "buffer"]
    near = [a for a, shape in rings["geometry"].items() if shape.distance(here["geometry"]) < _NEXT_TO]
    try:
        treated = area_counts(hub, area_id, measure)
        others = [area_counts(hub, str(a), measure) for a in compared.index]
        around = [area_counts(hub, str(a), measure) for a in near]
    except HubError as why:
        raise RefusedError(str(why)) from why
    ring = _total(around) if around else None
    return Neighbourhood(treated, _total(others), ring, tuple(str(n) for n in compared["name"]))


def _total(parts: list[pd.Series]) -> pd.Series:
    return pd.concat(parts, axis=1).sum(axis=1, min_count=len(parts))
