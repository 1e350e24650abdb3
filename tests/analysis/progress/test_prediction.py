"""Predictions of what is to come, checked against simulated futures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.progress.prediction import probability_of_total, remaining_events, year_to_date


@settings(max_examples=60, deadline=None)
@given(
    events=st.integers(0, 300),
    done=st.floats(0.5, 36),
    left=st.floats(0.1, 36),
    phi=st.sampled_from([1.0, 1.4, 3.0]),
)
def test_a_larger_allowance_is_never_less_likely(events, done, left, phi):
    p = [
        probability_of_total(events, done, left, allowed, phi)
        for allowed in (0, events, 2 * events + 5, 5000)
    ]
    assert all(0 <= a <= b <= 1 for a, b in pairwise(p))
    to_come = remaining_events(events, done, left, phi)
    assert to_come.quantile(0.1) <= to_come.quantile(0.9)
    assert to_come.mean == pytest.approx((events + 0.5) / done * left)


def test_dispersion_widens_but_does_not_move():
    plain, wide = remaining_events(118, 12, 24), remaining_events(118, 12, 24, 2.0)
    assert plain.mean == wide.mean
    assert wide.quantile(0.025) < plain.quantile(0.025)
    assert wide.quantile(0.975) > plain.quantile(0.975)


def test_nothing_left_is_certain():
    assert probability_of_total(100, 36, 0, 100) == 1.0
    assert probability_of_total(101, 36, 0, 100) == 0.0
    assert probability_of_total(101, 30, 6, 100) == 0.0


@pytest.mark.parametrize("phi", [1.0, 2.0])
def test_chances_come_true_as_often_as_they_say(phi):
    """Reliability: in bins of stated probability, the goal is met about as often."""
    rng = np.random.default_rng(6)
    n = 40_000
    rates = rng.uniform(5, 20, n)

    def draw(mean):
        return rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)

    seen, future = draw(12 * rates), draw(24 * rates)
    said = {x: probability_of_total(int(x), 12, 24, 400, phi) for x in np.unique(seen)}
    stated = np.array([said[x] for x in seen])
    met = seen + future <= 400
    assert np.mean((stated - met) ** 2) < 0.12
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        inside = (stated >= low) & (stated <= high)
        assert inside.sum() > 800
        assert met[inside].mean() == pytest.approx(stated[inside].mean(), abs=0.05)


def test_a_year_to_date_needs_whole_baseline_years():
    with pytest.raises(ValueError, match="twelve"):
        year_to_date({"2024": [1.0] * 11}, [1.0])
    flat = year_to_date({"2024": [2.0] * 12}, [2.0] * 3)
    assert flat.projected_annual == pytest.approx(24)
