"""The pointer: an import happens at one moment, whatever kills it before."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable

from analysis.data import Hub, HubError, open_hub
from analysis.data.store import Engine

#: Imports files; kills its own process at the n-th commit, or before the pointer moves.
SCRIPT = """
import os, signal
from analysis.data import open_hub, store
def die():
    os.kill(os.getpid(), signal.SIGKILL)
if where.startswith("commit"):
    left, write = [int(where[6:])], store.Transaction._write
    def counted(self, *args):
        write(self, *args)
        left[0] -= 1
        if left[0] <= 0:
            die()
    store.Transaction._write = counted
elif where == "pointer":
    store.os.fsync = lambda descriptor: die()
elif where == "restore":
    store.DeltaTable.restore = lambda *args, **kwargs: die()
ready.set()
open_hub(hub).import_files(files)
"""
#: Processes begin as copies of one that has read the program already, and hold nothing of this one.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["analysis.data.hub"])


def run(where: str, hub: Path, files: list[Path], *, kill_after: float | None = None) -> int | None:
    """Run the import in a process of its own; returns the exit code (−9 when it was killed)."""
    ready = PROCESSES.Event()
    names = {"where": where, "hub": str(hub), "files": [str(f) for f in files], "ready": ready}
    process = PROCESSES.Process(target=exec, args=(SCRIPT, names))
    process.start()
    assert ready.wait(timeout=120)
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    process.join(timeout=120)
    return process.exitcode


def state(hub: Hub) -> dict[str, object]:
    """Everything that a reader can see."""
    hub.refresh()
    tables = ("agencies", "imports", "accepted", "areas")
    seen: dict[str, object] = {t: getattr(hub, t)().to_json(orient="records") for t in tables}
    seen["counts"] = hub.monthly_counts().astype({"month": "str"}).to_json(orient="records")
    seen["incidents"] = hub.incidents().to_csv()
    seen["quarantine"] = hub.quarantine().to_json(orient="records")
    seen["breaks"] = hub.check().breaks.to_json(orient="records", default_handler=str)
    seen["version"] = hub.version
    return seen


@pytest.fixture(scope="module")
def files(legacy, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, made = tmp_path_factory.mktemp("files"), []
    for month in range(1, 4):
        rows = [(f"19-{month}{i:03d}", 1, "31111", 900_000) for i in range(50)] + [("x", 5, "31111", 0)]
        made.append(legacy(folder / f"{month}.csv", f"2019-{month:02d}", rows))
    return made


@pytest.fixture(scope="module")
def undisturbed(files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a hub shows after the same imports when nothing is killed."""
    calm = open_hub(tmp_path_factory.mktemp("calm") / "hub")
    calm.import_files(files[:1])
    calm.import_files(files[1:])
    return state(calm)


@pytest.mark.parametrize("where", ["commit1", "commit3", "commit5", "commit7", "pointer"])
def test_killed_between_commits_leaves_the_hub_as_it_was(where, files, undisturbed, tmp_path) -> None:
    hub = open_hub(tmp_path / "hub")
    hub.import_files(files[:1])
    before = state(hub)
    assert run(where, hub.path, files[1:]) == -signal.SIGKILL
    assert state(hub) == before
    assert state(open_hub(hub.path, read_only=True)) == before
    # The next import finds a clean hub, and gives what an undisturbed one gives.
    hub.import_files(files[1:])
    found = state(hub)
    for table in ("counts", "incidents", "quarantine", "agencies"):
        assert found[table] == undisturbed[table], table


def test_killed_while_taking_back_what_a_killed_import_left(files, tmp_path) -> None:
    hub = open_hub(tmp_path / "hub")
    hub.import_files(files[:1])
    before = state(hub)
    assert run("pointer", hub.path, files[1:2]) == -signal.SIGKILL
    assert run("restore", hub.path, files[1:2]) == -signal.SIGKILL
    assert state(hub) == before
    assert run("never", hub.path, files[1:2]) == 0
    hub.refresh()
    assert len(hub.imports()) == 2


