"""What the hot-spot and data pages may show, and what they say."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import h3
import pandas as pd
import pytest

from analysis.data import Hub, open_hub
from analysis.data.privacy import AUDIENCES
from dashboard.theme import LIGHT
from dashboard.views import data_quality
from dashboard.views import hotspot_cells as hc
from dashboard.views import hotspot_figures as draw
from dashboard.views import hotspots as view

TODAY = pd.Timestamp("2026-11-20")
PUBLIC = AUDIENCES["public"]


@pytest.fixture(scope="module")
def sample(root: Path) -> Hub:
    return open_hub(root / "data_samples", create=False)


@pytest.fixture(scope="module")
def found(sample: Hub) -> hc.Located:
    answer = hc.located(sample, PUBLIC, None, TODAY)
    assert isinstance(answer, hc.Located)
    return answer


@pytest.fixture(scope="module")
def city(sample: Hub, found: hc.Located) -> view.Spots:
    answer = view.build(sample, PUBLIC, found, "stl_city", "gun_violence", 12, 8)
    assert isinstance(answer, view.Spots)
    return answer


def test_the_public_map_holds_no_small_count_and_no_fine_cell(city: view.Spots) -> None:
    figure = draw.map_figure(city)
    assert figure.map is not None
    layers = json.loads(figure.map(LIGHT).to_json())["layers"]
    cells = next(layer for layer in layers if layer["id"] == "cells")["data"]
    assert cells
    assert all(row["count"] >= PUBLIC.k and h3.get_resolution(row["cell"]) == 8 for row in cells)
    assert (figure.table["count"] >= PUBLIC.k).all()
    assert "longitude" not in json.dumps(cells)


def test_maps_on_offer_do_not_give_small_counts_away_by_subtraction(found: hc.Located) -> None:
    cells = hc.cells_of_place(found, "stl_city", 8)
    offered = hc.windows(found, PUBLIC, "gun_violence")
    shown = {
        (m, n): hc.protected(found, PUBLIC, m, n, cells, 8)["count"]
        for m in ("violent_street_crime", "gun_violence") for n in offered
    }  # fmt: skip
    for n in offered:
        gap = shown["violent_street_crime", n] - shown["gun_violence", n]
        assert not gap.between(1, PUBLIC.k - 1).any()
    for m in ("violent_street_crime", "gun_violence"):
        for short, long in itertools.pairwise(offered):
            assert not (shown[m, long] - shown[m, short]).between(1, PUBLIC.k - 1).any()


def test_the_public_never_sees_less_than_a_year_nor_homicide_of_less_than_three(found: hc.Located) -> None:
    assert min(hc.windows(found, PUBLIC, "gun_violence")) == 12
    assert min(hc.windows(found, PUBLIC, "homicide")) == 36
    assert not found.incidents["domestic"].fillna(False).any()


def test_hours_come_in_bands_for_the_public(city: view.Spots) -> None:
    assert set(city.week["hour"]) == {0, 6, 12, 18}
    assert not city.week["count"].between(1, PUBLIC.k - 1).any()


def test_the_headline_is_computed(city: view.Spots) -> None:
    said = view.headline(city)
    assert "of gun violence" in said
    assert "worst" not in said
    assert f"{100 * view.top_share(city):.0f}" in said


def test_touching_cells_are_one_place() -> None:
    ring = h3.grid_disk("8826411b0bfffff", 1)
    far = min(h3.grid_ring("8826411b0bfffff", 6))
    assert [len(g) for g in hc.clusters([*ring, far])] == [7, 1]


def test_areas_are_compared_over_the_same_months_of_the_year(city: view.Spots) -> None:
    tested = [c for c in city.changes if c.local is not None]
    assert tested
    for change in tested:
        assert change.before.split()[0] == change.after.split()[0]
        assert "no effect" not in change.sentence


def test_a_gap_in_reporting_is_missing_and_not_zero(sample: Hub) -> None:
    q = data_quality.build(sample)
    assert {"reported", "missing"} <= set(q.months["status"])
    assert len(q.agencies) == 12
    assert q.versions == 3
    assert not q.revisions.empty


def test_the_public_download_has_no_small_counts(sample: Hub) -> None:
    table = data_quality.monthly_table(sample, "public")
    assert not table["count"].between(1, PUBLIC.k - 1).any()
    assert "region" not in set(table["place"])
    assert (table["data_status"] == "Synthetic sample data").all()
    everything = data_quality.monthly_table(sample, "researcher")
    assert everything["count"].between(1, PUBLIC.k - 1).any()


@pytest.mark.parametrize(
    ("complete", "said"),
    [
        ({}, "No place has complete data yet."),
        ({"stl_city": "2026-06"}, "Data are complete through June 2026 for one of three places."),
        (
            {"stl_city": "2026-09", "stl_county": "2026-06"},
            "Data are complete through June 2026 for two of three places.",
        ),
    ],
)  # fmt: skip
def test_headline_of_the_data_page(complete: dict[str, str], said: str) -> None:
    assert data_quality.headline({k: pd.Period(v, "M") for k, v in complete.items()}) == said
