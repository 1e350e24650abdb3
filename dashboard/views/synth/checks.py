"""The checks as lists in plain words, failures first."""

from __future__ import annotations

from typing import Final

from analysis.evidence import Check, CheckState
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.wording import in_words

#: Check → what it asks, and what it means when it failed, in plain words.
_PLAIN: Final[dict[str, tuple[str, str]]] = {
    "Fit before the start": (
        "Did the comparison move like the place before the start?",
        "It did not follow it closely enough, or so closely that it follows chance.",
    ),
    "Within the donors' range": (
        "Can the method match a place at this level?",
        "It lies outside the range of the comparison places for many months, so no mix of them matches it.",
    ),
    "No single donor decides": (
        "Is the comparison more than one place?",
        "More than half of it is one single place.",
    ),
    "Weights pinned down": (
        "Do the data settle which mix is best?",
        "Other mixes would have matched as well and might answer differently.",
    ),
    "Enough periods": (
        "Are there enough months before and after?",
        "There are too few months for a firm answer.",
    ),
    "No period left out": ("Is every month used?", "A good part of the months is missing."),
    "Enough events": ("Are there enough events to compare?", "Events are too rare for single months."),
    "Donors that move": (
        "Do all comparison places report figures that change?",
        "At least one never changes, which may be a placeholder.",
    ),
    "Donors without the tactic": (
        "Are comparison places free of the same tactic?",
        "At least one that counts is known to have run it too.",
    ),
    "One way of counting": (
        "Was everything counted in one way throughout?",
        "The way of counting changed inside the window.",
    ),
    "Comparison above zero": (
        "Is the comparison a possible number of events?",
        "It falls below zero, which no count can do.",
    ),
    "Steady without any one donor": (
        "Does the answer stay when any one place is left out?",
        "Leaving out one place changes the answer by more than its range.",
    ),
    "Steady without any one year": (
        "Does the answer stay when any one year is left out?",
        "Leaving out one year changes the answer by more than its range.",
    ),
    "Nothing found before the start": (
        "Does the method find nothing where nothing had started yet?",
        "With a pretended earlier start it finds a difference too: the comparison drifts.",
    ),
    "Could see the goal": (
        "Could a fall as large as the goal have been seen?",
        "A true fall of that size would often be missed.",
    ),
}
_UNTOLD: Final = "The data do not tell."
_ORDER: Final = {CheckState.FAILED: 0, CheckState.CANNOT_TELL: 1, CheckState.PASSED: 2}
_HEADS: Final = {
    CheckState.FAILED: "✗ What speaks against it",
    CheckState.CANNOT_TELL: "? What cannot be told",
    CheckState.PASSED: "✓ What holds",
}


def check_lists(found: Answer, *, exact: bool) -> list[tuple[str, list[str]]]:
    """The checks as lists under headings, failures first.

    ``exact``: with the method's own sentence; without, the plain meaning of a failure alone.
    """
    lists: dict[CheckState, list[str]] = {state: [] for state in _ORDER}
    for check in found.result.checks:
        lists[check.state].append(line(check, exact=exact))
    return [
        (f"{_HEADS[state]} ({len(lines)})", lines)
        for state, lines in sorted(lists.items(), key=lambda item: _ORDER[item[0]])
        if lines
    ]


def line(check: Check, *, exact: bool) -> str:
    """One check as a question with its answer."""
    question, meaning = _PLAIN.get(check.name, (check.name, ""))
    told = {
        CheckState.FAILED: "No." if exact else f"No. {meaning}".strip(),
        CheckState.CANNOT_TELL: _UNTOLD,
        CheckState.PASSED: "Yes.",
    }[check.state]
    more = f" {in_words(check.sentence)}" if exact or check.state is CheckState.CANNOT_TELL else ""
    if check.state is CheckState.CANNOT_TELL and not exact:
        told = ""
    return f"**{question}** {told}{more}".strip().replace("  ", " ")
