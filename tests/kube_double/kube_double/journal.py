# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: all requests, in order of arrival."""

from __future__ import annotations

import json

from kube_double.clock import Clock
from kube_double.errors import Json
from kube_double.paths import Target

LIMIT = 100_000


class Journal:
    """``entries`` have ``time`` (seconds since the start), method, path, user, code, object and body.

    ``code`` is 0 if the connection was cut; ``object`` is ``namespace/plural/name/subresource``; ``body`` is the
    request's, except for Secrets.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.entries: list[Json] = []

    def begin(self, method: str, path: str) -> Json:
        entry: Json = {"time": round(self._clock.real(), 6), "method": method, "path": path, "user": "", "code": None,
                       "object": "", "body": None}  # fmt: skip
        if len(self.entries) < LIMIT:
            self.entries.append(entry)
        return entry

    @staticmethod
    def describe(entry: Json, target: Target, content_type: str, body: bytes) -> None:
        parts = [target.namespace, target.resource.plural, target.name, target.subresource]
        entry["object"] = "/".join(part for part in parts if part)
        # the YAML of an apply is JSON mostly
        if body and target.resource.kind != "Secret" and content_type.endswith(("json", "yaml")):
            try:
                entry["body"] = json.loads(body)
            except ValueError:
                entry["body"] = None
