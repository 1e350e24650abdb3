"""The rules of the five words, one by one."""

from __future__ import annotations

import pytest

from analysis.evidence import Interval
from analysis.progress.verdict import GoalVerdict, decide


@pytest.mark.parametrize(
    ("months", "events", "expected", "interval", "p_target", "p_fewer", "word"),
    [
        (0, 0, 0, (1, 0, 9), 0.5, 0.5, GoalVerdict.EARLY),
        (12, 3, 9.9, (0.3, 0.1, 0.9), 0.99, 0.999, GoalVerdict.FEW),
        (12, 70, 100, (0.7, 0.5, 0.9), 0.80, 0.999, GoalVerdict.REACHED),
        (12, 70, 100, (0.7, 0.5, 0.9), 0.79, 0.999, GoalVerdict.TOWARD),
        (12, 85, 100, (0.85, 0.7, 0.99), 0.3, 0.985, GoalVerdict.TOWARD),
        # Likely, but the interval holds "no change"; or a clear interval without the probability.
        (12, 85, 100, (0.85, 0.7, 1.01), 0.3, 0.990, GoalVerdict.EARLY),
        (12, 85, 100, (0.85, 0.7, 0.99), 0.3, 0.980, GoalVerdict.EARLY),
        # At the target by the numbers, yet chance could have done it.
        (3, 5, 10, (0.5, 0.15, 1.2), 0.9, 0.96, GoalVerdict.EARLY),
        (12, 120, 100, (1.2, 1.01, 1.4), 0.0, 0.015, GoalVerdict.AWAY),
        (12, 120, 100, (1.2, 0.99, 1.4), 0.0, 0.010, GoalVerdict.EARLY),
    ],
)
def test_each_rule(months, events, expected, interval, p_target, p_fewer, word):
    found = decide(months, events, expected, interval[0], 0.8, p_target, p_fewer, Interval(*interval))
    assert found is word
