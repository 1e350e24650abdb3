"""The effect by months since the start, what could be seen by then, and the series beside its comparison."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Frame, Label, place, text_layers
from dashboard.theme import LIGHT, Look

_EFFECT_HEIGHT = 280
_SINCE = "Months since the start"
_AFTER = "Months after the start"


def month_ticks(last: float) -> list[int]:
    """Whole months for an axis of months since the start: every third, sixth or twelfth."""
    step = 3 if last <= 18 else 6 if last <= 48 else 12
    return list(range(step, int(last) + 1, step)) or [int(last)]


def _months_x(field: str, domain: tuple[float, float], title: str) -> alt.X:
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=list(domain), nice=False),
        axis=alt.Axis(title=title, values=month_ticks(domain[1]), format="d", labelSeparation=8),
    )


def effect_since_start(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Does the effect grow, hold or fade? Single months as dots, the model's effect as a line with its band.

    Args:
        table: ``month`` (1 = first month of the programme), ``single`` (that month's count against the
            projection, percent), ``percent``, ``lower``, ``upper`` (the modelled effect; NaN in months that
            count neither before nor after).
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("Nothing to draw: no month after the start is complete yet.", look)
    data = table.astype(float).sort_values("month", ignore_index=True)
    y = base.limits([data[c] for c in ("single", "percent", "lower", "upper")] + [[0.0]])
    x = (0.4, float(data["month"].max()) + 0.6)
    ax = _months_x("month", x, _SINCE)
    chart = alt.Chart(data)
    ay = base.number_y("percent", y, percent=True)
    band = chart.mark_area(color=look.main, opacity=0.16, aria=False).encode(
        x=ax, y=base.number_y("lower", y, percent=True), y2="upper:Q"
    )
    line = chart.mark_line(color=look.main).encode(x=ax, y=ay)
    dots = chart.mark_point(filled=True, size=42, color=look.expected, opacity=0.95).encode(
        x=ax, y=base.number_y("single", y, percent=True),
        tooltip=[alt.Tooltip("month:Q", title="Month since the start"),
                 alt.Tooltip("single:Q", title="This month, percent", format="+.1f"),
                 alt.Tooltip("percent:Q", title="Modelled, percent", format="+.1f"),
                 alt.Tooltip("lower:Q", title="From", format="+.1f"),
                 alt.Tooltip("upper:Q", title="To", format="+.1f")],
    )  # fmt: skip
    known = data.dropna(subset="percent")
    labels = [
        Label(("Modelled effect",), look.main_text, tuple(known["month"]), tuple(known["percent"]), 0.9),
        Label(("Single months",), look.expected_text, tuple(data["month"]), tuple(data["single"]), 0.2),
    ]
    edges = [(tuple(known["month"]), tuple(known[c])) for c in ("lower", "upper")]
    words = _placed(labels, edges, x, y, _SINCE, look)
    layers = alt.layer(band, base.zero_rule(look), line, dots, *words)
    return base.finish(layers, look, height=_EFFECT_HEIGHT)


def power_by_months(table: pd.DataFrame, *, now: int, fall: float, look: Look = LIGHT) -> Any:
    """The smallest fall that can be seen, by months after the start.

    Args:
        table: ``months``, ``smallest_percent`` (negative percent, found in 80 of 100 cases).
        now: months there are.
        fall: the fall that is asked about, negative percent.
    """
    if table.empty or not base.finite(table["smallest_percent"]):
        return base.empty("What could be seen is not known for this specification.", look)
    data = table[["months", "smallest_percent"]].astype(float).rename(columns={"smallest_percent": "fall"})
    y = base.limits([data["fall"], [0.0, fall * 1.15]])
    y = (y[0], 0.0)
    x = (0.0, float(data["months"].max()))
    ax, ay = _months_x("months", x, _AFTER), base.number_y("fall", y, percent=True)
    line = (
        alt.Chart(data)
        .mark_line(color=look.main, point={"size": 40, "filled": True})
        .encode(
            x=ax,
            y=ay,
            tooltip=[
                alt.Tooltip("months:Q", title="Months after the start"),
                alt.Tooltip("fall:Q", title="Smallest fall seen, percent", format=".0f"),
            ],
        )
    )
    asked = alt.Chart(pd.DataFrame({"fall": [fall]})).mark_rule(
        strokeDash=[6, 4], strokeWidth=2, color=look.goal
    ).encode(y=ay)  # fmt: skip
    here = alt.Chart(pd.DataFrame({"months": [float(now)]})).mark_rule(
        strokeWidth=1.2, color=look.rule
    ).encode(x=ax)  # fmt: skip
    across = tuple(np.linspace(x[0], x[1], 25))
    labels = [
        Label((f"A fall of {w.percent(abs(fall))}",), look.goal_text, across, (fall,) * 25, 0.95),
        Label(("Smallest fall that would be found", "Smallest fall found"), look.main_text,
              tuple(data["months"]), tuple(data["fall"]), 0.6),
        Label(("Now",), look.muted, (float(now),) * 9, tuple(np.linspace(0.06, 0.94, 9) * y[0]), 0.0),
    ]  # fmt: skip
    rule = ((float(now), float(now)), y)
    words = _placed(labels, [rule], x, y, _AFTER, look)
    return base.finish(alt.layer(here, asked, line, *words), look, height=_EFFECT_HEIGHT)


def beside_comparison(table: pd.DataFrame, *, start: Any, treated: str, look: Look = LIGHT) -> Any:
    """A place and its comparison on one scale: 100 is the mean of each before the start.

    Args:
        table: ``period``, ``treated``, ``comparison`` (indices).
        start: first month after.
        treated: name of the place.
    """
    if table.empty or not base.finite(table["comparison"]):
        return base.empty("There is no comparison in this specification.", look)
    data = table.assign(date=base.dates(table["period"]), label=[w.month(p) for p in table["period"]])
    data = data.drop(columns="period").sort_values("date", ignore_index=True)
    y = base.limits([data["treated"], data["comparison"], [100.0]])
    x = base.span(data["date"])
    ax, chart = base.month_x("date", x), alt.Chart(data)
    grey = chart.mark_line(color=look.expected, strokeDash=[5, 4]).encode(
        x=ax, y=base.number_y("comparison", y)
    )
    line = chart.mark_line(color=look.main).encode(x=ax, y=base.number_y("treated", y))
    hover = chart.mark_point(size=140, opacity=0, fill=look.main).encode(
        x=ax, y=base.number_y("treated", y),
        tooltip=[alt.Tooltip("label:N", title="Month"),
                 alt.Tooltip("treated:Q", title=treated, format=".0f"),
                 alt.Tooltip("comparison:Q", title="Comparison", format=".0f")],
    )  # fmt: skip
    begin = base.day(start)
    rule = float(base.ordinal(begin)[0])
    days = tuple(base.ordinal(pd.DatetimeIndex(data["date"])))
    labels = [
        Label((treated,), look.main_text, days, tuple(data["treated"]), 0.25),
        Label(("Comparison cities", "Comparison"), look.expected_text, days, tuple(data["comparison"]), 0.7),
        Label(("Start",), look.muted, (rule,) * 4,
              tuple(y[1] - s * (y[1] - y[0]) for s in (0.02, 0.06, 0.1, 0.9)), 0.0),
    ]  # fmt: skip
    placed = place(labels, base.frame(x, y, _EFFECT_HEIGHT), [((rule, rule), y)])
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y))
    layers = alt.layer(
        base.zero_rule(look, at=100.0), base.start_rule(begin, look), grey, line, hover, *words
    )
    return base.finish(layers, look, height=_EFFECT_HEIGHT)


def _placed(
    labels: list[Label],
    lines: list[tuple[tuple[float, ...], tuple[float, ...]]],
    x: tuple[float, float],
    y: tuple[float, float],
    title: str,
    look: Look,
) -> list[alt.Chart]:
    """Text layers of labels over months since the start and percents."""
    places = place(labels, Frame(*x, *y, _EFFECT_HEIGHT), lines)
    return text_layers(places, look, _months_x("x", x, title), base.number_y("y", y, percent=True))
