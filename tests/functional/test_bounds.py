# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endless and growing answers: Cloud Director's session and the Kubernetes client end them."""

from __future__ import annotations

import contextlib
import functools
import socket
import socketserver
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.vcd.kubernetes.plugins.module_utils import _bounds
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes import client as kubernetes
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Transport
from in_process import run_module

MEBIBYTE = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
IN_TIME, TOO_LARGE = "in time", "has more than"


class ServerConnection:
    """The server's side of one connection, after the request was read."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self._connection = connection
        self._over = over
        self.sent = 0

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)
        self.sent += len(data)

    def drip(self, data: bytes) -> None:
        """Send one byte at a time, until the test is over."""
        while not self._over.wait(0.05):
            self.send(data)

    def flood(self, data: bytes) -> None:
        """Send as much as the client takes."""
        while not self._over.is_set():
            self.send(data)


Behave = Callable[[ServerConnection], None]


@contextmanager
def server(behave: Behave, folder: Path, tls: bool = True) -> Iterator[tuple[str, str]]:
    """A server that reads each request's head and then calls ``behave``. Yields its URL and CA."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # the client may close the connection at any point
            with contextlib.suppress(OSError):
                connection = context.wrap_socket(self.request, server_side=True) if tls else self.request
                with connection, connection.makefile("rb") as stream:
                    while stream.readline() not in (b"\r\n", b""):
                        pass
                    behave(ServerConnection(connection, over))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.server_address[1]}", str(ca)
        finally:
            over.set()
            listening.shutdown()


