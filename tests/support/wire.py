# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The far end of the modules' connections, in the test's process: all code that reads an answer is real.

``recorded`` passes each request on to a double and keeps the answers; ``replayed`` repeats them, as changed bytes
if the test wants that. A replay opens no socket, and time passes only where the code waits.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils import _bounds, _hold, _waiting

GONE = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
_AT_ITS_END = Path(os.devnull).open("rb")  # noqa: SIM115  # open as long as the process
_DROPPED = {"connection", "content-length", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Reply:
    """One answer: its status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def raw(self) -> bytes:
        """The bytes on the wire."""
        head = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Odd')}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        head += [f"Content-Length: {len(self.body)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode("latin-1", "replace") + self.body

    def with_body(self, body: bytes) -> Reply:
        return replace(self, body=body)


@dataclass
class Recording:
    """The answers of one run, by request, and their order."""

    order: list[tuple[str, int]] = field(default_factory=list)
    replies: dict[str, list[Reply]] = field(default_factory=dict)

    def add(self, key: str, reply: Reply) -> None:
        given = self.replies.setdefault(key, [])
        self.order.append((key, len(given)))
        given.append(reply)


Answer = Callable[[str, bytes], bytes]


class _Stream(io.RawIOBase):
    def __init__(self, wire: _Socket) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive(buffer)


class _Socket:
    """A connected socket whose peer answers one request, and then closes."""

    def __init__(self, host: str, answer: Answer) -> None:
        self._host, self._answer = host, answer
        self._sent = bytearray()
        self._answered: io.BytesIO | None = None

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def receive(self, buffer: Any) -> int:
        if self._answered is None:
            self._answered = io.BytesIO(self._answer(self._host, bytes(self._sent)))
        return self._answered.readinto(buffer)

    def makefile(self, *_mode: Any, **_more: Any) -> _Stream:
        return _Stream(self)

    def settimeout(self, _seconds: float | None) -> None:
        """Do nothing: no call waits for bytes."""

    def fileno(self) -> int:
        """The descriptor of a file at its end, so that a check whether the peer has closed the connection succeeds."""
        return _AT_ITS_END.fileno()

    def shutdown(self, _how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    detach = close


class _Clock:
    """A clock on which a wait takes no real time, and each reading a millisecond, so that every loop ends."""

    seconds = 1000.0

    def monotonic(self) -> float:
        _Clock.seconds += 0.001
        return _Clock.seconds

    def sleep(self, seconds: float) -> None:
        _Clock.seconds += max(seconds, 0.0)


@contextmanager
def _far_end(answer: Answer) -> Iterator[None]:
    def connect(connection: Any) -> None:
        scheme = "https" if connection.default_port == 443 else "http"
        connection.sock = _Socket(f"{scheme}://{connection.host}:{connection.port}", answer)
        connection.is_verified = True

    clock = _Clock()
    with contextlib.ExitStack() as patches:
        for pool in _bounds.bounded_pools().values():
            patches.enter_context(mock.patch.object(pool.ConnectionCls, "connect", connect))
        for name in ("monotonic", "sleep"):
            method = getattr(clock, name)
            patches.enter_context(
                mock.patch.object(_waiting.SystemClock, name, lambda _self, *given, _method=method: _method(*given))
            )
        # a run recognises its own lock by this
        patches.enter_context(mock.patch.object(_hold.uuid, "uuid4", return_value=mock.Mock(hex="f" * 32)))
        yield


@contextmanager
def recorded() -> Iterator[Recording]:
    """In the body, requests go to their servers, and the answers are recorded."""
    recording = Recording()

    def pass_on(url: str, sent: bytes) -> bytes:
        method, path, headers, body = _request(sent)
        reply = _forward(url, method, path, headers, body)
        recording.add(f"{method} {path}", reply)
        return reply.raw()

    with _far_end(pass_on):
        yield recording


@contextmanager
def replayed(recording: Recording, changed: Callable[[str, int, Reply], bytes]) -> Iterator[None]:
    """In the body, requests get the recorded answers as ``changed(key, number, reply)`` makes them.

    A request that is made more often than recorded gets the last answer again; one that was not recorded gets a 404.
    """
    counts: dict[str, int] = {}

    def replay(_url: str, sent: bytes) -> bytes:
        method, path, _headers, _body = _request(sent)
        key = f"{method} {path}"
        given = recording.replies.get(key)
        if given is None:
            return GONE
        number = min(counts.get(key, 0), len(given) - 1)
        counts[key] = number + 1
        return changed(key, number, given[number])

    with _far_end(replay):
        yield


def _request(sent: bytes) -> tuple[str, str, dict[str, str], bytes]:
    head, _empty, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ")
    return method, path, dict(line.split(": ", 1) for line in lines), body


def _forward(url: str, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    where = urlsplit(url)
    context = ssl._create_unverified_context()  # noqa: S323  # the doubles on 127.0.0.1 have a CA of their own
    secure = http.client.HTTPSConnection(where.hostname or "", where.port, timeout=60, context=context)
    with contextlib.closing(secure) as connection:
        kept = {name: value for name, value in headers.items() if name.lower() not in {*_DROPPED, "accept-encoding"}}
        connection.request(method, path, body or None, kept)
        answer = connection.getresponse()
        found = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in _DROPPED)
        return Reply(answer.status, found, answer.read())
