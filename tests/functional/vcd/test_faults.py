# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults at every request of every module: the change is made exactly once, or the module fails clearly."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from in_process import Modules
from vcdsim.testing import Simulator
from waiting import until

POOL = "*/loadBalancer/pools"
SERVICE = "*/loadBalancer/virtualServices"
RULES = "*/nat/rules"
PROFILES = "*/applicationPortProfiles"
WEB: dict[str, Any] = {
    "name": "web",
    "pool": "web",
    "application_profile": "HTTP",
    "virtual_ip_address": "203.0.113.10",
    "service_ports": [{"start": 80}],
}
NAT: dict[str, Any] = {
    "name": "web",
    "type": "DNAT",
    "external_addresses": "203.0.113.20",
    "internal_addresses": "192.168.8.2",
}
# (module, options that create an object, an option that changes it)
OBJECTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("pool", {"name": "p"}, {"description": "new"}),
    ("virtual_service", WEB, {"description": "new"}),
    ("nat_rule", NAT, {"priority": 7}),
    ("app_port_profile", {"name": "a", "application_ports": [{"protocol": "TCP"}]}, {"description": "new"}),
]
# temporary faults that affect a request or its task once
PASSING: dict[str, dict[str, Any]] = {
    "busy": {"status": 400, "code": "BUSY_ENTITY", "message": "x is busy completing an operation NAT_RULE_CREATE."},
    "too many": {"status": 429, "retry_after": 0},
    "bad gateway": {"status": 502},
    "unavailable": {"status": 503},
    "time-out": {"status": 504},
    "reset before": {"reset": "before"},
    "reset after": {"reset": "after"},
    "session ended": {"expire_session": True},
    "task met busy": {"task": "error", "code": "BUSY_ENTITY", "message": "is busy completing an operation X."},
}


def count(vcd: Modules, key: str, name: str) -> int:
    """The number of objects with this name."""
    return len([one for one in vcd.done(f"vcd_{key}_info", name=name)[f"{key}s"] if one.get("scope") != "SYSTEM"])


@pytest.fixture
def ready(vcd: Modules) -> Modules:
    """A pool for the virtual service."""
    vcd.done("vcd_pool", name="web", members=[{"ip_address": "10.10.0.11", "port": 30080}])
    return vcd


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize(("key", "create", "change"), OBJECTS, ids=[one[0] for one in OBJECTS])
def test_temporary_faults_are_survived(
    ready: Modules, key: str, create: dict[str, Any], change: dict[str, Any], fault: str
) -> None:
    module, name = f"vcd_{key}", create["name"]
    route = {"pool": POOL, "virtual_service": SERVICE, "nat_rule": RULES, "app_port_profile": PROFILES}[key]
    one = f"{route}/*"

    def once(method: str, where: str) -> None:
        ready.simulator.faults([{"method": method, "route": where, "times": 1, **PASSING[fault]}])

    def used() -> bool:
        return bool(ready.simulator.faults()[0]["used"])

    once("POST", route)
    assert ready.done(module, **create)["changed"] is True
    assert used()
    assert count(ready, key, name) == 1
    once("PUT", one)
    assert ready.done(module, name=name, **change)["changed"] is True
    assert used()
    assert ready.done(module, name=name, **change)["changed"] is False
    once("DELETE", one)
    assert ready.done(module, name=name, state="absent")["changed"] is True
    assert used()
    assert count(ready, key, name) == 0


READS = ["/api/versions", "/cloudapi/1.0.0/sessions", "*/edgeGateways", "*/usedIpAddresses"]
# a read has no task, and before the login there is no session that could expire
WITHOUT_MEANING = {"task met busy", "session ended"}
READ_FAULTS = [(route, fault) for route in READS for fault in PASSING if fault not in WITHOUT_MEANING]
READ_FAULTS += [(route, "session ended") for route in READS[2:]]


