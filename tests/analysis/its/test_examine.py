"""Everything that is tried against an answer, for one series and for many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import CheckState, RefusedError
from analysis.its import (
    PRESETS,
    ItsSpec,
    examine,
    examine_many,
    fit,
    fit_many,
    fit_with_power,
    headline,
    reporting_checklist,
    script,
)
from analysis.its.families import estimate_many
from analysis.its.placebo import rank, widening
from analysis.its.power import LENGTHS, months_needed, simulated_power
from analysis.its.result import answer_many
from analysis.its.sensitivity import KINDS

START = "2018-01"
FAMILIES = (
    ("latent_ar1", "model"), ("poisson", "model"), ("quasi_poisson", "hac"), ("negative_binomial", "model"),
    ("log_prais_winsten", "model"), ("ols", "hac"), ("gls_ar1", "model"),
)  # fmt: skip


def check(answer, name):
    return next(c for c in answer.checks if c.name == name)


def test_a_batch_gives_what_one_at_a_time_gives(simulate):
    questions = []
    for seed, (family, covariance) in enumerate(2 * FAMILIES):
        data = simulate(seed, mean=8 + seed, n_post=18 + seed, ratio=0.8, drift_sd=0.1 * (seed % 3))
        data.iloc[5 + seed] = np.nan
        control = simulate(50 + seed, mean=60, n_post=18 + seed) if seed % 2 else None
        spec = ItsSpec(START, family=family, covariance=covariance, phase_in=seed % 4, harmonics=1)
        questions.append((data, spec, control))
    for (data, spec, control), many in zip(questions, fit_many(questions), strict=True):
        if spec.family == "log_prais_winsten" and (data["count"] == 0).any():
            assert isinstance(many, RefusedError)
            continue
        one = fit(data, spec, control)
        numbers = [c for c in one.path.columns if c != "period"]
        np.testing.assert_allclose(many.path[numbers], one.path[numbers], rtol=1e-8, atol=1e-8)
        columns = ["estimate", "se", "lower", "upper", "p"]
        np.testing.assert_allclose(
            many.coefficients[columns], one.coefficients[columns], rtol=1e-8, atol=1e-9
        )
        assert many.effect.percent.lower == pytest.approx(one.effect.percent.lower, rel=1e-8)
        assert many.choices == one.choices
        assert [c.state for c in many.checks] == [c.state for c in one.checks]


def test_a_batch_of_batteries_gives_what_one_at_a_time_gives(simulate):
    questions = [
        (simulate(seed, mean=10 + 3 * seed, n_pre=48 + 5 * seed), ItsSpec(START, harmonics=None), None)
        for seed in range(6)
    ]
    for question, (_, many) in zip(questions, examine_many(questions), strict=True):
        one = examine(*question, simulations=0)
        numbers = ["percent", "lower", "upper", "p", "log_se"]
        np.testing.assert_allclose(many.sensitivity[numbers], one.sensitivity[numbers], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(many.placebo["z"], one.placebo["z"], rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(many.power["log_se"], one.power["log_se"], rtol=1e-8)
        assert [c.sentence for c in many.checks] == [c.sentence for c in one.checks]


def test_a_refusal_in_a_batch_stays_in_its_place(simulate):
    good, spec = simulate(1), ItsSpec(START)
    out = examine_many([(good, spec, None), (good * 0, spec, None), (good, ItsSpec("2031-01"), None)])
    assert isinstance(out[0], tuple)
    assert "not a single event" in str(out[1])
    assert "lies outside the data" in str(out[2])


def test_every_check_of_the_list_is_there(simulate):
    members = {f"c{i}": simulate(20 + i, mean=30) for i in range(4)}
    answer = examine(
        simulate(1, mean=30, ratio=0.6),
        ItsSpec(START),
        members,
        negative_controls={"burglary": simulate(9, mean=50)},
        simulations=40,
    )
    names = {c.name for c in answer.checks}
    assert names >= {
        *KINDS.values(),
        "Scatter of the counts",
        "Memory in the residuals",
        "No single month decides",
        "Pretended starts",
        "The real start among pretended ones",
        "Outcomes that should not move",
        "The data's own break",
    }
    assert all(c.sentence.endswith(".") for c in answer.checks)
    left = check(answer, "Without any one comparison").table
    assert {f"without c{i}" for i in range(4)} <= set(left["variant"])
    assert "a single series" in set(left["variant"])
    assert check(answer, "The data's own break").state is CheckState.PASSED
    assert check(answer, "The real start among pretended ones").state is CheckState.PASSED
    assert answer.placebo_rank[0] == 1
    assert answer.widened.lower <= answer.effect.percent.lower
    assert answer.widened.upper >= answer.effect.percent.upper


def test_variants_answer_as_a_fit_of_their_own_would(simulate):
    data, control = simulate(3, mean=20, ratio=0.8), simulate(4, mean=80)
    answer = examine(data, ItsSpec(START, phase_in=3), control, simulations=0)
    table = answer.sensitivity.set_index("variant")
    for name, spec, beside in (
        ("phase-in 0 months", ItsSpec(START), control),
        ("phase-in 6 months", ItsSpec(START, phase_in=6), control),
        ("start 3 months earlier", ItsSpec("2017-10", phase_in=3), control),
        ("without a trend", ItsSpec(START, phase_in=3, trend=False), control),
        ("without 2017-01 to 2017-12", ItsSpec(START, phase_in=3, leave_out=("2017-01:2017-12",)), control),
        ("a single series", ItsSpec(START, phase_in=3), None),
        ("quasi-Poisson counts", ItsSpec(START, phase_in=3, family="quasi_poisson"), control),
    ):
        own = fit(data, spec, beside).effect
        assert table.loc[name, "percent"] == pytest.approx(own.percent.estimate, rel=1e-7), name
        assert table.loc[name, "upper"] == pytest.approx(own.percent.upper, rel=1e-7), name
        assert table.loc[name, "events"] == pytest.approx(own.events.estimate, rel=1e-7), name


def test_families_that_disagree_are_flagged(simulate):
    found = [
        examine(
            simulate(seed, mean=60, drift_sd=0.25, drift_rho=0.85, ratio=0.75), ItsSpec(START), simulations=0
        )
        for seed in range(12)
    ]
    apart = [f for f in found if f.disagreement]
    assert apart
    assert all(check(f, "Other families").state is CheckState.FAILED for f in apart)
    assert "hangs on the family" in check(apart[0], "Other families").sentence
    steady = examine(simulate(1, mean=60, ratio=0.5), ItsSpec(START), simulations=0)
    assert not steady.disagreement


def test_an_outcome_that_moves_too_is_found(simulate):
    moved = simulate(5, mean=40, ratio=0.5)
    answer = examine(
        simulate(1, mean=30, ratio=0.6),
        ItsSpec(START),
        negative_controls={"burglary": moved, "suicide": simulate(6, mean=40)},
        simulations=0,
    )
    found = check(answer, "Outcomes that should not move")
    assert found.state is CheckState.FAILED
    assert "burglary" in found.sentence
    assert "suicide" not in found.sentence


def test_the_datas_own_break_is_found_where_it_is(simulate):
    data = simulate(2, mean=40)
    data.loc["2014-01":, "count"] = np.round(data.loc["2014-01":, "count"] * 0.5)
    found = check(examine(data, ItsSpec(START), simulations=30), "The data's own break")
    assert found.state is CheckState.FAILED
    assert "2014-0" in found.sentence or "2013-1" in found.sentence
    steady = check(examine(simulate(2, mean=40), ItsSpec(START), simulations=30), "The data's own break")
    assert steady.state is CheckState.CANNOT_TELL


def test_rank_and_widening_by_hand():
    table = pd.DataFrame({"z": [-3.0, 0.5, 1.0, -0.2, 2.0, 0.1, 0.3, 0.4, -0.6, 0.7]})
    assert rank(table, 2.5) == (2, 11)
    assert rank(table, -9.0) == (1, 11)
    assert widening(table, 0.95) == pytest.approx(3.0 / 1.959964, rel=1e-6)
    assert widening(table / 100, 0.95) == 1.0
    assert widening(None, 0.95) == 1.0


def test_pretended_starts_of_a_linear_family_are_told_as_shares_of_the_mean(simulate):
    data = simulate(13, mean=100)
    tables = {
        family: examine(data, ItsSpec(START, family=family, harmonics=1), simulations=0).placebo
        for family in ("ols", "quasi_poisson")
    }
    assert tables["ols"]["log_ratio"].abs().max() < 1
    apart = tables["ols"]["log_ratio"] - tables["quasi_poisson"]["log_ratio"]
    assert apart.abs().max() < 0.05
    assert (tables["ols"]["se"] / tables["quasi_poisson"]["se"]).between(0.7, 1.4).all()


def test_one_definition_of_what_could_have_been_seen(simulate):
    data, spec = simulate(3, mean=30), ItsSpec(START, harmonics=1)
    examined = examine(data, spec)
    able = examined.able
    # The formula promises too much; the simulated fall is larger, and found four times in five.
    assert able.checked
    assert 0.5 <= able.seen < 0.8
    assert able.smallest_percent < able.formula_percent < 0
    (answer,) = answer_many([(data, spec, None)])
    found = simulated_power(answer.job, answer.estimate, able.smallest_percent, simulations=200, seed=1)
    assert found == pytest.approx(0.8, abs=0.08)
    assert simulated_power(answer.job, answer.estimate, 0.0, simulations=200, seed=1) <= 0.10
    # The table of other lengths, the months and the effect itself say the same.
    now = examined.effect.post_months
    near = np.interp(now, able.table["months"], np.log1p(able.table["smallest_percent"] / 100))
    assert near == pytest.approx(np.log1p(able.smallest_percent / 100), abs=0.02)
    assert able.months_needed == months_needed(able.table)
    assert examined.effect.minimum_detectable_percent == able.smallest_percent
    assert f"{abs(able.smallest_percent):.0f} % or more" in examined.power_sentence
    # Without the rest of the examination it is the same to the last digit.
    result, alone = fit_with_power(data, spec)
    assert alone.smallest_percent == able.smallest_percent
    assert result.effect.minimum_detectable_percent == able.smallest_percent
    assert "checked by simulation" in result.choices[-1]
    # A linear family has no counts to simulate.
    result, alone = fit_with_power(data, replace(spec, family="ols"))
    assert not alone.checked
    assert alone.smallest_percent == alone.formula_percent
    assert "simulation" not in result.choices[-1]


def test_months_needed_fall_with_more_events(simulate):
    spec = ItsSpec(START, trend=False, harmonics=1)
    tables = [examine(simulate(4, mean=m), spec, simulations=0).power for m in (5, 25, 100)]
    for table in tables:
        assert list(table["months"]) == list(LENGTHS)
        assert (np.diff(table["log_se"]) <= 1e-9).all()
        assert table["power_20"].between(0, 1).all()
    needed = [months_needed(t) for t in tables]
    assert needed[0] is None
    assert needed[2] <= (needed[1] or 999)


def test_power_at_the_present_length_is_that_of_the_fit(simulate):
    answer = examine(simulate(5, n_post=24), ItsSpec(START), simulations=0)
    row = answer.power.set_index("months").loc[24]
    assert row["smallest_percent"] == pytest.approx(answer.effect.minimum_detectable_percent, rel=1e-6)
    assert "four of five" in answer.power_sentence


def test_checklist_and_script_come_from_the_run(simulate, tmp_path, monkeypatch, capsys):
    data, control = simulate(6, mean=30, ratio=0.7), simulate(7, mean=90)
    spec = ItsSpec(START, phase_in=3, harmonics=1)
    answer = examine(data, spec, control, simulations=20)
    table = reporting_checklist(answer)
    assert list(table.columns) == ["item", "answer"]
    assert len(table) >= 20
    assert table["answer"].str.len().min() > 3
    assert not table["answer"].str.contains("nan").any()
    assert table.set_index("item").loc["Effect", "answer"].startswith("−")
    for name, frame in (("series.csv", data), ("control.csv", control)):
        frame.rename_axis("month").to_csv(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    text = script(spec, control="control.csv")
    assert "phase_in=3" in text
    assert "family" not in text
    exec(compile(text, "script", "exec"), {})
    assert f"{answer.effect.percent.estimate:.6f}"[:8] in capsys.readouterr().out


def test_averted_is_earned(simulate):
    data = simulate(8, mean=40, ratio=0.5)
    alone, beside = fit(data, ItsSpec(START)), fit(data, ItsSpec(START), simulate(9, mean=80))
    assert alone.averted is None
    assert "averted" not in headline(alone)
    assert "its own past projects" in headline(alone)
    assert beside.averted.estimate > 0
    assert "averted" in headline(beside)
    unclear = fit(simulate(10), ItsSpec(START), simulate(11))
    assert unclear.averted is None
    assert "averted" not in headline(unclear)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.name)
def test_presets_run(simulate, preset):
    result = fit(simulate(12, ratio=0.6), preset.spec(START))
    assert result.effect.percent.contains(-40)


def test_estimates_of_an_empty_batch():
    assert fit_many([]) == []
    assert estimate_many([]) == []
    assert examine_many([]) == []
