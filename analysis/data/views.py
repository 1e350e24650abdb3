"""What the stored rows mean on a day: live rows, netted incidents, current counts.

Everything here is an Ibis expression in, an Ibis expression out. The rules:

* **Order.** A row is newer than another when its vintage is later; within one vintage, for files of
  incidents, when its file reaches a later month; then when its import came later. ``as_of`` leaves
  out vintages after that day.
* **Whole months.** A file that holds a month of an offense as a whole supersedes every older file of
  the same source, agency, month and offense (``coverage`` says which). Rows of months that a file
  only touches, such as incidents supplemented later, are added to what is there.
* **Net sources** (SLMPD legacy). All live rows are summed within (incident, crime code): a −1 row in
  a later file cancels the +1 row of an earlier one. Counts are sums by coded month, cancelling rows
  included, as the agency publishes them.
* **All other sources.** Files re-emit incidents that were supplemented. The newest file that holds
  an incident × offense wins; counts are recomputed from the winners, never summed by file.
"""

from __future__ import annotations

from typing import Any, Final

import ibis

from analysis.data.sources.netting import CANCELLING_SOURCES
from analysis.data.vocabulary import PART_OFFENSES

#: Sources whose rows carry +1 and −1 and are netted over all files.
NET_SOURCES: Final = tuple(sorted(CANCELLING_SOURCES))
_INCIDENT: Final = ("agency_id", "source", "incident_id", "offense")


def order(rows: Any) -> Any:
    """Text that sorts rows from the oldest knowledge to the newest."""
    return rows.vintage + "/" + _number(rows.import_seq)


def known(rows: Any, as_of: str | None) -> Any:
    """Rows whose vintage is not after ``as_of`` (ISO date); all rows when it is None."""
    return rows if as_of is None else rows.filter(rows.vintage <= as_of)


def current_counts(counts: Any, as_of: str | None = None) -> Any:
    """The newest row of each agency × month × offense × source."""
    rows = known(counts, as_of)
    rows = rows.mutate(order=order(rows))
    newest = ibis.window(group_by=["agency_id", "month", "offense", "source"])
    rows = rows.mutate(newest=rows.order.max().over(newest))
    return rows.filter(rows.order == rows.newest).drop("order", "newest")


def live_incidents(incidents: Any, coverage: Any, as_of: str | None = None) -> Any:
    """Rows that count on a day, not yet netted (cancelling rows are still there)."""
    rows = known(incidents, as_of)
    file_month = rows.coded_month.max().over(ibis.window(group_by="import_seq"))
    rows = rows.mutate(order=_file_order(rows, file_month))
    whole = known(coverage, as_of)
    whole = whole.filter(whole.status == "reported")
    whole = whole.mutate(order=_file_order(whole, whole.file_month))
    keys = {f"b_{name}": whole[name] for name in ("source", "agency_id", "month", "offense")}
    base = whole.group_by(**keys).agg(base=whole.order.max())
    same = [
        rows.source == base.b_source,
        rows.agency_id == base.b_agency_id,
        rows.coded_month == base.b_month,
        rows.offense == base.b_offense,
    ]
    joined = rows.left_join(base, same)
    live = joined.filter(joined.base.isnull() | (joined.order >= joined.base)).drop(*keys, "base")
    newest = ibis.window(group_by=list(_INCIDENT))
    live = live.mutate(newest=live.order.max().over(newest))
    live = live.filter(live.source.isin(NET_SOURCES) | (live.order == live.newest))
    return live.drop("order", "newest")


def _file_order(rows: Any, file_month: Any) -> Any:
    """Like :func:`order`; of files imported on one day the one that reaches further is the newer."""
    return rows.vintage + "/" + file_month + "/" + _number(rows.import_seq)


def _number(column: Any) -> Any:
    return column.fill_null(0).cast("string").lpad(9, "0")


def netted(live: Any) -> Any:
    """One row per incident × offense that still stands, from live rows.

    Rows are summed within (incident, code); codes whose sum is positive remain; an incident ×
    offense gets the last coordinates that any of its remaining rows carry, in file order; everything else is
    of the first row that counts it.
    """
    place = live.coded_month + "/" + _number(live.row_order)
    rows = live.mutate(place=place)
    code = rows.group_by([*_INCIDENT, "code"]).agg(code_net=rows.net_count.sum())
    code = code.filter(code.code_net > 0)
    keys = {f"c_{name}": code[name] for name in (*_INCIDENT, "code")}
    code = code.select(**keys)
    same = [rows[name] == code[f"c_{name}"] for name in _INCIDENT]
    same.append(rows.code.fill_null("") == code.c_code.fill_null(""))
    rows = rows.inner_join(code, same).drop(*keys)
    positive = rows.net_count > 0
    located = rows.longitude.notnull() & rows.latitude.notnull()

    def first(name: str) -> Any:
        return rows[name].argmin(rows.place, where=positive & rows[name].notnull())

    def last(name: str) -> Any:
        return rows[name].argmax(rows.place, where=located & rows[name].notnull())

    grouped = rows.group_by(list(_INCIDENT)).agg(
        occurred_at=first("occurred_at"),
        reported_at=first("reported_at"),
        coded_month=rows.coded_month.min(where=positive),
        code=first("code"),
        firearm=rows.firearm.any(where=positive),
        domestic=rows.domestic.any(where=positive),
        people=rows.victims.sum(where=positive),
        net_count=rows.net_count.sum(),
        lowest=rows.net_count.min(),
        longitude=last("longitude"),
        latitude=last("latitude"),
        located_quality=last("location_quality"),
        first_quality=first("location_quality"),
        area_name=first("area_name"),
        source_file=first("source_file"),
        row_order=first("row_order"),
        area_id=last("area_id"),
        h3_r9=last("h3_r9"),
        vintage=rows.vintage.max(),
    )
    # A cancelled victim is no victim: where rows cancel each other the net is the number of people.
    nets = grouped.source.isin(NET_SOURCES) | (grouped.lowest < 0)
    people = ibis.ifelse(nets, grouped.net_count, grouped.people)
    quality = ibis.coalesce(grouped.located_quality, grouped.first_quality)
    return grouped.mutate(victims=people, location_quality=quality).drop(
        "people", "lowest", "located_quality", "first_quality"
    )


def counts_of(live: Any) -> Any:
    """Sums by agency, source, coded month and offense, parts of offenses included."""
    keys = {"agency_id": live.agency_id, "source": live.source, "month": live.coded_month}
    tables = [live.select(**keys, offense=live.offense, net_count=live.net_count)]
    for part, whole in PART_OFFENSES.items():
        flag = live.firearm if part.endswith("_firearm") else live.domestic
        told = live.filter((live.offense == whole) & flag.fill_null(False))
        tables.append(
            told.select(
                agency_id=told.agency_id,
                source=told.source,
                month=told.coded_month,
                offense=ibis.literal(part),
                net_count=told.net_count,
            )
        )
    rows = ibis.union(*tables, distinct=False)
    return rows.group_by(["agency_id", "source", "month", "offense"]).agg(count=rows.net_count.sum())
