"""Synthetic control for monthly or yearly panels.

``fit(panel, SynthSpec(...), population)`` is the whole public face; the rest answers what people ask
next: every estimator and variation side by side (``specification_table``), which of them leads
(``leading_estimator``), several units with starts of their own (``fit_staggered``), what could have
been seen (``power_curve``, ``months_needed``), the whole answer with a progress callback
(``complete``), and the script that repeats it (``script``).
"""

from analysis.synth.background import Background
from analysis.synth.complete import Complete, complete
from analysis.synth.panel import Panel, prepare
from analysis.synth.placebo import PlaceboTest, SizedBand
from analysis.synth.power import MonthsNeeded, minimum_detectable_percent, months_needed, power_curve
from analysis.synth.predictors import Predictors
from analysis.synth.result import SynthResult, fit
from analysis.synth.robustness import (
    Conformal,
    conformal,
    conformal_p,
    leave_one_donor_out,
    leave_window_out,
    placebo_in_time,
)
from analysis.synth.rolling import RollingOrigin
from analysis.synth.script import export, script, script_several
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec
from analysis.synth.specification import (
    ALL_ESTIMATORS,
    leading_estimator,
    range_in_words,
    specification_table,
    specifications,
)
from analysis.synth.staggered import StaggeredResult, fit_staggered

__all__ = [
    "ALL_ESTIMATORS",
    "ESTIMATOR_LABELS",
    "Background",
    "Complete",
    "Conformal",
    "MonthsNeeded",
    "Panel",
    "PlaceboTest",
    "Predictors",
    "RollingOrigin",
    "SizedBand",
    "StaggeredResult",
    "SynthResult",
    "SynthSpec",
    "complete",
    "conformal",
    "conformal_p",
    "export",
    "fit",
    "fit_staggered",
    "leading_estimator",
    "leave_one_donor_out",
    "leave_window_out",
    "minimum_detectable_percent",
    "months_needed",
    "placebo_in_time",
    "power_curve",
    "prepare",
    "range_in_words",
    "script",
    "script_several",
    "specification_table",
    "specifications",
]
