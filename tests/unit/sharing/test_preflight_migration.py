# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight says about Services that are to be migrated or repaired, and about those that stay."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from preflight_findings import existing, found, preflight_report
from sharing_builders import (
    RANGE,
    SCENARIOS,
    ccm,
    edge,
    ip_space_edge,
    names,
    nat_rule,
    objects,
    pool,
    profile,
    service,
    vcd,
    virtual_service,
)

WEB = "default/web"


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_services_to_be_migrated_do_not_stop_the_run(shape: str, target: str) -> None:
    cluster, cloud = ccm(shape, services=[service(), service("new", ips=())]), vcd(edge(**objects(shape)))
    report = preflight_report(cluster, cloud, target, existing="migrate")
    assert report["ok"] is True
    if shape == target:
        message, moves = "1 Service with objects in VCD, none has to be migrated", []
    else:
        message = f"{WEB} will be migrated from {shape} to {target}"
        moves = [("web", "203.0.113.10", shape, target, False)]
    assert existing(target, cluster, cloud) == [("info", message)]
    keys = ("name", "external_ip", "from", "to", "damaged")
    assert [tuple(move[key] for key in keys) for move in report["migrations"]] == moves


def test_without_the_option_nothing_is_migrated_and_the_option_is_named() -> None:
    cluster = ccm("distinct_internal", services=[service()])
    report = preflight_report(cluster, vcd(edge(**objects("distinct_internal"))), "shared_external")
    assert report["migrations"] == []
    assert (
        "migrate them (shared_ip_existing: migrate), or keep the scenario, or delete the Service" in report["summary"]
    )


def test_a_damaged_service_is_repaired_even_when_the_scenario_stays() -> None:
    damaged = objects("shared_internal")
    del damaged["nat_rules"][1]
    cluster, cloud = ccm("shared_internal", services=[service()]), vcd(edge(**damaged))
    ((level, message),) = existing("shared_internal", cluster, cloud)
    assert level == "info"
    assert message.startswith(f"{WEB} is repaired and becomes shared_internal: port http: virtual service on 192.168")
    assert "port https: virtual service on 192.168.8.2, no DNAT rule leads there" in message
    report = preflight_report(cluster, cloud, "shared_internal", existing="migrate")
    assert report["change"] is True
    assert report["migrations"][0]["damaged"] is True
    assert preflight_report(cluster, cloud, "shared_internal")["change"] is False


def test_a_port_without_objects_is_repaired() -> None:
    half = objects("shared_external")
    del half["virtual_services"][1]
    cluster = ccm("shared_external", services=[service()])
    ((_level, message),) = existing("shared_external", cluster, vcd(edge(**half)))
    name = names("web", "https").virtual_service
    assert message == f"{WEB} is repaired and becomes shared_external: port https: virtual service {name} is missing"


def test_a_service_that_lost_all_its_objects_keeps_the_ip_that_kubernetes_shows() -> None:
    cluster = ccm("shared_external", services=[service()])
    report = preflight_report(cluster, vcd(edge()), "shared_external", existing="migrate")
    assert [(move["external_ip"], move["from"]) for move in report["migrations"]] == [("203.0.113.10", "absent")]
    spaces = ccm("shared_external", services=[service(ips=("192.168.8.2",)), service("b", ips=("198.51.100.1",))])
    report = preflight_report(spaces, vcd(ip_space_edge()), "shared_external", existing="migrate")
    assert [move["external_ip"] for move in report["migrations"]] == ["198.51.100.1"]
    waiting = ccm("shared_external", services=[service(ips=(), load_balancer_ip="203.0.113.10")])
    assert preflight_report(waiting, vcd(edge()), "shared_external", existing="migrate")["migrations"] == []


def test_the_ip_that_serves_is_kept_whatever_kubernetes_shows() -> None:
    cluster = ccm("shared_external", services=[service(ips=("192.168.8.2",))])
    ((level, message),) = existing("shared_external", cluster, vcd(edge(**objects("shared_internal"))))
    assert level == "info"
    assert message.endswith("it keeps 203.0.113.10, though Kubernetes shows 192.168.8.2 now")


def with_foreign() -> dict[str, Any]:
    """The objects of web, and another user's virtual service on its external IP."""
    there = objects("distinct_internal")
    there["virtual_services"].append({**virtual_service("x", "y", "203.0.113.10"), "name": "theirs"})
    return there


