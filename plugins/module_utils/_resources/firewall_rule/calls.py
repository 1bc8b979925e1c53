# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for single firewall rules of an edge gateway, and for the objects that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import (
    is_urn,
    pick,
    pick_reference,
)

LIST = "userDefinedRules"


def path(gateway: Body) -> str:
    """The path of the firewall rules of an edge gateway."""
    return f"edgeGateways/{gateway['id']}/firewall/rules"


def what(gateway: Body) -> str:
    """How messages name the list."""
    return f"firewall rules of edge gateway {gateway['name']!r}"


def read_list(api: Api, gateway: Body) -> Body:
    """The complete body, with the rules that a tenant may change in ``userDefinedRules``."""
    body = api.get(path(gateway), what(gateway))
    return {**body, LIST: list(body.get(LIST) or [])}


def find(rules: Sequence[Body], gateway: Body, option: str, name: str | None, rule_id: str | None) -> Body | None:
    """The rule with this id, or else this name; None when it does not exist. Raises CollectionError for several."""
    if rule_id:
        return next((rule for rule in rules if rule.get("id") == rule_id), None)
    named = [rule for rule in rules if rule.get("name") == name]
    if not named:
        return None
    apart = "names of firewall rules are not unique; give its id"
    where = f"on edge gateway {gateway['name']!r}"
    found: Body = pick(option, str(name), named, kind="firewall rule", where=where, apart=apart)
    return found


def find_other(rules: Sequence[Body], gateway: Body, option: str, given: str) -> str:
    """The id of the rule that ``before`` or ``after`` names, by id or name. Raises CollectionError."""
    meant = [rule for rule in rules if given in (rule.get("id"), rule.get("name"))]
    found = pick(
        option,
        given,
        meant,
        kind="firewall rule",
        where=f"among those that a tenant can change on edge gateway {gateway['name']!r}",
        apart="names of firewall rules are not unique; give its id",
        others=lambda: [str(rule.get("name")) for rule in rules],
    )
    return str(found["id"])


def find_groups(api: Api, gateway: Body, option: str, names: Sequence[str]) -> list[Body]:
    """IP sets and security groups that are available on the edge gateway, by name or URN, as references."""
    for name in names:
        is_urn(option, name, "firewallGroup")
    if not names:
        return []
    rows = api.pages("firewallGroups/summaries", "firewall groups", query=f"_context=={gateway['id']}")
    return [
        pick_reference(
            option,
            name,
            rows,
            kind="IP set or security group",
            where=f"on edge gateway {gateway['name']!r}",
            others=lambda: [str(row.get("name")) for row in rows],
        )
        for name in names
    ]


def rows(body: Body) -> list[dict[str, Any]]:
    """The rules that a tenant may change, in the order in which they apply."""
    return list(body[LIST])
