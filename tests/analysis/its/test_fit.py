"""The public face: effects, paths, designs and what is said about them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence import PATH_COLUMNS, CheckState, RefusedError
from analysis.its import ItsSpec, fit
from analysis.its.design import build
from analysis.its.series import prepare

START = "2018-01"
FAMILIES = ("latent_ar1", "poisson", "quasi_poisson", "negative_binomial", "log_prais_winsten")


def level(result):
    return result.coefficients.set_index("term").loc["level"]


@pytest.mark.parametrize("slope", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_headline_path_and_events_are_one_number(simulate, family, slope):
    result = fit(simulate(1, ratio=0.7), ItsSpec(START, family=family, slope=slope))
    effect, path = result.effect, result.path
    observed = path.loc[path["cumulative"].notna(), "observed"].sum()
    expected = path.loc[path["cumulative"].notna(), "expected"].sum()
    assert effect.rate_ratio.estimate == pytest.approx(observed / expected, rel=1e-9)
    assert effect.percent.estimate == pytest.approx(100 * (effect.rate_ratio.estimate - 1))
    assert effect.events.estimate == pytest.approx(observed - expected, rel=1e-9)
    last = path.iloc[-1]
    assert last["cumulative"] == pytest.approx(effect.events.estimate)
    assert last["cumulative_lower"] == pytest.approx(effect.events.lower)
    assert last["cumulative_upper"] == pytest.approx(effect.events.upper)
    assert tuple(path.columns) == PATH_COLUMNS
    assert (path["lower"] <= path["expected"]).all()
    assert (path["upper"] >= path["expected"]).all()
    assert path.loc[:71, "cumulative"].isna().all()
    # Interval, p-value and probability tell one story.
    assert (effect.percent.upper < 0) == (effect.p_value < 0.05) == (effect.probability_of_reduction > 0.975)
    assert effect.minimum_detectable_percent < 0
    assert list(result.coefficients.columns) == ["term", "estimate", "se", "lower", "upper", "p"]


@pytest.mark.parametrize("family", FAMILIES)
def test_step_only_ratio_is_the_level_coefficient(simulate, family):
    result = fit(simulate(2, ratio=0.8), ItsSpec(START, family=family))
    row = level(result)
    ratio = result.effect.rate_ratio
    assert [ratio.estimate, ratio.lower, ratio.upper] == pytest.approx(
        np.exp([row["estimate"], row["lower"], row["upper"]])
    )
    assert result.effect.p_value == pytest.approx(row["p"])


def test_agrees_with_statsmodels_with_population_days_and_phase_in(simulate):
    data = simulate(3, ratio=0.8).assign(population=np.linspace(3e5, 2.8e5, 96))
    data.loc[pd.Period("2015-05"), "count"] = np.nan
    spec = ItsSpec(START, family="poisson", phase_in=3)
    series = prepare(data, spec, None)
    design = build(series, spec)
    days = data.index.days_in_month.to_numpy()
    offset = np.log(data["population"].to_numpy() * days / 30.4375)
    np.testing.assert_allclose(series.offset, offset, rtol=1e-14)
    used = np.ones(96, bool)
    used[[72, 73, 74, list(data.index).index(pd.Period("2015-05"))]] = False
    model = sm.GLM(
        data["count"].to_numpy()[used],
        design.factual[used],
        family=sm.families.Poisson(),
        offset=offset[used],
    )
    theirs = model.fit(tol=1e-14)
    ours = fit(data, spec)
    np.testing.assert_allclose(ours.coefficients["estimate"], theirs.params, atol=1e-9)
    np.testing.assert_allclose(ours.coefficients["se"], theirs.bse, rtol=1e-7)
    robust = model.fit(tol=1e-14, cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True})
    ours = fit(data, dataclasses.replace(spec, covariance="hac", hac_lags=4))
    np.testing.assert_allclose(ours.coefficients["se"], robust.bse, rtol=1e-7)
    assert ours.effect.pre_months == 71
    assert ours.effect.post_months == 21


@pytest.mark.filterwarnings("ignore:Maximum Likelihood optimization")
def test_negative_binomial_agrees_with_statsmodels(simulate):
    data = simulate(4, alpha=0.1, mean=30)
    ours = fit(data, ItsSpec(START, family="negative_binomial", days_in_month=False))
    series = prepare(data, ours.spec, None)
    x = build(series, ours.spec).factual
    theirs = sm.NegativeBinomial(data["count"].to_numpy(), x).fit(disp=0, maxiter=2000, gtol=1e-9)
    assert ours.diagnostics["alpha"] == pytest.approx(theirs.params[-1], rel=1e-3)
    np.testing.assert_allclose(ours.coefficients["estimate"], theirs.params[:-1], atol=1e-4)
    # Ours is at least as high on the likelihood.
    assert ours.diagnostics["log_likelihood"] >= theirs.llf - 1e-9


def test_slope_effect_is_the_delta_method(simulate):
    data = simulate(5, ratio=0.9, slope=-0.01)
    result = fit(data, ItsSpec(START, family="poisson", slope=True))
    series = prepare(data, result.spec, None)
    design = build(series, result.spec)
    beta = result.coefficients["estimate"].to_numpy()
    post = series.after

    def log_ratio(b):
        on = np.exp(series.offset + design.factual @ b)[post].sum()
        return np.log(on / np.exp(series.offset + design.counterfactual @ b)[post].sum())

    mu = np.exp(series.offset + design.factual @ beta)
    cov = np.linalg.inv(design.factual.T @ (mu[:, None] * design.factual))
    gradient = np.array(
        [(log_ratio(beta + h) - log_ratio(beta - h)) / 2e-6 for h in 1e-6 * np.eye(len(beta))]
    )
    assert np.log(result.effect.rate_ratio.estimate) == pytest.approx(log_ratio(beta))
    assert result.diagnostics["log_ratio_se"] == pytest.approx(np.sqrt(gradient @ cov @ gradient), rel=1e-5)


def test_slope_first_moves_the_level_but_not_the_effect(simulate):
    data = simulate(5, slope=-0.01)
    zero, one = (fit(data, ItsSpec(START, slope=True, slope_first=k, family="poisson")) for k in (0, 1))
    assert zero.effect.rate_ratio.estimate == pytest.approx(one.effect.rate_ratio.estimate, rel=1e-9)
    slope = zero.coefficients.set_index("term").loc["slope", "estimate"]
    assert level(zero)["estimate"] == pytest.approx(level(one)["estimate"] + slope)


def test_harmonics_by_rule(simulate):
    def said(**options):
        return next(
            c for c in fit(simulate(6, **options), ItsSpec(START, harmonics=None)).choices if "Season" in c
        )

    assert "2 pairs" in said(mean=20)
    assert "one pair" in said(mean=2)
    assert "one pair" in said(mean=20, n_pre=30)


def test_interruptions_and_covariates_stay_in_the_counterfactual(simulate):
    data = simulate(7, ratio=0.6)
    data.loc["2015-01":, "count"] = np.round(data.loc["2015-01":, "count"] * 2)
    data["heat"] = np.random.default_rng(0).normal(size=len(data))
    spec = ItsSpec(
        START, family="quasi_poisson", trend=False, interruptions=("2015-01",), covariates=("heat",)
    )
    result = fit(data, spec)
    own = result.coefficients.set_index("term")["estimate"]
    assert np.exp(own["level2"]) == pytest.approx(2, abs=0.3)
    assert result.effect.rate_ratio.estimate == pytest.approx(0.6, abs=0.1)
    assert "heat" in own.index
    after = result.path.set_index("period")["expected"]
    assert after["2018-06"] > 1.5 * after["2014-06"]


@pytest.mark.parametrize("family", FAMILIES)
def test_comparison_takes_a_shared_shock_away(simulate, family):
    data, control = simulate(8, ratio=0.7, mean=40), simulate(9, mean=400)
    for table in (data, control):  # both rise by half from the start on
        table.loc[START:, "count"] = np.round(table.loc[START:, "count"] * 1.5)
    alone, beside = (
        fit(data, ItsSpec(START, family=family)),
        fit(data, ItsSpec(START, family=family), control),
    )
    assert alone.effect.rate_ratio.estimate == pytest.approx(1.05, abs=0.15)
    assert beside.effect.rate_ratio.estimate == pytest.approx(0.7, abs=0.1)
    assert beside.effect.controlled
    assert not alone.effect.controlled
    assert any(c.startswith("Comparison:") for c in beside.choices)
    assert any("single series" in w for w in alone.effect.warnings)
    path = beside.path
    assert path["cumulative"].iloc[-1] == pytest.approx(beside.effect.events.estimate)
    assert path.loc[:, "lower":"upper"].notna().all().all()


def test_ratio_to_a_comparison_is_the_model_with_a_factor_for_every_month(simulate):
    """Binomial given the month's sum equals Poisson with month effects: same coefficients and scatter."""
    data, control = simulate(8, ratio=0.7, mean=40), simulate(9, mean=90)
    ours = fit(data, ItsSpec(START, harmonics=1, days_in_month=False), control)
    spec = ItsSpec(START, harmonics=1, days_in_month=False)
    x = build(prepare(data, spec, None), spec).factual
    month_factor = np.vstack([np.eye(96), np.eye(96)])
    stacked = np.hstack([month_factor, np.vstack([np.zeros_like(x), x])])
    y = np.concatenate([control["count"], data["count"]])
    theirs = sm.GLM(y, stacked, family=sm.families.Poisson()).fit(tol=1e-14)
    assert ours.diagnostics["level_without_drift"] == pytest.approx(theirs.params[96 + 2], abs=1e-8)
    assert ours.diagnostics["pearson_dispersion"] == pytest.approx(
        theirs.pearson_chi2 / theirs.df_resid, rel=1e-8
    )


