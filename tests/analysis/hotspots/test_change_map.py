"""Where it changed more than everywhere: the map of changes, and rates over people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence import RefusedError
from analysis.hotspots import (
    FELL,
    LIKE_THE_REST,
    NOTHING,
    ROSE,
    benjamini_hochberg,
    benjamini_yekutieli,
    change_map,
    e_test,
    regression_to_mean,
    shrunk_rates,
)


def test_a_citywide_fall_is_no_discovery():
    rng = np.random.default_rng(0)
    before, after = rng.poisson(20, 300), rng.poisson(12, 300)
    found = change_map(before, after)
    assert set(found["label"]) == {LIKE_THE_REST}
    against_nothing = change_map(before, after, periods=(1, 1), correction="bh")
    assert (against_nothing["label"] == FELL).sum() > 3


def test_one_place_that_rises_against_the_fall_is_found():
    rng = np.random.default_rng(1)
    before = pd.Series(rng.poisson(20, 200), index=[f"c{i}" for i in range(200)])
    after = pd.Series(rng.poisson(12, 200), index=before.index)
    before["c7"], after["c7"] = 20, 60
    before["c9"], after["c9"] = 60, 8
    before["c3"] = after["c3"] = 0
    found = change_map(before, after)
    assert found.loc["c7", "label"] == ROSE
    assert found.loc["c9", "label"] == FELL
    assert found.loc["c3", "label"] == NOTHING
    assert np.isnan(found.loc["c3", "p"])
    assert (found["label"].isin([ROSE, FELL])).sum() == 2


def test_each_p_is_the_e_test_against_the_citywide_ratio():
    before, after = np.array([4, 9, 0, 30]), np.array([9, 2, 3, 20])
    found = change_map(before, after, correction="none")
    for i in range(4):
        assert found["p"][i] == pytest.approx(e_test(after[i], before[i], 34 / 43, 1.0), abs=1e-12)
    np.testing.assert_allclose(found["expected"], before * 34 / 43)


def test_the_change_map_keeps_its_promise_on_noise():
    rng = np.random.default_rng(2)
    maps = [change_map(rng.poisson(6, 50), rng.poisson(4, 50), correction="bh") for _ in range(30)]
    assert np.mean([m["label"].isin([ROSE, FELL]).any() for m in maps]) <= 0.12


@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=3, max_size=15), st.randoms())
def test_order_does_not_matter(pairs, random):
    x = np.array(pairs)
    if x.sum(axis=0).min() == 0:
        return
    order = list(range(len(x)))
    random.shuffle(order)
    plain, mixed = change_map(x[:, 0], x[:, 1]), change_map(x[order, 0], x[order, 1])
    np.testing.assert_allclose(mixed["q"], plain["q"].to_numpy()[order])


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([1, 2], [1], "same places"),
        ([1, -2], [1, 1], "nought or more"),
        ([1, 2.5], [1, 1], "whole"),
        ([0, 0], [1, 1], "no event at all"),
    ],
)
def test_change_map_refuses(before, after, words):
    with pytest.raises(RefusedError, match=words):
        change_map(before, after)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_dependence_costs_and_never_helps(p):
    q, y = benjamini_hochberg(p), benjamini_yekutieli(p)
    assert (y >= q - 1e-12).all()
    assert (y <= 1).all()
    assert (np.diff(y[np.argsort(p, kind="stable")]) >= -1e-12).all()


def test_shrunk_rates_are_esdas():
    smoothing = pytest.importorskip("esda.smoothing")
    rng = np.random.default_rng(3)
    people = rng.integers(200, 9000, 60)
    events = rng.poisson(people * rng.gamma(4, 0.002, 60))
    theirs = smoothing.Empirical_Bayes(events, people).r
    np.testing.assert_allclose(shrunk_rates(events, people), theirs.ravel(), atol=1e-12)


def test_few_people_move_most_and_order_of_equals_stays():
    rates = shrunk_rates([3, 300, 50], [100, 10_000, 10_000])
    assert abs(rates[0] - 353 / 20_100) < abs(0.03 - 353 / 20_100) / 2
    assert rates[1] == pytest.approx(0.03, rel=0.05)
    assert shrunk_rates([5, 5, 5]).tolist() == [5, 5, 5]


def test_the_hottest_area_falls_by_itself_as_foretold():
    """Areas with the same two years' truth: the top one of the first falls in the second."""
    rng = np.random.default_rng(4)
    foretold, came = [], []
    for _ in range(300):
        truth = rng.gamma(4, 5, 60)
        first, second = pd.Series(rng.poisson(truth)), rng.poisson(truth)
        top = first.idxmax()
        found = regression_to_mean(first, top)
        assert found.rank == 1
        foretold.append(found.expected)
        came.append(second[top])
    assert np.mean(came) == pytest.approx(np.mean(foretold), rel=0.05)


def test_the_warning_comes_when_the_area_was_hot_and_only_then():
    counts = pd.Series(
        np.r_[40, np.random.default_rng(5).poisson(10, 30)], index=[f"a{i}" for i in range(31)]
    )
    hot = regression_to_mean(counts, "a0")
    assert hot.warning
    assert "ranked 1 of 31" in hot.sentence
    usual = regression_to_mean(counts, counts.sub(counts.median()).abs().idxmin())
    assert not usual.warning
    assert usual.sentence == ""


@pytest.mark.parametrize(
    ("counts", "chosen", "words"),
    [
        (pd.Series([1, 2, 3]), 0, "too few"),
        (pd.Series([1, 2, 3, 4, 5]), 9, "no place"),
        (pd.Series([0, 2, 3, 4, 5]), 0, "no events"),
        (pd.Series([1, 2, 3, 4, 5], index=list("aabcd")), "a", "more than once"),
    ],
)
def test_regression_refuses(counts, chosen, words):
    with pytest.raises(RefusedError, match=words):
        regression_to_mean(counts, chosen)
