# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is bound to an approved plan carries out that plan, or writes nothing and reports what has changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import digest_of_run
from fake_sides import MIGRATE, FakeSides, Json
from sharing_builders import firewall_rule, group, nat_rule, pool, service, virtual_service

BIND = replace(MIGRATE, bind=True)
OTHER = f"sha256:{'0' * 64}"
WRITES = {"stop CPI", "store again", "move", "remove"}


class ChangeableSides(FakeSides):
    """A fake cluster and gateway that tests can change in any part, and whose pools have members."""

    def __init__(self, shape: str = "distinct_internal", **cluster: Any) -> None:
        super().__init__(shape, **cluster)
        self.edge: Json = {"firewall_rules": [firewall_rule("allow-web", "203.0.113.10")]}
        self.members = ["10.10.0.11", "10.10.0.12"]
        self.prepared: Json = {}

    def gateway(self) -> Json:
        found = super().gateway()
        found["edge_gateways"][0].update(copy.deepcopy(self.edge))
        return found

    def with_members(self, known: Json, pools: Any) -> Json:
        (edge,) = known["edge_gateways"]
        whole = [
            {**one, "default_port": 30080, "health_monitors": [],
             "members": [{"ip_address": ip, "port": 30080, "health_status": "UP"} for ip in self.members]}
            for one in edge["pools"]
        ]  # fmt: skip
        return {**known, "edge_gateways": [{**edge, "healthy_pools": whole}]}

    def describe(self, services: Any, *, whole: bool = False) -> Json:
        found = super().describe(services, whole=whole)
        bodies = found.get("restore_point", {}).get("objects", {}).get("virtual_service", {})
        for name in [name for name in bodies if "-other-" in name]:
            del bodies[name]  # only the members of the Services' pools
        return found

    def prepare_migration(self, goal: Any, services: Any, restore_point: Any, *more: Any) -> Any:
        self.prepared = dict(restore_point)
        return super().prepare_migration(goal, services, restore_point, *more)

    def approved(self, request: RunRequest = BIND) -> Json:
        """The approval of what a run would do now."""
        plan = self.run(request).plan(True).result["bound"]
        self.events.clear()
        return {"cluster": "alpha", "digest": plan["digest"], "plan": plan, "source": "plan.json"}

    def written(self) -> list[str]:
        return [event for event in self.events if event in WRITES or event.startswith("run CPI")]


def add_service(sides: ChangeableSides) -> None:
    sides.cluster["services"].append(service("shop", ips=("203.0.113.11",)))


def remove_service(sides: ChangeableSides) -> None:
    sides.cluster["services"].clear()


def change_port(sides: ChangeableSides) -> None:
    sides.cluster["services"][0]["ports"][1]["port"] = 8443


def change_node_port(sides: ChangeableSides) -> None:
    sides.cluster["services"][0]["ports"][1]["node_port"] = 31999


def add_annotation(sides: ChangeableSides) -> None:
    sides.cluster["services"][0]["annotations"] = {"service.beta.kubernetes.io/vcloud-avi-ssl-ports": "443"}


def add_member(sides: ChangeableSides) -> None:
    sides.members.append("10.10.0.13")


def change_rule(sides: ChangeableSides) -> None:
    sides.objects["nat_rules"][0]["priority"] = 7


def take_external_ip(sides: ChangeableSides) -> None:
    sides.objects["nat_rules"].append(nat_rule("other", "x", "203.0.113.10", "192.168.8.77", 9000, cluster_id="other"))


def change_virtual_service(sides: ChangeableSides) -> None:
    sides.objects["virtual_services"][0]["enabled"] = False


def change_pool(sides: ChangeableSides) -> None:
    sides.objects["pools"][0]["enabled"] = False


def remove_profile(sides: ChangeableSides) -> None:
    del sides.objects["application_port_profiles"][0]


def change_image(sides: ChangeableSides) -> None:
    sides.cluster["deployment"]["image"] = "registry.example.com/cpi:1.6.1-patched"


def change_replicas(sides: ChangeableSides) -> None:
    sides.cluster["deployment"].update(replicas=2, running_replicas=2)


def change_file(sides: ChangeableSides) -> None:
    sides.cluster["config"]["loadbalancer"]["vipSubnet"] = "203.0.113.0/25"


def change_immutability(sides: ChangeableSides) -> None:
    sides.cluster["config_map"]["immutable"] = False


