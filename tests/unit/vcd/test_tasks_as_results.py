# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as vcd_task_info returns them, and which of them it selects."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.task.calls import check
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.task.resource import (
    from_document,
    from_record,
    is_meant,
    moment,
    started,
    uuid_of,
)

UUID = "6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
NOW = datetime(2026, 11, 28, 5, 0, tzinfo=timezone.utc)


def record(**attributes: str) -> Element:
    return Element("TaskRecord", {"href": f"https://vcd/api/task/{UUID}", **attributes})


def test_a_record_is_a_task_whatever_it_lacks() -> None:
    found = from_record(record())
    assert found
    assert (found["id"], found["ended"], found["progress"], found["error"]) == (
        f"urn:vcloud:task:{UUID}",
        None,
        None,
        None,
    )
    assert from_record(Element("TaskRecord", {"href": "https://vcd/api/task/"})) is None
    assert from_record(Element("TaskRecord")) is None


def test_a_document_has_the_error() -> None:
    text = (
        '<Task xmlns="x" id="urn:vcloud:task:1" status="error" operationName="NAT" startTime="2026-11-28T05:00:00Z">'
        '<Owner id="urn:vcloud:gateway:2" name="edge" type="t"/><User name="kube"/><Progress>x</Progress>'
        '<Error minorErrorCode="BUSY_ENTITY" message="it is busy"/></Task>'
    )
    found = from_document(fromstring(text))  # noqa: S314 - of this test
    assert found["error"] == {"code": "BUSY_ENTITY", "message": "it is busy"}
    assert (found["operation"], found["user"], found["org"], found["progress"]) == ("NAT", "kube", "", None)
    assert found["object"] == {"id": "urn:vcloud:gateway:2", "name": "edge", "type": "t"}
    assert from_document(Element("Task"))["error"] is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30m", "2026-11-28T04:30:00+00:00"),
        ("2 h", "2026-11-28T03:00:00+00:00"),
        ("1d", "2026-11-27T05:00:00+00:00"),
        ("2026-11-28T05:00:00Z", "2026-11-28T05:00:00+00:00"),
        (" 2026-11-28T06:00:00+01:00 ", "2026-11-28T05:00:00+00:00"),
        ("2026-11-28", "2026-11-28T00:00:00+00:00"),
    ],
)
def test_a_time_is_given_as_an_age_or_a_date(text: str, found: str) -> None:
    assert moment(text, "since", NOW) == datetime.fromisoformat(found)


@pytest.mark.parametrize("text", ["yesterday", "m", "-1h", "999999999d", "2026-13-01", "", "1w"])
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="since: "):
        moment(text, "since", NOW)


def test_a_task_without_a_time_has_none() -> None:
    assert started({"started": ""}) is None
    assert started({"started": "2026-11-28T05:00:00.000Z"}) == NOW


@pytest.mark.parametrize(
    ("owner", "uuids", "user", "meant"),
    [
        (None, None, None, True),
        ("edge", None, None, True),
        (f"urn:vcloud:gateway:{UUID}", None, None, True),
        (UUID.upper(), None, None, True),
        ("other", None, None, False),
        (None, {UUID}, "kube", True),
        (None, set(), None, False),
        ("edge", {UUID}, "admin", False),
    ],
)
def test_only_matching_tasks_are_selected(
    owner: str | None, uuids: set[str] | None, user: str | None, meant: bool
) -> None:
    item = {"id": f"https://vcd/api/admin/edgeGateway/{UUID}", "name": "edge", "type": "gateway"}
    assert is_meant({"object": item, "user": "kube"}, owner, uuids, user) is meant


def test_the_last_uuid_of_an_address_counts() -> None:
    assert uuid_of(f"https://vcd/{UUID.replace('6', '7')}/{UUID.upper()}") == UUID
    assert uuid_of("nothing") == ""


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("limit", 0),
        ("vdc", "urn:vcloud:network:1"),
        ("id", "42"),
        ("id", f"urn:vcloud:gateway:{UUID}"),
        ("until", "now"),
    ],
)
def test_wrong_options_are_named(option: str, value: Any) -> None:
    right = {"limit": 1, "vdc": None, "id": None, "since": None, "until": None}
    check(right)
    with pytest.raises(InvalidInput, match=f"^{option}: "):
        check({**right, option: value})
