# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External addresses: the first free one of an IP block, and claims in IP IpSpaceSession."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    free_external_ip,
    get_edge_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, connect
from in_process import Modules
from vcdsim.testing import Simulator


@pytest.fixture
def api(vcd: Modules) -> Iterator[Api]:
    """A session of user kube on the estate with IP blocks."""
    with connect({**vcd.connection, "validate_certs": True, "timeout": 30}) as session:
        yield session


def dnat(vcd: Modules, *external: str) -> None:
    """A DNAT rule for each of these addresses."""
    for address in external:
        vcd.done("vcd_nat_rule", name=address, type="DNAT", external_addresses=address, internal_addresses="10.10.0.11")


def test_the_first_free_address_of_the_blocks(api: Api, vcd: Modules) -> None:
    gateway = get_edge_gateway(api, "acme-edge")
    assert free_external_ip(api, gateway, None) == "203.0.113.10"
    dnat(vcd, "203.0.113.10", "203.0.113.12")
    assert free_external_ip(api, gateway, None) == "203.0.113.11"
    assert free_external_ip(api, gateway, None, ["203.0.113.11"]) == "203.0.113.13"
    assert free_external_ip(api, gateway, "203.0.113.32/27") == "203.0.113.32"
    assert free_external_ip(api, gateway, "203.0.113.0/24") == "203.0.113.11"
    assert free_external_ip(api, gateway, "203.0.113.60") == "203.0.113.60"


def test_without_a_free_address_the_error_has_a_remedy(api: Api, vcd: Modules) -> None:
    gateway = get_edge_gateway(api, "acme-edge")
    with pytest.raises(
        InvalidInput, match=r"vip_subnet: '203.0.113.64/26': no free address of this subnet .*'acme-edge'"
    ):
        free_external_ip(api, gateway, "203.0.113.64/26")
    with pytest.raises(InvalidInput, match="is not a network"):
        free_external_ip(api, gateway, "203.0.113.0/99")
    dnat(vcd, "203.0.113.60")
    with pytest.raises(InvalidInput, match="ask the provider to allocate more"):
        free_external_ip(api, gateway, "203.0.113.60")
    everything = [f"203.0.113.{number}" for number in range(10, 61)]
    with pytest.raises(InvalidInput, match=r"external_ip: not given: no free address .* give external_ip, release"):
        free_external_ip(api, gateway, None, everything)


def test_ipv6_ranges_and_uplinks_without_subnets_are_skipped(api: Api) -> None:
    values: list[dict[str, Any]] = [
        {"ipRanges": {"values": [{"startAddress": "2001:db8::1", "endAddress": "2001:db8::9"}]}},
        {"ipRanges": None},
        {"ipRanges": {"values": [{"startAddress": "198.51.100.7", "endAddress": "198.51.100.7"}]}},
    ]
    gateway = get_edge_gateway(api, "acme-edge")
    gateway["edgeGatewayUplinks"] = [{"subnets": None}, {"subnets": {"values": values}}]
    assert free_external_ip(api, gateway, None) == "198.51.100.7"


MARKER = "cluster-6f1c-namespace-default-service-web"


@pytest.fixture(scope="module")
def running_spaces() -> Iterator[Simulator]:
    """One simulator with an IP Space per file."""
    with Simulator(estate="ip-spaces") as simulator:
        yield simulator


class IpSpaceSession:
    """A session of a user on the estate with an IP Space, and the writes."""

    def __init__(self, simulator: Simulator, api: Api) -> None:
        self.simulator, self.api = simulator, api
        self.gateway = get_edge_gateway(api, "acme-edge")

    def claims(self) -> list[tuple[str, str, str]]:
        """Address, marker and state of every allocation."""
        return [(one.value, one.marker, one.state) for one in calls.list_floating_ips(self.api, self.gateway)]

    def claim(self, marker: str = MARKER) -> calls.FloatingIp:
        """Claim an address."""
        return calls.claim(self.api, self.gateway, marker)

    def allocate(self, quantity: int = 1) -> None:
        """Allocate addresses without a marker, as an operator would."""
        space = self.api.pages("ipSpaces/summaries", "x")[0]["id"]
        self.api.create(f"ipSpaces/{space}/allocate", {"type": "FLOATING_IP", "quantity": quantity}, "x", lambda: "x")

    def writes(self) -> list[str]:
        """The METHOD of each write since the journal was cleared."""
        return [str(entry["method"]) for entry in self.simulator.journal() if entry["method"] != "GET"]


@pytest.fixture
def spaces(running_spaces: Simulator) -> Iterator[IpSpaceSession]:
    """The simulator, reset."""
    running_spaces.reset()
    vcd = Modules(running_spaces)
    with connect({**vcd.connection, "validate_certs": True, "timeout": 20}) as session:
        yield IpSpaceSession(running_spaces, session)


