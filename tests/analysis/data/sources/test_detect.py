"""The layout comes from the header, never from the name; a wrong one is answered with the closest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.data.sources import LAYOUTS, SourceError, expand, parse_file
from analysis.data.sources.rtci import COLUMNS_BY_AGENCY, COLUMNS_PANEL, COLUMNS_TRENDS
from analysis.data.sources.slmpd_legacy import COLUMNS_18, COLUMNS_20, COLUMNS_26
from analysis.data.sources.slmpd_nibrs import COLUMNS_RAW

Make = Callable[..., Path]

KNOWN = {
    "slmpd_legacy_18": COLUMNS_18,
    "slmpd_legacy_20": COLUMNS_20,
    "slmpd_legacy_26": COLUMNS_26,
    "slmpd_nibrs": COLUMNS_RAW,
    "rtci_trends": COLUMNS_TRENDS,
    "rtci_panel": COLUMNS_PANEL,
    "rtci_by_agency": COLUMNS_BY_AGENCY,
}
MISLEADING = ("README.md", "rtci_monthly.csv", "may2017.csv.gz", "scorecard.pdf", "x")


@pytest.mark.parametrize("layout", KNOWN)
@pytest.mark.parametrize("name", MISLEADING)
@pytest.mark.parametrize("packed", [False, True])
def test_the_name_says_nothing(in_layout: Make, layout: str, name: str, packed: bool) -> None:
    parsed = parse_file(in_layout(KNOWN[layout], [{}], name, packed=packed))
    assert parsed.layout == layout
    assert parsed.file == name
    assert (parsed.rows_read, parsed.rows_kept) == (1, 1)


def test_sizes_of_the_published_headers() -> None:
    sizes = {name: len(layout.columns) for name, layout in LAYOUTS.items() if layout.columns}
    assert sizes == {
        "slmpd_legacy_18": 18,
        "slmpd_legacy_20": 20,
        "slmpd_legacy_26": 26,
        "slmpd_nibrs": 22,
        "slmpd_nibrs_cleaned": 14,
        "rtci_trends": 52,
        "rtci_by_agency": 17,
        "rtci_panel": 16,
        "rtci_ytd": 11,
        "rtci_scorecard": 15,
    }


@pytest.mark.real
def test_published_headers(real: Path) -> None:
    written = (real / "slmpd" / "nibrs" / "raw_header.csv").read_text().strip().split(",")
    assert tuple(written) == COLUMNS_RAW
    for name, layout in (
        ("slmpd/legacy/november2008.csv.gz", "slmpd_legacy_18"),
        ("slmpd/legacy/june2013.csv.gz", "slmpd_legacy_20"),
        ("slmpd/legacy/may2017.csv.gz", "slmpd_legacy_26"),
        ("slmpd/nibrs/cleaned_2025-01_all_offenses_no_sex_offenses.csv.gz", "slmpd_nibrs_cleaned"),
        ("rtci/rtci_monthly.csv.gz", "rtci_panel"),
        ("rtci/raw_crime_trends_jun26_sample.csv.gz", "rtci_trends"),
        ("rtci/raw_by_agency_table_2024-10-17.csv.gz", "rtci_by_agency"),
        ("rtci/raw_full_table_data_2026-04-24.csv.gz", "rtci_ytd"),
        ("rtci/raw_scorecard_2026-04-24.csv.gz", "rtci_scorecard"),
    ):
        from analysis.data.sources.opening import open_file
        from analysis.data.sources.reader import read_table

        assert read_table(open_file(real / name)).header == LAYOUTS[layout].columns


def test_order_and_surplus_columns_do_not_matter(make_file: Make) -> None:
    columns = [*reversed(COLUMNS_20), "Remark"]
    values = {"Complaint": "17-1", "CodedMonth": "2017-05", "DateOccur": "5/1/2017 0:00", "Count": "1",
              "Crime": "10000"}  # fmt: skip
    text = ",".join(columns) + "\n" + ",".join(values.get(name, "") for name in columns) + "\n"
    parsed = parse_file(make_file(text))
    assert parsed.layout == "slmpd_legacy_20"
    assert parsed.incidents["offense"].tolist() == ["homicide"]


def test_a_missing_column_is_named_with_the_closest_layout(make_file: Make) -> None:
    columns = [name for name in COLUMNS_20 if name != "Count"] + ["Counter"]
    text = ",".join(columns) + "\n" + "," * (len(columns) - 1) + "x\n"
    with pytest.raises(SourceError) as refused:
        parse_file(make_file(text))
    said = str(refused.value)
    assert "is in none of the known layouts" in said
    assert "(slmpd_legacy_20)" in said
    assert "missing “Count”" in said
    assert "not expected “Counter”" in said


def test_a_table_of_something_else(make_file: Make) -> None:
    with pytest.raises(SourceError, match=r"resembles none of them\. Its columns are: “fruit”, “price”\."):
        parse_file(make_file("fruit,price\napple,1\n"))
    with pytest.raises(SourceError, match="is JSON, not a table"):
        parse_file(make_file('{"type": "FeatureCollection"}'))


def test_a_layout_can_be_demanded(in_layout: Make) -> None:
    path = in_layout(COLUMNS_20, [{}])
    assert parse_file(path, layout="slmpd_legacy").layout == "slmpd_legacy_20"
    assert parse_file(path, layout="slmpd_legacy_20").layout == "slmpd_legacy_20"
    with pytest.raises(SourceError, match=r"is not in the layout “rtci_trends”.*missing “id”, “size”"):
        parse_file(path, layout="rtci_trends")
    with pytest.raises(
        SourceError, match=r"Layout “spreadsheet” is not known\. Known are: auto, slmpd_legacy_18"
    ):
        parse_file(path, layout="spreadsheet")
    with pytest.raises(SourceError, match="needs a mapping file"):
        parse_file(path, layout="mapped_incidents")


def test_expand_lists_files_once_and_sorted(make_file: Make, tmp_path: Path) -> None:
    b, a = make_file("x", "b/2.csv"), make_file("x", "a/1.csv")
    make_file("x", "a/.hidden.csv")
    make_file("x", ".git/config")
    assert expand([tmp_path, b]) == [a, b]
    assert expand(b) == [b]
    with pytest.raises(SourceError, match="there is no such file or folder"):
        expand([tmp_path / "nothing"])
