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
from dashboard.charts.rows import MARK_AT, lay_out, words, y_of
from dashboard.theme import LIGHT, STATUSES, Look


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
    told, headings, height = lay_out(_told(table, look), group)
    if goal is not None:
        height += 20  # the goal's name has a line of its own below the rows
    x_limits = _percent_limits(told, goal)
    rows = told.assign(
        low=told["lower"].clip(*x_limits),
        high=told["upper"].clip(*x_limits),
        left_open=told["lower"] < x_limits[0],
        right_open=told["upper"] > x_limits[1],
    )
    scale = alt.Scale(domain=list(x_limits), nice=False)
    axis = _percent_axis(axis_title)
    y = y_of("at", height)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, axis=axis)

    colour = alt.Color("colour:N", scale=None, legend=None)
    known = alt.Chart(rows).transform_filter("isValid(datum.percent)").transform_calculate(at=MARK_AT)
    bar = known.mark_rule(strokeWidth=3, opacity=0.75, aria=False).encode(
        x=x("low"), x2="high:Q", y=y, color=colour
    )
    ends = [
        known.transform_filter(f"datum.{side}_open")
        .mark_point(shape=f"triangle-{side}", filled=True, size=90, opacity=1, aria=False)
        .encode(x=x(field), y=y, color=colour)
        for side, field in (("left", "low"), ("right", "high"))
    ]
    inside = f"datum.percent >= {x_limits[0]} && datum.percent <= {x_limits[1]}"
    dot = (
        known.transform_filter(inside)
        .mark_point(size=110, strokeWidth=2.5, opacity=1)
        .encode(
            x=x("percent"),
            y=y,
            stroke=colour,
            fill=alt.Color("fill:N", scale=None, legend=None),
            shape=alt.Shape("shape:N", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("name:N", title="What"),
                alt.Tooltip("told:N", title="Change"),
                alt.Tooltip("word:N", title="Says"),
            ],
        )
    )
    layers: list[Any] = [base.zero_rule(look, vertical=True)]
    if goal is not None:
        layers.append(_goal_rule(goal, goal_label or "", x("goal"), height, look))
    texts = words(rows, headings, height, look, colour="text_colour")
    # Words have a halo that would cut a dot drawn before them.
    return base.finish(alt.layer(*layers, *texts, bar, *ends, dot), look, height=height)


def _percent_axis(title: str) -> alt.Axis:
    return alt.Axis(
        title=title,
        tickCount=alt.ExprRef("width < 380 ? 4 : 7"),
        grid=True,
        domain=False,
        labelExpr="(datum.value > 0 ? '+' : '') + format(datum.value, ',.0f') + '\u00a0%'",
    )


def _goal_rule(goal: float, label: str, x: alt.X, height: float, look: Look) -> Any:
    """A dashed rule; what it is stands at its foot."""
    table = pd.DataFrame({"goal": [goal], "text": [label], "at": [height]})
    rule = alt.Chart(table).mark_rule(strokeDash=[6, 4], strokeWidth=2, color=look.goal).encode(x=x)
    text = alt.Chart(table).mark_text(
        align="left", baseline="bottom", dx=4, dy=-2, fontWeight=600, color=look.goal_text, fontSize=13
    ).encode(x=x, y=y_of("at", height), text="text:N")  # fmt: skip
    return alt.layer(rule, text)


def _told(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    """The rows with their state as colour, shape, fill and words."""
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
    rows["told"] = [_interval(*v) for v in zip(rows["percent"], rows["lower"], rows["upper"], strict=True)]
    rows["says"] = [f"{t}  {s.icon} {s.word}".strip() for t, s in zip(rows["told"], statuses, strict=True)]
    if "note" in rows:
        notes = rows["note"].fillna("").astype(str)
        rows["name"] = [f"{a} · {b}" if b else str(a) for a, b in zip(rows["name"], notes, strict=True)]
    return rows


def _interval(percent: float, lower: float, upper: float) -> str:
    if not np.isfinite(percent):
        return ""
    limits = (lower, upper) if np.isfinite([lower, upper]).all() else (np.nan, np.nan)
    return w.interval(Interval(percent, *limits), unit=w.PERCENT, signed=True)


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
        table.rename(columns={"method": "name"}), goal=goal, goal_label="Goal", group="place", look=look,
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
    rows = table.copy()
    for column in ("lower", "upper"):
        if column not in rows:
            rows[column] = np.nan
    rows["zero"] = 0.0
    rows["value"] = [w.percent(p) for p in rows["percent"]]
    known = rows["percent"].notna()
    rows["design"] = rows["design"].where(known, rows["design"].astype(str) + " · no figure reported")
    rows["kind"] = np.where(rows["rigorous"], "controlled design", "no comparison")
    rows, headings, height = lay_out(rows)
    low, high = base.limits([rows["percent"], rows["lower"], rows["upper"], [0.0]], room=0.06)
    scale = alt.Scale(domain=[min(low, -5.0), max(high, 0.0)], nice=False)
    axis = _percent_axis("Reported change")
    y = y_of("at", height)
    chart = alt.Chart(rows).transform_calculate(at=MARK_AT)
    ranged = alt.Chart(rows.dropna(subset=["lower", "upper"])).transform_calculate(at=MARK_AT)
    bar = ranged.mark_rule(strokeWidth=3, color=look.context, aria=False).encode(
        x=alt.X("lower:Q", scale=scale, axis=axis), x2="upper:Q", y=y
    )
    # Without any range the layer would be a picture without a name for screen readers.
    bars = [bar] if rows[["lower", "upper"]].notna().all(axis=1).any() else []
    stem = chart.mark_rule(strokeWidth=1, color=look.context, strokeDash=[2, 3], aria=False).encode(
        x=alt.X("zero:Q", scale=scale, axis=axis), x2="percent:Q", y=y
    )
    x = alt.X("percent:Q", scale=scale, axis=axis)
    fill = alt.when("datum.rigorous").then(alt.value(look.main)).otherwise(alt.value(look.background))
    dot = chart.mark_point(size=110, strokeWidth=2.5, opacity=1, stroke=look.main).encode(
        x=x,
        y=y,
        fill=fill,
        tooltip=[
            alt.Tooltip("name:N", title="Where"),
            alt.Tooltip("value:N", title="Change"),
            alt.Tooltip("design:N", title="What was measured"),
            alt.Tooltip("kind:N", title="Design"),
        ],
    )
    value = chart.mark_text(align="left", dx=11, fontWeight=600, color=look.main_text).encode(
        x=x, y=y, text="value:N"
    )
    texts = words(rows, headings, height, look, says="design")
    rule = base.zero_rule(look, vertical=True)
    return base.finish(alt.layer(rule, stem, *bars, *texts, dot, value), look, height=height)


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
    title = f"{w.plural(len(rows), 'specification')}, lowest first"
    x = alt.X(
        "rank:Q", scale=alt.Scale(domain=[0, len(rows) + 1], nice=False),
        axis=alt.Axis(title=title, labels=False, ticks=False),
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
        align: Any = "left" if at < len(rows) / 2 else "right"
        mark = alt.Chart(rows.iloc[[at]].assign(text="Shown on this page"))
        for halo in ({"stroke": look.background, "strokeWidth": 4, "aria": False}, {"color": look.goal_text}):
            layers.append(
                mark.mark_text(align=align, dy=-6, fontWeight=600, baseline="bottom", **halo).encode(
                    x=x, y=base.number_y("upper", y, percent=True), text="text:N"
                )
            )
    return base.finish(alt.layer(*layers), look, height=300)
