"""The batch: every deployment and jurisdiction × measure × method, computed before anyone asks.

``register`` says which questions were declared, ``run`` answers them, and ``load`` / ``save`` keep the
answers beside the hub under the version of the data they were made from, so that a page never
waits for a model and never shows an answer to other data.
"""

from analysis.evaluate.batch import Results, answer, examine, run
from analysis.evaluate.battery import BATTERY_COLUMNS, battery
from analysis.evaluate.declared import (
    ILLUSTRATIVE,
    by_rule,
    declarations,
    declare,
    questions,
    register,
    versions,
)
from analysis.evaluate.fits import Fitted, area_difference, time_series, weighted
from analysis.evaluate.judging import FAMILIES, PRIMARY, judge, multiplicity_words, shared_work
from analysis.evaluate.material import (
    ENOUGH_DONORS,
    FEWEST_YEARS,
    PRE_MONTHS,
    Neighbourhood,
    comparison_series,
    neighbourhood,
    place_series,
    treated_panel,
)
from analysis.evaluate.quarters import (
    at_quarter_ends,
    moved,
    newest_month,
    quarter_ends,
    without_numbers,
)
from analysis.evaluate.questions import (
    LEVEL,
    LEVEL_WORDS,
    METHODS,
    PROGRAMME,
    RECIPE,
    Progress,
    Question,
    case_id,
)
from analysis.evaluate.stored import (
    QUARTERS,
    as_months_came,
    by_months_since_start,
    history,
    load,
    results_for,
    save,
    stored_at,
)

__all__ = [
    "BATTERY_COLUMNS",
    "ENOUGH_DONORS",
    "FAMILIES",
    "FEWEST_YEARS",
    "ILLUSTRATIVE",
    "LEVEL",
    "LEVEL_WORDS",
    "METHODS",
    "PRE_MONTHS",
    "PRIMARY",
    "PROGRAMME",
    "QUARTERS",
    "RECIPE",
    "Fitted",
    "Neighbourhood",
    "Progress",
    "Question",
    "Results",
    "answer",
    "area_difference",
    "as_months_came",
    "at_quarter_ends",
    "battery",
    "by_months_since_start",
    "by_rule",
    "case_id",
    "comparison_series",
    "declarations",
    "declare",
    "examine",
    "history",
    "judge",
    "load",
    "moved",
    "multiplicity_words",
    "neighbourhood",
    "newest_month",
    "place_series",
    "quarter_ends",
    "questions",
    "register",
    "results_for",
    "run",
    "save",
    "shared_work",
    "stored_at",
    "time_series",
    "treated_panel",
    "versions",
    "weighted",
    "without_numbers",
]
