# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which other objects claim what an object claims, and which of two gets the traffic."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.conflicts import objections
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    DNAT,
    NO_DNAT,
    NO_SNAT,
    REFLEXIVE,
    SNAT,
    AppPortProfile,
    NatRule,
    VirtualService,
)
from hypothesis import given
from hypothesis import strategies as st

IP = "203.0.113.10"
WIDE = "203.0.113.8/29"
Claimant = VirtualService | NatRule


def web(*ports: str, address: str = IP, **more: Any) -> VirtualService:
    """A virtual service."""
    return VirtualService("web", "pool", address, ports or ("443",), id="web", **more)


def rule(name: str = "rule", external: str = IP, port: str = "443", **more: Any) -> NatRule:
    """A DNAT rule, unless another type is given."""
    return NatRule(name, external, "192.168.8.2", port, id=name, **more)


def texts_of_objections(
    planned: Claimant, *present: Claimant | AppPortProfile, before: Claimant | None = None
) -> list[str]:
    """The objections; a warning begins with "warning: "."""
    found = objections(planned, before, Inventory(present))
    return [one.text if one.refuses else f"warning: {one.text}" for one in found]


# -- modules and the planner ask the same function ----------------------------------------------------------------

ADDRESSES = st.sampled_from([f"203.0.113.{number}" for number in range(8, 13)])
RANGES = st.one_of(ADDRESSES, st.sampled_from([WIDE, "203.0.113.10-203.0.113.11", "2001:db8::/126"]))
PORTS = st.sampled_from(["80", "443", "440-445", "UDP 443", "UDP 440-450"])
SERVICES = st.builds(
    VirtualService,
    name=st.sampled_from(["one", "two"]),
    pool=st.just("pool"),
    address=st.one_of(st.just(""), ADDRESSES),
    ports=st.lists(PORTS, min_size=1, max_size=2).map(tuple),
    enabled=st.booleans(),
    ipv6_address=st.sampled_from(["", "2001:db8::1"]),
)
RULES = st.builds(
    NatRule,
    name=st.sampled_from(["three", "four"]),
    external=RANGES,
    internal=st.just("192.168.8.2"),
    port=st.sampled_from(["", "443", "440-445"]),
    profile=st.sampled_from(["", "https", "dns", "unknown"]),
    type=st.sampled_from([DNAT, SNAT, REFLEXIVE, NO_DNAT, NO_SNAT]),
    enabled=st.booleans(),
)
PROFILES = (AppPortProfile("https", ("443",)), AppPortProfile("dns", ("UDP 53", "UDP 443")))


@given(st.lists(st.one_of(SERVICES, RULES), max_size=4, unique_by=lambda one: one.name), st.one_of(SERVICES, RULES))
def test_rivals_are_exactly_the_claimants_of_what_both_objects_take(present: list[Claimant], planned: Claimant) -> None:
    inventory = Inventory([*PROFILES, *present])
    by_rule = isinstance(planned, NatRule)
    exempts = by_rule and planned.type == NO_DNAT  # it is in the way of rules that translate, and of no other rules
    rivals = inventory.rivals(planned)
    for rival in rivals:
        for ports in rival.common.ports:
            for end in (ports.first, ports.last):
                address = rival.common.addresses.start
                found = inventory.claimants(address, end, before_rule=by_rule, protocol=ports.protocol)
                assert rival.item in found
    for claim in inventory.claims_of(planned):
        for ports in claim.ports:
            for address in (claim.addresses.start, claim.addresses.end):
                for item in inventory.claimants(address, ports.first, before_rule=by_rule, protocol=ports.protocol):
                    skipped = exempts and (isinstance(item, VirtualService) or getattr(item, "type", "") == NO_DNAT)
                    assert skipped or item in [rival.item for rival in rivals]


@given(st.one_of(SERVICES, RULES), st.one_of(SERVICES, RULES))
def test_a_conflict_is_found_from_either_side(one: Claimant, other: Claimant) -> None:
    mine, theirs = Inventory([*PROFILES, one]).rivals(other), Inventory([*PROFILES, other]).rivals(one)
    both_translate = all(isinstance(item, VirtualService) or item.type != NO_DNAT for item in (one, other))
    if both_translate:
        assert bool(mine) == bool(theirs)


