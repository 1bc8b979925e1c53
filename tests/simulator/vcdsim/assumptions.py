# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviour of Cloud Director that no public source documents: one switch each. A client must survive both values.

The default is the strictest behaviour with which CPI is known to work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One undocumented behaviour: ``values[0]`` is the default, ``meaning`` the sentence in REFERENCE.md."""

    name: str
    values: tuple[str, ...]
    meaning: str


SWITCHES = (
    Switch(
        "vip-dnat-same-address",
        ("refused", "allowed"),
        "A virtual service may have an address that is the external address of a DNAT rule on the same gateway.",
    ),
    Switch(
        "put-shared-vip-vs",
        ("allowed", "refused"),
        "A virtual service that shares its VIP may be updated at all (CPI does so on every sync). A change of its VIP "
        "is refused either way.",
    ),
    Switch(
        "vip-change-to-used-address",
        ("refused", "allowed"),
        "The VIP of an existing virtual service may be changed to one that another virtual service has.",
    ),
    Switch(
        "vip-port-two-protocols",
        ("refused", "allowed"),
        "Two virtual services may have one port of a VIP, one for TCP and the other for UDP. NSX ALB says only that "
        "their ports must differ.",
    ),
    Switch(
        "ipv6-vip-needs-network",
        ("yes", "no"),
        "An IPv6 VIP needs an IPv6 service network of the edge gateway's load balancer, as the tests of Terraform's "
        "provider set one for it.",
    ),
    Switch(
        "alb-writes-lock-gateway",
        ("yes", "no"),
        "Writes of pools and virtual services count for the gateway's one-task rule, as NAT and firewall writes do.",
    ),
    Switch(
        "vdc-group-locks",
        ("apart", "together"),
        "In a VDC group, a write of the load balancer locks its edge gateway and any other write locks the group, or "
        "each locks both. Terraform's provider serialises them apart, and repeats no refused write.",
    ),
    Switch(
        "ip-space-writes-lock-space",
        ("yes", "no"),
        "Allocations in an IP Space, their changes and releases count for a one-task rule of that IP Space, or for "
        "none. Terraform's provider allows one at a time.",
    ),
    Switch(
        "release-used-manual",
        ("allowed", "refused"),
        "An IP allocation that is USED_MANUAL, and that no object uses, may be released. CPI makes it UNUSED first; "
        "the tests of Terraform's provider do not.",
    ),
    Switch(
        "shared-vip-one-group",
        ("yes", "no"),
        "Virtual services that share a VIP must be in one service engine group.",
    ),
    Switch(
        "transparent-needs",
        ("checked", "unchecked"),
        "A virtual service in transparent mode needs a pool with a member group, a service engine group in "
        "LEGACY_ACTIVE_STANDBY and ports of TCP_PROXY: a write without them is refused, or accepted (and would not "
        "work). What the edge gateway needs is documented.",
    ),
    Switch(
        "gateways-in-api-40",
        ("missing", "served"),
        "API 40.0 and newer are those of VCF Automation, another product: edge gateways, their load balancer, networks "
        "and VDCs answer 404 there, or as in VCD. Its clients do not send them.",
    ),
    Switch(
        "nat-version",
        ("checked", "ignored"),
        "The version in the body of a NAT rule's PUT must be the rule's current one. A missing version always passes.",
    ),
    Switch(
        "firewall-version",
        ("checked", "ignored"),
        "The version of a rule in the PUT of firewall rules must be its current one. A missing version always passes.",
    ),
    Switch(
        "group-in-use-lingers",
        ("no", "yes"),
        "A firewall group counts as in use for --health-seconds after a firewall rule or pool that used it is gone. "
        "Operators report it, and retry; the tests of Terraform's provider delete it at once.",
    ),
    Switch(
        "used-address-rows",
        ("per-address", "per-use"),
        "usedIpAddresses has one row for each address, or one for each use of it. go-vcloud-director takes the number "
        "of rows for the number of used addresses.",
    ),
    Switch(
        "page-size-above-limit",
        ("refused", "clamped"),
        "A pageSize above the limit is answered with 400, or silently reduced to the limit.",
    ),
    Switch(
        "members-reachable",
        ("yes", "no"),
        "Enabled pool members answer their health monitors.",
    ),
)
_BY_NAME = {switch.name: switch for switch in SWITCHES}


class Assumptions:
    """The current values of the switches. Reading an unknown switch is a programming error (KeyError)."""

    def __init__(self, settings: Iterable[str] = ()) -> None:
        self._values = {switch.name: switch.values[0] for switch in SWITCHES}
        for setting in settings:
            self.set(setting)

    def set(self, setting: str) -> None:
        """Set a switch from ``NAME=VALUE``. ValueError lists the names or values that are allowed."""
        name, _separator, value = setting.partition("=")
        if name not in _BY_NAME:
            raise ValueError(f"--assume {setting}: unknown switch; the switches are {', '.join(sorted(_BY_NAME))}")
        if value not in _BY_NAME[name].values:
            raise ValueError(f"--assume {setting}: {name} must be one of {', '.join(_BY_NAME[name].values)}")
        self._values[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def is_set(self, name: str, value: str) -> bool:
        """Whether the switch has this value. ValueError if it can never have it."""
        if value not in _BY_NAME[name].values:
            raise ValueError(f"{name} has no value {value}")
        return self._values[name] == value

    def as_dict(self) -> dict[str, str]:
        return dict(self._values)
