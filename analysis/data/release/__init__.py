"""Releases: immutable bundles of what one audience may see, made from a hub and shown without it.

Names are looked up when they are used, like those of :mod:`analysis.data`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analysis.data.release.build import build_release
    from analysis.data.release.manifest import ReleaseError
    from analysis.data.release.read import Release, is_release, open_release

__all__ = ["Release", "ReleaseError", "build_release", "is_release", "open_release"]

_WHERE: Final = {
    "Release": "read",
    "ReleaseError": "manifest",
    "build_release": "build",
    "is_release": "read",
    "open_release": "read",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