def two_external_ips() -> dict[str, Any]:
    """Objects with a DNAT rule for another external IP."""
    both = objects("distinct_internal")
    both["nat_rules"][1]["external_addresses"] = "203.0.113.11"
    return both


@pytest.mark.parametrize(
    ("item", "there", "why", "harm"),
    [
        (
            service(ips=()),
            {"virtual_services": objects("shared_internal")["virtual_services"]},
            "its external IP is unknown",
            "Kubernetes shows the internal 192.168.8.2 as its external IP",
        ),
        (service(deleting=True), objects("distinct_internal"), "it is being deleted", "can neither update nor delete"),
        (service(), with_foreign(), "port 80 of 203.0.113.10 is held by", "more than one"),
    ],
)
def test_a_service_that_would_break_as_it_is_stops_the_run(
    item: dict[str, Any], there: dict[str, Any], why: str, harm: str
) -> None:
    cluster, cloud = ccm("distinct_internal", services=[item]), vcd(edge(**there))
    ((level, message),) = existing("shared_external", cluster, cloud)
    assert (level, message.startswith(f"{WEB} cannot be migrated ({why}")) == ("error", True)
    assert "and would break under shared_external" in message
    assert harm in message
    report = preflight_report(cluster, cloud, "shared_external", existing="migrate")
    assert report["ok"] is False
    assert report["migrations"][0]["obstacle"].startswith(why)
    # if the scenario does not change, it stays as it is
    assert found("existing_services", "distinct_internal", cluster, cloud, existing="migrate")[0][0] != "error"


@pytest.mark.parametrize(
    ("item", "there", "why"),
    [
        (service(ips=("192.168.8.2",)), {}, "its external IP is unknown"),
        (service(ips=("198.51.100.1",)), {}, "198.51.100.1 is not an IPv4 address of that gateway"),
        (service(ips=("2001:db8::7",)), {}, "2001:db8::7 is not an IPv4 address of that gateway"),
        (service(ips=("10.10.0.200",)), {}, "10.10.0.200 belongs to network k8s-net"),
        (service(deleting=True), objects("shared_external"), "it is being deleted, and CPI removes its objects"),
        (service(deleting=True), objects("shared_internal"), "it is being deleted, and CPI removes its objects"),
    ],
)
def test_a_service_that_stays_as_it_is_does_not_stop_the_others(
    item: dict[str, Any], there: dict[str, Any], why: str
) -> None:
    other = service("other", ips=("203.0.113.20",))
    here = objects("shared_internal", "other", outside="203.0.113.20")
    for one in (*here["virtual_services"], *here["nat_rules"]):
        one.update({key: "192.168.8.9" for key in ("virtual_ip_address", "internal_addresses") if key in one})
    both = {kind: here[kind] + there.get(kind, []) for kind in here}
    cluster, cloud = ccm("shared_internal", services=[item, other]), vcd(edge(**both))
    findings = existing("shared_external", cluster, cloud)
    assert [level for level, _message in findings] == ["warning", "info"]
    assert findings[0][1].startswith(f"{WEB} stays as it is: ")
    assert why in findings[0][1]
    assert [one["name"] for one in services_option(cluster, cloud, "shared_external")] == ["other"]


UDP = {"name": "quic", "port": 81, "node_port": 30999, "protocol": "UDP", "app_protocol": None}


