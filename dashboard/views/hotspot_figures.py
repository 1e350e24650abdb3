"""The figures of the hot-spot page: a map, three charts and a comparison, each with its table."""

from __future__ import annotations

from collections.abc import Sequence

import h3
import numpy as np
import pandas as pd
from shapely.geometry import Polygon

from analysis.data.vocabulary import REGION
from analysis.hotspots import expected_by_chance
from dashboard import charts, maps
from dashboard import words as w
from dashboard.charts.places import DAYS
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.theme import Look
from dashboard.views.hotspot_areas import AreaChange
from dashboard.views.hotspots import MAP_KEY, TOP, Spots, table, top_share, unusual


def legend(s: Spots, look: Look) -> str:
    """The key of the live map."""
    return maps.legend(s.lower, look, what=f"Incidents, {s.window}", marked="Unusual concentration")


def _hexagon(cell: str) -> Polygon:
    return Polygon([(lng, lat) for lat, lng in h3.cell_to_boundary(cell)])


def _window(drawn: pd.DataFrame) -> tuple[float, float, float, float] | None:
    """Where the hexagons with a colour are: most of the region has none."""
    if drawn.empty:
        return None
    at = np.array([h3.cell_to_latlng(c) for c in drawn["cell"]])
    south, west = at.min(axis=0)
    north, east = at.max(axis=0)
    return float(west) - 0.01, float(south) - 0.01, float(east) + 0.01, float(north) + 0.01


def map_figure(s: Spots, selected: str | None = None) -> Figure:
    """The map with its ranked table; ``selected`` is outlined."""
    drawn = s.cells[s.cells["count"] > 0].assign(label=lambda t: t["name"])
    areas = []
    if selected is not None and selected in set(drawn["cell"]):
        name = drawn.loc[drawn["cell"] == selected, "name"].iloc[0]
        areas = [(str(name), _hexagon(selected))]
    scene = maps.Scene(s.outlines, areas, s.place, _window(drawn) if s.place == REGION else None)
    k = s.rules.k
    hidden = int(s.cells["hidden"].sum())
    note = [
        "Each incident is counted once, in the H3 hexagon of its coordinates. The colours have fixed steps. "
        "An orange outline surrounds an unusual concentration: each hexagon in it and its neighbours "
        "together hold more than "
        "chance would put there (see “Is it real?”).",
    ]
    if k > 1:
        note.append(
            f"Counts of 1 to {k - 1} are never shown: {w.plural(hidden, 'hexagon')} without colour "
            f"{'holds' if hidden == 1 else 'hold'} fewer than {k}, or would give such a count away; all "
            "others without colour had none."
        )
    note += list(s.notes)
    top = drawn.head(3)["name"].drop_duplicates().tolist()
    return Figure(
        key=MAP_KEY,
        title=f"{w.percent(TOP)} of the hexagons hold {w.percent(100 * top_share(s))} of the incidents",
        sentence=f"Most incidents were counted in {w.join(top)}."
        if top else "No hexagon has a count that may be shown.",
        chart=lambda look: maps.static_map(drawn, scene, lower=s.lower, look=look),
        map=lambda look: maps.deck(drawn, scene, lower=s.lower, look=look),
        table=table(s),
        columns={
            "rank": Column("Rank", "count"), "place": Column("Where"), "count": Column("Incidents", "count"),
            "standing": Column("Compared with chance"), "cell": Column("Hexagon (H3)"),
        },
        source=s.source,
        alt=(
            f"Map of {s.where} in hexagons coloured by incidents of {s.what}, {s.window}. "
            f"{w.number(len(drawn))} hexagons have a colour, {w.number(unusual(s))} are unusual "
            f"concentrations. The ranked table beside it says the same in words."
        ),
        note="\n\n".join(note),
        synthetic=s.synthetic,
    )  # fmt: skip


