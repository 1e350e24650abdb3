"""The same question asked a little differently: what the answer depends on.

Variants are made from the prepared arrays (not from the tables again), and all variants of all series run
through one vectorised pass. A variant is one change to the spec: family, phase-in, start, trend, window,
comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evidence import Check, CheckState, RefusedError
from analysis.its.change import Change, change, counted, expected_counts
from analysis.its.design import build
from analysis.its.families import Job, estimate_many
from analysis.its.posterior import intervals
from analysis.its.series import Prepared
from analysis.its.spec import FAMILY_LABELS, Covariance, Family, ItsSpec

PASSED, FAILED, CANNOT_TELL = CheckState.PASSED, CheckState.FAILED, CheckState.CANNOT_TELL

#: What is tried beside the question itself.
PHASES: Final = (0, 3, 6)
SHIFTS: Final = (-3, 3)
WINDOW: Final = 12
PAST: Final = 36
MEMBERS: Final = 12
FAMILIES: Final[tuple[tuple[Family, Covariance], ...]] = (
    ("latent_ar1", "model"),
    ("poisson", "model"),
    ("quasi_poisson", "model"),
    ("negative_binomial", "model"),
    ("poisson", "hac"),
    ("log_prais_winsten", "model"),
    ("ols", "hac"),
    ("gls_ar1", "model"),
)
#: Families whose intervals are known to be too narrow are shown, but make no disagreement by themselves.
NARROW: Final = frozenset({("poisson", "model"), ("poisson", "hac"), ("ols", "hac")})

#: Families that make no sense for values that are not whole numbers.
OF_COUNTS: Final = frozenset({"latent_ar1", "poisson", "quasi_poisson", "negative_binomial"})

#: Kinds of variants and the names of their checks.
KINDS: Final = {
    "family": "Other families",
    "phase-in": "Phase-in of 0, 3 or 6 months",
    "start": "Start three months earlier or later",
    "trend": "With and without a trend",
    "window": "Without any one year of the past",
    "comparison": "Without any one comparison",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: its kind, its name in words, and the job (or why there is none)."""

    kind: str
    name: str
    job: Job | RefusedError


def variants(series: Prepared, spec: ItsSpec) -> list[Variant]:
    """All variants of one question, the question itself left out."""
    whole = bool(np.all(series.count[series.used] % 1 == 0))
    found = [
        _variant("family", family_name(family, covariance), series, _family(spec, family, covariance))
        for family, covariance in FAMILIES
        if (family, covariance) != (spec.family, spec.covariance) and (whole or family not in OF_COUNTS)
    ]
    if series.per_year == 12:
        found += [
            _variant("phase-in", f"phase-in {m} months", _rephased(series, 0, m - spec.phase_in), spec)
            for m in PHASES
            if m != spec.phase_in
        ]
        found += [
            _variant("start", f"start {abs(m)} months {'earlier' if m < 0 else 'later'}", moved, spec)
            for m in SHIFTS
            for moved in [_rephased(series, m, 0)]
        ]
    found.append(
        _variant(
            "trend",
            "without a trend" if spec.trend else "with a trend",
            series,
            replace(spec, trend=not spec.trend),
        )
    )
    pre = np.flatnonzero(series.pre)
    block = WINDOW if series.per_year == 12 else series.per_year
    if len(pre) >= 3 * block:
        for first in range(0, len(pre) - block + 1, block):
            gone = pre[len(pre) - first - block : len(pre) - first]
            found.append(
                _variant(
                    "window",
                    f"without {series.periods[gone[0]]} to {series.periods[gone[-1]]}",
                    _without(series, gone),
                    spec,
                )
            )
    if len(pre) > PAST and series.per_year == 12:
        found.append(
            _variant("window", f"only {PAST} months before", _without(series, pre[: len(pre) - PAST]), spec)
        )
    if series.control is not None:
        found += _comparisons(series, spec)
    return found


def family_name(family: str, covariance: str) -> str:
    """A family in words, with its standard errors."""
    return FAMILY_LABELS[family] + (", Newey–West" if covariance == "hac" else "")


