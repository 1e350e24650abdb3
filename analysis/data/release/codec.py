"""Results as JSON and back: dataclasses, tables, periods and plain values; nothing that can run code.

What is read back is equal to what was written. Only dataclasses of this project are made again,
by name, from their fields; anything else is refused when it is written.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

_MINE: Final = ("analysis.", "dashboard.")
_KIND: Final = "$"


class CodecError(ValueError):
    """Something that cannot be kept, or is no kept result."""


def dumps(value: object) -> bytes:
    """A value as UTF-8 JSON, the same bytes for the same value."""
    text = json.dumps(_out(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8") + b"\n"


def loads(content: bytes) -> Any:
    """The value that :func:`dumps` wrote."""
    return _in(json.loads(content))


def _out(value: Any) -> Any:
    if isinstance(value, Enum):
        return {_KIND: "enum", "of": _name(type(value)), "value": value.value}
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.generic):
        return _out(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {_KIND: "float", "value": str(value)}
    if value is pd.NA or value is pd.NaT:
        return {_KIND: "missing", "of": "NaT" if value is pd.NaT else "NA"}
    return _out_large(value)


def _out_large(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_KIND: "bytes", "value": value.decode("utf-8")}
    if isinstance(value, pd.Period):
        return {_KIND: "period", "value": str(value), "freq": value.freqstr}
    if isinstance(value, pd.Timestamp):
        return {_KIND: "time", "value": value.isoformat()}
    if isinstance(value, tuple | list):
        return {_KIND: type(value).__name__, "value": [_out(v) for v in value]}
    if isinstance(value, frozenset | set):
        frozen = isinstance(value, frozenset)
        return {_KIND: "set", "value": [_out(v) for v in sorted(value)], "frozen": frozen}
    if isinstance(value, np.ndarray):
        flat = {"dtype": str(value.dtype), "shape": list(value.shape)}
        return {_KIND: "array", **flat, "value": [_out(v) for v in value.ravel().tolist()]}
    if isinstance(value, pd.DataFrame):
        columns = [{"name": _out(n), **_column(value[n])} for n in value.columns]
        return {_KIND: "table", "index": _index(value.index), "columns": columns}
    if isinstance(value, pd.Series):
        return {_KIND: "series", "name": _out(value.name), "index": _index(value.index), **_column(value)}
    if isinstance(value, pd.Index):
        return {_KIND: "index", **(_index(value) or {})}
    if isinstance(value, Mapping):
        return {_KIND: "mapping", "value": [[_out(k), _out(v)] for k, v in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _out(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {_KIND: "record", "of": _name(type(value)), "fields": fields}
    raise CodecError(f"A value of type {type(value).__name__} cannot be kept in a release.")


def _column(values: pd.Series) -> dict[str, Any]:
    return {"dtype": str(values.dtype), "value": [_out(v) for v in values.astype(object)]}


def _index(index: pd.Index) -> dict[str, Any] | None:
    """None for the plain numbering of rows."""
    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1 and index.name is None:
        return {"range": len(index)}
    if isinstance(index, pd.MultiIndex):
        raise CodecError("A table with several index levels cannot be kept; reset its index.")
    return {"name": _out(index.name), "dtype": str(index.dtype), "value": [_out(v) for v in index]}


def _name(kind: type) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    if not name.startswith(_MINE):
        raise CodecError(f"A record of type {name} cannot be kept in a release.")
    return name


def _in(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind = value.get(_KIND)
    read = _READERS.get(str(kind))
    if read is None:
        raise CodecError(f"A kept result holds an unknown kind of value, “{kind}”.")
    return read(value)


def _class(name: str) -> Any:
    module, _, path = name.partition(":")
    if not module.startswith(_MINE) or not path.isidentifier():
        raise CodecError(f"A kept result names “{name}”, which is not of this project.")
    found = getattr(importlib.import_module(module), path, None)
    if not (isinstance(found, type) and (dataclasses.is_dataclass(found) or issubclass(found, Enum))):
        raise CodecError(f"A kept result names “{name}”, which is no record.")
    return found


def _values(value: dict[str, Any]) -> Any:
    found = [_in(v) for v in value["value"]]
    dtype = value["dtype"]
    if dtype == "object":
        array = np.empty(len(found), dtype=object)
        array[:] = found
        return array
    return pd.array(found, dtype="str" if dtype == "str" else dtype)


def _series(value: dict[str, Any]) -> pd.Series:
    name, index = _in(value["name"]), _index_in(value["index"])
    made: pd.Series = pd.Series(_values(value), index=index, name=name, dtype=value["dtype"])
    return made


def _index_in(value: dict[str, Any]) -> pd.Index:
    if "range" in value:
        return pd.RangeIndex(value["range"])
    made: pd.Index = pd.Index(_values(value), name=_in(value["name"]))
    return made


def _table(value: dict[str, Any]) -> pd.DataFrame:
    index = _index_in(value["index"])
    parts = {i: pd.Series(_values(c), index=index, dtype=c["dtype"]) for i, c in enumerate(value["columns"])}
    table = pd.DataFrame(parts, index=index)
    table.columns = pd.Index([_in(c["name"]) for c in value["columns"]])
    return table


def _record(value: dict[str, Any]) -> Any:
    return _class(value["of"])(**{k: _in(v) for k, v in value["fields"].items()})


def _array(value: dict[str, Any]) -> Any:
    return np.array([_in(v) for v in value["value"]], dtype=value["dtype"]).reshape(value["shape"])


_READERS: Final[Mapping[str, Any]] = MappingProxyType({
    "float": lambda v: float(v["value"]),
    "missing": lambda v: pd.NaT if v["of"] == "NaT" else pd.NA,
    "bytes": lambda v: v["value"].encode("utf-8"),
    "period": lambda v: pd.Period(v["value"], v["freq"]),
    "time": lambda v: pd.Timestamp(v["value"]),
    "enum": lambda v: _class(v["of"])(v["value"]),
    "tuple": lambda v: tuple(_in(x) for x in v["value"]),
    "list": lambda v: [_in(x) for x in v["value"]],
    "set": lambda v: (frozenset if v["frozen"] else set)(_in(x) for x in v["value"]),
    "mapping": lambda v: {_in(k): _in(x) for k, x in v["value"]},
    "array": _array,
    "series": _series,
    "index": _index_in,
    "table": _table,
    "record": _record,
})  # fmt: skip
