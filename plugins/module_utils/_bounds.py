# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The limits of an answer: its total time, its size as it arrives, and its size once it is decompressed.

The timeouts of requests and urllib3 count from byte to byte, so an answer that arrives drop by drop never ends, and
neither library limits its size. Both read through http.client. There every byte (headers, chunks, trailers, body)
passes one stream, which enforces the limits, both for Cloud Director's sessions and for the Kubernetes client.

::

    with bounds(seconds=60.0, size=LARGEST):
        response = session.request(..., stream=True)
        body = read_body(response.raw, LARGEST)

Outside ``with bounds``, nothing is limited.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline

MEBIBYTE = 1024 * 1024
# Bytes of one answer. A page of 128 virtual services takes 0.3 MiB, a page of 250 Services 1 MiB. The largest real
# answer is one pool with thousands of members, or a page of Services with long annotations: a few MiB.
LARGEST = 32 * MEBIBYTE
# Bytes of an answer before the login, and of a task: versions, tokens and tasks have a few KiB.
SMALL = MEBIBYTE
# How many bytes of an error's body are read: it has a code and a sentence. The rest is left unread.
OF_AN_ERROR = 64 * 1024
# Headers and chunk sizes are additional to the body.
_OVERHEAD = MEBIBYTE
# Seconds from byte to byte: a silent server counts as lost, so that time is left to look and to try again.
SILENCE = 60.0
_PART = 64 * 1024
_SENT_AT_ONCE = 16 * 1024
_local = threading.local()


class OverLimit(Exception):
    """An answer exceeds a limit. The text completes "the answer ..."; it never contains any part of the answer."""


class _Bounds:
    """The limits of answers: one deadline for all, and a size for each."""

    def __init__(self, seconds: float, size: int, encodings: tuple[str, ...]) -> None:
        self.deadline = Deadline(seconds)
        self.size = size
        self.encodings = encodings

    def set_timeout(self, sock: socket.socket) -> None:
        """Let the next operation on a socket end at the deadline. Raises TimeoutError once it has passed."""
        left = self.deadline.left()
        if left <= 0:
            raise TimeoutError("the answer is not complete in time")
        sock.settimeout(min(left, SILENCE))

    def check_encoding(self, found: list[str]) -> None:
        """Accept a requested encoding, but only once: data compressed twice cannot be limited while it is read."""
        given = [one.strip().lower() for text in found for one in text.split(",")]
        if [one for one in given if one != "identity"] not in ([], *([one] for one in self.encodings)):
            raise OverLimit("is compressed in a way that was not requested")


def too_large(size: int) -> OverLimit:
    """The error for an answer of more than ``size`` bytes."""
    return OverLimit(f"has more than {size // MEBIBYTE} MiB")


@contextmanager
def bounds(seconds: float, size: int = LARGEST, encodings: tuple[str, ...] = ()) -> Iterator[None]:
    """Limit the answers that this thread reads in the body: seconds for all of them, bytes for each.

    ``encodings`` are the accepted values of Content-Encoding; use `read_body` for these. Reading raises TimeoutError at
    the deadline, which urllib3 and requests convert to their own errors, and OverLimit, which passes through both.
    """
    before = getattr(_local, "bounds", None)
    _local.bounds = _Bounds(seconds, size, encodings)
    try:
        yield
    finally:
        _local.bounds = before


def _current() -> _Bounds | None:
    return getattr(_local, "bounds", None)


class _Arriving(io.RawIOBase):
    """The bytes of a connection, counted, until the deadline."""

    def __init__(self, sock: Any, limits: _Bounds) -> None:
        super().__init__()
        self._socket = sock
        # like http.client, keep the socket open until the body is read, even if the connection closes first
        self._stream = sock.makefile("rb", buffering=0)
        self._limits = limits
        self._allowed = self._left = _OVERHEAD  # the head comes first, and is short

    def expect_body(self) -> None:
        """From now on, the body may arrive."""
        self._allowed = self._limits.size
        self._left += self._allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._limits.set_timeout(self._socket)
        count: int | None = self._stream.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise too_large(self._allowed)
        return count

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Buffered(io.BufferedReader):
    """A buffer that reserves no memory for data that a server merely announces, such as a chunk of a terabyte."""

    def __init__(self, arriving: _Arriving, limits: _Bounds) -> None:
        super().__init__(arriving, _PART)
        self._limits = limits

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size < -1:
            raise http.client.HTTPException("a chunk of negative size")
        if size is not None and size > self._limits.size:
            raise too_large(self._limits.size)
        return super().read(size)


