"""Synthetic control: build a comparison out of other places, change it, take it away."""

import streamlit as st

from dashboard import components as c
from dashboard import data, state, workbench
from dashboard import words as w
from dashboard.audience import rights
from dashboard.views import synth

c.page_title("Synthetic control")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
may = rights()


def made_of(found: synth.Answer, figures: dict[str, c.Figure]) -> None:
    """The comparison places on a map, beside those that are not among them and why."""
    c.section("What the comparison is made of")
    left, right = st.columns([5, 3], gap="medium")
    with left:
        c.show(figures["map"])
    with right:
        out = synth.everybody_left_out(found)
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
    c.section("Take it away", "Everything needed to repeat and to check this result elsewhere.")
    made = synth.export(found, p_values=may.diagnostics, link=address)
    workbench.downloads(made)
    st.download_button(
        "Everything in one file (ZIP)", data=lambda: synth.bundle(found, made), file_name=f"{made.stem}.zip",
        mime="application/zip", on_click="ignore", key="export_zip",
    )  # fmt: skip
    st.markdown("This link asks the same again, with every setting in it; the button at its right copies it:")
    st.code(address, language=None, wrap_lines=True)


def asked(view: state.View) -> dict[str, str]:
    """The form with its presets."""
    form = synth.controls(view.place, view.measure)
    with st.expander("Change the specification", expanded=may.diagnostics):
        ready = synth.presets(view.place, view.measure)
        st.markdown("Start from a specification that is registered or well known:")
        with st.container(horizontal=True, key="presets"):
            for i, preset in enumerate(ready):
                st.button(
                    preset.label, help=preset.about, key=f"preset_{i}", on_click=synth.load,
                    args=("synth", preset, form),
                )  # fmt: skip
        return workbench.settings("synth", form)


if facts.empty or not facts.places:
    c.no_data_yet()
else:
    default = "stl_city" if "stl_city" in facts.places else facts.places[0]
    place_now = state.chosen("place", facts.places, default)
    measures = facts.measures[place_now]
    measure_now = state.chosen("measure", measures, measures[0])
    view = state.filters(facts.places, measures, data.months_to_choose(place_now, measure_now), place=default)
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
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
