"""What was done: work against plan, from contact to completion, and when what began."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.charts.places import bars
from dashboard.charts.rows import MARK_AT, lay_out, words, y_of
from dashboard.theme import LIGHT, Look


def dose_vs_plan(table: pd.DataFrame, *, what: str = "contacts", look: Look = LIGHT) -> Any:
    """Work done each month (bars) against what was planned (dashed steps).

    Args:
        table: ``month``, ``value`` (NaN: not reported), ``planned`` (NaN: no plan).
        what: what is counted, in words.
    """
    if table.empty or not base.finite(table["value"]):
        return base.empty(f"No {what} have been reported yet.", look)
    data = table.assign(date=base.dates(table["month"])).sort_values("date", ignore_index=True)
    data["end"] = data["date"] + pd.DateOffset(months=1)
    data["from"] = data["date"] + pd.Timedelta(days=3)
    data["label"] = [w.month(m) for m in data["month"]]
    data["shown"] = [w.number(v) if w.known(v) else "not reported" for v in data["value"]]
    data = data.drop(columns="month")
    y = base.limits([data["value"], data["planned"], [0.0]], zero=True, room=0.2)
    x = (data["date"].min(), data["end"].max())
    chart = alt.Chart(data)
    ax = base.month_x("from", x)
    bar = chart.mark_bar(color=look.main, opacity=0.85).encode(
        x=ax, x2="end:T", y=base.number_y("value", y), y2=alt.datum(0),
        tooltip=[alt.Tooltip("label:N", title="Month"), alt.Tooltip("shown:N", title="Done"),
                 alt.Tooltip("planned:Q", title="Planned", format=",.0f")],
    )  # fmt: skip
    gap = chart.transform_filter("!isValid(datum.value)").mark_text(
        text="?", dx=8, dy=-8, fontWeight=600, color=look.muted
    ).encode(x=ax, y=alt.datum(0))  # fmt: skip
    plan = chart.mark_rule(color=look.goal, strokeWidth=2.5, strokeDash=[5, 3]).encode(
        x=base.month_x("date", x), x2="end:T", y=base.number_y("planned", y)
    )
    days = tuple(base.ordinal(data["date"]))
    planned = tuple(data["planned"].astype(float))
    done = tuple(data["value"].astype(float))
    labels = [Label(("Planned",), look.goal_text, days, planned, 0.1)] if base.finite(data["planned"]) else []
    tops = [((d, d + 29), (v, v)) for d, v in zip(days, done, strict=True) if np.isfinite(v)]
    plans = [((d, d + 29), (v, v)) for d, v in zip(days, planned, strict=True) if np.isfinite(v)]
    columns = [((d + 15, d + 15), (0.0, v)) for d, v in zip(days, done, strict=True) if np.isfinite(v)]
    placed = place(labels, base.frame(x, y, 240), [*tops, *plans, *columns])
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    texts = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y))
    return base.finish(alt.layer(bar, plan, gap, *texts), look, height=240)


def funnel(table: pd.DataFrame, *, look: Look = LIGHT) -> Any:
    """Contact → offer → accept → complete: how many people reach each step.

    The percent in brackets is of the step that this one follows from, which is named where the table does.

    Args:
        table: ``step`` and ``people`` in order; NaN where a step is not reported. ``of`` and ``share`` (the
            step it is a share of, and that share) are optional: without them it is the step before.
    """
    if table.empty or not base.finite(table["people"]):
        return base.empty("No step has been reported yet.", look)
    people = table["people"].astype(float)
    before = people.shift()
    shares = table["share"].astype(float) if "share" in table else people / before.where(before > 0)
    named = (
        [f" of {str(o).lower()}" if o else "" for o in table["of"]] if "of" in table else [""] * len(table)
    )
    shown = []
    for now, share, of in zip(people, shares, named, strict=True):
        if not w.known(now):
            shown.append("not reported")
        elif w.known(share):
            shown.append(f"{w.number(now)} ({w.percent(100 * share)}{of})")
        else:
            shown.append(w.number(now))
    return bars(pd.DataFrame({"name": table["step"], "value": people, "shown": shown}), look=look)


def timeline(table: pd.DataFrame, *, today: Any = None, look: Look = LIGHT) -> Any:
    """What began where and when: one row a deployment, from its start to its end or now.

    Args:
        table: ``name``, ``start``, ``end`` (NaT: still running), ``phase_in_months`` (optional).
            ``end`` equal to ``start`` draws a single event.
        today: last month shown; default the latest date in the table.
    """
    if table.empty:
        return base.empty("Nothing has started yet.", look)
    rows = table.reset_index(drop=True).copy()
    rows["from"] = base.dates(rows["start"])
    ended = pd.Series(rows["end"]).notna().to_numpy() if "end" in rows else np.zeros(len(rows), bool)
    dates = (
        [*rows["from"], *[base.day(e) for e in rows.loc[ended, "end"]]] if ended.any() else [*rows["from"]]
    )
    latest = base.day(today) if today is not None else max(dates)
    rows["to"] = [base.day(rows["end"].iloc[i]) if ended[i] else latest for i in range(len(rows))]
    phase = rows["phase_in_months"].fillna(0) if "phase_in_months" in rows else pd.Series(0, index=rows.index)
    rows["live"] = [
        min(f + pd.DateOffset(months=int(p)), t)
        for f, p, t in zip(rows["from"], phase, rows["to"], strict=True)
    ]
    rows["since"] = [
        f"since {w.month(f)}" if not e else w.months(f, t) if t > f else w.month(f)
        for f, t, e in zip(rows["from"], rows["to"], ended, strict=True)
    ]
    first = rows["from"].min() - pd.DateOffset(months=1)
    x = (first, max(latest, rows["to"].max()) + pd.DateOffset(months=1))
    kept, headings, height = lay_out(rows[["name", "from", "to", "live", "since"]])
    y = y_of("at", height)
    chart = alt.Chart(kept).transform_calculate(at=MARK_AT)
    thin = chart.mark_rule(strokeWidth=9, color=look.main, opacity=0.3).encode(
        x=base.month_x("from", x), x2="live:T", y=y
    )
    full = chart.mark_rule(strokeWidth=9, color=look.main).encode(x=base.month_x("live", x), x2="to:T", y=y)
    dot = chart.mark_point(filled=True, size=110, color=look.main, opacity=1).encode(
        x=base.month_x("from", x),
        y=y,
        tooltip=[alt.Tooltip("name:N", title="What"), alt.Tooltip("since:N", title="When")],
    )
    texts = words(kept, headings, height, look, says="since")
    return base.finish(alt.layer(thin, full, dot, *texts), look, height=height)
