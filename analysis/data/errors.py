"""What the data layer says when it cannot do what was asked."""

from __future__ import annotations


class HubError(ValueError):
    """The hub cannot do what was asked; the message says why and what to do."""
