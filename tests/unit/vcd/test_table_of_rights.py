# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of rights, the rights that are missing for a plan, and the page that is generated from the table."""

from __future__ import annotations

import re

import pytest
import write_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils import _vcd_rights as table
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import LOCKING
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.rights import check_rights, with_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Severity
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import Granted, Operation
from hypothesis import given
from hypothesis import strategies as st

WRITES = [
    Operation(act, row.things)
    for row in table.TABLE
    if row.configure != table.NOT_WRITTEN
    for act in (table.CREATE, table.UPDATE, table.DELETE)
]
PLANS = st.lists(st.sampled_from(WRITES))
RIGHTS = sorted({table.right_for(one) for one in WRITES})
HELD = st.frozensets(st.sampled_from(RIGHTS))


def granted(rights: frozenset[str] | None, **more: object) -> Granted:
    return Granted("kube", "acme", "Networks", rights, **more)  # type: ignore[arg-type] # only the named fields


@given(PLANS, HELD)
def test_only_missing_rights_that_the_plan_needs_are_reported(plan: list[Operation], held: frozenset[str]) -> None:
    found = table.missing(granted(held), plan)
    assert {one.right for one in found} == {table.right_for(one) for one in plan} - held
    assert len(found) == len({one.right for one in found})
    assert table.unknown_warning(granted(held), plan) == ""
    errors = [one for one in check_rights(granted(held), plan) if not one.ok]
    assert [one.remedy for one in errors] == [one.remedy for one in found]


@given(PLANS)
def test_unknown_rights_are_a_warning_that_names_each(plan: list[Operation]) -> None:
    unknown = granted(None, why="Cloud Director answers 403")
    assert table.missing(unknown, plan) == []
    warning = table.unknown_warning(unknown, plan)
    assert bool(warning) is bool(plan)
    assert [right for right in RIGHTS if repr(right) in warning and right not in {*map(table.right_for, plan)}] == []
    assert all(repr(table.right_for(one)) in warning for one in plan)
    assert "\n" not in warning


@given(PLANS)
def test_a_system_administrator_has_every_right(plan: list[Operation]) -> None:
    all_rights = granted(None, all_rights=True)
    assert (table.missing(all_rights, plan), table.unknown_warning(all_rights, plan)) == ([], "")


def test_a_missing_right_is_named() -> None:
    plan = [
        Operation(table.CREATE, table.POOLS),
        Operation(table.DELETE, table.POOLS),
        Operation(table.UPDATE, table.VIRTUAL_SERVICES),
    ]
    (found,) = table.missing(granted(frozenset({table.LB_VIEW})), plan)
    assert found.text == (
        "user 'kube' (role 'Networks') lacks the right 'Organization vDC Gateway: Configure Load Balancer', needed to "
        "create and delete pools, and update virtual services"
    )
    assert "an administrator of organization 'acme' adds it to the role" in found.remedy
    (provider,) = table.missing(granted(frozenset()), [Operation(table.CREATE, table.GROUPS)])
    assert provider.remedy == "only the provider can do that: ask it"


def test_a_lock_needs_the_right_for_application_port_profiles() -> None:
    assert {table.right_for(one) for one in LOCKING} == {table.right_for(Operation(table.CREATE, table.PROFILES))}


def test_a_right_whose_need_is_only_inferred_stops_no_run() -> None:
    profile, rule = Operation(table.CREATE, table.PROFILES), Operation(table.CREATE, table.NAT_RULES)
    (finding,) = check_rights(granted(frozenset()), [profile])
    assert (finding.severity, "which is probably needed to create" in finding.message) == (Severity.WARNING, True)
    (finding,) = check_rights(granted(frozenset()), [profile, rule])
    assert (finding.severity, "probably" in finding.message) == (Severity.ERROR, False)


def test_names_are_compared_without_case() -> None:
    held = frozenset({table.LB_CONFIGURE.replace("vDC", "VDC")})
    assert table.missing(granted(held), [Operation(table.CREATE, table.POOLS)]) == []


def test_the_check_of_rights_is_the_last_one_of_a_preflight() -> None:
    before = {"findings": [{"check": "cpi"}], "ok": True, "summary": ""}
    stated = [Operation(table.CREATE, table.POOLS)]
    after = with_rights(before, granted(frozenset()), stated)
    assert [one["check"] for one in after["findings"]] == ["cpi", "rights"]
    assert (after["ok"], table.LB_CONFIGURE in after["summary"]) == (False, True)
    passed = with_rights(before, granted(frozenset(RIGHTS)), stated)
    assert (passed["ok"], passed["summary"], passed["findings"][-1]["severity"]) == (True, "", "info")


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "edgeGateways/urn:vcloud:gateway:1", table.GATEWAY_VIEW),
        ("GET", "edgeGateways/urn:vcloud:gateway:1/loadBalancer", table.LB_VIEW),
        ("GET", "edgeGateways/urn:vcloud:gateway:1/loadBalancer/poolSummaries", table.LB_VIEW),
        ("GET", "edgeGateways/urn:vcloud:gateway:1/usedIpAddresses", table.GATEWAY_VIEW),
        ("GET", "edgeGateways/urn:vcloud:gateway:1/firewall/rules", table.FIREWALL_VIEW),
        ("POST", "edgeGateways/urn:vcloud:gateway:1/nat/rules", table.NAT_CONFIGURE),
        ("PUT", "loadBalancer/virtualServices/urn:1/httpPolicy/requestRules", table.LB_CONFIGURE),
        ("GET", "loadBalancer/serviceEngineGroups/assignments", table.LB_VIEW),
        ("DELETE", "applicationPortProfiles/urn:1", table.NAT_CONFIGURE),
        ("POST", "ipSpaces/urn:1/allocate", table.IP_SPACE_ALLOCATE),
        ("GET", "ipSpaces/floatingIpSuggestions", table.IP_SPACE_VIEW),
        ("GET", "ssl/certificateLibrary", table.CERTIFICATE_VIEW),
        ("GET", "sessions/current", ""),
        ("POST", "ssl/certificateLibrary", table.CERTIFICATE_MANAGE),
        ("POST", "vdcGroups", ""),
    ],
)
def test_a_request_leads_to_the_right_that_it_needs(method: str, path: str, right: str) -> None:
    assert table.right_for_call(method, f"/cloudapi/1.0.0/{path}") == right


def test_the_role_has_the_rights_of_every_module_and_stage() -> None:
    needed = {table.right_for(use.operation) for uses in table.USES.values() for use in uses}
    assert needed - {table.ENTITY_VIEW, table.PROVIDER} | {table.ROLE_VIEW} == set(table.ROLE)


def test_the_page_is_generated_from_the_table() -> None:
    page = write_rights.PAGE.read_text(encoding="utf-8")
    assert page == write_rights.renewed(page, write_rights.load()), "run tests/tools/write_rights.py"
    (hcl,) = re.findall(r"```hcl\n(.*?)```", page, re.S)
    assert re.findall(r'^    "(.+?)",', hcl, re.M) == list(table.ROLE)


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the markers"):
        write_rights.renewed("# Rights\n", write_rights.load())
