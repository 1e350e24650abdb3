"""Whatever is done to a file's rows: every row read is kept or in quarantine, and detection holds."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.data.sources import LAYOUTS, Parsed, SourceError, parse_file
from analysis.data.sources.base import AGENCY_COLUMNS, INCIDENT_COLUMNS, MONTHLY_COLUMNS, QUARANTINE_COLUMNS
from analysis.data.vocabulary import NEVER_MAPPED, OFFENSES, PART_OFFENSES, STATUSES

#: Layouts of which the folder's fixtures can make good rows.
MADE = [
    "slmpd_legacy_18",
    "slmpd_legacy_20",
    "slmpd_legacy_26",
    "slmpd_nibrs",
    "rtci_trends",
    "rtci_by_agency",
    "rtci_panel",
]
LAYOUT_IDS = [name for name, layout in LAYOUTS.items() if layout.columns]
#: Cells that make sense somewhere, and cells that make sense nowhere.
CELLS = st.sampled_from(
    ["", " ", "0", "1", "-1", "1.5", "12", "1e400", "nan", "NA", "x", "é", '"', "a,b", "a\nb", "=1+1", "@x",
     "2017-05", "2025", "5/10/2017 13:30", "2025-01-01", "2026-02-01", "1/1/1900 0:00", "12/31/2099", "10000",
     "21000", "41011", " 31111", "09A", "13A", "11A", "38.6", "-90.2", "882454.8", "1034517", "Yes", "all",
     "MOSPD0000", "mo", "MO", "Missouri", "St Louis", "St Louis, Missouri", "Full Sample", "Murders",
     "murder", "RRRRRRR", "R.STDAX", "Jan - Feb 2026", "Individual Agencies", "\u2212" + "1",
     "1,234", "999999999999"]
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=60), min_size=1, max_size=12)
NAMES = st.sampled_from(["x", "README.md", "rtci_monthly.csv", "may2017.csv", "a.pdf", "b.xlsx", "c.gz"])


def line(cells: list[str]) -> str:
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & set('",\n') else cell for cell in cells]
    return ",".join(quoted)


@pytest.mark.parametrize("layout", LAYOUT_IDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, widths=st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=12, max_size=12), name=NAMES,
       packed=st.booleans())  # fmt: skip
def test_every_row_is_kept_or_in_quarantine(
    layout: str, rows: list[list[str]], widths: list[int], name: str, packed: bool
) -> None:
    columns = LAYOUTS[layout].columns
    made = []
    for cells, more in zip(rows, widths, strict=False):
        width = max(1, len(columns) + more)
        made.append((cells * (width // len(cells) + 1))[:width])
    text = "\r\n".join([line(list(columns)), *map(line, made)]) + "\r\n"
    real_rows = [cells for cells in made if len(cells) != len(columns) or any(c.strip() for c in cells)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        if not real_rows:
            with pytest.raises(SourceError, match="has a header but no rows"):
                parse_file(path)
            return
        parsed = parse_file(path)
    assert parsed.layout == layout
    assert parsed.rows_read == len(real_rows)
    holds(parsed)


def holds(parsed: Parsed) -> None:
    """What is true of every file that was read."""
    assert parsed.rows_read == parsed.rows_kept + parsed.rows_quarantined
    assert parsed.quarantine["line"].nunique() == parsed.rows_quarantined
    for frame, names in (
        (parsed.incidents, INCIDENT_COLUMNS),
        (parsed.monthly, MONTHLY_COLUMNS),
        (parsed.agencies, AGENCY_COLUMNS),
        (parsed.quarantine, QUARANTINE_COLUMNS),
    ):
        assert tuple(frame.columns) == names
    assert set(parsed.monthly["offense"]) <= {*OFFENSES, *PART_OFFENSES}
    assert set(parsed.monthly["status"]) <= set(STATUSES)
    assert (parsed.monthly["count"].dropna().astype(float) >= 0).all()
    assert not parsed.monthly.duplicated(["agency_id", "month", "offense"]).any()
    sexual = parsed.incidents["offense"].isin(NEVER_MAPPED)
    assert parsed.incidents.loc[sexual, ["longitude", "latitude"]].isna().all(axis=None)
    for frame in (parsed.incidents.drop(columns=["code"]), parsed.agencies):
        for name in frame.columns[frame.dtypes == "str"]:
            assert not frame[name].dropna().str.match(r"[=@\t\r]").any(), name


@pytest.mark.parametrize("layout", MADE)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_good_rows_with_a_few_cells_mangled(
    layout: str, data: st.DataObject, layout_text: Callable[..., str]
) -> None:
    columns = LAYOUTS[layout].columns
    mangled = st.dictionaries(st.sampled_from(columns), CELLS, max_size=3)
    rows = data.draw(st.lists(mangled, min_size=1, max_size=15))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / data.draw(NAMES)
        path.write_bytes(layout_text(columns, rows).encode())
        parsed = parse_file(path)
    assert parsed.layout == layout
    assert parsed.rows_read == len(rows)
    breaks = [sum(cell.count("\n") for cell in row.values()) for row in rows]
    lines = [2 + at + sum(breaks[:at]) for at in range(len(rows))]
    assert set(parsed.quarantine["line"]) <= set(lines)
    untouched = {number for number, row in zip(lines, rows, strict=True) if not row}
    refused = parsed.quarantine[~parsed.quarantine["rule"].str.contains("twice")]
    assert not set(refused["line"]) & untouched
    holds(parsed)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=4000))
def test_noise_is_refused_in_words_and_never_crashes(noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.csv"
        path.write_bytes(noise)
        with pytest.raises(SourceError, match=r"noise\.csv: "):
            parse_file(path)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_quarantine_keeps_the_whole_row(data: st.DataObject) -> None:
    columns = LAYOUTS["slmpd_legacy_20"].columns
    cells = data.draw(st.lists(CELLS, min_size=len(columns), max_size=len(columns)))
    cells[columns.index("Count")] = "5"
    written = line(cells)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_text(line(list(columns)) + "\n" + written + "\n", newline="")
        parsed = parse_file(path)
    assert parsed.rows_kept == 0
    assert parsed.quarantine["row"].unique().tolist() == [written]
    assert isinstance(parsed.quarantine, pd.DataFrame)
