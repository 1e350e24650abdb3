"""What happened against what was to be expected: one picture for every evaluation method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import Label, place, text_layers
from dashboard.theme import LIGHT, Look


def observed_vs_expected(
    path: pd.DataFrame,
    *,
    start: Any,
    phase_in: int = 0,
    observed_label: str = "What happened",
    expected_label: str = "What was to be expected",
    start_label: str = "Start",
    first: Any = None,
    others: Sequence[Any] = (),
    look: Look = LIGHT,
) -> Any:
    """Observed and counterfactual values, with the band around the counterfactual.

    Args:
        path: the table of ``analysis.evidence.path_table``.
        start: first month that counts as after.
        phase_in: months from the start that count neither before nor after; they are shaded.
        observed_label, expected_label, start_label: direct labels.
        first: leave out months before this one, so that the months after have room.
        others: months of other changes in the model; each gets a dotted rule.
    """
    table = _table(path, first)
    if table.empty or not base.finite(table["observed"]):
        return base.empty("Nothing to draw: there are no months with complete data.", look)
    y = base.limits([table[c] for c in ("observed", "expected", "lower", "upper")])
    x = base.span(table["date"])
    ax = base.month_x("date", x)
    chart = alt.Chart(table.drop(columns="period").assign(label=[w.month(p) for p in table["period"]]))
    band = chart.mark_area(color=look.expected, opacity=0.16, aria=False).encode(
        x=ax, y=base.number_y("lower", y), y2="upper:Q"
    )
    expected = chart.mark_line(color=look.expected, strokeDash=[5, 4]).encode(
        x=ax, y=base.number_y("expected", y)
    )
    observed = chart.mark_line(color=look.main).encode(x=ax, y=base.number_y("observed", y))
    # A month between two holes has no line; its dot shows that it is there.
    alone = table["observed"].shift().isna() & table["observed"].shift(-1).isna() & table["observed"].notna()
    single = alt.Chart(table.loc[alone, ["date", "observed"]]).mark_point(
        filled=True, size=30, color=look.main, opacity=1
    ).encode(x=ax, y=base.number_y("observed", y))  # fmt: skip
    # An empty layer would be a picture without a name for screen readers.
    singles = [single] if alone.any() else []
    hover = chart.mark_point(size=140, opacity=0, fill=look.main).encode(
        x=ax,
        y=base.number_y("observed", y),
        tooltip=[
            alt.Tooltip("label:N", title="Month"),
            alt.Tooltip("observed:Q", title=observed_label, format=",.1f"),
            alt.Tooltip("expected:Q", title=expected_label, format=",.1f"),
            alt.Tooltip("lower:Q", title="Expected, from", format=",.1f"),
            alt.Tooltip("upper:Q", title="Expected, to", format=",.1f"),
        ],
    )
    begin = base.day(start)
    begin_day = float(base.ordinal(begin)[0])
    labels = [
        _line_label(table, "observed", observed_label, look.main_text, 0.3),
        _line_label(table, "expected", expected_label, look.expected_text, 0.9),
        Label(
            (start_label, "Start"), look.muted, (begin_day,) * 4,
            tuple(y[1] - s * (y[1] - y[0]) for s in (0.01, 0.06, 0.1, 0.92)), prefer=0.0,
        ),
    ]  # fmt: skip
    edges = [_xy(table, c) for c in ("lower", "upper")]
    placed = place(labels, base.frame(x, y), [*edges, ((begin_day, begin_day), y)])
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y))
    shade = [*_phase_in(begin, phase_in, x, look), *_others(others, x, look)]
    return base.finish(
        alt.layer(*shade, band, base.start_rule(begin, look), expected, observed, *singles, hover, *words),
        look,
    )


def _table(path: pd.DataFrame, first: Any) -> pd.DataFrame:
    if path.empty:
        return path.assign(date=pd.Series(dtype="datetime64[us]"))
    table = path.assign(date=base.dates(path["period"])).sort_values("date", ignore_index=True)
    return table if first is None else table.loc[table["date"] >= base.day(first)].reset_index(drop=True)


def _xy(table: pd.DataFrame, column: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(base.ordinal(table["date"])), tuple(table[column].astype(float))


def _line_label(table: pd.DataFrame, column: str, text: str, colour: str, prefer: float) -> Label:
    kept = table[["date", column]].dropna()
    short = (text, text.split(" (")[0]) if " (" in text else (text,)
    return Label(short, colour, *_xy(kept, column), prefer) if len(kept) else Label(short, colour, (), ())


def _others(others: Sequence[Any], x: tuple[pd.Timestamp, pd.Timestamp], look: Look) -> list[alt.Chart]:
    """Dotted rules at other changes."""
    days = [day for day in map(base.day, others) if x[0] <= day <= x[1]]
    if not days:
        return []
    rules = alt.Chart(pd.DataFrame({"other": days})).mark_rule(
        color=look.rule, strokeDash=[2, 3], strokeWidth=1, aria=False
    )
    return [rules.encode(x=alt.X("other:T"))]


def _phase_in(
    begin: pd.Timestamp, months: int, x: tuple[pd.Timestamp, pd.Timestamp], look: Look
) -> list[alt.Chart]:
    """Shade the months that count neither before nor after, and say so where there is room."""
    if months <= 0 or begin > x[1]:
        return []
    end = min(begin + pd.DateOffset(months=months), x[1])
    table = pd.DataFrame({"from": [begin], "to": [end], "text": ["phase-in"]})
    area = alt.Chart(table).mark_rect(color=look.context, opacity=0.18, aria=False).encode(
        x=alt.X("from:T"), x2="to:T"
    )  # fmt: skip
    share = (end - begin) / max(x[1] - x[0], pd.Timedelta(days=1))
    text = (
        alt.Chart(table)
        .transform_filter(f"width * {share:.4f} > 56")
        .mark_text(align="left", baseline="bottom", dx=4, dy=-4, fontSize=12, color=look.muted, y="height")
        .encode(x="from:T", text="text:N")
    )
    return [area, text]


def effect_over_time(path: pd.DataFrame, *, start: Any, phase_in: int = 0, look: Look = LIGHT) -> Any:
    """Observed minus expected, month by month: does an effect grow, hold or fade?

    ``path`` as in :func:`observed_vs_expected`; the months before the start show how far chance
    alone moves it.
    """
    return _around_zero(
        path, "effect", start, phase_in, look, "Fewer than expected", "More than expected", after=False
    )


def cumulative_effect(path: pd.DataFrame, *, start: Any, phase_in: int = 0, look: Look = LIGHT) -> Any:
    """All differences since the start added up, with the range where the method gives one."""
    return _around_zero(path, "cumulative", start, phase_in, look, "Fewer in all", "More in all", after=True)


def _around_zero(
    path: pd.DataFrame,
    column: str,
    start: Any,
    phase_in: int,
    look: Look,
    below: str,
    above: str,
    *,
    after: bool,
) -> Any:
    table = _table(path, start if after else None)
    if table.empty or not base.finite(table[column]):
        return base.empty("Nothing to draw: no month after the start is complete yet.", look)
    low, high = f"{column}_lower", f"{column}_upper"
    y = base.limits([table[column], table[low], table[high], [0.0]])
    span = max(abs(y[0]), abs(y[1]))
    y = (min(y[0], -0.2 * span), max(y[1], 0.2 * span))
    x = base.span(table["date"])
    ax = base.month_x("date", x)
    chart = alt.Chart(table.drop(columns="period").assign(label=[w.month(p) for p in table["period"]]))
    band = chart.mark_area(color=look.main, opacity=0.16, aria=False).encode(
        x=ax, y=base.number_y(low, y), y2=f"{high}:Q"
    )
    points = len(table) <= 40
    line = chart.mark_line(color=look.main, point={"size": 30, "filled": True} if points else False).encode(
        x=ax,
        y=base.number_y(column, y),
        tooltip=[
            alt.Tooltip("label:N", title="Month"),
            alt.Tooltip(f"{column}:Q", title="Difference", format="+,.1f"),
            alt.Tooltip(f"{low}:Q", title="From", format="+,.1f"),
            alt.Tooltip(f"{high}:Q", title="To", format="+,.1f"),
        ],
    )
    first, last = (float(v) for v in base.ordinal(pd.DatetimeIndex(x)))
    across = tuple(np.linspace(first, last, 9))
    inset = 0.04 * (y[1] - y[0])
    begin = base.day(start)
    ends = [
        Label((f"↑ {above}",), look.muted, across, (y[1] - inset,) * 9, 0.0),
        Label((f"↓ {below}",), look.muted, across, (y[0] + inset,) * 9, 0.0),
    ]
    edges = [_xy(table, c) for c in (column, low, high)]
    rule_day = float(base.ordinal(begin)[0])
    frame = base.frame(x, y, 280)
    placed = place(ends, frame, edges if after else [*edges, ((rule_day, rule_day), y)])
    placed = placed.assign(x=base.from_ordinal(placed["x"]))
    words = text_layers(placed, look, base.month_x("x", x), base.number_y("y", y), weight=400)
    rule = [] if after or not x[0] <= begin <= x[1] else [base.start_rule(begin, look)]
    shade = _phase_in(begin, phase_in, x, look)
    return base.finish(alt.layer(*shade, band, base.zero_rule(look), *rule, line, *words), look, height=280)
