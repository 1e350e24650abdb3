"""What the reader of the hot-spot page chooses: window, hexagons, colours, and one hexagon of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from analysis.data.privacy import Audience
from dashboard import words as w
from dashboard.components import digest
from dashboard.views.hotspots.page import AREA_KM2, Spots, listed, table

MAP_KEY: Final = "hotspots_map"
#: What the map of places can be coloured by.
COLOURS: Final = {
    "count": "Incidents",
    "rate": "Per 1,000 residents",
    "density": "Smoothed",
}
HEIGHT: Final = 560
#: Widths in pixels: rank and count are seen beside the name also on a phone.
COLUMNS: Final = {
    "Rank": st.column_config.NumberColumn(width=44), "Where": st.column_config.TextColumn(width=112),
    "Incidents": st.column_config.NumberColumn(width=70),
    "Stands out": st.column_config.TextColumn(width=76),
}  # fmt: skip
NONE: Final = "No hexagon chosen"
#: Widths of map and table on a wide screen; on a phone they stand one above the other.
SPLIT: Final = (1, 1)


@dataclass(frozen=True)
class Chosen:
    """The hexagon that the reader looks at, and how the table beside the map must be made.

    ``also``: a hexagon that the table lists besides the first ones, having been chosen elsewhere.
    """

    cell: str | None
    also: str | None
    table_key: str
    default: Any


def selection(s: Spots) -> Chosen:
    """What was chosen last: on the map, in the table, or in the list.

    A click on the map makes a new table with that row chosen; a click in the table changes the map.
    """
    state = st.session_state
    from_map = _clicked(state.get(f"map_{MAP_KEY}"))
    cell = state.get("_spot")
    if from_map != state.get("_spot_from_map"):
        state["_spot_from_map"], cell = from_map, from_map
        state["_spot_also"] = from_map
        state["_spot_tables"] = state.get("_spot_tables", 0) + 1
    also = state.get("_spot_also")
    key = f"spots_{digest(*s.identity, state.get('_spot_tables', 0))}"
    cells = list(listed(s, also)["cell"])
    if key in state:
        rows = state[key]["selection"]["rows"]
        if rows and rows[0] < len(cells):
            cell = cells[rows[0]]
        elif cell in cells:
            cell = None
    state["_spot"] = cell
    default = {"selection": {"rows": [cells.index(cell)]}} if cell in cells else None
    return Chosen(cell, also, key, default)


def _clicked(event: Any) -> str | None:
    objects = event["selection"]["objects"].get("cells", []) if event else []
    return str(objects[0]["cell"]) if objects else None


def find_box(s: Spots, cell: str | None) -> None:
    """A list of the hexagons in words: the way for a keyboard or a screen reader."""
    rows = listed(s, cell)
    names = {
        str(c): f"{w.number(r)}. {place}, {w.plural(n, 'incident')}"
        for c, r, place, n in rows[["cell", "rank", "place", "count"]].itertuples(index=False)
    }
    options = ["", *names]
    key = f"spot_pick_{digest(*s.identity, cell)}"
    st.selectbox(
        "Find a hexagon", options, index=options.index(cell) if cell in names else 0, key=key,
        format_func=lambda c: names.get(c, NONE), on_change=_picked, args=(key,),
    )  # fmt: skip


def _picked(key: str) -> None:
    state = st.session_state
    state["_spot"] = state["_spot_also"] = state[key] or None
    state["_spot_tables"] = state.get("_spot_tables", 0) + 1


def chosen_sentence(s: Spots, cell: str | None) -> str:
    """What is known about the chosen hexagon, or how to choose one."""
    rows = table(s)
    if rows.empty:
        return "No hexagon has a count that may be shown."
    row = rows[rows["cell"] == cell]
    if row.empty:
        return "Choose a row to find its hexagon on the map, or a hexagon to find it here."
    one = row.iloc[0]
    rate = "" if str(one["rate"]).startswith("no") else f", {one['rate']} a year per 1,000 residents"
    pattern = "" if one["pattern"] == "no pattern" else f" Over the quarters: {one['pattern']}."
    return (
        f"Chosen: **{one['place']}**, {w.plural(one['count'], 'incident')}{rate}, rank "
        f"{w.number(one['rank'])} "
        f"of {w.number(len(rows))}. {one['standing']}.{pattern}"
    )


def controls(offered: Sequence[int], rules: Audience, place: str) -> tuple[int, int]:
    """Window in months, and the size of the hexagons, where this audience has a choice."""
    standard = 12 if 12 in offered else offered[0]
    sizes = [r for r in rules.resolutions if r < 10 or place == "stl_city"]
    months, size = standard, sizes[min(1, len(sizes) - 1)]
    if len(offered) > 1 or len(sizes) > 1:
        with st.container(horizontal=True, key="hotspot_controls"):
            if len(offered) > 1:
                words = {n: f"Latest {w.plural(n, 'month')}" for n in offered}
                months = st.selectbox(
                    "Window", list(offered), index=list(offered).index(standard),
                    format_func=lambda n: words[n],
                )  # fmt: skip
            if len(sizes) > 1:
                size = st.selectbox(
                    "Hexagons",
                    sizes,
                    index=sizes.index(size),
                    format_func=lambda r: f"About {AREA_KM2[r]} each",
                )
    return int(months), int(size)


def switch(label: str, options: dict[str, str], key: str) -> str:
    """One of a few ways of looking at a figure; the first until another is chosen."""
    if len(options) == 1:
        return next(iter(options))
    picked = st.segmented_control(
        label, list(options), default=next(iter(options)), format_func=lambda o: options[o], key=key,
        required=True,
    )  # fmt: skip
    return picked or next(iter(options))


def colours(s: Spots) -> dict[str, str]:
    """What the map can be coloured by: rates only where people are known to live."""
    return {k: v for k, v in COLOURS.items() if k != "rate" or s.told["rate"].notna().any()}
