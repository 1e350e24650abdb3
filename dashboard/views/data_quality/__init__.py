"""The Data page: what every agency sent, what is missing, what looks wrong, how figures moved."""

from dashboard.views.data_quality.downloads import (
    codebook_csv,
    counts_csv,
    download_words,
    downloads,
    monthly_table,
)
from dashboard.views.data_quality.facts import Quality, build, quality
from dashboard.views.data_quality.figures import completeness, revisions
from dashboard.views.data_quality.tables import (
    ACCEPT,
    ONE_VERSION,
    agency_table,
    breaks_table,
    definitions,
    each_place,
    headline,
    suspects_table,
    wrong,
)

__all__ = [
    "ACCEPT", "ONE_VERSION", "Quality", "agency_table", "breaks_table", "build", "codebook_csv",
    "completeness", "counts_csv", "definitions", "download_words", "downloads", "each_place", "headline",
    "monthly_table", "quality", "revisions", "suspects_table", "wrong",
]  # fmt: skip
