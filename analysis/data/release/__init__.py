"""Releases: immutable bundles of what one audience may see, made from a hub and shown without it."""

from analysis.data.release.build import build_release
from analysis.data.release.manifest import ReleaseError
from analysis.data.release.read import Release, is_release, open_release

__all__ = ["Release", "ReleaseError", "build_release", "is_release", "open_release"]
