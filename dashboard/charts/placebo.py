"""How unusual is it? Placebos in space and time, and who the comparison is made of."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.theme import LIGHT, Look


def placebo_spaghetti(
    gaps: pd.DataFrame,
    *,
    treated: str,
    start: Any,
    treated_label: str | None = None,
    others_label: str = "The same method on comparison places",
    percent: bool = True,
    look: Look = LIGHT,
) -> Any:
    """The gap of the treated place among the gaps of places where nothing started.

    Args:
        gaps: ``unit``, ``period``, ``gap`` (percent of the expected value, or events).
        treated: the unit that stands out.
        start: first month after.
        treated_label, others_label: direct labels.
        percent: whether the gap is in percent.
    """
    if gaps.empty or not base.finite(gaps["gap"]):
        return base.empty("No placebo could be run.", look)
    table = gaps.assign(date=base.dates(gaps["period"])).drop(columns="period").sort_values(["unit", "date"])
    others = table.loc[table["unit"] != treated]
    own = table.loc[table["unit"] == treated]
    # A few wild placebos must not flatten the rest; what lies outside is cut at the frame.
    spread = np.nanquantile(others["gap"], [0.01, 0.99]) if base.finite(others["gap"]) else [0.0, 0.0]
    y = base.limits([spread, own["gap"], [0.0]])
    x = base.span(table["date"])
    ax, ay = base.month_x("date", x), base.number_y("gap", y, percent=percent)
    quiet: dict[str, Any] = {
        "color": look.context,
        "strokeWidth": 1,
        "opacity": 0.35,
        "clip": True,
        "aria": False,
    }
    grey = alt.Chart(others).mark_line(**quiet).encode(
        x=ax, y=ay, detail="unit:N"
    )  # fmt: skip
    line = alt.Chart(own).mark_line(color=look.main, strokeWidth=3, clip=True).encode(x=ax, y=ay)
    begin = base.day(start)
    rule = float(base.ordinal(begin)[0])
    first, last = (float(v) for v in base.ordinal(pd.DatetimeIndex(x)))
    edge = tuple(np.linspace(first, last, 9))
    top = (y[1] - 0.03 * (y[1] - y[0]),) * 9
    bottom = (y[0] + 0.03 * (y[1] - y[0]),) * 9
    labels = [
        Label(
            (treated_label or treated,),
            look.main_text,
            tuple(base.ordinal(own["date"])),
            tuple(own["gap"]),
            0.9,
        ),
        Label((others_label, "Comparison places", "Others"), look.muted, edge, bottom, 0.0),
        Label(("Start",), look.muted, (rule,) * 9, top, 0.0),
    ]
    mine = (tuple(base.ordinal(own["date"])), tuple(own["gap"]))
    placed = place(labels, base.frame(x, y), [mine, ((rule, rule), y)])
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y, percent=percent))
    return base.finish(
        alt.layer(grey, base.zero_rule(look), base.start_rule(begin, look), line, *words), look
    )


def placebo_distribution(
    values: pd.Series | np.ndarray,
    observed: float,
    *,
    observed_label: str,
    title: str = "Difference in percent",
    look: Look = LIGHT,
) -> Any:
    """Where the observed value lies among its placebos: one dot each, stacked.

    Args:
        values: one number a placebo (NaN are left out).
        observed: the number of the treated place.
        observed_label: words for it, "St. Louis City: −8 %, 12th of 68".
        title: of the axis.
    """
    flat = np.asarray(values, float)
    flat = flat[np.isfinite(flat)]
    if len(flat) == 0 or not np.isfinite(observed):
        return base.empty("No placebo could be run.", look)
    low, high = base.limits([flat, [observed, 0.0]])
    bins = np.linspace(low, high, 41)
    which = np.clip(np.digitize(flat, bins) - 1, 0, 39)
    stack = pd.Series(which).groupby(which).cumcount() + 1
    table = pd.DataFrame(
        {"value": (bins[which] + bins[which + 1]) / 2, "height": stack.to_numpy(), "exact": flat}
    )
    top = max(float(stack.max()), 4.0) * 1.45
    x = alt.X(
        "value:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(title=title, tickCount=6)
    )
    y = alt.Y("height:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=None)
    size = alt.ExprRef(f"pow(min(width / 41, {190 / top:.2f}) * 0.8, 2)")
    dots = alt.Chart(table).mark_point(filled=True, color=look.context, opacity=0.9, size=size).encode(
        x=x, y=y, tooltip=[alt.Tooltip("exact:Q", title="Placebo", format="+.1f")]
    )  # fmt: skip
    own = pd.DataFrame({"value": [observed], "height": [top * 0.86], "text": [observed_label]})
    rule = alt.Chart(own).mark_rule(color=look.main, strokeWidth=3).encode(
        x=x, y=y, y2=alt.datum(0)
    )  # fmt: skip
    left = observed < (low + high) / 2
    style: dict[str, Any] = {
        "align": "left" if left else "right", "dx": -3 if left else 3, "baseline": "bottom", "dy": -5,
        "fontWeight": 600, "fontSize": alt.ExprRef("width < 380 ? 12.5 : 14"),
    }  # fmt: skip
    halo: dict[str, Any] = {"stroke": look.background, "strokeWidth": 4, "aria": False}
    texts = [
        alt.Chart(own).mark_text(**style, **more).encode(x=x, y=y, text="text:N")
        for more in (halo, dict[str, Any](color=look.main_text))
    ]
    return base.finish(alt.layer(dots, base.zero_rule(look, vertical=True), rule, *texts), look, height=240)


def donor_weights(table: pd.DataFrame, *, most: int = 12, look: Look = LIGHT) -> Any:
    """Who the synthetic comparison is made of.

    Args:
        table: ``name``, ``weight`` (shares of 1, may be negative for some estimators).
        most: further donors are summed up in one last bar.
    """
    kept = table.loc[table["weight"].abs() > 5e-4].sort_values("weight", key=abs, ascending=False)
    if kept.empty:
        return base.empty("No donor carries any weight.", look)
    rows = kept.head(most)[["name", "weight"]]
    rest = kept.iloc[most:]
    if len(rest):
        other = pd.DataFrame({"name": [f"{len(rest)} others together"], "weight": [rest["weight"].sum()]})
        rows = pd.concat([rows, other], ignore_index=True)
    from dashboard.charts.places import bars

    shown = rows.assign(value=100 * rows["weight"], shown=[w.percent(100 * v, 1) for v in rows["weight"]])
    return bars(shown, look=look)
