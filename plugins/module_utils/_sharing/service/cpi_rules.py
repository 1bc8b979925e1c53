# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What CPI makes in VCD for a Service in a scenario: every object with every property that it sets. Pure.

True for CPI 1.3.0 and later; 1.2.0 leaves the graceful timeout of a pool to Cloud Director (1 minute).

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1, and what the real program was seen to
make: the tests compare this with it, object by object. The properties are those that this collection's modules take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, lowest_free
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    Naming,
    app_port_profile_name,
    nat_rule_name,
)

TCP, HTTP, HTTPS = "TCP", "HTTP", "HTTPS"
# what CPI makes of a port's protocol; with a certificate, TCP becomes TLS
APPLICATION_PROFILES = {TCP: "L4", HTTP: "HTTP", HTTPS: "HTTPS"}
TLS_PROFILE = "L4_TLS"

SSL_PORTS = "service.beta.kubernetes.io/vcloud-avi-ssl-ports"
SSL_CERT_ALIAS = "service.beta.kubernetes.io/vcloud-avi-ssl-cert-alias"
SSL_NO_TERMINATION = "service.beta.kubernetes.io/vcloud-avi-ssl-no-termination"


@dataclass(frozen=True)
class DesiredPort:
    """A port to serve: ``protocol`` is TCP, HTTP or HTTPS, ``certificate`` the alias of a certificate, or empty."""

    name: str
    port: int
    node_port: int
    protocol: str = TCP
    certificate: str = ""


@dataclass(frozen=True)
class DesiredService:
    """A Service to serve: its external IP, the addresses of its pool members, and its ports.

    Its objects are named as CPI of the cluster ``cluster_id`` names them, or by ``naming``.
    """

    name: str
    cluster_id: str
    external_ip: str
    members: tuple[str, ...]
    ports: tuple[DesiredPort, ...]
    namespace: str = ""
    naming: Naming | None = None

    @property
    def names(self) -> Naming:
        """How its objects are named."""
        return self.naming or Naming.of_cluster(self.cluster_id)

    @property
    def label(self) -> str:
        """How a person names it: namespace/name."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True)
class Pool:
    """A pool, with its members' addresses in order."""

    name: str
    members: tuple[str, ...]
    default_port: int
    health_monitors: tuple[str, ...]
    algorithm: str = "ROUND_ROBIN"
    graceful_timeout_period: int = 0

    def as_options(self) -> dict[str, Any]:
        """The options of vcd_pool."""
        members = [{"ip_address": ip, "port": self.default_port, "ratio": 1, "enabled": True} for ip in self.members]
        return {**asdict(self), "members": members, "health_monitors": list(self.health_monitors), "enabled": True}


@dataclass(frozen=True)
class VirtualService:
    """A virtual service for one port."""

    name: str
    pool: str
    virtual_ip_address: str
    port: int
    application_profile: str
    certificate: str

    def as_options(self) -> dict[str, Any]:
        """The options of vcd_virtual_service."""
        encrypted = bool(self.certificate)
        port = {"start": self.port, "end": self.port, "ssl_enabled": encrypted, "type": "TCP_PROXY"}
        return {
            "name": self.name,
            "enabled": True,
            "pool": self.pool,
            "virtual_ip_address": self.virtual_ip_address,
            "application_profile": self.application_profile,
            "certificate": self.certificate,
            "service_ports": [port],
        }


@dataclass(frozen=True)
class AppPortProfile:
    """An application port profile for one DNAT rule: the port after translation, which CPI leaves as it is."""

    name: str
    port: int

    def as_options(self) -> dict[str, Any]:
        """The options of vcd_app_port_profile."""
        ports = [{"protocol": "TCP", "destination_ports": [str(self.port)]}]
        return {"name": self.name, "description": f"App Port Profile [{self.name}]", "application_ports": ports}


@dataclass(frozen=True)
class NatRule:
    """A DNAT rule for one port."""

    name: str
    external_addresses: str
    internal_addresses: str
    dnat_external_port: str
    application_port_profile: str

    def as_options(self) -> dict[str, Any]:
        """The options of vcd_nat_rule."""
        return {**asdict(self), "type": "DNAT", "enabled": True}


@dataclass(frozen=True)
class PortObjects:
    """The objects of one port, in the order in which CPI makes them; the first two only where there is NAT."""

    app_port_profile: AppPortProfile | None
    nat_rule: NatRule | None
    pool: Pool
    virtual_service: VirtualService


