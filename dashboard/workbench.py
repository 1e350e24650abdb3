"""What the two workbench pages share: settings with a Run button kept in the link, and exports.

A setting is an identifier out of a list, so that a link can neither hold a wrong value nor a
sentence that is translated one day. Nothing is computed until Run is pressed; a link runs as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from analysis.evidence import Check, CheckState, RefusedError
from dashboard import words as w

#: Name in a link that says: run as it is.
RUN = "run"

CHECK_WORDS = {
    CheckState.PASSED: "✓ Passed",
    CheckState.FAILED: "✗ Failed",
    CheckState.CANNOT_TELL: "? Cannot tell",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One control: its name in the link, its label, what can be chosen, and the default.

    ``several``: any number of the options, joined by commas in the link; the default is then "".
    """

    key: str
    label: str
    options: Mapping[str, str]
    default: str
    help: str = ""
    several: bool = False


def settings(
    name: str,
    controls: Sequence[Setting],
    *,
    run: str = "Run",
    folded: Sequence[tuple[str, Sequence[Setting]]] = (),
) -> dict[str, str]:
    """The form of a workbench: what holds now, from the link, from before, or the defaults.

    Args:
        name: of the form, unique on the page.
        controls: the settings, in order.
        run: words on the button.
        folded: (heading, settings) of further ones, folded under the heading unless one of them is set.

    Returns:
        key → identifier (for ``several``: identifiers joined by commas).
    """
    every = [*controls, *(c for _, group in folded for c in group)]
    now = {c.key: _now(name, c) for c in every}
    with st.form(f"form_{name}"):
        grid = st.grid(min_column_width=230)
        picked = {c.key: _control(grid, name, c, now[c.key]) for c in controls}
        for heading, group in folded:
            with st.expander(heading, expanded=any(now[c.key] != c.default for c in group)):
                grid = st.grid(min_column_width=230)
                picked |= {c.key: _control(grid, name, c, now[c.key]) for c in group}
        pressed = st.form_submit_button(run)
    held = picked if pressed else now
    _keep(name, every, held)
    return held


def form(
    name: str,
    groups: Sequence[tuple[str, Sequence[Setting]]],
    *,
    run: str = "Run",
    more: Mapping[str, Callable[[str], None]] | None = None,
) -> tuple[dict[str, str], bool]:
    """A form in groups, for pages on which nothing at all is computed before Run was pressed.

    Args:
        name: of the form, unique on the page.
        groups: (heading, settings); those of a group with a heading are folded under it.
        run: words on the button.
        more: heading → what draws further controls under it (called with the heading).

    Returns:
        key → identifier as in :func:`settings`, and whether a run was asked for: by the button, earlier in
        this visit, or by a link that says ``run=1`` or holds a setting.
    """
    controls = [c for _, group in groups for c in group]
    now = {c.key: _now(name, c) for c in controls}
    linked = RUN in st.query_params or any(c.key in st.query_params for c in controls)
    picked: dict[str, str] = {}
    with st.form(f"form_{name}"):
        for heading, group in groups:
            with st.expander(heading) if heading else st.container():
                grid = st.grid(min_column_width=230)
                picked |= {c.key: _control(grid, name, c, now[c.key]) for c in group}
                if more and heading in more:
                    more[heading](heading)
        pressed = st.form_submit_button(run)
    held = picked if pressed else now
    asked = bool(pressed or linked or st.session_state.get(f"_asked_{name}"))
    _keep(name, controls, held)
    if asked:
        st.session_state[f"_asked_{name}"] = True
        if st.query_params.get(RUN) != "1":
            st.query_params[RUN] = "1"
    return held, asked


def fill(name: str, values: Mapping[str, str]) -> None:
    """Put values into a form, as a callback of a button above it: key → identifier."""
    for key, value in values.items():
        st.session_state[f"_kept_{name}_{key}"] = value
        st.session_state[f"_{name}_{key}"] = value
        st.query_params.pop(key, None)


def _keep(name: str, controls: Sequence[Setting], held: Mapping[str, str]) -> None:
    """Remember what holds now, and put what is no default into the link."""
    for c in controls:
        st.session_state[f"_kept_{name}_{c.key}"] = held[c.key]
        if held[c.key] == c.default:
            st.query_params.pop(c.key, None)
        elif st.query_params.get(c.key) != held[c.key]:
            st.query_params[c.key] = held[c.key]


