"""Are we reaching the goal? The path, the places, the measures, and the year so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.theme import LIGHT, Look

STARTS = "Save Lives Now! starts"


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name].astype(float) if name in table else pd.Series(float("nan"), index=table.index)


def _points(table: pd.DataFrame, column: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Day numbers and values of a column, where it has a value."""
    kept = table[["date", column]].dropna()
    return tuple(base.ordinal(kept["date"])) if len(kept) else (), tuple(kept[column].astype(float))


def _upright(x: float, y: tuple[float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    return (x, x), (y[0], y[1])


def _with_dates(labels: pd.DataFrame) -> pd.DataFrame:
    return labels.assign(x=base.from_ordinal(labels["x"])) if len(labels) else labels


def goal_path(
    path: pd.DataFrame,
    *,
    start: Any,
    baseline: float,
    baseline_years: str = "",
    unit: str = "a year",
    domain: tuple[float, float] | None = None,
    compact: bool = False,
    look: Look = LIGHT,
) -> Any:
    """The running 12-month total against the path to the goal.

    Args:
        path: one row a month: ``month``, ``actual`` (total of the 12 months ending there, NaN when
            one is missing), ``lower`` and ``upper`` (its range), ``target`` (the geometric path, NaN
            before the start). ``projected``, ``projected_lower``, ``projected_upper`` are optional.
        start: first month of the initiative.
        baseline: events an average baseline year had; NaN draws none.
        baseline_years: in short, for the label ("2022–24").
        unit: what a value is a count per, after "Goal: 3,094".
        domain: limits of the y axis, to share one between panels.
        compact: for a panel of small multiples: lower, with the last value and the goal alone.
    """
    if path.empty or not base.finite(path["actual"]):
        return base.empty("Nothing to draw: no 12 months in a row are complete yet.", look)
    table = path.assign(date=base.dates(path["month"])).sort_values("date", ignore_index=True)
    for name in ("lower", "upper", "target", "projected", "projected_lower", "projected_upper"):
        table[name] = _column(table, name)
    height = 200 if compact else base.HEIGHT
    y = domain or base.limits(
        room=0.12,
        values=[table[c] for c in ("actual", "lower", "upper", "target", "projected_lower")] + [[baseline]],
    )
    x = base.span(table["date"])
    begin = max(base.day(start), x[0])
    frame = base.frame(x, y, height)

    data = table.drop(columns="month").assign(label=[w.month(m) for m in table["month"]])
    ax, ay = base.month_x("date", x), base.number_y("value", y)
    chart = alt.Chart(data)
    band = chart.mark_area(color=look.main, opacity=0.16, aria=False).encode(
        x=ax, y=base.number_y("lower", y), y2="upper:Q"
    )
    fan = chart.mark_area(color=look.main, opacity=0.10, aria=False).encode(
        x=ax, y=base.number_y("projected_lower", y), y2="projected_upper:Q"
    )
    ahead = chart.mark_line(color=look.main, strokeDash=[2, 4], strokeWidth=2).encode(
        x=ax, y=base.number_y("projected", y)
    )
    goal = chart.mark_line(color=look.goal, strokeDash=[7, 5], strokeWidth=2.5).encode(
        x=ax, y=base.number_y("target", y)
    )
    line = chart.mark_line(color=look.main).encode(x=ax, y=base.number_y("actual", y))
    hover = chart.mark_point(size=140, opacity=0, fill=look.main).encode(
        x=ax,
        y=base.number_y("actual", y),
        tooltip=[
            alt.Tooltip("label:N", title="12 months to"),
            alt.Tooltip("actual:Q", title="Total", format=",.0f"),
            alt.Tooltip("lower:Q", title="From", format=",.0f"),
            alt.Tooltip("upper:Q", title="To", format=",.0f"),
            alt.Tooltip("target:Q", title="Path to the goal", format=",.0f"),
        ],
    )
    last = table.dropna(subset="actual").iloc[[-1]]
    dot = alt.Chart(last[["date", "actual"]]).mark_point(
        filled=True, size=60, opacity=1, color=look.main
    ).encode(x=ax, y=base.number_y("actual", y))  # fmt: skip

    layers: list[Any] = [band]
    if base.finite(table["projected"]):
        layers += [fan, ahead]
    labels = _path_labels(table, last, baseline, baseline_years, unit, begin, y, compact, look)
    lines = [_points(table, "lower"), _points(table, "upper"), _upright(base.ordinal(begin)[0], y)]
    if w.known(baseline):
        ruled = pd.DataFrame({"from": [x[0]], "to": [begin], "value": [baseline]})
        layers.append(
            alt.Chart(ruled)
            .mark_rule(color=look.rule, strokeWidth=1.4)
            .encode(x=alt.X("from:T"), x2="to:T", y=ay)
        )
    placed = _with_dates(place(labels, frame, lines))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y))
    return base.finish(
        alt.layer(*layers, base.start_rule(begin, look), goal, line, dot, hover, *words), look, height=height
    )


