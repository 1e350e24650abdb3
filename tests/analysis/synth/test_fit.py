from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence import PATH_COLUMNS, CheckState
from analysis.synth import SynthSpec, fit, prepare, specifications
from analysis.synth.result import answer

SPEC = SynthSpec("here", "2024-01")
EVERY = ("simplex", "demeaned", "index", "sdid", "did", "ratio_did")
BOTH = ("placebo", "rolling_origin")


@pytest.mark.parametrize("estimator", EVERY)
def test_the_parts_agree_with_each_other(make, estimator):
    counts, people = make(1, change=-0.3)
    found = fit(counts, replace(SPEC, estimator=estimator, inference=BOTH), people)
    path, effect = found.path, found.effect
    assert tuple(path.columns) == PATH_COLUMNS
    after = path["cumulative"].notna()
    assert after.sum() == effect.post_months == 12
    assert found.att == pytest.approx(path.loc[after, "effect"].mean())
    assert found.weights.sum() == pytest.approx(1)
    rates = 1e5 * counts / people
    rebuilt = found.intercept + rates[found.loadings.index] @ found.loadings
    np.testing.assert_allclose(path["expected"], rebuilt, rtol=1e-9)
    events = found.path_in_events
    np.testing.assert_allclose(events["observed"], counts["here"])
    assert events["cumulative"].iloc[-1] == pytest.approx(effect.events.estimate)
    assert events["cumulative_upper"].iloc[-1] == pytest.approx(effect.events.upper)
    ratio = path.loc[after, "observed"].sum() / path.loc[after, "expected"].sum()
    assert effect.rate_ratio.estimate == pytest.approx(ratio)
    assert effect.percent.estimate == pytest.approx(100 * (ratio - 1))
    # Interval, events and p-value give one and the same verdict.
    excluded = effect.p_value <= 0.10 + 1e-12
    assert excluded == (not effect.rate_ratio.contains(1))
    assert excluded == (not effect.events.contains(0))
    half = max(found.placebo.sized.cumulative_half_width[-1], found.rolling.cumulative_half_width[-1])
    assert path["cumulative_upper"].iloc[-1] - path["cumulative"].iloc[-1] == pytest.approx(half)


@given(st.permutations(range(25)))
@settings(max_examples=4, deadline=None)
def test_order_of_donors_does_not_matter(make, order):
    counts, people = make(2, change=-0.2)
    mixed = counts[["here", *[counts.columns[1 + i] for i in order]]]
    one, two = fit(counts, SPEC, people), fit(mixed, SPEC, people)
    assert two.att == pytest.approx(one.att, rel=1e-7)
    assert (two.placebo.rank, two.placebo.p_value) == (one.placebo.rank, one.placebo.p_value)
    np.testing.assert_allclose(two.weights[one.weights.index], one.weights, atol=1e-7)


@pytest.mark.parametrize("estimator", ["demeaned", "did", "sdid"])
def test_demeaned_ignores_a_unit_s_level(make, estimator):
    counts, _ = make(3)
    lifted = counts + np.linspace(0, 500, counts.shape[1])
    one, two = (fit(x, replace(SPEC, estimator=estimator)) for x in (counts, lifted))
    np.testing.assert_allclose(two.weights, one.weights, atol=1e-7)
    assert two.att == pytest.approx(one.att, abs=1e-7)
    assert two.placebo.p_cumulative == one.placebo.p_cumulative


@pytest.mark.parametrize("estimator", ["index", "ratio_did"])
def test_index_ignores_a_unit_s_scale(make, estimator):
    counts, _ = make(4)
    scaled = counts * np.linspace(1, 30, counts.shape[1])
    one, two = (fit(x, replace(SPEC, estimator=estimator)) for x in (counts, scaled))
    np.testing.assert_allclose(two.weights, one.weights, atol=1e-7)
    assert two.effect.percent.estimate == pytest.approx(one.effect.percent.estimate)
    assert two.placebo.p_value == one.placebo.p_value


@pytest.mark.parametrize("estimator", EVERY)
def test_no_answer_depends_on_the_unit_of_measurement(make, estimator):
    counts, people = make(5, change=-0.25)
    spec = replace(SPEC, estimator=estimator, inference=BOTH)
    rates = counts / people  # per person: a hundred thousand times smaller
    one, two = fit(counts, spec, people), fit(rates, spec)
    assert two.effect.percent.estimate == pytest.approx(one.effect.percent.estimate, rel=1e-6)
    assert two.effect.percent.upper == pytest.approx(one.effect.percent.upper, rel=1e-5)
    assert two.effect.p_value == one.effect.p_value
    assert np.isnan(two.effect.events.estimate)
    assert any("Events are not known" in w for w in two.effect.warnings)


