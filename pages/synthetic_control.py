"""Synthetic control: build a comparison out of other places, change it, take it away."""

import streamlit as st

from dashboard import components as c
from dashboard import data, state, workbench
from dashboard import words as w
from dashboard.audience import rights
from dashboard.views import synth
from dashboard.views.synth import modes, page_pooled

c.page_title("Synthetic control")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def made_of(found: synth.Answer, figures: dict[str, c.Figure]) -> None:
    """The comparison places on a map, beside those that are not among them and why."""
    c.section("What the comparison is made of")
    out = synth.everybody_left_out(found)
    # Areas inside a place have no map of the country: their exclusions then take the whole width.
    left, right = st.columns([5, 3], gap="medium") if "map" in figures else (None, st.container())
    if left is not None:
        with left:
            c.show(figures["map"])
    with right:
        st.subheader(f"{w.plural(len(out), 'place')} left out, each for a reason", anchor=False)
        c.table_of(synth.reasons(out), alt="Reasons for leaving places out, with the number of places")
        with st.expander("Every place and its reason"):
            c.table_of(out.set_axis(["Place", "Why not"], axis=1), alt="Places left out, with reasons")
    c.show(figures["weights"])


def doubted(found: synth.Answer, figures: dict[str, c.Figure]) -> None:
    """Chance, choices, checks and power."""
    c.section("Could it be chance?", synth.rank_sentence(found, p_values=may.diagnostics))
    for name in ("spaghetti", "distribution", "in_time"):
        if name in figures:
            c.show(figures[name])
    c.section("Does the answer hang on a choice?")
    names = ("specifications", "estimators", "leave_one_out") if may.diagnostics else ("specifications",)
    for name in names:
        if name in figures:
            c.show(figures[name])
    c.section("What was checked")
    for heading, lines in synth.check_lists(found, exact=may.diagnostics):
        st.markdown(f"**{heading}**\n\n" + "\n".join(f"- {line}" for line in lines))
    c.section("What could have been seen?")
    for name in ("power", "months"):
        if name in figures:
            c.show(figures[name])
    if "power" not in figures:
        st.markdown(synth.power_sentence(found))


def answered(found: synth.Answer, address: str) -> None:
    """Everything that a fitted specification shows."""
    c.headline(synth.headline(found, expert=may.diagnostics))
    st.markdown(synth.window(found) + synth.caution(found))
    page_pooled.not_pinned_down(found)
    c.numbers(synth.numbers(found))
    figures = synth.figures(found, p_values=may.diagnostics)
    for name in ("observed", "gap", "cumulative"):
        c.show(figures[name])
    if may.diagnostics:
        c.section("The effect in every unit")
        c.table_of(synth.effects(found), alt="The effect in every unit, with its range")
    made_of(found, figures)
    doubted(found, figures)
    c.method_note("\n".join(f"- {line}" for line in synth.notes(found)))
    made = synth.export(found, p_values=may.diagnostics, link=address)
    page_pooled.take_away(made, lambda: synth.bundle(found, made), address)


def asked(view: state.View) -> dict[str, str]:
    """The form with its presets."""
    form = synth.controls(view.place, view.measure)
    folded = [(synth.matching.HEADING, synth.matching.controls(view.measure))] if may.diagnostics else []
    with st.expander("Change the specification", expanded=may.diagnostics):
        ready = synth.presets(view.place, view.measure)
        st.markdown("Start from a specification that is registered or well known:")
        every = [*form, *(s for _, group in folded for s in group)]
        with st.container(horizontal=True, key="presets"):
            for i, preset in enumerate(ready):
                st.button(
                    preset.label, help=preset.about, key=f"preset_{i}", on_click=synth.load,
                    args=("synth", preset, every),
                )  # fmt: skip
        return workbench.settings("synth", form, folded=folded)


def one_place(view: state.View) -> None:
    """The ordinary question: one place from one month on."""
    chosen = asked(view)
    slot = st.empty()
    found = synth.answer(
        view.place, view.measure, view.through, chosen,
        lambda share, what: slot.progress(share, text=f"Asking other places: {what} …"),
    )  # fmt: skip
    slot.empty()
    if isinstance(found, str):
        c.headline("Your specification gave no estimate.")
        workbench.refused(found)
    else:
        answered(found, synth.link(view.place, view.measure, found.last, chosen, st.context.url or ""))


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    mode = modes.mode() if may.diagnostics else modes.ONE
    default = "stl_city" if "stl_city" in facts.places else facts.places[0]
    # With several places, each has its start in the form, and the row above chooses none.
    several = mode == modes.SEVERAL
    place_now = default if several else state.chosen("place", facts.places, default)
    measures = facts.measures[place_now]
    measure_now = state.chosen("measure", measures, measures[0])
    months = data.months_to_choose(place_now, measure_now)
    view = state.filters(facts.places, measures, months, place=default, choose_place=not several)
    if several:
        page_pooled.several(view)
    elif mode == modes.AREAS:
        page_pooled.areas(view, answered)
    else:
        one_place(view)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
