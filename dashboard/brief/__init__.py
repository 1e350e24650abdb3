"""The council brief: one quarter on two to four pages, as tagged PDF and as HTML."""

from dashboard.brief.blocks import Brief
from dashboard.brief.content import BriefError, build, showing
from dashboard.brief.editions import Edition, editions, publish
from dashboard.brief.typeset import to_html, to_pdf, to_pictures

__all__ = [
    "Brief",
    "BriefError",
    "Edition",
    "build",
    "editions",
    "publish",
    "showing",
    "to_html",
    "to_pdf",
    "to_pictures",
]
