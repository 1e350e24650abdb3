"""How much hangs on it, and what could have been seen: refits, power, months needed."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.rows import MARK_AT, lay_out, words, y_of
from dashboard.theme import LIGHT, Look

#: A fall that is found four times in five counts as one that could be seen.
ENOUGH = 80.0


def refits(
    table: pd.DataFrame,
    *,
    whole: float | None = None,
    whole_label: str = "With all",
    axis_title: str = "Difference from the comparison",
    look: Look = LIGHT,
) -> Any:
    """The same question asked again with one thing changed: one row a change, one dot a row.

    Args:
        table: ``name``, ``percent``; ``lower`` and ``upper`` (what chance allows around nothing) are
            optional.
        whole: the answer with nothing changed, marked with a rule.
        whole_label: what that rule is.
        axis_title: of the value axis.
    """
    if table.empty or not base.finite(table["percent"]):
        return base.empty("Nothing could be left out and fitted again.", look)
    rows = table.assign(says=[w.percent(p, signed=True) for p in table["percent"]])
    bands = {"lower", "upper"} <= set(table.columns)
    if bands:
        rows["says"] = [
            f"{w.percent(p, signed=True)}; chance allows {w.percent(lo, signed=True)} to "
            f"{w.percent(up, signed=True)}" if np.isfinite([lo, up]).all() else w.percent(p, signed=True)
            for p, lo, up in zip(rows["percent"], rows["lower"], rows["upper"], strict=True)
        ]  # fmt: skip
    rows, headings, height = lay_out(rows)
    foot = 20 if whole is not None else 0
    spans: list[Any] = [rows["percent"], [0.0, whole if whole is not None else 0.0]]
    if bands:
        spans += [rows["lower"].clip(-100, 150), rows["upper"].clip(-100, 150)]
    low, high = base.limits(spans)
    low, high = min(low, -5.0), max(high, 5.0)
    label = "(datum.value > 0 ? '+' : '') + format(datum.value, ',.0f') + '\u00a0%'"
    axis = alt.Axis(
        title=axis_title,
        tickCount=alt.ExprRef("width < 380 ? 4 : 7"),
        grid=True,
        domain=False,
        labelExpr=label,
    )
    scale = alt.Scale(domain=[low, high], nice=False)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, axis=axis)

    total = height + foot
    y = y_of("at", total)
    chart = alt.Chart(rows).transform_calculate(at=MARK_AT)
    layers: list[Any] = [base.zero_rule(look, vertical=True)]
    if bands:
        clipped = rows.assign(low=rows["lower"].clip(low, high), up=rows["upper"].clip(low, high))
        layers.append(
            alt.Chart(clipped)
            .transform_calculate(at=MARK_AT)
            .mark_rule(strokeWidth=7, color=look.context, opacity=0.35, aria=False)
            .encode(x=x("low"), x2="up:Q", y=y)
        )
    if whole is not None:
        mark = pd.DataFrame({"whole": [whole], "text": [whole_label], "at": [total]})
        rule = (
            alt.Chart(mark).mark_rule(strokeWidth=2, strokeDash=[6, 4], color=look.main).encode(x=x("whole"))
        )
        left = whole < (low + high) / 2
        text = alt.Chart(mark).mark_text(
            align="left" if left else "right", baseline="bottom", dx=4 if left else -4, dy=-2,
            fontWeight=600, fontSize=13, color=look.main_text,
        ).encode(x=x("whole"), y=y, text="text:N")  # fmt: skip
        layers += [rule, text]
    dot = chart.mark_point(filled=True, size=100, color=look.main, opacity=1).encode(
        x=x("percent"), y=y,
        tooltip=[alt.Tooltip("name:N", title="What"), alt.Tooltip("says:N", title="Difference")],
    )  # fmt: skip
    return base.finish(alt.layer(*layers, dot, *words(rows, headings, total, look)), look, height=total)


def power_curve(table: pd.DataFrame, *, goal: float = 20.0, look: Look = LIGHT) -> Any:
    """The chance to find a fall, by its size.

    Args:
        table: ``percent`` (falls, as negative percents), ``power`` (0 to 1).
        goal: the fall that matters, as a positive percent.
    """
    if table.empty or not base.finite(table["power"]):
        return base.empty("Without a range there is no chance to compute.", look)
    data = pd.DataFrame({"fall": table["percent"].abs(), "chance": 100 * table["power"].astype(float)})
    data = pd.concat([pd.DataFrame({"fall": [0.0], "chance": [np.nan]}), data]).dropna()
    data = data.sort_values("fall").assign(
        told=lambda t: [f"A fall of {w.percent(f)}: found {w.percent(c)} of the time"
                        for f, c in zip(t["fall"], t["chance"], strict=True)]
    )  # fmt: skip
    end = float(max(data["fall"].max(), goal + 5))
    x = _falls("fall", end)
    y = base.number_y("chance", (0.0, 100.0), percent=True)
    line = alt.Chart(data).mark_line(color=look.main, point={"size": 40, "filled": True}).encode(
        x=x, y=y, tooltip=[alt.Tooltip("told:N", title="Chance")]
    )  # fmt: skip
    layers = [*_goal(goal, end, look), *_enough(end, look), line]
    return base.finish(alt.layer(*layers), look, height=260)


def _falls(field: str, end: float) -> alt.X:
    return alt.X(
        f"{field}:Q", scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(
            title="True fall", tickCount=alt.ExprRef("width < 380 ? 4 : 7"),
            labelExpr="format(datum.value, ',.0f') + '\u00a0%'",
        ),
    )  # fmt: skip


def _goal(goal: float, end: float, look: Look) -> list[Any]:
    """The fall that matters, upright and dashed."""
    mark = pd.DataFrame({"fall": [goal], "chance": [100.0], "text": [f"Goal: {w.percent(goal)}"]})
    rule = (
        alt.Chart(mark)
        .mark_rule(strokeDash=[6, 4], strokeWidth=2, color=look.goal)
        .encode(x=_falls("fall", end))
    )
    words_ = _halo(alt.Chart(mark), look, look.goal_text, align="left", baseline="top", dx=5, dy=2)
    y = base.number_y("chance", (0.0, 100.0), percent=True)
    return [rule, *(t.encode(x=_falls("fall", end), y=y, text="text:N") for t in words_)]


def _enough(end: float, look: Look) -> list[Any]:
    """Four times in five, across."""
    mark = pd.DataFrame({"chance": [ENOUGH], "fall": [0.0], "text": ["Four times in five"]})
    y = base.number_y("chance", (0.0, 100.0), percent=True)
    rule = alt.Chart(mark).mark_rule(strokeWidth=1.2, color=look.rule).encode(y=y)
    words_ = _halo(alt.Chart(mark), look, look.muted, align="left", baseline="bottom", dx=4, dy=-4)
    return [rule, *(t.encode(x=_falls("fall", end), y=y, text="text:N") for t in words_)]


def _halo(chart: Any, look: Look, colour: str, **style: Any) -> list[Any]:
    size = {"fontSize": 13, "fontWeight": 600}
    return [
        chart.mark_text(**style, **size, stroke=look.background, strokeWidth=4, aria=False),
        chart.mark_text(**style, **size, color=colour),
    ]


def months_to_see(
    table: pd.DataFrame, *, goal: float = 20.0, now: int | None = None, look: Look = LIGHT
) -> Any:
    """The smallest fall that could be seen, by the months since the start.

    Args:
        table: ``months``, ``minimum_detectable_percent`` (negative; NaN where not even −100 would do).
        goal: the fall that matters, as a positive percent.
        now: months since the start so far.
    """
    if table.empty or not base.finite(table["minimum_detectable_percent"]):
        return base.empty("No fall could be seen, however long one waits: the past is too uneven.", look)
    data = pd.DataFrame(
        {"months": table["months"], "fall": table["minimum_detectable_percent"].abs()}
    ).dropna()
    data = data.assign(
        told=[
            f"After {w.plural(m, 'month')}: {w.percent(f)}"
            for m, f in zip(data["months"], data["fall"], strict=True)
        ]
    )
    end = float(max(table["months"].max(), now or 0))
    domain = (0.0, float(min(100.0, max(1.12 * data["fall"].max(), goal + 10))))
    x = alt.X(
        "months:Q", scale=alt.Scale(domain=[1, max(end, 2.0)], nice=False),
        axis=alt.Axis(
            title="Months since the start", tickCount=alt.ExprRef("width < 380 ? 4 : 7"), format="d"
        ),
    )  # fmt: skip
    y = base.number_y("fall", domain, percent=True)
    line = alt.Chart(data).mark_line(color=look.main, clip=True).encode(
        x=x, y=y, tooltip=[alt.Tooltip("told:N", title="Smallest fall")]
    )  # fmt: skip
    aim = pd.DataFrame({"fall": [goal], "months": [max(end, 2.0)], "text": [f"Goal: {w.percent(goal)}"]})
    layers: list[Any] = [
        alt.Chart(aim).mark_rule(strokeDash=[6, 4], strokeWidth=2, color=look.goal).encode(y=y),
        *(
            t.encode(x=x, y=y, text="text:N")
            for t in _halo(
                alt.Chart(aim), look, look.goal_text, align="right", baseline="bottom", dx=-3, dy=-4
            )
        ),
    ]
    if now is not None and 1 <= now <= end:
        today = pd.DataFrame({"months": [now], "fall": [domain[1]], "text": ["Now"]})
        layers += [
            alt.Chart(today).mark_rule(strokeWidth=1.2, color=look.rule).encode(x=x),
            *(
                t.encode(x=x, y=y, text="text:N")
                for t in _halo(alt.Chart(today), look, look.muted, align="left", baseline="top", dx=4)
            ),
        ]
    return base.finish(alt.layer(*layers, line), look, height=260)
