# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data from outside is checked where it enters: documents, types, numbers in texts, dates, tokens."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils import _vcd_fields as layouts
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import DEEPEST, JsonRefused, parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes import layouts as kubernetes
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import (
    FLAG,
    ID,
    NUMBER,
    TEXT,
    Values,
    decimal,
    differs,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import parse_problem
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.retry import retry_after_seconds
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Session
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.tasks import parse_task, task_path
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import listed_versions
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import ServerClock, http_date
from hypothesis import given
from hypothesis import strategies as st

UTILS = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
MANY = "9" * 5000
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
LAYOUTS: list[Any] = [
    *(TEXT, NUMBER, FLAG, ID, [TEXT], Values(TEXT), {"a": TEXT, "b!": [{"id!": ID}]}, layouts.FIELDS, layouts.MEMBERS),
    layouts.POLICY_RULE,
    *kubernetes.LAYOUTS.values(),
]


# documents


@given(VALUES)
def test_valid_json_is_read_unchanged(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "is nested deeper than 64 levels"),
        ("[" * 100_000, "is nested deeper than 64 levels"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "is nested deeper than 64 levels"),
        ("[" + "[]," * 1_000_000 + "[]]", "has more than 1,000,000 values"),
        (f"[{MANY}]", "has a number of thousands of digits"),
        ("1e400", "has an infinite number"),
        ("[NaN]", "has NaN or Infinity, which are not JSON"),
        ("-Infinity", "has NaN or Infinity, which are not JSON"),
        ('{"a": 1, "a": 2}', "has a duplicate key"),
        ("", "is not JSON"),
        ("\ufeff{}", "is not JSON"),
        ("{'a': 1}", "is not JSON"),
    ],
)
def test_a_document_that_breaks_later_is_refused(text: str, why: str) -> None:
    with pytest.raises(JsonRefused) as caught:
        parse_json(text)
    assert str(caught.value) == why


def test_the_deepest_document_is_read() -> None:
    assert json.dumps(parse_json("[" * DEEPEST + "]" * DEEPEST)) == "[" * DEEPEST + "]" * DEEPEST


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    found = parse_json(r'{"\ud800": ["\udfff", "\ud83d\ude00", "\\ud800"]}')
    assert found == {"?": ["?", "\U0001f600", r"\ud800"]}


# types


@given(VALUES, st.sampled_from(LAYOUTS))
def test_a_layout_reports_the_place_in_one_line_but_never_the_value(value: Any, layout: Any) -> None:
    found = differs(value, layout)
    assert "\n" not in found
    assert isinstance(found, str)


@pytest.mark.parametrize(
    ("value", "layout", "found"),
    [
        ("secret", NUMBER, "the value: expected a whole number, found text"),
        (True, NUMBER, "the value: expected a whole number, found true or false"),
        (1.5, NUMBER, "the value: expected a whole number, found a fraction"),
        (2**63, NUMBER, "the value: expected a number of 64 bits, found a number"),
        (1, FLAG, "the value: expected true or false, found a number"),
        ([None], [{}], "[0]: expected a mapping, found null"),
        ({"a": [{"b": 1}]}, {"a": [{"b": TEXT}]}, "a[0].b: expected text, found a number"),
        ({"a": 1}, {"b!": TEXT}, "b: expected text, found null"),
        ({"a": {"x": "secret", "y": 1}}, {"a": Values(TEXT)}, "a.y: expected text, found a number"),
        ({"a": None}, {"a": TEXT}, ""),
        ({"other": 1}, {"a": TEXT}, ""),
    ],
)
def test_a_difference_is_named_by_its_path(value: Any, layout: Any, found: str) -> None:
    assert differs(value, layout) == found


@pytest.mark.parametrize("text", ["", "a b", "../x", "a/b", "a?b", "a#b", "a%2fb", "a\\b", "\x00", "ü", "x" * 501])
def test_an_identifier_cannot_lead_to_another_path(text: str) -> None:
    assert differs(text, ID)
    assert not differs("urn:vcloud:gateway:085ef695-b2a0-5c47-83ab-09ff7ae9273c", ID)


