# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Tasks: convert records of the query service and documents to module results, and select the requested ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import Element

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local

STATUSES = ("queued", "preRunning", "running", "postRunning", "success", "error", "canceled", "aborted")
UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_AGO = re.compile(r"([0-9]{1,9}) ?(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def uuid_of(text: str) -> str:
    """The last UUID in a URN or a URL, in lower case; empty without one."""
    found = re.findall(UUID, text)
    return found[-1].lower() if found else ""


def from_record(record: Element) -> dict[str, Any] | None:
    """A task from a record of the query service; None for a record without the address of a task."""
    uuid = uuid_of(record.get("href", ""))
    if not uuid:
        return None
    return {
        "id": f"urn:vcloud:task:{uuid}",
        "operation": record.get("operationFull") or record.get("name", ""),
        "operation_name": record.get("name", ""),
        "status": record.get("status", ""),
        "object": {
            "id": record.get("object", ""),
            "name": record.get("objectName", ""),
            "type": record.get("objectType", ""),
        },
        "user": record.get("ownerName", ""),
        "org": record.get("orgName", ""),
        "started": record.get("startDate", ""),
        "ended": record.get("endDate") or None,
        "progress": _number(record.get("progress")),
        "error": None,
    }


def from_document(document: Element) -> dict[str, Any]:
    """A task from its document, with the error in which it ended."""
    parts = {local(child): child for child in document}
    owner, error = parts.get("Owner", Element("Owner")), parts.get("Error")
    failed = (
        {"code": error.get("minorErrorCode", ""), "message": error.get("message", "")} if error is not None else None
    )
    progress = parts.get("Progress", Element("Progress")).text
    return {
        "id": document.get("id", ""),
        "operation": document.get("operation") or document.get("operationName", ""),
        "operation_name": document.get("operationName", ""),
        "status": document.get("status", ""),
        "object": {
            "id": owner.get("id") or owner.get("href", ""),
            "name": owner.get("name", ""),
            "type": owner.get("type", ""),
        },
        "user": parts.get("User", Element("User")).get("name", ""),
        "org": parts.get("Organization", Element("Organization")).get("name", ""),
        "started": document.get("startTime", ""),
        "ended": document.get("endTime") or None,
        "progress": _number(progress),
        "error": failed,
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def moment(text: str, option: str, now: datetime) -> datetime:
    """The time in an option: ISO 8601, in UTC unless it says otherwise, or an age such as ``30m``."""
    found = _AGO.fullmatch(text.strip())
    try:
        if found:
            return now - timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
        parsed = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except (ValueError, OverflowError):
        remedy = "give an age such as 30m, 2h or 1d, or a time such as 2026-11-28T05:00:00Z"
        raise InvalidInput(option, text, remedy) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def started(task: Mapping[str, Any]) -> datetime | None:
    """When a task began; None where that cannot be read."""
    try:
        return moment(str(task["started"]), "started", datetime.now(timezone.utc))
    except InvalidInput:
        return None


def is_meant(task: Mapping[str, Any], owner: str | None, uuids: Collection[str] | None, user: str | None) -> bool:
    """Whether a task is for this object (its name, or text with its UUID), for one of these UUIDs, and by this user."""
    item = task["object"]
    if user and task["user"] != user:
        return False
    if owner and owner != item["name"] and (not uuid_of(owner) or uuid_of(owner) != uuid_of(item["id"])):
        return False
    return uuids is None or uuid_of(item["id"]) in uuids