@functools.cache
def bomb(size: int) -> bytes:
    """Compressed zeros, a thousandth of their size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(bytes(MEBIBYTE)) for _part in range(size // MEBIBYTE)]
    return b"".join(parts) + packer.flush()


def body_drips(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Content-Length: 1000000\r\n\r\n{")
    wire.drip(b" ")


def chunks_drip(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    wire.drip(b"1\r\n \r\n")


def headers_drip(wire: ServerConnection) -> None:
    wire.send(HEAD + b"X: ")
    wire.drip(b"y")


def continues_drip(wire: ServerConnection) -> None:
    wire.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def trailers_drip(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    wire.drip(b"X: y\r\n")


def silent(wire: ServerConnection) -> None:
    wire.drip(b"")


def continues_flood(wire: ServerConnection) -> None:
    wire.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def trailers_flood(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    wire.flood(b"X: y\r\n" * 1000)


def body_floods(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Connection: close\r\n\r\n")
    wire.flood(b" " * 65536)


def chunks_flood(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    wire.flood(b"10000\r\n" + b" " * 65536 + b"\r\n")


def terabyte_announced(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Content-Length: 1000000000000\r\n\r\n")
    wire.drip(b" ")


def terabyte_chunk(wire: ServerConnection) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n")
    wire.drip(b" ")


SLOW = (body_drips, chunks_drip, headers_drip, continues_drip, trailers_drip, silent)
LARGE = (continues_flood, trailers_flood, body_floods, chunks_flood)


@pytest.mark.parametrize("behave", SLOW, ids=lambda one: one.__name__)
def test_cloud_directors_answer_ends_at_the_timeout(behave: Behave, tmp_path: Path) -> None:
    with server(behave, tmp_path) as (url, ca):
        for seconds in (1, 10):  # on a busy machine, connecting may take longer than the first limit
            options = {"url": url, "ca_path": ca, "token": "t" * 32, "timeout": seconds}
            result = run_module("vcd_edge_gateway_info", options)
            if "no answer in time" in result["msg"]:
                break
    assert f"no answer in time (timeout {seconds} s)" in result["msg"]
    assert "option timeout" in result["msg"]


@pytest.mark.parametrize("behave", LARGE, ids=lambda one: one.__name__)
def test_cloud_directors_answer_ends_at_a_size(behave: Behave, tmp_path: Path) -> None:
    sent: list[ServerConnection] = []

    def noting(wire: ServerConnection) -> None:
        sent.append(wire)
        behave(wire)

    with server(noting, tmp_path) as (url, ca):
        message = refused(url, ca, seconds=30.0)
    assert "the answer to GET /api/versions has more than 1 MiB: check that url is the address" in message
    assert len(sent) == 1
    assert sent[0].sent < 8 * MEBIBYTE, "besides what the buffers of the connection hold"


@pytest.mark.parametrize("behave", [terabyte_announced, terabyte_chunk], ids=lambda one: one.__name__)
def test_no_memory_is_reserved_for_an_announced_size(behave: Behave, tmp_path: Path) -> None:
    with server(behave, tmp_path) as (url, ca), peak() as largest:
        message = refused(url, ca, seconds=0.5)
    assert IN_TIME in message or TOO_LARGE in message
    assert largest[0] < 8 * MEBIBYTE


def test_a_gzip_bomb_before_the_login_costs_little(tmp_path: Path) -> None:
    packed = bomb(200 * MEBIBYTE)

    def explode(wire: ServerConnection) -> None:
        wire.send(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)

    with server(explode, tmp_path) as (url, ca), peak() as largest:
        message = refused(url, ca)
    assert "has more than 1 MiB" in message
    assert largest[0] < 8 * MEBIBYTE


@pytest.mark.parametrize("status", [b"302 Found\r\nLocation: https://elsewhere.example/", b"500 Error"])
def test_the_body_of_an_error_is_not_read_to_its_end(status: bytes, tmp_path: Path) -> None:
    packed = bomb(200 * MEBIBYTE)
    head = b"HTTP/1.1 " + status + b"\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with server(lambda wire: wire.send(head + packed), tmp_path) as (url, ca), peak() as largest:
        transport = Transport(Settings(url, verify=ca))
        if status.startswith(b"302"):
            with pytest.raises(VcdError, match="with a redirect to"):
                transport.send("GET", "/api/versions")
        else:
            assert transport.send("GET", "/api/versions").status == 500
        transport.close()
    assert largest[0] < 8 * MEBIBYTE


@pytest.mark.parametrize("encoding", [b"gzip, gzip", b"gzip\r\nContent-Encoding: gzip", b"deflate", b"br", b"zstd"])
def test_only_gzip_is_decompressed_and_only_once(encoding: bytes, tmp_path: Path) -> None:
    head = HEAD + b"Content-Encoding: " + encoding + b"\r\nContent-Length: 2\r\n\r\n{}"
    with server(lambda wire: wire.send(head), tmp_path) as (url, ca):
        assert "is compressed in a way that was not requested" in refused(url, ca)


@pytest.mark.parametrize("body", [b"plain", bomb(MEBIBYTE)[:-20], b"\x1f\x8b\x08"])
def test_a_body_that_is_not_valid_gzip_is_refused(body: bytes, tmp_path: Path) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(lambda wire: wire.send(head + body), tmp_path) as (url, ca):
        if body == b"plain":
            assert "is not in gzip" in refused(url, ca)
        else:
            text = Transport(Settings(url, verify=ca)).send("GET", "/x").text
            assert not text.strip("\0"), "what has arrived of it"


def test_a_body_in_gzip_is_read_also_in_several_members(tmp_path: Path) -> None:
    packed = bomb(MEBIBYTE) + bomb(MEBIBYTE)
    head = HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(packed)
    with server(lambda wire: wire.send(head + packed + b"\r\n0\r\n\r\n"), tmp_path) as (url, ca):
        answer = Transport(Settings(url, verify=ca)).send("GET", "/x")
    assert len(answer.text) == 2 * MEBIBYTE


# Kubernetes


def kubernetes_refused(url: str) -> str:
    """The message of a module that cannot read a cluster."""
    result = run_module("vcd_ccm_config_info", {"host": url, "api_key": "k" * 20})
    assert result.get("failed"), result
    message: str = result["msg"]
    assert "\n" not in message
    return message


@pytest.mark.parametrize("behave", SLOW, ids=lambda one: one.__name__)
def test_the_kubernetes_apis_answer_ends_in_time(
    behave: Behave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "REQUEST_SECONDS", 0.3)
    with server(behave, tmp_path, tls=False) as (url, _ca):
        assert "it did not answer in time" in kubernetes_refused(url)


@pytest.mark.parametrize(("behave", "limit"), [(continues_flood, 1), (body_floods, 32)])
def test_the_kubernetes_apis_answer_ends_at_a_size(behave: Behave, limit: int, tmp_path: Path) -> None:
    with server(behave, tmp_path, tls=False) as (url, _ca):
        assert f"has more than {limit} MiB" in kubernetes_refused(url)


def test_the_kubernetes_client_decompresses_nothing(tmp_path: Path) -> None:
    packed = bomb(200 * MEBIBYTE)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with server(lambda wire: wire.send(head + packed), tmp_path, tls=False) as (url, _ca), peak() as largest:
        assert "is compressed in a way that was not requested" in kubernetes_refused(url)
    assert largest[0] < 64 * MEBIBYTE


# lists


def test_a_list_of_kubernetes_has_a_largest_number_of_pages() -> None:
    asked: list[Any] = []

    def send(method: str, path: str, body: Any, *, query: Any, **_more: Any) -> dict[str, Any]:
        asked.append(query)
        return {"items": [], "metadata": {"continue": str(len(asked))}}

    with pytest.raises(Exception, match="the list does not end"):
        kubernetes.KubernetesApi(send).list("/api/v1/services")
    assert len(asked) == kubernetes.MOST_PAGES + 1


def test_a_list_of_kubernetes_that_repeats_a_page_is_refused() -> None:
    def send(*_arguments: Any, **_more: Any) -> dict[str, Any]:
        return {"items": [{}], "metadata": {"continue": "again"}}

    with pytest.raises(Exception, match="the list does not end"):
        kubernetes.KubernetesApi(send).list("/api/v1/services")


def refused(url: str, ca: str, seconds: float = 20.0) -> str:
    """The message for a request before the login."""
    transport = Transport(Settings(url, verify=ca))
    with pytest.raises(VcdError) as caught:
        transport.send("GET", "/api/versions", seconds=seconds, size=_bounds.SMALL)
    transport.close()
    assert "\n" not in caught.value.message
    return caught.value.message


@contextmanager
def peak() -> Iterator[list[int]]:
    """The peak of additional memory, in bytes, while the block runs. It is set at the end of the block."""
    found = [0]
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield found
    finally:
        found[0] = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
