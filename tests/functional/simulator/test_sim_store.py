# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The indexes of the store: whatever happens to the objects, an index finds the same as a full scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vcdsim.indexes import INDEXES
from vcdsim.store import Record, Store

SERVICE, RULE = "loadBalancerVirtualService", "natRule"
ADDRESSES = ["203.0.113.10", "203.0.113.11", "2001:db8::1", "2001:db8:0:0::1"]


def service(number: int) -> dict[str, Any]:
    """A virtual service whose name, pool, address and ports are among a few shared ones."""
    ports = [{"portStart": 80 + number % 2, "portEnd": 90 if number % 3 == 0 else None}]
    return {
        "name": f"name-{number % 2}",
        "gatewayRef": f"gateway-{number % 2}",
        "loadBalancerPoolRef": f"pool-{number % 3}",
        "serviceEngineGroupRef": f"group-{number % 2}",
        "virtualIpAddress": ADDRESSES[number % 4],
        "servicePorts": ports,
    } | ({"certificateRef": "certificate"} if number % 2 else {})


def rule(number: int) -> dict[str, Any]:
    """A NAT rule of an address or of a network."""
    return {"type": "DNAT", "externalAddresses": [*ADDRESSES, "203.0.113.0/28"][number % 5]}


def looked_for(store: Store, kind: str, index: str, key: tuple[Any, ...]) -> set[str]:
    """What an index should find, by a full scan."""
    return {one.id for one in store.all(kind) if key in list(INDEXES[kind][index](one))}


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "change", "remove", "move", "keep", "restore"]), st.integers(0, 11)), max_size=25
)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_an_index_finds_the_same_as_a_full_scan(steps: list[tuple[str, int]]) -> None:
    store, keys, kept = Store(), set(), None
    restore: Callable[[], None] | None = None
    for what, number in steps:
        kind, make = (SERVICE, service) if number % 2 else (RULE, rule)
        one = store.get(kind, f"object-{number % 4}")
        if what == "add":
            facts = {"gateway": f"gateway-{number % 2}"}
            store.add(Record(kind, f"object-{number % 4}", make(number), "acme", facts=facts))
        elif what == "change" and one:
            one.data = make(number // 2)
        elif what == "move" and one:
            one.facts = {"gateway": f"gateway-{number % 3}"}
        elif what == "remove" and one:
            store.remove(one)
            one.data = make(number // 2)  # a removed object is in no index, even if it changes
        elif what == "keep":
            restore, kept = store.kept(), {other.id: other.data for k in (SERVICE, RULE) for other in store.all(k)}
        elif what == "restore" and restore:
            restore()
            assert {other.id: other.data for k in (SERVICE, RULE) for other in store.all(k)} == kept
        for kind in (SERVICE, RULE):
            keys |= {
                (kind, index, key)
                for index in INDEXES[kind]
                for r in store.all(kind)
                for key in INDEXES[kind][index](r)
            }
        for kind, index, key in keys:
            found = store.where(kind, index, *key)
            assert {other.id for other in found} == looked_for(store, kind, index, key), (kind, index, key)
            assert len(found) == store.number(kind, index, *key)
    assert not store.stale()


def test_a_change_in_place_is_noticed() -> None:
    store = Store()
    made = store.add(Record(SERVICE, "one", service(1), "acme"))
    assert store.where(SERVICE, "pool", "pool-1") == [made]
    made.data["loadBalancerPoolRef"] = "pool-2"
    assert store.stale() == [f"{SERVICE}.pool"]


def test_examined_objects_are_counted() -> None:
    store = Store()
    for number in range(4):
        store.add(Record(SERVICE, f"object-{number}", service(number), "acme"))
    before = store.looked
    store.where(SERVICE, "name", "gateway-1", "name-1")
    assert store.looked - before == 2
    list(store.all(SERVICE))
    assert store.looked - before == 6
    store.number(SERVICE, "gateway", "gateway-0")
    assert store.looked - before == 6
