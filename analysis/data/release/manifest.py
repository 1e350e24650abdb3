"""The manifest of a release: what it holds, from which data, for whom, and the hash of every byte.

A release is never changed. ``manifest.json`` names each file with its size and SHA-256 and carries a
seal, the SHA-256 of its own content, so that an edited or truncated release is refused.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from analysis.data.errors import HubError

FILE: Final = "manifest.json"
FORMAT: Final = 1
#: Packages whose version may change a number.
_SOFTWARE: Final = (
    "sln-dashboard", "numpy", "pandas", "scipy", "statsmodels", "pyarrow", "shapely", "h3", "streamlit",
)  # fmt: skip


class ReleaseError(HubError):
    """A release that cannot be made or shown, with a sentence that says why."""


def software() -> dict[str, str]:
    """Versions of Python and of the packages that make numbers."""
    found = {"python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def sealed(record: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """The manifest of these files as bytes."""
    listed = {name: {"bytes": len(c), "sha256": digest(c)} for name, c in sorted(files.items())}
    whole = {**record, "format": FORMAT, "files": listed}
    return _text({**whole, "seal": digest(_text(whole))})


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a release, its seal checked.

    Raises:
        ReleaseError: there is none, or it is not as it was written.
    """
    try:
        content = (folder / FILE).read_bytes()
    except OSError as error:
        raise ReleaseError(
            f"There is no release at {folder}: it has no {FILE}. "
            f"Make one with: sln build --hub HUB --out {folder}"
        ) from error
    try:
        record: dict[str, Any] = json.loads(content)
        seal = record.pop("seal")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise _broken(folder, FILE, "cannot be read whole") from error
    if record.get("format") != FORMAT:
        raise ReleaseError(
            f"The release at {folder} is of format {record.get('format')}; this program shows "
            f"format {FORMAT}. Build it again."
        )
    if seal != digest(_text(record)):
        raise _broken(folder, FILE, "was changed after it was written")
    return record


def check(folder: Path, record: Mapping[str, Any]) -> None:
    """Compare every file with the manifest.

    Raises:
        ReleaseError: one is missing, cut short, changed, or not of this release.
    """
    listed = record["files"]
    for name in listed:
        read_file(folder, record, name)
    here = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    for name in sorted(here - set(listed) - {FILE}):
        raise _broken(folder, name, "is not part of it")


def read_file(folder: Path, record: Mapping[str, Any], name: str) -> bytes:
    """One file of a release, read and compared with its hash in the same moment."""
    told = record["files"].get(name)
    if told is None:
        raise ReleaseError(f"The release at {folder} holds no {name}.")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise _broken(folder, name, "is missing") from error
    if len(content) < told["bytes"]:
        raise _broken(folder, name, f"is cut short: {len(content):,} of {told['bytes']:,} bytes are there")
    if digest(content) != told["sha256"]:
        raise _broken(folder, name, "was changed: its SHA-256 is not the one in the manifest")
    return content


def _broken(folder: Path, name: str, what: str) -> ReleaseError:
    return ReleaseError(
        f"The release at {folder} is not shown: {name} {what}. Copy the release again or build it again."
    )
