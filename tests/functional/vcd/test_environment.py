# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport uses proxies and CAs from the environment, as `requests` does, and keeps the cookies of a server."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
import trustme
import urllib3
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Unreachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Transport

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class RecordingServer:
    """A server and, at the same port, an HTTP proxy to it. ``seen`` has the first line and headers of each request."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self.seen: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def running(self, *, proxy: bool = False) -> Iterator[int]:
        """The port of the server itself, which speaks TLS, or of the proxy."""
        seen, context = self.seen, self._context

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                if not proxy:
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()

            def log_message(self, *_text: object) -> None:
                """Log nothing: ``seen`` has the requests."""

            def do_GET(self) -> None:
                seen.append((self.requestline, dict(self.headers)))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.send_header("Set-Cookie", f"number={len(seen)}; Path=/; Secure")
                self.send_header("Set-Cookie", "other=1; Path=/elsewhere")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_CONNECT(self) -> None:
                seen.append((self.requestline, dict(self.headers)))
                host, _colon, port = self.path.rpartition(":")
                self.send_response(200)
                self.end_headers()
                with socket.create_connection((host, int(port))) as far:
                    back = threading.Thread(target=self._pass_on, args=(far, self.request))
                    back.start()
                    self._pass_on(self.request, far)
                    back.join()
                self.close_connection = True

            def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        target.sendall(data)
                with contextlib.suppress(OSError):
                    target.shutdown(socket.SHUT_WR)

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
            listening.handle_error = lambda *_what: None  # type: ignore[method-assign]  # a client that does not trust it
            threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            yield listening.server_address[1]
            listening.shutdown()


@pytest.fixture
def far(tmp_path: Path) -> RecordingServer:
    return RecordingServer(tmp_path)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the tester's proxies and CAs from the environment."""
    for name in ("HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in BUNDLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def transports() -> Iterator[list[Transport]]:
    """The transports of a test. They are closed after it."""
    found: list[Transport] = []
    yield found
    for transport in found:
        transport.close()


def ask(transports: list[Transport], port: int, verify: bool | str, times: int = 1) -> None:
    transport = Transport(Settings(f"https://127.0.0.1:{port}", verify=verify))
    transports.append(transport)
    for _time in range(times):
        assert transport.send("GET", "/x").text == "{}"


def test_requests_go_through_the_environments_proxy(
    far: RecordingServer, transports: list[Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with far.running() as port, far.running(proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret-1@127.0.0.1:{proxy}")
        ask(transports, port, str(far.ca), times=2)
        transports[0].close()
        (connect, headers), *rest = far.seen
        assert connect.startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.")
        assert headers["Proxy-Authorization"].startswith("Basic ")
        assert [line for line, _headers in rest] == ["GET /x HTTP/1.1"] * 2, "one tunnel for both"
        assert all("Proxy-Authorization" not in given for _line, given in rest)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        far.seen.clear()
        ask(transports, port, str(far.ca))
        assert [line for line, _headers in far.seen] == ["GET /x HTTP/1.1"]


@pytest.mark.parametrize("variable", BUNDLES)
def test_the_environments_cas_count_without_an_option(
    variable: str, far: RecordingServer, transports: list[Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with far.running() as port:
        with pytest.raises(Unreachable, match="not trusted"):
            ask(transports, port, verify=True)
        monkeypatch.setenv(variable, str(far.ca))
        ask(transports, port, verify=True)


def test_a_cookie_goes_back_to_its_path_and_no_other(far: RecordingServer, transports: list[Transport]) -> None:
    with far.running() as port:
        ask(transports, port, str(far.ca), times=3)
        ask(transports, port, str(far.ca))
    assert [headers.get("Cookie") for _line, headers in far.seen] == [None, "number=1", "number=2", None]


def test_an_unknown_host_name_is_reported_with_urllib3_1_26_too(
    transports: list[Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(urllib3.exceptions, "NameResolutionError")  # new in urllib3 2
    transports.append(Transport(Settings("https://unknown.invalid")))
    with (
        mock.patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")),
        pytest.raises(Unreachable, match="the host name cannot be resolved"),
    ):
        transports[0].send("GET", "/x")
