"""Hot spots: where, is it real, when, and did the area of a tactic change."""

import streamlit as st

from analysis.data.vocabulary import MEASURES
from dashboard import components as c
from dashboard import data, state
from dashboard.views import hotspot_cells as cells
from dashboard.views import hotspot_figures as draw
from dashboard.views import hotspots as view

c.page_title("Hot spots")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
rules = view.rules()


def map_and_table(s: view.Spots) -> None:
    """The map and, under it, its ranked table; a choice in either shows in both."""
    chosen = view.selection(s)
    c.show(draw.map_figure(s, chosen.cell), select=True, legend=draw.legend(s, c.look()))
    st.markdown(view.chosen_sentence(s, chosen.cell))
    st.dataframe(
        view.ranked(s), hide_index=True, alt="Hexagons with most incidents, ranked", height=320,
        on_select="rerun", selection_mode="single-row", key=chosen.table_key,
        selection_default=chosen.default,
    )  # fmt: skip


def answered(s: view.Spots) -> None:
    """Everything about one place, measure and window."""
    c.headline(view.headline(s))
    st.markdown(view.scope(s))
    c.numbers(view.numbers(s))
    map_and_table(s)
    c.section("Is it real?")
    c.show(draw.chance_figure(s))
    c.section("How concentrated is it?")
    c.show(draw.curve_figure(s))
    c.section("When does it happen?")
    week = draw.week_figure(s)
    if week is None:
        st.markdown("The counts are too small to be shown by day and time.")
    else:
        c.show(week)
    c.section("Did the tactic’s area change?", view.CAUTION)
    areas = draw.change_figure(s)
    if areas is not None:
        c.show(areas)
    elif not s.changes:
        st.markdown(view.NO_AREAS)
    if left_out := draw.untested(s):
        st.markdown("\n".join(f"- {line}" for line in left_out))
    c.method_note("\n".join(f"- {line}" for line in (*view.METHOD, *s.notes)))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    months = (
        () if rules.shortest_window >= 12 else data.months_to_choose(facts.places[0], "violent_street_crime")
    )
    chosen = state.filters(facts.places, cells.measures(rules), months, measure="gun_violence")
    found = view.available(chosen.place, chosen.through)
    if isinstance(found, str):
        c.headline(f"There is no map of {chosen.measure_name.lower()} in {view.place_words(chosen.place)}.")
        st.markdown(found)
        st.markdown(view.WHAT_COUNTS_CAN_SAY)
    elif not (offered := cells.windows(found, rules, chosen.measure)):
        c.headline(f"{MEASURES[chosen.measure]} is not on the map for so short a time.")
        st.markdown(view.too_short(found, chosen.measure))
    else:
        months_shown, resolution = view.controls(offered, chosen.place)
        result = view.spots(found, chosen.place, chosen.measure, months_shown, resolution)
        if isinstance(result, str):
            c.headline("There is too little to compare places.")
            st.markdown(result)
        else:
            answered(result)
c.footer(
    source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version
)  # fmt: skip
