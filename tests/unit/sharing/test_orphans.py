# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster that belong to no live Service and port, and which of them may be removed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import (
    Witnesses,
    find_orphans,
    recorded_by,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Evidence, Orphan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    find_orphans as orphans_of_services,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from preflight_findings import preflight_report
from sharing_builders import (
    CLUSTER_ID,
    ccm,
    edge,
    nat_rule,
    objects,
    pool,
    profile,
    service,
    vcd,
    virtual_service,
)

KINDS = ["virtual_service", "pool", "nat_rule", "application_port_profile"]
Found = dict[str, list[Any]]


def full_set(name: str, port: str, number: int, cluster_id: str = CLUSTER_ID, outside: str = "203.0.113.10") -> Found:
    """All four objects of a port behind NAT."""
    there = virtual_service(name, port, "192.168.8.2", cluster_id, number)
    return {
        "virtual_services": [there],
        "pools": [pool(name, port, there["name"], cluster_id=cluster_id)],
        "nat_rules": [nat_rule(name, port, outside, "192.168.8.2", str(number), cluster_id)],
        "application_port_profiles": [profile(name, port, number, cluster_id)],
    }


def together(*sets: Found) -> Found:
    """All objects of several sets, each name once."""
    kinds = ("virtual_services", "pools", "nat_rules", "application_port_profiles")
    return {kind: list({item["name"]: item for one in sets for item in one.get(kind, [])}.values()) for kind in kinds}


def names_of(*sets: Found) -> set[str]:
    return {item["name"] for items in together(*sets).values() for item in items}


def orphans(
    there: Found, *services: dict[str, Any], cluster_id: str = CLUSTER_ID, witnesses: Witnesses | None = None
) -> list[Orphan]:
    """The orphans among these objects."""
    read = read_vcd(vcd(edge(**there)))
    assert read is not None
    cluster = read_cluster(ccm(services=list(services), cluster_id=cluster_id))
    return find_orphans(cluster, read.edges[0].inventory, witnesses)


def removable(found: list[Orphan]) -> set[str]:
    return {one.item.name for one in found if one.removable}


def test_a_claimed_object_is_not_an_orphan_in_any_shape() -> None:
    for shape in ("shared_external", "shared_internal", "distinct_internal"):
        assert orphans(objects(shape), service()) == []
    half = {**full_set("web", "http", 80), "virtual_services": []}
    assert orphans(half, service()) == []


def test_a_deleted_service_leaves_all_four_kinds_in_the_order_of_removal() -> None:
    found = orphans(full_set("web", "http", 80))
    assert [one.key[0] for one in found] == KINDS
    assert removable(found) == set()
    assert {one.why for one in found} == {"only its name shows that it may belong to this cluster"}


def test_a_port_that_cpi_cannot_serve_now_keeps_its_objects() -> None:
    useless = service(ports=("http",))
    useless["ports"][0].update(node_port=None, protocol="UDP")
    assert orphans(full_set("web", "http", 80), useless) == []


def test_objects_named_like_a_service_of_another_controller_are_removed_only_by_name() -> None:
    other, there = service(load_balancer_class="example.com/lb"), full_set("web", "http", 80)
    recorded = Witnesses(recorded=frozenset(one.key for one in orphans(there)))
    found = orphans(there, other, witnesses=recorded)
    assert removable(found) == set()
    assert {one.why for one in found} == {
        "port http of default/web has this name, and its load balancer class names another controller"
    }
    assert removable(orphans(there, other, witnesses=Witnesses(named=frozenset(names_of(there))))) == names_of(there)


@pytest.mark.parametrize("cluster_id", ["", "urn:another"])
def test_objects_of_another_cluster_are_ignored(cluster_id: str) -> None:
    assert orphans(full_set("web", "http", 80), cluster_id=cluster_id) == []
    assert orphans(full_set("web", "http", 80, ""), cluster_id=cluster_id) == []


def test_an_object_with_the_name_of_another_kind_is_not_cpis() -> None:
    strange = [{"id": "urn:p", "name": virtual_service("web", "http", "")["name"], "virtual_services": []}]
    assert orphans({"pools": strange}) == []


# -- witnesses -------------------------------------------------------------------------------------------------------


def point(cluster_id: str = CLUSTER_ID, gateway: str = "urn:vcloud:gateway:1", **ports: list[str]) -> dict[str, Any]:
    """A restore point with Services and their ports."""
    services = [{"name": name, "namespace": "default", "ports": found} for name, found in ports.items()]
    return {"cluster_id": cluster_id, "edge_gateway": {"id": gateway}, "kubernetes_services": services}


def test_a_restore_point_of_this_cluster_and_gateway_is_a_witness_for_exactly_its_ports() -> None:
    there = together(full_set("web", "http", 80), full_set("web", "https", 443))
    recorded = recorded_by(point(web=["http"]), CLUSTER_ID, "urn:vcloud:gateway:1")
    found = orphans(there, witnesses=Witnesses(recorded=recorded))
    assert removable(found) == names_of(full_set("web", "http", 80))
    assert recorded_by(point("urn:another", web=["http"]), CLUSTER_ID, "urn:vcloud:gateway:1") == frozenset()
    assert recorded_by(point(web=["http"]), CLUSTER_ID, "urn:vcloud:gateway:2") == frozenset()
    assert recorded_by(None, CLUSTER_ID, "urn:vcloud:gateway:1") == frozenset()


