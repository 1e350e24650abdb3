"""Estimates with their intervals, one under the other: forests, dot plots, specifications.

Names and words stand above their row instead of in a margin, so that nothing is cut off on a
phone and a long method name needs no second line. What is known is a filled shape, "cannot tell"
is a hollow one and says so in words.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.evidence import Interval
from dashboard import words as w
from dashboard.charts import base
from dashboard.theme import LIGHT, STATUSES, Look

#: Pixels a row takes: its words, then its dot.
ROW = 50


def state_of(lower: float, upper: float) -> str:
    """The status of an interval of percent changes: fewer, more or cannot tell."""
    if not (w.known(lower) and w.known(upper)):
        return "no_data"
    return "fewer" if upper < 0 else "more" if lower > 0 else "cannot_tell"


def dot_intervals(
    table: pd.DataFrame,
    *,
    goal: float | None = None,
    goal_label: str | None = None,
    axis_title: str = "Change in percent",
    group: str | None = None,
    look: Look = LIGHT,
) -> Any:
    """One row an estimate: its name and what it says above, dot and interval below.

    Args:
        table: ``name``, ``percent``, ``lower``, ``upper``; ``status`` (key of ``theme.STATUSES``;
            told from the interval when absent) and ``note`` (words after the name) are optional.
        goal: a value to mark with a dashed rule, in percent.
        goal_label: what that rule is.
        axis_title: of the value axis.
        group: column with a heading, said on the first row of each.
    """
    if table.empty:
        return base.empty("Nothing to show yet.", look)
    rows = _rows(table, group, look)
    x_limits = _percent_limits(rows, goal)
    height = ROW * len(rows) + 12
    clipped = rows.assign(
        low=rows["lower"].clip(*x_limits), high=rows["upper"].clip(*x_limits),
        left_open=rows["lower"] < x_limits[0], right_open=rows["upper"] > x_limits[1],
    )  # fmt: skip
    x_scale = alt.Scale(domain=list(x_limits), nice=False)
    axis = alt.Axis(
        title=axis_title, tickCount=alt.ExprRef("width < 380 ? 4 : 7"), orient="bottom", grid=True, domain=False,
        labelExpr="(datum.value > 0 ? '+' : '') + format(datum.value, ',.0f') + '\u00a0%'",
    )  # fmt: skip
    y_scale = alt.Scale(domain=[0, len(rows)], reverse=True, nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=None)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=axis)

    colour = alt.Color("colour:N", scale=None, legend=None)
    chart = alt.Chart(clipped)
    known = chart.transform_filter("isValid(datum.percent)")
    bar = known.mark_rule(strokeWidth=3, opacity=0.75, aria=False).encode(
        x=x("low"), x2="high:Q", y=y("at"), color=colour
    )
    ends = [
        known.transform_filter(f"datum.{side}_open")
        .mark_point(shape=f"triangle-{side}", filled=True, size=90, opacity=1, aria=False)
        .encode(x=x(field), y=y("at"), color=colour)
        for side, field in (("left", "low"), ("right", "high"))
    ]
    dot = known.transform_filter(
        f"datum.percent >= {x_limits[0]} && datum.percent <= {x_limits[1]}"
    ).mark_point(size=110, strokeWidth=2.5, opacity=1).encode(
        x=x("percent"),
        y=y("at"),
        stroke=colour,
        fill=alt.Color("fill:N", scale=None, legend=None),
        shape=alt.Shape("shape:N", scale=None, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title="What"),
            alt.Tooltip("told:N", title="Change"),
            alt.Tooltip("word:N", title="Says"),
        ],
    )  # fmt: skip
    texts = _row_words(clipped, y, look)
    layers: list[Any] = [base.zero_rule(look, vertical=True)]
    if goal is not None:
        mark = alt.Chart(pd.DataFrame({"goal": [goal], "at": [0.0]}))
        layers.append(mark.mark_rule(strokeDash=[6, 4], strokeWidth=2, color=look.goal).encode(x=x("goal")))
    return base.finish(alt.layer(*layers, bar, *ends, dot, *texts), look, height=height)


def _rows(table: pd.DataFrame, group: str | None, look: Look) -> pd.DataFrame:
    rows = table.reset_index(drop=True).copy()
    for column in ("percent", "lower", "upper"):
        rows[column] = pd.to_numeric(rows[column]).astype(float)
    if "status" not in rows:
        rows["status"] = [state_of(lo, up) for lo, up in zip(rows["lower"], rows["upper"], strict=True)]
    statuses = [STATUSES[s] for s in rows["status"]]
    rows["word"] = [s.word for s in statuses]
    rows["colour"] = [s.colour(look) for s in statuses]
    rows["text_colour"] = [s.text_colour(look) for s in statuses]
    rows["shape"] = ["circle" if s.series is not None else "diamond" for s in statuses]
    # Hollow where we cannot tell: the state must survive a black-and-white print.
    rows["fill"] = [s.colour(look) if s.series is not None else look.background for s in statuses]
    rows["told"] = [
        w.interval(Interval(p, *sorted((lo, up))) if np.isfinite([lo, up]).all() else Interval(p, p, p), unit=w.PERCENT)
        if np.isfinite(p) else "no estimate"
        for p, lo, up in zip(rows["percent"], rows["lower"], rows["upper"], strict=True)
    ]  # fmt: skip
    notes = rows["note"].fillna("") if "note" in rows else pd.Series("", index=rows.index)
    rows["says"] = [
        f"{s.icon} {s.word}" if told == "no estimate" else f"{told}  {s.icon} {s.word}"
        for s, told in zip(statuses, rows["told"], strict=True)
    ]
    rows["title"] = [f"{n} · {note}" if note else str(n) for n, note in zip(rows["name"], notes, strict=True)]
    if group is not None:
        first = rows[group] != rows[group].shift()
        rows["title"] = np.where(first, rows[group].astype(str) + ": " + rows["title"], rows["title"])
    rows["at"] = np.arange(len(rows)) + 0.74
    rows["words_at"] = np.arange(len(rows)) + 0.34
    return rows


def _row_words(rows: pd.DataFrame, y: Any, look: Look) -> list[alt.Chart]:
    """Name at the left, finding at the right; on a phone the finding is shortened to its shape and word."""
    chart = alt.Chart(rows.assign(short=[f"{STATUSES[s].icon} {STATUSES[s].word}" for s in rows["status"]]))
    size = alt.ExprRef("width < 380 ? 12.5 : 14")
    style: dict[str, Any] = {"baseline": "middle", "fontSize": size}
    name = chart.mark_text(
        **style, align="left", fontWeight=600, color=look.text, limit=alt.ExprRef("width * 0.62")
    ).encode(x=alt.value(0), y=y("words_at"), text="title:N")
    wide = chart.transform_filter("width >= 480").mark_text(**style, align="right", x="width").encode(
        y=y("words_at"), text="says:N", color=alt.Color("text_colour:N", scale=None, legend=None)
    )  # fmt: skip
    narrow = chart.transform_filter("width < 480").mark_text(**style, align="right", x="width").encode(
        y=y("words_at"), text="short:N", color=alt.Color("text_colour:N", scale=None, legend=None)
    )  # fmt: skip
    return [name, wide, narrow]


def _percent_limits(rows: pd.DataFrame, goal: float | None) -> tuple[float, float]:
    """Limits that always show zero and the goal; a very wide interval is cut, with an arrow."""
    dots = rows["percent"].to_numpy()
    ends = rows[["lower", "upper"]].to_numpy().ravel()
    ends = ends[np.isfinite(ends)]
    values = np.concatenate([dots[np.isfinite(dots)], np.clip(ends, -100, 100), [0.0, -10.0, 10.0]])
    low, high = float(values.min()), float(values.max())
    if goal is not None:
        low, high = min(low, goal), max(high, goal)
    room = 0.05 * (high - low)
    return low - room, high + room


def forest(table: pd.DataFrame, *, goal: float | None = None, look: Look = LIGHT) -> Any:
    """Every method in every place, one under the other.

    Args:
        table: ``place``, ``method``, ``percent``, ``lower``, ``upper``; ``status`` and ``note`` are
            optional (see :func:`dot_intervals`). Rows keep their order; the place is said once.
        goal: the goal in percent, if it should be marked.
    """
    if table.empty:
        return base.empty("No evaluation is registered yet.", look)
    return dot_intervals(
        table.rename(columns={"method": "name"}), goal=goal, group="place", look=look,
        axis_title="Difference from what was expected",
    )  # fmt: skip


def dot_plot(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Benchmarks from elsewhere: what was reported, with its outcome, unit and design in words.

    Args:
        table: ``name`` (city or study), ``percent`` (negative: fewer), ``design`` (in words) and
            ``rigorous`` (bool: a controlled design); ``lower`` and ``upper`` may be NaN or absent.
    """
    if table.empty:
        return base.empty("No studies from other cities are stored yet.", look)
    rows = table.reset_index(drop=True).copy()
    for column in ("lower", "upper"):
        if column not in rows:
            rows[column] = np.nan
    rows["at"] = np.arange(len(rows)) + 0.74
    rows["words_at"] = np.arange(len(rows)) + 0.34
    rows["value"] = [w.percent(p) for p in rows["percent"]]
    low, high = base.limits([rows["percent"], rows["lower"], rows["upper"], [0.0]], room=0.06)
    scale_x = alt.Scale(domain=[min(low, -5.0), max(high, 0.0)], nice=False)
    axis = alt.Axis(
        title="Reported change", tickCount=5, domain=False, grid=True,
        labelExpr="format(datum.value, ',.0f') + '\u00a0%'",
    )  # fmt: skip
    x = alt.X("percent:Q", scale=scale_x, axis=axis)
    scale = alt.Scale(domain=[0, len(rows)], reverse=True, nice=False)
    y, text_y = (alt.Y(f"{f}:Q", scale=scale, axis=None) for f in ("at", "words_at"))
    chart = alt.Chart(rows)
    bar = chart.mark_rule(strokeWidth=3, color=look.context).encode(
        x=alt.X("lower:Q", scale=scale_x, axis=axis), x2="upper:Q", y=y
    )
    fill = alt.when("datum.rigorous").then(alt.value(look.main)).otherwise(alt.value(look.background))
    dot = chart.mark_point(size=110, strokeWidth=2.5, opacity=1, stroke=look.main).encode(
        x=x, y=y, fill=fill, tooltip=[alt.Tooltip("name:N"), alt.Tooltip("value:N"), alt.Tooltip("design:N")]
    )
    size = alt.ExprRef("width < 380 ? 12.5 : 14")
    name = chart.mark_text(
        align="left", baseline="middle", fontSize=size, fontWeight=600, limit=alt.ExprRef("width * 0.42")
    ).encode(x=alt.value(0), y=text_y, text="name:N")
    design = chart.mark_text(
        align="right",
        baseline="middle",
        fontSize=size,
        color=look.muted,
        x="width",
        limit=alt.ExprRef("width * 0.56"),
    ).encode(y=text_y, text="design:N")
    rule = base.zero_rule(look, vertical=True)
    return base.finish(alt.layer(rule, bar, dot, name, design), look, height=ROW * len(rows) + 12)


