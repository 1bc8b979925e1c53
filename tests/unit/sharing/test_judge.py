# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge, field by field: what counts as a difference, for which objects, and how it is reported."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    AppPortProfile,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import differences, faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    Orphans,
    WantedService,
    want,
    wanted_absent,
)

VIP = VirtualService("vs", "pool", "192.168.8.2", ("443",), "L4_TLS", "web-cert")
POOL = Pool("pool", 30443, ("10.10.0.11",), ("TCP",))
GROUPED = Pool("pool", 30443, None, ("TCP",), member_group="nodes")
SET_UP, SET_UP_AGAIN, WATCHED, STICKY = (
    replace(POOL, settings=((name, value),))
    for name, value in (
        ("algorithm", "LEAST_CONNECTIONS"),
        ("algorithm", "ROUND_ROBIN"),
        ("health_monitors", ["HTTP", "TCP"]),
        ("persistence_profile", {"type": "HTTP_COOKIE", "value": "session"}),
    )
)
SET = IpSet("nodes", ("10.10.0.11",), "nodes of pool")
RULE = NatRule("rule", "203.0.113.10", "192.168.8.2", "443", "profile")
OTHER = ({"name": "a"}, {"name": "b", "logging": True})
RULES = HttpPolicy("vs", (("security_rules", ({"name": "a"}, {"name": "b"})),))
NOT_BOTH = "has security rules a, not a, b"
PROFILE = AppPortProfile("profile", ("443",))
# Field, wanted object, present object, message; and whether it counts for CPI's objects, too.
CASES: list[tuple[str, Object, Object, str, bool]] = [
    ("enabled", VIP, replace(VIP, enabled=False), "is disabled", True),
    ("enabled", replace(VIP, enabled=False), VIP, "is enabled", True),
    ("address", VIP, replace(VIP, address="192.168.8.3"), "is on 192.168.8.3, not 192.168.8.2", True),
    ("address", VIP, replace(VIP, address=""), "is on no VIP, not 192.168.8.2", True),
    ("ports", VIP, replace(VIP, ports=("80", "443")), "listens on port 80, 443, not 443", True),
    ("ports", VIP, replace(VIP, ports=()), "listens on port none, not 443", True),
    ("pool", VIP, replace(VIP, pool="other"), "uses pool other, not pool", True),
    ("pool", VIP, replace(VIP, pool=""), "uses pool none, not pool", True),
    ("certificate", VIP, replace(VIP, certificate=""), "has no certificate, and needs web-cert", True),
    ("certificate", VIP, replace(VIP, certificate="old"), "has certificate old, not web-cert", False),
    ("certificate", replace(VIP, certificate=""), VIP, "has certificate web-cert, not none", False),
    ("profile", VIP, replace(VIP, profile="L4"), "has application profile L4, not L4_TLS", False),
    ("transparent", replace(VIP, transparent=True), VIP, "is not in transparent mode", True),
    ("transparent", VIP, replace(VIP, transparent=True), "is in transparent mode", True),
    ("enabled", POOL, replace(POOL, enabled=False), "is disabled", True),
    ("port", POOL, replace(POOL, port=80), "has members on port 80, not 30443", True),
    ("port", POOL, replace(POOL, port=0), "has members on port several ports, not 30443", True),
    ("members", POOL, replace(POOL, members=("10.0.0.1",)), "has members 10.0.0.1, not 10.10.0.11", False),
    ("members", POOL, replace(POOL, members=()), "has members none, not 10.10.0.11", False),
    ("members", POOL, replace(POOL, members=None), "has members none, not 10.10.0.11", False),
    ("member_group", GROUPED, POOL, "has members of its own, not the group nodes", False),
    ("member_group", POOL, GROUPED, "has the group nodes, not members of its own", False),
    ("member_group", GROUPED, replace(GROUPED, member_group="vms"), "has the group vms, not the group nodes", False),
    ("settings", SET_UP, SET_UP_AGAIN, "has algorithm ROUND_ROBIN, not LEAST_CONNECTIONS", False),
    ("settings", WATCHED, POOL, "has health_monitors none, not HTTP, TCP", False),
    ("settings", STICKY, POOL, "has persistence_profile none, not HTTP_COOKIE session", False),
    ("enabled", RULE, replace(RULE, enabled=False), "is disabled", True),
    ("type", RULE, replace(RULE, type="REFLEXIVE"), "is a REFLEXIVE rule, not DNAT", True),
    ("external", RULE, replace(RULE, external="203.0.113.9"), "is for 203.0.113.9, not 203.0.113.10", True),
    ("external", RULE, replace(RULE, external=""), "is for no address, not 203.0.113.10", True),
    ("port", RULE, replace(RULE, port="80"), "is for port 80, not 443", True),
    ("port", RULE, replace(RULE, port=""), "is for port any, not 443", True),
    ("port", replace(RULE, port=""), RULE, "is for port 443, not any", True),
    ("internal", RULE, replace(RULE, internal="192.168.8.3"), "leads to 192.168.8.3, not 192.168.8.2", True),
    ("internal", RULE, replace(RULE, internal=""), "leads to no address, not 192.168.8.2", True),
    ("profile", RULE, replace(RULE, profile="x"), "uses application port profile x, not profile", True),
    ("profile", RULE, replace(RULE, profile=""), "uses application port profile none, not profile", True),
    ("profile", replace(RULE, profile=""), RULE, "uses application port profile profile, not none", True),
    ("ports", PROFILE, replace(PROFILE, ports=("80", "UDP 53")), "has port 80, UDP 53, not 443", True),
    ("addresses", SET, replace(SET, addresses=("10.0.0.1",)), "has 10.0.0.1, not 10.10.0.11", True),
    ("addresses", SET, replace(SET, addresses=()), "has none, not 10.10.0.11", True),
    ("description", SET, replace(SET, description="mine"), "is described as 'mine', not 'nodes of pool'", True),
    ("lists", RULES, RULES.emptied(), "has security rules none, not a, b", True),
    ("lists", RULES, RULES.with_rules("security_rules", RULES.rules("security_rules")[:1]), NOT_BOTH, True),
    ("lists", RULES, RULES.with_rules("security_rules", OTHER), "has security rules that differ: b", True),
]
# A pool gets its monitors when it is created; then they are the operator's.
FREE = {(Pool, "monitors")}


