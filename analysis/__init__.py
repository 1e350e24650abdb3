"""Statistics of violence reduction: the data hub, four methods, and the evidence they give.

Nothing in this package knows of a screen. See ``analysis.evidence`` for the one
shape in which every method states what it found.
"""
