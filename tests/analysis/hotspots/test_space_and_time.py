"""Near repeats, density and emerging hot spots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from analysis.evidence import RefusedError
from analysis.hotspots import (
    NO_PATTERN,
    PATTERNS,
    PLAIN_WORDS,
    emerging,
    kde,
    knox,
    mann_kendall,
    near_repeat,
)


def test_knox_counts_pairs_as_a_double_loop_does():
    rng = np.random.default_rng(0)
    xy, days = rng.uniform(0, 100, (60, 2)), rng.integers(0, 50, 60)
    near = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) <= 20
    soon = np.abs(days[:, None] - days[None]) <= 5
    upper = np.triu(np.ones((60, 60), bool), 1)
    found = knox(xy, days, 20, 5, permutations=0)
    assert found.observed == (near & soon & upper).sum()
    assert found.space_pairs == (near & upper).sum()
    assert found.time_pairs == (soon & upper).sum()
    assert np.isnan(found.p_value)


def test_the_exact_expectation_is_the_mean_over_shuffles():
    rng = np.random.default_rng(1)
    xy, days = rng.uniform(0, 100, (80, 2)), rng.integers(0, 30, 80)
    counts = [knox(xy, rng.permutation(days), 15, 3, permutations=0).observed for _ in range(400)]
    assert np.mean(counts) == pytest.approx(knox(xy, days, 15, 3, permutations=0).expected, rel=0.05)


def test_planted_repeats_are_found_in_the_first_band_only():
    rng = np.random.default_rng(2)
    xy, days = rng.uniform(0, 20_000, (400, 2)), rng.uniform(0, 365, 400)
    follow = rng.choice(400, 80, replace=False)
    xy = np.vstack([xy, xy[follow] + rng.normal(0, 60, (80, 2))])
    days = np.r_[days, days[follow] + rng.uniform(0, 6, 80)]
    table = near_repeat(xy, days, (400, 800, 1200), (7, 14, 28), permutations=199)
    first = table.iloc[0]
    assert first["ratio"] > 5
    assert first["p_value"] == pytest.approx(1 / 200)
    assert table.iloc[4:]["ratio"].between(0.2, 2.5).all()


def test_knox_bands_add_up_to_one_knox_test():
    rng = np.random.default_rng(3)
    xy, days = rng.uniform(0, 1000, (200, 2)), rng.integers(0, 60, 200)
    table = near_repeat(xy, days, (0, 100, 200), (7, 14), permutations=0)
    whole = knox(xy, days, 200, 14, permutations=0)
    assert table["observed"].sum() == whole.observed
    assert table["expected"].sum() == pytest.approx(whole.expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: knox([[0, 0], [1, 1]], [1, 2], 1, 1), "at least 3"),
        (lambda: knox([[0, 0], [1, 1], [2, np.nan]], [1, 2, 3], 1, 1), "missing"),
        (lambda: knox([[0, 0]] * 3, [1, 2], 1, 1), "one x, y pair"),
        (lambda: knox([[0, 0]] * 3, [1, 2, 3], -1, 1), "nought or more"),
        (lambda: near_repeat([[0, 0]] * 3, [1, 2, 3], (400, 100)), "must rise"),
        (lambda: knox(np.zeros((10_000, 2)), np.arange(10_000), 1, 1), "Choose a smaller distance"),
        (lambda: kde([], 100), "at least one"),
        (lambda: kde([[0, 0]], 0), "bandwidth"),
        (lambda: kde([[0, 0]], 10, weights=[-1]), "weight"),
        (lambda: kde([[0, 0]], 10, bounds=(0, 0, 0, 5)), "east"),
    ],
)
def test_bad_input_is_refused_in_words(call, words):
    with pytest.raises(RefusedError, match=words):
        call()


@given(st.integers(1, 30), st.floats(50, 2000))
def test_density_adds_up_to_its_events(n, bandwidth):
    xy = np.random.default_rng(n).uniform(0, 5000, (n, 2))
    found = kde(xy, bandwidth)
    cell = (found.x[1] - found.x[0]) * (found.y[1] - found.y[0])
    assert found.values.sum() * cell == pytest.approx(n, rel=2e-3)  # what lies beyond 4 bandwidths


def test_density_equals_the_sum_over_events():
    rng = np.random.default_rng(4)
    xy, weights = rng.normal(0, 3000, (500, 2)), rng.uniform(0, 3, 500)
    points = rng.normal(0, 2500, (40, 2))
    apart = ((points[:, None] - xy[None]) ** 2).sum(axis=2)
    exact = (weights * np.exp(-apart / (2 * 800**2))).sum(axis=1) / (2 * np.pi * 800**2)
    found = kde(xy, 800, weights=weights)
    assert np.abs(found.at(points) - exact).max() < 0.0025 * found.values.max()
    # Fixed bounds change the frame and nothing inside it.
    framed = kde(xy, 800, weights=weights, bounds=(-2000, -2000, 2000, 2000), step=100)
    inside = points[(np.abs(points) < 1900).all(axis=1)]
    assert np.abs(framed.at(inside) - found.at(inside)).max() < 0.0025 * found.values.max()


@given(st.lists(st.integers(-5, 5), min_size=5, max_size=25).filter(lambda x: len(set(x)) > 1))
def test_mann_kendall_is_kendalls_tau_with_time(x):
    found = mann_kendall(x)
    n = len(x)
    pairs = sum(np.sign(x[j] - x[i]) for i in range(n) for j in range(i + 1, n))
    assert found["s"].iloc[0] == pairs
    assert np.sign(found["s"].iloc[0]) == np.sign(np.round(kendalltau(np.arange(n), x).statistic, 12))


def quarters(board, rises: bool) -> tuple[pd.DataFrame, object]:
    rng = np.random.default_rng(5)
    cube = rng.poisson(4, (400, 12)).astype(float)
    block = [r * 20 + c for r in (8, 9, 10) for c in (8, 9, 10)]
    cube[block] += np.linspace(12, 40, 12) if rises else 20
    return pd.DataFrame(cube, index=[f"c{i}" for i in range(400)]), board(20, 20)


def test_a_growing_cluster_is_called_growing(board):
    found = emerging(*quarters(board, rises=True))
    assert found.loc["c189", "label"] == "intensifying hot spot"
    assert found.loc["c189", "plain"] == "growing hot spot"
    assert found.loc["c0", "label"] == NO_PATTERN


def test_a_citywide_rise_is_growth_only_against_the_whole_cube(board):
    cube, w = quarters(board, rises=False)
    lifted = cube.mul(np.linspace(1, 2.5, 12), axis=1)
    assert emerging(lifted, w).loc["c189", "label"] == "persistent hot spot"
    assert emerging(lifted, w, "cube").loc["c189", "label"] == "intensifying hot spot"


def test_every_kind_has_a_plain_word():
    assert set(PLAIN_WORDS) == set(PATTERNS)


@pytest.mark.parametrize(
    ("cube", "words"),
    [
        (np.ones((9, 3)), "at least 4 periods"),
        (np.ones((9, 6)), "same value"),
        (np.full((9, 6), np.nan), "no value"),
    ],
)
def test_emerging_refuses(board, cube, words):
    with pytest.raises(RefusedError, match=words):
        emerging(cube, board(3, 3))


def test_emerging_refuses_an_unknown_comparison(board):
    with pytest.raises(RefusedError, match="Choose 'slice' or 'cube'"):
        emerging(np.arange(54).reshape(9, 6), board(3, 3), comparison="both")
