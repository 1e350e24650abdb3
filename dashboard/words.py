"""Numbers and sentences as people read them.

Real minus signs, whole percents, "fewer than 5", months as "June 2026", windows in words. A value
that does not exist is said in words; no function here ever writes "nan". Percents are written with
a no-break space, so that a line never ends between the number and its sign. The computed first
sentences of the pages are in :mod:`dashboard.headlines`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from analysis.evidence import Interval

MINUS: Final = "−"
NBSP: Final = "\u00a0"
PERCENT: Final = f"{NBSP}%"
UNKNOWN: Final = "not known"
SYNTHETIC: Final = "Synthetic sample data"

_SMALL: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def known(value: float | None) -> bool:
    """Whether there is a finite number."""
    return value is not None and not pd.isna(value) and math.isfinite(value)


def number(value: float | None, digits: int = 0, *, signed: bool = False) -> str:
    """``-1234.5`` → "−1,234" (half to even, like Python); "not known" when there is none."""
    if not known(value):
        return UNKNOWN
    assert value is not None
    text = f"{abs(value):,.{digits}f}"
    zero = float(text.replace(",", "")) == 0
    sign = "" if zero else MINUS if value < 0 else "+" if signed else ""
    return sign + text


def count(value: float | None, *, floor: int | None = None) -> str:
    """A count of people or events; below ``floor`` (suppression) it is "fewer than 5"."""
    if floor is not None and known(value) and value is not None and value < floor:
        return f"fewer than {floor}"
    return number(value)


def percent(value: float | None, digits: int = 0, *, signed: bool = False) -> str:
    """``-11.2`` (already in percent) → "−11 %"."""
    return UNKNOWN if not known(value) else number(value, digits, signed=signed) + PERCENT


def small_number(n: int) -> str:
    """Such as "two" for 2; figures from ten on."""
    return _SMALL[n] if 0 <= n < len(_SMALL) else f"{n:,}"


def plural(n: float, one: str, many: str | None = None, *, spelled: bool = False) -> str:
    """``plural(1, "month")`` → "1 month"; ``plural(3, "city", "cities", spelled=True)`` → "three cities"."""
    word = one if n == 1 else (many or f"{one}s")
    return f"{small_number(int(n)) if spelled else number(n)} {word}"


def join(items: Sequence[str], last: str = "and") -> str:
    """Such as "a", "a and b", "a, b and c"."""
    items = list(items)
    if len(items) < 2:
        return items[0] if items else ""
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence_case(text: str) -> str:
    """First letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def odds(share: float | None) -> str:
    """A probability or share in natural frequencies: 0.31 → "about 1 in 3"; 0.83 → "about 5 in 6"."""
    if not known(share):
        return UNKNOWN
    assert share is not None
    if share <= 0.005:
        return "less than 1 in 100" if share > 0 else "none"
    if share >= 0.995:
        return "more than 99 in 100" if share < 1 else "all"
    if share < 0.1:
        return f"about 1 in {round(1 / share)}"
    choices = [(a, b) for b in (2, 3, 4, 5, 6, 10) for a in range(1, b)]
    a, b = min(choices, key=lambda ab: (round(abs(ab[0] / ab[1] - share), 3), ab[1]))
    return f"about {a} in {b}"


def chance(probability: float | None) -> str:
    """Such as "about 3 in 4", for a sentence that says "the chance is …"."""
    if known(probability) and probability == 0:
        return "less than 1 in 100"
    if known(probability) and probability == 1:
        return "more than 99 in 100"
    return odds(probability)


def to_month(value: Any) -> pd.Period:
    """A month from a Period, a date or "2026-06"."""
    if isinstance(value, pd.Period):
        return value.asfreq("M") if value.freqstr != "M" else value
    return pd.Period(pd.Timestamp(value), freq="M")


def month(value: Any) -> str:
    """Such as "June 2026"; "not known" when there is none."""
    return UNKNOWN if value is None or pd.isna(value) else to_month(value).strftime("%B %Y")


def date(value: Any) -> str:
    """Such as "May 23, 2024"."""
    if value is None or pd.isna(value):
        return UNKNOWN
    day = pd.Timestamp(value)
    return f"{day:%B} {day.day}, {day.year}"


def months(start: pd.Period | str, end: pd.Period | str) -> str:
    """Such as "January to June 2026", "January 2025 to June 2026", or one month alone."""
    a, b = to_month(start), to_month(end)
    if a == b:
        return month(a)
    if a.year == b.year:
        return f"{a.strftime('%B')} to {month(b)}"
    return f"{month(a)} to {month(b)}"


