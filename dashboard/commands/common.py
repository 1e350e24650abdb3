"""What the commands share: a way to refuse, a progress bar, and opening what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:  # the data layer is loaded when a command needs it
    from analysis.data.hub import Hub

out = Console()
err = Console(stderr=True)


def refuse(message: str) -> typer.Exit:
    """Say why not, in plain words, and end with exit code 1."""
    err.print(f"[bold]Refused:[/bold] {escape(message)}", highlight=False)
    return typer.Exit(1)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar as a callback ``(done, total, text)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def step(done: int, total: int, text: str) -> None:
            progress.update(task, completed=done, total=total, description=f"{title}: {text}")

        yield step


def opened(path: Path) -> Hub:
    """A hub, data package or release that exists.

    Raises:
        typer.Exit: there is none; said why.
    """
    from analysis.data import HubError, open_hub
    from analysis.data.release import is_release, open_release

    if not path.is_dir():
        raise refuse(f"there is no folder {path}. Make a hub with: sln import FILES --hub {path}")
    try:
        return open_release(path) if is_release(path) else open_hub(path, create=False)
    except HubError as why:
        raise refuse(str(why)) from why
