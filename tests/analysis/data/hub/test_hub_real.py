"""Real files end to end: published and independently computed numbers."""

from __future__ import annotations

import json
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

from analysis.data import open_hub
from analysis.data.places import count_cells, cover, gravest, locate, neighbours
from analysis.data.sources import net_incidents, one_per_offense, parse_file

pytestmark = pytest.mark.real
NAMES = {"agg_assault": "aggravated_assault"}
VIOLENT = ["homicide", "rape", "robbery", "aggravated_assault"]


@pytest.fixture(scope="module")
def expected(real: Path) -> dict:
    return json.loads((real / "slmpd" / "expected.json").read_text())


@pytest.fixture(scope="module")
def city(real: Path) -> shapely.Geometry:
    features = json.loads((real / "boundaries" / "stl_city_neighborhoods.geojson").read_text())["features"]
    return shapely.union_all([shapely.make_valid(shape(f["geometry"])) for f in features])


def test_net_counts_by_month_are_the_published_ones(hub_2017, expected) -> None:
    counts = hub_2017.monthly_counts()
    ours = counts.set_index([counts["month"].astype(str), "offense"])["count"]
    published = expected["totals"]["year_2017_coded"]["net_by_month_and_ucr"]
    wrong = {
        (month, offense): (value, ours[month, NAMES.get(offense, offense)])
        for month, by_class in published.items()
        for offense, value in by_class.items()
        if ours[month, NAMES.get(offense, offense)] != value
    }
    assert len(published) == 12
    assert wrong == {}


def test_incidents_and_victims_after_netting_over_all_files(hub_2017, expected) -> None:
    truth = expected["incidents_from_the_12_files_of_2017_alone"]
    rows = hub_2017.incidents(VIOLENT)
    victims = rows.groupby("offense")["victims"].sum()
    assert {k: victims[NAMES.get(k, k)] for k in truth["victims_by_ucr"]} == truth["victims_by_ucr"]
    single = gravest(rows)
    incidents = single.groupby("offense").size()
    assert {k: incidents[NAMES.get(k, k)] for k in truth["incidents_by_ucr"]} == truth["incidents_by_ucr"]
    placed = single[single["longitude"].notna()].groupby("offense").size()
    assert {k: placed[NAMES.get(k, k)] for k in truth["incidents_with_coordinates_by_ucr"]} == truth[
        "incidents_with_coordinates_by_ucr"
    ]
    assert rows["victims"].max() == truth["max_victims_in_one_incident"]
    assert rows.loc[rows["offense"] == "rape", ["longitude", "h3_r9"]].isna().all(axis=None)


@pytest.mark.parametrize("resolution", [8, 9])
def test_h3_tables_are_reproduced_exactly(hub_2017, real, city, resolution) -> None:
    truth = pd.read_csv(real / "slmpd" / f"incidents_2017_h3_r{resolution}.csv").set_index("cell")
    cells = cover(city, resolution)
    assert len(cells) == {8: 269, 9: 1668}[resolution]
    incidents = hub_2017.incidents(["homicide", "robbery", "aggravated_assault"])
    ours = count_cells(incidents, resolution, cells).set_index("cell")["incidents"]
    pd.testing.assert_series_equal(ours.reindex(truth.index), truth["n"], check_names=False)
    assert ours.sum() == truth["n"].sum()
    guns = incidents[(incidents["offense"] == "homicide") | incidents["firearm"].fillna(False).astype(bool)]
    ours = count_cells(guns, resolution, cells).set_index("cell")["incidents"]
    pd.testing.assert_series_equal(ours.reindex(truth.index), truth["gun"], check_names=False)


def test_cells_that_overlap_the_city(city) -> None:
    cells = cover(city, 10)
    assert abs(len(cells) - 11_168) <= 1  # one cell only grazes the rounded outline
    table = neighbours(cells[:500])
    assert (table != table.T).nnz == 0
    assert table.diagonal().sum() == 0
    assert set(np.unique(table.data)) == {1.0}
    i = int(np.argmax(table.sum(axis=1)))
    touching = {cells[j] for j in table[[i]].indices}
    assert touching == (set(h3.grid_disk(cells[i], 1)) - {cells[i]}) & set(cells[:500])


def test_the_store_nets_like_the_plain_reference(hub_2017, legacy_2017) -> None:
    """Two implementations (Ibis over Delta, pandas over files) give the same incidents."""
    ours = hub_2017.incidents().set_index(["incident_id", "offense"]).sort_index()
    files = sorted((parse_file(f) for f in legacy_2017), key=lambda p: p.monthly["month"].max())
    plain = one_per_offense(net_incidents([p.incidents for p in files]))
    plain = plain.set_index(["incident_id", "offense"]).sort_index()
    assert ours.index.equals(plain.index)
    assert (ours["victims"] == plain["victims"].astype("Int64")).all()
    assert (ours["coded_month"] == plain["coded_month"]).all()
    np.testing.assert_array_equal(ours["longitude"].isna(), plain["longitude"].isna())
    both = ours["longitude"].notna()
    np.testing.assert_allclose(ours.loc[both, "longitude"], plain.loc[both, "longitude"].astype(float))


