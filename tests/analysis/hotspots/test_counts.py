"""Concentration, change and accuracy: numbers on counts alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.evidence import RefusedError
from analysis.hotspots import accuracy, concentration, e_test, overlap, wdd, wdd_harm

some_counts = st.lists(st.integers(0, 30), min_size=2, max_size=60).filter(lambda x: sum(x) > 0)


@given(some_counts)
def test_the_curve_runs_from_nothing_to_everything(x):
    found = concentration(x)
    curve = found.lorenz
    assert (curve["events"].iloc[0], curve["events"].iloc[-1]) == (0, pytest.approx(1))
    assert (curve["chance"].iloc[0], curve["chance"].iloc[-1]) == (0, pytest.approx(1, abs=1e-9))
    assert (np.diff(curve["events"]) >= -1e-12).all()
    assert (np.diff(curve["chance"]) >= -1e-12).all()
    assert 2 * np.trapezoid(curve["events"], curve["places"]) - 1 == pytest.approx(found.gini, abs=1e-9)
    assert found.generalised_gini <= found.gini + 1e-12
    assert (np.diff(found.top["share"]) >= -1e-12).all()


@settings(max_examples=25)
@given(some_counts, st.permutations(range(60)), st.integers(2, 9))
def test_concentration_ignores_order_and_the_gini_ignores_scale(x, order, factor):
    mixed = [x[i] for i in order if i < len(x)]
    assert concentration(mixed).gini == pytest.approx(concentration(x).gini)
    assert concentration([factor * v for v in x]).gini == pytest.approx(concentration(x).gini)


def test_everything_at_one_place_and_the_same_everywhere():
    one = concentration([7] + [0] * 49)
    assert one.unbiased_gini == pytest.approx(1)
    assert one.needed["places"].tolist() == [1, 1, 1]
    assert concentration([3] * 50).gini == pytest.approx(0)


def test_a_spread_by_chance_lies_on_its_reference():
    found = concentration(np.random.default_rng(0).poisson(3, 20_000))
    assert found.gini == pytest.approx(found.chance_gini, abs=0.01)
    assert np.abs(found.lorenz["events"] - found.lorenz["chance"]).max() < 0.01


@pytest.mark.parametrize(("x", "words"), [([1, -1], "negative"), ([0, 0], "No event"), ([], "no counts")])
def test_concentration_refuses(x, words):
    with pytest.raises(RefusedError, match=words):
        concentration(x)


pairs = st.tuples(st.integers(0, 300), st.integers(0, 300))


@given(pairs, pairs)
def test_wdd_changes_sign_with_the_roles(treated, control):
    assume(sum(treated) + sum(control) > 0)
    there, back = wdd(treated, control), wdd(control, treated)
    assert there.estimate == -back.estimate
    assert there.se == back.se
    assert there.lower <= there.estimate <= there.upper
    assert (there.p_value < 0.05) == (there.lower > 0 or there.upper < 0)


def test_dispersion_widens_by_its_root():
    plain, wide = wdd((50, 30), (40, 40)), wdd((50, 30), (40, 40), dispersion=4)
    assert wide.se == pytest.approx(2 * plain.se)
    assert wide.estimate == plain.estimate


def test_interval_covers_nought_as_often_as_promised():
    rng = np.random.default_rng(8)
    found = [wdd(rng.poisson(60, 2), rng.poisson(80, 2), level=0.90) for _ in range(2000)]
    assert np.mean([f.lower <= 0 <= f.upper for f in found]) == pytest.approx(0.90, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"treated": (1, 2, 3), "control": (1, 2)}, "two counts"),
        ({"treated": (-1, 2), "control": (1, 2)}, "nought or more"),
        ({"treated": (0, 0), "control": (0, 0)}, "No event"),
        ({"treated": (1, 2), "control": (1, 2), "displacement": (1, 1)}, "both or neither"),
        ({"treated": (1, 2), "control": (1, 2), "time_weights": (1, 0)}, "above zero"),
        ({"treated": (1, 2), "control": (1, 2), "area_weights": (1, 1)}, "4 numbers"),
        ({"treated": (1, 2), "control": (1, 2), "dispersion": 0}, "dispersion"),
    ],
)
def test_wdd_refuses(arguments, words):
    with pytest.raises(RefusedError, match=words):
        wdd(**arguments)


def test_harm_needs_one_of_each():
    with pytest.raises(RefusedError, match="one of each"):
        wdd_harm([(1, 2)], [(1, 2)], [1, 2])


@given(st.integers(0, 40), st.integers(0, 40))
def test_e_test_is_symmetric_and_a_probability(a, b):
    assume(a + b > 0)
    p = e_test(a, b)
    assert 0 < p <= 1
    assert p == pytest.approx(e_test(b, a), abs=1e-12)
    assert e_test(a, b, 2, 2) == pytest.approx(p, abs=1e-9)


def test_e_test_keeps_its_level():
    rng = np.random.default_rng(1)
    drawn = rng.poisson(6, (1500, 2))
    p = np.array([e_test(a, b) for a, b in drawn if a + b])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 0), "Both counts are zero"),
        ((-1, 3), "whole number"),
        ((1.5, 3), "whole number"),
        ((1, 3, 0, 1), "exposures"),
        ((1, 1, 1, 1, 5), "nought or less"),
    ],
)
def test_e_test_refuses(arguments, words):
    with pytest.raises(RefusedError, match=words):
        e_test(*arguments)


@given(some_counts, st.data())
def test_every_place_together_is_no_better_than_chance(x, data):
    predicted = data.draw(st.lists(st.integers(0, 30), min_size=len(x), max_size=len(x)))
    found = accuracy(predicted, x, places=[len(x)])
    assert found["pai"].iloc[0] == pytest.approx(1)
    assert found["pei"].iloc[0] == pytest.approx(1)
    every = accuracy(predicted, x, places=range(1, len(x) + 1))
    assert (every["pei"] <= 1 + 1e-12).all()
    assert (np.diff(every["hit_rate"]) >= -1e-12).all()
    assert np.allclose(accuracy(x, x, places=range(1, len(x) + 1))["pei"], 1)


def test_larger_areas_count_as_more_of_the_city():
    found = accuracy([4, 4, 1], [4, 4, 0], area=[4, 1, 5], places=[1])
    assert found["area_share"].iloc[0] == pytest.approx(0.1)  # the denser prediction leads
    assert found["pai"].iloc[0] == pytest.approx(5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2], [1, 2, 3]), "one each"),
        (([1, 2], [0, 0]), "No event"),
        (([-1, 2], [1, 0]), "negative"),
        (([1, 2], [1, 0], [1, 0]), "area above zero"),
        (([1, 2], [1, 0], None, [3]), "between 1 and 2"),
    ],
)
def test_accuracy_refuses(arguments, words):
    with pytest.raises(RefusedError, match=words):
        accuracy(*arguments)


def test_overlap_of_top_places():
    x = np.arange(100)
    assert overlap(x, x) == 1
    assert overlap(x, -x) == 0
    with pytest.raises(RefusedError, match="same places"):
        overlap(x, x[:-1])
