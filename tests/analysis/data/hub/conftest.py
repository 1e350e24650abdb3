"""Small files in published layouts, and a hub on the real files (built once a session)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import Hub, open_hub
from analysis.data.sources.rtci import COLUMNS_PANEL
from analysis.data.sources.slmpd_legacy import COLUMNS_20

LegacyRow = tuple[str, int, str, int]  # complaint, count, crime code, x (feet; 0 = none)


@pytest.fixture(scope="session")
def legacy() -> Callable[[Path, str, Iterable[LegacyRow]], Path]:
    """Write an SLMPD legacy file of 20 columns."""

    def write(path: Path, month: str, rows: Iterable[LegacyRow]) -> Path:
        with path.open("w", newline="", encoding="ascii") as stream:
            out = csv.writer(stream, lineterminator="\r\n")
            out.writerow(COLUMNS_20)
            day = f"{month[5:]}/02/{month[:4]} 10:00"
            for complaint, count, code, x in rows:
                y = 1_020_000 if x else 0
                out.writerow(
                    [complaint, month, day, "Y", "", "", count, "", code, 1, "TEXT", 1, "A ST", 5,
                     "", "", 1, "A ST", x, y]
                )  # fmt: skip
        return path

    return write


@pytest.fixture(scope="session")
def panel() -> Callable[[Path, pd.DataFrame], Path]:
    """Write an RTCI tidy panel: agency_id, agency, state, population, year_month and offense columns."""

    def write(path: Path, rows: pd.DataFrame) -> Path:
        table = rows.reindex(columns=list(COLUMNS_PANEL))
        table["agency_type"] = "city"
        table["source"] = "reported"
        offenses = [
            "murder",
            "rape",
            "robbery",
            "aggravated_assault",
            "burglary",
            "theft",
            "motor_vehicle_theft",
        ]
        table["detail"] = (
            table[offenses].notna().map(lambda known: "R" if known else ".").agg("".join, axis=1)
        )
        table.to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """An empty hub."""
    return open_hub(tmp_path / "hub")


@pytest.fixture(scope="session")
def legacy_2017(real: Path) -> list[Path]:
    """The twelve real files of 2017."""
    return sorted((real / "slmpd" / "legacy").glob("*2017.csv.gz"))


@pytest.fixture(scope="session")
def hub_2017(tmp_path_factory: pytest.TempPathFactory, legacy_2017: list[Path]) -> Hub:
    """A hub of the twelve real files of 2017 alone."""
    made = open_hub(tmp_path_factory.mktemp("hub2017") / "hub")
    made.import_files(legacy_2017)
    return made


@pytest.fixture(scope="session")
def real_hub(hubs) -> Hub:
    """SLMPD 2017, the NIBRS-era extract, all RTCI files and the neighbourhoods in one hub."""
    return open_hub(hubs.path("everything"))
