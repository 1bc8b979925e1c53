# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What CPI derives from a Service: protocols, profiles, certificates and all properties that it sets. Pure.

Valid for CPI 1.3.0 and later; 1.2.0 leaves the graceful timeout of a pool to Cloud Director (1 minute).

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1. The tests compare it, object by object,
with what the real program creates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import Network, network_of, version_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import UDP
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import HTTP, HTTPS, TCP, PortSpec

# The application profile that CPI chooses by protocol. With a certificate, TCP becomes TLS.
APPLICATION_PROFILES = {TCP: "L4", HTTP: "HTTP", HTTPS: "HTTPS"}
TLS_PROFILE, UDP_PROFILE = "L4_TLS", "L4"

# Go's strconv.ParseInt in base 10: a sign is fine, a blank is not
_INT32 = re.compile(r"[+-]?[0-9]{1,19}")

_CIDR = re.compile(r"[0-9A-Fa-f.:]+/[0-9]{1,3}")
IPV4, IPV6 = 4, 6

SSL_PORTS = "service.beta.kubernetes.io/vcloud-avi-ssl-ports"
SSL_CERT_ALIAS = "service.beta.kubernetes.io/vcloud-avi-ssl-cert-alias"
SSL_NO_TERMINATION = "service.beta.kubernetes.io/vcloud-avi-ssl-no-termination"


@dataclass(frozen=True)
class PortAside:
    """A port that CPI gives no virtual service, with the reason and the remedy."""

    name: str
    port: int
    why: str
    remedy: str

    @property
    def label(self) -> str:
        """How messages name it: by its name, or else its number."""
        return self.name or str(self.port)


def application_profile(port: PortSpec) -> str:
    """The application profile of a port's virtual service."""
    if port.protocol == UDP:
        return UDP_PROFILE
    return TLS_PROFILE if port.protocol == TCP and port.certificate else APPLICATION_PROFILES[port.protocol]


def default_certificate(cluster_id: str) -> str:
    """The alias that CPI uses where its file has no ``certAlias``: from the complete cluster id, with any prefix."""
    return f"{cluster_id}-cert" if cluster_id else ""


def read_vip_subnet(text: str) -> tuple[Network | None, str]:
    """CPI's ``vipSubnet``, or why CPI finds no address with it (a phrase that follows its value). Empty: no limit.

    CPI parses it only when a new Service needs an address, and Go accepts fewer forms of CIDR than other parsers: the
    prefix length must be given in digits. In an IPv6 network CPI counts through all addresses while every other Service
    waits.
    """
    if not text:
        return None, ""
    found = network_of(text) if _CIDR.fullmatch(text) else None
    if found is None:
        return None, "is not a subnet that CPI can read"
    if found.version != IPV4:
        return None, "is an IPv6 subnet, in which CPI searches without an end"
    if found.end == "255.255.255.255":
        return None, "ends at 255.255.255.255, where CPI stops at once"
    return found, ""


def health_monitors(port: PortSpec) -> tuple[str, ...]:
    """The health monitors of a port's pool: CPI sets one for plain TCP only.

    The UDP monitor counts a member as down only if the member answers that nothing listens on its port, so it never
    removes a serving member. Source: NSX ALB's description of its monitor System-UDP.
    """
    return (port.protocol,) if port.protocol in (TCP, UDP) else ()


def read_ports(
    ports: Iterable[Mapping[str, Any]], annotations: Mapping[str, str], default_certificate: str
) -> tuple[PortSpec, ...]:
    """The ports of a Kubernetes Service that CPI creates a virtual service for; see `read_all_ports`."""
    found = read_all_ports(ports, annotations, default_certificate)
    return tuple(spec for spec, aside in found if aside is None)


def read_all_ports(
    ports: Iterable[Mapping[str, Any]],
    annotations: Mapping[str, str],
    default_certificate: str,
    *,
    premium: bool = True,
) -> tuple[tuple[PortSpec, PortAside | None], ...]:
    """Each port of a Kubernetes Service as CPI understands it, and the reason if CPI creates no virtual service for it.

    ``ports`` have name, port, node_port, protocol and app_protocol; ``default_certificate`` is CPI's ``certAlias``.
    ``premium``: whether the edge gateway has the feature set PREMIUM; also true where that is not known. Raises
    InvalidInput for a list of TLS ports that CPI cannot read.
    """
    plain = annotations.get(SSL_NO_TERMINATION, "").lower() == "true"
    encrypted = _ssl_ports(annotations)
    certificate = annotations.get(SSL_CERT_ALIAS) or default_certificate
    found = []
    for port in ports:
        protocol, name, number = _protocol(port, plain), str(port.get("name") or ""), int(port["port"])
        spec = PortSpec(
            name=name,
            port=number,
            node_port=int(port.get("node_port") or 0),
            protocol=protocol if protocol in APPLICATION_PROFILES else TCP,
            certificate=certificate if number in encrypted and not plain else "",
        )
        reason = _why_not_created(spec, protocol, premium)
        found.append((spec, PortAside(name, number, *reason) if reason else None))
    return tuple(found)


