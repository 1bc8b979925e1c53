# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP Spaces, their uplinks, and the addresses that organisations allocate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.testing import Simulator

SPACES = "/ipSpaces"
ONE_ADDRESS = {"type": "FLOATING_IP", "quantity": 1}


@pytest.fixture
def kube(spaces: Simulator) -> Api:
    return Api(spaces, "kube@acme")


@pytest.fixture
def provider(spaces: Simulator) -> Api:
    return Api(spaces, "administrator@System")


@pytest.fixture
def place(kube: Api) -> Scene:
    return Scene(kube)


@pytest.fixture
def space(kube: Api) -> str:
    return str(kube.named(f"{SPACES}/summaries", "public")["id"])


def take(api: Api, space: str, **body: Any) -> list[dict[str, Any]]:
    """Allocate addresses and return the result of the task."""
    task = api.task(api.ask("POST", f"{SPACES}/{space}/allocate", {**ONE_ADDRESS, **body}))
    content = task.find(f"{VCLOUD}Result/{VCLOUD}ResultContent")
    assert content is not None
    return list(json.loads(content.text or ""))


def allocations(api: Api, space: str, more: str = "") -> list[dict[str, Any]]:
    return api.values(f"{SPACES}/{space}/allocations?filter=type==FLOATING_IP{more}")


def test_the_uplink_says_that_it_uses_ip_spaces(kube: Api, place: Scene) -> None:
    (uplink,) = kube.get(f"/edgeGateways/{place.edge}")["edgeGatewayUplinks"]
    assert (uplink["usingIpSpace"], uplink["subnets"]["values"]) == (True, [])


def test_cpi_can_allocate_an_address(kube: Api, place: Scene, space: str) -> None:
    path = f"{SPACES}/floatingIpSuggestions?filter=gatewayId=={place.edge}&page=1&pageSize=10&sortAsc=ipSpaceRef.name"
    (suggestion,) = kube.values(path)
    assert suggestion == {"ipSpaceRef": {"name": "public", "id": space}, "unusedValues": []}
    assert kube.get(f"{SPACES}/{space}")["type"] == "PUBLIC"
    (made,) = take(kube, space)
    assert (made["value"], made["suggestedValue"]) == ("203.0.113.10", None)
    assert kube.values(path)[0]["unusedValues"] == ["203.0.113.10"]
    (found,) = allocations(kube, space, ";value==203.0.113.10")
    assert (found["id"], found["usageState"], found["orgRef"]["name"]) == (made["id"], "UNUSED", "acme")
    claimed = {**found, "usageState": "USED_MANUAL", "description": "cluster-1", "allocationDate": ""}
    address = f"{SPACES}/{space}/allocations/{made['id']}"
    kube.done("PUT", address, claimed)
    assert [one["description"] for one in allocations(kube, space, ";usageState==USED_MANUAL")] == ["cluster-1"]
    kube.done("PUT", address, {**claimed, "usageState": "UNUSED", "description": ""})
    kube.done("DELETE", address)
    assert allocations(kube, space) == []


def test_an_address_must_be_allocated_before_it_is_used(kube: Api, place: Scene, space: str) -> None:
    rule = place.rule(externalAddresses="203.0.113.10")
    kube.refused("POST", place.nat, rule, "not allocated to the organization in its IP Space")
    (made,) = take(kube, space)
    kube.done("POST", place.nat, rule)
    (found,) = allocations(kube, space)
    assert (found["usageState"], found["usageCategories"]) == ("USED", ["DNAT"])
    assert found["usedByRef"] == {"name": "acme-edge", "id": place.edge}
    address = f"{SPACES}/{space}/allocations/{made['id']}"
    kube.refused("DELETE", address, None, "is in use")
    kube.done("PUT", address, {**found, "usageState": "USED_MANUAL"})
    assert kube.get(address)["usageState"] == "USED_MANUAL"
    assert kube.values(f"/edgeGateways/{place.edge}/usedIpAddresses")[0]["ipAddress"] == "203.0.113.10"
    kube.refused("DELETE", address, None, "is in use")


