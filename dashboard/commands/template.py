"""``sln template``: the tables to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.commands.common import out, refuse


def template(
    target: Annotated[Path, typer.Option("--out", help="Folder to write the empty tables to.")],
) -> None:
    """Write empty tables for deployments and monthly work, with a glossary and a guide.

    Fill them in with any spreadsheet, save as CSV, and read them with [bold]sln import[/bold].
    """
    from analysis.programme import templates

    files = templates()
    there = [name for name in files if (target / name).exists()]
    if there:
        raise refuse(
            f"{target} holds {', '.join(there)} already; nothing was written over. Name another folder."
        )
    target.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8", newline="")
    out.print(
        f"Written to {target}: {', '.join(files)}. Begin with README.txt.", highlight=False, soft_wrap=True
    )
