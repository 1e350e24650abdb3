"""Read a release through the same calls as a hub; what it does not hold is refused in words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from analysis.data.elsewhere.donors import DonorPanel, donor_panel
from analysis.data.errors import HubError
from analysis.data.figures import COUNT_COLUMNS, Figures, cut
from analysis.data.hub import Hub
from analysis.data.places import locate
from analysis.data.quality.checks import HubCheck
from analysis.data.release import codec, manifest
from analysis.data.release.build import ANSWERS, SERIES, TABLES
from analysis.data.release.manifest import ReleaseError
from analysis.data.schema import ALL_TABLES, INCIDENT_COLUMNS, conform
from analysis.data.series import AgencySeries, MeasureSeries
from analysis.data.vocabulary import MEASURES, PLACES


def open_release(path: str | Path) -> Release:
    """Open a release after comparing every file with its hash.

    Raises:
        ReleaseError: there is none, or it was edited or cut short.
    """
    folder = Path(path)
    record = manifest.read(folder)
    manifest.check(folder, record)
    return Release(folder, record)


def is_release(path: str | Path) -> bool:
    """Whether a folder claims to be a release."""
    return (Path(path) / manifest.FILE).is_file()


class _Files:
    """The files of a release in the place of a store."""

    read_only = True

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.path, self.record = folder, record
        self.version = manifest.digest(repr(sorted(record["files"].items())).encode())[:12]
        self.synthetic = bool(record["synthetic"])

    def has(self, name: str) -> bool:
        return name in self.record["files"]

    def bytes(self, name: str) -> bytes:
        return manifest.read_file(self.path, self.record, name)

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(io.BytesIO(self.bytes(f"{TABLES}/{name}.parquet")))

    def frame(self, name: str) -> pd.DataFrame:
        """A table of the data package; empty when the release has none."""
        columns = list(ALL_TABLES[name].columns)
        if not self.has(f"{TABLES}/{name}.parquet"):
            return conform(ALL_TABLES[name], pd.DataFrame(columns=columns))
        return conform(ALL_TABLES[name], self.table(name).reindex(columns=columns))


class Release(Hub):
    """A release with the reading calls of a hub.

    Attributes:
        about: the manifest. audience: who it was made for.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self._files = _Files(folder, record)
        super().__init__(self._files)  # type: ignore[arg-type]
        self.about = record
        self.audience = str(record["audience"])

    @property
    def is_empty(self) -> bool:
        """Whether the hub it was made from held no count."""
        return bool(self.about["empty"])

    def refresh(self) -> None:
        """Nothing: a release never changes."""

    def _refuse(self, what: str) -> NoReturn:
        raise ReleaseError(f"A release for the {self.audience} audience holds no {what}.")

    def _writable(self) -> NoReturn:
        raise ReleaseError("A release is never changed. Import into the hub and build another release.")

    # -- results of pages

    def holds(self, name: str) -> bool:
        """Whether a page's result was kept under this name, or any that begins with it and a slash."""
        exact = f"{ANSWERS}/{name}.json"
        start = f"{ANSWERS}/{name}/"
        return any(f == exact or f.startswith(start) for f in self.about["files"])

    def answer(self, name: str) -> Any:
        """A kept result.

        Raises:
            ReleaseError: there is none of this name.
        """
        file = f"{ANSWERS}/{name}.json"
        if not self._files.has(file):
            self._refuse(f"result “{name}”")
        return codec.loads(self._files.bytes(file))

    def kept(self, name: str) -> pd.DataFrame:
        """A table of the release, as it was written."""
        if not self._files.has(f"{TABLES}/{name}.parquet"):
            self._refuse(f"table of {name.replace('_', ' ')}")
        return self._files.table(name)

    # -- series

    def _words(self) -> dict[str, Any]:
        if "words" not in self._memory:
            self._memory["words"] = codec.loads(self._files.bytes(SERIES))
        found: dict[str, Any] = self._memory["words"]
        return found

    def _all_series(self) -> dict[tuple[str, str], MeasureSeries]:
        if "series" not in self._memory:
            groups = self._files.table("series").groupby(["place", "measure"], sort=False)
            self._memory["series"] = {(str(p), str(m)): self._one(str(p), str(m), g) for (p, m), g in groups}
        found: dict[tuple[str, str], MeasureSeries] = self._memory["series"]
        return found

    def _one(self, place: str, measure: str, rows: pd.DataFrame) -> MeasureSeries:
        said = self._words()["series"][f"{place}/{measure}"]
        index = pd.PeriodIndex(rows["month"], freq="M", name="month")
        counts = pd.Series(rows["count"].to_numpy(float), index=index, name=measure)
        people = pd.Series(rows["population"].to_numpy(float), index=index, name="population")
        return MeasureSeries(
            place=place, measure=measure, counts=counts,
            status=pd.DataFrame(
                {"month": index, "status": rows["status"].to_numpy(), "why": rows["why"].to_numpy()}
            ),
            population=people if said["residents"] else None, definition=said["definition"],
            source=said["source"], notes=said["notes"], complete_through=said["complete_through"],
            vintage=said["vintage"],
        )  # fmt: skip

    def series(self, place: str, measure: str, *, through: object = None) -> MeasureSeries:
        """A measure of a place month by month, where this audience may see its months."""
        if measure not in MEASURES:
            raise HubError(f"There is no measure “{measure}”. Known: {', '.join(MEASURES)}.")
        found = self._all_series().get((place, measure))
        if found is None:
            why = self._words()["why"].get(f"{place}/{measure}")
            raise HubError(why or f"This release holds no series of {place}.")
        return cut(found, through)

    def places(self) -> list[str]:
        """Places of which this audience may see any series."""
        have = {place for place, _ in self._all_series()}
        return [p for p in PLACES if p in have]

    def sources(self) -> pd.DataFrame:
        """Per layout: source, agencies, offenses, first and last month, latest vintage."""
        return self.kept("sources")

    def vintages(self) -> list[str]:
        """The newest day on which a figure was known."""
        return [self.about["vintage"]] if self.about["vintage"] else []

    # -- counts

    def monthly_counts(
        self,
        by: str = "agency",
        *,
        offenses: Sequence[str] | None = None,
        source: str | None = None,
        as_of: str | None = None,
        suspects: str = "mark",
    ) -> pd.DataFrame:
        """Counts by month and offense, as far as the release tells them (see :meth:`Hub.monthly_counts`)."""
        if as_of is not None and as_of != self.about["vintage"]:
            self._refuse("earlier versions of the figures")
        names = {"agency": "agency_counts", "jurisdiction": "months", "area": "area_counts"}
        if by not in names:
            raise HubError(f"Counts come by agency, jurisdiction or area, not by “{by}”.")
        if by == "area" and not self._files.has(f"{TABLES}/area_counts.parquet"):
            return pd.DataFrame(columns=["area_id", *COUNT_COLUMNS])  # no month of an area is shown
        table = self.kept(names[by])
        table = table.assign(month=pd.PeriodIndex(table["month"], freq="M"))
        if "suspect" not in table.columns or suspects == "keep":
            table = table.assign(suspect="")
        if suspects == "drop":
            table["count"] = table["count"].where(table["suspect"] == "")
        if offenses is not None:
            table = table[table["offense"].isin(list(offenses))]
        if source is not None:
            table = table[table["source"] == source]
        return table.reset_index(drop=True)

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
        """Incidents in the middle of their cells, for researchers; refused to everybody else."""
        if not self._files.has(f"{TABLES}/incidents.parquet"):
            self._refuse("single incidents; its maps are made of protected counts")
        rows = self._table("incidents").drop(columns="import_seq")
        if offense is not None:
            rows = rows[rows["offense"].isin([offense] if isinstance(offense, str) else list(offense))]
        if start is not None:
            rows = rows[rows["coded_month"].astype(str) >= str(pd.Period(str(start), "M"))]
        if end is not None:
            rows = rows[rows["coded_month"].astype(str) <= str(pd.Period(str(end), "M"))]
        if source is not None:
            rows = rows[rows["source"] == source]
        if area is not None:
            inside = locate(rows["longitude"], rows["latitude"], [self._area(area)]) >= 0
            rows = rows[inside]
        return rows[[c for c in INCIDENT_COLUMNS if c != "import_seq"]].reset_index(drop=True)

    def check(self) -> HubCheck:
        """Refused: what the check found is kept as the Data page's own result."""
        self._refuse("figures of single agencies to check; see the page Data and methods")

    def quarantine(self, path: str | Path | None = None) -> pd.DataFrame:
        """Refused: a quarantine holds rows as they came."""
        self._refuse("rows that were refused")

    # -- comparison agencies

    def donor_panel(
        self, measure: str, start: object, end: object, *, min_population: float = 100_000
    ) -> DonorPanel:
        """Comparison agencies with every month from ``start`` to ``end`` that may be shown."""
        first, last = pd.Period(str(start), "M"), pd.Period(str(end), "M")
        breaks = self.kept("breaks")
        breaks = breaks.assign(month=pd.PeriodIndex(breaks["month"], freq="M"))
        kept = _Comparison(self.agencies(), self.kept("comparison"))
        panel = donor_panel(kept, breaks, measure, first, last, min_population)
        others = self.kept("no_comparison")
        others = others.loc[others["measure"] == measure, ["agency_id", "name", "reason"]]
        excluded = pd.concat([panel.excluded, others], ignore_index=True)
        excluded = excluded.sort_values("agency_id", ignore_index=True)
        return DonorPanel(panel.counts, panel.population, panel.names, excluded)


class _Comparison(Figures):
    """Series of comparison agencies as they were kept."""

    def __init__(self, agencies: pd.DataFrame, table: pd.DataFrame) -> None:
        self.agencies, self.table = agencies, table
        self._named = agencies.set_index("agency_id")["name"]

    def by_agency(self, measure: str) -> dict[str, AgencySeries]:
        """The measure of every agency that has one here."""
        rows = self.table[self.table["measure"] == measure]
        return {str(a): self._one(str(a), g) for a, g in rows.groupby("agency_id", sort=True)}

    def _one(self, agency_id: str, rows: pd.DataFrame) -> AgencySeries:
        index = pd.PeriodIndex(rows["month"], freq="M")
        why = rows["why"].fillna("").to_numpy(object)
        reasons = pd.DataFrame(
            {
                "month": index,
                "status": np.where(why == "reported in part", "partial", "reported"),
                "suspect": [w.removeprefix("suspect: ") if w.startswith("suspect: ") else "" for w in why],
            }
        )
        counts = pd.Series(rows["count"].to_numpy(float), index=index)
        source = str(rows["source"].iloc[0])
        return AgencySeries(agency_id, str(self._named[agency_id]), source, counts, "", "", reasons)
