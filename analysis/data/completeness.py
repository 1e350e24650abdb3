"""What was known of each month on each day that figures came in: the raw material of completeness."""

from __future__ import annotations

import pandas as pd

from analysis.data.hub import Hub
from analysis.data.store import HubError

#: Vintages that are read at most, the newest ones.
MOST = 36


def vintage_counts(hub: Hub, place: str, measure: str, *, most: int = MOST) -> pd.DataFrame:
    """A measure of a place as it was known on each stored vintage.

    Args:
        hub: the hub. place: a jurisdiction, ``region`` or an agency's id. measure: its id.
        most: newest vintages that are read.

    Returns:
        month (Period), vintage (ISO date) and count, one row for each usable month and vintage. A
        vintage on which the series was added up in another way (another panel of agencies, another
        source) is left out: a step between definitions is no late report.

    Raises:
        HubError: there is no such measure, or the place has no series of it.
    """
    newest = hub.series(place, measure)
    parts = []
    for vintage in hub.vintages()[-most:]:
        found = hub._figures(as_of=vintage).series(place, measure)
        if found is None or found.definition != newest.definition or found.source != newest.source:
            continue
        known = found.counts.dropna()
        parts.append(
            pd.DataFrame(
                {"month": pd.PeriodIndex(known.index), "vintage": vintage, "count": known.to_numpy(float)}
            )
        )
    if not parts:
        raise HubError(
            f"No stored vintage holds {measure.replace('_', ' ')} of {place} as it is counted now."
        )
    return pd.concat(parts, ignore_index=True)
