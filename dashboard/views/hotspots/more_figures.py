"""The figures of change, foresight, hours and focus areas."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.hotspots import BEST, FELL, LAST, LIKE_THE_REST, ROSE, RULES
from dashboard import charts, maps
from dashboard import words as w
from dashboard.charts.places import DAYS
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.hotspots.answers import ENOUGH_QUARTERS
from dashboard.views.hotspots.figures import Kinds, kept, kinds_of, scene, year_words
from dashboard.views.hotspots.page import TOP, Spots

PATTERN_KINDS: Final[Kinds] = {
    "new hot spot": maps.Kind("New", "#F46A25", "#F46A25"),
    "growing hot spot": maps.Kind("Growing", "#801650", "#E08BC9"),
    "persistent hot spot": maps.Kind("Persistent", "#12436D", "#9BD0F5"),
    "fading hot spot": maps.Kind("Fading", "#28A197", "#45C2B7"),
    "on and off hot spot": maps.Kind("On and off", "#8FB8DE", "#2B6FA3"),
    "cold": maps.Kind("Unusually few, of any pattern", "#B9BEC5", "#5B626C"),
}
CHANGE_KINDS: Final[Kinds] = {
    ROSE: maps.Kind("Rose more than the rest", "#D9541E", "#F46A25"),
    FELL: maps.Kind("Fell more than the rest", "#12436D", "#56B4E9"),
    LIKE_THE_REST: maps.Kind("Changed like the rest", "#D3D8DE", "#3A414C"),
}

_BY_QUARTER: Final = "Each quarter is compared with itself, so a rise of the whole place is no hot spot."
_AT_ONCE: Final = (
    "All quarters are compared at once, and a hexagon’s surroundings reach back one quarter: a rise of the "
    "whole place shows as growing."
)


def pattern_figure(s: Spots, cube: pd.DataFrame | None = None) -> tuple[Figure, Kinds] | None:
    """The map of patterns over the quarters; None where there is none.

    ``cube``: the table of ``emerging`` with all quarters compared at once, to show in place of the one that
    compares each quarter with itself.
    """
    if s.extra.patterns_why:
        return None
    found: tuple[Figure, Kinds] = kept(s, ("patterns", cube is None), lambda: _pattern_figure(s, cube))
    return found


def _pattern_figure(s: Spots, cube: pd.DataFrame | None) -> tuple[Figure, Kinds]:
    told = s.told
    if cube is not None:
        own = cube.reindex(list(told["cell"]))
        told = told.assign(plain=own["plain"].to_numpy(object), pattern=own["label"].to_numpy(object))
    rows = told[told["plain"].str.endswith("spot")]
    plain = rows["plain"].where(rows["plain"].str.endswith("hot spot"), "cold")
    drawn = rows[["cell", "name"]].rename(columns={"name": "label"}).assign(kind=plain)
    kinds, view = kinds_of(drawn["kind"], PATTERN_KINDS), scene(s)
    counted = drawn["kind"].value_counts()
    first, last, n = s.extra.quarters
    few = "" if n >= ENOUGH_QUARTERS else (
        f" {w.number(n)} quarters are few for this: read it as a first hint."
    )  # fmt: skip
    said = [f"{w.number(counted[k])} {k.removesuffix(' hot spot')}" for k in kinds if k != "cold"]
    researcher = s.rules.k <= 1
    columns = (
        ["name", "plain", "pattern", "count", "cell"] if researcher else ["name", "plain", "count", "cell"]
    )
    table = rows[columns].reset_index(drop=True)
    rules = "; ".join(f"**{name}**: {text}" for name, text in RULES.items())
    figure = Figure(
        key="hotspots_patterns",
        title=f"Hot hexagons from {_quarter(first)} to {_quarter(last)}: {w.join(said)}"
        if said else f"No hexagon was hot again and again from {_quarter(first)} to {_quarter(last)}",
        sentence=(_BY_QUARTER if cube is None else _AT_ONCE) + few,
        chart=lambda look: maps.static_map(drawn, view, look=look, kinds=kinds),
        map=lambda look: kept(
            s, ("deck patterns", cube is None, look.name),
            lambda: maps.deck(drawn, view, look=look, kinds=kinds),
        ),
        table=table,
        columns={
            c: {"name": Column("Where"), "plain": Column("Pattern"), "pattern": Column("Class in full"),
                "count": Column("Incidents in the window", "count"), "cell": Column("Hexagon (H3)")}[c]
            for c in columns
        },
        source=s.source,
        alt=(
            f"Map of {s.where} with the pattern of each hot hexagon over {w.plural(n, 'quarter')}: "
            f"{w.join(said)}."
        ),
        note=(
            "For each quarter, hexagons are hot that stand out after correction over all hexagons and "
            "quarters. "
            + (
                "Counts too small to be shown stand at the mean of all such of their quarter. "
                if s.rules.k > 1 else ""
            ) +
            "The classes follow the written rules of Esri’s Emerging Hot Spot Analysis; for everybody "
            "they are "
            f"merged to five words. {rules}. The trend is the Mann–Kendall test."
        ),
        synthetic=s.synthetic,
    )  # fmt: skip
    return figure, kinds


def _quarter(text: str) -> str:
    """ "2025Q3" as "the third quarter of 2025"."""
    year, _, number = text.partition("Q")
    return f"the {('first', 'second', 'third', 'fourth')[int(number) - 1]} quarter of {year}"


def year_change_figure(s: Spots) -> tuple[Figure, Kinds] | None:
    """The map of hexagons that changed otherwise than the place; None where two years are missing."""
    if s.extra.changes_why:
        return None
    found: tuple[Figure, Kinds] = kept(s, ("changes",), lambda: _year_change_figure(s))
    return found


def _year_change_figure(s: Spots) -> tuple[Figure, Kinds]:
    rows = s.told[s.told["change"].isin(list(CHANGE_KINDS))]
    drawn = rows[["cell", "name", "change"]].rename(columns={"name": "label", "change": "kind"})
    kinds, view = kinds_of(drawn["kind"], CHANGE_KINDS), scene(s)
    rose, fell = (int((drawn["kind"] == k).sum()) for k in (ROSE, FELL))
    before, after = (said for said, _ in s.extra.years[-2:])
    title = (
        f"{w.number(rose)} hexagons rose and {w.number(fell)} fell more than the rest"
        if rose + fell else "No hexagon changed more than the rest by more than chance"
    )  # fmt: skip
    like = len(drawn) - rose - fell
    bars = pd.DataFrame(
        {"name": [k.words for k in CHANGE_KINDS.values()], "value": [float(rose), float(fell), float(like)]}
    )
    order = rows.assign(found=rows["change"] != LIKE_THE_REST, gap=(rows["after"] - rows["before"]).abs())
    order = order.sort_values(["found", "gap"], ascending=False, kind="stable", ignore_index=True)
    figure = Figure(
        key="hotspots_changes",
        title=title,
        sentence=f"{w.sentence_case(year_words(after))} against {year_words(before)}, each hexagon against "
        "the change of all of them.",
        chart=lambda look: (
            maps.static_map(drawn, view, look=look, kinds=kinds)
            if rose + fell
            else charts.bars(bars, look=look)
        ),
        # A map on which nothing stands out is no map.
        map=(
            lambda look: kept(
                s, ("deck changes", look.name), lambda: maps.deck(drawn, view, look=look, kinds=kinds)
            )
        ) if rose + fell else None,
        table=order[["name", "before", "after", "change", "cell"]],
        columns={
            "name": Column("Where"), "before": Column(before, "count"), "after": Column(after, "count"),
            "change": Column("Compared with the rest"), "cell": Column("Hexagon (H3)"),
        },
        source=s.source,
        alt=f"Map of {s.where}: {w.number(rose)} hexagons rose and {w.number(fell)} fell more than the rest.",
        note=(
            "An exact test of two Poisson counts (E-test, Krishnamoorthy and Thomson) for each hexagon "
            "against "
            "the change of the whole place, with a false-discovery rate of 5\u00a0% that holds however "
            "hexagons "
            "hang together (Benjamini and Yekutieli). Small counts change much by chance, so few are found."
        ),
        synthetic=s.synthetic,
    )  # fmt: skip
    return figure, kinds


def near_figure(s: Spots) -> Figure | None:
    """Near repeats by band of distance and time; None where there is no such table."""
    if s.extra.near.empty:
        return None
    rows = s.extra.near
    names = [
        f"{_far(a, b)}, {_late(c, d)}"
        for a, b, c, d in rows[["distance_from", "distance_to", "time_from", "time_to"]].itertuples(
            index=False
        )
    ]
    table = rows.assign(name=names)
    bars = pd.DataFrame(
        {
            "name": names, "value": rows["ratio"].fillna(0.0),
            "shown": [
                f"{w.number(r, 2)} (p {w.number(p, 3)})"
                for r, p in zip(rows["ratio"], rows["p_value"], strict=True)
            ],
        }
    )  # fmt: skip
    top = table.sort_values("p_value", kind="stable").iloc[0]
    return Figure(
        key="hotspots_near",
        title=f"{top['name']}: {w.number(top['ratio'], 2)} times as many pairs as by chance"
        if top["p_value"] < 0.05 else "Pairs of incidents are no closer in place and time than by chance",
        sentence="Pairs of incidents near in place and time, against the same times dealt out at random.",
        chart=lambda look: charts.bars(bars, look=look),
        table=table[["name", "observed", "expected", "ratio", "p_value"]],
        columns={
            "name": Column("Apart"), "observed": Column("Pairs", "count"),
            "expected": Column("By chance", "decimal"),
            "ratio": Column("Ratio", "decimal2"), "p_value": Column("p", "decimal3"),
        },
        source=s.source,
        alt="Bars: " + "; ".join(f"{n} {r:.2f}" for n, r in zip(names, rows["ratio"], strict=True)) + ".",
        note=(
            "Knox bands: the expectation is exact (pairs near in place × pairs near in time ÷ all pairs), "
            "p is "
            "from 999 shuffles of the times. Twelve bands are tested, so one p below 0.05 is no surprise."
        ),
        synthetic=s.synthetic,
        identity=digest("near", *s.identity),
    )  # fmt: skip


def _far(low: float, high: float) -> str:
    return "Same place" if high == 0 else f"Up to {w.number(high)} ft" if low == 0 else (
        f"{w.number(low)} to {w.number(high)} ft"
    )  # fmt: skip


def _late(low: float, high: float) -> str:
    return f"within {w.number(high)} days" if low == 0 else f"{w.number(low)} to {w.number(high)} days"


def foresight_figure(s: Spots) -> Figure | None:
    """What last year's places would have found this year, beside the best possible and chance."""
    if s.extra.foresight.empty:
        return None
    every = s.extra.foresight
    at = every[every["percent"] == TOP]
    rows = pd.concat(
        [
            at[["way", "hit_rate"]],
            pd.DataFrame({"way": [f"{TOP}\u00a0% of the map chosen at random"], "hit_rate": [TOP / 100]}),
        ],
        ignore_index=True,
    )
    bars = pd.DataFrame(
        {"name": [w.sentence_case(x) for x in rows["way"]], "value": 100 * rows["hit_rate"],
         "shown": [w.percent(100 * x) for x in rows["hit_rate"]]}
    )  # fmt: skip
    rate = at.set_index("way")["hit_rate"]
    kept_share = float(s.extra.overlap["kept"].iloc[-1])
    return Figure(
        key="hotspots_foresight",
        title=(
            f"Last year’s busiest {TOP}\u00a0% of the map held {w.percent(100 * rate[LAST])} of the "
            f"latest year’s incidents; the best possible choice held {w.percent(100 * rate[BEST])}"
        ),
        sentence=f"{w.percent(100 * kept_share)} of the hexagons that were on top stayed there.",
        chart=lambda look: charts.bars(bars, look=look),
        table=every,
        columns={
            "way": Column("Places chosen by"), "percent": Column("% of the map", "count"),
            "hit_rate": Column("Share found", "share"), "pai": Column("PAI", "decimal2"),
            "pei": Column("PEI", "decimal2"), "rri": Column("RRI", "decimal2"),
        },
        source=s.source,
        alt="Bars: " + "; ".join(f"{r.name} {r.shown}" for r in bars.itertuples(index=False)) + ".",
        note=(
            "PAI (prediction accuracy index) is the share of incidents found over the share of the map; 1 "
            "is no "
            "better than chance. PEI is PAI over the best that was possible. RRI is predicted over "
            "observed. Ties "
            f"are broken against the prediction. {_foreseen_from(s)} For "
            "saying where next, plain counts of several years do better than the test of what is unusual."
        ),
        synthetic=s.synthetic,
        identity=digest("foresight", *s.identity),
    )  # fmt: skip


