"""The intake page: what waits, what was found in it, and what staff decided, as tables and words.

Everything that comes out of a handed-in file is somebody else's text. It is never run, never set as Markdown
(which could load a picture from elsewhere), and never left as a cell that a spreadsheet would run.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from analysis.data import Hub, open_hub
from analysis.data.arrivals.audit import AuditLog
from analysis.data.arrivals.intake import LIMIT_BYTES, MOST_FINDINGS, Look, Waiting
from analysis.data.release import Release
from analysis.data.vocabulary import JURISDICTIONS, OFFENSES, PART_OFFENSES
from dashboard import words as w

#: Kinds of file that the picker offers; the intake looks at the name again.
KINDS: Final = ("csv", "txt", "gz", "json", "geojson", "xlsx")
LIMIT_MB: Final = LIMIT_BYTES >> 20
#: Suspect figures of one agency that are offered at once.
MOST_MONTHS: Final = 60
#: Refused values that are told one by one before the table.
MOST_LINES: Final = 8

WHAT_IS_TAKEN: Final = (
    f"One file at a time, at most {LIMIT_MB} MB: CSV or text, plain or packed with gzip, Excel (.xlsx) or "
    "GeoJSON. It is looked at first, in a place of its own. **Nothing counts until somebody accepts it**, "
    "and nothing in a file is ever run."
)
MAPPING: Final = (
    "A file of an agency whose layout is not known needs a mapping file, which says what its columns mean. "
    "Three commented examples are in `data_samples/mappings/`."
)
SPREADSHEET: Final = (
    "These cells begin like a formula, so a spreadsheet that opens the file would run them. Nothing here "
    "does. A file of figures has no need of them: ask the sender why they are there."
)
ACCEPTING: Final = (
    "Accepting takes the good rows in. Refused rows stay in quarantine with their reason, and a later, "
    "corrected file brings them. The estimates are then worked out again, which takes up to a minute."
)
TEMPLATES: Final = (
    "Empty tables for deployments, monthly work, milestones and meetings, with a glossary of every column "
    "and value. Fill them in with any spreadsheet, save as CSV, and hand them in above."
)
SYNTHETIC: Final = (
    "**This hub holds synthetic sample data.** It is for practice: hand real files in to another hub, so "
    "that made-up and real figures never stand in one series."
)
SUSPECT: Final = (
    "A month that looks wrong is left out of every estimate. Somebody who knows better can accept it: the "
    "name and the reason are kept for good, and the month is used from then on."
)
_MARKUP: Final = re.compile(r"([!-&*+/:<=>@\[-`{-~])")
_RUNS: Final = re.compile(r"^\s*[=+\-@\t\r]")


def escaped(text: object) -> str:
    """Somebody else's text in a sentence: letter by letter, never as Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(str(text).split()))


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """A table of words in which no cell begins like a formula: whoever saves it cannot run it."""
    out = table.astype("object").where(table.notna(), "")
    for name in out.columns:
        out[name] = [f"'{v}" if isinstance(v, str) and _RUNS.match(v) else v for v in out[name]]
    return out


def why_not(hub: Hub) -> str:
    """Why this server takes no files in; "" when it does."""
    if isinstance(hub, Release):
        return (
            "This server shows a release, and a release is never changed. Hand files in where the hub itself "
            "is served (`sln serve --hub HUB --audience hub`), then build another release."
        )
    if hub.read_only:
        return (
            "This server shows a finished data package, which can be read and not written. Make a hub with "
            "`sln import FILES --hub HUB` and serve that: `sln serve --hub HUB --audience hub`."
        )
    return ""


def writable(hub: Hub) -> Hub:
    """The hub opened anew to be written, so that readers of the shared one are not held up."""
    return open_hub(hub.path, create=False)


def headline(waiting: int, suspects: int) -> str:
    """How much there is to decide."""
    files = (
        "No file waits for a decision"
        if not waiting
        else f"{w.sentence_case(w.plural(waiting, 'file', spelled=True))} "
        f"{'waits' if waiting == 1 else 'wait'} for a decision"
    )
    if not suspects:
        return f"{files}, and no month of the region’s agencies looks wrong."
    what = "figure of the region’s agencies is" if suspects == 1 else "figures of the region’s agencies are"
    return f"{files}; {suspects:,} suspect {what} left out until somebody accepts."


# ---------------------------------------------------------------- files that wait

OUTCOMES: Final = {
    "imported": "It can be read",
    "refused": "It cannot be read",
    "unchanged": "It was imported before",
}