def chance_figure(s: Spots) -> Figure:
    """How many hexagons stand out, and how many would by chance."""
    n = s.concentration.places
    chance = expected_by_chance(n) / 2
    left = unusual(s)
    rows = pd.DataFrame(
        {
            "name": ["Flagged by a test without correction", "To be expected by chance alone",
                     "Left after correction for many tests", "Of these, very unusual (99\u00a0%)"],
            "value": [float(s.flagged), chance, float(left), float(s.classes.get("hot 99", 0))],
        }
    )  # fmt: skip
    title = (
        f"{w.number(left)} of {w.number(n)} hexagons stand out more than chance would make them"
        if left else f"None of {w.number(n)} hexagons stands out more than chance would make it"
    )  # fmt: skip
    return Figure(
        key="hotspots_chance",
        title=title,
        sentence=(
            f"A test of every hexagon on its own flags {w.number(s.flagged)}; about {w.number(chance)} of "
            "such flags would come up on a map with nothing unusual on it."
        ),
        chart=lambda look: charts.bars(rows, look=look),
        table=rows,
        columns={"name": Column("Hexagons"), "value": Column("Number", "count")},
        source=s.source,
        alt=(
            f"Four bars: {w.number(s.flagged)} hexagons flagged without correction, {w.number(chance)} to be "
            f"expected by chance, {w.number(left)} left after correction, "
            f"{w.number(s.classes.get('hot 99', 0))} of them very unusual."
        ),
        note=(
            "Gi* (Getis and Ord) adds each hexagon to its six neighbours and compares the sum with what a "
            "random arrangement of the same counts would give. Testing many hexagons finds some by luck, so "
            "the p-values are corrected (Benjamini and Hochberg): of the hexagons called unusual at "
            "95\u00a0%, about 5\u00a0% are expected to be mistaken. Unusual says nothing about why, and "
            "nothing about the people who live there. Few places can be unusually empty when most "
            "hexagons have no incident anyway."
        ),
        synthetic=s.synthetic,
        identity=digest("chance", s.version, s.rules.name, s.place, s.measure, s.window, s.resolution),
    )


def curve_figure(s: Spots) -> Figure:
    """Share of the map against share of events, in whole percents so that no single count shows."""
    lorenz = s.concentration.lorenz
    at = np.concatenate([np.arange(0, 10, 0.5), np.arange(10, 101)]) / 100
    rows = pd.DataFrame(
        {
            "share_of_places": at,
            "share_of_events": np.interp(at, lorenz["places"], lorenz["events"]).round(3),
            "chance": np.interp(at, lorenz["places"], lorenz["chance"]).round(3),
        }
    )
    by_chance = float(np.interp(TOP / 100, lorenz["places"], lorenz["chance"]))
    return Figure(
        key="hotspots_concentration",
        title=f"The busiest {w.percent(TOP)} of the map hold {w.percent(100 * top_share(s))} of {s.what}",
        sentence=(
            f"If the same incidents had fallen evenly at random, the busiest {w.percent(TOP)} would hold "
            f"{w.percent(100 * by_chance)}: few events look concentrated by themselves."
        ),
        chart=lambda look: charts.concentration_curve(rows, what="incidents", look=look),
        table=rows,
        columns={
            "share_of_places": Column("Share of the map", "share"),
            "share_of_events": Column("Share of incidents", "share"),
            "chance": Column("If they fell at random", "share"),
        },
        source=s.source,
        alt=(
            f"A curve that rises steeply: {w.percent(TOP)} of the hexagons hold "
            f"{w.percent(100 * top_share(s))} of the incidents, against {w.percent(100 * by_chance)} "
            "if they fell at random."
        ),
        note=(
            "Hexagons in order of their counts, added up. The dashed line is what an even random (Poisson) "
            f"spread of {w.number(s.total)} incidents over {w.number(s.concentration.places)} hexagons would "
            f"give. Gini {w.number(s.concentration.gini, 2)}, by chance "
            f"{w.number(s.concentration.chance_gini, 2)}. "
            "The map includes places where nobody lives, which makes any measure look more concentrated."
        ),
        synthetic=s.synthetic,
        identity=digest("curve", s.version, s.rules.name, s.place, s.measure, s.window, s.resolution),
    )  # fmt: skip


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
    return Figure(
        key="hotspots_week",
        title=f"Most incidents happen on {day}, {_clock(int(top['hour']), band)}",
        sentence=f"{w.number(most)} of {w.number(s.unplaced[1])} incidents fell into that part of the week.",
        chart=lambda look: charts.hour_by_day(table, floor=k, band=band, look=look),
        table=words[["day_name", "clock", "shown"]],
        columns={"day_name": Column("Day"), "clock": Column("Time"), "shown": Column("Incidents")},
        source=s.source,
        alt=(
            f"Heat map of the week in bands of {w.plural(band, 'hour')}; the strongest colour is {day}, "
            f"{_clock(int(top['hour']), band)}."
        ),
        note=(
            "The time is when the incident is said to have happened. Midnight is often written when nobody "
            "knows the hour, so the first hour of the day counts somewhat too many. "
            f"{w.plural(s.no_hour, 'incident')} had no usable time. An hour that is busy is not more "
            "dangerous for a person unless as many people are about."
        ),
        synthetic=s.synthetic,
        identity=digest("week", s.version, s.rules.name, s.place, s.measure, s.window),
    )


