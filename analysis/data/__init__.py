"""The hub: agency files in, clean monthly counts, incidents and series out."""

from analysis.data.donors import DonorPanel
from analysis.data.hub import Hub, open_hub
from analysis.data.importing import ImportReport
from analysis.data.quality import HubCheck
from analysis.data.series import MeasureSeries
from analysis.data.store import HubError

__all__ = ["DonorPanel", "Hub", "HubCheck", "HubError", "ImportReport", "MeasureSeries", "open_hub"]
