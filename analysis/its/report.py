"""What goes with a result: the reporting checklist filled from the run, a script that repeats it, presets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.evidence import CheckState, Interval
from analysis.its.examine import Examination
from analysis.its.result import ItsResult
from analysis.its.spec import FAMILY_LABELS, ItsSpec


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made choice for the page: its name, one sentence, and the spec's options but the start."""

    name: str
    sentence: str
    options: dict[str, Any]

    def spec(self, start: str) -> ItsSpec:
        """The spec of this preset from a start on."""
        return ItsSpec(start, **self.options)


PRESETS: Final = (
    Preset(
        "Standard",
        "Counts around a drifting level, up to four years before, a phase-in of three months.",
        {"family": "latent_ar1", "phase_in": 3, "pre_periods": 48, "harmonics": None},
    ),
    Preset(
        "Immediate",
        "The same without a phase-in: the change is expected from the first month on.",
        {"family": "latent_ar1", "phase_in": 0, "pre_periods": 48, "harmonics": None},
    ),
    Preset(
        "Gradual",
        "Level and slope may both change; needs a year after the start.",
        {"family": "latent_ar1", "phase_in": 3, "pre_periods": 48, "harmonics": None, "slope": True},
    ),
    Preset(
        "Textbook",
        "Quasi-Poisson with a trend and two harmonics (Lopez Bernal 2017), all of the past.",
        {"family": "quasi_poisson", "phase_in": 0, "harmonics": 2},
    ),
    Preset(
        "Economist",
        "Linear model of rates with Newey–West standard errors (Linden 2015).",
        {"family": "ols", "covariance": "hac", "phase_in": 0, "harmonics": None, "slope": True},
    ),
    Preset(
        "Forecaster",
        "A step with ARIMA errors (Schaffer 2021).",
        {"family": "arima", "phase_in": 0, "harmonics": None},
    ),
)


def script(
    spec: ItsSpec,
    *,
    data: str = "series.csv",
    control: str | None = None,
    population: bool = False,
) -> str:
    """A short Python program that repeats the run from the downloaded table.

    Args:
        spec: the question; only what differs from the defaults is written.
        data: name of the CSV file with the columns month, count (and population, covariates).
        control: name of the same for the comparison, or None.
        population: whether the files have a column population (named in a comment).
    """
    plain = ItsSpec(spec.start)
    changed = [
        f"    {f.name}={getattr(spec, f.name)!r},"
        for f in fields(ItsSpec)
        if f.name != "start" and getattr(spec, f.name) != getattr(plain, f.name)
    ]
    columns = "month, count, population" if population else "month, count"
    lines = [
        f"# Columns: {', '.join((columns, *spec.covariates))}; one row a month, empty = not reported.",
        "import pandas as pd",
        "",
        "from analysis.its import ItsSpec, examine",
        "",
        "",
        "def read(path):",
        '    table = pd.read_csv(path, dtype={"month": str})',
        '    return table.set_index(pd.PeriodIndex(table.pop("month"), freq="M"))',
        "",
        "",
        "spec = ItsSpec(",
        f"    {spec.start!r},",
        *changed,
        ")",
        f"control = read({control!r})" if control else "control = None",
        f"answer = examine(read({data!r}), spec, control)",
        "print(answer.effect.percent, answer.effect.events)",
        "for check in answer.checks:",
        "    print(check.state, check.name, check.sentence)",
    ]
    return "\n".join(lines) + "\n"


def formula(result: ItsResult) -> str:
    """The fitted model as one line."""
    terms = [t for t in result.coefficients["term"] if t not in ("intercept", "treated")]
    right = " + ".join(["1", *terms])
    if result.spec.family == "log_prais_winsten":
        return f"log(count / exposure) ~ {right}"
    if result.spec.family in ("ols", "gls_ar1", "arima"):
        return f"rate ~ {right}"
    if result.effect.controlled and result.spec.family == "latent_ar1":
        return f"logit(own share of both counts) ~ offset(log exposure ratio) + {right}"
    return f"log E[count] ~ offset(log exposure) + {right}"


