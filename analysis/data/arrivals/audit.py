"""The audit log: every change of a hub, in a chain of hashes that cannot be rewritten unnoticed.

Each entry holds the hash of the one before it, so an entry that is changed, taken out or put in breaks
every later one. How many entries there are, and the last hash, also stand in the hub's ``HEAD.json``:
cutting the end off breaks that. Whoever can write both could still forge the whole chain, so the last
hash is printed with every council brief: a copy that lies elsewhere.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd

from analysis.data.schema import ALL_TABLES, conform
from analysis.data.store import Transaction

TABLE: Final = "audit"
#: What the first entry is chained to.
ORIGIN: Final = "0" * 64
_SIGNED: Final = ("number", "at", "who", "action", "details", "previous")


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The log as read, and whether it can be trusted.

    Attributes:
        entries: number, at, who, action, details, previous, hash; the oldest first.
        intact: whether the whole chain holds.
        sentence: what was verified, or where the chain breaks.
    """

    entries: pd.DataFrame
    intact: bool
    sentence: str

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return str(self.entries["hash"].iloc[-1]) if len(self.entries) else ORIGIN


def signer(who: str | None) -> str:
    """The name that is kept: the one given, else the account's."""
    if who and who.strip():
        return who.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "unnamed account"


def entry_hash(row: dict[str, object]) -> str:
    """SHA-256 over the fields of an entry, in a fixed order."""
    text = json.dumps([str(row[name]) for name in _SIGNED], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def append(work: Transaction, *, who: str | None, action: str, details: str = "") -> None:
    """Add an entry within an open transaction: it counts only together with what it tells of."""
    log = work.frame(TABLE)
    row: dict[str, object] = {
        "number": int(log["number"].max()) + 1 if len(log) else 1,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": signer(who),
        "action": action,
        "details": details,
        "previous": str(log["hash"].iloc[-1]) if len(log) else ORIGIN,
    }
    row["hash"] = entry_hash(row)
    work.append(TABLE, conform(ALL_TABLES[TABLE], pd.DataFrame([row])))
    work.hashes[TABLE] = f"{row['number']}:{row['hash']}"


def verify(entries: pd.DataFrame, anchor: str) -> AuditLog:
    """Check the chain against itself and against ``anchor`` (``count:last hash``, "" before the first)."""
    rows = entries.sort_values("number", ignore_index=True)
    previous = ORIGIN
    for i, record in enumerate(rows.fillna({"details": ""}).to_dict("records"), start=1):
        row = {str(k): v for k, v in record.items()}
        if int(row["number"]) != i:
            return AuditLog(rows, False, f"Entry {i} of the audit log is missing or stands twice.")
        if row["previous"] != previous or row["hash"] != entry_hash(row):
            return AuditLog(rows, False, f"Entry {i} of the audit log was changed after it was written.")
        previous = str(row["hash"])
    expected = f"{len(rows)}:{previous}" if len(rows) else ""
    if anchor != expected:
        told = anchor.split(":", 1)[0] or "0"
        return AuditLog(
            rows, False, f"The audit log holds {len(rows)} entries; the hub's own record says {told}."
        )
    if not len(rows):
        return AuditLog(rows, True, "The audit log is empty.")
    if len(rows) == 1:
        return AuditLog(rows, True, "The one entry of the audit log is as it was written.")
    return AuditLog(rows, True, f"All {len(rows)} entries of the audit log are as they were written.")
