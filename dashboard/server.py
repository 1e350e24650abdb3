"""The web application that ``sln serve`` runs: the Streamlit app and what every answer carries.

Streamlit's page looks for its server first below the address of the page that was opened
(``/progress/_stcore/health``) and only then at the root, so that every deep link costs two failed
requests and two errors in the console. Naming the server's address in the page ends the search.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from dashboard import ready

#: Answers may not be sniffed, framed by other sites, or tell other sites which view was open.
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
)


def own_address(base: str) -> bytes:
    """Script that tells the page where its server is; ``base`` is the path it is mounted at."""
    path = "/" + base.strip("/")
    return f"<script>window.__streamlit={{BACKEND_BASE_URL:location.origin+{path!r}}}</script>".encode()


class EveryAnswer:
    """Adds ``HEADERS`` to every answer and the server's address to the page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and complete its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _asks_for_a_page(scope):
            # The page is changed on its way out, which must not be compressed or partial, and one kept
            # by the browser from an earlier version has no address in it.
            left_out = {b"accept-encoding", b"range", b"if-none-match", b"if-modified-since"}
            scope = {**scope, "headers": [h for h in scope["headers"] if h[0] not in left_out]}
        held: Message | None = None
        body = b""

        async def complete(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
                if _is_page(message):
                    held = message
                    return
            elif held is not None and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                script = own_address(str(config.get_option("server.baseUrlPath")))
                whole = body.replace(b"<head>", b"<head>" + script, 1) if body else body
                changed = {b"content-length": str(len(whole)).encode()} if body else {}
                kept = [
                    (k, changed.get(k, v)) for k, v in held["headers"] if k not in (b"etag", b"last-modified")
                ]
                await send({**held, "headers": kept})
                held = None
                await send({**message, "body": whole})
                return
            await send(message)

        await self.app(scope, receive, complete)


def _asks_for_a_page(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )


def _is_page(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])


@asynccontextmanager
async def made_ready(_app: st.App) -> AsyncIterator[None]:
    """Run the first pages before anybody comes in, and the others while the server answers."""
    if ready.wanted():
        await asyncio.to_thread(ready.in_a_thread(ready.first).join)
        ready.in_a_thread(ready.the_rest)
    yield


app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(EveryAnswer)], lifespan=made_ready)
