"""What the pages of a release show and cannot work out from its tables: computed once and kept.

Maps are made from incidents, which no release but the researchers' holds; the hot-spot page protects
its counts itself, by the audience's rules, and works everything else out from the protected ones. Here every
map that it offers an audience is made and kept. ``build_release`` looks at each of them again before
it writes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.data import Hub
from analysis.data.privacy import Audience
from analysis.data.release.tables import Shown
from analysis.data.vocabulary import PLACES, REGION
from analysis.evaluate import Results
from dashboard import words as w
from dashboard.views import data_quality, hotspots
from dashboard.views import hotspot_cells as hc

Progress = Callable[[int, int, str], None]

_SMALL: Final = re.compile(r"(?<![\d.,\-])[1-9](?![\d.,\-%])")


def kept(
    hub: Hub, rules: Audience, shown: Shown, results: Results, progress: Progress | None = None
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Tables and results for a release of this audience (see ``build_release``).

    Args:
        shown: the series that this audience may see.
        results: every registered evaluation.
        progress: called with (done, all, text).
    """
    tables, answers = evaluations(results, rules, shown)
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
        (place, measure, months, resolution)
        for place in places for measure in measures
        for months in hc.windows(found, rules, measure) for resolution in rules.resolutions
    ]  # fmt: skip
    tables: dict[str, list[pd.DataFrame]] = {"cells": [], "weeks": []}
    for i, (place, measure, months, resolution) in enumerate(todo):
        if progress:
            progress(i, len(todo), f"maps, {PLACES[place]}")
        spots = hotspots.build(hub, rules, found, place, measure, months, resolution)
        answers[f"hotspots/spots/{rules.name}/{found.end}/{place}/{measure}/{months}/{resolution}"] = spots
        if not isinstance(spots, str):
            told = {"place": place, "measure": measure, "through": str(found.end), "months": str(months)}
            tables["cells"].append(spots.cells[["cell", "name", "count", "hidden", "label"]].assign(**told))
            tables["weeks"].append(spots.week.assign(**told))
    if progress:
        progress(len(todo), len(todo), "maps")
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items() if parts}, answers


def _too_short(rules: Audience, found: hc.Located) -> str:
    return (
        f"Maps for this audience cover {w.plural(min(rules.windows), 'month')} that end with a calendar "
        "year, so that no two of them give a shorter time away. The incident files that can be mapped cover "
        f"{w.months(found.first, found.end)}, which holds no such window."
    )
