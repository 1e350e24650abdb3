"""Everything a careful reader asks of one question, in one call, with progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from analysis.synth.background import Background
from analysis.synth.placebo import Progress
from analysis.synth.result import SynthResult, fit
from analysis.synth.spec import SynthSpec
from analysis.synth.specification import (
    ALL_ESTIMATORS,
    leading_estimator,
    range_in_words,
    specification_table,
)


@dataclass(frozen=True, slots=True)
class Complete:
    """The whole answer.

    Attributes:
        leading: the result of the estimator that leads by the fixed rule.
        beside: the result of the other one (index beside demeaned, or the reverse).
        why: why the leading one leads, in one sentence.
        specifications: see :func:`analysis.synth.specification_table`.
        span: the specifications' range in one sentence.
    """

    leading: SynthResult
    beside: SynthResult
    why: str
    specifications: pd.DataFrame = field(repr=False)
    span: str


def complete(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    *,
    background: Background | None = None,
    estimators: Sequence[str] = ALL_ESTIMATORS,
    donor_sets: Mapping[str, Sequence[str]] | None = None,
    windows: Sequence[str] = (),
    progress: Progress | None = None,
) -> Complete:
    """Leading and second estimator with every inference, refit and check, and all specifications.

    Args:
        panel, population, background: as in :func:`analysis.synth.fit`.
        spec: the question; its estimator is replaced by the leading one.
        estimators, donor_sets, windows: as in :func:`analysis.synth.specification_table`.
        progress: called with (done, all, what), done of all in hundredths.

    Raises:
        RefusedError: as ``fit``.
    """
    name, why = leading_estimator(panel, spec, population)
    other = "index" if name == "demeaned" else "demeaned"
    leading = fit(panel, replace(spec, estimator=name), population, background=background,
                  progress=_part(progress, 0, 25))  # fmt: skip
    beside = fit(panel, replace(spec, estimator=other), population, background=background,
                 progress=_part(progress, 25, 50))  # fmt: skip
    table = specification_table(
        panel,
        replace(spec, estimator=name),
        population,
        estimators=estimators,
        donor_sets=donor_sets,
        windows=windows,
        background=background,
        progress=_part(progress, 50, 100),
        known=(leading, beside),
    )
    return Complete(leading, beside, why, table, range_in_words(table))


def _part(progress: Progress | None, first: int, last: int) -> Progress | None:
    if progress is None:
        return None

    def report(done: int, of: int, what: str) -> None:
        progress(first + (last - first) * done // max(of, 1), 100, what)

    return report
