"""Dispersion of a baseline, against statsmodels and against what was simulated."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.progress.dispersion import baseline_dispersion


def series(values, first="2022-01"):
    return pd.Series(np.asarray(values, float), index=pd.period_range(first, periods=len(values), freq="M"))


@pytest.mark.parametrize("with_people", [False, True])
def test_it_is_the_pearson_dispersion_of_statsmodels(with_people):
    rng = np.random.default_rng(2)
    counts = series(rng.negative_binomial(8, 0.3, 36))
    people = series(np.linspace(300_000, 280_000, 36)) if with_people else None
    months = counts.index.month.to_numpy()
    x = np.column_stack([np.arange(36), (months[:, None] == np.arange(1, 13)).astype(float)])
    offset = np.log(people.to_numpy()) if with_people else None
    fit = sm.GLM(counts.to_numpy(), x, family=sm.families.Poisson(), offset=offset).fit(tol=1e-12)
    found = baseline_dispersion(counts, people)
    assert found.raw == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=1e-7)
    assert found.freedom == fit.df_resid


def test_it_finds_what_was_put_in():
    rng = np.random.default_rng(4)
    season = 12 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(36) / 12))
    for phi in (1.0, 2.0):
        draws = [
            rng.poisson(season) if phi == 1 else rng.negative_binomial(season / (phi - 1), 1 / phi)
            for _ in range(200)
        ]
        mean = np.mean([baseline_dispersion(series(d)).raw for d in draws])
        assert mean == pytest.approx(phi, abs=0.1)


def test_season_and_trend_are_not_dispersion():
    t = np.arange(36)
    steady = np.round(200 * np.exp(-0.02 * t) * (1 + 0.4 * np.cos(2 * np.pi * t / 12)))
    assert baseline_dispersion(series(steady)).value == 1.0


def test_short_and_empty_baselines():
    assert baseline_dispersion(series([5, 9] * 6)).raw > 0
    assert math.isnan(baseline_dispersion(series([5, 9] * 5)).raw)
    for values in ([0] * 36, [np.nan] * 36):
        found = baseline_dispersion(series(values))
        assert (found.value, found.freedom) == (1.0, math.inf)
        assert "1 is assumed" in found.words


def test_months_that_never_have_an_event_say_nothing():
    values = np.where(np.arange(36) % 12 < 6, 0, np.random.default_rng(1).poisson(4, 36))
    found = baseline_dispersion(series(values))
    assert 0.3 < found.raw < 3
    assert found.freedom == 18 - 7
