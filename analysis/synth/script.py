"""What leaves the screen with a result: the script that repeats it, and its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pandas as pd

from analysis.synth.result import SynthResult
from analysis.synth.spec import SynthSpec


def script(
    spec: SynthSpec,
    *,
    panel: str = "panel.csv",
    population: str | None = "population.csv",
    predictors: str | None = None,
    note: str = "",
) -> str:
    """A short Python script that repeats a run from two exported tables.

    Args:
        spec: the question; only what differs from the defaults is written out.
        panel: file with one row a period (first column), one column a unit.
        population: file with the columns unit and population; ``None`` = fitted in the panel's own unit.
        predictors: file with the columns predictor, weight and one a unit; ``None`` = outcomes are matched.
        note: said at the top, for example the data version; line breaks are kept.
    """
    given = "population" if population is not None else "None"
    matched, names, more = "", "SynthSpec, fit, specification_table", ""
    if predictors is not None:
        names, more = f"Predictors, {names}", ", predictors=predictors"
        matched = (
            f'table = pd.read_csv({predictors!r}, index_col="predictor")\n'
            'predictors = Predictors(table.drop(columns="weight"), table["weight"])\n'
        )
    return (
        f"{_tables(spec.start, names, panel, population, note)}"
        f"{matched}"
        f"spec = {_written(spec)}\n"
        f"result = fit(panel, spec, {given}{more})\n\n"
        "print(result.effects.to_string(index=False))\n"
        'print("p =", result.effect.p_value)\n'
        "for check in result.checks:\n"
        '    print(f"{check.state}: {check.name}. {check.sentence}")\n'
        f"print(specification_table(panel, spec, {given}{more}).to_string(index=False))\n"
    )


def script_several(
    spec: SynthSpec,
    starts: Mapping[str, str],
    *,
    pool: str = "not_yet",
    horizon: int | None = None,
    panel: str = "panel.csv",
    population: str | None = "population.csv",
    note: str = "",
) -> str:
    """The same for several treated units with starts of their own; arguments as in ``fit_staggered``."""
    given = "population" if population is not None else "None"
    return (
        f"{_tables(next(iter(starts.values())), 'SynthSpec, fit_staggered', panel, population, note)}"
        f"spec = {_written(spec)}\n"
        f"starts = {dict(starts)!r}\n"
        f"result = fit_staggered(panel, starts, spec, {given}, pool={pool!r}, horizon={horizon!r})\n\n"
        'print("percent", result.percent_interval)\n'
        'print("events", result.events_interval)\n'
        'print("p =", result.p_value)\n'
        "for unit, one in result.units.items():\n"
        "    print(unit, one.effect.percent)\n"
        "print(result.event_time.to_string(index=False))\n"
    )


def _tables(start: str, names: str, panel: str, population: str | None, note: str) -> str:
    """The head of a script: imports, panel and population."""
    about = "".join(f"# {line}\n" for line in note.splitlines())
    people = ""
    if population is not None:
        read = f'pd.read_csv({population!r}, index_col="unit", dtype={{"unit": str}})'
        people = f'population = {read}["population"]\n'
    return (
        f"{about}import pandas as pd\n\n"
        f"from analysis.synth import {names}\n\n"
        f"panel = pd.read_csv({panel!r}, index_col=0)\n"
        "panel.index = pd.PeriodIndex(panel.index.astype(str), freq="
        f"{'M' if '-' in start else 'Y'!r})\n"
        f"{people}"
    )


def _written(spec: SynthSpec) -> str:
    parts = [f"{spec.treated!r}", f"{spec.start!r}"]
    for f in fields(spec):
        value = getattr(spec, f.name)
        if f.name not in ("treated", "start") and value != f.default:
            parts.append(f"{f.name}={value!r}")
    return f"SynthSpec({', '.join(parts)})"


def export(
    result: SynthResult, panel: pd.DataFrame, population: pd.Series | None = None
) -> dict[str, pd.DataFrame]:
    """Every table behind a result, by file name without ending.

    ``panel`` and ``population`` are those the result was made from; units that could not be donors are
    in ``excluded``, each with its reason.
    """
    panel_table = panel.copy()
    panel_table.index = pd.Index(panel.index.astype(str), name="period")
    weights = pd.DataFrame({"weight": result.weights, "loading": result.loadings}).reset_index()
    checks = pd.DataFrame(
        [(c.name, str(c.state), c.sentence) for c in result.checks], columns=["check", "state", "sentence"]
    )
    tables = {
        "panel": panel_table.reset_index(),
        "path": result.path.assign(period=result.path["period"].astype(str)),
        "effects": result.effects,
        "weights": weights,
        "excluded": result.excluded,
        "checks": checks,
        "choices": pd.DataFrame({"choice": list(result.choices)}),
        "power": result.power,
        "leave_one_out": result.leave_one_out,
        "leave_window_out": result.leave_window_out,
        "in_time": result.in_time,
    }
    if population is not None:
        tables["population"] = population.rename("population").rename_axis("unit").reset_index()
    if result.placebo is not None:
        tables["placebos"] = result.placebo.table
    return tables