def found(one: Waiting) -> str:
    """What was found in a file, in two sentences."""
    day = w.date(one.at[:10])  # noqa: PD008 (a field of its record, no table)
    who = f"From {escaped(one.who)}, {day}. "
    if one.outcome == "refused" and not one.rows_read:
        return f"{who}It cannot be read: {escaped(one.message)}"
    rows = (
        f"{w.plural(one.rows_read, 'row')} read: {one.rows_kept:,} would be kept and "
        f"{one.rows_quarantined:,} refused."
    )
    return f"{who}{OUTCOMES[one.outcome]}. {rows} {escaped(one.message)}".rstrip()


def findings(look: Look) -> pd.DataFrame:
    """Every value that a rule refuses: file, row, column, value, what is wrong, what to do."""
    rows = look.findings
    return harmless(
        pd.DataFrame(
            {
                "File": look.file.name, "Row": rows["line"], "Column": rows["column"].fillna("whole row"),
                "Value": [f"“{v}”" if isinstance(v, str) and v else "empty" for v in rows["value"]],
                "Rule it breaks": rows["rule"], "What to do": rows["remedy"],
            }
        )
    )  # fmt: skip


def first_findings(look: Look) -> str:
    """The first refused values as a list that reads on a phone."""
    lines = []
    for r in look.findings.head(MOST_LINES).fillna("").to_dict("records"):
        value = f"“{escaped(r['value'])}”" if r["value"] else "the empty value"
        column = f", {escaped(r['column'])}" if r["column"] else ""
        rule, remedy = escaped(r["rule"]), escaped(r["remedy"])
        lines.append(f"- Row {r['line']}{column}: {value} breaks the rule “{rule}”. {remedy}")
    return "\n".join(lines)


def more_findings(look: Look) -> str:
    """Said when not every finding is listed."""
    if len(look.findings) < MOST_FINDINGS:
        return ""
    return f"The first {MOST_FINDINGS} are listed. The same mistake often runs through a whole column."


def risky(look: Look) -> pd.DataFrame:
    """Cells that a spreadsheet would run: file, row, column, value in quotation marks."""
    rows = look.formulas
    return harmless(
        pd.DataFrame(
            {
                "File": look.file.name, "Row": rows["line"], "Column": rows["column"],
                "Value": [f"“{v}”" for v in rows["value"]],
            }
        )
    )  # fmt: skip


def needs_reason(one: Waiting) -> bool:
    """Whether accepting it asks for a written reason."""
    return bool(one.rows_quarantined or one.formulas)


# ---------------------------------------------------------------- months that look wrong


def open_suspects(suspects: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Suspect figures of the region's agencies that nobody accepted yet, with the agency's name."""
    ours = agencies[agencies["jurisdiction"].isin(list(JURISDICTIONS))].set_index("agency_id")["name"]
    rows = suspects[~suspects["accepted"].astype(bool) & suspects["agency_id"].isin(ours.index)]
    rows = rows.assign(name=rows["agency_id"].map(ours), month=rows["month"].astype(str))
    return rows.sort_values(["name", "month", "offense"], ignore_index=True)


def offense_words(offense: object) -> str:
    """An offense as shown."""
    return {**OFFENSES, **PART_OFFENSES}.get(str(offense), str(offense))


def suspect_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Suspect figures for reading."""
    return harmless(
        pd.DataFrame(
            {
                "Agency": rows["name"], "Month": [w.month(m) for m in rows["month"]],
                "Offense": [offense_words(o) for o in rows["offense"]], "Why it looks wrong": rows["why"],
            }
        )
    )  # fmt: skip


# ---------------------------------------------------------------- the log


def log_words(log: AuditLog) -> str:
    """Whether the chain holds, in a sentence."""
    if not len(log.entries):
        return "Nothing has been written into this hub’s log yet."
    told = (
        f"**The chain holds.** {log.sentence}" if log.intact else f"**The chain is broken.** {log.sentence}"
    )
    return f"{told} Mark of the last entry: `{log.head[:16]}`."


def log_table(log: AuditLog) -> pd.DataFrame:
    """Every entry, the newest first."""
    rows = log.entries.iloc[::-1]
    return harmless(
        pd.DataFrame(
            {
                "No.": rows["number"], "When (UTC)": [str(t)[:16].replace("T", " ") for t in rows["at"]],
                "Who": rows["who"], "What": rows["action"], "Details": rows["details"],
                "Mark": rows["hash"].astype(str).str[:12],
            }
        )
    )  # fmt: skip


def log_csv(log: AuditLog) -> bytes:
    """The whole log with its hashes, for a copy that lies elsewhere."""
    return harmless(log.entries).to_csv(index=False, lineterminator="\r\n").encode("utf-8")
