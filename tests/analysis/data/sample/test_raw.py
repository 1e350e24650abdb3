"""Every small raw file is in the layout it claims, says that it is made up, and can be imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from analysis.data import open_hub
from analysis.data.sample.raw_mapped import EXAMPLES
from analysis.data.sources import LAYOUTS, parse_file

LAYOUT_OF = {
    "slmpd_legacy_18.csv": "slmpd_legacy_18",
    "slmpd_legacy_20.csv": "slmpd_legacy_20",
    "slmpd_legacy_26.csv": "slmpd_legacy_26",
    "slmpd_nibrs_raw.csv": "slmpd_nibrs",
    "slmpd_nibrs_cleaned.csv": "slmpd_nibrs_cleaned",
    "rtci_trends.csv": "rtci_trends",
    "rtci_by_agency.csv": "rtci_by_agency",
    "rtci_panel.csv": "rtci_panel",
    "rtci_year_to_date.csv": "rtci_ytd",
    "rtci_scorecard.csv": "rtci_scorecard",
}
#: Files with one bad row, and the column it is in.
BAD = {
    "slmpd_legacy_20.csv": "Count",
    "slmpd_nibrs_raw.csv": "IncidentDate",
    "rtci_by_agency.csv": "aggravated_assault",
}


def test_there_is_a_file_for_every_layout(sample: Path) -> None:
    published = {name for name, layout in LAYOUTS.items() if layout.columns}
    assert set(LAYOUT_OF.values()) == published
    assert {p.name for p in (sample / "raw").iterdir()} == {*LAYOUT_OF, *EXAMPLES}


@pytest.mark.parametrize("name", sorted(LAYOUT_OF))
def test_it_is_detected_and_marked_synthetic(sample: Path, name: str) -> None:
    parsed = parse_file(sample / "raw" / name)
    assert parsed.layout == LAYOUT_OF[name]
    assert parsed.synthetic
    assert parsed.rows_read > 20
    assert parsed.rows_quarantined == (name in BAD)
    if name in BAD:
        assert parsed.quarantine["column"].tolist() == [BAD[name]]


@pytest.mark.parametrize(("name", "mapping"), EXAMPLES.items())
def test_the_example_mappings_explain_it(sample: Path, root: Path, name: str, mapping: str) -> None:
    parsed = parse_file(sample / "raw" / name, mapping=root / "data_samples" / "mappings" / mapping)
    assert parsed.synthetic
    assert parsed.rows_kept > 50
    assert parsed.rows_quarantined == (not name.endswith(".xlsx"))
    if name.endswith("incidents.csv"):
        located = parsed.incidents["longitude"].notna()
        assert located.mean() > 0.9
        assert parsed.incidents.loc[located, "latitude"].between(38.3, 39.0).all()
        assert parsed.incidents["firearm"].fillna(False).astype(bool).sum() > 20
    else:
        assert parsed.monthly["count"].notna().sum() > 200
        # One month of 33, two of 57 were not reported: absent or missing, never zero.
        told = parsed.monthly.loc[parsed.monthly["count"].notna(), "month"].nunique()
        assert told == (32 if name.endswith(".csv") else 55)


@pytest.mark.parametrize("name", [*LAYOUT_OF, *(n for n in EXAMPLES if n.endswith(".csv"))])
def test_the_first_line_says_synthetic(sample: Path, name: str) -> None:
    first = (sample / "raw" / name).read_bytes().splitlines()[0].removeprefix(b"\xef\xbb\xbf")
    assert first.startswith(b"# Synthetic sample data")


def test_the_workbook_says_synthetic(sample: Path) -> None:
    sheet = load_workbook(sample / "raw" / "illinois_municipality_monthly_counts.xlsx").active
    assert sheet is not None
    assert str(sheet["A1"].value).startswith("# Synthetic sample data")
    assert [c.value for c in sheet[2]][:3] == ["Year", "Month", "Homicide"]
    assert sheet.max_row == 2 + 57


def test_oddities_of_the_legacy_files(sample: Path) -> None:
    content = (sample / "raw" / "slmpd_legacy_20.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"CAF\xc9" in content
    assert b"\r\n" in content
    twenty = parse_file(sample / "raw" / "slmpd_legacy_20.csv").incidents
    may = parse_file(sample / "raw" / "slmpd_legacy_26.csv").incidents
    assert (twenty["net_count"] == 0).sum() == 4  # cancelled within the file
    cancelled = may.loc[may["net_count"] < 0, "incident_id"]
    assert len(cancelled) == 7
    assert set(cancelled) <= set(twenty["incident_id"])  # cancelled in a later file
    assert twenty.loc[twenty["offense"] == "rape", "longitude"].isna().all()
    assert twenty["victims"].max() >= 2
    assert twenty["occurred_at"].isna().sum() == 1


def test_a_hub_made_from_the_raw_files_is_synthetic(sample: Path, tmp_path: Path) -> None:
    hub = open_hub(tmp_path / "hub")
    report = hub.import_files([sample / "raw" / name for name in sorted(LAYOUT_OF)])
    assert report.rows_quarantined == len(BAD)
    assert report.rows_read == report.rows_kept + report.rows_quarantined
    assert hub.synthetic