def specification_curve(table: pd.DataFrame, *, chosen: str | None = None, look: Look = LIGHT) -> Any:
    """Every reasonable specification in order of its estimate: how much hangs on the choice?

    Args:
        table: ``specification`` (words), ``percent``, ``lower``, ``upper``.
        chosen: the specification that the page tells, marked and named.
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("No specification gave an estimate.", look)
    rows = table.dropna(subset="percent").sort_values("percent", ignore_index=True)
    rows["rank"] = np.arange(1, len(rows) + 1)
    rows["chosen"] = rows["specification"] == chosen
    y = base.limits([rows["percent"], rows["lower"].clip(-100, 100), rows["upper"].clip(-100, 100), [0.0]])
    rows["lower"], rows["upper"] = rows["lower"].clip(lower=y[0]), rows["upper"].clip(upper=y[1])
    x = alt.X(
        "rank:Q", scale=alt.Scale(domain=[0, len(rows) + 1], nice=False),
        axis=alt.Axis(title=f"{w.plural(len(rows), 'specification')}, lowest estimate first", labels=False, ticks=False),
    )  # fmt: skip
    colour = alt.when("datum.chosen").then(alt.value(look.goal)).otherwise(alt.value(look.main))
    chart = alt.Chart(rows)
    bar = chart.mark_rule(strokeWidth=2, opacity=0.45).encode(
        x=x, y=base.number_y("lower", y, percent=True), y2="upper:Q", color=colour
    )
    dot = chart.mark_point(filled=True, size=60, opacity=1).encode(
        x=x, y=base.number_y("percent", y, percent=True), color=colour,
        shape=alt.when("datum.chosen").then(alt.value("diamond")).otherwise(alt.value("circle")),
        tooltip=[alt.Tooltip("specification:N"), alt.Tooltip("percent:Q", format=".1f")],
    )  # fmt: skip
    layers: list[Any] = [base.zero_rule(look), bar, dot]
    if rows["chosen"].any():
        at = int(rows.index[rows["chosen"]][0])
        align = "left" if at < len(rows) / 2 else "right"
        mark = rows.iloc[[at]].assign(text="Shown on this page")
        layers.append(
            alt.Chart(mark)
            .mark_text(align=align, dy=-12, fontWeight=600, color=look.goal_text, baseline="bottom")
            .encode(x=x, y=base.number_y("upper", y, percent=True), text="text:N")
        )
    return base.finish(alt.layer(*layers), look, height=300)
