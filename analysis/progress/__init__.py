"""Progress toward a goal: the arithmetic on all events.

``assess`` answers "are we reaching the goal?" from monthly counts. It says nothing about causes;
that is what the evaluations are for.
"""

from analysis.progress.assess import Assessment, assess
from analysis.progress.compare import Comparison, compare
from analysis.progress.goal import READINGS, Goal, Reading
from analysis.progress.verdict import GoalVerdict
from analysis.progress.windows import Windows, match_windows

__all__ = [
    "READINGS",
    "Assessment",
    "Comparison",
    "Goal",
    "GoalVerdict",
    "Reading",
    "Windows",
    "assess",
    "compare",
    "match_windows",
]
