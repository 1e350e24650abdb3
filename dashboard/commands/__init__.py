"""Commands of ``sln`` in modules of their own; :func:`attach` registers them."""

from __future__ import annotations

import typer

from dashboard.commands import brief, evaluate, intake, template


def attach(app: typer.Typer) -> None:
    """Add every command of this package."""
    app.command("evaluate")(evaluate.evaluate)
    app.command("brief")(brief.brief)
    app.command("template")(template.template)
    app.add_typer(intake.app, name="intake")
