"""On simulated series: the true effect is found, intervals cover it, and nothing is found in nothing."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.its import ItsSpec, fit
from analysis.its.checks import pretended_starts
from analysis.its.design import build
from analysis.its.families import estimate_many
from analysis.its.latent import integrate, pairs
from analysis.its.series import prepare

START = "2018-01"
SERIES = 200


def levels(simulate, family, **options):
    """Estimate, lower, upper of the level for each simulated series, without the checks (for speed)."""
    spec = ItsSpec(START, family=family, days_in_month=False)
    jobs = []
    for seed in range(SERIES):
        series = prepare(simulate(seed, **options), spec, None)
        jobs.append((series, build(series, spec), spec))
    rows = []
    for found in estimate_many(jobs):
        known = found.posterior.coefficients().interval(0.95, found.design.terms.index("level"))
        rows.append([known.estimate, known.lower, known.upper])
    return np.array(rows)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("poisson", {}),
        ("quasi_poisson", {"alpha": 0.08}),
        ("negative_binomial", {"alpha": 0.08}),
        ("latent_ar1", {}),
        ("latent_ar1", {"alpha": 0.08}),
        ("latent_ar1", {"drift_sd": 0.2, "drift_rho": 0.4}),
    ],
)
def test_recovery_and_coverage(simulate, family, options):
    found = levels(simulate, family, ratio=0.8, **options)
    truth = np.log(0.8)
    error = found[:, 0].std() / np.sqrt(SERIES)
    assert found[:, 0].mean() == pytest.approx(truth, abs=4 * error)
    covered = ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean()
    # 95 % within four binomial standard errors below; the latent model may cover more.
    assert covered >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / SERIES)


def test_grid_weights():
    grid = pairs()
    assert len(grid) == 50
    assert (grid[:, 0] == 0).sum() == 1
    # Prior mass of each size of drift does not depend on how many memories it has.
    per_size = [grid[grid[:, 0] == s, 2].sum() for s in np.unique(grid[:, 0])]
    assert per_size[1] == pytest.approx(0.05 * np.exp(-(0.05**2) / 0.125))


def test_no_drift_is_the_plain_regression():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(40), rng.normal(size=40)])
    weight = rng.uniform(50, 100, 40)
    posterior, drift = integrate(x, x @ [1.0, 2.0], weight, np.arange(40.0))
    # An exact fit: every pair gives the same coefficients, and drift is unlikely.
    np.testing.assert_allclose(posterior.mean, [1, 2], atol=1e-9)
    assert posterior.weights.sum() == pytest.approx(1)
    assert drift.none > drift.at_edge
    plain = np.linalg.inv(x.T @ (weight[:, None] * x))
    np.testing.assert_allclose(posterior.covs[0], plain, rtol=1e-9)


def test_gaps_are_true_gaps():
    """Cutting months out of an exact AR(1) covariance is dropping its rows: time, not position, counts."""
    rng = np.random.default_rng(1)
    x, z, weight = np.ones((30, 1)), rng.normal(0, 0.3, 30), np.full(30, 40.0)
    time = np.arange(30.0)
    keep = np.r_[0:10, 20:30]
    near, _ = integrate(x[keep], z[keep], weight[keep], np.arange(20.0))
    true, _ = integrate(x[keep], z[keep], weight[keep], time[keep])
    assert abs(float(near.mean[0] - true.mean[0])) > 1e-6
    shifted, _ = integrate(x[keep], z[keep], weight[keep], time[keep] + 100)
    assert float(shifted.mean[0]) == pytest.approx(float(true.mean[0]), abs=1e-12)


def test_pretended_starts_rarely_fail_on_a_steady_past(simulate):
    spec = ItsSpec(START, family="quasi_poisson")
    failed = 0
    for seed in range(40):
        series = prepare(simulate(seed), spec, None)
        failed += pretended_starts(series, build(series, spec), spec).state == "failed"
    assert failed <= 5


def test_public_face_exports():
    import analysis.its as its

    assert set(its.__all__) >= {"FAMILY_LABELS", "ItsResult", "ItsSpec", "fit", "fit_many"}
    assert its.fit is fit


def test_one_pass_whitening_equals_the_full_covariance():
    rng = np.random.default_rng(2)
    n = 25
    x, z, weight = rng.normal(size=(n, 3)), rng.normal(size=n), rng.uniform(5, 50, n)
    time = np.cumsum(rng.integers(1, 4, n)).astype(float)
    posterior, drift = integrate(x, z, weight, time)
    gap = np.abs(time[:, None] - time[None, :])
    logs, betas, covs = [], [], []
    for s, rho, prior in pairs():
        kernel = np.where(gap == 0, 1.0, rho**gap)
        inverse = np.linalg.inv(np.diag(1 / weight) + s**2 * kernel)
        information = x.T @ inverse @ x
        beta = np.linalg.solve(information, x.T @ inverse @ z)
        rest = z - x @ beta
        parts = -np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(information)[1] + rest @ inverse @ rest
        logs.append(-0.5 * parts + np.log(prior))
        betas.append(beta)
        covs.append(np.linalg.inv(information))
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    np.testing.assert_allclose(drift.table[:, 2], weights, atol=1e-10)
    np.testing.assert_allclose(posterior.mean, weights @ np.array(betas), atol=1e-9)


def test_comparison_carries_a_shared_hump(simulate):
    """Both series rise and fall together: alone the level is wrong, beside the comparison it is not."""
    t = np.arange(96)
    hump = np.exp(0.5 * np.exp(-(((t - 60) / 8.0) ** 2)))
    spec = ItsSpec(START, days_in_month=False)
    alone, beside, covered, jobs = [], [], [], []
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        data, control = simulate(seed, mean=20), simulate(seed + 500, mean=300)
        data["count"] = rng.poisson(20 * hump * np.where(t >= 72, 0.8, 1.0)).astype(float)
        control["count"] = rng.poisson(300 * hump).astype(float)
        for other in (None, control):
            series = prepare(data, spec, other)
            jobs.append((series, build(series, spec), spec))
    for number, found in enumerate(estimate_many(jobs)):
        known = found.posterior.coefficients()
        value = known.interval(0.95, found.design.terms.index(found.effect_term))
        (beside if number % 2 else alone).append(value.estimate)
        if number % 2:
            covered.append(value.contains(np.log(0.8)))
    assert np.mean(beside) == pytest.approx(np.log(0.8), abs=0.05)
    assert abs(np.mean(alone) - np.log(0.8)) > 0.1
    assert np.mean(covered) >= 0.86
