# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody outside VMware knows, and a client must survive either way: one switch each.

The default is the strictest answer under which CPI is known to work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """``values[0]`` is the default. ``meaning`` is what the documentation says about it."""

    name: str
    values: tuple[str, ...]
    meaning: str


SWITCHES = (
    Switch(
        "vip-dnat-same-address",
        ("refused", "allowed"),
        "a virtual service may have an address that a DNAT rule of the same gateway has as its external address",
    ),
    Switch(
        "put-shared-vip-vs",
        ("allowed", "refused"),
        "a virtual service that shares its VIP may be updated at all (CPI does so on every sync); a change of its VIP "
        "is refused either way",
    ),
    Switch(
        "vip-change-to-used-address",
        ("refused", "allowed"),
        "the VIP of an existing virtual service may be changed to one that another virtual service has",
    ),
    Switch(
        "alb-writes-lock-gateway",
        ("yes", "no"),
        "writes of pools and virtual services count for the gateway's one-task rule, as NAT and firewall writes do",
    ),
    Switch(
        "shared-vip-one-group",
        ("yes", "no"),
        "virtual services that share a VIP must be in one service engine group",
    ),
    Switch(
        "nat-version",
        ("checked", "ignored"),
        "the version in the body of a NAT rule's PUT must be the rule's own (a missing one passes either way)",
    ),
    Switch(
        "used-address-rows",
        ("per-use", "per-address"),
        "usedIpAddresses has one row for each use of an address, or one for each address",
    ),
    Switch(
        "page-size-above-limit",
        ("refused", "clamped"),
        "a pageSize above the limit is answered 400, or silently made the limit",
    ),
    Switch(
        "members-reachable",
        ("yes", "no"),
        "enabled pool members answer their health monitors",
    ),
)
_BY_NAME = {switch.name: switch for switch in SWITCHES}


class Assumptions:
    """The switches as they stand. Reading one that does not exist is a programming error (KeyError)."""

    def __init__(self, settings: Iterable[str] = ()) -> None:
        self._values = {switch.name: switch.values[0] for switch in SWITCHES}
        for setting in settings:
            self.set(setting)

    def set(self, setting: str) -> None:
        """``NAME=VALUE``; ValueError says what would do."""
        name, _separator, value = setting.partition("=")
        if name not in _BY_NAME:
            raise ValueError(f"--assume {setting}: no such switch; there are {', '.join(sorted(_BY_NAME))}")
        if value not in _BY_NAME[name].values:
            raise ValueError(f"--assume {setting}: {name} is one of {', '.join(_BY_NAME[name].values)}")
        self._values[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def is_set(self, name: str, value: str) -> bool:
        """Whether the switch has the value, which must be one that it can have."""
        if value not in _BY_NAME[name].values:
            raise ValueError(f"{name} is never {value}")
        return self._values[name] == value

    def as_dict(self) -> dict[str, str]:
        return dict(self._values)
