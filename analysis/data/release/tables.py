"""What a release holds of a hub, for one audience: tables that are protected before they are written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from analysis.data.elsewhere.donors import standing
from analysis.data.errors import HubError
from analysis.data.hub import Hub
from analysis.data.places import geometry_text
from analysis.data.privacy import Audience, coarsened, mappable, protect_people, sums_of, withheld
from analysis.data.schema import INCIDENT_COLUMNS
from analysis.data.series import MeasureSeries
from analysis.data.vocabulary import MEASURES, OFFENSES, PLACES

Progress = Callable[[int, int, str], None]
Key = tuple[str, str]

#: Comparison agencies with fewer residents are in no panel that a page offers.
DONOR_POPULATION: Final = 100_000
#: Small tables that are the same for everybody.
PLAIN: Final = ("agencies", "populations", "deployments", "goals", "milestones", "meetings", "benchmarks")


@dataclass(frozen=True)
class Shown:
    """The series of the places for one audience.

    Attributes:
        series: (place, measure) → series whose every month may be shown.
        why: (place, measure) → sentence, where there is none or none may be shown.
        years: place, measure, year, count — of withheld series, where a whole year may be told.
    """

    series: Mapping[Key, MeasureSeries]
    why: Mapping[Key, str]
    years: pd.DataFrame


def place_series(hub: Hub, rules: Audience, *, small_totals: bool = False) -> Shown:
    """Every series of a place and measure that this audience may see month by month."""
    found: dict[Key, MeasureSeries] = {}
    why: dict[Key, str] = {}
    for place in PLACES:
        for measure in MEASURES:
            try:
                found[place, measure] = hub.series(place, measure)
            except HubError as error:
                why[place, measure] = str(error)
    counts = {key: s.counts for key, s in found.items()}
    lost = set() if small_totals else withheld(counts, sums_of(counts), rules.k)
    years = _years(counts, lost, rules.k)
    for key in sorted(lost):
        why[key] = _withheld_words(key, rules, years)
    return Shown({k: s for k, s in found.items() if k not in lost}, why, years)


def _years(counts: Mapping[Key, pd.Series], lost: set[Key], k: int) -> pd.DataFrame:
    """Whole years of withheld series, where they give nothing away either."""
    yearly = {}
    for key, months in counts.items():
        index = pd.PeriodIndex(months.index)
        whole = months.groupby(index.year).agg(["sum", "count"])
        yearly[key] = whole["sum"].where(whole["count"] == 12)
    gone = withheld(yearly, sums_of(yearly), k, fixed=set(yearly) - lost)
    rows = [(*key, year, float(n)) for key in sorted(lost - gone) for year, n in yearly[key].dropna().items()]
    return pd.DataFrame(rows, columns=["place", "measure", "year", "count"])


def _withheld_words(key: Key, rules: Audience, years: pd.DataFrame) -> str:
    place, measure = key
    own = years[(years["place"] == place) & (years["measure"] == measure)].tail(3)
    told = ", ".join(f"{year}: {n:,.0f}" for year, n in zip(own["year"], own["count"], strict=True))
    return (
        f"{MEASURES[measure]} in {PLACES[place]} is not shown month by month here: some months count fewer "
        f"than {rules.k}, or would give such a month of another place or offense away."
        + (f" By year: {told}." if told else "")
    )


def comparison(hub: Hub, rules: Audience, progress: Progress | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Monthly measures of comparison agencies, and who is none and why.

    Returns:
        agency_id, measure, source, month, count (NaN: not usable), why; and measure, agency_id, name,
        reason.
    """
    figures = hub._figures()
    described: dict[Hashable, dict[Hashable, Any]] = figures.agencies.set_index("agency_id").to_dict("index")
    kept: dict[str, dict[Key, Any]] = {}
    out: list[tuple[str, str, str, str]] = []
    for i, measure in enumerate(MEASURES):
        if progress:
            progress(i, len(MEASURES), f"comparison cities, {MEASURES[measure].lower()}")
        for agency_id, one in sorted(figures.by_agency(measure).items()):
            reason = standing(agency_id, described[agency_id], DONOR_POPULATION)
            if reason:
                out.append((measure, agency_id, one.name, reason))
            else:
                kept.setdefault(agency_id, {})[agency_id, measure] = one
    parts = []
    for agency_id, series in kept.items():
        counts = {key: s.counts for key, s in series.items()}
        lost = withheld(counts, sums_of(counts), rules.k) if rules.k > 1 else set()
        for (_, measure), s in series.items():
            if (agency_id, measure) in lost:
                reason = f"some of its months count fewer than {rules.k}, or would give one away"
                out.append((measure, agency_id, s.name, reason))
                continue
            # Most series have every month, and reasons take longer to find than all else here.
            whole = bool(s.counts.notna().all())
            why = "" if whole else s.why.reindex(s.counts.index).fillna("").to_numpy(object)
            parts.append(
                pd.DataFrame(
                    {
                        "agency_id": agency_id, "measure": measure, "source": s.source,
                        "month": s.counts.index.astype(str), "count": s.counts.to_numpy(float), "why": why,
                    }
                )
            )  # fmt: skip
    columns = ["agency_id", "measure", "source", "month", "count", "why"]
    counts_table = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return counts_table, pd.DataFrame(out, columns=["measure", "agency_id", "name", "reason"])


