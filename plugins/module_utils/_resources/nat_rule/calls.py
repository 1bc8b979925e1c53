# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for NAT rules."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import pick
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers


def path(gateway: Body) -> str:
    """The path of the NAT rules of an edge gateway."""
    return f"edgeGateways/{gateway['id']}/nat/rules"


def list_rules(api: Api, gateway: Body) -> list[Body]:
    """All NAT rules of an edge gateway, in the server's order. The API has no filter for this list."""
    return api.cursor(path(gateway), f"NAT rules of edge gateway {gateway['name']!r}")


def find(rules: Peers, gateway: Body, name: str | None, rule_id: str | None) -> Body | None:
    """The rule with this id, or else this name; None when it does not exist. Raises InvalidInput for several."""
    if rule_id:
        return rules.get(rule_id)
    named = rules.named(name)
    if not named:
        return None
    found: Body = pick(
        "name",
        str(name),
        named,
        kind="NAT rule",
        where=f"on edge gateway {gateway['name']!r}",
        apart="names of NAT rules are not unique; set id to choose one",
    )
    return found


def describe(gateway: Body, name: Any) -> str:
    """The name of a rule for messages."""
    return f"NAT rule {name!r} on edge gateway {gateway['name']!r}"
