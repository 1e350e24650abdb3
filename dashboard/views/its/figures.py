"""The answer in pictures: observed against projected, the sum, months since the start, the comparison."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data.vocabulary import MEASURES, PLACES
from analysis.its.spec import interruption
from dashboard import charts, data
from dashboard import words as w
from dashboard.charts.since_start import beside_comparison, effect_since_start
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.its.answer import Answer
from dashboard.views.its.words import beside, readable, side

Made = tuple[str, dict[str, Any]]
#: Months at each end of the time after the start that are held beside each other.
HALF: Final = 6


def figures(found: Answer, *, diagnostics: bool) -> dict[str, Figure]:
    """The figures of the answer itself by a short name; those of what was tried are in ``its_proof``."""
    facts = data.facts()
    return _figures(digest(found.key), diagnostics, found, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _figures(
    identity: str, diagnostics: bool, _found: Answer, source: str, synthetic: bool
) -> dict[str, Figure]:
    made = [_observed(_found), _cumulative(_found), _since(_found), _compared(_found)]
    if diagnostics:
        made += [_residuals(_found), _memory(_found)]
    return finished(made, f"{identity}{diagnostics}", source, synthetic)


def finished(made: list[Made], identity: str, source: str, synthetic: bool) -> dict[str, Figure]:
    """Figures by name; those without anything to show are left away."""
    return {
        name: Figure(**parts, source=source, synthetic=synthetic, identity=f"{identity}-{name}")
        for name, parts in made
        if parts
    }


def preview(place: str, measure: str, frame: pd.DataFrame, start: str) -> Figure:
    """The series alone, before anything is fitted."""
    facts = data.facts()
    what, where = MEASURES[measure], w.place_in_sentence(PLACES[place])
    empty = dict.fromkeys(("expected", "lower", "upper"), float("nan"))
    table = pd.DataFrame({"period": frame.index, "observed": frame["count"].to_numpy(float)}).assign(**empty)
    return Figure(
        key="its_series",
        title=f"{what} in {where}, {w.months(frame.index[0], frame.index[-1])}, month by month",
        sentence="The counts as they are; no model has touched them.",
        chart=lambda look: charts.observed_vs_expected(table, start=start, look=look),
        table=table[["period", "observed"]],
        columns={"period": Column("Month", "month"), "observed": Column("What happened", "count")},
        source=facts.source_line,
        synthetic=facts.synthetic,
        alt=f"Line by month: {what.lower()} in {where}, with a rule at {w.month(start)}.",
        identity=digest("its", facts.version, place, measure, frame.index[0], frame.index[-1], start),
    )


def _observed(found: Answer) -> Made:
    r, place, what = found.result, PLACES[found.place], MEASURES[found.measure].lower()
    start, phase = r.spec.start, r.spec.phase_in
    others = [interruption(text).start for text in r.spec.interruptions]
    dotted = f" Dotted uprights: the other changes in the model ({w.join([w.month(m) for m in others])})."
    table = r.path.merge(r.bands[["period", "mean_lower", "mean_upper"]], on="period", how="left")
    return "observed", {
        "key": "its_observed",
        "title": f"{w.sentence_case(what)} in {w.place_in_sentence(place)} was "
                 f"{side(r.effect.percent.estimate)} the {beside(found)}",
        "sentence": "The band says where single months would have fallen if the past had carried on."
                    + (dotted if others else ""),
        "chart": lambda look: charts.observed_vs_expected(
            r.path, start=start, phase_in=phase, expected_label="Projection (without the change)",
            others=others, look=look,
        ),
        "table": table,
        "columns": {
            "period": Column("Month", "month"), "observed": Column("What happened", "count"),
            "expected": Column("Projection", "decimal"), "lower": Column("Single month, from", "decimal"),
            "upper": Column("Single month, to", "decimal"), "mean_lower": Column("Mean, from", "decimal"),
            "mean_upper": Column("Mean, to", "decimal"),
        },
        "alt": f"Lines by month: {what} in {place} and its projection, with a rule at {w.month(start)} and a "
               "band around the projection.",
        "note": "Events a month. The range of the mean is that of the projection alone; the range of a "
                "single month adds the chance of one month’s count. " + readable(" ".join(r.choices)),
    }  # fmt: skip


def _cumulative(found: Answer) -> Made:
    r, what = found.result, MEASURES[found.measure].lower()
    events, start, against = r.effect.events, r.spec.start, beside(found)
    title = (
        f"Added up since {w.month(start)}: {w.number(abs(events.estimate))} "
        f"{'fewer' if events.estimate < 0 else 'more'} events than the {against}"
        if events.known
        else f"The differences added up since {w.month(start)}"
    )
    return "cumulative", {
        "key": "its_cumulative",
        "title": title,
        "sentence": f"In all {w.people(events, 'event', 'events')}: a difference from the {against}.",
        "chart": lambda look: charts.cumulative_effect(r.path, start=start, look=look),
        "table": r.path.loc[r.path["cumulative"].notna()],
        "columns": {
            "period": Column("Month", "month"), "cumulative": Column("Since the start", "change"),
            "cumulative_lower": Column("From", "change"), "cumulative_upper": Column("To", "change"),
        },
        "alt": f"Line by month: the difference in {what} added up since {w.month(start)}, with its band.",
    }  # fmt: skip


def _since(found: Answer) -> Made:
    r = found.result
    start = w.to_month(r.spec.start)
    path = r.path.loc[r.path["period"] >= start].copy()
    path["month"] = [(p - start).n + 1 for p in path["period"]]
    path["single"] = 100 * (path["observed"] / path["expected"].where(path["expected"] > 0) - 1)
    modelled = r.by_month[["period"]].copy()
    for name, ratio in (("percent", "rate_ratio"), ("lower", "lower"), ("upper", "upper")):
        modelled[name] = 100 * (r.by_month[ratio] - 1)
    table = path[["period", "month", "single", "observed", "expected"]].merge(
        modelled, on="period", how="left"
    )
    if not table["percent"].notna().any():
        return "since", {}
    return "since", {
        "key": "its_since_start",
        "title": _since_title(found, table),
        "sentence": (
            "Under ARIMA the projection after the start is what happened less the modelled effect: the dots "
            "lie on the line and say nothing of their own."
            if r.spec.family == "arima"
            else "The model lets the effect change by the month."
            if r.spec.slope
            else "The model gives all months one average effect; the dots are single months with all their "
            "chance. To let the effect grow or fade, choose “Trend may change too”."
        ),
        "chart": lambda look: effect_since_start(
            table[["month", "single", "percent", "lower", "upper"]], look=look
        ),
        "table": table,
        "columns": {
            "period": Column("Month", "month"), "month": Column("Months since the start", "count"),
            "single": Column("This month", "percent_change"),
            "percent": Column("Modelled", "percent_change"), "lower": Column("From", "percent_change"),
            "upper": Column("To", "percent_change"),
        },
        "alt": "Dots by month since the start: difference of single months from the projection in percent; a "
               "line with a band: the modelled effect.",
        "note": "Months of the phase-in are dots without a modelled effect.",
    }  # fmt: skip


def _since_title(found: Answer, table: pd.DataFrame) -> str:
    kept = table.dropna(subset=["percent", "observed", "expected"])
    if found.result.spec.slope:
        first, last = kept["percent"].iloc[0], kept["percent"].iloc[-1]
        return (
            f"The modelled effect goes from {w.percent(first, signed=True)} to "
            f"{w.percent(last, signed=True)} in {w.plural(int(kept['month'].iloc[-1]), 'month')}"
        )
    against = beside(found)
    if found.result.spec.family == "arima":
        return f"The modelled effect: on average {side(found.result.effect.percent.estimate)} the {against}"
    if len(kept) >= 2 * HALF:
        parts = [
            side(100 * (part["observed"].sum() / part["expected"].sum() - 1))
            for part in (kept.iloc[:HALF], kept.iloc[-HALF:])
        ]
        return f"First six months: {parts[0]} the {against}; last six: {parts[1]} it"
    low, high = kept["single"].min(), kept["single"].max()
    return f"Single months lie between {side(low)} and {side(high)} the {against}"


def _compared(found: Answer) -> Made:
    if found.control is None:
        return "compared", {}
    start = w.to_month(found.result.spec.start)
    months = pd.PeriodIndex(found.frame.index, freq="M")
    own, other = (t["count"].to_numpy(float) for t in (found.frame, found.control))
    before = np.asarray(months < start)
    base_own, base_other = np.nanmean(own[before]), np.nanmean(other[before])
    if not (base_own > 0 and base_other > 0):
        return "compared", {}
    table = pd.DataFrame({"period": months, "observed": own, "beside": other})
    table["treated"], table["comparison"] = 100 * own / base_own, 100 * other / base_other
    after = ~before & np.isfinite(own) & np.isfinite(other)
    moved = [100 * (np.nanmean(v[after]) / b - 1) for v, b in ((own, base_own), (other, base_other))]
    place = PLACES[found.place]
    n = len(found.members)
    cities = "The comparison city" if n == 1 else f"The {n} comparison cities"
    return "compared", {
        "key": "its_compared",
        "title": f"{cities} went {_went(moved[1])}, {w.place_in_sentence(place)} {_went(moved[0])}",
        "sentence": "Mean count a month after the start against before, season and trend not taken out; "
                    "100 is the mean of each before the start.",
        "chart": lambda look: beside_comparison(
            table[["period", "treated", "comparison"]], start=str(start), treated=place, look=look
        ),
        "table": table,
        "columns": {
            "period": Column("Month", "month"), "observed": Column(place, "count"),
            "beside": Column("Comparison", "count"), "treated": Column(f"{place}, index", "count"),
            "comparison": Column("Comparison, index", "count"),
        },
        "alt": f"Two lines by month: {place} and its comparison, each 100 at its mean before the start.",
        "note": "Added up: " + w.join(sorted(found.members)) + ".",
    }  # fmt: skip


def _went(percent: float) -> str:
    return w.direction(percent) if w.direction(percent) != "unchanged" else "nowhere"


def _residuals(found: Answer) -> Made:
    table = found.result.residuals[["period", "deviance"]].rename(columns={"deviance": "residual"})
    spread = float(table["residual"].std())
    if spread > 0:  # families differ in their unit; in their own spread all can be read alike
        table["residual"] = table["residual"] / spread
    outside = int((table["residual"].abs() > 2).sum())
    n, start = len(table), found.result.spec.start
    return "residuals", {
        "key": "its_residuals",
        "title": f"{w.sentence_case(w.plural(outside, 'month', spelled=True))} of {n} "
                 f"{'lies' if outside == 1 else 'lie'} further than usual from the model",
        "sentence": f"Further than two times their usual spread; about {w.number(0.05 * n)} would be by "
        "chance alone. Look for runs above or below.",
        "chart": lambda look: charts.residuals(table, start=start, look=look),
        "table": table,
        "columns": {"period": Column("Month", "month"), "residual": Column("Residual", "decimal2")},
        "alt": "Dots by month: standardised residuals of the model, with the band from −2 to 2.",
    }  # fmt: skip


def _memory(found: Answer) -> Made:
    check = next((c for c in found.result.checks if "autocorrelation" in c.table.columns), None)
    if check is None:
        return "memory", {}
    table = check.table.rename(columns={"autocorrelation": "value"})
    table["limit"] = 1.96 / np.sqrt(len(found.result.residuals))
    outside = int((table["value"].abs() > table["limit"]).sum())
    return "memory", {
        "key": "its_memory",
        "title": f"{w.sentence_case(w.plural(outside, 'lag', spelled=True))} of {len(table)} "
                 f"{'lies' if outside == 1 else 'lie'} outside what chance gives",
        "sentence": readable(check.sentence),
        "chart": lambda look: charts.autocorrelation(table, look=look),
        "table": table,
        "columns": {"lag": Column("Months apart", "count"), "value": Column("Autocorrelation", "decimal2"),
                    "limit": Column("Limit of chance", "decimal2")},
        "alt": "Stems by lag: autocorrelation of the residuals, with the band that chance alone gives.",
    }  # fmt: skip
