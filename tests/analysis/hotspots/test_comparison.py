"""Comparison areas, cumulative differences, harm, hours and the scan."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.evidence import RefusedError
from analysis.hotspots import (
    BEST,
    LAST,
    aoristic,
    busiest_window,
    dispersion,
    foresight,
    kde,
    matched_areas,
    overlap_by_period,
    relative_effect,
    rule_of_thumb,
    scan_p,
    unknown_hours,
    wdd,
    wdd_cumulative,
    wdd_harm,
    whole,
)

# ---------------------------------------------------------------- cumulative, harm, relative


def months(rng: np.random.Generator, mean: float, n: int = 36) -> pd.Series:
    return pd.Series(rng.poisson(mean, n), index=pd.period_range("2022-01", periods=n, freq="M"))


def test_the_last_row_is_the_plain_difference():
    rng = np.random.default_rng(0)
    t, c, d, e = (months(rng, m) for m in (10, 12, 20, 18))
    table = wdd_cumulative(t, c, d, e, before=24)
    pairs = [(float(x.iloc[:24].sum()), float(x.iloc[24:].sum())) for x in (t, c, d, e)]
    plain = wdd(*pairs, time_weights=(2, 1))
    last = table.iloc[-1]
    assert last["period"] == pd.Period("2024-12", "M")
    assert (last["estimate"], last["se"]) == (pytest.approx(plain.estimate), pytest.approx(plain.se))
    assert (last["lower"], last["upper"]) == (pytest.approx(plain.lower), pytest.approx(plain.upper))
    assert table["months"].tolist() == list(range(1, 13))


def test_each_cumulative_interval_covers_nought_as_promised():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(150):
        table = wdd_cumulative(months(rng, 12), months(rng, 15), before=24, level=0.90)
        inside.append(((table["lower"] <= 0) & (table["upper"] >= 0)).to_numpy())
    assert np.mean(inside) == pytest.approx(0.90, abs=0.04)


def test_cumulative_refuses():
    x = np.ones(12)
    for kwargs, words in (
        ({"before": 0}, "either side"),
        ({"before": 12}, "either side"),
        ({"before": 6, "displacement": x}, "both or neither"),
    ):
        with pytest.raises(RefusedError, match=words):
            wdd_cumulative(x, x, **kwargs)
    with pytest.raises(RefusedError, match="different lengths"):
        wdd_cumulative(x, x[:-1], before=3)


def test_harm_with_rings_adds_its_offenses():
    treated, control = [(30, 20), (8, 3)], [(25, 26), (9, 9)]
    rings, outer = [(40, 41), (12, 13)], [(38, 30), (11, 11)]
    found = wdd_harm(treated, control, [1, 10], rings, outer, time_weights=(2, 1))
    parts = [wdd(*p, time_weights=(2, 1)) for p in zip(treated, control, rings, outer, strict=True)]
    assert found.estimate == pytest.approx(parts[0].estimate + 10 * parts[1].estimate)
    assert found.se == pytest.approx(np.hypot(parts[0].se, 10 * parts[1].se))
    assert found.displaced == pytest.approx(parts[0].displaced + 10 * parts[1].displaced)
    with_nothing = wdd_harm([*treated, (0, 0)], [*control, (0, 0)], [1, 10, 5])
    assert with_nothing.estimate == wdd_harm(treated, control, [1, 10]).estimate
    with pytest.raises(RefusedError, match="both or neither"):
        wdd_harm(treated, control, [1, 1], rings)


def test_relative_effect_covers_the_truth():
    rng = np.random.default_rng(2)
    found = [
        relative_effect((rng.poisson(120), rng.poisson(90)), (rng.poisson(200), rng.poisson(200)), level=0.9)
        for _ in range(800)
    ]
    assert np.mean([f.contains(0.75) for f in found]) == pytest.approx(0.90, abs=0.03)
    assert relative_effect((10, 0), (10, 10)).lower > 0
    with pytest.raises(RefusedError, match="no ratio"):
        relative_effect((0, 0), (10, 10))


def test_dispersion_is_one_for_poisson_and_a_trend_and_more_for_clusters():
    rng = np.random.default_rng(3)
    assert np.mean([dispersion(rng.poisson(np.linspace(10, 20, 36))) for _ in range(100)]) < 1.25
    assert dispersion(rng.negative_binomial(2, 2 / 14, 48)) > 2.5
    assert dispersion(np.zeros(12)) == 1.0
    with pytest.raises(RefusedError, match="at least 6"):
        dispersion([1, 2, 3])


# ---------------------------------------------------------------- comparison areas


def test_the_twin_is_found_and_neighbours_are_not_taken():
    rng = np.random.default_rng(4)
    mean = np.r_[20, 20, 20, rng.uniform(2, 12, 12), rng.uniform(40, 90, 12)]
    before = pd.DataFrame(rng.poisson(mean, (36, mean.size)), columns=[f"a{i}" for i in range(mean.size)])
    touching = np.zeros((mean.size, mean.size))
    touching[0, 1] = touching[1, 0] = 1
    table = matched_areas(
        before, "a0", areas=1, exclude=["a5"], neighbours=sparse.csr_matrix(touching)
    ).set_index("area")
    assert table.loc["a2", "role"] == "chosen"
    assert table.loc["a1", "role"] == "touches the area"
    assert table.loc["a5", "role"] == "left out"
    assert table.loc["a0", "role"] == "the area itself"
    assert table.loc["a2", "distance"] < 2.5
    assert table.loc["a20", "p_alike"] < 1e-6


def test_alike_areas_have_distance_one_and_even_p():
    rng = np.random.default_rng(5)
    tables = [matched_areas(pd.DataFrame(rng.poisson(9, (24, 40))), 0) for _ in range(30)]
    rest = pd.concat([t[t["role"] != "the area itself"] for t in tables])
    assert rest["distance"].mean() == pytest.approx(1, abs=0.06)
    assert (rest["p_alike"] < 0.1).mean() == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize(
    ("before", "kwargs", "words"),
    [
        (pd.DataFrame(np.ones((12, 3))), {"treated": 9}, "no area"),
        (pd.DataFrame(np.ones((5, 3))), {"treated": 0}, "two or more"),
        (pd.DataFrame(np.full((12, 3), np.nan)), {"treated": 0}, "missing"),
        (pd.DataFrame(np.ones((12, 3))), {"treated": 0, "exclude": [1, 2]}, "No area is left"),
    ],
)
def test_matching_refuses(before, kwargs, words):
    with pytest.raises(RefusedError, match=words):
        matched_areas(before, **kwargs)


# ---------------------------------------------------------------- time of day


def test_an_uncertain_night_is_shared_out_over_its_hours():
    start = pd.Series(pd.to_datetime(["2026-03-06 22:30", "2026-03-02 09:10", None, "2026-03-01 00:00"]))
    end = pd.Series(pd.to_datetime(["2026-03-07 01:30", None, None, "2026-03-04 00:00"]))
    week = aoristic(start, end)
    at = week.table.set_index(["day", "hour"])["count"]
    assert at[(4, 22)] == pytest.approx(0.5 / 3)  # Friday, half an hour of three
    assert at[(4, 23)] == pytest.approx(1 / 3)
    assert at[(5, 0)] == pytest.approx(1 / 3)
    assert at[(5, 1)] == pytest.approx(0.5 / 3)
    assert at[(0, 9)] == 1  # Monday morning, certain
    assert (week.events, week.spread, week.no_time, week.too_long) == (2, 1, 1, 1)
    assert at.sum() == pytest.approx(2)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 1440)), min_size=1, max_size=12))
def test_aoristic_equals_a_count_minute_by_minute(events):
    origin = pd.Timestamp("2024-01-01")  # a Monday
    start = pd.Series([origin + pd.Timedelta(minutes=a) for a, _ in events])
    end = pd.Series([origin + pd.Timedelta(minutes=a + b) for a, b in events])
    slow = np.zeros(168)
    for a, b in events:
        for minute in range(a, a + max(b, 1)):
            slow[minute // 60 % 168] += 1 / max(b, 1)
    np.testing.assert_allclose(aoristic(start, end).table["count"], slow, atol=1e-9)


def test_midnight_stands_for_an_unknown_hour():
    occurred = pd.Series(pd.to_datetime(["2026-03-02 00:00", "2026-03-02 00:01", "2026-03-02 00:02"]))
    end = unknown_hours(occurred)
    assert end.notna().tolist() == [True, True, False]
    week = aoristic(occurred, end)
    assert week.spread == 2
    assert week.table.set_index(["day", "hour"])["count"][(0, 12)] == pytest.approx(
        1 / 24 + 60 / (24 * 60 - 1)
    )


@given(st.lists(st.floats(0, 9), min_size=1, max_size=60))
def test_whole_counts_keep_their_sum(values):
    counts = whole(np.array(values))
    assert counts.sum() == round(sum(values))
    assert (np.abs(counts - values) <= 1).all()
    assert (counts == np.round(counts)).all()


def test_aoristic_refuses():
    none = pd.Series(pd.to_datetime([None, None]))
    with pytest.raises(RefusedError, match="No event has a time"):
        aoristic(none)
    with pytest.raises(RefusedError, match="one each"):
        aoristic(none, none[:1])


# ---------------------------------------------------------------- scan


def test_scan_is_exact_for_two_events_in_three_windows():
    rate = 0.7
    none_close = np.exp(-3 * rate) * (1 + 3 * rate + 2 * rate**2 + rate**3 / 6)
    assert scan_p(3, 1, rate, 2) == pytest.approx(1 - none_close, abs=1e-12)


def test_scan_agrees_with_simulation_and_falls_with_the_count():
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(4000):
        t = np.sort(rng.uniform(0, 30, rng.poisson(30)))
        hits += len(t) >= 5 and (t[4:] - t[:-4]).min() < 1
    assert scan_p(30, 1, 1, 5) == pytest.approx(hits / 4000, abs=0.025)
    p = [scan_p(52, 2, 0.8, n) for n in range(15)]
    assert p[0] == 1
    assert (np.diff(p) <= 1e-12).all()
    assert (np.array(p) >= 0).all()


def test_the_busiest_window_is_the_one_planted():
    counts = np.random.default_rng(7).poisson(1, 200)
    counts[90:92] += 7
    at, most, p = busiest_window(counts, 2)
    assert at == 90
    assert most == counts[90:92].sum()
    assert p < 0.01
    for call in (
        lambda: busiest_window([1, 2, 3], 2),
        lambda: scan_p(3, 2, 1, 4),
        lambda: scan_p(9, 1, 0, 4),
    ):
        with pytest.raises(RefusedError):
            call()


# ---------------------------------------------------------------- foresight


def test_nothing_beats_the_best_possible_and_everything_is_no_choice():
    rng = np.random.default_rng(8)
    truth = rng.gamma(0.6, 5, 400)
    history = pd.DataFrame({y: rng.poisson(truth) for y in (2021, 2022, 2023)})
    observed = rng.poisson(truth)
    table = foresight(history, observed, percents=(1, 5, 10, 100), others={"a density": truth})
    ways = ["all 3 earlier periods together", "a density"]
    assert list(dict.fromkeys(table["way"])) == [LAST, *ways, BEST]
    best = table[table["way"] == BEST].set_index("percent")
    assert np.allclose(best["pei"], 1)
    for way in (LAST, *ways):
        own = table[table["way"] == way].set_index("percent")
        assert (own["hit_rate"] <= best["hit_rate"] + 1e-12).all()
        assert own.loc[100, "pai"] == pytest.approx(1)
    at5 = table[table["percent"] == 5].set_index("way")["pai"]
    assert at5["all 3 earlier periods together"] > at5[LAST] > 1
    with pytest.raises(RefusedError, match="no earlier period"):
        foresight(history.iloc[:, :0], observed)


def test_two_small_percents_may_mean_the_same_number_of_places():
    table = foresight(pd.DataFrame({0: [3, 2, 1, 0]}), [4, 1, 0, 0], percents=(1, 2, 50))
    assert table.loc[table["way"] == LAST, "places"].tolist() == [1, 1, 2]


def test_overlap_year_to_year():
    rng = np.random.default_rng(9)
    table = overlap_by_period(pd.DataFrame(rng.poisson(5, (2000, 4)), columns=[1, 2, 3, 4]), 0.10)
    assert table["period"].tolist() == [2, 3, 4]
    assert table["overlap"].mean() == pytest.approx(table["by_chance"].iloc[0], abs=0.03)
    same = overlap_by_period(pd.DataFrame(np.tile(np.arange(50)[:, None], 3)))
    assert same["kept"].tolist() == [1, 1]


# ---------------------------------------------------------------- density


def test_the_quartic_kernel_equals_the_sum_over_events():
    rng = np.random.default_rng(10)
    xy, at = rng.normal(0, 2000, (300, 2)), rng.normal(0, 1500, (30, 2))
    found = kde(xy, 900, kernel="quartic")
    apart = ((at[:, None] - xy[None]) ** 2).sum(axis=2) / 900**2
    exact = (3 / np.pi / 900**2 * np.where(apart < 1, (1 - apart) ** 2, 0)).sum(axis=1)
    assert np.abs(found.at(at) - exact).max() < 0.02 * found.values.max()
    assert found.values.min() >= 0
    with pytest.raises(RefusedError, match="gaussian"):
        kde(xy, 900, kernel="flat")


def test_the_rule_of_thumb_grows_with_the_spread():
    xy = np.random.default_rng(11).normal(0, 100, (500, 2))
    assert rule_of_thumb(xy * 3) == pytest.approx(3 * rule_of_thumb(xy))
