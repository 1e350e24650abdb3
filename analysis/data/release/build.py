"""Make a release: an immutable bundle of what one audience may see of a hub.

The same hub gives the same bytes. Nothing in a release depends on the day it is built: months are held
back counting from the newest day on which the hub's figures were known.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import h3
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from analysis.data.hub import Hub
from analysis.data.privacy import AUDIENCES, Audience
from analysis.data.release import codec, manifest
from analysis.data.release.manifest import ReleaseError
from analysis.data.release.tables import (
    Shown,
    comparison,
    offense_months,
    place_series,
    plain_tables,
    researcher_tables,
)

Progress = Callable[[int, int, str], None]

TABLES: Final = "tables"
ANSWERS: Final = "answers"
#: Tables of whole places: what ``small_totals`` is about.
WHOLE_PLACES: Final = ("months", "series", "years")
#: What a manifest says about them.
SMALL_TOTALS: Final = {
    True: "Months of whole places are shown even where they count fewer than the threshold, because whoever "
    "built this release said that their agencies publish these months themselves. Maps, areas and times of "
    "day are protected as always.",
    False: "A series of a whole place is withheld where one of its months counts fewer than the threshold, "
    "or where a month would give such a month of another series away.",
}
SERIES: Final = "series.json"
#: Columns that name or place a single event: in no table for an audience that sees no points.
_OF_ONE: Final = frozenset(
    {"incident_id", "occurred_at", "reported_at", "longitude", "latitude", "h3_r9", "code", "source_file"}
)
#: Columns of counts of events or people.
_COUNTS: Final = frozenset({"count", "value", "observed", "incidents", "victims", "before", "after"})
_CELL: Final = re.compile(r"^8[0-9a-f]{14}$")


def build_release(
    hub: Hub,
    audience: str,
    out: str | Path,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    answers: Mapping[str, object] | None = None,
    small_totals: bool = False,
    progress: Progress | None = None,
    later: Callable[[Path], Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """Write a release for one audience.

    Args:
        hub: what is known. audience: "public", "council" or "researcher".
        out: folder to make; it may not exist, or must be empty.
        tables, answers: what pages computed already and the hub does not hold (protected maps,
            evaluations): name → table, name → result. They are checked like everything else.
        small_totals: show the months of whole places even where they are below the threshold. For
            hubs whose agencies publish these months themselves.
        progress: called with (done, all, text).
        later: what is made from the release itself and goes into it (briefs): called with a copy of the
            release that is whole but for these results; gives name → result.

    Returns:
        The manifest.

    Raises:
        ReleaseError: the folder holds something, the audience is unknown, or a table would tell an
            audience what it may not see (which is an error of the program, and nothing is written).
    """
    if audience not in AUDIENCES:
        raise ReleaseError(f"There is no audience “{audience}”. Known: {', '.join(AUDIENCES)}.")
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReleaseError(f"{folder} holds something. A release is never changed: name a new folder.")
    rules = AUDIENCES[audience]
    shown = place_series(hub, rules, small_totals=small_totals)
    held = _tables(hub, rules, shown, progress) | dict(tables or {})
    told = {n: t for n, t in held.items() if not (small_totals and n in WHOLE_PLACES)}
    check_tables(told | dict(_tables_in("", dict(answers or {}))), rules)
    files = {f"{TABLES}/{name}.parquet": _parquet(table) for name, table in sorted(held.items())}
    files[SERIES] = codec.dumps(_words(shown))
    for name, result in sorted((answers or {}).items()):
        files[f"{ANSWERS}/{name}.json"] = codec.dumps(result)
    record = about(hub, rules, shown, small_totals)
    if later is not None:
        with tempfile.TemporaryDirectory(prefix="sln-release-") as name:
            _write(Path(name) / "release", files, manifest.sealed(record, files))
            more = later(Path(name) / "release")
        check_tables(dict(_tables_in("", dict(more))), rules)
        for name, result in sorted(more.items()):
            files[f"{ANSWERS}/{name}.json"] = codec.dumps(result)
    _write(folder, files, manifest.sealed(record, files))
    return manifest.read(folder)


def _tables(hub: Hub, rules: Audience, shown: Shown, progress: Progress | None) -> dict[str, pd.DataFrame]:
    held = plain_tables(hub, rules)
    held["comparison"], held["no_comparison"] = comparison(hub, rules, progress)
    held["months"] = offense_months(hub, shown, rules)
    held["years"] = shown.years
    held["series"] = _series_table(shown)
    if rules.points:
        held |= researcher_tables(hub, rules)
    return held


def _series_table(shown: Shown) -> pd.DataFrame:
    columns = ["place", "measure", "month", "count", "population", "status", "why"]
    parts = []
    for (place, measure), s in shown.series.items():
        people = s.population.to_numpy(float) if s.population is not None else float("nan")
        parts.append(
            pd.DataFrame(
                {
                    "place": place, "measure": measure, "month": s.counts.index.astype(str),
                    "count": s.counts.to_numpy(float), "population": people,
                    "status": s.status["status"].to_numpy(), "why": s.status["why"].to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _words(shown: Shown) -> dict[str, Any]:
    """What the table of series cannot hold: definitions, sources and notes, and why others are missing."""
    return {
        "series": {
            f"{place}/{measure}": {
                "definition": s.definition, "source": s.source, "notes": s.notes, "vintage": s.vintage,
                "complete_through": s.complete_through, "residents": s.population is not None,
            }
            for (place, measure), s in shown.series.items()
        },
        "why": {f"{place}/{measure}": text for (place, measure), text in shown.why.items()},
    }  # fmt: skip


def about(hub: Hub, rules: Audience, shown: Shown, small_totals: bool) -> dict[str, Any]:
    """The manifest without its list of files."""
    ends = [s.complete_through for s in shown.series.values() if s.complete_through is not None]
    sources = hub.sources()
    imports = hub.imports().sort_values(["file", "sha256"])
    return {
        "title": "Save Lives Now! dashboard: release",
        "audience": rules.name,
        "data_version": hub.version,
        "vintage": max((str(v) for v in sources["vintage"].dropna()), default=""),
        "complete_through": str(min(ends)) if ends else "",
        "synthetic": hub.synthetic,
        "empty": hub.is_empty,
        "small_totals_shown": small_totals,
        "small_totals_meaning": SMALL_TOTALS[small_totals] if rules.k > 1 else "Nothing is hidden.",
        "rules": {name: getattr(rules, name) for name in rules.__slots__},
        "withheld": sorted(f"{p}/{m}" for p, m in shown.why),
        "sources": [
            {"source": str(r["source"]), "agencies": int(r["agencies"]), "first": str(r["first"]),
             "last": str(r["last"]), "vintage": str(r["vintage"])}
            for r in sources.to_dict("records")
        ],
        "imports": [
            {"file": Path(str(r["file"])).name, "sha256": str(r["sha256"]), "vintage": str(r["vintage"])}
            for r in imports.to_dict("records")
        ],
        "software": manifest.software(),
    }  # fmt: skip


def check_tables(tables: Mapping[str, pd.DataFrame], rules: Audience) -> None:
    """The last look before anything is written.

    Raises:
        ReleaseError: a table names single events, a cell that is too fine, or a count below the
            threshold, and this audience may not see them.
    """
    for name, table in tables.items():
        _check_cells(name, table, rules)
        if rules.points:
            continue
        named = sorted(_OF_ONE & set(table.columns)) if name not in ("agencies", "areas") else []
        if named and len(table):
            raise ReleaseError(f"Table {name} would tell a {rules.name} audience {', '.join(named)}.")
        for column in sorted(_COUNTS & set(table.columns)):
            values = pd.to_numeric(table[column], errors="coerce").astype(float)
            # Paths of some estimators are rates, which are no counts.
            small = int(((values > 0) & (values < rules.k) & (values == values.round())).sum())
            if small:
                raise ReleaseError(
                    f"Table {name} would show a {rules.name} audience {small} counts below {rules.k} "
                    f"(column {column})."
                )


def _tables_in(name: str, value: object) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table inside a result, by its path."""
    if isinstance(value, pd.DataFrame):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _tables_in(f"{name}/{key}", inner)
    elif isinstance(value, tuple | list):
        for i, inner in enumerate(value):
            yield from _tables_in(f"{name}/{i}", inner)
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            yield from _tables_in(f"{name}/{f.name}", getattr(value, f.name))


