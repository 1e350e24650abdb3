"""Control charts, seasons, the year so far and months still being reported, from counts made for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.data import MeasureSeries
from analysis.progress.reporting_lag import completeness_by_age
from dashboard.data import STANDARD_GOAL
from dashboard.figures import Figure
from dashboard.theme import DARK, LIGHT
from dashboard.views.progress import page as view
from dashboard.views.progress import watch
from dashboard.views.progress import words as said
from dashboard.views.progress.page import Standing

ABOUT = {"source": "An agency", "synthetic": False, "version": "v1"}


def standing(after: float = 95.0, *, last: str = "2026-06", share: float = 1.0) -> Standing:
    months = pd.period_range("2019-01", last, freq="M", name="month")
    mean = np.where(months < pd.Period("2025-01", "M"), 100.0, after)
    counts = pd.Series(np.random.default_rng(3).poisson(mean).astype(float), index=months, name="count")
    status = pd.DataFrame({"month": months, "status": "used", "why": ""})
    found = MeasureSeries(
        "stl_city", "homicide", counts, status, None, "", "synthetic", (), months[-1], "2026-07-01"
    )
    grown = None
    if share < 1:
        # Every month was known a month after its end as this share of what it held a month later.
        newest = months[-12:]
        rows = [(m, (m + 1).end_time, share * c) for m, c in counts[newest].items()]
        rows += [(m, (m + 2).end_time, c) for m, c in counts[newest[:-1]].items()]
        grown = completeness_by_age(pd.DataFrame(rows, columns=["month", "vintage", "count"]))
    return view.stand(found, "stl_city", "homicide", STANDARD_GOAL, grown)


@pytest.mark.parametrize("make", [watch.control, watch.year_fan, watch.seasons])
def test_pictures_are_drawn_with_their_tables_in_light_and_dark(make: object) -> None:
    figure = make(standing(), **ABOUT)  # type: ignore[operator]
    assert isinstance(figure, Figure)
    assert figure.sentence
    assert len(figure.shown_table())
    for look in (LIGHT, DARK):
        assert "<svg" in figure.to_svg(look=look)


def test_a_month_far_off_is_an_alarm_and_said_with_its_number() -> None:
    one = standing()
    assert one.series is not None
    one.series.counts.iloc[-1] = 400.0
    figure = watch.control(one, **ABOUT)
    assert isinstance(figure, Figure)
    assert "1 had more" in figure.title
    assert "400" in figure.sentence


def test_no_events_are_rare_where_there_are_many() -> None:
    assert watch.gaps(standing(), **ABOUT) == ""


def test_a_month_still_being_reported_is_in_no_verdict_and_gets_a_range() -> None:
    one = standing(share=0.8)
    open_months = watch.coming(one)
    assert len(open_months) == 1
    newest = open_months.iloc[0]
    assert newest["share"] == pytest.approx(0.8)
    assert newest["nowcast_lower"] < newest["nowcast"] < newest["nowcast_upper"]
    assert one.last == newest["month"] - 1
    words = said.windows(one)
    assert "Still being reported, and in no verdict" in words
    assert "80\u00a0% reported" in words
    figure = watch.control(one, **ABOUT)
    assert isinstance(figure, Figure)
    last = figure.table.iloc[-1]
    assert np.isnan(last["value"])
    assert last["nowcast"] == pytest.approx(newest["nowcast"])


def test_complete_months_say_nothing_of_it() -> None:
    assert watch.still_coming(standing()) == ""
    assert watch.coming(standing()).empty
