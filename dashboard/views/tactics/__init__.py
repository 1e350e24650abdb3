"""The tactics page: what was done, where, and what happened there."""
