"""One question of the register: where, since when, on which measure, by which method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: Changes whenever the same data would give other answers; part of the name of stored results.
RECIPE: Final = 5

#: Coverage of every interval that stands in one forest. Ninety percent for all methods, because the
#: placebo test needs only nine comparison places for it, so that every method can reach the same
#: level; and because its lower end is then the line that "fewer, with 95 % probability" asks for.
LEVEL: Final = 0.90
LEVEL_WORDS: Final = (
    "Every range shown here holds 90 %: one level for all methods, so that they can be compared. Ninety "
    "and not 95, because a test against other places needs 9 of them for 90 % and 19 for 95 %."
)

METHODS: Final[dict[str, str]] = {
    "its": "Own past, projected (interrupted time series)",
    "its_controlled": "Own past beside a comparison (controlled interrupted time series)",
    "synth_demeaned": "Weighted comparison cities (demeaned synthetic control)",
    "synth_index": "Weighted comparison cities (index synthetic control)",
    "wdd": "Area against a comparison area, before and after (weighted displacement difference)",
}

#: Designs for a whole jurisdiction, and for an area inside one (far smaller than any city).
PLACE_METHODS: Final = ("its", "its_controlled", "synth_demeaned", "synth_index")
AREA_METHODS: Final = ("its", "its_controlled", "wdd")

#: ``subject`` of a question about everything together in a jurisdiction.
PROGRAMME: Final = "programme"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to evaluate: where, since when, on which measure, by which method."""

    question_id: str
    subject: str  # "programme" (everything together, in a jurisdiction) or a deployment_id
    tactic: str  # empty for the programme as a whole
    place: str  # jurisdiction id or area_id
    place_name: str
    measure: str
    start: str  # "YYYY-MM", first month that counts as after
    phase_in: int  # months
    method: str  # key of METHODS
    end: str = ""  # last month at work; empty while it goes on

    @property
    def case_id(self) -> str:
        """The same question whatever the method: its answers are weighed together."""
        return case_id(self.subject, self.place, self.measure)


def case_id(subject: str, place: str, measure: str) -> str:
    """Identifier of what several methods answer together."""
    return "·".join((subject, place, measure))


def make_question(
    subject: str, tactic: str, place: str, name: str, measure: str, start: str, phase_in: int, method: str,
    end: str = "",
) -> Question:  # fmt: skip
    """A question with its identifier."""
    made = "·".join((subject, place, measure, start, method))
    return Question(made, subject, tactic, place, name, measure, start, phase_in, method, end)
