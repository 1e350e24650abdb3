"""The programme: what the tactics did, how closely they kept to their models, and dose beside effect.

Pure functions on tables of counts; nothing here knows files, screens or people.
"""

from analysis.programme.activities import ACTIVITIES, LEAD, STEPS, Activity, of_tactic
from analysis.programme.dose import DOSE_COLUMNS, against_plan, by_month, funnel, share_of_plan
from analysis.programme.fidelity import MODEL, RULE, Fidelity, fidelity
from analysis.programme.response import BESIDE_COLUMNS, CAUTION, DoseResponse, beside, dose_response
from analysis.programme.templates import templates

__all__ = [
    "ACTIVITIES",
    "BESIDE_COLUMNS",
    "CAUTION",
    "DOSE_COLUMNS",
    "LEAD",
    "MODEL",
    "RULE",
    "STEPS",
    "Activity",
    "DoseResponse",
    "Fidelity",
    "against_plan",
    "beside",
    "by_month",
    "dose_response",
    "fidelity",
    "funnel",
    "of_tactic",
    "share_of_plan",
    "templates",
]
