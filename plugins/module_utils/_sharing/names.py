# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The names that CPI gives to its objects in VCD: the only thing by which it finds them again.

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1. The namespace of a Service is in none
of these names, so two Services of one name in two namespaces share their objects.
"""

from __future__ import annotations

from dataclasses import dataclass

CLUSTER_ID_PREFIXES = ("urn:vcloud:entity:vmware:", "urn:vcloud:entity:cse:nativeCluster:")
VIRTUAL_SERVICE, POOL, NAT_RULE = "virtual_service", "pool", "nat_rule"
APP_PORT_PROFILE = "application_port_profile"
# longest first: each prefix contains the one below it
_PREFIXES = {
    APP_PORT_PROFILE: "appPort_dnat-ingress-vs-",
    NAT_RULE: "dnat-ingress-vs-",
    VIRTUAL_SERVICE: "ingress-vs-",
    POOL: "ingress-pool-",
}


def short_cluster_id(cluster_id: str) -> str:
    """The cluster id as it stands in names: without the prefix of a defined entity."""
    for prefix in CLUSTER_ID_PREFIXES:
        cluster_id = cluster_id.removeprefix(prefix)
    return cluster_id


def virtual_service_name(service: str, cluster_id: str, port: str) -> str:
    """Name of the virtual service for one port (``port`` is the port's name, empty for an unnamed port)."""
    return f"ingress-vs-{service}-{short_cluster_id(cluster_id)}-{port}"


def pool_name(service: str, cluster_id: str, port: str) -> str:
    """Name of the pool for one port."""
    return f"ingress-pool-{service}-{short_cluster_id(cluster_id)}-{port}"


def nat_rule_name(virtual_service: str) -> str:
    """Name of the DNAT rule that leads to a virtual service."""
    return f"dnat-{virtual_service}"


def app_port_profile_name(nat_rule: str) -> str:
    """Name of the application port profile that a DNAT rule uses."""
    return f"appPort_{nat_rule}"


def ip_claim_marker(namespace: str, service: str, cluster_id: str) -> str:
    """Description by which CPI finds its IP Space allocation for a Service (the one name with a namespace in it)."""
    return f"cluster-{short_cluster_id(cluster_id)}-namespace-{namespace}-service-{service}"


@dataclass(frozen=True)
class OwnedName:
    """What the name of one of this cluster's objects says."""

    kind: str
    service: str
    port: str


def owned_name(name: str, cluster_id: str) -> OwnedName | None:
    """Read a name; None when the object is not this cluster's (another cluster's, or a person's)."""
    middle = f"-{short_cluster_id(cluster_id)}-"
    for kind, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            service, found, port = name.removeprefix(prefix).partition(middle)
            return OwnedName(kind, service, port) if found and service else None
    return None
