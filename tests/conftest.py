"""Shared fixtures: where published results and real files are, and when to skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SLN_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with a reason, what needs a folder that is not here."""
    for item in items:
        for mark, folder in (("reference", SHARED / "reference"), ("real", SHARED / "real")):
            if item.get_closest_marker(mark) and not folder.is_dir():
                item.add_marker(pytest.mark.skip(reason=f"no folder {mark}/ in SLN_SHARED ({SHARED})"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published results and real files (SLN_SHARED, default ../shared)."""
    return SHARED


@pytest.fixture(scope="session")
def reference() -> Path:
    """Published results with data and expected values."""
    return SHARED / "reference"


@pytest.fixture(scope="session")
def real() -> Path:
    """Real SLMPD incident files, the RTCI panel and boundaries."""
    return SHARED / "real"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT
