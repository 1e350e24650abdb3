"""Hot spots: where, is it real, is it changing, how stable, and did the area of a tactic change."""

from typing import Any

import streamlit as st

from analysis.data.vocabulary import MEASURES
from dashboard import components as c
from dashboard import data, maps, state
from dashboard.views.hotspots import area_figures as tactic
from dashboard.views.hotspots import cells, expert
from dashboard.views.hotspots import controls as choose
from dashboard.views.hotspots import figures as draw
from dashboard.views.hotspots import more_figures as more
from dashboard.views.hotspots import own_areas as own
from dashboard.views.hotspots import page as view

c.page_title("Hot spots")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
rules = view.rules()


def where(s: view.Spots) -> None:
    """The map and beside it its ranked table; a choice in either shows in both."""
    c.section("Where?", view.scope(s))
    chosen = choose.selection(s)
    colour = choose.switch("Color by", choose.colours(s), "spots_colour")
    figure = draw.map_figure(s, chosen.cell, colour)
    left, right = st.columns(choose.SPLIT)
    with left:
        c.show(figure, select=True, legend=draw.legend(s, c.look(), colour), height=choose.HEIGHT)
        st.download_button(
            "Map (GeoJSON)", data=lambda: draw.geojson(s), file_name=f"{figure.file_name}.geojson",
            mime="application/geo+json", on_click="ignore", key="geojson_spots",
        )  # fmt: skip
    with right:
        st.markdown(choose.chosen_sentence(s, chosen.cell))
        st.dataframe(
            view.ranked(s, chosen.also), hide_index=True, height=choose.HEIGHT,
            alt="Hexagons with most incidents, ranked", on_select="rerun", selection_mode="single-row",
            key=chosen.table_key, selection_default=chosen.default, column_config=choose.COLUMNS,
        )  # fmt: skip
        choose.find_box(s, chosen.cell)
    years = draw.years_figure(s)
    if years is not None:
        c.show(years)


def real(s: view.Spots) -> None:
    """What stands out more than chance would make it."""
    c.section("Is it real?")
    way = choose.switch(
        "Compare",
        {"gi": "Concentrations", "moran": "Alike or unlike neighbors"},
        "spots_test",
    )
    figure, kinds = draw.class_figure(s, moran=way == "moran")
    c.show(figure, legend=maps.kinds_legend(kinds, c.look()), height=choose.HEIGHT)
    c.show(draw.chance_figure(s))


def changing(s: view.Spots, located: cells.Located) -> None:
    """Patterns over the quarters, the latest year against the one before, near repeats, the scan."""
    c.section("Is it changing?")
    if rules.points:
        # One map at a time: eight are the most that a page may hold.
        way = choose.switch("Look at", expert.CHANGES, "spots_change")
        mapped(expert.change_map(s, located, way))
        near = more.near_figure(s)
        if near is None:
            st.markdown(s.extra.near_why)
        else:
            c.show(near)
    else:
        mapped(more.pattern_figure(s) or s.extra.patterns_why)
        mapped(more.year_change_figure(s) or s.extra.changes_why)


def mapped(found: Any) -> None:
    """A map with the key of its kinds, or the sentence that stands in its place."""
    if isinstance(found, str):
        st.markdown(found)
    else:
        c.show(found[0], legend=maps.kinds_legend(found[1], c.look()), height=choose.HEIGHT)


def stable(s: view.Spots) -> None:
    """Concentration, and whether last year's places are this year's."""
    c.section("How stable, how predictive?")
    c.show(draw.curve_figure(s))
    figure = more.foresight_figure(s)
    if figure is None:
        st.markdown(s.extra.foresight_why)
    else:
        c.show(figure)


def moved(s: view.Spots) -> None:
    """Focus areas against their comparison areas."""
    c.section("Did the tactic’s area change?", view.CAUTION)
    areas = tactic.change_figure(s)
    if areas is not None:
        c.show(areas)
        for figure in tactic.cumulative_figures(s):
            c.show(figure)
        if rules.points and expert.has_harm(s):
            harm = expert.harm_figure(s, expert.weights())
            if harm is not None:
                c.show(harm)
    elif not s.changes:
        st.markdown(view.NO_AREAS)
    if left_out := tactic.untested(s):
        st.markdown("\n".join(f"- {line}" for line in left_out))


def hours(s: view.Spots) -> None:
    """Day and time."""
    c.section("When does it happen?")
    week = more.week_figure(s)
    if week is None:
        st.markdown("The counts are too small to be shown by day and time.")
    else:
        c.show(week)


def in_areas(s: view.Spots, located: cells.Located) -> None:
    """Neighborhoods, or outlines of the reader's own."""
    c.section("In which areas?")
    upload = st.file_uploader(
        "Outlines of your own (GeoJSON, polygons with a name)", type=["geojson", "json"]
    )
    if upload is None:
        figure = own.of_neighborhoods(s, located, data.hub())
    else:
        figure = own.of_file(s, located, upload.name, upload.getvalue())
    if isinstance(figure, str):
        st.markdown(figure)
    else:
        c.show(figure, legend=own.legend(figure, s, c.look()), height=choose.HEIGHT)


def answered(s: view.Spots, located: cells.Located) -> None:
    """Everything about one place, measure and window."""
    c.headline(view.headline(s))
    c.numbers(view.numbers(s))
    where(s)
    if rules.points:
        in_areas(s, located)
    real(s)
    changing(s, located)
    for part in (stable, moved, hours):
        part(s)
    c.method_note("\n".join(f"- {line}" for line in (*view.METHOD, *s.notes)))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    chosen = state.filters(
        facts.places, cells.measures(rules), view.months_to_choose(rules), measure="gun_violence"
    )
    found = view.available(chosen.place, chosen.through)
    if isinstance(found, str):
        c.headline(f"There is no map of {chosen.measure_name.lower()} in {view.place_words(chosen.place)}.")
        st.markdown(found)
        st.markdown(view.WHAT_COUNTS_CAN_SAY)
    elif not (offered := cells.windows(found, rules, chosen.measure)):
        c.headline(f"{MEASURES[chosen.measure]} is not on the map for so short a time.")
        st.markdown(view.too_short(found, rules, chosen.measure))
    else:
        months_shown, resolution = choose.controls(offered, rules, chosen.place)
        result = view.spots(found, chosen.place, chosen.measure, months_shown, resolution)
        if isinstance(result, str):
            c.headline("There is too little to compare places.")
            st.markdown(result)
        else:
            answered(result, found)
c.footer(
    source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version
)  # fmt: skip
