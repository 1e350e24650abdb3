"""For people who watch counts: which months, years and places are out of the ordinary."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.data.vocabulary import JURISDICTIONS, MEASURES
from analysis.evidence import RefusedError
from analysis.progress.charts import count_chart, days_between_chart, funnel
from analysis.progress.compare import compare
from analysis.progress.dispersion import baseline_dispersion
from analysis.progress.multiplicity import shrink
from analysis.progress.seasons import seasonal_table, year_to_date_fan
from analysis.progress.windows import match_windows
from dashboard import charts, data
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.progress.page import Standing

#: Events a month below which single months say nothing and days between events are drawn instead.
RARE = 1.0
#: Months of the baseline in which an area's incidents must be known.
MONTHS = 12
#: Newest gaps between events that are drawn.
GAPS = 60
#: Fewest areas that a funnel is drawn for, and kinds of areas that do not overlap each other.
FEWEST_AREAS = 5
AREA_KINDS = ("neighborhood", "municipality", "district")


def control(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure | str:
    """The control chart of a series, or why there is none."""
    if one.series is None or one.series.complete_through is None:
        return one.why
    last = one.series.complete_through
    try:
        found = count_chart(one.series.counts, one.goal.baseline_months, last)
    except RefusedError as why:
        return str(why)
    table = _with_nowcast(
        one, found.table.assign(value=found.table["count"], signal=found.table["alarm"] != "")
    )
    what, where = MEASURES[one.measure], w.place_in_sentence(one.name)
    judged = table[table["judged"]]
    low, high = (int((found.alarms["alarm"] == side).sum()) for side in ("low", "high"))
    if not len(judged):
        title = f"{what} in {where}: no month after the baseline yet"
    elif low + high == 0:
        title = f"No month of the newest {len(judged)} is out of the ordinary in {where}"
    else:
        parts = [f"{n} had {word}" for n, word in ((low, "fewer"), (high, "more")) if n]
        title = f"Of the newest {len(judged)} months {w.join(parts)} events than the baseline makes likely"
    shown = table.assign(state=[_STATES[a] for a in table["alarm"]])
    return Figure(
        key="watch_months",
        title=w.sentence_case(title),
        sentence=f"{found.sentence} {still_coming(one)}".strip(),
        chart=lambda look: charts.control_chart(table, start=one.goal.start, look=look),
        table=shown,
        columns={
            "month": Column("Month", "month"),
            "count": Column("Events", "count"),
            "center": Column("Usual", "count"),
            "lower": Column("Likely, from", "count"),
            "upper": Column("Likely, to", "count"),
            "state": Column("State"),
        },
        source=source,
        alt=(
            f"Monthly {what.lower()} in {where} with the range that the baseline makes likely. "
            f"{found.sentence}"
        ),
        note=f"{found.note} A month outside is a reason to look, not a finding about any tactic.",
        synthetic=synthetic,
        identity=digest(version, "watch", one.place, one.measure, one.goal, last),
    )


NOWCAST = ["nowcast", "nowcast_lower", "nowcast_upper"]


def coming(one: Standing) -> pd.DataFrame:
    """Months under 95 % complete: month, share, and what each may come to hold."""
    if one.found is None or not one.found.incomplete:
        return pd.DataFrame(columns=["month", "share", *NOWCAST])
    told = pd.DataFrame(list(one.found.incomplete), columns=["month", "share"])
    return told.merge(one.found.glide_path[["month", *NOWCAST]], on="month", how="left")


def _with_nowcast(one: Standing, table: pd.DataFrame) -> pd.DataFrame:
    """Months still being reported lose their point and their alarm, and get what they may come to hold."""
    open_months = coming(one)
    if open_months.empty:
        return table.assign(**dict.fromkeys(NOWCAST, float("nan")))
    merged = table.merge(open_months.drop(columns="share"), on="month", how="left")
    thin = merged["month"].isin(list(open_months["month"]))
    return merged.assign(
        value=merged["value"].mask(thin), signal=merged["signal"] & ~thin,
        judged=merged["judged"] & ~thin, alarm=merged["alarm"].mask(thin, ""),
    )  # fmt: skip


def still_coming(one: Standing) -> str:
    """Which months are still being reported and what they may come to hold, in words; else empty."""
    told = [
        f"{w.month(r['month'])} is about {w.percent(100 * r['share'])} reported and may come to hold "
        f"{w.number(r['nowcast_lower'])} to {w.number(r['nowcast_upper'])} events"
        for r in coming(one).dropna(subset="nowcast_lower").to_dict("records")
    ]
    return f"Still being reported, and in no verdict: {'; '.join(told)}." if told else ""


_STATES = {
    "": "as usual",
    "low": "fewer than likely",
    "high": "more than likely",
    "long": "long gap",
    "cluster": "close together",
}


def gaps(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure | str:
    """Days between rare events, or why they are not drawn (in the empty case: they are not rare)."""
    if one.series is None or one.series.complete_through is None:
        return one.why
    usual = one.series.counts.reindex(one.goal.baseline_months).mean()
    if not usual < RARE:
        return ""
    last = one.series.complete_through
    try:
        rows = data.hub().incidents(offense=one.measure)
    except HubError as why:
        return str(why)
    days = _days(rows, one.place)
    try:
        found = days_between_chart(
            days, one.goal.baseline_months[-1].end_time.normalize(), last.end_time.normalize()
        )
    except RefusedError as why:
        return str(why)
    newest = found.table.tail(GAPS).reset_index(drop=True)
    table = newest.assign(
        number=range(1, len(newest) + 1),
        center=float(newest["days"].median()),
        lower=0.0,
        signal=newest["alarm"] != "",
        state=[_STATES[a] for a in newest["alarm"]],
    )
    what, where = MEASURES[one.measure], w.place_in_sentence(one.name)
    return Figure(
        key="watch_gaps",
        title=f"{what} in {where}: days between one and the next",
        sentence=found.sentence,
        chart=lambda look: charts.days_between(table, look=look),
        table=table,
        columns={
            "date": Column("Up to", "date"),
            "days": Column("Days", "count"),
            "upper": Column("Likely, up to", "count"),
            "state": Column("State"),
        },
        source=source,
        alt=f"One dot a gap between two events. {found.sentence}",
        note=f"{found.note} The last gap is still running.",
        synthetic=synthetic,
        identity=digest(version, "gaps", one.place, one.measure, one.goal, last),
    )


def _days(rows: pd.DataFrame, place: str) -> pd.DatetimeIndex:
    if place in JURISDICTIONS:
        agencies = data.hub().agencies()
        mine = set(agencies.loc[agencies["jurisdiction"] == place, "agency_id"])
        rows = rows[rows["agency_id"].isin(mine)]
    return pd.DatetimeIndex(pd.to_datetime(rows["occurred_at"]).dropna())


def seasons(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure | str:
    """Each year's months on one axis, or why there are none."""
    if one.series is None or one.series.complete_through is None:
        return one.why
    last = one.series.complete_through
    try:
        found = seasonal_table(one.series.counts, last)
    except RefusedError as why:
        return str(why)
    years = [c for c in found.table.columns if c.isdigit()]
    long = found.table.melt(
        id_vars=["month", "lower", "upper"], value_vars=years, var_name="year", value_name="count"
    )
    long["year"] = long["year"].astype(int)
    what, where = MEASURES[one.measure], w.place_in_sentence(one.name)
    out = len(found.alarms)
    title = (
        f"{last.year} follows the usual course of the year in {where}"
        if not out
        else f"{w.sentence_case(w.plural(out, 'month', spelled=True))} of {last.year} outside the usual range"
    )
    columns = {"month": Column("Month of the year", "count")}
    columns |= {year: Column(year, "count") for year in years}
    columns |= {"lower": Column("Usual, from", "count"), "upper": Column("Usual, to", "count")}
    return Figure(
        key="watch_seasons",
        title=title,
        sentence=found.sentence,
        chart=lambda look: charts.years_over_one_another(long, current=last.year, look=look),
        table=found.table,
        columns=columns,
        source=source,
        alt=f"{what} by month of the year, one line a year, {last.year} on top. {found.sentence}",
        note=f"{found.note} It is made from the earlier years shown; the line before {last.year} is named.",
        synthetic=synthetic,
        identity=digest(version, "seasons", one.place, one.measure, last),
    )


