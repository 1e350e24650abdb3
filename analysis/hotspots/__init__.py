"""Hot spots: where, is it real, is it changing, did it move.

Arrays and sparse neighbour matrices in, tables and frozen records out. Nothing here knows of maps,
cells or files. Counts are of incidents, never of victims: one incident with forty victims is one event
at one place.
"""

from analysis.hotspots.change import Wdd, e_test, wdd, wdd_harm
from analysis.hotspots.change_map import FELL, LIKE_THE_REST, NOTHING, ROSE, change_map
from analysis.hotspots.clock import Week, aoristic, unknown_hours, whole
from analysis.hotspots.concentrated import Concentration, concentration
from analysis.hotspots.cumulative import dispersion, relative_effect, wdd_cumulative
from analysis.hotspots.density import Density, kde, rule_of_thumb
from analysis.hotspots.emergence import (
    NO_PATTERN,
    PATTERNS,
    PLAIN_WORDS,
    RULES,
    emerging,
    mann_kendall,
)
from analysis.hotspots.foresight import BEST, LAST, accuracy, foresight, overlap, overlap_by_period
from analysis.hotspots.gi import (
    LABELS,
    NOT_UNUSUAL,
    expected_by_chance,
    getis_ord_gi,
    gi_star,
    global_g,
    skew_words,
)
from analysis.hotspots.lattice import benjamini_hochberg, benjamini_yekutieli
from analysis.hotspots.matching import matched_areas
from analysis.hotspots.moran import MORAN_LABELS, global_moran, local_moran
from analysis.hotspots.nearby import Knox, knox, near_repeat
from analysis.hotspots.rates import Regression, regression_to_mean, shrunk_rates
from analysis.hotspots.scan import busiest_window, scan_p
from analysis.hotspots.space_time import space_time_scan

__all__ = [
    "BEST",
    "FELL",
    "LABELS",
    "LAST",
    "LIKE_THE_REST",
    "MORAN_LABELS",
    "NOTHING",
    "NOT_UNUSUAL",
    "NO_PATTERN",
    "PATTERNS",
    "PLAIN_WORDS",
    "ROSE",
    "RULES",
    "Concentration",
    "Density",
    "Knox",
    "Regression",
    "Wdd",
    "Week",
    "accuracy",
    "aoristic",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "busiest_window",
    "change_map",
    "concentration",
    "dispersion",
    "e_test",
    "emerging",
    "expected_by_chance",
    "foresight",
    "getis_ord_gi",
    "gi_star",
    "global_g",
    "global_moran",
    "kde",
    "knox",
    "local_moran",
    "mann_kendall",
    "matched_areas",
    "near_repeat",
    "overlap",
    "overlap_by_period",
    "regression_to_mean",
    "relative_effect",
    "rule_of_thumb",
    "scan_p",
    "shrunk_rates",
    "skew_words",
    "space_time_scan",
    "unknown_hours",
    "wdd",
    "wdd_cumulative",
    "wdd_harm",
    "whole",
]
