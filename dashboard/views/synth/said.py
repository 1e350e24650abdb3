"""Words of the page: headline, window, numbers, chance, checks, power."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.data.vocabulary import MEASURES
from analysis.evidence import CheckState
from analysis.synth import PlaceboTest
from analysis.synth.bands import references_needed
from dashboard import charts, headlines
from dashboard import words as w
from dashboard.components import Number
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.wording import in_words


def level_with(percent: float) -> str:
    """Such as "17 % below", "4 % above" or "level with"."""
    size = w.percent(abs(percent))
    return "level with" if size == w.percent(0) else f"{size} {'below' if percent < 0 else 'above'}"


def names(found: Answer) -> tuple[str, str]:
    """Place and measure, as figures name them."""
    return found.name, MEASURES[found.measure].lower()


def headline(found: Answer, *, expert: bool) -> str:
    """The first sentence: for researchers the specification's, for everybody else in plain words."""
    effect, where = found.result.effect, w.place_in_sentence(found.name)
    if not effect.percent.known and w.known(effect.percent.estimate):
        first = "Your specification: " if expert else "Against a mix of comparison places: "
        return f"{first}{w.fewer(effect.percent.estimate)} in {where}, but {_no_range(found)}."
    if expert:
        return headlines.specification(found.name, effect.percent, effect.minimum_detectable_percent)
    if not effect.percent.known:
        return "There is no estimate: the comparison has no events after the start."
    return (
        f"{MEASURES[found.measure]} in {where} was "
        f"{level_with(effect.percent.estimate)} a mix of comparison places, {w.between(effect.percent)}. "
        + (
            w.cannot_tell(effect.minimum_detectable_percent)
            if effect.percent.contains(0)
            else "The range does not include “no difference”."
        )
    )


def _no_range(found: Answer) -> str:
    """Why there is no range, to follow "but"."""
    placebo = found.result.placebo
    if placebo is None or placebo.n_placebos < references_needed(placebo.level):
        return "there are too few comparison places to say how sure that is"
    if not placebo.has_band:
        return (
            "the months before the start are so few for so many comparison places that they are met exactly, "
            "which says nothing of how sure that is"
        )
    return "the data are so uneven that its range has no upper end"


def window(found: Answer) -> str:
    """What was compared over which months, in words."""
    path, r = found.result.path, found.result
    after = path.loc[path["cumulative"].notna(), "period"]
    first = w.to_month(r.spec.start)
    last_before = first if r.spec.first_period == "before" else first - 1
    return (
        f"{MEASURES[found.measure]} in {w.place_in_sentence(found.name)}, "
        f"{w.months(after.iloc[0], after.iloc[-1])}, against {w.plural(len(r.weights), 'comparison place')}; "
        f"the mix was chosen on {w.months(path['period'].iloc[0], last_before)}."
    )


def numbers(found: Answer) -> list[Number]:
    """Four numbers: effect, events, rank, and what could have been seen."""
    effect, placebo = found.result.effect, found.result.placebo
    level = f"{w.percent(100 * effect.percent.level)} range"
    known = effect.percent.known
    state = charts.state_of(effect.percent.lower, effect.percent.upper) if known else "cannot_tell"
    said = [
        Number(
            "Difference from the comparison", w.percent(effect.percent.estimate, signed=True), state,
            f"{level}: {w.between(effect.percent)}" if known else "The range is not known.",
        ),
        Number(
            "Events, difference from the comparison", w.number(effect.events.estimate, signed=True), None,
            f"{level}: {w.number(effect.events.lower, signed=True)} to "
            f"{w.number(effect.events.upper, signed=True)}" if effect.events.known
            else "The range is not known.",
        ),
    ]  # fmt: skip
    if placebo is not None:
        said.append(
            Number(
                "Comparison places that moved as far",
                f"{as_far(found, placebo)} of {placebo.n_placebos}",
                None,
                "Few would be unusual; the range is made from them.",
            )
        )
    seen = w.known(effect.minimum_detectable_percent)
    said.append(
        Number(
            "Smallest fall it could have seen",
            w.percent(abs(effect.minimum_detectable_percent)) if seen else "No fall", None,
            "Found four times in five." if seen else "Not even a fall to zero would be found reliably.",
        )
    )  # fmt: skip
    return said


def scaled_totals(found: Answer, placebo: PlaceboTest) -> tuple[float, np.ndarray]:
    """Total differences since the start of the place and of its placebos, on the yardstick of the range."""
    sized = found.result.spec.yardstick == "sized"
    own, others = placebo.scaled(sized)
    table = placebo.table
    return float(table.loc[table["treated"], "cumulative"].iloc[0]) / own, others


