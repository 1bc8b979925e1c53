# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Complete bodies of objects: what an operator has set in them, how they differ, and how a restore point keeps them.

A plan depends on few properties of an object. All others, known or not, belong to the operator and must be the same
after a migration, so complete bodies are kept and compared here, key by key. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    KINDS,
    VIRTUAL_SERVICE,
    Object,
    Pool,
    VirtualService,
    label_of,
)

Body = dict[str, Any]
Key = tuple[str, str]

# What only Cloud Director sets, so it is not part of the body of a new object
READ_ONLY = frozenset(
    {
        "id",
        "version",
        "status",
        "healthStatus",
        "healthMessage",
        "detailedHealthMessage",
        "memberCount",
        "enabledMemberCount",
        "upMemberCount",
        "virtualServiceRefs",
        "systemRule",
        "usableForNAT",
        "networkProviderScope",
    }
)
# What a migration changes deliberately, and what the plan itself compares
_PLANNED = frozenset(
    {
        "enabled",
        "virtualIpAddress",
        "externalAddresses",
        "internalAddresses",
        "dnatExternalPort",
        "loadBalancerPoolRef",
        "memberGroupRef",
        "transparentModeEnabled",
        "servicePorts",
        "applicationProfile",
        "members",
        "ipAddresses",
        "defaultPort",
        "applicationPorts",
    }
)
_SHOWN = 60  # characters of a value in a message


def writable(body: Mapping[str, Any]) -> Body:
    """A body from which the object can be created again: without read-only keys, also inside each member."""
    return {key: _writable(value) for key, value in body.items() if key not in READ_ONLY}


def _writable(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_health(one) if isinstance(one, dict) else one for one in value]
    return value


def _without_health(entry: Mapping[str, Any]) -> Body:
    return {key: value for key, value in entry.items() if key not in READ_ONLY or key in ("id", "version")}


def changed_since(before: Object, now: Object) -> str:
    """What something else has changed in an object since the plan was made; empty if nothing.

    A list of pools contains neither members nor ports, so what was not read then is not compared.
    """
    if isinstance(before, Pool) and isinstance(now, Pool):
        pairs = [(before.port, now.port), (before.members, now.members), (before.monitors, now.monitors)]
        same = before.enabled == now.enabled and all(one is None or one == other for one, other in pairs)
    else:
        same = _as_listed(before, now) == now
    found = list(_differing_keys(before.body, now.body))
    if same and not found:
        return ""
    return ", ".join(found) or "its settings"


def _as_listed(before: Object, now: Object) -> Object:
    """An object as it was, with its present mode if it comes from a list that does not contain the mode."""
    has_mode = "transparentModeEnabled" in before.body
    if isinstance(before, VirtualService) and isinstance(now, VirtualService) and not has_mode:
        return replace(before, transparent=now.transparent)
    return before


def _differing_keys(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    one, other = writable(before), writable(now)
    for key in sorted(set(one) & set(other)):
        if not _same(one[key], other[key]):
            yield key


def _same(one: Any, other: Any) -> bool:
    """Null, empty text and an empty list all mean that there is no value; references are compared by their names."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if _is_reference(one) and _is_reference(other):
            return (one.get("name") or one.get("id")) == (other.get("name") or other.get("id"))
        return all(_same(one.get(key), other.get(key)) for key in set(one) | set(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (one in (None, "", [], {}) and other in (None, "", [], {}))


def _is_reference(value: Mapping[str, Any]) -> bool:
    return "id" in value and set(value) <= {"id", "name"}


# in a restore point


def read_objects(point: Mapping[str, Any]) -> dict[Key, Body]:
    """The bodies in a restore point, by kind and name. Version 1 has only those of virtual services.

    Raises InvalidInput if it has another form.
    """
    reader = Reader(point, "restore point")
    objects = reader.mapping("objects") if reader.has("objects") else reader
    fields = {kind: kind for kind in KINDS} if reader.has("objects") else {VIRTUAL_SERVICE: "virtual_services"}
    found = {}
    for kind, field in fields.items():
        bodies = objects.mapping(field) if objects.has(field) else None
        for name in bodies.value if bodies else ():
            found[(kind, str(name))] = dict(bodies.mapping(name).value) if bodies else {}
    return found


def read_policies(point: Mapping[str, Any]) -> dict[str, dict[str, Body]]:
    """HTTP policies and WAF in a restore point, by virtual service. Raises InvalidInput if they have another form."""
    reader = Reader(point, "restore point")
    policies = reader.mapping("policies") if reader.has("policies") else None
    found: dict[str, dict[str, Body]] = {}
    for name in policies.value if policies else ():
        bodies = policies.mapping(name) if policies else reader
        found[str(name)] = {str(key): dict(bodies.mapping(key).value) for key in bodies.value}
    return found


def merged_policies(*points: Mapping[str, Any]) -> dict[str, dict[str, Body]]:
    """The ``policies`` of several restore points. Where two have the same virtual service, the later one counts."""
    found: dict[str, dict[str, Body]] = {}
    for point in points:
        found.update(read_policies(point))
    return found


def objects_for_point(bodies: Mapping[Key, Mapping[str, Any]]) -> dict[str, dict[str, Body]]:
    """The value of ``objects`` in a restore point."""
    found: dict[str, dict[str, Body]] = {}
    for (kind, name), body in bodies.items():
        found.setdefault(kind, {})[name] = writable(body)
    return found


def merged_objects(*points: Mapping[str, Any]) -> dict[str, dict[str, Body]]:
    """The ``objects`` of several restore points. Where two have the same object, the later one counts."""
    found: dict[Key, Body] = {}
    for point in points:
        found.update(read_objects(point))
    return objects_for_point(found)


def lost_settings(stored: Mapping[Key, Mapping[str, Any]], inventory: Inventory) -> list[str]:
    """What objects have lost or changed since their bodies were stored, one line each.

    What a migration changes deliberately is left out: addresses, ports and members are a matter of the plan.
    """
    found = []
    for (kind, name), body in stored.items():
        item: Object | None = inventory.get(kind, name)
        if item is None or not item.body:
            continue
        for key in _differing_keys(body, item.body):
            # a plan decides on an IPv6 VIP that is the only VIP; one beside an IPv4 VIP belongs to the operator
            if key not in _PLANNED and (key != "ipv6VirtualIpAddress" or body.get("virtualIpAddress")):
                was, now = _value_text(body[key]), _value_text(item.body[key])
                found.append(f"{label_of(item)} {name}: {key} was {was} and is {now}")
    return found


def _value_text(value: Any) -> str:
    text = value.get("name") if isinstance(value, Mapping) and _is_reference(value) else None
    text = text or (
        json.dumps(value, sort_keys=True) if isinstance(value, (dict, list, bool)) else str(value or "empty")
    )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
