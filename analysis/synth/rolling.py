"""Rolling origin: how far did this comparison miss when it forecast this very unit before the start?

From each origin in the past the comparison is fitted on what came before and forecasts what came
after; the errors at each distance are the spread of the real forecast at that distance. Wheeler's
SynthRTCI showed that such bands keep their coverage over long cumulative horizons, where
leave-one-month-out bands do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analysis.synth.bands import half_width, rank_p
from analysis.synth.estimators import DIVIDES_BY_MEAN
from analysis.synth.panel import Panel
from analysis.synth.refit import refit
from analysis.synth.weights import Array


@dataclass(frozen=True, slots=True)
class RollingOrigin:
    """Forecast errors of the treated unit before the start.

    Attributes:
        level: coverage of the bands.
        min_train: shortest training window, in periods.
        errors: (origins, H) observed minus forecast, NaN where the start came first.
        half_width, cumulative_half_width: (H,) half-widths around each later period's gap and
            around the running sum; NaN where there are too few origins.
        horizons: number of later periods whose cumulative effect has a band.
        p_cumulative: rank p-value of the whole cumulative gap among past errors of that length; NaN
            when no past error is that long.
        sentence: how many periods have a band, in words.
    """

    level: float
    min_train: int
    errors: Array = field(repr=False)
    half_width: Array = field(repr=False)
    cumulative_half_width: Array = field(repr=False)
    p_cumulative: float = float("nan")
    sentence: str = ""

    @property
    def horizons(self) -> int:
        """Later periods whose cumulative effect has a band."""
        return int(np.isfinite(self.cumulative_half_width).sum())


def default_min_train(n_pre: int) -> int:
    """Half of the periods before the start, at most 36."""
    return max(2, min(36, (n_pre + 1) // 2))


def rolling_origin(
    panel: Panel,
    estimator: str,
    cumulative_gap: float,
    *,
    level: float,
    min_train: int | None = None,
    penalty: float | None = None,
) -> RollingOrigin:
    """Forecast the treated unit from every origin before the start.

    Args:
        panel: the prepared panel, treated unit in column 0. Donors without a positive mean inside
            a training window sit out that window where the estimator divides by the mean.
        estimator: name of the estimator.
        cumulative_gap: the effect to rank, summed over all later periods.
        level: coverage of the bands.
        min_train: shortest training window; ``None`` = half of the periods before the start, at
            most 36.
        penalty: as in :func:`analysis.synth.estimators.fit_unit`.
    """
    train = default_min_train(len(panel.pre)) if min_train is None else min_train
    values, horizon = panel.values[panel.pre], len(panel.post)
    origins = range(train, len(values))
    errors = np.full((len(origins), horizon), np.nan)
    for row, origin in enumerate(origins):
        before, after = panel.pre[:origin], panel.pre[origin : origin + horizon]
        if values[:origin, 0].mean() <= 0 and estimator in DIVIDES_BY_MEAN:
            continue
        path = refit(panel, estimator, pre=before, post=after, penalty=penalty)[1]
        errors[row, : len(after)] = panel.values[after, 0] - path[after]
    # A running sum keeps its NaN: a shorter error is not a short version of a longer one.
    cumulative = np.cumsum(errors, axis=1)
    totals = half_width(cumulative, level)
    known = int(np.isfinite(totals).sum())
    return RollingOrigin(
        level=level,
        min_train=train,
        errors=errors,
        half_width=half_width(errors, level),
        cumulative_half_width=totals,
        p_cumulative=rank_p(cumulative[:, -1], cumulative_gap)
        if np.isfinite(cumulative[:, -1]).any()
        else float("nan"),
        sentence=(
            f"Rolling-origin bands from {len(errors)} past origins (training on at least {train} periods): "
            + (
                "every later period has one."
                if known == horizon
                else f"{known} of {horizon} later periods have one."
            )
        ),
    )
