# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that take a list of objects in one task, with entries for each."""

from __future__ import annotations

from typing import Any, NamedTuple


class ListKind(NamedTuple):
    """A module, its list, a template of an entry, a change for one entry, and the requests of an unchanged list.

    ``each``: requests for each object, if no list has all of it. ``once``: those of the task, for the edge gateway too.
    """

    module: str
    plural: str
    beside: dict[str, Any]
    entry: dict[str, Any]
    change: dict[str, Any]
    each: int
    once: int


KINDS = [
    ListKind(
        "vcd_nat_rule",
        "nat_rules",
        {"type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "192.168.8.2"},
        {"dnat_external_port": "80{0:02}"},
        {"priority": 7},
        0,
        2,
    ),
    ListKind(
        "vcd_app_port_profile",
        "app_port_profiles",
        {},
        {"application_ports": [{"protocol": "TCP", "destination_ports": ["80{0:02}"]}]},
        {"description": "new"},
        0,
        2,
    ),
    ListKind("vcd_ip_set", "ip_sets", {}, {"ip_addresses": ["198.51.100.{0}"]}, {"ip_addresses": []}, 1, 2),
    ListKind(
        "vcd_pool",
        "pools",
        {"members": [{"ip_address": "10.10.0.11"}], "health_monitors": ["TCP"]},
        {"default_port": "80{0:02}"},
        {"algorithm": "ROUND_ROBIN"},
        1,
        2,
    ),
    ListKind(
        "vcd_virtual_service",
        "virtual_services",
        {"application_profile": "HTTP", "virtual_ip_address": "203.0.113.20"},
        {"pool": "one{0}", "service_ports": [{"start": "80{0:02}"}]},
        {"enabled": False},
        0,
        2,
    ),
]


def filled(template: Any, number: int) -> Any:
    """The template of an entry, filled in for one number."""
    if isinstance(template, dict):
        return {name: filled(value, number) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(one, number) for one in template]
    return template.format(number)