def reporting_checklist(answer: ItsResult | Examination) -> pd.DataFrame:
    """The 20 points of a good report of an interrupted time series, answered from the run: item, answer.

    Points that no run can answer (who decided, what else happened) say so, so that the author fills them in.
    Union of EPOC 2017, Ramsay 2003, Jandoc 2015, Turner 2021 and Lopez Bernal 2017, 2018.
    """
    examined = answer if isinstance(answer, Examination) else None
    result = answer.result if isinstance(answer, Examination) else answer
    spec, effect, numbers = result.spec, result.effect, result.diagnostics
    states = {c.name: c for c in (examined.checks if examined else result.checks)}

    def checked(*names: str) -> str:
        own = [states[n] for n in names if n in states]
        if not own:
            return "Not examined in this run."
        return " ".join(f"{c.sentence} ({c.state})" for c in own)

    def chosen(*words: str) -> str:
        own = [c for c in result.choices if any(w in c for w in words)]
        return " ".join(own) if own else "None."

    path = result.path
    periods = pd.PeriodIndex(path["period"])
    before = path["observed"].to_numpy(float)[periods < pd.Period(spec.start, freq=periods.freqstr)]
    rows = [
        ("Outcome, source, completeness", chosen("without a count") if _has(result, "without a count") else
         "Every period of the window has a count. Name the source and the day it was read."),
        ("Start, and the evidence for it", f"{spec.start}. Say who decided, when, and where it is written."),
        ("Phase-in and washout", chosen("Phase-in", "Washout")),
        ("Points and events before and after",
         f"{effect.pre_months} periods with {np.nansum(before):,.0f} events before, "
         f"{effect.post_months} with {numbers['observed_after']:,.0f} after."),
        ("Model", f"{FAMILY_LABELS[spec.family]}; {formula(result)}"),
        ("Shape of the change, chosen beforehand", chosen("Change of level")),
        ("Season", chosen("Season")),
        ("Population", chosen("population", "Population")
         if _has(result, "opulation") else "Rates: counts over population and days of the month."),
        ("Scatter", checked("Scatter of the counts")),
        ("Memory from month to month",
         f"{checked('Memory in the residuals')} {chosen('Drift', 'correlated')}"),
        ("Trend and length of the past", chosen("trend", "before the start are used")),
        ("Other changes at the time, covariates",
         chosen("Another change", "Covariates") if spec.interruptions or spec.covariates
         else "None in the model. Say what else happened in those months."),
        ("Comparison", chosen("Comparison") if effect.controlled
         else "None: the result is a difference from a projection, not an effect."),
        ("Effect", f"{_percent(effect.percent)}; {_events(effect.events)}."),
        ("Smallest detectable fall", examined.power_sentence if examined else
         f"{abs(effect.minimum_detectable_percent):.0f} % with 80 % power (formula)."),
        ("Sensitivity", checked("Other families", "Phase-in of 0, 3 or 6 months",
                                "Start three months earlier or later", "With and without a trend",
                                "Without any one year of the past", "Without any one comparison")),
        ("Pretended starts and negative controls",
         checked("Pretended starts", "The real start among pretended ones", "Outcomes that should not move",
                 "The data's own break")),
        ("Number of questions asked", "This run asked one. Say how many others were asked."),
        ("Picture", "Observed counts with the counts expected without the intervention: see the path table."),
        ("Software", ", ".join(f"{n} {version(n)}" for n in ("numpy", "scipy", "pandas", "statsmodels"))),
        ("Limits", " ".join(effect.warnings) or "No warnings were raised by the run."),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["item", "answer"])


def headline(result: ItsResult) -> str:
    """The result in one plain sentence; "averted" only where the design and the probability earn it."""
    effect = result.effect
    averted = result.averted
    if averted is not None:
        return (
            f"About {averted.estimate:,.0f} events averted beside the comparison "
            f"(likely between {averted.lower:,.0f} and {averted.upper:,.0f})."
        )
    kind = "the comparison suggests" if effect.controlled else "its own past projects"
    return f"{_events(effect.events)} than {kind}: {_percent(effect.percent)}."


def failed(answer: Examination) -> list[str]:
    """Sentences of the checks that failed."""
    return [c.sentence for c in answer.checks if c.state is CheckState.FAILED]


def _has(result: ItsResult, words: str) -> bool:
    return any(words in c for c in result.choices)


def _percent(value: Interval) -> str:
    limits = f"{value.lower:+.0f} to {value.upper:+.0f} %"
    return f"{value.estimate:+.0f} % ({100 * value.level:.0f} % interval {limits})".replace("-", "−")


def _events(value: Interval) -> str:
    def said(events: float) -> str:
        return f"{abs(events):,.0f} {'fewer' if events <= 0 else 'more'}"

    word = "fewer" if value.estimate <= 0 else "more"
    return (
        f"About {abs(value.estimate):,.0f} events {word} "
        f"(between {said(value.lower)} and {said(value.upper)})"
    )