def test_a_wild_and_a_hopeless_series_end_in_a_sentence_or_in_numbers(simulate):
    for seed in range(12):
        data = simulate(seed, mean=0.3 + seed, n_pre=15 + seed, n_post=3 + seed)
        data.iloc[seed % 18, 0] = 1e5
        for family in FAMILIES:
            for gates in (True, False):
                try:
                    result = fit(data, ItsSpec(START, family=family, slope=seed % 2 == 0, gates=gates))
                except RefusedError:
                    continue
                numbers = result.coefficients.drop(columns="term").to_numpy(float)
                assert np.isfinite(numbers).all()
                assert np.isfinite(result.path[["expected", "lower", "upper"]].to_numpy()).all()
                assert result.effect.rate_ratio.known


def test_one_wild_month_is_found(simulate):
    data = simulate(10)
    data.loc["2016-03", "count"] = 2000
    for family in ("latent_ar1", "quasi_poisson", "poisson", "negative_binomial"):
        result = fit(data, ItsSpec(START, family=family))
        check = next(c for c in result.checks if c.name == "No single month decides")
        assert check.state is CheckState.FAILED
        assert "2016-03" in check.sentence
        assert check.sentence in result.effect.warnings


def test_memory_is_found_where_it_is_and_not_where_it_is_not(simulate):
    def state(**options):
        result = fit(simulate(11, mean=60, **options), ItsSpec(START, family="quasi_poisson"))
        return next(c for c in result.checks if c.name == "Memory in the residuals").state

    assert state() is CheckState.PASSED
    assert state(drift_sd=0.4, drift_rho=0.8) is CheckState.FAILED


