# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orphans of machines: no cluster knows their services, so addresses and members have to show their owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    AppPortProfile,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    Evidence,
    Orphan,
    find_orphans,
    former_ports,
    in_the_way,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import want
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMING = Naming.parse("{kind}-{service}-{port}")
ON_EDGE = Naming.parse("{edge_gateway}-{kind}-{service}-{port}", "edge")
IP, MEMBER = "203.0.113.10", "10.0.0.1"


def built(
    name: str,
    ports: Iterable[str],
    scenario: Scenario,
    *,
    ip: str = IP,
    member: str = MEMBER,
    inside: Iterable[int] = range(2, 100),
    naming: Naming = NAMING,
) -> tuple[Service, list[Object]]:
    """A service of machines, and its objects: every third port is for UDP.

    ``inside`` are the last octets of its internal IPs.
    """
    protocols = ("TCP", "TCP", "UDP")
    specs = [PortSpec(port, 80 + number, 8080, protocols[number % 3]) for number, port in enumerate(ports)]
    service = Service.build(name, specs, naming, external_ip=ip, members=[member])
    needed = {Scenario.SHARED_EXTERNAL: 0, Scenario.SHARED_INTERNAL: 1, Scenario.DISTINCT_INTERNAL: len(specs)}[
        scenario
    ]
    internal = [f"192.168.8.{number}" for number, _needed in zip(inside, range(needed), strict=False)]
    wanted = want(service, scenario, internal)
    return service, [item for port in wanted.ports for item in port.objects()]


def only(service: Service, *ports: str) -> Service:
    """The same service with some of its ports."""
    return replace(service, ports=tuple(port for port in service.ports if port.spec.name in ports))


def removable(found: Iterable[Orphan]) -> set[str]:
    return {one.item.name for one in found if one.removable}


def of_port(items: Iterable[Object], port: str) -> set[str]:
    return {item.name for item in items if item.name.endswith(f"-{port}")}


@pytest.mark.parametrize("scenario", Scenario)
def test_everything_that_a_dropped_port_has_left_is_found(scenario: Scenario) -> None:
    service, items = built("shop", ["http", "old"], scenario)
    found = find_orphans([only(service, "http")], NAMING, Inventory(items))
    assert removable(found) == of_port(items, "old")
    assert {one.why for one in found} == {"it serves shop, as its addresses and members show"}
    assert {port.spec.name: port.spec.port for port in former_ports(found, NAMING).ports} == {"old": 81}
    # unless all ports are known to be given, no object of the service may be removed
    unsure = find_orphans([only(service, "http")], NAMING, Inventory(items), Evidence(ports_are_complete=False))
    assert removable(unsure) == set()
    assert {one.why for one in unsure} == {"only its name shows that it may belong to shop"}


@pytest.mark.parametrize("scenario", Scenario)
def test_a_service_of_the_same_name_with_other_machines_is_another(scenario: Scenario) -> None:
    service, items = built("shop", ["http"], scenario)
    other = built("shop", ["theirs"], scenario, ip="203.0.113.11", member="10.0.0.2", inside=range(50, 99))[1]
    found = find_orphans([service], NAMING, Inventory([*items, *other]))
    assert {one.item.name for one in found} == {item.name for item in other}
    assert removable(found) == set()


def test_a_service_that_is_removed_completely_takes_every_unambiguous_object_with_its_name() -> None:
    service, items = built("shop", ["http"], Scenario.SHARED_INTERNAL)
    other = built("shop", ["theirs"], Scenario.SHARED_INTERNAL, ip="203.0.113.11", member="10.0.0.2", inside=[50])[1]
    found = find_orphans([service], NAMING, Inventory([*items, *other]), Evidence(whole=frozenset({"shop"})))
    assert removable(found) == {item.name for item in other}
    assert {one.why for one in found} == {"all of shop is to be removed"}


def test_a_restore_point_proves_the_objects_that_it_contains() -> None:
    service, _items = built("shop", ["http"], Scenario.SHARED_EXTERNAL)
    lone = [AppPortProfile("appPort_dnat-vs-shop-old", ("81",)), Pool("pool-shop-old"), Pool("pool-shop-new")]
    recorded = Evidence(recorded=frozenset((kind_of(item), item.name) for item in lone[:2]))
    found = find_orphans([service], NAMING, Inventory(lone), recorded)
    assert removable(found) == {item.name for item in lone[:2]}
    assert "the restore point holds it as an object of shop" in {one.why for one in found}
    assert (
        removable(find_orphans([service], NAMING, Inventory(lone), replace(recorded, ports_are_complete=False)))
        == set()
    )


