"""The synthetic sample: a whole data package that is made up, reproducible, and says so.

``make_sample`` writes it; ``sln sample --out DIR --seed N`` calls it. Annual levels, place
concentration, near repeats, seasons and reporting delays are like real ones (the modules say after
which source); every place inside the jurisdictions, every incident, deployment and donor is made
up. ``truth.json`` holds the true effects, so that methods can be scored against them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.data.elsewhere.published import benchmarks_table
from analysis.data.sample.counts import make_counts
from analysis.data.sample.donors import make_donors
from analysis.data.sample.incidents import make_incidents
from analysis.data.sample.levels import agency_levels
from analysis.data.sample.places import area_rows, build_grounds
from analysis.data.sample.programme import (
    activities_table,
    agencies_table,
    deployments_table,
    populations_table,
)
from analysis.data.sample.raw_mapped import write_mapped
from analysis.data.sample.raw_rtci import write_rtci
from analysis.data.sample.raw_slmpd import write_slmpd
from analysis.data.sample.record import goals_table, meetings_table, milestones_table
from analysis.data.sample.spec import AGENCIES
from analysis.data.sample.truth import make_truth
from analysis.data.sample.write import (
    write_areas,
    write_csv,
    write_descriptor,
    write_json,
    write_parquet,
    write_readme,
)

__all__ = ["SampleReport", "make_sample"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was written: folder, files and bytes in it, rows by table."""

    path: Path
    seed: int
    files: int
    size: int
    rows: dict[str, int]

    def __str__(self) -> str:
        return (
            f"{self.files} files, {self.size / 1e6:.1f} MB, seed {self.seed}; "
            f"{self.rows['incidents']:,} incident rows, {self.rows['monthly_counts']:,} monthly counts."
        )


def make_sample(out: Path, seed: int = 2025, progress: Progress | None = None) -> SampleReport:
    """Write the synthetic data package to a folder.

    Args:
        out: folder; made when missing. Files of an earlier sample in it are replaced, other files
            (mappings, for example) are left alone.
        seed: the same seed gives the same bytes.
        progress: called as ``(done, total, text)`` before each step.

    Returns:
        What was written.
    """
    out = Path(out)
    steps = ["levels and places", "incidents", "donors", "counts", "truth", "raw files", "package"]

    def say(step: str) -> None:
        if progress is not None:
            progress(steps.index(step), len(steps), step)

    say("levels and places")
    grounds = build_grounds(seed)
    levels = {a.agency_id: agency_levels(seed, a.agency_id, a.level, a.share) for a in AGENCIES}
    say("incidents")
    incidents = make_incidents(seed, grounds, levels)
    say("donors")
    donors, donor_counts = make_donors(seed)
    say("counts")
    counts = make_counts(seed, grounds, levels, incidents, donor_counts)
    say("truth")
    truth = make_truth(seed, grounds, levels)
    areas = [row for ground in grounds.values() for row in area_rows(ground)]
    small = {
        "agencies": pd.concat([agencies_table(), donors], ignore_index=True),
        "populations": populations_table(),
        "deployments": deployments_table(),
        "activities": activities_table(seed),
        "goals": goals_table(),
        "milestones": milestones_table(),
        "meetings": meetings_table(),
        "benchmarks": benchmarks_table(),
    }
    _clear(out)
    say("raw files")
    raw = out / "raw"
    write_slmpd(seed, grounds["stl_city"], raw)
    write_rtci(seed, raw)
    write_mapped(seed, grounds["stl_county"], raw)
    say("package")
    paths: dict[str, str | list[str]] = {"incidents": _write_incidents(incidents, out)}
    write_parquet("monthly_counts", counts, out / "monthly_counts.parquet")
    write_areas(areas, out / "areas.geojson")
    paths |= {"monthly_counts": "monthly_counts.parquet", "areas": "areas.geojson"}
    for name, frame in small.items():
        write_csv(name, frame, out / f"{name}.csv")
        paths[name] = f"{name}.csv"
    write_json(truth, out / "truth.json", indent=None)
    write_readme(out)
    write_descriptor(paths, out)
    if progress is not None:
        progress(len(steps), len(steps), "done")
    written = [p for p in out.rglob("*") if p.is_file() and "mappings" not in p.relative_to(out).parts]
    rows = {name: len(frame) for name, frame in small.items()}
    rows |= {"incidents": len(incidents), "monthly_counts": len(counts), "areas": len(areas)}
    return SampleReport(out, seed, len(written), sum(p.stat().st_size for p in written), rows)


def _clear(out: Path) -> None:
    """Make the folder, and take away the folders of an earlier sample."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("incidents", "raw"):
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir()


def _write_incidents(incidents: pd.DataFrame, out: Path) -> list[str]:
    """One parquet file per agency."""
    paths = []
    for agency_id, rows in incidents.groupby("agency_id", sort=True):
        path = f"incidents/{agency_id}.parquet"
        write_parquet("incidents", rows, out / path)
        paths.append(path)
    return paths
