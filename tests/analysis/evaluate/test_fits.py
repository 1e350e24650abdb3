"""Areas before and after: against the published statistic, and against simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.evaluate import LEVEL, Neighbourhood, area_difference
from analysis.evidence import CheckState, RefusedError

MONTHS = pd.period_range("2022-01", "2026-06", freq="M")
START, PHASE = "2025-01", 3


def world(
    rng: np.random.Generator, change: float, *, level: float = 25.0, ring: float = 0.0
) -> Neighbourhood:
    t = np.arange(len(MONTHS))
    trend = np.exp(-0.01 * t) * (1 + 0.2 * np.cos(2 * np.pi * t / 12))
    after = np.where(pd.Period(START, "M") <= MONTHS, 1 + change, 1.0)
    moved = np.where(pd.Period(START, "M") <= MONTHS, 1 + ring, 1.0)
    draw = [rng.poisson(m) for m in (level * trend * after, 0.6 * level * trend, 0.5 * level * trend * moved)]
    treated, compared, around = (pd.Series(d.astype(float), MONTHS) for d in draw)
    return Neighbourhood(treated, compared, around, ("the comparison area",))


def test_ranges_cover_and_estimates_are_unbiased() -> None:
    rng = np.random.default_rng(1)
    found = [area_difference(world(rng, -0.2), START, PHASE).effect for _ in range(80)]
    covered = np.mean([e.percent.contains(-20.0) for e in found])
    bias = np.mean([math.log(e.rate_ratio.estimate) for e in found]) - math.log(0.8)
    assert 0.82 <= covered <= 0.99
    assert abs(bias) < 0.03
    assert {e.percent.level for e in found} == {LEVEL}


def test_nil_is_seldom_called_a_change() -> None:
    rng = np.random.default_rng(2)
    found = [area_difference(world(rng, 0.0), START, PHASE).effect for _ in range(80)]
    assert np.mean([not e.percent.contains(0.0) for e in found]) <= 0.17


def test_the_numbers_follow_from_the_counts() -> None:
    months = pd.period_range("2022-01", "2025-12", freq="M")
    n = len(months)
    treated = pd.Series(np.where(pd.Period("2025-01", "M") <= months, 16.0, 20.0), months)
    compared = pd.Series(np.full(n, 10.0), months)
    found = area_difference(Neighbourhood(treated, compared, None, ("C",)), "2025-01", 0)
    assert found.effect.percent.estimate == pytest.approx(-20.0)
    assert found.effect.events.estimate == pytest.approx(12 * -4.0)
    assert (found.effect.pre_months, found.effect.post_months) == (36, 12)
    path = found.path.dropna(subset="cumulative")
    assert path["cumulative"].iloc[-1] == pytest.approx(-48.0)
    assert path["cumulative_lower"].iloc[-1] < -48 < path["cumulative_upper"].iloc[-1]
    # log ratio's standard error: that of four independent Poisson totals
    exact = math.sqrt(1 / 192 + 1 / 720 + 1 / 120 + 1 / 360)
    half = math.log(found.effect.rate_ratio.upper / found.effect.rate_ratio.estimate) / 1.6449
    assert half == pytest.approx(exact, rel=1e-3)


def test_what_moved_next_door_is_said() -> None:
    rng = np.random.default_rng(3)
    check = {c.name: c for c in area_difference(world(rng, -0.2, level=80, ring=0.5), START, PHASE).checks}
    assert check["Nothing moved next door"].state is CheckState.FAILED
    calm = {c.name: c for c in area_difference(world(rng, -0.2, level=80), START, PHASE).checks}
    assert calm["Nothing moved next door"].state is CheckState.PASSED


def test_too_little_is_refused_in_words() -> None:
    rng = np.random.default_rng(4)
    with pytest.raises(RefusedError, match="Too few incidents"):
        area_difference(world(rng, 0.0, level=0.4), START, PHASE)
    with pytest.raises(RefusedError, match="months after the phase-in"):
        area_difference(world(rng, 0.0), "2026-01", 3)
