"""Charts for people who watch counts month by month: control charts, funnels, years over one another."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.theme import LIGHT, Look

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _halo(look: Look) -> dict[str, Any]:
    """Style of the copy of a text that keeps lines away from its letters."""
    return {"stroke": look.background, "strokeWidth": 5, "aria": False}


def control_chart(
    table: pd.DataFrame,
    *,
    start: Any = None,
    start_label: str = "Save Lives Now! starts",
    look: Look = LIGHT,
) -> Any:
    """Monthly values with the range that chance alone leaves them in; what lies outside is marked.

    Args:
        table: ``month``, ``value`` (NaN where unknown), ``center``, ``lower``, ``upper``, ``signal``
            (bool: outside, or part of a run that is too long). Optional: ``nowcast``, ``nowcast_lower``,
            ``nowcast_upper``: what a month that is still being reported may come to hold, drawn in grey.
        start: month of a thin rule.
        start_label: what that rule is.
    """
    rows = table.assign(date=base.dates(table["month"])) if len(table) else table
    if table.empty or not base.finite(table["value"]):
        return base.empty("Nothing to draw: there are no complete months.", look)
    drawn_too = [c for c in ("nowcast_lower", "nowcast_upper") if c in rows]
    y = base.limits([rows[c] for c in ("value", "lower", "upper", "center", *drawn_too)])
    x = base.span(rows["date"])
    ax = base.month_x("date", x)
    rows = rows.assign(
        label=[w.month(m) for m in rows["month"]],
        says=["outside what chance leaves" if s else "within what chance leaves" for s in rows["signal"]],
    ).drop(columns="month")
    chart = alt.Chart(rows)
    band = chart.mark_area(color=look.main, opacity=0.12, interpolate="step", aria=False).encode(
        x=ax, y=base.number_y("lower", y), y2="upper:Q"
    )
    center = chart.mark_line(color=look.muted, strokeWidth=1.2, interpolate="step", aria=False).encode(
        x=ax, y=base.number_y("center", y)
    )
    line = chart.mark_line(color=look.main, strokeWidth=1.4).encode(x=ax, y=base.number_y("value", y))
    tooltip = [
        alt.Tooltip("label:N", title="Month"), alt.Tooltip("value:Q", title="Here", format=",.1f"),
        alt.Tooltip("lower:Q", title="Chance, from", format=",.1f"),
        alt.Tooltip("upper:Q", title="Chance, to", format=",.1f"), alt.Tooltip("says:N", title="Says"),
    ]  # fmt: skip
    quiet = chart.transform_filter("isValid(datum.value) && !datum.signal").mark_point(
        filled=True, size=28, opacity=1, color=look.main
    )
    layers: list[Any] = [band, center, line, quiet.encode(x=ax, y=base.number_y("value", y), tooltip=tooltip)]
    if rows["signal"].any():
        # A shape of its own: the mark must survive a print in grey.
        loud = chart.transform_filter("isValid(datum.value) && datum.signal").mark_point(
            filled=True, shape="diamond", size=120, opacity=1, color=look.goal
        )
        layers.append(loud.encode(x=ax, y=base.number_y("value", y), tooltip=tooltip))
    layers += _nowcast(rows, ax, y, look)
    if start is not None and x[0] <= base.day(start) <= x[1]:
        begin = base.day(start)
        day = float(base.ordinal(begin)[0])
        label = Label(
            (start_label, "Start"), look.muted, (day,) * 3,
            tuple(y[1] - s * (y[1] - y[0]) for s in (0.01, 0.06, 0.92)), prefer=0.0,
        )  # fmt: skip
        drawn = rows.dropna(subset="value")
        edge = (list(base.ordinal(drawn["date"])), list(drawn["value"].astype(float)))
        placed = place([label], base.frame(x, y), [edge, ((day, day), y)])
        placed = placed.assign(x=base.from_ordinal(placed["x"]))
        layers += [
            base.start_rule(begin, look),
            *text_layers(placed, look, base.month_x("x", x), base.number_y("y", y)),
        ]
    return base.finish(alt.layer(*layers), look, height=300)


def _nowcast(rows: pd.DataFrame, ax: alt.X, y: tuple[float, float], look: Look) -> list[Any]:
    """Months still being reported: a hollow grey dot with its range."""
    if "nowcast" not in rows or not rows["nowcast"].notna().any():
        return []
    chart = alt.Chart(rows[rows["nowcast"].notna()])
    bar = chart.mark_rule(strokeWidth=2, color=look.muted, aria=False).encode(
        x=ax, y=base.number_y("nowcast_lower", y), y2="nowcast_upper:Q"
    )
    dot = chart.mark_point(size=60, strokeWidth=2, stroke=look.muted, fill=look.background, opacity=1).encode(
        x=ax, y=base.number_y("nowcast", y),
        tooltip=[
            alt.Tooltip("label:N", title="Month, still being reported"),
            alt.Tooltip("nowcast:Q", title="May come to hold", format=",.0f"),
            alt.Tooltip("nowcast_lower:Q", title="From", format=",.0f"),
            alt.Tooltip("nowcast_upper:Q", title="To", format=",.0f"),
        ],
    )  # fmt: skip
    return [bar, dot]


def days_between(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Days between one rare event and the next, with the range that chance alone leaves.

    Args:
        table: ``number`` (1, 2, … in order of time), ``days``, ``center``, ``lower``, ``upper``,
            ``signal`` (bool). Longer is better.
    """
    if table.empty or not base.finite(table["days"]):
        return base.empty("Nothing to draw: fewer than two events.", look)
    y = base.limits([table[c] for c in ("days", "upper")], zero=True)
    ax = alt.X(
        "number:Q", axis=alt.Axis(title="Gaps between events, in order of time", tickCount=6, grid=False),
        scale=alt.Scale(domain=[0, float(table["number"].max()) + 1], nice=False),
    )  # fmt: skip
    chart = alt.Chart(table)
    band = chart.mark_area(color=look.main, opacity=0.12, aria=False).encode(
        x=ax, y=base.number_y("lower", y), y2="upper:Q"
    )
    center = chart.mark_line(color=look.muted, strokeWidth=1.2, aria=False).encode(
        x=ax, y=base.number_y("center", y)
    )
    colour = alt.when("datum.signal").then(alt.value(look.goal)).otherwise(alt.value(look.main))
    shape = alt.when("datum.signal").then(alt.value("diamond")).otherwise(alt.value("circle"))
    size = alt.when("datum.signal").then(alt.value(120)).otherwise(alt.value(28))
    dots = chart.mark_point(filled=True, opacity=1).encode(
        x=ax, y=base.number_y("days", y, title="Days"), color=colour, shape=shape, size=size,
        tooltip=[alt.Tooltip("number:Q", title="Gap"), alt.Tooltip("days:Q", title="Days", format=",.0f")],
    )  # fmt: skip
    return base.finish(alt.layer(band, center, dots), look, height=260)


