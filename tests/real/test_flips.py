# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when the flags are flipped under existing Services, as the real CPI shows (docs/flag-flips.md)."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from control_plane.api import wait_until
from control_plane.testing import service
from real_model import port
from real_stage import Object, Stage
from vcdsim.testing import Simulator

EXTERNAL, INTERNAL, DISTINCT = (item.value for item in Scenario)
TWO = service("two", [port("a", 80), port("b", 81)])
ONE = service("one", [port("a", 80)])
PANIC = "panic: runtime error: invalid memory address or nil pointer dereference"


def start(stage: Stage, scenario: str, *services: Object) -> dict[str, str]:
    """Start CPI in a scenario with Services. Returns their external IPs."""
    stage.start_cpi(scenario)
    return {item["metadata"]["name"]: stage.create(item) for item in services}


@pytest.mark.parametrize("scenario", [INTERNAL, DISTINCT])
def test_from_shared_external_cpi_ends_in_a_crash_loop(stage: Stage, scenario: str) -> None:
    ips, before = start(stage, EXTERNAL, TWO, ONE), stage.objects()
    stage.flip(scenario)
    stage.cluster.wait_for_cpi()
    turns = itertools.cycle([False, True])

    def panics() -> bool:
        """CPI reads the nodes when it starts, and then when their set changes. It does not notice an earlier change."""
        stage.serve_from(all_workers=next(turns))
        return PANIC in stage.cluster.cpi_logs()

    wait_until(panics, "CPI panics", every=4)
    wait_until(lambda: restarts(stage) > 0, "CPI's pod is restarted")
    after = stage.objects()
    assert after.nat_rules == {}, "CPI made a DNAT rule after all"
    assert after.virtual_services == before.virtual_services
    served = {facts["virtual_ip_address"] for facts in after.virtual_services.values()}
    for name, ip in ips.items():
        now = stage.external_ip(name)
        assert now == ip or now not in served, "CPI shows another address than before, which another object serves"


@pytest.mark.parametrize("scenario", [INTERNAL, DISTINCT])
def test_to_shared_external_the_status_becomes_internal_and_nat_is_orphaned(stage: Stage, scenario: str) -> None:
    start(stage, scenario, ONE)
    before = stage.objects()
    (internal,) = (facts["virtual_ip_address"] for facts in before.virtual_services.values())
    stage.flip(EXTERNAL)
    wait_until(lambda: stage.external_ip("one") == internal, "the status shows the internal IP")
    assert internal in stage.cluster.kubectl("get", "service", "one")
    assert stage.objects() == before
    stage.delete("one")
    left = stage.objects()
    assert left.names == set(before.nat_rules) | set(before.app_port_profiles)


def test_from_distinct_to_shared_external_a_service_with_two_ports_is_stuck(stage: Stage) -> None:
    ips, before = start(stage, DISTINCT, TWO), stage.objects()
    stage.flip(EXTERNAL)
    text = "more than one virtual ip found"
    line = stage.log_says(text)
    assert all(f"[{facts['virtual_ip_address']}]" in line for facts in before.virtual_services.values())
    wait_until(lambda: text in warnings(stage), "kubectl shows the reason")
    assert stage.external_ip("two") == ips["two"], "the DNAT rules still serve it"
    stage.cluster.api.delete("Service", "default", "two")
    stage.log_says("failed to check if load balancer exists before cleanup")
    assert stage.cluster.api.get("Service", "default", "two"), "it went away after all"
    assert stage.objects() == before


@pytest.mark.parametrize(("first", "second"), [(INTERNAL, DISTINCT), (DISTINCT, INTERNAL)])
def test_between_the_internal_scenarios_only_new_services_follow(stage: Stage, first: str, second: str) -> None:
    ips, before = start(stage, first, TWO), stage.objects()
    stage.flip(second)
    stage.cluster.wait_for_cpi()
    new = service("new", [port("a", 80), port("b", 81)])
    stage.create(new)
    after = stage.objects()
    assert {name: after.virtual_services[name] for name in before.virtual_services} == before.virtual_services
    addresses = {facts["virtual_ip_address"] for name, facts in after.virtual_services.items() if "-new-" in name}
    assert len(addresses) == (1 if second == INTERNAL else 2)
    assert stage.external_ip("two") == ips["two"]
    stage.delete("two")
    stage.delete("new")
    assert stage.objects().names == set()


def test_a_given_ip_makes_cpi_ask_for_a_change_that_vcd_refuses(stage: Stage) -> None:
    ips = start(stage, INTERNAL, {**TWO, "spec": {**TWO["spec"], "loadBalancerIP": "203.0.113.30"}})
    before = stage.objects()
    stage.flip(EXTERNAL)
    stage.log_says("unable to update virtual service; expected http response [202], obtained [400]")
    wait_until(lambda: "SyncLoadBalancerFailed" in warnings(stage), "kubectl shows the failure")
    assert stage.external_ip("two") == ips["two"] == "203.0.113.30"
    assert stage.objects() == before


def test_with_ip_spaces_the_address_of_a_deleted_service_stays_allocated(stage: Stage) -> None:
    with Simulator(estate="ip-spaces", task_seconds=0) as other:
        stage = Stage(stage.cluster, other, stage.folder)
        ips = start(stage, INTERNAL, ONE)
        stage.flip(EXTERNAL)
        wait_until(lambda: stage.external_ip("one") == "192.168.8.2", "the status shows the internal IP")
        stage.delete("one")
        stage.log_says(f"RDE VIP [192.168.8.2] doesn't match allocated IP [{ips['one']}] in IP Space [public]")
        (left,) = other.dump()["ip_space_allocations"]
        assert (left["value"], left["usageState"]) == (ips["one"], "USED_MANUAL")
        stage.cluster.clear()


def test_a_change_of_the_set_of_nodes_drops_the_health_monitor(stage: Stage) -> None:
    """Released versions of CPI do it for every port without ``appProtocol: tcp``, in every scenario."""
    named = service("named", [port("a", 80, "tcp")])
    start(stage, EXTERNAL, ONE, named)
    assert monitors(stage) == {"one": ["TCP"], "named": ["TCP"]}
    stage.serve_from(all_workers=False)
    wait_until(lambda: members(stage) == {"one": 1, "named": 1}, "both pools have one member less")
    assert monitors(stage) == {"one": [], "named": ["TCP"]}


def restarts(stage: Stage) -> int:
    counts: list[int] = [
        one["restartCount"] for pod in stage.cluster.pods() for one in pod["status"]["containerStatuses"]
    ]
    return max(counts)


def warnings(stage: Stage) -> str:
    return stage.cluster.kubectl("get", "events", "--field-selector=type=Warning", "-o", "wide")


def monitors(stage: Stage) -> dict[str, list[str]]:
    return {name.split("-")[2]: facts["health_monitors"] for name, facts in stage.objects().pools.items()}


def members(stage: Stage) -> dict[str, int]:
    return {name.split("-")[2]: len(facts["members"]) for name, facts in stage.objects().pools.items()}
