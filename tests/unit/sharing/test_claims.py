# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports and addresses an object takes, and what an inventory remembers of them."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import is_private
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import (
    EVERY_PORT,
    Ports,
    claims_of_rule,
    claims_of_service,
    ports_of_rule,
    read_ports,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    NatRule,
    Pool,
    VirtualService,
)
from hypothesis import given
from hypothesis import strategies as st

IP = "203.0.113.10"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("443", Ports(443, 443)),
        ("8000-8010", Ports(8000, 8010)),
        ("UDP 53", Ports(53, 53, "UDP")),
        ("UDP 1-2", Ports(1, 2, "UDP")),
        ("", None),
        ("any", None),
        ("-80", None),
        ("x-80", None),
        ("80-x", None),
    ],
)
def test_ports_are_read_and_other_texts_give_none(text: str, expected: Ports | None) -> None:
    assert read_ports(text) == expected


def test_ports_are_written_for_people() -> None:
    texts = [str(Ports(*one)) for one in ((80, 80), (80, 90), (0, 65535), (53, 53, "UDP"), (1, 65535), (0, 1))]
    assert texts == ["port 80", "port 80-90", "any port", "UDP port 53", "port 1-65535", "port 0-1"]


@pytest.mark.parametrize(
    ("rule", "profile", "expected"),
    [
        (NatRule("x", IP, "i", "80", type="REFLEXIVE"), ("443",), EVERY_PORT),
        (NatRule("x", IP, "i"), None, EVERY_PORT),
        (NatRule("x", IP, "i"), ("443", "UDP 53"), (Ports(443, 443), Ports(53, 53, "UDP"))),
        (NatRule("x", IP, "i"), (), ()),
        (NatRule("x", IP, "i", "80"), ("443",), (Ports(80, 80),)),
        (NatRule("x", IP, "i", "80"), ("UDP 53",), (Ports(80, 80, "UDP"),)),
        (NatRule("x", IP, "i", "80"), None, (Ports(80, 80), Ports(80, 80, "UDP"))),
        (NatRule("x", IP, "i", "80"), (), (Ports(80, 80), Ports(80, 80, "UDP"))),
        (NatRule("x", IP, "i", "?"), None, ()),
    ],
)
def test_the_profile_decides_the_external_ports_of_a_rule(
    rule: NatRule, profile: tuple[str, ...] | None, expected: tuple[Ports, ...]
) -> None:
    assert ports_of_rule(rule, profile) == expected


def test_any_port_means_every_port_of_both_protocols() -> None:
    assert [(one.first, one.last, one.protocol) for one in EVERY_PORT] == [(0, 65535, "TCP"), (0, 65535, "UDP")]


@pytest.mark.parametrize(
    ("kind", "takes"), [("DNAT", True), ("REFLEXIVE", True), ("NO_DNAT", True), ("SNAT", False), ("NO_SNAT", False)]
)
def test_only_rules_for_incoming_traffic_take_ports(kind: str, takes: bool) -> None:
    exact, wide = (NatRule(external, external, "10.0.0.9", type=kind) for external in (IP, "203.0.113.8/29"))
    assert bool(claims_of_rule(exact, None)) is takes
    for rule in (exact, wide):
        inventory = Inventory([rule])
        assert inventory.rules_for(IP) == ([rule] if takes else [])
        inventory.drop(NAT_RULE, rule.name)
        assert inventory.rules_for(IP) == []


def test_each_of_several_wide_rules_with_one_name_counts() -> None:
    both = [NatRule("x", "203.0.113.8/29", "10.0.0.9", id=number) for number in ("1", "2")]
    inventory = Inventory(both)
    assert inventory.rules_for(IP) == both
    assert inventory.duplicates(["x", "y"]) == ["x"]
    inventory.drop(NAT_RULE, "x")
    assert inventory.rules_for(IP) == both[1:]


def test_a_virtual_service_takes_its_ports_on_both_of_its_vips() -> None:
    both = VirtualService("x", "p", IP, ("80",), ipv6_address="2001:db8::7")
    only_ipv6, none = (
        VirtualService("x", "p", "", ("80",), ipv6_address="2001:db8::7"),
        VirtualService("x", "p", "", ()),
    )
    assert [one.addresses.start for one in claims_of_service(both)] == [IP, "2001:db8::7"]
    assert [one.addresses.start for one in claims_of_service(only_ipv6)] == ["2001:db8::7"]
    assert claims_of_service(none) == []
    inventory = Inventory([both])
    assert inventory.on_address("2001:db8::7") == inventory.on_address(IP) == [both]
    inventory.drop(VIRTUAL_SERVICE, "x")
    assert not inventory.on_address("2001:db8::7")
    assert not inventory.uses(IP)


@pytest.mark.parametrize(
    ("mine", "theirs", "meet"), [("", "", True), ("", "net-1", True), ("net-1", "", True), ("net-1", "net-2", False)]
)
def test_rules_of_two_networks_never_conflict_but_one_for_all_networks_does(mine: str, theirs: str, meet: bool) -> None:
    other = NatRule("theirs", IP, "10.0.0.9", "80", applied_to=theirs, id="1")
    planned = NatRule("mine", IP, "192.168.8.2", "80", applied_to=mine)
    assert bool(Inventory([other]).rivals(planned)) is meet


@pytest.mark.parametrize(
    ("address", "private"),
    [
        *((one, True) for one in ("10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1")),
        *((one, True) for one in ("198.18.0.1", "198.19.255.255", "fc00::1")),
        *(
            (one, False)
            for one in ("8.8.8.8", "203.0.113.10", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2001:db8::1", "")
        ),
    ],
)
def test_private_addresses_are_recognised(address: str, private: bool) -> None:
    assert is_private(address) is private


def test_inventories_with_other_objects_differ() -> None:
    assert Inventory([Pool("a")]) == Inventory([Pool("a")])
    assert Inventory([Pool("a")]) != Inventory([Pool("b")])


ONE_ARM = AddressRange.of("192.168.8.2", "192.168.8.6")
OTHER_ARM = AddressRange.of("192.168.8.4", "192.168.8.9")
PLACES = st.sampled_from([f"192.168.8.{number}" for number in range(2, 10)])
CHANGES = st.lists(
    st.tuples(st.sampled_from(["service", "rule", "drop service", "drop rule"]), st.integers(0, 3), PLACES), max_size=12
)


@given(CHANGES)
def test_the_free_addresses_are_those_that_nothing_uses(changes: list[tuple[str, int, str]]) -> None:
    """Even though the search begins where the last one ended."""
    inventory = Inventory()
    for what, number, address in changes:
        if what == "service":
            inventory.put(VirtualService(f"v{number}", "p", address, ("80",)))
        elif what == "rule":
            inventory.put(NatRule(f"r{number}", IP, address))
        else:
            inventory.drop(*{"drop service": (VIRTUAL_SERVICE, f"v{number}")}.get(what, (NAT_RULE, f"r{number}")))
        items = list(inventory)
        used = {item.address for item in items if isinstance(item, VirtualService)}
        used |= {item.internal for item in items if isinstance(item, NatRule)}
        for arm in (ONE_ARM, OTHER_ARM):
            inside = [f"192.168.8.{last}" for last in range(2, 10) if f"192.168.8.{last}" in arm]
            assert list(inventory.free_in(arm)) == [one for one in inside if one not in used]
            assert list(inventory.copy().free_in(arm)) == [one for one in inside if one not in used]