def test_an_address_that_is_marked_as_used_may_be_released(kube: Api, space: str) -> None:
    (made,) = take(kube, space)
    (found,) = allocations(kube, space)
    address = f"{SPACES}/{space}/allocations/{made['id']}"
    kube.done("PUT", address, {**found, "usageState": "USED_MANUAL"})
    kube.sim.assume(release_used_manual="refused")
    kube.refused("DELETE", address, None, "is in use")
    kube.sim.assume(release_used_manual="allowed")
    kube.done("DELETE", address)
    assert not allocations(kube, space)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"type": None}, '"type" is required'),
        ({"quantity": 0}, "at least 1"),
        ({"quantity": 6}, "at most 5"),
        ({"quantity": None}, "exactly one of it and value"),
        ({"value": "203.0.113.11"}, "exactly one of it and value"),
        ({"quantity": None, "value": "203.0.113.9"}, "is not in the ranges"),
        ({"quantity": None, "value": "x"}, "of the form ip"),
        ({"pool": 1}, 'Unrecognized field "pool"'),
    ],
)
def test_an_invalid_request_is_refused(kube: Api, space: str, body: dict[str, Any], text: str) -> None:
    kube.refused("POST", f"{SPACES}/{space}/allocate", {**ONE_ADDRESS, **body}, text)


def test_a_requested_address_a_quota_and_a_full_range_are_respected(kube: Api, provider: Api, space: str) -> None:
    assert take(kube, space, quantity=None, value="203.0.113.12")[0]["value"] == "203.0.113.12"
    again = {"type": "FLOATING_IP", "value": "203.0.113.12"}
    kube.refused("POST", f"{SPACES}/{space}/allocate", again, "is already allocated")
    assert [one["value"] for one in take(kube, space, quantity=3)] == ["203.0.113.10", "203.0.113.11", "203.0.113.13"]
    take(kube, space, quantity=5)
    two = {**ONE_ADDRESS, "quantity": 2}
    kube.refused("POST", f"{SPACES}/{space}/allocate", two, "quota of 10 floating IPs")
    whole = provider.get(f"{SPACES}/{space}")
    whole["ipSpaceRanges"]["ipRanges"][0]["endIpAddress"] = "203.0.113.18"
    provider.done("PUT", f"{SPACES}/{space}", whole)
    kube.refused("POST", f"{SPACES}/{space}/allocate", two, "has no 2 free addresses")
    whole["ipSpaceRanges"]["ipRanges"][0]["startIpAddress"] = "203.0.113.11"
    provider.refused("PUT", f"{SPACES}/{space}", whole, "203.0.113.10 is allocated and cannot be taken away")
    counts = kube.get(f"{SPACES}/{space}")["utilization"]["floatingIPs"]
    assert (counts["totalCount"], counts["allocatedCount"], counts["unusedCount"]) == ("10", "9", "9")
    assert provider.get(f"{SPACES}/{space}")["ipSpaceRanges"]["ipRanges"][0]["allocatedIpCount"] == "9"


def test_no_quota_binds_a_provider(kube: Api, provider: Api, space: str) -> None:
    take(kube, space, quantity=5)
    take(kube, space, quantity=5)
    kube.refused("POST", f"{SPACES}/{space}/allocate", ONE_ADDRESS, "quota of 10 floating IPs")
    context = {"X-VMWARE-VCLOUD-TENANT-CONTEXT": kube.get("/sessions/current")["org"]["id"]}
    provider.done("POST", f"{SPACES}/{space}/allocate", ONE_ADDRESS, headers=context)


def test_a_value_can_be_requested_since_37_2(kube: Api, space: str) -> None:
    body = {"type": "FLOATING_IP", "value": "203.0.113.12"}
    kube.refused("POST", f"{SPACES}/{space}/allocate", body, 'Unrecognized field "value"', version="37.1")


def test_value_type_and_owner_of_an_allocation_cannot_change(kube: Api, space: str) -> None:
    (made,) = take(kube, space)
    address = f"{SPACES}/{space}/allocations/{made['id']}"
    body = kube.get(address)
    for change in (
        {"value": "203.0.113.11"},
        {"type": "IP_PREFIX"},
        {"orgRef": {"id": "urn:vcloud:org:" + made["id"][-36:]}},
    ):
        kube.refused("PUT", address, {**body, **change}, "it cannot be changed")
    kube.refused("PUT", address, {**body, "usageState": "USED"}, "USED is what the system finds")
    kube.refused("PUT", address, {"description": "x"}, '"usageState" is required')


def test_some_lists_require_a_filter(kube: Api, provider: Api, space: str) -> None:
    kube.refused("GET", f"{SPACES}/{space}/allocations", None, "A filter with type== is required")
    kube.refused("GET", f"{SPACES}/{space}/allocations?filter=type==OTHER", None, "FLOATING_IP or IP_PREFIX")
    kube.refused("GET", f"{SPACES}/floatingIpSuggestions", None, "A filter with gatewayId== is required")
    provider.refused("GET", "/ipSpaceUplinks", None, "A filter with externalNetworkRef.id== is required")


