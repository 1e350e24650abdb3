"""Pieces that pages are made of: headline, numbers, figures, badges, footer, empty states.

Order of headings: h1 the page's title, h2 its headline sentence and sections, h3 figures.
Status is a word, a shape and a colour; a chart never stands without its table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import pandas as pd
import streamlit as st

from dashboard import words as w
from dashboard.figures import Figure
from dashboard.theme import LOOKS, STATUSES, Look

#: Rows up to which a table is real HTML, which screen readers and printers like best.
HTML_ROWS = 40
CONTACT = "https://www.ewgateway.org/save-lives-now/"

_Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "grey", "primary"]


def look() -> Look:
    """The colours of the reader's theme, light or dark."""
    return LOOKS["dark" if st.context.theme.type == "dark" else "light"]


def page_title(title: str) -> None:
    """The one h1 of a page."""
    st.title(title, anchor=False)


def headline(sentence: str) -> None:
    """The computed sentence that a hurried reader takes away."""
    st.header(sentence, anchor=False)


def section(title: str, text: str = "") -> None:
    """A heading (h2) between groups of figures, with a line of text."""
    st.header(title, anchor=False)
    if text:
        st.markdown(text)


def status_badge(key: str, suffix: str = "") -> None:
    """A state as word, shape and colour; ``key`` is one of ``theme.STATUSES``."""
    status = STATUSES[key]
    st.badge(f"{status.icon} {status.word}{suffix}", color=cast(_Colour, status.badge))


def data_badge(*, synthetic: bool, sources: Sequence[str] = (), through: pd.Period | None = None) -> None:
    """What kind of data this is and how far it reaches: the sample always says that it is one."""
    until = f"complete through {w.month(through)}" if through is not None else "no complete month yet"
    with st.container(horizontal=True, key="data_badge"):
        if synthetic:
            st.badge(f"◆ {w.SYNTHETIC}", color="orange")
            st.badge(until[:1].upper() + until[1:], color="gray")
        else:
            # A badge never wraps: several long names would be cut off, and the footer has them all.
            named = sources[0] if len(sources) == 1 else f"{len(sources)} sources, named below"
            st.badge(named if sources else "No source yet", color="gray")
            st.badge(until[:1].upper() + until[1:], color="gray")


@dataclass(frozen=True, slots=True)
class Number:
    """One of the few numbers of a page: what it is, its value in words, and its state."""

    label: str
    value: str
    status: str | None = None
    detail: str = ""
    help: str | None = None


def numbers(items: Sequence[Number]) -> None:
    """At most four numbers in a row that wraps on a phone.

    No sparkline on purpose: Streamlit draws it as an image without a name.
    """
    if len(items) > 4:
        raise ValueError(f"A page shows at most four numbers, not {len(items)}.")
    grid = st.grid(min_column_width=240 if len(items) == 4 else 200, key="numbers")
    for item in items:
        status = STATUSES[item.status] if item.status else None
        with grid.container(border=True):
            st.metric(
                item.label,
                item.value,
                delta=f"{status.icon} {status.word}" if status else None,
                delta_color=cast(Any, status.badge if status else "gray"),
                delta_arrow="off",
                help=item.help,
            )
            if item.detail:
                st.caption(item.detail)


@st.cache_data(show_spinner=False, max_entries=512)
def _replayed(identity: str, look_name: str, key: str, _figure: Figure) -> None:
    """Charts drawn once for everybody: Streamlit replays what was drawn in a cached function."""
    _charts(_figure, LOOKS[look_name])


def _charts(figure: Figure, colours: Look) -> None:
    specs = figure.specs(colours)
    several = len(specs) > 1
    grid: Any = st.grid(min_column_width=230) if several else st
    for heading, spec in specs:
        with grid.container():
            if heading:
                st.markdown(f"**{heading}**")
            alt = f"{heading}: {figure.alt}" if heading else figure.alt
            st.vega_lite_chart(spec=spec, theme=None, width="stretch", alt=alt)


