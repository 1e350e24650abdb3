"""``sln evaluate``: answer every declared question, and say what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from dashboard.commands.common import bar, opened, out, refuse


def evaluate(
    hub: Annotated[Path, typer.Option("--hub", help="Hub, data package or release.")],
    through: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Use no month after this one. Default: all there are."),
    ] = None,
    measure: Annotated[
        str, typer.Option(help="Measure to print; every measure is computed and stored.")
    ] = "violent_street_crime",
    register: Annotated[
        bool, typer.Option("--register", help="Print the register of declared questions and stop.")
    ] = False,
    declare_as: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="First write the standing register into the hub, under this name and with today's date.",
        ),
    ] = "",
    variants: Annotated[
        Path | None,
        typer.Option(
            "--variants",
            metavar="FILE.csv",
            help="Also write what other choices would have said: every interrupted time series by every "
            "family, phase-in, start and window.",
        ),
    ] = None,
) -> None:
    """Answer every declared evaluation by every design that is possible, and grade the evidence.

    An interrupted run goes on where it stopped. Answers are stored under the version of the data and are
    never changed; new data make new ones, so that it can be told how each estimate moved.
    """
    from analysis import evaluate as batch
    from analysis.data import HubError
    from analysis.data.vocabulary import MEASURES
    from dashboard import words as w

    if measure not in MEASURES:
        raise refuse(f"there is no measure “{measure}”. Known: {', '.join(MEASURES)}.")
    if through is not None:
        try:
            through = str(pd.Period(through, "M"))
        except ValueError as error:
            raise refuse(f"“{through}” is no month. Write it as 2026-06.") from error
    source = opened(hub)
    if declare_as:
        try:
            made = batch.declare(source, batch.by_rule(source), who=declare_as, reason="standing rule")
        except HubError as why:
            raise refuse(str(why)) from why
        out.print(f"{len(made)} questions declared; {len(batch.declarations(source))} in the register.")
    if register:
        _show_register(batch.declarations(source))
        return
    with bar("Evaluations") as step:
        found = batch.results_for(source, progress=step, through=through)
    table = Table("What, where", "Leading method", "Estimate (90 % range)", "Together", "Grade", "q")
    for r in found.verdicts[found.verdicts["measure"] == measure].to_dict("records"):
        known = w.known(r["percent"])
        limits = " to ".join(w.number(r[k], signed=True) for k in ("lower", "upper"))
        span = f"{w.percent(r['percent'], signed=True)} ({limits})"
        name = r["place_name"] if r["subject"] != batch.PROGRAMME else f"All that changed, {r['place_name']}"
        q = f"{r['q_value']:.2f}" if w.known(r["q_value"]) else ""
        table.add_row(str(name), str(r["leading_method"]) or "none", span if known else "not possible",
                      str(r["agreement"]), str(r["grade"]), q)  # fmt: skip
    out.print(table)
    if batch.declarations(source)["illustrative"].fillna(False).astype(bool).any():
        out.print(batch.ILLUSTRATIVE, highlight=False, soft_wrap=True)
    answered = int(found.effects["answered"].astype(bool).sum())
    out.print(
        f"{len(found.effects)} questions, {answered} answered. {batch.multiplicity_words(found.verdicts)}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if variants is not None:
        with out.status("Every choice of every interrupted time series"):
            rows = batch.battery(source, batch.register(source), through=through)
        if source.synthetic:
            rows["data_status"] = w.SYNTHETIC
        rows.to_csv(variants, index=False, lineterminator="\r\n")
        out.print(f"{len(rows):,} answers by other choices are in {variants}.", soft_wrap=True)


def _show_register(table: pd.DataFrame) -> None:
    shown = Table("Question", "Version", "Declared", "Start", "Status")
    for r in table.to_dict("records"):
        status = str(r["status"]) + (", illustrative" if r["illustrative"] else "")
        shown.add_row(str(r["evaluation_id"]), str(r["version"]), str(r["declared_on"]), str(r["start"]),
                      f"{status}. {r['differs']}".rstrip(". "))  # fmt: skip
    out.print(shown)
