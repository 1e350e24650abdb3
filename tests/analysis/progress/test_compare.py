"""Ratios of two windows: exactness, uncertainty, and properties that must hold for any counts."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from analysis.progress import compare, match_windows
from analysis.progress.dispersion import baseline_dispersion
from analysis.progress.ratios import (
    e_test,
    exact_interval,
    jeffreys_interval,
    mid_p_interval,
    probability_below,
    wald_interval,
)

BASELINE = pd.period_range("2022-01", "2024-12", freq="M")
INDEX = pd.period_range("2022-01", "2026-09", freq="M")


def windows(last="2026-09"):
    now = pd.period_range("2025-01", last, freq="M")
    return match_windows(pd.Series(1.0, index=INDEX), BASELINE, now)


def test_equal_weights_give_the_exact_interval():
    rng = np.random.default_rng(1)
    counts = pd.Series(rng.poisson(9, len(INDEX)).astype(float), index=INDEX)
    found = compare(counts, windows("2025-12"))
    x1, x0 = counts["2025-01":"2025-12"].sum(), counts[:"2024-12"].sum()
    assert found.rate_ratio == exact_interval(x1, x0, 1 / 3)
    assert found.effective_events == pytest.approx(found.baseline_events)


def stratified_exact(now: np.ndarray, base: np.ndarray, ratios: np.ndarray) -> tuple[float, float]:
    """Exact conditional limits of a common ratio over strata, by convolving their binomials."""
    totals, seen = now + base, int(now.sum())

    def distribution(ratio: float) -> np.ndarray:
        pmf = np.ones(1)
        for n, r in zip(totals, ratios, strict=True):
            p = ratio * r / (1 + ratio * r)
            pmf = np.convolve(pmf, stats.binom.pmf(np.arange(int(n) + 1), int(n), p))
        return pmf

    lower = optimize.brentq(lambda v: distribution(v)[seen:].sum() - 0.025, 1e-6, 50)
    upper = optimize.brentq(lambda v: distribution(v)[: seen + 1].sum() - 0.025, 1e-6, 50)
    return lower, upper


@pytest.mark.parametrize(("rate", "ratio"), [(1.0, 1.0), (4.0, 0.8), (12.0, 1.2), (40.0, 0.7)])
def test_unequal_weights_agree_with_the_exact_stratified_interval(rate, ratio):
    """21 months: nine calendar months come twice, three once."""
    rng = np.random.default_rng(11)
    means = np.where(pd.Period("2025-01") <= INDEX, rate * ratio, rate)
    counts = pd.Series(rng.poisson(means).astype(float), index=INDEX)
    found = compare(counts, windows())
    twice = INDEX.month <= 9
    late = pd.Period("2025-01") <= INDEX
    now = np.array([counts[late & twice].sum(), counts[late & ~twice].sum()])
    base = np.array([counts[~late & twice].sum(), counts[~late & ~twice].sum()])
    lower, upper = stratified_exact(now, base, np.array([2 / 3, 1 / 3]))
    width = math.log(upper / lower)
    assert math.log(found.rate_ratio.lower / lower) == pytest.approx(0, abs=0.06 * width)
    assert math.log(found.rate_ratio.upper / upper) == pytest.approx(0, abs=0.06 * width)
    assert found.effective_events <= found.baseline_events


def test_a_given_dispersion_uses_the_normal_an_estimated_one_the_t():
    counts = pd.Series(10.0, index=INDEX)
    given_value = compare(counts, windows("2025-12"), 2.0)
    plain = wald_interval(120, 360, 1 / 3, dispersion=2.0)
    found = (given_value.rate_ratio.lower, given_value.rate_ratio.upper)
    assert found == pytest.approx((plain.lower, plain.upper))
    rng = np.random.default_rng(3)
    noisy = pd.Series(rng.negative_binomial(10, 0.4, len(INDEX)).astype(float), index=INDEX)
    spread = baseline_dispersion(noisy[:"2024-12"])
    assert spread.value > 1.2
    assert spread.freedom == 23
    narrow = compare(noisy, windows("2025-12"), spread.value).rate_ratio
    wide = compare(noisy, windows("2025-12"), spread).rate_ratio
    assert wide.lower < narrow.lower
    assert compare(noisy, windows("2025-12"), 1.19).dispersion == 1.0


def test_zero_counts_with_dispersion_stay_finite():
    counts = pd.Series(10.0, index=INDEX)
    counts["2025-01":] = 0.0
    found = compare(counts, windows("2025-12"), 2.0)
    assert (found.rate_ratio.estimate, found.rate_ratio.lower) == (0, 0)
    assert found.rate_ratio.upper == pytest.approx(exact_interval(0, 180, 1 / 3).upper)
    assert 0.99 < found.probability_at_most(0.8) <= 1


@settings(max_examples=60, deadline=None)
@given(
    x1=st.integers(0, 400),
    x0=st.integers(0, 900),
    ratio=st.sampled_from([0.1, 1 / 3, 1.0, 2.5]),
    scale=st.sampled_from([0.5, 4.0]),
)
def test_intervals_hold_together(x1, x0, ratio, scale):
    for make in (exact_interval, mid_p_interval, jeffreys_interval):
        found = make(x1, x0, ratio)
        if x1 == x0 == 0:
            continue
        # Ten times the exposure now, for the same counts, is a tenth of the ratio.
        scaled = make(x1, x0, ratio * scale)
        assert scaled.lower == pytest.approx(found.lower / scale, rel=1e-9)
        if math.isfinite(found.upper):
            assert scaled.upper == pytest.approx(found.upper / scale, rel=1e-9)
        if make is not jeffreys_interval:
            assert found.contains(found.estimate)
    exact = exact_interval(x1, x0, ratio)
    if x1 and x0:
        mid = mid_p_interval(x1, x0, ratio)
        assert exact.lower <= mid.lower
        assert mid.upper <= exact.upper
        assert exact_interval(x0, x1, 1 / ratio).lower == pytest.approx(1 / exact.upper, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(x1=st.integers(0, 200), x0=st.integers(1, 400), phi=st.sampled_from([1.0, 1.5, 3.0]))
def test_probabilities_are_monotone(x1, x0, phi):
    # The normal of the log ratio is an approximation that needs some events on both sides.
    if phi > 1:
        x1, x0 = x1 + 10, x0 + 10
    limits = [0.3, 0.8, 1.0, 1.5]
    p = [probability_below(x1, x0, 0.5, limit, phi) for limit in limits]
    assert all(0 <= a <= b <= 1 for a, b in pairwise(p))
    # … and in its far tail it turns, where nothing is decided any more.
    if phi == 1 or p[2] < 0.999:
        assert probability_below(x1 + 5, x0, 0.5, 1.0, phi) <= p[2] + 1e-12


@settings(max_examples=25, deadline=None)
@given(x1=st.integers(0, 60), x0=st.integers(0, 60))
def test_the_e_test_is_symmetric_and_a_probability(x1, x0):
    p = e_test(x1, x0)
    assert 0 <= p <= 1
    assert p == pytest.approx(e_test(x0, x1))


def test_the_e_test_of_large_counts_agrees_with_the_normal_and_is_quick():
    from time import perf_counter

    begin = perf_counter()
    p = e_test(2480, 7612, 1.0, 3.0)
    assert perf_counter() - begin < 2
    z = (2480 - 7612 / 3) / math.sqrt((2480 + 7612) / 4 * (1 + 1 / 3))
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=5e-3)
