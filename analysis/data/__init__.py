"""The hub: from agency files to clean, validated monthly counts.

``open_hub`` is the door; everything else in this package stands behind it.
"""
