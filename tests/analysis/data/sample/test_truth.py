"""The true effects are those that the figures were drawn with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    GEOCODED_SHARE,
    MONTHS,
    VINTAGES,
    Deployment,
    month_index,
)
from analysis.data.vocabulary import MEASURES


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((sample / "truth.json").read_text(encoding="utf-8"))
    return content


def observed(counts: pd.DataFrame, agencies: list[str], told: bool) -> pd.Series:
    """Violent street crime by month of some agencies, on the current day."""
    mine = counts[(counts["vintage"] == VINTAGES[-1]) & counts["agency_id"].isin(agencies)]
    wide = mine.pivot_table(index="month", columns="offense", values="count", aggfunc="sum")
    total = wide["homicide"] + wide["robbery"] + wide["aggravated_assault"]
    return total - wide["aggravated_assault_domestic"] if told else total


def test_phase_in_is_linear_and_a_pause_ends_the_effect() -> None:
    d = Deployment("x", "cbt", "stl_city", None, "x", "2025-01", 3, -0.2, end="2025-06")
    at = {str(m): round(float(f), 10) for m, f in zip(MONTHS, d.factor(), strict=True)}
    assert at["2024-12"] == 1.0
    assert [at[f"2025-{m:02d}"] for m in range(1, 8)] == [0.95, 0.9, 0.85, 0.8, 0.8, 0.8, 1.0]


def test_every_deployment_and_measure_has_a_record(truth: dict[str, Any]) -> None:
    pairs = {(r["deployment_id"], r["measure"]) for r in truth["deployments"]}
    assert pairs == {(d.deployment_id, m) for d in DEPLOYMENTS for m in MEASURES}
    for record in truth["deployments"]:
        if record["true_percent"] is None:
            assert record["why_not"]
        else:
            ratio = record["expected_with"] / record["expected_without"]
            assert 100 * (ratio - 1) == pytest.approx(record["average_percent"], abs=0.02)
            assert record["true_percent"] <= record["average_percent"] + 0.01


def test_the_effects_asked_for(truth: dict[str, Any]) -> None:
    street = {
        r["deployment_id"]: r["true_percent"]
        for r in truth["deployments"]
        if r["measure"] == "violent_street_crime"
    }
    assert street["fd-city"] == pytest.approx(-12)
    assert street["outreach-a"] == pytest.approx(-25)
    assert street["outreach-b"] == 0
    assert street["cbt-city"] == pytest.approx(-5)
    assert street["fd-st-clair"] is None
    # Domestic assaults are not told apart there and do not change: the effect is diluted.
    assert -15 < street["outreach-d"] < -10


@pytest.mark.parametrize("place", ["stl_city", "stl_county", "st_clair"])
def test_observed_counts_lie_around_the_expected_ones(
    truth: dict[str, Any], counts: pd.DataFrame, place: str
) -> None:
    record = truth["places"][place]["violent_street_crime"]
    complete = [a for a in AGENCIES if a.jurisdiction == place]
    told = all(a.incidents for a in complete)
    series = observed(counts, [a.agency_id for a in complete], told)
    expected = pd.Series(record["with"], MONTHS.strftime("%Y-%m"))
    months = series.index[(series.index < "2026-06")]
    gone = {h for a in complete for h in a.holes}
    months = months.difference(list(gone))
    ratio = series[months].sum() / expected[months].sum()
    assert ratio == pytest.approx(1, abs=0.02)
    z = (series[months] - expected[months]) / np.sqrt(expected[months])
    assert 1.0 < z.std() < 3.0


def test_expected_with_and_without_agree_until_the_first_start(truth: dict[str, Any]) -> None:
    first = month_index("2025-01")
    for place, measures in truth["places"].items():
        for record in measures.values():
            assert len(record["with"]) == len(MONTHS)
            with_, without = np.asarray(record["with"])[first:], np.asarray(record["without_from_2025"])
            assert (with_ <= without + 0.11).all(), place
    assert "gun_violence" not in truth["places"]["st_clair"]  # its source does not tell the weapon


def test_people_harmed_in_the_focus_area_follow_the_expected_path(
    truth: dict[str, Any], incidents: pd.DataFrame, sample: Path
) -> None:
    """Street violence inside Focus area A, before and while street outreach is fully at work."""
    areas = json.loads((sample / "areas.geojson").read_text(encoding="utf-8"))["features"]
    polygon = shape(next(f for f in areas if f["id"] == "focus_a")["geometry"])
    street = incidents[(incidents["offense"] != "rape") & ~incidents["domestic"].astype(bool)]
    here = street[shapely.contains_xy(polygon, street["longitude"], street["latitude"])]
    harmed = here.groupby("coded_month")["net_count"].sum().reindex(MONTHS.strftime("%Y-%m"), fill_value=0)
    record = truth["areas"]["focus_a"]
    expected = pd.Series(record["with"], harmed.index) * GEOCODED_SHARE
    before, after = harmed.index < "2025-01", (harmed.index >= "2025-08") & (harmed.index < "2026-07")
    assert harmed[before].sum() == pytest.approx(expected[before].sum(), rel=0.05)
    assert harmed[after].sum() == pytest.approx(expected[after].sum(), rel=0.20)
    first = month_index("2025-01")
    months = slice(month_index("2025-08"), month_index("2026-07"))
    without = sum(record["without_from_2025"][months.start - first : months.stop - first])
    # Outreach 25 %, focused deterrence 12 % and nearly all of therapy's 5 % fewer, one upon the other.
    assert sum(record["with"][months]) / without == pytest.approx(0.75 * 0.88 * 0.955, rel=0.03)


def test_the_story_of_the_region(truth: dict[str, Any], counts: pd.DataFrame) -> None:
    """Observed violent street crime of the region: 11 to 14 % below its baseline."""
    told = observed(counts, [a.agency_id for a in AGENCIES if a.incidents], True)
    other = observed(counts, [a.agency_id for a in AGENCIES if not a.incidents], False)
    region = told + other
    baseline = region["2022-01":"2024-12"].to_numpy().reshape(3, 12).mean(axis=0)
    since = region["2025-01":"2026-09"].to_numpy()
    change = since.sum() / (baseline.sum() + baseline[:9].sum()) - 1
    assert -0.14 <= change <= -0.105
