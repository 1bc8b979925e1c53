# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Tasks of the legacy XML API, which Cloud Director starts for most writes.

Writes go to OpenAPI, but the Location header of a 202 names a task of the legacy API, so tasks are read as XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import ID, differs
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import REQUEST_ID, Problem, TaskFailed
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local, parse

RUNNING = ("queued", "preRunning", "running", "postRunning")


@dataclass(frozen=True)
class Task:
    """A task as last read. ``owner`` is the id of the object that it works on (for NAT rules: the edge gateway).

    The defaults describe a write that completed without a task.
    """

    id: str = ""
    status: str = "success"
    operation: str = ""
    owner: str = ""
    code: str = ""
    error: str = ""
    result: str = ""

    @property
    def over(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self.status not in RUNNING

    @property
    def made(self) -> str:
        """The id of the object in the task's result; empty when the result does not name exactly one.

        An allocation of an IP Space is found this way: its task's owner is the IP Space, not the address.
        """
        try:
            found = parse_json(self.result or "null")
        except ValueError:
            return ""
        single = not differs(found, [{"id!": ID}]) and len(found) == 1
        return str(found[0]["id"]) if single else ""

    def check(self, what: str) -> Task:
        """Raise TaskFailed unless it ended well."""
        if self.status == "success":
            return self
        # A task that met another operation fails with the same texts as a rejected request, and may be retried.
        problem = Problem(self.code, self.error, "")
        reason = f"{self.code}: {self.error}".strip(": ") or "no reason given"
        name = f" ({self.operation})" if self.operation else ""
        raise TaskFailed(
            f"{what}: task {self.id}{name} ended in {self.status}: {reason}",
            busy=problem.busy,
            task=self.id,
            operation=self.operation,
            status=self.status,
            code=self.code,
            text=self.error,
        )


def task_path(location: str) -> str | None:
    """``/api/task/UUID`` from a Location header, or None.

    Only the path is used, so that a wrong Location can never send the token to another host.
    """
    try:
        path = urlsplit(location).path
    except ValueError:  # such as brackets that do not close
        return None
    return path if re.fullmatch(r"/api/task/[0-9A-Za-z:-]{1,200}", path) else None


def parse_task(xml: str) -> Task | None:
    """Read a Task document. None for any other document."""
    root = parse(xml)
    if root is None or local(root) != "Task":
        return None
    children = {local(child): child for child in root}
    owner, error, result = children.get("Owner"), children.get("Error"), children.get("Result")
    message = error.get("message", "") if error is not None else ""
    parts = result if result is not None else ()
    content = next((part.text or "" for part in parts if local(part) == "ResultContent"), "")
    named = owner.get("id", "") if owner is not None else ""
    return Task(
        id=root.get("id", ""),
        status=root.get("status", ""),
        operation=SECRETS.one_line(root.get("operationName") or root.get("operation") or ""),
        owner="" if differs(named, ID) else named,
        code=error.get("minorErrorCode", "") if error is not None else "",
        error=SECRETS.one_line(REQUEST_ID.sub("", message)),
        result=content,
    )
