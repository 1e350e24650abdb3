"""Charts: tables in, Altair charts out. No Streamlit, no data access, no statistics.

Every function takes ``look`` (light or dark) and answers data that cannot be drawn with a chart
that says why in words. Charts take the width of their container; :mod:`dashboard.picture` gives
them a fixed one for SVG and PNG.
"""

from dashboard.charts.base import empty
from dashboard.charts.completeness import completeness_key, completeness_map, revision_triangle
from dashboard.charts.diagnostics import autocorrelation, residuals
from dashboard.charts.forest import dot_intervals, dot_plot, forest, specification_curve, state_of
from dashboard.charts.goal import goal_path, measure_split, small_multiples, year_to_date
from dashboard.charts.monitoring import (
    control_chart,
    days_between,
    funnel_plot,
    year_fan,
    years_over_one_another,
)
from dashboard.charts.moved import effect_by_months, estimate_over_time, months_words
from dashboard.charts.paths import cumulative_effect, effect_over_time, observed_vs_expected
from dashboard.charts.placebo import donor_weights, placebo_distribution, placebo_spaghetti
from dashboard.charts.places import bars, concentration_curve, hour_by_day
from dashboard.charts.tactics import dose_vs_plan, funnel, timeline

__all__ = [
    "autocorrelation",
    "bars",
    "completeness_key",
    "completeness_map",
    "concentration_curve",
    "control_chart",
    "cumulative_effect",
    "days_between",
    "donor_weights",
    "dose_vs_plan",
    "dot_intervals",
    "dot_plot",
    "effect_by_months",
    "effect_over_time",
    "empty",
    "estimate_over_time",
    "forest",
    "funnel",
    "funnel_plot",
    "goal_path",
    "hour_by_day",
    "measure_split",
    "months_words",
    "observed_vs_expected",
    "placebo_distribution",
    "placebo_spaghetti",
    "residuals",
    "revision_triangle",
    "small_multiples",
    "specification_curve",
    "state_of",
    "timeline",
    "year_fan",
    "year_to_date",
    "years_over_one_another",
]