def test_every_field_of_cloud_director_that_is_read_has_a_type() -> None:
    # a field of which only the truth value is used, and fields of documents that are checked where they are read
    careful = {"rawPortProtocols", "vcdResourceSet", "minorErrorCode", "operationName", "vdcName"}
    careful |= {"containerName", "isVAppTemplate", "entityState"}
    # attributes of XML
    careful |= {"startTime", "endTime", "startDate", "endDate", "objectName", "objectType", "ownerName", "orgName"}
    careful |= {"operationFull"}
    read = set()
    for path in [*UTILS.glob("_resources/**/*.py"), *UTILS.glob("_vcd/*.py"), *UTILS.glob("_apply/*.py")]:
        read |= set(re.findall(r'\.get\("([a-z]+[A-Z]\w*)"', path.read_text(encoding="utf-8")))
    assert read - careful <= names([layouts.FIELDS, layouts.MEMBERS, layouts.POLICY_RULE])


@pytest.mark.parametrize(
    ("path", "row", "found"),
    [
        ("loadBalancer/serviceEngineGroups/assignments", {"id": "a"}, "serviceEngineGroupRef: expected a mapping"),
        ("loadBalancer/serviceEngineGroups/assignments", {"serviceEngineGroupRef": {"id": "a"}}, "Ref.name: expected"),
        ("ssl/certificateLibrary", {"id": "a"}, "alias: expected text, found null"),
        ("edgeGateways", {"id": "a"}, "name: expected text, found null"),
        ("edgeGateways/urn:x/loadBalancer/poolSummaries", {"name": "a"}, "id: expected an identifier, found null"),
        ("edgeGateways/urn:x/nat/rules", {"name": "a"}, "id: expected an identifier, found null"),
    ],
)
def test_objects_that_an_option_may_name_must_have_a_name_and_an_id(path: str, row: dict[str, Any], found: str) -> None:
    assert found in layouts.page_differs({"values": [row]}, path)


def test_every_field_of_kubernetes_that_is_read_has_a_type() -> None:
    read = set()
    for path in UTILS.glob("_cpi/rollout/*.py"):
        read |= set(re.findall(r'\.get\("([a-z]+[A-Z]\w*)"', path.read_text(encoding="utf-8")))
    assert read <= names(list(kubernetes.LAYOUTS.values()))


def names(layout: Any) -> set[str]:
    """All names of fields in a layout."""
    if isinstance(layout, Values):
        return names(layout.of)
    if isinstance(layout, dict):
        return {name.rstrip("!") for name in layout} | {one for inner in layout.values() for one in names(inner)}
    return {one for inner in layout for one in names(inner)} if isinstance(layout, list) else set()


# numbers and dates in texts


@given(st.text() | st.text("0123456789²٣", max_size=30))
def test_a_number_in_a_text_consists_of_ascii_digits(text: str) -> None:
    assert decimal(text) == (int(text) if re.fullmatch("[0-9]{1,18}", text) else None)


@pytest.mark.parametrize("value", ["²", "٣", "-5", MANY, "1e400", "nan", "Mon, 99 Foo 99999 99:99:99 X", " ", None])
def test_an_odd_retry_after_is_ignored(value: str | None) -> None:
    assert retry_after_seconds(value) is None


@pytest.mark.parametrize("zone", ["+2359", "-2359", "-0000", "GMT", "X", "+9999", ""])
@pytest.mark.parametrize("day", ["Fri, 31 Dec 9999 23:59:59", "Mon, 01 Jan 0001 00:00:00", "Mon, 1 Jan 1 0:0:0", MANY])
def test_a_date_is_in_utc_or_ignored(day: str, zone: str) -> None:
    found = http_date(f"{day} {zone}")
    assert found is None or found.tzinfo is timezone.utc
    assert (retry_after_seconds(f"{day} {zone}", datetime(2026, 1, 1, tzinfo=timezone.utc)) or 0.0) >= 0.0
    clock = ServerClock()
    clock.note(f"{day} {zone}")


