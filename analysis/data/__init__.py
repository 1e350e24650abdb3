"""The hub: agency files in, clean monthly counts, incidents and series out.

Names are looked up when they are used: a command that needs the errors alone, or the manifest of a release,
does not wait for the engines that read tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analysis.data.arrivals.importing import ImportReport
    from analysis.data.elsewhere.donors import DonorPanel
    from analysis.data.errors import HubError
    from analysis.data.hub import Hub, open_hub
    from analysis.data.quality.checks import HubCheck
    from analysis.data.series import MeasureSeries

__all__ = ["DonorPanel", "Hub", "HubCheck", "HubError", "ImportReport", "MeasureSeries", "open_hub"]

_WHERE: Final = {
    "DonorPanel": "elsewhere.donors",
    "Hub": "hub",
    "HubCheck": "quality.checks",
    "HubError": "errors",
    "ImportReport": "arrivals.importing",
    "MeasureSeries": "series",
    "open_hub": "hub",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
