"""The mapping file: what the columns of another agency's table mean, written in YAML.

Every mistake is answered with the key it is about. Examples with comments on each key are in
``data_samples/mappings/``.
"""

from __future__ import annotations

import codecs
import datetime as dt
import textwrap
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pyproj import CRS
from pyproj.exceptions import CRSError

from analysis.data.sources.base import SourceError
from analysis.data.sources.monthly import NO_FIGURE
from analysis.data.sources.reader import closest
from analysis.data.vocabulary import JURISDICTIONS, OFFENSES, PART_OFFENSES

_LARGEST: Final = 1 << 18
KINDS: Final = ("incidents", "monthly_counts")
_KEYS: Final = (
    "kind", "agency", "agencies", "columns", "offenses", "unlisted_offenses", "count", "flags", "date_format",
    "month_format", "crs", "no_figure", "encoding", "delimiter", "sheet", "header_line", "vintage", "title",
)  # fmt: skip
_AGENCY_KEYS: Final = (
    "id",
    "name",
    "state",
    "kind",
    "jurisdiction",
    "population",
    "longitude",
    "latitude",
)
_COLUMNS: Final = {
    "incidents": (
        "incident_id", "occurred_at", "occurred_time", "reported_at", "coded_month", "offense", "victims",
        "longitude", "latitude", "x", "y", "area", "agency",
    ),
    "monthly_counts": ("month", "year", "offense", "count", "agency"),
}  # fmt: skip
_FLAGS: Final = ("firearm", "domestic")
_UNLISTED: Final = ("refuse", "other", "skip")