# -- one object by itself ----------------------------------------------------------------------------------------------

KEPT = [
    VirtualService("vs-shop-http", "pool-shop-http", "192.168.8.2", ("80",)),
    Pool("pool-shop-http", 8080, (MEMBER,)),
    NatRule("dnat-vs-shop-http", IP, "192.168.8.2", "80"),
]
OLD_VIP = VirtualService("vs-shop-old", "pool-shop-old", "192.168.8.7", ("81",))
OLD_RULE = NatRule("dnat-vs-shop-old", IP, "192.168.8.7", "81", "appPort_dnat-vs-shop-old")
OLD_PROFILE = AppPortProfile("appPort_dnat-vs-shop-old", ("81",))
THEIRS = VirtualService("theirs", "pool-shop-old", "192.168.8.7", ("81",))
THEIR_RULE = NatRule("x", "203.0.113.99", "10.0.0.5", "81", OLD_PROFILE.name)
BOTH = Pool("pool-shop-old", 1, (MEMBER, "10.0.0.9"))
ALONE: dict[str, tuple[list[Object], set[str]]] = {
    "on the external IP": ([replace(OLD_VIP, address=IP)], {"vs-shop-old"}),
    "on the VIP of another port": ([replace(OLD_VIP, address="192.168.8.2")], {"vs-shop-old"}),
    "on an address that nothing shows": ([OLD_VIP], set()),
    "one of the machines in its pool": ([OLD_VIP, BOTH], {"vs-shop-old", "pool-shop-old"}),
    "other machines in its pool": ([OLD_VIP, Pool("pool-shop-old", 1, ("10.0.0.9",))], set()),
    "members that were not read": ([OLD_VIP, Pool("pool-shop-old")], set()),
    "a rule of the external IP leads to it": ([OLD_VIP, OLD_RULE], {"vs-shop-old", "dnat-vs-shop-old"}),
    "a rule of another IP leads to it": ([OLD_VIP, replace(OLD_RULE, external="203.0.113.99")], set()),
    "its rule leads elsewhere": ([OLD_VIP, replace(OLD_RULE, internal="192.168.8.9")], {"dnat-vs-shop-old"}),
    "a rule alone": ([OLD_RULE], {"dnat-vs-shop-old"}),
    "a rule to a virtual service of others": ([OLD_RULE, replace(THEIRS, pool="x")], set()),
    "a pool alone with the machines": ([Pool("pool-shop-old", 1, (MEMBER,))], {"pool-shop-old"}),
    "a pool that others use": ([Pool("pool-shop-old", 1, (MEMBER,)), THEIRS], set()),
    "a profile alone": ([OLD_PROFILE], set()),
    "a profile with its rule": ([OLD_PROFILE, OLD_RULE], {"dnat-vs-shop-old", OLD_PROFILE.name}),
    "a profile that another rule uses": ([OLD_PROFILE, THEIR_RULE], set()),
    "a profile with its virtual service": (
        [OLD_PROFILE, replace(OLD_VIP, address=IP)],
        {"vs-shop-old", OLD_PROFILE.name},
    ),
    "a profile with a virtual service of others": ([OLD_PROFILE, OLD_VIP], set()),
}


@pytest.mark.parametrize("what", ALONE)
def test_the_owner_of_a_single_object_is_found(what: str) -> None:
    there, expected = ALONE[what]
    shop = built("shop", ["http"], Scenario.SHARED_INTERNAL)[0]
    assert removable(find_orphans([shop], NAMING, Inventory([*KEPT, *there]))) == expected


def test_a_profile_with_the_name_of_the_edge_gateway_is_used_there_only() -> None:
    shop = built("shop", ["http"], Scenario.SHARED_EXTERNAL, naming=ON_EDGE)[0]
    lone = AppPortProfile("appPort_dnat-edge-vs-shop-old", ("81",))
    assert removable(find_orphans([shop], ON_EDGE, Inventory([lone]))) == {lone.name}


def test_namespaces_distinguish_services() -> None:
    naming = Naming.parse("{kind}-{namespace}.{service}-{port}")
    specs = [PortSpec("http", 80, 8080)]
    shop = Service.build("shop", specs, naming, namespace="a", external_ip=IP, members=[MEMBER])
    pools = [Pool("pool-a.shop-old", 1, (MEMBER,)), Pool("pool-b.shop-old", 1, (MEMBER,))]
    found = find_orphans([shop], naming, Inventory(pools))
    assert [(one.item.name, one.service) for one in found] == [("pool-a.shop-old", "a/shop")]


