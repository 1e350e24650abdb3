"""The progress page: the goal, places, measures, and what to watch."""
