# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Services are migrated with which addresses, what a restore point contains, and the way back from it."""

from __future__ import annotations

import copy
import functools
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.restore_point import restore_point_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.way_back import way_back
from hypothesis import given
from hypothesis import strategies as st
from sharing_builders import (
    CLUSTER_ID,
    RANGE,
    SCENARIOS,
    ccm,
    edge,
    ip_space_edge,
    nat_rule,
    objects,
    service,
    vcd,
    virtual_service,
)

OUTSIDE, OTHER = "203.0.113.10", "203.0.113.44"
PREFIX = "service.beta.kubernetes.io/vcloud-avi-ssl"
Json = dict[str, Any]


def moved(found: Json, *services: Json, gateway: Any = edge, scenario: str = "shared_external", **changes: Any) -> Any:
    """The Services to be migrated, for these objects."""
    return services_option(ccm(services=list(services), **changes), vcd(gateway(**found)), scenario)


def external_ips(found: Json, *services: Json, **options: Any) -> Json:
    return {item["name"]: item["external_ip"] for item in moved(found, *services, **options)}


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("gateway", [edge, ip_space_edge])
def test_a_service_keeps_the_ip_of_its_status(shape: str, gateway: Any) -> None:
    assert external_ips(objects(shape), service(), gateway=gateway) == {"web": OUTSIDE}


def test_ports_are_read_as_cpi_reads_them() -> None:
    annotations = {f"{PREFIX}-ports": "81", f"{PREFIX}-cert-alias": "own"}
    found = service(ports=("plain", "tls", "http"), annotations=annotations)
    found["ports"][2]["app_protocol"] = "http"
    found["ports"].append({**found["ports"][0], "name": "no-node-port", "node_port": None})
    premium = {**edge()["load_balancer"], "feature_set": "PREMIUM"}
    there = objects("shared_external", ports=("plain", "tls", "http"))
    ports = moved({**there, "load_balancer": premium}, found)[0]["ports"]
    assert ports == [
        {
            "name": "plain", "port": 80, "node_port": 30080, "protocol": "TCP", "app_protocol": "TCP", "ssl": False,
            "certificate": "",
        },
        {
            "name": "tls", "port": 81, "node_port": 30081, "protocol": "TCP", "app_protocol": "TCP", "ssl": True,
            "certificate": "own",
        },
        {
            "name": "http", "port": 82, "node_port": 30082, "protocol": "TCP", "app_protocol": "HTTP", "ssl": False,
            "certificate": "",
        },
    ]  # fmt: skip


def test_the_default_certificate_is_that_of_the_file() -> None:
    config = copy.deepcopy(ccm()["config"])
    config["loadbalancer"]["certAlias"] = "default"
    found = service(annotations={f"{PREFIX}-ports": "81"})
    ports = moved(objects("shared_external"), found, config=config)[0]["ports"]
    assert [port["certificate"] for port in ports] == ["", "default"]


def test_only_these_services_are_migrated() -> None:
    others = [
        service("waiting", ips=()),
        service("pinned", ips=(), load_balancer_ip=OTHER),
        service("foreign", load_balancer_class="other"),
        service("portless", ports=()),
        service("bare", ips=(OTHER,)),
    ]
    assert external_ips(objects("shared_external"), service(), *others) == {"web": OUTSIDE, "bare": OTHER}


def test_a_rule_alone_holds_the_ip_of_a_half_migrated_service() -> None:
    found = {"nat_rules": [nat_rule("web", "http", OUTSIDE, "192.168.8.2")]}
    assert external_ips(found, service(ips=())) == {"web": OUTSIDE}


@pytest.mark.parametrize(
    ("status", "pinned", "expected"),
    [
        ("192.168.8.2", None, OUTSIDE),  # a CPI without one-arm showed the VIP
        ("192.168.8.77", None, OUTSIDE),  # or an earlier VIP
        (OTHER, None, OUTSIDE),  # a new IP that no object serves: clients use the old one
        (OTHER, OTHER, OUTSIDE),
    ],
)
def test_a_wrong_status_does_not_change_the_ip_of_a_service(status: str, pinned: str | None, expected: str) -> None:
    found = service(ips=(status,), load_balancer_ip=pinned)
    assert external_ips(objects("shared_internal"), found) == {"web": expected}


def test_kubernetes_decides_between_two_external_ips() -> None:
    two = {"virtual_services": [virtual_service("web", "http", OUTSIDE), virtual_service("web", "https", OTHER)]}
    assert external_ips(two, service()) == {"web": OUTSIDE}
    assert external_ips(two, service(ips=(OTHER,))) == {"web": OTHER}
    assert external_ips(two, service(ips=(), load_balancer_ip=OTHER)) == {"web": OTHER}
    with pytest.raises(
        InvalidInput, match=r"default/web: 'its objects hold several external IPs, .*': give the external IP"
    ):
        moved(two, service(ips=()))


