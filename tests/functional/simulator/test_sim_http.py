# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of all operations: versions, routes, media types, request ids, errors."""

from __future__ import annotations

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator


@pytest.mark.parametrize("version", ["36.3", "37.0", "37.1", "37.2", "38.0", "39.0"])
def test_every_listed_version_is_accepted(api: Api, version: str) -> None:
    assert api.values("/edgeGateways", version=version)[0]["name"] == "acme-edge"


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/json;version=40.0",
        "application/json;version=37",
        "*/*;version=37.2.1",
        "x;version=37.0.0-alpha",
    ],
)
def test_an_unlisted_version_is_refused(api: Api, accept: str) -> None:
    message = api.refused("GET", "/edgeGateways", None, "Invalid API version", status=406, headers={"Accept": accept})
    assert "[39.0, 38.0, 37.2, 37.1, 37.0, 36.3] ([D] indicates deprecated versions)" in message


def test_legacy_errors_are_xml(api: Api) -> None:
    answer = api.ask("GET", "/api/org", headers={"Accept": "application/*+xml;version=1.0"})
    assert answer.status_code == 406
    assert 'minorErrorCode="NOT_ACCEPTABLE"' in answer.text
    assert 'majorErrorCode="406"' in answer.text


@pytest.mark.parametrize(
    "accept", ["*_/_*;version=37.2", "application/*+xml;version=37.2, vnd.vmware.vcloud.org+xml;version=37.2"]
)
def test_odd_accept_headers_of_real_clients_are_accepted(api: Api, accept: str) -> None:
    assert api.ask("GET", "/edgeGateways", headers={"Accept": accept}).status_code == 200


def test_an_operation_newer_than_the_version_is_refused(api: Api) -> None:
    api.refused("GET", "/ipSpaces/summaries", None, "since API version 37.1", status=406, version="37.0")


def test_vcf_automation_has_no_edge_gateways() -> None:
    with Simulator(api_versions="39.1,40.0") as sim:
        api = Api(sim, "kube@acme", version="40.0")
        assert api.get("/sessions/current")["org"]["name"] == "acme"
        api.refused("GET", "/edgeGateways", None, "Nothing answers at /cloudapi/1.0.0/edgeGateways", status=404)
        assert api.ask("GET", "/api/vdc/00000000-0000-0000-0000-000000000000").status_code == 404
        assert api.values("/edgeGateways", version="39.1")
        sim.assume(gateways_in_api_40="served")
        assert api.values("/edgeGateways")


def test_newer_fields_are_unknown_and_hidden(api: Api, scene: Scene) -> None:
    body = scene.pool(sslEnabled=False)
    api.refused("POST", "/loadBalancer/pools", body, 'Unrecognized field "sslEnabled"', version="36.3")
    pool = api.done("POST", "/loadBalancer/pools", body)
    assert "sslEnabled" in api.get(f"/loadBalancer/pools/{pool}", version="37.0")
    assert "sslEnabled" not in api.get(f"/loadBalancer/pools/{pool}", version="36.3")
    gateway = api.get(f"/edgeGateways/{scene.edge}", version="37.0")["edgeGatewayUplinks"][0]
    assert "usingIpSpace" not in gateway
    assert api.get(f"/edgeGateways/{scene.edge}")["edgeGatewayUplinks"][0]["usingIpSpace"] is False


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/loadBalancer/pools", 405),
        ("PATCH", "/edgeGateways", 405),
        ("GET", "/edgeGateways/{edge}/routing/bgp/neighbors/x/status", 501),
        ("POST", "/serviceAccounts", 501),
        ("POST", "/oauth/tenant/acme/device_authorization", 501),
        ("GET", "/securityTags", 501),
        ("DELETE", "/virtualCenters/x/resourcePools/y", 501),
        ("GET", "/nsxTResources/importableTransportZones", 501),
        ("GET", "/nsxTResourcesX", 404),
        ("GET", "/vdcGroups/x/universalRouters", 501),
    ],
)
def test_unknown_paths_are_refused(api: Api, scene: Scene, method: str, path: str, status: int) -> None:
    api.refused(method, path.format(edge=scene.edge), None, "", status=status)


