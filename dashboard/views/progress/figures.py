"""The figures of the progress page, from standings to pictures with their tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.data.vocabulary import JURISDICTIONS, MEASURES
from analysis.progress.windows import left_out_words
from dashboard import charts
from dashboard import words as w
from dashboard.components import digest
from dashboard.data import GoalChoice
from dashboard.figures import Column, Figure
from dashboard.theme import STATUSES
from dashboard.views.progress import page as view
from dashboard.views.progress import paths
from dashboard.views.progress.page import Standing

COMPARED = (
    "Every month since the start is compared with the same calendar month of the baseline years, so that "
    "winter never stands against summer. A month that was not completely reported is left out on both "
    "sides."
)
BAND = (
    "The band is the range that chance alone leaves around a total (95 %), widened where months of the "
    "baseline scatter more than chance would."
)
OVERLAP = "Measures overlap: violent street crime holds most of the others, so changes do not add up."
PATH_COLUMNS = {
    "month": Column("12 months to", "month"), "actual": Column("Total", "count"),
    "lower": Column("From", "count"), "upper": Column("To", "count"),
    "target": Column("Path to the goal", "count"), "projected": Column("If the level continues", "count"),
    "projected_lower": Column("Continues, from", "count"),
    "projected_upper": Column("Continues, to", "count"),
}  # fmt: skip


def short_years(baseline: tuple[str, str]) -> str:
    """Such as "2022–24"; months where the years are not whole."""
    first, last = w.to_month(baseline[0]), w.to_month(baseline[1])
    if first.month != 1 or last.month != 12:
        return w.months(first, last)
    return str(first.year) if first.year == last.year else f"{first.year}–{last.year % 100:02d}"


def short_reading(choice: GoalChoice) -> str:
    """A reading in few enough words for a row on a phone."""
    what = "All three years" if choice.reading == "cumulative" else "Third year"
    first, last = (w.to_month(m) for m in choice.baseline)
    whole = first.month == 1 and last.month == 12
    against = short_years(choice.baseline) if whole else f"{first:%b %Y} to {last:%b %Y}"
    return f"{what}, from {w.to_month(choice.start):%b %Y}, against {against}"


def left_out(one: Standing) -> str:
    """Months that are not used and why, as sentences; empty when all are."""
    return " ".join(left_out_words(one.found.months_left_out)) if one.found is not None else ""


def goal_path(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure:
    """The running 12-month total against the path to the goal."""
    path, goal = paths.path_of(one), one.goal
    what, where = MEASURES[one.measure], w.place_in_sentence(one.name)
    totals = path.dropna(subset="actual")
    end = one.baseline_year * (1 - goal.reduction)
    if len(totals):
        now = totals.iloc[-1]
        off = 100 * (now["actual"] / one.baseline_year - 1)
        title = f"{what} in {where}: {w.number(now['actual'])} in the 12 months to {w.month(now['month'])}"
        sentence = (
            f"That is {w.fewer(off)} than in an average year of {w.years(*goal.baseline)} "
            f"({w.number(one.baseline_year)}). "
            + _goal_words(one, end)
        )  # fmt: skip
    else:
        title = f"{what} in {where}: no 12 months in a row are complete yet"
        sentence = "A running total needs 12 complete months in a row."
    return Figure(
        key="goal_path",
        title=title,
        sentence=sentence,
        chart=lambda look: charts.goal_path(
            path,
            start=goal.start,
            baseline=one.baseline_year,
            baseline_years=short_years(goal.baseline),
            look=look,
        ),
        table=path,
        columns=PATH_COLUMNS,
        source=source,
        alt=f"Line of 12-month totals of {what.lower()} in {where}, with its band, a dashed path down to "
        f"the goal "
        f"from {w.month(goal.start)} on, and a fan of what may come. {title}.",
        note=f"{COMPARED} {BAND} Each point adds up the 12 months that end there, so it answers slowly. "
        f"The dashed "
        f"path falls by the same share every month. The fan holds 95 % of what may come if the level since "
        f"{w.month(goal.start)} continues. {left_out(one)}".strip(),
        synthetic=synthetic,
        identity=digest(version, "goal_path", one.place, one.measure, goal, one.last),
    )


def _goal_words(one: Standing, end: float) -> str:
    if one.goal.reading == "cumulative":
        return "Read as all three years together, the goal looks at the sum of all months since the start."
    final = one.goal.period[-1]
    return f"The goal is {w.number(end)} in the 12 months to {w.month(final)}."


def places(standings: Mapping[str, Standing], *, source: str, synthetic: bool, version: str) -> Figure:
    """The three jurisdictions as small multiples, in the order of the vocabulary."""
    ordered = [standings[j] for j in JURISDICTIONS if j in standings]
    totals = {one.name: paths.path_of(one) for one in ordered}
    parts = [
        frame.assign(place=name)[["place", *frame.columns]] for name, frame in totals.items() if len(frame)
    ]  # fmt: skip
    table = (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame({"place": list(totals), "why": [one.why for one in ordered]})
    )
    said = [f"{one.name}: {place_words(one)}" for one in ordered]
    fell = [one.name for one in ordered if view.direction_of(one) == "fewer"]
    known = [one for one in ordered if one.found is not None]
    title = (
        f"Clearly fewer events in {w.join(fell)}"
        if fell
        else "No place shows a clear fall yet"
        if known
        else "No place has complete figures yet"
    )
    first = ordered[0]
    notes = " ".join(n for one in ordered if one.series is not None for n in one.series.notes)
    return Figure(
        key="places",
        title=title,
        sentence=". ".join(said) + ".",
        chart=lambda look: charts.small_multiples(
            totals,
            start=first.goal.start,
            baselines={one.name: one.baseline_year for one in ordered},
            look=look,
        ),
        table=table,
        columns={"place": Column("Place"), **PATH_COLUMNS} if parts else {},
        source=source,
        alt=f"12-month totals of {MEASURES[first.measure].lower()} with the path to the goal. "
        f"{'. '.join(said)}.",
        note="Each place has its own scale from zero: compare shapes, read sizes. The order is always the "
        f"same; it is no ranking. {COMPARED} {notes}".strip(),
        synthetic=synthetic,
        identity=digest(version, "places", first.measure, first.goal, *(one.last for one in ordered)),
    )


def place_words(one: Standing) -> str:
    """The finding of a place in a few words."""
    if one.found is None:
        return one.why.rstrip(".")[:1].lower() + one.why.rstrip(".")[1:]
    if one.status == "too_few":
        return f"{w.count(one.found.events)} events, too few to tell"
    word = STATUSES[one.status].word.lower()
    return f"{w.direction(one.change.estimate)} ({w.likely(one.change)}), {word}"


def measures(found: Mapping[str, Standing], *, source: str, synthetic: bool, version: str) -> Figure:
    """Every measure's change with its range."""
    table = view.split(list(found.values()))
    fell = [str(n).lower() for n in table.loc[table["status"] == "fewer", "name"]]
    rose = [str(n).lower() for n in table.loc[table["status"] == "more", "name"]]
    first = next(iter(found.values()))
    absent = [
        f"{MEASURES[one.measure]} cannot be compared: {one.why[:1].lower()}{one.why[1:]}"
        for one in found.values()
        if one.found is None
    ]
    if fell or rose:
        parts = [f"{w.join(names)} {word}" for names, word in ((fell, "fell"), (rose, "rose")) if names]
        title = w.sentence_case("; ".join(parts)) + f" in {w.place_in_sentence(first.name)}"
    else:
        title = f"No measure has clearly changed in {w.place_in_sentence(first.name)}"
    return Figure(
        key="measures",
        title=title,
        sentence=" ".join([OVERLAP, *absent]),
        chart=lambda look: charts.measure_split(table, goal_percent=-100 * first.goal.reduction, look=look),
        table=table.assign(state=[STATUSES[s].word for s in table["status"]]),
        columns={
            "name": Column("Measure"), "events": Column("Events", "count"),
            "expected": Column("At the baseline’s pace", "count"),
            "percent": Column("Change", "percent_change"),
            "lower": Column("From", "percent_change"), "upper": Column("To", "percent_change"),
            "state": Column("State"), "compared": Column("Looked at"),
        },
        source=source,
        alt=f"Percent change of each measure with its range. {title}.",
        note=f"{COMPARED} The bar is the 95 % range; a hollow mark means that we cannot tell fewer from "
        "more. "
        "Looking at many measures finds something by chance: the region's violent street crime was declared "
        "beforehand, all others are judged together, so that at most 1 in 10 of what they are said to "
        "show is "
        "false. With fewer than 30 events in the baseline no percentage is given.",
        synthetic=synthetic,
        identity=digest(version, "measures", first.place, first.goal, first.last, *found),
    )  # fmt: skip


