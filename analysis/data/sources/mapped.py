"""Any other agency's table, through a mapping file: incidents, or monthly counts (long or wide).

Most departments of St. Louis County and all of St. Clair County publish counts only. A mapping says which
agency and which column is what; everything else (rules, quarantine, repeats) is as for known layouts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources import mapped_incidents
from analysis.data.sources.base import Parsed
from analysis.data.sources.cells import Cells, done, month_rule, skipped_message
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.monthly import COUNT_REMEDY, COUNT_RULE, long_counts, settle_repeats
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import Quarantine, Rule, is_count, whole_number

INCIDENTS: Final = mapped_incidents.INCIDENTS
MONTHLY: Final = "mapped_monthly_counts"


def parse(table: RawTable, mapping: Mapping) -> Parsed:
    """Read a table as its mapping says."""
    mapping.check_columns(table.header, table.file)
    if mapping.kind == "incidents":
        return mapped_incidents.parse(table, mapping)
    return _wide(table, mapping) if mapping.wide else _long(table, mapping)


def _wide(table: RawTable, mapping: Mapping) -> Parsed:
    """Monthly counts with a column per offense."""
    cells = Cells(table, mapping)
    keys = pd.DataFrame({"agency_id": cells.agency(), "month": cells.month()})
    counts, rules = {}, [month_rule(mapping.columns["month"]), *cells.agency_rule()]
    for name in mapping.offenses:
        counts[f"count of {name}"] = _figures(table.frame[name].str.strip(), mapping)
        rules.append(_count_rule(f"count of {name}", name))
    parsed = pd.concat([keys, pd.DataFrame(counts, index=keys.index)], axis=1)
    quarantine = Quarantine(table)
    quarantine.check(parsed, rules)
    left = parsed.iloc[np.setdiff1d(np.arange(len(parsed)), quarantine.bad)]
    keep, said = settle_repeats(
        table, quarantine, left, ("agency_id", "month"), mapping.columns["month"], "A month of an agency"
    )
    # Several columns may be one offense (burglary of homes, of shops): their sum, missing if any is.
    offenses = dict.fromkeys(mapping.offenses.values())
    sums = pd.DataFrame(
        {
            offense: left.loc[
                keep, [f"count of {n}" for n, o in mapping.offenses.items() if o == offense]
            ].sum(axis=1, skipna=False)
            for offense in offenses
        }
    )
    monthly = long_counts(left.loc[keep], sums, MONTHLY, table.file)
    return done(table, quarantine, cells, MONTHLY, said, monthly=monthly)


def _long(table: RawTable, mapping: Mapping) -> Parsed:
    """Monthly counts with a row per offense."""
    cells = Cells(table, mapping)
    parsed = pd.DataFrame(
        {
            "agency_id": cells.agency(),
            "month": cells.month(),
            "offense": cells.offense(),
            "count": _figures(cells.of("count"), mapping),
            "said": cells.of("offense").str.casefold(),
        }
    )
    quarantine = Quarantine(table)
    rules = [month_rule(mapping.columns["month"]), *cells.agency_rule(), cells.offense_rule()]
    quarantine.check(parsed, [*rules, _count_rule("count", mapping.columns["count"])])
    skipped = cells.unlisted() & (mapping.unlisted_offenses == "skip")
    left = parsed.iloc[np.setdiff1d(np.flatnonzero(~skipped.to_numpy()), quarantine.bad)]
    keep, said = settle_repeats(
        table,
        quarantine,
        left,
        ("agency_id", "month", "said"),
        mapping.columns["month"],
        "A month of an offense",
    )
    kept = left.loc[keep]
    # Several of the file's offenses may be one of ours: their sum, missing if any of them is blank.
    sums = kept.groupby(["agency_id", "month", "offense"])["count"].sum(skipna=False).reset_index()
    monthly = sums[sums["count"].notna()].assign(status="reported", source=MONTHLY, source_file=table.file)
    said += skipped_message(int((skipped & ~skipped.index.isin(quarantine.bad)).sum()))
    return done(table, quarantine, cells, MONTHLY, said, monthly=monthly.reset_index(drop=True))


def _figures(text: pd.Series, mapping: Mapping) -> pd.Series:
    blank = text.isin(list(mapping.no_figure)) | (text == "")
    numbers = whole_number(text)
    return numbers.mask(~blank & numbers.isna(), -np.inf).mask(blank)


def _count_rule(column: str, shown: str) -> Rule:
    return Rule(column, shown, COUNT_RULE, lambda s: s.isna() | is_count(s), COUNT_REMEDY)
