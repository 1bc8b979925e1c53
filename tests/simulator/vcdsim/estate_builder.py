# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds organisations with their users, VDCs, networks, virtual machines, certificates, IP Spaces and entities."""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim.estate_gateways import NSX_T, EstateError, GatewayBuilder, ends_of, subnet_of
from vcdsim.resources.distributed_firewall import activate
from vcdsim.rights import ROLES
from vcdsim.sessions import SYSTEM_ORG
from vcdsim.store import Record
from vcdsim.tasks import wall_clock
from vcdsim.tls import make_certificate


class Builder(GatewayBuilder):
    """Builds the objects of an estate in a store."""

    def system(self, spec: dict[str, Any]) -> None:
        org = self._org({"name": SYSTEM_ORG})
        for user in spec.get("users", []):
            self._user(user, org, "System Administrator")
        self._certificates(spec, org)
        self.add("nsxtmanager", NSX_T, {"name": NSX_T}, None, facts={"provider_scope": NSX_T})
        self.add("networkPool", NSX_T, {"name": f"{NSX_T}-pool"}, None)
        provider = self.add("providervdc", NSX_T, {"name": f"{NSX_T}-pvdc"}, None)
        for name in (f"{NSX_T}-storage", f"{NSX_T}-storage-2"):
            data = {"name": name, "providerVdc": provider.id}
            self.add("providervdcstorageprofile", name, data, None)

        for name in spec.get("network_context_profiles", []):
            profile = {"name": name, "description": f"Matches {name}", "scope": "SYSTEM"}
            self.add("networkContextProfile", name, profile, None, shared=True)

    def _org(self, spec: dict[str, Any]) -> Record:
        data = {
            "name": spec["name"],
            "displayName": spec.get("full_name", spec["name"]),
            "description": spec.get("description", ""),
            "isEnabled": True,
        }
        org = self.add("org", spec["name"], data, None, id=spec.get("id"))
        org.org = org.id  # an organisation belongs to itself, so that its users see it and others do not
        return org

    def _certificates(self, spec: dict[str, Any], org: Record) -> None:
        for certificate in spec.get("certificates", []):
            data = {
                "alias": certificate["alias"],
                "description": certificate.get("description"),
                "certificate": certificate.get("certificate") or make_certificate(certificate["alias"]),
            }
            seed = f"{org.name}/{certificate['alias']}"
            self.add("certificateLibraryItem", seed, data, org.id, facts={"has_key": True})

    def organisation(self, spec: dict[str, Any], spaces: list[dict[str, Any]]) -> None:
        org = self._org(spec)
        for user in spec.get("users", []):
            self._user(user, org, "Organization Administrator")
        self._certificates(spec, org)
        for space in spaces:
            self.ip_space(space, org)
        for vdc in spec.get("vdcs", []):
            self.vdc(vdc, org)
        for group in spec.get("vdc_groups", []):
            self._vdc_group(group, org)
        for allocation in spec.get("ip_allocations", []):
            self._allocation(allocation, org)
        for entity in spec.get("entities", []):
            self._entity(entity, org)

    def _user(self, spec: dict[str, Any], org: Record, default_role: str) -> None:
        # single rights form their own role, which the session and the list of roles name
        role = spec.get("role", f"Role of {spec['name']}" if "rights" in spec else default_role)
        if role not in ROLES and "rights" not in spec:
            raise EstateError(f"estate: user {spec['name']}: no role {role!r}; there are {', '.join(ROLES)}")
        rights = frozenset(spec.get("rights", ROLES.get(role, ())))
        facts = {"password": spec["password"], "role": role, "rights": rights}
        seed = f"{org.name}/{spec['name']}"
        user = self.add("user", seed, {"name": spec["name"], "enabled": True}, org.id, facts=facts)
        for number, value in enumerate(spec.get("api_tokens", [])):
            token_facts = {"user": user.id, "value": value, "client_id": self.store.mint("natRule", f"{seed}/{number}")}
            self.add("token", f"{seed}/{number}", {"name": f"token-{number + 1}"}, org.id, facts=token_facts)

    def vdc(self, spec: dict[str, Any], org: Record) -> None:
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "allocationType": spec.get("allocation_type", "FLEX"),
            "networkPool": self.named("networkPool", f"{NSX_T}-pool").id,
        }
        facts = {"network_provider": "NSX_T", "provider_scope": NSX_T}
        vdc = self.add("vdc", f"{org.name}/{spec['name']}", data, org.id, id=spec.get("id"), facts=facts)
        source = self.named("providervdcstorageprofile", f"{NSX_T}-storage")
        profile = {"name": source.name, "source": source.id, "vdc": vdc.id, "Units": "MB", "Limit": 0}
        self.add("vdcstorageProfile", vdc.id, {**profile, "Enabled": True, "Default": True}, org.id)
        # gateways first: networks refer to them
        for gateway in spec.get("edge_gateways", []):
            self.gateway(gateway, vdc)
        for network in spec.get("networks", []):
            self._network(network, vdc)
        for vapp in spec.get("vapps", []):
            self._vapp(vapp, vdc)
        for profile in spec.get("application_port_profiles", []):
            self.profile(profile, org, "TENANT", vdc)

    def _vdc_group(self, spec: dict[str, Any], org: Record) -> None:
        known = {one.name: one.id for one in self.store.all("vdc") if one.org == org.id}
        unknown = [name for name in spec["vdcs"] if name not in known]
        if unknown:
            raise EstateError(f"estate: VDC group {spec['name']}: no VDC {unknown[0]!r} in {org.name}")
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "vdcs": [known[name] for name in spec["vdcs"]],
        }
        facts = {"provider_scope": NSX_T}
        group = self.add("vdcGroup", f"{org.name}/{spec['name']}", data, org.id, id=spec.get("id"), facts=facts)
        if spec.get("distributed_firewall"):
            activate(self.store, group)
        for gateway in spec.get("edge_gateways", []):
            self.gateway(gateway, group)
        for network in spec.get("networks", []):
            self._network(network, group)

    def _network(self, spec: dict[str, Any], vdc: Record) -> None:
        router = None
        if "edge_gateway" in spec:
            found = [
                one
                for one in self.store.all("gateway")
                if one.name == spec["edge_gateway"] and one.data["ownerRef"] == vdc.id
            ]
            if not found:
                raise EstateError(
                    f"estate: network {spec['name']}: no edge gateway {spec['edge_gateway']!r} in {vdc.name}"
                )
            router = found[0].id
        gateway_address = ipaddress.ip_interface(spec["gateway"])
        described = subnet_of(
            {
                "gateway": str(gateway_address.ip),
                "prefix_length": gateway_address.network.prefixlen,
                "ip_ranges": spec.get("ip_ranges", []),
            }
        )
        only_of_gateways = ("primaryIp", "autoAllocateIpRanges")
        subnet = {name: value for name, value in described.items() if name not in only_of_gateways}
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "ownerRef": vdc.id,
            "router": router,
            "networkType": "NAT_ROUTED" if router else "ISOLATED",
            "subnets": {"values": [subnet]},
            "shared": False,
            "enableDualSubnetNetwork": False,
            "guestVlanTaggingAllowed": False,
            "routeAdvertised": False,
        }
        facts = {"backing": spec.get("backing_type", "NSXT_FLEXIBLE_SEGMENT"), "machines": {}}
        self.add("network", f"{vdc.id}/{spec['name']}", data, vdc.org, id=spec.get("id"), facts=facts)

    def _vapp(self, spec: dict[str, Any], vdc: Record) -> None:
        data = {"name": spec["name"], "vdc": vdc.id}
        facts = {"metadata": spec.get("metadata", [])}
        vapp = self.add("vapp", f"{vdc.id}/{spec['name']}", data, vdc.org, id=spec.get("id"), facts=facts)
        for vm in spec.get("vms", []):
            data = {
                "name": vm["name"],
                "vapp": vapp.id,
                "status": vm.get("status", "POWERED_ON"),
                "networks": vm.get("networks", []),
            }
            self.add("vm", f"{vapp.id}/{vm['name']}", data, vdc.org, id=vm.get("id"))
            for nic in data["networks"]:
                for network in self.store.all("network"):
                    here = network.name == nic["network"] and network.data["ownerRef"] == vdc.id
                    if here and "ip" in nic:
                        network.facts["machines"][vm["name"]] = nic["ip"]

    def profile(self, spec: dict[str, Any], org: Record | None, scope: str, vdc: Record | None) -> None:
        ports = [
            {
                "name": spec["name"],
                "protocol": one["protocol"],
                "destinationPorts": [str(port) for port in one["ports"]],
            }
            for one in spec["ports"]
        ]
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "scope": scope,
            "applicationPorts": ports,
        }
        facts = {"context": vdc.id if vdc else None, "provider_scope": NSX_T}
        seed = f"{org.name if org else 'SYSTEM'}/{spec['name']}"
        owner = org.id if org else None
        self.add("applicationPortProfile", seed, data, owner, shared=org is None, facts=facts)

    def ip_space(self, spec: dict[str, Any], org: Record | None) -> None:
        ranges = []
        for one in spec["ranges"]:
            low, high = ends_of(one)
            seed = f"range/{spec['name']}/{one}"
            ranges.append({"id": self.store.mint("ipSpaceRange", seed), "startIpAddress": low, "endIpAddress": high})
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "type": "PRIVATE" if org else spec.get("type", "PUBLIC"),
            "ipSpaceInternalScope": spec["internal_scope"],
            "ipSpaceExternalScope": spec.get("external_scope", "0.0.0.0/0"),
            "ipSpaceRanges": {"ipRanges": ranges, "defaultFloatingIpQuota": spec.get("floating_ip_quota", -1)},
            "ipSpacePrefixes": [],
            "routeAdvertisementEnabled": False,
        }
        space = self.add("ipSpace", spec["name"], data, org.id if org else None, shared=org is None)
        for name in spec.get("uplinks", []):
            network = self.store.mint("network", f"external/{name}")
            link = {
                "name": f"{name}-{spec['name']}",
                "ipSpaceRef": space.id,
                "externalNetworkRef": network,
                "externalNetworkName": name,
            }
            self.add("ipSpaceUplink", f"{name}/{spec['name']}", link, None)

    def _allocation(self, spec: dict[str, Any], org: Record) -> None:
        space = self.named("ipSpace", spec["ip_space"])
        data = {
            "type": "FLOATING_IP",
            "value": spec["value"],
            "usageState": "USED_MANUAL" if spec.get("description") else "UNUSED",
            "description": spec.get("description"),
            "allocationDate": wall_clock(),
        }
        self.add("ipSpaceIpAllocation", f"{space.id}/{spec['value']}", data, org.id, facts={"space": space.id})

    def _entity(self, spec: dict[str, Any], org: Record) -> None:
        vendor, nss, version = spec["type"]
        type_id = f"urn:vcloud:type:{vendor}:{nss}:{version}"
        if not self.store.get("entityType", type_id):
            data = {"name": nss, "vendor": vendor, "nss": nss, "version": version, "schema": {"type": "object"}}
            if nss == "capvcdCluster":
                data["interfaces"] = ["urn:vcloud:interface:vmware:k8s:1.0.0"]  # as CAPVCD registers it
            self.add("entityType", type_id, {**data, "readonly": False}, None, id=type_id, shared=True)
        data = {"name": spec["name"], "entityType": type_id, "entity": spec.get("entity", {}), "externalId": None}
        identifier = spec.get("id") or f"urn:vcloud:entity:{vendor}:{nss}:{self.store.mint('natRule', spec['name'])}"
        users = [one for one in self.store.all("user") if one.org == org.id]
        owner = next((one for one in users if spec.get("owner") in (None, one.name)), None)
        facts = {
            "state": spec.get("state", "RESOLVED"),
            "revision": 1,
            "owner": owner.id if owner else None,
            "private": "owner" in spec,
        }
        self.add("entity", identifier, data, org.id, id=identifier, facts=facts)
