"""The small tables of a hub, as frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.data.arrivals.audit import TABLE, AuditLog, verify
from analysis.data.geography.outlines import outline_collection
from analysis.data.geography.region import default_populations
from analysis.data.package import Package
from analysis.data.places import read_geometry
from analysis.data.schema import TABLES, conform
from analysis.data.series import DEFAULT_BASELINE
from analysis.data.store import Store


class HubTables:
    """Read access to every table that fits into memory; each call gives a copy."""

    def __init__(self, store: Store | Package) -> None:
        self._store = store
        self._memory: dict[Any, Any] = {}

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._memory:
            self._memory[name] = self._store.frame(name)
        frame: pd.DataFrame = self._memory[name]
        return frame.copy()

    def agencies(self) -> pd.DataFrame:
        """One row an agency: agency_id, name, state, kind, jurisdiction, population …"""
        return self._table("agencies")

    def populations(self) -> pd.DataFrame:
        """place, year, population, source; the census counts where the hub has none for a place."""
        own = self._table("populations")
        shipped = default_populations()
        shipped = shipped[~shipped["place"].isin(own["place"])]
        return conform(TABLES["populations"], pd.concat([own, shipped], ignore_index=True))

    def areas(self) -> pd.DataFrame:
        """area_id, jurisdiction, name, kind, population, code, geometry (shapely)."""
        areas = self._table("areas")
        return areas.assign(geometry=pd.Series([read_geometry(t) for t in areas["geometry"]], dtype=object))

    def deployments(self) -> pd.DataFrame:
        """A tactic working in an area: deployment_id, tactic, area_id, jurisdiction, start …"""
        return self._table("deployments")

    def activities(self) -> pd.DataFrame:
        """deployment_id, month, activity, value, planned."""
        return self._table("activities")

    def goals(self) -> pd.DataFrame:
        """Versions of goals."""
        return self._table("goals")

    def milestones(self) -> pd.DataFrame:
        """date, title, text, status, source."""
        return self._table("milestones")

    def meetings(self) -> pd.DataFrame:
        """date, title, text, place, source."""
        return self._table("meetings")

    def benchmarks(self) -> pd.DataFrame:
        """Effects that other cities reported."""
        return self._table("benchmarks")

    def imports(self) -> pd.DataFrame:
        """Every file that was imported, with its hash, vintage and row counts."""
        return self._table("imports")

    def vintages(self) -> list[str]:
        """Every day on which some monthly count was known (ISO dates), the oldest first."""
        return sorted(self._table("monthly_counts")["vintage"].dropna().unique())

    def accepted(self) -> pd.DataFrame:
        """Every acceptance of a suspect month: agency_id, month, offense, reason, who, accepted_at."""
        return self._table("accepted")

    def declarations(self) -> pd.DataFrame:
        """Every version of every evaluation that was declared in this hub."""
        return self._table("evaluations")

    def audit(self) -> AuditLog:
        """Everything that was done to the hub, verified on reading (see :class:`AuditLog`)."""
        anchor = self._store.pointer.hashes.get(TABLE, "") if isinstance(self._store, Store) else ""
        return verify(self._table(TABLE), anchor)

    def quarantine(self, path: str | Path | None = None) -> pd.DataFrame:
        """Every value that a rule refused: file, line, column, value, rule, remedy, row.

        With ``path`` the same table is written there as CSV. A cell that a spreadsheet would run as a
        formula gets an apostrophe in front.
        """
        table = self._table("quarantine")
        if path is not None:
            text = table.astype("object").where(table.notna(), "")
            for name in ("column", "value", "row"):
                risky = text[name].astype("str").str.match(r"^[=+\-@\t\r]")
                text[name] = text[name].mask(risky, "'" + text[name].astype("str"))
            text.to_csv(path, index=False)
        return table

    def outlines(self) -> dict[str, Any]:
        """GeoJSON of the jurisdictions (kind ``jurisdiction``) and the counties around (``context``)."""
        return outline_collection()

    def _baseline(self) -> tuple[str, str]:
        """First and last month of the default goals' baseline."""
        goals = self.goals()
        chosen = goals[goals["default"].fillna(False).astype(bool)]
        if chosen.empty:
            return DEFAULT_BASELINE
        return str(chosen["baseline_start"].min()), str(chosen["baseline_end"].max())
