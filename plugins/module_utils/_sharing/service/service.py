# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A service as the domain knows it: built once, with its names, ports and addresses. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import UDP
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    Naming,
    PortNames,
    ip_claim_marker,
    short_cluster_id,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    POLICY_KINDS,
    SECURITY_RULES,
    PoolSettings,
    Rules,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    EdgeAddresses,
    PresentPort,
    present_ports,
)

TCP, HTTP, HTTPS = "TCP", "HTTP", "HTTPS"


@dataclass(frozen=True)
class PortSpec:
    """The specification of a port. ``port`` is what clients use, ``node_port`` is the port of the pool members.

    ``protocol`` is TCP, HTTP, HTTPS or UDP; ``certificate`` is an alias, or empty. ``redirect_to`` is the HTTPS port to
    which its virtual service redirects, 0 if an earlier redirect is to be removed, and None if no option decides.
    ``rules`` are the HTTP policies that options give, by kind.
    """

    name: str
    port: int
    node_port: int
    protocol: str = TCP
    certificate: str = ""
    redirect_to: int | None = None
    rules: tuple[tuple[str, Rules], ...] = ()

    @property
    def policy_kinds(self) -> tuple[str, ...]:
        """The kinds of HTTP policies that options decide on."""
        asked = [kind for kind, _rules in self.rules]
        if self.redirect_to is not None:
            asked.append(SECURITY_RULES)
        return tuple(kind for kind in POLICY_KINDS if kind in asked)

    @property
    def transport(self) -> str:
        """TCP or UDP: the protocol of its packets."""
        return UDP if self.protocol == UDP else TCP


@dataclass(frozen=True)
class ServicePort:
    """A port of a service, with the names of its objects in any scenario."""

    spec: PortSpec
    names: PortNames

    @property
    def number(self) -> str:
        """The port that clients use, as text."""
        return str(self.spec.port)

    @property
    def text(self) -> str:
        """The port in the form of objects: "53", or "UDP 53" (see `objects.VirtualService`)."""
        return f"{UDP} {self.number}" if self.spec.transport == UDP else self.number

    @property
    def label(self) -> str:
        """How messages name it: by its name, or else its number."""
        return self.spec.name or self.number


@dataclass(frozen=True)
class Service:
    """A service on an edge gateway: of a cluster (with ``cluster_id``; CPI manages the objects), or of machines.

    ``external_ip`` is empty until it is known. ``members`` are the addresses in its pools; a service of a cluster may
    have none here, as CPI maintains them. ``shared_rule`` names the one DNAT rule that may serve all ports. ``others``
    are the names of the objects of further ports, which no plan changes (but see `Goal.wanted`).
    ``preserve_client_ip``: its members see the client's address. ``member_group`` is the operator's IP set or security
    group that holds the members. ``pool_settings`` are the options for all its pools.
    """

    name: str
    namespace: str
    ports: tuple[ServicePort, ...]
    shared_rule: str
    claim_marker: str
    cluster_id: str = ""
    external_ip: str = ""
    members: tuple[str, ...] = ()
    others: tuple[PortNames, ...] = ()
    preserve_client_ip: bool = False
    member_group: str = ""
    pool_settings: PoolSettings = ()

    @classmethod
    def build(
        cls,
        name: str,
        ports: Iterable[PortSpec],
        naming: Naming,
        *,
        namespace: str = "",
        cluster_id: str = "",
        external_ip: str = "",
        members: Iterable[str] = (),
        others: Iterable[str] = (),
        preserve_client_ip: bool = False,
        member_group: str = "",
        pool_settings: PoolSettings = (),
    ) -> Service:
        """A service whose objects are named by ``naming``. ``others`` are names of ports that stay as they are."""
        named = tuple(ServicePort(spec, naming.port(name, spec.name, namespace)) for spec in ports)
        if cluster_id:
            marker = ip_claim_marker(namespace, name, short_cluster_id(cluster_id))
        else:
            marker = f"service {naming.port(name, '*', namespace).virtual_service}"
        rule, addresses = naming.shared_rule(name, namespace), tuple(sorted(set(members)))
        left = tuple(naming.port(name, port, namespace) for port in others)
        return cls(
            name,
            namespace,
            named,
            rule,
            marker,
            cluster_id,
            external_ip,
            addresses,
            left,
            preserve_client_ip,
            member_group,
            pool_settings,
        )

    @property
    def label(self) -> str:
        """How messages name it: namespace/name."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def managed_by_cpi(self) -> bool:
        """Whether CPI manages its objects, so that plans leave alone what CPI itself keeps up to date."""
        return bool(self.cluster_id)

    def with_external_ip(self, address: str) -> Service:
        """The same service on another external IP."""
        return replace(self, external_ip=address)

    def own_names(self) -> frozenset[str]:
        """Every name that its objects may have."""
        return self._own_names

    @cached_property
    def _own_names(self) -> frozenset[str]:
        ports = [*(port.names for port in self.ports), *self.others]
        return frozenset({name for names in ports for name in names} | {self.shared_rule})

    def present(self, inventory: Inventory, edge: EdgeAddresses) -> tuple[PresentPort, ...]:
        """Its present objects on the gateway, port by port."""
        return present_ports((port.names for port in self.ports), self.shared_rule, inventory, edge)
