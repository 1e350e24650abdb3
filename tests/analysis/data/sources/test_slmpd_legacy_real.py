"""The real SLMPD files must give the published figures, to the last one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.sources import Parsed, net_incidents, one_per_incident, parse_file
from analysis.data.sources.opening import open_file
from analysis.data.sources.reader import RawTable, read_table

pytestmark = pytest.mark.real

VIOLENT = {
    "homicide": "homicide",
    "rape": "rape",
    "robbery": "robbery",
    "agg_assault": "aggravated_assault",
}


@pytest.fixture(scope="module")
def expected(real: Path) -> dict:
    return json.loads((real / "slmpd" / "expected.json").read_text())


@pytest.fixture(scope="module")
def tables(real: Path) -> dict[str, RawTable]:
    return {p.name: read_table(open_file(p)) for p in sorted((real / "slmpd" / "legacy").glob("*.gz"))}


@pytest.fixture(scope="module")
def parsed(real: Path) -> dict[str, Parsed]:
    return {p.name: parse_file(p) for p in sorted((real / "slmpd" / "legacy").glob("*.gz"))}


@pytest.fixture(scope="module")
def netted_2017(parsed: dict[str, Parsed]) -> pd.DataFrame:
    netted = net_incidents([p.incidents for name, p in parsed.items() if "2017" in name])
    return netted[netted["offense"].isin(VIOLENT.values())]


def test_every_file_has_its_rows_columns_bom_and_encoding(
    tables: dict[str, RawTable], expected: dict
) -> None:
    assert set(tables) == set(expected["files"])
    for name, want in expected["files"].items():
        table = tables[name]
        assert table.rows == want["rows"], name
        assert len(table.header) == want["columns"], name
        assert table.bom is want["bom"], name
        assert table.encoding == ("cp1252" if want["non_ascii_bytes_excl_bom"] else "utf-8"), name


def test_every_file_is_kept_whole(parsed: dict[str, Parsed], expected: dict) -> None:
    for name, want in expected["files"].items():
        p = parsed[name]
        assert (p.rows_read, p.rows_kept, p.rows_quarantined) == (want["rows"], want["rows"], 0), name
        assert p.layout == f"slmpd_legacy_{want['columns']}"
        assert sorted(p.monthly["month"].unique()) == want["coded_month"]


def test_cancelling_rows_and_zero_coordinates(tables: dict[str, RawTable], expected: dict) -> None:
    for name, want in expected["files"].items():
        table = tables[name]
        assert (table.text("count") == "-1").sum() == want["rows_count_minus1"], name
        zero = (table.text("xcoord").astype(float) == 0) | (table.text("ycoord").astype(float) == 0)
        assert zero.sum() == want["zero_coordinates"], name


def test_net_counts_of_every_file(parsed: dict[str, Parsed], expected: dict) -> None:
    for name, want in expected["files"].items():
        p = parsed[name]
        assert p.incidents["net_count"].sum() == want["net_count_all_crimes"], name
        net = p.monthly.groupby("offense")["count"].sum()
        for theirs, ours in VIOLENT.items():
            assert net[ours] == want["violent"][theirs]["net"], (name, ours)
        parts = [o for o in net.index if o.endswith(("_firearm", "_domestic"))]
        assert net.drop(parts).sum() == want["net_count_all_crimes"], name
        if want["distinct_complaints"] is not None:
            assert p.incidents["incident_id"].nunique() == want["distinct_complaints"], name


def test_2017_by_month_and_class(parsed: dict[str, Parsed], expected: dict) -> None:
    want = expected["totals"]["year_2017_coded"]
    monthly = pd.concat(p.monthly for p in parsed.values())
    wide = monthly.pivot_table(index="month", columns="offense", values="count", aggfunc="sum")
    for month, classes in want["net_by_month_and_ucr"].items():
        got = {theirs: wide.loc[month, ours] for theirs, ours in VIOLENT.items()}
        assert got == classes, month
    year = wide[wide.index.str.startswith("2017")].sum()
    assert {k: year[v] for k, v in VIOLENT.items()} == want["net_by_ucr"]


def test_2017_by_neighborhood(parsed: dict[str, Parsed], expected: dict) -> None:
    rows = pd.concat(p.incidents for p in parsed.values())
    rows = rows[rows["coded_month"].str.startswith("2017") & rows["offense"].isin(VIOLENT.values())]
    got = rows.assign(n=rows["area_name"].fillna("0")).groupby("n")["net_count"].sum()
    want = expected["totals"]["year_2017_coded"]["net_violent_by_neighborhood"]
    assert got[got != 0].to_dict() == {k: v for k, v in want.items() if v}


def test_2017_netted_over_its_twelve_files(netted_2017: pd.DataFrame, expected: dict) -> None:
    want = expected["incidents_from_the_12_files_of_2017_alone"]
    assert len(netted_2017) == want["groups_net_positive"]
    victims = netted_2017.groupby("offense")["victims"].sum()
    assert {k: victims[v] for k, v in VIOLENT.items()} == want["victims_by_ucr"]
    one = one_per_incident(netted_2017)
    assert one["offense"].value_counts().to_dict() == {
        VIOLENT[k]: v for k, v in want["incidents_by_ucr"].items()
    }
    placed = one[one["longitude"].notna()]
    assert placed["offense"].value_counts().to_dict() == {
        VIOLENT[k]: v for k, v in want["incidents_with_coordinates_by_ucr"].items()
    }
    assert one["victims"].max() == want["max_victims_in_one_incident"]
    assert len(placed) == want["mapped_incidents (1,3,4)"]
    west, south, east, north = want["bbox_lon_lat"]
    assert placed["longitude"].min() == pytest.approx(west, abs=1e-5)
    assert placed["longitude"].max() == pytest.approx(east, abs=1e-5)
    assert placed["latitude"].min() == pytest.approx(south, abs=1e-5)
    assert placed["latitude"].max() == pytest.approx(north, abs=1e-5)
    guns = netted_2017[
        (netted_2017["offense"] == "homicide") | netted_2017["firearm"].fillna(False).astype(bool)
    ]
    guns = guns[guns["longitude"].notna()]["incident_id"].nunique()
    assert guns == want["gun_incidents_with_coordinates (homicide or FIREARM, no rape)"]


@pytest.mark.parametrize("resolution", [8, 9])
def test_2017_in_h3_cells(netted_2017: pd.DataFrame, real: Path, resolution: int) -> None:
    import h3

    want = pd.read_csv(real / "slmpd" / f"incidents_2017_h3_r{resolution}.csv")
    placed = one_per_incident(netted_2017).dropna(subset=["longitude"])
    cells = [
        h3.latlng_to_cell(lat, lon, resolution)
        for lat, lon in zip(placed["latitude"], placed["longitude"], strict=True)
    ]
    got = pd.Series(cells).value_counts()
    assert got.to_dict() == want.set_index("cell")["n"].to_dict()


def test_netting_does_not_depend_on_the_order_of_rows(parsed: dict[str, Parsed]) -> None:
    frames = [p.incidents for name, p in parsed.items() if "2017" in name]
    shuffled = [frame.sample(frac=1, random_state=1) for frame in reversed(frames)]
    left, right = net_incidents(frames), net_incidents(shuffled)
    pd.testing.assert_frame_equal(left, right)


def test_sexual_offenses_never_carry_a_coordinate(parsed: dict[str, Parsed]) -> None:
    rows = pd.concat(p.incidents for p in parsed.values())
    sexual = rows[rows["offense"].isin(["rape", "sex_offense"])]
    assert len(sexual) > 600
    assert sexual[["longitude", "latitude"]].isna().all(axis=None)
    assert (sexual["location_quality"] == "withheld").all()


def test_no_column_keeps_an_address(parsed: dict[str, Parsed], tables: dict[str, RawTable]) -> None:
    streets = set(tables["november2008.csv.gz"].text("ileadsstreet")) - {""}
    rows = parsed["november2008.csv.gz"].incidents
    for name in rows.columns[rows.dtypes == "str"]:
        assert not rows[name].isin(streets).any(), name
