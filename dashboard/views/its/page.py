"""The interrupted-time-series workbench: a specification in, figures, numbers and words out.

Settings are in ``its_controls``, covariates in ``its_covariates``, what comes out of the hub in
``its_data``, the answer and what is tried against it in ``its_answer``, words in ``its_words``, pictures in
``its_figures`` and ``its_proof``, and what can be taken away in ``its_export``.
"""

from dashboard.views.its.answer import Answer, Tried, answer, known, tried
from dashboard.views.its.controls import (
    COVARIATES,
    FAMILIES,
    before_and_after,
    controls,
    grouped,
    presets,
    specification,
)
from dashboard.views.its.covariates import uploaded, uploader
from dashboard.views.its.data import window_of
from dashboard.views.its.export import checklist, export
from dashboard.views.its.figures import figures, preview
from dashboard.views.its.proof import proof
from dashboard.views.its.words import (
    caution,
    checks_list,
    coefficients,
    headline,
    inconclusive,
    not_yet,
    numbers,
    power,
    readable,
    told,
    window,
)

__all__ = [
    "COVARIATES",
    "FAMILIES",
    "Answer",
    "Tried",
    "answer",
    "before_and_after",
    "caution",
    "checklist",
    "checks_list",
    "coefficients",
    "controls",
    "export",
    "figures",
    "grouped",
    "headline",
    "inconclusive",
    "known",
    "not_yet",
    "numbers",
    "power",
    "presets",
    "preview",
    "proof",
    "readable",
    "specification",
    "told",
    "tried",
    "uploaded",
    "uploader",
    "window",
    "window_of",
]
