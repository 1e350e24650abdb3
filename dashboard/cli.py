"""The ``sln`` command: serve the dashboard, import files, check a hub, build releases, make the sample.

Exit codes: 0 done, 1 refused (the message says why and what to do), 2 wrong usage.
"""

from __future__ import annotations

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from dashboard.commands import attach
from dashboard.commands.common import bar, out, refuse
from dashboard.commands.serving import LOCAL, free, only_here, sign_in

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data_samples"

app = typer.Typer(
    name="sln",
    help=(
        "Save Lives Now! dashboard.\n\n"
        "Without a command, [bold]sln[/bold] serves the dashboard on the bundled synthetic sample.\n\n"
        "Typical order for real data: [bold]sln import FILES --hub hub/[/bold], "
        "[bold]sln check --hub hub/[/bold], [bold]sln build --hub hub/ --out release/[/bold], "
        "[bold]sln serve --release release/[/bold]."
    ),
    epilog="Exit codes: 0 done · 1 refused, with the reason · 2 wrong usage.",
    rich_markup_mode="rich",
    no_args_is_help=False,
    add_completion=False,
)


class AudienceName(StrEnum):
    """Who the dashboard is served to."""

    public = "public"
    council = "council"
    researcher = "researcher"
    hub = "hub"


#: Audiences that see why a page failed.
_OPEN = (AudienceName.researcher, AudienceName.hub)
HubOption = Annotated[Path, typer.Option("--hub", help="Folder of the hub; made when it does not exist.")]


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Serve the dashboard on the sample when no command is given."""
    if context.invoked_subcommand is None:
        serve()


@app.command()
def serve(
    hub: Annotated[
        Path | None, typer.Option("--hub", help="Hub or data package to show. Default: the synthetic sample.")
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option("--release", help="Release to show instead of a hub (see [bold]sln build[/bold])."),
    ] = None,
    audience: Annotated[
        AudienceName | None,
        typer.Option(
            help=(
                "Who will look. [bold]public[/bold] (the default) never shows points or small counts; "
                "[bold]council[/bold] and [bold]researcher[/bold] show more, to people who sign in, or on "
                "this machine only. [bold]hub[/bold] is for the hub’s own staff: what researchers see, and "
                "a page to take files in. A release has its own audience."
            )
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: 8501, or the next free one.")
    ] = None,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "localhost",
    secrets: Annotated[
        Path | None,
        typer.Option(
            help="File with the sections \\[auth] and \\[access]. Default: .streamlit/secrets.toml."
        ),
    ] = None,
    prepare: Annotated[
        bool, typer.Option(help="Run every page once at the start, so that nobody waits for the first time.")
    ] = True,
) -> None:
    """Start the dashboard and print its address.

    Evaluations that are not stored yet for this version of the data are computed first, so that
    no page has to wait for a model. A release holds them already and needs no hub.

    Real data of a hub are shown to the public or the council on this machine only, as a preview: for
    everybody else make a release, in which small counts are protected together.
    """
    who = audience or AudienceName.public
    if release is not None:
        who = _audience_of(release, hub, audience)
    file = (secrets or ROOT / ".streamlit" / "secrets.toml").resolve()
    signed_in = sign_in(file, who.value, address, named=secrets is not None)
    chosen = release or hub or SAMPLE
    if not chosen.is_dir():
        raise refuse(f"there is no folder {chosen}. Make a hub with: sln import FILES --hub {chosen}")
    if port is None:
        port = next((p for p in range(8501, 8601) if free(address, p)), None)
        if port is None:
            raise refuse("ports 8501 to 8600 are all in use; name a free one with --port.")
    elif not free(address, port):
        raise refuse(f"port {port} is in use; name another with --port.")

    label = str(chosen)
    if release is None:
        from analysis.data import open_hub  # heavy imports wait until the arguments are sound
        from analysis.evaluate import results_for

        opened = open_hub(chosen, create=False)
        only_here(opened, who.value, address)
        with bar("Evaluations") as step:
            results_for(opened, progress=step)
        label = "the synthetic sample" if opened.synthetic else label
    url = f"http://{'localhost' if address in LOCAL else address}:{port}"
    out.print(f"Save Lives Now! dashboard ({who} view of {label}): [bold]{url}[/bold]", highlight=False)
    if prepare:
        out.print("It opens when its first pages are ready, in a few seconds.", highlight=False)
    environment = {n: v for n, v in os.environ.items() if n not in ("SLN_HUB", "SLN_RELEASE", "SLN_SIGN_IN")}
    environment["SLN_RELEASE" if release else "SLN_HUB"] = str(chosen.resolve())
    environment["SLN_AUDIENCE"] = who.value
    environment["SLN_PREPARE"] = "yes" if prepare else "no"
    if signed_in:
        environment["SLN_SIGN_IN"] = "required"
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "server.py"),
        "--server.port", str(port), "--server.address", address, "--server.headless", "true",
        # Both defaults cost about an order of magnitude in page runs a second.
        "--server.fileWatcherType", "none", "--runner.postScriptGC", "false",
        "--client.showErrorDetails", "full" if who in _OPEN else "none",
        *(("--secrets.files", str(file)) if signed_in else ()),
        *(_uploads() if who is AudienceName.hub else ()),
    ]  # fmt: skip
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    if os.name == "posix":
        # The server takes over this process, so that a signal to `sln` reaches it.
        os.execve(sys.executable, command, environment)  # noqa: S606 (fixed program, no shell)
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603


def _uploads() -> tuple[str, str]:
    """Staff hand in whole files; everybody else’s limit stands in .streamlit/config.toml."""
    from analysis.data.arrivals.intake import LIMIT_BYTES

    return "--server.maxUploadSize", str(LIMIT_BYTES >> 20)


def _audience_of(release: Path, hub: Path | None, audience: AudienceName | None) -> AudienceName:
    """The audience that a release was made for, after comparing every file with its hash."""
    from analysis.data.release import ReleaseError, open_release

    if hub is not None:
        raise refuse("name a hub or a release, not both: a release is shown without its hub.")
    try:
        made_for = AudienceName(open_release(release).audience)
    except ReleaseError as error:
        raise refuse(str(error)) from error
    if audience is AudienceName.hub and made_for is AudienceName.researcher:
        return audience  # staff see what researchers see
    if audience not in (None, made_for):
        raise refuse(f"the release at {release} was made for the {made_for} audience, not for {audience}.")
    return made_for


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files or folders, plain or gzipped.")],
    hub: HubOption,
    layout: Annotated[
        str, typer.Option(help="Layout of the files; [bold]auto[/bold] tells it from the content.")
    ] = "auto",
    mapping: Annotated[
        Path | None, typer.Option(help="YAML file that says what the columns of another agency's file mean.")
    ] = None,
    vintage: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD", help="Day the figures were known. Default: the file's own, else today."
        ),
    ] = None,
) -> None:
    """Read agency files into a hub.

    Layouts are told from the content, never from the file's name: SLMPD legacy and NIBRS files,
    the Real-Time Crime Index, tables of the data package, outlines (GeoJSON), and any other agency
    through a mapping file (see data_samples/mappings/). A bad row is kept aside with its reason; a
    file imported twice changes nothing; an interrupted import leaves the hub as it was.
    """
    from analysis.data import open_hub
    from analysis.data.sources.base import SourceError

    missing = [str(f) for f in files if not f.exists()]
    if missing:
        raise refuse(f"not found: {', '.join(missing)}.")
    try:
        opened = open_hub(hub)
        with bar("Import") as step:
            report = opened.import_files(
                files, layout=layout, mapping=mapping, vintage=vintage, progress=step
            )
    except (SourceError, ValueError, OSError) as error:
        raise refuse(str(error)) from error
    _show_import(report.files)
    for message in report.messages:
        out.print(f"· {message}", highlight=False, markup=False, soft_wrap=True)
    out.print(
        f"{report.rows_read:,} rows read: {report.rows_kept:,} kept, "
        f"{report.rows_quarantined:,} in quarantine."
        + (" Nothing changed: every file was imported before." if report.unchanged else ""),
        highlight=False,
    )
    if (report.files["outcome"] == "refused").any():
        raise typer.Exit(1)


def _show_import(files: pd.DataFrame) -> None:
    table = Table("file", "layout", "rows", "kept", "quarantined", "outcome")
    for row in files.to_dict("records"):
        counts = [f"{int(row[c]):,}" for c in ("rows_read", "rows_kept", "rows_quarantined")]
        table.add_row(Path(str(row["file"])).name, str(row["layout"]), *counts, str(row["outcome"]))
    out.print(table)


@app.command()
def check(
    hub: HubOption,
    every: Annotated[
        bool, typer.Option("--all", help="Name every comparison agency, not only those with a finding.")
    ] = False,
) -> None:
    """Say, per agency, what is there, what is missing and what looks wrong.

    Agencies of the region come first; comparison agencies follow when something looks wrong there.
    Suspect months are left out of every estimate until someone accepts them.
    """
    from analysis.data import open_hub

    if not hub.is_dir():
        raise refuse(f"there is no hub at {hub}. Make one with: sln import FILES --hub {hub}")
    found = open_hub(hub, create=False).check()
    ours = found.agencies["jurisdiction"].notna()
    _show_agencies("Agencies of the region", found.agencies[ours])
    others = found.agencies[~ours]
    named = others if every else others[others["wrong"].fillna("") != ""]
    if len(others):
        _show_agencies(f"Comparison agencies: {len(named):,} of {len(others):,}", named)
    for message in found.messages:
        out.print(f"· {message}", highlight=False, markup=False, soft_wrap=True)


def _show_agencies(title: str, agencies: pd.DataFrame) -> None:
    out.print(f"\n[bold]{title}[/bold]", highlight=False)
    for row in agencies.to_dict("records"):
        through, share = row["complete_through"], row["geocoded_share"]
        facts = [
            f"{row['months']:,} months" + (f", {row['missing']:,} missing" if row["missing"] else ""),
            f"complete through {through}" if pd.notna(through) else "no complete month",
            f"{share:.0%} of incidents mapped" if pd.notna(share) else "counts only",
        ]
        if row["source"]:
            facts.append(f"source {row['source']}")
        out.print(
            f"  {row['name']} ({row['agency_id']}): {', '.join(facts)}.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        if row["wrong"]:
            out.print(f"    ! {row['wrong']}", highlight=False, markup=False, style="yellow", soft_wrap=True)


@app.command()
def build(
    hub: HubOption,
    target: Annotated[Path, typer.Option("--out", help="New folder to write the release to.")],
    audience: Annotated[AudienceName, typer.Option(help="Who it is for.")] = AudienceName.public,
    small_totals: Annotated[
        bool,
        typer.Option(
            "--small-totals",
            help="Show the months of whole places even below the threshold: for agencies that publish them.",
        ),
    ] = False,
) -> None:
    """Make a release: an immutable bundle of everything that one audience may see.

    It holds tables, evaluations and maps whose small counts are hidden so that no sum or difference gives
    them back, and a manifest with the hash of every file. The same hub gives the same bytes.
    """
    os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")  # views are used here without a server
    from analysis.data import HubError, open_hub
    from analysis.data.privacy import AUDIENCES
    from analysis.data.release import build_release
    from analysis.data.release.tables import place_series
    from analysis.evaluate import at_quarter_ends, results_for
    from dashboard.brief.released import briefs
    from dashboard.keeping import kept

    if not hub.is_dir():
        raise refuse(f"there is no hub at {hub}. Make one with: sln import FILES --hub {hub}")
    if audience is AudienceName.hub:
        raise refuse("staff work on the hub itself: serve it with --audience hub, or build for researchers.")
    rules = AUDIENCES[audience.value]
    try:
        opened = open_hub(hub, create=False)
        with bar("Evaluations") as step:
            results = results_for(opened, progress=step)
            quarters = at_quarter_ends(opened, progress=step)
        with bar("Release") as step:
            shown = place_series(opened, rules, small_totals=small_totals)
            tables, answers = kept(opened, rules, shown, results, step, quarters=quarters)
            made = build_release(
                opened, rules.name, target, tables=tables, answers=answers, small_totals=small_totals,
                progress=step,
                later=lambda partial: briefs(partial, rules.name, max(rules.k, AUDIENCES["council"].k)),
            )  # fmt: skip
    except (HubError, OSError) as error:
        raise refuse(str(error)) from error
    size = sum(f["bytes"] for f in made["files"].values()) / 1e6
    out.print(
        f"Release for the {audience} audience written to {target}: {len(made['files'])} files, "
        f"{size:.1f} MB, data known on {made['vintage'] or 'no day'}. "
        f"Show it with: sln serve --release {target}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


@app.command()
def sample(
    target: Annotated[Path, typer.Option("--out", help="Folder to write the sample data package to.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 2025,
) -> None:
    """Make a synthetic data package: three jurisdictions, donors, tactics and their true effects."""
    from analysis.data.sample import make_sample

    if target.exists() and any(target.iterdir()) and not (target / "truth.json").is_file():
        raise refuse(f"{target} holds something else; name an empty or a new folder.")
    with bar("Sample") as step:
        report = make_sample(target, seed=seed, progress=step)
    out.print(f"Synthetic sample written to {target}: {report}", highlight=False)


attach(app)


def main() -> None:
    """Entry point of the ``sln`` command."""
    app()


if __name__ == "__main__":
    main()
