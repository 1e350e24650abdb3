"""Any other agency's table through a mapping file: what it gives, and how a mistake is answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.data.sources import Parsed, SourceError, net_incidents, parse_file
from analysis.data.sources.mapping import load_mapping

Make = Callable[..., Path]

WIDE = """
kind: monthly_counts
agency: {id: IL0820800, name: East Town, state: IL, jurisdiction: st_clair, population: 18000}
columns: {month: Month}
offenses: {Murder: homicide, Robbery: robbery}
"""
LONG = """
kind: monthly_counts
agencies:
  B: {id: X-MO-B, name: Department B, state: MO, jurisdiction: stl_county}
  C: {id: X-MO-C, name: Department C, state: MO, jurisdiction: stl_county}
columns: {month: Month, agency: Dept, offense: Offense, count: Total}
month_format: "%m/%Y"
offenses: {Murder: homicide, Manslaughter: homicide, Robbery: robbery, Gun robbery: robbery_firearm}
"""
INCIDENTS = """
kind: incidents
agency: {id: MO0950000, name: County, state: MO, jurisdiction: stl_county}
columns: {incident_id: Number, occurred_at: Date, occurred_time: Time, offense: Offense, x: X, y: Y,
          area: Town, victims: Victims}
date_format: "%m/%d/%Y"
crs: ESRI:102696
offenses: {Homicide: homicide, Rape: rape, Robbery: robbery, Assault: aggravated_assault}
flags:
  firearm: {column: Weapon, means_yes: [Gun], means_no: [None, Knife]}
