# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and defined entities."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

CERTIFICATES = "/ssl/certificateLibrary"
CLUSTER = "/entities/urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
TYPE = "urn:vcloud:type:vmware:capvcdCluster:1.1.0"


@pytest.fixture
def pem(admin: Api) -> str:
    return str(admin.named(CERTIFICATES, "web-cert")["certificate"])


def test_certificates_are_synchronous(admin: Api, pem: str) -> None:
    phrase = "open-sesame"
    secret = serialization.BestAvailableEncryption(phrase.encode())
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret
    )
    body = {"alias": "new", "certificate": pem, "privateKey": key.decode(), "privateKeyPassphrase": phrase}
    answer = admin.ask("POST", CERTIFICATES, body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Content-Location"].endswith(made["id"])
    assert not {"privateKey", "privateKeyPassphrase"} & set(made)
    assert phrase not in str(admin.sim.dump())
    changed = admin.ask("PUT", f"{CERTIFICATES}/{made['id']}", {**made, "alias": "newer"})
    assert (changed.status_code, changed.json()["alias"]) == (200, "newer")
    admin.refused("PUT", f"{CERTIFICATES}/{made['id']}", {"alias": "web-cert"}, "already exists")
    other = {"alias": "newer", "certificate": pem + "\n"}
    admin.refused("PUT", f"{CERTIFICATES}/{made['id']}", other, "only alias and description")
    assert admin.ask("DELETE", f"{CERTIFICATES}/{made['id']}").status_code == 204


def test_a_passphrase_of_a_key_without_one_is_ignored(admin: Api, pem: str) -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    for secret, status in ((serialization.NoEncryption(), 201), (serialization.BestAvailableEncryption(b"other"), 400)):
        key = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
        body = {"alias": "plain", "certificate": pem, "privateKey": key.decode(), "privateKeyPassphrase": "open"}
        assert admin.ask("POST", CERTIFICATES, {**body, "alias": f"plain-{status}"}).status_code == status


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"alias": "web-cert"}, "A certificate with the alias web-cert already exists"),
        ({"alias": "x" * 129}, "at most 128"),
        ({"certificate": "no pem"}, "in PEM form"),
        ({"privateKey": "secret-that-must-not-come-back"}, "must be a PEM key"),
        ({"privateKey": 7}, "of type string"),
    ],
)
def test_an_invalid_certificate_is_refused(admin: Api, pem: str, change: dict[str, Any], text: str) -> None:
    message = admin.refused("POST", CERTIFICATES, {"alias": "new", "certificate": pem, **change}, text)
    assert "must-not-come-back" not in message


def test_a_certificate_in_use_names_its_users_and_cannot_be_deleted(admin: Api, scene: Scene) -> None:
    item = admin.named(CERTIFICATES, "web-cert")["id"]
    pool = admin.done("POST", "/loadBalancer/pools", scene.pool(caCertificateRefs=[{"id": item}]))
    assert [one["id"] for one in admin.values(f"{CERTIFICATES}/{item}/consumers")] == [pool]
    admin.refused("DELETE", f"{CERTIFICATES}/{item}", None, "is used by pool")
    https: dict[str, Any] = {
        "applicationProfile": {"type": "HTTPS"},
        "servicePorts": [{"portStart": 443, "sslEnabled": True}],
    }
    admin.done("POST", "/loadBalancer/virtualServices", scene.service(pool, certificateRef={"id": item}, **https))
    assert len(admin.values(f"{CERTIFICATES}/{item}/consumers")) == 2


def test_an_entity_is_changed_with_its_etag(api: Api) -> None:
    answer = api.ask("GET", CLUSTER)
    tag, body = answer.headers["ETag"], answer.json()
    assert (body["entityType"], body["state"], body["org"]["name"]) == (TYPE, "RESOLVED", "acme")
    body["entity"]["status"]["cpi"] = {"name": "cloud-controller-manager"}
    written = api.ask("PUT", CLUSTER, body, headers={"If-Match": tag})
    assert written.status_code == 200
    assert written.headers["ETag"] != tag
    assert api.get(CLUSTER)["entity"]["status"]["cpi"]["name"] == "cloud-controller-manager"
    outdated = api.ask("PUT", CLUSTER, body, headers={"If-Match": tag})
    assert (outdated.status_code, outdated.json()["minorErrorCode"]) == (412, "PRECONDITION_FAILED")
    assert api.ask("PUT", CLUSTER, body).status_code == 200


