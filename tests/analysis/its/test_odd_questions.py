"""Odd series and odd specs by the dozen: each ends in numbers or in a sentence, none in a crash or NaN."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd

from analysis.its import ItsSpec, examine_many, headline, reporting_checklist

FAMILIES = (
    "latent_ar1", "poisson", "quasi_poisson", "negative_binomial", "log_prais_winsten", "ols", "gls_ar1",
)  # fmt: skip
QUESTIONS = 60
BROKEN = re.compile(r"\b(nan|inf)\b")


def question(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 130))
    months = pd.period_range("2014-01", periods=n, freq="M")

    def sometimes(share: float) -> bool:
        return bool(rng.random() < share)

    rate = rng.choice([0.05, 0.3, 1, 3, 20, 300]) * np.exp(rng.normal(0, rng.choice([0, 0.3, 2]), n))
    count = rng.poisson(rate).astype(float)
    count[rng.random(n) < rng.choice([0, 0.05, 0.4])] = np.nan
    if sometimes(0.1):
        count[rng.integers(n)] = 1e7
    if sometimes(0.1):
        count[n // 2 :] = 0
    data = pd.DataFrame({"count": count, "heat": rng.normal(size=n)}, index=months)
    if sometimes(0.4):
        data["population"] = rng.choice([1e3, 3e5]) * (1 + (np.arange(n) > 30) * rng.choice([0, 2.0]))
    control = None
    if sometimes(0.5):
        members = {
            str(i): pd.DataFrame({"count": rng.poisson(rng.choice([0.2, 5, 100]), n) + 0.0}, index=months)
            for i in range(3)
        }
        if "population" in data:
            members = {k: v.assign(population=1e6) for k, v in members.items()}
        control = members if sometimes(0.5) else members["0"]
    at = int(rng.integers(1, n))
    spec = ItsSpec(
        str(months[at]),
        family=str(rng.choice(FAMILIES)),
        slope=sometimes(0.3),
        trend=sometimes(0.7),
        phase_in=int(rng.integers(0, 5)),
        washout=int(rng.integers(0, 3)),
        harmonics=rng.choice([None, 0, 1, 2]),
        gates=sometimes(0.5),
        covariates=("heat",) if sometimes(0.2) else (),
        stop=str(months[at + 8]) if sometimes(0.2) and at + 8 < n else None,
        interruptions=(str(months[at - 10]),) if sometimes(0.2) and at > 12 else (),
        leave_out=("2015-03:2015-06",) if sometimes(0.2) else (),
    )
    return data, spec, control


def test_odd_questions_end_in_numbers_or_in_words():
    questions = [question(seed) for seed in range(QUESTIONS)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = examine_many(questions)
    answered = 0
    for (_, _, control), answer in zip(questions, answers, strict=True):
        if not isinstance(answer, tuple):
            assert str(answer).endswith(".")
            continue
        answered += 1
        examined = answer[1]
        effect, path = examined.effect, examined.result.path
        assert effect.percent.known
        assert effect.events.known
        if control is None:
            assert np.isfinite(path["expected"]).all()
        words = [c.sentence for c in examined.checks]
        words += [*effect.warnings, *effect.choices, examined.power_sentence, headline(examined.result)]
        words += reporting_checklist(examined)["answer"].tolist()
        assert not [w for w in words if BROKEN.search(w.lower())]
    assert answered >= 10
