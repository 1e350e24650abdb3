"""What the workbench says: headline, numbers, checks and the reporting checklist, in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.data.vocabulary import MEASURES, PLACES
from analysis.evidence import Check, CheckState, Interval
from analysis.its import FAMILY_LABELS
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.components import Number
from dashboard.views.its.answer import Answer, Tried
from dashboard.views.its.covariates import TERMS as COVARIATE_TERMS
from dashboard.workbench import CHECK_WORDS

_MONTH: Final = re.compile(r"\b(\d{4})-(\d{2})\b(?:\s+to\s+(\d{4})-(\d{2})\b)?")
_P_VALUE: Final = re.compile(r": Ljung–Box[^\n]*?\)(?=\.)(?:, Breusch[^\n]*?\)(?=\.))?|\s*\(p [^)]*\)")
#: “None” reads like a value that is missing.
_NOBODY: Final = (
    (re.compile(r"\bNone (of|could)\b"), r"Not one \1"),
    (re.compile(r"\bNone\b"), "Nothing"),
    (re.compile(r"\bnan\b"), w.UNKNOWN),
)
#: A span from a value to itself.
_SPAN: Final = re.compile(r"estimates run from ([+−]?\d+ %) to \1(?!\d)")
_IT: Final = re.compile(r"\b(before|after) it(?= \(p )")
#: Names of the layouts of files.
_LAYOUT: Final = re.compile(r"\b(?:slmpd|rtci)_\w+\b")
#: Words of the method → words of the form.
_CODES: Final = {
    'covariance="model"': "standard errors “From the model”",
    '"hac"': "“Newey–West”",
    **{name: f"“{label}”" for name, label in FAMILY_LABELS.items()},
    **{name: label[:1].lower() + label[1:] for name, label in COVARIATE_TERMS.items()},
}
#: The term of another change: level2 is that of the first.
_OTHER: Final = re.compile(r"'?\b(level|slope)([2-9])\b'?")
_CHANGED: Final = {"level": "level", "slope": "trend"}


def readable(text: str, *, expert: bool = True) -> str:
    """A sentence of the method as a reader of the page needs it.

    Months are written out and identifiers become the words of the form; p-values are for experts.
    """
    for code, words in _CODES.items():
        text = re.sub(rf"(?<![\w“]){re.escape(code)}(?!\w)", words, text)
    text = _OTHER.sub(lambda found: f"“{term(found.group().strip(chr(39)))}”", text)
    text = _LAYOUT.sub(lambda found: data.publisher(found.group()), text).replace("−0 %", "0 %")
    text = _IT.sub(r"\1 the real start", text)
    if not expert:
        text = _P_VALUE.sub("", text)
    for pattern, words in _NOBODY:
        text = pattern.sub(words, text)
    text = _SPAN.sub(r"the estimate is \1", text)
    return _MONTH.sub(_months, text).replace(" %", w.PERCENT)


def _months(found: re.Match[str]) -> str:
    y, m, y2, m2 = found.groups()
    if not 1 <= int(m) <= 12 or (m2 is not None and not 1 <= int(m2) <= 12):
        return found.group()
    first = f"{y}-{m}"
    return w.month(first) if y2 is None else w.months(first, f"{y2}-{m2}")


# ---------------------------------------------------------------- the answer


def side(percent: float) -> str:
    """Such as "8 % below", "level with"."""
    size = w.percent(abs(percent))
    return "level with" if size == w.percent(0) else f"{size} {'below' if percent < 0 else 'above'}"


def beside(found: Answer) -> str:
    """What the series is held against: "comparison" or "projection"."""
    return "comparison" if found.result.effect.controlled else "projection"


def headline(found: Answer, *, expert: bool) -> str:
    """The first sentence: for researchers the specification's, for everybody else in plain words."""
    effect, place = found.result.effect, PLACES[found.place]
    if expert:
        said = headlines.specification(place, effect.percent, effect.minimum_detectable_percent)
        return _only_just(said, effect.percent)
    if not effect.percent.known:
        return "The data do not give an estimate."
    against = (
        "what comparison cities would lead us to expect"
        if effect.controlled
        else "what its own past, carried on, would give"
    )
    told = (
        w.cannot_tell(effect.minimum_detectable_percent)
        if effect.percent.contains(0)
        else "The range does not include “no difference”."
    )
    return _only_just(
        f"{MEASURES[found.measure]} in {w.place_in_sentence(place)} was {side(effect.percent.estimate)} "
        f"{against}, {w.between(effect.percent)}. {told}",
        effect.percent,
    )


