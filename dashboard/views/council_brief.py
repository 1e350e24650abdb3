"""The council brief on screen: the blocks of the printed one, its editions and its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import components as c
from dashboard import data, headlines
from dashboard import words as w
from dashboard.audience import rights
from dashboard.brief import Brief, BriefError, Edition, build, editions, to_html, to_pdf
from dashboard.brief.blocks import Block, Items, Numbers, Picture, Rows, Text

#: How many quarters back a brief can be looked at.
QUARTERS = 8


def quarters(through: pd.Period | None, start: str) -> dict[str, str]:
    """Quarters that have a complete month, the newest first: key ("2026Q3") → words."""
    if through is None:
        return {}
    newest = pd.Period(through.start_time, freq="Q")
    first = pd.Period(pd.Period(start, "M").start_time, freq="Q")
    shown = pd.period_range(max(first, newest - QUARTERS + 1), newest, freq="Q")[::-1]
    words = {}
    for q in shown:
        last = q.asfreq("M", how="end")
        short = f" (through {w.month(through)} so far)" if last > through else ""
        words[str(q)] = f"{headlines.quarter(last)}{short}"
    return words


def brief(quarter: str) -> Brief | str:
    """The brief of a quarter from the data that this server shows, or why there is none."""
    return _brief(data.facts().version, str(data.hub_path()), quarter, rights().floor)


@st.cache_resource(show_spinner="Putting the brief together", max_entries=32)
def _brief(version: str, path: str, quarter: str, floor: int) -> Brief | str:
    del version, path  # part of the key alone
    try:
        return build(quarter, floor=floor)
    except BriefError as why:
        return str(why)


@st.cache_data(show_spinner="Setting the pages", max_entries=32)
def pdf(identity: str, _brief: Brief) -> bytes:
    """The brief as tagged PDF; ``identity`` tells one brief from another."""
    del identity
    return to_pdf(_brief)


@st.cache_data(show_spinner=False, max_entries=32)
def page(identity: str, _brief: Brief) -> bytes:
    """The brief as one HTML file; ``identity`` tells one brief from another."""
    del identity
    return to_html(_brief).encode("utf-8")


def printed() -> tuple[list[Edition], str]:
    """Editions kept beside the data, the newest first, and what is wrong with them (usually nothing)."""
    try:
        return editions(Path(data.hub_path())), ""
    except BriefError as why:
        return [], str(why)


def edition_table(found: list[Edition]) -> pd.DataFrame:
    """The list of editions for reading."""
    return pd.DataFrame(
        {
            "Quarter": [headlines.quarter(pd.Period(e.quarter, "Q").asfreq("M", how="end")) for e in found],
            "Edition": [str(e.number) for e in found],
            "Figures known on": [w.date(e.date) for e in found],
            "Headline": [e.headline for e in found],
            "Why another edition": [e.reason or "–" for e in found],
        }
    )


def file_of(edition: Edition, name: str) -> bytes:
    """The bytes of an edition's file; ``name`` is one of its own file names."""
    return (Path(data.hub_path()) / "briefs" / Path(name).name).read_bytes()


def show(made: Brief) -> None:
    """Every block in reading order. The title is the page's own, and left out."""
    seen: dict[str, int] = {}
    for block in made.blocks:
        _show(block, seen)


def _show(block: Block, seen: dict[str, int]) -> None:
    if isinstance(block, Text):
        _text(block)
    elif isinstance(block, Numbers):
        c.numbers([cell for cell in block.cells if isinstance(cell, c.Number)])
    elif isinstance(block, Items):
        st.markdown("\n".join(f"- {item}" for item in block.items))
    elif isinstance(block, Rows):
        st.table(table_of(block), hide_index=True, alt=block.caption)
    elif isinstance(block, Picture):
        c.show(block.figure)


def _text(block: Text) -> None:
    if block.kind in ("title", "stamp"):
        return
    if block.kind == "lead":
        c.headline(block.text)
    elif block.kind == "heading":
        c.section(block.text)
    elif block.kind == "subheading":
        st.subheader(block.text, anchor=False)
    elif block.kind == "small":
        st.caption(block.text)
    else:
        st.markdown(block.text)


def table_of(block: Rows) -> pd.DataFrame:
    """A table of words; a line break in a cell becomes a semicolon."""
    names: Mapping[int, str] = dict(enumerate(block.header))
    return pd.DataFrame(
        [[cell.replace("\n", "; ") for cell in row] for row in block.rows],
        columns=[names[i] or " " for i in range(len(block.header))],
    )
