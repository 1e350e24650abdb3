"""Which agencies may stand in a comparison pool, and why the others may not."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.elsewhere.presets import DonorPreset
from analysis.data.elsewhere.state_points import STATE_POINTS
from analysis.data.figures import Figures
from analysis.data.geography.region import is_metro_neighbour
from analysis.data.measures import definition_of
from analysis.data.series import AgencySeries
from analysis.data.vocabulary import JURISDICTIONS

#: States that are never donors: Missouri's figures pass through one state portal, and what is wrong
#: with them is wrong in the treated agencies too; state law and programmes reach all its cities.
_STATES: Final = {"MO": "is in Missouri, whose reporting and state policy the treated places share"}


@dataclass(frozen=True)
class DonorPanel:
    """Comparison agencies with every month of a window.

    Attributes:
        counts: month (PeriodIndex) × agency_id, float, no NaN.
        population: agency_id → residents (the source's latest figure).
        names: agency_id → name.
        excluded: agency_id, name, reason — every agency that has the measure and is no donor.
    """

    counts: pd.DataFrame
    population: pd.Series
    names: pd.Series
    excluded: pd.DataFrame


def donor_table(panel: DonorPanel, agencies: pd.DataFrame, preset: DonorPreset | None = None) -> pd.DataFrame:
    """Every agency that was looked at: donor or not, why not, how large, and where.

    Args:
        panel: as :func:`donor_panel` returns it.
        agencies: the hub's table of agencies.
        preset: its exclusions count as reasons too.

    Returns:
        agency_id, name, state, population, donor (bool), reason ("" for donors), longitude, latitude,
        placed ("own" or "state": a point in the middle of the state, where the data hold no better;
        "" with neither). Donors first, then by name.
    """
    reasons = dict(zip(panel.excluded["agency_id"], panel.excluded["reason"], strict=True))
    table = agencies[agencies["agency_id"].isin([*panel.counts.columns, *reasons])].copy()
    if preset is not None:
        named = preset.reasons(table)
        reasons = {a: named[a] for a in table["agency_id"] if a in named} | reasons
    table["reason"] = table["agency_id"].map(reasons).fillna("").astype("str")
    table["donor"] = table["reason"] == ""
    own = table["longitude"].notna() & table["latitude"].notna()
    middle = table["state"].map(STATE_POINTS)
    has_state = middle.notna()
    longitude = middle.map(lambda p: p[0], na_action="ignore").astype("float64")
    latitude = middle.map(lambda p: p[1], na_action="ignore").astype("float64")
    table["longitude"] = table["longitude"].astype("float64").where(own, longitude)
    table["latitude"] = table["latitude"].astype("float64").where(own, latitude)
    table["placed"] = np.where(own, "own", np.where(has_state, "state", ""))
    columns = [
        "agency_id", "name", "state", "population", "donor", "reason", "longitude", "latitude", "placed",
    ]  # fmt: skip
    return table.sort_values(["donor", "name"], ascending=[False, True], ignore_index=True)[columns]


def donor_panel(
    figures: Figures,
    breaks: pd.DataFrame,
    measure: str,
    start: pd.Period,
    end: pd.Period,
    min_population: float,
) -> DonorPanel:
    """Sort agencies into donors and excluded ones; the first reason that applies is given."""
    months = pd.period_range(start, end, freq="M", name="month")
    needs = set(definition_of(measure).needs)
    inside = breaks[(breaks["month"] > start) & (breaks["month"] <= end)]
    inside = inside[inside["offense"].isna() | inside["offense"].isin(needs)]
    agencies = figures.agencies.set_index("agency_id")
    described = agencies.to_dict("index")
    all_series = dict(sorted(figures.by_agency(measure).items()))
    # One table for all agencies: looking months up agency by agency takes seconds with 700 of them.
    table = pd.DataFrame({a: s.counts for a, s in all_series.items()}).reindex(months)
    whole = table.notna().all()
    broken = set(inside["agency_id"])
    kept: list[str] = []
    excluded = []
    for agency_id, series in all_series.items():
        reason = standing(agency_id, described[agency_id], min_population)
        if not reason and not whole[agency_id]:
            reason = _gaps(series, months)
        if not reason and agency_id in broken:
            reason = _break(series, inside)
        if reason:
            excluded.append((agency_id, series.name, reason))
        else:
            kept.append(agency_id)
    counts = table[kept].astype("float64")
    ids = pd.Index(kept, name="agency_id")
    return DonorPanel(
        counts,
        agencies["population"].reindex(ids),
        agencies["name"].reindex(ids),
        pd.DataFrame(excluded, columns=["agency_id", "name", "reason"]),
    )


def standing(agency_id: str, agency: dict[Hashable, Any], min_population: float) -> str:
    """Why an agency may not stand in the pool whatever it reported ("" = it may)."""
    if agency["jurisdiction"] in JURISDICTIONS:
        return f"polices part of {JURISDICTIONS[agency['jurisdiction']]}, where the tactics work"
    if is_metro_neighbour(agency_id):
        return "polices a county next to the treated places"
    if agency["state"] in _STATES:
        return _STATES[str(agency["state"])]
    if agency["donor"] == "excluded":
        return str(agency["donor_reason"]) if isinstance(agency["donor_reason"], str) else "was excluded"
    people = agency["population"]
    if not people >= min_population:
        return "its residents are not known" if pd.isna(people) else f"has {people:,.0f} residents"
    return ""


def _gaps(series: AgencySeries, months: pd.PeriodIndex) -> str:
    """Which months of the window an agency lacks, and why."""
    gaps = months[series.counts.reindex(months).isna()]
    why = series.why.reindex(gaps).fillna("not reported")
    suspect = why[why.str.startswith("suspect")]
    if len(suspect):
        first = f"{suspect.index[0]}: {suspect.iloc[0].removeprefix('suspect: ')}"
        return f"{len(suspect)} of {len(months)} months look wrong ({first})"
    return f"lacks {len(gaps)} of {len(months)} months ({gaps[0]}{' …' if len(gaps) > 1 else ''})"


def _break(series: AgencySeries, breaks: pd.DataFrame) -> str:
    """A level break of the agency's own source inside the window ("" = none)."""
    own = breaks[breaks["agency_id"] == series.agency_id]
    own = own[(own["before"] == series.source) | (own["after"] == series.source)]
    return f"has a level break in {own['month'].iloc[0]}: {own['reason'].iloc[0]}" if len(own) else ""
