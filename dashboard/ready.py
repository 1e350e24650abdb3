"""What the first visitor would wait for, done before: every page is run once as the server starts.

A page's numbers and pictures are kept for everybody under the version of the data, so whoever opens it
first waits for all of them, and for the libraries that make them. Here nobody's session runs each page
as it opens, in both looks, and what it shows is thrown away. An error is written to the log and changes
nothing: the page then says it to whoever opens it.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from streamlit import runtime
from streamlit.logger import get_logger
from streamlit.proto.ClientState_pb2 import ContextInfo
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunException, StopException, add_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state import SafeSessionState, SessionState

#: Environment variable that the command sets when pages wait for their first visitor.
VARIABLE: Final = "SLN_PREPARE"
NOT_NOW: Final = "no"
PAGES: Final = Path(__file__).resolve().parents[1] / "pages"
#: Pages in the order in which they are likely to be opened; the first of them are ready before anybody comes.
ORDER: Final = (
    "progress", "hotspots", "evaluations", "tactics", "data_and_methods", "interrupted_time_series",
    "synthetic_control", "evidence_elsewhere", "council_brief", "about",
)  # fmt: skip
FIRST: Final = 2
#: Pages whose answers differ from place to place, and are made for each of them.
BY_PLACE: Final = ("progress", "hotspots")
LOOKS: Final = ("light", "dark")
_NOBODY: Final = "nobody"

_log = get_logger("sln")


def wanted(environment: Mapping[str, str] | None = None) -> bool:
    """Whether pages are made ready at the start."""
    return (os.environ if environment is None else environment).get(VARIABLE) != NOT_NOW


def first() -> None:
    """Make the pages ready that most people open; the server takes visitors when this is done."""
    for page in ORDER[:FIRST]:
        open_page(page)


def the_rest() -> None:
    """Every page as it opens, in both looks, and the most asked for each place."""
    from dashboard import data

    _give_way()
    started = time.perf_counter()
    done = [open_page(page, look) for look in LOOKS for page in ORDER]
    try:
        places = data.facts().places
    except Exception:
        _log.exception("The data could not be opened to make the pages ready")
        return
    done += [open_page(page, place=place) for place in places for page in BY_PLACE]
    _log.info("%d of %d views ready after %.1f s", sum(done), len(done), time.perf_counter() - started)


def in_a_thread(task: Callable[[], None]) -> threading.Thread:
    """Start a task in a thread of its own, as a session belongs to its thread."""
    thread = threading.Thread(target=task, name="ready", daemon=True)
    thread.start()
    return thread


def _give_way() -> None:
    """Let whoever opens a page meanwhile go first, where the system knows priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def open_page(page: str, look: str = LOOKS[0], **query: str) -> bool:
    """Run one page for nobody. False when it failed, which is in the log.

    Args:
        page: name of its file. look: light or dark. query: what stands in the link.
    """
    script = PAGES / f"{page}.py"
    try:
        add_script_run_ctx(threading.current_thread(), _session(script, look, urlencode(query)))
        # A page that has nothing more to say ends itself.
        with suppress(StopException, RerunException):
            runpy.run_path(str(script))
    except Exception:
        _log.exception("Page %s could not be made ready", page)
        return False
    finally:
        if runtime.exists():
            runtime.get_instance().media_file_mgr.clear_session_refs(_NOBODY)
    return True


def _session(script: Path, look: str, query: str) -> ScriptRunContext:
    """A session whose messages go nowhere; a page that ends itself, or asks to be run again, just ends."""
    asked = ScriptRequests()

    def heard(_message: object) -> None:
        if asked.on_scriptrunner_yield() is not None:
            raise StopException

    session = ScriptRunContext(
        session_id=_NOBODY,
        _enqueue=heard,
        script_requests=asked,
        query_string=query,
        session_state=SafeSessionState(SessionState(), lambda: None),
        uploaded_file_mgr=MemoryUploadedFileManager("/nowhere"),
        main_script_path=str(script),
        user_info={},
        fragment_storage=MemoryFragmentStorage(),
        pages_manager=PagesManager(str(script)),
    )
    session.reset(query_string=query, context_info=ContextInfo(color_scheme=look))
    with session.session_state.query_params() as kept:
        kept.populate_from_query_string(query)
    session.on_script_start()
    return session
