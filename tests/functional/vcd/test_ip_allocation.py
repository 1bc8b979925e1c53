# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_ip_allocation against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

ADDRESS = "vcd_ip_allocation"


@pytest.fixture(scope="module")
def spaces() -> Iterator[Simulator]:
    with Simulator(estate="ip-spaces", task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def org(spaces: Simulator) -> Modules:
    spaces.reset()
    return Modules(spaces, edge_gateway=None, ip_space=None)


def test_any_free_address_is_allocated_once_described_and_released(org: Modules) -> None:
    planned = org.done(ADDRESS, ip_space="public", description="web", check=True)
    assert (planned["changed"], planned["ip_allocation"]["value"], org.writes()) == (True, None, [])
    made = org.done(ADDRESS, ip_space="public", description="web")["ip_allocation"]
    assert (made["usage_state"], made["description"], made["ip_space"]["name"]) == ("USED_MANUAL", "web", "public")
    assert org.done(ADDRESS, ip_space=made["ip_space"]["id"], description="web")["ip_allocation"] == made
    again = org.done(ADDRESS, ip_space="public", value=made["value"], description="shop")
    assert (again["changed"], again["ip_allocation"]["id"]) == (True, made["id"])
    found = org.done(f"{ADDRESS}_info", ip_space="public")
    assert (found["ip_allocations"], found["floating_ips"]["allocated"]) == ([again["ip_allocation"]], 1)
    unmarked = org.done(ADDRESS, ip_space="public", value=made["value"], usage_state="UNUSED")["ip_allocation"]
    assert (unmarked["usage_state"], unmarked["description"]) == ("UNUSED", "")
    assert org.done(ADDRESS, ip_space="public", value=made["value"])["changed"] is False
    assert org.done(ADDRESS, ip_space="public", value=made["value"], state="absent", check=True)["changed"] is True
    assert org.done(ADDRESS, ip_space="public", value=made["value"], state="absent")["ip_allocation"] is None
    assert org.done(ADDRESS, ip_space="public", value=made["value"], state="absent")["changed"] is False


def test_a_given_address_is_allocated(org: Modules) -> None:
    made = org.done(ADDRESS, ip_space="public", value="203.0.113.20", description="web")["ip_allocation"]
    assert (made["value"], made["usage_state"]) == ("203.0.113.20", "USED_MANUAL")
    assert org.done(ADDRESS, ip_space="public", ip_address="203.0.113.20")["changed"] is False
    assert org.done(ADDRESS, ip_space="public", description="web", state="absent")["changed"] is True
    assert "no IP Space with this name" in org.refused(ADDRESS, ip_space="nowhere", description="web")
    assert "203.0.113.1" in org.refused(ADDRESS, ip_space="public", value="203.0.113.1")


def test_an_address_in_use_is_not_released(org: Modules) -> None:
    made = org.done(ADDRESS, ip_space="public", value="203.0.113.20")["ip_allocation"]
    assert made["usage_state"] == "UNUSED"
    org.done(
        "vcd_nat_rule", edge_gateway="acme-edge", name="web", type="DNAT", external_addresses="203.0.113.20",
        internal_addresses="10.10.0.11", wait=False,
    )  # fmt: skip
    for check in (True, False):
        message = org.refused(ADDRESS, ip_space="public", value="203.0.113.20", state="absent", check=check)
        assert "cannot release address 203.0.113.20 of IP Space 'public': it is used by 'acme-edge' (DNAT)" in message
    assert org.done(ADDRESS, ip_space="public", value="203.0.113.20", usage_state="UNUSED")["changed"] is False


def test_an_exhausted_quota_is_reported_before_a_write(org: Modules) -> None:
    for number in range(10):
        org.done(ADDRESS, ip_space="public", description=f"web-{number}")
    org.simulator.journal(clear=True)
    planned = org.done(ADDRESS, ip_space="public", description="one more", check=True)
    assert "shows 10 of 10 addresses as allocated" in str(planned["warnings"])
    message = org.refused(ADDRESS, ip_space="public", description="one more")
    assert "release one, or ask the provider for a higher quota" in message
    assert len(org.writes()) == 1


def test_an_address_that_cannot_be_marked_is_released(org: Modules) -> None:
    org.simulator.faults([{"method": "PUT", "status": 400, "message": "no"}])
    assert "no" in org.refused(ADDRESS, ip_space="public", description="web")
    assert org.simulator.dump()["ip_space_allocations"] == []


def test_a_provider_and_a_viewer_are_refused(org: Modules) -> None:
    provider = org.as_user(org="System", user="administrator", password="system-secret-1")
    assert "org: 'System': takes no address" in provider.refused(ADDRESS, ip_space="public", description="web")
    viewer = org.as_user(user="viewer", password="viewer-secret-1")
    for check in (True, False):
        message = viewer.refused(ADDRESS, ip_space="public", description="web", check=check)
        assert "'IP Spaces: Allocate'" in message
    assert org.writes() == []