ALLOCATE = {"method": "POST", "route": "/cloudapi/1.0.0/ipSpaces/{ipSpaceId}/allocate"}
MARK = {"method": "PUT", "route": "/cloudapi/1.0.0/ipSpaces/{ipSpaceId}/allocations/{ipAllocationId}"}
RELEASE = {**MARK, "method": "DELETE"}


def test_an_address_is_claimed_once_for_each_marker(spaces: IpSpaceSession) -> None:
    assert calls.uses_ip_spaces(spaces.gateway)
    assert spaces.claims() == []
    first = spaces.claim()
    assert (first.value, first.marker, first.state) == ("203.0.113.10", MARKER, "USED_MANUAL")
    assert spaces.claim("other").value == "203.0.113.11"
    spaces.simulator.journal(clear=True)
    assert spaces.claim() == first
    assert calls.list_floating_ips(spaces.api, spaces.gateway)[0] == first
    assert spaces.writes() == []


def test_a_claim_is_released(spaces: IpSpaceSession) -> None:
    found = spaces.claim()
    assert calls.release(spaces.api, found) is True
    assert spaces.claims() == []
    assert calls.release(spaces.api, found) is False


def test_addresses_of_other_users_are_left_alone(spaces: IpSpaceSession) -> None:
    spaces.allocate(2)
    found = spaces.claim()
    assert found.value == "203.0.113.12"
    assert spaces.claims() == [
        ("203.0.113.10", "", "UNUSED"), ("203.0.113.11", "", "UNUSED"), ("203.0.113.12", MARKER, "USED_MANUAL")
    ]  # fmt: skip
    stale = dataclasses.replace(found, marker="cluster-of-before")
    spaces.simulator.journal(clear=True)
    with pytest.raises(CollectionError, match=rf"was not released: its marker is now '{MARKER}'"):
        calls.release(spaces.api, stale)
    assert spaces.writes() == []


def test_an_address_in_use_is_not_released(spaces: IpSpaceSession) -> None:
    found = spaces.claim()
    dnat(Modules(spaces.simulator), found.value)
    assert spaces.claim() == found
    with pytest.raises(CollectionError, match="is in use"):
        calls.release(spaces.api, found)


def test_interrupted_claims_and_releases_are_completed(spaces: IpSpaceSession) -> None:
    found = spaces.claim()
    path = f"ipSpaces/{found.ip_space}/allocations/{found.id}"
    spaces.api.update(path, "x", spaces.api.get(path, "x"), lambda body: {**body, "usageState": "UNUSED"})
    assert spaces.claim() == found
    spaces.simulator.faults([{**RELEASE, "status": 400, "message": "not now", "times": 1}])
    with pytest.raises(CollectionError, match="not now"):
        calls.release(spaces.api, found)
    assert spaces.claims() == [(found.value, "", "UNUSED")]
    assert calls.release(spaces.api, found) is True
    assert spaces.claims() == []


@pytest.mark.parametrize("reset", ["before", "after"])
@pytest.mark.parametrize("rule", [ALLOCATE, MARK])
def test_a_lost_answer_allocates_only_one_address(spaces: IpSpaceSession, rule: dict[str, str], reset: str) -> None:
    spaces.allocate()
    spaces.simulator.faults([{**rule, "reset": reset, "times": 1}])
    assert spaces.claim().value == "203.0.113.11"
    assert len(spaces.claims()) == 2


def test_an_address_that_cannot_be_marked_is_released(spaces: IpSpaceSession) -> None:
    spaces.simulator.faults([{**MARK, "status": 400, "message": "not today"}])
    with pytest.raises(CollectionError, match="not today"):
        spaces.claim()
    assert spaces.claims() == []
    spaces.simulator.faults([{**MARK, "status": 400, "message": "not today"}, {**RELEASE, "status": 400}])
    with pytest.raises(CollectionError, match=r"not today.*it stays allocated"):
        spaces.claim()


def test_an_exhausted_quota_is_reported(spaces: IpSpaceSession) -> None:
    spaces.allocate(5)
    spaces.allocate(5)
    with pytest.raises(
        CollectionError, match=r"no IP Space has an address left: .*quota of 10 .* ask for a higher quota"
    ):
        spaces.claim()


def test_an_edge_gateway_without_ip_spaces_cannot_claim(api: Api) -> None:
    gateway = get_edge_gateway(api, "acme-edge")
    assert not calls.uses_ip_spaces(gateway)
    assert calls.list_floating_ips(api, gateway) == []
    with pytest.raises(CollectionError, match="its uplinks have no public IP Space"):
        calls.claim(api, gateway, MARKER)