def year_fan(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure | str:
    """The running total of the year with what the rest may bring, or why there is none."""
    if one.series is None or one.series.complete_through is None:
        return one.why
    last = one.series.complete_through
    try:
        found = year_to_date_fan(one.series.counts, last)
    except RefusedError as why:
        return str(why)
    table = found.table
    end = table.iloc[-1]
    before = table[table["kind"] == "before"].groupby("year")["total"].max()
    what, where = MEASURES[one.measure], w.place_in_sentence(one.name)
    so_far = w.number(table.loc[table["kind"] == "year", "total"].max())
    title = f"{what} in {where}: {so_far} so far in {last.year}"
    if last.month < 12:
        low, high = float(end["lower_95"]), float(end["upper_95"])
        side = (
            "below every one of the years before"
            if high < before.min()
            else "above every one of the years before"
            if low > before.max()
            else "within reach of the years before"
        )
        title = f"If its level stays, {last.year} ends {side} in {where}"
    return Figure(
        key="watch_year",
        title=title,
        sentence=found.sentence,
        chart=lambda look: charts.year_fan(table, look=look),
        table=table,
        columns={
            "month": Column("Through month", "count"),
            "kind": Column("Kind"),
            "year": Column("Year"),
            "total": Column("Running total", "count"),
            "lower_95": Column("From (95 %)", "count"),
            "upper_95": Column("To (95 %)", "count"),
        },
        source=source,
        alt=f"Running totals of {what.lower()} in {where} by year, with a fan for the rest of {last.year}. "
        f"{found.sentence}",
        note=found.note,
        synthetic=synthetic,
        identity=digest(version, "fan", one.place, one.measure, last),
    )


def areas_funnel(one: Standing, *, source: str, synthetic: bool, version: str, floor: int) -> Figure | str:
    """Neighborhoods and jurisdictions against what their size makes likely, or why they cannot be shown."""
    if one.series is None or one.last is None:
        return one.why
    counted = _areas(data.facts().version, str(data.hub_path()), one.measure)
    if isinstance(counted, str):
        return counted
    rows, phi = [], 1.0
    spreads = []
    for name, jurisdiction, counts in counted:
        if one.place in JURISDICTIONS and jurisdiction != one.place:
            continue
        try:
            windows = match_windows(
                counts.loc[: one.last], one.goal.baseline_months, one.goal.period[one.goal.period <= one.last]
            )
            spread = baseline_dispersion(counts.reindex(one.goal.baseline_months))
            found = compare(counts, windows, spread, 0.95)
        except RefusedError:
            continue
        if len(windows.now) and len(windows.baseline) >= MONTHS and found.baseline_events >= max(floor, 1):
            rows.append((name, found.events, found.expected))
            spreads.append(spread.value)
    if len(rows) < FEWEST_AREAS:
        return (
            "Too few areas have located incidents in a year of the baseline and since then to be compared "
            f"({len(rows)} of the {FEWEST_AREAS} needed)."
        )
    names, events, expected = (list(v) for v in zip(*rows, strict=True))
    phi = max(1.0, float(pd.Series(spreads).median()))
    chart = funnel(names, events, expected, dispersion=phi)
    drawn = shrink(names, events, expected, dispersion=phi)
    table = chart.table.assign(shrunken=100 * drawn.table["ratio"].to_numpy() / drawn.mean)
    small = (table["events"] < floor) & (table["events"] > 0)
    shown = table.assign(
        ratio=(100 * table["ratio"]).where(~small),
        events=table["events"].where(~small),
        state=[{"": "as its size makes likely", "low": "fewer", "high": "more"}[s] for s in table["outside"]],
    )
    units = pd.DataFrame(
        {
            "name": shown["place"],
            "expected": shown["expected"],
            "ratio": shown["ratio"],
            "signal": shown["outside"] != "",
        }
    ).dropna(subset="ratio")
    limits = (
        100 * chart.table.set_index("expected")[["lower_95", "upper_95", "lower", "upper"]]
    ).sort_index()
    limits = limits.reset_index().set_axis(["expected", "lower", "upper", "lower_far", "upper_far"], axis=1)
    where = w.place_in_sentence(one.name)
    out = len(chart.alarms)
    title = (
        f"The areas of {where} changed alike, as far as chance lets us see"
        if not out
        else f"{w.sentence_case(w.plural(out, 'area', spelled=True))} of {len(rows)} in {where} "
        "changed unlike the rest"
    )
    return Figure(
        key="watch_areas",
        title=title,
        sentence=chart.sentence,
        chart=lambda look: charts.funnel_plot(
            units, limits, value_title="Percent of what its own past and the common change give", look=look
        ),
        table=shown,
        columns={
            "place": Column("Area"),
            "events": Column("Events", "count"),
            "expected": Column("Its own past gives", "count"),
            "ratio": Column("Percent of expected", "percent"),
            "shrunken": Column("Drawn to the mean", "percent"),
            "state": Column("State"),
        },
        source=source,
        alt=f"One dot an area by its size, inside limits that narrow as areas grow. {chart.sentence}",
        note=f"{chart.note} “Drawn to the mean” takes out what chance explains ({drawn.sentence}) Areas "
        "stand in "
        "the order of their names; this is no ranking. Only incidents with a place on the map are counted.",
        synthetic=synthetic,
        identity=digest(version, "areas", one.place, one.measure, one.goal, one.last, floor),
    )


@st.cache_resource(show_spinner=False, max_entries=16)
def _areas(version: str, path: str, measure: str) -> list[tuple[str, str, pd.Series]] | str:
    del version, path
    from dashboard.views.tactics.answers import area_counts

    try:
        counted = area_counts(measure)
        areas = data.hub().areas()
    except HubError as why:
        return str(why)
    kept = areas[areas["kind"].isin(AREA_KINDS) & areas["area_id"].isin(list(counted))].sort_values("name")
    if kept.empty:
        return "No incident with a place on the map tells which area it belongs to."
    return [
        (str(r.name_), str(r.jurisdiction), counted[str(r.area_id)])
        for r in kept.rename(columns={"name": "name_"}).itertuples()
    ]
