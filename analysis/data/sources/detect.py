"""Which layout a file has, from its header alone, and the one call that reads any file.

The name of a file is never looked at: agencies rename their files, and a renamed file is the same file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.data.sources import mapped, rtci, rtci_totals, slmpd_legacy, slmpd_nibrs
from analysis.data.sources.base import Parsed, SourceError
from analysis.data.sources.mapping import load_mapping
from analysis.data.sources.opening import open_file
from analysis.data.sources.reader import RawTable, key, read_table
from analysis.data.sources.rules import Quarantine, finish
from analysis.data.sources.workbook import read_workbook

AgencyIds = Mapping[tuple[str, str], str]
_MOST_FILES: Final = 20_000
#: Share of columns in common below which a layout is not worth naming as the closest.
_RESEMBLES: Final = 0.25


@dataclass(frozen=True, slots=True)
class Layout:
    """One published way of writing a file."""

    id: str
    title: str
    module: str
    description: str
    source: str  # what the rows' column ``source`` says: layouts of one source may be joined
    columns: tuple[str, ...]  # the exact header; empty when the layout is not a table with fixed columns
    parse: Callable[[RawTable, str, AgencyIds | None], Parsed]


def _legacy(table: RawTable, layout: str, agency_ids: AgencyIds | None) -> Parsed:
    return slmpd_legacy.parse(table, layout)


def _needs_mapping(table: RawTable, layout: str, agency_ids: AgencyIds | None) -> Parsed:
    raise SourceError(f"{table.file}: the layout “{layout}” needs a mapping file. Give one.")


def _nibrs(table: RawTable, layout: str, agency_ids: AgencyIds | None) -> Parsed:
    return slmpd_nibrs.parse(table, layout)


def _layouts() -> Iterable[Layout]:
    for columns, when in (
        (slmpd_legacy.COLUMNS_18, "2008 to May 2013, July and August 2013; no complaint number"),
        (slmpd_legacy.COLUMNS_20, "June 2013, and September 2013 to November 2020"),
        (slmpd_legacy.COLUMNS_26, "May 2017; hyphens and blanks in the names"),
    ):
        yield Layout(
            f"slmpd_legacy_{len(columns)}",
            f"SLMPD monthly crime file, {len(columns)} columns",
            "slmpd_legacy",
            f"St. Louis Metropolitan Police, UCR era: {when}.",
            slmpd_legacy.SOURCE,
            columns,
            _legacy,
        )
    yield Layout(
        slmpd_nibrs.RAW,
        "SLMPD monthly crime file, NIBRS era",
        "slmpd_nibrs",
        "St. Louis Metropolitan Police, December 2020 on: one row is an offense and a victim, 22 columns.",
        slmpd_nibrs.RAW,
        slmpd_nibrs.COLUMNS_RAW,
        _nibrs,
    )
    yield Layout(
        slmpd_nibrs.CLEANED,
        "SLMPD NIBRS era, cleaned extract",
        "slmpd_nibrs",
        "A third party's cleaned rows of the same files: 14 columns, clipped to the city.",
        slmpd_nibrs.CLEANED,
        slmpd_nibrs.COLUMNS_CLEANED,
        _nibrs,
    )
    yield Layout(
        rtci.TRENDS,
        "Real-Time Crime Index, monthly trends",
        "rtci",
        "One row is an agency and a month, 52 columns, agencies by ORI (2025 on).",
        rtci.TRENDS,
        rtci.COLUMNS_TRENDS,
        rtci.parse_trends,
    )
    yield Layout(
        rtci.BY_AGENCY,
        "Real-Time Crime Index, by-agency table",
        "rtci",
        "One row is an agency and a month, 17 columns, agencies by name (to 2025).",
        rtci.BY_AGENCY,
        rtci.COLUMNS_BY_AGENCY,
        rtci.parse_by_agency,
    )
    yield Layout(
        rtci.PANEL,
        "Real-Time Crime Index, tidy panel",
        "rtci",
        "One row is an agency and a month, with a letter per offense for where the figure comes from.",
        rtci.PANEL,
        rtci.COLUMNS_PANEL,
        rtci.parse_panel,
    )
    yield Layout(
        rtci_totals.YTD,
        "Real-Time Crime Index, year-to-date table",
        "rtci_totals",
        "One row is an agency and an offense: totals from January to a month, this year and last.",
        rtci_totals.YTD,
        rtci_totals.COLUMNS_YTD,
        rtci_totals.parse_ytd,
    )
    yield Layout(
        rtci_totals.SCORECARD,
        "Real-Time Crime Index, scorecard",
        "rtci_totals",
        "One row is an agency and an offense: two full years and three years to the same month.",
        rtci_totals.SCORECARD,
        rtci_totals.COLUMNS_SCORECARD,
        rtci_totals.parse_scorecard,
    )
    for layout, what in ((mapped.INCIDENTS, "incidents"), (mapped.MONTHLY, "monthly counts")):
        yield Layout(
            layout,
            f"Any agency's {what}, through a mapping file",
            "mapped",
            f"CSV or Excel table of {what}; a YAML mapping says what its columns mean.",
            layout,
            (),
            _needs_mapping,
        )


#: Every layout that is recognised, by its id.
LAYOUTS: Final[dict[str, Layout]] = {layout.id: layout for layout in _layouts()}


def parse_file(
    path: str | Path,
    *,
    layout: str = "auto",
    mapping: str | Path | None = None,
    agency_ids: AgencyIds | None = None,
    name: str | None = None,
) -> Parsed:
    """Read one file of any known layout.

    Parameters: ``layout`` is "auto", an id of :data:`LAYOUTS`, or a source's id (such as
    ``slmpd_legacy``); ``mapping`` is a YAML mapping file for any other agency's table; ``agency_ids``
    gives the ORI of (name, state) for layouts without ORIs; ``name`` is what messages call the file.
    Raises :class:`SourceError` when the whole file is refused; the message says why and what to do.
    """
    if mapping is not None:
        return _mapped(path, mapping, layout, name)
    opened = open_file(path, name=name)
    if opened.data.lstrip()[:1] in (b"{", b"["):
        raise SourceError(
            f"{opened.file}: is JSON, not a table. Export the table as CSV; outlines must be a GeoJSON "
            "FeatureCollection of polygons."
        )
    if opened.workbook:
        raise SourceError(
            f"{opened.file}: is an Excel workbook. Give a mapping file that says what its columns mean, "
            "or save the sheet as CSV."
        )
    table = read_table(opened)
    chosen = detect(table) if layout == "auto" else named(layout, table)
    if table.frame.empty:  # not one row is as wide as the header
        return finish(table, Quarantine(table), chosen.id)
    return chosen.parse(table, chosen.id, agency_ids)


def _mapped(path: str | Path, mapping: str | Path, layout: str, name: str | None) -> Parsed:
    """A file with a mapping: whatever it looks like, the mapping says what it is."""
    told = load_mapping(mapping)
    meant = mapped.INCIDENTS if told.kind == "incidents" else mapped.MONTHLY
    if layout not in ("auto", meant):
        raise SourceError(f"Layout “{layout}” and a mapping cannot go together: the mapping says “{meant}”.")
    opened = open_file(path, name=name, encoding=told.encoding)
    if opened.workbook:
        table = read_workbook(opened, sheet=told.sheet, header_line=told.header_line)
    else:
        table = read_table(opened, delimiter=told.delimiter, header_line=told.header_line)
    if table.frame.empty:
        told.check_columns(table.header, table.file)
        return finish(table, Quarantine(table), meant)
    return mapped.parse(table, told)


def detect(table: RawTable) -> Layout:
    """The layout whose columns the table has (order and surplus columns do not matter)."""
    return _best(table, list(LAYOUTS.values()), "is in none of the known layouts")


def named(layout: str, table: RawTable) -> Layout:
    """The layout of that id or source, if the table has its columns."""
    candidates = [one for one in LAYOUTS.values() if layout in (one.id, one.source, one.module)]
    if candidates and not candidates[0].columns:
        return candidates[0]
    if not candidates:
        raise SourceError(f"Layout “{layout}” is not known. Known are: auto, {', '.join(LAYOUTS)}.")
    return _best(table, candidates, f"is not in the layout “{layout}”")


def _best(table: RawTable, candidates: list[Layout], refused: str) -> Layout:
    have = set(table.keys)
    scored = []
    for one in candidates:
        if not one.columns:
            continue
        want = {key(column) for column in one.columns}
        scored.append((len(want & have) / len(want | have), len(want), want <= have, one))
    complete = [entry for entry in scored if entry[2]]
    if complete:
        return max(complete, key=lambda entry: entry[:2])[3]
    share, _, _, closest = max(scored, key=lambda entry: entry[:2])
    if share < _RESEMBLES and len(candidates) > 1:
        raise SourceError(
            f"{table.file}: {refused} and resembles none of them. Its columns are: "
            f"{_listed(list(table.header), 12)}. If it is another agency's file, give a mapping file."
        )
    wanted = {key(column): column for column in closest.columns}
    missing = [column for name, column in wanted.items() if name not in have]
    extra = [column for name, column in table.keys.items() if name not in wanted]
    raise SourceError(
        f"{table.file}: {refused}. The closest is “{closest.title}” ({closest.id}): "
        f"missing {_listed(missing)}; not expected {_listed(extra)}. "
        "Restore the missing columns, or give a mapping file if it is another agency's file."
    )


def _listed(names: list[str], shown: int = 8) -> str:
    if not names:
        return "nothing"
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(f"“{textwrap.shorten(name, 60)}”" for name in names[:shown]) + more


def expand(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """Files and folders as one sorted list of files, each once; hidden ones are left out.

    A folder is searched to the bottom. What a file is, is not judged here: an unknown file is refused
    one by one when it is read. Raises :class:`SourceError` for a path that does not exist.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found: dict[Path, Path] = {}
    for entry in given:
        path = Path(entry)
        if path.is_dir():
            inside = (
                file
                for file in path.rglob("*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        elif path.exists():
            inside = (file for file in [path])
        else:
            raise SourceError(f"{path}: there is no such file or folder. Check the path.")
        for file in inside:
            found.setdefault(file.resolve(), file)
            if len(found) > _MOST_FILES:
                raise SourceError(f"{path}: holds more than {_MOST_FILES:,} files. Give a smaller folder.")
    return sorted(found.values())
