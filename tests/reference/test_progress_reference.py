"""Every worked number of the goal-progress reference file."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from analysis.evidence import Interval, events_from_ratio
from analysis.progress import monitoring, power, prediction, ratios, targets
from analysis.progress.multiplicity import adjust
from analysis.progress.reporting_lag import chain_ladder

pytestmark = pytest.mark.reference

#: The file gives ten digits after the point.
DIGITS = {"rel": 1e-9, "abs": 1e-9}


@pytest.fixture(scope="module")
def expected(reference):
    return json.loads((reference / "progress" / "expected.json").read_text())


def limits(interval: Interval) -> list[float]:
    return [interval.lower, interval.upper]


def test_rate_ratios(expected):
    cases = {k: v for k, v in expected["rate_ratio"].items() if "count_now" in v}
    assert len(cases) >= 10
    for case in cases.values():
        x1, x0 = case["count_now"], case["count_base"]
        t1, t0 = case["exposure_now"], case["exposure_base"]
        r = t1 / t0
        assert ratios.rate_ratio(x1, x0, r) == pytest.approx(case["rate_ratio"], **DIGITS)
        exact = limits(ratios.exact_interval(x1, x0, r))
        assert exact == pytest.approx(case["exact_conditional_ci_clopper_pearson"], rel=1e-9)
        assert limits(ratios.mid_p_interval(x1, x0, r)) == pytest.approx(case["midp_ci"], rel=1e-8)
        if case["wald_log_ci"] is None:
            assert math.isnan(ratios.wald_interval(x1, x0, r).lower)
        else:
            assert limits(ratios.wald_interval(x1, x0, r)) == pytest.approx(case["wald_log_ci"], rel=1e-9)
        jeffreys = limits(ratios.jeffreys_interval(x1, x0, r))
        assert jeffreys == pytest.approx(case["rr_credible_95_jeffreys"], rel=1e-8)
        below = [ratios.probability_below(x1, x0, r, limit) for limit in (0.8, 1.0)]
        seen = [case["prob_rr_le_080_jeffreys"], case["prob_rr_lt_1_jeffreys"]]
        assert below == pytest.approx(seen, **DIGITS)
        assert ratios.exact_p(x1, x0, r) == pytest.approx(case["exact_p_two_sided_R_minlike"], **DIGITS)
        assert ratios.exact_p(x1, x0, r, rule="central") == pytest.approx(case["exact_p_central"], **DIGITS)
        one_sided = ratios.p_at_or_above(x1, x0, r, 0.8)
        assert one_sided == pytest.approx(case["p_one_sided_lower_vs_target_080"], **DIGITS)
        assert ratios.e_test(x1, x0, t1, t0) == pytest.approx(case["e_test_ptools"], rel=1e-8)
        z = ratios.root_change(x1, x0, ratio=r)
        assert z == pytest.approx(case["poisson_z_wheeler"], **DIGITS)
        standard = ratios.root_change(x1, x0, ratio=r, standardized=True)
        assert standard == pytest.approx(case["poisson_z_var_adjusted"], **DIGITS)
        assert 100 * (ratios.rate_ratio(x1, x0, r) - 1) == pytest.approx(case["percent_change"], **DIGITS)


def test_zero_against_zero_is_undefined_and_never_raises():
    for interval in (ratios.exact_interval(0, 0, 1.0), ratios.mid_p_interval(0, 0, 1.0)):
        assert math.isnan(interval.estimate)
        assert math.isnan(interval.lower)
    assert math.isnan(ratios.exact_p(0, 0, 1.0))
    assert math.isnan(ratios.rate_ratio(0, 0, 1.0))


def test_the_p_of_a_comparison_is_the_central_one(expected):
    for case in (c for c in expected["rate_ratio"].values() if "count_now" in c):
        r = case["exposure_now"] / case["exposure_base"]
        p = ratios.comparison_p(case["count_now"], case["count_base"], r)
        assert p == pytest.approx(case["exact_p_central"], **DIGITS)


def test_statsmodels_values_of_the_same_ratios(expected):
    """The other methods of statsmodels, through the one door that the product uses for them."""
    for name, block in expected["rate_ratio_statsmodels015"].items():
        case = expected["rate_ratio"][name]
        x1, x0 = case["count_now"], case["count_base"]
        t1, t0 = case["exposure_now"], case["exposure_base"]
        found = ratios.other_methods(x1, x0, t1, t0)
        for key, value in block.items():
            if value is None:
                continue
            # Root finders of statsmodels stop at about 1e-8.
            assert found[key] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), (name, key)
        assert found["p_ratio_etest-score"] == pytest.approx(ratios.e_test(x1, x0, t1, t0), rel=1e-6)


def test_single_rates(expected):
    for case in expected["single_rate"]:
        x, t = case["count"], case["exposure"]
        for method in ("exact", "jeffreys", "byar"):
            found = ratios.single_rate(x, t, method=method)
            assert limits(found) == pytest.approx(case[f"{method}_ci"], rel=1e-9, abs=1e-10)
            assert found.estimate == pytest.approx(case["rate"], **DIGITS)


def test_published_e_tests(expected):
    for case in expected["e_test_published"]:
        p = ratios.e_test(case["k1"], case["k2"], case["n1"], case["n2"])
        assert p == pytest.approx(case["p"], rel=1e-9)


def test_healthy_people(expected):
    names = {"met": "Target met or exceeded", "improving_sig": "Improving", "worse_sig": "Getting worse"}
    for name, case in expected["healthy_people"]["examples"].items():
        found = targets.healthy_people(
            case["baseline"], case["target"], case["current"], case["se_baseline"], case["se_current"]
        )
        achieved = case["pct_targeted_change_achieved"]
        assert found.percent_of_targeted_change == pytest.approx(achieved, rel=1e-8)
        assert found.percent_change == pytest.approx(case["pct_change_from_baseline"], rel=1e-8)
        for key, value in (
            ("z", found.z),
            ("p_one_sided", found.p_one_sided),
            ("p_two_sided", found.p_two_sided),
        ):
            if case[key] is None:
                assert math.isnan(value)
            else:
                assert value == pytest.approx(case[key], rel=1e-7)
        assert (found.moving_toward, found.met) == (case["moving_toward"], case["met"])
        assert found.category == names.get(name, found.category)


def test_growth_ratio(expected):
    for case in expected["sdg_cagr_ratio"]["examples"]:
        found = targets.growth_ratio(
            case["baseline"],
            case["current"],
            case["years_elapsed"],
            case["target_reduction"],
            case["horizon_years"],
        )
        assert found.actual_annual_growth == pytest.approx(case["actual_annual_growth"], rel=1e-12)
        assert found.required_annual_growth == pytest.approx(case["required_annual_growth"], rel=1e-12)
        assert found.ratio == pytest.approx(case["CR"], rel=1e-12)


def test_gamma_poisson(expected):
    for case in expected["gamma_poisson"].values():
        x, t, horizon = case["current_count"], case["current_months"], case["goal_months"]
        base = case["baseline_count"] / case["baseline_months"]
        left = horizon - t
        p = prediction.probability_of_total(x, t, left, 0.8 * base * horizon)
        assert p == pytest.approx(case["prob_cumulative_total_within_target"], **DIGITS)
        p = prediction.probability_rate_below(x, t, 0.8 * base)
        assert p == pytest.approx(case["prob_rate_le_target_fixed_baseline"], **DIGITS)
        p = ratios.probability_below(x, case["baseline_count"], t / case["baseline_months"], 0.8)
        assert p == pytest.approx(case["prob_rate_ratio_le_target_uncertain_baseline"], **DIGITS)
        to_come = prediction.remaining_events(x, t, left)
        assert to_come.mean / left == pytest.approx(case["posterior_mean_rate"], rel=1e-9)
        assert to_come.mean == pytest.approx(case["predictive_remaining_mean"], rel=1e-9)
        assert [to_come.quantile(q) for q in (0.025, 0.975)] == case["predictive_remaining_q025_q975"]


def test_partial_year(expected):
    case = expected["seasonal_matched_ytd"]
    found = prediction.year_to_date(case["baseline_monthly"], case["current"])
    assert found.baseline_same_months == case["baseline_same_months_total"]
    assert found.seasonal_share == pytest.approx(case["seasonal_share_of_year"], rel=1e-12)
    assert found.expected == pytest.approx(case["expected_at_baseline_pace"], rel=1e-12)
    assert found.rate_ratio == pytest.approx(case["rate_ratio"], rel=1e-12)
    assert found.naive_annualized == pytest.approx(case["naive_annualised"])
    assert found.projected_annual == pytest.approx(case["seasonally_projected_annual"])
    exact = ratios.exact_interval(found.current, found.baseline_same_months, 1 / 3)
    assert limits(exact) == pytest.approx(case["exact_ci"], rel=1e-9)
    assert 0.8 * case["baseline_total"] / 3 == pytest.approx(case["target_year_total_20pct"])

    rest = expected["predictive_probability_partial_year"]
    share = found.seasonal_share
    p = prediction.probability_of_total(found.current, share, 1 - share, case["target_year_total_20pct"])
    assert p == pytest.approx(rest["prob"], **DIGITS)
    to_come = prediction.remaining_events(found.current, share, 1 - share)
    assert found.current + to_come.mean == pytest.approx(rest["predictive_mean_total"])
    quantiles = [found.current + to_come.quantile(q) for q in (0.05, 0.5, 0.95)]
    assert quantiles == rest["predictive_q05_q50_q95"]


def test_overdispersed_ratio(expected):
    for case in expected["overdispersed_rate_ratio"]["examples"]:
        r = case["exposure"] / case["baseline_exposure"]
        x1, x0, phi = case["current"], case["baseline"], case["phi"]
        found = ratios.wald_interval(x1, x0, r, dispersion=phi)
        assert found.estimate == pytest.approx(case["rr"], rel=1e-12)
        assert limits(found) == pytest.approx(case["ci"], rel=1e-12)
        if phi > 1:
            below = [ratios.probability_below(x1, x0, r, limit, phi) for limit in (0.8, 1.0)]
            assert below == pytest.approx([case["prob_rr_le_080"], case["prob_rr_lt_1"]], rel=1e-12)


def test_glide(expected):
    for case in expected["glide"]:
        for shape in ("linear", "geometric"):
            found = targets.glide(
                case["baseline_rate"], 0.2, case["horizon_months"], [12, 24, 36], shape=shape
            )
            assert found == pytest.approx(case[shape], rel=1e-9)
        yearly = 100 * (1 - targets.glide(1.0, 0.2, case["horizon_months"], [12])[0])
        assert yearly == pytest.approx(case["annual_compound_pct"], rel=1e-9)


def test_funnel(expected):
    for case in expected["funnel"]:
        for key, level in (("exact_95", 0.95), ("exact_998", 0.998)):
            assert [float(v) for v in monitoring.funnel_limits(case["expected"], level)] == case[key]
        rates = [float(v) for v in monitoring.funnel_rate_limits(case["expected"], case["exposure"])]
        assert rates == pytest.approx(case["exact_gamma_95_rate"], rel=1e-9)


def test_control_charts(expected):
    case = expected["spc"]["c_chart"]
    found = monitoring.c_chart(case["counts"])
    seen = [found.center, found.lower[0], found.upper[0]]
    assert seen == pytest.approx([case["center"], case["lcl"], case["ucl"]], rel=1e-12)
    assert [float(v) for v in monitoring.exact_limits(found.center)] == case["exact_prob_limits_0_00135"]

    case = expected["spc"]["u_chart_days"]
    found = monitoring.u_chart(case["counts"], case["days"])
    np.testing.assert_allclose(found.upper, case["ucl"], rtol=1e-12)
    np.testing.assert_allclose(found.lower, case["lcl"], rtol=1e-12)
    found = monitoring.u_chart(case["counts"], case["days"], laney=True)
    assert found.sigma_z == pytest.approx(case["laney_sigma_z"], rel=1e-12)
    np.testing.assert_allclose(found.upper, case["ucl_laney"], rtol=1e-12)
    np.testing.assert_allclose(found.lower, case["lcl_laney"], rtol=1e-10)

    case = expected["spc"]["t_chart_days_between"]
    found = monitoring.t_chart(case["gaps"])
    seen = [found.center, found.lower[0], found.upper[0]]
    assert seen == pytest.approx([case["center"], case["lcl"], case["ucl"]], rel=1e-10)


def test_chain_ladder(expected):
    case = expected["nowcast_chain_ladder"]
    cumulative = [[math.nan if v is None else v for v in row] for row in case["cumulative"]]
    found = chain_ladder(cumulative)
    np.testing.assert_allclose(found.factors, case["development_factors"], rtol=1e-14)
    np.testing.assert_allclose(found.ultimate, case["ultimate"], rtol=1e-14)
    np.testing.assert_allclose(found.completeness, case["completeness"], rtol=1e-14)


def test_multiplicity(expected):
    case = expected["multiplicity"]
    for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("bh", "BH"), ("by", "BY")):
        np.testing.assert_allclose(adjust(case["p"], ours), case[theirs], rtol=1e-9)


def test_power(expected):
    for case in expected["power"]:
        design = (case["base_rate"], case["months_base"], case["months_post"])
        wald = power.power_wald(*design, case["rr"], case["dispersion"])
        assert wald == pytest.approx(case["power_wald_log"], **DIGITS)
        exact = power.power_exact(*design, case["rr"])
        assert exact == pytest.approx(case["power_exact_conditional_central"], **DIGITS)
        smallest = power.detectable_ratio(*design)
        if case["mde_rr_80pct_wald"] is None:
            assert math.isnan(smallest)
        else:  # the published root was found to about six digits
            assert smallest == pytest.approx(case["mde_rr_80pct_wald"], abs=2e-6)
        assert power.detectable_ratio_exact(*design) == pytest.approx(case["mde_rr_80pct_exact"])


def test_scan(expected):
    for case in expected["scan"]:
        ours = monitoring.scan_p(case["n"], case["mu"], case["L"], ptools_window=case["k"])
        assert ours == pytest.approx(case["p"], rel=1e-9)
        # Naus' own form differs in the fourth digit only.
        assert monitoring.scan_p(case["n"], case["mu"], case["L"]) == pytest.approx(case["p"], rel=5e-3)


def test_wheeler_z(expected):
    for case in expected["wheeler_z"]:
        assert ratios.root_change(case["now"], case["past"]) == pytest.approx(case["z"], **DIGITS)


def test_averted_identity(expected):
    case = expected["its_averted_identity"]["example"]
    found = events_from_ratio(case["observed_post"], Interval(case["rr"], *case["rr_ci"]))
    # "Averted" is the fall: the sign is turned.
    assert -found.estimate == pytest.approx(case["averted"], rel=1e-12)
    assert [-found.upper, -found.lower] == pytest.approx(case["averted_ci"], rel=1e-12)
