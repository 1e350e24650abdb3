"""Hot spots: where, is it real, is it changing, did it move.

Arrays and sparse neighbour matrices in, tables and frozen records out. Nothing here knows of maps,
cells or files. Counts are of incidents, never of victims: one incident with forty victims is one event
at one place.
"""

from analysis.hotspots.change import Wdd, e_test, wdd, wdd_harm
from analysis.hotspots.concentrated import Concentration, concentration
from analysis.hotspots.density import Density, kde
from analysis.hotspots.emergence import NO_PATTERN, PATTERNS, PLAIN_WORDS, emerging, mann_kendall
from analysis.hotspots.foresight import accuracy, overlap
from analysis.hotspots.gi import LABELS, NOT_UNUSUAL, expected_by_chance, gi_star
from analysis.hotspots.lattice import benjamini_hochberg
from analysis.hotspots.moran import MORAN_LABELS, global_moran, local_moran
from analysis.hotspots.nearby import Knox, knox, near_repeat

__all__ = [
    "LABELS",
    "MORAN_LABELS",
    "NOT_UNUSUAL",
    "NO_PATTERN",
    "PATTERNS",
    "PLAIN_WORDS",
    "Concentration",
    "Density",
    "Knox",
    "Wdd",
    "accuracy",
    "benjamini_hochberg",
    "concentration",
    "e_test",
    "emerging",
    "expected_by_chance",
    "gi_star",
    "global_moran",
    "kde",
    "knox",
    "local_moran",
    "mann_kendall",
    "near_repeat",
    "overlap",
    "wdd",
    "wdd_harm",
]
