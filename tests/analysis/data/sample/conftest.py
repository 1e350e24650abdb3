"""The committed sample, for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def sample(root: Path) -> Path:
    """The committed sample; ``test_bytes`` makes it again and compares every byte."""
    return root / "data_samples"


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
