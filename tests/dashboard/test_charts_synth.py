"""Charts of the synthetic-control page: what they draw, and what they say when there is nothing to draw."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, shape

from dashboard.charts import donor_map as maps
from dashboard.charts import robustness, states
from dashboard.charts.event_time import event_time
from dashboard.theme import LOOKS


def text(chart: Any) -> str:
    return json.dumps(chart.to_dict(), ensure_ascii=False)


def donors() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["Own, CA", "A, TX", "B, TX", "Nowhere"],
            "state": ["CA", "TX", "TX", None],
            "weight": [0.2, 0.8, 0.0, 0.0],
            "longitude": [-118.2, -99.3, -99.3, np.nan],
            "latitude": [34.0, 31.5, 31.5, np.nan],
            "placed": ["own", "state", "state", ""],
        }
    )


def test_places_without_coordinates_lie_apart_inside_their_state() -> None:
    found = maps.located(donors()).set_index("name")
    assert list(found.index) == ["A, TX", "Own, CA", "B, TX"]
    assert tuple(found.loc["Own, CA", ["longitude", "latitude"]]) == (-118.2, 34.0)
    spots = [Point(found.loc[n, "longitude"], found.loc[n, "latitude"]) for n in ("A, TX", "B, TX")]
    assert all(states.outlines()["TX"].contains(p) for p in spots)
    assert spots[0].distance(spots[1]) > 0.3


@pytest.mark.parametrize("state", ["AK", "CA", "CT", "DC", "HI", "MI", "RI", "TX"])
@pytest.mark.parametrize("number", [1, 7, 40])
def test_every_state_has_room_for_many_places(state: str, number: int) -> None:
    spots = states.spread(state, number)
    assert len(spots) == number
    assert all(states.outlines()[state].buffer(1e-6).contains(Point(s)) for s in spots)


def test_an_unknown_state_has_no_room() -> None:
    assert states.spread("XX", 3) == []


@pytest.mark.skipif(importlib.util.find_spec("_plotly_geo") is None, reason="needs plotly-geo (dev)")
def test_the_shipped_outlines_are_those_of_the_census() -> None:
    assert json.loads(json.dumps(states.derive())) == json.loads(states.FILE.read_text(encoding="utf-8"))
    assert len(states.outlines()) == 51
    assert all(shape(f["geometry"]).is_valid for f in states.features())


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_map_names_the_heaviest_places_and_the_place_itself(look: Any) -> None:
    drawn = text(maps.donor_map(maps.located(donors()), here=("St. Louis City", -90.2, 38.6), look=look))
    assert "St. Louis City" in drawn
    assert look.main in drawn
    assert "albersUsa" in drawn
    assert "No comparison place" in text(maps.donor_map(donors().iloc[:0], look=look))


def test_equal_weights_name_nobody() -> None:
    even = maps.located(donors().assign(weight=0.25))
    marks = [la["mark"]["type"] for la in maps.donor_map(even).to_dict()["layer"]]
    assert "text" not in marks


def test_refits_mark_the_whole_and_clip_what_chance_allows() -> None:
    rows = pd.DataFrame(
        {
            "name": ["Without A", "Without B"],
            "percent": [-12.0, 3.0],
            "lower": [-900.0, -5.0],
            "upper": [900.0, 5.0],
        }
    )
    chart = robustness.refits(rows, whole=-8.0, whole_label="With all").to_dict()
    drawn = json.dumps(chart, ensure_ascii=False)
    assert "With all" in drawn
    assert "−12\u00a0%; chance allows −900\u00a0% to +900\u00a0%" in drawn
    domain = chart["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert domain[0] >= -120
    assert domain[1] <= 170
    assert "Nothing could be left out" in text(robustness.refits(rows.iloc[:0]))


def test_power_and_months_show_the_goal() -> None:
    power = pd.DataFrame({"percent": [-10.0, -20.0, -40.0], "power": [0.1, 0.4, 0.9]})
    drawn = text(robustness.power_curve(power, goal=20))
    assert "Goal: 20\u00a0%" in drawn
    assert "A fall of 20\u00a0%: found 40\u00a0% of the time" in drawn
    assert "Without a range" in text(robustness.power_curve(power.assign(power=np.nan)))
    months = pd.DataFrame({"months": [1, 2, 3], "minimum_detectable_percent": [np.nan, -60.0, -30.0]})
    drawn = text(robustness.months_to_see(months, goal=20, now=2))
    assert "After 2 months: 60\u00a0%" in drawn
    assert "Now" in drawn
    nothing = months.assign(minimum_detectable_percent=np.nan)
    assert "however long" in text(robustness.months_to_see(nothing))


@pytest.mark.parametrize("look", LOOKS.values())
def test_places_lined_up_at_their_starts(look: Any) -> None:
    time = np.arange(-24, 12)
    table = pd.DataFrame(
        {"time": time, "gap": np.sin(time), "gap_weighted": np.cos(time), "units": 2,
         "lower": np.where(time < 0, np.nan, -1.0), "upper": np.where(time < 0, np.nan, 1.0)}
    )  # fmt: skip
    drawn = text(event_time(table, look=look))
    assert "Every place counts the same" in drawn
    assert "Every resident counts the same" in drawn
    assert "Every resident" not in text(event_time(table, weighted=False, look=look))
    assert "Nothing to draw" in text(event_time(table.iloc[:0], look=look))