def test_the_objects_that_a_restore_point_lists_are_known_too() -> None:
    there = full_set("web", "http", 80)
    lines = {f"{kind} {one.item.name}": "x" for one in orphans(there) for kind in [one.key[0]]}
    stored = {**point(), "services": [{"objects": lines}, {"objects": None}, "?"]}
    recorded = recorded_by(stored, CLUSTER_ID, "urn:vcloud:gateway:1")
    assert removable(orphans(there, witnesses=Witnesses(recorded=recorded))) == names_of(there)


def test_a_name_that_may_be_another_clusters_needs_more_than_a_restore_point() -> None:
    there = full_set("web", "eu-http", 80, "prod")
    recorded = recorded_by(point("prod", web=["eu-http"]), "prod", "urn:vcloud:gateway:1")
    found = orphans(there, cluster_id="prod", witnesses=Witnesses(recorded=recorded))
    assert removable(found) == set()
    assert {one.why for one in found} == {"it may belong to another cluster, with an id like prod-eu"}
    named = Witnesses(named=frozenset(names_of(there)))
    assert removable(orphans(there, cluster_id="prod", witnesses=named)) == names_of(there)


def test_what_a_remaining_object_uses_is_not_removed() -> None:
    there = full_set("web", "http", 80)
    named = Witnesses(named=frozenset({there["pools"][0]["name"], there["application_port_profiles"][0]["name"]}))
    found = orphans(there, witnesses=named)
    assert removable(found) == set()
    reasons = {one.key[0]: one.why for one in found}
    assert reasons["pool"] == f"virtual service {there['virtual_services'][0]['name']} uses it"
    assert reasons["application_port_profile"] == f"NAT rule {there['nat_rules'][0]['name']} uses it"


def test_of_several_rules_with_one_name_none_is_removed() -> None:
    there = full_set("web", "http", 80)
    there["nat_rules"].append({**there["nat_rules"][0], "id": "urn:nat:second"})
    found = orphans(there, witnesses=Witnesses(named=frozenset(names_of(there))))
    assert removable(found) == {there["virtual_services"][0]["name"], there["pools"][0]["name"]}
    assert "several NAT rules have this name" in {one.why for one in found}


def test_given_all_services_the_module_finds_the_same_orphans_as_the_preflight() -> None:
    there = together(full_set("web", "http", 80), full_set("gone", "http", 81))
    read = read_vcd(vcd(edge(**there)))
    assert read is not None
    naming = Naming.of_cluster(CLUSTER_ID)
    web = Service.build("web", [PortSpec("http", 80, 30080)], naming, namespace="default", cluster_id=CLUSTER_ID)
    by_module = orphans_of_services([web], naming, read.edges[0].inventory, Evidence(all_services=True))
    assert [one.key for one in by_module] == [one.key for one in orphans(there, service(ports=("http",)))]
    assert orphans_of_services([web], naming, read.edges[0].inventory) == []


# -- the report ------------------------------------------------------------------------------------------------------


def report(there: Found, *services: dict[str, Any], cluster_id: str = CLUSTER_ID, **more: Any) -> dict[str, Any]:
    cluster = ccm(services=list(services), cluster_id=cluster_id, restore_point=more.pop("point", None))
    return preflight_report(cluster, vcd(edge(**there)), "distinct_internal", prune=more.pop("prune", True), **more)


def finding(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found["findings"] if one["check"] == "orphans"]


def test_the_entity_of_cpi_is_a_witness_and_is_read_only_if_it_can_help() -> None:
    there = full_set("web", "http", 80)
    assert report(there)["unproven"] is True
    assert report(there, prune=False)["unproven"] is False
    assert report(there, point=point(web=["http"]))["unproven"] is False
    types = ("virtual-service", "lb-pool", "dnat-rule", "app-port-profile")
    listed = [{"type": kind, "name": one.item.name} for kind, one in zip(types, orphans(there), strict=True)]
    found = report(there, entity={"objects": listed, "problem": ""})
    assert {one["name"] for one in found["removals"]} == names_of(there)
    assert [one["severity"] for one in finding(found)] == ["info"]
    silent = report(there, entity={"objects": [], "problem": "lists no objects of CPI"})
    assert silent["removals"] == []
    assert "CPI's entity in Cloud Director lists no objects of CPI" in finding(silent)[0]["message"]
    wrong_kind = [{"type": "lb-pool", "name": one["name"]} for one in listed]
    assert {one["kind"] for one in report(there, entity={"objects": wrong_kind})["removals"]} <= {"pool"}


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ("ingress-vs-web-prod-http", "'ingress-vs-web-prod-http' belongs to port http of default/web"),
        ("ingress-vs-nope-prod-http", "'ingress-vs-nope-prod-http' does not exist on this edge gateway"),
        ("by-hand", "'by-hand' is a virtual service whose name has another form"),
        ("ingress-pool-old-prod-http", "cannot be removed: virtual service ingress-vs-old-prod-http uses it"),
    ],
)
def test_a_name_that_cannot_be_removed_is_refused(named: str, text: str) -> None:
    there = together(full_set("web", "http", 80, "prod"), full_set("old", "http", 81, "prod"))
    there["virtual_services"].append({**virtual_service("x", "y", "203.0.113.99"), "name": "by-hand"})
    found = report(there, service(ports=("http",)), cluster_id="prod", prune_objects=[named])
    assert not found["ok"]
    assert text in found["summary"]
    assert found["summary"].endswith("take it out: nothing was changed")
    unasked = report(there, service(ports=("http",)), cluster_id="prod", prune=False, prune_objects=[named])
    assert "set shared_ip_prune: true, too" in unasked["summary"]


