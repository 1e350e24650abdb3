"""Whether the methods keep their promises, measured: studies that run for long, and their stored results.

Each study is a module with a ``run`` of its own and stores what it found with ``Study.save``; pages and
tests read it with ``load``. A study states its seed, its data and the command that repeats it, and a
small part of each is replayed in the tests.
"""

from analysis.calibration.study import RESULTS, Study, load, names

__all__ = ["RESULTS", "Study", "load", "names"]
