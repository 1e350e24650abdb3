"""Interrupted time series: project the past, change the model, try it, take it away."""

import streamlit as st

from analysis.evidence import RefusedError
from dashboard import components as c
from dashboard import data, state, workbench
from dashboard.audience import rights
from dashboard.views.its import page as its

c.page_title("Interrupted time series")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def not_yet(view: state.View, chosen: dict[str, str]) -> None:
    """What there is before anything was fitted: the question, its months, and the series."""
    st.markdown(
        f"{its.before_and_after(view.place, view.measure, view.through, chosen)} Press **Run** to fit it."
    )
    series = data.series(view.place, view.measure, view.through)
    if not isinstance(series, str) and chosen.get("start"):
        try:
            frame = its.window_of(series, its.specification(chosen))
        except RefusedError as why:
            workbench.refused(its.readable(str(why)))
        else:
            c.show(its.preview(view.place, view.measure, frame, chosen["start"]))


def tried(found: its.Answer) -> its.Tried:
    """Everything tried against the answer; a bar while it is worked out for the first time."""
    if st.session_state.get("_its_tried") == found.key:
        return its.tried(found)
    bar = st.progress(0.0)
    result = its.tried(found, lambda share, text: bar.progress(share, text))
    bar.empty()
    st.session_state["_its_tried"] = found.key
    return result


def answered(found: its.Answer, against: its.Tried) -> None:
    """Everything that a fitted specification shows."""
    st.markdown(its.window(found))
    if its.inconclusive(found):
        st.markdown(its.power(found, against))
    st.markdown(its.caution(against.checks))
    c.numbers(its.numbers(found, against))
    figures = its.figures(found, diagnostics=may.diagnostics)
    for name in ("observed", "cumulative", "since", "compared"):
        if name in figures:
            c.show(figures[name])
    proof = its.proof(found, against, diagnostics=may.diagnostics)
    c.section("Does the answer hang on a choice?", "The same question, asked a little differently.")
    for name in ("families", "variants", "cities"):
        if name in proof:
            c.show(proof[name])
    c.section("Would any other month have said the same?")
    for name in ("placebo", "break"):
        if name in proof:
            c.show(proof[name])
    if "power" in proof:
        c.section("What could have been seen?")
        c.show(proof["power"])
    c.section("What was checked", its.caution(against.checks))
    st.markdown(its.checks_list(against.checks, expert=may.diagnostics))
    if may.diagnostics:
        c.section("What the model leaves")
        for name in ("residuals", "memory"):
            if name in figures:
                c.show(figures[name])
        with st.expander("Coefficients, on the scale of logarithms: 0.01 is about 1\u00a0%"):
            c.table_of(its.coefficients(found), alt="Coefficients of the model")
    with st.expander("Reporting checklist, filled from this run"):
        c.table_of(its.checklist(found, against, expert=may.diagnostics), alt="Reporting checklist")
    c.method_note(its.told(found, against, expert=may.diagnostics))
    c.section("Take it away", "Everything needed to repeat and to check this result elsewhere.")
    workbench.downloads(its.export(found, against))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    default = "stl_city" if "stl_city" in facts.places else facts.places[0]
    place_now = state.chosen("place", facts.places, default)
    measures = facts.measures[place_now]
    measure_now = state.chosen("measure", measures, measures[0])
    view = state.filters(facts.places, measures, data.months_to_choose(place_now, measure_now), place=default)
    first = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="its_presets"):
        st.markdown("Start from:")
        for name, sentence, settings in its.presets():
            st.button(
                name, help=sentence, key=f"preset_{name}", on_click=workbench.fill, args=("its", settings)
            )
    chosen, asked = workbench.form(
        "its", its.grouped(its.controls(view.place, view.measure)), more={its.COVARIATES: its.uploader}
    )
    if not asked:
        with first:
            c.headline(its.not_yet(view.place, view.measure))
        not_yet(view, chosen)
    else:
        found = its.answer(view.place, view.measure, view.through, chosen, its.uploaded())
        if isinstance(found, str):
            with first:
                c.headline("Your specification gave no estimate.")
            workbench.refused(its.readable(found))
        else:
            against = tried(found)
            found = its.known(found, against)  # what could have been seen is known only now
            with first:
                c.headline(its.headline(found, expert=may.diagnostics))
            answered(found, against)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