def test_a_known_fall_is_recovered(make):
    for estimator in ("demeaned", "index", "sdid", "did", "ratio_did"):
        found = [
            fit(*_swap(make(seed, change=-0.4, people=2e6), replace(SPEC, estimator=estimator, inference=())))
            for seed in range(6)
        ]
        assert np.mean([f.effect.percent.estimate for f in found]) == pytest.approx(-40, abs=6)


def _swap(data, spec):
    return data[0], spec, data[1]


def test_the_band_covers_nothing_as_often_as_it_promises(make):
    """Exchangeable units and no effect: 90 % of the intervals hold 0."""
    covered = {"demeaned": [], "index": []}
    for seed in range(70):
        counts, people = make(seed, donors=19, pre=36, post=6)
        for estimator, found in covered.items():
            spec = replace(SPEC, start="2023-01", estimator=estimator)
            effect = answer(prepare(counts, spec, people), spec, extras=False).effect
            found.append(effect.rate_ratio.contains(1))
    for estimator, found in covered.items():
        assert 0.80 <= np.mean(found) <= 0.98, estimator


def test_too_few_donors_give_words_and_no_band(make):
    counts, people = make(6, donors=8)
    found = fit(counts, SPEC, people)
    assert "9 are needed at 90 %" in found.placebo.sentence
    assert found.placebo.sentence in found.effect.warnings
    assert not found.placebo.has_band
    assert found.path[["lower", "upper", "cumulative_lower"]].isna().all(axis=None)
    assert np.isfinite(found.effect.percent.estimate)
    assert not found.effect.percent.known
    assert found.effect.grade == "cannot tell"
    counts, people = make(6, donors=9)
    assert fit(counts, SPEC, people).placebo.has_band
    assert not fit(counts, replace(SPEC, level=0.95), people).placebo.has_band


def test_an_exact_fit_gets_no_band(make):
    counts, _ = make(7, donors=80, pre=12, post=6)
    counts["here"] = counts[["donor 00", "donor 01"]].mean(axis=1)
    found = fit(counts, replace(SPEC, start="2021-01", estimator="simplex"))
    assert found.pre_rmspe == 0
    assert "exact" in found.placebo.sentence
    assert not found.placebo.has_band
    assert _state(found, "Weights pinned down") == CheckState.FAILED


def _state(found, name):
    return next(c.state for c in found.checks if c.name == name)


def test_the_hull_check_recommends_the_index(make):
    counts, people = make(8, rate=30)
    plain, index = fit(counts, SPEC, people), fit(counts, replace(SPEC, estimator="index"), people)
    assert _state(plain, "Within the donors' range") == CheckState.FAILED
    assert _state(index, "Within the donors' range") == CheckState.PASSED
    assert any("index estimator" in w for w in plain.effect.warnings)


def test_sparse_counts_short_windows_and_still_donors_are_told(make):
    counts, people = make(9, rate=0.3, post=3)
    counts["donor 00"] = 4.0
    found = fit(counts, SPEC, people)
    for name in ("Enough events", "Enough periods", "Donors that move"):
        assert _state(found, name) == CheckState.FAILED
    assert found.effect.grade == "weak"


def test_power_rises_with_the_size_of_the_fall_and_meets_the_detectable_one(make):
    counts, people = make(10, donors=60, people=1e6)
    found = fit(counts, SPEC, people)
    assert (np.diff(found.power["power"]) >= 0).all()  # −5, −10, … −60 %
    mde = found.effect.minimum_detectable_percent
    assert -60 < mde < 0
    enough = found.power.loc[found.power["power"] >= 0.80, "percent"]
    assert enough.max() <= mde < enough.max() + 5
    # With twenty times the people there is less noise, so less can be seen.
    assert fit(*_swap(make(10, donors=60, people=2e7), SPEC)).effect.minimum_detectable_percent > mde


def test_a_real_fall_is_found_about_as_often_as_the_power_says(make):
    told, seen = [], []
    for seed in range(25):
        counts, people = make(seed, donors=39, pre=36, post=12, change=-0.30)
        spec = replace(SPEC, start="2023-01")
        found = answer(prepare(counts, spec, people), spec, extras=False)
        told.append(found.power.set_index("percent").loc[-30, "power"])
        seen.append(found.effect.rate_ratio.upper < 1)
    assert np.mean(told) == pytest.approx(np.mean(seen), abs=0.25)


