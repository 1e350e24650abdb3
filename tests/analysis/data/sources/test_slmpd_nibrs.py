"""NIBRS-era rows: incidents × code counted once, months that are whole, and what is never kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.sources import Parsed, net_incidents, parse_file
from analysis.data.sources.slmpd_nibrs import COLUMNS_CLEANED, COLUMNS_RAW, OFFENSE_OF_CODE

Make = Callable[..., Path]
Read = Callable[..., Parsed]


@pytest.fixture
def read(in_layout: Make) -> Read:
    def run(*rows: dict[str, str]) -> Parsed:
        return parse_file(in_layout(COLUMNS_RAW, list(rows)))

    return run


def counts(parsed: Parsed, month: str = "2025-03") -> dict[str, float]:
    rows = parsed.monthly[parsed.monthly["month"] == month]
    return dict(zip(rows["offense"], rows["count"], strict=True))


@pytest.mark.real
def test_the_cleaned_extract_gives_the_expected_counts(real: Path) -> None:
    expected = json.loads((real / "slmpd" / "nibrs" / "expected.json").read_text())
    parsed = parse_file(
        real / "slmpd" / "nibrs" / "cleaned_2024-05_2026-04_homicide_robbery_aggassault.csv.gz"
    )
    assert (parsed.layout, parsed.rows_quarantined) == ("slmpd_nibrs_cleaned", 0)
    names = {"homicide": "homicide", "robbery": "robbery", "agg_assault": "aggravated_assault"}
    assert parsed.rows_read == sum(expected["rows"].values())
    victims = parsed.incidents.groupby("offense")["victims"].sum()
    assert {k: victims[v] for k, v in names.items()} == expected["rows"]
    total = parsed.monthly.groupby("offense")["count"].sum()
    assert {k: total[v] for k, v in names.items()} == expected["distinct_incident_x_type"]
    guns = {k: total[f"{v}_firearm"] for k, v in names.items()}
    assert guns == expected["firearm_yes_incidents"]
    by_month = parsed.monthly.pivot_table(index="month", columns="offense", values="count", aggfunc="sum")
    for month, want in expected["distinct_incident_x_type_by_month"].items():
        assert {k: by_month.loc[month, v] for k, v in names.items()} == want, month
    assert set(parsed.monthly["status"]) == {"reported"}
    # What the extract was not made for is missing, not zero.
    assert set(parsed.monthly["offense"]) <= {*names.values(), "aggravated_assault_domestic", *(
        f"{v}_firearm" for v in names.values())}  # fmt: skip
    assert "address" not in parsed.incidents.columns


@pytest.mark.real
def test_the_extract_of_one_month_agrees_with_the_long_one(real: Path) -> None:
    folder = real / "slmpd" / "nibrs"
    expected = json.loads((folder / "expected.json").read_text())
    parsed = parse_file(folder / "cleaned_2025-01_all_offenses_no_sex_offenses.csv.gz")
    got = counts(parsed, "2025-01")
    want = expected["distinct_incident_x_type_by_month"]["2025-01"]
    assert [got[k] for k in ("homicide", "robbery", "aggravated_assault")] == [
        want[k] for k in ("homicide", "robbery", "agg_assault")
    ]
    assert "rape" not in got


def test_victims_are_not_incidents(read: Read) -> None:
    parsed = read(
        {}, {"VictimNum": "2"}, {"VictimNum": "2"}, {"IncidentNum": "25000002", "FirearmUsed": "No"}
    )
    assert counts(parsed)["aggravated_assault"] == 2
    assert counts(parsed)["aggravated_assault_firearm"] == 1
    assert counts(parsed)["homicide"] == 0
    rows = parsed.incidents.set_index("incident_id")
    assert rows["victims"].to_dict() == {"25000001": 2, "25000002": 1}
    assert rows["net_count"].tolist() == [1, 1]
    assert rows["occurred_at"].iloc[0] == pd.Timestamp("2025-03-10 13:30")
    assert rows["area_name"].tolist() == ["50", "50"]


@pytest.mark.parametrize(
    ("code", "offense"),
    [("09A", "homicide"), ("9A", "homicide"), ("09B", "other"), ("11B", "rape"), ("11D", "sex_offense"),
     ("120", "robbery"), ("23h", "theft"), ("240", "motor_vehicle_theft"), ("90Z", "other")],
)  # fmt: skip
def test_codes(read: Read, code: str, offense: str) -> None:
    assert read({"NIBRS": code}).incidents["offense"].tolist() == [offense]


def test_every_code_is_an_offense_of_ours() -> None:
    from analysis.data.vocabulary import OFFENSES

    assert set(OFFENSE_OF_CODE.values()) <= set(OFFENSES)


def test_sexual_offenses_never_keep_a_place(read: Read) -> None:
    rows = read(
        {"IncidentNum": "1", "NIBRS": "11A", "Offense": "RAPE - 1ST DEGREE"},
        {"IncidentNum": "1", "NIBRS": "120", "Offense": "ROBBERY - 1ST DEGREE"},
        {"IncidentNum": "2", "NIBRS": "90F", "Offense": "ENDANGERING A CHILD - SEXUAL CONTACT"},
        {"IncidentNum": "3", "NIBRS": "90F", "Offense": "ENDANGERING A CHILD - NO SEXUAL CONTACT"},
    ).incidents
    quality = rows.set_index(["incident_id", "code"])["location_quality"].to_dict()
    assert quality == {("1", "11A"): "withheld", ("1", "120"): "withheld", ("2", "90F"): "withheld",
                       ("3", "90F"): "exact"}  # fmt: skip
    assert rows.set_index("incident_id")["longitude"].notna().groupby(level=0).any().to_dict() == {
        "1": False,
        "2": False,
        "3": True,
    }


@pytest.mark.parametrize("date", ["01/01/1900", "12/31/2099", "13/40/2025", "", "soon"])
def test_dates_that_cannot_be_true_go_to_quarantine(read: Read, date: str) -> None:
    parsed = read({}, {"IncidentDate": date})
    assert parsed.rows_quarantined == 1
    bad = parsed.quarantine.iloc[0]
    assert (bad["line"], bad["column"], bad["value"]) == (3, "IncidentDate", date)
    assert "counted by the month of the incident" in bad["remedy"]


@pytest.mark.parametrize(
    ("date", "time", "moment"),
    [("3/1/2025", "1:05", "2025-03-01 01:05"), ("03/01/2025", "", "2025-03-01"),
     ("3/1/2025 14:20", "", "2025-03-01 14:20"), ("3/1/2025 2:20:00 PM", "", "2025-03-01 14:20"),
     ("2025-03-01", "23:59:59", "2025-03-01 23:59"), ("3/1/2025", "25:00", "2025-03-01")],
)  # fmt: skip
def test_ways_to_write_a_moment(read: Read, date: str, time: str, moment: str) -> None:
    parsed = read({"IncidentDate": date, "OccurredFromTime": time})
    assert parsed.incidents["occurred_at"].tolist() == [pd.Timestamp(moment)]


@pytest.mark.parametrize(("column", "value"), [("IncidentNum", ""), ("NIBRS", ""), ("NIBRS", "ASSAULT")])
def test_rows_that_cannot_be_counted_go_to_quarantine(read: Read, column: str, value: str) -> None:
    parsed = read({}, {column: value})
    assert parsed.quarantine[["line", "column", "value"]].to_numpy().tolist() == [[3, column, value]]


@pytest.mark.parametrize(
    ("number", "name", "area"),
    [
        ("G-88", "Willmore Park", "88"),
        ("07", "x", "7"),
        ("0", "Unknown", None),
        ("", "Old North", "Old North"),
    ],
)
def test_neighborhoods(read: Read, number: str, name: str, area: str | None) -> None:
    got = read({"NbhdNum": number, "Neighborhood": name}).incidents["area_name"].iloc[0]
    assert (None if pd.isna(got) else got) == area


@pytest.mark.parametrize(
    ("lat", "lon", "quality"),
    [
        ("0", "0", "missing"),
        ("", "", "missing"),
        ("34.05", "-118.24", "outside_jurisdiction"),
        ("38.6", "-90.2", "exact"),
    ],
)
def test_places(read: Read, lat: str, lon: str, quality: str) -> None:
    row = read({"Latitude": lat, "Longitude": lon}).incidents.iloc[0]
    assert row["location_quality"] == quality
    assert pd.isna(row["longitude"]) == (quality != "exact")


def test_a_flag_that_is_not_told_is_missing(read: Read) -> None:
    parsed = read({"FirearmUsed": ""})
    assert parsed.incidents["firearm"].isna().all()
    assert "aggravated_assault_firearm" not in counts(parsed)


def many(month: str, days: range, start: int) -> list[dict[str, str]]:
    year, number = month.split("-")
    return [
        {"IncidentNum": str(start + 10 * day + n), "IncidentDate": f"{number}/{day:02d}/{year}"}
        for day in days
        for n in range(3)
    ]


def test_reemitted_months_are_partial_and_have_no_zeros(read: Read) -> None:
    parsed = read(*many("2025-03", range(1, 32), 1000), *many("2025-01", range(5, 7), 5000))
    march, january = counts(parsed), counts(parsed, "2025-01")
    assert march["aggravated_assault"] == 93
    assert march["homicide"] == 0
    assert january == {"aggravated_assault": 6, "aggravated_assault_firearm": 6}
    status = parsed.monthly.groupby("month")["status"].first().to_dict()
    assert status == {"2025-01": "partial", "2025-03": "reported"}


def test_a_month_cut_in_the_middle_is_partial(read: Read) -> None:
    parsed = read(*many("2025-03", range(1, 32), 1000), *many("2025-04", range(1, 16), 5000))
    status = parsed.monthly.groupby("month")["status"].first().to_dict()
    assert status == {"2025-03": "reported", "2025-04": "partial"}
    assert any("2025-04: the file holds only a part" in m for m in parsed.messages)


def test_an_incident_in_two_files_is_one_incident_the_later_as_it_is_known(read: Read) -> None:
    first = read({"FirearmUsed": "No"}).incidents
    later = read({"FirearmUsed": "Yes"}, {"VictimNum": "2"}).incidents
    left = net_incidents([first, later])
    assert left[["incident_id", "net_count", "victims"]].to_numpy().tolist() == [["25000001", 1, 2]]
    assert left["firearm"].tolist() == [True]


def test_the_cleaned_layout_by_hand(make_file: Make) -> None:
    text = ",".join(COLUMNS_CLEANED) + (
        "\n1,2025-01-03 10:00:00,Robbery,120,ROBBERY,Robbery,Property,Yes,1 X ST,Shaw,27,3,38.61,-90.24\n"
    )
    parsed = parse_file(make_file(text))
    assert counts(parsed, "2025-01") == {"robbery": 1, "robbery_firearm": 1}
    assert any("cleaned extract" in message for message in parsed.messages)
    assert "1 X ST" not in parsed.incidents.to_csv()
