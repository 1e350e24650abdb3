"""Legacy rows: what is counted, what is kept without a date or place, what goes to quarantine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.sources import Parsed, net_incidents, one_per_offense, parse_file
from analysis.data.sources.slmpd_legacy import COLUMNS_18, COLUMNS_20, COLUMNS_26

Make = Callable[..., Path]
Read = Callable[..., Parsed]


@pytest.fixture
def read(in_layout: Make) -> Read:
    def run(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS_20) -> Parsed:
        return parse_file(in_layout(columns, list(rows)))

    return run


def count(parsed: Parsed, offense: str, month: str = "2017-05") -> float:
    rows = parsed.monthly[(parsed.monthly["offense"] == offense) & (parsed.monthly["month"] == month)]
    assert len(rows) == 1
    return rows["count"].iloc[0]


def test_identical_rows_are_victims_of_one_incident(read: Read) -> None:
    parsed = read({}, {}, {}, {"Count": "-1"})
    assert count(parsed, "aggravated_assault") == 2
    assert count(parsed, "aggravated_assault_firearm") == 2
    assert count(parsed, "homicide") == 0
    incident = parsed.incidents.iloc[0]
    assert (len(parsed.incidents), incident["victims"], incident["net_count"]) == (1, 3, 2)
    assert (incident["code"], incident["area_name"], incident["row_order"]) == ("41011", "50", 2)
    assert incident["occurred_at"] == pd.Timestamp("2017-05-10 13:30")
    assert incident["longitude"] == pytest.approx(-90.279, abs=0.02)
    assert incident["latitude"] == pytest.approx(38.67, abs=0.02)


def test_classes_flags_and_parts(read: Read) -> None:
    parsed = read(
        {"Complaint": "1", "Crime": " 10000", "Description": "HOMICIDE"},
        {"Complaint": "2", "Crime": "31111", "Description": "ROBBERY-HIGHWAY  /FIREARM USED/SUCCESSFUL"},
        {"Complaint": "3", "Crime": "38012", "Description": "ROBBERY-STRNGARM"},
        {"Complaint": "4", "Crime": "44015", "Description": "ASSLT-AGGRV-HND/FST/FT-2ND-ADUL-DOMESTIC"},
        {"Complaint": "5", "Crime": "171210", "Description": "SEX OFFNS-SX MISCONDUCT/SECOND"},
        {"Complaint": "6", "Crime": "265321", "Description": "LEAVING SCENE OF ACCIDENT"},
    )
    rows = parsed.incidents.set_index("incident_id")
    assert rows["offense"].to_dict() == {
        "1": "homicide",
        "2": "robbery",
        "3": "robbery",
        "4": "aggravated_assault",
        "5": "sex_offense",
        "6": "other",
    }
    assert rows["firearm"].isna().to_dict() == {
        "1": True,
        "2": False,
        "3": False,
        "4": False,
        "5": True,
        "6": True,
    }
    assert (rows.loc["2", "firearm"], rows.loc["3", "firearm"]) == (True, False)
    assert (rows.loc["4", "domestic"], rows["domestic"].notna().sum()) == (True, 1)
    got = {o: count(parsed, o) for o in ("robbery", "robbery_firearm", "aggravated_assault_domestic")}
    assert got == {"robbery": 2, "robbery_firearm": 1, "aggravated_assault_domestic": 1}


def test_sexual_offenses_lose_their_place_and_so_does_their_incident(read: Read) -> None:
    parsed = read({"Crime": "21000", "Description": "RAPE -- FORCIBLE"}, {}, {"Complaint": "other"})
    rows = parsed.incidents.set_index(["incident_id", "offense"])["location_quality"]
    assert rows.to_dict() == {
        ("17-000001", "rape"): "withheld",
        ("17-000001", "aggravated_assault"): "withheld",
        ("other", "aggravated_assault"): "exact",
    }
    assert any("never placed on a map" in message for message in parsed.messages)


@pytest.mark.parametrize("date", ["1/1/1900 0:00", "12/31/2099 10:00", "2/30/2017 10:00", "yesterday", ""])
def test_dates_that_cannot_be_true_are_counted_without_a_date(read: Read, date: str) -> None:
    parsed = read({}, {"Complaint": "b", "DateOccur": date})
    assert parsed.rows_quarantined == 0
    assert count(parsed, "aggravated_assault") == 2
    rows = parsed.incidents.set_index("incident_id")["occurred_at"]
    assert rows.isna().to_dict() == {"17-000001": False, "b": True}
    assert any("cannot be true or be read (line 3)" in message for message in parsed.messages)


def test_a_date_years_earlier_is_true(read: Read) -> None:
    parsed = read({"DateOccur": "01/01/1984 00:01"})
    assert parsed.incidents["occurred_at"].iloc[0] == pd.Timestamp("1984-01-01 00:01")


def test_a_point_in_another_state_is_counted_without_a_point(read: Read) -> None:
    parsed = read({}, {"Complaint": "far", "XCoord": "2882454.8", "YCoord": "3034517"})
    row = parsed.incidents.set_index("incident_id").loc["far"]
    assert row["location_quality"] == "outside_jurisdiction"
    assert pd.isna(row["longitude"])
    assert count(parsed, "aggravated_assault") == 2
    assert any("far outside the region (line 3): counted" in message for message in parsed.messages)


@pytest.mark.parametrize("x", ["0", "", "unknown"])
def test_missing_coordinates(read: Read, x: str) -> None:
    row = read({"XCoord": x}).incidents.iloc[0]
    assert row["location_quality"] == "missing"
    assert pd.isna(row["longitude"])
    assert pd.isna(row["latitude"])


@pytest.mark.parametrize("value", ["", "0", "1.5", "2", "-3", "one", "1e3", "=1"])
def test_a_count_other_than_one_goes_to_quarantine(read: Read, value: str) -> None:
    parsed = read({}, {"Count": value}, {"Complaint": "c"})
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_quarantined) == (3, 2, 1)
    bad = parsed.quarantine.iloc[0]
    assert (bad["file"], bad["line"], bad["column"], bad["value"]) == ("file.csv", 3, "Count", value)
    assert bad["rule"] == "is 1 (counts) or −1 (cancels an earlier row)"
    assert "shifted column" in bad["remedy"]
    assert bad["row"].startswith("17-000001,2017-05,5/10/2017 13:30")
    assert parsed.messages[0] == "1 of 3 rows is in quarantine (line 3)."
    assert count(parsed, "aggravated_assault") == 2


@pytest.mark.parametrize("month", ["2017-13", "2017", "05/2017", "1900-01", "2099-01", ""])
def test_a_month_that_is_none_goes_to_quarantine(read: Read, month: str) -> None:
    parsed = read({}, {"CodedMonth": month})
    assert parsed.rows_quarantined == 1
    assert parsed.quarantine["column"].tolist() == ["CodedMonth"]


@pytest.mark.parametrize("code", ["", "1234", "ASSAULT", "41011.5", "4101100"])
def test_a_code_that_is_none_goes_to_quarantine(read: Read, code: str) -> None:
    parsed = read({}, {"Crime": code})
    assert parsed.quarantine[["column", "value"]].to_numpy().tolist() == [["Crime", code]]


def test_one_row_may_break_several_rules_but_is_one_row(read: Read) -> None:
    parsed = read({}, {"Crime": "", "Count": "x", "CodedMonth": "x"})
    assert parsed.rows_quarantined == 1
    assert parsed.quarantine["column"].tolist() == ["CodedMonth", "Count", "Crime"]


def test_rows_of_another_width_go_to_quarantine(in_layout: Make) -> None:
    path = in_layout(COLUMNS_20, [{}, {}])
    path.write_bytes(path.read_bytes() + b"17-3,2017-05\r\n")
    parsed = parse_file(path)
    assert (parsed.rows_read, parsed.rows_quarantined) == (3, 1)
    bad = parsed.quarantine.iloc[0]
    assert (bad["line"], bad["value"], bad["row"]) == (4, "2 cells", "17-3,2017-05")


def test_files_without_complaint_numbers_get_stable_identifiers(read: Read) -> None:
    first = read({}, {"Count": "-1"}, {"ILEADSAddress": "1800"}, columns=COLUMNS_18)
    again = read({"ILEADSAddress": "1800"}, columns=COLUMNS_18)
    assert len(first.incidents) == 2
    assert first.incidents["net_count"].tolist() == [0, 1]
    assert again.incidents["incident_id"].iloc[0] == first.incidents["incident_id"].iloc[1]
    # The address of a sexual offense is not in its identifier: it could be guessed from it.
    rape = {"Crime": "21000", "Description": "RAPE -- FORCIBLE"}
    one = read(rape, columns=COLUMNS_18).incidents["incident_id"].iloc[0]
    other = read({**rape, "ILEADSStreet": "ELSEWHERE"}, columns=COLUMNS_18).incidents["incident_id"].iloc[0]
    assert one == other


def test_the_wide_layout_tells_when_it_was_reported(read: Read) -> None:
    row = read({}, columns=COLUMNS_26).incidents.iloc[0]
    assert row["reported_at"] == pd.Timestamp("2017-05-14 16:16")


def test_neighborhood_numbers(read: Read) -> None:
    rows = read(
        {"Complaint": "a", "Neighborhood": "0"},
        {"Complaint": "b", "Neighborhood": ""},
        {"Complaint": "c", "Neighborhood": " 7"},
        {"Complaint": "d", "Neighborhood": "88.0"},
    ).incidents.set_index("incident_id")["area_name"]
    assert rows.dropna().to_dict() == {"c": "7", "d": "88"}


def test_formula_text_never_gets_in(read: Read) -> None:
    parsed = read(
        {"Neighborhood": "=HYPERLINK(1)", "ILEADSStreet": "=cmd|' /C calc'!A0", "Complaint": "17-1"}
    )
    text = parsed.incidents.select_dtypes("str").to_numpy().ravel().tolist()
    assert not any(str(cell).startswith(("=", "+", "@")) for cell in text)


def test_a_month_the_file_only_touches_is_partial(read: Read) -> None:
    rows = [{"Complaint": str(n)} for n in range(20)]
    parsed = read(*rows, {"Complaint": "late", "CodedMonth": "2016-05"})
    status = parsed.monthly.groupby("month")["status"].unique().map(list).to_dict()
    assert status == {"2016-05": ["partial"], "2017-05": ["reported"]}
    assert count(parsed, "aggravated_assault", "2016-05") == 1
    assert (parsed.monthly["month"] == "2016-05").sum() == 2  # the offense and its firearm part, no zeros
    assert any("2016-05: the file holds only a part" in message for message in parsed.messages)


def test_more_cancelled_than_counted_is_missing_not_zero(read: Read) -> None:
    parsed = read({}, {"Complaint": "b", "Crime": "85100", "Count": "-1", "Description": "ARSON"})
    row = parsed.monthly.set_index("offense").loc["arson"]
    assert pd.isna(row["count"])
    assert row["status"] == "missing"
    assert any("2017-05 arson" in message for message in parsed.messages)


def test_a_later_file_cancels(read: Read) -> None:
    may = read({"XCoord": "0"}, {}, {"Complaint": "17-2"}).incidents
    june = read(
        {"CodedMonth": "2017-06", "Count": "-1", "FlagUnfounded": "Y", "Complaint": "17-2"},
        {"CodedMonth": "2017-06", "Count": "-1"},
    ).incidents
    for frames in ([may, june], [june, may]):
        left = net_incidents(frames)
        assert left[["incident_id", "net_count", "victims", "coded_month"]].to_numpy().tolist() == [
            ["17-000001", 1, 1, "2017-05"]
        ]
        assert left["longitude"].notna().all()


def test_codes_of_one_offense_are_one_incident(read: Read) -> None:
    rows = read({}, {"Crime": "42014", "Description": "KNIFE DOMESTIC"}, {"Crime": "10000"}).incidents
    one = one_per_offense(net_incidents([rows])).set_index("offense")
    assert one["victims"].to_dict() == {"aggravated_assault": 2, "homicide": 1}
    assert one.loc["aggravated_assault", "firearm"]
    assert one.loc["aggravated_assault", "domestic"]


def test_nothing_to_net() -> None:
    assert net_incidents([]).empty
    assert one_per_offense(net_incidents([])).empty