@pytest.mark.parametrize(("route", "fault"), READ_FAULTS)
def test_reads_and_the_login_survive_temporary_faults(vcd: Modules, route: str, fault: str) -> None:
    vcd.simulator.faults([{"route": route, "times": 1, **PASSING[fault]}])
    found = vcd.done("vcd_edge_gateway_info", gather=["used_ip_addresses"])
    assert found["edge_gateways"][0]["used_ip_addresses"]
    assert vcd.simulator.faults()[0]["used"] == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            {"task": "error", "code": "INTERNAL", "message": "It broke."},
            ("ended in error", "INTERNAL: It broke.", "urn:vcloud:task:"),
        ),
        ({"task": "never"}, ("timed out after {} s waiting for task", "option timeout")),
        ({"task": "vanish"}, ("no longer exists", "run again")),
        ({"status": 500}, ("Cloud Director answered 500 INTERNAL_SERVER_ERROR",)),
        ({"status": 503}, ("Cloud Director answered 503", "tried for {} s; option timeout")),
        ({"status": 400, "code": "BUSY_ENTITY", "message": "is currently busy"}, ("BUSY_ENTITY", "tried for {} s")),
        ({"reset": "before"}, ("the connection was reset before the answer arrived", "tried for {} s; option timeout")),
        ({"delay": 30}, ("no answer in time",)),
    ],
)
def test_a_permanent_fault_gives_one_clear_line(ready: Modules, fault: dict[str, Any], says: tuple[str, ...]) -> None:
    before = ready.simulator.snapshot()
    for seconds in (2, 20):  # on a busy machine, successful requests may take longer than the first limit
        ready.simulator.restore(before)
        ready.simulator.faults([{"method": "POST", "route": RULES, **fault}])
        message = ready.refused("vcd_nat_rule", **NAT, timeout=seconds)
        missing = [part for part in says if part.format(seconds) not in message]
        if not missing:
            break
    assert not missing, message
    assert "create NAT rule 'web' on edge gateway 'acme-edge'" in message


def test_the_next_run_completes_an_interrupted_one(ready: Modules) -> None:
    ready.simulator.faults([{"method": "POST", "route": RULES, "task": "vanish", "times": 1}])
    ready.refused("vcd_nat_rule", **NAT)
    assert ready.done("vcd_nat_rule", **NAT)["changed"] is False
    assert count(ready, "nat_rule", "web") == 1


@pytest.fixture
def shared(ready: Modules) -> Modules:
    """Two virtual services that share a VIP, the second with every setting that a recreation could lose."""
    ready.done("vcd_pool", name="tls")
    ready.done("vcd_virtual_service", **WEB)
    ready.done("vcd_virtual_service", **TLS)
    return ready


TLS: dict[str, Any] = {
    "name": "tls",
    "pool": "tls",
    "application_profile": "HTTPS",
    "virtual_ip_address": "203.0.113.10",
    "certificate": "web-cert",
    "service_ports": [{"start": 443, "ssl_enabled": True}, {"start": 8443}],
    "description": "kept",
    "enabled": False,
}
MOVE: dict[str, Any] = {"name": "tls", "virtual_ip_address": "203.0.113.11", "recreate": True}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_a_recreation_survives_temporary_faults(shared: Modules, method: str, fault: str) -> None:
    before = shared.done("vcd_virtual_service_info", name="tls")["virtual_services"][0]
    route = SERVICE if method == "POST" else f"{SERVICE}/*"
    shared.simulator.faults([{"method": method, "route": route, "times": 1, **PASSING[fault]}])
    after = shared.done("vcd_virtual_service", **MOVE)["virtual_service"]
    changing = {"id": None, "virtual_ip_address": None}
    assert {**after, **changing} == {**before, **changing}
    assert count(shared, "virtual_service", "tls") == 1