# -- messages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "why"),
    [
        (web("80", "440-450"), "virtual service 'web' already uses its port 443"),
        (web("443", enabled=False), "virtual service 'web' (disabled) already uses its port 443"),
        (rule(), "DNAT rule 'rule' takes the traffic to its port 443"),
        (rule(external=WIDE, port=""), "DNAT rule 'rule' (203.0.113.8/29) takes the traffic to its port 443"),
        (rule(port="440-450", enabled=False), "DNAT rule 'rule' (disabled) takes the traffic to its port 443"),
        (rule(port="", type=REFLEXIVE), "REFLEXIVE rule 'rule' takes the traffic to its port 443"),
        (rule(port="", profile="unknown"), "DNAT rule 'rule' takes the traffic to its port 443"),
    ],
)
def test_a_virtual_service_on_a_taken_port_is_refused(present: Claimant, why: str) -> None:
    planned = VirtualService("new", "pool", IP, ("443",))
    assert [text.partition(": ")[0] for text in texts_of_objections(planned, present)] == [why]


@pytest.mark.parametrize(
    "present",
    [
        web("80", "UDP 443"),
        web("443", address="203.0.113.11"),
        rule(port="80"),
        rule(external="203.0.113.16/29"),
        rule(port="", profile="dns"),
        rule(type=NO_DNAT),
        rule(type=SNAT, port=""),
    ],
)
def test_a_virtual_service_on_a_free_port_is_accepted(present: Claimant) -> None:
    assert texts_of_objections(VirtualService("new", "pool", IP, ("443",)), present, *PROFILES) == []


def test_ipv6_counts_like_ipv4() -> None:
    planned = VirtualService("new", "pool", "", ("443",), ipv6_address="2001:db8::1")
    assert texts_of_objections(planned, web(address="", ipv6_address="2001:db8::2")) == []
    assert len(texts_of_objections(planned, web(address="", ipv6_address="2001:db8::1"))) == 1
    assert len(texts_of_objections(planned, rule(external="2001:db8::/64", port=""))) == 1


def test_a_rule_never_takes_traffic_from_a_virtual_service() -> None:
    for planned in (rule(external=WIDE, port=""), rule(port="", type=REFLEXIVE)):
        assert texts_of_objections(planned, web()) == [
            f"the rule would take the traffic to port 443 of {IP} from virtual service 'web': choose another address "
            "or port, or remove the virtual service"
        ]


def test_of_two_rules_the_lower_priority_applies_and_equal_ones_are_refused() -> None:
    other = rule("other", external=WIDE, port="", priority=5)
    assert texts_of_objections(rule(priority=2), other) == [
        f"warning: DNAT rule 'other' ({WIDE}) is for port 443 of {IP}, too: this DNAT rule applies there, as its "
        "priority 2 precedes 5"
    ]
    assert texts_of_objections(rule(priority=7), other) == [
        f"warning: DNAT rule 'other' ({WIDE}) is for port 443 of {IP}, too: that rule applies there, as its priority 5 "
        "precedes 7"
    ]
    (refusal,) = texts_of_objections(rule(priority=5), other)
    assert "with the same priority (5), so that it is not certain which of the two rules applies" in refusal


def test_a_no_dnat_rule_only_warns_of_an_equal_priority() -> None:
    (text,) = texts_of_objections(rule(type=NO_DNAT), rule("other"))
    assert text.startswith("warning: DNAT rule 'other' is for port 443 of 203.0.113.10, too, with the same priority")
    assert texts_of_objections(rule(type=NO_DNAT), web()) == []


def test_rules_on_different_interfaces_never_meet() -> None:
    uplink, network = {"applied_to": "urn:uplink"}, {"applied_to": "urn:network"}
    assert texts_of_objections(rule(**uplink), rule("other", **network)) == []
    assert len(texts_of_objections(rule(**uplink), rule("other", **uplink))) == 1
    assert len(texts_of_objections(rule(**uplink), rule("other"))) == 1


def test_an_existing_conflict_blocks_no_other_change() -> None:
    old = VirtualService("old", "pool", IP, ("80",), id="old")
    wider = VirtualService("old", "pool", IP, ("80", "443"), id="old")
    present = (old, rule(port="80"))
    assert texts_of_objections(wider, *present, before=old) == []
    assert len(texts_of_objections(wider, *present, rule("https", port="443"), before=old)) == 1


def test_an_object_is_not_a_rival_of_itself() -> None:
    assert texts_of_objections(web("80", "443"), web("443")) == []
    assert texts_of_objections(rule(port=""), rule()) == []
