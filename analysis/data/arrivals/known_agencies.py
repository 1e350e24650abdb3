"""One agency, one identifier, whatever file it comes in."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.data.geography.region import KNOWN_AGENCIES
from analysis.data.schema import TABLES, conform
from analysis.data.sources.base import Parsed
from analysis.data.store import Transaction

#: Identifiers made from a name, where a file has no ORI, begin so.
PROVISIONAL: Final = "X-"
_KEYED: Final = ("monthly_counts", "cumulative", "incidents", "coverage")


def identifiers(agencies: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(name, state) → ORI of the agencies that are known, for files that have names only."""
    told = agencies.dropna(subset=["name", "state"])
    told = told[~told["agency_id"].str.startswith(PROVISIONAL)]
    told = told[~told.duplicated(["name", "state"], keep=False)]
    return dict(zip(zip(told["name"], told["state"], strict=True), told["agency_id"], strict=True))


def settle_names(work: Transaction) -> None:
    """Give rows that came under a name the ORI that another file has brought for it since."""
    agencies = work.frame("agencies")
    real = identifiers(agencies)
    made = agencies[agencies["agency_id"].str.startswith(PROVISIONAL)]
    renamed = {
        row["agency_id"]: real[row["name"], row["state"]]
        for row in made[["agency_id", "name", "state"]].to_dict("records")
        if (row["name"], row["state"]) in real
    }
    if not renamed:
        return
    work.replace("agencies", agencies[~agencies["agency_id"].isin(list(renamed))])
    for name in _KEYED:
        rows = work.frame(name)
        if rows["agency_id"].isin(list(renamed)).any():
            work.replace(name, rows.assign(agency_id=rows["agency_id"].replace(renamed)))


def merge_agencies(known: pd.DataFrame, parsed: Parsed) -> pd.DataFrame:
    """The agency table with what a file tells: new values fill gaps and replace older ones.

    An agency of the region keeps its jurisdiction whatever the file says; one that a file only
    counts for, without describing it, gets its identifier for a name.
    """
    told = conform(TABLES["agencies"], parsed.agencies)
    told["name"] = told["name"].mask(told["name"] == told["agency_id"])  # a file without names
    ids = (
        pd.concat([parsed.monthly["agency_id"], parsed.incidents["agency_id"]])
        .dropna()
        .astype("str")
        .unique()
    )
    bare = [i for i in ids if i not in set(told["agency_id"]) and i not in set(known["agency_id"])]
    told = pd.concat([told, conform(TABLES["agencies"], _bare_rows(bare))], ignore_index=True)
    told = told.drop_duplicates("agency_id", keep="last").set_index("agency_id")
    merged = told.combine_first(known.set_index("agency_id")) if len(known) else told
    merged["name"] = merged["name"].fillna(merged.index.to_series())
    for ori, agency in KNOWN_AGENCIES.items():
        if ori in merged.index:
            merged.loc[ori, ["name", "state", "kind", "jurisdiction"]] = [
                agency.name, agency.state, agency.kind, agency.jurisdiction,
            ]  # fmt: skip
    return conform(TABLES["agencies"], merged.reset_index()).sort_values("agency_id", ignore_index=True)


def _bare_rows(ids: list[str]) -> pd.DataFrame:
    columns = list(TABLES["agencies"].columns)
    return pd.DataFrame({"agency_id": ids, "name": ids}).reindex(columns=columns)
