from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.synth import weights as weights_module
from analysis.synth.bands import allowed_exceedances, half_width, rank_p, references_needed
from analysis.synth.weights import MAX_RELATIVE_GAP, is_unique, simplex_weights


def problem(seed: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(10, 3, (m, n)), rng.normal(10, 3, m)


sizes = (st.integers(0, 10_000), st.integers(2, 30), st.integers(2, 40))


@settings(deadline=None)
@given(*sizes)
def test_weights_are_on_the_simplex_and_certified(seed, m, n):
    columns, target = problem(seed, m, n)
    found = simplex_weights(columns, target)
    assert (found.weights >= 0).all()
    assert found.weights.sum() == pytest.approx(1)
    assert found.relative_gap <= MAX_RELATIVE_GAP
    # No mixture of the donors, and no single donor, does better.
    rng = np.random.default_rng(seed)
    others = np.vstack([np.eye(n), rng.dirichlet(np.ones(n), 50)])
    assert (
        ((columns @ others.T - target[:, None]) ** 2).sum(axis=0) >= found.objective * (1 - 1e-9) - 1e-12
    ).all()


@settings(deadline=None)
@given(*sizes)
def test_order_of_donors_does_not_matter(seed, m, n):
    columns, target = problem(seed, m, n)
    order = np.random.default_rng(seed).permutation(n)
    there, back = simplex_weights(columns, target), simplex_weights(columns[:, order], target)
    assert back.objective == pytest.approx(there.objective, rel=1e-8, abs=1e-9)
    if is_unique(columns, target, there.weights) and there.objective > 1e-6:
        np.testing.assert_allclose(back.weights, there.weights[order], atol=1e-6)


@settings(deadline=None)
@given(*sizes, st.floats(1e-4, 1e6), st.floats(-1e3, 1e3))
def test_unit_and_origin_do_not_matter(seed, m, n, scale, shift):
    columns, target = problem(seed, m, n)
    plain = simplex_weights(columns, target)
    moved = simplex_weights(scale * (columns + shift), scale * (target + shift))
    assert moved.objective == pytest.approx(scale**2 * plain.objective, rel=1e-5, abs=1e-7 * scale**2)


@pytest.mark.parametrize("seed", range(6))
def test_many_donors_are_answered_as_if_all_were_looked_at_once(seed):
    rng = np.random.default_rng(seed)
    columns = rng.poisson(rng.gamma(1.2, 2, 300), (84, 300)).astype(float)
    target = rng.poisson(4.0, 84).astype(float)
    misfit = columns - target[:, None]
    at_once = weights_module._solve(misfit, float(np.sqrt((misfit**2).sum(axis=0).mean())))
    found = simplex_weights(columns, target)
    assert weights_module._by_joining(misfit, 10.0) is not None
    assert found.objective <= ((misfit @ at_once) ** 2).sum() * (1 + 1e-12)
    assert found.relative_gap < 1e-11
    np.testing.assert_allclose(found.weights, at_once, atol=1e-8)


@pytest.mark.parametrize(("m", "n"), [(30, 12), (12, 30)])
def test_a_ridge_is_solved_through_the_smaller_matrix(m, n):
    misfit = np.random.default_rng(1).normal(0, 2, (m, n))
    plain = np.linalg.solve(misfit.T @ misfit + 3.0 * np.eye(n), np.ones(n))
    np.testing.assert_allclose(weights_module._ridge_solve(misfit, 3.0), plain, rtol=1e-9)


def test_a_donor_equal_to_the_target_takes_all():
    columns, target = problem(1, 20, 6)
    columns[:, 3] = target
    np.testing.assert_allclose(simplex_weights(columns, target).weights, np.eye(6)[3], atol=1e-9)
    assert simplex_weights(np.tile(target[:, None], 3), target).weights.sum() == pytest.approx(1)


def test_a_ridge_spreads_the_weights():
    columns, target = problem(2, 20, 8)
    spread = [np.sum(simplex_weights(columns, target, ridge=r).weights ** 2) for r in (0, 10, 1e3, 1e9)]
    assert spread == sorted(spread, reverse=True)
    assert spread[-1] == pytest.approx(1 / 8, rel=1e-4)


def test_uniqueness_is_seen():
    columns, target = problem(3, 20, 6)
    assert is_unique(columns, target, simplex_weights(columns, target).weights)
    twin = np.column_stack([columns, columns])
    assert not is_unique(twin, target, simplex_weights(twin, target).weights)
    wide, point = problem(4, 3, 40)
    wide[:, 0], wide[:, 1] = point - 1, point + 1  # the target lies inside: many exact fits
    assert not is_unique(wide, point, simplex_weights(wide, point).weights)


def test_how_many_placebos_an_interval_needs():
    assert (references_needed(0.90), references_needed(0.95)) == (9, 19)
    assert [allowed_exceedances(n, 0.90) for n in (8, 9, 18, 19, 99)] == [0, 1, 1, 2, 10]
    assert np.isnan(half_width(np.arange(8.0), 0.90))
    assert half_width(np.array([3.0, -9.0, *range(7)]), 0.90) == 9


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=60, unique_by=abs),
    st.floats(-120, 120),
    st.sampled_from([0.5001, 0.8, 0.9, 0.95]),
)
def test_the_interval_excludes_nought_exactly_when_p_is_small(references, estimate, level):
    references = np.array([r for r in references if abs(r) != abs(estimate)] or [abs(estimate) + 1])
    half = half_width(references, level)
    significant = rank_p(references, estimate) <= 1 - level + 1e-12
    assert significant == (bool(np.isfinite(half)) and abs(estimate) > half)
