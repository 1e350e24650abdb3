"""What the pages of a release show and cannot work out from its tables: computed once and kept.

Maps are made from incidents, which no release but the researchers' holds; the hot-spot page protects
its counts itself, by the audience's rules, and works everything else out from the protected ones. Here every
map that it offers an audience is made and kept. ``build_release`` looks at each of them again before
it writes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.data import Hub
from analysis.data.privacy import Audience, protect_pair
from analysis.data.release.tables import Shown
from analysis.data.vocabulary import PLACES, REGION
from analysis.evaluate import QUARTERS, Results, without_numbers
from dashboard import words as w
from dashboard.views import data_quality
from dashboard.views.hotspots import cells as hc
from dashboard.views.hotspots import page as hotspots
from dashboard.views.hotspots.areas import AreaChange

Progress = Callable[[int, int, str], None]

_SMALL: Final = re.compile(r"(?<![\d.,\-])[1-9](?![\d.,\-%])")


def kept(
    hub: Hub,
    rules: Audience,
    shown: Shown,
    results: Results,
    progress: Progress | None = None,
    *,
    quarters: pd.DataFrame | None = None,
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Tables and results for a release of this audience (see ``build_release``).

    Args:
        shown: the series that this audience may see.
        results: every registered evaluation.
        progress: called with (done, all, text).
        quarters: how the goal's own measure was answered at the ends of quarters.
    """
    tables, answers = evaluations(results, rules, shown)
    if quarters is not None:
        answers[QUARTERS] = _quarters(quarters, rules, shown)
    if hub.is_empty:
        return tables, answers
    answers["data_quality/quality"] = _quality(hub, rules)
    if rules.points:
        return tables, answers  # researchers' maps are made from the incidents that their release holds
    more, spots = _maps(hub, rules, progress)
    return tables | more, answers | spots


# ---------------------------------------------------------------- evaluations


