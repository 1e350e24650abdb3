"""The figures of the focus areas: before and after against the comparison, and month by month."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboard import charts
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.hotspots.areas import AreaChange
from dashboard.views.hotspots.page import Spots


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
                f" As a ratio, {c.name} changed to {w.number(c.relative.estimate, 2)} of the comparison "
                f"area’s change ({w.number(c.relative.lower, 2)} to {w.number(c.relative.upper, 2)})."
                for c in tested if c.relative is not None
            )
            + "".join(
                f" For {c.name} the counts are small: an exact test of the area alone gives p = "
                f"{w.number(c.p_value, 2)}."
                for c in tested if c.p_value is not None
            )
        ),
        synthetic=s.synthetic,
    )  # fmt: skip


def cumulative_figures(s: Spots) -> list[Figure]:
    """The difference of each focus area as it adds up month by month; none but for researchers."""
    return [_cumulative_figure(s, i, c) for i, c in enumerate(s.changes) if not c.cumulative.empty]


def _cumulative_figure(s: Spots, i: int, c: AreaChange) -> Figure:
    path = c.cumulative.assign(
        cumulative=c.cumulative["estimate"], cumulative_lower=c.cumulative["lower"],
        cumulative_upper=c.cumulative["upper"],
    )  # fmt: skip
    last = path.iloc[-1]
    side = "fewer" if last["estimate"] < 0 else "more"
    size, months = w.number(abs(last["estimate"])), w.plural(last["months"], "month")
    return Figure(
        key=f"hotspots_cumulative_{i}",
        title=f"{c.name}: {size} incidents {side} after {months}",
        sentence="Against the comparison area, added up since the start.",
        chart=lambda look: charts.cumulative_effect(path, start=c.start, look=look),
        table=path[["period", "months", "estimate", "lower", "upper", "se"]],
        columns={
            "period": Column("Month", "month"), "months": Column("Months", "count"),
            "estimate": Column("Difference", "change"), "lower": Column("From", "change"),
            "upper": Column("To", "change"),
        },
        source=s.source,
        alt=f"A line of the difference of {c.name} since its start, ending at {size} {side}.",
        note=(
            "The weighted displacement difference after each month, with 95\u00a0% limits that hold for that "
            "month alone: looking every month finds a difference more often than in 5\u00a0%."
        ),
        synthetic=s.synthetic,
        identity=digest("cumulative", i, *s.identity),
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