def _clock(hour: int, band: int) -> str:
    def name(h: int) -> str:
        h %= 24
        return "midnight" if h == 0 else "noon" if h == 12 else f"{h % 12} {'am' if h < 12 else 'pm'}"

    return f"{name(hour)} to {name(hour + band)}"


def change_figure(s: Spots) -> Figure | None:
    """Each focus area against its comparison area; None where the hub has no such areas."""
    tested = [c for c in s.changes if c.local is not None]
    if not tested:
        return None
    table = pd.concat(
        [c.counts.assign(deployment=c.name, window_before=c.before, window_after=c.after) for c in tested],
        ignore_index=True,
    )
    estimates = [("Focus area", c.name, c.local) for c in tested if c.local is not None]
    estimates += [("Ring around it", c.name, c.ring) for c in tested if c.ring is not None]
    moved = [c for c in tested if c.local is not None and (c.local.upper < 0 or c.local.lower > 0)]
    title = (
        f"{w.number(len(moved))} of {w.plural(len(tested), 'focus area')} changed by more than chance"
        if moved
        else f"In {w.plural(len(tested), 'focus area')} we cannot tell a change from chance yet"
    )
    return Figure(
        key="hotspots_areas",
        title=title,
        sentence=" ".join(f"**{c.name}**: {c.sentence}" for c in tested),
        chart=lambda look: charts.bars(_area_bars(tested), look=look),
        table=table.drop(columns="kind"),
        columns={
            "deployment": Column("Tactic and area"), "role": Column("Which area"), "area": Column("Name"),
            "window_before": Column("Before"), "before_shown": Column("Incidents before"),
            "window_after": Column("After"), "after_shown": Column("Incidents after"),
        },
        source=s.source,
        alt="Bars of incidents before and after: " + "; ".join(
            f"{r.role} of {r.deployment} {r.before_shown} before, {r.after_shown} after"
            for r in table.itertuples()
        ) + ". " + " ".join(
            f"{name}, {role.lower()}: difference {w.number(x.estimate)} "
            f"({w.number(x.lower)} to {w.number(x.upper)})."
            for role, name, x in estimates
        ),
        note=(
            "Weighted displacement difference (Wheeler and Ratcliffe): the change in the focus area minus "
            "the change in the comparison area, in incidents, with a Poisson range (95\u00a0%) that is "
            "widened where months before the start varied more than Poisson counts do. The same is done for "
            "the ring around the area, to see whether incidents moved next door. Both windows hold the same "
            "calendar months. "
            "The comparison assumes that both areas would have changed by the same number of incidents."
            + "".join(
                f" For {c.name} the counts are small: an exact test of the area alone gives p = "
                f"{w.number(c.p_value, 2)}."
                for c in tested if c.p_value is not None
            )
        ),
        synthetic=s.synthetic,
    )  # fmt: skip


def _area_bars(tested: Sequence[AreaChange]) -> pd.DataFrame:
    rows = [
        {"name": f"{r['area']}, {time}", "value": v}
        for c in tested
        for r in c.counts.to_dict("records")
        for time, v in (("before", r["before"]), ("after", r["after"]))
    ]
    return pd.DataFrame(rows)


def untested(s: Spots) -> list[str]:
    """Focus areas about which nothing can be said, with the reason."""
    return [f"**{c.name}**: {c.why}" for c in s.changes if c.local is None]