def sensitivity_many(jobs: Sequence[Job]) -> list[pd.DataFrame]:
    """Table of variants of each question: kind, variant, percent, lower, upper, p, events, refused.

    The first row is the question itself (kind "asked").
    """
    listed = [[Variant("asked", "as asked", job), *variants(job[0], job[2])] for job in jobs]
    ready = [v.job for rows in listed for v in rows if not isinstance(v.job, RefusedError)]
    answers = iter(answered(ready))
    tables = []
    for rows in listed:
        records = []
        for v in rows:
            found = v.job if isinstance(v.job, RefusedError) else next(answers)
            record: dict[str, object] = {"kind": v.kind, "variant": v.name}
            if isinstance(found, RefusedError):
                record |= dict.fromkeys(_FIGURES, float("nan")) | {"refused": str(found)}
            else:
                record |= found | {"refused": ""}
            records.append(record)
        tables.append(pd.DataFrame.from_records(records))
    return tables


_FIGURES: Final = ("percent", "lower", "upper", "p", "events", "log_se")


def answered(jobs: Sequence[Job]) -> list[dict[str, float] | RefusedError]:
    """Figures of each job (percent, lower, upper, p, events, log_se), or why there are none; in one pass."""
    out: list[dict[str, float] | RefusedError] = []
    changes: list[Change | RefusedError] = []
    estimates = estimate_many(jobs)
    for (series, _, _), found in zip(jobs, estimates, strict=True):
        try:
            changes.append(found if isinstance(found, RefusedError) else change(series, found))
        except RefusedError as refusal:
            changes.append(refusal)
    good = [(c, job[2].level) for c, job in zip(changes, jobs, strict=True) if isinstance(c, Change)]
    limits = iter(intervals([c.cumulative.only(c.last) for c, _ in good], [level for _, level in good]))
    for (series, _, _), found, known in zip(jobs, estimates, changes, strict=True):
        if isinstance(known, RefusedError) or isinstance(found, RefusedError):
            out.append(known if isinstance(known, RefusedError) else RefusedError(""))
            continue
        own = next(limits)
        try:
            ratio = known.ratio_of(own)
            total = float(known.observed[-1])
            expected = expected_counts(series, found, total / ratio.estimate)
            out.append(
                {
                    "percent": 100 * (ratio.estimate - 1),
                    "lower": 100 * (ratio.lower - 1),
                    "upper": 100 * (ratio.upper - 1),
                    "p": float(known.cumulative.only(known.last).p_value()[0]),
                    "events": total - float(expected[counted(series, found)].sum()),
                    "log_se": known.log_se(),
                }
            )
        except RefusedError as refusal:
            out.append(refusal)
    return out


def verdict(lower: float, upper: float) -> str:
    """What an interval of percents says."""
    return "fewer" if upper < 0 else "more" if lower > 0 else "unclear"


def disagreement(table: pd.DataFrame, spec: ItsSpec) -> tuple[bool, str]:
    """Do the families that allow for scatter give different verdicts? The flag, and a sentence."""
    narrow = {family_name(f, c) for f, c in NARROW if (f, c) != (spec.family, spec.covariance)}
    said = {
        name: verdict(low, high)
        for kind, name, low, high, refused in zip(
            *(table[c].tolist() for c in ("kind", "variant", "lower", "upper", "refused")), strict=True
        )
        if kind in ("asked", "family") and not refused
    }
    fair = {name: word for name, word in said.items() if name not in narrow}
    asked = said.get("as asked", "unclear")
    others = sorted(n for n, w in fair.items() if w != asked)
    loud = sorted(n for n, w in said.items() if n in narrow and w != asked)
    extra = f" (Also {', '.join(loud)}, whose intervals are often too narrow.)" if loud else ""
    if len(fair) < 2:
        return False, "No other family could be fitted."
    if others:
        return True, (
            f"The answer hangs on the family: as asked the verdict is “{asked}”, otherwise with "
            f"{', '.join(others)}.{extra}"
        )
    return False, f"All {len(fair)} families that allow for scatter give the verdict “{asked}”.{extra}"


