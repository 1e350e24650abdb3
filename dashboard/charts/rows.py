"""Rows of words with a mark below: names are never squeezed into a margin or cut off on a phone.

Where there is room, the name stands at the left and what it says at the right of one line; on a
phone the second stands under the first. The chart chooses by itself, from Vega's signal ``width``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.labels import WIDTHS, shorten, text_width
from dashboard.theme import Look

ROW: Final = 60
HEADING: Final = 34
#: Plot width (pixels) from which name and finding share a line.
WIDE: Final = 560
#: Vega expression for the height of a row's mark.
MARK_AT: Final = f"datum.top + (width < {WIDE} ? 45 : 34)"


def lay_out(rows: pd.DataFrame, group: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Add ``top`` (pixels from the top of the plot) to every row, with room for headings.

    Returns:
        rows with ``top``; headings (``heading``, ``top``); the plot's height in pixels.
    """
    rows = rows.reset_index(drop=True).copy()
    tops, headings, y = [], [], 0.0
    for i in range(len(rows)):
        if group is not None and (i == 0 or rows[group].iloc[i] != rows[group].iloc[i - 1]):
            headings.append({"heading": str(rows[group].iloc[i]), "top": y})
            y += HEADING
        tops.append(y)
        y += ROW
    rows["top"] = np.asarray(tops, float)
    return rows, pd.DataFrame(headings, columns=["heading", "top"]), y


def y_of(field: str, height: float) -> alt.Y:
    """A y position in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=None)


def words(
    rows: pd.DataFrame,
    headings: pd.DataFrame,
    height: float,
    look: Look,
    *,
    says: str = "says",
    colour: str | None = None,
) -> list[alt.Chart]:
    """The words of all rows: column ``name`` and column ``says``, with a halo against rules.

    ``colour`` is the column with the colour of what it says; muted when None.
    """
    names = [str(n) for n in rows["name"]]
    table = rows.assign(
        name=names,
        name_width=[text_width(n) for n in names],
        short=[n.split(" (")[0] for n in names],
        short_width=[text_width(n.split(" (")[0]) for n in names],
        tiny=[shorten(n.split(" (")[0], WIDTHS[0]) for n in names],
        cut=[shorten(str(t), WIDTHS[0] + 15, 13.5) for t in rows[says]],
    )
    room = f"width * (width < {WIDE} ? 1 : 0.62)"
    # A name that does not fit drops what stands in brackets; the table has all of it. (Vega's own
    # ``limit`` is no help: vl-convert does not know how wide our font is.)
    chart = alt.Chart(table).transform_calculate(
        name_at="datum.top + 14",
        says_at=f"datum.top + (width < {WIDE} ? 30 : 14)",
        shown=(
            f"datum.name_width < {room} ? datum.name : datum.short_width < {room} ? datum.short : datum.tiny"
        ),
    )
    says_colour: Any = (
        alt.value(look.muted) if colour is None else alt.Color(f"{colour}:N", scale=None, legend=None)
    )
    layers: list[alt.Chart] = []
    for halo in (True, False):
        style: dict[str, Any] = {"baseline": "middle", "fontSize": 14}
        if halo:
            style |= {"stroke": look.background, "strokeWidth": 9, "strokeJoin": "round", "aria": False}
        name = chart.mark_text(**style, align="left", fontWeight=600)
        wide = chart.transform_filter(f"width >= {WIDE}").mark_text(**style, align="right", x="width")
        narrow = chart.transform_filter(f"width < {WIDE}").mark_text(**style, align="left")
        at = {"x": alt.value(0)}
        layers.append(name.encode(**at, y=y_of("name_at", height), text="shown:N"))
        texts: Sequence[alt.Chart] = (
            wide.encode(y=y_of("says_at", height), text=f"{says}:N"),
            narrow.encode(**at, y=y_of("says_at", height), text="cut:N"),
        )
        layers += [t if halo else t.encode(color=says_colour) for t in texts]
    if len(headings):
        title = alt.Chart(headings.assign(at=headings["top"] + 20))
        for ink in ({"stroke": look.background, "strokeWidth": 4, "aria": False}, {"color": look.main_text}):
            layers.append(
                title.mark_text(align="left", baseline="middle", fontSize=15, fontWeight=600, **ink).encode(
                    x=alt.value(0), y=y_of("at", height), text="heading:N"
                )
            )
    return layers