@given(st.text())
def test_no_text_of_a_date_breaks_the_clock(text: str) -> None:
    found = http_date(text)
    assert found is None or found.tzinfo is timezone.utc


# other parts of a server's answer


class LoginTransport:
    """A transport that answers the version list, then the login with one body."""

    def __init__(self, body: str, headers: dict[str, str] | None = None) -> None:
        self._body, self._headers = body, headers or {}

    def send(self, method: str, path: str, **_more: Any) -> Answer:
        if path == "/api/versions":
            text = "<SupportedVersions><VersionInfo><Version>37.2</Version></VersionInfo></SupportedVersions>"
            return Answer(method, path, 200, {}, text)
        return Answer(method, path, 200, self._headers, self._body)

    def close(self) -> None:
        """Nothing is open."""


SECRET = "s3cr3t-token"
ODD = [f"{SECRET}\r\nX: y", f"{SECRET}é", f" {SECRET}", f"{SECRET}\x00", [SECRET], {SECRET: 1}, 1]


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("token", ODD, ids=repr)
def test_a_token_that_no_header_can_carry_is_refused_without_its_text(name: str, token: Any) -> None:
    body = json.dumps({"access_token": "good", name: token})
    with (
        pytest.raises(CollectionError) as caught,
        Session(
            Settings("https://vcd.example", org="acme", api_token="a"),
            transport=LoginTransport(body),  # type: ignore[arg-type]
        ),
    ):
        pass
    assert "it has no token" in caught.value.message
    assert SECRET not in f"{caught.value.message} {caught.value.details}"


@pytest.mark.parametrize("token", ["", "a b", f"{SECRET}\x80", f"{SECRET}\r\n x", "t" * 70_000])
def test_a_token_in_a_header_obeys_the_same_rule(token: str) -> None:
    settings = Settings("https://vcd.example", org="acme", user="kube", password="p")
    server = LoginTransport("", {"X-VMWARE-VCLOUD-ACCESS-TOKEN": token})
    with pytest.raises(CollectionError) as caught, Session(settings, transport=server):  # type: ignore[arg-type]
        pass
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("version", [f"{MANY}.0", f"37.{MANY}", "²7.2", "37", "37.2.1", "-37.0"])
def test_a_version_has_few_digits(version: str) -> None:
    assert (
        listed_versions(
            f"<SupportedVersions><VersionInfo><Version>{version}</Version></VersionInfo></SupportedVersions>"
        )
        == []
    )


@pytest.mark.parametrize("location", ["http://[", "https://vcd/api/task/" + "a" * 5000, "/api/task/a/b", "/api/task/²"])
def test_a_location_that_is_not_a_task_is_ignored(location: str) -> None:
    assert task_path(location) is None


@pytest.mark.parametrize(
    "result", ["[" * 5000, '[{"id": 1}]', '[{"id": "a/b"}]', "[null]", '{"id": "x"}', "[{}]", MANY]
)
def test_the_result_of_a_task_names_no_object(result: str) -> None:
    task = parse_task(
        f'<Task status="success"><Owner id="a/../b"/><Result><ResultContent>{result}</ResultContent></Result></Task>'
    )
    assert task is not None
    assert (task.made, task.owner) == ("", "")


@pytest.mark.parametrize(
    "body", ['{"message": [], "minorErrorCode": {}}', "{" * 5000, '{"message": 1e400}', '{"a":' * 2000]
)
def test_the_body_of_an_error_may_be_anything(body: str) -> None:
    assert len(parse_problem(body).text) <= 1000


@pytest.mark.parametrize("expression", ["(" * 2000 + "a" + ")" * 2000, "!" * 2000 + "a", "[" * 2000])
def test_a_query_of_many_levels_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"^query: "):
        run_query(compile_query(expression), expression, {"a": 1})


@pytest.mark.parametrize("expression", ["[::0]", "sort(@)", "max(@)", "sum(@)"])
def test_a_query_that_does_not_fit_the_data_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"^query: .* cannot be applied"):
        run_query(compile_query(expression), expression, [1, "a", None])