def with_udp() -> dict[str, Any]:
    """A Service with TCP 80, TCP 81 and UDP 81, in an order in which CPI stops at the third port."""
    item = service()
    return {**item, "ports": [*item["ports"], UDP]}


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_the_tcp_ports_of_a_service_with_a_udp_port_are_migrated(shape: str, target: str) -> None:
    there = objects(shape)
    if shape != "shared_external":
        # what CPI creates for the UDP port before it fails: a rule for the same number
        inside = "192.168.8.2" if shape == "shared_internal" else "192.168.8.9"
        there["nat_rules"].append(nat_rule("web", "quic", "203.0.113.10", inside, 81))
        there["application_port_profiles"].append(profile("web", "quic", 81))
        there["pools"].append(pool("web", "quic"))
    cluster, cloud = ccm(shape, services=[with_udp()]), vcd(edge(**there))
    report = preflight_report(cluster, cloud, target, RANGE, "migrate")
    assert report["ok"], report["summary"]
    (text,) = [one["message"] for one in report["findings"] if one["check"] == "service_ports"]
    assert text.startswith("port quic of default/web: UDP: CPI serves TCP only, and stops at this port; it stays aside")
    assert ("CPI adds a second DNAT rule for port 81" in text) == (target == "distinct_internal")
    steps = [step for one in report["migrations"] for step in one["steps"]]
    assert bool(steps) == (shape != target)
    # the rule of the UDP port is removed if it would take the traffic of the TCP port
    stray = [step for step in steps if "-quic" in step]
    goes = shape != "shared_external" and target == "shared_external"
    moved = shape == "distinct_internal" and target == "shared_internal"
    assert len(stray) == (3 if goes or moved else 0)
    (option,) = services_option(cluster, cloud, target, RANGE)
    assert (len(option["ports"]), option["other_ports"]) == (2, ["quic"])


def test_what_the_operator_excludes_stays_as_it_is() -> None:
    there = objects("shared_internal")
    for excluded, moved in ((["default/web"], []), (["default/web:https"], [1]), (["default/web:81"], [1]), ([], [2])):
        cluster = ccm("shared_internal", services=[service()], excluded=excluded)
        cloud = vcd(edge(**there))
        # both internal scenarios can serve side by side
        report = preflight_report(cluster, cloud, "distinct_internal", RANGE, "migrate")
        assert report["ok"], report["summary"]
        options = services_option(cluster, cloud, "distinct_internal", RANGE)
        assert [len(one["ports"]) for one in options] == moved
        steps = [step for one in report["migrations"] for step in one["steps"]]
        assert not any("-https" in step for step in steps) or not excluded
        # without NAT, CPI would break the Services that stay
        report = preflight_report(cluster, cloud, "shared_external", None, "migrate")
        assert report["ok"] is not bool(excluded)
        if excluded:
            assert "take it out of shared_ip_exclude, or keep the scenario" in report["summary"]


@pytest.mark.parametrize("name", ["default/wen", "web", "default/web:8080", "default/web:"])
def test_an_excluded_name_that_does_not_exist_is_refused(name: str) -> None:
    cluster = ccm("shared_internal", services=[service()], excluded=[name, "default/web:80"])
    report = preflight_report(cluster, vcd(edge(**objects("shared_internal"))), "shared_internal", RANGE)
    assert report["ok"] is False
    assert report["summary"].startswith(f"shared_ip_exclude: {name!r}: there is no such Service")
    assert "write namespace/name or namespace/name:port" in report["summary"]


def test_no_remedy_is_one_that_kubernetes_refuses() -> None:
    """The load balancer class of an existing Service cannot be set."""
    cluster = ccm("shared_internal", services=[service(ips=("198.51.100.1",))])
    report = preflight_report(cluster, vcd(edge()), "shared_external", None, "migrate")
    assert not [one for one in report["findings"] if "loadBalancerClass" in str(one)]


def test_of_two_external_ips_the_one_that_kubernetes_shows_is_kept() -> None:
    cluster, cloud = ccm("distinct_internal", services=[service()]), vcd(edge(**two_external_ips()))
    ((level, message),) = existing("shared_external", cluster, cloud)
    assert level == "info"
    assert message.endswith("; it keeps 203.0.113.10 and gives up 203.0.113.11")


def test_a_routed_ip_that_is_on_no_uplink_can_be_kept_by_its_dnat_rules() -> None:
    there = objects("shared_internal")
    for rule in there["nat_rules"]:
        rule["external_addresses"] = "198.51.100.1"
    cluster = ccm("shared_internal", services=[service(ips=("198.51.100.1",))])
    assert existing("distinct_internal", cluster, vcd(edge(**there)))[0][0] == "info"


def test_the_ip_before_an_interrupted_change_has_precedence() -> None:
    stored = [{"namespace": "default", "name": "web", "external_ip": "203.0.113.20"}]
    cluster = ccm(
        "shared_external",
        services=[service()],
        rollout={"state": "in_progress", "backup": "x"},
        restore_point={"kubernetes_services": stored},
    )
    report = preflight_report(cluster, vcd(edge()), "shared_external", existing="migrate")
    assert [move["external_ip"] for move in report["migrations"]] == ["203.0.113.20"]
