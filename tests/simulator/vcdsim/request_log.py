# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's entry for a request."""

from __future__ import annotations

from typing import Any

from vcdsim import api_versions
from vcdsim.calls import Call
from vcdsim.tasks import wall_clock


def entry(
    method: str, path: str, call: Call | None, status: int | str, code: str | None, milliseconds: float
) -> dict[str, Any]:
    """Time, user, request, answer, object and task. A status of "reset" or "gone" means that no answer was sent.

    ``code`` is the minorErrorCode of a refusal. Writes also have ``name`` and ``gateway``. ``looked`` is the number of
    objects that the simulator examined for the request: its cost on any machine.
    """
    session = call.session_or_none if call else None
    return {
        "time": wall_clock(),
        "user": session.user.name if session else None,
        "org": session.org.name if session else None,
        "agent": call.headers.get("User-Agent", "")[:100] if call else "",
        "method": method,
        "path": path,
        "query": call.raw_query if call and not path.startswith("/oauth/") else "",
        "operation": call.operation.name if call else None,
        "version": api_versions.text(call.version) if call and call.version != (0, 0) else None,
        "status": status,
        "ms": round(milliseconds, 3),
        "code": code,
        "object": call.touched if call else None,
        "name": call.name if call else None,
        "gateway": call.gateway if call else None,
        "task": call.task if call else None,
        "looked": call.looked if call else 0,
    }
