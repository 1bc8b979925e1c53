# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that echoes everything that the client has sent, in one of many ways.

It lists API versions and accepts a login, if it should, so that a module gets as far as its own requests.
"""

from __future__ import annotations

import base64
import html
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import trustme

VERSIONS = b"<SupportedVersions><VersionInfo><Version>37.2</Version></VersionInfo></SupportedVersions>"
# Clears the screen, turns text red, reorders it, and hides a part of it; a byte order mark and a next-line character.
CONTROLS = "\x1b[2J\x9b31m\u202e\u200b\ufeff\x85\r"
Reply = tuple[int, str, dict[str, str], str]  # status, reason phrase, headers, body


def _json(echo: str) -> Reply:
    body = {"minorErrorCode": echo[:300], "message": echo, "error": echo, "reason": echo, "stackTrace": echo}
    return 400, "Bad Request", {"Content-Type": "application/json"}, json.dumps({**body, "status": "Failure"})


def _json_late(echo: str) -> Reply:
    status, reason, headers, body = _json("x" * 950 + " " + echo)  # about where the module cuts a message
    return status, reason, headers, body


def _quoted(echo: str) -> Reply:
    return 403, "Forbidden", {"Content-Type": "application/json"}, json.dumps({"message": json.dumps(quote(echo))})


def _html(echo: str) -> Reply:
    return 400, "Bad Request", {"Content-Type": "text/html"}, f"<html><p>{html.escape(echo)}</p></html>"


def _xml(echo: str) -> Reply:
    text = html.escape(echo.translate(dict.fromkeys(range(32), " ")))
    return 400, "Bad Request", {"Content-Type": "text/xml"}, f'<Error minorErrorCode="{text}" message="{text}"/>'


def _plain(echo: str) -> Reply:
    return 404, "Not Found", {"Content-Type": "text/plain"}, echo


def _headers(echo: str) -> Reply:
    line = " ".join(echo.split())
    return (
        400,
        line.encode("ascii", "replace").decode(),
        {"Content-Type": line, "X-Echo": line, "Retry-After": line},
        "",
    )


def _content_type(echo: str) -> Reply:
    return 200, "OK", {"Content-Type": " ".join(echo.split())}, echo


def _redirect(echo: str) -> Reply:
    return 302, "Found", {"Location": f"https://u:{quote(echo)}@h/{quote(echo)}?t={quote(echo)}#{quote(echo)}"}, echo


def _redirect_path(echo: str) -> Reply:
    return 302, "Found", {"Location": f"https://sso.example.com/{quote(echo)}"}, echo


def _unauthorized(echo: str) -> Reply:
    return 401, "Unauthorized", {"Content-Type": "application/json"}, json.dumps({"message": echo, "error": echo})


REPLIES: dict[str, Callable[[str], Reply]] = {
    "JSON": _json,
    "JSON, cut": _json_late,
    "JSON in JSON, quoted": _quoted,
    "HTML": _html,
    "XML": _xml,
    "plain text": _plain,
    "reason and headers": _headers,
    "content type": _content_type,
    "redirect": _redirect,
    "redirect with a path": _redirect_path,
    "unauthorized": _unauthorized,
}


@dataclass
class EchoServer:
    """``reply`` is a key of REPLIES. ``answers_first``: how many of the first requests it answers properly."""

    url: str = ""
    ca: str = ""
    reply: str = "JSON"
    answers_first: int = 2
    issued: str = "issued-session-token-zQ7zQ"
    seen: int = 0
    token_issued: bool = False  # whether it has issued the token: before that, a module cannot know the secret
    echoed: list[str] = field(default_factory=list)


@contextmanager
def echo_server(folder: Path | None) -> Iterator[EchoServer]:
    """The server, with TLS and its CA in ``folder``; without a folder, in plain HTTP."""
    state = EchoServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words: object) -> None:
            pass

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            state.seen += 1
            if state.seen <= state.answers_first:
                self._send(*self._proper_answer())
                return
            headers = " ".join(f"{name}: {value}" for name, value in self.headers.items())
            echo = f"{self.command} {self.path} {headers} {_decoded(self.headers.get('Authorization', ''))} {sent}"
            echo += f" {state.issued if state.token_issued else ''} {CONTROLS}"
            state.echoed.append(echo)
            self._send(*REPLIES[state.reply](echo))

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815  # the names are http.server's

        def _proper_answer(self) -> Reply:
            if self.path == "/api/versions":
                return 200, "OK", {"Content-Type": "text/xml"}, VERSIONS.decode()
            state.token_issued = True
            token = {"access_token": state.issued, "refresh_token": f"{state.issued}-2"}
            return 200, "OK", {"X-VMWARE-VCLOUD-ACCESS-TOKEN": state.issued}, json.dumps(token)

        def _send(self, status: int, reason: str, headers: dict[str, str], body: str) -> None:
            data = body.encode("utf-8", "surrogatepass")
            self.send_response(status, reason.replace("\r", " ").replace("\n", " ")[:4000])
            for name, value in headers.items():
                clean = value.replace("\r", " ").replace("\n", " ").encode("utf-8").decode("latin-1")
                self.send_header(name, clean[:8000])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_connection: object) -> None:
            pass  # a client that goes away early

    with Server(("127.0.0.1", 0), Handler) as listening:
        scheme = "http"
        if folder is not None:
            scheme, authority, context = "https", trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            authority.cert_pem.write_to_path(str(folder / "echo-ca.pem"))
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
            state.ca = str(folder / "echo-ca.pem")
        state.url = f"{scheme}://127.0.0.1:{listening.server_address[1]}"
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield state
        finally:
            listening.shutdown()


def _decoded(authorization: str) -> str:
    """What a basic Authorization header holds, in clear text."""
    try:
        return base64.b64decode(authorization.partition(" ")[2]).decode()
    except ValueError:
        return ""
