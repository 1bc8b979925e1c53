# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shape a Service has, and what CPI of another scenario would do to it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.breakage import Harm, breakages, harms
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from sharing_builders import (
    CLUSTER_ID,
    RANGE,
    SCENARIOS,
    ccm,
    edge,
    ip_space_edge,
    nat_rule,
    objects,
    observed,
    service,
    vcd,
    virtual_service,
    without,
)

TWO = ("http", "https")
ONE = ("http",)
E, S, D = Scenario


def merge(*parts: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Objects of several Services on one gateway."""
    return {key: [item for part in parts for item in part.get(key, [])] for key in ("virtual_services", "nat_rules")}


@pytest.mark.parametrize(
    ("found", "ports", "shape"),
    [
        (objects("shared_external"), TWO, "shared_external"),
        (objects("shared_internal"), TWO, "shared_internal"),
        (objects("distinct_internal"), TWO, "distinct_internal"),
        (objects("shared_external", ports=ONE), ONE, "shared_external"),
        (objects("shared_internal", ports=ONE), ONE, "shared_internal or distinct_internal"),
        (objects("distinct_internal", ports=ONE), ONE, "shared_internal or distinct_internal"),
        (objects("shared_external", name="other"), TWO, "absent"),
        ({}, TWO, "absent"),
        # a DNAT rule without its virtual service carries no traffic
        ({"nat_rules": objects("shared_internal")["nat_rules"]}, TWO, "absent"),
        # the remaining rule of a missing port still decides: the two ports were on two addresses
        (without(objects("distinct_internal"), "virtual_services", 1), TWO, "distinct_internal"),
        (without(objects("shared_internal"), "virtual_services", 1), TWO, "shared_internal"),
        # one port of two exists: only its shape is visible
        (objects("shared_external", ports=ONE), TWO, "shared_external"),
        (objects("distinct_internal", ports=ONE), TWO, "shared_internal or distinct_internal"),
        # three ports on two internal addresses
        (
            merge(
                objects("shared_internal"),
                {
                    "virtual_services": [virtual_service("web", "api", "192.168.8.9")],
                    "nat_rules": [nat_rule("web", "api", "203.0.113.10", "192.168.8.9")],
                },
            ),
            (*TWO, "api"),
            "mixed",
        ),
        # one port outside, one inside
        (
            {
                "virtual_services": [
                    virtual_service("web", "http", "203.0.113.10"),
                    virtual_service("web", "https", "192.168.8.2"),
                ],
                "nat_rules": [nat_rule("web", "https", "203.0.113.10", "192.168.8.2")],
            },
            TWO,
            "mixed",
        ),
        # two external addresses
        (
            {
                "virtual_services": [
                    virtual_service("web", "http", "203.0.113.10"),
                    virtual_service("web", "https", "203.0.113.11"),
                ]
            },
            TWO,
            "mixed",
        ),
        (
            {
                "virtual_services": objects("shared_internal")["virtual_services"],
                "nat_rules": [
                    nat_rule("web", "http", "203.0.113.10", "192.168.8.2"),
                    nat_rule("web", "https", "203.0.113.11", "192.168.8.2"),
                ],
            },
            TWO,
            "mixed",
        ),
        # a rule is missing, or leads elsewhere
        ({"virtual_services": objects("shared_internal")["virtual_services"]}, TWO, "mixed"),
        (
            {
                "virtual_services": objects("shared_internal", ports=ONE)["virtual_services"],
                "nat_rules": [nat_rule("web", "http", "203.0.113.10", "192.168.8.77")],
            },
            ONE,
            "mixed",
        ),
    ],
)
def test_the_shape_of_a_service_is_recognised(found: dict[str, list[Any]], ports: tuple[str, ...], shape: str) -> None:
    (seen,) = observed(found, service(ports=ports))
    assert seen.shape == shape


def test_evidence_names_addresses_and_rules() -> None:
    (seen,) = observed(objects("distinct_internal", ports=ONE), service(ports=TWO))
    assert seen.as_dict()["evidence"] == [
        "port http: virtual service on 192.168.8.2, DNAT from 203.0.113.10 to 192.168.8.2",
        "port https: no virtual service",
    ]


def test_with_ip_spaces_an_address_outside_every_one_arm_range_is_external() -> None:
    found = {"virtual_services": [virtual_service("web", port, "198.51.100.7") for port in TWO]}
    assert observed(found, service(), ip_spaces=True)[0].shape == "shared_external"
    # with IP blocks, the address would have to be on the gateway's uplink
    assert observed(found, service())[0].shape == "mixed"
    inside = {"virtual_services": [virtual_service("web", port, "192.168.8.50") for port in TWO]}
    assert observed(inside, service(), ip_spaces=True)[0].shape == "mixed"


def test_another_controllers_service_is_ignored() -> None:
    foreign = service("foreign", load_balancer_class="example.com/other")
    (seen,) = observed(objects("shared_external"), foreign, service())
    assert seen.service.name == "web"


@pytest.mark.parametrize("change", [{"node_port": None}, {"protocol": "UDP"}, {"app_protocol": "https"}], ids=str)
def test_a_port_that_cpi_creates_nothing_for_counts_only_if_it_has_a_virtual_service(change: dict[str, Any]) -> None:
    """CPI reads the external IP of every port that has one, so that a move must not forget it."""
    half, there = service(), objects("distinct_internal")
    half["ports"][1].update(change)
    (seen,) = observed(there, half)
    assert [port.spec.name for port in seen.service.ports] == ["http", "https"]
    assert seen.shape == "distinct_internal"
    (seen,) = observed(without(there, "virtual_services", 1), half)
    assert [port.spec.name for port in seen.service.ports] == ["http"]
    assert [port.port for port in seen.aside] == ["https"]


def test_two_services_with_one_name_are_observed_with_the_same_objects() -> None:
    seen = observed(objects("shared_external"), service(), service(namespace="shop"))
    assert [item.shape for item in seen] == ["shared_external", "shared_external"]


@pytest.mark.parametrize("ports", [ONE, TWO])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_service_in_the_target_shape_stays_as_it_is(scenario: str, ports: tuple[str, ...]) -> None:
    seen = observed(objects(scenario, ports=ports), service(ports=ports))
    (item,) = breakages(seen, None, Scenario(scenario), False)
    assert (item.new, item.already, item.mixed) == ((), (), False)


@pytest.mark.parametrize(
    ("ports", "shape", "target", "expected"),
    [
        (TWO, E, S, (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH)),
        (TWO, E, D, (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH)),
        (ONE, E, S, (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH)),
        (ONE, E, D, (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH)),
        (TWO, S, E, (Harm.STATUS_INTERNAL,)),
        (ONE, S, E, (Harm.STATUS_INTERNAL,)),
        (TWO, D, E, (Harm.SEVERAL_IPS,)),
        (ONE, D, E, (Harm.STATUS_INTERNAL,)),
        (TWO, S, D, ()),
        (TWO, D, S, ()),
        (ONE, S, D, ()),
        (ONE, D, S, ()),
    ],
)
def test_the_harm_of_each_change_of_scenario(
    ports: tuple[str, ...], shape: Scenario, target: Scenario, expected: tuple[Harm, ...]
) -> None:
    seen = observed(objects(shape.value, ports=ports), service(ports=ports))
    (item,) = breakages(seen, shape, target, False)
    assert item.new == expected
    assert item.already == ()
    # between the two internal scenarios a Service with several ports keeps its old shape
    assert item.mixed == (not expected and len(ports) > 1)


@pytest.mark.parametrize("target", list(Scenario))
def test_a_service_without_objects_cannot_break(target: Scenario) -> None:
    (item,) = breakages(observed({}, service()), None, target, False)
    assert (item.new, item.already, item.mixed, item.why) == ((), (), False, "")


@pytest.mark.parametrize(
    ("found", "changes", "ip_spaces", "target", "expected"),
    [
        # the given IP and the IP Space's marker keep the status right; the missing rule still crashes CPI
        (objects("shared_external"), {"load_balancer_ip": "203.0.113.10"}, False, S, (Harm.CPI_CRASH,)),
        (objects("shared_external"), {}, True, S, (Harm.CPI_CRASH,)),
        # one rule of two is missing
        (
            {**objects("shared_internal"), "nat_rules": objects("shared_internal")["nat_rules"][:1]},
            {},
            False,
            D,
            (Harm.CPI_CRASH,),
        ),
        (
            {
                "virtual_services": objects("shared_internal", ports=ONE)["virtual_services"],
                "nat_rules": [nat_rule("web", "http", "203.0.113.10", "192.168.8.2", external_port="80-81")],
            },
            {},
            False,
            S,
            (Harm.UNREADABLE_PORT,),
        ),
        # any external port is read as 0 by CPI and does no harm
        (
            {
                "virtual_services": objects("shared_internal", ports=ONE)["virtual_services"],
                "nat_rules": [nat_rule("web", "http", "203.0.113.10", "192.168.8.2", external_port=None)],
            },
            {},
            False,
            S,
            (),
        ),
        (
            {
                "virtual_services": objects("shared_internal")["virtual_services"],
                "nat_rules": [
                    nat_rule("web", "http", "203.0.113.10", "192.168.8.2"),
                    nat_rule("web", "https", "203.0.113.11", "192.168.8.2"),
                ],
            },
            {},
            False,
            S,
            (Harm.SEVERAL_IPS,),
        ),
    ],
)
def test_other_harms_are_recognised(
    found: dict[str, list[Any]], changes: dict[str, Any], ip_spaces: bool, target: Scenario, expected: tuple[Harm, ...]
) -> None:
    (seen,) = observed(found, service(**changes), ip_spaces=ip_spaces)
    assert harms(seen, target, ip_spaces) == expected


def test_existing_damage_is_distinguished_from_what_the_change_would_do() -> None:
    found = {"virtual_services": objects("shared_internal")["virtual_services"]}
    (kept,) = breakages(observed(found, service()), S, D, False)
    assert (kept.new, kept.already) == ((), (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH))
    (stopped,) = breakages(observed(found, service()), None, D, False)
    assert (stopped.new, stopped.already) == ((Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH), ())


@pytest.mark.parametrize(
    ("shape", "target", "ip_spaces", "changes", "words"),
    [
        (E, S, False, {}, ["no DNAT rule", "new external IP that no object serves, not 203.0.113.10", "and 1 more"]),
        (S, E, False, {}, ["internal 192.168.8.2", "DNAT rules are left behind"]),
        (S, E, False, {"load_balancer_ip": "203.0.113.10"}, ["tries to move its virtual services to 203.0.113.10"]),
        (S, E, True, {}, ["IP Space allocation does not match"]),
        (D, E, False, {}, ["more than one virtual ip found: [192.168.8.2] and [192.168.8.3]", "neither update"]),
    ],
)
def test_the_reason_says_what_a_person_would_see(
    shape: Scenario, target: Scenario, ip_spaces: bool, changes: dict[str, Any], words: list[str]
) -> None:
    seen = observed(objects(shape.value), service(**changes), ip_spaces=ip_spaces)
    (item,) = breakages(seen, shape, target, ip_spaces)
    for word in words:
        assert word in item.why


def test_a_damaged_service_has_evidence_and_fitting_scenarios() -> None:
    rule = nat_rule("web", "http", "203.0.113.10", "192.168.8.2")
    found = {"virtual_services": objects("shared_internal")["virtual_services"], "nat_rules": [rule]}
    (seen,) = observed(found, service())
    assert seen.as_dict()["evidence"] == [
        "port http: virtual service on 192.168.8.2, DNAT from 203.0.113.10 to 192.168.8.2",
        "port https: virtual service on 192.168.8.2, no DNAT rule leads there",
    ]
    assert seen.as_dict()["fits"] == []
    (external,) = observed(objects("shared_external"), service(ports=("http", "")))
    assert external.as_dict()["evidence"] == [
        "port http: virtual service on 203.0.113.10",
        "port 81: no virtual service",
    ]
    assert external.as_dict()["fits"] == ["shared_external"]


def test_an_address_of_the_uplink_behind_a_rule_is_internal() -> None:
    found = {
        "virtual_services": [virtual_service("web", "http", "203.0.113.50")],
        "nat_rules": [nat_rule("web", "http", "203.0.113.10", "203.0.113.50")],
    }
    assert observed(found, service(ports=ONE))[0].shape == "shared_internal or distinct_internal"
    elsewhere = {**found, "nat_rules": [nat_rule("web", "http", "203.0.113.10", "192.168.8.2")]}
    assert observed(elsewhere, service(ports=ONE))[0].shape == "mixed"
    assert breakages(observed(elsewhere, service(ports=ONE)), E, E, False)[0].mixed is True


def test_with_ip_spaces_every_known_range_is_internal() -> None:
    inside = {"virtual_services": [virtual_service("web", "http", "172.16.0.5")]}
    read = read_vcd(vcd(ip_space_edge(**inside)))
    assert read is not None
    services = read_cluster(ccm(services=[service(ports=ONE)])).services
    ranges = [parse_range(RANGE), parse_range("172.16.0.1-172.16.0.9")]
    gateway = read.edges[0]
    for known, shape in ((ranges, "mixed"), (ranges[:1], "shared_external")):
        (seen,) = observe(services, CLUSTER_ID, "", gateway.inventory, gateway.addresses(known))
        assert seen.shape == shape


def test_one_uplink_of_two_with_ip_spaces_counts() -> None:
    both = [*ip_space_edge()["uplinks"], *edge()["uplinks"]]
    read = read_vcd(vcd(edge(uplinks=both)))
    assert read is not None
    assert read.edges[0].uses_ip_spaces is True
    assert list(read.edges[0].inventory) == []


def test_the_missing_rule_is_named_and_not_an_existing_one() -> None:
    one_rule = {**objects("shared_internal"), "nat_rules": objects("shared_internal")["nat_rules"][:1]}
    (item,) = breakages(observed(one_rule, service()), None, S, False)
    assert item.why.endswith("it misses the DNAT rule dnat-ingress-vs-web-capvcdCluster:" + CLUSTER_ID[-36:] + "-https")


def test_rarer_harms_have_reasons() -> None:
    three = (*TWO, "api")
    (several,) = breakages(observed(objects("distinct_internal", ports=three), service(ports=three)), D, E, False)
    assert "found: [192.168.8.2] and [192.168.8.3]'" in several.why
    rules = [
        nat_rule("web", "http", "203.0.113.10", "192.168.8.2"),
        nat_rule("web", "https", "203.0.113.11", "192.168.8.2"),
    ]
    two_outside = {"virtual_services": objects("shared_internal")["virtual_services"], "nat_rules": rules}
    (outside,) = breakages(observed(two_outside, service()), None, S, False)
    assert "found: [203.0.113.10] and [203.0.113.11]'" in outside.why
    named = {**objects("shared_internal", ports=ONE)}
    named["nat_rules"] = [nat_rule("web", "http", "203.0.113.10", "192.168.8.2", external_port="80-81")]
    (unreadable,) = breakages(observed(named, service(ports=ONE)), None, S, False)
    assert unreadable.why == "CPI cannot read the external port of its DNAT rule, which must be a plain number"