@dataclass(frozen=True, slots=True)
class Flag:
    """A column that says whether a firearm was used, or whether an assault was domestic."""

    column: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, checked in itself; :meth:`check_columns` checks it against a table."""

    file: str
    kind: str
    agencies: dict[str, dict[str, Any]]  # value of columns.agency → agency; "" when the file is one agency's
    columns: dict[str, str]
    offenses: dict[str, str]  # value of the offense column → offense; in a wide table: column → offense
    unlisted_offenses: str = "refuse"
    count: str = "incidents"
    flags: dict[str, Flag] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()
    month_format: str = "%Y-%m"
    crs: str = "EPSG:4326"
    no_figure: tuple[str, ...] = NO_FIGURE
    encoding: str | None = None
    delimiter: str = ","
    sheet: str | None = None
    header_line: int | None = None
    vintage: str | None = None

    @property
    def wide(self) -> bool:
        """Monthly counts with one column per offense."""
        return self.kind == "monthly_counts" and "offense" not in self.columns

    def check_columns(self, header: tuple[str, ...], file: str) -> None:
        """Refuse a mapping that names a column the file does not have."""
        wanted = [(f"columns.{part}", name) for part, name in self.columns.items()]
        wanted += [(f"flags.{part}.column", flag.column) for part, flag in self.flags.items()]
        if self.wide:
            wanted += [("offenses", name) for name in self.offenses]
        for place, name in wanted:
            if name not in header:
                raise SourceError(
                    f"{self.file}: {place} names the column “{name}”, which {file} does not have."
                    f"{closest(name, header)} Its columns are: {textwrap.shorten(', '.join(header), 1_000)}."
                )


def load_mapping(path: str | Path) -> Mapping:
    """Read and check a mapping file; raises :class:`SourceError` that names the key to mend."""
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"{path.name}: there is no such mapping file. Check the path.")
    if path.stat().st_size > _LARGEST:
        raise SourceError(f"{path.name}: is too large for a mapping file ({_LARGEST >> 10} kB at most).")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name}: is not text in UTF-8. Save the mapping as UTF-8.") from error
    except yaml.YAMLError as error:
        raise SourceError(f"{path.name}: is not YAML: {' '.join(str(error).split())}.") from error
    return _Checker(path.name).mapping(document)


@dataclass(frozen=True, slots=True)
class _Checker:
    file: str

    def refuse(self, place: str, says: str) -> SourceError:
        return SourceError(f"{self.file}: {place}: {says}")

    def mapping(self, document: Any) -> Mapping:
        top = self.section(document, "the mapping", _KEYS)
        kind = self.choice(top.get("kind"), "kind", KINDS)
        columns = {
            part: self.text(name, f"columns.{part}")
            for part, name in self.section(top.get("columns"), "columns", _COLUMNS[kind]).items()
        }
        self.needed(kind, columns)
        formats = top.get("date_format", ["%m/%d/%Y", "%m/%d/%Y %H:%M", "%Y-%m-%d"])
        return Mapping(
            file=self.file,
            kind=kind,
            agencies=self.agencies(top, columns),
            columns=columns,
            offenses=self.offenses(top.get("offenses"), kind),
            unlisted_offenses=self.choice(
                top.get("unlisted_offenses", "refuse"), "unlisted_offenses", _UNLISTED
            ),
            count=self.choice(top.get("count", "incidents"), "count", ("incidents", "victims")),
            flags=self.flags(top.get("flags"), kind),
            date_formats=tuple(
                self.date_format(f) for f in (formats if isinstance(formats, list) else [formats])
            ),
            month_format=self.text(top.get("month_format", "%Y-%m"), "month_format"),
            crs=self.crs(top.get("crs", "EPSG:4326")),
            no_figure=self.texts(top["no_figure"], "no_figure") if "no_figure" in top else NO_FIGURE,
            encoding=self.encoding(top.get("encoding")),
            delimiter=self.delimiter(top.get("delimiter", ",")),
            sheet=None if top.get("sheet") is None else self.text(top["sheet"], "sheet"),
            header_line=self.header_line(top.get("header_line")),
            vintage=self.vintage(top.get("vintage")),
        )

    def section(self, value: Any, place: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, MappingABC) or not value:
            raise self.refuse(place, "is missing or is not a list of `key: value` lines.")
        for name in value:
            if name not in allowed:
                raise self.refuse(
                    place,
                    f"has the unknown key “{name}”.{closest(str(name), allowed)} "
                    f"Known: {', '.join(allowed)}.",
                )
        return dict(value)

    def text(self, value: Any, place: str) -> str:
        if isinstance(value, bool):
            raise self.refuse(
                place, "YAML reads a bare Yes, No, On or Off as true or false: put it in quotes."
            )
        if value is None or isinstance(value, dict | list) or not str(value).strip():
            raise self.refuse(place, "must be one word or text.")
        return str(value).strip()

    def texts(self, value: Any, place: str) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        return tuple("" if one == "" else self.text(one, place) for one in values)

    def choice(self, value: Any, place: str, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self.refuse(
                place, f"is “{value}”; it must be one of {', '.join(allowed)}.{closest(str(value), allowed)}"
            )
        return str(value)

    def needed(self, kind: str, columns: dict[str, str]) -> None:
        if kind == "incidents":
            wanted = ["offense", "occurred_at"]
        else:
            wanted = ["month", *(["count"] if "offense" in columns else [])]
        for part in wanted:
            if part not in columns:
                raise self.refuse("columns", f"lacks `{part}`: say which column holds it.")
        for left, right in (("x", "y"), ("longitude", "latitude")):
            if (left in columns) != (right in columns):
                raise self.refuse("columns", f"needs both `{left}` and `{right}`, or neither.")
        if "x" in columns and "longitude" in columns:
            raise self.refuse(
                "columns", "give `x` and `y` with a `crs`, or `longitude` and `latitude`, not both."
            )

    def agencies(self, top: dict[str, Any], columns: dict[str, str]) -> dict[str, dict[str, Any]]:
        if ("agency" in top) == ("agencies" in top):
            raise self.refuse(
                "agency",
                "give `agency` (the whole file is one agency's) or `agencies` (several), one of the two.",
            )
        if "agency" in top:
            return {"": self.agency(top["agency"], "agency")}
        if "agency" not in columns:
            raise self.refuse(
                "columns", "lacks `agency`: with several `agencies`, say which column names them."
            )
        listed = top["agencies"]
        if not isinstance(listed, MappingABC) or not listed:
            raise self.refuse("agencies", "must list the values of the agency column, each with its agency.")
        return {
            self.text(name, "agencies"): self.agency(one, f"agencies.{name}") for name, one in listed.items()
        }

    def agency(self, value: Any, place: str) -> dict[str, Any]:
        given = self.section(value, place, _AGENCY_KEYS)
        out: dict[str, Any] = dict.fromkeys(_AGENCY_KEYS)
        for name in ("id", "name", "state"):
            out[name] = self.text(given.get(name), f"{place}.{name}")
        if "jurisdiction" in given:
            out["jurisdiction"] = self.choice(
                given["jurisdiction"], f"{place}.jurisdiction", tuple(JURISDICTIONS)
            )
        if "kind" in given:
            out["kind"] = self.text(given["kind"], f"{place}.kind")
        for name in ("population", "longitude", "latitude"):
            if name in given:
                if isinstance(given[name], bool) or not isinstance(given[name], int | float):
                    raise self.refuse(f"{place}.{name}", f"is “{given[name]}”; it must be a number.")
                out[name] = float(given[name])
        return out

    def offenses(self, value: Any, kind: str) -> dict[str, str]:
        if not isinstance(value, MappingABC) or not value:
            raise self.refuse(
                "offenses", "must list the file's offenses, each with ours (`Murder: homicide`)."
            )
        allowed = tuple(OFFENSES) if kind == "incidents" else (*OFFENSES, *PART_OFFENSES)
        return {
            self.text(name, "offenses"): self.choice(ours, f"offenses.{name}", allowed)
            for name, ours in value.items()
        }

    def flags(self, value: Any, kind: str) -> dict[str, Flag]:
        if value is None:
            return {}
        if kind != "incidents":
            raise self.refuse(
                "flags", "are for incidents; give monthly counts as `robbery_firearm` and so on."
            )
        out = {}
        for name, one in self.section(value, "flags", _FLAGS).items():
            place = f"flags.{name}"
            given = self.section(one, place, ("column", "means_yes", "means_no"))
            if "means_yes" not in given:
                raise self.refuse(place, "lacks `means_yes`: list the values that mean yes.")
            out[name] = Flag(
                self.text(given.get("column"), f"{place}.column"),
                self.texts(given["means_yes"], f"{place}.means_yes"),
                self.texts(given["means_no"], f"{place}.means_no") if "means_no" in given else (),
            )
        return out

    def date_format(self, value: Any) -> str:
        form = self.text(value, "date_format")
        if not any(part in form for part in ("%d", "%j", "%x", "%c")):
            raise self.refuse("date_format", f"“{form}” has no day (%d). Example: %m/%d/%Y %H:%M")
        return form

    def crs(self, value: Any) -> str:
        try:
            CRS.from_user_input(self.text(value, "crs"))
        except CRSError as error:
            raise self.refuse(
                "crs",
                f"“{value}” is not known. Examples: EPSG:4326 (degrees), ESRI:102696 (state plane, feet).",
            ) from error
        return str(value)

    def encoding(self, value: Any) -> str | None:
        if value is None:
            return None
        try:
            codecs.lookup(self.text(value, "encoding"))
        except LookupError as error:
            raise self.refuse("encoding", f"“{value}” is not known. Examples: utf-8, cp1252.") from error
        return str(value)

    def delimiter(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) != 1:
            raise self.refuse("delimiter", f'is “{value}”; it must be one character, such as ";".')
        return value

    def header_line(self, value: Any) -> int | None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise self.refuse(
                "header_line", f"is “{value}”; it must be the number of a line, counted from 1."
            )
        return value

    def vintage(self, value: Any) -> str | None:
        if value is None:
            return None
        try:
            return dt.date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise self.refuse("vintage", f"is “{value}”; it must be a day, such as 2026-09-30.") from error
