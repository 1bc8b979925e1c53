# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which addresses the Services of an edge gateway take: its external IPs, and the VIPs behind each. Pure.

It reads the Services of pictures (see `cluster.picture`), and shows what no drawing of one Service can: how many
addresses a scenario takes, and which Services share one.

    c001  203.0.113.10  ->  192.168.8.2   1 port
                        ->  192.168.8.3   1 port          (distinct_internal)
    c001  203.0.113.10      directly      2 ports         (shared_external)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Vip:
    """An address on which virtual services listen: how many ports lead to it, and how many of them are served.

    ``address`` is empty where a port has no virtual service. ``direct``: it is the external IP itself.
    """

    address: str
    direct: bool
    ports: int
    served: int


@dataclass(frozen=True)
class ExternalIp:
    """An external IP (empty if it is not known), the VIPs behind it, and the labels of the Services that have it."""

    address: str
    services: tuple[str, ...]
    vips: tuple[Vip, ...]


@dataclass(frozen=True)
class ClusterAddresses:
    """The external IPs of a cluster; None where its Services were not read. ``left_out`` counts more Services."""

    cluster: str
    external_ips: tuple[ExternalIp, ...] | None
    left_out: int = 0


def addresses_of(cluster: str, services: Iterable[Data] | None, left_out: int = 0) -> ClusterAddresses:
    """The addresses of a cluster. ``services`` are those of a picture, or None where they are not known."""
    if services is None:
        return ClusterAddresses(cluster, None)
    found: dict[str, list[Data]] = {}
    for service in services:
        found.setdefault(service["external_ip"], []).append(service)
    ips = (
        ExternalIp(address, tuple(one["label"] for one in sharing), tuple(_vips(sharing)))
        for address, sharing in found.items()
    )
    return ClusterAddresses(cluster, tuple(ips), left_out)


def _vips(services: Iterable[Data]) -> Iterable[Vip]:
    """The VIPs in the order of their first port."""
    found: dict[tuple[str, bool], list[bool]] = {}
    for path in (path for service in services for path in service["paths"]):
        one = path["virtual_service"]
        key = (one["address"], bool(one["external"])) if one else ("", False)
        found.setdefault(key, []).append(bool(path["serves"]))
    return (Vip(address, direct, len(served), sum(served)) for (address, direct), served in found.items())