def show(figure: Figure, *, select: bool = False, legend: str = "", height: int = 460) -> Any:
    """A figure: title, sentence, chart or map, then table, downloads, note and source.

    Args:
        figure: what to show.
        select: for a map: return what was clicked (``event.selection``).
        legend: for a map: HTML of its key.
        height: of a map in pixels.
    """
    colours = look()
    event = None
    with st.container(key=f"figure_{figure.key}"):
        st.subheader(figure.title, anchor=False)
        if figure.sentence:
            st.markdown(figure.sentence)
        if figure.map is not None:
            if legend:
                st.html(legend)
            options: dict[str, Any] = {"on_select": "rerun", "key": f"map_{figure.key}"} if select else {}
            event = st.pydeck_chart(figure.map(colours), height=height, alt=figure.alt, **options)
        elif figure.identity:
            _replayed(figure.identity, colours.name, figure.key, figure)
        else:
            _charts(figure, colours)
        _details(figure)
    return event


def _details(figure: Figure) -> None:
    """Table, downloads and method note, folded; the source stays in sight."""
    with st.expander("Table, downloads and how this was made"):
        if figure.note:
            st.markdown(figure.note)
        table_of(figure.shown_table(), alt=f"Table: {figure.title}")
        with st.container(horizontal=True):
            st.download_button(
                "Table (CSV)",
                data=figure.to_csv,
                file_name=f"{figure.file_name}.csv",
                mime="text/csv",
                on_click="ignore",
                key=f"csv_{figure.key}",
            )
            st.download_button(
                "Picture (SVG)",
                data=lambda: figure.to_svg().encode("utf-8"),
                file_name=f"{figure.file_name}.svg",
                mime="image/svg+xml",
                on_click="ignore",
                key=f"svg_{figure.key}",
            )
            st.download_button(
                "Picture (PNG)",
                data=figure.to_png,
                file_name=f"{figure.file_name}.png",
                mime="image/png",
                on_click="ignore",
                key=f"png_{figure.key}",
            )
    stamp = f"{w.SYNTHETIC}. " if figure.synthetic else ""
    st.caption(f"{stamp}Source: {figure.source}")


def table_of(table: pd.DataFrame, *, alt: str) -> None:
    """A table that was made for reading: real HTML when short, a scrolling grid when long."""
    if len(table) == 0:
        st.markdown("The table has no rows yet.")
    elif len(table) <= HTML_ROWS:
        st.table(table, hide_index=True, alt=alt)
    else:
        st.dataframe(table, hide_index=True, alt=alt, width="stretch", height=420)


def empty_state(what: str, remedy: str) -> None:
    """Nothing to show yet: say what is missing and what to do about it."""
    st.info(f"{what} {remedy}")


def no_data_yet() -> None:
    """The empty state of a hub without data."""
    empty_state(
        "There are no data in this hub yet.",
        "Import files with `sln import FILES --hub HUB`, or start with the synthetic sample: `sln serve`.",
    )


def method_note(text: str) -> None:
    """How numbers were made, in plain words, folded."""
    with st.expander("How these numbers are made"):
        st.markdown(text)


def footer(
    *,
    source: str,
    updated: str,
    next_update: str = "with the next monthly import",
    synthetic: bool = False,
    version: str = "",
) -> None:
    """Where the page comes from: source, producer, dates, revisions, contact, licence."""
    st.divider()
    stamp = f"**{w.SYNTHETIC}**: the numbers describe no real place.  \n" if synthetic else ""
    of = f" (data version {version})" if version else ""
    st.caption(
        f"{stamp}Source: {source}.  \n"
        f"Producer: Save Lives Now!, East-West Gateway Council of Governments. "
        f"Last update: {updated}{of}. Next update: {next_update}.  \n"
        "Figures are provisional: agencies correct and complete them for months. Every version is kept, and "
        "the page Data and methods shows how far figures moved.  \n"
        f"Contact and corrections: [Save Lives Now!]({CONTACT}). "
        "Code: MIT licence; figures and tables: CC BY 4.0."
    )


def digest(*parts: object) -> str:
    """A short key from anything printable, for ``Figure.identity``."""
    return hashlib.blake2s("|".join(map(str, parts)).encode(), digest_size=8).hexdigest()
