"""Predictors to match in place of the outcomes themselves, with weights that are given, not searched.

A nested search for predictor weights has no reproducible answer (three programs give three sets for the
same data), so none is offered: equal weights on standardised predictors, or weights of one's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.synth.weights import Array


@dataclass(frozen=True, slots=True)
class Predictors:
    """Characteristics of the units before the start.

    Attributes:
        table: predictor × unit, in any units; each row is divided by its standard deviation over all
            units (ddof 1), as R's Synth does.
        weights: predictor → weight V, not negative; ``None`` = all alike.
    """

    table: pd.DataFrame = field(repr=False)
    weights: pd.Series | None = None

    def __post_init__(self) -> None:
        if self.table.empty:
            raise RefusedError("The table of predictors is empty. Give one row a predictor.")
        if self.weights is not None:
            absent = [p for p in self.table.index if p not in self.weights.index]
            if absent:
                raise RefusedError(f"The predictor {absent[0]} has no weight. Give each predictor one.")
            v = self.weights.reindex(self.table.index).to_numpy(float)
            if not np.isfinite(v).all() or (v < 0).any() or v.sum() <= 0:
                raise RefusedError("Weights of predictors must be numbers not below zero, not all zero.")

    @property
    def sentence(self) -> str:
        """What is matched, in words."""
        how = "equal weights" if self.weights is None else "weights that were given"
        return (
            f"Matched on {len(self.table)} predictors with {how}, each over its standard deviation; "
            "they stay as they are where an earlier start is pretended."
        )

    def missing(self, treated: str, units: list[str]) -> dict[str, str]:
        """Unit → why its predictors cannot be used."""
        known = self.table.reindex(columns=units).notna().all()
        if not bool(known.get(treated, False)):
            raise RefusedError(f"A predictor of {treated} is missing. Give every predictor, or leave it out.")
        return {str(u): "a predictor is missing" for u in units if not known[u]}

    def scaled(self, units: list[str]) -> Array:
        """(K, N) predictors of the units, times the root of their weights, over their spread."""
        table = self.table[units].astype(float)
        spread = table.std(axis=1, ddof=1).to_numpy(float)
        if (spread == 0).any():
            flat = table.index[spread == 0][0]
            raise RefusedError(f"The predictor {flat} is the same for every unit. Leave it out.")
        v = np.ones(len(table)) if self.weights is None else self.weights.reindex(table.index).to_numpy(float)
        return np.asarray(table.to_numpy(float) * (np.sqrt(v) / spread)[:, None], float)
