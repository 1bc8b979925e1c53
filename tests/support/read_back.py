# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a test writes an object of the simulator with all its fields, and with the required ones only.

``read_back_kinds`` lists the kinds of objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator_bench import Api
from vcdsim.bodies import Body

VERSION = "39.0"
REST = "/loadBalancer"


class Place:
    """The identifiers that bodies refer to, and a client that may do everything."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.edge = self.only("/edgeGateways", "acme-edge")
        self.vdc = self.only("/vdcs", "acme-vdc")
        self.org = self.only("/orgs", "acme")
        self.context = {"headers": {"X-VMWARE-VCLOUD-TENANT-CONTEXT": self.org}}
        self.network = self.only("/orgVdcNetworks", "k8s-net")
        self.group = self.only(REST + "/serviceEngineGroups", "seg-shared")
        self.ip_set = self.only("/firewallGroups/summaries", "workers")
        self.manager = api.get(f"/edgeGateways/{self.edge}")["gatewayBacking"]["networkProvider"]["id"]
        self.router: list[str] = []  # the Tier-0 router of the test, once it is found
        self.settings = f"/edgeGateways/{self.edge}/loadBalancer"
        self.named_cloud = {"loadBalancerCloudRef": self.read(self.settings)["loadBalancerCloudRef"]}
        premium = {"enabled": True, "supportedFeatureSet": "PREMIUM", "transparentModeEnabled": True}
        premium["ipv6ServiceNetworkDefinition"] = "2001:db8:7::1/120"
        self.write("PUT", self.settings, premium | self.named_cloud)

    def only(self, path: str, name: str) -> str:
        return str(self.api.named(path, name)["id"])

    def read(self, path: str) -> Any:
        return self.api.get(path, version=VERSION, **self.context)

    def write(self, method: str, path: str, body: Any) -> str:
        """Send a write; return the identifier of its object, whether VCD answers at once or with a task."""
        answer = self.api.ask(method, path, body, version=VERSION, **self.context)
        assert answer.status_code in (200, 201, 202), answer.text
        if answer.status_code != 202:
            return str(answer.json().get("id", ""))
        task = self.api.task(answer)
        assert task.get("status") == "success"
        return str(next(one for one in task if one.tag.endswith("Owner")).get("id"))

    @cached_property
    def certificate(self) -> str:
        return str(self.read("/ssl/certificateLibrary")["values"][0]["id"])

    @cached_property
    def pem(self) -> str:
        return str(self.read(f"/ssl/certificateLibrary/{self.certificate}")["certificate"])

    @cached_property
    def profile(self) -> str:
        return self.write("POST", "/applicationPortProfiles", self.profile_body("used"))

    def profile_body(self, name: str) -> dict[str, Any]:
        ports = [{"protocol": "TCP", "destinationPorts": ["80"]}]
        return {"name": name, "applicationPorts": ports, "orgRef": {"id": self.org}, "contextEntityId": self.vdc}

    @cached_property
    def vdc_group(self) -> str:
        member = [{"vdcRef": {"id": self.vdc}}]
        body = {"name": "used", "orgId": self.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": member}
        return self.write("POST", "/vdcGroups", body)

    def pool(self, name: str) -> str:
        body = {"name": name, "gatewayRef": {"id": self.edge}, "memberGroupRef": {"id": self.ip_set}}
        return self.write("POST", REST + "/pools", body)

    @cached_property
    def service(self) -> str:
        return self.write("POST", REST + "/virtualServices", self.service_body(self.pool("of-service")))

    def service_body(self, pool: str) -> dict[str, Any]:
        return {
            "name": "service",
            "enabled": True,
            "applicationProfile": {"type": "HTTP"},
            "loadBalancerPoolRef": {"id": pool},
            "gatewayRef": {"id": self.edge},
            "serviceEngineGroupRef": {"id": self.group},
            "servicePorts": [{"portStart": 80}],
            "virtualIpAddress": "203.0.113.40",
        }

    @cached_property
    def space(self) -> str:
        return self.write("POST", "/ipSpaces", self.space_body("used"))

    @staticmethod
    def space_body(name: str) -> dict[str, Any]:
        ranges = [{"startIpAddress": "10.200.0.1", "endIpAddress": "10.200.0.9"}]
        scope = {"ipSpaceInternalScope": ["10.200.0.0/16"], "ipSpaceRanges": {"ipRanges": ranges}}
        return {"name": name, "type": "PUBLIC", **scope}

    @cached_property
    def controller(self) -> str:
        body = {"name": "used", "url": "https://used.example.com", "username": "u", "password": "p"}
        return self.write("POST", REST + "/controllers", body)

    @cached_property
    def cloud(self) -> str:
        return self.write("POST", REST + "/clouds", {"name": "used", "loadBalancerCloudBacking": self.cloud_backing()})

    def cloud_backing(self) -> dict[str, Any]:
        (found,) = self.read(f"/nsxAlbResources/importableClouds?filter=_context=={self.controller}")["values"]
        return {
            "backingId": found["id"],
            "backingType": "NSXALB_NSXT",
            "loadBalancerControllerRef": {"id": self.controller},
        }

    @cached_property
    def group_backing(self) -> dict[str, Any]:
        path = f"/nsxAlbResources/importableServiceEngineGroups?filter=_context=={self.cloud}"
        return {
            "backingId": self.read(path)["values"][0]["id"],
            "loadBalancerCloudRef": {"id": self.cloud},
        }


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    ``full`` makes bodies that together have every writable field, with other values than the defaults. ``least`` makes
    the body that has the required fields only. ``post`` is empty if the object is there already and ``one`` is its
    path. ``otherwise`` says what is documented to be shown otherwise, ``aside`` which fields are left out and why,
    ``without`` what is shown of a field that a PUT leaves out, if not its default.
    """

    body: Body
    post: str
    full: Callable[[Place], list[dict[str, Any]]]
    least: Callable[[Place], dict[str, Any]]
    one: Callable[[Place], str] | None = None
    otherwise: dict[str, Any] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    without: dict[str, Any] = field(default_factory=dict)
    find: Callable[[Place, str], str] | None = None
    put: bool = True


def ref(urn: str) -> dict[str, str]:
    return {"id": urn}