def year_to_date(one: Standing, *, source: str, synthetic: bool, version: str) -> Figure:
    """The months of the newest year against the same months of the years before."""
    table, span = paths.year_to_date(one)
    title, sentence = "The year so far cannot be compared yet", one.why
    known = table.dropna(subset="count")
    months = span.rsplit(" ", 1)[0] if span else ""
    if len(known) and math.isfinite(table["count"].iloc[-1]):
        now, before = table.iloc[-1], known.iloc[:-1]
        title = f"{MEASURES[one.measure]}, {span}: {w.plural(now['count'], 'event')}"
        if len(before):
            last = before.iloc[-1]
            sentence = (
                f"There were {w.number(last['count'])} in the same months of {last['year']}, and "
                f"{w.number(before['count'].min())} to {w.number(before['count'].max())} in the years "
                f"shown."
            )
    return Figure(
        key="year_to_date",
        title=title,
        sentence=sentence,
        chart=lambda look: charts.year_to_date(table, through=months, look=look),
        table=table,
        columns={
            "year": Column("Year"), "count": Column("Events", "count"),
            "lower": Column("From", "count"), "upper": Column("To", "count"),
        },
        source=source,
        alt=f"One bar a year for {months or 'the same months'}, with its range. {title}. {sentence}",
        note=f"{BAND} Two bars whose ranges overlap widely may differ by chance alone. A year with a "
        f"missing month "
        "shows no bar.",
        synthetic=synthetic,
        identity=digest(version, "ytd", one.place, one.measure, one.goal, span, len(table)),
    )  # fmt: skip


