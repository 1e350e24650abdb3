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
