# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, names and URNs, filters, error bodies, tasks, and checks of options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import TaskFailed, parse_problem, refusal
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import (
    all_of,
    equals,
    is_urn,
    pick,
    same_reference,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.tasks import parse_task, task_path
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import choose, listed_versions, release_of

VERSIONS = """<?xml version="1.0"?><SupportedVersions xmlns="http://www.vmware.com/vcloud/versions">
<VersionInfo deprecated="false"><Version>37.2</Version><LoginUrl>https://h/cloudapi/1.0.0/sessions</LoginUrl></VersionInfo>
<VersionInfo deprecated="true"><Version>9.0</Version></VersionInfo>
<AlphaVersion><Version>39.0.0-alpha</Version></AlphaVersion>
<VersionInfo deprecated="false"><Version>39.0.0-alpha</Version></VersionInfo>
<VersionInfo deprecated="false"><Version>38.10</Version></VersionInfo></SupportedVersions>"""


def test_versions_are_numbers_and_alphas_are_ignored() -> None:
    assert listed_versions(VERSIONS) == [(9, 0), (37, 2), (38, 10)]


@pytest.mark.parametrize("text", ["", "<html>", "<html/>", '<!DOCTYPE x [<!ENTITY a "b">]><SupportedVersions/>'])
def test_other_documents_contain_no_version(text: str) -> None:
    assert listed_versions(text) == []


@pytest.mark.parametrize(
    ("listed", "wanted", "chosen"),
    [
        ([(36, 3), (37, 0), (37, 2)], "", (37, 2)),
        ([(38, 0), (39, 0), (39, 1)], "", (39, 1)),
        ([(39, 1), (40, 0)], "", (39, 1)),
        ([(35, 0), (36, 0)], "", (36, 0)),
        ([(36, 3), (37, 0), (37, 2)], "37.0", (37, 0)),
        ([(39, 1), (40, 0)], "40.0", (40, 0)),
    ],
)
def test_the_highest_common_version_is_chosen(
    listed: list[tuple[int, int]], wanted: str, chosen: tuple[int, int]
) -> None:
    assert choose(listed, wanted) == chosen


def test_an_unlisted_version_is_rejected_with_the_listed_ones() -> None:
    with pytest.raises(InvalidInput, match=r"api_version: '37.9': the server lists 37.0, 37.2"):
        choose([(37, 0), (37, 2)], "37.9")
    with pytest.raises(CollectionError, match=r"API versions 40.0; .* supports 36.0 to 39.1: this is VCF Automation"):
        choose([(40, 0)])
    with pytest.raises(CollectionError, match=r"API versions 35.2; this collection supports 36.0 to 39.1$"):
        choose([(35, 2)])
    with pytest.raises(CollectionError, match=r"API versions 39.2; this collection supports 36.0 to 39.1$"):
        choose([(39, 2)])
    with pytest.raises(CollectionError, match=r"this collection supports 36.0 to 39.1$"):
        choose([])


def test_the_highest_listed_version_determines_the_release() -> None:
    assert release_of([(37, 0), (37, 2)]) == "10.4.2"
    assert release_of([(39, 0), (41, 0)]) == "of API version 41.0"


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("web-1", "name==web-1"),
        ("ingress-vs-web-urn:vcloud:entity:vmware:capvcdCluster:6f1c-http", None),
        ("a b", ""),
        ("a,b", ""),
        ("a;b", ""),
        ("a+b", ""),
        ("a*", ""),
        ("a(b)", ""),
        ("50%", ""),
        ("ä", ""),
        ("a'b", ""),
    ],
)
def test_only_safe_names_are_put_into_a_filter(value: str, term: str | None) -> None:
    assert equals("name", value) == (f"name=={value}" if term is None else term)


def test_terms_are_joined_by_and() -> None:
    assert all_of("a==1", "", "b==2") == "a==1;b==2"


@pytest.mark.parametrize(
    ("value", "urn"), [("acme-edge", False), ("urn:vcloud:gateway:085e-0", True), ("gateway:1", False)]
)
def test_urns_are_distinguished_from_names(value: str, urn: bool) -> None:
    assert is_urn("edge_gateway", value, "gateway") is urn


