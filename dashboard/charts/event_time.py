"""Several places that started at different times, lined up at their starts."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts import base
from dashboard.charts.labels import Frame, Label, place, text_layers
from dashboard.theme import LIGHT, Look

_HEIGHT = 300


def event_time(table: pd.DataFrame, *, weighted: bool = True, unit: str = "", look: Look = LIGHT) -> Any:
    """The mean difference by months since each place's own start, with its range after it.

    Args:
        table: ``time`` (0 = first month after the start), ``gap`` (mean over places), ``lower``, ``upper``
            (NaN before the start or without a range), ``gap_weighted`` (by residents).
        weighted: whether the mean by residents is drawn beside it.
        unit: of the differences, as the title of the axis.
    """
    if table.empty or not base.finite(table["gap"]):
        return base.empty("Nothing to draw: no month can be lined up.", look)
    data = table.astype(float).sort_values("time", ignore_index=True)
    weighted = weighted and base.finite(data["gap_weighted"])
    columns = ["gap", "lower", "upper"] + (["gap_weighted"] if weighted else [])
    y = base.limits([*(data[c] for c in columns), [0.0]])
    first, last = float(data["time"].min()), float(data["time"].max())
    x = (first - 0.5, last + 0.5)
    step = 6 if last - first <= 48 else 12
    ticks = list(range(int(np.ceil(first / step)) * step, int(last) + 1, step))

    def across(field: str) -> alt.X:
        axis = alt.Axis(
            title="Months since each place’s own start", values=ticks, format="d", labelSeparation=8
        )
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=list(x), nice=False), axis=axis)

    ax = across("time")
    ay = base.number_y("gap", y, title=unit or None)
    chart = alt.Chart(data)
    band = chart.transform_filter("isValid(datum.lower)").mark_area(
        color=look.main, opacity=0.16, aria=False
    ).encode(x=ax, y=base.number_y("lower", y), y2="upper:Q")  # fmt: skip
    line = chart.mark_line(color=look.main, strokeWidth=2.5).encode(
        x=ax, y=ay,
        tooltip=[alt.Tooltip("time:Q", title="Months since the start"),
                 alt.Tooltip("gap:Q", title="Mean difference", format="+.2f"),
                 alt.Tooltip("lower:Q", title="From", format="+.2f"),
                 alt.Tooltip("upper:Q", title="To", format="+.2f"),
                 alt.Tooltip("units:Q", title="Places seen")],
    )  # fmt: skip
    layers: list[Any] = [band, base.zero_rule(look)]
    labels = [
        Label(("Every place counts the same", "Places alike"), look.main_text, tuple(data["time"]),
              tuple(data["gap"]), 0.15),
    ]  # fmt: skip
    if weighted:
        layers.append(
            chart.mark_line(color=look.expected, strokeDash=[5, 4]).encode(
                x=ax, y=base.number_y("gap_weighted", y)
            )
        )
        labels.append(
            Label(("Every resident counts the same", "Residents alike"), look.expected_text,
                  tuple(data["time"]), tuple(data["gap_weighted"]), 0.5)
        )  # fmt: skip
    rule = alt.Chart(pd.DataFrame({"time": [-0.5]})).mark_rule(strokeWidth=1.2, color=look.rule).encode(x=ax)
    top = tuple(y[1] - s * (y[1] - y[0]) for s in (0.03, 0.08, 0.13, 0.9))
    labels.append(Label(("Start",), look.muted, (-0.5,) * 4, top, 0.0))
    edges = [(tuple(data["time"]), tuple(data[c])) for c in columns]
    placed = place(labels, Frame(*x, *y, _HEIGHT), [*edges, ((-0.5, -0.5), y)])
    words = text_layers(placed, look, across("x"), base.number_y("y", y))
    return base.finish(alt.layer(*layers, rule, line, *words), look, height=_HEIGHT)
