# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights, roles and tenants."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulator_bench import Api, Scene
from vcdsim import rights
from vcdsim.calls import LOGGED_IN, OPEN
from vcdsim.operations import OPERATIONS
from vcdsim.testing import Simulator

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def test_every_operation_needs_a_right_that_some_role_has() -> None:
    known = {right for role in rights.ROLES.values() for right in role} | {OPEN, LOGGED_IN}
    assert {operation.right for operation in OPERATIONS} <= known


def test_a_viewer_reads_and_does_not_write(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", "/loadBalancer/pools", scene.pool())
    viewer = Api(sim, "viewer@acme")
    assert viewer.get(f"/loadBalancer/pools/{pool}")["name"] == "pool"
    assert viewer.values(scene.nat) == []
    writes = [
        ("POST", "/loadBalancer/pools", scene.pool("new"), "Configure Load Balancer", "LOAD_BALANCER_POOL_CREATE"),
        ("DELETE", f"/loadBalancer/pools/{pool}", None, "Configure Load Balancer", pool),
        ("POST", scene.nat, scene.rule(), "Configure NAT", scene.edge),
        ("POST", "/applicationPortProfiles", scene.profile(), "Configure NAT", ""),
        ("PUT", f"/orgVdcNetworks/urn:vcloud:network:{UNKNOWN}", {}, "Edit Properties", ""),
        ("POST", "/ssl/certificateLibrary", {}, "Certificate Library: Manage", ""),
        ("GET", "/tokens", None, "API Tokens: Manage", ""),
    ]
    for method, path, body, right, more in writes:
        message = viewer.refused(method, path, body, right, status=403)
        assert more in message
    assert len(sim.dump()["pools"]) == 1


def test_an_estate_gives_single_rights(tmp_path: Path) -> None:
    estate = tmp_path / "estate.yml"
    estate.write_text(
        "organisations:\n- name: acme\n  users:\n"
        "  - {name: kube, password: kube-secret-1, rights: ['Organization vDC Gateway: View']}\n"
    )
    with Simulator(estate=estate) as sim:
        api = Api(sim, "kube@acme")
        assert api.values("/edgeGateways") == []
        api.refused("GET", "/vdcs", None, "[Organization vDC: View]", status=403)
        assert api.ask("GET", "/api/org").status_code == 403
        api.refused("GET", "/roles", None, "[General: Administrator View]", status=403)
        assert [ref["name"] for ref in api.get("/sessions/current")["roleRefs"]] == ["Role of kube"]


def test_a_session_leads_to_the_rights_of_its_role(api: Api, sim: Simulator) -> None:
    (role,) = api.get("/sessions/current")["roleRefs"]
    assert api.get(f"/roles/{role['id']}")["name"] == role["name"] == "Kubernetes Cloud Provider"
    names = [one["name"] for one in api.values(f"/roles/{role['id']}/rights")]
    assert names == sorted(rights.CLOUD_PROVIDER)
    (viewer,) = Api(sim, "viewer@acme").get("/sessions/current")["roleRefs"]
    assert {one["name"] for one in api.values(f"/roles/{viewer['id']}/rights")} == rights.VIEW
    api.refused("GET", f"/roles/urn:vcloud:role:{UNKNOWN}/rights", None, "ROLE_VIEW", status=403)
    api.refused("GET", "/roles/7/rights", None, "Invalid urn string")


def test_a_tenant_sees_no_role_of_the_provider_or_of_another_tenant(tenants: Simulator) -> None:
    globex, system = Api(tenants, "kube@globex"), Api(tenants, "administrator@System")
    (role,) = system.get("/sessions/current")["roleRefs"]
    assert role["name"] not in {one["name"] for one in globex.values("/roles")}
    globex.refused("GET", f"/roles/{role['id']}", None, "ROLE_VIEW", status=403)
    assert {
        one["name"] for one in system.values(f"/roles/{role['id']}/rights?pageSize=128")
    } == rights.TENANT | rights.OF_SYSTEM


def test_the_list_of_rights_shows_the_implied_rights(api: Api) -> None:
    rows = api.values("/rights?pageSize=128")
    right = next(one for one in rows if one["name"] == "Organization vDC Gateway: Configure NAT")
    assert [one["name"] for one in right["impliedRights"]] == ["Organization vDC Gateway: View NAT"]
    assert right["rightType"] == "MODIFY"
    assert api.get(f"/rights/{right['id']}") == right
    api.refused("GET", f"/rights/urn:vcloud:right:{UNKNOWN}", None, "RIGHT_VIEW", status=403)


def test_tenants_do_not_see_each_other(tenants: Simulator) -> None:
    acme, globex = Api(tenants, "kube@acme"), Api(tenants, "kube@globex")
    assert {one["name"] for one in acme.values("/edgeGateways")} == {"acme-edge"}
    (edge,) = globex.values("/edgeGateways")
    assert edge["name"] == "globex-edge"
    paths = [
        f"/edgeGateways/{edge['id']}",
        f"/edgeGateways/{edge['id']}/nat/rules",
        f"/edgeGateways/{edge['id']}/usedIpAddresses",
        f"/edgeGateways/{edge['id']}/loadBalancer",
        f"/edgeGateways/{edge['id']}/loadBalancer/poolSummaries",
        f"/edgeGateways/{edge['id']}/firewall/rules",
        f"/orgVdcNetworks/{globex.named('/orgVdcNetworks', 'globex-net')['id']}",
        f"/vdcs/{globex.values('/vdcs')[0]['id']}",
        f"/orgs/{globex.values('/orgs')[0]['id']}",
    ]
    for path in paths:
        acme.refused("GET", path, None, "or the target entity is invalid.", status=403)
        assert globex.ask("GET", path).status_code == 200
    for path in ("/orgVdcNetworks", "/vdcs", "/orgs", "/loadBalancer/serviceEngineGroups/assignments"):
        mine = {one["id"] for one in acme.values(path)}
        assert mine
        assert not mine & {one["id"] for one in globex.values(path)}
    pool = {"name": "p", "gatewayRef": {"id": edge["id"]}}
    acme.refused("POST", "/loadBalancer/pools", pool, "there is no such gateway")
    made = globex.done("POST", "/loadBalancer/pools", pool)
    acme.refused("DELETE", f"/loadBalancer/pools/{made}", None, "LOAD_BALANCER_POOL_DELETE", status=403)


def test_a_provider_sees_every_tenant(tenants: Simulator) -> None:
    system = Api(tenants, "administrator@System")
    assert [one["name"] for one in system.values("/edgeGateways")] == ["acme-edge", "acme-edge", "globex-edge"]
    assert system.values("/edgeGateways")[0]["gatewayBacking"]["networkProvider"]["name"] == "nsx-t"


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.right != OPEN], ids=lambda one: f"{one.method} {one.path}"
)
def test_no_operation_answers_without_a_log_in(sim: Simulator, operation: object) -> None:
    assert hasattr(operation, "path")
    path = operation.path.replace("{", "").replace("}", "")
    answer = Api(sim).ask(operation.method, path)  # type: ignore[attr-defined]
    assert answer.status_code == 401


