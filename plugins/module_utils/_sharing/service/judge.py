# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether a service serves on its ports. Planner, preflight, verify and repair all ask this file. Pure.

A fault is a difference that the plan repairs with a write. The planner writes where `differences` finds something.
`faults` asks the same function, so a verification cannot pass while the plan would still write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    AppPortProfile,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    Rules,
    VirtualService,
    kind_of,
    label_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, WantedService


@dataclass(frozen=True)
class Fault:
    """What is wrong with a port. ``port`` is its label (empty: the whole service), ``why`` completes "port: ..."."""

    port: str
    why: str

    @property
    def text(self) -> str:
        """One line."""
        return f"port {self.port}: {self.why}" if self.port else self.why


def faults(wanted: WantedService, inventory: Inventory) -> list[Fault]:
    """All differences between the observed and the wanted state of a service; without any, the plan is empty."""
    found = [fault for port in wanted.ports for fault in _port_faults(wanted, port, inventory)]
    shared: NatRule | None = inventory.get(NAT_RULE, wanted.service.shared_rule)
    if wanted.rule is not None:
        found += [Fault("", why) for why in _object_faults(wanted.rule, shared, wanted.managed_by_cpi)]
    elif shared is not None:
        found.append(Fault("", f"{label_of(shared)} {shared.name} should not exist"))
    # No plan can repair this: nothing shows which of them counts.
    found += [Fault("", f"several NAT rules are named {name}") for name in inventory.duplicates(wanted.own_names())]
    for kind, name in wanted.orphans.single:
        orphan: Object | None = inventory.get(kind, name)
        if orphan is not None:
            found.append(Fault("", f"{label_of(orphan)} {name} is left over"))
    return found


def _port_faults(wanted: WantedService, port: WantedPort, inventory: Inventory) -> Iterator[Fault]:
    objects = {kind_of(item): item for item in port.objects()}
    for kind, name in port.names.pairs():
        present: Object | None = inventory.get(kind, name)
        if kind in objects:
            for why in _object_faults(objects[kind], present, wanted.managed_by_cpi):
                yield Fault(port.port.label, why)
        elif present is not None:
            yield Fault(port.port.label, f"{label_of(present)} {name} should not exist")


def _object_faults(wanted: Object, present: Object | None, managed_by_cpi: bool) -> list[str]:
    label = f"{label_of(wanted)} {wanted.name}"
    if isinstance(wanted, HttpPolicy):
        present = present or wanted.emptied()
    if present is None:
        return [f"{label} is missing"]
    return [f"{label} {why}" for why in differences(wanted, present, managed_by_cpi)]


def differences(wanted: Object, present: Object, managed_by_cpi: bool) -> list[str]:
    """What the plan would change in an object, as phrases that follow its name; empty for no difference.

    CPI maintains the members of its pools and the application profiles of its virtual services, so these do not count
    for its objects. A pool gets its monitors when it is created; from then on they belong to the operator, unless an
    option names them.
    """
    if isinstance(wanted, VirtualService) and isinstance(present, VirtualService):
        return _service_differences(wanted, present, managed_by_cpi)
    if isinstance(wanted, Pool) and isinstance(present, Pool):
        return _pool_differences(wanted, present, managed_by_cpi)
    if isinstance(wanted, NatRule) and isinstance(present, NatRule):
        return _rule_differences(wanted, present)
    if isinstance(wanted, IpSet) and isinstance(present, IpSet):
        return _ip_set_differences(wanted, present)
    if isinstance(wanted, HttpPolicy) and isinstance(present, HttpPolicy):
        return [_rule_list_difference(kind, present.rules(kind), rules) for kind, rules in differing(wanted, present)]
    if isinstance(wanted, AppPortProfile) and isinstance(present, AppPortProfile) and wanted.ports != present.ports:
        return [f"has port {_list(present.ports)}, not {_list(wanted.ports)}"]
    return []


