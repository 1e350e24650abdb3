"""How long an import takes, held against a plain read of the same files in the same run."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import open_hub

pytestmark = [pytest.mark.benchmark, pytest.mark.real]
#: An import may take so many times as long as pandas takes to read the text of the same files.
#: Measured 12 to 22 on two cores that were busy with other work.
MOST = 40
ROOT = Path(__file__).resolve().parents[2]

#: Imports a folder in a process of its own and prints seconds and peak memory (MB). The peak is read from
#: the process's own page tables: getrusage would report that of the larger process that started this one.
SCRIPT = """
import sys, time
from pathlib import Path
from analysis.data import open_hub
started = time.perf_counter()
report = open_hub(sys.argv[1]).import_files(sys.argv[2])
seconds = time.perf_counter() - started
status = Path("/proc/self/status").read_text()
peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
print(report.rows_kept, round(seconds, 2), round(peak))
"""


def plain_read(files: list[Path]) -> float:
    started = time.perf_counter()
    rows = sum(len(pd.read_csv(file, dtype=str, encoding="cp1252")) for file in files)
    assert rows > 0
    return time.perf_counter() - started


def test_fifteen_legacy_files(real: Path, tmp_path: Path) -> None:
    """Validate, project, net, store and count: a bounded multiple of merely reading the text."""
    files = sorted((real / "slmpd" / "legacy").glob("*.csv.gz"))
    assert len(files) == 15
    open_hub(tmp_path / "warm").import_files(files[:1])  # loading libraries is no part of it
    plain = min(plain_read(files) for _ in range(2))
    started = time.perf_counter()
    report = open_hub(tmp_path / "hub").import_files(files)
    took = time.perf_counter() - started
    print(f"\n15 files, {report.rows_kept:,} rows: {took:.2f} s; plain read {plain:.2f} s")
    assert report.rows_read == report.rows_kept
    assert took / plain < MOST


def replicate(source: list[Path], folder: Path, months: int) -> None:
    """Files of other months from real ones: coded month and complaint numbers shifted."""
    folder.mkdir()
    first = pd.Period("2008-01", "M")
    for i in range(months):
        file = source[i % len(source)]
        text = gzip.decompress(file.read_bytes()).decode("cp1252")
        table = pd.read_csv(io.StringIO(text.removeprefix("ï»¿")), dtype=str, keep_default_na=False)
        month = str(first + i)
        table["CodedMonth"] = month
        table["Complaint"] = f"{month[2:4]}{i:03d}-" + table["Complaint"].str[3:]
        table.to_csv(folder / f"{month}.csv", index=False, lineterminator="\r\n")


def test_eleven_years_of_monthly_files(real: Path, tmp_path: Path) -> None:
    """132 files, 500,000 rows and more: time against a plain read, and memory under 1 GB."""
    source = [f for f in sorted((real / "slmpd" / "legacy").glob("*2017.csv.gz")) if "may" not in f.name]
    replicate(source, tmp_path / "files", 146)
    files = sorted((tmp_path / "files").iterdir())
    plain = plain_read(files)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "hub"), str(tmp_path / "files")],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    rows, seconds, peak = (float(x) for x in done.stdout.split())
    print(f"\n{rows:,.0f} rows: {seconds:.1f} s; plain read {plain:.1f} s; peak {peak:.0f} MB")
    assert rows > 580_000
    assert peak < 1024
    assert seconds / plain < MOST
    hub = open_hub(tmp_path / "hub")
    homicide = hub.monthly_counts(offenses=["homicide"])
    assert len(homicide) == 146