def _path_labels(
    table: pd.DataFrame,
    last: pd.DataFrame,
    baseline: float,
    baseline_years: str,
    unit: str,
    begin: pd.Timestamp,
    y: tuple[float, float],
    compact: bool,
    look: Look,
) -> list[Label]:
    value = w.number(last["actual"].iloc[0])
    final = table.dropna(subset="target")
    labels = [
        Label(
            (value,) if compact else (f"Last 12 months: {value}", f"Now {value}"),
            look.main_text,
            *_points(table.tail(len(table) - last.index[0] + 18).head(18), "actual"),
        )
    ]
    if len(final):
        goal = w.number(final["target"].iloc[-1])
        texts = (f"Goal {goal}",) if compact else (f"Goal: {goal} {unit}", f"Goal {goal}")
        labels.append(Label(texts, look.goal_text, *_points(table, "target")))
    if compact:
        return labels
    rule = base.ordinal(begin)[0]
    heights = tuple(y[1] - share * (y[1] - y[0]) for share in (0.02, 0.05, 0.1, 0.5, 0.9))
    labels.append(Label((STARTS, "Start"), look.muted, (rule,) * 5, heights, prefer=0.0))
    if w.known(baseline):
        before = table.loc[table["date"] <= begin, "date"]
        days = tuple(base.ordinal(before))
        text = w.number(baseline)
        full = f"Baseline {baseline_years}: {text} {unit}".replace("  ", " ").replace(" :", ":")
        labels.append(Label((full, f"Baseline {text}"), look.muted, days, (baseline,) * len(days), 0.25))
    return labels


def small_multiples(
    paths: Mapping[str, pd.DataFrame],
    *,
    start: Any,
    baselines: Mapping[str, float],
    look: Look = LIGHT,
) -> list[tuple[str, Any]]:
    """One compact goal path a place, each on its own scale from zero: shapes compare, sizes are read.

    Args:
        paths: name of the place → table as for :func:`goal_path`.
        baselines: name of the place → events in an average baseline year.

    Returns:
        (name, chart) in the order given; a place without data says so in words.
    """
    panels = []
    for name, path in paths.items():
        columns = [path[c] for c in ("actual", "upper", "target") if c in path]
        top = base.limits([*columns, [baselines.get(name, float("nan"))], [0]], zero=True)
        chart = goal_path(
            path,
            start=start,
            baseline=baselines.get(name, float("nan")),
            domain=(0.0, top[1]),
            compact=True,
            look=look,
        )
        panels.append((name, chart))
    return panels


def measure_split(table: pd.DataFrame, *, goal_percent: float | None = None, look: Look = LIGHT) -> Any:
    """Percent change of every measure (or place) with its interval.

    Args:
        table: ``name``, ``percent``, ``lower``, ``upper`` and ``status`` (key of
            ``theme.STATUSES``); rows that are too few have NaN and are shown in words.
        goal_percent: the goal as a negative percent, drawn as a dashed rule.
    """
    from dashboard.charts.forest import dot_intervals

    return dot_intervals(
        table, goal=goal_percent, goal_label=None if goal_percent is None else "Goal", look=look
    )


def year_to_date(table: pd.DataFrame, *, through: str = "", look: Look = LIGHT) -> Any:
    """The same months of each year side by side, with their ranges; the latest year stands out.

    Args:
        table: ``year`` (int or text), ``count``, ``lower``, ``upper``; one row a year, NaN when
            months are missing.
        through: the months that are compared, for the axis ("January to June").
    """
    if table.empty or not base.finite(table["count"]):
        return base.empty("Nothing to compare: no year has all of these months.", look)
    data = table.assign(year=table["year"].astype(str), shown=[w.number(c) for c in table["count"]])
    data["latest"] = data["year"] == data["year"].max()
    data["gap"] = data["count"].isna()
    data["top"] = data[["count", "upper"]].max(axis=1)
    y = base.limits([data["count"], data["upper"], [0]], zero=True, room=0.14)
    x = alt.X(
        "year:N", axis=alt.Axis(labelAngle=0, title=through or None, ticks=False), sort=list(data["year"])
    )
    chart = alt.Chart(data)
    colour = alt.when("datum.latest").then(alt.value(look.main)).otherwise(alt.value(look.sequential[0]))
    bars = chart.mark_bar(width=alt.RelativeBandSize(0.62)).encode(
        x=x,
        y=base.number_y("count", y),
        color=colour,
        tooltip=[
            alt.Tooltip("year:N", title="Year"),
            alt.Tooltip("count:Q", title="Count", format=",.0f"),
            alt.Tooltip("lower:Q", title="From", format=",.0f"),
            alt.Tooltip("upper:Q", title="To", format=",.0f"),
        ],
    )
    # A pale edge keeps the range visible on the dark bar of the latest year.
    whiskers = [
        chart.mark_rule(strokeWidth=width, color=ink, aria=False).encode(
            x=x, y=base.number_y("lower", y), y2="upper:Q"
        )
        for width, ink in ((4.5, look.background), (2, look.text))
    ]
    text = chart.transform_filter("!datum.gap").mark_text(
        dy=-9, fontWeight=600, fontSize=alt.ExprRef("width < 380 ? 12 : 14"), color=look.text
    ).encode(x=x, y=base.number_y("top", y), text="shown:N")  # fmt: skip
    missing = chart.transform_filter("datum.gap").mark_text(
        dy=-9, color=look.muted, baseline="bottom", lineBreak="|",
        text=alt.ExprRef("width < 480 ? 'no|data' : 'no data'"),
        fontSize=alt.ExprRef("width < 380 ? 11 : 13"),
    ).encode(x=x, y=alt.datum(0))  # fmt: skip
    return base.finish(alt.layer(bars, *whiskers, text, missing), look, height=260)
