"""What this server shows: a release, or a hub; what holds for either is said to its readers.

A hub shown directly to an audience with a threshold is a preview: for this machine alone, and said so.

A hub's pages hide small counts one by one. Only a release withholds whole series and maps together, so
that no sum or difference gives a hidden count back, and is looked at once more before it is written.
"""

from __future__ import annotations

import os
from typing import Final

import streamlit as st

from analysis.data import Hub
from analysis.data.privacy import AUDIENCES
from analysis.data.release import Release
from dashboard import data
from dashboard import words as w
from dashboard.audience import audience
from dashboard.sign_in import from_elsewhere, turn_away

NOTICE: Final = (
    "◇ **Preview on this machine, not for publication.** Months of whole places are shown even where they "
    "count few, and numbers on different pages are not protected together. `sln build` makes a release in "
    "which they are."
)
_CLOSED: Final = (
    "It shows a hub directly, on its own machine only. Whoever runs it can make a release for others "
    "(`sln build`) and serve that."
)


def is_preview(opened: Hub, who: str) -> bool:
    """Whether data are shown to an audience that may see them only as a release.

    Made-up data and an empty hub have nothing to protect.
    """
    open_to_all = isinstance(opened, Release) or opened.synthetic or opened.is_empty
    return AUDIENCES[who].k > 1 and not open_to_all


def release_words(opened: Hub) -> str:
    """What a release is and which small counts it shows; empty for a hub."""
    if not isinstance(opened, Release):
        return ""
    k, known = AUDIENCES[opened.audience].k, opened.about["vintage"]
    first = (
        f"This is a release for the {opened.audience} audience: what was known on {w.date(known)}, checked "
        "and not changed since."
        if known
        else f"This is a release for the {opened.audience} audience, not changed since it was made."
    )
    hidden = f" Counts of 1 to {k - 1} are hidden, with others that would give them away." if k > 1 else ""
    return f"{first}{hidden} {opened.about.get('small_totals_meaning', '')}".strip()


def notice() -> None:
    """Say that this is a preview, or end the page for a visitor from another machine."""
    who = audience().value
    if AUDIENCES[who].k <= 1 or os.environ.get(data.RELEASE) or not is_preview(data.hub(), who):
        return
    if from_elsewhere():
        turn_away("This preview is not public", _CLOSED)
    st.caption(NOTICE)
