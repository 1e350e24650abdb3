"""Figures and downloads for several treated places."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.data.vocabulary import MEASURES
from analysis.synth import script_several
from dashboard import charts, data
from dashboard import words as w
from dashboard.charts.event_time import event_time
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.synth.export import left_out, note_of, packed
from dashboard.views.synth.pooled import Pooled
from dashboard.views.synth.pooled_said import where
from dashboard.workbench import Export, plain

#: Months before the starts that the picture shows.
_BEFORE: Final = 36


def figures(found: Pooled) -> dict[str, Figure]:
    """Every figure by a short name."""
    facts = data.facts()
    return _figures(digest(found.identity), found, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=32)
def _figures(identity: str, _found: Pooled, source: str, synthetic: bool) -> dict[str, Figure]:
    common: dict[str, Any] = {"source": source, "synthetic": synthetic}
    return {
        name: Figure(**(made | common | {"identity": f"{identity}-{name}"}))
        for name, made in (("units", _units(_found)), ("event_time", _event_time(_found)))
    }


def _event_time(found: Pooled) -> dict[str, Any]:
    table = found.result.event_time
    shown = table.loc[table["time"] >= -_BEFORE]
    after = table.loc[table["time"] >= 0]
    below = int((after["gap"] < 0).sum())
    unit = next(iter(found.result.units.values())).unit
    weighted = found.case.population is not None
    each = unit if unit.startswith("events") else f"in events {unit}"
    columns = {
        "time": Column("Months since the start", "count"), "units": Column("Places seen", "count"),
        "gap": Column("Mean difference", "decimal2"), "lower": Column("From", "decimal2"),
        "upper": Column("To", "decimal2"),
    }  # fmt: skip
    if weighted:
        columns |= {
            "gap_weighted": Column("Mean by residents", "decimal2"),
            "weighted_lower": Column("From, by residents", "decimal2"),
            "weighted_upper": Column("To, by residents", "decimal2"),
        }
    return {
        "key": "synth_event_time",
        "title": f"Lined up at their starts, the mean was below the comparison in {below} of "
                 f"{w.plural(len(after), 'month')}",
        "sentence": f"Differences {each}. Before the starts the line should hover around zero.",
        "chart": lambda look: event_time(shown, weighted=weighted, unit=unit, look=look),
        "table": shown, "columns": columns,
        "alt": f"Line by months since the start: the mean difference in {MEASURES[found.measure].lower()} of "
               f"{where(found)} from their comparisons, with a band after the start.",
        "note": "The fewer places are seen in a month, the less its mean says. The band is the spread of "
                "draws in which places where nothing started stand in for the treated ones, in the same "
                "months."
                + (" The dashed line weighs places by their residents." if weighted else ""),
    }  # fmt: skip


def _units(found: Pooled) -> dict[str, Any]:
    rows = []
    for name, r in found.result.units.items():
        change, events = r.effect.percent, r.effect.events
        rows.append(
            {
                "name": name, "note": f"from {w.month(found.starts[name])}", "percent": change.estimate,
                "lower": change.lower, "upper": change.upper, "start": found.starts[name],
                "months": r.effect.post_months, "events": events.estimate, "events_lower": events.lower,
                "events_upper": events.upper, "donors": len(r.weights),
                "smallest": abs(r.effect.minimum_detectable_percent), "p_value": r.effect.p_value,
            }
        )  # fmt: skip
    every, sums = found.result.percent_interval, found.result.events_interval
    rows.append(
        {
            "name": "All together", "note": "", "percent": every.estimate, "lower": every.lower,
            "upper": every.upper, "start": "", "months": float("nan"), "events": sums.estimate,
            "events_lower": sums.lower, "events_upper": sums.upper, "donors": float("nan"),
            "smallest": float("nan"), "p_value": float("nan"),
        }
    )  # fmt: skip
    table = pd.DataFrame(rows)
    alone = table.iloc[:-1]
    low, high = float(alone["percent"].min()), float(alone["percent"].max())
    title = (
        f"Place by place the difference lies between {w.fewer(low)} and {w.fewer(high)}"
        if len(alone) > 1
        else f"{alone['name'].iloc[0]} alone: {w.fewer(low)}"
    )
    return {
        "key": "synth_units",
        "title": title,
        "sentence": "Each place has a comparison of its own; the last row adds all their events together.",
        "chart": lambda look: charts.dot_intervals(
            table[["name", "percent", "lower", "upper", "note"]], look=look,
            axis_title="Difference from the comparison",
        ),
        "table": table,
        "columns": {
            "name": Column("Place"), "start": Column("Start"), "months": Column("Months after", "count"),
            "percent": Column("Difference", "percent_change"), "lower": Column("From", "percent_change"),
            "upper": Column("To", "percent_change"), "events": Column("Events", "change"),
            "events_lower": Column("Events, from", "change"), "events_upper": Column("Events, to", "change"),
            "donors": Column("On offer", "count"),
            "smallest": Column("Smallest fall it could have seen", "percent"),
            "p_value": Column("p", "decimal2"),
        },
        "alt": f"Dots with ranges: the difference of {where(found)}, each alone and all together.",
        "note": "Ranges of single places are those of other places treated as if something had started; the "
                "range of all together comes from draws of as many places.",
    }  # fmt: skip


def exclusions(found: Pooled) -> pd.DataFrame:
    """name, reason of every place that is in none of the comparisons or missing from some of them."""
    whose: dict[tuple[str, str], list[str]] = {}
    for name, r in found.result.units.items():
        for row in left_out(found.case.excluded, r.excluded).to_dict("records"):
            whose.setdefault((str(row["name"]), str(row["reason"])), []).append(name)
    everywhere = len(found.result.units)
    rows = [
        (name, why if len(of) == everywhere else f"{why} (comparison of {w.join(of)})")
        for (name, why), of in sorted(whose.items())
        if name not in found.starts
    ]
    return pd.DataFrame(rows, columns=["name", "reason"]).astype("str")


def export(found: Pooled, *, link: str = "") -> Export:
    """Data, results by months since the start, specification and program."""
    facts, r = data.facts(), found.result
    long = found.case.panel.rename_axis(index="month").reset_index().melt(
        id_vars="month", var_name="unit", value_name="count"
    )  # fmt: skip
    if found.case.population is not None:
        long["population"] = long["unit"].map(found.case.population)
    results = r.event_time.copy()
    if facts.synthetic:
        long["data_status"] = results["data_status"] = w.SYNTHETIC
    stem = f"sln_synthetic_control_{found.place}_{found.measure}"
    kept: dict[str, Any] = plain(
        {
            "method": "synthetic control, several treated places", "place": found.place,
            "measure": found.measure, "link": link, "data_version": facts.version,
            "source": facts.source_line, "why_this_estimator": found.why,
            "data_status": w.SYNTHETIC if facts.synthetic else "reported figures, provisional",
            "specification": asdict(found.spec), "starts": dict(found.starts), "pool": found.pool,
            "horizon": found.horizon, "percent": asdict(r.percent_interval),
            "events": asdict(r.events_interval), "mean_difference": asdict(r.att_interval),
            "p_value": r.p_value, "range": r.sentence, "refused": dict(r.refused),
            "units": {
                name: {
                    "effect": one.effect.to_record(),
                    "weights": {str(n): float(v) for n, v in one.weights.items() if abs(v) > 1e-9},
                    "checks": [{"name": c.name, "state": str(c.state), "sentence": c.sentence}
                               for c in one.checks],
                    "choices": list(one.choices),
                }
                for name, one in r.units.items()
            },
            "excluded": exclusions(found).to_dict("records"), "notes": list(found.case.notes),
        }
    )  # fmt: skip
    return Export(stem, long, results, kept, _program(found, stem))


def bundle(found: Pooled, made: Export) -> bytes:
    """Every table, the specification and the program, as one ZIP file."""
    panel = found.case.panel.copy()
    panel.index = pd.Index(panel.index.astype(str), name="period")
    weights = [
        pd.DataFrame({"treated": name, "unit": one.weights.index, "weight": one.weights.to_numpy()})
        for name, one in found.result.units.items()
    ]
    units = figures(found)["units"].table
    tables = {
        "panel": panel.reset_index(), "event_time": found.result.event_time, "units": units,
        "weights": pd.concat(weights, ignore_index=True), "excluded": exclusions(found),
    }  # fmt: skip
    if found.case.population is not None:
        people = found.case.population
        tables["population"] = people.rename("population").rename_axis("unit").reset_index()
    text = script_several(
        found.spec, found.starts, pool=found.pool, horizon=found.horizon, note=note_of(made),
        population="population.csv" if found.case.population is not None else None,
    )  # fmt: skip
    return packed(made, tables, text)


def _program(found: Pooled, stem: str) -> str:
    people, given = "", "None"
    if found.case.population is not None:
        people, given = 'population = data.groupby("unit")["population"].first()\n', "population"
    return f'''"""Repeat a synthetic control of several places of the Save Lives Now! dashboard.

Run inside the dashboard's repository:  uv run python {stem}_repeat.py
"""

import pandas as pd

from analysis.synth import SynthSpec, fit_staggered

data = pd.read_csv("{stem}_data.csv")
data["month"] = pd.PeriodIndex(data["month"], freq="M")
panel = data.pivot(index="month", columns="unit", values="count")[list(data["unit"].unique())]
panel.columns.name = None
{people}spec = {found.spec!r}
starts = {dict(found.starts)!r}
result = fit_staggered(panel, starts, spec, {given}, pool={found.pool!r}, horizon={found.horizon!r})
print(result.percent_interval, result.events_interval)
'''
