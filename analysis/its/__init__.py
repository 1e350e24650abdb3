"""Interrupted time series for monthly counts.

``fit(data, ItsSpec(...), control)`` is the whole public face: one series, or one beside a comparison,
with the effect as a rate ratio, the counterfactual month by month, and what was checked.
"""

from analysis.its.result import ItsResult, fit, fit_many
from analysis.its.spec import FAMILY_LABELS, ItsSpec

__all__ = ["FAMILY_LABELS", "ItsResult", "ItsSpec", "fit", "fit_many"]