def test_a_missing_entity_is_forbidden(api: Api) -> None:
    unknown = CLUSTER[:-4] + "0000"
    api.refused("GET", unknown, None, "target entity is invalid", status=403)
    api.refused("GET", "/entities/NO_RDE_x", None, "Invalid urn string")


def test_entities_are_created_and_deleted(system: Api, api: Api) -> None:
    schema = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    kind = {"name": "thing", "vendor": "acme", "nss": "thing", "version": "1.0.0", "schema": schema}
    api.refused("POST", "/entityTypes", kind, "System administrator", status=403)
    system.refused("POST", "/entityTypes", {**kind, "version": "1"}, "it must match")
    system.refused("POST", "/entityTypes", {**kind, "schema": {"type": "odd"}}, "it is not a JSON Schema")
    made = system.ask("POST", "/entityTypes", kind)
    assert (made.status_code, made.json()["id"]) == (201, "urn:vcloud:type:acme:thing:1.0.0")
    system.refused("POST", "/entityTypes", kind, "already exists")
    path = "/entityTypes/urn:vcloud:type:acme:thing:1.0.0"
    system.refused("PUT", path, {**kind, "schema": {}}, "schema can be changed")
    assert system.ask("PUT", path, {**kind, "description": "new"}).json()["description"] == "new"
    entity = api.done("POST", path, {"name": "one", "entity": {"kind": 7}})
    address = f"/entities/{entity}"
    assert api.get(address)["state"] == "PRE_CREATED"
    api.refused("DELETE", address, None, "is not resolved")
    assert api.ask("POST", f"{address}/resolve").json()["state"] == "RESOLUTION_ERROR"
    assert api.ask("PUT", address, {"name": "one", "entity": {"kind": "x"}}).json()["state"] == "PRE_CREATED"
    assert api.ask("POST", f"{address}/resolve").json()["entityState"] == "RESOLVED"
    api.refused("PUT", address, {"name": "one", "entity": {}}, "does not fit the schema of its type")
    assert [one["name"] for one in api.values("/entities/types/acme/thing/1.0.0")] == ["one"]
    assert api.values("/entities/types/acme/thin") == []
    system.refused("DELETE", path, None, "has entities")
    assert api.ask("DELETE", address).status_code == 204
    wrong = f"/entities/{api.done('POST', path, {'name': 'two', 'entity': {'kind': 7}})}"
    assert api.ask("POST", f"{wrong}/resolve").json()["state"] == "RESOLUTION_ERROR"
    assert api.ask("DELETE", wrong).status_code == 204
    assert system.ask("DELETE", path).status_code == 204


def test_an_entity_can_be_resolved_at_once(api: Api) -> None:
    path = f"/entityTypes/{TYPE}?resolveEntity=true"
    entity = api.done("POST", path, {"name": "two", "entity": {}})
    assert api.get(f"/entities/{entity}")["state"] == "RESOLVED"


def test_a_schema_that_refers_to_the_network_is_not_followed(system: Api, api: Api) -> None:
    schema = {"$ref": "https://schema.example.com/x.json"}
    kind = {"name": "far", "vendor": "acme", "nss": "far", "version": "1.0.0", "schema": schema}
    assert system.ask("POST", "/entityTypes", kind).status_code == 201
    entity = api.done("POST", "/entityTypes/urn:vcloud:type:acme:far:1.0.0", {"name": "x", "entity": {}})
    answer = api.ask("POST", f"/entities/{entity}/resolve").json()
    assert "reference that cannot be resolved" in answer["message"]


def test_entities_are_listed_by_a_part_of_the_version_and_by_interface(api: Api) -> None:
    paths = {
        "/entities/types/vmware/capvcdCluster": 1,
        "/entities/types/vmware/capvcdCluster/1": 1,
        "/entities/types/vmware/capvcdCluster/1.1": 1,
        "/entities/types/vmware/capvcdCluster/1.1.0": 1,
        "/entities/types/vmware/capvcdCluster/1.0": 0,
        "/entities/types/vmware/capvcdCluster/11": 0,
        "/entities/interfaces/vmware/k8s/1.0.0": 1,
        "/entities/interfaces/vmware/k8s/1": 1,
        "/entities/interfaces/vmware/k8s/2": 0,
    }
    assert {path: len(api.values(path)) for path in paths} == paths


def test_older_apis_lack_the_list_without_a_version() -> None:
    with Simulator(api_versions="36.3") as old:
        older = Api(old, "kube@acme", version="36.3")
        assert older.ask("GET", "/entities/types/vmware/capvcdCluster").status_code >= 400
        assert older.ask("GET", "/entities/types/vmware/capvcdCluster/1").status_code == 200
