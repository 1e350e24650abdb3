"""Charts, power, lag and adjustment: edges that the reference numbers do not reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.evidence import Interval
from analysis.progress import monitoring, power, ratios, targets
from analysis.progress.multiplicity import adjust
from analysis.progress.reporting_lag import chain_ladder
from analysis.progress.verdict import chance_words, change_words, number


def test_exact_limits_hold_their_false_alarm_rate():
    mean = np.linspace(0.5, 60, 50)
    low, high = monitoring.exact_limits(mean)
    assert np.all(stats.poisson.cdf(low - 1, mean) <= 0.00135)
    assert np.all(stats.poisson.sf(high, mean) <= 0.00135)


def test_control_limits_never_fall_below_zero():
    assert monitoring.c_chart([1, 0, 2, 1]).lower.min() == 0
    assert monitoring.u_chart([1, 0, 2, 1], [30, 31, 30, 31], laney=True).lower.min() >= 0
    assert monitoring.t_chart([1, 9, 2, 30]).lower.min() >= 0


def test_runs_on_one_side():
    assert list(monitoring.run_lengths([1, 2, 5, 6, 7, 3, 1], 4)) == [1, 2, 1, 2, 3, 1, 2]
    assert monitoring.run_lengths([4, 5], 4)[0] == 0


def test_the_scan_agrees_with_simulation():
    rng = np.random.default_rng(9)
    total, hits, runs = 60, 0, 2000
    for _ in range(runs):
        times = np.sort(rng.uniform(0, total, rng.poisson(total)))
        hits += bool(len(times) >= 5 and np.any(times[4:] - times[:-4] <= 1))
    assert monitoring.scan_p(5, 1.0, total) == pytest.approx(hits / runs, abs=0.035)


def test_power_rises_with_time_and_size():
    months = [power.power_wald(12, 36, m, 0.8) for m in (6, 12, 24, 36)]
    assert months == sorted(months)
    falls = [power.power_exact(12, 36, 12, r) for r in (0.95, 0.8, 0.6)]
    assert falls == sorted(falls)
    assert power.power_wald(12, 36, 12, 1.0) == pytest.approx(0.05)
    assert power.power_wald(12, 36, 12, 0.8, dispersion=2) < power.power_wald(12, 36, 12, 0.8)
    assert math.isnan(power.detectable_ratio(0.1, 36, 12))


def test_chain_ladder_edges():
    with pytest.raises(ValueError, match="first known"):
        chain_ladder([[math.nan, 3.0]])
    zero = chain_ladder([[0.0, 0.0], [0.0, math.nan]])
    assert zero.completeness.tolist() == [1.0, 1.0]
    whole = chain_ladder([[5.0, 6.0], [10.0, math.nan]])
    assert whole.ultimate[1] == pytest.approx(12)


def test_adjustment_leaves_what_is_not_a_comparison():
    found = adjust([0.01, math.nan, 0.5])
    assert math.isnan(found[1])
    assert found[0] == pytest.approx(0.02)
    with pytest.raises(ValueError, match="Adjust by"):
        adjust([0.1], "fisher")


def test_impossible_targets():
    with pytest.raises(ValueError, match="no targeted change"):
        targets.healthy_people(30, 30, 20)
    with pytest.raises(ValueError, match="positive baseline"):
        targets.growth_ratio(0, 1, 1, 0.2, 3)
    assert targets.healthy_people(30, 24, 29.3).category == "Improving"
    assert targets.healthy_people(30, 24, 29.5).category == "Little or no detectable change"
    assert targets.healthy_people(30, 24, 33.5).category == "Getting worse"
    with pytest.raises(ValueError, match="exact, jeffreys and byar"):
        ratios.single_rate(3, 1, method="guess")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Interval(-16.7, -30.8, 1.8), "about 17 fewer (between 31 fewer and 2 more)"),
        (Interval(-62, -90, -30), "about 62 fewer (between 30 and 90 fewer)"),
        (Interval(12, 4, 30), "about 12 more (between 4 and 30 more)"),
        (Interval(0.2, -8, 9), "about as many (between 8 fewer and 9 more)"),
        (Interval(-1200, -2400, -600), "about 1,200 fewer (between 600 and 2,400 fewer)"),
        (Interval(math.nan, math.nan, math.nan), "no comparison is possible"),
    ],
)
def test_changes_in_words(change, words):
    assert change_words(change) == words


def test_numbers_in_words():
    assert number(-3.25) == "−3.2"
    assert number(1234.4) == "1,234"
    assert (chance_words(0.003), chance_words(0.63), chance_words(0.9999)) == (
        "less than 1 %",
        "about 63 %",
        "more than 99 %",
    )