def _allowed(control: Setting, value: str) -> bool:
    parts = value.split(",") if control.several and value else [] if control.several else [value]
    return all(p in control.options for p in parts)


def _now(name: str, control: Setting) -> str:
    """From the link if it holds something possible, else what was run before, else the default."""
    for value in (st.query_params.get(control.key), st.session_state.get(f"_kept_{name}_{control.key}")):
        if value is not None and _allowed(control, value):
            return value
    return control.default


def _control(grid: Any, name: str, control: Setting, now: str) -> str:
    ids, key = list(control.options), f"_{name}_{control.key}"
    say: dict[str, Any] = {"format_func": lambda i: control.options[i], "help": control.help or None}
    say["key"] = key
    with grid.container():
        if control.several:
            kept = st.session_state.get(key)
            if kept is None or not set(kept) <= set(ids):
                st.session_state[key] = now.split(",") if now else []
            return ",".join(st.multiselect(control.label, ids, **say))
        if st.session_state.get(key) not in ids:
            st.session_state[key] = now
        return str(st.selectbox(control.label, ids, **say))


def refused(why: RefusedError | str) -> None:
    """A specification that the data cannot answer: the sentence that says why, and what to do."""
    st.warning(f"**This specification cannot be answered.** {why}")
    st.markdown("Change a setting above and press Run; the default settings are a good place to start.")


def checks_table(checks: Sequence[Check]) -> pd.DataFrame:
    """What was checked, how it came out and why, in words."""
    return pd.DataFrame(
        {
            "Check": [c.name for c in checks],
            "Result": [CHECK_WORDS[c.state] for c in checks],
            "Why": [c.sentence for c in checks],
        }
    )


def caution(checks: Sequence[Check]) -> str:
    """What to say beside the headline when checks failed; empty when none did."""
    failed = [c.name.lower() for c in checks if c.state is CheckState.FAILED]
    if not failed:
        return ""
    count = w.sentence_case(w.plural(len(failed), "check", spelled=True))
    return f" **{count} failed** ({w.join(failed)}): read the number with care."


@dataclass(frozen=True)
class Export:
    """Everything needed to repeat and to check a result elsewhere.

    Attributes:
        stem: of the file names.
        data: what went in, long: one row a month and unit.
        results: what came out, one row a period.
        record: specification, effect, checks and choices, for JSON.
        script: a Python program that repeats the result from ``data``.
    """

    stem: str
    data: pd.DataFrame
    results: pd.DataFrame
    record: Mapping[str, Any] = field(repr=False)
    script: str = field(repr=False)


def csv(table: pd.DataFrame) -> bytes:
    """A table for machines."""
    return table.to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def plain(value: Any) -> Any:
    """Anything as JSON can hold it: numbers that do not exist become null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        number = float(value)
        return None if not w.known(number) else int(number) if number == int(number) else number
    return str(value)


def record(spec: Any, effect: Any, checks: Sequence[Check], about: Mapping[str, Any]) -> dict[str, Any]:
    """Specification, effect, checks and where the data come from, ready for JSON."""
    found: dict[str, Any] = plain(
        {
            **about,
            "specification": asdict(spec),
            "effect": effect.to_record(),
            "checks": [{"name": c.name, "state": str(c.state), "sentence": c.sentence} for c in checks],
        }
    )
    return found


def downloads(export: Export) -> None:
    """Four buttons: data, results, the record of the specification, and the program."""
    import json

    files: list[tuple[str, str, Any, str]] = [
        ("Data (CSV)", "data.csv", lambda: csv(export.data), "text/csv"),
        ("Results (CSV)", "results.csv", lambda: csv(export.results), "text/csv"),
        (
            "Specification and results (JSON)", "results.json",
            lambda: json.dumps(export.record, indent=2, ensure_ascii=False).encode(), "application/json",
        ),
        ("Program (Python)", "repeat.py", lambda: export.script.encode(), "text/x-python"),
    ]  # fmt: skip
    with st.container(horizontal=True):
        for label, name, make, mime in files:
            st.download_button(
                label, data=make, file_name=f"{export.stem}_{name}", mime=mime, on_click="ignore",
                key=f"export_{name}",
            )  # fmt: skip