def checks(table: pd.DataFrame, spec: ItsSpec) -> tuple[Check, ...]:
    """One check a kind of variant: failed when a variant gives another verdict."""
    kinds, refused = table["kind"].to_numpy(str), table["refused"].to_numpy(str)
    names, percent = table["variant"].to_numpy(str), table["percent"].to_numpy(float)
    low, high = table["lower"].to_numpy(float), table["upper"].to_numpy(float)
    if refused[0]:
        return ()
    word = verdict(low[0], high[0])
    shown = table.drop(columns="kind")
    found = []
    for kind, name in KINDS.items():
        rows = np.flatnonzero(kinds == kind)
        if not len(rows):
            continue
        good = rows[refused[rows] == ""]
        own = shown.iloc[rows[0] : rows[-1] + 1] if rows[-1] - rows[0] < len(rows) else shown.take(rows)
        own.index = pd.RangeIndex(len(own))
        if not len(good):
            why = f"No variant could be fitted: {refused[rows[0]]}"
            found.append(Check(name, CANNOT_TELL, why, own))
            continue
        if kind == "family":
            apart, sentence = disagreement(table, spec)
            found.append(Check(name, FAILED if apart else PASSED, sentence, own))
            continue
        span = f"estimates run from {_signed(percent[good].min())} to {_signed(percent[good].max())}"
        other = [str(names[j]) for j in good if verdict(low[j], high[j]) != word]
        if other:
            sentence = f"The verdict changes from “{word}” {_listed(other)}; {span}."
            found.append(Check(name, FAILED, sentence, own))
        else:
            found.append(Check(name, PASSED, f"The verdict stays “{word}”; {span}.", own))
    return tuple(found)


def _signed(value: float) -> str:
    return f"{value:+.0f} %".replace("-", "−")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"in the variants: {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _family(spec: ItsSpec, family: Family, covariance: Covariance) -> ItsSpec:
    return replace(spec, family=family, covariance=covariance)


def _variant(kind: str, name: str, series: Prepared | RefusedError, spec: ItsSpec) -> Variant:
    if isinstance(series, RefusedError):
        return Variant(kind, name, series)
    try:
        return Variant(kind, name, (series, build(series, spec), spec))
    except RefusedError as refusal:
        return Variant(kind, name, refusal)


def _rephased(series: Prepared, shift: int, longer: int) -> Prepared | RefusedError:
    """The series with another start or a longer phase-in; washout moves along."""
    n = len(series.periods)
    start = series.start + shift
    first_after = series.first_after + shift + longer
    place = np.arange(n)
    washed = int(np.sum(series.available[: series.start] & ~series.used[: series.start]))
    between = (place >= start - washed) & (place < first_after)
    if not 1 <= start < n - 1 or first_after >= n:
        return RefusedError("The start moves outside the data.")
    after = place >= first_after
    moved = replace(
        series,
        after=after,
        used=series.available & ~between,
        start=start,
        first_after=first_after,
    )
    for side, mask in (("before", moved.pre), ("after", moved.post)):
        if mask.sum() < 3 or moved.count[mask].sum() == 0:
            return RefusedError(f"Too few events are left {side} the start.")
    return moved


def _without(series: Prepared, gone: NDArray[np.int_]) -> Prepared | RefusedError:
    available, used = series.available.copy(), series.used.copy()
    available[gone] = used[gone] = False
    cut = replace(series, available=available, used=used)
    if cut.count[cut.pre].sum() == 0:
        return RefusedError("Not a single event is left before the start.")
    return cut


def _comparisons(series: Prepared, spec: ItsSpec) -> list[Variant]:
    """Without the comparison, and without each of its largest members."""
    alone = replace(series, control=None, control_offset=None, others=())
    found = [_variant("comparison", "a single series", alone, spec)]
    if len(series.others) < 2 or series.control is None:
        return found
    size = [float(np.nansum(count)) for count, _ in series.others]
    for place in np.argsort(size)[::-1][:MEMBERS]:
        count, own = series.others[place]
        rest = tuple(o for j, o in enumerate(series.others) if j != place)
        names = tuple(n for j, n in enumerate(series.names) if j != place)
        left, offset = series.control - count, series.control_offset
        if series.per > 1 and offset is not None:  # its people leave with its events
            offset = np.log(np.maximum(np.exp(offset) - np.exp(own), 1e-12))
        less = replace(series, control=left, control_offset=offset, others=rest, names=names)
        if left[series.post].sum() > 0 and left[series.pre].sum() > 0:
            found.append(_variant("comparison", f"without {series.names[place]}", less, spec))
    return found