@pytest.mark.parametrize("value", ["urn:vcloud:vdc:085e-0", "urn:nonsense", "urn:vcloud:gateway:a/b"])
def test_a_urn_of_the_wrong_kind_is_rejected(value: str) -> None:
    with pytest.raises(InvalidInput, match="urn:vcloud:gateway:UUID"):
        is_urn("edge_gateway", value, "gateway")


def test_picking_reports_missing_and_ambiguous_names() -> None:
    words: dict[str, Any] = {"kind": "pool", "where": "on edge gateway 'e'", "apart": "give its URN"}
    words["others"] = lambda: pytest.fail("the other names are read only if there is no candidate")
    assert pick("pool", "a", [{"id": 1}], **words) == {"id": 1}
    with pytest.raises(
        CollectionError, match=r"pool: 'a': 2 pools on edge gateway 'e' have this name \(1, 2\): give its"
    ):
        pick("pool", "a", [{"id": 1}, {"id": 2}], **words)
    with pytest.raises(InvalidInput, match=r"pool: 'a': no pool with this name on edge gateway 'e'.*available: b, c"):
        pick("pool", "a", [], **{**words, "others": lambda: ["c", "b"]})


@pytest.mark.parametrize(
    ("reference", "wanted", "same"),
    [
        ({"id": "i", "name": "n"}, "n", True),
        ({"id": "i", "name": "n"}, "i", True),
        ({"id": "i", "name": "n"}, "x", False),
        ({"id": "i", "name": ""}, "", False),
        (None, "", True),
        (None, "n", False),
    ],
)
def test_references_match_by_name_or_id(reference: dict[str, str] | None, wanted: str, same: bool) -> None:
    assert same_reference(reference, wanted) is same


@pytest.mark.parametrize(
    ("body", "code", "text", "busy"),
    [
        ('{"minorErrorCode":"BAD_REQUEST","message":"[ 39-a--b ] No.","stackTrace":null}', "BAD_REQUEST", "No.", False),
        (
            '{"minorErrorCode":"BUSY_ENTITY","message":"x is busy completing an operation Y."}',
            "BUSY_ENTITY",
            None,
            True,
        ),
        ('<Error xmlns="x" minorErrorCode="DENIED" message="[ 1-2 ] no&#10;way"/>', "DENIED", "no way", False),
        ('{"error":"invalid_grant","error_description":"gone"}', "invalid_grant", "gone", False),
        ("", "", "", False),
        ("<html><body>502</body>", "", "", False),
        ("{broken", "", "", False),
        ("plain", "", "plain", False),
    ],
)
def test_error_bodies_of_every_kind_are_read(body: str, code: str, text: str | None, busy: bool) -> None:
    problem = parse_problem(body)
    assert problem.code == code
    assert text is None or problem.text == text
    assert problem.busy is busy


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/cloudapi/1.0.0/edgeGateways/x/nat/rules", "Organization vDC Gateway: View NAT"),
        ("POST", "/cloudapi/1.0.0/edgeGateways/x/nat/rules", "Organization vDC Gateway: Configure NAT"),
        ("PUT", "/cloudapi/1.0.0/loadBalancer/pools/x", "Organization vDC Gateway: Configure Load Balancer"),
        (
            "GET",
            "/cloudapi/1.0.0/edgeGateways/x/loadBalancer/poolSummaries",
            "Organization vDC Gateway: View Load Balancer",
        ),
        ("GET", "/cloudapi/1.0.0/edgeGateways", "Organization vDC Gateway: View"),
    ],
)
def test_a_403_names_the_right_that_is_probably_missing(method: str, path: str, right: str) -> None:
    assert f"{right!r}" in refusal("cannot x", method, path, 403, "").message


def test_a_task_is_read_with_owner_error_and_result() -> None:
    task = parse_task(
        '<Task xmlns="http://www.vmware.com/vcloud/v1.5" id="urn:vcloud:task:1" status="error"'
        ' operationName="NAT_RULE_CREATE"><Owner id="urn:vcloud:gateway:2"/><Error'
        ' message="[ 1-2 ] It is busy completing an operation X."'
        ' minorErrorCode="BUSY_ENTITY"/><Result><ResultContent>[1]</ResultContent></Result></Task>'
    )
    assert task is not None
    assert (task.owner, task.result, task.over) == ("urn:vcloud:gateway:2", "[1]", True)
    with pytest.raises(TaskFailed) as failed:
        task.check("cannot create it")
    assert failed.value.busy
    for part in ("cannot create it", "urn:vcloud:task:1", "NAT_RULE_CREATE", "BUSY_ENTITY", "is busy completing"):
        assert part in failed.value.message


