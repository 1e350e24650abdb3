"""The parts of the page that belong to several treated places and to areas, and what all modes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import components as c
from dashboard import state, workbench
from dashboard import words as w
from dashboard.views.synth import modes, pooled_said
from dashboard.views.synth import pooled as ask
from dashboard.views.synth import pooled_shown as shown
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.asking import link
from dashboard.views.synth.case import reasons
from dashboard.workbench import Export


def not_pinned_down(found: Answer) -> None:
    """For areas: the warning when there are as many comparison areas as months."""
    if found.case.areas:
        r = found.result
        told = pooled_said.warning(len(r.weights), r.effect.pre_months, areas=True)
        if told:
            st.warning(told)


def take_away(made: Export, zipped: Callable[[], bytes], address: str) -> None:
    """Downloads and the link."""
    c.section("Take it away", "Everything needed to repeat and to check this result elsewhere.")
    workbench.downloads(made)
    st.download_button(
        "Everything in one file (ZIP)", data=zipped, file_name=f"{made.stem}.zip",
        mime="application/zip", on_click="ignore", key="export_zip",
    )  # fmt: skip
    st.markdown("This link asks the same again, with every setting in it; the button at its right copies it:")
    st.code(address, language=None, wrap_lines=True)


def _teller(slot: Any, kind: str) -> Callable[[float, str], None]:
    """Draws progress into the slot."""

    def tell(share: float, what: str) -> None:
        slot.progress(min(share, 1.0), text=f"Asking other {kind}: {what} …")

    return tell


def several(view: state.View) -> None:
    """Several places, each with a start of its own."""
    settings, folded = modes.several_controls(view.measure)
    with st.expander("Change the specification", expanded=True):
        chosen = workbench.settings("synth_several", settings, folded=folded)
    slot = st.empty()
    slot.progress(0.0, text="Looking for comparison places …")
    found = ask.several(
        view.measure, view.through, chosen,
        _teller(slot, "places"),
    )  # fmt: skip
    slot.empty()
    if isinstance(found, str):
        _refused(found)
    else:
        address = link(view.place, view.measure, view.through or found.last, chosen, st.context.url or "",
                       modes.SEVERAL)  # fmt: skip
        _answered(found, address)


def areas(view: state.View, answered: Callable[[Answer, str], None]) -> None:
    """Areas inside a place; one alone is shown like a place, by ``answered``."""
    table = modes.counted(view.place, view.measure)
    if isinstance(table, str):
        _refused(f"{table} Choose another place or measure.")
        return
    settings, folded = modes.areas_controls(view.place, view.measure, table)
    with st.expander("Change the specification", expanded=True):
        chosen = workbench.settings("synth_areas", settings, folded=folded)
    slot = st.empty()
    found = ask.areas(
        view.place, view.measure, view.through, chosen,
        _teller(slot, "areas"),
    )  # fmt: skip
    slot.empty()
    if isinstance(found, str):
        _refused(found)
        return
    address = link(view.place, view.measure, view.through or found.last, chosen, st.context.url or "",
                   modes.AREAS)  # fmt: skip
    if isinstance(found, Answer):
        answered(found, address)
    else:
        _answered(found, address)


def _refused(why: str) -> None:
    c.headline("Your specification gave no estimate.")
    workbench.refused(why)


def _answered(found: ask.Pooled, address: str) -> None:
    """Everything that several treated places show."""
    c.headline(pooled_said.headline(found))
    st.markdown(pooled_said.window(found))
    for text in [*pooled_said.refusals(found), *pooled_said.warnings(found)]:
        st.warning(text)
    c.numbers(pooled_said.numbers(found))
    figures = shown.figures(found)
    c.show(figures["units"])
    c.section("Lined up at the starts", pooled_said.limits(found))
    c.show(figures["event_time"])
    c.section("What the comparisons are made of")
    st.markdown("\n".join(f"- {line}" for line in pooled_said.mixes(found)))
    out = shown.exclusions(found)
    st.subheader(f"{w.plural(len(out), 'place')} left out, each for a reason", anchor=False)
    c.table_of(reasons(out), alt="Reasons for leaving places out, with the number of places")
    with st.expander("Every place and its reason"):
        c.table_of(out.set_axis(["Place", "Why not"], axis=1), alt="Places left out, with reasons")
    c.section("What was checked", pooled_said.checks_in_words(found))
    for heading, lines in pooled_said.check_lists(found):
        st.markdown(f"**{heading}**\n\n" + "\n".join(f"- {line}" for line in lines))
    c.method_note("\n".join(f"- {line}" for line in pooled_said.notes(found)))
    made = shown.export(found, link=address)
    take_away(made, lambda: shown.bundle(found, made), address)
