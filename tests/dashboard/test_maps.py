"""Maps: no third party, fixed classes, nothing that was suppressed."""

from __future__ import annotations

import json

import h3
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from dashboard.maps import (
    HEIGHT,
    NARROW,
    Kind,
    Scene,
    class_words,
    classes,
    deck,
    groups,
    hexagon,
    kinds_legend,
    legend,
    static_map,
)
from dashboard.picture import chart_svg
from dashboard.theme import DARK, LIGHT, Look, rgb

OUTLINES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"id": key, "name": name, "kind": kind},
            "geometry": {"type": "Polygon", "coordinates": [list(box(*bounds).exterior.coords)]},
        }
        for key, name, kind, bounds in [
            ("stl_city", "St. Louis City", "jurisdiction", (-90.3, 38.5, -90.15, 38.75)),
            ("st_clair", "St. Clair County", "jurisdiction", (-90.15, 38.3, -89.7, 38.65)),
            ("x", "Next County", "context", (-91, 38, -90.3, 38.9)),
        ]
    ],
}
SCENE = Scene(OUTLINES, areas=[("Focus area A", box(-90.25, 38.6, -90.22, 38.63))], place="stl_city")


@pytest.fixture
def cells() -> pd.DataFrame:
    ids = sorted(h3.grid_disk(h3.latlng_to_cell(38.63, -90.2, 8), 3))
    counts = np.arange(len(ids), dtype=float) + 3
    counts[0] = np.nan
    return pd.DataFrame({"cell": ids, "count": counts, "label": "Near Focus area A", "marked": counts > 35})


@pytest.mark.parametrize(
    ("top", "floor", "expected"),
    [(3, 1, (1, 2, 3, 4, 5)), (12, 1, (1, 2, 3, 5, 8)), (90, 5, (5, 10, 20, 40, 80)),
     (60, 5, (5, 10, 20, 40)), (6000, 1, (1, 200, 500, 1000, 2000))],
)  # fmt: skip
def test_classes_are_fixed_steps(top: int, floor: int, expected: tuple[int, ...]) -> None:
    assert classes(pd.Series([floor, top]), floor=floor)[:5] == expected


def test_class_words() -> None:
    assert class_words((1, 2, 5, 10)) == ["1", "2–4", "5–9", "10 or more"]


def test_empty_counts_still_have_classes() -> None:
    assert len(classes(pd.Series(dtype=float))) >= 1


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_the_live_map_asks_nobody(cells: pd.DataFrame, look: object) -> None:
    text = deck(cells, SCENE, look=look).to_json()  # type: ignore[arg-type]
    assert "http" not in text
    told = json.loads(text)
    assert "mapProvider" not in told
    # The sentinel means "no style was named"; None would make Streamlit ask CARTO for one.
    assert told["mapStyle"] == "__MAP_STYLE__"
    assert [layer["id"] for layer in told["layers"]] == [
        "context", "places", "cells", "borders", "marked", "areas", "names",
    ]  # fmt: skip


def test_a_cell_without_a_count_is_not_sent(cells: pd.DataFrame) -> None:
    hidden = cells.loc[cells["count"].isna(), "cell"].iloc[0]
    assert hidden not in deck(cells, SCENE).to_json()
    assert len(json.loads(deck(cells, SCENE).to_json())["layers"][2]["data"]) == len(cells) - 1


def test_the_legend_says_every_class() -> None:
    html = legend((5, 10, 20), what="incidents", marked="hot <spot>")
    for words in ("Incidents:", "5–9", "10–19", "20 or more", "hot &lt;spot&gt;"):
        assert words in html


@pytest.mark.parametrize("width", [320, 760])
def test_the_static_map_has_shapes_names_and_key(cells: pd.DataFrame, width: int) -> None:
    svg = chart_svg(static_map(cells, SCENE, lower=(3, 10, 20, 30)), width)
    assert svg.count("<path") > len(cells) - 1
    assert "St. Louis City" in svg
    assert "3–9" in svg
    assert "NaN" not in svg


def test_an_empty_map_still_shows_the_places() -> None:
    svg = chart_svg(static_map(pd.DataFrame({"cell": [], "count": []}), SCENE), 480)
    assert "St. Louis City" in svg


KINDS = {"a": Kind("Rose", "#D9541E", "#F46A25"), "b": Kind("Fell", "#12436D", "#56B4E9")}


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_named_kinds_have_their_colours_words_and_key(cells: pd.DataFrame, look: Look) -> None:
    names = [("a", "b", "c")[i % 3] for i in range(len(cells))]
    named = cells.drop(columns="count").assign(kind=names)
    told = json.loads(deck(named, SCENE, look=look, kinds=KINDS).to_json())
    rows = next(layer for layer in told["layers"] if layer["id"] == "cells")["data"]
    assert len(rows) == named["kind"].isin(list(KINDS)).sum()
    assert {tuple(r["fill"][:3]) for r in rows} == {tuple(rgb(k.colour(look))[:3]) for k in KINDS.values()}
    assert {r["tip"].split("\n")[-1] for r in rows} == {"Rose", "Fell"}
    assert all("count" not in r for r in rows)
    assert "Rose" in kinds_legend(KINDS, look)
    svg = chart_svg(static_map(named, SCENE, look=look, kinds=KINDS), 480)
    assert "Rose" in svg
    assert "Fell" in svg


def test_areas_are_drawn_by_their_own_outlines() -> None:
    areas = pd.DataFrame(
        {
            "cell": ["x", "y"],
            "count": [4.0, 9.0],
            "geometry": [box(-90.25, 38.6, -90.22, 38.63), box(-90.22, 38.6, -90.2, 38.63)],
            "marked": [False, True],
        }
    )
    told = json.loads(deck(areas, SCENE).to_json())
    layer = next(layer for layer in told["layers"] if layer["id"] == "cells")
    assert layer["@@type"] == "GeoJsonLayer"
    assert [f["cell"] for f in layer["data"]["features"]] == ["x", "y"]
    assert chart_svg(static_map(areas, SCENE), 480).count("<path") > 3


@pytest.mark.parametrize("place", ["stl_city", "region"])
def test_the_whole_place_fits_a_phone(cells: pd.DataFrame, place: str) -> None:
    """At its first zoom the place is no wider than the narrowest phone's map, and no higher than the map."""
    scene = Scene(OUTLINES, place=place)
    view = json.loads(deck(cells, scene).to_json())["initialViewState"]
    west, south, east, north = scene.bounds()
    pixels = 512 * 2 ** view["zoom"] / 360
    assert (east - west) * pixels <= NARROW + 1
    middle = np.cos(np.radians((south + north) / 2))
    assert (north - south) / middle * pixels <= HEIGHT * 1.01
    assert west < view["longitude"] < east


def test_groups_that_touch_are_one_outline() -> None:
    ring = [hexagon(c) for c in h3.grid_disk(h3.latlng_to_cell(38.63, -90.2, 9), 1)]
    far = hexagon(h3.latlng_to_cell(38.70, -90.2, 9))
    assert len(groups([*ring, far])) == 2
    assert groups([]) == []


def test_a_map_is_written_once() -> None:
    made = deck(pd.DataFrame({"cell": [], "count": []}), SCENE)
    assert made.to_json() is made.to_json()
