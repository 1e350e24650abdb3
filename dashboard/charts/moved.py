"""How an estimate moved as months came in, and the effect by months since the start in groups of three."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.theme import LIGHT, Look

_HEIGHT = 250
#: Intervals wider than this are cut at the edge, so that the others stay readable.
_WIDEST = 80.0


def estimate_over_time(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """The estimate with its range, as it was told at the end of each quarter; the newest stands out.

    Args:
        table: ``through`` (last month used), ``percent``, ``lower``, ``upper`` (NaN: no estimate then).
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("There was no estimate at the end of any quarter yet.", look)
    data = table.dropna(subset="percent").reset_index(drop=True)
    data = pd.DataFrame(
        {
            # In the order of quarters and not of days: the newest months may be no whole quarter.
            "at": [f"{i:02d}" for i in range(len(data))],
            "label": [w.month(m) for m in data["through"]],
            "short": [
                f"{pd.Period(m, 'M').strftime('%b')} {pd.Period(m, 'M').year}" for m in data["through"]
            ],
            "percent": data["percent"].astype(float),
            "lower": data["lower"].astype(float).clip(-_WIDEST, _WIDEST),
            "upper": data["upper"].astype(float).clip(-_WIDEST, _WIDEST),
            "newest": data.index == data.index.max(),
            "told": [
                f"{w.percent(p, signed=True)} ({w.percent(lo, signed=True)} to {w.percent(hi, signed=True)})"
                for p, lo, hi in data[["percent", "lower", "upper"]].to_numpy(float)
            ],
        }
    )
    y = base.limits([data[c] for c in ("percent", "lower", "upper")] + [[0.0]], room=0.12)
    names = dict(zip(data["at"], data["short"], strict=True))
    axis = alt.Axis(
        title="Months used, through", labelAngle=0, labelOverlap="greedy", labelSeparation=8,
        labelExpr=f"{names}[datum.value]", grid=False,
    )  # fmt: skip
    x = alt.X("at:O", axis=axis, scale=alt.Scale(padding=0.6))
    colour = alt.when("datum.newest").then(alt.value(look.main)).otherwise(alt.value(look.context))
    chart = alt.Chart(data)
    bar = chart.mark_rule(strokeWidth=3, opacity=0.75, aria=False).encode(
        x=x, y=base.number_y("lower", y, percent=True), y2="upper:Q", color=colour
    )
    dot = chart.mark_point(filled=True, size=95, opacity=1).encode(
        x=x, y=base.number_y("percent", y, percent=True), color=colour,
        tooltip=[alt.Tooltip("label:N", title="Months through"), alt.Tooltip("told:N", title="Estimate")],
    )  # fmt: skip
    now = chart.transform_filter("datum.newest").mark_text(
        align="left", dx=8, fontWeight=600, color=look.main_text
    ).encode(x=x, y=base.number_y("percent", y, percent=True), text=alt.value("Now"))  # fmt: skip
    return base.finish(alt.layer(base.zero_rule(look), bar, dot, now), look, height=_HEIGHT)


def effect_by_months(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Three months a bar: observed against expected, in percent; grey before the start.

    Args:
        table: ``from_month``, ``to_month`` (0 = first month of the programme; negative = before it),
            ``percent``.
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("No three months since the start are complete yet.", look)
    data = table.astype(float).sort_values("from_month", ignore_index=True)
    data["left"], data["right"] = data["from_month"] + 0.15, data["to_month"] + 0.85
    data["after"] = data["from_month"] >= 0
    data["label"] = [months_words(a, b) for a, b in data[["from_month", "to_month"]].to_numpy()]
    data["told"] = [w.percent(p, signed=True) for p in data["percent"]]
    y = base.limits([data["percent"], [0.0]], room=0.14)
    domain = [float(data["from_month"].min()), float(data["to_month"].max()) + 1]
    ticks = [t for t in range(-24, int(domain[1]) + 1, 6) if domain[0] <= t <= domain[1]]
    axis = alt.Axis(
        title="Months before and since the start", values=ticks, format="+d", labelSeparation=8, grid=False,
        labelExpr="datum.value == 0 ? 'start' : format(datum.value, '+d')",
    )  # fmt: skip
    x = alt.X("left:Q", axis=axis, scale=alt.Scale(domain=domain, nice=False))
    colour = alt.when("datum.after").then(alt.value(look.main)).otherwise(alt.value(look.context))
    bars = alt.Chart(data).mark_bar(opacity=0.9).encode(
        x=x, x2="right:Q", y=base.number_y("percent", y, percent=True), y2=alt.datum(0), color=colour,
        tooltip=[alt.Tooltip("label:N", title="When"), alt.Tooltip("told:N", title="Difference"),
                 alt.Tooltip("observed:Q", title="What happened", format=",.1f"),
                 alt.Tooltip("expected:Q", title="Expected", format=",.1f")],
    )  # fmt: skip
    start = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(strokeWidth=1.2, color=look.rule).encode(
        x=alt.X("at:Q", axis=axis, scale=alt.Scale(domain=domain, nice=False))
    )  # fmt: skip
    return base.finish(alt.layer(bars, base.zero_rule(look), start), look, height=_HEIGHT)


def months_words(first: float, last: float) -> str:
    """Months from the start in words: counted from 1 after it, from −1 before it."""
    if first >= 0:
        return f"months {int(first) + 1} to {int(last) + 1}"
    return f"{int(-first)} to {int(-last)} months before"
