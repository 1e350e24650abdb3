"""The methods in plain words: what each does, assumes and refuses, and where it comes from."""

from __future__ import annotations

from typing import Final

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
