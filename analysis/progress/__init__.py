"""Progress toward a goal: the arithmetic on all events.

``assess`` answers "are we reaching the goal?" from monthly counts, ``assess_all`` the same for many
series and readings at once. Beside them: what other readings of the goal would change, how complete
recent months are, what was counted where a tactic works, charts for people who watch counts, and
what many comparisons at once allow to be said. Nothing here says anything about causes; that is
what the evaluations are for.
"""

from analysis.progress.alternatives import (
    Consequence,
    GoalVersion,
    alternatives,
    consequence_table,
    consequences,
    goal_versions,
)
from analysis.progress.assess import Assessment, assess
from analysis.progress.batch import assess_all
from analysis.progress.charts import Chart, count_chart, days_between_chart, funnel
from analysis.progress.compare import Comparison, compare
from analysis.progress.goal import READINGS, Goal, Reading
from analysis.progress.grid import Direction, Since, since_start, tactic_grid
from analysis.progress.multiplicity import Shrunken, declare, shrink
from analysis.progress.places import AgainstRest, Reconciliation, against_rest, reconcile
from analysis.progress.reporting_lag import Completeness, completeness_by_age
from analysis.progress.seasons import seasonal_table, year_to_date_fan
from analysis.progress.verdict import GoalVerdict
from analysis.progress.windows import Windows, match_windows

__all__ = [
    "READINGS",
    "AgainstRest",
    "Assessment",
    "Chart",
    "Comparison",
    "Completeness",
    "Consequence",
    "Direction",
    "Goal",
    "GoalVerdict",
    "GoalVersion",
    "Reading",
    "Reconciliation",
    "Shrunken",
    "Since",
    "Windows",
    "against_rest",
    "alternatives",
    "assess",
    "assess_all",
    "compare",
    "completeness_by_age",
    "consequence_table",
    "consequences",
    "count_chart",
    "days_between_chart",
    "declare",
    "funnel",
    "goal_versions",
    "match_windows",
    "reconcile",
    "seasonal_table",
    "shrink",
    "since_start",
    "tactic_grid",
    "year_to_date_fan",
]
