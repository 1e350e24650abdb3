"""Evaluations: did the tactic do it, how sure are we, and do the methods agree?"""

import streamlit as st

from dashboard import components as c
from dashboard import data, state
from dashboard.audience import rights
from dashboard.views.evaluations import page as view

c.page_title("Evaluations")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def how_it_moved(found: view.Case, everything: view.Results) -> None:
    """The estimate at the end of each quarter, and what was said with earlier figures."""
    c.section("How the estimate moved")
    moved = view.moved(found, everything, view.quarters())
    if isinstance(moved, str):
        st.markdown(moved)
    else:
        c.show(moved)
    before = view.told_before(data.hub(), found)
    with st.expander("What was said before, with the figures known then"):
        if isinstance(before, str):
            st.markdown(before)
        else:
            c.table_of(before, alt="Answers to this question by version of the figures")


def show_case(found: view.Case, everything: view.Results) -> None:
    """One question: its headline, numbers, and every picture of it."""
    c.headline(view.headline(found))
    st.markdown(view.explanation(found))
    if found.subject.key.startswith(view.PROGRAMME):
        st.info(
            "**Illustrative.** This asks what changed in the place as a whole since the programme began, "
            "not what one tactic did"
            + (": no list of deployments is public yet." if data.hub().deployments().empty else ".")
        )
    if grade := view.graded(found, everything):
        st.markdown(grade)
    told = view.numbers(found)
    if told:
        c.numbers(told)
    st.markdown(
        "The raw change counts all events and is what the goal is about (page Progress). The estimate is "
        "the difference from what was to be expected. One never stands for the other."
    )
    figures = view.figures(found, everything, p_values=may.diagnostics)
    for name in ("methods", "observed", "months"):
        if name in figures:
            c.show(figures[name])
    if told and "observed" not in figures:
        st.markdown(view.NO_MONTHS)
    how_it_moved(found, everything)
    c.section("Every registered evaluation")
    if "forest" in figures:
        c.show(figures["forest"])
    c.section("What could not be evaluated, and why")
    refused = view.refusals(everything, found.measure)
    if refused.empty:
        st.markdown("Every registered evaluation of this measure could be made.")
    else:
        c.table_of(refused, alt="Evaluations that could not be made")
    c.method_note(view.method_words())


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    everything = view.results()
    choices = {s.key: s for s in view.subjects(everything)}
    if not choices:
        c.headline("No evaluation is registered yet.")
        c.empty_state("The hub has no jurisdiction with a usable series.", "See Data and methods.")
    else:
        with st.container(horizontal=True, key="filters"):
            names = {k: s.name for k, s in choices.items()}
            subject = choices[state.pick("subject", "What is evaluated", names, next(iter(names)))]
            measures = [m for m in view.MEASURES if not view.of(everything, subject, m).empty]
            labels = {m: view.MEASURES[m] for m in measures}
            measure = state.pick("measure", "Measure", labels, measures[0])
        found = view.case(everything, subject, measure)
        if found is not None:
            show_case(found, everything)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
