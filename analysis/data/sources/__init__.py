"""Sources: one module per published layout, each a pure function from bytes to rows.

:func:`parse_file` reads any known file, :func:`expand` turns folders into files, :data:`LAYOUTS` lists
what is known, and :func:`net_incidents` joins the incidents of several files.
"""

from analysis.data.sources.base import Parsed, SourceError
from analysis.data.sources.detect import LAYOUTS, Layout, detect, expand, parse_file
from analysis.data.sources.netting import (
    CANCELLING_SOURCES,
    net_incidents,
    one_per_incident,
    one_per_offense,
)

__all__ = [
    "CANCELLING_SOURCES",
    "LAYOUTS",
    "Layout",
    "Parsed",
    "SourceError",
    "detect",
    "expand",
    "net_incidents",
    "one_per_incident",
    "one_per_offense",
    "parse_file",
]