def test_unknown_legacy_paths_are_refused(api: Api) -> None:
    assert api.ask("DELETE", "/api/media/x").status_code == 501
    assert api.ask("POST", "/api/vdc/x/action/composeVApp").status_code == 501
    assert api.ask("GET", "/api/nothing").status_code == 404


def test_a_known_path_that_is_not_built_is_named(api: Api, scene: Scene) -> None:
    named = "DELETE /cloudapi/1.0.0/edgeGateways/{gatewayId}/slaacProfile"
    api.refused("DELETE", f"/edgeGateways/{scene.edge}/slaacProfile", None, named, 501)


def test_trailing_slashes_and_escaped_urns_are_accepted(api: Api, scene: Scene) -> None:
    escaped = scene.vdc.replace(":", "%3A")
    assert api.values(f"/vdcs/{escaped}/capabilities/")[0]["value"] == "NSX_T"


def test_a_body_must_be_a_json_object(api: Api) -> None:
    json_type, text_type = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
    api.refused("POST", "/loadBalancer/pools", None, "is not application/json", 415, data="{}", headers=text_type)
    api.refused("POST", "/loadBalancer/pools", None, "not JSON", data="{", headers=json_type)
    api.refused("POST", "/loadBalancer/pools", None, "JSON object", data="[]", headers=json_type)
    api.refused("POST", "/loadBalancer/pools", None, "JSON object")


def test_each_answer_has_a_request_id(api: Api) -> None:
    header = "X-VMWARE-VCLOUD-CLIENT-REQUEST-ID"
    sent = api.ask("GET", "/edgeGateways", headers={header: "7-client"}).headers["X-VMWARE-VCLOUD-REQUEST-ID"]
    assert sent.startswith("7-client-")
    odd = api.ask("GET", "/edgeGateways", headers={header: "not plain!"}).headers["X-VMWARE-VCLOUD-REQUEST-ID"]
    assert len(odd) == 36


@pytest.mark.parametrize(
    "path", ["/edgeGateways/nonsense", "/edgeGateways/urn:vcloud:vdc:{uuid}", "/loadBalancer/pools/{uuid}"]
)
def test_identifiers_must_be_urns_of_their_kind(api: Api, path: str) -> None:
    uuid = "00000000-0000-0000-0000-000000000000"
    api.refused("GET", path.format(uuid=uuid), None, "Invalid urn string")


def test_a_missing_object_is_forbidden(api: Api) -> None:
    urn = "urn:vcloud:loadBalancerPool:00000000-0000-0000-0000-000000000000"
    message = api.refused("GET", f"/loadBalancer/pools/{urn}", None, "or the target entity is invalid.", status=403)
    assert f"to perform operations [LOAD_BALANCER_POOL_VIEW] for {urn}" in message


def test_a_foreign_tenant_context_is_forbidden(api: Api, scene: Scene) -> None:
    header = "X-VMWARE-VCLOUD-TENANT-CONTEXT"
    for own in (scene.org, scene.org.rsplit(":", 1)[-1]):
        assert api.ask("GET", "/edgeGateways", headers={header: own}).status_code == 200
    other = "urn:vcloud:org:00000000-0000-0000-0000-000000000000"
    api.refused("GET", "/edgeGateways", None, "", status=403, headers={header: other})


def test_an_unknown_control_request_is_named(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="unknown control request"):
        sim._ask("GET", "/nothing")
    with pytest.raises(ValueError, match="one of refused, allowed"):
        sim.assume(vip_dnat_same_address="perhaps")
    with pytest.raises(ValueError, match="cannot be set"):
        sim.settings(versions=1)
    with pytest.raises(ValueError, match="UP, DOWN or UNKNOWN"):
        sim.health({"10.0.0.1": "ILL"})
    with pytest.raises(ValueError, match="Additional properties"):
        sim.faults([{"verb": "GET"}])
