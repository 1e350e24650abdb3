"""The council view and a real identity provider on this machine: nobody gets any of it without signing in."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect

CLIENT, SECRET = "sln", "not-much-of-a-secret"
LISTED, STRANGER = "member@council.example.org", "somebody@elsewhere.example"
#: Words that only the dashboard's pages say.
OF_THE_VIEW = ("St. Louis City", "street crime", "Synthetic sample data", "Hot spots", "homicide")


class Provider(ThreadingHTTPServer):
    """A small OpenID Connect provider: discovery, keys, authorization code with PKCE, RS256 tokens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.issuer = f"http://localhost:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"}, private=True)
        self.codes: dict[str, dict[str, str]] = {}

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def token(self, asked: dict[str, str]) -> str:
        """The signed identity of whoever got the code."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": asked["email"], "email": asked["email"],
            "email_verified": True, "nonce": asked["nonce"], "iat": now, "exp": now + 600,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)


class Answer(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: object) -> None:
        """Nothing: a test needs no log of requests."""

    def _send(self, content: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            self._send(json.dumps(self.server.discovery()).encode())
        elif url.path == "/keys":
            self._send(json.dumps({"keys": [self.server.key.as_dict(private=False)]}).encode())
        elif url.path == "/authorize" and asked.get("client_id") == CLIENT:
            fields = "".join(
                f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">'
                for k, v in asked.items()
            )
            form = (
                f'<form action="/grant">{fields}<label>E-mail <input name="email"></label><button>Go</button>'
            )
            self._send(f"<!doctype html><title>Provider</title>{form}</form>".encode(), "text/html")
        elif url.path == "/grant":
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self._send(b"{}", status=404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {k: v[0] for k, v in parse_qs(body).items()}
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        who = (
            base64.b64decode(basic).decode()
            if basic
            else f"{sent.get('client_id')}:{sent.get('client_secret')}"
        )
        asked = self.server.codes.pop(sent.get("code", ""), None)
        hashed = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        if asked is None or who != f"{CLIENT}:{SECRET}" or asked.get("code_challenge") != proof:
            self._send(b'{"error":"invalid_grant"}', status=400)
            return
        answer = {"access_token": "none", "token_type": "Bearer", "expires_in": 600}
        self._send(json.dumps({**answer, "id_token": self.server.token(asked)}).encode())


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = Provider()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def council(provider: Provider, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a council server that anybody on the network could reach."""
    folder = tmp_path_factory.mktemp("council")
    file = folder / "secrets.toml"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    file.write_text(
        f"""[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "{secrets.token_hex(32)}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"
[access]
council = ["*@council.example.org"]
"""
    )
    command = [
        sys.executable, "-m", "dashboard.cli", "serve", "--hub", str(root / "data_samples"),
        "--audience", "council", "--address", "0.0.0.0", "--port", str(port), "--secrets", str(file),
        "--no-prepare",
    ]  # fmt: skip
    log = folder / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    break
        except OSError:
            time.sleep(0.2)
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[tuple[Page, list[bytes]]]:
    """A page of its own, and everything that the server sends it."""
    context = browser.new_context()
    page = context.new_page()
    received: list[bytes] = []

    def listen(channel: Any) -> None:
        channel.on("framereceived", lambda p: received.append(p if isinstance(p, bytes) else p.encode()))

    page.on("websocket", listen)
    yield page, received
    context.close()


def sign_in_as(page: Page, email: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Go").click()


@pytest.mark.parametrize("path", ["", "/hotspots?place=stl_city"])
def test_without_signing_in_nothing_of_the_view_is_sent(
    council: str, visitor: tuple[Page, list[bytes]], path: str
) -> None:
    page, received = visitor
    page.goto(council + path)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
    page.wait_for_timeout(500)
    sent = b"".join(received).lower()
    assert sent, "the server must have sent the page that asks to sign in"
    for word in OF_THE_VIEW:
        assert word.lower().encode() not in sent, word
    assert "Progress" not in page.locator("body").inner_text()


def test_a_forged_cookie_is_no_identity(council: str, visitor: tuple[Page, list[bytes]]) -> None:
    page, received = visitor
    claims = json.dumps({"is_logged_in": True, "email": LISTED, "email_verified": True, "origin": council})
    forged = base64.b64encode(claims.encode()).decode()
    page.context.add_cookies([{"name": "_streamlit_user", "value": f"{forged}.forged", "url": council}])
    page.goto(council)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
    assert not any(word.lower().encode() in b"".join(received).lower() for word in OF_THE_VIEW)


def test_somebody_who_is_not_on_the_list_gets_nothing_either(
    council: str, visitor: tuple[Page, list[bytes]]
) -> None:
    page, received = visitor
    page.goto(council)
    sign_in_as(page, STRANGER)
    expect(page.get_by_role("heading", name="not on the list")).to_be_visible(timeout=30_000)
    assert not any(word.lower().encode() in b"".join(received).lower() for word in OF_THE_VIEW)


def test_a_member_signs_in_sees_the_view_and_signs_out(
    council: str, visitor: tuple[Page, list[bytes]]
) -> None:
    page, received = visitor
    page.goto(council)
    sign_in_as(page, LISTED)
    expect(page.get_by_text("Synthetic sample data").first).to_be_visible(timeout=60_000)
    assert b"street crime" in b"".join(received).lower()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
