"""What the counts in hexagons say beyond one map: rates, patterns, changes, foresight, near repeats.

Pure functions of located incidents and an audience's rules, for the hot-spot page. A question that
the data cannot answer is answered with a sentence instead of a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import h3
import numpy as np
import pandas as pd

from analysis.data import Hub
from analysis.data.geography.grid import count_periods
from analysis.data.places import neighbours
from analysis.data.privacy import Audience
from analysis.evidence import RefusedError
from analysis.hotspots import (
    change_map,
    emerging,
    foresight,
    kde,
    local_moran,
    near_repeat,
    overlap_by_period,
    skew_words,
)
from dashboard import words as w
from dashboard.views.hotspots import cells as hc

#: Quarters that make a year.
_YEAR: Final = 4
#: Finest resolution of the small maps by year.
_SMALL_MAP: Final = 8
MOST_QUARTERS: Final = 16
#: Quarters from which a pattern over time means something; fewer are said to be few.
ENOUGH_QUARTERS: Final = 10
_FEWEST_QUARTERS: Final = 4
#: Smoothing of the density, in metres: about 800 feet, or as far as the next hexagon.
_BANDWIDTH: Final = 250.0
_METRES: Final = 111_320.0
_FEET: Final = 3.28084
#: Bands of the near-repeat table: feet and days.
DISTANCES: Final = (0, 400, 800, 1200)
DAYS: Final = (7, 14, 28)
_MOST_EVENTS: Final = 6000


@dataclass(frozen=True)
class Extra:
    """What the page says beyond the counts of one window; made of counts that are shown, or of large sums.

    Attributes:
        cells: cell, people, rate, rate_shown, density, moran, pattern and plain (over the quarters),
            before, after, change. Of a hexagon whose count is hidden nothing is told but the density
            and the class of its surroundings, which are made of what is shown.
        skew: what must be said about skewed counts.
        lasting, cooling: places hot for a year or more, and places that cool; None without a pattern.
        quarters: first and last quarter of the pattern, and their number.
        years: words of each whole year, and its hexagons (cell, count, hidden, shown).
        foresight, overlap, near: tables; empty when there are none.
        uncertain: incidents whose time stands for a whole day; 0 when they are few.
        patterns_why, changes_why, foresight_why, near_why: why there is no such answer, or empty.
    """

    cells: pd.DataFrame
    skew: str
    lasting: int | None
    cooling: int | None
    quarters: tuple[str, str, int]
    years: tuple[tuple[str, pd.DataFrame], ...]
    foresight: pd.DataFrame
    overlap: pd.DataFrame
    near: pd.DataFrame
    uncertain: int
    patterns_why: str
    changes_why: str
    foresight_why: str
    near_why: str


def extra(
    hub: Hub, rules: Audience, data: hc.Located, place: str, measure: str, months: int, resolution: int,
    table: pd.DataFrame, honest: pd.Series, tested: pd.DataFrame, around: Any,
) -> Extra:  # fmt: skip
    """Everything beyond the counts.

    Args:
        table: the protected counts (``hotspot_cells.protected``). honest: counts by cell that say no more
            than these. tested: Gi* of ``honest``. around: neighbours of the cells.
    """
    cells = [str(c) for c in honest.index]
    told = ~table["hidden"].to_numpy(bool)
    people, rate, said = hc.rates(hub, rules, table, months)
    more = pd.DataFrame({"cell": cells, "people": people, "rate": rate, "rate_shown": said})
    more["density"] = density(cells, honest.to_numpy(float))
    more["moran"] = local_moran(honest, around, 0)["label"].to_numpy()
    found = patterns(data, rules, measure, cells, resolution, around=around)
    # The public reads five plain classes; the full ones are for those who know their rules.
    full = "plain" if rules.shortest_window >= hc.YEAR else "label"
    for name, column in (("pattern", full), ("plain", "plain")):
        words = "" if isinstance(found, str) else np.where(told, found[column].to_numpy(object), "")
        more[name] = pd.Series(words, index=more.index, dtype="str")
    changed = changes(data, rules, measure, cells, resolution)
    empty = pd.DataFrame({"cell": [], "before": [], "after": [], "label": []})
    rows = empty if isinstance(changed, str) else changed[["cell", "before", "after", "label"]]
    more = more.merge(rows.rename(columns={"label": "change"}).astype({"cell": "str"}), on="cell", how="left")
    more["change"] = more["change"].astype("str").fillna("")
    foretelling = foretold(
        blocks(data, rules, measure, cells, resolution), (1, 5, 10) if rules.k <= 1 else (5, 10)
    )
    near: pd.DataFrame | str = "This table is for researchers alone."
    if rules.points:
        near = near_repeats(hc.in_window(data, measure, months, place))
    when = quarters(data, rules)
    lasting, cooling = _lasting(found, cells)
    uncertain = hc.few(hc.uncertain_hours(data, measure, months, place), rules)
    return Extra(
        cells=more, skew=skew_words(honest, tested), lasting=lasting, cooling=cooling,
        quarters=(str(when[0]), str(when[-1]), len(when)) if when else ("", "", 0),
        years=_years(data, rules, measure, place, resolution),
        foresight=pd.DataFrame() if isinstance(foretelling, str) else foretelling[0],
        overlap=pd.DataFrame() if isinstance(foretelling, str) else foretelling[1],
        near=pd.DataFrame() if isinstance(near, str) else near,
        uncertain=uncertain,
        patterns_why=_why(found), changes_why=_why(changed), foresight_why=_why(foretelling),
        near_why=_why(near),
    )  # fmt: skip


def _why(found: object) -> str:
    return found if isinstance(found, str) else ""


def _lasting(patterns: pd.DataFrame | str, cells: list[str]) -> tuple[int | None, int | None]:
    """Places hot for a year or more, and places that cool, each a group of touching hexagons."""
    if isinstance(patterns, str):
        return None, None
    label = patterns["label"]
    steady = label.isin(
        [f"{k} hot spot" for k in ("intensifying", "diminishing", "persistent", "consecutive")]
    )
    cool = label.isin([f"{k} hot spot" for k in ("diminishing", "historical")])

    def groups(some: pd.Series) -> int:
        return len(hc.clusters([c for c, yes in zip(cells, some, strict=True) if yes]))

    return groups(steady & (patterns["hot_periods"] >= _YEAR)), groups(cool)


def _years(
    data: hc.Located, rules: Audience, measure: str, place: str, resolution: int
) -> tuple[tuple[str, pd.DataFrame], ...]:
    """Maps of each whole year. One grid for an audience with a threshold: two would give the finer away."""
    size = min(resolution, _SMALL_MAP) if rules.k <= 1 else resolution
    cells = hc.cells_of_place(data, place, size)
    every = hc.years(data)
    if len(every) < 2:
        return ()
    return tuple((said, hc.protected(data, rules, measure, hc.YEAR, cells, size, end)) for said, end in every)


def quarters(data: hc.Located, rules: Audience) -> list[pd.Period]:
    """Whole quarters that may be looked at, the latest of them."""
    last = data.end if rules.shortest_window >= hc.YEAR else data.last
    first = data.first.asfreq("Q")
    first = first if first.start_time.to_period("M") == data.first else first + 1
    final = last.asfreq("Q")
    final = final if final.end_time.to_period("M") == last else final - 1
    return list(pd.period_range(first, final, freq="Q"))[-MOST_QUARTERS:]


def patterns(
    data: hc.Located, rules: Audience, measure: str, cells: Sequence[str], resolution: int,
    comparison: str = "slice", around: Any = None,
) -> pd.DataFrame | str:  # fmt: skip
    """Each hexagon's pattern over the quarters: the table of ``emerging``, or why there is none."""
    found = quarters(data, rules)
    if len(found) < _FEWEST_QUARTERS:
        return (
            f"The incidents cover {w.plural(len(found), 'whole quarter')}; a pattern over time needs at "
            f"least {_FEWEST_QUARTERS}, and {ENOUGH_QUARTERS} to mean much."
        )
    cube = _quarterly(data, rules, measure, cells, resolution, found)
    try:
        return emerging(
            cube, neighbours(cells) if around is None else around, "cube" if comparison == "cube" else "slice"
        )
    except RefusedError as why:
        return str(why)