"""
HEADER = "Number,Date,Time,Offense,X,Y,Town,Victims,Weapon\n"


@pytest.fixture
def read(make_file: Make) -> Callable[..., Parsed]:
    def run(text: str, mapping: str, name: str = "file.csv") -> Parsed:
        return parse_file(make_file(text, name), mapping=make_file(mapping, "map.yaml"))

    return run


Read = Callable[..., Parsed]


def figures(parsed: Parsed) -> dict[tuple[str, str, str], float]:
    keys = parsed.monthly[["agency_id", "month", "offense"]].itertuples(index=False, name=None)
    return dict(zip(keys, parsed.monthly["count"], strict=True))


def test_a_wide_table(read: Read) -> None:
    parsed = read('Month,Murder,Robbery,Theft\n2025-01,3,"1,009",7\n2025-02,0,NA,\n', WIDE)
    assert parsed.layout == "mapped_monthly_counts"
    assert figures(parsed) == {
        ("IL0820800", "2025-01", "homicide"): 3,
        ("IL0820800", "2025-01", "robbery"): 1009,
        ("IL0820800", "2025-02", "homicide"): 0,
    }
    agency = parsed.agencies.iloc[0]
    assert (agency["jurisdiction"], agency["population"], agency["name"]) == ("st_clair", 18000, "East Town")


def test_two_columns_of_one_offense_are_added_and_missing_when_one_is(read: Read) -> None:
    mapping = WIDE.replace("{Murder: homicide, Robbery: robbery}", "{Street: robbery, Shop: robbery}")
    parsed = read("Month,Street,Shop\n2025-01,3,4\n2025-02,3,\n", mapping)
    assert figures(parsed) == {("IL0820800", "2025-01", "robbery"): 7}


def test_a_long_table(read: Read) -> None:
    parsed = read(
        "Month,Dept,Offense,Total\n01/2025,B,murder,1\n01/2025,B,Manslaughter,2\n01/2025,B,ROBBERY,5\n"
        "01/2025,B,Gun robbery,4\n01/2025,C,Robbery,0\n02/2025,D,Robbery,6\n01/2025,B,Jaywalking,9\n",
        LONG,
    )
    assert figures(parsed) == {
        ("X-MO-B", "2025-01", "homicide"): 3,
        ("X-MO-B", "2025-01", "robbery"): 5,
        ("X-MO-B", "2025-01", "robbery_firearm"): 4,
        ("X-MO-C", "2025-01", "robbery"): 0,
    }
    assert parsed.quarantine[["line", "column", "value"]].to_numpy().tolist() == [
        [7, "Dept", "D"],
        [8, "Offense", "Jaywalking"],
    ]
    assert "Add it to `offenses` in the mapping" in parsed.quarantine["remedy"].iloc[1]


@pytest.mark.parametrize(("rule", "stored"), [("skip", {}), ("other", {("IL", "2025-01", "other"): 9})])
def test_offenses_the_mapping_does_not_list(
    read: Read, rule: str, stored: dict[tuple[str, ...], int]
) -> None:
    parsed = read("Month,Dept,Offense,Total\n01/2025,B,Jaywalking,9\n", LONG + f"unlisted_offenses: {rule}\n")
    assert parsed.rows_quarantined == 0
    assert list(figures(parsed).values()) == list(stored.values())
    if rule == "skip":
        assert any("1 row is of an offense that the mapping does not list" in m for m in parsed.messages)


@pytest.mark.parametrize(
    ("text", "mapping"),
    [("Month,Murder,Robbery\n2025-01,1,2\n2025-01,1,{}\n2025-02,0,0\n", WIDE),
     ("Month,Dept,Offense,Total\n01/2025,B,Robbery,2\n01/2025,B,Robbery,{}\n02/2025,B,Robbery,0\n", LONG)],
)  # fmt: skip
def test_a_month_given_twice(read: Read, text: str, mapping: str) -> None:
    other = read(text.format(3), mapping)
    assert other.rows_quarantined == 2
    assert set(other.monthly["month"]) == {"2025-02"}
    same = read(text.format(2), mapping)
    assert (same.rows_quarantined, same.rows_kept) == (0, 3)
    assert [v for (_, m, o), v in figures(same).items() if (m, o) == ("2025-01", "robbery")] == [2]
    assert any("counted once" in m for m in same.messages)


@pytest.mark.parametrize("value", ["-1", "2.5", "x"])
def test_counts_that_are_none(read: Read, value: str) -> None:
    for text, mapping in (
        (f"Month,Murder,Robbery\n2025-01,1,{value}\n", WIDE),
        (f"Month,Dept,Offense,Total\n01/2025,B,Robbery,{value}\n", LONG),
    ):
        parsed = read(text, mapping)
        assert parsed.quarantine["value"].tolist() == [value]
        assert parsed.monthly.empty


def test_a_workbook(tmp_path: Path, make_file: Make) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Counts"
    sheet.append(["East Town Police"])
    sheet.append([])
    sheet.append(["Month", "Murder", "Robbery"])
    sheet.append([dt.datetime(2025, 1, 1), 3.0, 9])
    sheet.append([dt.date(2025, 2, 1), None, 2.5])
    sheet.append([None, None, None])
    sheet.append(["2025-03", 0, "=1+1"])
    book.save(tmp_path / "file.bin")
    mapping = make_file(WIDE + "sheet: Counts\nheader_line: 3\n", "map.yaml")
    parsed = parse_file(tmp_path / "file.bin", mapping=mapping)
    assert figures(parsed) == {
        ("IL0820800", "2025-01", "homicide"): 3,
        ("IL0820800", "2025-01", "robbery"): 9,
        ("IL0820800", "2025-03", "homicide"): 0,
    }
    assert parsed.quarantine[["line", "column", "value"]].to_numpy().tolist() == [[5, "Robbery", "2.5"]]
    with pytest.raises(
        SourceError, match=r"no sheet “Count”. Its sheets are: Counts\. Did you mean “Counts”"
    ):
        parse_file(tmp_path / "file.bin", mapping=make_file(WIDE + "sheet: Count\n", "map.yaml"))
    with pytest.raises(SourceError, match=r"names the column “Month”, which file\.bin does not have"):
        parse_file(tmp_path / "file.bin", mapping=make_file(WIDE, "map.yaml"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [([], "is empty or has no line 1"), ([["Month"]], "has a header but no rows"),
     ([["Month", "month"], ["2025-01", 1]], "names the column “month” twice")],
)  # fmt: skip
def test_sheets_that_are_refused(
    tmp_path: Path, make_file: Make, rows: list[list[object]], said: str
) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "file.xlsx")
    with pytest.raises(SourceError, match=said):
        parse_file(tmp_path / "file.xlsx", mapping=make_file(WIDE, "map.yaml"))


def test_a_damaged_workbook(tmp_path: Path, make_file: Make) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "file.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<not-xml")
    with pytest.raises(SourceError, match=r"file\.xlsx: the workbook is damaged"):
        parse_file(tmp_path / "file.xlsx", mapping=make_file(WIDE, "map.yaml"))


def test_incidents(read: Read) -> None:
    parsed = read(
        HEADER + "1,5/1/2025,1330,Robbery,882454.8,1034517,Wellston,1,Gun\n"
        "1,5/1/2025,1330,Robbery,882454.8,1034517,Wellston,2,Gun\n"
        "2,5/2/2025,,Rape,882454.8,1034517,=Wellston,1,Knife\n"
        "3,5/3/2025,9:15,Assault,0,0,,1,Unclear\n",
        INCIDENTS,
    )
    assert parsed.layout == "mapped_incidents"
    rows = parsed.incidents.set_index("incident_id")
    assert rows["occurred_at"].tolist() == [pd.Timestamp(t) for t in
        ("2025-05-01 13:30", "2025-05-02", "2025-05-03 09:15")]  # fmt: skip
    assert rows["location_quality"].tolist() == ["exact", "withheld", "missing"]
    assert rows["victims"].tolist() == [3, 1, 1]
    assert rows["net_count"].tolist() == [1, 1, 1]
    assert rows["area_name"].fillna("").tolist() == ["Wellston", "'=Wellston", ""]
    assert rows["firearm"].fillna(False).tolist() == [True, False, False]
    assert rows["firearm"].isna().tolist() == [False, False, True]
    got = {offense: count for (_, _, offense), count in figures(parsed).items()}
    assert got == {
        "homicide": 0,
        "rape": 1,
        "robbery": 1,
        "aggravated_assault": 1,
        "homicide_firearm": 0,
        "robbery_firearm": 1,
    }
    assert any("begins like a spreadsheet formula" in m for m in parsed.messages)


def test_counts_of_victims_when_the_mapping_says_so(read: Read) -> None:
    text = HEADER + "1,5/1/2025,,Robbery,,,,3,Gun\n2,5/20/2025,,Robbery,,,,1,Knife\n"
    parsed = read(text, INCIDENTS + "count: victims\n")
    assert figures(parsed)["MO0950000", "2025-05", "robbery"] == 4
    assert parsed.incidents["net_count"].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("row", "column"),
    [("1,1/1/1900,,Robbery,,,,1,Gun", "Date"), ("1,1/1/2099,,Robbery,,,,1,Gun", "Date"),
     ("1,2025-13-01,,Robbery,,,,1,Gun", "Date"), ("1,5/1/2025,,Arson,,,,1,Gun", "Offense"),
     ("1,5/1/2025,,Robbery,,,,-1,Gun", "Victims"), ("1,5/1/2025,,Robbery,,,,0.5,Gun", "Victims")],
)  # fmt: skip
def test_incidents_that_cannot_be_counted(read: Read, row: str, column: str) -> None:
    parsed = read(HEADER + "9,5/1/2025,,Robbery,,,,1,Gun\n" + row + "\n", INCIDENTS)
    assert parsed.rows_quarantined == 1
    assert parsed.quarantine[["line", "column"]].to_numpy().tolist() == [[3, column]]
    assert parsed.quarantine["row"].tolist() == [row]


def test_a_point_in_another_state(read: Read) -> None:
    mapping = INCIDENTS.replace("ESRI:102696", "EPSG:4326")
    parsed = read(HEADER + "1,5/1/2025,,Robbery,-118.2,34.1,,1,Gun\n", mapping)
    assert parsed.incidents["location_quality"].tolist() == ["outside_jurisdiction"]
    assert parsed.incidents["longitude"].isna().all()


def test_incidents_without_a_number_keep_their_identity(read: Read) -> None:
    mapping = INCIDENTS.replace("incident_id: Number, ", "")
    first = read(HEADER + "1,5/1/2025,,Robbery,882454.8,1034517,,1,Gun\n", mapping)
    again = read(
        HEADER + "7,5/1/2025,,Robbery,882454.8,1034517,,1,Gun\n8,5/9/2025,,Robbery,,,,1,Gun\n", mapping
    )
    assert len(net_incidents([first.incidents, again.incidents])) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("kind: incidents", "kind: incident"), r"map\.yaml: kind: is “incident”.*Did you mean “incidents”"),
        (("columns:", "colums:"), "unknown key “colums”. Did you mean “columns”"),
        (("Robbery: robbery", "Robbery: robery"), r"offenses\.Robbery: is “robery”.*Did you mean “robbery”"),
        (("occurred_at: Date, ", ""), "columns: lacks `occurred_at`"),
        (("x: X, ", ""), "columns: needs both `x` and `y`"),
        (("ESRI:102696", "ESRI:9"), "crs: “ESRI:9” is not known"),
        (('"%m/%d/%Y"', '"%m/%Y"'), "date_format: “%m/%Y” has no day"),
        (("[Gun]", "[Yes]"), r"flags\.firearm\.means_yes: YAML reads a bare Yes"),
        (("jurisdiction: stl_county", "jurisdiction: st_louis"), r"agency\.jurisdiction: is “st_louis”"),
        (("state: MO, ", ""), r"agency\.state: must be one word"),
        (("kind: incidents", "kind: incidents\nencoding: utf-99"), "encoding: “utf-99” is not known"),
        (("kind: incidents", "kind: incidents\ndelimiter: ';;'"), "delimiter: is “;;”"),
        (("kind: incidents", "kind: incidents\nheader_line: 0"), "header_line: is “0”"),
        (("kind: incidents", "kind: incidents\nvintage: soon"), "vintage: is “soon”"),
        (("kind: incidents", "kind: incidents\nagencies: {}"), "one of the two"),
        (("kind: incidents", "kind: [incidents"), r"map\.yaml: is not YAML"),
        (("kind: incidents", "kind: incidents\ncount: people"), "count: is “people”"),
        (("state: MO,", "state: MO, population: many,"), "population: is “many”; it must be a number"),
    ],
)  # fmt: skip
def test_mistakes_in_a_mapping(make_file: Make, change: tuple[str, str], said: str) -> None:
    assert change[0] in INCIDENTS
    with pytest.raises(SourceError, match=said):
        load_mapping(make_file(INCIDENTS.replace(*change), "map.yaml"))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: &x [*x]"])
def test_what_is_no_mapping(make_file: Make, text: str) -> None:
    with pytest.raises(SourceError, match=r"map\.yaml: "):
        load_mapping(make_file(text, "map.yaml"))


def test_mapping_files_that_cannot_be_read(make_file: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such mapping file"):
        load_mapping(tmp_path / "none.yaml")
    with pytest.raises(SourceError, match="too large"):
        load_mapping(make_file("#" * 300_000, "map.yaml"))
    with pytest.raises(SourceError, match="is not text in UTF-8"):
        load_mapping(make_file(b"kind: caf\xe9", "map.yaml"))


def test_a_column_that_the_file_does_not_have(read: Read) -> None:
    with pytest.raises(
        SourceError,
        match=r"map\.yaml: columns\.month names the column “Month”, which file\.csv does not have\. "
        r"Did you mean “Mnth”\? Its columns are: Mnth, Murder, Robbery",
    ):
        read("Mnth,Murder,Robbery\n2025-01,1,2\n", WIDE)
    with pytest.raises(SourceError, match="offenses names the column “Robbery”"):
        read("Month,Murder,Robberies\n2025-01,1,2\n", WIDE)
    with pytest.raises(SourceError, match=r"flags\.firearm\.column names the column “Weapon”"):
        read(HEADER.replace(",Weapon", "") + "1,5/1/2025,,Robbery,,,,1\n", INCIDENTS)


def test_encoding_and_delimiter_of_the_mapping(make_file: Make) -> None:
    mapping = make_file(WIDE + 'delimiter: ";"\nencoding: cp1252\nvintage: 2026-09-30\n', "map.yaml")
    parsed = parse_file(
        make_file("Month;Murder;Robbery;Caf\xe9\n2025-01;1;2;3\n".encode("cp1252")), mapping=mapping
    )
    assert parsed.vintage == "2026-09-30"
    assert set(figures(parsed).values()) == {1, 2}
    mapping = make_file(WIDE + "encoding: utf-8\n", "map.yaml")
    with pytest.raises(SourceError, match="is not utf-8 as the mapping says"):
        parse_file(make_file(b"Month,Murder,Robbery\n2025-01,\xe9,2\n"), mapping=mapping)


def test_a_layout_beside_a_mapping(make_file: Make) -> None:
    mapping = make_file(WIDE, "map.yaml")
    path = make_file("Month,Murder,Robbery\n2025-01,1,2\n")
    assert parse_file(path, mapping=mapping, layout="mapped_monthly_counts").rows_kept == 1
    with pytest.raises(SourceError, match="cannot go together"):
        parse_file(path, mapping=mapping, layout="rtci_trends")


def test_the_examples_that_are_shipped(root: Path, make_file: Make) -> None:
    folder = root / "data_samples" / "mappings"
    incidents = folder / "st_louis_county_incidents.yaml"
    text = (
        "Report Number,Date Occurred,Time,Date Reported,UCR Description,Victims,X,Y,Municipality,"
        "Weapon,Domestic\n"
        "25-1,05/01/2025,1330,05/02/2025,AGGRAVATED ASSAULT,1,882454.8,1034517,Wellston,Handgun,No\n"
        "25-2,05/03/2025,0900,05/03/2025,Loitering,1,882454.8,1034517,Wellston,None,No\n"
    )
    parsed = parse_file(make_file(text), mapping=incidents)
    assert parsed.rows_quarantined == 0
    assert parsed.incidents["firearm"].tolist() == [True]
    counts = folder / "st_louis_county_monthly_counts.yaml"
    text = "Month,Department,Offense,Total\n2026-01,Department B,Robbery,4\n2026-01,Florissant,Murder,NR\n"
    parsed = parse_file(make_file(text), mapping=counts)
    assert figures(parsed) == {("X-MO-DepartmentB", "2026-01", "robbery"): 4}
    illinois = folder / "illinois_municipality_monthly_counts.yaml"
    text = (
        "Year,Month,Homicide,Robbery,Agg. Battery/Assault,Burglary,Theft,MV Theft\n"
        "2026,January,3,9,31,22,40,12\n"
    )
    parsed = parse_file(make_file(text), mapping=illinois)
    assert figures(parsed)["IL0820800", "2026-01", "aggravated_assault"] == 31
    assert len(figures(parsed)) == 6
