"""The sample is a whole, valid data package that says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

from analysis.data import open_hub
from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.sample.programme import CHAINS, PLANS
from analysis.data.sample.spec import AGENCIES, DEPLOYMENTS, MONTHS, VINTAGES
from analysis.data.schema import validate
from analysis.data.tables import TABLES

SMALL = (
    "agencies", "populations", "deployments", "activities", "goals", "milestones", "meetings", "benchmarks",
)  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_small_tables_fit_the_schema(sample: Path, name: str) -> None:
    table = TABLES[name]
    text = {f.name: "str" for f in table.fields if f.kind in ("text", "month", "date")}
    frame = pd.read_csv(sample / f"{name}.csv", dtype=text)
    assert len(validate(table, frame)) > 0


def test_large_tables_fit_the_schema(incidents: pd.DataFrame, counts: pd.DataFrame) -> None:
    validate(TABLES["incidents"], incidents)
    validate(TABLES["monthly_counts"], counts)
    assert counts["count"].notna().all()


def test_every_table_of_the_schema_is_there(sample: Path) -> None:
    package = json.loads((sample / "datapackage.json").read_text(encoding="utf-8"))
    assert package["synthetic"] is True
    assert {r["name"] for r in package["resources"]} == set(TABLES)
    for resource in package["resources"]:
        paths = [resource["path"]] if isinstance(resource["path"], str) else resource["path"]
        assert paths
        assert all((sample / p).is_file() for p in paths)


def test_everything_says_synthetic(sample: Path) -> None:
    for name in ("datapackage.json", "README.md", "areas.geojson", "truth.json"):
        assert "Synthetic sample data" in (sample / name).read_text(encoding="utf-8")[:3000]
    assert (sample / "README.md").read_text(encoding="utf-8").count("{") == 0  # every blank is filled in
    agencies = pd.read_csv(sample / "agencies.csv")
    assert agencies["agency_id"].str.startswith("SYN-").all()
    assert agencies["name"].str.fullmatch(r"Agency [ABC]-\d( \(\w+\))?|Comparison city \d{3}").all()


def test_areas_lie_in_their_jurisdiction_and_districts_fill_it(sample: Path) -> None:
    content = json.loads((sample / "areas.geojson").read_text(encoding="utf-8"))
    outlines = jurisdiction_outlines()
    areas = pd.DataFrame([f["properties"] for f in content["features"]])
    areas["geometry"] = [shape(f["geometry"]) for f in content["features"]]
    assert areas["area_id"].is_unique
    assert all(g.is_valid for g in areas["geometry"])
    assert areas["name"].str.match(r"District \d+$|(Focus|Comparison) area |Ring around focus area ").all()
    for jurisdiction, rows in areas.groupby("jurisdiction"):
        outline = outlines[str(jurisdiction)]
        assert all(outline.buffer(0.0005).contains(g) for g in rows["geometry"])
        districts = rows.loc[rows["kind"] == "neighborhood", "geometry"]
        whole = shapely.union_all(districts.to_list())
        assert whole.area == pytest.approx(outline.area, rel=1e-3)
        assert sum(d.area for d in districts) == pytest.approx(whole.area, rel=1e-3)
    shown = areas[areas["kind"] != "neighborhood"]["geometry"].to_list()
    for i, one in enumerate(shown):
        assert all(one.intersection(other).area < 1e-7 for other in shown[:i])


def test_points_lie_in_the_district_that_their_row_is_given(sample: Path, incidents: pd.DataFrame) -> None:
    content = json.loads((sample / "areas.geojson").read_text(encoding="utf-8"))
    polygons = {f["properties"]["area_id"]: shape(f["geometry"]) for f in content["features"]}
    rows = incidents[incidents["longitude"].notna()].sample(4000, random_state=1)
    inside = [
        polygons[area].buffer(0.002).covers(shapely.Point(x, y))
        for area, x, y in zip(rows["area_id"], rows["longitude"], rows["latitude"], strict=True)
    ]
    assert sum(inside) / len(inside) > 0.995


def test_nine_deployments_three_tactics_three_jurisdictions(sample: Path) -> None:
    table = pd.read_csv(sample / "deployments.csv")
    assert len(table) == 9
    assert len(table[["tactic", "jurisdiction"]].drop_duplicates()) == 9
    assert table["start"].min() == "2025-01"
    assert set(table["status"]) == {"live", "planned", "paused"}
    assert table["area_id"].notna().sum() >= 3


def test_activities_follow_their_chains_and_their_states(sample: Path) -> None:
    table = pd.read_csv(sample / "activities.csv")
    wide = table.pivot_table(index=["deployment_id", "month"], columns="activity", values="value")
    for part, (whole, _) in CHAINS.items():
        both = wide[[part, whole]].dropna()
        assert len(both) > 5
        assert (both[part] <= both[whole]).all()
    tactic = {d.deployment_id: d.tactic for d in DEPLOYMENTS}
    for deployment, rows in table.groupby("deployment_id"):
        assert set(rows["activity"]) == set(PLANS[tactic[str(deployment)]])
    assert 0.01 < table["value"].isna().mean() < 0.15  # gaps: not reported, which is not zero
    assert "fd-st-clair" not in set(table["deployment_id"])  # not started
    assert table.loc[table["deployment_id"] == "cbt-st-clair", "month"].max() == "2026-03"  # paused


def test_goals_have_one_default(sample: Path) -> None:
    goals = pd.read_csv(sample / "goals.csv")
    chosen = goals[goals["default"]]
    assert len(chosen) == 1
    row = chosen.iloc[0]
    assert (row["measure"], row["baseline_start"], row["baseline_end"]) == (
        "violent_street_crime", "2022-01", "2024-12",
    )  # fmt: skip
    assert (row["start"], row["months"], row["reduction"], row["reading"]) == (
        "2025-01", 36, 0.20, "third_year",
    )  # fmt: skip
    assert goals["source"].str.len().gt(20).all()


def test_late_and_missing_months_are_absent_rows(counts: pd.DataFrame) -> None:
    current = counts[counts["vintage"] == VINTAGES[-1]]
    for agency in AGENCIES:
        rows = current[(current["agency_id"] == agency.agency_id) & (current["offense"] == "homicide")]
        expected = set(MONTHS.strftime("%Y-%m")[: len(MONTHS) - agency.late]) - set(agency.holes)
        assert set(rows["month"]) == expected
        assert set(rows.loc[rows["status"] == "partial", "month"]) == set(agency.partial)
    assert sum(a.late > 0 for a in AGENCIES) == 2
    assert sum(bool(a.holes) for a in AGENCIES) == 3


def test_the_hub_opens_it(sample: Path) -> None:
    hub = open_hub(sample)
    assert hub.synthetic
    assert hub.read_only
    assert not hub.is_empty
    assert set(hub.places()) == {"region", "stl_city", "stl_county", "st_clair"}
    series = hub.series("stl_city", "gun_violence")
    assert series.counts.loc["2025-01":].notna().sum() == 21
