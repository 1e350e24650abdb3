"""One shape for the stored result of a calibration study."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

#: Where the stored results live; they ship with the package.
RESULTS: Final = Path(__file__).parent / "results"

_SOFTWARE: Final = ("numpy", "pandas", "scipy", "statsmodels")


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in _SOFTWARE}}


@dataclass(frozen=True, slots=True)
class Study:
    """What a study asked, how it was run and what it found.

    Args:
        name: identifier and file name (``its_simulated``).
        question: what was measured, in one plain sentence.
        finding: what came out, in one or two plain sentences, with the weak spots.
        command: the command that repeats it.
        seed: seed of the random numbers.
        data: what it was run on, with its vintage (``simulated`` or sources and months).
        rows: the table; one row a cell of the study.
        columns: column name → its meaning and unit, for the screen.
        software: versions it was run with.
    """

    name: str
    question: str
    finding: str
    command: str
    seed: int
    data: str
    rows: pd.DataFrame
    columns: dict[str, str]
    software: dict[str, str] = field(default_factory=_versions)

    def save(self, folder: Path = RESULTS) -> Path:
        """Write the study as one JSON file; returns its path."""
        missing = [c for c in self.rows.columns if c not in self.columns]
        if missing:
            raise ValueError(f"columns without a meaning: {', '.join(map(str, missing))}")
        record: dict[str, Any] = {k: v for k, v in asdict(self).items() if k != "rows"}
        record["rows"] = json.loads(self.rows.to_json(orient="records", double_precision=6))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def names(folder: Path = RESULTS) -> list[str]:
    """The studies that are stored, in order of their names."""
    return sorted(p.stem for p in folder.glob("*.json"))


def load(name: str, folder: Path = RESULTS) -> Study:
    """One stored study.

    Raises:
        KeyError: no study of that name is stored; says which are.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        raise KeyError(f"no study named {name!r}; stored are: {', '.join(names(folder)) or 'none'}")
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = pd.DataFrame(record.pop("rows"), columns=list(record["columns"]))
    return Study(rows=rows, **record)
