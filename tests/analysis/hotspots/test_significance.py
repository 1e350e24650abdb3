from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from analysis.evidence import RefusedError
from analysis.hotspots import (
    LABELS,
    NOT_UNUSUAL,
    benjamini_hochberg,
    expected_by_chance,
    gi_star,
    global_moran,
    local_moran,
)

counts = arrays(np.int64, 30, elements=st.integers(0, 40)).filter(lambda a: np.ptp(a) > 0)


@settings(deadline=None, max_examples=40)
@given(counts, st.floats(0.01, 1000), st.floats(-50, 50))
@example(np.array([7, 40, 2, 11, *[0] * 26]), 0.01, 0.0)  # the third value is the mean itself
def test_z_does_not_depend_on_the_unit(board, x, scale, shift):
    w = board(5, 6)
    plain, scaled = gi_star(x, w, permutations=0), gi_star(x * scale + shift, w, permutations=0)
    np.testing.assert_allclose(scaled["z"], plain["z"], atol=1e-6)
    np.testing.assert_allclose(
        local_moran(x * scale + shift, w, 0)["z"].fillna(0), local_moran(x, w, 0)["z"].fillna(0), atol=1e-5
    )


@settings(deadline=None, max_examples=40)
@given(counts, st.permutations(range(30)))
def test_order_of_places_does_not_matter(board, x, order):
    w, order = board(5, 6), np.array(order)
    plain = gi_star(x, w, permutations=0)
    mixed = gi_star(x[order], w[order][:, order], permutations=0)
    np.testing.assert_allclose(mixed["z"], plain["z"].to_numpy()[order], atol=1e-9)
    np.testing.assert_allclose(mixed["q"], plain["q"].to_numpy()[order], atol=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_q_values_rise_with_p_and_never_fall_below_it(p):
    p = np.array(p)
    q = benjamini_hochberg(p)
    assert (q >= p - 1e-15).all()
    assert (q <= 1).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= -1e-15).all()


def test_q_values_by_hand():
    np.testing.assert_allclose(benjamini_hochberg([0.01, 0.04, 0.03, np.nan]), [0.03, 0.04, 0.04, np.nan])


@settings(deadline=None, max_examples=40)
@given(counts)
def test_permutation_p_is_a_probability_and_repeats_with_its_seed(board, x):
    w = board(5, 6)
    first, second = gi_star(x, w, 99, seed=7), gi_star(x, w, 99, seed=7)
    assert first["p_permutation"].between(2 / 100, 1).all()
    pd.testing.assert_frame_equal(first, second)


def test_a_planted_cluster_is_found_and_named(board):
    x = np.random.default_rng(0).poisson(2, 400).astype(float)
    block = np.array([r * 20 + c for r in (8, 9, 10) for c in (8, 9, 10)])
    x[block] += 12
    cells = pd.Series(x, index=[f"c{i}" for i in range(400)])
    found = gi_star(cells, board(20, 20))
    assert found.loc["c189", "label"] == "hot 99"  # the middle of the block
    assert found.loc["c0", "label"] == NOT_UNUSUAL
    assert set(found["label"]) <= set(LABELS)
    assert local_moran(cells, board(20, 20)).loc["c189", "label"] == "high among high"


def test_noise_alone_is_flagged_as_often_as_promised(board):
    """At a false-discovery rate of 10 % few maps of pure noise show anything; without correction all do."""
    w, rng = board(15, 15), np.random.default_rng(4)
    maps = [gi_star(rng.poisson(8, 225), w, 0) for _ in range(100)]
    uncorrected = np.mean([(m["p"] < 0.05).sum() for m in maps])
    assert uncorrected == pytest.approx(expected_by_chance(225), rel=0.25)
    assert np.mean([(m["label"] != NOT_UNUSUAL).any() for m in maps]) < 0.25


def test_permutation_and_normal_p_agree_for_symmetric_values(board):
    x = np.random.default_rng(1).normal(size=400)
    found = gi_star(x, board(20, 20), 999, seed=2)
    assert np.abs(found["p"] - found["p_permutation"]).max() < 0.10
    found = local_moran(x, board(20, 20), 999, seed=2)
    assert np.abs(found["p"] - found["p_permutation"]).max() < 0.15


def test_a_place_without_neighbours_is_told_apart(board):
    w = sparse.block_diag([board(4, 4), sparse.csr_matrix((1, 1))], format="csr")
    x = np.arange(17.0)
    found = local_moran(x, w, 99)
    assert found.iloc[16][["I", "z", "p", "p_permutation"]].isna().all()
    assert found.iloc[16]["label"] == NOT_UNUSUAL
    assert np.isfinite(gi_star(x, w, 99)["z"]).all()


def test_a_neighbourhood_of_everything_has_no_score():
    w = sparse.csr_matrix(np.ones((4, 4)) - np.eye(4))
    assert (gi_star([1, 2, 3, 9], w, 0)["z"] == 0).all()


@pytest.mark.parametrize(
    ("values", "change", "words"),
    [
        ([1.0, np.nan] + [0.0] * 7, None, "missing or infinite"),
        ([2.0] * 9, None, "same value"),
        ([1.0, 2.0], None, "neighbour matrix|too few"),
        ([], None, "no values"),
        (list(range(8)), None, "9 × 9 for 8"),
        (list(range(9)), lambda w: w * 0.5, "ones and zeros"),
        (list(range(9)), lambda w: w + sparse.identity(9), "own neighbour"),
    ],
)
@pytest.mark.parametrize("method", [gi_star, local_moran, global_moran])
def test_refusals_say_what_to_do(board, method, values, change, words):
    w = board(3, 3)
    with pytest.raises(RefusedError, match=words):
        method(values, change(w) if change else w)


def test_esda_agrees(board):
    esda, libpysal = pytest.importorskip("esda"), pytest.importorskip("libpysal")
    w = board(12, 12)
    x = np.random.default_rng(3).negative_binomial(1, 0.2, 144).astype(float)
    weights = libpysal.weights.WSP(w).to_W(silence_warnings=True)
    gi = esda.G_Local(x, weights, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(gi_star(x, w, 0)["z"], gi.Zs, atol=1e-10)
    moran = esda.Moran(x, weights, permutations=0)
    ours, z = global_moran(x, w)
    assert ours == pytest.approx(moran.I, abs=1e-12)
    assert z == pytest.approx(moran.z_rand, abs=1e-9)
    local = esda.Moran_Local(x, weights, permutations=0)
    np.testing.assert_allclose(local_moran(x, w, 0)["I"], local.Is * 144 / 143, atol=1e-10)