def test_the_nibrs_extract_counts_distinct_incidents(real_hub, real) -> None:
    truth = json.loads((real / "slmpd" / "nibrs" / "expected.json").read_text())
    counts = real_hub.monthly_counts(source="slmpd_nibrs_cleaned")
    ours = counts.set_index([counts["month"].astype(str), "offense"])["count"]
    for month, by_class in truth["distinct_incident_x_type_by_month"].items():
        for offense, value in by_class.items():
            assert ours[month, NAMES.get(offense, offense)] == value, (month, offense)
    firearm = counts[counts["offense"].str.endswith("_firearm")].groupby("offense")["count"].sum()
    assert firearm["homicide_firearm"] == truth["firearm_yes_incidents"]["homicide"]
    assert firearm["aggravated_assault_firearm"] == truth["firearm_yes_incidents"]["agg_assault"]
    # The file of all offenses holds January 2025 alone: other months of burglary are not zero.
    burglary = counts[counts["offense"] == "burglary"]
    assert [str(m) for m in burglary["month"]] == ["2025-01"]
    rows = real_hub.incidents(source="slmpd_nibrs_cleaned")
    violent = rows[rows["offense"].isin(VIOLENT)]
    share = (violent["location_quality"] == "outside_named_area").mean()
    assert share == pytest.approx(0.14, abs=0.015)


def test_points_lie_in_neighbourhoods(real_hub) -> None:
    rows = real_hub.incidents(VIOLENT, "2017-01", "2017-12", source="slmpd_legacy")
    placed = rows[rows["longitude"].notna()]
    assert placed["area_id"].notna().mean() > 0.995
    assert (placed["location_quality"] == "outside_named_area").mean() == pytest.approx(0.06, abs=0.02)
    areas = real_hub.areas()
    found = locate(placed["longitude"], placed["latitude"], areas["geometry"])
    assert (areas["area_id"].to_numpy(object)[found][found >= 0] == placed["area_id"][found >= 0]).all()


def test_a_series_comes_from_one_source_and_says_so(real_hub, real) -> None:
    totals = pd.read_csv(real / "rtci" / "region_annual_totals.csv")
    city = totals[(totals["agency_id"] == "MOSPD0000") & (totals["year"] == 2024)].iloc[0]
    homicide = real_hub.series("stl_city", "homicide")
    assert homicide.source == "rtci_panel"
    assert str(homicide.complete_through) == "2026-02"
    assert homicide.counts.loc["2024"].sum() == city["murder"]
    violent = real_hub.series("stl_city", "violent_street_crime")
    assert violent.counts.loc["2024"].sum() == city[["murder", "robbery", "aggravated_assault"]].sum()
    assert "included" in violent.definition
    assert "slmpd_legacy" in violent.notes[0]
    assert real_hub.series("stl_city", "gun_violence").source == "slmpd_nibrs_cleaned"
    county = real_hub.series("stl_county", "homicide")
    assert any("Florissant" in note and "2025-04, 2025-09" in note for note in county.notes)
    assert county.population is not None
    assert county.population.iloc[-1] == pytest.approx(400_341)
    region = real_hub.series("region", "homicide")
    both = homicide.counts + county.counts
    pd.testing.assert_series_equal(region.counts, both.reindex(region.counts.index), check_names=False)
    assert "St. Clair County" in region.notes[0]


def test_the_two_eras_are_a_recorded_break(real_hub) -> None:
    breaks = real_hub.check().breaks
    era = breaks[(breaks["agency_id"] == "MOSPD0000") & (breaks["before"] == "slmpd_legacy")]
    assert [str(m) for m in era["month"]] == ["2020-12"]
    assert "homicide" in era["reason"].iloc[0]


def test_importing_everything_again_changes_nothing(real_hub, real, legacy_2017) -> None:
    version = real_hub.version
    report = real_hub.import_files([*legacy_2017, real / "rtci" / "rtci_monthly.csv.gz"])
    assert report.unchanged
    assert real_hub.version == version
    assert open_hub(real_hub.path).version == version
    assert report.rows_read == report.rows_kept + report.rows_quarantined


def test_donors_have_reasons(real_hub) -> None:
    panel = real_hub.donor_panel("violent_street_crime", "2018-01", "2025-12")
    assert panel.counts.notna().all(axis=None)
    assert panel.counts.shape[0] == 96
    assert (panel.population >= 100_000).all()
    assert len(panel.excluded) + panel.counts.shape[1] == panel.excluded["agency_id"].nunique() + len(
        panel.names
    )
    assert not panel.counts.columns.str.startswith("MO").any()
    reasons = panel.excluded.set_index("agency_id")["reason"]
    assert "tactics work" in reasons["MOSPD0000"]
    assert "next to" in reasons["MO0920300"]
    assert "Missouri" in reasons["MOKPD0000"]
    assert (panel.excluded["reason"] != "").all()
