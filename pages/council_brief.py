"""The quarterly brief: what changed, what was done, what is known, what has to be decided."""

from __future__ import annotations

import streamlit as st

from dashboard import components as c
from dashboard import data, state
from dashboard.views import council_brief as view

c.page_title("Council brief")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
choices = view.quarters(facts.through, data.goals()[0].start)
if facts.empty or not choices:
    c.no_data_yet()
    st.stop()

quarter = state.pick("quarter", "Quarter", choices, next(iter(choices)))
kept, damaged = view.printed()
if damaged:
    st.error(f"{damaged} No printed edition is offered until this is settled.")
made = view.brief(quarter)
if isinstance(made, str):
    c.empty_state(made, "Choose another quarter.")
else:
    view.show(made)

c.section("Take it away", "The printed brief holds the same words and figures as this page.")
with st.container(horizontal=True):
    if not isinstance(made, str):
        identity = f"{facts.version}-{quarter}-{made.date}-{len(made.blocks)}-{hash(made.description)}"
        name = f"sln_brief_{quarter}_draft"
        st.download_button(
            "Draft from today’s data (PDF)", data=lambda: view.pdf(identity, made), key="draft_pdf",
            file_name=f"{name}.pdf", mime="application/pdf", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Draft from today’s data (HTML)", data=lambda: view.page(identity, made), key="draft_html",
            file_name=f"{name}.html", mime="text/html", on_click="ignore",
        )  # fmt: skip
    for edition in (e for e in kept if e.quarter == quarter):
        for label, file, mime in (
            ("PDF", edition.pdf, "application/pdf"),
            ("HTML", edition.html, "text/html"),
        ):
            st.download_button(
                f"Edition {edition.number} ({label})",
                data=lambda e=edition, f=file: view.file_of(e, f), key=f"edition_{edition.key}_{label}",
                file_name=file, mime=mime, on_click="ignore",
            )  # fmt: skip
c.section("Editions", "An edition is never changed. A correction is a new edition with its reason.")
if kept:
    c.table_of(view.edition_table(kept), alt="Printed editions of the council brief")
else:
    st.markdown("No edition has been printed yet. Staff print one with `sln brief --publish`.")
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
