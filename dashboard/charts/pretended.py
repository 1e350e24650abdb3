"""Starts that were none: every other month tried as the start, and where a series breaks by itself."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.theme import LIGHT, Look

HEIGHT = 260


def pretended_starts(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """The change at every pretended start with its range, and at the real one.

    Args:
        table: ``period``, ``percent``, ``lower``, ``upper``, ``real`` (bool, true in one row).
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("The past is too short to try starts that were none.", look)
    data = table.assign(
        date=base.dates(table["period"]),
        label=[w.month(p) for p in table["period"]],
        what=np.where(table["real"], "The real start", "A start that was none"),
    ).drop(columns="period")
    y = base.limits([data["percent"], data["lower"].clip(-100, 150), data["upper"].clip(-100, 150), [0.0]])
    data = data.assign(lower=data["lower"].clip(*y), upper=data["upper"].clip(*y))
    x = base.span(data["date"])
    margin = pd.DateOffset(months=1)
    x = (x[0] - margin, x[1] + margin)
    ax = base.month_x("date", x)
    real = "datum.real"
    colour = alt.when(real).then(alt.value(look.main)).otherwise(alt.value(look.context))
    chart = alt.Chart(data)
    bar = chart.mark_rule(strokeWidth=2, opacity=0.7, aria=False).encode(
        x=ax, y=base.number_y("lower", y, percent=True), y2="upper:Q", color=colour
    )
    dot = chart.mark_point(filled=True, opacity=1).encode(
        x=ax, y=base.number_y("percent", y, percent=True), color=colour,
        shape=alt.when(real).then(alt.value("diamond")).otherwise(alt.value("circle")),
        size=alt.when(real).then(alt.value(140)).otherwise(alt.value(42)),
        tooltip=[alt.Tooltip("label:N", title="Start"), alt.Tooltip("what:N", title="Which"),
                 alt.Tooltip("percent:Q", title="Change, percent", format="+.1f")],
    )  # fmt: skip
    own = data.loc[data["real"]]
    rest = data.loc[~data["real"]]
    labels = [
        Label(("The real start", "Real start"), look.main_text, tuple(base.ordinal(own["date"])) * 3,
              (*own["percent"], *own["lower"], *own["upper"]), 0.5),
        Label(("Starts that were none",), look.muted, tuple(base.ordinal(rest["date"])),
              tuple(rest["upper"]), 0.1),
    ]  # fmt: skip
    edges = [
        ((float(d), float(d)), (float(lo), float(up)))
        for d, lo, up in zip(base.ordinal(data["date"]), data["lower"], data["upper"], strict=True)
    ]
    placed = place(labels, base.frame(x, y, HEIGHT), edges)
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y, percent=True))
    return base.finish(alt.layer(base.zero_rule(look), bar, dot, *words), look, height=HEIGHT)


def break_search(table: pd.DataFrame, *, start: Any, look: Look = LIGHT) -> Any:
    """How much better the model becomes with a break at each month; the highest point is the series' own.

    Args:
        table: ``period``, ``gain`` (likelihood-ratio statistic), ``largest`` (bool).
        start: the real start, drawn as a rule.
    """
    if table.empty or not base.finite(table["gain"]):
        return base.empty("No month could be tried as a break.", look)
    data = table.assign(date=base.dates(table["period"]), label=[w.month(p) for p in table["period"]])
    data = data.drop(columns="period")
    begin = base.day(start)
    y = base.limits([data["gain"], [0.0]], zero=True, room=0.2)
    dates = pd.concat([data["date"], pd.Series([begin])])
    x = base.span(dates)
    ax, chart = base.month_x("date", x), alt.Chart(data)
    line = chart.mark_line(color=look.main).encode(
        x=ax, y=base.number_y("gain", y),
        tooltip=[alt.Tooltip("label:N", title="Break in"),
                 alt.Tooltip("gain:Q", title="Gain", format=".1f")],
    )  # fmt: skip
    top = data.loc[data["largest"]].head(1)
    point = alt.Chart(top).mark_point(filled=True, shape="diamond", size=130, opacity=1, color=look.goal)
    mark = point.encode(x=ax, y=base.number_y("gain", y))
    rule = float(base.ordinal(begin)[0])
    labels = [
        Label((*(f"The series’ own: {t}" for t in top["label"]), "Its own"), look.goal_text,
              tuple(base.ordinal(top["date"])) * 3, tuple(top["gain"]) * 3, 0.5),
        Label(("Real start", "Start"), look.muted, (rule,) * 6, tuple(np.linspace(0.97, 0.4, 6) * y[1]), 0.0),
    ]  # fmt: skip
    edges = [(tuple(base.ordinal(data["date"])), tuple(data["gain"])), ((rule, rule), y)]
    placed = place(labels, base.frame(x, y, 220), edges)
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y))
    return base.finish(alt.layer(base.start_rule(begin, look), line, mark, *words), look, height=220)
