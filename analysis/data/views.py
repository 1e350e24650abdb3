"""What the stored rows mean on a day: live rows, netted incidents, current counts.

Everything here is an Ibis expression in, an Ibis expression out. The rules:

* **Order.** A row is newer than another when its vintage is later, and within one vintage when its
  import came later. ``as_of`` leaves out vintages after that day.
* **Whole months.** A file that holds a coded month as a whole supersedes every older file of the
  same source, agency and month (``coverage.whole``). Rows of months that a file only touches are
  added to what is there.
* **Net sources** (SLMPD legacy). All live rows are summed within (incident, crime code): a −1 row in
  a later file cancels the +1 row of an earlier one. Counts are sums by coded month, cancelling rows
  included, as the agency publishes them.
* **All other sources.** Files re-emit incidents that were supplemented. The newest file that holds
  an incident × offense wins; counts are recomputed from the winners, never summed by file.
"""

from __future__ import annotations

from typing import Any, Final

import ibis

from analysis.data.vocabulary import PART_OFFENSES

#: Sources whose rows carry +1 and −1 and are netted over all files.
NET_SOURCES: Final = ("slmpd_legacy",)
_INCIDENT: Final = ("agency_id", "source", "incident_id", "offense")


def order(rows: Any) -> Any:
    """Text that sorts rows from the oldest knowledge to the newest."""
    return rows.vintage + "/" + rows.import_seq.fill_null(0).cast("string").lpad(9, "0")


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
    rows = rows.mutate(order=order(rows))
    whole = known(coverage, as_of)
    whole = whole.filter(whole.whole)
    whole = whole.mutate(order=order(whole))
    base = whole.group_by(["source", "agency_id", "month"]).agg(base=whole.order.max())
    base = base.select(b_source=base.source, b_agency=base.agency_id, b_month=base.month, base=base.base)
    joined = rows.left_join(
        base,
        [rows.source == base.b_source, rows.agency_id == base.b_agency, rows.coded_month == base.b_month],
    )
    live = joined.filter(joined.base.isnull() | (joined.order >= joined.base))
    live = live.drop("b_source", "b_agency", "b_month", "base")
    newest = ibis.window(group_by=list(_INCIDENT))
    live = live.mutate(newest=live.order.max().over(newest))
    live = live.filter(live.source.isin(NET_SOURCES) | (live.order == live.newest))
    return live.drop("order", "newest")


def netted(live: Any) -> Any:
    """One row per incident × offense that still stands, from live rows.

    Rows are summed within (incident, code); codes whose sum is positive remain; an incident ×
    offense gets the last coordinates that any of its remaining rows carry, in file order. Its coded
    month is the first in which it was counted.
    """
    place = live.coded_month + "/" + live.row_order.fill_null(0).cast("string").lpad(9, "0")
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

    def last(name: str, where: Any) -> Any:
        return rows[name].argmax(rows.place, where=where & rows[name].notnull())

    grouped = rows.group_by(list(_INCIDENT)).agg(
        occurred_at=last("occurred_at", positive),
        reported_at=last("reported_at", positive),
        coded_month=rows.coded_month.min(where=positive),
        code=last("code", positive),
        firearm=rows.firearm.any(where=positive),
        domestic=rows.domestic.any(where=positive),
        people=rows.victims.sum(where=positive),
        net_count=rows.net_count.sum(),
        longitude=last("longitude", located),
        latitude=last("latitude", located),
        located_quality=last("location_quality", located),
        last_quality=last("location_quality", positive),
        area_name=last("area_name", positive),
        source_file=last("source_file", positive),
        row_order=last("row_order", positive),
        area_id=last("area_id", located),
        h3_r9=last("h3_r9", located),
        vintage=rows.vintage.max(),
    )
    # A cancelled victim is no victim: where rows cancel each other the net is the number of people.
    people = ibis.ifelse(grouped.source.isin(NET_SOURCES), grouped.net_count, grouped.people)
    quality = ibis.coalesce(grouped.located_quality, grouped.last_quality)
    return grouped.mutate(victims=people, location_quality=quality).drop(
        "people", "located_quality", "last_quality"
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
