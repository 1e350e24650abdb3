"""One small synthetic file in each layout that agencies publish."""

from __future__ import annotations

from pathlib import Path


def write_raw(seed: int, out: Path) -> None:
    """Write the raw files."""
    out.mkdir(parents=True, exist_ok=True)
