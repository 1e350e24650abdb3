"""Panels for synthetic controls out of a hub: the sample's places, and areas inside one."""

from __future__ import annotations

import pytest

from analysis.data import Hub, open_hub
from analysis.data.geography import area_series
from analysis.evaluate.synthetic import synth_inputs
from analysis.evaluate.synthetic_several import (
    area_table,
    areas_inputs,
    characteristics,
    several_inputs,
)
from analysis.evidence import RefusedError
from analysis.synth import SynthSpec, fit, specification_table


@pytest.fixture(scope="module")
def sample(hubs) -> Hub:
    return open_hub(hubs.path("sample"))


@pytest.fixture(scope="module")
def city(sample):
    return synth_inputs(sample, "stl_city", "homicide", "2025-01")


def test_a_jurisdiction_beside_its_donors(sample, city) -> None:
    assert city.panel.columns[0] == "stl_city"
    assert city.panel.notna().all(axis=None)
    assert city.panel.index[0].month == 1
    donors = city.donors
    assert set(donors.loc[donors["donor"], "agency_id"]) == set(city.panel.columns[1:])
    assert (donors.loc[~donors["donor"], "reason"] != "").all()
    assert donors.loc[donors["donor"], "longitude"].notna().all()
    assert set(city.background.excluded["unit"]) == set(donors.loc[~donors["donor"], "agency_id"])
    found = fit(city.panel, SynthSpec("stl_city", "2025-01"), city.population, background=city.background)
    assert set(city.background.excluded["unit"]) <= set(found.excluded["unit"])
    names = {c.name: c for c in found.checks}
    assert names["Donors without the tactic"].state == "passed"


def test_pools_and_windows_are_the_user_s(sample, city) -> None:
    first = str(city.panel.columns[1])
    large = synth_inputs(
        sample, "stl_city", "homicide", "2025-01", preset_id="large", pre_start="2022-01", exclude=(first,)
    )
    assert str(large.panel.index[0]) == "2022-01"
    assert large.panel.shape[1] < city.panel.shape[1]
    assert (large.population.iloc[1:] >= 250_000).all()
    reasons = large.donors.set_index("agency_id")["reason"]
    assert reasons[first] != ""
    assert first not in large.panel
    table = specification_table(
        city.panel, SynthSpec("stl_city", "2025-01"), city.population,
        estimators=("did",), crossed=("did",), donor_sets=city.donor_sets,
    )  # fmt: skip
    assert "Large places" in set(table["donor_set"])
    with pytest.raises(KeyError, match="no donor preset"):
        synth_inputs(sample, "stl_city", "homicide", "2025-01", preset_id="nearest")


def test_no_history_is_refused(sample) -> None:
    with pytest.raises(RefusedError, match="no unbroken history"):
        synth_inputs(sample, "stl_city", "homicide", "2015-01")
    with pytest.raises(RefusedError):
        synth_inputs(sample, "nowhere", "homicide", "2025-01")


def test_several_places_share_one_panel(sample) -> None:
    starts = {"stl_city": "2025-01", "stl_county": "2025-07"}
    found = several_inputs(sample, starts, "homicide", pre_start="2020-01")
    assert list(found.panel.columns[:2]) == list(starts)
    assert str(found.panel.index[0]) == "2020-01"
    assert not found.panel.columns.duplicated().any()
    assert set(found.population.index) == set(found.panel.columns)
    donors = found.donors
    assert set(donors.loc[donors["donor"], "agency_id"]) == set(found.panel.columns[2:])
    assert (donors.loc[~donors["donor"], "reason"] != "").all()
    with pytest.raises(RefusedError, match="No treated place"):
        several_inputs(sample, {}, "homicide")


def test_areas_beside_other_areas_with_a_reason_for_each(sample, monkeypatch) -> None:
    table = area_table(sample, "stl_city", "violent_street_crime")
    found = areas_inputs(sample, table, ["focus_a"], "2025-04")
    assert found.panel.columns[0] == "focus_a"
    assert found.population is not None
    assert set(found.donors["area_id"]) == set(table.columns) - {"focus_a"}
    assert (found.donors.loc[~found.donors["donor"], "reason"] != "").all()
    assert found.donors["reason"].str.contains("shares ground with a treated area").sum() > 0
    # Next door: a district is treated, and its neighbors may not, or may, be donors.
    alone = areas_inputs(sample, table, ["stl_city-d13"], "2025-04")
    beside = areas_inputs(sample, table, ["stl_city-d13"], "2025-04", neighbors=True)
    assert alone.donors["reason"].str.contains("next to a treated area").any()
    assert beside.donors["donor"].sum() > alone.donors["donor"].sum()
    with pytest.raises(RefusedError, match="no area “atlantis”"):
        areas_inputs(sample, table, ["atlantis"], "2025-04")
    with pytest.raises(RefusedError, match="No treated area"):
        areas_inputs(sample, table, [], "2025-04")
    # A month of which no file tells is missing, and only what follows the last hole is used.
    known = area_series.located_months(sample, sample.version, "stl_city")
    hole = known[known != "2020-03"]
    monkeypatch.setattr(area_series, "located_months", lambda *_: hole)
    assert str(area_table(sample, "stl_city", "violent_street_crime").index[0]) == "2020-04"


def test_characteristics_are_those_of_the_time_before(sample, city) -> None:
    found = characteristics(
        sample, city, "homicide", "2025-01", {"mean": 1.0, "residents": 2.0, "robbery": 1.0}
    )
    before = city.panel.loc[:"2024-12"]
    rates = 1e5 * before.mean() / city.population
    assert found.table.loc["mean"].to_numpy() == pytest.approx(rates[found.table.columns].to_numpy())
    assert found.table.loc["robbery"].notna().sum() > 30
    assert found.weights["residents"] == 2.0
    with pytest.raises(RefusedError, match="No characteristic"):
        characteristics(sample, city, "homicide", "2025-01", {})


@pytest.mark.real
def test_a_place_with_the_same_tactic_is_no_donor(hubs) -> None:
    inputs = synth_inputs(open_hub(hubs.path("real")), "stl_city", "robbery", "2025-01")
    reasons = inputs.donors.set_index("agency_id")["reason"]
    assert "same tactic: Group Violence Intervention since 2020-08" in reasons["PAPEP0000"]
    assert "PAPEP0000" not in inputs.panel
    assert "Missouri" in reasons["MOKPD0000"]