def evaluations(
    results: Results, rules: Audience, shown: Shown
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Every estimate; months beside it only where the series behind them may be shown."""
    effects, paths = results.effects, results.paths
    if rules.k > 1:
        open_ = [key in shown.series for key in zip(effects["place"], effects["measure"], strict=True)]
        paths = paths[paths["question_id"].isin(effects.loc[open_, "question_id"])].reset_index(drop=True)
    held = replace(results, paths=paths)
    tables = {"evaluations": _flat(effects), "evaluation_paths": _flat(paths)}
    return tables, {"evaluations/results": held}


def _quarters(quarters: pd.DataFrame, rules: Audience, shown: Shown) -> pd.DataFrame:
    """Answers by quarter; where months may not be shown, only what was said in words.

    From the steps of an estimate, counts of three months of a small area could be worked out.
    """
    if rules.k <= 1:
        return quarters
    open_ = [key in shown.series for key in zip(quarters["place"], quarters["measure"], strict=True)]
    return without_numbers(quarters, ~pd.Series(open_, quarters.index, dtype=bool))


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that Parquet can hold; lists in words."""
    out = table.reset_index(drop=True).copy()
    for name in out.columns:
        if out[name].dtype == object:
            out[name] = [
                " · ".join(map(str, v)) if isinstance(v, tuple | list) else None if _missing(v) else str(v)
                for v in out[name]
            ]
    return out


def _missing(value: object) -> bool:
    """Whether a cell of a table holds nothing."""
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


# ---------------------------------------------------------------- the Data page


def _quality(hub: Hub, rules: Audience) -> data_quality.Quality:
    found = data_quality.build(hub)
    if rules.k <= 1:
        return found
    check = replace(
        found.check,
        suspects=found.check.suspects.assign(why=[_no_small(t) for t in found.check.suspects["why"]]),
        breaks=found.check.breaks.assign(reason=[_no_small(t) for t in found.check.breaks["reason"]]),
    )
    months = found.months.assign(why=[_no_small(t) for t in found.months["why"]])
    return replace(found, check=check, months=months)


def _no_small(text: object) -> str:
    """A reason without its small numbers, which may be counts of one month of one agency."""
    return _SMALL.sub("a few", str(text))


# ---------------------------------------------------------------- maps


def _maps(
    hub: Hub, rules: Audience, progress: Progress | None
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Every map that the page offers this audience, and its counts as tables."""
    known_on = max((str(v) for v in hub.sources()["vintage"].dropna()), default="")
    found = hc.located(hub, rules, None, pd.Timestamp(known_on))
    key = f"hotspots/located/{rules.name}"
    if isinstance(found, str):
        return {}, {key: found}
    measures = [m for m in hc.measures(rules) if hc.windows(found, rules, m)]
    if not measures:
        return {}, {key: _too_short(rules, found)}
    longest = max(max(hc.windows(found, rules, m)) for m in measures)
    empty = found.incidents.iloc[:0]
    answers: dict[str, object] = {key: replace(found, incidents=empty, first=found.end - (longest - 1))}
    places = [p for p in PLACES if p == REGION or p in found.jurisdictions]
    todo = [
        (place, months, resolution)
        for place in places
        for months in sorted({n for m in measures for n in hc.windows(found, rules, m)})
        for resolution in rules.resolutions
    ]
    tables: dict[str, list[pd.DataFrame]] = {"cells": [], "weeks": []}
    for i, (place, months, resolution) in enumerate(todo):
        if progress:
            progress(i, len(todo), f"maps, {PLACES[place]}")
        made = {
            m: hotspots.build(hub, rules, found, place, m, months, resolution)
            for m in measures
            if months in hc.windows(found, rules, m)
        }
        for measure, spots in _together(made, found, rules, months, place).items():
            answers[f"hotspots/spots/{rules.name}/{found.end}/{place}/{measure}/{months}/{resolution}"] = (
                spots
            )
            if not isinstance(spots, str):
                told = {"place": place, "measure": measure, "through": str(found.end), "months": str(months)}
                tables["cells"].append(
                    spots.cells[["cell", "name", "count", "hidden", "label"]].assign(**told)
                )
                tables["weeks"].append(spots.week.assign(**told))
    if progress:
        progress(len(todo), len(todo), "maps")
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items() if parts}, answers


def _together(
    made: Mapping[str, hotspots.Spots | str], found: hc.Located, rules: Audience, months: int, place: str
) -> dict[str, hotspots.Spots | str]:
    """The maps of a place and window, with what one of them would give away of another taken out.

    Hours of the week and changes of areas are suppressed map by map where they are made; here the
    difference between the whole and its part, and between the region and its places, is looked at too.
    """
    out = dict(made)
    whole, part = out.get(hc.WHOLE), out.get(hc.PART)
    if isinstance(whole, str) or isinstance(part, str) or whole is None or part is None:
        return out
    weeks = _weeks(found, rules, months, place)
    changes = {hc.WHOLE: whole.changes, hc.PART: _changes(whole.changes, part.changes, rules.k)}
    for measure, one in ((hc.WHOLE, whole), (hc.PART, part)):
        missing, everything = one.unplaced
        out[measure] = replace(
            one, week=weeks[measure], changes=changes[measure],
            unplaced=(0 if missing < rules.k else missing, everything),
            no_hour=0 if one.no_hour < rules.k else one.no_hour,
        )  # fmt: skip
    return out


def _weeks(found: hc.Located, rules: Audience, months: int, place: str) -> dict[str, pd.DataFrame]:
    """Day and band of hours of the whole and the part; the region hides what any of its places hides."""
    pair = (hc.WHOLE, hc.PART)
    open_ = replace(rules, k=1)
    grids = {m: hc.week(found, open_, m, months, place)[0] for m in pair}
    gone = {m: np.zeros(len(grids[m]), dtype=bool) for m in pair}
    homes = found.jurisdictions if place == REGION else ()
    for home in dict.fromkeys((place, *homes)):
        own = [hc.week(found, open_, m, months, home)[0]["count"].to_numpy(float) for m in pair]
        for m, hidden in zip(pair, protect_pair(own[0], np.minimum(*own), rules.k), strict=True):
            gone[m] |= hidden
    for m in pair:
        counts = grids[m]["count"].to_numpy(float)
        grids[m]["count"] = np.where(gone[m], np.nan, counts)
        grids[m]["hidden"] = gone[m]
        said = [hc.NOT_SHOWN if h else w.number(n) for n, h in zip(counts, gone[m], strict=True)]
        grids[m]["shown"] = pd.array(said, dtype="str")
    return grids


def _changes(whole: Sequence[AreaChange], part: Sequence[AreaChange], k: int) -> tuple[AreaChange, ...]:
    """Changes of the part; one whose difference to the whole is small says that it cannot be shown."""
    times = ["before", "after"]
    others = {(c.name, c.start): c for c in whole}
    out = []
    for change in part:
        other = others.get((change.name, change.start))
        if other is not None and len(change.counts) == len(other.counts):
            gap = other.counts[times].to_numpy(float) - change.counts[times].to_numpy(float)
            if ((gap > 0) & (gap < k)).any():
                why = "Some counts are too small to be shown."
                change = AreaChange(change.name, change.start, change.counts.iloc[:0], why=why)
        out.append(change)
    return tuple(out)


def _too_short(rules: Audience, found: hc.Located) -> str:
    return (
        f"Maps for this audience cover {w.plural(min(rules.windows), 'month')} that end with a calendar "
        "year, so that no two of them give a shorter time away. The incident files that can be mapped cover "
        f"{w.months(found.first, found.end)}, which holds no such window."
    )
