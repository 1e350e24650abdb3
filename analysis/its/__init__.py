"""Interrupted time series for monthly counts."""
