# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules: which request fails, and how. Nothing is random, so a failing test fails again.

The first rule that matches a request and is not used up applies. A rule is a mapping; see ``RULE``.
"""

from __future__ import annotations

import asyncio
import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema

RULE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "method": {"type": "string", "description": "GET, POST, ...; default: any"},
        "route": {"type": "string", "description": "path with *, or route template"},
        "name": {
            "type": "string",
            "description": "name of the object in the body, or of the addressed object; may contain *",
        },
        "user": {"type": "string", "description": "name of the calling user"},
        "writes": {"enum": [True], "description": "any POST, PUT or DELETE except log-in and log-out"},
        "skip": {"type": "integer", "minimum": 0, "description": "let this many matching requests pass first"},
        "times": {"type": "integer", "minimum": 1, "description": "act this often; default: always"},
        "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599,
            "description": "answer with this status and do nothing",
        },
        "code": {"type": "string", "description": "minorErrorCode of that answer, or of the failed task"},
        "message": {"type": "string", "description": "message of that answer, or of the failed task"},
        "retry_after": {"type": "integer", "minimum": 0, "description": "Retry-After of that answer, in seconds"},
        "delay": {"type": "number", "minimum": 0, "maximum": 600, "description": "wait this many seconds first"},
        "reset": {"enum": ["before", "after"], "description": "reset the connection before or after the effect"},
        "hold": {
            "enum": ["before", "after"],
            "description": "hold the request at this point until the rules are replaced",
        },
        "task": {"enum": ["error", "never", "vanish"], "description": "how the task of this write ends"},
        "expire_session": {"type": "boolean", "description": "end the caller's session: 401 from then on"},
    },
}
_VALIDATOR = jsonschema.Draft202012Validator({"type": "array", "items": RULE})
_LOG_IN = re.compile(r"^/(oauth/|api/sessions?(/|$)|cloudapi/[^/]+/sessions(/|$))")
_DEFAULT_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "ACCESS_TO_RESOURCE_IS_FORBIDDEN",
    409: "INVALID_STATE",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


def is_write(method: str, path: str) -> bool:
    """Whether a request changes objects in VCD. Log-in and log-out do not count."""
    return method in ("POST", "PUT", "PATCH", "DELETE") and not _LOG_IN.match(path)


@dataclass
class Rule:
    """One rule, with the number of requests that matched, that it acted on, and that it holds now.

    ``released`` lets held requests continue. ``dropped`` resets their connections instead.
    """

    spec: dict[str, Any]
    seen: int = 0
    used: int = 0
    held: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: bool = False

    def takes(self, method: str, path: str, template: str, name: str, user: str) -> bool:
        """Whether the rule acts on this request. Counts the request."""
        spec = self.spec
        if "method" in spec and spec["method"].upper() != method:
            return False
        if "route" in spec and not (fnmatch.fnmatchcase(path, spec["route"]) or template == spec["route"]):
            return False
        if "name" in spec and not fnmatch.fnmatchcase(name, spec["name"]):
            return False
        if "user" in spec and spec["user"] != user:
            return False
        if spec.get("writes") and not is_write(method, path):
            return False
        self.seen += 1
        if self.seen <= spec.get("skip", 0) or self.used >= spec.get("times", float("inf")):
            return False
        self.used += 1
        return True

    @property
    def code(self) -> str:
        return str(self.spec.get("code") or _DEFAULT_CODES.get(self.spec.get("status", 0), "INTERNAL_SERVER_ERROR"))

    @property
    def message(self) -> str:
        return str(self.spec.get("message") or "A fault was asked for.")

    def as_dict(self) -> dict[str, Any]:
        counts = {"seen": self.seen, "used": self.used}
        return {**self.spec, **counts, "held": self.held} if "hold" in self.spec else {**self.spec, **counts}


class Faults:
    """The rules, in order of precedence."""

    def __init__(self, specs: list[dict[str, Any]] | None = None) -> None:
        self._rules: list[Rule] = []
        self.replace(specs or [])

    def replace(self, specs: list[dict[str, Any]]) -> None:
        """Replace all rules. Requests that the old rules hold continue. ValueError names the first mistake."""
        problem = next(iter(_VALIDATOR.iter_errors(specs)), None)
        if problem:
            raise ValueError(f"faults{problem.json_path.removeprefix('$')}: {problem.message}")
        for old in self._rules:
            old.released.set()
        self._rules = [Rule(dict(spec)) for spec in specs]

    def drop(self) -> None:
        """Remove all rules and reset the connections of held requests.

        Used when the state is replaced: a held request must not silently take effect in the old state.
        """
        for rule in self._rules:
            rule.dropped = True
        self.replace([])

    def match(self, method: str, path: str, template: str, name: str, user: str) -> Rule | None:
        return next((rule for rule in self._rules if rule.takes(method, path, template, name, user)), None)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def specs(self) -> list[dict[str, Any]]:
        """The rules as given, without counts."""
        return [dict(rule.spec) for rule in self._rules]

    def as_list(self) -> list[dict[str, Any]]:
        return [rule.as_dict() for rule in self._rules]
