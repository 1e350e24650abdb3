"""Monitoring charts: what they say, what they refuse, and that alarms hold their stated rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress.charts import count_chart, days_between_chart, funnel, tail_of
from analysis.progress.seasons import seasonal_table, year_to_date_fan

BASELINE = pd.period_range("2022-01", "2024-12", freq="M")
#: Four standard errors above a stated 5 % in 400 runs.
HELD = 0.05 + 4 * math.sqrt(0.05 * 0.95 / 400)


def test_one_odd_month_is_named(flat):
    counts = flat(10, 10)
    counts["2026-03"], counts["2026-07"] = 30.0, 0.0
    found = count_chart(counts, BASELINE, "2026-09")
    assert found.alarms["month"].tolist() == [pd.Period("2026-03"), pd.Period("2026-07")]
    assert found.alarms["alarm"].tolist() == ["high", "low"]
    assert "March 2026 (30, more than the" in found.sentence
    assert "at most 5 %" in found.note
    assert found.table["judged"].sum() == 12
    calm = count_chart(flat(10, 10), BASELINE, "2026-09")
    assert calm.alarms.empty
    assert calm.sentence.startswith("No month of October 2025 to September 2026")


def test_a_rate_chart_follows_the_population(flat):
    counts = flat(100, 50)
    people = pd.Series(np.where(counts.index.year < 2025, 200_000.0, 100_000.0), index=counts.index)
    assert len(count_chart(counts, BASELINE, "2026-09").alarms) == 12
    rates = count_chart(counts, BASELINE, "2026-09", population=people)
    assert rates.kind == "rate"
    assert rates.alarms.empty
    assert rates.table["rate"].to_numpy() == pytest.approx(600)
    with pytest.raises(RefusedError, match="population of January 2025 is not known"):
        count_chart(counts, BASELINE, "2026-09", population=people[:"2024-12"])


@pytest.mark.parametrize(("rate", "phi"), [(2.0, 1.0), (12.0, 1.0), (12.0, 2.0), (60.0, 1.5)])
def test_counts_alarm_no_more_often_than_stated(rate, phi):
    rng = np.random.default_rng(4)
    index = pd.period_range("2022-01", "2025-12", freq="M")
    mean = rate * (1 + 0.2 * np.cos(2 * np.pi * (index.month.to_numpy() - 7) / 12))
    draw = (
        rng.poisson(mean, (120, 48))
        if phi == 1
        else rng.negative_binomial(mean / (phi - 1), 1 / phi, (120, 48))
    )
    alarms = [
        not count_chart(pd.Series(d.astype(float), index=index), BASELINE, "2025-12").alarms.empty
        for d in draw
    ]
    assert np.mean(alarms) <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 120)


def test_a_chart_needs_a_baseline(flat):
    with pytest.raises(RefusedError, match="Only 0 months of January 2012"):
        count_chart(flat(10, 10), pd.period_range("2012-01", "2013-12", freq="M"), "2026-09")
    assert "No month after the baseline" in count_chart(flat(10, 10), BASELINE, "2024-12").sentence
    with pytest.raises(RefusedError, match="false-alarm rate"):
        tail_of(1.5, 12)


def test_a_long_quiet_time_and_a_cluster_are_seen():
    before = pd.date_range("2022-01-01", "2024-12-31", freq="45D")
    quiet = days_between_chart(before, "2024-12-31", "2026-09-30")
    assert quiet.alarms["alarm"].tolist() == ["long"]
    assert "days without an event up to 30 September 2026" in quiet.sentence
    burst = [*before, *pd.date_range("2025-03-01", periods=6, freq="1D")]
    found = days_between_chart(burst, "2024-12-31", "2025-04-01")
    assert "cluster" in found.alarms["alarm"].tolist()
    assert "5 events within 4 days" in found.sentence


def test_days_between_alarm_no_more_often_than_stated():
    rng = np.random.default_rng(6)
    start, alarms, runs = pd.Timestamp("2020-01-01"), 0, 400
    for _ in range(runs):
        when = np.cumsum(rng.exponential(40, 120))
        days = start + pd.to_timedelta(when[when < 2300], unit="D")
        alarms += not days_between_chart(days, "2024-12-31", "2026-03-31").alarms.empty
    assert alarms / runs <= HELD


def test_too_few_events_to_know_the_gaps():
    with pytest.raises(RefusedError, match="Only 2 events happened up to 31 December 2024"):
        days_between_chart(["2024-01-01", "2024-05-01", "2025-01-01"], "2024-12-31", "2026-01-01")
    with pytest.raises(RefusedError, match="on one day"):
        days_between_chart(["2024-01-01"] * 6, "2024-12-31", "2026-01-01")


def test_the_funnel_widens_for_small_places():
    places = [f"District {i}" for i in range(6)]
    found = funnel(places, [1, 9, 20, 41, 79, 100], [2, 10, 20, 40, 80, 100])
    assert found.alarms.empty
    width = (found.table["upper"] - found.table["lower"]).to_numpy()
    assert (np.diff(width) < 0).all()
    apart = funnel(places, [1, 9, 20, 41, 79, 190], [2, 10, 20, 40, 80, 100])
    assert "District 5 (190 events, more than its size makes likely)" in apart.sentence
    assert "worst" not in apart.sentence + apart.note
    with pytest.raises(RefusedError, match="at least two places"):
        funnel(["a"], [3], [4])


@pytest.mark.parametrize("phi", [1.0, 2.0])
def test_the_funnel_alarms_no_more_often_than_stated(phi):
    rng = np.random.default_rng(5)
    expected = np.array([2.0, 5, 10, 20, 40, 80, 160, 300])
    draw = (
        rng.poisson(expected, (400, 8))
        if phi == 1
        else rng.negative_binomial(expected / (phi - 1), 1 / phi, (400, 8))
    )
    alarms = [not funnel([*"abcdefgh"], x, expected, dispersion=phi).alarms.empty for x in draw]
    assert np.mean(alarms) <= HELD


def test_the_fan_of_the_year(flat):
    found = year_to_date_fan(flat(10, 9), "2026-06")
    assert (
        "54 events in 2026 through June; the same months of 2023, 2024, 2025 held 58 on average"
        in found.sentence
    )
    fan = found.table[found.table["kind"] == "fan"]
    assert fan["month"].tolist() == [7, 8, 9, 10, 11, 12]
    assert (fan["lower_95"] <= fan["lower_50"]).all()
    assert (fan["upper_50"] <= fan["upper_95"]).all()
    assert fan["total"].iloc[-1] == pytest.approx(108.5)  # half an event of prior
    assert (found.table[found.table["kind"] == "before"].groupby("year")["total"].max() > 100).all()
    assert "fan" not in year_to_date_fan(flat(10, 9, last="2026-12"), "2026-12").table["kind"].tolist()


def test_the_fan_covers_the_end_of_the_year():
    rng = np.random.default_rng(3)
    index = pd.period_range("2022-01", "2025-12", freq="M")
    mean = 20 * (1 + 0.2 * np.cos(2 * np.pi * (index.month.to_numpy() - 7) / 12))
    hits = 0
    for _ in range(150):
        counts = pd.Series(rng.poisson(mean).astype(float), index=index)
        end = year_to_date_fan(counts, "2025-06").table.iloc[-1]
        hits += end["lower_95"] <= counts["2025-01":"2025-12"].sum() <= end["upper_95"]
    assert 0.88 <= hits / 150 <= 1.0


def test_a_year_with_a_hole_has_no_running_total(flat):
    counts = flat(10, 9)
    counts["2026-02"] = np.nan
    with pytest.raises(RefusedError, match="February 2026 is not reported"):
        year_to_date_fan(counts, "2026-06")
    with pytest.raises(RefusedError, match="one of the 3 years before 2022"):
        year_to_date_fan(flat(10, 9), "2022-06")


def test_the_seasonal_table(flat):
    counts = flat(10, 10)
    counts["2026-05"] = 31.0
    found = seasonal_table(counts, "2026-09")
    assert list(found.table.columns) == [
        "month", "2022", "2023", "2024", "2025", "2026", "mean", "lower", "upper", "newest",
    ]  # fmt: skip
    assert found.table.loc[4, "newest"] == "high"
    assert found.table["2026"].isna().sum() == 3
    assert found.sentence.startswith("1 of 9 months of 2026 lie outside")
