"""Places beside each other: jurisdictions add up to the region; an area against the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.evidence import Interval, RefusedError
from analysis.progress.dispersion import THRESHOLD, baseline_dispersion
from analysis.progress.glide_path import baseline_pace
from analysis.progress.goal import Goal
from analysis.progress.grid import BEFORE, Direction, Since, since_start
from analysis.progress.inputs import clean_counts
from analysis.progress.verdict import MIN_EXPECTED, SURE_OF_DIRECTION, change_words, number
from analysis.progress.windows import last_complete_month, month_words, span_words

_NONE: Final = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Whether jurisdictions add up to the region.

    Attributes:
        table: place, months, events, expected, change; the last row is the region.
        holds: whether the parts add up to it in every month that all of them have.
        apart: months where they do not: month, parts, region.
        sentence: the finding in words.
    """

    table: pd.DataFrame
    holds: bool
    apart: pd.DataFrame
    sentence: str


def reconcile(
    parts: Mapping[str, pd.Series[float]], region: pd.Series[float], goal: Goal, as_of: Any
) -> Reconciliation:
    """Add up the jurisdictions over the months that all of them and the region have.

    Args:
        parts: jurisdiction → counts; region: the region's own series.
        goal: its baseline and period say which months are added.
        as_of: last month that is over.

    Expected events are each place's own pace in the same months, so they add up as well.
    """
    if not parts:
        raise RefusedError("There is no jurisdiction to add up.")
    months = pd.PeriodIndex(goal.baseline_months.append(goal.period))
    table = pd.DataFrame({k: clean_counts(v).reindex(months) for k, v in parts.items()})
    whole = clean_counts(region).reindex(months)
    common = table.notna().all(axis=1) & whole.notna() & (months <= last_complete_month(as_of))
    total = table.sum(axis=1)
    off = common & ((total - whole).abs() > 1e-6)
    apart = pd.DataFrame({"month": months[off], "parts": total[off], "region": whole[off]}).reset_index(
        drop=True
    )
    rows = []
    now = goal.period[np.asarray(common[goal.period])]
    for name, counts in (*((k, table[k]) for k in parts), ("region", whole)):
        kept = counts.where(common)
        pace = baseline_pace(kept, goal.baseline_months, now, None)
        events, expected = float(kept.reindex(now).sum()), float(pace.sum())
        rows.append((name, len(now), events, expected, events - expected))
    found = pd.DataFrame(rows, columns=["place", "months", "events", "expected", "change"])
    sums, last = found.iloc[:-1][["events", "expected"]].sum(), found.iloc[-1]
    holds = apart.empty and bool(np.allclose(sums, last[["events", "expected"]].to_numpy(float), rtol=1e-9))
    if not len(now):
        words = "No month since the start is reported by every place, so nothing can be added up."
    elif holds:
        words = (
            f"The places add up to the region: {number(last['events'])} events in {span_words(now)}, against "
            f"{number(last['expected'])} at the baseline’s pace."
        )
    else:
        named = ", ".join(month_words(m) for m in apart["month"].head(3)) + (" …" if len(apart) > 3 else "")
        words = f"The places do not add up to the region in {named}: its series holds other agencies."
    return Reconciliation(found, holds, apart, words)


@dataclass(frozen=True, slots=True)
class AgainstRest:
    """An area with a tactic against the rest of its jurisdiction, since the same start.

    Attributes:
        area, rest: both since the start. ratio: ratio of their rate ratios.
        change: events in the area beyond what the rest's change gives; negative means fewer.
        p_value, verdict, sentence: as elsewhere.
    """

    area: Since
    rest: Since
    ratio: Interval
    change: Interval
    p_value: float
    verdict: Direction
    sentence: str


def against_rest(
    area: pd.Series[float],
    jurisdiction: pd.Series[float],
    start: Any,
    as_of: Any,
    *,
    before: int = BEFORE,
    level: float = 0.95,
) -> AgainstRest:
    """Compare the change in an area with the change in the rest of its jurisdiction.

    Args:
        area, jurisdiction: monthly counts of the same kind (both incidents); the area lies within.
        start, as_of, before, level: as for :func:`since_start`.

    The log of the ratio of ratios has variance ``phi_a (1/x1 + 1/x0) + phi_r (1/y1 + 1/y0)``, each
    dispersion its own and at least 1; half an event is added to all four counts when one is zero.

    Raises:
        RefusedError: a month of the area holds more than its jurisdiction's, or :func:`since_start`
            refuses one of the two.
    """
    small, large = clean_counts(area), clean_counts(jurisdiction)
    months = small.index.union(large.index)
    both = small.reindex(months).notna() & large.reindex(months).notna()
    small, large = small.reindex(months).where(both), large.reindex(months).where(both)
    if (small > large).any():
        wrong = small.index[(small > large).to_numpy()][0]
        raise RefusedError(
            f"In {month_words(wrong)} the area holds {number(small[wrong])} events and its jurisdiction "
            f"{number(large[wrong])}: count both the same way (incidents, one source) first."
        )
    rest = large - small
    one, other = (since_start(s, start, as_of, before=before, level=level) for s in (small, rest))
    baseline = pd.period_range(one.start - before, one.start - 1, freq="M")
    counts = [one.events, one.before_events, other.events, other.before_events]
    if not one.months or one.before <= 0 or other.before <= 0:
        return AgainstRest(one, other, _NONE, _NONE, math.nan, Direction.EARLY, one.sentence)
    plus = 0.5 if min(counts) == 0 else 0.0
    x1, x0, y1, y0 = (c + plus for c in counts)
    spread = [baseline_dispersion(s.reindex(baseline)) for s in (small, rest)]
    phi = [d.value if d.value > THRESHOLD else 1.0 for d in spread]
    freedom = min([d.freedom for d, p in zip(spread, phi, strict=True) if p > 1], default=math.inf)
    ratio = (x1 / (one.before * x0 / one.before_events)) / (y1 / (other.before * y0 / other.before_events))
    se = math.sqrt(phi[0] * (1 / x1 + 1 / x0) + phi[1] * (1 / y1 + 1 / y0))
    reach = float(stats.t.isf((1 - level) / 2, freedom)) * se
    interval = Interval(ratio, ratio * math.exp(-reach), ratio * math.exp(reach), level)
    like_rest = one.before * other.events / other.before
    change = interval.map(lambda r: like_rest * (r - 1))
    p = float(2 * stats.t.sf(abs(math.log(ratio)) / se, freedom))
    word = Direction.EARLY
    if one.before < MIN_EXPECTED:
        word = Direction.FEW
    elif p <= 2 * (1 - SURE_OF_DIRECTION):
        word = Direction.FEWER if ratio < 1 else Direction.MORE
    sentence = (
        f"{number(one.events)} events in the area since {month_words(one.start)}; had it changed like the "
        f"rest of the jurisdiction it would be {number(like_rest)}: {change_words(change)}. This compares "
        "two places; it is no evaluation."
    )
    return AgainstRest(one, other, interval, change, p, word, sentence)
