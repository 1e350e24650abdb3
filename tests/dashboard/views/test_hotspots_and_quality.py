"""What the hot-spot and data pages may show, and what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h3
import pandas as pd
import pytest
from shapely.geometry import box, mapping

from analysis.data import Hub, open_hub
from analysis.data.places import neighbours
from analysis.data.privacy import AUDIENCES
from analysis.data.release import codec
from analysis.hotspots import emerging
from dashboard import words as w
from dashboard.theme import DARK, LIGHT, Look
from dashboard.views import data_quality
from dashboard.views.hotspots import answers
from dashboard.views.hotspots import area_figures as tactic
from dashboard.views.hotspots import cells as hc
from dashboard.views.hotspots import controls as choose
from dashboard.views.hotspots import expert as special
from dashboard.views.hotspots import figures as draw
from dashboard.views.hotspots import more_figures as more
from dashboard.views.hotspots import own_areas as own
from dashboard.views.hotspots import page as view
from dashboard.views.hotspots.areas import area_changes

#: A box over the middle of the city.
CITY_HALF = box(-90.27, 38.60, -90.20, 38.65)
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


@pytest.fixture(scope="module")
def expert(sample: Hub) -> view.Spots:
    rules = AUDIENCES["researcher"]
    located = hc.located(sample, rules, None, TODAY)
    assert isinstance(located, hc.Located)
    answer = view.build(sample, rules, located, "stl_city", "violent_street_crime", 12, 8)
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
    assert hc.windows(found, PUBLIC, hc.WHOLE) == [12]
    assert found.end.month == 12
    shown = {
        (m, end): hc.protected(found, PUBLIC, m, 12, cells, 8, end)["count"]
        for m in (hc.WHOLE, hc.PART) for _, end in hc.years(found)
    }  # fmt: skip
    assert len(shown) == 2 * hc.MOST_YEARS
    for _, end in hc.years(found):
        gap = shown[hc.WHOLE, end] - shown[hc.PART, end]
        assert not gap.between(1, PUBLIC.k - 1).any()
        for m in (hc.WHOLE, hc.PART):
            assert not shown[m, end].between(1, PUBLIC.k - 1).any()
    with pytest.raises(ValueError, match="no map"):
        hc.protected(found, PUBLIC, "robbery", 12, cells, 8)


def test_homicide_is_on_no_map_but_the_researchers(found: hc.Located) -> None:
    assert hc.measures(PUBLIC) == hc.measures(AUDIENCES["council"]) == (hc.WHOLE, hc.PART)
    assert "homicide" in hc.measures(AUDIENCES["researcher"])
    assert hc.windows(found, PUBLIC, "homicide") == []
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


def test_areas_are_compared_over_the_same_months_of_the_year(sample: Hub) -> None:
    rules = AUDIENCES["council"]
    located = hc.located(sample, rules, None, TODAY)
    assert isinstance(located, hc.Located)
    tested = [c for c in area_changes(sample, located, rules, hc.WHOLE, "stl_city") if c.local is not None]
    assert tested
    for change in tested:
        assert change.before.split()[0] == change.after.split()[0]
        assert "no effect" not in change.sentence
        assert change.relative is not None
        assert change.relative.lower <= change.relative.estimate <= change.relative.upper
        assert change.cumulative.empty  # months of an area are for researchers alone


def test_researchers_see_the_difference_month_by_month(expert: view.Spots) -> None:
    (figure,) = tactic.cumulative_figures(expert)
    change = next(c for c in expert.changes if c.local is not None)
    assert figure.table["estimate"].iloc[-1] == pytest.approx(change.local.estimate)
    assert figure.table["period"].iloc[-1] == pd.Period("2026-08", "M")
    assert figure.specs(LIGHT)


class NoComparison:
    """The sample without comparison areas and with a small focus area, which leaves neighborhoods apart."""

    def __init__(self, hub: Hub, kinds: tuple[str, ...]) -> None:
        self.hub, self.kinds = hub, kinds

    def deployments(self) -> pd.DataFrame:
        return self.hub.deployments()

    def areas(self) -> pd.DataFrame:
        areas = self.hub.areas()
        focus = areas["area_id"] == "focus_a"
        smaller = areas["geometry"].where(~focus, areas["geometry"].map(lambda g: g.centroid.buffer(0.012)))
        return areas.assign(geometry=smaller)[areas["kind"].isin(self.kinds)]


@pytest.mark.parametrize("kinds", [("focus", "neighborhood"), ("focus",)])
def test_an_area_without_comparison_gets_the_most_alike(sample: Hub, kinds: tuple[str, ...]) -> None:
    rules = AUDIENCES["researcher"]
    located = hc.located(sample, rules, None, TODAY)
    assert isinstance(located, hc.Located)
    bare = NoComparison(sample, kinds)
    (change,) = area_changes(bare, located, rules, hc.WHOLE, "stl_city")  # type: ignore[arg-type]
    if "neighborhood" in kinds:
        assert change.local is not None
        assert "most alike" in change.sentence
        names = change.counts.loc[change.counts["role"] == "Comparison area", "area"].iloc[0]
        assert "District" in names
    else:
        assert change.local is None
        assert "no comparison area" in change.why


# ---------------------------------------------------------------- beyond the counts


def test_nothing_is_told_of_a_hexagon_whose_count_is_hidden(city: view.Spots) -> None:
    hidden = city.told[city.told["hidden"]]
    assert len(hidden) > 5
    assert hidden["rate"].isna().all()
    assert (hidden["plain"] == "").all()
    assert (city.told["pattern"] == city.told["plain"]).all()  # five words, not eight
    assert hidden[["before", "after"]].isna().all().all()
    for _, cells in city.extra.years:
        assert not cells["count"].between(1, PUBLIC.k - 1).any()
    shown = {f["id"] for f in json.loads(draw.geojson(city))["features"]}
    assert not shown & set(hidden["cell"])
    assert city.extra.near.empty


def test_shares_and_patterns_are_worked_out_from_what_may_be_shown(
    city: view.Spots, found: hc.Located
) -> None:
    cells, measure = list(city.extra.years[0][1]["cell"]), "gun_violence"

    def mean_for_hidden(months: int, end: pd.Period) -> pd.Series:
        shown = hc.protected(found, PUBLIC, measure, months, cells, 8, end)["count"]
        total = hc.count(found, measure, months, cells, 8, end).sum()
        return shown.fillna((total - shown.sum()) / max(shown.isna().sum(), 1)).set_axis(cells)

    ends = [end for _, end in hc.years(found)]
    mine = pd.DataFrame({f"Year to {w.month(e)}": mean_for_hidden(12, e) for e in ends})
    again = answers.foretold(mine.rename_axis("cell"), (5, 10))
    assert not isinstance(again, str)
    pd.testing.assert_frame_equal(again[0], city.extra.foresight)
    pd.testing.assert_frame_equal(again[1], city.extra.overlap)
    quarters = [q.end_time.to_period("M") for q in answers.quarters(found, PUBLIC)]
    assert len(quarters) >= 8
    cube = pd.DataFrame({e: mean_for_hidden(3, e) for e in quarters})
    told = emerging(cube, neighbours(cells))["plain"].where(~city.told.set_index("cell")["hidden"], "")
    kept = city.told.set_index("cell")["plain"].reindex(cells)
    assert (told.reindex(cells) == kept).all()
    assert kept.str.endswith("hot spot").any()


def test_what_a_release_keeps_reads_back_the_same(city: view.Spots) -> None:
    back = codec.loads(codec.dumps(city))
    pd.testing.assert_frame_equal(back.told, city.told)
    assert back.extra.quarters == city.extra.quarters
    assert view.headline(back) == view.headline(city)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_every_figure_draws_and_says_its_numbers(expert: view.Spots, look: Look) -> None:
    classes, kinds = draw.class_figure(expert)
    moran, _ = draw.class_figure(expert, moran=True)
    pattern, change = more.pattern_figure(expert), more.year_change_figure(expert)
    assert pattern is not None
    assert change is not None
    figures = [
        *(draw.map_figure(expert, None, c) for c in choose.colours(expert)), draw.years_figure(expert),
        classes,
        moran, draw.chance_figure(expert), draw.curve_figure(expert), pattern[0], change[0],
        more.near_figure(expert), more.foresight_figure(expert), more.week_figure(expert),
    ]  # fmt: skip
    maps_drawn = 0
    for figure in figures:
        assert figure is not None
        assert figure.specs(look)
        assert len(figure.shown_table()) > 0
        assert "—" not in f"{figure.title}{figure.sentence}{figure.note}{figure.alt}"
        if figure.map is not None:
            assert figure.map(look) is figure.map(look)  # made once
            assert "http" not in figure.map(look).to_json()
            maps_drawn += 1
    assert maps_drawn >= 6
    assert int(classes.table["hexagons"].sum()) == len(expert.told)
    assert set(classes.table["kind"]) == {k.words for k in kinds.values()}


def test_small_maps_by_year_share_their_steps(expert: view.Spots) -> None:
    figure = draw.years_figure(expert)
    assert figure is not None
    panels = figure.panels(LIGHT)
    assert 2 <= len(panels) <= hc.MOST_YEARS
    assert [heading for heading, _ in panels] == [said for said, _ in expert.extra.years]


def test_researchers_see_change_in_four_ways_and_weighted_by_harm(
    sample: Hub, expert: view.Spots, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = hc.located(sample, AUDIENCES["researcher"], None, TODAY)
    assert isinstance(located, hc.Located)
    monkeypatch.setattr(special, "SHUFFLES", 19)
    made = {way: special.change_map(expert, located, way) for way in special.CHANGES}
    for way, answer in made.items():
        assert not isinstance(answer, str), way
        figure, kinds = answer
        assert (figure.map is None) is (way == "year")  # nothing rose or fell: no map
        assert figure.map is None or "http" not in figure.map(DARK).to_json()
        assert figure.specs(LIGHT)
        assert len(kinds) >= 1
    by_quarter, at_once, _, scan = (answer[0] for answer in made.values() if not isinstance(answer, str))
    assert not by_quarter.table.equals(at_once.table)
    assert (scan.table["observed"] > scan.table["expected"]).all()
    assert scan.table["p_value"].between(0.05, 1).all() or "Something began" in scan.title
    assert special.has_harm(expert)
    even, heavy = (
        special.harm_figure(expert, {"homicide": h, "robbery": 1.0, "aggravated_assault": 1.0})
        for h in (1.0, 15.0)
    )
    assert even is not None
    assert heavy is not None
    assert even.specs(LIGHT)
    plain = [x.local.estimate for x in expert.changes if x.local is not None]
    found = even.table.loc[even.table["role"] == "Focus area", "estimate"]
    assert found.to_numpy() == pytest.approx(plain)  # the same weight for all is the plain difference
    wide = heavy.table["upper"] - heavy.table["lower"]
    assert (wide > even.table["upper"] - even.table["lower"]).any()


def test_neighborhoods_are_counted_mapped_and_tested(sample: Hub, expert: view.Spots) -> None:
    located = hc.located(sample, AUDIENCES["researcher"], None, TODAY)
    assert isinstance(located, hc.Located)
    areas = own.neighborhoods(sample, "stl_city")
    figure = own.figure(expert, located, areas, "neighborhoods")
    assert not isinstance(figure, str)
    assert figure.map is not None
    layers = json.loads(figure.map(LIGHT).to_json())["layers"]
    cells = next(layer for layer in layers if layer["id"] == "cells")
    assert cells["@@type"] == "GeoJsonLayer"
    assert len(cells["data"]["features"]) == (figure.table["incidents"] > 0).sum()
    assert 0.9 * expert.total < figure.table["incidents"].sum() <= 1.02 * expert.total
    assert figure.specs(LIGHT)
    assert "has no areas" in str(own.figure(expert, located, areas.iloc[:0], "areas"))
    assert "cannot be read" in str(own.of_file(expert, located, "mine.geojson", b"{"))
    outline = {"type": "Feature", "properties": {"name": "Middle"}, "geometry": mapping(CITY_HALF)}
    content = json.dumps({"type": "FeatureCollection", "features": [outline]}).encode()
    mine = own.of_file(expert, located, "mine.geojson", content)
    assert not isinstance(mine, str)
    assert 0 < mine.table["incidents"].iloc[0] < expert.total
    assert mine.table["standing"].iloc[0] == "too few areas to test"
    assert own.of_file(expert, located, "mine.geojson", content) is mine
    one = mapping(CITY_HALF)
    many = [
        {"type": "Feature", "properties": {"name": f"A{i}"}, "geometry": one}
        for i in range(own.MOST_AREAS + 1)
    ]
    file = json.dumps({"type": "FeatureCollection", "features": many}).encode()
    refused = own.read("mine.geojson", file)
    assert "1,001 areas; 1,000 are the most" in str(refused)


def test_uncertain_hours_are_shared_out_and_a_part_never_exceeds_the_whole(found: hc.Located) -> None:
    rules = AUDIENCES["researcher"]
    whole, part = (hc.week(found, rules, m, 12, "stl_city")[0]["count"] for m in (hc.WHOLE, hc.PART))
    assert len(whole) == 168
    assert (part <= whole).all()
    assert whole.sum() == pytest.approx(hc.unplaced(found, hc.WHOLE, 12, "stl_city")[1], rel=0.02)


def test_too_few_quarters_and_years_are_said(sample: Hub, found: hc.Located) -> None:
    short = replace(found, first=found.last - 7)
    cells = hc.cells_of_place(found, "stl_city", 8)
    assert "a pattern over time needs" in str(answers.patterns(short, PUBLIC, hc.WHOLE, cells, 8))
    assert "Two whole years" in str(answers.changes(short, PUBLIC, hc.WHOLE, cells, 8))
    assert "Two whole years" in str(answers.foretold(answers.blocks(short, PUBLIC, hc.WHOLE, cells, 8)))


# ---------------------------------------------------------------- the data page


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