def _only_just(said: str, percent: Interval) -> str:
    """An end of the range that rounds to “no change” without being it is said to be close."""
    if percent.known and not percent.contains(0.0) and "no change" in w.between(percent):
        return said.replace("does not include “no difference”", "only just leaves out “no difference”")
    return said


def not_yet(place: str, measure: str) -> str:
    """The first sentence before anything was asked."""
    where = w.place_in_sentence(PLACES[place])
    return f"Your specification: {MEASURES[measure].lower()} in {where}. Nothing has been fitted yet."


def window(found: Answer) -> str:
    """What was compared over which months, and what such a design can say."""
    path, spec = found.result.path, found.result.spec
    after = path.loc[path["cumulative"].notna(), "period"]
    first = (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(PLACES[found.place])}, "
        f"{w.months(after.iloc[0], after.iloc[-1])}, against the projection from "
        f"{w.months(path['period'].iloc[0], w.to_month(spec.start) - 1 - spec.washout)}."
    )
    if found.result.effect.controlled:
        cities = w.plural(len(found.members), "comparison city", "comparison cities")
        return f"{first} The change in {cities} is taken out."
    return (
        f"{first} This is a difference from a projection of its own past, not an effect of a tactic: "
        "anything else that changed at that time is in it too."
    )


def numbers(found: Answer, against: Tried | None = None) -> list[Number]:
    """Four numbers: difference, events, probability, and what could have been seen."""
    how = "in simulated series" if against is not None and against.able.checked else "by the model’s formula"
    e, what = found.result.effect, beside(found)
    level = f"{w.percent(100 * e.percent.level)} range"
    state = charts.state_of(e.percent.lower, e.percent.upper) if e.percent.known else "cannot_tell"
    return [
        Number(
            f"Average difference from the {what}", w.percent(e.percent.estimate, signed=True), state,
            f"{level}: {w.between(e.percent)}",
        ),
        _events(found, level, what),
        Number("Chance that it is fewer", w.sentence_case(w.chance(e.probability_of_reduction)), None,
               "By this model, if its assumptions hold."),
        Number("Smallest fall it could have seen", w.percent(abs(e.minimum_detectable_percent)), None,
               f"Found four times in five, {how}."),
    ]  # fmt: skip


def _events(found: Answer, level: str, what: str) -> Number:
    """Events averted only where the design and the probability have earned the word."""
    e, earned = found.result.effect.events, found.result.averted
    if earned is not None:
        return Number(
            "Events averted", w.number(earned.estimate), None,
            f"{level}: {w.number(earned.lower)} to {w.number(earned.upper)}",
        )  # fmt: skip
    return Number(
        f"Events, difference from the {what}", w.number(e.estimate, signed=True), None,
        f"{level}: {w.number(e.lower, signed=True)} to {w.number(e.upper, signed=True)}"
        if e.known else "The range is not known.",
    )  # fmt: skip