def test_some_fields_are_visible_only_to_the_provider(kube: Api, provider: Api, space: str) -> None:
    assert kube.get(f"{SPACES}/{space}")["ipSpaceRanges"] is None
    assert provider.get(f"{SPACES}/{space}")["ipSpaceRanges"]["defaultFloatingIpQuota"] == 10
    kube.refused("GET", "/ipSpaceUplinks", None, "System administrator", status=403)


def test_a_provider_allocates_in_a_tenant_context(kube: Api, provider: Api, place: Scene, space: str) -> None:
    path = f"{SPACES}/{space}/allocate"
    provider.refused("POST", path, ONE_ADDRESS, "needs a tenant context")
    provider.done("POST", path, ONE_ADDRESS, headers={"X-VMWARE-VCLOUD-TENANT-CONTEXT": place.org})
    assert len(allocations(kube, space)) == 1


def private(place: Scene, **more: Any) -> dict[str, Any]:
    return {
        "name": "own",
        "type": "PRIVATE",
        "orgRef": {"id": place.org},
        "ipSpaceInternalScope": ["10.200.0.0/16"],
        "ipSpaceRanges": {"ipRanges": [{"startIpAddress": "10.200.0.1", "endIpAddress": "10.200.0.9"}]},
        **more,
    }


def test_a_tenant_has_its_own_ip_space(spaces: Simulator, kube: Api, place: Scene) -> None:
    admin = Api(spaces, "admin@acme")
    kube.refused("POST", SPACES, private(place), "Private IP Spaces: Manage", status=403)
    made = admin.done("POST", SPACES, private(place))
    assert admin.get(f"{SPACES}/{made}")["ipSpaceRanges"]["ipRanges"][0]["totalIpCount"] == "9"
    admin.refused("POST", SPACES, private(place), "already exists")
    take(admin, made)
    admin.refused("DELETE", f"{SPACES}/{made}", None, "is in use and cannot be deleted")
    body = admin.get(f"{SPACES}/{made}")
    admin.refused("PUT", f"{SPACES}/{made}", {**body, "type": "PUBLIC", "orgRef": None}, "System administrator", 403)


@pytest.mark.parametrize(
    ("change", "text", "status"),
    [
        ({"type": "PUBLIC", "orgRef": None}, "System administrator", 403),
        ({"orgRef": None}, "a PRIVATE IP Space has one", 400),
        ({"ipSpaceInternalScope": []}, "at least 1", 400),
        ({"ipSpaceInternalScope": ["10.0.0.1"]}, "of the form cidr", 400),
        ({"ipSpaceInternalScope": ["10.201.0.0/16"]}, "outside the internal scope", 400),
        (
            {"ipSpaceRanges": {"ipRanges": [{"startIpAddress": "10.200.0.9", "endIpAddress": "10.200.0.1"}]}},
            "ends before it begins",
            400,
        ),
    ],
)
def test_an_invalid_ip_space_is_refused(
    spaces: Simulator, place: Scene, change: dict[str, Any], text: str, status: int
) -> None:
    Api(spaces, "admin@acme").refused("POST", SPACES, private(place, **change), text, status)


def test_public_ip_spaces_belong_to_the_provider(spaces: Simulator, provider: Api, space: str) -> None:
    Api(spaces, "admin@acme").refused("DELETE", f"{SPACES}/{space}", None, "System administrator", status=403)
    provider.refused("DELETE", f"{SPACES}/{space}", None, "is in use")
    body = provider.get(f"{SPACES}/{space}")
    provider.refused(
        "PUT", f"{SPACES}/{space}", {**body, "type": "SHARED_SERVICES"}, "from SHARED_SERVICES to PUBLIC only"
    )


def test_uplinks_are_made_changed_and_deleted(provider: Api, place: Scene, space: str) -> None:
    (uplink,) = provider.get(f"/edgeGateways/{place.edge}")["edgeGatewayUplinks"]
    listed = f"/ipSpaceUplinks?filter=externalNetworkRef.id=={uplink['uplinkId']}"
    (link,) = provider.values(listed)
    assert (link["ipSpaceRef"]["name"], link["ipSpaceType"]) == ("public", "PUBLIC")
    address = f"/ipSpaceUplinks/{link['id']}"
    assert provider.get(address) == link
    provider.done("PUT", address, {**link, "description": "new"})
    body = {"name": "x", "externalNetworkRef": link["externalNetworkRef"], "ipSpaceRef": {"id": space}}
    provider.refused("POST", "/ipSpaceUplinks", body, "already has the IP Space uplink")
    unknown = {"id": "urn:vcloud:network:00000000-0000-0000-0000-000000000000"}
    provider.refused("POST", "/ipSpaceUplinks", {**body, "externalNetworkRef": unknown}, "no such external network")
    provider.refused("PUT", address, {**link, "externalNetworkRef": unknown}, "neither it nor externalNetworkRef")
    provider.done("DELETE", address)
    assert provider.values(listed) == []
    provider.done("POST", "/ipSpaceUplinks", body)


