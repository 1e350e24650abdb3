"""To take away: the data, the results, the specification, the checklist, and a program that repeats them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from analysis.its import ItsSpec, reporting_checklist
from dashboard import data
from dashboard import words as w
from dashboard.views.its.answer import Answer, Tried
from dashboard.views.its.covariates import TERMS
from dashboard.views.its.words import power, readable
from dashboard.workbench import Export, record


def export(found: Answer, against: Tried | None = None) -> Export:
    """Data, results, specification, what was tried, and a program that repeats them."""
    return _export(found.key, against is not None, found, against)


@st.cache_resource(show_spinner=False, max_entries=32)
def _export(key: str, tried: bool, _found: Answer, _against: Tried | None) -> Export:
    del key, tried
    found, against = _found, _against
    facts, r = data.facts(), found.result
    parts = [found.frame.assign(series="treated")]
    if found.control is not None:
        parts.append(found.control.assign(series="comparison"))
    parts += [table.assign(series=f"should not move: {name}") for name, table in found.unmoved.items()]
    table = pd.concat(parts).rename_axis(index="month").reset_index()
    results = r.path.merge(r.bands[["period", "mean_lower", "mean_upper"]], on="period", how="left")
    if facts.synthetic:
        table["data_status"] = results["data_status"] = w.SYNTHETIC
    stem = f"sln_interrupted_time_series_{found.place}_{found.measure}"
    about: dict[str, Any] = {
        "method": "interrupted time series", "place": found.place, "measure": found.measure,
        "data_version": facts.version, "source": facts.source_line, "choices": list(r.choices),
        "comparison_cities": list(found.members),
        "covariates": {name: TERMS[name] for name in r.spec.covariates},
        "uploaded_covariate": None if found.own is None
        else {"file": found.own.name, "sha256": found.own.digest},
        "coefficients": r.coefficients.to_dict("records"), "diagnostics": r.diagnostics,
        "data_status": w.SYNTHETIC if facts.synthetic else "reported figures, provisional",
    }  # fmt: skip
    checks = r.checks
    if against is not None:
        checks, x = against.checks, against.examination
        about |= {
            "families": found.families.to_dict("records"),
            "variants": against.table.to_dict("records"),
            "pretended_starts": [] if x.placebo is None else x.placebo.to_dict("records"),
            "rank_of_the_real_start": list(x.placebo_rank or ()),
            "power": against.able.table.to_dict("records"),
            "smallest_detectable_percent": against.able.smallest_percent,
            "smallest_detectable_percent_by_formula": against.able.formula_percent,
            "months_needed_for_20_percent": against.able.months_needed,
            "checklist": checklist(found, against).to_dict("records"),
        }
    return Export(stem, table, results, record(r.spec, r.effect, checks, about), program(r.spec, stem))


def checklist(found: Answer, against: Tried, *, expert: bool = True) -> pd.DataFrame:
    """What a report of an interrupted time series should say, filled from this run: Point, This run."""
    return _checklist(found.key, expert, found, against)


@st.cache_resource(show_spinner=False, max_entries=32)
def _checklist(key: str, expert: bool, _found: Answer, _against: Tried) -> pd.DataFrame:
    del key
    table = reporting_checklist(_against.examination)
    source = data.facts().source_line
    answers = [readable(a, expert=expert) for a in table["answer"]]
    answers = [a.replace("Name the source and the day it was read.", f"Source: {source}.") for a in answers]
    told = pd.DataFrame({"Point": table["item"], "This run": answers})
    told.loc[told["Point"] == "Smallest detectable fall", "This run"] = power(_found, _against)
    return told


def program(spec: ItsSpec, stem: str) -> str:
    """A short program that repeats the run from the exported data."""
    return f'''"""Repeat an interrupted time series of the Save Lives Now! dashboard from its exported data.

Run inside the dashboard's repository:  uv run python {stem}_repeat.py
"""

import pandas as pd

from analysis.its import ItsSpec, examine

table = pd.read_csv("{stem}_data.csv")
table["month"] = pd.PeriodIndex(table["month"], freq="M")
columns = [name for name in {("count", "population", *spec.covariates)!r} if name in table]
series = {{name: rows.set_index("month")[columns].dropna(axis=1, how="all")
          for name, rows in table.groupby("series")}}
others = {{name: rows for name, rows in series.items() if name.startswith("should not move")}}
spec = {spec!r}
answer = examine(series["treated"], spec, series.get("comparison"), negative_controls=others)
result = answer.result
print(result.effect.percent)
print(result.coefficients)
for check in answer.checks:
    print(check.state, check.name, check.sentence)
'''
