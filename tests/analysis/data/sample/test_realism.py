"""The sample looks like real figures where it claims to."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.sample.levels import LEVEL_YEARS, LEVELS
from analysis.data.sample.spec import MONTHS, VINTAGES, VIOLENT

FEET = 3.28084


@pytest.mark.parametrize("year", range(2017, 2026))
def test_place_concentration(city: pd.DataFrame, year: int) -> None:
    """The top 5 % of the city's r9 cells hold about 28 % of a year's violent incidents."""
    outline = h3.geo_to_h3shape(jurisdiction_outlines()["stl_city"])
    cells = h3.h3shape_to_cells_experimental(outline, 9, "overlap")
    found = city.loc[city["time"].dt.year == year, "h3_r9"].value_counts()
    assert set(found.index) <= set(cells)
    top = found.to_numpy()[: round(0.05 * len(cells))].sum() / found.sum()
    assert 0.25 <= top <= 0.31


def test_near_repeats(city: pd.DataFrame) -> None:
    """Pairs within 400 ft and 14 days are 1.3 to 1.5 times as frequent as by chance (Knox)."""
    observed, expected = 0, 0.0
    for _, rows in city.groupby(city["time"].dt.year):
        east = (rows["longitude"] + 90.3) * 111_320 * np.cos(np.radians(38.6)) * FEET
        north = (rows["latitude"] - 38.6) * 111_320 * FEET
        days = rows["time"].to_numpy().astype("datetime64[m]").astype(float) / 1440
        close = cKDTree(np.column_stack([east, north])).query_pairs(400, output_type="ndarray")
        observed += int((np.abs(days[close[:, 0]] - days[close[:, 1]]) <= 14).sum())
        ordered, n = np.sort(days), len(days)
        soon = (np.searchsorted(ordered, ordered + 14, side="right") - np.arange(n) - 1).sum()
        expected += len(close) * soon / (n * (n - 1) / 2)
    assert 1.3 <= observed / expected <= 1.5


def test_annual_levels(counts: pd.DataFrame) -> None:
    """Near the published level: violence within 10 %, or three standard errors where that is more."""
    current = counts[counts["vintage"] == VINTAGES[-1]]
    for agency_id, level in (("SYN-A-1", "stl_city"), ("SYN-B-1", "county_pd")):
        mine = current[current["agency_id"] == agency_id]
        yearly = mine.pivot_table(
            index=mine["month"].str[:4].astype(int), columns="offense", values="count", aggfunc="sum"
        )
        for offense, values in LEVELS[level].items():
            for year, value in zip(LEVEL_YEARS, values, strict=True):
                share = 0.10 if offense in VIOLENT else 0.15
                allowed = max(share * value, 3 * np.sqrt(1.5 * value))
                assert abs(yearly.loc[year, offense] - value) <= allowed, (agency_id, offense, year)
        violent = yearly.loc[list(LEVEL_YEARS), list(VIOLENT)].sum(axis=1).to_numpy()
        published = np.sum([LEVELS[level][o] for o in VIOLENT], axis=0)
        np.testing.assert_allclose(violent, published, rtol=0.10)


def test_the_jump_of_2020_and_the_fall_since_2022_are_national(counts: pd.DataFrame) -> None:
    donors = counts[counts["agency_id"].str.startswith("SYN-D") & (counts["offense"] == "homicide")]
    yearly = donors.groupby(donors["month"].str[:4])["count"].sum()
    assert 1.15 < yearly["2020"] / yearly["2019"] < 1.45
    assert yearly["2024"] / yearly["2022"] < 0.9


def test_dispersion_and_season(counts: pd.DataFrame) -> None:
    """Monthly counts vary more than Poisson counts do, and summer has more assaults than winter."""
    current = counts[(counts["vintage"] == VINTAGES[-1]) & (counts["agency_id"] == "SYN-A-1")]
    wide = current.pivot_table(index="month", columns="offense", values="count")
    wide.index = pd.PeriodIndex(wide.index, freq="M")
    month = wide.index.month
    for offense, low, high in (
        ("aggravated_assault", 1.5, 6.0),
        ("robbery", 1.0, 4.0),
        ("homicide", 0.7, 2.2),
    ):
        smooth = wide[offense].rolling(13, center=True, min_periods=7).mean()
        season = (wide[offense] / smooth).groupby(month).transform("mean")
        fitted = smooth * season
        assert low < ((wide[offense] - fitted) ** 2 / fitted).mean() * 13 / 12 < high, offense
    assault = wide["aggravated_assault"] / wide["aggravated_assault"].rolling(13, center=True).mean()
    assert 1.1 < assault[month == 7].mean() / assault[month == 1].mean() < 1.6


def test_shares(incidents: pd.DataFrame) -> None:
    rows = incidents[incidents["net_count"] > 0]
    firearm = rows.groupby("offense")["firearm"].mean()
    assert firearm["robbery"] == pytest.approx(0.60, abs=0.02)
    assert firearm["aggravated_assault"] == pytest.approx(0.47, abs=0.02)
    assert firearm["homicide"] == pytest.approx(0.90, abs=0.02)
    assaults = rows[rows["offense"] == "aggravated_assault"]
    before = assaults[assaults["coded_month"] < "2025-01"]
    assert before["domestic"].mean() == pytest.approx(0.25, abs=0.01)
    assert assaults["victims"].mean() == pytest.approx(1.3, abs=0.02)
    assert (rows.loc[rows["offense"] == "robbery", "victims"] == 1).all()
    rape = rows["offense"] == "rape"
    assert rows.loc[rape, "longitude"].isna().all()
    assert (rows.loc[rape, "location_quality"] == "withheld").all()
    assert rows.loc[~rape, "longitude"].notna().mean() == pytest.approx(0.97, abs=0.005)


def test_hours_delays_and_incidents_with_two_offenses(incidents: pd.DataFrame) -> None:
    rows = incidents[incidents["net_count"] > 0]
    hour = rows["occurred_at"].dt.hour
    assert hour.isin([20, 21, 22, 23]).mean() > 1.5 * hour.isin([6, 7, 8, 9]).mean()
    assert rows["coded_month"].eq(rows["occurred_at"].dt.strftime("%Y-%m")).all()
    delay = (rows["reported_at"] - rows["occurred_at"]).dt.total_seconds() / 86_400
    assert (delay >= 0).all()
    assert 0.80 < (delay < 1).mean() < 0.93
    both = rows.groupby("incident_id")["offense"].nunique()
    assert both.max() == 2
    assert (both == 2).sum() > 50


def test_counts_are_the_incidents_net_sums(incidents: pd.DataFrame, counts: pd.DataFrame) -> None:
    """On the current day, where both exist; parts of offenses too."""
    current = counts[counts["vintage"] == VINTAGES[-1]].set_index(["agency_id", "offense", "month"])["count"]
    net = incidents.groupby(["agency_id", "offense", "coded_month"])["net_count"].sum()
    told = current[current.index.get_level_values(0).isin(incidents["agency_id"].unique())]
    for offense in VIOLENT:
        mine = told.xs(offense, level="offense")
        sums = net.xs(offense, level="offense").rename_axis(["agency_id", "month"])
        assert sums.index.isin(mine.index).all()
        np.testing.assert_array_equal(mine.to_numpy(), sums.reindex(mine.index, fill_value=0).to_numpy())
    armed = incidents[incidents["firearm"] & (incidents["offense"] == "robbery")]
    assert told.xs("robbery_firearm", level="offense").sum() == armed["net_count"].sum()
    assert incidents["net_count"].lt(0).sum() > 100


def test_later_vintages_know_more_of_the_last_months(counts: pd.DataFrame) -> None:
    region = counts[~counts["agency_id"].str.startswith("SYN-D")]
    wide = region.pivot_table(index="month", columns="vintage", values="count", aggfunc="sum")
    first, second, last = (wide[v] for v in VINTAGES)
    assert first.last_valid_index() == "2026-07"
    assert second.last_valid_index() == "2026-08"
    assert last.last_valid_index() == str(MONTHS[-1])
    assert first["2026-07"] < second["2026-07"] <= wide.loc["2026-07", VINTAGES[-1]]
    assert 0.90 < first["2026-07"] / last["2026-07"] < 0.99