@pytest.mark.parametrize(("field", "wanted", "present", "text", "of_cpi"), CASES)
def test_each_field_is_a_difference_by_itself(
    field: str, wanted: Object, present: Object, text: str, of_cpi: bool
) -> None:
    assert differences(wanted, present, managed_by_cpi=False) == [text]
    assert differences(wanted, present, managed_by_cpi=True) == ([text] if of_cpi else [])
    assert differences(wanted, wanted, managed_by_cpi=False) == []


def test_every_compared_field_is_judged() -> None:
    judged = {(wanted.__class__, field) for field, wanted, _present, _text, _of_cpi in CASES} | FREE
    kinds = (VirtualService, Pool, NatRule, AppPortProfile, IpSet, HttpPolicy)
    assert judged == {(kind, one.name) for kind in kinds for one in fields(kind) if one.compare and one.name != "name"}


@pytest.mark.parametrize("unknown", ["port", "members"])
def test_what_was_not_read_or_is_not_wanted_is_not_a_difference(unknown: str) -> None:
    assert differences(replace(POOL, **{unknown: None}), POOL, managed_by_cpi=False) == []
    assert differences(POOL, replace(POOL, port=None), managed_by_cpi=False) == []


# -- a whole service -------------------------------------------------------------------------------------------------

NAMING = Naming.parse("{kind}-{service}-{port}")
SHOP = Service.build(
    "shop",
    [PortSpec("http", 80, 8080), PortSpec("ssh", 22, 22)],
    NAMING,
    external_ip="203.0.113.10",
    members=["10.0.0.1"],
)


def as_built(wanted: WantedService) -> list[Object]:
    return [*(item for port in wanted.ports for item in port.objects()), *([wanted.rule] if wanted.rule else [])]


def texts(wanted: WantedService, items: list[Object]) -> list[str]:
    return [fault.text for fault in faults(wanted, Inventory(items))]


def test_an_object_that_should_not_exist_is_a_fault_of_its_port() -> None:
    internal = as_built(want(SHOP, Scenario.SHARED_INTERNAL, ["192.168.8.2"]))
    outside = want(SHOP, Scenario.SHARED_EXTERNAL)
    rules = [item for item in internal if isinstance(item, (NatRule, AppPortProfile))]
    assert texts(outside, [*as_built(outside), *rules]) == [
        "port http: DNAT rule dnat-vs-shop-http should not exist",
        "port http: application port profile appPort_dnat-vs-shop-http should not exist",
        "port ssh: DNAT rule dnat-vs-shop-ssh should not exist",
        "port ssh: application port profile appPort_dnat-vs-shop-ssh should not exist",
    ]
    assert len(texts(wanted_absent(SHOP), internal)) == len(internal)


def test_the_one_rule_for_all_ports_is_judged_too() -> None:
    with_rule = want(SHOP, Scenario.SHARED_INTERNAL, ["192.168.8.2"], per_service=True)
    items = as_built(with_rule)
    assert texts(with_rule, items) == []
    assert texts(with_rule, items[:-1]) == ["DNAT rule dnat-vs-shop-all is missing"]
    assert with_rule.rule is not None
    wrong = replace(with_rule.rule, internal="192.168.8.9")
    assert texts(with_rule, [*items[:-1], wrong]) == [
        "DNAT rule dnat-vs-shop-all leads to 192.168.8.9, not 192.168.8.2"
    ]
    outside = want(SHOP, Scenario.SHARED_EXTERNAL)
    assert texts(outside, [*as_built(outside), with_rule.rule]) == ["DNAT rule dnat-vs-shop-all should not exist"]


def test_a_single_orphan_to_be_removed_is_a_fault_as_long_as_it_exists() -> None:
    wanted = want(SHOP, Scenario.SHARED_EXTERNAL, orphans=Orphans(single=(("pool", "pool-shop-old"),)))
    assert texts(wanted, as_built(wanted)) == []
    assert texts(wanted, [*as_built(wanted), Pool("pool-shop-old")]) == ["pool pool-shop-old is left over"]
