# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Errors from Cloud Director and from the network, worded for the operator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import parse
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import right_for_call

# Messages begin with the request id: "[ 39-2024-11-25-09-18-45-563--ecca35bd-... ] text"
REQUEST_ID = re.compile(r"^\[\s*([0-9A-Za-z-]+)\s*\]\s*")
# How Cloud Director reports that another operation holds the entity: in a 400 answer, or in a failed task.
BUSY_TEXTS = re.compile(
    r"BUSY_ENTITY|is busy completing an operation|is busy, cannot proceed with the operation|is currently busy"
    r"|another transaction|408:TIMEDOUT",
    re.IGNORECASE,
)
# How Cloud Director refuses to delete an object that others refer to: "cannot be deleted as it is in use".
IN_USE_TEXTS = re.compile(r"\bin use\b|\bused by\b", re.IGNORECASE)


class VcdError(CollectionError):
    """A request to Cloud Director failed. ``details`` has method, path, status and code where they are known."""

    @property
    def in_use(self) -> bool:
        """Whether Cloud Director says that the object is in use."""
        return bool(IN_USE_TEXTS.search(str(self.details.get("text") or self.message)))


class Unreachable(VcdError):
    """No answer. ``sent``: the request may have reached the server; ``transient``: a retry may help."""

    def __init__(self, message: str, *, sent: bool, transient: bool, **details: Any) -> None:
        super().__init__(message, **details)
        self.sent = sent
        self.transient = transient


class Refused(VcdError):
    """An answer with status 400 or above; ``retry_after`` is the Retry-After header."""

    def __init__(self, message: str, *, status: int, **details: Any) -> None:
        super().__init__(message, status=status, **details)
        self.status = status
        self.retry_after: str | None = None


class TaskFailed(VcdError):
    """A task failed or was cancelled; ``busy``: another operation was holding the object."""

    def __init__(self, message: str, *, busy: bool, **details: Any) -> None:
        super().__init__(message, **details)
        self.busy = busy


class InDoubt(Exception):  # never reaches the operator: the caller checks whether the write took effect
    """A write whose outcome is unknown, because its answer was lost."""

    def __init__(self, cause: VcdError) -> None:
        super().__init__(cause.message)
        self.cause = cause


@dataclass(frozen=True)
class Problem:
    """The body of an error answer: JSON, XML or plain text."""

    code: str
    text: str
    request_id: str

    @property
    def busy(self) -> bool:
        """Whether another operation holds the object."""
        return bool(BUSY_TEXTS.search(f"{self.code} {self.text}"))


def parse_problem(body: str) -> Problem:
    """Read minorErrorCode and message from OpenAPI's JSON, the legacy API's XML, or an OAuth error (also JSON)."""
    code, text = "", body.strip()
    if text.startswith("{"):
        try:
            found = parse_json(text)
        except ValueError:
            found = {}
        code = str(found.get("minorErrorCode") or found.get("error") or "")
        text = str(found.get("message") or found.get("error_description") or "")
    elif text.startswith("<"):
        code, text = _from_xml(text)
    found_id = REQUEST_ID.match(text)
    request_id = found_id.group(1) if found_id else ""
    return Problem(SECRETS.one_line(code), SECRETS.one_line(REQUEST_ID.sub("", text)), request_id)


def _from_xml(text: str) -> tuple[str, str]:
    root = parse(text)
    return ("", "") if root is None else (root.get("minorErrorCode", ""), root.get("message", ""))


def refusal(what: str, method: str, path: str, status: int, body: str) -> Refused:
    """The error for an answer with status 400 or above; ``what`` says what was attempted, as in "cannot read ..."."""
    problem = parse_problem(body)
    said = f"{status} {problem.code}".strip() + (f": {problem.text}" if problem.text else "")
    message = f"{what}: Cloud Director answered {said}"
    if status == 403:
        right = missing_right(method, path)
        message += f"; the user probably lacks the right {right!r}, or the object no longer exists"
    return Refused(
        message,
        status=status,
        method=method,
        path=path,
        code=problem.code,
        text=problem.text,
        request_id=problem.request_id,
        busy=problem.busy,
    )


def missing_right(method: str, path: str) -> str:
    """The right that a call probably lacks, by its name in the API: Cloud Director's refusal rarely names it."""
    return right_for_call(method, path) or "for this operation"
