"""Briefs that a release keeps: made from the release itself when it is built, set when asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from dashboard.brief.blocks import Brief, BriefError, drawn, from_json, to_json
from dashboard.brief.typeset import panels

#: Results of a release below this name: one a quarter.
NAME: Final = "council_brief"


def kept(folder: Path, quarter: str) -> Brief | None:
    """The brief of a quarter as a release keeps it; None when the folder is none, or keeps no briefs.

    Raises:
        BriefError: this quarter has none, and why. ReleaseError: the release was changed.
    """
    from analysis.data.release import manifest  # not before it is needed: it brings the store along

    if not (folder / manifest.FILE).is_file():
        return None
    record = manifest.read(folder)
    manifest.check(folder, record)
    file = f"answers/{NAME}/{quarter.strip().upper()}.json"
    if file not in record["files"]:
        return None
    text: str = json.loads(manifest.read_file(folder, record, file))
    if not text.startswith("{"):
        raise BriefError(text)
    return from_json(text)


def briefs(folder: Path, audience: str, floor: int) -> dict[str, str]:
    """Every quarter's brief of a release, to be kept in it: name → text.

    Args:
        folder: the release, whole but for its briefs. audience: who it is for.
        floor: smallest count of people that a brief says.
    """
    from dashboard import data
    from dashboard.brief.content import build, showing
    from dashboard.views.council_brief import quarters

    made = {}
    with showing(folder, audience):
        facts = data.facts()
        for quarter in () if facts.empty else quarters(facts.through, data.goals()[0].start):
            try:
                made[f"{NAME}/{quarter}"] = to_json(drawn(build(quarter, floor=floor), panels))
            except BriefError as why:
                made[f"{NAME}/{quarter}"] = str(why)
    return made
