"""The series of every place, made from one table of counts and remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.geography.region import KNOWN_AGENCIES
from analysis.data.series import (
    AgencySeries,
    MeasureSeries,
    agency_series,
    constant_panel,
    sum_panel,
    sum_places,
)
from analysis.data.vocabulary import JURISDICTIONS, PLACES, REGION

COUNT_COLUMNS: Final = ["month", "offense", "count", "status", "source", "suspect"]


class Figures:
    """Series of agencies, jurisdictions and the region as known on one day.

    Args:
        counts: agency_id, month (Period), offense, count, status, source, suspect, vintage.
        agencies, populations: the hub's tables.
        baseline: first and last month of the baseline (``YYYY-MM``).
    """

    def __init__(
        self,
        counts: pd.DataFrame,
        agencies: pd.DataFrame,
        populations: pd.DataFrame,
        baseline: tuple[str, str],
    ) -> None:
        self.counts, self.agencies, self.populations, self.baseline = counts, agencies, populations, baseline
        self._places: dict[tuple[str, str], MeasureSeries | None] = {}
        self._agencies: dict[str, dict[str, AgencySeries]] = {}

    def by_agency(self, measure: str) -> dict[str, AgencySeries]:
        """The measure of every agency that has it, each from one source."""
        if measure not in self._agencies:
            names = dict(zip(self.agencies["agency_id"], self.agencies["name"], strict=True))
            chosen = self.agencies.dropna(subset="preferred_source")
            preferred = dict(zip(chosen["agency_id"], chosen["preferred_source"], strict=True))
            self._agencies[measure] = agency_series(
                self.counts, measure, names=names, preferred=preferred, baseline=self.baseline
            )
        return self._agencies[measure]

    def series(self, place: str, measure: str) -> MeasureSeries | None:
        """The measure of a jurisdiction, the region or an agency; None when there is none."""
        key = (place, measure)
        if key not in self._places:
            self._places[key] = self._make(place, measure)
        return self._places[key]

    def _make(self, place: str, measure: str) -> MeasureSeries | None:
        if place == REGION:
            parts = [self.series(p, measure) for p in JURISDICTIONS]
            return sum_places(measure, [p for p in parts if p is not None], self.baseline[0])
        homes = self.agencies.set_index("agency_id")["jurisdiction"]
        wanted = set(homes.index[homes == place]) if place in JURISDICTIONS else {place}
        found = [s for agency, s in self._local(measure, wanted).items()]
        panel = constant_panel(found)
        if not panel.members:
            return None
        return self._with_population(sum_panel(place, measure, panel), [m.agency_id for m in panel.members])

    def _local(self, measure: str, wanted: set[str]) -> dict[str, AgencySeries]:
        """Series of a few agencies without making those of all donors."""
        if measure in self._agencies:
            return {a: s for a, s in self._agencies[measure].items() if a in wanted}
        few = self.counts[self.counts["agency_id"].isin(wanted)]
        return Figures(few, self.agencies, self.populations, self.baseline).by_agency(measure)

    def _with_population(self, series: MeasureSeries, members: list[str]) -> MeasureSeries:
        """Residents of what the panel polices: the jurisdiction only when the panel is all of it."""
        index = pd.PeriodIndex(series.counts.index)
        agencies = self.agencies.set_index("agency_id")
        whole = series.place in JURISDICTIONS and self._polices_all(series.place, members)
        if whole:
            return replace(series, population=self._residents(series.place, index))
        people = [self._residents(m, index) for m in members]
        known = [p for p in people if p is not None]
        if len(known) == len(members):
            total = pd.DataFrame(dict(enumerate(known))).sum(axis=1)
        elif agencies["population"].reindex(members).notna().all():
            total = pd.Series(float(agencies["population"].reindex(members).sum()), index=index)
        else:
            note = "No rate can be given: the residents of the agencies added here are not known."
            return replace(series, population=None, notes=(*series.notes, note))
        notes = series.notes
        if series.place in JURISDICTIONS:
            notes = (
                *notes,
                f"The agencies added here police {total.iloc[-1]:,.0f} people, "
                f"not all of {JURISDICTIONS[series.place]}; rates are per resident of their area.",
            )
        return replace(series, population=total.rename("population"), notes=notes)

    def _polices_all(self, place: str, members: list[str]) -> bool:
        """Whether the members are all agencies of the jurisdiction (as far as the hub knows them)."""
        if any(KNOWN_AGENCIES[m].whole for m in members if m in KNOWN_AGENCIES):
            return True
        people = self.agencies.set_index("agency_id")["population"].reindex(members)
        residents = self.populations[self.populations["place"] == place]
        if people.isna().any() or residents.empty:
            return False
        latest = residents.sort_values("year")["population"].iloc[-1]
        return bool(people.sum() >= 0.97 * latest)

    def _residents(self, place: str, months: pd.PeriodIndex) -> pd.Series | None:
        """Residents by month: yearly figures stand in July, straight between them, flat beyond."""
        rows = self.populations[self.populations["place"] == place].sort_values("year")
        if rows.empty:
            return None
        at = rows["year"].to_numpy(float) + 0.5
        when = months.year.to_numpy(float) + (months.month.to_numpy(float) - 0.5) / 12
        values = np.interp(when, at, rows["population"].to_numpy(float))
        return pd.Series(values, index=months, name="population")

    def jurisdiction_counts(self) -> pd.DataFrame:
        """place, month, offense, count, status, source, suspect: jurisdictions and the region."""
        parts = []
        for offense in sorted(set(self.counts["offense"])):
            for place in PLACES:
                one = self.series(place, offense)
                if one is not None:
                    parts.append(_rows(one, place, offense))
        columns = ["place", *COUNT_COLUMNS]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _rows(series: MeasureSeries, place: str, offense: str) -> pd.DataFrame:
    kinds = series.status["status"]
    return pd.DataFrame(
        {
            "place": place,
            "month": series.status["month"],
            "offense": offense,
            "count": series.counts.to_numpy(),
            "status": kinds.replace({"used": "reported", "suspect": "missing"}),
            "source": series.source,
            "suspect": series.status["why"].where(kinds == "suspect", ""),
        }
    )


def cut(series: MeasureSeries, through: object) -> MeasureSeries:
    """The series up to and with a month."""
    if through is None:
        return series
    last = pd.Period(str(through), "M")
    counts = series.counts[series.counts.index <= last]
    population = None if series.population is None else series.population.reindex(counts.index)
    status = series.status[series.status["month"] <= last].reset_index(drop=True)
    end = counts.last_valid_index()
    return replace(
        series,
        counts=counts,
        population=population,
        status=status,
        complete_through=end,  # type: ignore[arg-type]
    )