def years(start: pd.Period | str, end: pd.Period | str) -> str:
    """Such as "2022 to 2024", or "2024" alone; months are written out when the years are not whole."""
    a, b = to_month(start), to_month(end)
    if a.month == 1 and b.month == 12:
        return str(a.year) if a.year == b.year else f"{a.year} to {b.year}"
    return months(a, b)


def window(
    start: pd.Period | str,
    end: pd.Period | str,
    baseline: tuple[pd.Period | str, pd.Period | str] | None = None,
) -> str:
    """Such as "January 2025 to June 2026 against the same months of 2022 to 2024".

    Raises:
        ValueError: the two windows overlap; a change between overlapping windows means nothing.
    """
    text = months(start, end)
    if baseline is None:
        return text
    if to_month(baseline[1]) >= to_month(start) and to_month(baseline[0]) <= to_month(end):
        raise ValueError(f"The windows {text} and {months(*baseline)} overlap.")
    whole = to_month(baseline[0]).month == 1 and to_month(baseline[1]).month == 12
    return f"{text} against {'the same months of ' if whole else ''}{years(*baseline)}"


def direction(percent_change: float) -> str:
    """Such as "down 11 %", "up 4 %", "unchanged" (when it rounds to nothing)."""
    size = percent(abs(percent_change))
    if not known(percent_change):
        return UNKNOWN
    if size == percent(0):
        return "unchanged"
    return f"{'down' if percent_change < 0 else 'up'} {size}"


def fewer(percent_change: float) -> str:
    """Such as "9 % fewer", "4 % more", "no change"."""
    if not known(percent_change):
        return UNKNOWN
    size = percent(abs(percent_change))
    if size == percent(0):
        return "no change"
    return f"{size} {'fewer' if percent_change < 0 else 'more'}"


def likely(change: Interval) -> str:
    """The range of a percent change, to follow its direction.

    "likely 8–14 %" when all of it lies on the side of the estimate, else "likely between 21 %
    fewer and 4 % more"; "range not known" when a limit is missing.
    """
    if not change.known:
        return "range not known"
    if change.upper < 0 and change.estimate < 0:
        return f"likely {_span(-change.upper, -change.lower)}"
    if change.lower > 0 and change.estimate > 0:
        return f"likely {_span(change.lower, change.upper)}"
    return f"likely {between(change)}"


def between(change: Interval) -> str:
    """Such as "between 21 % fewer and 4 % more"."""
    return f"between {fewer(change.lower)} and {fewer(change.upper)}"


def _span(low: float, high: float) -> str:
    a, b = number(low), number(high)
    return a + PERCENT if a == b else f"{a}–{b}{PERCENT}"


def interval(value: Interval, digits: int = 0, *, unit: str = "", signed: bool = False) -> str:
    """For tables: "−11 (−14 to −8)"; ``signed`` writes the plus of rises as well."""
    if not known(value.estimate):
        return UNKNOWN
    middle, low, high = (number(v, digits, signed=signed) for v in (value.estimate, value.lower, value.upper))
    if not (known(value.lower) and known(value.upper)):
        return f"{middle}{unit} (range not known)"
    return f"{middle}{unit} ({low} to {high}{unit})"


def people(value: Interval, one: str = "victim", many: str = "victims") -> str:
    """A difference in people: "about 17 fewer victims (between 33 fewer and 1 more)"."""
    if not known(value.estimate):
        return f"a difference in {many} that is {UNKNOWN}"

    def side(v: float) -> str:
        rounded = number(abs(v))
        return "no difference" if rounded == "0" else f"{rounded} {'fewer' if v < 0 else 'more'}"

    head = (
        f"no difference in {many}"
        if number(abs(value.estimate)) == "0"
        else f"about {side(value.estimate)} {one if number(abs(value.estimate)) == '1' else many}"
    )
    if not (known(value.lower) and known(value.upper)):
        return head
    return f"{head} (between {side(value.lower)} and {side(value.upper)})"


def cannot_tell(minimum_detectable_percent: float | None = None) -> str:
    """Such as "We cannot tell yet; the smallest fall this could have shown is 26 %." Never "no effect"."""
    if not known(minimum_detectable_percent):
        return "We cannot tell yet."
    assert minimum_detectable_percent is not None
    return (
        "We cannot tell yet; the smallest fall this could have shown is "
        f"{percent(abs(minimum_detectable_percent))}."
    )


def place_in_sentence(name: str) -> str:
    """Such as "The region" → "the region"; names of places stay as they are."""
    return name[:1].lower() + name[1:] if name.startswith("The ") else name
