"""Parts of a design: ends, washout, left-out spans, interruptions, covariates, comparisons; and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.its import ItsSpec, examine, fit

START = "2018-01"
FAMILIES = (
    "latent_ar1", "poisson", "quasi_poisson", "negative_binomial", "log_prais_winsten", "ols", "gls_ar1",
)  # fmt: skip


def test_a_programme_that_ended(simulate):
    data = simulate(11, mean=200, n_post=36)
    data.loc[START:"2019-06", "count"] = np.round(data.loc[START:"2019-06", "count"] * 0.5)
    data.loc["2019-07":, "count"] = np.round(data.loc["2019-07":, "count"] * 0.8)
    result = fit(data, ItsSpec(START, stop="2019-07"))
    assert result.effect.percent.contains(-50)
    assert result.effect.post_months == 18
    assert result.after_end.contains(0.8)
    assert result.path["cumulative"].notna().sum() == 18
    assert result.by_month["programme"].tolist() == ["running"] * 18 + ["ended"] * 18
    assert any("ended before 2019-07" in c for c in result.choices)
    blind = fit(data, ItsSpec(START, family="quasi_poisson")).effect.percent
    assert blind.estimate > result.effect.percent.estimate + 5
    for family in FAMILIES:
        assert fit(data, ItsSpec(START, stop="2019-07", family=family)).effect.percent.contains(-50)
    future = fit(data, ItsSpec(START, stop="2030-01"))
    assert future.after_end is None
    assert any("has not ended yet" in c for c in future.choices)
    with pytest.raises(RefusedError, match="before its phase-in is over"):
        fit(data, ItsSpec(START, stop="2018-02", phase_in=3))


def test_washout_and_left_out_spans_do_not_count(simulate):
    data = simulate(2, mean=50, ratio=0.7)
    wild = data.copy()
    wild.loc["2017-10":"2017-12", "count"] = 900
    wild.loc["2014-03":"2014-12", "count"] = 0
    spec = ItsSpec(START, washout=3, leave_out=("2014-03:2014-12", "2016-05"))
    one, other = fit(data, spec), fit(wild, spec)
    assert one.effect.percent == other.effect.percent
    assert one.effect.pre_months == 72 - 3 - 10 - 1
    assert any("Washout, 2017-10 to 2017-12" in c for c in one.choices)
    assert any("Left out as asked: 2014-03 to 2014-12, 2016-05" in c for c in one.choices)
    with pytest.raises(RefusedError, match="ends before it begins"):
        fit(data, ItsSpec(START, leave_out=("2016-05:2016-01",)))


def test_several_interruptions_and_covariates(simulate):
    data = simulate(3, mean=150, ratio=0.7)
    data.loc["2015-01":, "count"] *= 1.5
    data["heat"] = np.sin(np.arange(96) * 1.7)
    data["count"] = np.round(data["count"] * np.exp(0.3 * data["heat"]))
    result = fit(data, ItsSpec(START, interruptions=("2015-01",), covariates=("heat",)))
    own = result.coefficients.set_index("term")
    assert result.effect.percent.contains(-30)
    assert own.loc["level2", "lower"] < np.log(1.5) < own.loc["level2", "upper"]
    assert own.loc["heat", "lower"] < 0.3 < own.loc["heat", "upper"]


def test_another_change_of_level_or_trend_with_its_own_phase_in(simulate):
    data = simulate(3, mean=150, ratio=0.7)
    data.loc["2015-01":"2015-03", "count"] *= 4  # settling in: such months must not count
    data.loc["2015-04":, "count"] *= 1.5
    asked = ItsSpec(START, family="quasi_poisson", interruptions=("2015-01:level:3", "2016-07:slope"))
    result = fit(data, asked)
    own = result.coefficients.set_index("term")
    assert {"level2", "slope3"} <= set(own.index)
    assert not {"slope2", "level3"} & set(own.index)
    assert own.loc["level2", "lower"] < np.log(1.5) < own.loc["level2", "upper"]
    assert not {pd.Period("2015-02", "M")} & set(result.residuals["period"])
    assert any("after a phase-in of 3 months" in c for c in result.choices)
    # The design by hand, with the three months left out.
    by_hand = data.assign(step=(data.index >= "2015-04") * 1.0)
    by_hand["ramp"] = np.maximum(np.arange(96) - by_hand.index.get_loc("2016-07"), 0.0)
    again = fit(
        by_hand,
        ItsSpec(START, family="quasi_poisson", leave_out=("2015-01:2015-03",), covariates=("step", "ramp")),
    )
    assert result.effect.percent.estimate == pytest.approx(again.effect.percent.estimate, rel=1e-9)
    for wrong in ("2015-01:up", "2015-01:level:x", ":level", "2015-01:level:3:4"):
        with pytest.raises(RefusedError, match="cannot be read"):
            ItsSpec(START, interruptions=(wrong,))


def test_comparisons_are_added_up(simulate):
    data = simulate(4, mean=20)
    members = {f"m{i}": simulate(30 + i, mean=40) for i in range(3)}
    pooled = pd.DataFrame({"count": sum(m["count"] for m in members.values())})
    one, other = fit(data, ItsSpec(START), members), fit(data, ItsSpec(START), pooled)
    assert one.effect.percent.estimate == pytest.approx(other.effect.percent.estimate, rel=1e-12)
    assert any("3 members added up" in c for c in one.choices)
    members["gappy"] = simulate(40).iloc[:40]
    assert any("for want of counts: gappy" in c for c in fit(data, ItsSpec(START), members).choices)
    with pytest.raises(RefusedError, match="No member of the comparison"):
        fit(data, ItsSpec(START), {"gappy": members["gappy"]})
    with pytest.raises(RefusedError, match="has no members"):
        fit(data, ItsSpec(START), {})


def test_populations_make_rates_and_those_of_members_add_up(simulate):
    data = simulate(5, mean=100, ratio=0.7).assign(population=300_000)
    members = {str(i): simulate(60 + i, mean=90).assign(population=200_000 + 5e4 * i) for i in range(3)}
    for family in ("latent_ar1", "quasi_poisson", "ols", "gls_ar1"):
        answer = fit(data, ItsSpec(START, family=family), members)
        assert answer.effect.percent.contains(-30), family
    rates = fit(data, ItsSpec(START, family="ols", harmonics=1)).coefficients.set_index("term")
    assert rates.loc["intercept", "estimate"] == pytest.approx(100 / 3, rel=0.15)
    with pytest.raises(RefusedError, match="Only one side has a population"):
        fit(data, ItsSpec(START, family="ols"), simulate(61))


def test_arima_finds_a_step_and_says_its_limits(simulate):
    data = simulate(6, mean=80, ratio=0.7)
    result = fit(data, ItsSpec(START, family="arima", harmonics=1))
    assert result.effect.percent.contains(-30)
    assert np.isfinite(result.path[["expected", "lower", "upper"]].to_numpy()).all()
    bands, effect = result.bands, result.coefficients.set_index("term").loc["level"]
    assert np.isfinite(bands[["mean_lower", "mean_upper"]].to_numpy()).all()
    assert (bands["lower"] <= bands["mean_lower"]).all()
    assert (bands["mean_upper"] <= bands["upper"]).all()
    # After the start all that is not known of the mean is the effect itself (per average month).
    after = bands[pd.PeriodIndex(bands["period"]) >= START]
    half = (after["mean_upper"] - after["expected"]) / (after["period"].dt.days_in_month / 30.4375)
    assert half.to_numpy() == pytest.approx(np.full(len(after), 1.959964 * effect["se"]), rel=1e-6)
    with pytest.raises(RefusedError, match="ARIMA is for a single series"):
        fit(data, ItsSpec(START, family="arima"), simulate(7))
    with pytest.raises(RefusedError, match="too few for this ARIMA"):
        fit(data.iloc[60:80], ItsSpec("2018-01", family="arima", arima_seasonal=(1, 1, 1), gates=False))


def test_bands_hold_the_mean_inside_the_counts(simulate):
    for family in FAMILIES:
        bands = fit(simulate(8, mean=40), ItsSpec(START, family=family, slope=True)).bands
        assert (bands["mean_lower"] <= bands["expected"] + 1e-9).all()
        assert (bands["mean_upper"] >= bands["expected"] - 1e-9).all()
        assert (bands["lower"] <= bands["mean_lower"] + 1e-6).all(), family


def test_effect_by_month_follows_a_slope(simulate):
    data = simulate(9, mean=300, slope=-0.03, n_post=24)
    table = fit(data, ItsSpec(START, slope=True)).by_month
    assert table["months_since_start"].tolist() == list(range(1, 25))
    assert (np.diff(table["rate_ratio"]) < 0).all()
    truth = np.exp(-0.03 * np.arange(24))
    assert ((table["lower"] <= truth) & (truth <= table["upper"])).mean() > 0.9


# ------------------------------------------------------------------ bad input, through the whole battery


def asked(data, spec, control):
    try:
        return examine(data, spec, control, simulations=10)
    except RefusedError as refusal:
        return str(refusal)


def quiet(data, spec=None, control=None):
    """A refusal in words, or a battery without a NaN where a screen would show it."""
    answer = asked(data, spec or ItsSpec(START), control)
    if isinstance(answer, str):
        assert answer.endswith(".")
        return answer
    effect = answer.effect
    assert effect.percent.known
    assert effect.events.known
    assert np.isfinite([effect.p_value, effect.minimum_detectable_percent]).all()
    assert np.isfinite(answer.result.path["expected"]).all()
    for c in answer.checks:
        assert " nan" not in c.sentence.lower()
    fine = answer.sensitivity["refused"] == ""
    assert np.isfinite(answer.sensitivity.loc[fine, ["percent", "lower", "upper"]].to_numpy()).all()
    return answer


@pytest.mark.parametrize("family", FAMILIES)
def test_bad_input_ends_in_words_or_in_numbers(simulate, family):
    spec = ItsSpec(START, family=family)
    zeros = simulate(1) * 0
    assert "not a single event" in quiet(zeros, spec)
    huge = simulate(2)
    huge.loc["2016-03", "count"] = 1e6
    quiet(huge, spec)
    holes = simulate(3)
    holes.loc[["2013-05", "2015-07", "2018-09"], "count"] = np.nan
    quiet(holes.drop(pd.period_range("2014-01", "2014-03", freq="M")), spec)
    negative = simulate(4)
    negative.loc["2015-05", "count"] = -3
    assert "counts are zero or more" in quiet(negative, spec)
    jump = simulate(5).assign(population=np.where(np.arange(96) < 40, 3e5, 3e6))
    quiet(jump, spec)
    rare = simulate(6, mean=0.6, n_pre=72)
    quiet(rare, spec)


def test_starts_at_the_edge_and_outside_are_refused(simulate):
    data = simulate(7)
    for start, words in (
        ("2011-01", "lies outside"),
        ("2021-01", "lies outside"),
        ("2012-02", "at least 24"),
        ("2019-12", "at least 6"),
    ):
        assert words in quiet(data, ItsSpec(start))
    data["twin"] = np.arange(96.0)
    assert "cannot be told apart" in quiet(data, ItsSpec(START, covariates=("twin",)))


def test_a_huge_month_is_named(simulate):
    data = simulate(8)
    data.loc["2016-03", "count"] = 5000
    answer = quiet(data)
    assert any("2016-03" in w for w in answer.effect.warnings)


def test_a_jump_of_the_population_is_named(simulate):
    data = simulate(9).assign(population=np.where(np.arange(96) < 40, 300_000.0, 3_000_000.0))
    warning = next(w for w in fit(data, ItsSpec(START)).effect.warnings if "population jumps" in w)
    assert "300,000 to 3,000,000 in 2015-05" in warning
    slow = simulate(9).assign(population=300_000 * 1.001 ** np.arange(96))
    assert not any("jumps" in w for w in fit(slow, ItsSpec(START)).effect.warnings)


def test_values_that_are_no_counts_meet_linear_families_only(simulate):
    rng = np.random.default_rng(3)
    months = pd.period_range("2012-01", periods=96, freq="M")
    share = 0.5 + 0.001 * np.arange(96) - 0.2 * (months >= START) + rng.normal(0, 0.02, 96)
    data = pd.DataFrame({"count": share}, index=months)
    answer = examine(data, ItsSpec(START, family="ols", days_in_month=False, gates=False), simulations=30)
    assert set(answer.sensitivity["variant"]).isdisjoint({"Poisson counts", "quasi-Poisson counts"})
    assert answer.effect.percent.contains(-100 * 0.2 * 24 / (0.5 * 24 + 0.001 * np.arange(72, 96).sum()))
    named = {c.name: c for c in answer.checks}
    assert named["The data's own break"].state.value == "passed"
    assert named["Pretended starts"].table["se"].max() < 0.05
    assert answer.placebo_rank[0] == 1


def test_quarters_go_through_the_whole_battery():
    rng = np.random.default_rng(4)
    quarters = pd.period_range("2005Q1", periods=60, freq="Q")
    data = pd.DataFrame({"count": rng.poisson(80, 60).astype(float)}, index=quarters)
    answer = quiet(data, ItsSpec("2015Q1", days_in_month=True, harmonics=1))
    assert answer.power.empty
    assert "quarter" in " ".join(answer.effect.choices)
