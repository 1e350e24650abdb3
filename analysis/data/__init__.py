"""The hub: agency files in, clean monthly counts, incidents and series out."""

from analysis.data.hub import Hub, open_hub
from analysis.data.importing import ImportReport
from analysis.data.series import MeasureSeries
from analysis.data.store import HubError

__all__ = ["Hub", "HubError", "ImportReport", "MeasureSeries", "open_hub"]
