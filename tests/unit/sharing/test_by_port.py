# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of objects on one address: a lookup by port finds the same rivals as a comparison with each object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway import inventory as file
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    DNAT,
    NO_DNAT,
    REFLEXIVE,
    SNAT,
    AppPortProfile,
    NatRule,
    VirtualService,
)
from hypothesis import given
from hypothesis import strategies as st

IP = "203.0.113.10"
PORTS = ["80", "443", "440-445", "1-65535", "UDP 443", "UDP 440-450", "none"]
SERVICES = st.builds(
    VirtualService,
    name=st.sampled_from(["one", "two"]),
    pool=st.just("pool"),
    address=st.sampled_from([IP, "203.0.113.11"]),
    ports=st.lists(st.sampled_from(PORTS), max_size=3).map(tuple),
    id=st.sampled_from(["", "1", "2"]),
)
RULES = st.builds(
    NatRule,
    name=st.sampled_from(["three", "four"]),
    external=st.sampled_from([IP, IP, "203.0.113.11", "203.0.113.8/29"]),
    internal=st.just("192.168.8.2"),
    port=st.sampled_from(["", "80", "443", "440-445", "1-65535", "none"]),
    profile=st.sampled_from(["", "https", "dns", "unknown"]),
    type=st.sampled_from([DNAT, DNAT, SNAT, REFLEXIVE, NO_DNAT]),
    id=st.sampled_from(["", "3", "4"]),
    priority=st.integers(0, 1),
)
OBJECTS = st.one_of(SERVICES, RULES)
PROFILES = (AppPortProfile("https", ("443",)), AppPortProfile("dns", ("UDP 53", "UDP 443")))


@contextmanager
def compared_up_to(few: int) -> Iterator[None]:
    with mock.patch.object(file, "FEW", few):
        yield


def distinct(objects: list[VirtualService | NatRule]) -> list[VirtualService | NatRule]:
    """At most one of a kind with a name and an id, as Cloud Director has them; virtual services have unique names."""
    return [*{(one.name, one.id if isinstance(one, NatRule) else ""): one for one in objects}.values()]


@given(st.lists(OBJECTS, max_size=6).map(distinct), st.lists(st.tuples(st.booleans(), OBJECTS), max_size=6), OBJECTS)
def test_the_rivals_are_those_that_a_comparison_with_each_finds(
    present: list[VirtualService | NatRule],
    changes: list[tuple[bool, VirtualService | NatRule]],
    planned: VirtualService | NatRule,
) -> None:
    by_port, each = Inventory([*PROFILES, *present]), Inventory([*PROFILES, *present])
    with compared_up_to(-1):
        by_port.rivals(planned)  # from now on, the inventory has an index that follows the changes
    held = [*present]
    for more, item in changes:
        same = [one for one in held if distinct([one, item]) == [item]]
        for inventory in (by_port, each):
            for one in same:
                inventory.remove(one)
            if more:
                inventory.add(item)
        held = [one for one in held if one not in same] + ([item] if more else [])
        with compared_up_to(-1):
            found = by_port.rivals(planned)
        with compared_up_to(99):
            assert found == each.rivals(planned)


def test_removing_one_leaves_another_with_its_name() -> None:
    first, second = (NatRule("web", IP, "192.168.8.2", "443", id=urn) for urn in ("1", "2"))
    inventory = Inventory([first, second])
    inventory.remove(first)
    assert (inventory.get("nat_rule", "web"), inventory.duplicates(["web"])) == (second, [])
    assert inventory.rules_for(IP) == [second]
    inventory.remove(second)
    assert (inventory.get("nat_rule", "web"), inventory.rules_for(IP)) == (None, [])


def test_a_rule_only_conflicts_with_rules_of_its_port() -> None:
    rules = [NatRule(f"r{port}", IP, "192.168.8.2", str(port), id=str(port)) for port in range(8000, 8100)]
    inventory = Inventory(rules)
    (claim,) = inventory.claims_of(NatRule("new", IP, "192.168.8.2", "8042"))
    assert inventory.near(claim) == [rules[42]]
