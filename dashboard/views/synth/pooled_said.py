"""Words for several treated places: headline, window, numbers, checks and notes."""

from __future__ import annotations

from analysis.data.vocabulary import MEASURES, PLACES
from analysis.evidence import CheckState
from analysis.synth.staggered import DRAWS
from dashboard import charts
from dashboard import words as w
from dashboard.components import Number
from dashboard.views.synth.checks import line
from dashboard.views.synth.pooled import Pooled
from dashboard.views.synth.wording import in_words

#: At this share of donors to months the weights are no longer pinned down by the data.
_AS_MANY = 1.0


def where(found: Pooled) -> str:
    """The treated places, as a sentence names them."""
    names = list(found.result.units)
    if len(names) <= 3:
        return w.join(names)
    kind = "areas" if found.areas else "places"
    return f"{w.small_number(len(names))} {kind}"


def headline(found: Pooled) -> str:
    """The pooled difference with its range."""
    change = found.result.percent_interval
    kind = "areas" if found.areas else "places"
    together = f"{where(found)} together" if len(found.result.units) > 1 else where(found)
    if not w.known(change.estimate):
        return f"There is no estimate: the comparison of {together} has no events after the starts."
    said = f"Your specification: {w.fewer(change.estimate)} in {together}"
    if not change.known:
        return f"{said}, but there are too few comparison {kind} to say how sure that is."
    verdict = (
        "The range includes “no difference”: we cannot tell yet."
        if change.contains(0)
        else "The range does not include “no difference”."
    )
    return f"{said}, {w.between(change)}. {verdict}"


def window(found: Pooled) -> str:
    """What was compared, from when."""
    begun = [f"{name} from {w.month(found.starts[name])}" for name in found.result.units]
    inside = f" inside {PLACES[found.place]}" if found.areas else ""
    first = found.case.panel.index[0]
    said = (
        f"{MEASURES[found.measure]} in {w.join(begun)}{inside}, each to {w.month(found.last)} at the latest "
        if found.horizon is None
        else f"{MEASURES[found.measure]} in {w.join(begun)}{inside}, {found.horizon} months each "
    )
    return f"{said}against a mix of its own; the mixes were chosen on the months from {w.month(first)} on."


def refusals(found: Pooled) -> list[str]:
    """Places that could not be answered, and why."""
    return [f"{name} is not in the answer: {in_words(why)}" for name, why in found.result.refused.items()]


def warning(count: int, months: int, *, areas: bool) -> str:
    """That the mix is not pinned down when there are as many comparison areas as months; else empty."""
    if count < _AS_MANY * months:
        return ""
    kind = "areas" if areas else "places"
    return (
        f"**{w.number(count)} comparison {kind} for {months} months before the start.** With so many, other "
        "mixes fit as well or the mix follows chance, and two correct programs can answer differently. Look "
        "at how far the ways to ask lie apart; a longer history or fewer comparison "
        f"{kind} help."
    )


def warnings(found: Pooled) -> list[str]:
    """The warning for the area with the most comparison areas a month; places have a check for it."""
    if not found.areas:
        return []
    worst = max(found.result.units.values(), key=lambda r: len(r.weights) / r.effect.pre_months)
    told = warning(len(worst.weights), worst.effect.pre_months, areas=True)
    return [told] if told else []


def numbers(found: Pooled) -> list[Number]:
    """Percent, events, chance, and how many places."""
    r = found.result
    change, events = r.percent_interval, r.events_interval
    level = f"{w.percent(100 * change.level)} range"
    state = charts.state_of(change.lower, change.upper) if change.known else "cannot_tell"
    said = [
        Number(
            "Difference, all together", w.percent(change.estimate, signed=True), state,
            f"{level}: {w.between(change)}" if change.known else "The range is not known.",
        ),
        Number(
            "Events, difference in all", w.number(events.estimate, signed=True), None,
            f"{level}: {w.number(events.lower, signed=True)} to {w.number(events.upper, signed=True)}"
            if events.known else "The range is not known.",
        ),
    ]  # fmt: skip
    if w.known(r.p_value):
        said.append(
            Number(
                "By chance alone as far", w.odds(r.p_value), None,
                "Of draws in which comparison places stood in for the treated ones.",
            )
        )  # fmt: skip
    said.append(
        Number(
            "Areas in the answer" if found.areas else "Places in the answer",
            f"{len(r.units)} of {len(found.starts)}", None, "Each with a comparison of its own.",
        )
    )  # fmt: skip
    return said


def limits(found: Pooled) -> str:
    """How the range was made, or why there is none."""
    r = found.result
    if not r.percent_interval.known:
        return in_words(r.sentence)
    kind = "areas" if found.areas else "places"
    return (
        f"The range comes from {w.number(DRAWS)} draws. In each, {kind} where nothing started stand in for "
        f"the {w.small_number(len(r.units))} treated ones, from the same months on. The p-value of "
        f"the mean difference, the share of draws that are as far from zero, is {w.number(r.p_value, 2)}; it "
        "agrees with the range of that mean."
    )


def check_lists(found: Pooled) -> list[tuple[str, list[str]]]:
    """Place by place, what failed and what cannot be told; failures first."""
    lists = []
    for name, r in found.result.units.items():
        lines = [
            f"{mark} {line(check, exact=True)}"
            for state, mark in ((CheckState.FAILED, "✗"), (CheckState.CANNOT_TELL, "?"))
            for check in r.checks
            if check.state is state
        ]
        lists.append((name, lines or ["✓ Every check passed."]))
    return lists


def checks_in_words(found: Pooled) -> str:
    """How many checks there were and how they came out."""
    states = [c.state for r in found.result.units.values() for c in r.checks]
    passed, failed = states.count(CheckState.PASSED), states.count(CheckState.FAILED)
    return (
        f"{w.plural(len(states), 'check')} over all: {passed} passed, {failed} failed, "
        f"{len(states) - passed - failed} cannot tell. Those that did not pass:"
    )


def mixes(found: Pooled) -> list[str]:
    """Who each comparison is mostly made of."""
    lines = []
    for name, r in found.result.units.items():
        top = r.weights.sort_values(ascending=False)
        shown = [f"{n} {w.percent(100 * v)}" for n, v in top.head(5).items() if v > 0.005]
        count = int((top.abs() > 5e-4).sum())
        lines.append(
            f"**{name}**, from {w.month(found.starts[name])}: {'; '.join(shown)}. In all "
            f"{w.number(count)} of {w.number(len(top))} on offer count."
        )
    return lines


def notes(found: Pooled) -> list[str]:
    """How it was made."""
    lines = [found.why, *found.case.notes]
    for name, r in found.result.units.items():
        lines += [f"{name}: {text}" for text in r.choices if text.startswith(("Fitted on", "Effect over"))]
    first = next(iter(found.result.units.values()))
    lines += [t for t in first.choices if t.startswith(("Counts were", "Fitted in", "Fitted on counts"))]
    lines.append(
        "Later starters serve as comparison places until they start."
        if found.pool == "not_yet"
        else "No treated place serves as a comparison place of another."
    )
    return [in_words(line) for line in dict.fromkeys(lines)]
