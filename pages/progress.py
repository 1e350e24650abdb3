"""Are we getting there? All events against the goal, for everybody."""

from __future__ import annotations

import streamlit as st

from analysis.data.vocabulary import MEASURES, PLACES
from dashboard import components as c
from dashboard import data, state
from dashboard import words as w
from dashboard.audience import rights
from dashboard.views.progress import page as view
from dashboard.views.progress import words as said
from dashboard.views.progress.pictures import pictures
from dashboard.views.tactics import page as tactics_page

c.page_title("Progress")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
if facts.empty:
    c.no_data_yet()
    st.stop()

offered = [m for m in MEASURES if any(m in have for have in facts.measures.values())]
asked = st.query_params.get("place", "")
if asked in PLACES and asked not in facts.places:
    # A link to a place without figures must not quietly show another one.
    st.info(f"There are no complete figures on {PLACES[asked]} yet. The region is shown instead.")
place = state.chosen("place", facts.places, "region")
measure = state.chosen("measure", offered, "violent_street_crime")
shown = state.filters(facts.places, offered, data.months_to_choose(place, measure))
choices, own = view.readings()
with st.container(key="reading"):
    key = state.pick(
        "goal", "How the goal is read", {g.key: w.sentence_case(g.label) for g in choices}, choices[0].key
    )
choice = next(g for g in choices if g.key == key)
one = view.standing(shown.place, shown.measure, choice, shown.through)
standard = view.standing(shown.place, shown.measure, choices[0], shown.through)
drawn = pictures(shown.place, shown.measure, choice, shown.through, rights().floor)

c.headline(said.headline(one))
if one.found is None:
    c.empty_state(
        one.why, "Choose another place, measure or reading, or import the missing files with `sln import`."
    )
else:
    st.markdown(f"{said.windows(one)} {said.coverage(one)}".strip())
    c.numbers(said.numbers(one))
    assert drawn.path is not None
    c.show(drawn.path)

c.section("Place by place", "The three jurisdictions, each against its own baseline.")
c.show(drawn.places)
if drawn.adds_up:
    st.caption(drawn.adds_up)

c.section(
    "Measure by measure",
    f"Every measure that the agencies of {w.place_in_sentence(shown.place_name)} tell apart.",
)
for figure in (drawn.measures, drawn.year):
    if figure is not None:
        c.show(figure)

tactics_page.since_start(shown.measure)

c.section(
    "For people who watch the counts",
    "Which months, years and areas are out of the ordinary? Each alarm has a stated chance of being false.",
)
for unusual in drawn.watch:
    if not isinstance(unusual, str):
        c.show(unusual)
    elif unusual:
        st.caption(unusual)

c.section("How the goal is read", said.reading(choice, own) + " " + view.consequence(one, standard))
c.show(drawn.readings)
if drawn.alternatives:
    st.markdown("\n".join(f"- {sentence}" for sentence in drawn.alternatives))
c.method_note(said.method(one))
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