def desired(service: DesiredService, scenario: Scenario, internal_ips: Sequence[str] = ()) -> tuple[PortObjects, ...]:
    """The objects of a Service in a scenario, one entry a port.

    ``internal_ips``: none for shared_external, one for shared_internal, one a port for distinct_internal (see
    `choose_internal_ips`). InvalidInput when their number is another one.
    """
    needed = internal_ips_needed(scenario, len(service.ports))
    if len(internal_ips) != needed:
        raise InvalidInput("internal_ips", ", ".join(internal_ips), f"{scenario.value} needs {needed} here")
    spread = list(internal_ips) * len(service.ports) if scenario is Scenario.SHARED_INTERNAL else list(internal_ips)
    addresses = spread or [service.external_ip] * len(service.ports)
    return tuple(
        _port(service, port, address, scenario) for port, address in zip(service.ports, addresses, strict=True)
    )


def internal_ips_needed(scenario: Scenario, ports: int) -> int:
    """How many internal IPs a Service with so many ports has."""
    if scenario is Scenario.DISTINCT_INTERNAL:
        return ports
    return 1 if scenario is Scenario.SHARED_INTERNAL and ports else 0


def choose_internal_ips(one_arm: AddressRange, used: Iterable[str], count: int) -> tuple[str, ...]:
    """The lowest addresses of the one-arm range that no virtual service of the gateway uses, as CPI takes them.

    InvalidInput when there are not enough.
    """
    found = lowest_free(one_arm, used, count)
    if len(found) < count:
        remedy = f"only {len(found)} of its addresses are free, {count} are needed: give a larger range"
        raise InvalidInput("one_arm", str(one_arm), remedy)
    return found


def read_ports(
    ports: Iterable[Mapping[str, Any]], annotations: Mapping[str, str], default_certificate: str
) -> tuple[DesiredPort, ...]:
    """The ports of a Kubernetes Service as CPI understands them; those without a node port are left out.

    ``ports`` have name, port, node_port, protocol and app_protocol; ``default_certificate`` is CPI's ``certAlias``.
    InvalidInput for what CPI refuses (UDP, a list of TLS ports that is none).
    """
    plain = annotations.get(SSL_NO_TERMINATION, "").lower() == "true"
    encrypted = _ssl_ports(annotations)
    certificate = annotations.get(SSL_CERT_ALIAS) or default_certificate
    return tuple(
        DesiredPort(
            name=str(port.get("name") or ""),
            port=int(port["port"]),
            node_port=int(port["node_port"]),
            protocol=_protocol(port, plain),
            certificate=certificate if port["port"] in encrypted and not plain else "",
        )
        for port in ports
        if port.get("node_port")
    )


def _port(service: DesiredService, port: DesiredPort, address: str, scenario: Scenario) -> PortObjects:
    name = service.names.virtual_service(service.name, port.name, service.namespace)
    pool = Pool(
        name=service.names.pool(service.name, port.name, service.namespace),
        members=tuple(sorted(set(service.members))),
        default_port=port.node_port,
        health_monitors=(TCP,) if port.protocol == TCP else (),
    )
    profile = TLS_PROFILE if port.protocol == TCP and port.certificate else APPLICATION_PROFILES[port.protocol]
    found = VirtualService(name, pool.name, address, port.port, profile, port.certificate)
    if not scenario.one_arm:
        return PortObjects(None, None, pool, found)
    rule = nat_rule_name(name)
    app_ports = AppPortProfile(app_port_profile_name(rule), port.port)
    nat = NatRule(rule, service.external_ip, address, str(port.port), app_ports.name)
    return PortObjects(app_ports, nat, pool, found)


def _protocol(port: Mapping[str, Any], plain: bool) -> str:
    """TCP, HTTP or HTTPS: CPI knows these three application protocols and ignores any other."""
    application = str(port.get("app_protocol") or "").upper()
    if application in APPLICATION_PROFILES and not plain:
        return application
    protocol = str(port.get("protocol") or TCP).upper()
    if protocol not in APPLICATION_PROFILES:
        raise InvalidInput("ports.protocol", protocol, "CPI serves TCP only")
    return protocol


def _ssl_ports(annotations: Mapping[str, str]) -> frozenset[int]:
    text = annotations.get(SSL_PORTS)
    if text is None:
        return frozenset()
    parts = text.split(",")
    if not all(part.isdigit() for part in parts):  # CPI does not even bear a space there
        raise InvalidInput(SSL_PORTS, text, "write port numbers with commas and nothing else between them: 443,8443")
    return frozenset(map(int, parts))