def test_left_out_months_count_nowhere(make):
    counts, people = make(11)
    wild = counts.copy()
    wild.loc["2021-03":"2021-05", "here"] = 5000
    spec = replace(SPEC, leave_out=(("2021-03", "2021-05"),))
    assert fit(wild, spec, people).att == pytest.approx(fit(counts, spec, people).att)
    assert "2021-03 to 2021-05" in " ".join(fit(wild, spec, people).choices)


def test_missing_months_of_the_treated_unit_can_be_left_out(make):
    counts, people = make(12)
    holes = counts.copy()
    holes.loc["2021-07", "here"] = np.nan
    holes.loc["2024-11":, "here"] = np.nan
    found = fit(holes, replace(SPEC, missing="leave_out"), people)
    same = fit(counts, replace(SPEC, leave_out=(("2021-07", "2021-07"),), end="2024-10"), people)
    assert found.att == pytest.approx(same.att)
    assert found.effect.post_months == 10
    told = " ".join(found.choices)
    assert "2021-07" in told
    assert "window ends" in told


@pytest.mark.parametrize(
    ("rule", "before", "after"), [("after", 48, 12), ("before", 49, 11), ("dropped", 48, 11)]
)
def test_the_first_month_counts_as_asked(make, rule, before, after):
    counts, people = make(13)
    effect = fit(counts, replace(SPEC, first_period=rule), people).effect
    assert (effect.pre_months, effect.post_months) == (before, after)


def test_units_left_out_are_listed_with_a_reason(make):
    counts, people = make(14)
    counts.loc["2022-05", "donor 03"] = np.nan
    counts.loc[:"2023-12", "donor 04"] = 0
    people = people.drop("donor 05")
    found = fit(counts, replace(SPEC, estimator="index", exclude=("donor 06",)), people)
    reasons = found.excluded.set_index("unit")["reason"].to_dict()
    assert reasons == {
        "donor 03": "no figure for 2022-05",
        "donor 04": "only zeros before the start, and the estimator divides by the mean",
        "donor 05": "no population figure",
        "donor 06": "left out by choice",
    }
    assert not set(reasons) & set(found.weights.index)


def test_a_population_may_change_over_time(make):
    counts, people = make(15)
    table = pd.DataFrame(np.tile(people, (60, 1)), index=counts.index, columns=counts.columns)
    assert fit(counts, SPEC, table).att == pytest.approx(fit(counts, SPEC, people).att)
    shrinking = table.mul(np.linspace(1.1, 0.9, 60), axis=0)
    found = fit(counts, SPEC, shrinking)
    assert (found.effect.p_value <= 0.1) == (not found.effect.events.contains(0))


def test_every_estimator_stands_on_one_chart(make):
    counts, people = make(16, change=-0.4, people=2e6)
    chart = specifications(counts, SPEC, people)
    assert list(chart["estimator"]) == ["demeaned", "index", "simplex", "sdid", "did", "ratio_did"]
    assert chart["answered"].all()
    assert chart.loc[0, "att"] == pytest.approx(fit(counts, SPEC, people).att)
    counts.loc[:"2023-12", "here"] -= 200  # a mean below zero cannot be an index
    chart = specifications(counts, SPEC).set_index("estimator")
    assert not chart.loc["index", "answered"]
    assert "positive mean" in chart.loc["index", "reason"]


def test_the_wider_of_two_bands_is_shown(make):
    counts, people = make(17)
    both = fit(counts, replace(SPEC, inference=BOTH), people)
    widths = []
    for one in BOTH:
        interval = fit(counts, replace(SPEC, inference=(one,)), people).effect.events
        widths.append(interval.upper - interval.lower)
    assert both.effect.events.upper - both.effect.events.lower == pytest.approx(max(widths))


def test_without_inference_there_is_an_estimate_alone(make):
    counts, people = make(18)
    found = fit(counts, replace(SPEC, inference=()), people)
    assert found.placebo is None
    assert found.rolling is None
    assert np.isfinite(found.att)
    assert np.isnan(found.effect.p_value)


def test_a_wider_band_detects_less(make):
    counts, people = make(10, donors=60, people=1e6)
    one = fit(counts, SPEC, people)
    both = fit(counts, replace(SPEC, inference=BOTH), people)
    wider = both.rolling.cumulative_half_width[-1] > one.placebo.cumulative_half_width[-1]
    more, less = both.effect.minimum_detectable_percent, one.effect.minimum_detectable_percent
    assert (more < less) if wider else (more == less)
    assert (both.power["power"] <= one.power["power"]).all()