def test_a_port_that_cpi_refuses_is_moved_only_if_it_has_a_virtual_service() -> None:
    udp = service()
    udp["ports"][0]["protocol"] = "UDP"
    (option,) = moved(objects("shared_external"), udp)
    assert [port["port"] for port in option["ports"]] == [80, 81]
    (option,) = moved(objects("shared_external", ports=("https",)), udp)
    assert ([port["name"] for port in option["ports"]], option["other_ports"]) == (["https"], ["http"])
    waiting = service("waiting", ips=())
    waiting["ports"][0]["protocol"] = "UDP"
    assert external_ips(objects("shared_external"), service(), waiting) == {"web": OUTSIDE}


# -- the restore point ---------------------------------------------------------------------------------------------


BODIES = {"virtual_service": {"vs-web": {"body": 1}}, "nat_rule": {"dnat-web": {"firewallMatch": "BYPASS"}}}


def info(**changes: Any) -> Json:
    """A result of vcd_shared_ip_info."""
    point = {
        "version": 2,
        "edge_gateway": {"id": "urn:vcloud:gateway:1", "name": "acme-edge"},
        "cluster_id": CLUSTER_ID,
        "taken": "2026-05-04T10:11:12Z",
        "services": [],
        "objects": BODIES,
    }
    orphans = [{"kind": "pool", "name": "old"}]
    described = [{"namespace": "default", "name": name} for name in ("web", "a", "b", "gone", "new")]
    return {"services": described, "orphans": orphans, "restore_point": {**point, **changes}}


def taken(shape: str = "distinct_internal", *services: Json, health: str = "UP", **changes: Any) -> Json:
    """A restore point of a cluster in a scenario."""
    found = objects(shape)
    for item in found["virtual_services"]:
        item["health_status"] = health
    return restore_point_of(info(**changes), ccm(shape, services=list(services or (service(),))), vcd(edge(**found)))


def test_a_restore_point_contains_both_sides() -> None:
    point = taken()
    assert point["objects"] == BODIES
    assert (point["scenario"], point["one_arm"], point["orphans"]) == ("distinct_internal", RANGE, ["old"])
    (web,) = point["kubernetes_services"]
    assert web["external_ip"] == OUTSIDE
    assert web["addresses"] == ["192.168.8.2", "192.168.8.3"]
    assert list(web["health"].values()) == ["UP", "UP"]


def test_during_a_change_the_restore_point_is_the_stored_one() -> None:
    stored = {"version": 1, "edge_gateway": {"id": "urn:vcloud:gateway:1"}, "any": "thing"}
    halfway = ccm(rollout={"state": "in_progress", "backup": "b"}, restore_point=stored)
    assert restore_point_of(info(), halfway, vcd(edge())) == stored
    finished = ccm(rollout={"state": "finished", "backup": "b"}, restore_point=stored)
    assert restore_point_of(info(), finished, vcd(edge()))["taken"] == "2026-05-04T10:11:12Z"


@pytest.mark.parametrize(
    ("shape", "internal"),
    [
        ("distinct_internal", ["192.168.8.2", "192.168.8.3"]),
        ("shared_internal", ["192.168.8.2"]),
        ("shared_external", None),
    ],
)
@pytest.mark.parametrize("present", SCENARIOS)
def test_going_back_restores_scenario_range_and_ips(shape: str, internal: list[str] | None, present: str) -> None:
    now = ccm(present, services=[service()], rollout={"state": "finished", "backup": "b"})
    back = way_back(taken(shape), now, vcd(edge(**objects(present))))
    assert (back["ok"], back["scenario"], back["notes"]) == (True, shape, [])
    assert back["one_arm"] == (RANGE if internal else None)
    (web,) = back["services"]
    assert (web["external_ip"], web.get("internal_ips")) == (OUTSIDE, internal)
    assert back["restore_point"]["objects"] == BODIES


def test_a_restore_point_of_version_1_has_the_shapes_as_one_text() -> None:
    point = taken("shared_internal")
    now, gateway = ccm("shared_internal", services=[service()]), vcd(edge(**objects("shared_internal")))
    back = way_back(point, now, gateway)
    for entry in point["kubernetes_services"]:
        entry["shape"] = " or ".join(entry.pop("fits"))
    assert way_back(point, now, gateway)["services"] == back["services"]
    assert [one["internal_ips"] for one in back["services"]] == [["192.168.8.2"]]


