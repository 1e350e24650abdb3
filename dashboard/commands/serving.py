"""What must hold before a server starts: who may reach it, who has to sign in, and a port nobody uses."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboard.commands.common import refuse

if TYPE_CHECKING:  # the data layer is loaded when a command needs it
    from analysis.data.hub import Hub

LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def sign_in(file: Path, who: str, address: str, *, named: bool) -> bool:
    """Whether people have to sign in; refuses an address that they must not be served on without."""
    if who == "public":
        return False
    from dashboard.audience import Audience
    from dashboard.sign_in import SignInError, is_set_up

    try:
        if is_set_up(file, Audience(who)):
            return True
    except SignInError as error:
        raise refuse(str(error)) from error
    if named:
        raise refuse(f"{file} sets up no signing in: it has no section [auth], or it is not there.")
    if address not in LOCAL:
        raise refuse(
            f"the {who} view may show small counts, and nothing here checks who is asking, so it is served "
            f"on this machine only. Set up signing in (sections [auth] and [access] of {file}), use "
            "--address localhost, or serve the public view."
        )
    return False


def only_here(opened: Hub, who: str, address: str) -> None:
    """Refuses to show real data of a hub elsewhere to an audience whose small counts are hidden."""
    from dashboard.preview import is_preview

    if address not in LOCAL and is_preview(opened, who):
        raise refuse(
            f"a hub is shown to the {who} audience on this machine only: months, maps and comparisons that "
            "are harmless one by one can give a hidden count away together. Make a release, in which they "
            f"are protected together, with: sln build --hub {opened.path} --audience {who} --out release/ "
            f"- and show it with: sln serve --release release/ --address {address}"
        )


def free(address: str, port: int) -> bool:
    """Whether nobody listens at an address and port yet."""
    host = "127.0.0.1" if address in LOCAL else address
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError:
            return False
    return True