def _service_differences(wanted: VirtualService, present: VirtualService, managed_by_cpi: bool) -> list[str]:
    found = _enabled_difference(wanted.enabled, present.enabled)
    if wanted.address != present.address:
        found.append(f"is on {present.address or 'no VIP'}, not {wanted.address}")
    if wanted.ports != present.ports:
        found.append(f"listens on port {_list(present.ports)}, not {_list(wanted.ports)}")
    if wanted.pool != present.pool:
        found.append(f"uses pool {present.pool or 'none'}, not {wanted.pool}")
    if wanted.certificate and not present.certificate:
        found.append(f"has no certificate, and needs {wanted.certificate}")
    elif not managed_by_cpi and wanted.certificate != present.certificate:
        found.append(f"has certificate {present.certificate}, not {wanted.certificate or 'none'}")
    if not managed_by_cpi and wanted.profile != present.profile:
        found.append(f"has application profile {present.profile}, not {wanted.profile}")
    if wanted.transparent != present.transparent:
        found.append(f"is {'' if present.transparent else 'not '}in transparent mode")
    return found


def _pool_differences(wanted: Pool, present: Pool, managed_by_cpi: bool) -> list[str]:
    found = _enabled_difference(wanted.enabled, present.enabled)
    # None means not read, or not wanted.
    if None not in (wanted.port, present.port) and wanted.port != present.port:
        found.append(f"has members on port {present.port or 'several ports'}, not {wanted.port}")
    if managed_by_cpi:
        return found
    now = dict(present.settings)
    for name, value in wanted.settings:
        if now.get(name) != value:
            found.append(f"has {name} {_value_text(now.get(name))}, not {_value_text(value)}")
    if wanted.member_group != present.member_group:
        has, wants = (
            f"the group {one}" if one else "members of its own" for one in (present.member_group, wanted.member_group)
        )
        return [*found, f"has {has}, not {wants}"]
    if wanted.members is not None and wanted.members != present.members:
        found.append(f"has members {_list(present.members or ())}, not {_list(wanted.members)}")
    return found


def _rule_differences(wanted: NatRule, present: NatRule) -> list[str]:
    found = _enabled_difference(wanted.enabled, present.enabled)
    if wanted.type != present.type:
        found.append(f"is a {present.type} rule, not {wanted.type}")
    if wanted.external != present.external:
        found.append(f"is for {present.external or 'no address'}, not {wanted.external}")
    if wanted.port != present.port:
        found.append(f"is for port {present.port or 'any'}, not {wanted.port or 'any'}")
    if wanted.internal != present.internal:
        found.append(f"leads to {present.internal or 'no address'}, not {wanted.internal}")
    if wanted.profile != present.profile:
        found.append(f"uses application port profile {present.profile or 'none'}, not {wanted.profile or 'none'}")
    return found


def _ip_set_differences(wanted: IpSet, present: IpSet) -> list[str]:
    found = []
    if wanted.addresses != present.addresses:
        found.append(f"has {_list(present.addresses)}, not {_list(wanted.addresses)}")
    if wanted.description != present.description:
        found.append(f"is described as {present.description!r}, not {wanted.description!r}")
    return found


def differing(wanted: HttpPolicy, present: HttpPolicy) -> list[tuple[str, Rules]]:
    """The kinds of rules that differ, each with its wanted rules."""
    return [(kind, rules) for kind, rules in wanted.lists if rules != present.rules(kind)]


def _rule_list_difference(kind: str, present: Rules, wanted: Rules) -> str:
    words = kind.replace("_", " ")
    has, wants = ([str(rule["name"]) for rule in rules] for rules in (present, wanted))
    if has == wants:
        other = [name for name, one, two in zip(wants, present, wanted, strict=True) if one != two]
        return f"has {words} that differ: {', '.join(other)}"
    return f"has {words} {', '.join(has) or 'none'}, not {', '.join(wants) or 'none'}"


def _enabled_difference(wanted: bool, present: bool) -> list[str]:
    return [] if wanted == present else [f"is {'enabled' if present else 'disabled'}"]


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(one) for one in value.values() if one)
    return ", ".join(value) or "none" if isinstance(value, (list, tuple)) else str(value or "none")


def _list(texts: tuple[str, ...]) -> str:
    return ", ".join(text for text in texts if text) or "none"
