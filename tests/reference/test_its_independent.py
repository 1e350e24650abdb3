"""The same fits by statsmodels, on simulated series: an independent implementation agrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.stats.diagnostic import acorr_breusch_godfrey, acorr_ljungbox
from statsmodels.tsa.arima.model import ARIMA

from analysis.its import ItsSpec, fit
from analysis.its.checks import ljung_box
from analysis.its.design import build
from analysis.its.glm import irls
from analysis.its.latent import pairs
from analysis.its.linear import gls_ar1
from analysis.its.many import Rows, crossed
from analysis.its.series import prepare

START = "2018-01"


def series(seed: int, alpha: float = 0.1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    months = pd.period_range("2012-01", periods=98, freq="M")
    mean = 25 * np.exp(0.15 * np.sin(2 * np.pi * months.month / 12) - 0.2 * (months >= START))
    count = rng.poisson(rng.gamma(1 / alpha, alpha * mean.to_numpy()))
    return pd.DataFrame(
        {"count": count.astype(float), "population": 2e5 + 300.0 * np.arange(98)}, index=months
    )


def parts(data: pd.DataFrame, spec: ItsSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ready = prepare(data, spec, None)
    return ready.count, build(ready, spec).factual, ready.offset


@pytest.mark.parametrize("seed", range(4))
def test_count_families_and_newey_west(seed: int) -> None:
    data = series(seed)
    y, x, offset = parts(data, ItsSpec(START, slope=True))
    model = sm.GLM(y, x, family=sm.families.Poisson(), offset=offset)
    for options, theirs in (
        ({"family": "poisson"}, model.fit(tol=1e-14)),
        ({"family": "quasi_poisson"}, model.fit(tol=1e-14, scale="X2")),
        (
            {"family": "poisson", "covariance": "hac", "hac_lags": 4},
            model.fit(tol=1e-14, cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}),
        ),
    ):
        own = fit(data, ItsSpec(START, slope=True, **options)).coefficients
        np.testing.assert_allclose(own["estimate"], theirs.params, atol=1e-8)
        np.testing.assert_allclose(own["se"], theirs.bse, rtol=1e-7)


# Their optimiser stops short of its own criterion; how close it came is what is compared.
@pytest.mark.filterwarnings("ignore:Maximum Likelihood optimization failed")
@pytest.mark.parametrize("seed", range(3))
def test_negative_binomial(seed: int) -> None:
    data = series(seed)
    y, x, offset = parts(data, ItsSpec(START))
    # Their optimiser needs terms of one size and no population in the offset; both change nothing else.
    size = np.abs(x).max(axis=0)
    theirs = NegativeBinomial(y, x / size, offset=offset - offset.mean()).fit(
        disp=0, method="bfgs", maxiter=5000, gtol=1e-9
    )
    own = fit(data, ItsSpec(START, family="negative_binomial"))
    estimate = own.coefficients.set_index("term")["estimate"].to_numpy() * size
    np.testing.assert_allclose(estimate[1:], theirs.params[1:-1], atol=2e-5)
    assert own.diagnostics["alpha"] == pytest.approx(theirs.params[-1], rel=1e-3)
    assert own.diagnostics["log_likelihood"] >= theirs.llf - 1e-7


@pytest.mark.parametrize("seed", range(3))
def test_the_filter_is_the_dense_likelihood(seed: int) -> None:
    """Cross products and determinants of the filter against n × n matrices, gaps included."""
    rng = np.random.default_rng(seed)
    time = np.sort(rng.choice(140, 90, replace=False)).astype(float)
    columns, weight = rng.normal(size=(90, 4)), rng.gamma(3, 5, 90)
    rows = Rows.of([columns[:, -1]], [columns[:, :-1]], [np.zeros(90)], [time])
    grid = pairs()
    product, log_det = crossed(columns[None], weight[None], rows, grid[:, 0], grid[:, 1])
    for g in rng.choice(len(grid), 8, replace=False):
        s, rho = grid[g, :2]
        dense = np.diag(1 / weight) + s**2 * rho ** np.abs(time[:, None] - time)
        np.testing.assert_allclose(product[0, g], columns.T @ np.linalg.solve(dense, columns), rtol=1e-9)
        assert log_det[0, g] == pytest.approx(np.linalg.slogdet(dense)[1], rel=1e-10)


def test_residual_tests_and_least_squares() -> None:
    data = series(5)
    spec = ItsSpec(START, family="ols", covariance="hac", hac_lags=3)
    y, x, offset = parts(data, spec)
    rate = y / (np.exp(offset) / 1e5)
    theirs = sm.OLS(rate, x).fit()
    robust = theirs.get_robustcov_results("HAC", maxlags=3, use_correction=True)
    own = fit(data, spec)
    np.testing.assert_allclose(own.coefficients["estimate"], theirs.params, rtol=1e-9)
    np.testing.assert_allclose(own.coefficients["se"], robust.bse, rtol=1e-8)
    np.testing.assert_allclose(own.coefficients["p"], robust.pvalues, rtol=1e-6, atol=1e-14)
    e = own.residuals["deviance"].to_numpy()
    box = acorr_ljungbox(e, lags=[12])
    assert ljung_box(e, 12)[0] == pytest.approx(float(box["lb_stat"].iloc[0]), rel=1e-10)
    lm = acorr_breusch_godfrey(theirs, nlags=6, result_object=True)
    assert own.diagnostics["breusch_godfrey_6"] == pytest.approx(lm[0], rel=1e-8)
    binomial = irls(y, x, np.zeros(98), total=y + 40)
    other = sm.GLM(np.column_stack([y, np.full(98, 40.0)]), x, family=sm.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(binomial.beta, other.params, atol=1e-9)


def test_autocorrelated_errors_are_their_arima_of_order_one() -> None:
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(120), np.linspace(0, 1, 120), np.arange(120) > 80])
    e = np.zeros(120)
    for t in range(1, 120):
        e[t] = 0.6 * e[t - 1] + rng.normal()
    y = x @ [5.0, 2.0, -1.0] + e
    own = gls_ar1(y, x, np.arange(120.0), np.zeros(120))
    theirs = ARIMA(y, x, order=(1, 0, 0), trend="n").fit(method_kwargs={"maxiter": 500})
    assert own.rho == pytest.approx(theirs.params[3], abs=1e-3)
    assert own.log_likelihood == pytest.approx(theirs.llf, abs=1e-4)
    np.testing.assert_allclose(own.beta, theirs.params[:3], atol=2e-3)