CONTEXT = "X-VMWARE-VCLOUD-TENANT-CONTEXT"


def test_a_provider_acts_for_the_tenant_of_its_context(tenants: Simulator) -> None:
    # go-vcloud-director sends the context when it creates an object in an organisation, and expects it to belong there
    system, acme, globex = (Api(tenants, user) for user in ("administrator@System", "admin@acme", "kube@globex"))
    org = acme.values("/orgs")[0]["id"]
    within = {"headers": {CONTEXT: org.rsplit(":", 1)[-1]}}
    library = "/ssl/certificateLibrary"
    known = acme.values(library)[0]
    body = {"alias": "new", "certificate": known["certificate"]}
    assert system.ask("POST", library, body, **within).status_code == 201
    assert {one["alias"] for one in acme.values(library)} == {known["alias"], "new"}
    assert {one["alias"] for one in system.values(library, **within)} == {known["alias"], "new"}
    assert system.values(library) == []  # without a context, the provider gets the objects of System
    system.refused("POST", library, body, "already exists", **within)
    assert system.ask("POST", library, body).status_code == 201
    assert [one["alias"] for one in system.values(library)] == ["new"]
    assert {one["name"] for one in system.values("/edgeGateways", **within)} == {"acme-edge"}
    other = globex.values("/edgeGateways")[0]["id"]
    system.refused("GET", f"/edgeGateways/{other}", None, "target entity is invalid", status=403, **within)
    unknown = {"headers": {CONTEXT: UNKNOWN}}
    system.refused("GET", library, None, "target entity is invalid", status=403, **unknown)


def test_roles_are_made_and_given_rights(admin: Api, api: Api, sim: Simulator) -> None:
    # the steps of docs/rights-vcd.md, and of go-vcloud-director's Test_Roles
    api.refused("POST", "/roles", {"name": "mine"}, "Role: Create, Edit, Delete, or Copy", status=403)
    made = admin.ask("POST", "/roles", {"name": "mine", "description": "Ansible"})
    assert (made.status_code, made.json()["name"], made.json()["readOnly"]) == (201, "mine", False)
    path = f"/roles/{made.json()['id']}"
    assert admin.values("/roles?filter=name==mine") == [admin.get(path)]
    admin.refused("POST", "/roles", {"name": "mine"}, "A role named mine already exists")
    assert admin.values(f"{path}/rights") == []
    listed = {one["name"]: {"id": one["id"], "name": one["name"]} for one in admin.values("/rights?pageSize=128")}
    assert admin.ask("PUT", f"{path}/rights", {"values": [listed[rights.NAT_CONFIGURE]]}).status_code == 200
    assert [one["name"] for one in admin.values(f"{path}/rights")] == [rights.NAT_CONFIGURE, rights.NAT_VIEW]
    assert admin.ask("POST", f"{path}/rights", {"values": [listed[rights.VDC_VIEW]]}).status_code == 200
    assert len(admin.values(f"{path}/rights")) == 3
    unknown = {"values": [{"id": f"urn:vcloud:right:{UNKNOWN}", "name": "Fly"}]}
    admin.refused("PUT", f"{path}/rights", unknown, "there is no such right: Fly")
    assert admin.ask("PUT", path, {"name": "ours"}).json()["name"] == "ours"
    (built_in,) = admin.values("/roles?filter=name==View%20Only")
    admin.refused("PUT", f"/roles/{built_in['id']}", {"name": "x"}, "the system made it")
    assert admin.ask("DELETE", path).status_code == 204
    assert admin.values("/roles?filter=name==ours") == []
