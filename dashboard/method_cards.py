"""The methods in plain words: what each does, assumes and refuses, and where it comes from."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.calibration import Study, load, names
from analysis.grading import GRADES, RULES
from dashboard import words as w

_GRADING: Final = (
    "**A strong grade asks for all of these:**\n\n"
    + "\n".join(f"- {rule}" for rule in RULES.values())
    + "\n\n"
    + "\n\n".join(f"**{w.sentence_case(grade.value)}.** {text}" for grade, text in GRADES.items())
)

#: Title → Markdown.
CARDS: Final[dict[str, str]] = {
    "Progress: is the goal being met?": (
        "**What it does.** Compares the months since the start with the same calendar months of the baseline "
        "years, as a ratio of rates. The range is exact for counts and widened when past years differed from "
        "each other by more than chance. The path to the goal falls by the same percentage every month.\n\n"
        "**What it assumes.** That the baseline says what would be normal, and that agencies count in the "
        "same way before and after.\n\n"
        "**When it refuses.** With too few events it says so instead of giving a percent; months that are "
        "missing or suspect are left out of both sides.\n\n"
        "**What it cannot say.** Why something changed. “Goal met?” is arithmetic on all events.\n\n"
        "**Sources.** Przyborowski and Wilenski 1940 (exact comparison of two counts); Breslow 1984 "
        "(over-dispersion)."
    ),
    "Interrupted time series: a break in a place’s own past?": (
        "**What it does.** Fits trend, season and days in the month to the time before a "
        "tactic began, carries "
        "them on, and compares what happened with what was to be expected.\n\n"
        "**What it assumes.** That the past would have carried on as before, and that "
        "nothing else changed at "
        "that moment. A comparison series weakens this assumption.\n\n"
        "**When it refuses.** With too few months before or after, with a known break in the way of counting "
        "inside the window, or with too few events.\n\n"
        "**What it cannot say.** Without a comparison it does not say what caused the difference.\n\n"
        "**Sources.** Bernal, Cummins and Gasparrini 2017; Newey and West 1987; Prais and Winsten 1954."
    ),
    "Synthetic control: what did comparison places do?": (
        "**What it does.** Mixes other cities and counties so that the mix follows the place closely before "
        "the start, then compares the two afterwards. The same is done for every "
        "comparison place, to see how "
        "often a difference so large turns up where nothing started.\n\n"
        "**What it assumes.** That the mix would have gone on like the place, and that no comparison place "
        "started something like it.\n\n"
        "**When it refuses.** When no mix follows the place well, or when there are too "
        "few comparison places "
        "with complete months. Agencies around St. Louis are never used: they share its "
        "conflicts and news.\n\n"
        "**What it cannot say.** A change that came to all places together, or one smaller than the "
        "differences among places where nothing started.\n\n"
        "**Sources.** Abadie, Diamond and Hainmueller 2010; Doudchenko and Imbens 2016; "
        "Ferman and Pinto 2021."
    ),
    "Evaluations: what several methods say together": (
        "**What it does.** Runs every method that the data allow for a declared question, gives each the "
        "same range (90 %), and says whether they agree. The grade follows fixed rules about design, fit, "
        "checks and the smallest change that could have been seen.\n\n" + _GRADING + "\n\n"
        "**What it assumes.** That the question was declared before its answer was known: a change of a "
        "declared evaluation is a new version, and the earlier one stays.\n\n"
        "**When it refuses.** When methods contradict each other, it says that they disagree and grades "
        "nothing. When the likely range holds both fewer and more, it says that we cannot tell yet.\n\n"
        "**What it cannot say.** Which part of a tactic worked, and for whom.\n\n"
        "**Sources.** Benjamini and Hochberg 1995 (many comparisons); Farrington et al. 2002 (grading of "
        "designs by what they can rule out)."
    ),
    "Hot spots: where, and is it real?": (
        "**What it does.** Counts incidents (not victims) in hexagons. Gi* asks whether a hexagon and its "
        "neighbours together hold more than chance would put there; the answer is corrected for the many "
        "hexagons that are tested.\n\n"
        "**What it assumes.** That locations are about right. Incidents without a location are left out, and "
        "their share is shown.\n\n"
        "**When it refuses.** Without locations, with too few hexagons, or when all have "
        "the same count. Counts "
        "below the threshold of the audience are hidden before any map is made; sexual offenses are never "
        "mapped.\n\n"
        "**What it cannot say.** How dangerous a place is for a person: how many people "
        "pass is not known.\n\n"
        "**Sources.** Ord and Getis 1995; Benjamini and Hochberg 1995; Bernasco and Steenbeek 2017; "
        "Wheeler and Ratcliffe 2018; Krishnamoorthy and Thomson 2004."
    ),
    "What is checked when files come in": (
        "Months that repeat earlier months; zeros where an offense was surely not reported; months far above "
        "the ones around them; Decembers that hold a year’s late reports; lasting changes of level; and "
        "changes in the way of counting that an agency announced, such as St. Louis Metropolitan Police’s "
        "step from summary counting to NIBRS in December 2020. Suspect months are marked and left out until "
        "somebody accepts them with a name and a reason."
    ),
}

#: Beginning of a study's name → title of the card it belongs to.
_CARD_OF: Final = {
    "progress": "Progress: is the goal being met?",
    "its": "Interrupted time series: a break in a place’s own past?",
    "synth": "Synthetic control: what did comparison places do?",
    "hotspots": "Hot spots: where, and is it real?",
    "programme": "Evaluations: what several methods say together",
}


def studies(title: str) -> list[Study]:
    """The stored calibration studies of a card, in order of their names."""
    return [load(name) for name in names() if _CARD_OF.get(name.split("_")[0]) == title]


def measured(study: Study) -> str:
    """What a study asked and found, and how to repeat it, as Markdown."""
    return (
        f"**Measured: {study.question}**\n\n{study.finding}\n\n"
        f"Data: {study.data}. Repeat it with `{study.command}` (seed {study.seed})."
    )


def table(study: Study) -> pd.DataFrame:
    """The study's rows with names of columns that a person can read."""
    return study.rows.rename(columns={c: c.replace("_", " ") for c in study.rows.columns})


def meanings(study: Study) -> str:
    """What each column of the table is, in one line each."""
    return "\n".join(f"- *{c.replace('_', ' ')}*: {m}" for c, m in study.columns.items())
