"""What to fit: the question an interrupted time series is asked, frozen so that it can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from analysis.evidence import RefusedError

Family = Literal[
    "latent_ar1",
    "poisson",
    "quasi_poisson",
    "negative_binomial",
    "log_prais_winsten",
    "ols",
    "gls_ar1",
    "arima",
]
Covariance = Literal["model", "hac"]

#: Each family in words, for results, choices and legends.
FAMILY_LABELS: Final[dict[str, str]] = {
    "latent_ar1": "counts with a drifting level (latent AR(1))",
    "poisson": "Poisson counts",
    "quasi_poisson": "quasi-Poisson counts",
    "negative_binomial": "negative binomial counts (NB2)",
    "log_prais_winsten": "logarithms with Prais–Winsten errors",
    "ols": "linear model of rates (ordinary least squares)",
    "gls_ar1": "linear model of rates with AR(1) errors",
    "arima": "ARIMA errors around a step and a ramp",
}
#: Families of counts and of logarithms: the effect is a ratio.
LOG_LINK: Final = ("latent_ar1", "poisson", "quasi_poisson", "negative_binomial", "log_prais_winsten")
#: Families of rates or values: the effect is a difference.
LINEAR: Final = ("ols", "gls_ar1", "arima")


@dataclass(frozen=True, slots=True)
class ItsSpec:
    """The question: from when, and what the series would have done otherwise.

    ``log E[count] = log(population × days / 30.4375) + intercept + trend·t + season + level·after +
    slope·(months since the first month after)``

    Attributes:
        start: first period of the intervention ("2025-01").
        phase_in: periods from the start on that count neither as before nor as after; calendar time
            runs on through them.
        slope: whether the trend may change too. Needs 12 months after the start.
        trend: whether the series had a straight (log-linear) trend before.
        harmonics: pairs of sine and cosine a year; ``None`` = by rule: 2 with 36 months before and at
            least 5 events a month, 1 below that, 0 with fewer than 24 months before.
        family: how counts scatter.

            * ``latent_ar1``: Poisson around a level that drifts (log-normal AR(1)); its two
              parameters are averaged over, not chosen. The default.
            * ``poisson``, ``quasi_poisson``, ``negative_binomial``: log-linear models.
            * ``log_prais_winsten``: linear model of log counts with AR(1) errors; no zeros allowed.
            * ``ols``, ``gls_ar1``: linear model of the rate (events per 100,000 people and average month;
              without a population and with ``days_in_month=False``, of the values as they are), errors
              independent or AR(1) by maximum likelihood.
            * ``arima``: the same values with ARIMA errors of ``arima_order`` and ``arima_seasonal``.
        covariance: "model", or "hac" (Newey–West, Bartlett weights, times n/(n − k)) for the three
            log-linear models and ``ols``.
        hac_lags: lags of "hac"; ``None`` = the whole part of 4 (n/100)^(2/9).
        days_in_month: whether longer months are expected to hold more events.
        level: coverage of the intervals.
        pre_periods: use only so many periods before the start; ``None`` = all.
        end: last period to use; ``None`` = the last of the data.
        month_dummies: a factor for each month of the year instead of harmonics.
        slope_first: value of the slope term in the first period after (0, or 1 as in some papers);
            moves the meaning of ``level``, never the effect.
        stop: first period after the programme ended ("2026-01"), when it was a temporary one. The effect is
            that of the periods in between; what stays on afterwards gets a term of its own, ``after_end``.
        washout: periods just before the start that count neither as before nor as after (people knew).
        leave_out: spans to leave out ("2020-03:2020-12", or one period); calendar time runs on.
        arima_order, arima_seasonal: (p, d, q) and (P, D, Q) of ``arima``. Differencing takes the place of
            intercept and trend, seasonal differencing that of the season.
        interruptions: other changes, each as ``START[:WHAT[:PHASE_IN]]``: "2020-03", "2020-03:slope",
            "2020-03:both:3". WHAT is ``level`` (a step, ``level2``, …), ``slope`` (``slope2``, …) or
            ``both``; without it, a level and, with ``slope``, a slope. The PHASE_IN months from its start on
            count neither before nor after it. They stay on in the counterfactual.
        covariates: further columns of the data to use as regressors; they stay as they were.
        gates: whether to refuse series too short or too small to say anything (see ``fit``).
    """

    start: str
    phase_in: int = 0
    slope: bool = False
    trend: bool = True
    harmonics: int | None = 2
    family: Family = "latent_ar1"
    covariance: Covariance = "model"
    hac_lags: int | None = None
    days_in_month: bool = True
    level: float = 0.95
    pre_periods: int | None = None
    end: str | None = None
    month_dummies: bool = False
    slope_first: int = 0
    stop: str | None = None
    washout: int = 0
    leave_out: tuple[str, ...] = ()
    arima_order: tuple[int, int, int] = (1, 0, 0)
    arima_seasonal: tuple[int, int, int] = (0, 0, 0)
    interruptions: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    gates: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", str(self.start))
        _one_of("family", self.family, get_args(Family))
        _one_of("covariance", self.covariance, get_args(Covariance))
        _whole("phase_in", self.phase_in, 0)
        _whole("slope_first", self.slope_first, 0)
        _whole("washout", self.washout, 0)
        for name in ("arima_order", "arima_seasonal"):
            order = tuple(getattr(self, name))
            object.__setattr__(self, name, order)
            if len(order) != 3:
                raise RefusedError(f"{name} is {order!r}; it has three whole numbers, for example (1, 0, 0).")
            for part in order:
                _whole(name, part, 0)
        if self.harmonics is not None:
            _whole("harmonics", self.harmonics, 0)
            if self.harmonics > 6:
                raise RefusedError(
                    f"{self.harmonics} harmonics do not fit into a year of 12 months; use 0 to 6."
                )
        if self.pre_periods is not None:
            _whole("pre_periods", self.pre_periods, 1)
        if self.hac_lags is not None:
            _whole("hac_lags", self.hac_lags, 0)
        if not 0.5 < self.level < 1:
            raise RefusedError(f"The level is {self.level}; it must lie between 0.5 and 1, for example 0.95.")
        if self.covariance == "hac" and self.family not in (
            "poisson",
            "quasi_poisson",
            "negative_binomial",
            "ols",
        ):
            raise RefusedError(
                f"The family {self.family} has its own account of neighbouring months. "
                'Use covariance="model" with it, or "hac" with poisson, quasi_poisson, '
                "negative_binomial or ols."
            )
        for name in ("interruptions", "covariates", "leave_out"):
            if isinstance(getattr(self, name), str):
                raise RefusedError(
                    f"{name} is a list of texts, not one text; write ({getattr(self, name)!r},)."
                )
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for text in self.interruptions:
            interruption(text)

    def lags(self, n: int) -> int:
        """Lags of Newey–West for n periods: as asked, or the whole part of 4 (n/100)^(2/9)."""
        return self.hac_lags if self.hac_lags is not None else int(4 * (n / 100) ** (2 / 9))


@dataclass(frozen=True, slots=True)
class Interruption:
    """Another change: its start, whether level and trend may change (None: as the spec says), phase-in."""

    start: str
    level: bool
    slope: bool | None
    phase_in: int


_WHAT: Final[dict[str, tuple[bool, bool | None]]] = {
    "": (True, None),
    "level": (True, False),
    "slope": (False, True),
    "both": (True, True),
}


def interruption(text: str) -> Interruption:
    """Read ``START[:WHAT[:PHASE_IN]]``.

    Raises:
        RefusedError: it is not written so.
    """
    start, what, phase, *rest = [*str(text).split(":"), "", ""]
    if what not in _WHAT or any(rest) or not (phase or "0").isdecimal() or not start:
        raise RefusedError(
            f"The interruption {text!r} cannot be read. Write its start, what changed (level, slope or both) "
            'and its phase-in, such as "2020-03", "2020-03:slope" or "2020-03:both:3".'
        )
    return Interruption(start, *_WHAT[what], int(phase or 0))


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise RefusedError(f"There is no {field} {value!r}. Choose one of: {', '.join(allowed)}.")


def _whole(field: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RefusedError(f"{field} is {value!r}; it must be a whole number from {least} up.")
