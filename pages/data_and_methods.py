"""Data and methods: what is there, what is missing, what looks wrong, how numbers are made."""

import streamlit as st

from dashboard import components as c
from dashboard import data
from dashboard import method_cards as cards
from dashboard.audience import audience
from dashboard.views import data_quality as view

c.page_title("Data and methods")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)


def sources(q: view.Quality) -> None:
    """Who sent what, how completely, and what looks wrong."""
    c.section("Sources", "One row an agency and source. Two ways of counting are never joined.")
    # A grid, not HTML: eight columns scroll on a phone, and a grid can be scrolled by keyboard.
    about = "Sources and months of every agency of the region"
    st.dataframe(view.agency_table(q), hide_index=True, alt=about, width="stretch")
    if len(q.months):
        c.show(view.completeness(q, facts))
    c.section("What looks wrong")
    lines = view.wrong(q)
    st.markdown("\n".join(f"- {line}" for line in lines) or "Nothing that the checks look for was found.")
    if len(suspects := view.suspects_table(q)):
        with st.expander(f"Every suspect figure of the region’s agencies ({len(suspects)})"):
            c.table_of(suspects, alt="Suspect figures")
    with st.expander("How to accept a month that looks wrong"):
        st.markdown(view.ACCEPT)
    c.section("Known breaks")
    if len(table := view.breaks_table(q)):
        st.markdown("Figures before and after one of these months are not compared with each other.")
        st.dataframe(table, hide_index=True, alt="Months from which an agency counts in another way")
    else:
        st.markdown("No break is known for the agencies of the region.")
    c.section("How figures are revised")
    moved = view.revisions(q, facts)
    if moved is not None:
        c.show(moved)
    else:
        st.markdown(view.ONE_VERSION)


def methods() -> None:
    """Definitions and method cards."""
    c.section("What is counted", "Each measure of each place, exactly as it is added.")
    with st.expander("Definitions, place by place"):
        c.table_of(view.definitions(), alt="Definition of every measure in every place")
    c.section("Methods", "What each does, what it assumes, and when it refuses to answer.")
    for title, text in cards.CARDS.items():
        with st.expander(title):
            st.markdown(text)
            for study in cards.studies(title):
                st.markdown(cards.measured(study))
                alt = f"Results of the study: {study.question}"
                st.dataframe(cards.table(study), hide_index=True, alt=alt, width="stretch", height=300)
                st.markdown(cards.meanings(study))


def files(q: view.Quality) -> None:
    """Quarantine, imports and downloads."""
    c.section("Rows that were refused", "Nothing is thrown away: rows read = rows kept + rows in quarantine.")
    if len(q.quarantine):
        st.dataframe(q.quarantine, hide_index=True, alt="Values in quarantine by file and rule")
    else:
        st.markdown("No value is in quarantine.")
    c.section("Files imported")
    if len(q.imports):
        with st.expander(f"All files ({len(q.imports)})"):
            c.table_of(q.imports, alt="Every file that was imported")
    else:
        st.markdown("This is a finished data package: no files were imported into it.")
    c.section("Take it away", view.download_words(audience().value))
    with st.container(horizontal=True):
        for label, get, name in view.downloads(facts.synthetic):
            st.download_button(label, data=get, file_name=name, mime="text/csv", on_click="ignore", key=name)


if facts.empty:
    c.no_data_yet()
    methods()
else:
    quality = view.quality()
    c.headline(view.headline(dict(facts.complete)))
    st.markdown(view.each_place(dict(facts.complete)))
    sources(quality)
    methods()
    files(quality)
c.footer(
    source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version
)  # fmt: skip
