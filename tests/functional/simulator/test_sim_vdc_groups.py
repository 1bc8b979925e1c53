# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDC groups of an estate, and the edge gateways and networks that they own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from simulator_bench import Api, description
from vcdsim.estates import EstateError, build
from vcdsim.simulated_vcd import Settings, SimulatedVcd
from vcdsim.testing import Simulator

GROUPS = "/vdcGroups"
FIREWALL_GROUPS = "/firewallGroups"


def estate() -> dict[str, Any]:
    """The estate one-edge with its gateway and network in a group of two VDCs."""
    found: dict[str, Any] = yaml.safe_load((resources.files("vcdsim") / "estates" / "one-edge.yml").read_text())
    (org,) = found["organisations"]
    (vdc,) = org["vdcs"]
    group = {"name": "acme-group", "vdcs": ["acme-vdc", "acme-vdc-2"]}
    org["vdc_groups"] = [group | {key: vdc.pop(key) for key in ("edge_gateways", "networks")}]
    org["vdcs"].append({"name": "acme-vdc-2"})
    return found


def test_groups_can_be_read_and_own_gateways_and_networks(tmp_path: Path) -> None:
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate()))
    with Simulator(estate=path, openapi=description()) as sim:
        admin = Api(sim, "admin@acme")
        (listed,) = admin.values(GROUPS)
        assert admin.get(f"{GROUPS}/{listed['id']}") == listed
        vdcs = [one["vdcRef"]["id"] for one in listed["participatingOrgVdcs"]]
        for vdc in vdcs:
            assert admin.values(f"{GROUPS}?filter=participatingOrgVdcs.vdcRef.id=={vdc}") == [listed]
        for kind in ("edgeGateways", "orgVdcNetworks"):
            (one,) = admin.values(f"/{kind}")
            assert (one["ownerRef"], one["orgVdc"]) == ({"id": listed["id"], "name": "acme-group"}, None)
        assert admin.values(f"/vdcs/{listed['id']}/capabilities")[0]["value"] == "NSX_T"
        kube = Api(sim, "kube@acme")
        assert kube.ask("GET", GROUPS).status_code == 403
        assert kube.ask("GET", f"{GROUPS}/{listed['id']}").status_code == 403


@pytest.fixture
def grouped(tmp_path: Path) -> Iterator[Simulator]:
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate()))
    with Simulator(estate=path, task_seconds=0, health_seconds=0, openapi=description()) as sim:
        yield sim


def test_firewall_groups_of_a_vdc_group(grouped: Simulator) -> None:
    # go-vcloud-director, Test_NsxtDynamicSecurityGroup; the vendor: VM_CRITERIA "only if scoped to a vDC Group"
    admin = Api(grouped, "admin@acme")
    (group,), (edge,), (network,) = (admin.values(path) for path in (GROUPS, "/edgeGateways", "/orgVdcNetworks"))
    criteria = [{"rules": [{"attributeType": "VM_TAG", "operator": "EQUALS", "attributeValue": "web"}]}]
    body = {"name": "tagged", "typeValue": "VM_CRITERIA", "ownerRef": {"id": group["id"]}, "vmCriteria": criteria}
    made = admin.done("POST", FIREWALL_GROUPS, body)
    shown = admin.get(f"{FIREWALL_GROUPS}/{made}")
    assert (shown["ownerRef"], shown["edgeGatewayRef"]) == ({"id": group["id"], "name": "acme-group"}, None)
    assert shown["vmCriteria"] == criteria
    static = {"name": "nets", "typeValue": "STATIC_MEMBERS", "ownerRef": {"id": group["id"]}}
    admin.done("POST", FIREWALL_GROUPS, {**static, "members": [{"id": network["id"]}]})
    admin.refused("POST", FIREWALL_GROUPS, static, "already exists on acme-group")
    for owner in (f"ownerRef.id=={group['id']}", f"_context=={edge['id']}"):
        seen = {one["name"] for one in admin.values(f"{FIREWALL_GROUPS}/summaries?filter={owner}")}
        assert {"nets", "tagged"} <= seen
    pool = {"name": "pool", "gatewayRef": {"id": edge["id"]}, "memberGroupRef": {"id": made}}
    admin.done("POST", "/loadBalancer/pools", pool)
    admin.refused("DELETE", f"{FIREWALL_GROUPS}/{made}", None, "is used by pool")


def test_an_isolated_network_moves_between_a_vdc_and_its_group(grouped: Simulator) -> None:
    # Terraform's provider, TestAccVcdNetworkIsolatedV2NsxtMigration
    admin = Api(grouped, "admin@acme")
    (group,), first = admin.values(GROUPS), admin.named("/vdcs", "acme-vdc")
    subnets = {"values": [{"gateway": "10.30.0.1", "prefixLength": 24}]}
    body = {"name": "n", "networkType": "ISOLATED", "ownerRef": {"id": first["id"]}, "subnets": subnets}
    network = admin.done("POST", "/orgVdcNetworks", body)
    assert admin.get(f"/orgVdcNetworks/{network}")["totalIpCount"] == 0
    for owner in (group["id"], first["id"]):
        sent = admin.get(f"/orgVdcNetworks/{network}") | {"ownerRef": {"id": owner}}
        admin.done("PUT", f"/orgVdcNetworks/{network}", sent)
        shown = admin.get(f"/orgVdcNetworks/{network}")
        assert (shown["ownerRef"]["id"], shown["shared"]) == (owner, owner == group["id"])
    # "If the network contains any IpV6 subnets, the total ip count will be null."
    six = {"values": [{"gateway": "2001:db8::1", "prefixLength": 64}]}
    made = admin.done("POST", "/orgVdcNetworks", body | {"name": "six", "subnets": six})
    assert admin.get(f"/orgVdcNetworks/{made}")["totalIpCount"] is None
    second = {"ownerRef": {"id": admin.named("/vdcs", "acme-vdc-2")["id"]}}
    admin.refused("PUT", f"/orgVdcNetworks/{network}", body | second, "between a VDC and its VDC group")


def test_a_group_locks_nat_apart_from_the_load_balancer(grouped: Simulator) -> None:
    # Terraform's provider locks NAT and firewall on the group, pools and virtual services on the edge gateway
    admin = Api(grouped, "admin@acme")
    (edge,) = admin.values("/edgeGateways")
    rule = {"name": "r", "type": "SNAT", "externalAddresses": "203.0.113.30", "internalAddresses": "10.10.0.0/24"}
    pool = {"name": "pool", "gatewayRef": {"id": edge["id"]}}
    grouped.faults([{"method": "POST", "route": "*/nat/rules", "task": "never", "times": 1}])
    nat = f"/edgeGateways/{edge['id']}/nat/rules"
    assert admin.ask("POST", nat, rule).status_code == 202
    admin.refused("POST", nat, rule, "com.vmware.vcloud.entity.vdcGroup:")
    admin.done("POST", "/loadBalancer/pools", pool)
    grouped.assume(vdc_group_locks="together")
    admin.refused("POST", "/loadBalancer/pools", {**pool, "name": "other"}, "com.vmware.vcloud.entity.vdcGroup:")


def test_a_group_with_an_unknown_vdc_is_refused() -> None:
    wrong = estate()
    wrong["organisations"][0]["vdc_groups"][0]["vdcs"].append("nowhere")
    with pytest.raises(EstateError, match="VDC group acme-group: no VDC 'nowhere' in acme"):
        build(SimulatedVcd(Settings()), wrong)
