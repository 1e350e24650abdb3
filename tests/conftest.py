"""Shared fixtures: where published results and real files are, and when to skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# Examples may be slow on a busy machine, and a change must not fail by an example that has nothing to do
# with it: CI draws the same ones every time, everybody else new ones.
settings.register_profile("anywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "anywhere")

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


# ---------------------------------------------------------------- the four hubs of every page, and one more


class Hubs:
    """Builds each hub once for all test processes, when a test first asks for it."""

    KINDS = ("sample", "real", "counts_only", "empty")

    def __init__(self, base: Path) -> None:
        self._base = base
        self._made: dict[str, Path] = {}

    def path(self, kind: str) -> Path:
        """Folder of the hub of one kind; skips the test when its data are not here."""
        if kind not in self._made:
            with FileLock(self._base / f"{kind}.lock"):
                self._made[kind] = getattr(self, f"_{kind}")()
        return self._made[kind]

    def _sample(self) -> Path:
        return ROOT / "data_samples"

    def _real(self) -> Path:
        from analysis.data import open_hub

        real = SHARED / "real"
        if not real.is_dir():
            pytest.skip(f"no folder real/ in SLN_SHARED ({SHARED})")
        folder = self._base / "real"
        if folder.is_dir():
            return folder
        open_hub(folder).import_files(
            [
                real / "boundaries" / "stl_city_neighborhoods.geojson",
                *sorted((real / "slmpd" / "legacy").glob("*2017*")),
                real / "slmpd" / "nibrs" / "cleaned_2024-05_2026-04_homicide_robbery_aggassault.csv.gz",
                real / "rtci" / "rtci_monthly.csv.gz",
            ]
        )
        return folder

    def _everything(self) -> Path:
        """SLMPD 2017, both extracts of its newer files, every table of the index, and the neighbourhoods."""
        from analysis.data import open_hub

        real, folder = SHARED / "real", self._base / "everything"
        if not folder.is_dir():
            open_hub(folder).import_files(
                [
                    *sorted((real / "slmpd" / "legacy").glob("*2017.csv.gz")),
                    *sorted((real / "slmpd" / "nibrs").glob("cleaned*.csv.gz")),
                    *sorted((real / "rtci").glob("r*.csv.gz")),
                    real / "boundaries" / "stl_city_neighborhoods.geojson",
                ]
            )
        return folder

    def _counts_only(self) -> Path:
        from analysis.data import open_hub

        folder = self._base / "counts_only"
        if folder.is_dir():
            return folder
        raw, mappings = ROOT / "data_samples" / "raw", ROOT / "data_samples" / "mappings"
        made = open_hub(folder)
        made.import_files([raw / "rtci_panel.csv"])
        for name, ending in (
            ("st_louis_county_monthly_counts", "csv"),
            ("illinois_municipality_monthly_counts", "xlsx"),
        ):
            report = made.import_files([raw / f"{name}.{ending}"], mapping=mappings / f"{name}.yaml")
            assert report.rows_kept > 0, report.messages
        return folder

    def _empty(self) -> Path:
        from analysis.data import open_hub

        folder = self._base / "empty"
        if not folder.is_dir():
            open_hub(folder)
        return folder


@pytest.fixture(scope="session")
def hubs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Hubs:
    """The sample, real files, counts only, and an empty hub."""
    base = tmp_path_factory.getbasetemp()
    # Processes that run tests side by side have folders of their own below one that they share.
    shared = (base if worker_id == "master" else base.parent) / "hubs"
    shared.mkdir(exist_ok=True)
    return Hubs(shared)