def funnel_plot(units: pd.DataFrame, limits: pd.DataFrame, *, value_title: str, look: Look = LIGHT) -> Any:
    """Units of different size against the range that chance alone leaves for their size.

    Args:
        units: ``name``, ``expected`` (events to be expected), ``ratio`` (percent of that), ``signal``.
        limits: ``expected``, ``lower``, ``upper`` (percent), and ``lower_far``, ``upper_far`` of the
            wider range, in order of ``expected``.
        value_title: what ``ratio`` is.
    """
    if units.empty or not base.finite(units["ratio"]):
        return base.empty("Nothing to draw: no place has enough events.", look)
    top = float(np.nanmax([units["ratio"].max(), np.nanquantile(limits["upper_far"], 0.6), 150.0]))
    y = (0.0, 1.08 * top)
    shown = limits.assign(
        upper=limits["upper"].clip(upper=y[1]), upper_far=limits["upper_far"].clip(upper=y[1])
    )
    # Sizes differ by factors: on a plain scale all small places would stand on one line.
    span = [float(limits["expected"].min()), float(limits["expected"].max())]
    ax = alt.X(
        "expected:Q", scale=alt.Scale(type="log", domain=span, nice=False),
        axis=alt.Axis(
            title="Events to be expected (each step is a multiple)", tickCount=4, grid=False, format=",.0f"
        ),
    )  # fmt: skip
    chart = alt.Chart(shown)
    layers: list[Any] = [
        chart.mark_area(color=look.main, opacity=o, aria=False).encode(
            x=ax, y=base.number_y(low, y, percent=True), y2=f"{high}:Q"
        )
        for low, high, o in (("lower_far", "upper_far", 0.08), ("lower", "upper", 0.12))
    ]
    colour = alt.when("datum.signal").then(alt.value(look.goal)).otherwise(alt.value(look.main))
    shape = alt.when("datum.signal").then(alt.value("diamond")).otherwise(alt.value("circle"))
    dots = alt.Chart(units).mark_point(filled=True, size=70, opacity=1).encode(
        x=ax, y=base.number_y("ratio", y, percent=True, title=value_title), color=colour, shape=shape,
        tooltip=[
            alt.Tooltip("name:N", title="Where"),
            alt.Tooltip("expected:Q", title="To be expected", format=",.0f"),
            alt.Tooltip("ratio:Q", title="Percent of that", format=",.0f"),
        ],
    )  # fmt: skip
    layers += [base.zero_rule(look, at=100.0), dots]
    named = units[units["signal"] | (len(units) <= 6)]
    if len(named):
        inks: tuple[dict[str, Any], ...] = (_halo(look), {"color": look.text})
        for ink in inks:
            text = alt.Chart(named).mark_text(align="right", dx=-9, baseline="middle", fontSize=13, **ink)
            layers.append(text.encode(x=ax, y=base.number_y("ratio", y, percent=True), text="name:N"))
    return base.finish(alt.layer(*layers), look, height=320)