def _why_not_created(port: PortSpec, protocol: str, premium: bool) -> tuple[str, str] | None:
    """Why CPI creates no virtual service for a port, and a remedy. It keeps an existing one in any case."""
    if not port.node_port:
        return "it has no node port, and CPI makes nothing for it", "set spec.allocateLoadBalancerNodePorts to true"
    if protocol not in APPLICATION_PROFILES:
        return f"{protocol}: CPI serves TCP only, and stops at this port", f"give {protocol} a Service of its own"
    refused = "Cloud Director refuses its virtual service, from CPI as well"
    if protocol == HTTPS and not port.certificate:
        remedy = f"list the port in the annotation {SSL_PORTS}, or remove its appProtocol"
        return f"https without a certificate: {refused}", remedy
    if protocol == HTTP and port.certificate:
        return f"http with a certificate: {refused}", f"set its appProtocol to https, or take it out of {SSL_PORTS}"
    if application_profile(port) == TLS_PROFILE and not premium:
        why = f"TLS for plain TCP needs an edge gateway with the feature set PREMIUM: {refused}"
        return why, f"set its appProtocol to https, or take it out of {SSL_PORTS}"
    return None


def _protocol(port: Mapping[str, Any], plain: bool) -> str:
    """TCP, HTTP or HTTPS, the only application protocols that CPI knows; with any other, the port's own protocol."""
    application = str(port.get("app_protocol") or "").upper()
    if application in APPLICATION_PROFILES and not plain:
        return application
    return str(port.get("protocol") or TCP).upper()


def _ssl_ports(annotations: Mapping[str, str]) -> frozenset[int]:
    text = annotations.get(SSL_PORTS)
    if text is None:
        return frozenset()
    parts = text.split(",")
    if not all(_INT32.fullmatch(part) and -(2**31) <= int(part) < 2**31 for part in parts):
        raise InvalidInput(SSL_PORTS, text, "write port numbers with commas and nothing else between them: 443,8443")
    return frozenset(map(int, parts))


def options_of(item: Object) -> dict[str, Any]:
    """An object in the options of its module, with CPI's values and without the options that a plan leaves open."""
    if isinstance(item, VirtualService):
        ports = [_port_option(text, bool(item.certificate)) for text in item.ports]
        return {
            "name": item.name,
            "enabled": item.enabled,
            "pool": item.pool,
            **_vip_options(item),
            "application_profile": item.profile,
            "certificate": item.certificate,
            "service_ports": ports,
            "transparent_mode_enabled": item.transparent,
        }
    if isinstance(item, Pool):
        return _pool_options(item)
    if isinstance(item, NatRule):
        return {
            "name": item.name,
            "enabled": item.enabled,
            "type": item.type,
            "external_addresses": item.external,
            "internal_addresses": item.internal,
            "dnat_external_port": item.port,
            "application_port_profile": item.profile,
        }
    if isinstance(item, IpSet):
        return {"name": item.name, "description": item.description, "ip_addresses": list(item.addresses)}
    if isinstance(item, HttpPolicy):
        return {"virtual_service": item.name, **{kind: list(rules) for kind, rules in item.lists}}
    return {
        "name": item.name,
        "description": f"App Port Profile [{item.name}]",
        "application_ports": _application_ports(item.ports),
    }


def _application_ports(texts: Iterable[str]) -> list[dict[str, Any]]:
    """One entry for each protocol; see `objects.AppPortProfile` for the texts."""
    found: dict[str, list[str]] = {}
    for text in texts:
        protocol, _blank, numbers = text.rpartition(" ")
        found.setdefault(protocol or TCP, []).append(numbers)
    return [{"name": None, "protocol": one, "destination_ports": numbers} for one, numbers in found.items()]


def _vip_options(item: VirtualService) -> dict[str, Any]:
    """Each VIP under the option for its IP version; CPI itself sets IPv4 VIPs only."""
    found = {vip_option(address): address for address in (item.ipv6_address, item.address) if address}
    return found or {vip_option(""): ""}


def vip_option(address: str) -> str:
    """The option of vcd_virtual_service that takes this address."""
    return "ipv6_virtual_ip_address" if version_of(address) == IPV6 else "virtual_ip_address"


def _pool_options(pool: Pool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "name": pool.name,
        "enabled": pool.enabled,
        "algorithm": "ROUND_ROBIN",
        "graceful_timeout_period": 0,
    }
    if pool.port is not None:
        options["default_port"] = pool.port
    if pool.monitors is not None:
        options["health_monitors"] = list(pool.monitors)
    options.update(pool.settings)
    if pool.member_group:
        options["member_group"] = pool.member_group
    elif pool.members is not None:
        options["members"] = [
            {"ip_address": address, "port": pool.port, "ratio": 1, "enabled": True} for address in pool.members
        ]
    return options


def _port_option(text: str, secured: bool) -> dict[str, Any]:
    protocol, _blank, numbers = text.rpartition(" ")
    start, _dash, end = numbers.partition("-")
    kind = "UDP_FAST_PATH" if protocol == UDP else "TCP_PROXY"
    return {"start": int(start), "end": int(end or start), "ssl_enabled": secured and protocol != UDP, "type": kind}
