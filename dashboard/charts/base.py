"""What all charts share: months on an axis, limits that include what matters, quiet layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.labels import Frame
from dashboard.theme import LIGHT, Look, config

HEIGHT: Final = 340


def finish(chart: Any, look: Look = LIGHT, *, height: float | alt.Step = HEIGHT) -> Any:
    """Give a chart the look, the width of its container and a fixed height."""
    sized = chart.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    return sized.properties(height=height).configure(**config(look))


def empty(message: str, look: Look = LIGHT, *, height: int = 90) -> Any:
    """A chart that says in words why there is nothing to draw."""
    table = pd.DataFrame({"text": [message], "narrow": ["\n".join(_lines(message, 44))]})
    mark = alt.Chart(table).mark_text(
        align="left", baseline="top", fontSize=14, lineBreak="\n", color=look.muted, x=4, y=8
    )
    wide = mark.encode(text="text:N").transform_filter(f"width >= {8 * len(message)}")
    narrow = mark.encode(text="narrow:N").transform_filter(f"width < {8 * len(message)}")
    return finish(alt.layer(wide, narrow), look, height=height)


def _lines(text: str, letters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) < letters:
            lines[-1] = f"{lines[-1]} {word}".strip()
        else:
            lines.append(word)
    return lines


def dates(months: Any) -> pd.DatetimeIndex:
    """Months (Period, dates or "2026-06") as the first day of each."""
    index = pd.Index(months)
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index
    if len(index) and isinstance(index[0], pd.Period):
        return pd.PeriodIndex(index).to_timestamp()
    return pd.DatetimeIndex(pd.to_datetime(index))


def day(value: Any) -> pd.Timestamp:
    """One month as its first day."""
    return pd.Timestamp(dates([value])[0])


def ordinal(when: Any) -> Any:
    """Dates as days since 1970, for the placing of labels."""
    index = pd.DatetimeIndex(np.atleast_1d(when))
    return (index - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)


def from_ordinal(days: Any) -> pd.DatetimeIndex:
    """Inverse of :func:`ordinal`."""
    return pd.Timestamp("1970-01-01") + pd.to_timedelta(np.asarray(days, float), unit="D")


def span(when: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last date; a single month is given one month of room, so that there is an axis."""
    first, last = when.min(), when.max()
    return (first, last) if first < last else (first, last + pd.DateOffset(months=1))


def limits(values: Iterable[Any], *, zero: bool = False, room: float = 0.08) -> tuple[float, float]:
    """Lowest and highest finite value of several columns, with a little room.

    ``zero``: the axis starts at zero, as bars and small counts need.
    """
    flat = np.concatenate([np.asarray(pd.to_numeric(pd.Series(v)), float).ravel() for v in values])
    flat = flat[np.isfinite(flat)]
    if len(flat) == 0:
        return 0.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    span = (high - low) or max(abs(high), 1.0)
    bottom = 0.0 if zero and low >= 0 else low - room * span
    if low >= 0:
        bottom = max(bottom, 0.0)
    return bottom, high + room * span


def frame(x: Sequence[Any], y: tuple[float, float], height: float = HEIGHT) -> Frame:
    """The plot of a time series for the placing of labels."""
    days = ordinal(pd.DatetimeIndex(list(x)))
    return Frame(float(days.min()), float(days.max()), y[0], y[1], height)


def month_x(
    field: str,
    domain: tuple[Any, Any],
    *,
    axis: bool = True,
    title: str | None = None,
) -> alt.X:
    """A month axis: years when the span is long, months when it is short, and no crowding."""
    start, end = pd.Timestamp(domain[0]), pd.Timestamp(domain[1])
    span = (end - start).days / 365.25
    if not axis:
        shown = alt.Axis(labels=False, ticks=False, title=None)
    elif span > 3:
        first = start.year if start.month == 1 else start.year + 1
        every = [pd.Timestamp(y, 1, 1) for y in range(first, end.year + 1)]
        shown = alt.Axis(
            values=[alt.DateTime(year=t.year, month=1, date=1) for t in every],
            labelExpr="timeFormat(datum.value, '%Y')",
            title=title,
            labelSeparation=8,
        )
    else:
        shown = alt.Axis(
            tickCount=alt.ExprRef("width < 380 ? 3 : 7"),
            labelExpr=(
                "[timeFormat(datum.value, '%b'), (datum.index == 0 || month(datum.value) == 0) "
                "? timeFormat(datum.value, '%Y') : '']"
            ),
            title=title,
            labelSeparation=6,
        )
    return alt.X(
        f"{field}:T",
        axis=shown,
        scale=alt.Scale(domain=[_date(start), _date(end)], nice=False),
        title=title,
    )


def _date(t: pd.Timestamp) -> alt.DateTime:
    return alt.DateTime(year=t.year, month=t.month, date=t.day)


def number_y(
    field: str,
    domain: tuple[float, float],
    *,
    title: str | None = None,
    percent: bool = False,
    axis: bool = True,
) -> alt.Y:
    """A quiet number axis of few ticks; Vega writes real minus signs by itself."""
    label = "format(datum.value, ',.0f') + '\u00a0%'" if percent else "format(datum.value, ',')"
    shown = (
        alt.Axis(
            tickCount=5, labelExpr=label, title=title, titleAngle=0, titleAlign="left",
            titleAnchor="end", titleX=0, titleY=-8,
        )
        if axis
        else None
    )  # fmt: skip
    return alt.Y(f"{field}:Q", axis=shown, scale=alt.Scale(domain=list(domain), nice=False, zero=False))


def start_rule(when: Any, look: Look = LIGHT) -> Any:
    """The thin rule at the month in which something starts."""
    table = pd.DataFrame({"start": [pd.Timestamp(when)]})
    return alt.Chart(table).mark_rule(strokeWidth=1.2, color=look.rule).encode(x="start:T")


def zero_rule(look: Look = LIGHT, *, vertical: bool = False, at: float = 0.0) -> Any:
    """A rule at no difference."""
    chart = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(strokeWidth=1.2, color=look.rule)
    return chart.encode(x="at:Q") if vertical else chart.encode(y="at:Q")


def finite(values: Any) -> bool:
    """Whether there is at least one number to draw."""
    array = np.asarray(pd.to_numeric(pd.Series(values)), float)
    return bool(np.isfinite(array).any())
