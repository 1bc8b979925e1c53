# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an edge gateway may use an address."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import network_of, parse_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    AddressUse,
    Allotment,
    Usable,
    may_use,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import NatRule, VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.placing import placed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from hypothesis import given
from hypothesis import strategies as st
from preflight_findings import preflight_report
from sharing_builders import ccm, edge, objects, service, vcd

VIP, RULE, CLIENTS = AddressUse.VIP, AddressUse.RULE, AddressUse.CLIENTS


def found(*texts: str) -> tuple[object, ...]:
    """Networks and ranges."""
    return tuple(network_of(text) if "/" in text else parse_addresses(text) for text in texts)


BLOCKS = Allotment(
    "edge",
    found("203.0.113.0/24", "2001:db8::/64"),  # type: ignore[arg-type]  # the texts above are networks
    found("203.0.113.10-203.0.113.19", "203.0.113.20-203.0.113.29", "2001:db8::10-2001:db8::20"),  # type: ignore[arg-type]  # ranges
    ("203.0.113.2",),
)
SPACES = Allotment("edge", uses_ip_spaces=True, allocated=("203.0.113.10", "203.0.113.11"))


@pytest.mark.parametrize(
    ("text", "use", "answer"),
    [
        ("203.0.113.10", VIP, "yes"),
        ("203.0.113.16/29", RULE, "yes"),  # across two ranges that touch
        ("203.0.113.24/29", RULE, "no"),
        ("203.0.113.99", VIP, "no"),
        ("203.0.113.2", RULE, "yes"),
        ("203.0.113.2", VIP, "yes"),
        ("8.8.8.8", VIP, "no"),
        ("8.8.8.8", RULE, "no"),
        ("203.0.114.20", CLIENTS, "no"),
        ("192.168.8.2", VIP, "yes"),
        ("192.168.8.0/24", RULE, "yes"),
        ("192.168.8.2", CLIENTS, "no"),
        ("100.64.0.9", VIP, "yes"),
        ("2001:db8::11", VIP, "yes"),
        ("2001:db8::9", VIP, "no"),
        ("fd00::10", VIP, "yes"),
        ("2001:db9::1", VIP, "no"),
        ("0.0.0.0/0", RULE, "no"),
        ("nonsense", RULE, "yes"),
    ],
)
def test_ip_blocks_decide_which_addresses_may_be_used(text: str, use: AddressUse, answer: str) -> None:
    assert may_use(BLOCKS, text, use).answer == answer


@pytest.mark.parametrize(
    ("text", "use", "answer"),
    [
        ("203.0.113.10", VIP, "yes"),
        ("203.0.113.10/31", RULE, "yes"),
        ("203.0.113.12", VIP, "no"),
        ("203.0.113.12", RULE, "no"),
        ("192.168.8.2", VIP, "yes"),
        ("192.168.8.2", CLIENTS, "no"),
    ],
)
def test_ip_spaces_decide_which_addresses_may_be_used(text: str, use: AddressUse, answer: str) -> None:
    assert may_use(SPACES, text, use).answer == answer
    unseen = may_use(replace(SPACES, allocated=None), text, use).answer
    assert unseen == ("yes" if text == "192.168.8.2" and use is VIP else "unknown")


def test_what_the_user_cannot_see_is_not_refused() -> None:
    assert may_use(replace(BLOCKS, ranges=()), "203.0.113.10", VIP).answer is Usable.UNKNOWN
    assert may_use(Allotment("edge"), "203.0.113.10", VIP).answer is Usable.UNKNOWN


def test_an_address_of_a_routed_network_is_internal() -> None:
    routed = replace(BLOCKS, internal=found("198.51.100.0/24"))
    assert may_use(routed, "198.51.100.7", VIP).answer is Usable.YES
    assert may_use(routed, "198.51.100.7", CLIENTS).answer is Usable.NO


def test_a_refusal_names_the_gateway_its_addresses_and_the_remedy() -> None:
    assert may_use(BLOCKS, "203.0.113.99", VIP).why == (
        "is not allocated to edge gateway 'edge', which has 203.0.113.10-203.0.113.19, 203.0.113.20-203.0.113.29, "
        "2001:db8::10-2001:db8::20: choose one of its addresses, or ask the provider to allocate this one to it"
    )
    many = replace(SPACES, allocated=tuple(f"203.0.113.{number}" for number in range(10, 15)))
    assert "which has 203.0.113.10, 203.0.113.11, 203.0.113.12 and 2 more:" in may_use(many, "8.8.8.8", VIP).why


SMALL = Allotment(
    "edge",
    found("203.0.113.0/28"),  # type: ignore[arg-type]  # a network
    found("203.0.113.5-203.0.113.8"),  # type: ignore[arg-type]  # a range
    ("203.0.113.2",),
)


@given(st.integers(0, 15), st.integers(28, 32), st.sampled_from(list(AddressUse)))
def test_a_network_may_be_used_if_all_its_addresses_may(number: int, length: int, use: AddressUse) -> None:
    network = network_of(f"203.0.113.{number}/{length}")
    assert network is not None
    each = [may_use(SMALL, f"203.0.113.{one}", use).answer for one in range(16) if f"203.0.113.{one}" in network]
    assert (may_use(SMALL, str(network), use).answer is Usable.YES) == all(one is Usable.YES for one in each)


def test_only_new_addresses_of_a_plan_are_checked() -> None:
    old = VirtualService("web", "pool", "192.168.8.2", ("80",))
    new = VirtualService("web", "pool", "203.0.113.10", ("80",))
    rule = NatRule("rule", "203.0.113.10", "192.168.8.2", "80")
    assert placed([Step(Act.UPDATE, old, replace(old, enabled=False))], "203.0.113.10") == []
    assert placed([Step(Act.DELETE, rule, None)], "203.0.113.10") == []
    assert placed([Step(Act.UPDATE, old, new)], "203.0.113.10") == [("203.0.113.10", CLIENTS), ("203.0.113.10", VIP)]
    assert placed([Step(Act.CREATE, None, rule), Step(Act.CREATE, None, old)], "203.0.113.10") == [
        ("203.0.113.10", CLIENTS),
        ("203.0.113.10", RULE),
        ("192.168.8.2", VIP),
    ]


# between the internal scenarios, no object gets an external IP that no object had before
MOVES = [
    pair
    for pair in itertools.permutations([item.value for item in Scenario], 2)
    if Scenario.SHARED_EXTERNAL.value in pair
]


@pytest.mark.parametrize(("current", "target"), MOVES)
def test_the_preflight_says_that_an_external_ip_is_no_longer_allocated(current: str, target: str) -> None:
    cluster = ccm(current, services=[service(ips=("203.0.113.99",))])
    cloud = vcd(edge(**objects(current, outside="203.0.113.99")))
    report = preflight_report(cluster, cloud, target, existing="migrate")
    assert report["ok"] is False
    assert "203.0.113.99 is not allocated to edge gateway 'acme-edge', which has 203.0.113.10-203.0.113.60" in str(
        report["findings"]
    )
    assert (
        preflight_report(ccm(current, services=[service()]), vcd(edge(**objects(current))), target)["migrations"] == []
    )
    kept = preflight_report(cluster, cloud, current, existing="migrate")
    assert (kept["ok"], kept["migrations"]) == (True, [])
