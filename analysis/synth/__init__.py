"""Synthetic control for monthly or yearly panels.

``fit(panel, SynthSpec(...), population)`` is the whole public face; the rest answers what people ask
next: every estimator side by side (``specifications``), a p-value for a constant effect
(``conformal_p``), several units with
starts of their own (``fit_staggered``), what could have been seen (``power_curve``).
"""

from analysis.synth.panel import Panel, prepare
from analysis.synth.placebo import PlaceboTest
from analysis.synth.power import minimum_detectable_percent, power_curve
from analysis.synth.result import SynthResult, fit
from analysis.synth.robustness import conformal_p, leave_one_donor_out, placebo_in_time, specifications
from analysis.synth.rolling import RollingOrigin
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec
from analysis.synth.staggered import StaggeredResult, fit_staggered

__all__ = [
    "ESTIMATOR_LABELS",
    "Panel",
    "PlaceboTest",
    "RollingOrigin",
    "StaggeredResult",
    "SynthResult",
    "SynthSpec",
    "conformal_p",
    "fit",
    "fit_staggered",
    "leave_one_donor_out",
    "minimum_detectable_percent",
    "placebo_in_time",
    "power_curve",
    "prepare",
    "specifications",
]
