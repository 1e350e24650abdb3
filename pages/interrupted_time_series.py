"""Interrupted time series: project the past, change the model, take it away."""

import streamlit as st

from dashboard import components as c
from dashboard import data, state, workbench
from dashboard.audience import rights
from dashboard.views import its

c.page_title("Interrupted time series")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def answered(found: its.Answer) -> None:
    """Everything that a fitted specification shows."""
    c.headline(its.headline(found, expert=may.diagnostics))
    st.markdown(its.window(found) + workbench.caution(found.result.checks))
    c.numbers(its.numbers(found))
    figures = its.figures(found, diagnostics=may.diagnostics)
    for name in ("observed", "cumulative", "families"):
        if name in figures:
            c.show(figures[name])
    if may.diagnostics:
        c.section("Coefficients", "On the scale of logarithms; 0.01 is about 1\u00a0%.")
        c.table_of(its.coefficients(found), alt="Coefficients of the model")
        c.section("What the model leaves")
        for name in ("residuals", "memory"):
            if name in figures:
                c.show(figures[name])
    c.section("What was checked")
    workbench.show_checks(found.result.checks, alt="Checks of this specification")
    lines = (*found.result.choices, *found.result.effect.warnings, *found.notes)
    c.method_note("\n".join(f"- {line}" for line in lines))
    c.section("Take it away", "Everything needed to repeat and to check this result elsewhere.")
    workbench.downloads(its.export(found))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    default = "stl_city" if "stl_city" in facts.places else facts.places[0]
    place_now = state.chosen("place", facts.places, default)
    measures = facts.measures[place_now]
    measure_now = state.chosen("measure", measures, measures[0])
    view = state.filters(facts.places, measures, data.months_to_choose(place_now, measure_now), place=default)
    with st.expander("Change the specification", expanded=may.diagnostics):
        chosen = workbench.settings("its", its.controls(view.place, view.measure))
    found = its.answer(view.place, view.measure, view.through, chosen)
    if isinstance(found, str):
        c.headline("Your specification gave no estimate.")
        workbench.refused(found)
    else:
        answered(found)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