def offense_months(hub: Hub, shown: Shown, rules: Audience) -> pd.DataFrame:
    """place, month, offense, count, status, source: whole places by month, as far as they may be shown.

    Offenses that are measures are here where their series is shown. Sexual offenses and parts (with a
    firearm, domestic) are no measure and small: for an audience with a threshold they are left out.
    """
    rows = hub.monthly_counts(by="jurisdiction", suspects="drop")
    rows = rows[["place", "month", "offense", "count", "status", "source"]]
    if rules.k > 1:
        counts = {
            (str(p), str(o)): g.set_index("month")["count"]
            for (p, o), g in rows[rows["offense"].isin(list(OFFENSES))].groupby(["place", "offense"])
            if o not in ("rape", "sex_offense")
        }
        fixed = set(shown.series)
        lost = withheld({k: v for k, v in counts.items() if k[1] not in MEASURES}, sums_of(counts), rules.k)
        may = {k for k in counts if k in fixed or (k[1] not in MEASURES and k not in lost)}
        open_ = [key in may for key in zip(rows["place"], rows["offense"], strict=True)]
        rows = rows.loc[pd.Series(open_, index=rows.index, dtype=bool)]
    return rows.sort_values(["place", "offense", "month"], ignore_index=True)


def researcher_tables(hub: Hub, rules: Audience) -> dict[str, pd.DataFrame]:
    """Incidents moved to the middle of their cells, without a number or text that names one, and counts."""
    rows = hub.incidents()
    rows = coarsened(rules, rows[mappable(rules, rows)]).sort_values(
        ["agency_id", "coded_month", "occurred_at", "offense", "incident_id"], ignore_index=True
    )
    rows["reported_at"] = pd.NaT
    number = rows.groupby(["agency_id", "incident_id"], sort=False).ngroup() + 1
    rows = rows.assign(
        incident_id=number.map("{:07d}".format).astype("str"), code=None, source_file="",
        row_order=None, area_name=None,
    )  # fmt: skip
    counts = hub.monthly_counts()
    return {
        "incidents": rows[[c for c in INCIDENT_COLUMNS if c != "import_seq"]],
        "agency_counts": counts,
        "area_counts": hub.monthly_counts(by="area"),
    }


def plain_tables(hub: Hub, rules: Audience) -> dict[str, pd.DataFrame]:
    """The small tables: agencies, outlines, deployments, their activities, goals and texts."""
    out = {name: getattr(hub, name)() for name in PLAIN}
    areas = hub.areas()
    out["areas"] = areas.assign(geometry=[geometry_text(g) for g in areas["geometry"]])
    out["activities"] = protect_people(hub.activities(), rules.k)
    out["sources"] = hub.sources().assign(
        first=lambda t: t["first"].astype(str), last=lambda t: t["last"].astype(str)
    )
    _, breaks = hub._quality()
    out["breaks"] = breaks.assign(month=breaks["month"].astype(str))
    return out
