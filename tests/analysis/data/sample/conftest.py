"""One sample, made once, for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.data.sample import SampleReport, make_sample


@pytest.fixture(scope="session")
def steps() -> list[tuple[int, int, str]]:
    """What the progress callback was told while the sample was made."""
    return []


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, str]]) -> SampleReport:
    """A fresh sample with the seed of the committed one."""
    out = tmp_path_factory.mktemp("sample")
    return make_sample(out, seed=2025, progress=lambda *step: steps.append(step))


@pytest.fixture(scope="session")
def sample(report: SampleReport) -> Path:
    """Its folder."""
    return report.path


@pytest.fixture(scope="session")
def incidents(sample: Path) -> pd.DataFrame:
    """All incident rows, cancelling rows included."""
    return pd.concat([pd.read_parquet(p) for p in sorted((sample / "incidents").iterdir())])


@pytest.fixture(scope="session")
def counts(sample: Path) -> pd.DataFrame:
    """All monthly counts, every vintage."""
    return pd.read_parquet(sample / "monthly_counts.parquet")


@pytest.fixture(scope="session")
def city(incidents: pd.DataFrame) -> pd.DataFrame:
    """The city's violent incidents that still stand and have a place: one row each."""
    rows = incidents[(incidents["agency_id"] == "SYN-A-1") & (incidents["offense"] != "rape")]
    net = rows.groupby(["incident_id", "offense"]).agg(
        net=("net_count", "sum"),
        time=("occurred_at", "min"),
        longitude=("longitude", "first"),
        latitude=("latitude", "first"),
        h3_r9=("h3_r9", "first"),
    )
    return net[(net["net"] > 0) & net["h3_r9"].notna()].reset_index()
