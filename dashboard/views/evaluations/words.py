"""What is said of one question: its headline, its grade, its numbers."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.data.vocabulary import MEASURES
from analysis.evaluate import Results
from analysis.evidence import Agreement, Effect
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import Number
from dashboard.views.evaluations.cases import PROGRAMME, Case, Subject

#: A fall is called averted crime only on a comparison, when the methods together say “fewer”, and when it
#: is this probable.
EARNED: Final = 0.95


def headline(found: Case) -> str:
    """The best estimate and how far it can be believed."""
    e = found.effect
    what, where = found.subject.what, found.subject.where
    if found.verdict.agreement is Agreement.DISAGREE and e is not None:
        low, high = found.verdict.range_percent
        return (
            f"The methods disagree about {what} in {w.place_in_sentence(where)}: from {w.fewer(low)} to "
            f"{w.fewer(high)}. We cannot tell yet."
        )
    if e is None:
        return f"There is no estimate yet for {what} in {w.place_in_sentence(where)}. We cannot tell yet."
    return headlines.evaluation(
        what, where, e.percent, grade=e.grade, controlled=e.controlled,
        minimum_detectable_percent=e.minimum_detectable_percent,
    )  # fmt: skip


def explanation(found: Case) -> str:
    """Which measure and months, and why the verdict is what it is."""
    text = f"{MEASURES[found.measure]}, since {w.month(found.start)}"
    if found.phase_in:
        text += f" with a phase-in of {w.plural(found.phase_in, 'month')}"
    if not found.path.empty:
        after = found.path.loc[found.path["cumulative"].notna(), "period"]
        text += f", through {w.month(after.iloc[-1])}"
    return " ".join((f"{text}. {found.verdict.sentence}", *_at_the_same_time(found.subject)))


def graded(found: Case, everything: Results) -> str:
    """How far the answer can be believed and why, as Markdown; empty when nothing was judged."""
    judged = everything.verdict(
        str(found.rows["subject"].iloc[0]), str(found.rows["place"].iloc[0]), found.measure
    )
    if judged is None:
        return ""
    return f"**Grade: {judged['grade']}.** {judged['why_grade']}"


def _at_the_same_time(subject: Subject) -> list[str]:
    """Other tactics in the same place: none of the designs can tell them apart."""
    rows = data.hub().deployments()
    rows = rows[(rows["jurisdiction"] == subject.jurisdiction) & (rows["status"] != "planned")]
    others = rows.loc[rows["deployment_id"] != subject.key]
    if others.empty or subject.key.startswith(PROGRAMME):
        return []
    names = [f"{r['name']} (from {w.month(r['start'])})" for r in others.to_dict("records")]
    return [f"Also at work there, and not told apart from it here: {'; '.join(names)}."]


def state_of(e: Effect) -> str:
    """The word beside an interval. Without a comparison nothing can be told from a projection."""
    if not e.percent.known:
        return "no_data"
    return charts.state_of(e.percent.lower, e.percent.upper) if e.controlled else "cannot_tell"


def raw_change(path: pd.DataFrame) -> float:
    """Change of all events after the start against the same months of the three years before, in percent.

    NaN when a month after the start has no such month before it.
    """
    if path.empty:
        return float("nan")
    table = path.set_index(pd.PeriodIndex(path["period"], freq="M"))
    after = table.index[table["cumulative"].notna() & table["observed"].notna()]
    if len(after) == 0:
        return float("nan")
    before = table.loc[(table.index < after[0]) & (table.index >= after[0] - 36), "observed"].dropna()
    monthly = before.groupby(pd.PeriodIndex(before.index).month).mean()
    usual = monthly.reindex(pd.PeriodIndex(after).month).sum(skipna=False)
    return float(100 * (table.loc[after, "observed"].sum() / usual - 1)) if usual > 0 else float("nan")


def numbers(found: Case) -> list[Number]:
    """Effect, events, what could have been seen, and (apart) the raw change."""
    e = found.effect
    if e is None:
        return []
    earned = (
        e.controlled
        and found.verdict.agreement is Agreement.FEWER
        and w.known(e.probability_of_reduction)
        and e.probability_of_reduction >= EARNED
    )
    what = "comparison" if e.controlled else "projection"
    said = [
        Number(
            "Best estimate", w.percent(e.percent.estimate, signed=True),
            "cannot_tell" if found.verdict.agreement in (Agreement.DISAGREE, Agreement.CANNOT_TELL)
            else state_of(e),
            f"{w.percent(100 * e.percent.level)} range: {w.between(e.percent)}",
        ),
    ]  # fmt: skip
    if e.events.known:
        fewer = earned and e.events.estimate < 0
        label = "Events averted" if fewer else f"Events, difference from the {what}"
        value = w.number(-e.events.estimate) if fewer else w.number(e.events.estimate, signed=True)
        low, high = (-e.events.upper, -e.events.lower) if fewer else (e.events.lower, e.events.upper)
        said.append(
            Number(label, value, None,
                   f"Between {w.number(low, signed=not fewer)} and {w.number(high, signed=not fewer)}")
        )  # fmt: skip
    mde, wait = e.minimum_detectable_percent, e.wait.replace(" %", w.PERCENT)
    said.append(
        Number(
            "Smallest fall it could have seen", w.percent(abs(mde)) if w.known(mde) else "No fall", None,
            f"Found four times in five. {wait}".strip() if w.known(mde)
            else f"Not even a fall to zero is found reliably. {wait}".strip(),
        )
    )  # fmt: skip
    raw = raw_change(found.path)
    if w.known(raw):
        said.append(
            Number(
                "Raw change, not an effect", w.percent(raw, signed=True), None,
                "All events since the start against the same months of the three years before.",
            )
        )  # fmt: skip
    return said
