"""``sln intake``: files that wait for a decision, and the log of what was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dashboard.commands.common import opened, out, refuse

app = typer.Typer(
    help="Hand in files, look at them, accept or reject them; read the log.", no_args_is_help=True
)
HubOption = Annotated[Path, typer.Option("--hub", help="Folder of the hub.")]
Who = Annotated[str, typer.Option(help="Name of the person who decides; it is kept.")]


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="File to look at.")], hub: HubOption, who: Who = ""
) -> None:
    """Hand in a file: see, row by row, what would be kept and what refused. Nothing counts yet."""
    from analysis.data import HubError
    from analysis.data.arrivals.intake import hand_in

    if not file.is_file():
        raise refuse(f"there is no file {file}.")
    try:
        look = hand_in(opened(hub), file.name, file, who=who)
    except HubError as why:
        raise refuse(str(why)) from why
    f = look.file
    out.print(
        f"{f.name} ({f.id}): {f.outcome}, {f.rows_read:,} rows read, {f.rows_kept:,} would be kept, "
        f"{f.rows_quarantined:,} refused, {f.formulas:,} cells a spreadsheet would run. {f.message}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    for row in look.findings.head(20).to_dict("records"):
        out.print(
            f"  line {row['line']}, {row['column']}: “{row['value']}” breaks the rule “{row['rule']}”. "
            f"{row['remedy']}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if f.outcome == "refused":
        raise typer.Exit(1)


@app.command("list")
def list_(hub: HubOption) -> None:
    """Files that wait."""
    from analysis.data.arrivals.intake import waiting

    table = Table("id", "file", "from", "outcome", "kept", "refused")
    for f in waiting(opened(hub)):
        table.add_row(f.id, f.name, f.who, f.outcome, f"{f.rows_kept:,}", f"{f.rows_quarantined:,}")
    out.print(table)


@app.command("accept")
def accept(file_id: str, hub: HubOption, who: Who, reason: Annotated[str, typer.Option()] = "") -> None:
    """Import a waiting file."""
    from analysis.data import HubError
    from analysis.data.arrivals.intake import accept_file

    try:
        report = accept_file(opened(hub), file_id, who=who, reason=reason)
    except HubError as why:
        raise refuse(str(why)) from why
    out.print(f"{report.rows_kept:,} rows kept, {report.rows_quarantined:,} in quarantine.", highlight=False)


@app.command("reject")
def reject(file_id: str, hub: HubOption, who: Who, reason: Annotated[str, typer.Option()]) -> None:
    """Take a waiting file away."""
    from analysis.data import HubError
    from analysis.data.arrivals.intake import reject_file

    try:
        reject_file(opened(hub), file_id, who=who, reason=reason)
    except HubError as why:
        raise refuse(str(why)) from why
    out.print("Rejected; who and why stand in the log.")


@app.command("log")
def log(hub: HubOption) -> None:
    """Everything that was done to the hub, verified on reading."""
    found = opened(hub).audit()
    table = Table("no.", "when", "who", "what", "details")
    for row in found.entries.to_dict("records"):
        table.add_row(*(str(row[c]) for c in ("number", "at", "who", "action", "details")))
    out.print(table)
    out.print(found.sentence, highlight=False)
    if not found.intact:
        raise typer.Exit(1)
