"""Goals as versioned data, and what every alternative would change."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress.alternatives import (
    CHOICES,
    GoalVersion,
    alternatives,
    consequence_table,
    consequences,
    goal_versions,
)


@pytest.fixture
def city(monthly):
    """Homicides like the city's: 200, 158 and 150 in the baseline years, then 10 a month."""
    return monthly([200 / 12] * 12 + [158 / 12] * 12 + [150 / 12] * 12 + [10.0] * 21)


def test_the_issues_own_sentence(city, goal):
    found = {c.version.key: c for c in consequences(city, goal, alternatives(goal), "2026-09")}
    last = found["last-year"]
    assert (last.target, last.target_default) == pytest.approx((120.0, 135.4667), abs=1e-3)
    assert last.sentence.startswith(
        "With 2024 alone as the baseline the target is 120 instead of 135; the chance of reaching it is"
    )
    whole = found["other-reading"]
    assert whole.target == pytest.approx(0.8 * 508)
    assert "the target is 406 events in 36 months instead of 135 a year" in whole.sentence


def test_a_baseline_that_was_not_reported_is_said(city, goal):
    found = {c.version.key: c for c in consequences(city, goal, alternatives(goal), "2026-09")}
    assert found["before-2020"].found is None
    assert found["before-2020"].sentence.startswith(
        "With 2017–2019 as the baseline nothing can be said: Only 0"
    )
    table = consequence_table(tuple(found.values()))
    assert table["target"].isna().sum() == 1
    assert table["sentence"].str.endswith(".").all()
    assert not table["sentence"].str.contains("nan").any()


def test_each_alternative_changes_one_thing(goal):
    base = GoalVersion("default", goal)
    changed = {v.key: v.differs(base) for v in alternatives(goal)}
    assert changed == {
        "other-reading": ("reading",),
        "last-year": ("baseline",),
        "before-2020": ("baseline",),
        "start-2024-12": ("baseline", "start"),
        "start-2025-04": ("baseline", "start"),
    }
    # Of an alternative, the default is an alternative.
    other = dataclasses.replace(goal, reading="cumulative")
    assert goal in [v.goal for v in alternatives(other)]
    old = dataclasses.replace(goal, baseline=("2012-01", "2014-12"), start="2015-01")
    assert "before-2020" not in [v.key for v in alternatives(old)]


def test_a_goals_table_is_read_with_its_sources(root):
    table = pd.read_csv(root / "data_samples" / "goals.csv")
    versions = goal_versions(table)
    assert versions[0].default
    assert sum(v.default for v in versions) == 1
    assert len(versions) == len(table)
    for one in versions:
        assert set(one.sources) == set(CHOICES)
        assert all(len(s) > 20 for s in one.sources.values())
    own = table.assign(source_start=["Minutes of the board"] + [None] * (len(table) - 1))
    assert goal_versions(own)[0].sources["start"] == "Minutes of the board"
    assert goal_versions(own)[0].sources["measure"] == versions[0].source


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reduction": 1.2}, "Goal twenty-percent/1: A reduction lies between 0 and 1"),
        ({"baseline_end": "2022-06"}, "The baseline has 6 months. It needs at least 12"),
        ({"baseline_end": "2025-03"}, "The two windows overlap in January 2025 to March 2025"),
        ({"start": "soon"}, "“soon” is not a month"),
        ({"reading": "somehow"}, "not as “somehow”"),
    ],
)
def test_impossible_goals_are_named(root, change, says):
    table = pd.read_csv(root / "data_samples" / "goals.csv").head(1).assign(**change)
    with pytest.raises(RefusedError, match=says):
        goal_versions(table)


def test_two_defaults_are_refused(root):
    table = pd.read_csv(root / "data_samples" / "goals.csv").head(2).assign(default=True)
    with pytest.raises(RefusedError, match="Only one goal can be the default"):
        goal_versions(table)
