"""How far an effect can be believed: published rules, and the sentence that says which were met.

Nothing here knows a method's inside. A method's answer comes as an :class:`Answer`: its effect, what
kind of design made it, and the checks it failed. The rules were fixed before any result; how often they
are right is measured in :mod:`analysis.calibration.programme`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.evidence import Agreement, Effect, Grade, Verdict, weigh

#: Which kind of design a method is: two answers of one kind are no second opinion.
KINDS: Final[dict[str, str]] = {
    "its": "own past",
    "its_controlled": "own past beside a comparison",
    "synth_demeaned": "weighted comparison",
    "synth_index": "weighted comparison",
    "wdd": "area beside area",
}
#: Order in which a method leads, fixed beforehand, never by what it found: by how well its 90 % range
#: covered the truth in :mod:`analysis.calibration.programme`. A method that failed more than one of its
#: checks steps behind the others.
ORDER: Final = ("wdd", "its_controlled", "synth_index", "synth_demeaned", "its")

#: Share of false ones that is accepted among the answers called clear (Benjamini, Hochberg 1995).
FALSE_DISCOVERIES: Final = 0.10
#: Largest smallest-detectable fall of a strong grade: the programme's goal.
STRONG_MDE: Final = 20.0
STRONG_PRE, STRONG_POST = 36, 12
MODERATE_POST: Final = 6
#: Checks that only repeat what the rule on power says; they count there.
ABOUT_POWER: Final = ("Could see the goal",)
#: Failed checks that still allow a moderate grade.
MODERATE_FAILED: Final = 1
#: Probability of the leading direction from which a change is at least a hint.
HINT: Final = 0.90

#: The rules in words, for the screen: what a strong grade asks for.
RULES: Final[dict[str, str]] = {
    "comparison": "It is measured against places without the tactic, not against its own past alone.",
    "clear": (
        "Its whole 90 % range lies on one side of zero, also after allowing for the number of questions "
        "that were asked (at most 1 in 10 of the clear answers is expected to be false)."
    ),
    "second": "A second kind of design comes to the same side, and none contradicts.",
    "checks": "The leading method failed none of its own checks.",
    "power": (
        "The design would have found a fall of 20 %, and rests on 36 months before and 12 months after."
    ),
    "alone": "No other tactic began in the same place from a year before the start on.",
}
GRADES: Final[dict[Grade, str]] = {
    Grade.STRONG: "All six rules are met.",
    Grade.MODERATE: (
        "There is a comparison and the answer is clear; no design contradicts; at most one check failed; at "
        "least 6 months after the start."
    ),
    Grade.WEAK: (
        "A comparison points one way with 90 % probability or more (or with its whole range), but the answer "
        "does not meet the rules for a moderate grade."
    ),
    Grade.CANNOT_TELL: (
        "No comparison was possible, the designs contradict each other, or fewer and more are both still "
        "likely. That is not “no effect”."
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One method's answer to a question: its key in ``KINDS``, its effect, and what it failed."""

    method: str
    effect: Effect
    failed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "failed", tuple(f for f in self.failed if f not in ABOUT_POWER))


@dataclass(frozen=True, slots=True)
class Graded:
    """Several answers to one question, weighed and graded.

    Attributes:
        verdict: agreement, the leading effect, the span of the estimates, and why.
        leading: method of the leading effect; empty when none could run.
        grade: how far it can be believed.
        met: rule → whether it is met.
        sentence: why this grade, in one or two plain sentences.
    """

    verdict: Verdict
    leading: str
    grade: Grade
    met: dict[str, bool]
    sentence: str


def lead(answers: Sequence[Answer]) -> Answer | None:
    """The answer that is quoted: by design and checks, never by the estimate.

    Among usable answers with a comparison (without one, among all): those that failed at most one check,
    then by ``ORDER``.
    """
    usable = [a for a in answers if a.effect.percent.known]
    pool = [a for a in usable if a.effect.controlled] or usable
    return min(pool, key=lambda a: (len(a.failed) > MODERATE_FAILED, ORDER.index(a.method)), default=None)


