"""A goal is checked once, when it is made."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress import Goal
from analysis.progress.targets import count_band, glide, monthly_factors

GOOD = {"measure": "homicide", "baseline": ("2022-01", "2024-12"), "start": "2025-01"}


def test_a_goal_knows_its_months():
    goal = Goal(**GOOD)
    assert (len(goal.baseline_months), len(goal.period)) == (36, 36)
    assert goal.period[-1] == pd.Period("2027-12")
    assert list(goal.deciding_months) == list(goal.period[-12:])
    whole = dataclasses.replace(goal, reading="cumulative")
    assert len(whole.deciding_months) == 36
    with pytest.raises(dataclasses.FrozenInstanceError):
        goal.months = 12


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"measure": ""}, "needs a measure"),
        ({"reading": "someday"}, "someday"),
        ({"reduction": 20}, "between 0 and 1"),
        ({"reduction": 0.0}, "between 0 and 1"),
        ({"months": 0}, "whole months"),
        ({"months": 7.5}, "whole months"),
        ({"baseline": ("2024-02", "2024-12")}, "at least 12"),
        ({"baseline": ("2024-12", "2022-01")}, "before it begins"),
        ({"baseline": ("2022-01",)}, "two months"),
        ({"baseline": ("2022-01", "2025-01")}, "overlap"),
        ({"start": "2021-01", "months": 12}, "does not lie before"),
        ({"start": "soon"}, "not a month"),
    ],
)
def test_impossible_goals_are_refused_in_words(change, says):
    with pytest.raises(RefusedError, match=says):
        Goal(**(GOOD | change))


def test_the_path_reaches_what_the_reading_says():
    third = Goal(**GOOD)
    factors = monthly_factors(third)
    assert factors[-1] == pytest.approx(0.8)
    assert factors == pytest.approx(glide(1.0, 0.2, 36, np.arange(1, 37)))
    total = monthly_factors(dataclasses.replace(third, reading="cumulative"))
    assert total.mean() == pytest.approx(0.8)
    assert total[-1] < factors[-1]
    assert np.all(np.diff(np.log(total)) == pytest.approx(np.log(total[0])))


def test_bands_widen_with_dispersion():
    mean = np.array([0.0, 2.0, 14.0, 120.0])
    low, high = count_band(mean)
    wide_low, wide_high = count_band(mean, dispersion=2.0)
    assert np.all(wide_low <= low)
    assert np.all(wide_high[1:] > high[1:])
    assert (low[0], high[0], wide_low[0], wide_high[0]) == (0, 0, 0, 0)
