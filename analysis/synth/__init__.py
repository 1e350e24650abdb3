"""Synthetic control for monthly or yearly panels."""