def as_far(found: Answer, placebo: PlaceboTest) -> int:
    """How many placebos have a total difference, on the range's own yardstick, at least as large."""
    own, others = scaled_totals(found, placebo)
    return int((np.abs(others) >= abs(own)).sum())


def rank_sentence(found: Answer, *, p_values: bool) -> str:
    """Where the place stands among its placebos, or why that cannot be said."""
    placebo = found.result.placebo
    if placebo is None:
        return "No placebo test was asked for."
    said = (
        f"The same method was run on {w.plural(placebo.n_placebos, 'place')} where nothing started. "
        f"In {as_far(found, placebo)} of them the differences since the start add up to as much or more, "
        "each measured by how far the method misses places of its size and fit."
    )
    if not placebo.has_band:
        said += f" {in_words(placebo.sentence)}"
    if p_values:
        sized = found.result.spec.yardstick == "sized"
        exact = placebo.sized.p_cumulative if sized else placebo.p_cumulative
        said += (
            f" Exact placebo p-value of the total: {w.number(exact, 2)}; it agrees with the "
            f"range of other places. By the ratio of misfits after and before, which also counts swings in "
            f"both directions, the place ranks {placebo.rank} of {placebo.n_placebos + 1} "
            f"(p = {w.number(placebo.p_value, 2)})."
        )
        if found.result.conformal is not None:
            said += f" {in_words(found.result.conformal.sentence)}"
    return said


def span(found: Answer) -> str:
    """Where the specifications lie, in words."""
    done = found.others[found.others["answered"] & found.others["percent"].notna()]
    if done.empty:
        return "No other way to ask could be answered."
    low, middle, high = (float(done["percent"].quantile(q)) for q in (0.25, 0.5, 0.75))
    below, above = int((done["percent_upper"] < 0).sum()), int((done["percent_lower"] > 0).sum())
    sides = [
        f"{'all' if n == len(done) else w.small_number(n) if n else 'none'} lies wholly {side} zero"
        if n < 2 else f"{'all' if n == len(done) else w.small_number(n)} lie wholly {side} zero"
        for n, side in ((below, "below"), (above, "above"))
    ]  # fmt: skip
    return (
        f"The middle one says {w.fewer(middle)}; half of them lie between {w.fewer(low)} and "
        f"{w.fewer(high)}. Of their ranges, {w.join(sides)}."
    )


def power_sentence(found: Answer) -> str:
    """What could have been seen, and how long it takes to see the goal."""
    needed, effect = found.result.months_needed, found.result.effect
    seen, after = effect.minimum_detectable_percent, w.plural(effect.post_months, "month")
    said = (
        f"With {after} after the start, the smallest fall that would be found four times in five is "
        f"{w.percent(abs(seen))}."
        if w.known(seen)
        else f"With {after} after the start, not even a fall to zero would be found four times in five."
    )
    if needed is None:
        return said
    earlier = in_words(needed.sentence)
    return f"{said} Judged by the years before the start alone: {earlier[:1].lower()}{earlier[1:]}"


def caution(found: Answer) -> str:
    """What to say beside the headline when checks failed; empty when none did."""
    failed = sum(c.state is CheckState.FAILED for c in found.result.checks)
    if not failed:
        return ""
    count = w.sentence_case(w.plural(failed, "check", spelled=True))
    return f" **{count} failed** (see “What was checked”): read the number with care."


def effects(found: Answer) -> pd.DataFrame:
    """The effect in every unit, as people read it."""
    quantities = {
        "monthly": ("A month", 2), "cumulative": ("All months together", 1), "percent": ("Percent", 0),
        "events": ("Events in all", 0), "events_per_month": ("Events a month", 1),
    }  # fmt: skip
    rows = []
    for row in found.result.effects.to_dict("records"):
        label, digits = quantities[str(row["quantity"])]
        rows.append(
            {
                "Effect": label,
                "Estimate": w.number(row["estimate"], digits, signed=True),
                "From": w.number(row["lower"], digits, signed=True),
                "To": w.number(row["upper"], digits, signed=True),
                "Unit": in_words(str(row["unit"])),
            }
        )
    return pd.DataFrame(rows)


def notes(found: Answer) -> list[str]:
    """How it was made: every choice, and what to know before using the number."""
    lines = [found.why, *found.result.choices, *found.case.notes]
    failed = {c.sentence for c in found.result.checks}
    lines += [text for text in found.result.effect.warnings if text not in failed]
    return [in_words(line) for line in dict.fromkeys(lines)]