class _Response(http.client.HTTPResponse):
    """http.client's response, read within the limits of the thread that reads its head."""

    def __init__(self, sock: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self._limits = _current()
        if self._limits is not None:
            self.fp.close()
            self._arriving = _Arriving(sock, self._limits)
            self.fp = _Buffered(self._arriving, self._limits)

    def begin(self) -> None:
        super().begin()
        if self._limits is not None:
            self._arriving.expect_body()
            self._limits.check_encoding(self.headers.get_all("Content-Encoding") or [])


@functools.cache
def bounded_pools() -> dict[str, Any]:
    """The value of ``pool_classes_by_scheme`` for a PoolManager of urllib3 whose answers are to be limited."""
    # not at the top of the file: if urllib3 is missing, the module has its own message for that
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Sending:
        """Sends in small parts, each within the deadline: a server that accepts no more bytes blocks nothing."""

        response_class: Any = _Response
        sock: Any

        def send(self, data: Any) -> None:
            limits = _current()
            parts: list[Any] = [data]
            if limits is not None and isinstance(data, bytes):
                parts = [data[at : at + _SENT_AT_ONCE] for at in range(0, len(data), _SENT_AT_ONCE)]
            for part in parts:
                if limits is not None and self.sock is not None:
                    limits.set_timeout(self.sock)
                super().send(part)  # type: ignore[misc]  # the other base class has it

    class Plain(Sending, HTTPConnection):
        pass

    class Secure(Sending, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def read_body(raw: Any, size: int, *, cut: bool = False) -> bytes:
    """The body of urllib3's response, decompressed if it is compressed with gzip.

    At most ``size`` bytes: with ``cut`` the rest is left unread, otherwise more raises OverLimit.
    """
    packed = str(raw.headers.get("Content-Encoding") or "").strip().lower() == "gzip"
    found: list[bytes] = []
    length = 0
    for part in _unpacked(_parts(raw)) if packed else _parts(raw):
        found.append(part)
        length += len(part)
        if length > size:
            raw.close()
            if not cut:
                raise too_large(size)
            break
    return b"".join(found)[:size]


def _parts(raw: Any) -> Iterator[bytes]:
    while part := raw.read(_PART, decode_content=False):
        yield part


def unpack_gzip(packed: bytes, size: int) -> bytes:
    """The unpacked content, of at most ``size`` bytes. Raises OverLimit if it has more, or is no complete gzip."""
    unpacker = _gzip()
    try:
        found: bytes = unpacker.decompress(packed, size + 1)
    except zlib.error:
        raise OverLimit("is not in gzip") from None
    if len(found) > size:
        raise too_large(size)
    if not unpacker.eof:
        raise OverLimit("is incomplete")
    return found


def _unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of a body in gzip, each of limited size: 1 KiB may hold 1 MiB. Raises OverLimit if it is not gzip."""
    unpacker = _gzip()
    for part in parts:
        rest = part
        while rest:
            try:
                yield unpacker.decompress(rest, _PART)
            except zlib.error:
                raise OverLimit("is not in gzip, as its headers say") from None
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                rest, unpacker = unpacker.unused_data, _gzip()  # a gzip file may have several members


def _gzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def within(seconds: float, make: Callable[[], Any]) -> Any:
    """The result of ``make``, or TimeoutError after ``seconds``, for a library without a timeout."""
    outcome: list[tuple[Any, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((make(), None))
        except BaseException as error:  # noqa: BLE001  # handed to the caller below
            outcome.append((None, error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    if not outcome:
        raise TimeoutError
    made, error = outcome[0]
    if error is not None:
        raise error
    return made
