"""Cached access to the hub, on the bundled sample and on an empty hub."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.data import MeasureSeries, open_hub
from dashboard import data


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_HUB", raising=False)


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    open_hub(tmp_path / "hub")
    monkeypatch.setenv("SLN_HUB", str(tmp_path / "hub"))


def test_facts_of_the_sample(sample: None) -> None:
    facts = data.facts()
    assert facts.synthetic
    assert not facts.empty
    assert facts.places[0] == "region"
    assert set(facts.places) == {"region", "stl_city", "stl_county", "st_clair"}
    assert "Synthetic sample data" in facts.source_line
    assert facts.through == min(facts.complete.values())
    assert "gun_violence" not in facts.measures["st_clair"]
    assert data.facts() is facts


def test_publishers_are_named_for_people() -> None:
    assert data.publisher("rtci_totals") == "Real-Time Crime Index, AH Datalytics"
    assert data.publisher("slmpd_legacy_20").startswith("St. Louis Metropolitan Police Department")
    assert data.publisher("county_police") == "agency files (county police)"


def test_series_are_shared_and_refusals_are_sentences(sample: None) -> None:
    first = data.series("stl_city", "homicide")
    assert isinstance(first, MeasureSeries)
    assert data.series("stl_city", "homicide") is first
    why = data.series("st_clair", "gun_violence")
    assert isinstance(why, str)
    assert why.endswith(".")
    cut = data.series("stl_city", "homicide", pd.Period("2026-03", "M"))
    assert isinstance(cut, MeasureSeries)
    assert cut.counts.index[-1] == pd.Period("2026-03", "M")


def test_months_to_choose_are_after_the_start_and_usable(sample: None) -> None:
    months = data.months_to_choose("stl_city", "homicide")
    assert months[0] == pd.Period("2025-01", "M")
    assert months[-1] == data.facts().complete["stl_city"]
    assert data.months_to_choose("st_clair", "gun_violence") == []


def test_the_preferred_goal_comes_first(sample: None) -> None:
    goals = data.goals()
    assert goals[0].default
    assert goals[0].label == "the third year, from January 2025, against 2022 to 2024"
    assert len({g.key for g in goals}) == len(goals)


def test_an_empty_hub_has_no_places_but_a_goal(empty: None) -> None:
    facts = data.facts()
    assert facts.empty
    assert facts.places == ()
    assert facts.source_line == "no source yet"
    assert data.goals() == (data.STANDARD_GOAL,)
    assert data.months_to_choose("region", "homicide") == []
    assert isinstance(data.series("region", "homicide"), str)
