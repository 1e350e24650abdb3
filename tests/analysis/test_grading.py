"""Agreement and grade: every published rule, one at a time."""

from __future__ import annotations

import math

import pytest

from analysis.evidence import Agreement, Effect, Grade, Interval, events_from_ratio
from analysis.grading import FALSE_DISCOVERIES, GRADES, ORDER, RULES, Answer, grade, lead, voters


def effect(low: float, high: float, *, controlled: bool = True, mde: float = -15.0, pre: int = 36,
           post: int = 18, probability: float = 0.5) -> Effect:  # fmt: skip
    percent = Interval((low + high) / 2, low, high, 0.9)
    ratio = percent.map(lambda p: 1 + p / 100)
    return Effect(
        "m", ratio, percent, events_from_ratio(100, ratio), 0.01, probability, mde, pre, post, controlled
    )


CLEAR = Answer("its_controlled", effect(-25, -5))
SECOND = Answer("synth_index", effect(-22, -4))


def test_all_six_rules_make_it_strong() -> None:
    found = grade([CLEAR, SECOND], q_value=0.01)
    assert found.grade is Grade.STRONG
    assert found.verdict.agreement is Agreement.FEWER
    assert all(found.met.values())
    assert set(found.met) == set(RULES)


@pytest.mark.parametrize(
    ("answers", "q", "shared", "missing"),
    [
        ([CLEAR], 0.01, (), "second"),
        ([CLEAR, Answer("synth_index", effect(-22, 4))], 0.01, (), "second"),
        ([Answer("its_controlled", effect(-25, -5), ("Pretended starts",)), SECOND], 0.01, (), "checks"),
        ([Answer("its_controlled", effect(-25, -5, mde=-21)), SECOND], 0.01, (), "power"),
        ([Answer("its_controlled", effect(-25, -5, post=11)), SECOND], 0.01, (), "power"),
        ([CLEAR, SECOND], 0.01, ("Another tactic",), "alone"),
    ],
)
def test_one_rule_missing_keeps_it_from_strong(
    answers: list[Answer], q: float, shared: tuple[str, ...], missing: str
) -> None:
    found = grade(answers, q_value=q, shared_with=shared)
    assert found.grade is Grade.MODERATE
    assert [name for name, ok in found.met.items() if not ok] == [missing]
    assert found.sentence.startswith("What keeps it from strong")


def test_many_questions_take_a_clear_answer_back() -> None:
    found = grade([CLEAR, SECOND], q_value=FALSE_DISCOVERIES + 0.01)
    assert found.verdict.agreement is Agreement.CANNOT_TELL
    assert found.grade is Grade.WEAK or found.grade is Grade.CANNOT_TELL
    assert "among so many questions" in found.verdict.sentence


def test_an_unknown_q_value_is_never_clear() -> None:
    assert not grade([CLEAR, SECOND], q_value=math.nan).met["clear"]


def test_a_hint_is_weak_and_no_hint_cannot_tell() -> None:
    hint = Answer("wdd", effect(-30, 3, probability=0.93))
    none = Answer("wdd", effect(-30, 20, probability=0.7))
    assert grade([hint], q_value=0.4).grade is Grade.WEAK
    assert grade([none], q_value=0.4).grade is Grade.CANNOT_TELL


def test_own_past_alone_never_tells() -> None:
    found = grade([Answer("its", effect(-30, -10, controlled=False, probability=0.999))], q_value=0.001)
    assert found.grade is Grade.CANNOT_TELL
    assert found.verdict.agreement is Agreement.CANNOT_TELL


def test_contradiction_among_sound_designs_cannot_tell() -> None:
    found = grade([CLEAR, Answer("synth_index", effect(3, 20))], q_value=0.001)
    assert found.verdict.agreement is Agreement.DISAGREE
    assert found.grade is Grade.CANNOT_TELL


def test_a_design_that_fails_its_checks_has_no_vote() -> None:
    broken = Answer("synth_index", effect(3, 20), ("Fit", "Placebo in time"))
    found = grade([CLEAR, broken], q_value=0.001)
    assert found.verdict.agreement is Agreement.FEWER
    assert voters([CLEAR, broken], CLEAR) == [CLEAR]


def test_the_leading_method_does_not_depend_on_what_was_found() -> None:
    wide, narrow = Answer("its_controlled", effect(-40, 30)), Answer("synth_index", effect(-6, -5))
    assert lead([narrow, wide]) is wide
    failing = Answer("its_controlled", effect(-40, 30), ("a", "b"))
    assert lead([narrow, failing]) is narrow
    uncontrolled = Answer("its", effect(-2, -1, controlled=False))
    assert lead([uncontrolled, failing]) is failing
    assert lead([]) is None


def test_checks_about_power_count_under_power_alone() -> None:
    assert Answer("synth_index", effect(-9, -5), ("Could see the goal",)).failed == ()


def test_every_grade_and_method_has_words() -> None:
    assert set(GRADES) == set(Grade)
    assert set(ORDER) == {"its", "its_controlled", "synth_demeaned", "synth_index", "wdd"}
