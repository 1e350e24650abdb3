"""The view that all pages share and that a link carries: place, measure and last month.

The link holds identifiers (``?place=stl_city&measure=homicide&through=2026-06``), so that it still
works when a label is reworded or translated. Streamlit's own ``bind="query-params"`` writes the
label that is on the screen instead, which is why these three are kept here by hand; widgets that
belong to one page and whose options are their own words can use ``bind``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from analysis.data.vocabulary import MEASURES, PLACES
from dashboard import words as w

#: Names in the link, in this order.
KEYS: Final = ("place", "measure", "through")
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: identifiers, and the last month (None: the latest complete one)."""

    place: str
    measure: str
    through: pd.Period | None

    @property
    def place_name(self) -> str:
        """The place as shown."""
        return PLACES.get(self.place, self.place)

    @property
    def measure_name(self) -> str:
        """The measure as shown."""
        return MEASURES.get(self.measure, self.measure)

    @property
    def identity(self) -> str:
        """The view as text, for the keys of caches."""
        return f"{self.place}|{self.measure}|{self.through or LATEST}"


def chosen(key: str, options: Sequence[str], default: str) -> str:
    """The identifier that holds now: from the link if it changed there, else what was chosen before.

    A link with a value that is not on offer is no error: the default is shown.
    """
    linked = st.query_params.get(key)
    state = st.session_state
    if linked is not None and linked != state.get(f"_linked_{key}") and linked in options:
        state[f"_kept_{key}"] = linked
        state.pop(f"_pick_{key}", None)
    state[f"_linked_{key}"] = linked
    kept = state.get(f"_kept_{key}", default)
    return kept if kept in options else default


def pick(key: str, label: str, options: Mapping[str, str], default: str) -> str:
    """A select box that is kept in the link and across pages.

    Args:
        key: name in the link.
        label: of the box.
        options: identifier → words.
        default: identifier that a link without ``key`` means.
    """
    ids = list(options)
    now = chosen(key, ids, default)
    widget = f"_pick_{key}"
    if st.session_state.get(widget) not in ids:
        st.session_state[widget] = now
    value = st.selectbox(label, ids, format_func=lambda i: options[i], key=widget)
    st.session_state[f"_kept_{key}"] = value
    _write(key, None if value == default else value)
    return value


def _write(key: str, value: str | None) -> None:
    """Put a value into the link, or take it out; nothing happens when it is there already."""
    if st.query_params.get(key) != value:
        if value is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = value
    st.session_state[f"_linked_{key}"] = value


def filters(
    places: Sequence[str],
    measures: Sequence[str],
    months: Sequence[pd.Period] = (),
    *,
    place: str = "region",
    measure: str = "violent_street_crime",
    choose_place: bool = True,
) -> View:
    """The row of controls at the head of a page.

    Args:
        places, measures: identifiers that have data, in the order to offer.
        months: complete months that may be the last one; empty offers no choice.
        place, measure: what a link without them means (the first on offer when they have no data).
        choose_place: whether a place is chosen at all; without, the view holds ``place``.
    """
    places = list(places) or ["region"]
    measures = list(measures) or ["violent_street_crime"]
    with st.container(horizontal=True, key="filters"):
        where = place if place in places else places[0]
        if choose_place:
            where = pick("place", "Place", {p: PLACES.get(p, p) for p in places}, where)
        what = pick(
            "measure",
            "Measure",
            {m: MEASURES.get(m, m) for m in measures},
            measure if measure in measures else measures[0],
        )
        until = LATEST
        if len(months):
            newest = sorted(months, reverse=True)
            options = {LATEST: f"Latest ({w.month(newest[0])})"} | {str(m): w.month(m) for m in newest[1:]}
            until = pick("through", "Through", options, LATEST)
    return View(where, what, None if until == LATEST else pd.Period(until, "M"))
