"""Where and when: concentration, hours of the week, and lengths in order."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import BREAKS, WIDTHS, Frame, Label, place, shorten, text_layers, text_width
from dashboard.theme import LIGHT, Look

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def concentration_curve(
    curve: pd.DataFrame, *, marks: tuple[float, ...] = (0.05,), what: str = "events", look: Look = LIGHT
) -> Any:
    """Share of the map (busiest places first) against the share of events it holds.

    Args:
        curve: ``share_of_places``, ``share_of_events``, both 0 to 1 and not falling. Optional
            ``chance``: the curve if the same events had fallen at random (few events look
            concentrated by themselves).
        marks: shares of the map to name ("5 % of the map: 28 % of events").
        what: the events, in words.
    """
    if curve.empty or not base.finite(curve["share_of_events"]):
        return base.empty("Nothing to draw: no event has a place on the map.", look)
    table = curve.sort_values("share_of_places", ignore_index=True)
    data = pd.DataFrame(
        {
            "places": 100 * table["share_of_places"].astype(float),
            "events": 100 * table["share_of_events"].astype(float),
            "chance": 100 * table["chance"].astype(float) if "chance" in table else np.nan,
        }
    )
    # What matters happens left; the part where everything is already reached is left out.
    reached = data.loc[data["events"] >= 99.0, "places"]
    end = float(min(100.0, max(10.0, np.ceil((reached.min() if len(reached) else 100.0) / 5) * 5)))
    data = data.loc[data["places"] <= end]
    axis: dict[str, Any] = {"labelExpr": "format(datum.value, ',.0f') + '\u00a0%'", "tickCount": 5}
    x_axis = alt.Axis(title="Share of the map, busiest places first", **axis)
    x = alt.X("places:Q", scale=alt.Scale(domain=[0, end], nice=False), axis=x_axis)
    domain = (0.0, 100.0)
    chart = alt.Chart(data)
    line = chart.mark_line(color=look.main, clip=True).encode(
        x=x, y=base.number_y("events", domain, percent=True),
        tooltip=[alt.Tooltip("places:Q", title="% of the map", format=".1f"),
                 alt.Tooltip("events:Q", title=f"% of {what}", format=".1f")],
    )  # fmt: skip
    layers: list[Any] = [line]
    frame = Frame(0.0, end, 0.0, 100.0, base.HEIGHT)
    labels: list[Label] = []
    for share in marks:
        at = float(np.interp(100 * share, data["places"], data["events"]))
        dot = alt.Chart(pd.DataFrame({"places": [100 * share], "events": [at]}))
        layers.append(
            dot.mark_point(filled=True, size=90, color=look.main, opacity=1).encode(
                x=x, y=base.number_y("events", domain, percent=True)
            )
        )
        long = f"{w.percent(100 * share)} of the map holds {w.percent(at)} of {what}"
        short = f"{w.percent(100 * share)}: {w.percent(at)}"
        labels.append(Label((long, short), look.main_text, (100 * share,), (at,)))
    if base.finite(data["chance"]):
        layers.append(
            chart.mark_line(color=look.context, strokeDash=[5, 4]).encode(
                x=x, y=base.number_y("chance", domain, percent=True)
            )
        )
        labels.append(
            Label(
                ("If events fell at random", "At random"), look.muted,
                tuple(data["places"]), tuple(data["chance"]), 0.7,
            )
        )  # fmt: skip
    placed = place(labels, frame, [(tuple(data["places"]), tuple(data["events"]))])
    plain = alt.X("x:Q", scale=alt.Scale(domain=[0, end], nice=False), axis=x_axis)
    return base.finish(
        alt.layer(*layers, *text_layers(placed, look, plain, base.number_y("y", domain, percent=True))), look
    )


def hour_by_day(table: pd.DataFrame, *, floor: int | None = None, band: int = 1, look: Look = LIGHT) -> Any:
    """Hours of the week as a heat map: the more, the stronger the colour.

    Args:
        table: ``day`` (0 Monday … 6 Sunday), ``hour`` (0 to 23), ``count`` (NaN: suppressed).
        floor: counts below it were suppressed, said in the tooltip where there is no column ``shown``.
        band: hours that a square stands for; ``hour`` is then the first of them.
    """
    if table.empty or not base.finite(table["count"]):
        return base.empty("Nothing to draw: no event has an hour.", look)
    data = table.assign(
        name=[DAYS[int(d)] for d in table["day"]],
        short=[DAYS[int(d)][:3] for d in table["day"]],
        shown=table["shown"]
        if "shown" in table
        else [f"fewer than {floor}" if floor and pd.isna(c) else w.number(c) for c in table["count"]],
        clock=[f"{h:02d}:00–{(h + band) % 24:02d}:00" for h in table["hour"].astype(int)],
    )
    top = float(data["count"].max())
    colour = alt.Color(
        "count:Q", legend=None,
        scale=alt.Scale(domain=[0, max(top, 1.0)], range=[look.area, *look.sequential]),
    )  # fmt: skip
    x = alt.X(
        "hour:O",
        axis=alt.Axis(
            title="Hour of the day" if band == 1 else f"Time of day, in bands of {band} hours",
            labelAngle=0, ticks=False, domain=False, values=list(range(0, 24, max(band, 3))),
            labelExpr=(
                "datum.value == 0 ? 'midnight' : datum.value == 12 ? 'noon' : "
                "datum.value % 12 + (datum.value < 12 ? ' am' : ' pm')"
            ) if band == 1 else _band_words(band),
        ),
        scale=alt.Scale(paddingInner=0.06),
    )  # fmt: skip
    y = alt.Y(
        "short:O",
        sort=[d[:3] for d in DAYS],
        axis=alt.Axis(title=None, ticks=False, domain=False, grid=False),
    )
    cells = alt.Chart(data).mark_rect(cornerRadius=2).encode(
        x=x, y=y, color=colour,
        tooltip=[alt.Tooltip("name:N", title="Day"), alt.Tooltip("clock:N", title="Hour"),
                 alt.Tooltip("shown:N", title="Count")],
    )  # fmt: skip
    # An empty square is no zero: where a count is not shown, a dot says that something is there.
    hidden = alt.Chart(data.loc[data["count"].isna()]) if data["count"].isna().any() else None
    veils = [] if hidden is None else [
        hidden.mark_rect(cornerRadius=2, color=look.area, aria=False).encode(x=x, y=y),
        hidden.mark_text(text="·", fontSize=16, color=look.muted, aria=False).encode(x=x, y=y),
    ]  # fmt: skip
    peak = data.loc[[data["count"].idxmax()]]
    ring = (
        alt.Chart(peak)
        .mark_rect(filled=False, stroke=look.goal, strokeWidth=2.5, cornerRadius=2)
        .encode(x=x, y=y)
    )
    return base.finish(alt.layer(*veils, cells, ring), look, height=alt.Step(30))


def _band_words(band: int) -> str:
    """A Vega expression for the axis: "midnight to 6 am"."""

    def clock(hour: int) -> str:
        hour %= 24
        noon = "midnight" if hour == 0 else "noon"
        return noon if hour % 12 == 0 else f"{hour % 12} {'am' if hour < 12 else 'pm'}"

    names = [f"{clock(hour)} to {clock(hour + band)}" for hour in range(0, 24, band)]
    return f"{names!r}[datum.value / {band}]"


def bars(table: pd.DataFrame, *, step: int = 44, goal: str | None = None, look: Look = LIGHT) -> Any:
    """Lengths in the order given, names above, values at the end of the bar.

    Args:
        table: ``name``, ``value``; ``shown`` (the value in words) and ``status`` are optional.
        step: pixels a row takes.
        goal: column with a value to mark on each bar (a plan); not drawn when None.
    """
    if table.empty:
        return base.empty("Nothing to show yet.", look)
    rows = table.reset_index(drop=True).copy()
    rows["value"] = pd.to_numeric(rows["value"]).astype(float)
    if "shown" not in rows:
        rows["shown"] = [w.number(v) if w.known(v) else "no data" for v in rows["value"]]
    rows["at"] = np.arange(len(rows)) + 0.68
    rows["words_at"] = np.arange(len(rows)) + 0.26
    rows["zero"] = 0.0
    rows["narrow"] = [
        shorten(str(n), WIDTHS[0] + 10 - text_width(str(v)))
        for n, v in zip(rows["name"], rows["shown"], strict=True)
    ]
    marks = [rows[goal]] if goal else []
    low, high = base.limits([rows["value"], [0.0], *marks], room=0.02)
    low = min(low, 0.0) if (rows["value"] < 0).any() else 0.0
    rows["low"], rows["high"] = low, high
    scale = alt.Scale(domain=[low, high], nice=False)
    y_scale = alt.Scale(domain=[0, len(rows)], reverse=True, nice=False)
    y, text_y = (alt.Y(f"{f}:Q", scale=y_scale, axis=None) for f in ("at", "words_at"))
    chart = alt.Chart(rows)
    track = chart.mark_rule(strokeWidth=12, color=look.area, aria=False).encode(
        x=alt.X("low:Q", scale=scale, axis=None), x2="high:Q", y=y
    )
    bar = chart.mark_rule(strokeWidth=12, color=look.main).encode(
        x=alt.X("zero:Q", scale=scale, axis=None), x2="value:Q", y=y,
        tooltip=[alt.Tooltip("name:N"), alt.Tooltip("shown:N", title="Value")],
    )  # fmt: skip
    size = alt.ExprRef("width < 380 ? 13 : 14")
    names = [
        chart.transform_filter(test)
        .mark_text(align="left", baseline="middle", fontSize=size)
        .encode(x=alt.value(0), y=text_y, text=f"{column}:N")
        for test, column in ((f"width < {BREAKS[0]}", "narrow"), (f"width >= {BREAKS[0]}", "name"))
    ]
    value = chart.mark_text(
        align="right", baseline="middle", fontSize=size, fontWeight=600, x="width"
    ).encode(y=text_y, text="shown:N")
    layers: list[Any] = [track, bar, *names, value]
    if goal:
        layers.append(
            chart.mark_tick(color=look.goal, thickness=3, size=20, orient="vertical").encode(
                x=alt.X(f"{goal}:Q", scale=scale, axis=None), y=y
            )
        )
    return base.finish(alt.layer(*layers), look, height=step * len(rows) + 4)
