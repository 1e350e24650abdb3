"""Do the rows on the tactics' work fit together? Said at import; nothing is refused for it.

A table may come before the one it refers to, so what does not fit is told and kept.
"""

from __future__ import annotations

import pandas as pd

from analysis.data.store import Transaction


def odd_rows(deployments: pd.DataFrame, activities: pd.DataFrame) -> list[str]:
    """What a person should look at, as sentences: unknown deployments, months outside of one's work."""
    said = []
    known = set(deployments["deployment_id"])
    strangers = activities[~activities["deployment_id"].isin(known)]
    if len(strangers):
        names = ", ".join(sorted(strangers["deployment_id"].unique())[:5])
        said.append(
            f"{len(strangers):,} rows of work name a deployment that the hub does not know ({names}). They "
            "are kept, and count when deployments.csv names it."
        )
    both = activities.merge(deployments[["deployment_id", "start", "end"]], on="deployment_id")
    early = both[both["month"] < both["start"]]
    late = both[both["end"].notna() & (both["month"] > both["end"].fillna(""))]
    for rows, words in ((early, "before its first month"), (late, "after its last month")):
        if len(rows):
            first = rows.iloc[0]
            said.append(
                f"{len(rows):,} rows of work lie {words} at work, such as {first['deployment_id']} in "
                f"{first['month']}. Look at the month, or at the deployment's start and end."
            )
    return said


def look_over(work: Transaction) -> list[str]:
    """The same for what an import has just written; nothing when it brought no work."""
    if not work.touched("activities"):
        return []
    return odd_rows(work.frame("deployments"), work.frame("activities"))