def prefixes(place: Scene, **more: Any) -> dict[str, Any]:
    """An IP Space as go-vcloud-director's tests make it: three prefixes of one length."""
    sequence = {"startingPrefixIpAddress": "10.200.1.2", "prefixLength": 30, "totalPrefixCount": 3}
    return private(place, ipSpacePrefixes=[{"ipPrefixSequence": [sequence], **more}])


def test_prefixes_are_allocated_and_used_by_networks(spaces: Simulator, place: Scene) -> None:
    admin = Api(spaces, "admin@acme")
    made = admin.done("POST", SPACES, prefixes(place))
    (group,) = admin.get(f"{SPACES}/{made}")["ipSpacePrefixes"]
    # the vendor: a host address becomes the first address of its prefix, and a PRIVATE IP Space has no quota
    assert group["ipPrefixSequence"][0]["startingPrefixIpAddress"] == "10.200.1.0"
    assert group["defaultQuotaForPrefixLength"] == -1
    two = take(admin, made, type="IP_PREFIX", quantity=2, prefixLength=30)
    assert [one["value"] for one in two] == ["10.200.1.0/30", "10.200.1.4/30"]
    (group,) = admin.get(f"{SPACES}/{made}")["ipSpacePrefixes"]
    assert group["ipPrefixSequence"][0]["allocatedPrefixCount"] == 2
    assert admin.get(f"{SPACES}/{made}")["utilization"]["ipPrefixes"]["totalCount"] == "3"
    subnet = {"gateway": "10.200.1.1", "prefixLength": 30}
    network = {"name": "n", "networkType": "ISOLATED", "ownerRef": {"id": place.vdc}, "subnets": {"values": [subnet]}}
    admin.done("POST", "/orgVdcNetworks", network)
    listed = admin.values(f"{SPACES}/{made}/allocations?filter=type==IP_PREFIX&sortAsc=value")
    assert [(one["value"], one["usageState"]) for one in listed] == [
        ("10.200.1.0/30", "USED"),
        ("10.200.1.4/30", "UNUSED"),
    ]
    admin.refused("DELETE", f"{SPACES}/{made}/allocations/{listed[0]['id']}", None, "is in use")
    allocate = f"{SPACES}/{made}/allocate"
    for body, text in (
        ({"type": "IP_PREFIX", "quantity": 2, "prefixLength": 30}, "no 2 free prefixes of the length 30"),
        ({"type": "IP_PREFIX", "quantity": 1, "prefixLength": 31}, "no 1 free prefixes of the length 31"),
        ({"type": "IP_PREFIX", "quantity": 1}, '"prefixLength" is required'),
        ({"type": "IP_PREFIX", "value": "10.200.1.4/30"}, "is already allocated"),
        ({"type": "IP_PREFIX", "value": "10.200.1.16/30"}, "is not in the prefixes"),
        ({"type": "FLOATING_IP", "value": "10.200.1.8/30"}, "is not in the ranges"),
    ):
        admin.refused("POST", allocate, body, text)


def test_the_lowest_free_prefixes_are_allocated_whatever_their_order(spaces: Simulator, place: Scene) -> None:
    admin = Api(spaces, "admin@acme")
    starts = ("10.200.2.0", "10.200.1.0")
    sequences = [{"startingPrefixIpAddress": one, "prefixLength": 30, "totalPrefixCount": 1} for one in starts]
    ends = (("10.200.0.20", "10.200.0.21"), ("10.200.0.9", "10.200.0.9"))
    ranges = {"ipRanges": [{"startIpAddress": low, "endIpAddress": high} for low, high in ends]}
    body = private(place, ipSpacePrefixes=[{"ipPrefixSequence": sequences}], ipSpaceRanges=ranges)
    made = admin.done("POST", SPACES, body)
    assert [one["value"] for one in take(admin, made, quantity=2)] == ["10.200.0.9", "10.200.0.20"]
    (prefix,) = take(admin, made, type="IP_PREFIX", prefixLength=30)
    assert prefix["value"] == "10.200.1.0/30"


