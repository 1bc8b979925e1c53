# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of a NAKIVO Director over HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from nakivo_double import NakivoDouble


@contextmanager
def serving(double: NakivoDouble, folder: Path) -> Iterator[tuple[str, str]]:
    """The double over HTTPS; its URL, and the file of its CA."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words: object) -> None:
            pass

        def do_POST(self) -> None:  # the name is http.server's
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cookies = dict(one.strip().split("=", 1) for one in self.headers.get("Cookie", "").split(";") if "=" in one)
            headers, found = double.answer(self.path, cookies, sent)
            data = json.dumps(found).encode()
            self.send_response(200)
            for name, value in {
                **headers,
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_connection: object) -> None:
            pass  # a client that does not trust the certificate

    with Server(("127.0.0.1", 0), Handler) as listening:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(folder / "nakivo-ca.pem"))
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{listening.server_address[1]}", str(folder / "nakivo-ca.pem")
        finally:
            listening.shutdown()
