"""The hub: the one door to the data.

``open_hub`` gives a :class:`Hub`. A hub is a folder of Delta tables (see :mod:`analysis.data.store`);
a plain data package opens the same way, read only.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.data import views
from analysis.data.arrivals import audit, importing
from analysis.data.arrivals.importing import ImportReport, Progress
from analysis.data.arrivals.recount import usable_counts
from analysis.data.elsewhere.donors import DonorPanel, donor_panel
from analysis.data.errors import HubError
from analysis.data.figures import COUNT_COLUMNS, Figures, cut
from analysis.data.geography.incident_tables import area_counts, one_source_a_month, standing_incidents
from analysis.data.hub_tables import HubTables
from analysis.data.package import DESCRIPTOR, Package
from analysis.data.places import locate
from analysis.data.quality.checks import HubCheck, check, inspect, mark
from analysis.data.schema import INCIDENT_COLUMNS, LEDGER, TABLES, conform
from analysis.data.series import MeasureSeries
from analysis.data.store import HEAD, Engine, Pointer, Store, write_pointer
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, REGION


@functools.cache
def _engine() -> Engine:
    return Engine()


def open_hub(path: str | Path, *, create: bool = True, read_only: bool = False) -> Hub:
    """Open a hub, or a plain data package (which opens read only).

    Args:
        path: folder of the hub; made when missing and ``create``.
        read_only: never write, whatever is called.

    Raises:
        HubError: there is no hub and none may be made, or the folder holds something else.
    """
    folder = Path(path)
    if (folder / HEAD).is_file():
        return Hub(Store(folder, _engine(), read_only=read_only))
    if (folder / DESCRIPTOR).is_file():
        return Hub(Package(folder, _engine()))
    if folder.exists() and not folder.is_dir():
        raise HubError(f"{folder} is a file, not a folder. Name the folder of a hub.")
    if folder.is_dir() and any(folder.iterdir()):
        raise HubError(
            f"{folder} is neither a hub nor a data package, and not empty. Name another folder, "
            f"or one with a {DESCRIPTOR}."
        )
    if not create or read_only:
        raise HubError(f"There is no hub at {folder}. Make one by importing files into it.")
    write_pointer(folder, Pointer(hub_id=uuid.uuid4().hex))
    return Hub(Store(folder, _engine()))


class Hub(HubTables):
    """Everything that is known, and how it came to be known.

    Results of reading calls are the caller's own copies. Errors are :class:`HubError` (a
    ``ValueError``) with a sentence for the person in front of the screen.
    """

    # -- what it is

    @property
    def path(self) -> Path:
        """Folder of the hub or package."""
        return self._store.path

    @property
    def version(self) -> str:
        """Short hash of the data version: a key for every cache."""
        return self._store.version

    @property
    def synthetic(self) -> bool:
        """Whether any figure is made up: whoever shows it says *Synthetic sample data*."""
        return self._store.synthetic

    @property
    def read_only(self) -> bool:
        """Whether importing is refused."""
        return bool(self._store.read_only)

    @property
    def is_empty(self) -> bool:
        """Whether there is no count at all."""
        return len(self._counts(None)) == 0

    def refresh(self) -> None:
        """Look again: another process may have imported. Changes ``version`` when it has."""
        if isinstance(self._store, Store):
            before = self.version
            self._store.refresh()
            if self.version != before:
                self._memory = {}

    # -- writing

    def _writable(self) -> Store:
        if not isinstance(self._store, Store):
            raise HubError(f"{self.path} is a data package: it can be read, not written. Import into a hub.")
        return self._store

    def import_files(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        layout: str = "auto",
        mapping: str | Path | None = None,
        vintage: str | None = None,
        progress: Progress | None = None,
        who: str | None = None,
    ) -> ImportReport:
        """Import files or folders: all of their good rows, or nothing when it is interrupted.

        Args:
            layout: "auto", a layout's id, or "areas"/"table" for the hub's own kinds of file.
            mapping: YAML mapping file for any other agency's table.
            vintage: day on which the figures were known (ISO date); default the file's own, else today.
            progress: called with (files done, files in all, text).
            who: name for the audit log; default the account's.

        A file that was imported before changes nothing. A refused file does not stop the others; the
        report names it. Raises ``HubError`` when another import is under way.
        """
        if vintage is not None:
            try:
                pd.Timestamp(vintage)
            except ValueError as error:
                raise HubError(f"The vintage “{vintage}” is no date. Write it as YYYY-MM-DD.") from error
        with self._writable().transaction() as work:
            report = importing.import_files(
                work, paths, layout=layout, mapping=mapping, vintage=vintage, progress=progress
            )
            if work.changed:
                audit.append(work, who=who, action="import files", details=importing.in_words(report))
        self._memory = {}
        return report

    def put(self, table: str, rows: pd.DataFrame) -> None:
        """Add rows to a small table (areas, deployments, goals …); the same key replaces a row."""
        with self._writable().transaction() as work:
            importing.put(work, table, rows)
            audit.append(work, who=None, action="put rows", details=f"{len(rows)} rows into {table}")
        self._memory = {}

    def record(self, table: str, rows: pd.DataFrame, *, who: str, action: str, details: str = "") -> None:
        """Append rows to a table of the hub's own ledger; nothing that stands there is changed."""
        if table not in LEDGER or table == audit.TABLE:
            raise HubError(f"Rows are appended to the hub's own tables only, not to “{table}”.")
        with self._writable().transaction() as work:
            work.append(table, conform(LEDGER[table], rows))
            audit.append(work, who=who, action=action, details=details)
        self._memory = {}

    def note(self, *, who: str, action: str, details: str = "") -> None:
        """Write an entry of the audit log alone."""
        with self._writable().transaction() as work:
            audit.append(work, who=who, action=action, details=details)
        self._memory = {}

    # -- counts

    def _counts(self, as_of: str | None) -> pd.DataFrame:
        """Newest counts of every agency, month, offense and source, with what is suspect."""
        key = ("counts", as_of)
        if key not in self._memory:
            current = views.current_counts(self._store.table("monthly_counts"), as_of)
            rows = usable_counts(conform(TABLES["monthly_counts"], self._store.run(current)))
            suspects, _ = self._quality(rows if as_of is None else None)
            self._memory[key] = mark(rows, suspects, self._table("accepted"))
        found: pd.DataFrame = self._memory[key]
        return found

    def monthly_counts(
        self,
        by: str = "agency",
        *,
        offenses: Sequence[str] | None = None,
        source: str | None = None,
        as_of: str | None = None,
        suspects: str = "mark",
    ) -> pd.DataFrame:
        """Counts by month and offense.

        Args:
            by: "agency" (agency_id; every source), "jurisdiction" (place; one source per agency and a
                constant panel, the region too) or "area" (area_id; incidents with coordinates).
            offenses: only these. source: only this layout. as_of: as known on that day (ISO date).
            suspects: "mark" (say so in ``suspect``), "drop" (their count is NaN) or "keep" (say nothing).

        Returns:
            agency_id · place · area_id, month (Period), offense, count (NaN unless reported or
            estimated), status, source, suspect ("" = not suspect). Missing months are absent or NaN;
            a zero is a reported zero. Parts of offenses are rows of their own, never added to totals.
        """
        if suspects not in ("mark", "drop", "keep"):
            raise HubError(f"suspects is “mark”, “drop” or “keep”, not “{suspects}”.")
        if by == "agency":
            rows = self._counts(as_of)
            key = "agency_id"
        elif by == "jurisdiction":
            rows = self._figures(as_of, source).jurisdiction_counts()
            key = "place"
        elif by == "area":
            rows = area_counts(self.incidents(), self._counts(None), self.areas())
            key = "area_id"
        else:
            raise HubError(f"Counts come by agency, jurisdiction or area, not by “{by}”.")
        keep = pd.Series(True, index=rows.index)
        if offenses is not None:
            keep &= rows["offense"].isin(list(offenses))
        if source is not None and by != "jurisdiction":
            keep &= rows["source"] == source
        out = rows.loc[keep, [key, *COUNT_COLUMNS]].reset_index(drop=True)
        if suspects == "drop":
            out["count"] = out["count"].where(out["suspect"] == "")
        elif suspects == "keep":
            out["suspect"] = ""
        return out

    # -- quality

    def _quality(self, counts: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Suspect months and breaks: as the import found them, or (in a data package) found now."""
        if isinstance(self._store, Store):
            return self._table("suspects"), self._table("breaks")
        if "quality" not in self._memory:
            if counts is None:
                current = views.current_counts(self._store.table("monthly_counts"))
                counts = usable_counts(conform(TABLES["monthly_counts"], self._store.run(current)))
            self._memory["quality"] = inspect(counts, self.agencies(), self._table("cumulative"))
        found: tuple[pd.DataFrame, pd.DataFrame] = self._memory["quality"]
        return found

    def check(self) -> HubCheck:
        """Per agency: what is there, what is missing, what looks wrong (see :class:`HubCheck`)."""
        suspects, breaks = self._quality()
        incidents = self.incidents(["homicide", "robbery", "aggravated_assault"])
        return check(
            self._counts(None), self.agencies(), incidents, suspects, self._table("accepted"), breaks
        )

    def accept(
        self,
        agency_id: str,
        months: str | Iterable[object],
        offense: str | None = None,
        *,
        reason: str,
        who: str,
    ) -> None:
        """Use suspect months after all; who said so and why is kept for good.

        ``offense`` None means every suspect offense of these months. Raises ``HubError`` when there is
        nothing suspect to accept, or no reason or name is given.
        """
        if not reason.strip() or not who.strip():
            raise HubError("To accept a suspect month, say why and who decides: both are kept.")
        wanted = {str(pd.Period(str(m), "M")) for m in ([months] if isinstance(months, str) else months)}
        store = self._writable()
        suspects = self._table("suspects")
        rows = suspects[(suspects["agency_id"] == agency_id) & suspects["month"].isin(wanted)]
        if offense is not None:
            rows = rows[rows["offense"] == offense]
        if rows.empty:
            raise HubError(f"Nothing of {agency_id} is suspect in {', '.join(sorted(wanted))}.")
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        decided = rows[["agency_id", "month", "offense"]].drop_duplicates()
        with store.transaction() as work:
            work.append("accepted", decided.assign(reason=reason.strip(), who=who.strip(), accepted_at=now))
            what = f"{agency_id}, {', '.join(sorted(wanted))}: {reason.strip()}"
            audit.append(work, who=who, action="accept suspect months", details=what)
        self._memory = {}

    def donor_panel(
        self, measure: str, start: object, end: object, *, min_population: float = 100_000
    ) -> DonorPanel:
        """Comparison agencies with every month from ``start`` to ``end`` (see :class:`DonorPanel`)."""
        _, breaks = self._quality()
        breaks = breaks.assign(month=pd.PeriodIndex(breaks["month"], freq="M"))
        first, last = pd.Period(str(start), "M"), pd.Period(str(end), "M")
        return donor_panel(self._figures(), breaks, measure, first, last, min_population)

    # -- incidents

    def incidents(
        self,
        offense: str | Sequence[str] | None = None,
        start: object = None,
        end: object = None,
        *,
        source: str | None = None,
        area: str | None = None,
        as_of: str | None = None,
    ) -> pd.DataFrame:
        """Incidents that stand: one row per incident × offense, netted over all files.

        Args:
            offense: one or several offenses. start, end: first and last coded month, both included.
            source: only this layout. area: only inside this area. as_of: as known on that day.
                Where two layouts of an agency hold the same month, the one that tells more offenses
                is taken, so that no incident counts twice.

        Returns:
            The columns of the incidents table without ``import_seq``. ``victims`` are people harmed;
            an incident is one row whatever their number. Sexual offenses never have coordinates.
        """
        tile = None if area is None else self._area(area)
        found = standing_incidents(self._store, offense, start, end, source=source, as_of=as_of)
        if tile is not None:
            found = found[locate(found["longitude"], found["latitude"], [tile]) >= 0]
        if source is None:
            found = one_source_a_month(found, self._counts(None))
        order = ["agency_id", "coded_month", "incident_id", "offense"]
        return found.sort_values(order, ignore_index=True)[[c for c in INCIDENT_COLUMNS if c != "import_seq"]]

    def _area(self, area: str) -> Any:
        areas = self.areas().set_index("area_id")
        if area not in areas.index:
            raise HubError(f"There is no area “{area}” in the hub.")
        return areas.loc[area, "geometry"]

    # -- series

    def _figures(self, as_of: str | None = None, source: str | None = None) -> Figures:
        key = ("figures", as_of, source)
        if key not in self._memory:
            rows = self._counts(as_of)
            rows = rows if source is None else rows[rows["source"] == source]
            self._memory[key] = Figures(rows, self.agencies(), self.populations(), self._baseline())
        figures: Figures = self._memory[key]
        return figures

    def series(self, place: str, measure: str, *, through: object = None) -> MeasureSeries:
        """A measure of a place month by month (see :class:`MeasureSeries`).

        ``place`` is a jurisdiction, ``region`` or an agency's id; ``through`` cuts after that month.
        Raises ``HubError`` in words when the place or measure has no usable series.
        """
        if measure not in MEASURES:
            raise HubError(f"There is no measure “{measure}”. Known: {', '.join(MEASURES)}.")
        found = self._figures().series(place, measure)
        if found is None:
            raise HubError(self._why_no_series(place, measure))
        return cut(found, through)

    def _why_no_series(self, place: str, measure: str) -> str:
        name, what = PLACES.get(place, place), MEASURES[measure].lower()
        homes = self.agencies()["jurisdiction"]
        if place in JURISDICTIONS and not (homes == place).any():
            return f"No agency of {name} is in the hub yet. Import its files to see {what} there."
        if measure == "gun_violence":
            return (
                f"No agency of {name} tells which offenses were committed with a firearm, "
                f"so {what} is not available there."
            )
        return f"No agency of {name} has a usable series of {what}: an offense it needs is not reported."

    def places(self) -> list[str]:
        """Jurisdictions that have a usable series of any measure, and ``region`` when there is one."""
        figures = self._figures()
        found = [p for p in JURISDICTIONS if any(figures.series(p, m) is not None for m in MEASURES)]
        return [REGION, *found] if found else []

    def sources(self) -> pd.DataFrame:
        """Per layout: source, agencies, offenses, first and last month, latest vintage."""
        counts = self._counts(None)
        grouped = counts.groupby("source", sort=True)
        return grouped.agg(
            agencies=("agency_id", "nunique"),
            offenses=("offense", "nunique"),
            first=("month", "min"),
            last=("month", "max"),
            vintage=("vintage", "max"),
        ).reset_index()
