"""The effects that were put into the sample data are found again, beside agencies without the programme."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.data import open_hub
from analysis.its import ItsSpec, fit

MEASURES = ("violent_street_crime", "homicide", "robbery", "aggravated_assault")


@pytest.fixture(scope="module")
def truth(root):
    return json.loads((root / "data_samples" / "truth.json").read_text(encoding="utf-8"))


def test_places_beside_the_donors(root, truth):
    hub = open_hub(root / "data_samples", read_only=True)
    months = pd.period_range(*truth["months"], freq="M")
    held, size = [], []
    for place in ("stl_city", "stl_county", "st_clair"):
        for measure in MEASURES:
            donors = hub.donor_panel(measure, "2021-01", str(months[-1])).counts
            control = pd.DataFrame({"count": donors.sum(axis=1)})
            data = pd.DataFrame({"count": hub.series(place, measure).counts})
            spec = ItsSpec("2025-01", phase_in=6, pre_periods=48, harmonics=None)
            percent = fit(data, spec, control).effect.percent
            record = truth["places"][place][measure]
            with_it = pd.Series(record["with"], index=months).loc["2025-07":]
            without = pd.Series(
                record["without_from_2025"], index=pd.period_range("2025-01", periods=21, freq="M")
            ).loc["2025-07":]
            true = 100 * (with_it.sum() / without.sum() - 1)
            held.append(percent.contains(true))
            size.append(abs(percent.estimate - true))
    assert np.mean(held) >= 10 / 12, list(zip(held, size, strict=True))
    assert np.median(size) < 12