def test_services_that_were_created_or_deleted_since_are_noted() -> None:
    point = taken("distinct_internal", service(), service("gone", ips=(OTHER,)))
    now = [service(ports=("http", "https", "more")), service("new", ips=(OTHER,))]
    found = objects("shared_external", ports=("http", "https"))
    back = way_back(point, ccm("shared_external", services=now), vcd(edge(**found)))
    assert [(item["name"], item.get("internal_ips")) for item in back["services"]] == [("web", None), ("new", None)]
    assert back["notes"] == [
        "default/gone is no longer a Service of this cluster and is left out",
        "default/new was created later and gets the shape of that scenario, too",
    ]


def on(address: str) -> Json:
    """The objects of a Service that shares this external IP."""
    return {"virtual_services": [virtual_service("web", port, address) for port in ("http", "https")]}


def test_a_service_that_was_created_again_keeps_its_new_ip() -> None:
    now = ccm("shared_external", services=[service(ips=(OTHER,))], rollout={"state": "finished", "backup": "b"})
    back = way_back(taken(), now, vcd(edge(**on(OTHER))))
    assert [item["external_ip"] for item in back["services"]] == [OTHER]
    assert back["notes"] == [f"default/web had {OUTSIDE} then and keeps {OTHER}, on which it serves now"]
    # a second run after an interruption gets the same result, from the cluster and from the file
    halfway = {**now, "rollout": {"state": "in_progress", "backup": "b"}, "restore_point": back["restore_point"]}
    for point in (back["restore_point"], taken()):
        again = way_back(point, halfway, vcd(edge(**objects("shared_internal"))))
        assert again["services"] == back["services"]


def test_a_service_that_was_broken_gets_its_ip_back() -> None:
    broken = ccm("distinct_internal", services=[service(ips=(OTHER,))])
    back = way_back(taken(), broken, vcd(edge(**on(OUTSIDE))))
    assert [item["external_ip"] for item in back["services"]] == [OUTSIDE]


def test_the_stored_ips_and_bodies_of_an_interrupted_change_are_used() -> None:
    stored = taken(objects={"virtual_service": {"vs-web": {"body": 2}, "vs-lost": {"body": 3}}})
    halfway = {"rollout": {"state": "in_progress", "backup": "b"}, "restore_point": stored}
    now = ccm("shared_external", services=[service(ips=(OTHER,))], **halfway)
    assert services_option(now, vcd(edge(**on(OTHER))), "shared_external")[0]["external_ip"] == OUTSIDE
    back = way_back(taken(), now, vcd(edge(**on(OTHER))))
    assert [item["external_ip"] for item in back["services"]] == [OUTSIDE]
    found = {"vs-web": {"body": 2}, "vs-lost": {"body": 3}}  # the change stored the state at its beginning
    assert back["restore_point"]["objects"] == {**BODIES, "virtual_service": found}


def test_a_restore_point_of_the_first_version_is_read() -> None:
    """It only has the bodies of virtual services."""
    old = {key: value for key, value in taken(version=1).items() if key != "objects"}
    back = way_back({**old, "virtual_services": {"vs-web": {"body": 1}}}, ccm(services=[service()]), vcd(edge()))
    assert back["ok"], back["summary"]
    assert back["restore_point"]["version"] == 2
    assert back["restore_point"]["objects"] == {"virtual_service": {"vs-web": {"body": 1}}}
    assert "virtual_services" not in back["restore_point"]


def test_a_new_ip_is_kept_if_going_back_was_interrupted() -> None:
    """The restore point of the change in progress shows that the Service served on its new IP."""
    new = ccm("shared_external", services=[service(ips=(OTHER,))])
    begun = restore_point_of(info(), new, vcd(edge(**on(OTHER))))
    halfway = {**new, "rollout": {"state": "in_progress", "backup": "b"}, "restore_point": begun}
    back = way_back(taken(), halfway, vcd(edge()))
    assert [item["external_ip"] for item in back["services"]] == [OTHER]
    assert len(back["notes"]) == 1


