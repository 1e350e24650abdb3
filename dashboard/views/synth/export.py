"""What can be taken away: data, results, specification, and a program that repeats them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.synth import SynthSpec, script
from analysis.synth import export as tables_of
from dashboard import data
from dashboard import words as w
from dashboard.components import digest
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.paths import path_of
from dashboard.views.synth.wording import in_words
from dashboard.workbench import Export, csv, record

#: Begins the columns of characteristics in the data.
MATCHED: Final = "characteristic: "
_PLAIN: Final = ("panel", "population", "predictors")


def export(found: Answer, *, p_values: bool = True, link: str = "") -> Export:
    """Data, results, specification and a program that repeats them."""
    facts = data.facts()
    return _export(
        digest(found.identity, facts.source_line, facts.synthetic), p_values, link, found,
        facts.version, facts.source_line, facts.synthetic,
    )  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=64)
def _export(
    identity: str, p_values: bool, link: str, _found: Answer, version: str, source: str, synthetic: bool
) -> Export:
    del identity  # part of the key alone
    found, r = _found, _found.result
    long = found.case.panel.rename_axis(index="month").reset_index().melt(
        id_vars="month", var_name="unit", value_name="count"
    )  # fmt: skip
    if found.case.population is not None:
        long["population"] = long["unit"].map(found.case.population)
    matched = found.predictors
    if matched is not None:
        for name, row in matched.table.iterrows():
            long[f"{MATCHED}{name}"] = long["unit"].map(row)
    results = path_of(found).copy()
    if synthetic:
        long["data_status"] = results["data_status"] = w.SYNTHETIC
    stem = f"sln_synthetic_control_{found.place}_{found.measure}"
    about: dict[str, Any] = {
        "method": "synthetic control", "place": found.place, "measure": found.measure, "link": link,
        "data_version": version, "source": source, "why_this_estimator": in_words(found.why),
        "choices": list(r.choices), "notes": list(found.case.notes),
        "data_status": w.SYNTHETIC if synthetic else "reported figures, provisional",
        "effects": r.effects.to_dict("records"),
        "weights": {str(n): float(v) for n, v in r.weights.items() if abs(v) > 1e-9},
        "excluded": everybody_left_out(found).to_dict("records"),
        "specifications": _without_p(found.others, p_values).to_dict("records"),
        "leave_one_out": r.leave_one_out.to_dict("records"),
        "in_time": r.in_time.to_dict("records"),
        "power": r.power.to_dict("records"),
        "months_needed": None if r.months_needed is None else r.months_needed.sentence,
        "characteristics_matched": {} if matched is None or matched.weights is None
        else {str(n): float(v) for n, v in matched.weights.items()},
    }  # fmt: skip
    kept = record(r.spec, r.effect if p_values else replace(r.effect, p_value=float("nan")), r.checks, about)
    if not p_values:
        kept["effect"].pop("p_value", None)
    return Export(stem, long, results, kept, _program(r.spec, stem, found, p_values=p_values))


def everybody_left_out(found: Answer) -> pd.DataFrame:
    """name, reason of every place that is not in the comparison: by the data, the pool or by choice."""
    return _left_out(digest(found.identity), found)


@st.cache_resource(show_spinner=False, max_entries=64)
def _left_out(identity: str, _found: Answer) -> pd.DataFrame:
    del identity  # part of the key alone
    found = _found
    return left_out(found.case.excluded, found.result.excluded)


def left_out(of_case: pd.DataFrame, of_method: pd.DataFrame) -> pd.DataFrame:
    """Exclusions by the data and by the method in one table: name, reason."""
    chosen = of_method.rename(columns={"unit": "name"})[["name", "reason"]]
    both = pd.concat([of_case, chosen], ignore_index=True).drop_duplicates("name", keep="first")
    return both.assign(reason=[in_words(str(t)) for t in both["reason"]]).sort_values(
        "name", ignore_index=True
    )


def _without_p(table: pd.DataFrame, p_values: bool) -> pd.DataFrame:
    return table if p_values else table.drop(columns="p_value", errors="ignore")


def bundle(found: Answer, made: Export) -> bytes:
    """Every table of the result, the specification and the program, as one ZIP file."""
    p_values = "p_value" in made.record["effect"]
    tables: dict[str, pd.DataFrame] = {
        **tables_of(found.result, found.case.panel, found.case.population),
        "excluded": everybody_left_out(found),
        "specifications": _without_p(found.others, p_values),
        "donors": found.case.donors,
    }
    people = "population.csv" if found.case.population is not None else None
    matched = None
    if found.predictors is not None:
        matched, weights = "predictors.csv", found.predictors.weights
        table = found.predictors.table.rename_axis("predictor")
        table.insert(0, "weight", 1.0 if weights is None else weights.reindex(table.index))
        tables["predictors"] = table.reset_index()
    text = script(
        found.result.spec, population=people, predictors=matched, note=note_of(made)
    )  # fmt: skip
    return packed(made, tables, text if p_values else _no_p_line(text))


def note_of(made: Export) -> str:
    """Source, data version and link, for the head of a program."""
    return (
        f"{made.record['source']}\nData version {made.record['data_version']}\n{made.record['link']}".strip()
    )


def packed(made: Export, tables: Mapping[str, pd.DataFrame], text: str) -> bytes:
    """Tables, specification and program as one ZIP file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, table in tables.items():
            if made.record["data_status"] == w.SYNTHETIC:
                table = table.assign(data_status=w.SYNTHETIC) if name not in _PLAIN else table
            file.writestr(_entry(f"{name}.csv"), csv(table))
        file.writestr(
            _entry("specification.json"), json.dumps(made.record, indent=2, ensure_ascii=False).encode()
        )
        file.writestr(_entry("repeat.py"), text.encode())
        file.writestr(_entry("README.txt"), _about(made).encode())
    return out.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """A file of a fixed day, so that the same result gives the same bytes."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _no_p_line(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if "p_value" not in line)


def _about(made: Export) -> str:
    return (
        f"Synthetic control, Save Lives Now!\n{made.record['data_status']}\n\n"
        f"Source: {made.record['source']}\nData version: {made.record['data_version']}\n"
        f"Link: {made.record['link']}\n\n"
        "panel.csv (and population.csv, predictors.csv where there are any) are what went in; repeat.py "
        "makes the result from them, inside the dashboard's repository: uv run python repeat.py\n"
        "excluded.csv names every place that is not in the comparison, with its reason.\n"
    )


def _program(spec: SynthSpec, stem: str, found: Answer, *, p_values: bool) -> str:
    people, given, names, matched = "", "None", "SynthSpec, fit", ""
    if found.case.population is not None:
        people, given = 'population = data.groupby("unit")["population"].first()\n', "population"
    if found.predictors is not None:
        weights = found.predictors.weights
        names, given = f"Predictors, {names}", f"{given}, predictors=predictors"
        v = {} if weights is None else {f"{MATCHED}{n}": float(x) for n, x in weights.items()}
        matched = (
            f"weights = pd.Series({v!r})\n"
            'table = data.groupby("unit")[list(weights.index)].first().T\n'
            "predictors = Predictors(table, weights)\n"
        )
    p_line = 'print("p =", result.effect.p_value)\n' if p_values else ""
    return f'''"""Repeat a synthetic control of the Save Lives Now! dashboard from its exported data.

Run inside the dashboard's repository:  uv run python {stem}_repeat.py
"""

import pandas as pd

from analysis.synth import {names}

data = pd.read_csv("{stem}_data.csv")
data["month"] = pd.PeriodIndex(data["month"], freq="M")
panel = data.pivot(index="month", columns="unit", values="count")[list(data["unit"].unique())]
panel.columns.name = None
{people}{matched}spec = {spec!r}
result = fit(panel, spec, {given})
print(result.effect.percent)
{p_line}print(result.weights.sort_values(ascending=False).head(10))
'''
