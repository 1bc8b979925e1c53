# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancer pools."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

POOLS = "/loadBalancer/pools"


def test_the_version_of_the_sdk_has_member_groups(sim: Simulator, api: Api, admin: Api, scene: Scene) -> None:
    # go-vcloud-director, Test_AlbVirtualService: it sends memberGroupRef in 37.0 and reads it back
    group = admin.values("/firewallGroups/summaries?filter=name==workers")[0]["id"]
    body = scene.pool(members=None, memberGroupRef={"id": group})
    made = api.done("POST", "/loadBalancer/pools", body, version="37.0")
    assert api.get(f"/loadBalancer/pools/{made}", version="37.0")["memberGroupRef"]["name"] == "workers"
    api.refused("POST", "/loadBalancer/pools", {**body, "name": "p"}, "Unrecognized field", version="36.3")


def test_defaults_are_those_of_vcd(api: Api, scene: Scene) -> None:
    pool = api.done(
        "POST", POOLS, {"name": "bare", "gatewayRef": {"id": scene.edge}, "members": [{"ipAddress": "10.10.0.11"}]}
    )
    body = api.get(f"{POOLS}/{pool}")
    expected = {
        "enabled": True,
        "passiveMonitoringEnabled": True,
        "defaultPort": 80,
        "gracefulTimeoutPeriod": 1,
        "algorithm": "LEAST_CONNECTIONS",
        "sslEnabled": False,
        "status": "REALIZED",
        "healthStatus": "UNAVAILABLE",
        "healthMessage": "The pool is unassigned.",
        "memberCount": 1,
        "upMemberCount": 0,
        "virtualServiceRefs": [],
    }
    assert {name: body[name] for name in expected} == expected
    assert body["gatewayRef"] == {"name": "acme-edge", "id": scene.edge}
    assert (
        body["members"][0] | {"ratio": 1, "enabled": True, "healthStatus": "DOWN", "port": None} == body["members"][0]
    )


def test_a_body_as_cpi_sends_it_is_read_back_unchanged(api: Api, scene: Scene) -> None:
    sent = {
        "enabled": True,
        "name": "ingress-pool-web-capvcdCluster:6f1c9b1e-http",
        "defaultPort": 30080,
        "gracefulTimeoutPeriod": 0,
        "algorithm": "ROUND_ROBIN",
        "healthMonitors": [{"type": "TCP"}],
        "members": [{"ipAddress": "10.10.0.11", "port": 30080, "ratio": 1, "enabled": True}],
        "gatewayRef": {"name": "acme-edge", "id": scene.edge},
    }
    pool = api.done("POST", POOLS, sent)
    body = api.get(f"{POOLS}/{pool}")
    assert (body["gracefulTimeoutPeriod"], body["algorithm"], body["defaultPort"]) == (0, "ROUND_ROBIN", 30080)
    assert body["healthMonitors"] == [{"name": "System-TCP", "type": "TCP", "systemDefined": True}]
    del sent["name"]
    api.refused("PUT", f"{POOLS}/{pool}", sent, '"name" is required')
    api.done("PUT", f"{POOLS}/{pool}", {**body, "id": None, "description": "new"})
    assert api.get(f"{POOLS}/{pool}")["description"] == "new"


