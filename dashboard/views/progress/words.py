"""The sentences and numbers of the progress page."""

from __future__ import annotations

from typing import Final

from analysis.data.vocabulary import MEASURES
from dashboard import headlines
from dashboard import words as w
from dashboard.components import Number
from dashboard.data import GoalChoice
from dashboard.views.progress import page as view
from dashboard.views.progress.figures import left_out
from dashboard.views.progress.page import Standing
from dashboard.views.progress.watch import still_coming

#: Percent by which the last baseline year must lie off the baseline to be said at the top.
NOTEWORTHY: Final = 5.0


def headline(one: Standing) -> str:
    """The computed first sentence."""
    found = one.found
    return headlines.progress(
        MEASURES[one.measure],
        one.name,
        one.goal.start,
        one.change,
        goal_percent=100 * one.goal.reduction,
        needed_percent=abs(one.needed),
        status=one.status,
        events=found.events if found is not None else None,
        baseline_events=found.expected if found is not None else None,
        until=one.goal.period[-1] if one.months_left else None,
    )


def windows(one: Standing) -> str:
    """What is compared with what, and which months are missing from it."""
    if one.found is None or one.last is None:
        return ""
    first = one.found.months_used.min()
    text = f"Compared: {w.window(first, one.last, one.goal.baseline)}. Counts are compared, not rates."
    gaps = left_out(one)
    text = f"{text} Months left out: {gaps}" if gaps else f"{text} No month is left out."
    text = f"{text} {still_coming(one)}".rstrip()
    before = one.found.already_before_start
    if w.known(before) and abs(before) >= NOTEWORTHY:
        side = "below" if before < 0 else "above"
        text += (
            f" The last year of the baseline itself already lay {w.percent(abs(before))} {side} the "
            "baseline’s average, before anything started."
        )
    return text


def coverage(one: Standing) -> str:
    """What a place's figure does not hold: agencies or whole jurisdictions that are missing from it."""
    if one.series is None:
        return ""
    return " ".join(n for n in one.series.notes if "The region here is" in n or "not all of" in n)


def numbers(one: Standing) -> list[Number]:
    """Change, what the path needs, the chance, and the months left."""
    found = one.found
    assert found is not None
    few = one.status == "too_few"
    change = Number(
        f"Change since {w.month(one.goal.start)}",
        "Too few to tell" if few else w.percent(one.change.estimate, signed=True),
        view.verdict_of(one),
        f"{w.number(found.events)} events; the baseline’s pace gives {w.number(found.expected)}."
        if few
        else f"{w.sentence_case(w.likely(one.change))}. {w.number(found.events)} events; "
        f"the baseline’s pace gives {w.number(found.expected)}.",
    )
    needed = Number(
        "The path needs by now",
        w.percent(one.needed, signed=True),
        one.status if one.status in ("on_course", "behind") else None,
        detail=f"On average over the same months; {w.percent(found.needed_by_now, signed=True)} in the "
        f"newest.",
    )
    chance = Number(
        "Chance if this level stays",
        "Too few to tell" if few else w.sentence_case(w.chance(found.probability)),
        detail=_chance_words(one),
    )
    end = one.goal.period[-1]
    left = Number(
        "Months left",
        w.number(one.months_left),
        detail=f"Of {one.goal.months}; the goal ends in {w.month(end)}. {pace(one)}".strip(),
    )
    return [change, needed, chance, left]


def pace(one: Standing) -> str:
    """What it would take from here: events a month that still reach the goal, beside those of now."""
    found = one.found
    if found is None or one.status == "too_few" or not w.known(found.monthly_pace_needed):
        return ""
    now = f"since the start there were {w.number(found.monthly_pace_now)}"
    if found.monthly_pace_needed < 0:
        return f"No number of events a month from here reaches it; {now}."
    return f"It takes {w.number(found.monthly_pace_needed)} events a month or fewer from here; {now}."


def _chance_words(one: Standing) -> str:
    """What the chance assumes, and why it may be small on a place that is on course."""
    assert one.found is not None
    text = "Of reaching the goal with as many events a month as since the start, by season."
    if one.status == "on_course" and one.found.probability < 0.5:
        return f"{text} The path goes on falling: the fall has to deepen."
    return text


def reading(choice: GoalChoice, own: bool) -> str:
    """What the chosen reading asks for, and who said so."""
    what = (
        "all months of the period together"
        if choice.reading == "cumulative"
        else "the last twelve months of the period"
    )
    text = (
        f"Here {what} have to lie {w.percent(100 * choice.reduction)} below the yearly average of "
        f"{w.years(*choice.baseline)}; the period starts in {w.month(choice.start)} and lasts "
        f"{choice.months} months. "
        f"Source: {choice.source}."
    )
    if own:
        return text
    return (
        f"{text} This hub stores no goal of its own, so the dashboard’s standard readings are offered; "
        "a file goals.csv brings your own (`sln import goals.csv --hub HUB`)."
    )


def method(one: Standing) -> str:
    """How the numbers are made, with what was chosen automatically and what to beware of."""
    lines = [
        "**Goal met?** is arithmetic on all events; **did a tactic do it?** is an evaluation with a "
        "comparison, "
        "on the page Evaluations. Nothing on this page says why a number moved.",
        "**Moving toward** (or **away**): fewer (or more) events than the baseline's pace with a probability "
        "of 98.5 % or more, so that a place where nothing changed is called either in at most 1 of 20 looks. "
        "**Target reached**: and as few as the goal asks for. **Too early to tell**: fewer and more are both "
        "still likely. **Too few events**: fewer than 10 are to be expected.",
        "**On course**: moving toward, and no more events than the path allows for the same months. "
        "**Behind the path**: moving toward, but with more events than that.",
    ]
    if one.found is not None:
        lines += [*one.found.choices, *one.found.assumptions, *one.found.warnings]
    if one.series is not None:
        lines += [f"What was added: {one.series.definition}", *one.series.notes]
    return "\n\n".join(f"- {line}" for line in lines)
