"""For researchers: what a model leaves behind."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.theme import LIGHT, Look


def residuals(table: pd.DataFrame, *, start: Any = None, look: Look = LIGHT) -> Any:
    """Residuals over time with the ±2 band that most of them should keep.

    Args:
        table: ``period``, ``residual`` (standardised).
        start: first month after, drawn as a rule.
    """
    if table.empty or not base.finite(table["residual"]):
        return base.empty("The model left no residuals to show.", look)
    data = table.assign(date=base.dates(table["period"]), label=[w.month(p) for p in table["period"]])
    data = data.drop(columns="period")
    y = base.limits([data["residual"], [-3.0, 3.0]])
    x = base.span(data["date"])
    band = alt.Chart(pd.DataFrame({"low": [-2.0], "high": [2.0]})).mark_rect(
        color=look.context, opacity=0.14, aria=False
    ).encode(y=base.number_y("low", y), y2="high:Q")  # fmt: skip
    dots = alt.Chart(data).mark_point(filled=True, size=36, color=look.main, opacity=0.9).encode(
        x=base.month_x("date", x), y=base.number_y("residual", y),
        tooltip=[alt.Tooltip("label:N", title="Month"),
                 alt.Tooltip("residual:Q", title="Residual", format="+.2f")],
    )  # fmt: skip
    rule = [] if start is None else [base.start_rule(base.day(start), look)]
    return base.finish(alt.layer(band, base.zero_rule(look), *rule, dots), look, height=220)


def autocorrelation(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Autocorrelation of the residuals by lag; grey: what chance alone gives.

    Args:
        table: ``lag`` (1, 2, …), ``value``, ``limit`` (half-width of the band of no correlation).
    """
    if table.empty or not base.finite(table["value"]):
        return base.empty("There are too few residuals for autocorrelations.", look)
    data = table.assign(low=-table["limit"].astype(float), high=table["limit"].astype(float), zero=0.0)
    top = float(np.nanmax(np.abs(data[["value", "high"]].to_numpy(float)))) * 1.15
    y = (-max(top, 0.3), max(top, 0.3))
    last = int(data["lag"].max())
    ticks = list(range(0, last + 1, 3 if last <= 15 else 6))[1:] or [1]
    x = alt.X(
        "lag:Q", scale=alt.Scale(domain=[0.3, float(data["lag"].max()) + 0.7], nice=False),
        axis=alt.Axis(title="Months apart", values=ticks),
    )  # fmt: skip
    chart = alt.Chart(data)
    band = chart.mark_area(color=look.context, opacity=0.2, aria=False, interpolate="step").encode(
        x=x, y=base.number_y("low", y), y2="high:Q"
    )
    outside = "abs(datum.value) > datum.limit"
    colour = alt.when(outside).then(alt.value(look.goal)).otherwise(alt.value(look.main))
    stem = chart.mark_rule(strokeWidth=3).encode(x=x, y=base.number_y("zero", y), y2="value:Q", color=colour)
    dot = chart.mark_point(filled=True, size=45, opacity=1).encode(
        x=x, y=base.number_y("value", y), color=colour,
        shape=alt.when(outside).then(alt.value("diamond")).otherwise(alt.value("circle")),
        tooltip=[alt.Tooltip("lag:Q", title="Months apart"), alt.Tooltip("value:Q", format="+.2f")],
    )  # fmt: skip
    return base.finish(alt.layer(band, base.zero_rule(look), stem, dot), look, height=200)
