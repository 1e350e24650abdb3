"""What was known on each day of import, and the completeness learned from it."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.data import HubError
from analysis.data.completeness import vintage_counts
from analysis.progress.reporting_lag import completeness_by_age

GROWTH = (70, 90, 100)
AGENCY = "CA0000001"


def final(month: pd.Period) -> int:
    """Months differ, as real ones do: equal counts in a row would be suspect."""
    return 200 + (month.ordinal * 7) % 23


def import_as_known(hub, panel, folder, day: pd.Period) -> None:
    """Import what is known on the 15th of a month: the newest month at 70, the one before at 90 …"""
    rows = [
        {
            "agency_id": AGENCY, "agency": "Elsewhere", "state": "CA", "population": 200_000,
            "year_month": str(month),
            "murder": round(final(month) * GROWTH[min((day - month).n - 1, 2)] / 100),
        }
        for month in pd.period_range("2024-01", day - 1, freq="M")
    ]  # fmt: skip
    hub.import_files(panel(folder / f"known_{day}.csv", pd.DataFrame(rows)), vintage=f"{day}-15")


@pytest.fixture
def grown(hub, panel, tmp_path):
    for day in pd.period_range("2025-01", "2025-06", freq="M"):
        import_as_known(hub, panel, tmp_path, day)
    return hub


def test_every_vintage_is_told_and_the_growth_is_learned(grown) -> None:
    table = vintage_counts(grown, AGENCY, "homicide")
    assert sorted(table["vintage"].unique()) == [f"2025-{m:02d}-15" for m in range(1, 7)]
    december = table[table["month"] == pd.Period("2024-12", "M")].set_index("vintage")["count"]
    whole = final(pd.Period("2024-12", "M"))
    assert december.tolist() == [round(0.7 * whole), round(0.9 * whole), *[whole] * 4]
    found = completeness_by_age(table)
    assert found.by_age.set_index("age")["share"].loc[1:3].tolist() == pytest.approx(
        [0.7, 0.9, 1.0], abs=0.005
    )
    assert found.months["2025-05"] == pytest.approx(0.7, abs=0.005)
    assert "May 2025 (about 70 %)" in found.sentence
    assert vintage_counts(grown, AGENCY, "homicide", most=1)["vintage"].unique().tolist() == ["2025-06-15"]


def test_a_place_without_a_series_is_said(grown) -> None:
    with pytest.raises(HubError):
        vintage_counts(grown, "st_clair", "homicide")