def years_over_one_another(table: pd.DataFrame, *, current: int, look: Look = LIGHT) -> Any:
    """Each year's months on one axis: is this year's summer like other summers?

    Args:
        table: ``year``, ``month`` (1 to 12), ``count``, and ``lower``, ``upper`` (the range of the
            baseline years in that month; the same in every year, NaN where unknown).
        current: the year that stands out.
    """
    known = table.dropna(subset="count")
    if known.empty:
        return base.empty("Nothing to draw: there are no complete months.", look)
    y = base.limits([known["count"], table["upper"]], zero=True)
    ax = alt.X(
        "month:Q", scale=alt.Scale(domain=[1, 12], nice=False),
        axis=alt.Axis(
            values=[1, 4, 7, 10, 12], grid=False, title=None,
            labelExpr=f"{list(MONTHS)}[datum.value - 1]",
        ),
    )  # fmt: skip
    rows = known.assign(
        label=[f"{MONTHS[int(m) - 1]} {int(v)}" for m, v in zip(known["month"], known["year"], strict=True)]
    )
    layers: list[Any] = []
    band = table.dropna(subset=["lower", "upper"]).drop_duplicates("month").sort_values("month")
    if len(band) > 1:
        layers.append(
            alt.Chart(band[["month", "lower", "upper"]])
            .mark_area(color=look.context, opacity=0.35, aria=False)
            .encode(x=ax, y=base.number_y("lower", y), y2="upper:Q")
        )
    before = rows[rows["year"] < current]
    if len(before):
        layers.append(
            alt.Chart(before)
            .mark_line(color=look.context, strokeWidth=1.3)
            .encode(
                x=ax, y=base.number_y("count", y), detail="year:N",
                tooltip=["label:N", alt.Tooltip("count:Q", title="Events")],
            )
        )  # fmt: skip
    now = alt.Chart(rows[rows["year"] == current])
    tooltip = [alt.Tooltip("label:N", title="Month"), alt.Tooltip("count:Q", title="Events", format=",.0f")]
    layers += [
        now.mark_line(color=look.main, strokeWidth=2.6).encode(x=ax, y=base.number_y("count", y)),
        now.mark_point(color=look.main, filled=True, size=50, opacity=1).encode(
            x=ax, y=base.number_y("count", y), tooltip=tooltip
        ),
    ]
    ends = [
        rows[rows["year"] == v].sort_values("month").iloc[-1]
        for v in sorted(set(rows["year"]))
        if v in (current, current - 1)
    ]
    words = pd.DataFrame(
        {
            "month": [e["month"] for e in ends],
            "count": [e["count"] for e in ends],
            "text": [str(int(e["year"])) for e in ends],
            "colour": [look.main_text if e["year"] == current else look.muted for e in ends],
        }
    )
    inks: tuple[dict[str, Any], ...] = (_halo(look), {})
    for ink in inks:
        text = alt.Chart(words).mark_text(align="right", baseline="bottom", dy=-7, fontWeight=600, **ink)
        encoded = text.encode(x=ax, y=base.number_y("count", y), text="text:N")
        layers.append(
            encoded if ink else encoded.encode(color=alt.Color("colour:N", scale=None, legend=None))
        )
    return base.finish(alt.layer(*layers), look, height=300)