@pytest.mark.parametrize("status", ["canceled", "aborted", "error"])
def test_an_unsuccessful_task_is_a_failure(status: str) -> None:
    task = parse_task(f'<Task id="t" status="{status}"/>')
    assert task is not None
    with pytest.raises(TaskFailed, match=status):
        task.check("x")


@pytest.mark.parametrize("status", ["queued", "preRunning", "running", "postRunning"])
def test_a_running_task_is_not_over(status: str) -> None:
    task = parse_task(f'<Task id="t" status="{status}"/>')
    assert task is not None
    assert not task.over


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("https://elsewhere.example.com/api/task/12-ab", "/api/task/12-ab"),
        ("/api/task/12", "/api/task/12"),
        ("https://h/cloudapi/other", None),
        ("https://h/api/task/../org", None),
        ("", None),
    ],
)
def test_only_the_path_of_a_location_is_followed(location: str, path: str | None) -> None:
    assert task_path(location) == path


@pytest.mark.parametrize(
    ("value", "versions", "form"),
    [("10.0.0.1", (4,), "10.0.0.1"), ("2001:DB8:0::1", (6,), "2001:db8::1"), (" 10.0.0.1 ", (4, 6), "10.0.0.1")],
)
def test_addresses_are_canonical(value: str, versions: tuple[int, ...], form: str) -> None:
    assert checks.address("x", value, *versions) == form


@pytest.mark.parametrize(
    ("value", "versions", "says"),
    [
        ("10.0.0", (4,), "is not an IP address: give one IPv4"),
        ("10.0.0.256", (4,), "is not an IP address"),
        ("010.0.0.1", (4,), "is not an IP address"),
        ("10.0.0.1/32", (4,), "is not an IP address"),
        ("fe80::1%eth0", (4, 6), "is not an IP address"),
        ("2001:db8::1", (4,), "is an IPv6 address: give one IPv4"),
        ("10.0.0.1", (6,), "is an IPv4 address: give one IPv6"),
        ("web", (4, 6), "IPv4 or IPv6"),
    ],
)
def test_malformed_addresses_are_rejected(value: str, versions: tuple[int, ...], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        checks.address("vip", value, *versions)


def test_networks_are_single_addresses_or_whole_networks() -> None:
    assert checks.network("x", "10.0.0.1/32") == "10.0.0.1"
    assert checks.network("x", "10.0.0.0/24") == "10.0.0.0/24"
    with pytest.raises(InvalidInput, match=r"give network 10.0.0.0/24 or address 10.0.0.5"):
        checks.network("x", "10.0.0.5/24")
    with pytest.raises(InvalidInput, match="is not a network"):
        checks.network("x", "10.0.0.0/33")


@pytest.mark.parametrize(("value", "form"), [("80", "80"), (" 80 - 90 ", "80-90"), ("80-80", "80"), ("65535", "65535")])
def test_port_ranges_are_canonical(value: str, form: str) -> None:
    assert checks.port_range("x", value) == form


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("0", "give a port from 1 to 65535"),
        ("70000", "give a port from 1 to 65535"),
        ("90-80", "is a reversed range: give 80-90"),
        ("http", "is not a port"),
        ("80,90", "is not a port"),
        ("-1", "is not a port"),
    ],
)
def test_bad_ports_are_rejected(value: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        checks.port_range("x", value)


def test_queries_are_compiled_before_use() -> None:
    assert run_query(compile_query("[].a"), "[].a", [{"a": 1}]) == [1]
    assert run_query(compile_query(None), None, [1]) == [1]
    with pytest.raises(InvalidInput, match=r"query: '.*': not a JMESPath expression"):
        compile_query("[?a==")
    with pytest.raises(InvalidInput, match=r"cannot be applied: In function join.*expected one of: 'array-string'"):
        run_query(compile_query("join('-', @)"), "join('-', @)", [1])