@pytest.mark.parametrize("point", [None, {}, ""])
def test_without_a_restore_point_the_line_says_what_to_do(point: Any) -> None:
    back = way_back(point, ccm(services=[service()]), vcd(edge()))
    assert (back["ok"], back["services"]) == (False, [])
    assert back["summary"].startswith("this cluster has no restore point, because no migration")
    assert "shared_ip_restore_file, or choose a scenario with the playbook" in back["summary"]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ("text", "restore point: 'text': expected a mapping"),
        ({"version": 3}, "'version 3': this release reads versions 1 and 2"),
        (taken(cluster_id="urn:other"), "'cluster urn:other': this is cluster urn:vcloud:entity"),
        (
            taken(edge_gateway={"id": "urn:vcloud:gateway:2", "name": "other-edge"}),
            "'edge gateway other-edge (urn:vcloud:gateway:2)': this is edge gateway acme-edge (urn:vcloud:gateway:1)",
        ),
        ({**taken(), "scenario": None}, "restore point: scenario: not given: choose one of"),
        ({**taken(), "objects": []}, "objects: expected a mapping, found a list: give one as a run"),
        ({**taken(), "objects": {"pool": {"p": 1}}}, "objects.pool.p: expected a mapping, found a number"),
        (
            {**taken(), "objects": {"pool": {"p": {"gatewayRef": {"id": "urn:vcloud:gateway:2"}}}}},
            "'objects.pool.p.gatewayRef of edge gateway urn:vcloud:gateway:2': this is edge gateway acme-edge",
        ),
        ({**taken(), "objects": {"pool": {"p": {"name": "q"}}}}, "objects.pool.p: its name is another"),
        ({**taken(), "version": True}, "this release reads versions 1 and 2"),
        ({**taken(), "kubernetes_services": [None]}, "kubernetes_services[0]: expected a mapping, found null"),
        (
            {**taken(), "kubernetes_services": [{"name": "a", "namespace": "b", "external_ip": "nowhere"}]},
            "kubernetes_services[0].external_ip: expected an IPv4 address",
        ),
        ({**taken(), "extra": functools.reduce(lambda inner, _: [inner], range(2000), [])}, "is nested deeper than 64"),
        ({**taken(), "one_arm": {"start_ip": "x", "end_ip": "y"}}, "'x' is not an IPv4 address"),
    ],
)
def test_an_unusable_restore_point_is_refused_with_the_reason(point: Any, reason: str) -> None:
    back = way_back(point, ccm(services=[service()]), vcd(edge()))
    assert (back["ok"], back["services"]) == (False, [])
    assert back["summary"].startswith("cannot go back to this restore point: ")
    assert reason in back["summary"]
    assert "\n" not in back["summary"]


def test_going_back_needs_the_gateway() -> None:
    assert "exactly one edge gateway is needed" in way_back(taken(), ccm(), vcd())["summary"]


ODD: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    [[]],
    {"a": 1},
    [{"id": None}],
    {"": []},
]
WHOLE = {
    **taken(),
    "objects": {
        **BODIES,
        "pool": {
            "p": {"name": "p", "gatewayRef": {"id": "urn:vcloud:gateway:1"}, "members": [{"ipAddress": "10.0.0.1"}]}
        },
    },
    "policies": {"vs-web": {"http_request_rules": {"values": []}}},
}


@given(st.data())
def test_a_restore_point_with_odd_types_goes_back_or_says_why_in_one_line(data: st.DataObject) -> None:
    point = copy.deepcopy(WHOLE)
    for _place in range(data.draw(st.integers(1, 3))):
        replace_somewhere(point, data)
    state = data.draw(st.sampled_from(["none", "in_progress"]))
    now = ccm(services=[service()], rollout={"state": state, "backup": "b"}, restore_point=WHOLE)
    back = way_back(point, now, vcd(edge(**objects("shared_external"))))
    assert back["ok"] or "\n" not in back["summary"]


@given(st.data())
def test_the_stored_restore_point_of_a_change_may_be_odd_too(data: st.DataObject) -> None:
    point = copy.deepcopy(WHOLE)
    replace_somewhere(point, data)
    now = ccm(services=[service()], rollout={"state": "in_progress", "backup": "b"}, restore_point=point)
    try:
        back = way_back(WHOLE, now, vcd(edge(**objects("shared_external"))))
    except InvalidInput as error:
        back = {"ok": False, "summary": error.message}
    assert back["ok"] or "\n" not in back["summary"]


def replace_somewhere(point: Any, data: st.DataObject) -> None:
    """Replace one value of a restore point by another one."""
    place = data.draw(st.sampled_from(sorted(places(point), key=repr)))
    for key in place[:-1]:
        point = point[key]
    # a copy, because a value inside itself would have no end
    point[place[-1]] = copy.deepcopy(data.draw(st.sampled_from(ODD)))


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for key, item in items for one in ((*above, key), *places(item, (*above, key)))]


def test_objects_of_unknown_kinds_are_ignored() -> None:
    point = {**copy.deepcopy(WHOLE), "objects": {"a": 1}}
    now = ccm(services=[service()], rollout={"state": "in_progress", "backup": "b"}, restore_point=point)
    assert way_back(WHOLE, now, vcd(edge(**objects("shared_external"))))["ok"]
