"""Presets of donor pools, and the table of who is a donor and why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.data.elsewhere.donors import DonorPanel, donor_table
from analysis.data.elsewhere.presets import NATIONAL_GUARD, PRESETS, SAME_TACTIC, preset
from analysis.data.elsewhere.state_points import STATE_POINTS

AGENCIES = pd.DataFrame(
    {
        "agency_id": ["TNMPD0000", "IL0000001", "TX0000001", "WY0000001", "ZZ0000001"],
        "name": ["Memphis", "Springfield", "Austin", "Cheyenne", "Nowhere"],
        "state": ["TN", "IL", "TX", "WY", "ZZ"],
        "population": [616_061.0, 114_000.0, 970_000.0, 65_000.0, np.nan],
        "longitude": [-90.05, np.nan, np.nan, np.nan, np.nan],
        "latitude": [35.15, np.nan, np.nan, np.nan, np.nan],
    }
)


def a_panel() -> DonorPanel:
    ids = ["TNMPD0000", "IL0000001", "TX0000001"]
    months = pd.period_range("2024-01", periods=3, freq="M")
    agencies = AGENCIES.set_index("agency_id")
    return DonorPanel(
        pd.DataFrame(1.0, index=months, columns=ids),
        agencies["population"].loc[ids],
        agencies["name"].loc[ids],
        pd.DataFrame(
            [
                ("WY0000001", "Cheyenne", "has 65,000 residents"),
                ("ZZ0000001", "Nowhere", "lacks 2 of 3 months"),
            ],
            columns=["agency_id", "name", "reason"],
        ),
    )


def test_donors_stand_first_with_a_place_and_others_with_a_reason() -> None:
    table = donor_table(a_panel(), AGENCIES)
    assert list(table["name"]) == ["Austin", "Memphis", "Springfield", "Cheyenne", "Nowhere"]
    assert (table["donor"] == (table["reason"] == "")).all()
    placed = table.set_index("name")["placed"].to_dict()
    assert placed == {
        "Austin": "state", "Memphis": "own", "Springfield": "state", "Cheyenne": "state", "Nowhere": "",
    }  # fmt: skip
    at = table.set_index("name")[["longitude", "latitude"]]
    assert tuple(at.loc["Memphis"]) == (-90.05, 35.15)
    assert tuple(at.loc["Austin"]) == STATE_POINTS["TX"]


@pytest.mark.parametrize(
    ("preset_id", "out"),
    [
        ("all", {}),
        ("large", {"Springfield": "114,000 residents"}),
        ("midwest", {"Austin": "outside the states of this pool"}),
        ("no_guard", {"Memphis": "National Guard on patrol since 2025-10"}),
        ("no_same_tactic", {}),
    ],
)
def test_a_preset_gives_its_reasons(preset_id: str, out: dict[str, str]) -> None:
    table = donor_table(a_panel(), AGENCIES, preset(preset_id)).set_index("name")
    assert set(table.index[~table["donor"]]) == {"Cheyenne", "Nowhere", *out}
    for name, words in out.items():
        assert words in table.loc[name, "reason"]
    # What the data say comes before what the preset says.
    assert table.loc["Nowhere", "reason"] == "lacks 2 of 3 months"


def test_presets_are_named_and_sourced() -> None:
    ids = [p.preset_id for p in PRESETS]
    assert len(set(ids)) == len(ids)
    for one in (*SAME_TACTIC, *NATIONAL_GUARD):
        assert one.source
        assert pd.Period(one.since, "M").year >= 2000
    with pytest.raises(KeyError, match="there are: all, large"):
        preset("every")


@pytest.mark.real
def test_listed_places_are_in_the_index(real) -> None:
    known = pd.read_csv(real / "rtci" / "agencies.csv").set_index("agency_id")["agency"]
    for one in (*SAME_TACTIC, *NATIONAL_GUARD):
        assert known[one.agency_id] == one.name