def less_room(sides: ChangeableSides) -> None:
    sides.edge["service_engine_groups"] = [group("seg-shared", 2, 2)]


def change_firewall(sides: ChangeableSides) -> None:
    sides.edge["firewall_rules"][0]["action"] = "DROP"


def insert_firewall_rule(sides: ChangeableSides) -> None:
    sides.edge["firewall_rules"].insert(0, firewall_rule("first", "198.51.100.1"))


def allot_other_addresses(sides: ChangeableSides) -> None:
    (uplink,) = sides.gateway()["edge_gateways"][0]["uplinks"]
    uplink["subnets"][0]["ip_ranges"] = [{"start": "203.0.113.10", "end": "203.0.113.30"}]
    sides.edge["uplinks"] = [uplink]


def own_by_a_tool(sides: ChangeableSides) -> None:
    owner = {"tool": "Helm", "name": "cpi", "namespace": "kube-system", "objects": ["Deployment kube-system/x"]}
    sides.cluster["owners"] = [owner]


CHANGES: dict[Callable[[ChangeableSides], None], str] = {
    add_service: "Service default/shop is new",
    remove_service: "Service default/web is gone",
    change_port: "Service default/web has changed",
    change_node_port: "Service default/web has changed",
    add_annotation: "Service default/web has changed",
    add_member: "pool ingress-pool-web-",
    change_rule: "NAT rule dnat-ingress-vs-web-",
    take_external_ip: "address 203.0.113.10 has changed",
    change_virtual_service: "virtual service ingress-vs-web-",
    change_pool: "pool ingress-pool-web-",
    remove_profile: "application port profile appPort_dnat-ingress-vs-web-",
    change_image: "image of CPI has changed",
    change_replicas: "Deployment of CPI has changed",
    change_file: "CPI's file has changed",
    change_immutability: "CPI's file has changed",
    less_room: "service engine group seg-shared has changed",
    change_firewall: "firewall rule allow-web has changed",
    insert_firewall_rule: "firewall rule first is new",
    allot_other_addresses: "uplink uplink-1 has changed",
    own_by_a_tool: "tools that write CPI's objects has changed",
}
REQUESTS: dict[str, RunRequest] = {
    "shared_ip_scenario": replace(MIGRATE, scenario="shared_internal"),
    "shared_ip_existing": replace(MIGRATE, existing="fail"),
    "shared_ip_prune": replace(MIGRATE, prune=True),
    "shared_ip_vcd_rules": replace(MIGRATE, vcd_rules=["vip_and_dnat_on_one_address"]),
    "shared_ip_accept_loss": replace(MIGRATE, accept_loss=True),
    "shared_ip_firewall": replace(MIGRATE, firewall="manage"),
    "shared_ip_restart": replace(MIGRATE, restart="recreate"),
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_changes_after_the_approval_stops_the_run_and_is_named(
    change: Callable[[ChangeableSides], None],
) -> None:
    sides = ChangeableSides()
    approved = sides.approved()
    change(sides)
    planned = sides.run(replace(MIGRATE, approved=approved)).plan(False)
    assert planned.result["ok"] is False
    assert "plan" not in planned.result
    assert sides.written() == []
    difference = "\n".join(planned.result["lines"]["difference"])
    assert CHANGES[change] in difference
    assert planned.result["summary"].startswith("shared_ip_apply: 'plan.json': the approved plan no longer fits (")
    assert "nothing was written" in planned.result["summary"]


@pytest.mark.parametrize("setting", REQUESTS)
def test_another_setting_stops_the_run_and_is_named(setting: str) -> None:
    sides = ChangeableSides()
    request = replace(REQUESTS[setting], approved=sides.approved())
    planned = sides.run(request).plan(False)
    assert planned.result["ok"] is False
    assert f"setting {setting} has changed" in "\n".join(planned.result["lines"]["difference"])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_while_the_run_waits_for_the_edge_gateway_stops_it_too(
    change: Callable[[ChangeableSides], None], tmp_path: Path
) -> None:
    sides = ChangeableSides()
    request = replace(MIGRATE, approved=sides.approved(), restore_dir=str(tmp_path))
    run = sides.run(request)
    planned = run.plan(False).result
    sides.meanwhile["lock"] = lambda: change(sides)
    with pytest.raises(CollectionError, match="the approved plan no longer fits"):
        run.change(planned["plan"], False)
    assert sides.written() == []
    assert list(tmp_path.iterdir()) == []


def test_a_change_while_cpi_stops_ends_the_run_before_the_first_service(tmp_path: Path) -> None:
    sides = ChangeableSides()
    run = sides.run(replace(MIGRATE, approved=sides.approved(), restore_dir=str(tmp_path)))
    planned = run.plan(False).result
    sides.meanwhile["stop CPI"] = lambda: add_service(sides)
    with pytest.raises(CollectionError, match=r"while CPI stopped, Services have changed.*CPI runs again"):
        run.change(planned["plan"], False)
    assert "move" not in sides.events
    assert sides.cluster["deployment"]["replicas"] == 1


def test_an_approved_plan_is_carried_out_and_then_done(tmp_path: Path) -> None:
    sides = ChangeableSides()
    request = replace(MIGRATE, approved=sides.approved())
    done = sides.changed(request, tmp_path)
    assert (done.changed, done.result["result"]["verified"]) == (True, True)
    assert sides.allowed == ["write"]
    assert sides.stored is not None
    assert request.approved is not None
    assert request.approved["digest"] in sides.stored["approved"]["digests"]
    again = sides.run(request).plan(False)
    assert (again.result["ok"], again.result["plan"]["pending"]) == (True, False)
    assert again.result["lines"]["plan"] == ["shared_ip_apply: plan.json: this plan is done: there is nothing to do"]


INTERNAL = replace(MIGRATE, scenario="shared_internal", bind=True)


def take_internal_address(sides: ChangeableSides) -> None:
    sides.objects["virtual_services"].append(virtual_service("other", "x", "192.168.8.2", cluster_id="other"))


def test_an_internal_address_that_is_taken_after_the_approval_stops_the_run() -> None:
    sides = ChangeableSides("shared_external")
    approved = sides.approved(INTERNAL)
    assert "address 192.168.8.2" in approved["plan"]["based_on"]
    take_internal_address(sides)
    planned = sides.run(replace(INTERNAL, approved=approved)).plan(False).result
    assert planned["ok"] is False
    assert "address 192.168.8.2 has changed" in planned["summary"]


def test_an_internal_address_that_is_freed_after_the_approval_stops_the_run() -> None:
    sides = ChangeableSides("shared_external")
    take_internal_address(sides)
    approved = sides.approved(INTERNAL)
    sides.objects["virtual_services"].pop()
    planned = sides.run(replace(INTERNAL, approved=approved)).plan(False).result
    assert planned["ok"] is False
    assert "address 192.168.8.2 has changed" in planned["summary"]


def test_a_digest_alone_approves_the_same_plan_and_no_other(tmp_path: Path) -> None:
    sides = ChangeableSides()
    approved = {**sides.approved(), "plan": None, "source": "sha256:x"}
    assert sides.run(replace(MIGRATE, approved=approved)).plan(False).result["ok"] is True
    add_service(sides)
    planned = sides.run(replace(MIGRATE, approved=approved)).plan(False).result
    assert planned["ok"] is False
    assert "give the plan's file to see what has changed" in planned["summary"]


DONE = "this plan is done: there is nothing to do"


def alone(digest: str) -> Json:
    """The approval of a digest whose plan is not available."""
    return {"cluster": "alpha", "digest": digest, "source": digest}


def carried_out(tmp_path: Path, request: RunRequest = MIGRATE) -> tuple[ChangeableSides, str]:
    """A fake cluster and gateway after a plan was carried out, and the digest of that plan."""
    sides = ChangeableSides()
    approved = sides.approved(replace(request, bind=True))
    sides.changed(replace(request, approved=approved), tmp_path)
    sides.events.clear()
    return sides, approved["digest"]


def test_after_a_plan_was_carried_out_its_digest_alone_is_known(tmp_path: Path) -> None:
    sides, digest = carried_out(tmp_path)
    for one in (digest, digest_of_run({"alpha": digest})):
        planned = sides.run(replace(MIGRATE, approved=alone(one))).plan(False).result
        assert (planned["ok"], planned["lines"]["plan"]) == (True, [f"shared_ip_apply: {one}: {DONE}"])


def test_after_a_plan_was_carried_out_another_digest_is_refused_even_if_nothing_is_to_be_done(tmp_path: Path) -> None:
    sides, digest = carried_out(tmp_path)
    planned = sides.run(replace(MIGRATE, approved=alone(OTHER))).plan(False).result
    assert planned["ok"] is False
    assert f"{OTHER}': there is nothing to do, and this is neither" in planned["summary"]
    assert f"nor of the plan that was carried out last ({digest})" in planned["summary"]
    assert sides.written() == []


def test_a_digest_is_done_only_with_the_variables_that_it_was_carried_out_with(tmp_path: Path) -> None:
    sides, digest = carried_out(tmp_path)
    request = replace(MIGRATE, accept_loss=True, approved=alone(digest))
    planned = sides.run(request).plan(False).result
    assert planned["ok"] is False
    assert "setting shared_ip_accept_loss has changed" in planned["summary"]


@pytest.mark.parametrize("approved_before", [False, True], ids=["never", "by a run that may only have removed orphans"])
def test_a_digest_without_any_record_is_reported(approved_before: bool, tmp_path: Path) -> None:
    if approved_before:
        sides, request = carried_out(tmp_path)[0], replace(MIGRATE, prune=True, approved=alone(OTHER))
    else:
        sides, request = ChangeableSides("shared_external"), replace(MIGRATE, approved=alone(OTHER))
    planned = sides.run(request).plan(False).result
    assert (planned["ok"], planned["plan"]["pending"]) == (True, False)
    (line,) = planned["lines"]["plan"]
    assert line.startswith(f"shared_ip_apply: {OTHER}: there was nothing to do, and nothing was written; the digest")


@pytest.mark.parametrize("damaged", [{}, [], {"digests": "sha256:"}, {"digests": [1], "based_on": []}], ids=str)
def test_a_damaged_record_in_the_cluster_proves_nothing(damaged: Any, tmp_path: Path) -> None:
    sides, digest = carried_out(tmp_path)
    assert sides.stored is not None
    sides.stored["approved"] = damaged
    planned = sides.run(replace(MIGRATE, approved=alone(digest))).plan(False).result
    assert DONE not in planned["lines"].get("plan", [""])[0]


def test_an_interrupted_run_that_was_planned_again_is_bound_to_the_new_plan(tmp_path: Path) -> None:
    sides = ChangeableSides()
    first = replace(MIGRATE, approved=sides.approved())
    sides.fails["move"] = CollectionError("lost", service="default/web", state="failed", migrated=["default/api"])
    with pytest.raises(CollectionError, match="lost"):
        sides.changed(first, tmp_path)
    assert sides.stored is not None
    before = {key: value for key, value in sides.stored.items() if key != "approved"}
    second = replace(MIGRATE, approved=sides.approved())
    with pytest.raises(CollectionError, match="lost"):  # interrupted again
        sides.changed(second, tmp_path)
    assert {key: value for key, value in sides.stored.items() if key != "approved"} == before
    assert sides.run(first).plan(False).result["ok"] is False
    sides.fails.clear()
    sides.changed(second, tmp_path)
    assert second.approved is not None
    planned = sides.run(replace(MIGRATE, approved=alone(second.approved["digest"]))).plan(False).result
    assert planned["lines"]["plan"][0].endswith(DONE)


def test_going_back_after_an_interrupted_run_keeps_both_restore_points(tmp_path: Path) -> None:
    """The one in the cluster stays as it was, and the Services also get what the one in the file contains."""
    sides = ChangeableSides()
    sides.fails["move"] = CollectionError("lost", service="default/web", state="failed", migrated=["default/api"])
    with pytest.raises(CollectionError, match="lost"):
        sides.changed(replace(MIGRATE, approved=sides.approved()), tmp_path)
    sides.fails.clear()
    stored = copy.deepcopy(sides.stored or {})
    older = copy.deepcopy(stored)
    older["objects"]["virtual_service"]["lost"] = {"name": "lost"}
    (tmp_path / "older.json").write_text(json.dumps(older))
    back = RunRequest(go_back=True, restore_file=str(tmp_path / "older.json"))
    sides.changed(replace(back, approved=sides.approved(replace(back, bind=True))), tmp_path)
    assert sides.stored is not None
    assert sides.stored["objects"] == stored["objects"]
    assert sides.stored["approved"]["digests"] != stored["approved"]["digests"]
    assert "lost" in sides.prepared["objects"]["virtual_service"]


@pytest.mark.parametrize("interrupted", [False, True])
def test_an_approved_rollback_is_carried_out_finished_and_then_done(interrupted: bool, tmp_path: Path) -> None:
    """It goes back to the restore point in the cluster, which also gets the approval and the current objects."""
    sides, _digest = carried_out(tmp_path)
    back = RunRequest(go_back=True)
    request = replace(back, approved=sides.approved(replace(back, bind=True)))
    if interrupted:
        sides.fails["move"] = CollectionError("lost", service="default/web", state="failed", migrated=["default/api"])
        with pytest.raises(CollectionError, match="lost"):
            sides.changed(request, tmp_path)
        sides.fails.clear()
    done = sides.changed(request, tmp_path)
    assert (done.changed, sides.cluster["scenario"]) == (True, "distinct_internal")
    assert request.approved is not None
    for approved in (request.approved, alone(request.approved["digest"])):
        planned = sides.run(replace(back, approved=approved)).plan(False).result
        assert planned["ok"], planned["summary"]
        assert planned["lines"]["plan"][0].endswith(DONE)


def test_an_unapproved_rollback_leaves_no_approval(tmp_path: Path) -> None:
    sides, _digest = carried_out(tmp_path)
    sides.changed(RunRequest(go_back=True), tmp_path)
    assert sides.stored is not None
    assert "approved" not in sides.stored


def test_what_happens_by_itself_changes_no_plan() -> None:
    sides = ChangeableSides()
    approved = sides.approved()
    sides.cluster["pods"][0].update(name="ccm-2", node="cp-2")
    sides.cluster["deployment"].update(ready=False, ready_replicas=0)
    sides.cluster["config_map"].update(uid="2", resource_version="99")
    sides.objects["virtual_services"][0].update(health_status="DOWN", health_message="x", status="PENDING")
    sides.objects["nat_rules"][0]["version"] = 9
    assert sides.run(BIND).plan(True).result["bound"]["digest"] == approved["digest"]


def test_what_others_do_on_the_edge_gateway_changes_no_plan() -> None:
    sides = ChangeableSides()
    approved = sides.approved()
    sides.objects["virtual_services"].append(virtual_service("other", "x", "203.0.113.50", cluster_id="other"))
    sides.objects["nat_rules"].append(nat_rule("other", "x", "203.0.113.51", "192.168.8.90", cluster_id="other"))
    sides.objects["pools"].append(pool("other", "x", cluster_id="other"))
    sides.edge["used_ip_addresses"] = [{"address": "203.0.113.50", "category": "Load_Balancer"}]
    sides.edge["service_engine_groups"] = [group("seg-shared", 20, 5)]
    assert sides.run(BIND).plan(True).result["bound"]["digest"] == approved["digest"]


def test_an_approved_run_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    sides = ChangeableSides()
    request = replace(MIGRATE, approved=sides.approved())
    sides.fails["move"] = CollectionError("lost", service="default/web", state="failed", migrated=["default/api"])
    with pytest.raises(CollectionError, match="lost"):
        sides.changed(request, tmp_path)
    assert sides.cluster["deployment"]["replicas"] == 0
    sides.fails.clear()
    done = sides.changed(request, tmp_path)
    assert (done.changed, done.result["result"]["verified"]) == (True, True)


def test_an_interrupted_run_is_not_finished_after_a_change_of_a_service(tmp_path: Path) -> None:
    sides = ChangeableSides()
    request = replace(MIGRATE, approved=sides.approved())
    sides.fails["move"] = CollectionError("lost", service="default/web", state="failed", migrated=["default/api"])
    with pytest.raises(CollectionError, match="lost"):
        sides.changed(request, tmp_path)
    sides.fails.clear()
    sides.events.clear()
    change_port(sides)
    planned = sides.run(request).plan(False).result
    assert planned["ok"] is False
    assert "Service default/web has changed" in planned["summary"]
    assert sides.written() == []


def test_a_new_warning_stops_the_run_and_is_quoted() -> None:
    sides = ChangeableSides()
    approved = sides.approved()
    sides.cluster["deployment"].update(replicas=0, running_replicas=0)
    planned = sides.run(replace(MIGRATE, approved=approved)).plan(False).result
    assert planned["ok"] is False
    assert "is found now, and was not: warning (cpi): " in "\n".join(planned["lines"]["difference"])


def test_an_approval_that_was_tampered_with_is_refused() -> None:
    sides = ChangeableSides()
    approved = sides.approved()
    approved["plan"]["scenario"] = "shared_internal"
    with pytest.raises(InvalidInput, match="was changed after it was made"):
        sides.run(replace(MIGRATE, approved=approved)).plan(False)
