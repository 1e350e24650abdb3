from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence import RefusedError
from analysis.synth import SynthSpec, fit_staggered

SPEC = SynthSpec("", "2024-01", inference=())


def test_units_with_their_own_starts(make):
    counts, people = make(30, donors=40)
    people.iloc[1] = people.iloc[2] = 3e6
    rates = np.array([3.0, 4.0])
    counts.iloc[:, 1:3] = np.random.default_rng(0).poisson(rates * 30, (60, 2))
    late = counts.copy()
    for unit, start in (("donor 00", "2023-01"), ("donor 01", "2024-01")):
        late.loc[start:, unit] = (late.loc[start:, unit] * 0.5).round()
    found = fit_staggered(late, {"donor 00": "2023-01", "donor 01": "2024-01"}, SPEC, people)
    assert found.refused == {}
    for unit, other in (("donor 00", "donor 01"), ("donor 01", "donor 00")):
        result = found.units[unit]
        assert other not in result.weights.index
        assert result.effect.percent.estimate == pytest.approx(-50, abs=12)
    curve = found.event_time.set_index("time")
    assert curve.loc[0, "units"] == curve.loc[11, "units"] == 2
    assert curve.loc[12, "units"] == 1  # only the early one is seen that long
    assert curve.loc[0:11, "gap"].mean() < curve.loc[-36:-1, "gap"].mean() - 1
    assert found.events == pytest.approx(sum(r.effect.events.estimate for r in found.units.values()))
    assert found.att_unit_time == pytest.approx(
        (24 * found.units["donor 00"].att + 12 * found.units["donor 01"].att) / 36
    )


def test_a_unit_that_starts_after_the_window_is_still_a_donor(make):
    counts, people = make(31)
    spec = SynthSpec("", "2023-01", inference=(), end="2023-12")
    found = fit_staggered(counts, {"donor 00": "2023-01", "donor 01": "2024-06"}, spec, people)
    assert "donor 01" in found.units["donor 00"].weights.index
    assert "ends in 2023-12" in found.refused["donor 01"]


@pytest.mark.parametrize(
    ("starts", "words"),
    [({}, "No treated unit"), ({"x": "2023-01"}, "'x'"), ({"here": "2031-01"}, "could be fitted")],
)
def test_refusals(make, starts, words):
    counts, people = make(32)
    with pytest.raises(RefusedError, match=words):
        fit_staggered(counts, starts, SPEC, people)


def test_pooled_limits_come_from_placebo_assignments(make):
    counts, people = make(33, donors=40)
    starts = {"donor 00": "2023-01", "donor 01": "2024-01"}
    spec = SynthSpec("", "2024-01")
    none = fit_staggered(counts, starts, spec, people)
    assert none.att_interval.contains(0)
    assert none.p_value > 0.10
    halved = counts.copy()
    for unit, start in starts.items():
        halved.loc[start:, unit] = (halved.loc[start:, unit] * 0.5).round()
    found = fit_staggered(halved, starts, spec, people)
    assert found.att_interval.upper < 0
    assert found.events_interval.upper < 0
    assert found.p_value <= 0.10
    assert found.events_interval.estimate == pytest.approx(found.events)
    curve = found.event_time.set_index("time")
    assert curve.loc[:-1, "lower"].isna().all()
    assert (curve.loc[0:11, "upper"] < 0).mean() > 0.7
    assert (curve.loc[0:11, "weighted_lower"] <= curve.loc[0:11, "gap_weighted"]).all()
    assert "999 placebo assignments of the 2 starts to 39 untreated donors" in found.sentence
    again = fit_staggered(halved, starts, spec, people)
    assert again.att_interval == found.att_interval


def test_percent_and_events_of_counts_without_residents(make):
    counts, _ = make(36, donors=20)
    starts = {"donor 00": "2023-01", "donor 01": "2023-07"}
    steps: list[float] = []
    spec = SynthSpec("", "2023-01", "index", counts=True)
    found = fit_staggered(counts, starts, spec, progress=lambda done, of, _: steps.append(done / of))
    assert steps == sorted(steps)
    assert steps[-1] > 0.5
    expected = sum(r.path.loc[r.path["cumulative"].notna(), "expected"].sum() for r in found.units.values())
    assert found.expected == pytest.approx(expected)
    assert found.percent_interval.estimate == pytest.approx(100 * found.events / expected)
    assert found.percent_interval.contains(0) == found.events_interval.contains(0)
    one = found.units["donor 00"]
    assert one.unit == "events a month"
    assert one.effect.events.estimate == pytest.approx(one.att * one.effect.post_months)
    check = next(c for c in one.checks if c.name == "Fit before the start")
    assert "times what chance alone would give" in check.sentence
    assert found.event_time["gap_weighted"].isna().all()
    plain = fit_staggered(counts, starts, SynthSpec("", "2023-01", inference=()))
    assert np.isnan(plain.events)
    assert not plain.percent_interval.known


def test_later_starters_are_donors_until_they_start(make):
    counts, people = make(34)
    starts = {"donor 00": "2023-01", "donor 01": "2024-06"}
    spec = SynthSpec("", "2023-01", inference=())
    not_yet = fit_staggered(counts, starts, spec, people, horizon=12)
    assert "donor 01" in not_yet.units["donor 00"].weights.index
    assert not_yet.units["donor 00"].effect.post_months == 12
    assert "donor 00" not in not_yet.units["donor 01"].weights.index
    never = fit_staggered(counts, starts, spec, people, horizon=12, pool="never")
    assert "donor 01" not in never.units["donor 00"].weights.index
    assert "Ask for the inference" in not_yet.sentence
    with pytest.raises(RefusedError, match="at least 1 period"):
        fit_staggered(counts, starts, spec, people, horizon=0)


def test_too_few_donors_give_no_pooled_limits(make):
    counts, people = make(35, donors=9)
    found = fit_staggered(
        counts, {"here": "2024-01", "donor 00": "2024-01"}, SynthSpec("", "2024-01"), people
    )
    assert "Not enough donors" in found.sentence
    assert not found.att_interval.known