def voters(answers: Sequence[Answer], first: Answer) -> list[Answer]:
    """Who is heard on whether the methods agree.

    Methods with a comparison that failed at most one of their checks. A projection of a place's own past
    answers another question (it cannot tell the tactic from everything else), and a comparison that
    fails its checks is no witness: both stay in the picture and have no vote.
    """
    if not first.effect.controlled:
        return [first]
    return [
        a for a in answers
        if a is first
        or (a.effect.controlled and a.effect.percent.known and len(a.failed) <= MODERATE_FAILED)
    ]  # fmt: skip


def grade(answers: Sequence[Answer], *, q_value: float, shared_with: Sequence[str] = ()) -> Graded:
    """Weigh and grade all answers to one question.

    Args:
        answers: of the methods that could run.
        q_value: the leading answer's p-value after allowing for all questions of its family (NaN: none).
        shared_with: other tactics at work in the same place at the same time, as shown.
    """
    first = lead(answers)
    if first is None:
        why = "No method had enough data to run."
        return Graded(weigh([]), "", Grade.CANNOT_TELL, dict.fromkeys(RULES, False), why)
    effect = first.effect
    heard = voters(answers, first)
    verdict = weigh([a.effect for a in heard], leading=effect)
    side = _side(effect)
    others = [a for a in heard if KINDS[a.method] != KINDS[first.method]]
    clear = side != 0 and q_value <= FALSE_DISCOVERIES
    met = {
        "comparison": effect.controlled,
        "clear": clear,
        "second": side != 0 and any(_side(a.effect) == side for a in others)
        and verdict.agreement is not Agreement.DISAGREE,
        "checks": not first.failed,
        "power": -effect.minimum_detectable_percent <= STRONG_MDE
        and effect.pre_months >= STRONG_PRE and effect.post_months >= STRONG_POST,
        "alone": not shared_with,
    }  # fmt: skip
    verdict = _after_counting(verdict, clear=clear)
    word = _word(met, verdict, first)
    return Graded(verdict, first.method, word, met, _sentence(word, met, first, shared_with))


def _side(effect: Effect) -> int:
    """−1 when the whole range is fewer, 1 when it is more, 0 when it holds both."""
    return -1 if effect.percent.upper < 0 else 1 if effect.percent.lower > 0 else 0


def _after_counting(verdict: Verdict, *, clear: bool) -> Verdict:
    """A range beside zero that does not survive the number of questions asked cannot tell."""
    if clear or verdict.agreement not in (Agreement.FEWER, Agreement.MORE):
        return verdict
    return Verdict(
        Agreement.CANNOT_TELL, verdict.leading, verdict.range_percent,
        "On its own the likely range lies on one side, but among so many questions one such answer is "
        "expected by chance.",
    )  # fmt: skip


def _word(met: dict[str, bool], verdict: Verdict, first: Answer) -> Grade:
    if not met["comparison"] or verdict.agreement is Agreement.DISAGREE:
        return Grade.CANNOT_TELL
    if met["clear"]:
        if all(met.values()):
            return Grade.STRONG
        if len(first.failed) <= MODERATE_FAILED and first.effect.post_months >= MODERATE_POST:
            return Grade.MODERATE
        return Grade.WEAK
    probability = first.effect.probability_of_reduction
    told = probability == probability  # some methods have a test and no probability
    hint = max(probability, 1 - probability) >= HINT if told else _side(first.effect) != 0
    return Grade.WEAK if hint else Grade.CANNOT_TELL


_SHORT: Final = {
    "comparison": "there is no comparison",
    "clear": "the likely range, allowing for all questions asked, holds both fewer and more",
    "second": "no second kind of design shows the same",
    "checks": "the leading method failed a check of its own",
    "power": "the design is too small or the time too short to see a fall of 20 %",
    "alone": "other tactics began in the same place at about the same time",
}


_OPENING: Final = {
    Grade.MODERATE: "What keeps it from strong",
    Grade.WEAK: "What keeps it from moderate",
    Grade.CANNOT_TELL: "Why we cannot tell",
}


def _sentence(word: Grade, met: dict[str, bool], first: Answer, shared_with: Sequence[str]) -> str:
    if word is Grade.STRONG:
        return GRADES[word]
    lacking = [_SHORT[name] for name, ok in met.items() if not ok]
    text = f"{_OPENING[word]}: {'; '.join(lacking)}."
    if first.failed:
        text += f" Failed: {'; '.join(first.failed)}."
    if shared_with:
        text += f" At the same time: {'; '.join(shared_with)}."
    return text
