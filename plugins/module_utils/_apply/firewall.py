# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Makes the firewall rules that a migration needs, with the IP set and the application port profile that each names.

All three have the same name, and a description that shows which cluster they belong to. Other rules are not changed,
nor is their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import list_profiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.manager import AppPortProfiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.manager import LINGERS_SECONDS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.manager import FirewallRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.calls import GROUPS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.manager import IpSets
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CREATE,
    DELETE,
    FIREWALL,
    MEMBER_GROUPS,
    PROFILES,
    UPDATE,
    Operation,
)

LABEL = "firewall rules"  # names all of them together in a diff
# In the order of creation. Removal is in reverse, as a rule has to go before what it names.
_KINDS: tuple[tuple[type[Manager], str], ...] = (
    (IpSets, MEMBER_GROUPS),
    (AppPortProfiles, PROFILES),
    (FirewallRules, FIREWALL),
)


@dataclass(frozen=True)
class _Write:
    """One write: what it does (for a person), the right that it needs, and the write itself."""

    text: str
    operation: Operation
    write: Callable[[], object]


class ManagedRules:
    """The rules of one cluster on one edge gateway. ``wanted`` is the ``firewall`` of a preflight."""

    def __init__(self, api: Api, gateway: Body, wanted: Mapping[str, Any]) -> None:
        self._api = api
        self._gateway = gateway
        self._marker = str(wanted["marker"])
        self._prefix = str(wanted["prefix"])
        self._rules = list(wanted["rules"])
        self._kept = {*wanted["kept"], *(one["name"] for one in self._rules)}

    def plan(self) -> Done:
        """What `make` and `take_back` would do. Raises CollectionError."""
        writes = [*self._to_make(), *self._to_take_back()]
        return self._done(writes)

    def make(self, say: Callable[[str], None]) -> Done:
        """Make the rules. Raises CollectionError."""
        return self._carried_out(self._to_make(), say)

    def take_back(self, say: Callable[[str], None]) -> Done:
        """Remove the rules that are no longer needed, and any remains of such rules. Raises CollectionError."""
        return self._carried_out(self._to_take_back(), say)

    def _carried_out(self, writes: Iterable[_Write], say: Callable[[str], None]) -> Done:
        done = []
        for one in writes:
            say(one.text)
            one.write()
            done.append(one)
        return self._done(done)

    def _done(self, writes: list[_Write]) -> Done:
        steps = [one.text for one in writes]
        after = {LABEL: "\n".join(steps)} if steps else {}
        before = {LABEL: ""} if steps else {}
        result = {"steps": steps, "writes": len(steps)}
        return Done(bool(steps), result, before, after, tuple(one.operation for one in writes))

    def _to_make(self) -> Iterator[_Write]:
        for rule in self._rules:
            for kind, things in _KINDS:
                manager = self._manager(kind, rule["name"], **self._options(kind, rule))
                present = manager.read()
                if present is None:
                    act, text = CREATE, f"create {manager.kind} {rule['name']}"
                elif present.get("description") != self._marker:
                    why = "exists, and its description does not say that it belongs to this cluster: rename it"
                    raise CollectionError(f"{manager.what} {why}")
                elif self._differs(manager, kind, present, rule):
                    act, text = UPDATE, f"update {manager.kind} {rule['name']}"
                else:
                    continue
                detail = f": {rule['text']}" if kind is FirewallRules else ""
                yield _Write(text + detail, Operation(act, things), manager.ensure)

    def _differs(self, manager: Manager, kind: type[Manager], present: Body, rule: Mapping[str, Any]) -> bool:
        """Whether an object is not as wanted. A rule may be anywhere above the one that it has to precede."""
        if manager.differences(manager.to_result(present), manager.wanted):
            return True
        if kind is not FirewallRules or not rule["above"]:
            return False
        ids = [str(one.get("id")) for one in self._list()]
        return rule["above"] in ids and ids.index(str(present["id"])) > ids.index(rule["above"])

    def _options(self, kind: type[Manager], rule: Mapping[str, Any]) -> dict[str, Any]:
        if kind is IpSets:
            return {"ip_addresses": list(rule["addresses"])}
        if kind is AppPortProfiles:
            ports = {"name": None, "protocol": "TCP", "destination_ports": [str(port) for port in rule["ports"]]}
            return {"application_ports": [ports]}
        return {
            "action": rule["action"],
            "enabled": True,
            "direction": "IN_OUT",
            "ip_protocol": "IPV4",
            "sources": list(rule["sources"]),
            "destinations": [rule["name"]],
            "app_port_profiles": [rule["name"]],
            "before": rule["above"] or None,
        }

    def _to_take_back(self) -> Iterator[_Write]:
        """The objects with the cluster's description that no rule needs, by kind: a killed run may have left some."""
        found: list[tuple[type[Manager], str, list[Body]]] = [
            (FirewallRules, FIREWALL, self._list()),
            (AppPortProfiles, PROFILES, list_profiles(self._api, self._gateway, "scope==TENANT")),
            (IpSets, MEMBER_GROUPS, self._marked_sets()),
        ]
        for kind, things, rows in found:
            for row in rows:
                name = str(row.get("name"))
                if row.get("description") == self._marker and name not in self._kept:
                    manager = self._manager(kind, name, id=str(row["id"]), state="absent")
                    yield _Write(f"delete {manager.kind} {name}", Operation(DELETE, things), manager.ensure)

    def _list(self) -> list[Body]:
        return calls.rows(calls.read_list(self._api, self._gateway))

    def _marked_sets(self) -> list[Body]:
        """IP sets with the description. Not every list of groups contains it, so the name shows which sets to read."""
        rows = GROUPS.list_summaries(self._api, self._gateway)
        return [
            {**row, "description": self._marker if self._is_marked(row) else ""}
            for row in rows
            if str(row.get("name")).startswith(self._prefix)
        ]

    def _is_marked(self, row: Body) -> bool:
        body = row if "description" in row else GROUPS.read(self._api, self._gateway, None, str(row["id"])) or {}
        return bool(body.get("description") == self._marker)

    def _manager(self, kind: type[Manager], name: str, **options: Any) -> Manager:
        given = {
            "name": name,
            "id": None,
            "state": "present",
            "description": self._marker,
            "wait": True,
            "wait_timeout": LINGERS_SECONDS,
            **dict.fromkeys(("before", "after", "position", "comments", "logging"), None),
        }
        return kind(self._api, self._gateway, {**given, **options}, False)
