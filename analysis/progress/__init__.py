"""Progress toward a goal: the arithmetic on all events."""
