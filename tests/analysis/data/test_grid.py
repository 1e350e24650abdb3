"""Cells, periods, areas and people."""

from __future__ import annotations

import h3
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from analysis.data.arrivals.own_files import outlines
from analysis.data.geography.grid import (
    area_neighbours,
    count_areas,
    count_periods,
    count_stored,
    hexagons,
    people_in_cells,
)
from analysis.data.places import cells_of, count_cells, cover
from analysis.data.sources.base import SourceError

CITY = box(-90.30, 38.60, -90.22, 38.66)


def incidents(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-90.30, -90.22, n), rng.uniform(38.60, 38.66, n)
    lon[:10] = lat[:10] = np.nan
    rows = pd.DataFrame(
        {
            "agency_id": "A",
            "incident_id": [f"i{k}" for k in rng.integers(0, n * 3 // 4, n)],
            "offense": rng.choice(["homicide", "robbery", "aggravated_assault"], n),
            "coded_month": rng.choice([f"2025-{m:02d}" for m in range(1, 13)], n),
            "victims": rng.integers(1, 4, n),
            "longitude": lon,
            "latitude": lat,
        }
    )
    rows["h3_r9"] = pd.array(cells_of(lon, lat, 9), dtype="str")
    return rows.drop_duplicates(["incident_id", "offense"], ignore_index=True)


def test_quarters_add_up_to_the_year_in_every_cell():
    rows, cells = incidents(), cover(CITY, 8)
    cube = count_periods(rows, 8, cells, "2025-01", "2025-12")
    assert [str(p) for p in cube.columns] == ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    whole = count_cells(rows, 8, cells).set_index("cell")["incidents"]
    pd.testing.assert_series_equal(cube.sum(axis=1), whole, check_names=False)
    half = count_periods(rows, 8, cells, "2025-04", "2025-09")
    pd.testing.assert_frame_equal(half, cube.iloc[:, 1:3])
    with pytest.raises(ValueError, match="whole periods"):
        count_periods(rows, 8, cells, "2025-02", "2025-12")


def test_the_stored_cell_says_what_the_coordinates_say():
    rows, cells = incidents(), cover(CITY, 9)
    by_point = count_cells(rows.drop(columns="h3_r9"), 9, cells)
    pd.testing.assert_frame_equal(count_cells(rows, 9, cells), by_point)


def test_one_query_over_stored_rows_counts_like_memory():
    rows, cells = incidents(), cover(CITY, 9)
    found = count_stored(ibis.memtable(rows)).to_pandas().set_index("cell")
    ours = count_cells(rows, 9, cells).set_index("cell")
    pd.testing.assert_frame_equal(
        found.reindex(ours.index, fill_value=0).astype("int64"), ours, check_like=True
    )
    assert found["incidents"].sum() == ours["incidents"].sum() > 200
    robbery = count_stored(ibis.memtable(rows), ["robbery"]).to_pandas()
    assert robbery["incidents"].sum() == (
        rows[(rows["offense"] == "robbery") & rows["longitude"].notna()]["incident_id"].nunique()
    )


def test_people_are_shared_out_and_none_is_lost():
    west, south, east, north = CITY.bounds
    middle = (west + east) / 2
    areas = pd.DataFrame(
        {
            "name": ["west", "east", "park"],
            "geometry": [box(west, south, middle, north), box(middle, south, east, north), box(0, 0, 1, 1)],
            "population": [1000.0, 9000.0, np.nan],
        }
    )
    for resolution in (8, 9):
        cells = cover(CITY, resolution)
        people = people_in_cells(cells, areas)
        assert people.sum() == pytest.approx(10_000, rel=1e-6)
        centre = np.array([h3.cell_to_latlng(c)[1] for c in cells])
        assert people[centre > middle + 0.01].mean() > 5 * people[centre < middle - 0.01].mean()
    far = people_in_cells([h3.latlng_to_cell(40.0, -90.0, 8)], areas)
    assert far.isna().all()
    assert people_in_cells(cells, areas.assign(population=np.nan)).isna().all()


def test_areas_count_each_incident_once_and_give_a_rate_where_people_live():
    rows = incidents()
    west, south, east, north = CITY.bounds
    middle = (west + east) / 2
    areas = pd.DataFrame(
        {
            "name": ["west", "east"],
            "geometry": [box(west, south, middle, north), box(middle, south, east, north)],
            "population": [2000.0, 0.0],
        }
    )
    found = count_areas(rows, areas)
    placed = rows.dropna(subset="longitude")["incident_id"].nunique()
    assert placed - 10 <= found["incidents"].sum() <= placed
    assert found["rate"][0] == pytest.approx(found["incidents"][0] / 2)
    assert np.isnan(found["rate"][1])


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 5), st.integers(1, 5))
def test_squares_of_a_board_touch_as_the_king_moves(rows, columns):
    squares = [box(c, r, c + 1, r + 1) for r in range(rows) for c in range(columns)]
    w = area_neighbours(squares)
    for i, j in [(i, j) for i in range(len(squares)) for j in range(len(squares))]:
        apart = max(abs(i // columns - j // columns), abs(i % columns - j % columns))
        assert w[i, j] == (apart == 1)


def test_hexagons_have_the_size_of_their_cells():
    cells = cover(CITY, 8)
    for cell, outline in zip(cells, hexagons(cells), strict=True):
        assert outline.is_valid
        lat, lng = h3.cell_to_latlng(cell)
        assert outline.contains(box(lng - 1e-4, lat - 1e-4, lng + 1e-4, lat + 1e-4))


def test_uploaded_outlines_are_read_or_refused_in_words():
    good = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Here"}, '
        '"geometry": {"type": "Polygon", "coordinates": '
        "[[[-90.25, 38.62], [-90.24, 38.62], [-90.24, 38.63], [-90.25, 38.62]]]}}]}"
    )
    table = outlines("mine.geojson", good.encode())
    assert table["name"].tolist() == ["Here"]
    assert table["geometry"].iloc[0].area > 0
    with pytest.raises(SourceError, match="no feature can be used"):
        outlines("mine.geojson", good.replace("-90.2", "890000.2").encode())
    with pytest.raises(SourceError, match="cannot be read"):
        outlines("mine.geojson", b"{")
