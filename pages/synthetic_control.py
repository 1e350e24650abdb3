"""Synthetic control: build a comparison out of other places, change it, take it away."""

import streamlit as st

from dashboard import components as c
from dashboard import data, state, workbench
from dashboard.audience import rights
from dashboard.views import synth

c.page_title("Synthetic control")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def answered(found: synth.Answer) -> None:
    """Everything that a fitted specification shows."""
    c.headline(synth.headline(found, expert=may.diagnostics))
    st.markdown(synth.window(found) + workbench.caution(found.result.checks))
    c.numbers(synth.numbers(found))
    figures = synth.figures(found, p_values=may.diagnostics)
    for name in ("observed", "gap", "cumulative"):
        c.show(figures[name])
    c.section("What the comparison is made of")
    c.show(figures["weights"])
    left = found.case.excluded
    with st.expander(f"{len(left)} places that are not in the comparison, each with its reason"):
        c.table_of(left.set_axis(["Place", "Why not"], axis=1), alt="Places left out, with reasons")
    c.section("Could it be chance?", synth.rank_sentence(found, p_values=may.diagnostics))
    for name in ("spaghetti", "distribution", "estimators"):
        if name in figures:
            c.show(figures[name])
    c.section("What was checked")
    workbench.show_checks(found.result.checks, alt="Checks of this specification")
    c.method_note("\n".join(f"- {line}" for line in (*found.result.choices, *found.case.notes)))
    c.section("Take it away", "Everything needed to repeat and to check this result elsewhere.")
    workbench.downloads(synth.export(found))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    default = "stl_city" if "stl_city" in facts.places else facts.places[0]
    place_now = state.chosen("place", facts.places, default)
    measures = facts.measures[place_now]
    measure_now = state.chosen("measure", measures, measures[0])
    view = state.filters(facts.places, measures, data.months_to_choose(place_now, measure_now), place=default)
    with st.expander("Change the specification", expanded=may.diagnostics):
        chosen = workbench.settings("synth", synth.controls(view.place, view.measure))
    found = synth.answer(view.place, view.measure, view.through, chosen)
    if isinstance(found, str):
        c.headline("Your specification gave no estimate.")
        workbench.refused(found)
    else:
        answered(found)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