def test_fields_missing_in_a_put_return_to_their_defaults(api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool(algorithm="ROUND_ROBIN", description="x"))
    api.done("PUT", f"{POOLS}/{pool}", scene.pool())
    body = api.get(f"{POOLS}/{pool}")
    assert (body["algorithm"], body["description"]) == ("LEAST_CONNECTIONS", None)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"nmae": "x"}, 'Unrecognized field "nmae"'),
        ({"name": ""}, 'field "name": it must have at least 1'),
        ({"name": 7}, 'field "name": it must be of type string'),
        ({"defaultPort": 0}, 'field "defaultPort": it must be at least 1'),
        ({"defaultPort": 65536}, "at most 65535"),
        ({"defaultPort": "80"}, "of type integer"),
        ({"gracefulTimeoutPeriod": -2}, "at least -1"),
        ({"gracefulTimeoutPeriod": 7201}, "at most 7200"),
        ({"algorithm": "FASTEST"}, "it must be one of"),
        ({"algorithm": "LEAST_LOAD"}, "PREMIUM"),
        ({"enabled": "yes"}, "of type boolean"),
        ({"members": [{"ipAddress": "10.10.0.300"}]}, 'field "members[0].ipAddress": it must be of the form ip'),
        ({"members": [{"port": 80}]}, '"members[0].ipAddress" is required'),
        ({"members": [{"ipAddress": "10.0.0.1", "weight": 1}]}, 'Unrecognized field "members[0].weight"'),
        ({"members": [{"ipAddress": "10.0.0.1", "ratio": 21}]}, "at most 20"),
        ({"members": [{"ipAddress": "10.0.0.1", "port": 0}]}, "at least 1"),
        ({"members": [{"ipAddress": "10.0.0.1"}] * 101}, "at most 100 entries"),
        ({"healthMonitors": [{"type": "-"}]}, "it must be one of"),
        ({"healthMonitors": [{}]}, '"healthMonitors[0].type" is required'),
        ({"persistenceProfile": {"type": "TLS"}}, "PREMIUM"),
        ({"persistenceProfile": {"type": "HTTP_COOKIE"}}, "persistenceProfile.value"),
        ({"commonNameCheckEnabled": True}, "it needs caCertificateRefs"),
        ({"domainNames": ["x"]}, "they need commonNameCheckEnabled"),
        (
            {"caCertificateRefs": [{"id": "urn:vcloud:certificateLibraryItem:" + "0" * 8}]},
            "of the form urn:certificate",
        ),
        ({"gatewayRef": {"id": "acme-edge"}}, "of the form urn:gateway"),
        ({"gatewayRef": {"name": "acme-edge"}}, '"gatewayRef.id" is required'),
        ({"gatewayRef": {"id": "urn:vcloud:gateway:00000000-0000-0000-0000-000000000000"}}, "there is no such gateway"),
    ],
)
def test_an_invalid_body_is_refused(sim: Simulator, api: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    api.refused("POST", POOLS, scene.pool(**change), text)
    assert sim.dump()["pools"] == []


def test_names_are_unique_on_a_gateway(api: Api, scene: Scene) -> None:
    first = api.done("POST", POOLS, scene.pool("one"))
    second = api.done("POST", POOLS, scene.pool("two"))
    api.refused("POST", POOLS, scene.pool("one"), "already exists on acme-edge")
    api.refused("PUT", f"{POOLS}/{second}", scene.pool("one"), "already exists on acme-edge")
    api.done("PUT", f"{POOLS}/{first}", scene.pool("one", description="the same name is no clash with itself"))


def test_a_pool_has_members_or_a_group(api: Api, scene: Scene) -> None:
    group = {"id": api.values("/firewallGroups/summaries")[0]["id"]}
    api.refused("POST", POOLS, scene.pool(memberGroupRef=group), "only one of it and members")
    pool = api.done("POST", POOLS, scene.pool(members=[], memberGroupRef=group))
    body = api.get(f"{POOLS}/{pool}")
    assert (body["memberGroupRef"]["name"], body["memberCount"]) == ("workers", 2)
    summary = api.values(f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries")[0]
    assert summary["memberGroupType"] == "IP_SET"


def test_a_group_of_another_gateway_is_refused(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    group = {"id": api.values("/firewallGroups/summaries")[0]["id"]}
    other = next(one for one in api.values("/edgeGateways") if one["ownerRef"]["name"] == "acme-vdc-2")
    body = {"name": "p", "gatewayRef": {"id": other["id"]}, "memberGroupRef": group}
    api.refused("POST", POOLS, body, "the group belongs to another edge gateway")


def test_a_pool_stays_on_its_gateway(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    first, second = (one["id"] for one in api.values("/edgeGateways"))
    pool = api.done("POST", POOLS, {"name": "p", "gatewayRef": {"id": first}})
    api.refused("PUT", f"{POOLS}/{pool}", {"name": "p", "gatewayRef": {"id": second}}, "it cannot be changed")


def test_the_id_of_the_body_is_that_of_the_path(api: Api, scene: Scene) -> None:
    pool, other = (api.done("POST", POOLS, scene.pool(name)) for name in ("one", "two"))
    api.refused("PUT", f"{POOLS}/{pool}", scene.pool("one", id=other), "not that of the path")


def test_the_load_balancer_must_be_on(api: Api, scene: Scene, system: Api) -> None:
    system.done("PUT", f"/edgeGateways/{scene.edge}/loadBalancer", {"enabled": False})
    api.refused("POST", POOLS, scene.pool(), "is not enabled")


def test_a_pool_in_use_cannot_be_deleted(api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool())
    service = api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
    api.refused("DELETE", f"{POOLS}/{pool}", None, "is used by the virtual service service")
    assert api.get(f"{POOLS}/{pool}")["virtualServiceRefs"] == [{"name": "service", "id": service}]
    api.done("DELETE", f"/loadBalancer/virtualServices/{service}")
    api.done("DELETE", f"{POOLS}/{pool}")
    api.refused("GET", f"{POOLS}/{pool}", None, "target entity is invalid", status=403)


def test_a_premium_gateway_has_premium_features(system: Api, api: Api, scene: Scene) -> None:
    settings = f"/edgeGateways/{scene.edge}/loadBalancer"
    system.done("PUT", settings, {**system.get(settings), "supportedFeatureSet": "PREMIUM"})
    profile = {"type": "APP_COOKIE", "value": "session"}
    pool = api.done("POST", POOLS, scene.pool(algorithm="FEWEST_TASKS", persistenceProfile=profile))
    body = api.get(f"{POOLS}/{pool}")
    assert body["algorithm"] == "FEWEST_TASKS"
    name = f"VCD-LoadBalancer-{pool.rpartition(':')[2]}-APP_COOKIE"
    assert body["persistenceProfile"] == {**profile, "name": name}
    api.done("PUT", f"{POOLS}/{pool}", {**body, "persistenceProfile": {"type": "TLS"}})
    assert api.get(f"{POOLS}/{pool}")["persistenceProfile"]["name"] == "System-Persistence-TLS"


@pytest.mark.parametrize(
    ("enabled", "members", "message"),
    [(True, [], "The pool is unassigned."), (False, [], "The pool is disabled or all of the members are disabled.")],
)
def test_a_pool_without_usable_members_is_unavailable(
    api: Api, scene: Scene, enabled: bool, members: list[Any], message: str
) -> None:
    pool = api.done("POST", POOLS, scene.pool(enabled=enabled, members=members))
    body = api.get(f"{POOLS}/{pool}")
    assert (body["healthStatus"], body["healthMessage"]) == ("UNAVAILABLE", message)


def test_a_summary_lacks_fields_of_the_pool(api: Api, scene: Scene) -> None:
    api.done("POST", POOLS, scene.pool(healthMonitors=[{"type": "TCP"}]))
    summary = api.values(f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries")[0]
    assert not {"members", "algorithm", "gatewayRef", "defaultPort"} & set(summary)
    assert summary["activeMonitoringEnabled"] is True
    assert summary["status"] == "REALIZED"


def test_health_follows_the_members(sim: Simulator, api: Api, scene: Scene) -> None:
    members = [{"ipAddress": f"10.10.0.1{one}"} for one in range(4)] + [{"ipAddress": "10.10.0.20", "enabled": False}]
    pool = api.done("POST", POOLS, scene.pool(members=members))
    service = api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))

    def health() -> tuple[str, int, str]:
        body = api.get(f"{POOLS}/{pool}")
        state = api.get(f"/loadBalancer/virtualServices/{service}")["healthStatus"]
        return body["healthStatus"], body["upMemberCount"], state

    assert health() == ("UP", 4, "UP")
    sim.health({f"10.10.0.1{one}": "DOWN" for one in range(3)})
    assert health() == ("RUNNING", 1, "UP")
    sim.health({f"10.10.0.1{one}": "DOWN" for one in range(4)})
    assert health() == ("DOWN", 0, "DOWN")
    states = [one["healthStatus"] for one in api.get(f"{POOLS}/{pool}")["members"]]
    assert states == ["DOWN"] * 4 + ["DISABLED"]
    sim.health({})
    api.done("PUT", f"{POOLS}/{pool}", scene.pool(members=members, enabled=False))
    assert health() == ("DISABLED", 4, "DOWN")
    api.done("PUT", f"{POOLS}/{pool}", scene.pool(members=[]))
    assert health() == ("UNAVAILABLE", 0, "DOWN")
    message = "The pool is disabled or all of the members are disabled."
    assert api.get(f"{POOLS}/{pool}")["healthMessage"] == message
    sim.assume(members_reachable="no")
    api.done("PUT", f"{POOLS}/{pool}", scene.pool(members=members))
    assert health() == ("DOWN", 0, "DOWN")
