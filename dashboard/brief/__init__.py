"""The council brief: one quarter on two to four pages, as tagged PDF and as HTML.

A release keeps its briefs ready to be set (:mod:`dashboard.brief.released`), so what makes them from the
application's own pages is loaded only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.brief.blocks import Brief, BriefError
from dashboard.brief.editions import Edition, editions, publish
from dashboard.brief.released import kept
from dashboard.brief.typeset import to_html, to_pdf, to_pictures

if TYPE_CHECKING:
    from dashboard.brief.content import build, showing

__all__ = [
    "Brief",
    "BriefError",
    "Edition",
    "build",
    "editions",
    "kept",
    "publish",
    "showing",
    "to_html",
    "to_pdf",
    "to_pictures",
]


def __getattr__(name: str) -> Any:
    if name not in ("build", "showing"):
        raise AttributeError(name)
    from dashboard.brief import content

    return getattr(content, name)