def test_killed_at_any_moment(files, undisturbed, tmp_path) -> None:
    """Real kills at random moments; each time the hub is as it was, or the import is whole."""
    hub = open_hub(tmp_path / "hub")
    hub.import_files(files[:1])
    before = state(hub)
    started = time.monotonic()
    whole = open_hub(tmp_path / "whole")
    assert run("never", whole.path, files[1:]) == 0
    took = time.monotonic() - started
    draw = random.Random(7)
    killed = 0
    for _ in range(5):
        code = run("never", hub.path, files[1:], kill_after=draw.uniform(0, min(took, 3.0)))
        now = state(hub)
        killed += code == -signal.SIGKILL
        if len(hub.imports()) == 1:
            assert now == before
        else:
            assert len(hub.imports()) == 3
            assert now["counts"] == undisturbed["counts"]
            break
    assert killed > 0


def test_an_error_takes_everything_back(files, tmp_path, monkeypatch) -> None:
    hub = open_hub(tmp_path / "hub")
    hub.import_files(files[:1])
    before = state(hub)

    def broken(*args: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("analysis.data.arrivals.importing.recount", broken)
    with pytest.raises(MemoryError):
        hub.import_files(files[1:])
    assert state(hub) == before
    for table, version in json.loads((hub.path / "HEAD.json").read_text())["tables"].items():
        folder = str(hub.path / "tables" / table)
        known = DeltaTable(folder, version=version)
        assert DeltaTable(folder).to_pyarrow_table().num_rows == known.to_pyarrow_table().num_rows


def test_a_second_import_at_the_same_time_is_refused(files, tmp_path) -> None:
    hub = open_hub(tmp_path / "hub")
    with hub._writable().transaction(), pytest.raises(HubError, match="Another import"):
        open_hub(hub.path).import_files(files)
    hub.import_files(files)
    assert len(hub.imports()) == 3


def test_old_versions_stay_readable(files, tmp_path) -> None:
    hub = open_hub(tmp_path / "hub")
    for file in files:
        hub.import_files(file)
    table = DeltaTable(str(hub.path / "tables" / "imports"))
    assert [len(DeltaTable(table.table_uri, version=v).to_pandas()) for v in range(3)] == [1, 2, 3]


def test_an_engine_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(HubError, match="SLN_BACKEND"):
        Engine("nosuch://engine")


def test_the_engine_reads_missing_columns_as_missing(tmp_path) -> None:
    from analysis.data.schema import POPULATIONS

    path = tmp_path / "p.parquet"
    pd.DataFrame({"place": ["a"], "year": [2020], "population": [1.0]}).to_parquet(path)
    engine = Engine()
    rows = engine.run(engine.read(POPULATIONS, (str(path),)))
    assert list(rows.columns) == ["place", "year", "population", "source"]
    assert rows["source"].isna().all()


def test_odd_paths_and_identifiers(tmp_path, monkeypatch) -> None:
    """Folders with blanks and accents, a relative path, and agencies with blanks and slashes."""
    from analysis.data.schema import INCIDENTS, conform

    (tmp_path / "Müller & Co").mkdir()
    monkeypatch.chdir(tmp_path)
    hub = open_hub(Path("Müller & Co/hub 100%"))
    rows = pd.DataFrame(
        {
            "incident_id": ["1", "2"], "agency_id": ["X-IL-East St/Louis 50%", "01234"],
            "occurred_at": pd.NaT,
            "coded_month": "2020-01", "offense": "robbery", "victims": 1, "net_count": 1, "longitude": -90.1,
            "latitude": 38.6, "location_quality": "exact",
            "source": "s", "source_file": "f", "vintage": "2020-02-01",
        }
    )  # fmt: skip
    with hub._writable().transaction() as work:
        work.append("incidents", conform(INCIDENTS, rows))
    again = open_hub(tmp_path / "Müller & Co" / "hub 100%")
    assert sorted(again.incidents()["agency_id"]) == ["01234", "X-IL-East St/Louis 50%"]
    assert sorted(open_hub(Path("Müller & Co/hub 100%")).incidents()["agency_id"]) == sorted(
        rows["agency_id"]
    )
