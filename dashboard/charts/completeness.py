"""How complete the figures are, and how far they still move."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import WIDTHS, shorten, text_width
from dashboard.theme import LIGHT, Look

#: State of a month → word, sign in the cell (empty: none), index in the look's colours.
STATES: Final[dict[str, tuple[str, str]]] = {
    "reported": ("Reported", ""),
    "estimated": ("Estimated", "~"),
    "partial": ("Partial", "–"),
    "suspect": ("Looks wrong", "!"),
    "missing": ("Missing", "×"),
}


def _fill(look: Look) -> dict[str, str]:
    return {
        "reported": look.sequential[1],
        "estimated": look.sequential[0],
        "partial": look.sequential[0],
        "suspect": look.goal,
        "missing": look.background,
    }


def completeness_map(table: pd.DataFrame, *, years: int = 4, look: Look = LIGHT) -> Any:
    """One square a month and agency: reported, partial, looks wrong or missing.

    Every state has a colour and a sign; squares are too small for signs on a phone, where the
    table carries the words.

    Args:
        table: ``agency`` (name), ``month``, ``status`` (key of ``STATES``), ``why`` (optional).
        years: how many of the latest years to draw.
    """
    if table.empty:
        return base.empty("No agency has sent data yet.", look)
    data = table.assign(date=base.dates(table["month"])).drop(columns="month")
    last = data["date"].max()
    data = data.loc[data["date"] > last - pd.DateOffset(years=years)]
    first = data["date"].min()
    data["end"] = data["date"] + pd.DateOffset(months=1)
    data["word"] = [STATES[s][0] for s in data["status"]]
    data["sign"] = [STATES[s][1] for s in data["status"]]
    data["label"] = [w.month(d) for d in data["date"]]
    data["why"] = data["why"].fillna("") if "why" in data else ""
    names = list(dict.fromkeys(data["agency"]))
    order = {name: i for i, name in enumerate(names)}
    data["top"] = [order[a] + 0.46 for a in data["agency"]]
    data["bottom"], data["middle"] = data["top"] + 0.46, data["top"] + 0.23
    fill = _fill(look)
    data["fill"] = [fill[s] for s in data["status"]]
    data["line"] = [look.outline if s in ("missing", "suspect") else look.background for s in data["status"]]
    x = (first, last + pd.DateOffset(months=1))
    scale = alt.Scale(domain=[0, len(names)], reverse=True, nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, axis=None)

    chart = alt.Chart(data)
    cells = chart.mark_rect(strokeWidth=1).encode(
        x=base.month_x("date", x), x2="end:T", y=y("top"), y2="bottom:Q",
        fill=alt.Fill("fill:N", scale=None, legend=None),
        stroke=alt.Stroke("line:N", scale=None, legend=None),
        tooltip=[alt.Tooltip("agency:N", title="Agency"), alt.Tooltip("label:N", title="Month"),
                 alt.Tooltip("word:N", title="State"), alt.Tooltip("why:N", title="Why")],
    )  # fmt: skip
    months = max((last.year - first.year) * 12 + last.month - first.month + 1, 1)
    width = alt.ExprRef(f"min(13, width / {months} * 1.4)")
    data_signs = data.loc[data["sign"] != ""].assign(mid=lambda d: d["date"] + pd.Timedelta(days=15))
    signs = alt.Chart(data_signs).mark_text(
        baseline="middle", fontWeight=600, fontSize=width, color=look.text, aria=False
    ).encode(x=base.month_x("mid", x), y=y("middle"), text="sign:N")  # fmt: skip
    titles = pd.DataFrame(
        {
            "agency": names,
            "narrow": [_on_a_phone(name) for name in names],
            "at": [i + 0.24 for i in range(len(names))],
        }
    )
    name = alt.Chart(titles).transform_calculate(
        shown=f"width < {WIDTHS[1]} ? datum.narrow : datum.agency"
    ).mark_text(align="left", baseline="middle", fontSize=13).encode(
        x=alt.value(0), y=y("at"), text="shown:N"
    )  # fmt: skip
    return base.finish(alt.layer(cells, signs, name), look, height=44 * len(names) + 6)


def _on_a_phone(name: str) -> str:
    """A series' name cut to a phone's width: its source, which tells it from the agency's others, stays."""
    agency, colon, source = name.partition(": ")
    end = f"{colon}{source}"
    return shorten(agency, WIDTHS[0] + 20 - text_width(end, 13), 13) + end


def completeness_key() -> str:
    """The signs of the map in one sentence, for the figure's note."""
    return (
        "Filled: reported. "
        + "; ".join(f"{sign} {word.lower()}" for word, sign in STATES.values() if sign)
        + "."
    )


def revision_triangle(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """How much a month's figure moved after it was first published.

    Args:
        table: ``month``, ``delay`` (months between the month and the day its figure was known),
            ``percent`` (of the latest known figure). One line a month.
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("Only one version of the figures is stored so far: nothing to compare.", look)
    data = table.assign(label=[w.month(m) for m in table["month"]]).drop(columns="month")
    y = base.limits([data["percent"], [100.0]])
    x = alt.X(
        "delay:Q",
        scale=alt.Scale(domain=[float(data["delay"].min()), float(data["delay"].max()) or 1.0], nice=False),
        axis=alt.Axis(title="Months after the month itself", tickMinStep=1, tickCount=6),
    )  # fmt: skip
    chart = alt.Chart(data)
    lines = chart.mark_line(color=look.context, strokeWidth=1, opacity=0.5, aria=False).encode(
        x=x, y=base.number_y("percent", y, percent=True), detail="label:N"
    )
    dots = chart.mark_point(size=22, filled=True, color=look.context, opacity=0.8).encode(
        x=x, y=base.number_y("percent", y, percent=True),
        tooltip=[alt.Tooltip("label:N", title="Month"), alt.Tooltip("delay:Q", title="Known after (months)"),
                 alt.Tooltip("percent:Q", title="% of the latest figure", format=".1f")],
    )  # fmt: skip
    middle = data.groupby("delay", as_index=False)["percent"].median()
    line = alt.Chart(middle).mark_line(color=look.main, strokeWidth=3).encode(
        x=x, y=base.number_y("percent", y, percent=True)
    )  # fmt: skip
    return base.finish(alt.layer(base.zero_rule(look, at=100.0), lines, dots, line), look, height=280)