def _quarterly(
    data: hc.Located, rules: Audience, measure: str, cells: Sequence[str], resolution: int,
    found: Sequence[pd.Period],
) -> pd.DataFrame:  # fmt: skip
    """Counts by hexagon and quarter; with a threshold, each quarter guarded as a map of it would be."""
    start, end = found[0].start_time.to_period("M"), found[-1].end_time.to_period("M")
    if rules.k <= 1:
        return count_periods(hc.of_measure(data.incidents, measure), resolution, cells, start, end)
    ends = [q.end_time.to_period("M") for q in found]
    return pd.DataFrame({e: hc.guarded(data, rules, measure, 3, cells, resolution, e) for e in ends})


def changes(
    data: hc.Located, rules: Audience, measure: str, cells: Sequence[str], resolution: int
) -> pd.DataFrame | str:
    """The latest whole year against the one before, hexagon by hexagon, as far as both are shown."""
    two = hc.years(data)[-2:]
    if len(two) < 2:
        return (
            "Two whole years are needed to compare a year with the one before; the incidents that may be "
            f"mapped cover {w.months(data.first, data.end)}."
        )
    parts = [hc.protected(data, rules, measure, hc.YEAR, cells, resolution, end) for _, end in two]
    counts = [p["count"].to_numpy(float) for p in parts]
    both = np.isfinite(counts[0]) & np.isfinite(counts[1])
    totals = [hc.count(data, measure, hc.YEAR, cells, resolution, end).sum() for _, end in two]
    try:
        table = change_map(counts[0][both], counts[1][both], periods=(totals[0], totals[1]))
    except RefusedError as why:
        return str(why)
    return table.assign(cell=np.array(cells, dtype=object)[both])


