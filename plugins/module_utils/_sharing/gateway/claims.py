# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which external addresses and ports one object takes. Pure. For a whole gateway, see `Inventory.claimants`.

A virtual service takes its ports on its VIPs. A DNAT rule takes the traffic to its external addresses before a virtual
service sees it; a REFLEXIVE rule takes all ports; a NO_DNAT rule exempts traffic from DNAT, so that it is in the way of
another DNAT rule only. SNAT and NO_SNAT rules concern outgoing traffic and take nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, parse_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    DNAT,
    NO_DNAT,
    REFLEXIVE,
    NatRule,
    VirtualService,
)

TCP = "TCP"


def external_range(rule: NatRule) -> AddressRange | None:
    """The external addresses whose incoming traffic a rule takes; None if it takes none."""
    return parse_addresses(rule.external) if rule.type in (DNAT, REFLEXIVE, NO_DNAT) else None


def covers_port(texts: Iterable[str], number: int, protocol: str = TCP) -> bool:
    """Whether a port is among texts such as "443", "8000-8010" or "UDP 53"."""
    return any(_covers(text, number, protocol) for text in texts)


def _covers(text: str, number: int, protocol: str) -> bool:
    found, _blank, ports = text.rpartition(" ")
    first, _dash, last = ports.partition("-")
    if (found or TCP) != protocol or not first.isdigit() or not (last or first).isdigit():
        return False
    return int(first) <= number <= int(last or first)


def takes_port(service: VirtualService, number: int, protocol: str = TCP) -> bool:
    """Whether a virtual service listens on a port."""
    return covers_port(service.ports, number, protocol)


def translates_port(rule: NatRule, profile_ports: Iterable[str] | None, number: int, protocol: str = TCP) -> bool:
    """Whether a rule takes the traffic to an external port.

    ``profile_ports`` are those of its application port profile, None where it has none or that is not known. A rule
    without an external port takes what its profile names, or every port.
    """
    if rule.type == REFLEXIVE:
        return True
    if rule.port:
        return covers_port((rule.port,), number, protocol)
    return profile_ports is None or covers_port(profile_ports, number, protocol)
