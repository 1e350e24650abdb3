"""Who is asking: signing in with an identity provider (OIDC), for every audience but the public.

The server's operator says in ``secrets.toml`` who vouches for people and who may come in::

    [auth]
    redirect_uri = "https://dashboard.example.org/oauth2callback"
    cookie_secret = "a long random text"
    client_id = "…"
    client_secret = "…"
    server_metadata_url = "https://login.example.org/.well-known/openid-configuration"

    [access]
    council = ["*@council.example.org", "chair@example.org"]
    researcher = ["someone@university.example"]
    hub = ["staff@hub.example.org"]

To be signed in is not enough: an address must be on the list of the server's audience.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from dashboard.audience import Audience, audience

#: Environment variable that the command sets when nobody may come in without signing in.
VARIABLE: Final = "SLN_SIGN_IN"
REQUIRED: Final = "required"
LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_KEYS: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_SHORTEST_SECRET: Final = 32


class SignInError(ValueError):
    """Signing in is not set up as it must be; the message says what is wrong."""


def is_set_up(path: Path, who: Audience) -> bool:
    """Whether a secrets file sets up signing in for an audience.

    Args:
        path: the file; False when there is none, or it has no section ``[auth]``.
        who: the audience of the server.

    Raises:
        SignInError: the section is there and cannot work, or nobody is on the audience's list.
    """
    if not path.is_file():
        return False
    try:
        secrets = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SignInError(f"{path} cannot be read as TOML ({error}).") from error
    auth = secrets.get("auth")
    if auth is None:
        return False
    lacking = [k for k in _KEYS if not (isinstance(auth, dict) and isinstance(auth.get(k), str) and auth[k])]
    if lacking:
        raise SignInError(f"The section [auth] of {path} lacks {', '.join(lacking)}.")
    if not urlsplit(auth["redirect_uri"]).path.endswith("/oauth2callback"):
        raise SignInError(f"In {path}, redirect_uri must be this server's address with /oauth2callback.")
    if len(auth["cookie_secret"]) < _SHORTEST_SECRET:
        raise SignInError(
            f"In {path}, cookie_secret has {len(auth['cookie_secret'])} characters; who guesses it can sign "
            f"in as anybody. Use {_SHORTEST_SECRET} random ones or more."
        )
    if not listed(secrets.get("access"), who):
        raise SignInError(
            f"{path} names nobody who may see the {who} view. Add a section [access] with a line such as "
            f'{who} = ["*@example.org"].'
        )
    return True


def listed(access: object, who: Audience) -> list[str]:
    """Addresses and patterns (``*@example.org``) on an audience's list."""
    names = access.get(who.value) if isinstance(access, Mapping) else None
    if not isinstance(names, Sequence) or isinstance(names, str):
        return []
    return [n.strip().lower() for n in names if isinstance(n, str) and "@" in n]


def admitted(user: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a signed-in person is on the list.

    ``user`` holds the claims of the identity provider. An address that the provider says is not
    verified counts for nothing: anybody could have typed it.
    """
    address = str(user.get("email") or "").strip().lower()
    if "@" not in address or user.get("email_verified") in (False, "false"):
        return False
    return any(fnmatchcase(address, name) for name in names)


def signed_in_as() -> str:
    """Address of who is signed in; "" where nobody has to be."""
    if os.environ.get(VARIABLE) != REQUIRED or not st.user.is_logged_in:
        return ""
    return str(st.user.get("email") or "").strip().lower()


def gate() -> None:
    """Stop the page before anything is read for somebody who may not see it.

    It is the first thing that the app does. A server for the public lets everybody pass.
    """
    who = audience()
    if who is Audience.PUBLIC:
        return
    if os.environ.get(VARIABLE) != REQUIRED:
        if from_elsewhere():
            turn_away(
                "This view is not public",
                "It is served without signing in, so it opens on its own machine only.",
            )
        return
    if not st.user.is_logged_in:
        st.title("Sign in", anchor=False)
        st.markdown(f"The {who} view is for people who sign in.")
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
    user = {str(k): v for k, v in st.user.items()}
    if not admitted(user, listed(st.secrets.get("access"), who)):
        st.button("Sign out", on_click=st.logout)
        turn_away(
            "You are signed in, but not on the list",
            f"{user.get('email') or 'This account'} may not see the {who} view. Ask the person who runs "
            "this dashboard to add it, or sign in with another account.",
        )
    with st.sidebar:
        st.caption(f"Signed in as {user['email']}")
        st.button("Sign out", on_click=st.logout)


def from_elsewhere() -> bool:
    """Whether a visitor may come from another machine, directly or through a proxy on this one."""
    headers = {str(k).lower(): str(v) for k, v in st.context.headers.items()}
    if not headers:
        return False  # no visitor: the page is run by a test
    host = urlsplit(f"//{headers.get('host', '')}").hostname
    forwarded = any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return forwarded or host not in LOCAL or st.get_option("server.address") not in LOCAL


def turn_away(title: str, text: str) -> None:
    """End the page with a title and a sentence that says why."""
    st.title(title, anchor=False)
    st.markdown(text)
    st.stop()