def blocks(
    data: hc.Located, rules: Audience, measure: str, cells: Sequence[str], resolution: int
) -> pd.DataFrame:
    """Counts by hexagon and year, whole years back, the latest last, as far as this audience may see them.

    With a threshold these are the years of the maps, guarded as they are: a reader could work the shares out
    from the maps. Without one they reach to the last known month.
    """
    if rules.k > 1:
        ends = [end for _, end in hc.years(data)]
    else:
        ends = [data.last - hc.YEAR * i for i in reversed(range(hc.MOST_YEARS))]
        ends = [end for end in ends if end - (hc.YEAR - 1) >= data.first]
    columns = {
        f"Year to {w.month(e)}": hc.guarded(data, rules, measure, hc.YEAR, cells, resolution, e) for e in ends
    }
    return pd.DataFrame(columns, index=pd.Index(cells, name="cell"))


def foretold(
    counts: pd.DataFrame, percents: tuple[int, ...] = (1, 5, 10)
) -> tuple[pd.DataFrame, pd.DataFrame] | str:
    """How well earlier years found the latest year's incidents, and how the top places overlap."""
    if counts.shape[1] < 2:
        return "Two whole years on the map are needed to see whether last year’s places are this year’s."
    earlier = counts.iloc[:, -4:-1]
    smooth = density(list(counts.index), earlier.iloc[:, -1].to_numpy(float))
    try:
        found = foresight(
            earlier, counts.iloc[:, -1], percents=percents, others={"last period’s density": smooth}
        )
        return found, overlap_by_period(counts)
    except RefusedError as why:
        return str(why)


def density(cells: Sequence[str], counts: np.ndarray) -> np.ndarray:
    """Smoothed incidents per square kilometre at each hexagon's centre, made from the hexagons' counts."""
    at = _plane(np.array([h3.cell_to_latlng(c)[::-1] for c in cells]))
    known = np.isfinite(counts) & (counts > 0)
    if not known.any():
        return np.zeros(len(cells))
    apart = 1.2 * h3.average_hexagon_edge_length(h3.get_resolution(cells[0]), unit="m")
    made = kde(at[known], max(_BANDWIDTH, apart), weights=counts[known])
    return made.at(at) * 1e6


def near_repeats(rows: pd.DataFrame) -> pd.DataFrame | str:
    """The table of near repeats of incidents with a place and a day, or why there is none."""
    single = rows.drop_duplicates(["agency_id", "incident_id"])
    single = single[single["longitude"].notna() & single["occurred_at"].notna()]
    if len(single) > _MOST_EVENTS:
        return f"{w.number(len(single))} incidents are too many for this table; choose a shorter window."
    days = single["occurred_at"].dt.normalize().astype("int64").to_numpy() / 86_400e6
    try:
        return near_repeat(
            _plane(single[["longitude", "latitude"]].to_numpy(float)) * _FEET, days, DISTANCES, DAYS
        )
    except RefusedError as why:
        return str(why)


def _plane(degrees: np.ndarray) -> np.ndarray:
    """Longitude and latitude to metres, good to a hundredth over one region."""
    squeeze = np.cos(np.radians(float(degrees[:, 1].mean())))
    return np.column_stack([degrees[:, 0] * squeeze, degrees[:, 1]]) * _METRES
