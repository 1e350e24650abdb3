"""The assessment: its arithmetic, its words, and what it does with bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress import GoalVerdict, assess
from analysis.progress.glide_path import COLUMNS


def test_one_year_against_three(flat, goal):
    """501 in 36 months, 118 in 12: the worked example, as an assessment of monthly counts."""
    counts = flat(501 / 36, 118 / 12, last="2025-12").round(9)
    p = assess(counts, goal, "2025-12")
    assert (p.events, p.baseline_events) == pytest.approx((118, 501))
    assert p.expected == pytest.approx(167)
    ratio = p.rate_ratio
    seen = (ratio.estimate, ratio.lower, ratio.upper)
    assert seen == pytest.approx((0.706587, 0.573195, 0.865131), abs=1e-6)
    assert p.percent_change.estimate == pytest.approx(-29.3413, abs=1e-4)
    assert p.share_of_goal.estimate == pytest.approx(146.7066, abs=1e-4)
    assert p.events_change.estimate == pytest.approx(118 - 167)
    # P(rate ratio ≤ 0.8) of the reference file; ≥ 0.8, so the level of the goal is reached.
    assert p.probability_at_target == pytest.approx(0.888599, abs=1e-6)
    assert p.verdict is GoalVerdict.REACHED
    # P(36-month total ≤ 400) of the reference file.
    assert p.probabilities["cumulative"] == pytest.approx(0.950933, abs=1e-6)
    assert p.dispersion == 1.0
    assert p.needed_by_now == pytest.approx(100 * (0.8 ** (1 / 3) - 1))
    assert p.monthly_pace_now == pytest.approx(118 / 12)
    assert p.monthly_pace_baseline == pytest.approx(501 / 36)


def test_the_seasonal_example(goal, reference):
    """January to May against the same months: 50 v 200, exact interval of the reference file."""
    import json

    case = json.loads((reference / "progress" / "expected.json").read_text())["seasonal_matched_ytd"]
    values = [v for year in case["baseline_monthly"].values() for v in year] + case["current"]
    counts = pd.Series(values, index=pd.period_range("2022-01", periods=41, freq="M"), dtype=float)
    p = assess(counts, goal, "2025-05")
    assert (p.events, p.baseline_events) == (50, 200)
    seen = (p.rate_ratio.estimate, p.rate_ratio.lower, p.rate_ratio.upper)
    assert seen == pytest.approx((0.75, *case["exact_ci"]), rel=1e-9)
    year = assess(counts, dataclasses.replace(goal, months=12), "2025-05")
    assert year.probability == pytest.approx(0.7204171922, abs=1e-9)


test_the_seasonal_example = pytest.mark.reference(test_the_seasonal_example)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (10, 7.0, GoalVerdict.REACHED),
        (100, 92.0, GoalVerdict.TOWARD),
        (10, 8.6, GoalVerdict.EARLY),  # 30 fewer of 210: chance alone does as much one time in eight
        (10, 10.0, GoalVerdict.EARLY),
        (10, 13.0, GoalVerdict.AWAY),
    ],
)
def test_verdicts(flat, goal, before, after, verdict):
    p = assess(flat(before, after), goal, "2026-09")
    assert p.verdict is verdict
    assert str(p.verdict) == verdict.value


def test_too_few_events(flat, goal):
    p = assess(flat(0.25, 0.0, last="2025-12"), goal, "2025-12")
    assert p.expected < 10
    assert p.verdict is GoalVerdict.FEW
    assert math.isnan(p.percent_change.estimate)
    assert math.isnan(p.share_of_goal.estimate)
    assert any("too few" in s for s in p.sentences)
    assert any("no percentage" in w for w in p.warnings)


def test_zero_against_zero_has_no_verdict_and_never_raises(flat, goal):
    p = assess(flat(0, 0), goal, "2026-09")
    assert p.verdict is GoalVerdict.FEW
    assert math.isnan(p.rate_ratio.estimate)
    assert "nothing to judge" in p.sentences[0]
    assert not any("nan" in s.lower() or "inf" in s.lower() for s in (*p.sentences, *p.warnings, *p.choices))


def test_zero_baseline_with_events_now(flat, goal):
    p = assess(flat(0, 3), goal, "2026-09")
    assert p.verdict is GoalVerdict.FEW
    assert p.rate_ratio.estimate == math.inf
    assert p.rate_ratio.lower > 0
    assert "the baseline has none" in p.sentences[0]
    assert not any("inf" in s for s in p.sentences)


def test_zero_now_is_doubted(flat, goal):
    p = assess(flat(10, 0), goal, "2026-09")
    assert p.rate_ratio.estimate == 0
    assert any("check whether the months were reported" in w for w in p.warnings)


def test_before_the_start(flat, goal):
    p = assess(flat(10, 8), goal, "2024-12")
    assert p.verdict is GoalVerdict.EARLY
    assert p.events == 0
    assert len(p.months_used) == 0
    assert math.isnan(p.probability)
    assert any("had not begun" in w for w in p.warnings)
    assert p.glide_path["actual"].isna().all()


def test_months_not_reported_yet_lie_ahead(flat, goal):
    counts = flat(10, 8, last="2026-06")
    p = assess(counts, goal, "2026-09")
    assert p.months_used[-1] == pd.Period("2026-06")
    assert any("Nothing is reported after June 2026" in w for w in p.warnings)
    assert p.glide_path.set_index("month").loc["2026-07", "projected"] > 0


def test_a_date_within_a_month_leaves_that_month_out(flat, goal):
    assert assess(flat(10, 8), goal, "2026-09-12").months_used[-1] == pd.Period("2026-08")


def test_a_goal_in_the_past_is_judged_by_its_last_year(flat, goal):
    counts = flat(10, 10, last="2028-06")
    counts["2027-01":"2027-12"] = 7.0
    p = assess(counts, goal, "2028-06")
    assert p.events == 84
    assert p.rate_ratio.estimate == pytest.approx(0.7)
    assert p.probability == 1.0
    assert p.probabilities["cumulative"] == 0.0
    assert math.isnan(p.monthly_pace_needed)
    assert any("last twelve months" in c for c in p.choices)
    whole = assess(counts, dataclasses.replace(goal, reading="cumulative"), "2028-06")
    assert whole.events == 84 + 240


def test_a_goal_out_of_reach_is_said(flat, goal):
    total = dataclasses.replace(goal, reading="cumulative")
    p = assess(flat(10, 20), total, "2026-09")
    assert p.probability < 1e-6
    assert p.monthly_pace_needed < 0
    assert any("no longer be reached" in s for s in p.sentences)


def test_what_it_would_take(flat, goal):
    p = assess(flat(10, 9), goal, "2026-09")
    # The third year has not begun: it may hold 8 a month.
    assert p.monthly_pace_needed == pytest.approx(8.0)
    assert "may hold 8.0 events each on average, against 9.0 since the start" in p.sentences[2]
    total = assess(flat(10, 9), dataclasses.replace(goal, reading="cumulative"), "2026-09")
    assert total.monthly_pace_needed == pytest.approx((0.8 * 360 - 21 * 9) / 15)


def test_missing_months_leave_the_ratio_alone(flat, goal):
    whole = assess(flat(12, 9), goal, "2026-09")
    counts = flat(12, 9)
    counts["2025-03"] = counts["2023-08"] = counts["2024-08"] = np.nan
    holed = assess(counts, goal, "2026-09")
    assert holed.rate_ratio.estimate == pytest.approx(whole.rate_ratio.estimate)
    assert holed.rate_ratio.upper - holed.rate_ratio.lower > whole.rate_ratio.upper - whole.rate_ratio.lower
    assert {p for p, _ in holed.months_left_out} == {
        pd.Period("2025-03"),
        pd.Period("2023-08"),
        pd.Period("2024-08"),
    }
    assert any("March 2025" in w for w in holed.warnings)
    path = holed.glide_path.set_index("month")
    assert math.isnan(path.loc["2025-03", "actual"])
    assert not path.loc["2025-03", "used"]


def test_dispersion_widens_the_interval(goal):
    rng = np.random.default_rng(5)
    index = pd.period_range("2022-01", "2026-09", freq="M")
    counts = pd.Series(rng.negative_binomial(20, 0.25, len(index)).astype(float), index=index)
    p = assess(counts, goal, "2026-09")
    assert p.dispersion > 2
    from analysis.progress.ratios import exact_interval

    plain = exact_interval(p.events, p.baseline_events, p.expected / p.baseline_events)
    assert p.rate_ratio.lower < plain.lower
    assert p.rate_ratio.upper > plain.upper
    assert any("widened" in c for c in p.choices)


def test_rates_when_there_is_a_population(flat, goal):
    counts = flat(12, 12)
    people = pd.Series({2022: 300_000.0, 2023: 300_000.0, 2024: 300_000.0, 2025: 240_000.0, 2026: 240_000.0})
    p = assess(counts, goal, "2026-09", population=people)
    assert p.rate_ratio.estimate == pytest.approx(1.25)
    assert p.rate_baseline == pytest.approx(48.0)
    assert p.rate_now == pytest.approx(60.0)
    by_month = pd.Series(np.where(counts.index.year < 2025, 300_000.0, 240_000.0), index=counts.index)
    assert assess(counts, goal, "2026-09", by_month).rate_ratio == p.rate_ratio
    yearly = pd.Series(people.to_numpy(), index=pd.PeriodIndex(people.index.astype(str), freq="Y"))
    assert assess(counts, goal, "2026-09", yearly).rate_ratio == p.rate_ratio


def test_a_population_missing_for_a_year_falls_back_to_counts_and_says_so(flat, goal):
    people = pd.Series({2022: 300_000.0, 2024: 300_000.0, 2025: 240_000.0})
    p = assess(flat(12, 12), goal, "2026-09", population=people)
    assert p.rate_ratio.estimate == pytest.approx(1.0)
    assert math.isnan(p.rate_now)
    assert any("population of 2023 is not known" in w for w in p.warnings)


def test_the_newest_population_stands_for_the_months_after(flat, goal):
    people = pd.Series(dict.fromkeys(range(2022, 2026), 250000.0))
    p = assess(flat(12, 9), goal, "2026-09", population=people)
    assert p.rate_now == pytest.approx(12 * 9 / 2.5)
    assert any("The population of 2025 stands for" in c for c in p.choices)


def test_falling_before_the_start_is_said(flat, goal):
    counts = flat(12, 9)
    counts["2022-01":"2022-12"] = 18.0
    p = assess(counts, goal, "2026-09")
    assert p.already_before_start == pytest.approx(100 * (12 / 14 - 1))
    assert any("already lay 14 % below" in w for w in p.warnings)


def test_the_glide_path(flat, goal):
    p = assess(flat(14, 11), goal, "2026-09")
    path = p.glide_path
    assert tuple(path.columns) == COLUMNS
    assert list(path["month"]) == list(goal.period)
    assert path["target"].to_numpy() == pytest.approx(14 * 0.8 ** (np.arange(1, 37) / 36))
    assert (path["lower"] <= path["target"]).all()
    assert (path["upper"] >= path["target"]).all()
    seen = path["month"] <= pd.Period("2026-09")
    assert path.loc[seen, "actual"].eq(11).all()
    assert path.loc[~seen, "actual"].isna().all()
    assert path.loc[seen, "projected"].isna().all()
    assert path.loc[~seen, "projected"].to_numpy() == pytest.approx(11, rel=0.01)
    assert path.loc[20, "actual_cumulative"] == 231
    assert path.loc[20, "baseline_cumulative"] == pytest.approx(294)
    assert p.path_events == pytest.approx(path.loc[20, "target_cumulative"])


def test_the_newest_year(flat, goal):
    counts = flat(10, 10)
    counts["2025-10":"2026-09"] = 6.0
    p = assess(counts, goal, "2026-09")
    assert p.latest_year.estimate == pytest.approx(0.6)
    assert math.isnan(assess(counts, goal, "2025-06").latest_year.estimate)


def test_alternatives_move_the_target(monthly, goal):
    """With the last year alone as the baseline the target is another one."""
    counts = monthly([200 / 12] * 12 + [158 / 12] * 12 + [150 / 12] * 12 + [10.0] * 21)
    three = assess(counts, goal, "2026-09")
    last = assess(counts, dataclasses.replace(goal, baseline=("2024-01", "2024-12")), "2026-09")
    assert 12 * three.monthly_pace_baseline * 0.8 == pytest.approx(135.47, abs=0.01)
    assert 12 * last.monthly_pace_baseline * 0.8 == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda s: s.where(s.index != pd.Period("2023-05"), -4.0), "May 2023 holds -4|May 2023 holds −4"),
        (lambda s: s.where(s.index != pd.Period("2023-05"), np.inf), "May 2023"),
        (lambda s: pd.concat([s, s.iloc[:1]]), "January 2022 is in the counts twice"),
        (lambda s: s.set_axis(s.index.to_timestamp()), "monthly PeriodIndex"),
        (lambda s: s[s.index >= pd.Period("2025-01")], "Only 0 of the baseline’s 36 months"),
        (lambda s: s[s.index >= pd.Period("2024-07")], "Only 6 of the baseline’s 36 months"),
        (lambda s: s * np.nan, "Only 0 of"),
        (lambda s: s.iloc[:0], "Only 0 of"),
        (lambda s: s.astype(object).where(s.index != pd.Period("2023-05"), "many"), "Counts are numbers"),
    ],
)
def test_bad_counts_are_refused_in_words(flat, goal, spoil, says):
    with pytest.raises(RefusedError, match=says):
        assess(spoil(flat(10, 8)), goal, "2026-09")


def test_unsorted_counts_and_callers_data(flat, goal):
    counts = flat(10, 8)
    shuffled = counts.sample(frac=1, random_state=3)
    before = shuffled.copy()
    assert assess(shuffled, goal, "2026-09").rate_ratio == assess(counts, goal, "2026-09").rate_ratio
    pd.testing.assert_series_equal(shuffled, before)


def test_a_series_that_starts_within_the_baseline(flat, goal):
    counts = flat(10, 8)
    p = assess(counts[counts.index >= pd.Period("2023-07")], goal, "2026-09")
    assert p.rate_ratio.estimate == pytest.approx(0.8)
    assert any("January 2022 to June 2023" in w for w in p.warnings)


def test_sentences_have_no_raw_numbers(flat, goal):
    for after in (0, 3, 8, 10, 15):
        p = assess(flat(10, after), goal, "2026-09")
        for sentence in (*p.sentences, *p.choices, *p.warnings):
            assert sentence.endswith(".")
            assert "nan" not in sentence.lower()
            assert "-" not in sentence.replace("Gamma-Poisson", "").replace("Over-dispersion", "").replace(
                "over-dispersion", ""
            ), sentence
