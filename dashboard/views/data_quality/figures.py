"""Pictures of the data: which months each agency reported, and how far figures moved afterwards."""

from __future__ import annotations

from dashboard import charts, data
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.data_quality.facts import Quality


def completeness(q: Quality, facts: data.Facts) -> Figure:
    """Agency by month: reported, partial, looks wrong, missing."""
    table = q.months
    states = charts.completeness.STATES
    recent = table[table["month"] > table["month"].max() - 24]
    share = 100 * float((recent["status"].isin(["reported", "estimated"])).mean())
    lacking = sorted(recent.loc[recent["status"].isin(["missing", "partial"]), "agency"].unique())
    odd = recent.loc[recent["status"] == "suspect", "agency"].nunique()
    sentence = (
        f"{w.join(lacking) if len(lacking) <= 3 else w.plural(len(lacking), 'series', 'series')} "
        f"{'lacks' if len(lacking) == 1 else 'lack'} at least one of the latest 24 months."
        if lacking else "No agency lacks any of the latest 24 months."
    )  # fmt: skip
    if odd:
        sentence += f" In {w.plural(odd, 'series', 'series')} some months look wrong."
    readable = table.assign(word=[states[s][0] for s in table["status"]])
    return Figure(
        key="data_completeness",
        title=f"{w.percent(share)} of the latest 24 months are reported in full",
        sentence=sentence,
        chart=lambda look: charts.completeness_map(table, years=10, look=look),
        table=readable[["agency", "month", "word", "why"]],
        columns={
            "agency": Column("Agency"), "month": Column("Month", "month"), "word": Column("State"),
            "why": Column("Why"),
        },
        source=facts.source_line,
        alt=(
            f"One square a month for each of {w.plural(table['agency'].nunique(), 'series', 'series')} "
            f"of the region's agencies. {sentence}"
        ),
        note=(
            f"{charts.completeness_key()} A month is partial when an offense that the agency usually reports "
            "is not there. Estimated: the source gave a total of several months, split by last year's shares."
        ),
        synthetic=facts.synthetic,
        identity=digest("completeness", facts.version),
    )  # fmt: skip


def revisions(q: Quality, facts: data.Facts) -> Figure | None:
    """How far figures moved after they were first published; None with a single version."""
    table = q.revisions
    if table.empty:
        return None
    first = table.sort_values("delay").groupby("month").first()
    typical = float(first["percent"].median())
    return Figure(
        key="data_revisions",
        title=f"A month's first figure is typically {w.percent(typical)} of the newest one",
        sentence=(
            f"{w.plural(q.versions, 'version')} of the figures are stored; each line is one month as it was "
            "known at each of them."
        ),
        chart=lambda look: charts.revision_triangle(table, look=look),
        table=table,
        columns={
            "month": Column("Month", "month"), "delay": Column("Months later", "count"),
            "percent": Column("Percent of the newest figure", "percent1"),
        },
        source=facts.source_line,
        alt=(
            f"Lines of {w.plural(table['month'].nunique(), 'month')}: the first figure is typically "
            f"{w.percent(typical)} of the newest one."
        ),
        note=(
            "Homicide, robbery and aggravated assault of the region's agencies together, only figures that "
            "both versions hold. Late reports add; corrections and unfounded reports take away."
        ),
        synthetic=facts.synthetic,
        identity=digest("revisions", facts.version),
    )  # fmt: skip