def year_fan(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Running totals: earlier years thin, this year thick, and what the rest of it may bring as a fan.

    Args:
        table: ``month`` (1 to 12), ``kind`` ("before", "year" or "fan"), ``year``, ``total``, and
            ``lower_95``, ``upper_95``, ``lower_50``, ``upper_50`` of the fan.
    """
    if table.empty or not base.finite(table["total"]):
        return base.empty("Nothing to draw: no year is complete yet.", look)
    fan = table[table["kind"] == "fan"]
    columns = ["total", *(c for c in ("upper_95",) if c in table)]
    y = base.limits([table[c] for c in columns], zero=True)
    ax = alt.X(
        "month:Q", scale=alt.Scale(domain=[1, 12], nice=False),
        axis=alt.Axis(
            values=[1, 4, 7, 10, 12], grid=False, title=None, labelExpr=f"{list(MONTHS)}[datum.value - 1]"
        ),
    )  # fmt: skip
    at = base.number_y("total", y)
    layers: list[Any] = []
    year = table[table["kind"] == "year"]
    if len(fan) and len(year):
        last = year.iloc[-1]
        begin = {"month": last["month"], "total": last["total"]}
        edges = [c for c in fan.columns if c.startswith(("lower_", "upper_"))]
        whole = pd.concat([pd.DataFrame([begin | dict.fromkeys(edges, last["total"])]), fan])
        for level, opacity in (("95", 0.12), ("50", 0.18)):
            layers.append(
                alt.Chart(whole[["month", f"lower_{level}", f"upper_{level}"]])
                .mark_area(color=look.main, opacity=opacity, aria=False)
                .encode(x=ax, y=base.number_y(f"lower_{level}", y), y2=f"upper_{level}:Q")
            )
        layers.append(
            alt.Chart(whole[["month", "total"]])
            .mark_line(color=look.main, strokeDash=[2, 3], aria=False)
            .encode(x=ax, y=at)
        )
    before = table[table["kind"] == "before"]
    names = table.assign(
        label=[f"{MONTHS[int(m) - 1]} {int(v)}" for m, v in table[["month", "year"]].to_numpy()]
    )
    tooltip = [alt.Tooltip("label:N", title="Through"), alt.Tooltip("total:Q", title="Total", format=",.0f")]
    if len(before):
        old = alt.Chart(names[names["kind"] == "before"])
        layers.append(
            old.mark_line(color=look.context, strokeWidth=1.3).encode(
                x=ax, y=at, detail="year:N", tooltip=tooltip
            )
        )
    now = alt.Chart(names[names["kind"] == "year"])
    layers += [
        now.mark_line(color=look.main, strokeWidth=2.6).encode(x=ax, y=at),
        now.mark_point(color=look.main, filled=True, size=45, opacity=1).encode(x=ax, y=at, tooltip=tooltip),
    ]
    ends = [year.iloc[-1]] if len(year) else []
    for _, earlier in sorted(before.groupby("year"), reverse=True):
        end = earlier.iloc[-1]
        # Names that would stand on each other are left out; the table and the pointer have them all.
        if all(abs(end["total"] - e["total"]) > 0.07 * (y[1] - y[0]) for e in ends if e["month"] == 12):
            ends.append(end)
    words = pd.DataFrame(
        {
            "month": [e["month"] for e in ends], "total": [e["total"] for e in ends],
            "text": [str(int(e["year"])) for e in ends],
            "colour": [look.main_text if e["kind"] == "year" else look.muted for e in ends],
        }
    )  # fmt: skip
    inks: tuple[dict[str, Any], ...] = (_halo(look), {})
    for ink in inks:
        text = alt.Chart(words).mark_text(
            align="right", baseline="bottom", dx=-4, dy=-4, fontWeight=600, **ink
        )
        encoded = text.encode(x=ax, y=at, text="text:N")
        layers.append(
            encoded if ink else encoded.encode(color=alt.Color("colour:N", scale=None, legend=None))
        )
    return base.finish(alt.layer(*layers), look, height=320)