def test_pretended_starts_find_a_hump(simulate):
    data = simulate(12, mean=60)
    data.loc["2014-06":"2015-12", "count"] *= 2
    check = next(
        c for c in fit(data, ItsSpec(START, family="quasi_poisson")).checks if c.name == "Pretended starts"
    )
    assert check.state is CheckState.FAILED
    steady = next(c for c in fit(simulate(12), ItsSpec(START)).checks if c.name == "Pretended starts")
    assert steady.state is CheckState.PASSED


@pytest.mark.parametrize(("freq", "first", "start"), [("Q", "2000Q1", "2012Q1"), ("Y", "1960", "2000")])
def test_quarters_and_years(freq, first, start):
    rng = np.random.default_rng(1)
    periods = pd.period_range(first, periods=60, freq=freq)
    after = periods >= pd.Period(start, freq)
    data = pd.DataFrame({"count": rng.poisson(100 * np.where(after, 0.7, 1))}, index=periods)
    result = fit(data, ItsSpec(start, days_in_month=False))
    assert result.effect.rate_ratio.contains(0.7)
    assert not any("month" in c and "month to month" not in c for c in result.choices)


@given(factor=st.floats(0.01, 100), family=st.sampled_from(FAMILIES[:4]))
@settings(max_examples=15, deadline=None)
def test_scaling_the_population_leaves_the_ratio_alone(simulate, factor, family):
    data = simulate(13, ratio=0.8).assign(population=np.linspace(3e5, 2.5e5, 96))
    one = fit(data, ItsSpec(START, family=family)).effect.rate_ratio
    other = fit(
        data.assign(population=data["population"] * factor), ItsSpec(START, family=family)
    ).effect.rate_ratio
    assert [one.estimate, one.lower, one.upper] == pytest.approx(
        [other.estimate, other.lower, other.upper], rel=1e-6
    )


@given(months=st.integers(1, 12), value=st.integers(0, 500), family=st.sampled_from(FAMILIES[:4]))
@settings(max_examples=15, deadline=None)
def test_phase_in_months_are_never_used(simulate, months, value, family):
    data = simulate(14, ratio=0.8)
    changed = data.copy()
    changed.iloc[72 : 72 + months] = value
    spec = ItsSpec(START, phase_in=months, family=family)
    one, other = fit(data, spec), fit(changed, spec)
    pd.testing.assert_frame_equal(one.coefficients, other.coefficients)
    assert one.effect == other.effect
    assert one.effect.post_months == 24 - months