def test_an_interrupted_run_is_finished_with_the_same_names() -> None:
    resumed = ccm(cluster_id="prod", rollout={"state": "in_progress", "backup": "b"})
    named = ["ingress-vs-gone-prod-http"]
    again = preflight_report(resumed, vcd(edge()), "distinct_internal", prune=True, prune_objects=named)
    assert finding(again) == []


def test_an_orphan_in_the_way_of_a_service_is_removed_only_with_its_migration() -> None:
    there, old = objects("distinct_internal", ports=("http",)), full_set("web", "old", 80)
    both, stored = together(there, old), point(web=["http", "old"])
    found = report(both, service(ports=("http",)), point=stored)
    assert found["removals"] == []
    assert set(found["removed_on_the_way"]) == names_of(old)
    assert any(one["remedy"] == "shared_ip_existing: migrate" for one in finding(found))
    moved = report(both, service(ports=("http",)), point=stored, existing="migrate")
    assert moved["ok"], moved["summary"]
    (migration,) = moved["migrations"]
    assert {step.split(" ")[0] for step in migration["steps"]} == {"delete"}
    assert all(any(name in step for step in migration["steps"]) for name in names_of(old))
    left = report(both, service(ports=("http",)), existing="migrate", prune=False)
    (stays,) = [one for one in left["findings"] if one["check"] == "existing_services" and one["severity"] == "warning"]
    assert "no live Service and port has this name" in stays["remedy"]
    assert f"shared_ip_prune_objects: [{', '.join(sorted(names_of(old), key=_by_kind))}]" in stays["remedy"]


def _by_kind(name: str) -> int:
    return ["ingress-v", "ingress-p", "dnat-ingr", "appPort_d"].index(name[:9])


# -- the property ----------------------------------------------------------------------------------------------------

WORDS = ["prod", "eu", "web", "http"]
LABELS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("-".join)
IDS = st.one_of(LABELS, st.just(CLUSTER_ID), st.just(CLUSTER_ID.replace("6f1c", "7f1c")))
PORTS = st.dictionaries(
    LABELS, st.lists(st.one_of(st.just(""), LABELS), min_size=1, max_size=2, unique=True), max_size=3
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(mine=IDS, theirs=IDS, live=PORTS, other=PORTS, gone=PORTS, remembered=PORTS, data=st.data())
def test_no_object_of_a_live_service_is_ever_removed(
    mine: str, theirs: str, live: Any, other: Any, gone: Any, remembered: Any, data: st.DataObject
) -> None:
    """Whatever ids, Services and ports are called: no object of a live Service of this or another cluster is removed.

    The cluster's own restore point names Services that may have been deleted since, and every Service of this cluster
    whose objects would have the same names as those of the other cluster.
    """

    def built(found: Any, cluster_id: str, first: int) -> list[Found]:
        ports = [(name, port) for name, ports in found.items() for port in ports]
        return [full_set(name, port, first + place, cluster_id) for place, (name, port) in enumerate(ports)]

    if mine == theirs:
        other = {}
    mine_sets, their_sets = built(live, mine, 80), built(other, theirs, 180)
    there = together(*mine_sets, *their_sets, *built(gone, mine, 280))
    alive = names_of(*mine_sets, *their_sets)
    services = [service(name, ports=tuple(ports)) for name, ports in live.items()]
    remembered = {name: list(ports) for name, ports in remembered.items()}
    for item in together(*their_sets)["virtual_services"]:
        for way in readings(Naming.of_cluster(mine), "virtual_service", item["name"]):
            remembered.setdefault(way.service, []).append(way.port)
    existing = data.draw(st.sampled_from(["fail", "migrate"]))
    found = report(there, *services, cluster_id=mine, point=point(mine, **remembered), existing=existing)
    going = {one["name"] for one in found["removals"]} | set(found["removed_on_the_way"])
    assert not going & alive
    names = [step.split(" ") for one in found["migrations"] for step in one["steps"] if step.startswith("delete ")]
    assert not {words[-1] for words in names} & names_of(*their_sets)
