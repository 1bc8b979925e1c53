# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: the n-th matching request fails, waits, or loses its connection before or after its effect."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from kube_double import errors
from kube_double.errors import ApiError, Json

ACTIONS = ("status", "delay", "reset_before", "reset_after", "hold_before", "hold_after")
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
# Reviews use POST, but change nothing.
_REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip
_KNOWN = {"method", "path", "user", "nth", "times", "action", "code", "message", "seconds",
          "writes"}  # fmt: skip


def is_write(method: str, path: str) -> bool:
    """Whether a request changes an object. Reviews and dry runs do not."""
    return method in _METHODS and not path.startswith(_REVIEWS) and "dryRun=All" not in path


@dataclass
class Fault:
    """One rule. ``path`` is a regular expression searched in the path with its query; ``nth`` counts from 1.

    ``writes`` limits the rule to requests that change something. ``used`` counts disturbed requests, ``held`` those
    that wait now.
    """

    action: str
    method: str = ""
    path: str = ""
    user: str = ""
    nth: int = 1
    times: int = 1
    code: int = 503
    message: str = ""
    seconds: float = 0.0
    writes: bool = False
    seen: int = field(default=0, compare=False)
    used: int = field(default=0, compare=False)
    held: int = field(default=0, compare=False)
    released: asyncio.Event = field(default_factory=asyncio.Event, compare=False)

    @classmethod
    def read(cls, entry: Json) -> Fault:
        unknown = set(entry) - _KNOWN
        if unknown or entry.get("action") not in ACTIONS:
            raise errors.bad_request(
                f"a fault has an action ({', '.join(ACTIONS)}) and any of {', '.join(sorted(_KNOWN))}, not {entry}"
            )
        try:
            re.compile(entry.get("path", ""))
        except re.error as why:
            raise errors.bad_request(f"a fault's path is a regular expression: {entry['path']}: {why}") from why
        return cls(**entry)

    def strikes(self, method: str, path: str, user: str) -> bool:
        """Count this request if it matches. Returns whether to disturb it."""
        if self.method not in ("", method) or self.user not in ("", user) or not re.search(self.path, path):
            return False
        if self.writes and not is_write(method, path):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times

    def as_dict(self) -> Json:
        """The rule with its counts, for tests that wait for them."""
        given = {name: getattr(self, name) for name in sorted(_KNOWN)}
        return {**given, "seen": self.seen, "used": self.used, "held": self.held}

    def error(self) -> ApiError:
        text = self.message or f"a fault rule of kube_double answers {self.code} here"
        found = ApiError(self.code, _REASONS.get(self.code, ""), text, {})
        if self.code == 429:
            found.headers["Retry-After"] = "1"
        return found


class Faults:
    """The current rules. The first that strikes acts; all that match count the request."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def set(self, entries: list[Json]) -> None:
        """Replace all rules. Requests that the old rules hold continue, and counts start at 0."""
        rules = [Fault.read(entry) for entry in entries]
        for old in self._rules:
            old.released.set()
        self._rules = rules

    def as_list(self) -> list[Json]:
        return [rule.as_dict() for rule in self._rules]

    def find(self, method: str, path: str, user: str) -> Fault | None:
        struck = [rule for rule in self._rules if rule.strikes(method, path, user)]
        if not struck:
            return None
        struck[0].used += 1
        return struck[0]
