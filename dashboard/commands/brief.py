"""``sln brief``: the council brief of a quarter."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from dashboard.commands.common import bar, opened, out, refuse


def brief(
    quarter: Annotated[str, typer.Option(metavar="2026Q3", help="Quarter the brief is about.")],
    target: Annotated[Path, typer.Option("--out", help="File to write: .pdf or .html.")],
    hub: Annotated[Path | None, typer.Option("--hub", help="Hub or data package.")] = None,
    release: Annotated[Path | None, typer.Option("--release", help="Release, instead of a hub.")] = None,
    publish: Annotated[
        bool,
        typer.Option("--publish", help="Keep it as an edition beside the hub: it is never changed again."),
    ] = False,
    reason: Annotated[str, typer.Option(help="Why there is another edition of a quarter.")] = "",
) -> None:
    """Write the council brief of a quarter as tagged PDF (PDF/UA-1) or as HTML.

    Its numbers are those of the dashboard. The same data give the same bytes.
    """
    if (hub is None) == (release is None):
        raise refuse("name either --hub or --release.")
    if target.suffix.lower() not in (".pdf", ".html"):
        raise refuse(f"{target.name} ends in neither .pdf nor .html.")
    where = hub if hub is not None else release
    assert where is not None
    # Outside a server the caches of the pages warn that there is none.
    logging.disable(logging.WARNING)
    from analysis.data.errors import HubError
    from dashboard import brief as make

    try:
        made = make.kept(where.resolve(), quarter) if release is not None else None
        if made is None:
            audience = getattr(opened(where), "audience", None)  # a release was made for one audience
            with make.showing(where.resolve(), audience), bar("Evaluations") as step:
                made = make.build(quarter, progress=step)
        content = make.to_pdf(made) if target.suffix.lower() == ".pdf" else make.to_html(made).encode("utf-8")
        edition = make.publish(made, where.resolve(), reason=reason) if publish else None
    except (make.BriefError, HubError, OSError) as why:
        raise refuse(str(why)) from why
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    out.print(f"{made.title}: {target}", highlight=False, soft_wrap=True)
    if edition is not None:
        out.print(f"Kept as edition {edition.key} in {where / 'briefs'}.", highlight=False, soft_wrap=True)
