"""The same seed gives the same bytes: those of the committed folder."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.sample import make_sample
from analysis.data.sample.spec import stream
from analysis.data.schema import validate
from analysis.data.tables import TABLES


def hashes(folder: Path) -> dict[str, str]:
    """Path → sha256 of every file that the generator writes."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "mappings" not in p.relative_to(folder).parts
    }


def test_the_committed_folder_is_what_the_generator_writes(tmp_path: Path, sample: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    report = make_sample(tmp_path, seed=2025, progress=lambda *step: steps.append(step))
    assert hashes(tmp_path) == hashes(sample), "Run: uv run sln sample --out data_samples --seed 2025"

    size = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
    assert (report.path, report.size) == (tmp_path, size)
    assert size < 8_000_000
    assert report.files == len(hashes(tmp_path))
    assert "seed 2025" in str(report)
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1][0] == steps[-1][1]


def test_another_seed_gives_other_figures_and_replaces_the_old_ones(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "mine.yaml").write_text("kind: incidents\n", encoding="utf-8")
    (tmp_path / "incidents").mkdir()
    (tmp_path / "incidents" / "old.parquet").write_bytes(b"old")
    make_sample(tmp_path, seed=7)
    other, same = hashes(tmp_path), hashes(sample)
    assert set(other) == set(same)
    for name in ("incidents/SYN-A-1.parquet", "monthly_counts.parquet", "truth.json", "areas.geojson"):
        assert other[name] != same[name]
    assert (tmp_path / "mappings" / "mine.yaml").is_file()
    incidents = pd.concat([pd.read_parquet(p) for p in sorted((tmp_path / "incidents").iterdir())])
    validate(TABLES["incidents"], incidents)
    validate(TABLES["monthly_counts"], pd.read_parquet(tmp_path / "monthly_counts.parquet"))


def test_streams_hang_on_their_name_only() -> None:
    first = stream(1, "counts/a").random(4)
    stream(1, "counts/b").random(100)
    np.testing.assert_array_equal(first, stream(1, "counts/a").random(4))
    assert not np.array_equal(first, stream(1, "counts/b").random(4))
    assert not np.array_equal(first, stream(2, "counts/a").random(4))


def test_the_workbook_holds_no_clock_time(sample: Path) -> None:
    with zipfile.ZipFile(sample / "raw" / "illinois_municipality_monthly_counts.xlsx") as book:
        assert {info.date_time for info in book.infolist()} == {(2026, 10, 10, 0, 0, 0)}
        core = book.read("docProps/core.xml").decode()
    assert core.count("2026-10-10T00:00:00Z") == 2


def test_the_descriptor_knows_the_hash_of_every_single_file(sample: Path) -> None:
    package = json.loads((sample / "datapackage.json").read_text(encoding="utf-8"))
    hashed = [r for r in package["resources"] if "hash" in r]
    assert {r["name"] for r in hashed} >= {"monthly_counts", "areas", "deployments"}
    for resource in hashed:
        content = (sample / resource["path"]).read_bytes()
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