def test_rules_of_one_name_are_left_even_if_the_operator_names_them() -> None:
    shop = built("shop", ["http"], Scenario.SHARED_INTERNAL)[0]
    twice = Inventory([*KEPT, OLD_RULE, replace(OLD_RULE, id="urn:2")])
    found = find_orphans([shop], NAMING, twice, Evidence(named=frozenset({OLD_RULE.name})))
    assert {one.why for one in found} == {"several NAT rules have this name"}
    assert removable(found) == set()


def test_an_object_whose_port_has_others_that_stay_is_removed_alone() -> None:
    shop = built("shop", ["http"], Scenario.SHARED_INTERNAL)[0]
    there = Inventory([*KEPT, OLD_VIP, replace(OLD_RULE, internal="192.168.8.9")])
    found = former_ports(find_orphans([shop], NAMING, there), NAMING)
    assert (found.ports, found.single) == ((), (("nat_rule", OLD_RULE.name),))


def test_an_object_whose_port_is_ambiguous_is_removed_alone_if_the_operator_names_it() -> None:
    """Its name may belong to either of two ports, whose other objects have different names."""
    naming = Naming.parse("{service}-{kind}-{port}")
    shop = built("shop", ["http"], Scenario.SHARED_INTERNAL, naming=naming)[0]
    there, name = Inventory([Pool("shop-pool-a-pool-b"), Pool("shop-pool-c-pool-d")]), "shop-pool-a-pool-b"
    found = find_orphans([shop], naming, there, Evidence(named=frozenset({name})))
    (doubt,) = [one.doubt for one in found if one.item.name == name]
    assert doubt == "it may be port a-pool-b of shop or port b of shop-pool-a"
    assert (former_ports(found, naming).single, former_ports(found, naming).ports) == ((("pool", name),), ())


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (VirtualService("x", "p", IP, ("79-81",)), True),
        (VirtualService("x", "p", "192.168.8.2", ("80",)), True),
        (VirtualService("x", "p", "192.168.8.2", ("81",)), False),
        (VirtualService("x", "p", "192.168.8.3", ("80",)), False),
        (NatRule("x", IP, "10.0.0.9", "80"), True),
        (NatRule("x", IP, "10.0.0.9"), True),
        (NatRule("x", IP, "10.0.0.9", "81"), False),
        (NatRule("x", "203.0.113.11", "10.0.0.9", "80"), False),
        (Pool("x"), False),
    ],
)
def test_an_object_that_takes_a_port_of_a_service_is_in_its_way(item: Object, expected: bool) -> None:
    shop = built("shop", ["http"], Scenario.SHARED_INTERNAL)[0]
    assert in_the_way(item, shop, IP, Inventory([*KEPT, item])) is expected


# -- the property ------------------------------------------------------------------------------------------------------

WORDS = ["shop", "web", "http"]
LABELS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map("-".join)
PORTS = st.lists(LABELS, min_size=1, max_size=3, unique=True)
SERVICES = st.dictionaries(LABELS, PORTS, min_size=1, max_size=2)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=120)
@given(mine=SERVICES, theirs=SERVICES, scenario=st.sampled_from(list(Scenario)), data=st.data())
def test_objects_of_others_are_never_removed_and_leftovers_of_a_port_always(
    mine: dict[str, list[str]], theirs: dict[str, list[str]], scenario: Scenario, data: st.DataObject
) -> None:
    """Whatever the names of services and ports are, and whoever else uses these names."""
    numbers, there, alive = count(2), {}, set()
    services, gone = [], set()
    for place, (name, ports) in enumerate(mine.items()):
        ip, member = f"203.0.113.{10 + place}", f"10.0.0.{1 + place}"
        service, items = built(name, ports, scenario, ip=ip, member=member, inside=numbers)
        kept = only(service, *data.draw(st.lists(st.sampled_from(ports), min_size=1, unique=True)))
        services.append(kept)
        if any(item.name in there for item in items):
            return  # two services, each named like a port of the other: the module refuses them
        there |= {item.name: item for item in items}
        alive |= {item.name for item in items} & kept.own_names()
        gone |= {item.name for item in items} - kept.own_names()
    for place, (name, ports) in enumerate(theirs.items()):
        member = f"10.0.1.{place}"
        _other, items = built(name, ports, scenario, ip=f"203.0.113.{50 + place}", member=member, inside=numbers)
        if not any(item.name in there for item in items):
            there |= {item.name: item for item in items}
            alive |= {item.name for item in items}
    found = removable(find_orphans(services, NAMING, Inventory(there.values())))
    assert not found & alive
    clear = {name for name in gone if len(readings(NAMING, kind_of(there[name]), name)) == 1}
    assert found == clear