def _check_cells(name: str, table: pd.DataFrame, rules: Audience) -> None:
    if "cell" not in table.columns:
        return
    cells = [c for c in table["cell"].dropna().astype(str).unique() if _CELL.match(c)]
    fine = [c for c in cells if h3.get_resolution(c) > rules.finest_cell]
    if fine:
        raise ReleaseError(f"Table {name} holds {len(fine)} cells finer than resolution {rules.finest_cell}.")


def _parquet(table: pd.DataFrame) -> bytes:
    """A table as Parquet, the same bytes for the same rows."""
    plain = {}
    for column in table.columns:
        values = table[column]
        if isinstance(values.dtype, pd.PeriodDtype):
            values = values.astype(str)
        plain[str(column)] = arrow.Array.from_pandas(values.reset_index(drop=True))
    made = arrow.table(plain).replace_schema_metadata(None)
    sink = arrow.BufferOutputStream()
    parquet.write_table(made, sink, compression="zstd", store_schema=False)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _write(folder: Path, files: Mapping[str, bytes], index: bytes) -> None:
    """All files or none: they appear under their name when the last is written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as name:
        partial = Path(name) / "release"
        for file, content in {**files, manifest.FILE: index}.items():
            path = partial / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        if folder.exists():
            folder.rmdir()
        shutil.move(partial, folder)