def test_prefixes_have_quotas(spaces: Simulator, provider: Api, place: Scene) -> None:
    public = {"type": "PUBLIC", "orgRef": None, "name": "prefixes"}
    admin, allocate = Api(spaces, "admin@acme"), {"type": "IP_PREFIX", "quantity": 1, "prefixLength": 30}
    made = provider.done("POST", SPACES, prefixes(place, defaultQuotaForPrefixLength=1) | public)
    admin.done("POST", f"{SPACES}/{made}/allocate", allocate)
    admin.refused("POST", f"{SPACES}/{made}/allocate", allocate, "quota of 1 prefixes of the length 30")
    # the vendor: without a quota, 0 for prefixes and 1 for addresses of a PUBLIC IP Space
    made = provider.done("POST", SPACES, prefixes(place) | public | {"name": "none"})
    admin.refused("POST", f"{SPACES}/{made}/allocate", allocate, "quota of 0 prefixes")
    assert provider.get(f"{SPACES}/{made}")["ipSpaceRanges"]["defaultFloatingIpQuota"] == 1


@pytest.mark.parametrize(
    ("sequence", "text"),
    [
        ({"startingPrefixIpAddress": "10.201.0.0", "prefixLength": 30, "totalPrefixCount": 1}, "outside the internal"),
        ({"startingPrefixIpAddress": "10.200.0.8", "prefixLength": 30, "totalPrefixCount": 1}, "or with a range"),
        ({"startingPrefixIpAddress": "10.200.1.0", "prefixLength": 64, "totalPrefixCount": 1}, "does not fit"),
        ({"startingPrefixIpAddress": "10.200.1.0", "prefixLength": 30}, '"ipSpacePrefixes[0].ipPrefixSequence[0].tot'),
    ],
)
def test_an_invalid_prefix_is_refused(spaces: Simulator, place: Scene, sequence: dict[str, Any], text: str) -> None:
    body = private(place, ipSpacePrefixes=[{"ipPrefixSequence": [sequence]}])
    Api(spaces, "admin@acme").refused("POST", SPACES, body, text)


def test_an_ip_space_may_have_no_ranges(spaces: Simulator, place: Scene) -> None:
    # go-vcloud-director sends ranges of null for an IP Space that has prefixes only
    admin = Api(spaces, "admin@acme")
    made = admin.done("POST", SPACES, private(place, ipSpaceRanges={"ipRanges": None, "defaultFloatingIpQuota": -1}))
    assert admin.get(f"{SPACES}/{made}")["ipSpaceRanges"]["ipRanges"] is None
    admin.refused("POST", f"{SPACES}/{made}/allocate", ONE_ADDRESS, "no 1 free addresses")


def test_default_services_are_known_from_38_0_on(sim: Simulator, system: Api, scene: Scene) -> None:
    wanted = {"enableDefaultSnatRuleCreation": True}
    body = private(scene, defaultGatewayServiceConfig=wanted)
    system.refused("POST", SPACES, body, 'Unrecognized field "defaultGatewayServiceConfig"')
    made = system.done("POST", SPACES, body, version="38.0")
    shown = system.get(f"{SPACES}/{made}", version="38.0")["defaultGatewayServiceConfig"]
    assert shown == {
        "enableDefaultFirewallRuleCreation": False,
        "enableDefaultNoSnatRuleCreation": False,
        "enableDefaultSnatRuleCreation": True,
    }
    assert "defaultGatewayServiceConfig" not in system.get(f"{SPACES}/{made}")


def test_suggestions_depend_on_the_family_of_the_addresses(kube: Api, place: Scene) -> None:
    # go-vcloud-director: an IP Space of IPv4 addresses is not suggested for IPv6
    path = f"{SPACES}/floatingIpSuggestions?filter=gatewayId=={place.edge};ipType=="
    assert (len(kube.values(path + "IPV4")), len(kube.values(path + "IPV6"))) == (1, 0)


def test_an_ip_space_takes_one_write_at_a_time(spaces: Simulator, kube: Api, space: str) -> None:
    # Terraform's provider: "Add IP Space locks ... to prevent concurrent modification error"
    spaces.faults([{"method": "POST", "route": "*/allocate", "task": "never", "times": 1}])
    path = f"{SPACES}/{space}/allocate"
    assert kube.ask("POST", path, ONE_ADDRESS).status_code == 202
    kube.refused("POST", path, ONE_ADDRESS, "is busy completing an operation IP_SPACE_ALLOCATE")
    spaces.assume(ip_space_writes_lock_space="no")
    kube.done("POST", path, ONE_ADDRESS)
    spaces.reset()
