# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_service_engine_group_assignment against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

ASSIGNMENT = "vcd_service_engine_group_assignment"
PROVIDER = {"org": "System", "user": "administrator", "password": "system-secret-1"}
PREMIUM = {"service_engine_group": "seg-premium", "max_virtual_services": 5, "reserved_virtual_services": 1}


@pytest.fixture(scope="module")
def groups() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def provider(groups: Simulator) -> Modules:
    groups.reset()
    return Modules(groups, **PROVIDER)


def tenant_of(provider: Modules) -> Modules:
    return provider.as_user(org="acme", user="admin", password="admin-secret-1")


def test_a_shared_group_is_assigned_once_changed_and_unassigned(provider: Modules) -> None:
    planned = provider.done(ASSIGNMENT, check=True, **PREMIUM)
    assert (planned["changed"], provider.writes()) == (True, [])
    made = provider.done(ASSIGNMENT, **PREMIUM)[ASSIGNMENT.removeprefix("vcd_")]
    assert (made["max_virtual_services"], made["reserved_virtual_services"], made["feature_set"]) == (5, 1, "PREMIUM")
    assert provider.done(ASSIGNMENT, **PREMIUM)["changed"] is False
    assert provider.done(ASSIGNMENT, service_engine_group=made["service_engine_group"]["id"])["changed"] is False
    more = provider.done(ASSIGNMENT, service_engine_group="seg-premium", max_virtual_services=7)
    assert more["service_engine_group_assignment"] == {**made, "max_virtual_services": 7}
    listed = provider.done(f"{ASSIGNMENT}_info", query="[].service_engine_group.name")
    assert sorted(listed["service_engine_group_assignments"]) == ["seg-premium", "seg-shared"]
    gone = {"service_engine_group": "seg-premium", "state": "absent"}
    assert provider.done(ASSIGNMENT, check=True, **gone)["changed"] is True
    assert provider.done(ASSIGNMENT, **gone)["service_engine_group_assignment"] is None
    assert provider.done(ASSIGNMENT, **gone)["changed"] is False


def test_a_dedicated_group_has_no_numbers(provider: Modules) -> None:
    dedicated = {"service_engine_group": "seg-dedicated"}
    message = provider.refused(ASSIGNMENT, max_virtual_services=5, **dedicated)
    assert "max_virtual_services: 5: the group is dedicated, and has no numbers: omit it" in message
    made = provider.done(ASSIGNMENT, **dedicated)["service_engine_group_assignment"]
    assert (made["max_virtual_services"], made["ha_mode"]) == (None, "ELASTIC_N_PLUS_M_BUFFER")
    assert provider.done(ASSIGNMENT, **dedicated)["changed"] is False


@pytest.mark.parametrize("check", [True, False])
def test_impossible_options_are_refused_before_a_write(check: bool, provider: Modules) -> None:
    tenant_of(provider).done("vcd_pool", name="web", wait=False)
    tenant_of(provider).done(
        "vcd_virtual_service", name="web", pool="web", virtual_ip_address="203.0.113.10", application_profile="L4",
        service_ports=[{"start": 80, "type": "TCP_PROXY", "ssl_enabled": False}], wait=False,
    )  # fmt: skip
    provider.simulator.journal(clear=True)
    shared = {"service_engine_group": "seg-shared"}
    cases = [
        ({**shared, "state": "absent"}, "virtual services 'web' are on it: remove them first"),
        ({**shared, "max_virtual_services": 0, "reserved_virtual_services": 0}, "1 virtual services are deployed"),
        ({**shared, "reserved_virtual_services": 21}, "21 reserved are more than the maximum of 20"),
        (
            {"service_engine_group": "seg-premium"},
            "max_virtual_services, reserved_virtual_services: required to create",
        ),
        ({"service_engine_group": "seg-nowhere", "max_virtual_services": 1}, "no service engine group with this name"),
        ({**shared, "max_virtual_services": -1}, "max_virtual_services: -1: give a number from 0"),
    ]
    for options, text in cases:
        assert text in provider.refused(ASSIGNMENT, check=check, **options)
    assert provider.writes() == []


@pytest.mark.parametrize("check", [True, False])
def test_a_tenant_is_referred_to_the_provider(check: bool, provider: Modules) -> None:
    tenant = tenant_of(provider)
    shared = {"service_engine_group": "seg-shared"}
    for options in (PREMIUM, {**shared, "max_virtual_services": 30}, {**shared, "state": "absent"}):
        assert "only the provider can do that: ask it" in tenant.refused(ASSIGNMENT, check=check, **options)
    assert tenant.done(ASSIGNMENT, check=check, **shared)["changed"] is False
    assert len(tenant.done(f"{ASSIGNMENT}_info")["service_engine_group_assignments"]) == 1
    assert provider.writes() == []
