"""What looks wrong is found, and what is only chance is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data import HubError
from analysis.data.quality.anomalies import make_grid, repeats, spikes, suspects, zeros
from analysis.data.quality.level_breaks import between_sources, within_series

OFFENSES = ["homicide", "rape", "robbery", "aggravated_assault", "burglary", "theft", "motor_vehicle_theft"]
MONTHS = pd.period_range("2018-01", "2026-02", freq="M")
LEVELS = np.array([3.0, 8.0, 25.0, 90.0, 70.0, 300.0, 60.0])


def of(rows: pd.DataFrame, agency: str, offense: str) -> pd.Series:
    """The rows of one series."""
    return (rows["agency_id"] == agency) & (rows["offense"] == offense)


def simulate(agencies: int, seed: int, alpha: float = 0.03, source: str = "a") -> pd.DataFrame:
    """Seasonal, slowly drifting, over-dispersed counts: agency, month, offense, count."""
    rng = np.random.default_rng(seed)
    t = np.arange(len(MONTHS))
    parts = []
    for i in range(agencies):
        scale = np.exp(rng.normal(0, 0.8))
        for offense, level in zip(OFFENSES, LEVELS, strict=True):
            drift = np.cumsum(rng.normal(0, 0.02, len(t)))
            mean = level * scale * np.exp(0.15 * np.sin(2 * np.pi * t / 12) + drift)
            counts = rng.poisson(mean * rng.gamma(1 / alpha, alpha, len(t)))
            parts.append(
                pd.DataFrame(
                    {
                        "agency_id": f"A{i:03d}",
                        "source": source,
                        "month": MONTHS,
                        "offense": offense,
                        "count": counts.astype(float),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def calm() -> pd.DataFrame:
    return simulate(150, seed=11)


def test_chance_alone_raises_no_alarm(calm) -> None:
    """150 agencies × 7 offenses × 98 months: the stated rates allow far less than one alarm of each."""
    found = suspects(make_grid(calm))
    assert len(found[found["kind"] == "repeat"]) == 0
    assert len(found[found["kind"] == "zero"]) == 0
    assert len(found[found["kind"].isin(["spike", "year_end"])]) <= 3
    assert within_series(make_grid(calm)).empty


@pytest.mark.parametrize("revised", [0, 2])
def test_half_a_year_that_repeats_the_year_before(calm, revised) -> None:
    rng = np.random.default_rng(3)
    rows = calm.copy()
    copied = pd.period_range("2025-07", "2025-12", freq="M")
    for agency in ("A010", "A020"):
        own = rows["agency_id"] == agency
        wide = rows[own].set_index(["month", "offense"])["count"]
        for month in copied:
            for offense in OFFENSES:
                here = own & (rows["month"] == month) & (rows["offense"] == offense)
                change = rng.integers(-revised, revised + 1) if wide[month - 12, offense] > 20 else 0
                rows.loc[here, "count"] = wide[month - 12, offense] + change
    found = pd.DataFrame(
        repeats(make_grid(rows)), columns=["agency", "source", "month", "offense", "kind", "why"]
    )
    assert set(found["agency"]) == {"A010", "A020"}
    for _, some in found.groupby("agency"):
        assert sorted(some["month"].unique()) == list(copied)
        assert set(some["offense"]) == set(OFFENSES)
    assert "2024-07" in found.loc[found["month"] == pd.Period("2025-07"), "why"].iloc[0]


def test_a_total_split_evenly_over_months(calm) -> None:
    rows = calm.copy()
    run = pd.period_range("2021-04", "2021-11", freq="M")
    here = (rows["agency_id"] == "A030") & rows["month"].isin(run)
    rows.loc[here, "count"] = rows[here].groupby("offense")["count"].transform("mean").round()
    found = {(s[0], s[2]) for s in repeats(make_grid(rows))}
    assert {a for a, _ in found} == {"A030"}
    assert {m for _, m in found} >= set(run[1:])


def test_zeros_that_cannot_be(calm) -> None:
    rows = calm.copy()
    year = rows["month"].dt.year == 2023
    rows.loc[of(rows, "A001", "aggravated_assault") & year, "count"] = 0
    rows.loc[of(rows, "A002", "theft") & (rows["month"] == "2026-02"), "count"] = 0
    # A true zero: few homicides, then none in a month.
    rows.loc[
        of(rows, "A003", "homicide") & (rows["month"] == "2022-05"),
        "count",
    ] = 0
    found = {(s[0], s[3]): 0 for s in zeros(make_grid(rows))}
    assert set(found) == {("A001", "aggravated_assault"), ("A002", "theft")}
    months = [s[2] for s in zeros(make_grid(rows)) if s[0] == "A001"]
    assert months == list(pd.period_range("2023-01", "2023-12", freq="M"))


def test_a_series_of_zeros_alone_is_held_against_its_peers(calm) -> None:
    rows = calm.copy()
    rows.loc[of(rows, "A004", "rape"), "count"] = 0
    people = pd.Series(300_000.0, index=rows["agency_id"].unique())
    assert {(s[0], s[3]) for s in zeros(make_grid(rows), people)} == {("A004", "rape")}
    assert zeros(make_grid(rows)) == []  # without residents nothing can be said


def test_dumps_and_spikes(calm) -> None:
    rows = calm.copy()
    dump = of(rows, "A005", "robbery") & (rows["month"] == "2024-12")
    spike = of(rows, "A006", "burglary") & (rows["month"] == "2022-08")
    rows.loc[dump | spike, "count"] = rows.loc[dump | spike, "count"] * 5 + 60
    found = {(s[0], s[4], str(s[2])) for s in spikes(make_grid(rows))}
    assert ("A005", "year_end", "2024-12") in found
    assert ("A006", "spike", "2022-08") in found


def test_a_step_unlike_all_others(calm) -> None:
    rows = calm.copy()
    rows.loc[
        (rows["agency_id"] == "A007")
        & (rows["offense"] == "aggravated_assault")
        & (rows["month"] >= "2023-01"),
        "count",
    ] *= 1.9
    everywhere = rows["offense"] == "motor_vehicle_theft"
    rows.loc[everywhere & (rows["month"] >= "2022-01"), "count"] *= 1.8  # a wave that all share is no break
    found = within_series(make_grid(rows))
    assert set(zip(found["agency_id"], found["offense"], strict=True)) == {("A007", "aggravated_assault")}
    assert abs((found["month"].iloc[0] - pd.Period("2023-01")).n) <= 2
    assert found["reason"].iloc[0]


def test_two_publications_that_differ() -> None:
    one = simulate(3, seed=5, source="x_a")
    other = one.assign(source="x_b")
    other.loc[
        of(other, "A001", "rape") & (other["month"].dt.year == 2023),
        "count",
    ] *= 1.4
    found = between_sources(make_grid(pd.concat([one, other])))
    assert found[["agency_id", "offense"]].to_numpy().tolist() == [["A001", "rape"]]
    assert str(found["month"].iloc[0]) == "2023-01"
    # Another publisher may count differently without anything having changed.
    assert between_sources(make_grid(pd.concat([one, other.assign(source="y_b")]))).empty


def test_suspect_months_are_left_out_until_somebody_accepts_them(hub, panel, tmp_path) -> None:
    rng = np.random.default_rng(1)
    months = pd.period_range("2019-01", "2025-12", freq="M")
    table = pd.DataFrame(
        {
            "agency_id": "MO0950000",
            "agency": "St Louis County",
            "state": "MO",
            "population": 400_000,
            "year_month": months.astype(str),
        }
    )
    names = ["murder", "rape", "robbery", "aggravated_assault", "burglary", "theft", "motor_vehicle_theft"]
    for name, level in zip(names, LEVELS, strict=True):
        table[name] = rng.poisson(level, len(months)).astype(float)
    table.loc[table["year_month"] >= "2025-07", names] = table.loc[
        (table["year_month"] >= "2024-07") & (table["year_month"] <= "2024-12"), names
    ].to_numpy()
    hub.import_files(panel(tmp_path / "p.csv", table))
    series = hub.series("stl_county", "homicide")
    assert str(series.complete_through) == "2025-06"
    marked = hub.monthly_counts(offenses=["homicide"])
    assert (marked["suspect"] != "").sum() == 6
    dropped = hub.monthly_counts(offenses=["homicide"], suspects="drop")
    assert dropped["count"].isna().sum() == 6
    assert (hub.monthly_counts(suspects="keep")["suspect"] == "").all()
    assert "repeat earlier months" in hub.check().agencies["wrong"].iloc[0]
    with pytest.raises(HubError, match="why and who"):
        hub.accept("MO0950000", "2025-07", reason=" ", who="me")
    with pytest.raises(HubError, match="Nothing"):
        hub.accept("MO0950000", "2019-07", reason="r", who="me")
    version = hub.version
    hub.accept(
        "MO0950000",
        [str(m) for m in pd.period_range("2025-07", "2025-12", freq="M")],
        "homicide",
        reason="The agency confirmed them.",
        who="A. Analyst",
    )
    assert hub.version != version
    assert str(hub.series("stl_county", "homicide").complete_through) == "2025-12"
    assert str(hub.series("stl_county", "robbery").complete_through) == "2025-06"
    kept = hub.accepted()
    assert len(kept) == 6
    assert set(kept["who"]) == {"A. Analyst"}
    check = hub.check()
    assert check.suspects["accepted"].sum() == 6
    assert any("were accepted" in m for m in check.messages)


@pytest.fixture(scope="module")
def flags(real: Path) -> pd.DataFrame:
    table = pd.read_csv(real / "rtci" / "flags.csv")
    return table.assign(offence=table["offence"].replace({"murder": "homicide"}))


@pytest.mark.real
def test_missouri_2026_is_found_agency_by_agency(real_hub) -> None:
    found = real_hub.check().suspects
    trends = found[(found["source"] == "rtci_trends") & (found["kind"] == "repeat")]
    months = trends.groupby("agency_id")["month"].agg(lambda m: sorted({str(x) for x in m}))
    every = [f"2026-0{m}" for m in range(1, 7)]
    assert set(months.index) == {"MOSPD0000", "MO0950000", "MO0953000", "MO0922400", "MOKPD0000"}
    for agency in ("MOSPD0000", "MO0950000", "MOKPD0000"):
        assert months[agency] == every
    assert months["MO0953000"] == [m for m in every if m != "2026-04"]  # not reported in either year
    # The February release is sound: the same months of the panel are not suspect.
    assert found[(found["source"] == "rtci_panel") & (found["agency_id"] == "MOSPD0000")].empty
    assert any("2026-01 to 2026-06 repeat earlier months" in m for m in real_hub.check().messages)


@pytest.mark.real
def test_spikes_against_the_published_flags(real_hub, flags) -> None:
    """The flags are months three times the median; measured: 57 of 65 found."""
    found = real_hub.check().suspects
    found = found[(found["source"] == "rtci_panel") & found["kind"].isin(["spike", "year_end"])]
    ours = set(zip(found["agency_id"], found["offense"], found["month"].astype(str), strict=True))
    theirs = flags[flags["flag"] == "spike"]
    hit = [k in ours for k in zip(theirs["agency_id"], theirs["offence"], theirs["year_month"], strict=True)]
    assert len(theirs) == 65
    assert sum(hit) >= 55
    assert any(found["kind"] == "year_end")


@pytest.mark.real
def test_level_breaks_against_the_published_flags(real_hub, flags) -> None:
    """Seams at 2023-01 can be seen between the two publications; those at 2024-01 need a third."""
    found = real_hub.check().breaks
    ours = set(zip(found["agency_id"], found["offense"], strict=True))
    theirs = flags[(flags["flag"] == "level_break") & (flags["year_month"] == "2023-01")]
    hit = [k in ours for k in zip(theirs["agency_id"], theirs["offence"], strict=True)]
    assert len(theirs) == 47
    assert sum(hit) >= 40


@pytest.mark.real
def test_zeros_that_the_panel_dropped_are_found_in_the_raw_table(real_hub, flags) -> None:
    """Zeros of the published table that the panel treats as missing."""
    raw = real_hub.monthly_counts(source="rtci_by_agency")
    clean = real_hub.monthly_counts(source="rtci_panel")
    key = ["agency_id", "offense", "month"]
    known = pd.MultiIndex.from_frame(clean.dropna(subset="count")[key])
    dropped = raw[(raw["count"] == 0) & ~pd.MultiIndex.from_frame(raw[key]).isin(known)]
    theirs = flags[flags["flag"] == "zero_placeholder"]
    named = pd.MultiIndex.from_frame(theirs[["agency_id", "offence"]])
    dropped = dropped[pd.MultiIndex.from_frame(dropped[["agency_id", "offense"]]).isin(named)]
    hits = (
        dropped.assign(hit=dropped["suspect"] != "")
        .groupby(["agency_id", "offense"])["hit"]
        .agg(["sum", "size"])
    )
    # Every run beside a level of five a month or more; rape at one a month can be zero for a year.
    for series in (
        ("MA0092600", "aggravated_assault"),
        ("TX1081000", "theft"),
        ("NC0110100", "motor_vehicle_theft"),
    ):
        assert hits.loc[series, "sum"] == hits.loc[series, "size"] > 0
