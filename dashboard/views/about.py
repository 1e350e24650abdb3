"""What the about page says. Facts are the sponsor's; where its statements differ, that is said."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.data.vocabulary import MEASURES
from dashboard import charts, data
from dashboard import words as w
from dashboard.data import GoalChoice
from dashboard.figures import Column, Figure

SOURCE: Final = "East-West Gateway Council of Governments, Save Lives Now! web page and board news"

INITIATIVE: Final = (
    "The region around St. Louis loses too many people to street violence. Save Lives Now! brings St. "
    "Louis City, "
    "St. Louis County and St. Clair County together in one effort across two states. It works with the "
    "few people and "
    "places most touched by violence: its sponsor puts the share of residents behind about three in ten "
    "violent crimes "
    "at 0.16 %, fewer than two in a thousand. (The sponsor’s page prints this as “%.16”; board news "
    "speaks of “the "
    "majority” of violent crime instead.)"
)
MESSAGES: Final = (
    "1. **The violence has to stop.** People are told in person, and clearly, what follows if it goes on, "
    "for "
    "themselves and for those who love them.\n"
    "2. **Help is here.** Whoever decides to stop is taken to services, support and treatment that make "
    "it possible.\n\n"
    "Neither works without the other, which is why the page Tactics counts how often both were delivered."
)
PEOPLE: Final = (
    "- **Advisory Council**: meets every quarter in public. Government, police, neighborhoods and other "
    "partners look at "
    "the figures and adjust the work. The mayor of St. Louis and the county executive chaired its first "
    "meeting "
    "together.\n"
    "- **Anti-Violence Hub** at East-West Gateway Council of Governments: collects the data, arranges "
    "training and "
    "technical help, and keeps partners informed.\n"
    "- **Implementation team**: leaders in law enforcement, support services and street outreach who do "
    "the work.\n"
    "- **Residents**: council meetings are open to everyone."
)
DIFFERENCES_INTRO: Final = (
    "The goal has been put in different words at different times. All of them can be meant, but they can "
    "give different "
    "answers. Every page says which one it uses, and the page Progress lets you switch."
)
LIMITS: Final = (
    "- **Why a number moved.** A fall since the start is not yet the work of a tactic. Evaluations "
    "compare with places "
    "that did not have it, and often the answer is that we cannot tell yet.\n"
    "- **What nobody reported to the police.** Counts are of reported crime. A change in reporting looks "
    "like a change "
    "in crime.\n"
    "- **Who did it.** No page has data on single people, and the public pages have no points on maps and "
    "no counts "
    "below five.\n"
    "- **Tomorrow.** The chance of reaching the goal assumes that the level since the start continues. It "
    "is no "
    "forecast of what will be done.\n"
    "- **Small places, short times.** With few events, chance moves figures a lot. Then the pages say "
    "“too few to "
    "tell”, and mean it.\n"
    "- **Last month’s truth for good.** Agencies correct their figures for months. Agencies also changed "
    "how they "
    "count: the city’s police moved to a new national system in December 2020, and the two series are "
    "never joined."
)
HELP: Final = (
    "- **In an emergency: call 911.**\n"
    "- **988 Suicide & Crisis Lifeline**: call or text 988, at any hour, free and in confidence, for "
    "yourself or for "
    "someone you worry about.\n"
    "- Hospitals and local victim services help people who were hurt and families who lost someone; 911 "
    "or 988 can "
    "tell you who is near."
)
ACCESSIBILITY: Final = (
    "This dashboard is built to meet WCAG 2.2, level AA. Every chart and map has a description, a table "
    "with its exact "
    "numbers and downloads. No meaning rests on colour alone: states have a word and a shape. It works "
    "with a keyboard "
    "and at a width of 320 pixels, in light and in dark. Known limit: maps cannot be moved with a "
    "keyboard; the table "
    "beside each map holds the same content. If something keeps you out, write to the contact at the foot "
    "of the page."
)

#: A measure as a number of things, for "20 % fewer …".
EVENTS: Final = {
    "violent_street_crime": "violent street crimes",
    "homicide": "homicides",
    "gun_violence": "acts of gun violence",
    "robbery": "robberies",
    "aggravated_assault": "aggravated assaults",
}

#: What the sponsor's page tells about how the initiative came about; used when a hub has no milestones.
HISTORY: Final = (
    ("2023-05-23", "One-day crime summit", "Leaders agree that street violence needs a regional answer."),
    ("2023-12-01", "Five-day practicum", "December 2023: agreement on a balance of three tactics."),
    ("2024-02-01", "Plan approved", "The board of East-West Gateway approves the plan (news of March 27)."),
    ("2024-05-23", "First Advisory Council meeting", "About 75 people attend, at a county library."),
    ("2024-06-01", "Capacity is built", "Spring to fall 2024: staff, technical help, funding."),
    ("2025-01-01", "Start of the goal period", "“Winter of 2024–2025”, read as January 2025."),
)  # fmt: skip


def history() -> pd.DataFrame:
    """date, title, text, source: the hub's milestones, or the sponsor's history when it has none."""
    stored = data.hub().milestones()
    if len(stored):
        return stored[["date", "title", "text", "status", "source"]].sort_values("date", ignore_index=True)
    return pd.DataFrame(HISTORY, columns=["date", "title", "text"]).assign(status="done", source=SOURCE)


def timeline() -> Figure:
    """What happened when."""
    rows = history()
    facts = data.facts()
    made_up = bool(rows["source"].fillna("").str.contains(w.SYNTHETIC).any())
    table = rows.assign(
        name=[str(t).removesuffix(" (synthetic)") for t in rows["title"]],
        start=rows["date"],
        end=rows["date"],
    )
    first, done = table.iloc[0], table[table["status"] == "done"].iloc[-1]
    return Figure(
        key="timeline",
        title=f"From a summit in {w.month(first['date'])} to work in the neighborhoods",
        sentence=f"Newest step done: {done['name']}, {w.month(done['date'])}.",
        chart=lambda look: charts.timeline(table[["name", "start", "end"]], look=look),
        table=rows,
        columns={
            "date": Column("Date", "date"), "title": Column("What"), "text": Column("In short"),
            "status": Column("State"), "source": Column("Source"),
        },
        source=SOURCE if not made_up else f"{SOURCE}; {w.SYNTHETIC.lower()} from November 2024 on",
        alt="A line of dated steps: "
        + "; ".join(f"{r['name']}, {w.month(r['date'])}" for r in table.to_dict("records")),
        note="Where the sponsor names a month without a day, the first of the month stands in the table. "
        "The sponsor’s "
        "page also speaks of training from fall 2023 and a launch in winter 2023–24, a year before its "
        "own start of the "
        "goal; its later pages say 2025.",
        synthetic=made_up,
        identity=f"{facts.version}-timeline",
    )  # fmt: skip


def goal_words(goal: GoalChoice) -> str:
    """The goal as this dashboard reads it."""
    what = (
        "all months of the period together lie"
        if goal.reading == "cumulative"
        else "the last twelve months of the period lie"
    )
    return (
        f"This dashboard reads it so: {MEASURES[goal.measure].lower()} in the three jurisdictions "
        f"together has reached the goal when "
        f"{what} {w.percent(100 * goal.reduction)} below an average year of {w.years(*goal.baseline)}. "
        f"The period starts "
        f"in {w.month(goal.start)} and has {goal.months} months. Violent street crime here is homicide, "
        f"robbery and "
        "aggravated assault, without assaults at home where an agency tells them apart."
    )


def differences() -> pd.DataFrame:
    """Question, what was said in public, and what is used here."""
    rows = [
        ("Which outcome?",
         "“Violent street crime” (web page); “homicides and gun violence” (board news, March 2024); "
         "“shootings and "
         "homicides” (October 2024); “homicides and serious shootings” (press, March 2025)",
         "Violent street crime; the other measures can be chosen on every page"),
        ("Since when?",
         "“Winter of 2024–2025” (web page); “early 2025” (October 2024); “winter of 2023–24” (the same "
         "page’s timeline); "
         "possibly April 2025 (press)",
         "January 2025; other starts can be chosen on the page Progress"),
        ("Against what?",
         "No statement names a baseline",
         "The average of 2022 to 2024, so that one unusual year does not decide; 2024 alone can be chosen"),
        ("What has to be 20 % lower?",
         "“By 20 % over three years”: the third year, or all three years together?",
         "The third year; the other reading can be chosen and is harder to reach"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["Question", "Said in public", "Used here"])