def power(found: Answer, against: Tried) -> str:
    """What could have been seen; it stands beside every result that is inconclusive."""
    able, after = against.able, w.plural(found.result.effect.post_months, "month")
    fall = w.percent(abs(able.smallest_percent))
    if able.checked:
        assert able.seen is not None
        words = (
            f"With {after} after the start, a fall of {fall} is found four times in five in simulated series "
            f"(the formula says {w.percent(abs(able.formula_percent))}; such a fall was found "
            f"{w.number(100 * able.seen)} times in 100)."
        )
    else:
        words = f"With {after} after the start, a fall of {fall} would be found four times in five."
    if able.table.empty:
        return words
    if able.months_needed is None:
        return f"{words} A fall of 20{w.PERCENT} could not be found reliably within ten years this way."
    return f"{words} A fall of 20{w.PERCENT} takes about {able.months_needed} months to see."


def inconclusive(found: Answer) -> bool:
    """Whether the range holds both fewer and more."""
    percent = found.result.effect.percent
    return not percent.known or percent.contains(0.0)


def caution(checks: Sequence[Check]) -> str:
    """What to say beside the headline once everything was tried."""
    failed = [f"“{c.name}”" for c in checks if c.state is CheckState.FAILED]
    if not failed:
        return f"No check failed ({w.plural(len(checks), 'was', 'were')} made)."
    count = w.sentence_case(w.plural(len(failed), "check", spelled=True))
    return f"**{count} of {len(checks)} failed** ({w.join(failed)}): read the number with care."


def checks_list(checks: Sequence[Check], *, expert: bool) -> str:
    """The checks as a list, failed ones first: state, name and why."""
    order = (CheckState.FAILED, CheckState.CANNOT_TELL, CheckState.PASSED)
    sorted_ = sorted(checks, key=lambda c: order.index(c.state))
    return "\n".join(
        f"- **{CHECK_WORDS[c.state]} · {c.name}.** {readable(c.sentence, expert=expert)}" for c in sorted_
    )


def told(found: Answer, against: Tried | None, *, expert: bool) -> str:
    """Every choice, warning and note as a list."""
    lines = (*found.result.choices, *found.result.effect.warnings, *found.notes)
    extra = [] if against is None else [_widened(against.examination.widened)]
    seen = dict.fromkeys(readable(t, expert=expert) for t in (*lines, *filter(None, extra)))
    return "\n".join(f"- {line}" for line in seen)


def _widened(interval: Interval) -> str:
    if not interval.known:
        return ""
    return (
        "Made so much wider that starts at which nothing started show nothing, the range is "
        f"{w.between(interval)}."
    )


TERMS: Final = {
    "intercept": "Intercept", "treated": "Distance from the comparison",
    "trend": "Trend, a month", "level": "Change of level",
    "slope": "Change of trend, a month", "after_end": "Change after the end",
}  # fmt: skip
_SEASON: Final = re.compile(r"(sin|cos)(\d)")


def term(name: str) -> str:
    """A term of the model in words."""
    if name.startswith("treated:"):
        return f"{term(name.removeprefix('treated:'))}, against the comparison"
    wave = _SEASON.fullmatch(name)
    if wave:
        part = "sine" if wave[1] == "sin" else "cosine"
        return f"Season, wave {wave[2]} a year, {part}"
    other = _OTHER.fullmatch(name)
    if other:
        which = ("Another", "Second other", "Third other")[min(int(other[2]) - 2, 2)]
        return f"{which} change: {_CHANGED[other[1]]}"
    return TERMS.get(name, COVARIATE_TERMS.get(name, name.replace("_", " ")))


def coefficients(found: Answer) -> pd.DataFrame:
    """The coefficients on the log scale, in few columns for a phone; the export has standard errors."""
    t = found.result.coefficients
    return pd.DataFrame(
        {
            "Term": [term(str(x)) for x in t["term"]],
            "Estimate (range)": [
                f"{w.number(m, 3)} ({w.number(lo, 3)} to {w.number(up, 3)})"
                for m, lo, up in zip(t["estimate"], t["lower"], t["upper"], strict=True)
            ],
            "p": ["< 0.001" if w.known(v) and v < 0.001 else w.number(v, 3) for v in t["p"]],
        }
    )