def _foreseen_from(s: Spots) -> str:
    if s.rules.k <= 1:
        return "Years end with the last known month."
    return (
        "It is worked out from the maps that are shown: a hexagon whose count is not shown stands at the "
        "mean of all that are not."
    )


def week_figure(s: Spots) -> Figure | None:
    """Day and time of day; None when no count may be shown."""
    table = s.week
    if not table["count"].notna().any() or table["count"].max() <= 0:
        return None
    band = s.rules.hour_bands
    top = table.sort_values("count", ascending=False).iloc[0]
    most = float(top["count"])
    day = DAYS[int(top["day"])]
    clock = [_clock(int(h), band) for h in table["hour"]]
    words = table.assign(day_name=[DAYS[int(d)] for d in table["day"]], clock=clock)
    k = s.rules.k if s.rules.k > 1 else None
    quarter, share = _busiest_quarter(table, s.unplaced[1])
    least = "at least " if table["hidden"].any() else ""
    part = "hour" if band == 1 else "part"
    return Figure(
        key="hotspots_week",
        title=f"More incidents happen from {_clock(quarter, 6)} than in any other quarter of the day: "
        f"{least}{w.percent(100 * share)}",
        sentence=f"The busiest single {part} of the week is {day}, {_clock(int(top['hour']), band)} "
        f"({w.plural(most, 'incident')} of {w.number(s.unplaced[1])}).",
        chart=lambda look: charts.hour_by_day(table, floor=k, band=band, look=look),
        table=words[["day_name", "clock", "shown"]],
        columns={"day_name": Column("Day"), "clock": Column("Time"), "shown": Column("Incidents")},
        source=s.source,
        alt=(
            f"Heat map of the week in bands of {w.plural(band, 'hour')}; the strongest color is {day}, "
            f"{_clock(int(top['hour']), band)}."
        ),
        note=(
            "The time is when the incident is said to have happened. Midnight is often written when nobody "
            "knows the hour: such incidents are shared out over the whole day (aoristic), and sums are "
            "rounded. "
            f"{_uncertain(s)} {w.plural(s.no_hour, 'incident')} had no usable time. An hour that is busy "
            "is not more dangerous for a person unless as many people are about."
        ),
        synthetic=s.synthetic,
        identity=digest("week", *s.identity),
    )


def _busiest_quarter(week: pd.DataFrame, everything: int) -> tuple[int, float]:
    """First hour of the busiest six hours of the day, and their share of all incidents."""
    sums = week.groupby(week["hour"] // 6 * 6)["count"].sum()
    first = int(sums.to_numpy().argmax()) * 6
    return first, float(sums.max()) / max(everything, 1)


def _clock(hour: int, band: int) -> str:
    def name(h: int) -> str:
        h %= 24
        return "midnight" if h == 0 else "noon" if h == 12 else f"{h % 12} {'am' if h < 12 else 'pm'}"

    return f"{name(hour)} to {name(hour + band)}"


def _uncertain(s: Spots) -> str:
    n = s.extra.uncertain
    return f"That holds for {w.plural(n, 'incident')}." if n else ""