@given(gone=st.sets(st.integers(1, 94), max_size=6), family=st.sampled_from(FAMILIES))
@settings(max_examples=15, deadline=None)
def test_a_month_without_a_count_is_an_absent_month(simulate, gone, family):
    data = simulate(15, ratio=0.8)
    places = sorted(gone)
    empty = data.copy()
    empty.iloc[places] = np.nan
    spec = ItsSpec(START, family=family)
    one, other = fit(empty, spec), fit(data.drop(data.index[places]), spec)
    pd.testing.assert_frame_equal(one.coefficients, other.coefficients)
    assert one.effect == other.effect
    assert np.isfinite(one.path["expected"]).all()
    if places:
        assert any("without a count" in c for c in one.choices)


def test_data_are_left_as_they_were_and_results_are_frozen(simulate):
    data = simulate(16)
    before = data.copy(deep=True)
    result = fit(data, ItsSpec(START))
    pd.testing.assert_frame_equal(data, before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.spec = None


def having(data, months, value):
    changed = data.copy()
    changed.loc[months, "count"] = value
    return changed


def refuses(message, data, spec, control=None):
    with pytest.raises(RefusedError, match=message):
        fit(data, spec, control)


def test_too_little_is_refused_with_what_would_be_enough(simulate):
    refuses("20 months before the start; at least 24", simulate(1, n_pre=20), ItsSpec(START))
    refuses("at least 30 are needed", simulate(1, mean=0.2), ItsSpec(START))
    refuses("5 months after the start; at least 6", simulate(1, n_post=5), ItsSpec(START))
    refuses(
        "at least 12 are needed with a change of slope", simulate(1, n_post=10), ItsSpec(START, slope=True)
    )
    refuses("events would be expected", simulate(1, mean=1, n_post=7), ItsSpec(START, harmonics=1))
    assert fit(simulate(1, n_pre=20), ItsSpec(START, gates=False, harmonics=1)).effect.pre_months == 20


def test_wrong_data_are_refused(simulate):
    data = simulate(1)
    refuses("lies outside the data", data, ItsSpec("2030-01"))
    refuses("lies outside the data", data, ItsSpec("2001-01"))
    refuses("is not a date", data, ItsSpec("soon"))
    refuses("lasts beyond the last month", data, ItsSpec(START, phase_in=40))
    refuses("not a single event before", data * 0, ItsSpec(START))
    refuses("no count in any month", data * np.nan, ItsSpec(START))
    refuses("a count of -3 in 2013-01", having(data, "2013-01", -3), ItsSpec(START))
    refuses("a count of inf", having(data, "2013-01", np.inf), ItsSpec(START))
    refuses("more than one row for 2012-01", pd.concat([data, data.iloc[:1]]), ItsSpec(START))
    refuses("no column 'count'", data.rename(columns={"count": "n"}), ItsSpec(START))
    refuses("PeriodIndex", data.to_timestamp(), ItsSpec(START))
    refuses("population of the series in 2012-01 is 0", data.assign(population=0), ItsSpec(START))
    refuses(
        "no event in 2012-03",
        having(data, "2012-03", 0),
        ItsSpec(START, family="log_prais_winsten"),
    )
    refuses("cannot be told apart", data.assign(x=np.arange(96) * 2.0), ItsSpec(START, covariates=("x",)))
    refuses("'level2' cannot be told", data, ItsSpec(START, interruptions=(START,)))
    refuses("not a single event after", having(data, slice(START, None), 0), ItsSpec(START, gates=False))
    refuses("comparison has not a single event", data, ItsSpec(START), data * 0)
    winter = having(data, data.index.month == 1, 0)
    refuses("does not settle", winter, ItsSpec(START, family="poisson", month_dummies=True))


def test_a_comparison_with_nothing_where_events_are_is_refused(simulate):
    data, control = simulate(1, mean=3), simulate(2, mean=3)
    after = data.index >= START
    odd = np.arange(96) % 2 == 1
    data = having(data, after & odd, 0)
    control = having(control, after & ~odd, 0)
    refuses("Choose a larger comparison", data, ItsSpec(START, harmonics=0, gates=False), control)


def test_wrong_specs_are_refused():
    for message, options in {
        "no family": {"family": "gauss"},
        "no covariance": {"covariance": "bootstrap"},
        "has its own account": {"covariance": "hac"},
        "phase_in is -1": {"phase_in": -1},
        "do not fit into a year": {"harmonics": 9},
        "The level is 95": {"level": 95},
        "not one text": {"covariates": "heat"},
    }.items():
        with pytest.raises(RefusedError, match=message):
            ItsSpec(START, **options)
