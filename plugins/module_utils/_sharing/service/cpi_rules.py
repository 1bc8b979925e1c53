# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What CPI derives from a Service: protocols, profiles, certificates and all properties that it sets. Pure.

True for CPI 1.3.0 and later; 1.2.0 leaves the graceful timeout of a pool to Cloud Director (1 minute).

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1. The tests compare this, object by
object, with what the real program creates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import HTTP, HTTPS, TCP, PortSpec

# The application profile that CPI chooses by protocol. With a certificate, TCP becomes TLS.
APPLICATION_PROFILES = {TCP: "L4", HTTP: "HTTP", HTTPS: "HTTPS"}
TLS_PROFILE = "L4_TLS"

# Go's strconv.ParseInt in base 10: a sign is fine, a blank is not
_INT32 = re.compile(r"[+-]?[0-9]{1,19}")

SSL_PORTS = "service.beta.kubernetes.io/vcloud-avi-ssl-ports"
SSL_CERT_ALIAS = "service.beta.kubernetes.io/vcloud-avi-ssl-cert-alias"
SSL_NO_TERMINATION = "service.beta.kubernetes.io/vcloud-avi-ssl-no-termination"


def application_profile(port: PortSpec) -> str:
    """The application profile of a port's virtual service."""
    return TLS_PROFILE if port.protocol == TCP and port.certificate else APPLICATION_PROFILES[port.protocol]


def default_certificate(cluster_id: str) -> str:
    """The alias that CPI uses where its file has no ``certAlias``: made of the whole cluster id, with any prefix."""
    return f"{cluster_id}-cert" if cluster_id else ""


def health_monitors(port: PortSpec) -> tuple[str, ...]:
    """The health monitors of a port's pool: CPI sets one for plain TCP only."""
    return (TCP,) if port.protocol == TCP else ()


def read_ports(
    ports: Iterable[Mapping[str, Any]], annotations: Mapping[str, str], default_certificate: str
) -> tuple[PortSpec, ...]:
    """The ports of a Kubernetes Service as CPI understands them. Those without a node port are left out.

    ``ports`` have name, port, node_port, protocol and app_protocol; ``default_certificate`` is CPI's ``certAlias``.
    Raises InvalidInput for what CPI refuses: UDP, and a list of TLS ports that it cannot read.
    """
    plain = annotations.get(SSL_NO_TERMINATION, "").lower() == "true"
    encrypted = _ssl_ports(annotations)
    certificate = annotations.get(SSL_CERT_ALIAS) or default_certificate
    return tuple(
        PortSpec(
            name=str(port.get("name") or ""),
            port=int(port["port"]),
            node_port=int(port["node_port"]),
            protocol=_protocol(port, plain),
            certificate=certificate if port["port"] in encrypted and not plain else "",
        )
        for port in ports
        if port.get("node_port")
    )


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
    if not all(_INT32.fullmatch(part) and -(2**31) <= int(part) < 2**31 for part in parts):
        raise InvalidInput(SSL_PORTS, text, "write port numbers with commas and nothing else between them: 443,8443")
    return frozenset(map(int, parts))


def options_of(item: Object) -> dict[str, Any]:
    """An object as the options of its module, as CPI sets them, without those that a plan leaves open."""
    if isinstance(item, VirtualService):
        ports = [_port_option(text, bool(item.certificate)) for text in item.ports]
        return {
            "name": item.name,
            "enabled": item.enabled,
            "pool": item.pool,
            "virtual_ip_address": item.address,
            "application_profile": item.profile,
            "certificate": item.certificate,
            "service_ports": ports,
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
    ports = [{"name": None, "protocol": TCP, "destination_ports": list(item.ports)}]
    return {"name": item.name, "description": f"App Port Profile [{item.name}]", "application_ports": ports}


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
    if pool.members is not None:
        options["members"] = [
            {"ip_address": address, "port": pool.port, "ratio": 1, "enabled": True} for address in pool.members
        ]
    return options


def _port_option(text: str, secured: bool) -> dict[str, Any]:
    start, _dash, end = text.partition("-")
    return {"start": int(start), "end": int(end or start), "ssl_enabled": secured, "type": "TCP_PROXY"}
