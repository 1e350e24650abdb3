"""Interrupted time series for monthly counts.

``fit(data, ItsSpec(...), control)`` answers one question: one series, or one beside a comparison, with
the effect as a rate ratio, the counterfactual month by month, and what was checked. ``examine`` adds all
that can be tried against the answer, ``fit_with_power`` only what it could have seen; ``fit_many`` and
``examine_many`` do the same for a whole batch.
"""

from analysis.its.examine import Examination, examine, examine_many
from analysis.its.power import Power
from analysis.its.report import PRESETS, Preset, headline, reporting_checklist, script
from analysis.its.result import ItsResult, fit, fit_many, fit_with_power
from analysis.its.spec import FAMILY_LABELS, ItsSpec

__all__ = [
    "FAMILY_LABELS",
    "PRESETS",
    "Examination",
    "ItsResult",
    "ItsSpec",
    "Power",
    "Preset",
    "examine",
    "examine_many",
    "fit",
    "fit_many",
    "fit_with_power",
    "headline",
    "reporting_checklist",
    "script",
]