def readings(
    choices: Sequence[GoalChoice],
    standings: Sequence[Standing],
    *,
    source: str,
    synthetic: bool,
    version: str,
) -> Figure:
    """What each reading of the goal makes of the same counts."""
    table = pd.DataFrame(
        {
            "name": [short_reading(c) for c in choices],
            "percent": [s.change.estimate for s in standings],
            "lower": [s.change.lower for s in standings],
            "upper": [s.change.upper for s in standings],
            "status": [s.status for s in standings],
            "needed": [s.needed for s in standings],
            "chance": [100 * s.found.probability if s.found is not None else math.nan for s in standings],
            "source": [c.source for c in choices],
        }
    )
    known = table["percent"].dropna()
    title = "No reading of the goal has enough events to compare"
    if len(known):
        low, high = w.percent(known.min(), signed=True), w.percent(known.max(), signed=True)
        title = (
            f"Every reading of the goal gives a change of {low}"
            if low == high
            else f"The reading of the goal moves the change between {low} and {high}"
        )
    one = standings[0]
    return Figure(
        key="readings",
        title=title,
        sentence="The counts are the same in every row. The start, the baseline, and what has to be lower "
        "differ, "
        "because the public statements of the goal do.",
        chart=lambda look: charts.measure_split(
            table, goal_percent=-100 * one.goal.reduction, look=look
        ),
        table=table.assign(state=[STATUSES[s].word for s in table["status"]]),
        columns={
            "name": Column("What has to be lower, from when, against what"),
            "percent": Column("Change", "percent_change"), "lower": Column("From", "percent_change"),
            "upper": Column("To", "percent_change"), "needed": Column("Path needs by now", "percent_change"),
            "chance": Column("Chance of reaching it", "percent"), "state": Column("State"),
            "source": Column("Who put it so"),
        },
        source=source,
        alt=f"Percent change with its range under each reading of the goal. {title}.",
        note=f"{COMPARED} A baseline of three years evens out good and bad years; one year alone rests on "
        f"fewer events "
        "and has a wider range.",
        synthetic=synthetic,
        identity=digest(version, "readings", one.place, one.measure, *(s.goal for s in standings), one.last),
    )  # fmt: skip
