"""What stands around an estimate: every unit of the effect, refits, power, the specification table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import CheckState, RefusedError
from analysis.synth import (
    ALL_ESTIMATORS,
    Background,
    SynthSpec,
    checks,
    complete,
    export,
    fit,
    leading_estimator,
    range_in_words,
    script,
    specification_table,
)

SPEC = SynthSpec("here", "2024-01")
BOTH = ("placebo", "rolling_origin")


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def test_one_interval_in_every_unit(make):
    counts, people = make(40, change=-0.4, people=2e6)
    found = fit(counts, SPEC, people)
    table = found.effects.set_index("quantity")
    assert list(table.index) == ["monthly", "cumulative", "percent", "events", "events_per_month"]
    assert table.loc["monthly", "estimate"] == pytest.approx(found.att)
    assert table.loc["cumulative", "lower"] == pytest.approx(found.path["cumulative_lower"].iloc[-1])
    assert table.loc["events_per_month", "upper"] == pytest.approx(found.effect.events.upper / 12)
    below = table["upper"] < 0
    assert below.all() or not below.any()  # all hold zero or none does
    assert (table["level"] == 0.9).all()


@pytest.mark.parametrize("estimator", ["ridge", "lasso", "demeaned", "index"])
@pytest.mark.parametrize("yardstick", ["sized", "misfit"])
def test_band_and_p_value_agree(make, estimator, yardstick):
    for seed, change in ((41, 0.0), (42, -0.5)):
        counts, people = make(seed, change=change)
        spec = replace(SPEC, estimator=estimator, yardstick=yardstick)
        effect = fit(counts, spec, people).effect
        assert (effect.p_value <= 0.10 + 1e-12) == (not effect.events.contains(0))


def test_the_penalty_is_chosen_once(make):
    counts, people = make(43)
    for estimator in ("ridge", "lasso"):
        said = " ".join(fit(counts, replace(SPEC, estimator=estimator), people).choices)
        assert "Penalty chosen by cross-validation" in said


def test_the_lasso_says_when_nothing_goes_along(make):
    counts, people = make(44)
    t = np.arange(60.0)
    counts.loc[:, :] = (1000 - 10 * t)[:, None] + np.random.default_rng(0).normal(0, 1, counts.shape)
    counts["here"] = 10 * t + 50
    with pytest.raises(RefusedError, match="No donor moves with the unit"):
        fit(counts, replace(SPEC, estimator="lasso"), people)
    counts, people = make(44)
    with pytest.raises(RefusedError, match="5 folds and needs 5 periods"):
        fit(counts, replace(SPEC, start="2024-03", estimator="lasso", pre_start="2023-11"), people)


def test_the_level_widens_the_band_of_a_large_city(make):
    """Donors of a tenth of the size: their misfit is chance, that of the treated city is not."""
    narrow, wide = [], []
    for seed in range(12):
        counts, people = make(seed, rate=30, people=3e6)
        rng = np.random.default_rng(seed)
        drift = np.exp(np.cumsum(rng.normal(0, 0.03, counts.shape), axis=0))
        mixed = pd.DataFrame(rng.poisson(counts * drift), index=counts.index, columns=counts.columns)
        test = fit(mixed.astype(float), replace(SPEC, estimator="index"), people).placebo
        narrow.append(test.cumulative_half_width[-1])
        wide.append(test.sized.cumulative_half_width[-1])
    assert np.mean(wide) > np.mean(narrow)


def test_years_are_left_out_one_by_one(make):
    counts, people = make(45)
    found = fit(counts, SPEC, people)
    table = found.leave_window_out
    assert list(table["first"]) == ["2020-01", "2021-01", "2022-01", "2023-01"]
    again = fit(counts, replace(SPEC, leave_out=(("2021-01", "2021-12"),)), people)
    assert table.loc[1, "att"] == pytest.approx(again.att)
    assert check(found, "Steady without any one year").state in (CheckState.PASSED, CheckState.FAILED)


def test_a_year_that_decides_is_named():
    table = pd.DataFrame(
        {
            "first": ["2022-01", "2023-01"],
            "last": ["2022-12", "2023-12"],
            "att": [-1.1, 0.4],
            "change": [-0.1, 1.4],
        }
    )
    found = checks.steady_without_one_year(table, -1.0, half=12.0, periods=12)
    assert found.state == CheckState.FAILED
    assert "2023-01 to 2023-12" in found.sentence
    assert checks.steady_without_one_year(table, -1.0, half=18.0, periods=12).state == CheckState.PASSED
    nothing = checks.steady_without_one_year(table, -1.0, half=float("nan"), periods=12)
    assert nothing.state == CheckState.CANNOT_TELL


def test_the_conformal_interval_holds_what_the_test_keeps(make):
    counts, people = make(47, change=-0.5, people=3e6)
    found = fit(counts, SPEC, people)
    c = found.conformal
    assert c.p_value < 0.10
    assert c.interval.upper < 0
    assert c.interval.contains(found.att)
    none = fit(*make_pair(make, 48)).conformal
    assert none.p_value > 0.10
    assert none.interval.contains(0)


def make_pair(make, seed):
    counts, people = make(seed, people=3e6)
    return counts, SPEC, people


def test_more_months_show_smaller_falls(make):
    counts, people = make(49, donors=40, people=2e6)
    counts.loc[:, :] = np.random.default_rng(3).poisson(30, counts.shape)  # nothing but chance
    found = fit(counts, SPEC, people).months_needed
    assert list(found.table["months"]) == list(range(1, 31))
    short, long = (found.table["minimum_detectable_percent"].iloc[i] for i in (slice(0, 3), slice(-3, None)))
    assert long.mean() > short.mean()
    easy = fit(counts, replace(SPEC, goal_percent=-90.0), people).months_needed
    assert easy.months is not None
    assert f"after {easy.months} months" in easy.sentence
    hard = fit(counts, replace(SPEC, goal_percent=-1.0), people).months_needed
    assert hard.months is None
    assert "could not be found" in hard.sentence


def test_what_is_known_of_donors_is_checked(make):
    counts, people = make(50)
    plain = fit(counts, SPEC, people)
    assert check(plain, "Donors without the tactic").state == CheckState.CANNOT_TELL
    assert check(plain, "One way of counting").state == CheckState.CANNOT_TELL
    top = str(plain.weights.idxmax())
    known = Background(
        names={top: "Springfield"},
        same_tactic={top: "2022-06"},
        breaks=pd.DataFrame({"unit": [top], "period": ["2021-03"], "reason": ["a new system."]}),
        excluded=pd.DataFrame({"unit": ["far"], "reason": ["has 12 residents"]}),
    )
    found = fit(counts, SPEC, people, background=known)
    assert "Springfield since 2022-06" in check(found, "Donors without the tactic").sentence
    assert "Springfield counts differently from 2021-03" in check(found, "One way of counting").sentence
    assert found.excluded.to_dict("records") == [{"unit": "far", "reason": "has 12 residents"}]
    # A programme as old as the data is part of the baseline; a break outside the window does not matter.
    old = replace(known, same_tactic={top: "2012-01"}, breaks=known.breaks.assign(period="2019-01"))
    found = fit(counts, SPEC, people, background=old)
    assert check(found, "Donors without the tactic").state == CheckState.PASSED
    assert check(found, "One way of counting").state == CheckState.PASSED


def test_many_left_out_periods_are_told(make):
    counts, people = make(51)
    found = fit(counts, replace(SPEC, leave_out=(("2020-03", "2021-06"),)), people)
    assert check(found, "No period left out").state == CheckState.FAILED
    assert check(fit(counts, SPEC, people), "No period left out").state == CheckState.PASSED


def test_the_index_leads_outside_the_range(make):
    inside, outside = make(52), make(52, rate=30)
    assert leading_estimator(inside[0], SPEC, inside[1])[0] == "demeaned"
    name, why = leading_estimator(outside[0], SPEC, outside[1])
    assert name == "index"
    assert "outside the donors' range" in why


def test_every_specification_on_one_table(make):
    counts, people = make(53, change=-0.3, people=2e6)
    seen = []
    table = specification_table(
        counts,
        SPEC,
        people,
        donor_sets={"few": tuple(f"donor {i:02d}" for i in range(12))},
        windows=("2022-01",),
        first_periods=("dropped",),
        progress=lambda *step: seen.append(step),
    )
    assert len(table) == len(ALL_ESTIMATORS) + 6
    assert table["answered"].all()
    assert table["base"].sum() == table["leading"].sum() == 1
    assert table["percent"].is_monotonic_increasing
    base = table[table["base"]].iloc[0]
    assert base["att"] == pytest.approx(fit(counts, SPEC, people).att)
    few = table[(table["donor_set"] == "few") & (table["estimator"] == "demeaned")].iloc[0]
    assert few["donors"] == 13
    assert set(table["window"]) == {"2020-01", "2022-01"}
    assert seen[-1][:2] == (14, 14)
    words = range_in_words(table)
    assert words.startswith("14 specifications put the change between −")
    none = specification_table(
        counts, replace(SPEC, start="2031-01"), people, estimators=("did",), crossed=()
    )
    assert not none["answered"].any()
    assert "could be answered" in range_in_words(none)


def test_the_complete_answer(make):
    counts, people = make(54, rate=30)
    steps = []
    found = complete(
        counts,
        replace(SPEC, inference=BOTH),
        people,
        estimators=("did",),
        progress=lambda *s: steps.append(s[0]),
    )
    assert (found.leading.spec.estimator, found.beside.spec.estimator) == ("index", "demeaned")
    assert found.specifications["leading"].sum() == 1
    assert steps == sorted(steps)
    assert steps[-1] == 100


def test_the_script_repeats_the_run(make, tmp_path, monkeypatch, capsys):
    counts, people = make(55, change=-0.3)
    spec = replace(SPEC, estimator="index", inference=BOTH, exclude=("donor 03",), level=0.8)
    found = fit(counts, spec, people)
    for name, table in export(found, counts, people).items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(script(spec, note="Data of today.\nMade up."), names)
    assert names["spec"] == spec
    assert names["result"].att == pytest.approx(found.att)
    assert names["result"].effect.p_value == found.effect.p_value
    assert script(spec, note="Data of today.").startswith("# Data of today.\n")
    assert "p =" in capsys.readouterr().out
    left = pd.read_csv(tmp_path / "excluded.csv")
    assert left.to_dict("records") == [{"unit": "donor 03", "reason": "left out by choice"}]


def test_areas_are_compared_in_their_own_counts(make):
    """Blocks of a jurisdiction: more donors than months, and the result says what that means."""
    counts, _ = make(56, donors=70, pre=36, post=12)
    found = fit(counts, replace(SPEC, start="2023-01"))
    assert check(found, "Weights pinned down").state != CheckState.PASSED
    assert "70 donors for 36 periods" in check(found, "Weights pinned down").sentence
    assert found.path_in_events is None
