# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests: an HTTPS connection that is kept open. A handshake costs more than an answer."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Mapping

LIMIT_SECONDS = 300.0  # generous, for a busy machine: the answer itself takes milliseconds


class KeptConnection:
    """Sends requests to one server; each thread has a connection of its own. ``close`` closes them all."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._place = urllib.parse.urlsplit(url)
        self._context = context
        self._own = threading.local()
        self._all: list[http.client.HTTPSConnection] = []

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """The status and the body of the answer. OSError or HTTPException without an answer."""
        connection = getattr(self._own, "connection", None) or self._connect()
        was_open = connection.sock is not None
        try:
            return self._once(connection, method, path, body, headers or {})
        except (OSError, http.client.HTTPException):
            connection.close()
            if not was_open:
                raise
            # the server may close an idle connection at any time
            return self._once(connection, method, path, body, headers or {})

    def close(self) -> None:
        """Close every connection. A later request opens a new one."""
        for connection in self._all:
            connection.close()

    def _connect(self) -> http.client.HTTPSConnection:
        host, port = self._place.hostname or "", self._place.port
        connection = http.client.HTTPSConnection(host, port, context=self._context, timeout=LIMIT_SECONDS)
        self._own.connection = connection
        self._all.append(connection)
        return connection

    @staticmethod
    def _once(
        connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
