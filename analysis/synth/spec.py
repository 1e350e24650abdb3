"""What to fit: the question a synthetic control is asked, frozen so that it can be kept and repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from analysis.evidence import RefusedError

Estimator = Literal["simplex", "demeaned", "index", "sdid", "did", "ratio_did", "ridge", "lasso"]
Inference = Literal["placebo", "rolling_origin"]
FirstPeriod = Literal["after", "before", "dropped"]
Missing = Literal["refuse", "leave_out"]
Yardstick = Literal["sized", "misfit"]

#: Each estimator in words, for results, choices and legends.
ESTIMATOR_LABELS: Final[dict[str, str]] = {
    "simplex": "classic synthetic control (levels)",
    "demeaned": "demeaned synthetic control",
    "index": "index synthetic control (each series over its own past mean)",
    "sdid": "synthetic difference-in-differences",
    "did": "difference-in-differences, equal weights",
    "ratio_did": "ratio difference-in-differences, equal weights",
    "ridge": "ridge-augmented synthetic control",
    "lasso": "lasso with an intercept, weights not below zero",
}


@dataclass(frozen=True, slots=True)
class SynthSpec:
    """The question: which unit, from when, compared how.

    Attributes:
        treated: the column of the panel that got the intervention.
        start: first period of the intervention ("2025-01", or "1989" in a yearly panel).
        estimator: how the comparison is built.

            * ``simplex``: non-negative weights that sum to one, on levels (Abadie, Diamond,
              Hainmueller 2010, outcomes only).
            * ``demeaned``: the same with a free intercept (Doudchenko, Imbens 2016; Ferman,
              Pinto 2021). The default.
            * ``index``: the same on each series divided by its own mean before the start; a
              proportional model for a unit above or below every donor.
            * ``sdid``: Arkhangelsky et al. 2021, unit and time weights.
            * ``did``, ``ratio_did``: equal weights, additive or proportional.
            * ``ridge``: simplex weights with a ridge correction that may extrapolate (Ben-Michael,
              Feller, Rothstein 2021).
            * ``lasso``: non-negative lasso with an intercept (Wheeler's SynthRTCI).
        inference: which uncertainty to compute. With both, the wider interval is the one shown.
        level: coverage of the intervals. 0.90 needs 9 placebo donors, 0.95 needs 19.
        donors: the only units to use; ``None`` = every other column that is usable. A donor that
            is named here and cannot be used is refused; otherwise it is left out with a reason.
        exclude: units never to use.
        pre_start, end: first and last period of the window; ``None`` = the panel's own.
        first_period: whether the start period, often a partial month, counts as after the start,
            as before it, or not at all.
        leave_out: windows ("2020-03", "2021-06"), both ends included, that neither the fit nor the
            effect uses.
        missing: what to do where the treated unit has no figure: refuse, or leave the period out
            for everybody (said in ``choices``). Months missing at the end shorten the window.
        treated_in_pools: whether the treated unit may serve as a donor when a donor plays the
            treated one (Abadie et al. 2010: yes; it makes the test exact under random assignment).
        min_train: shortest training window of the rolling origins, in periods; ``None`` = half of
            the periods before the start, at most 36.
        goal_percent: the change that matters (−20 = a fifth fewer); the power check compares with it.
        yardstick: in what the placebo band measures gaps of units of different size: ``misfit``
            (RMSPE before the start alone, Abadie et al. 2010) or ``sized`` (misfit and level
            together, see :mod:`analysis.synth.yardstick`; calibrated, the default).
            ``placebo.p_value`` and ``placebo.p_cumulative`` are by misfit either way.
        counts: without populations, say that the panel holds counts of events (areas whose residents are
            not known): effects are then told in events too, and the fit is set against chance noise.
    """

    treated: str
    start: str
    estimator: str = "demeaned"
    inference: tuple[str, ...] = ("placebo",)
    level: float = 0.90
    donors: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    pre_start: str | None = None
    end: str | None = None
    first_period: FirstPeriod = "after"
    leave_out: tuple[tuple[str, str], ...] = ()
    missing: Missing = "refuse"
    treated_in_pools: bool = True
    min_train: int | None = None
    goal_percent: float = -20.0
    yardstick: Yardstick = "sized"
    counts: bool = False

    def __post_init__(self) -> None:
        _one_of("estimator", self.estimator, get_args(Estimator))
        for name in self.inference:
            _one_of("inference", name, get_args(Inference))
        _one_of("first_period", self.first_period, get_args(FirstPeriod))
        _one_of("missing", self.missing, get_args(Missing))
        _one_of("yardstick", self.yardstick, get_args(Yardstick))
        if not 0.5 < self.level < 1:
            raise RefusedError(f"The level is {self.level}; it must lie between 0.5 and 1, for example 0.90.")
        if self.min_train is not None and self.min_train < 2:
            raise RefusedError(f"min_train is {self.min_train}; a training window needs at least 2 periods.")


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise RefusedError(f"There is no {field} {value!r}. Choose one of: {', '.join(allowed)}.")