def test_a_rejected_recreation_restores_the_original(shared: Modules) -> None:
    before = shared.done("vcd_virtual_service_info", name="tls")["virtual_services"][0]
    # a refusal that cannot be predicted, such as an exhausted licence
    shared.simulator.faults([{"method": "POST", "route": SERVICE, "status": 400, "times": 1}])
    message = shared.refused("vcd_virtual_service", **MOVE)
    assert "was deleted, but creating it again failed" in message
    assert "it was created with its original settings" in message
    after = shared.done("vcd_virtual_service_info", name="tls")["virtual_services"][0]
    assert {**after, "id": None} == {**before, "id": None}


def test_a_failed_recreation_reports_what_was_deleted_and_how_to_create_it(shared: Modules) -> None:
    shared.simulator.faults([{"method": "POST", "route": SERVICE, "status": 500}])
    result = shared.run("vcd_virtual_service", **TLS | MOVE)
    assert result["failed"]
    assert before_and_now(result["msg"])
    failure = result["failure"]
    assert failure["deleted"]["name"] == "tls"
    assert failure["body"]["virtualIpAddress"] == "203.0.113.11"
    assert failure["body_before"]["virtualIpAddress"] == "203.0.113.10"
    for body in (failure["body"], failure["body_before"]):
        assert body["certificateRef"]["name"] == "web-cert"
        assert (body["description"], body["enabled"], "id" in body) == ("kept", False, False)
    assert count(shared, "virtual_service", "tls") == 0
    shared.simulator.faults([])
    after = shared.done("vcd_virtual_service", **TLS | MOVE)["virtual_service"]
    assert (after["virtual_ip_address"], after["description"]) == ("203.0.113.11", "kept")
    assert shared.done("vcd_virtual_service", **TLS | MOVE)["changed"] is False


def before_and_now(message: str) -> bool:
    """Whether the message has the deleted object, the reason and the current state."""
    parts = ("virtual service 'tls' on edge gateway 'acme-edge' (urn:", "was deleted", "500", "it does NOT exist now")
    return all(part in message for part in parts)


def test_a_reverted_change_is_noticed(ready: Modules) -> None:
    ready.simulator.faults([{"method": "PUT", "route": f"{POOL}/*", "reset": "after", "task": "error", "times": 1}])
    sim = ready.simulator
    sim.settings(task_seconds=3600)
    sim.journal(clear=True)

    def looked_at() -> bool:
        methods = [entry["method"] for entry in sim.journal() if "/loadBalancer/pools/" in entry["path"]]
        return "GET" in methods[methods.index("PUT") :] if "PUT" in methods else False

    def fail_then() -> None:
        until(looked_at, "the look at what the lost answer was about")
        (task,) = (one["id"] for one in sim.dump()["tasks"] if one["status"] == "running")
        sim.release(task)

    # the task fails only after its effect was visible
    failing = threading.Thread(target=fail_then)
    failing.start()
    result = ready.done("vcd_pool", name="web", description="new")
    failing.join()
    sim.settings(task_seconds=0.05)
    assert "description: Cloud Director did not apply it to pool 'web'" in str(result["warnings"])
    assert result["pool"]["description"] == ""
    assert "warnings" not in ready.done("vcd_pool", name="web", description="new")


def test_the_error_of_a_server_that_rejects_every_put_of_a_shared_vip_is_shown(shared: Modules) -> None:
    shared.simulator.assume(put_shared_vip_vs="refused")
    message = shared.refused("vcd_virtual_service", name="tls", description="other")
    assert "cannot update virtual service 'tls'" in message
    shared.simulator.assume(put_shared_vip_vs="allowed")


def test_other_assumptions_about_the_server_do_not_matter() -> None:
    with Simulator(
        estate="one-edge", assume={"page-size-above-limit": "refused", "nat-version": "ignored"}
    ) as simulator:
        vcd = Modules(simulator)
        vcd.done("vcd_nat_rule", **NAT)
        assert vcd.done("vcd_nat_rule", **NAT, priority=9)["nat_rule"]["priority"] == 9
        everything = ["used_ip_addresses", "networks", "service_engine_groups", "virtual_services"]
        assert vcd.done("vcd_edge_gateway_info", gather=everything)["edge_gateways"]
