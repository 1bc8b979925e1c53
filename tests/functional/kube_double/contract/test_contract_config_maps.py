# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ConfigMaps and Secrets: immutability and validation."""

from __future__ import annotations

import base64
from typing import Any

import pytest

IMMUTABLE = "field is immutable when `immutable` is set"


def as_text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def causes(status: Any) -> set[tuple[str, str]]:
    return {(cause["field"], cause["message"]) for cause in status["details"]["causes"]}


def test_create_returns_the_fields_that_the_server_adds(contract: Any) -> None:
    created = contract.create("ConfigMap", "one", data={"key": "value"}).to_dict()
    meta = created["metadata"]
    assert (created["kind"], created["apiVersion"]) == ("ConfigMap", "v1")
    assert created["data"] == {"key": "value"}
    assert meta["namespace"] == contract.namespace
    assert meta["uid"]
    assert meta["resourceVersion"]
    assert meta["creationTimestamp"].endswith("Z")
    assert contract.get("ConfigMap", "one") == created


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/strategic-merge-patch+json"])
def test_immutable_data_cannot_change(contract: Any, content_type: str) -> None:
    contract.create("ConfigMap", "fixed", data={"key": "old"}, immutable=True)
    maps = contract.of("ConfigMap")
    status = contract.refusal(
        lambda: maps.patch(
            name="fixed", namespace=contract.namespace, body={"data": {"key": "new"}}, content_type=content_type
        )
    )
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert status["message"] == f'ConfigMap "fixed" is invalid: data: Forbidden: {IMMUTABLE}'
    assert status["details"]["name"] == "fixed"
    assert status["details"]["kind"] == "ConfigMap"
    assert causes(status) == {("data", f"Forbidden: {IMMUTABLE}")}
    assert contract.get("ConfigMap", "fixed")["data"] == {"key": "old"}


def test_every_immutable_field_is_named(contract: Any) -> None:
    contract.create("ConfigMap", "fixed", data={"key": "old"}, immutable=True)
    body = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fixed"}, "data": {"key": "new"},
        "binaryData": {"blob": as_text("new")}, "immutable": False,
    }  # fmt: skip
    status = contract.refusal(lambda: contract.of("ConfigMap").replace(body=body, namespace=contract.namespace))
    assert causes(status) == {(field, f"Forbidden: {IMMUTABLE}") for field in ("immutable", "data", "binaryData")}


def test_immutability_cannot_be_dropped(contract: Any) -> None:
    contract.create("ConfigMap", "fixed", data={"key": "old"}, immutable=True)
    status = contract.refusal(
        lambda: contract.of("ConfigMap").patch(
            name="fixed", namespace=contract.namespace, body={"immutable": None},
            content_type="application/merge-patch+json",
        )
    )  # fmt: skip
    assert status["message"] == f'ConfigMap "fixed" is invalid: immutable: Forbidden: {IMMUTABLE}'


def test_metadata_of_an_immutable_object_may_change(contract: Any) -> None:
    before = contract.create("ConfigMap", "fixed", data={"key": "old"}, immutable=True).to_dict()
    maps = contract.of("ConfigMap")
    body = {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}
    after = maps.patch(
        name="fixed", namespace=contract.namespace, body=body, content_type="application/merge-patch+json"
    ).to_dict()
    assert after["metadata"]["labels"] == {"a": "b"}
    assert after["metadata"]["annotations"] == {"c": "d"}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]


def test_a_mutable_object_can_become_immutable(contract: Any) -> None:
    contract.create("ConfigMap", "free", data={"key": "old"})
    item = contract.get("ConfigMap", "free") | {"data": {"key": "new"}, "immutable": True}
    maps = contract.of("ConfigMap")
    assert maps.replace(body=item, namespace=contract.namespace).to_dict()["data"] == {"key": "new"}
    item = contract.get("ConfigMap", "free") | {"data": {"key": "newer"}}
    assert contract.refusal(lambda: maps.replace(body=item, namespace=contract.namespace))["code"] == 422


def test_a_recreated_object_has_a_new_uid(contract: Any) -> None:
    before = contract.create("ConfigMap", "fixed", data={"key": "old"}, immutable=True).metadata.uid
    maps = contract.of("ConfigMap")
    answer = maps.delete(name="fixed", namespace=contract.namespace).to_dict()
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    assert answer["details"]["uid"] == before
    assert contract.create("ConfigMap", "fixed", data={"key": "new"}, immutable=True).metadata.uid != before


def test_an_immutable_secret_cannot_change_either(contract: Any) -> None:
    contract.create("Secret", "fixed", stringData={"key": "old"}, immutable=True)
    secret = contract.get("Secret", "fixed")
    assert secret["data"] == {"key": as_text("old")}
    assert secret["type"] == "Opaque"
    assert "stringData" not in secret
    status = contract.refusal(
        lambda: contract.of("Secret").replace(
            body=secret | {"data": {"key": as_text("new")}}, namespace=contract.namespace
        )
    )
    assert status["message"] == f'Secret "fixed" is invalid: data: Forbidden: {IMMUTABLE}'


@pytest.mark.parametrize("key", ["with space", "sla/sh", "..", "..two"])
def test_keys_must_be_file_names(contract: Any, key: str) -> None:
    status = contract.refusal(lambda: contract.create("ConfigMap", "bad", data={key: "value"}))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert {cause["field"] for cause in status["details"]["causes"]} == {f"data[{key}]"}


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 254])
def test_names_must_be_rfc_1123(contract: Any, name: str) -> None:
    status = contract.refusal(lambda: contract.create("ConfigMap", name))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert {cause["field"] for cause in status["details"]["causes"]} == {"metadata.name"}


def test_label_values_are_checked(contract: Any) -> None:
    status = contract.refusal(lambda: contract.create("ConfigMap", "bad", metadata={"labels": {"a": "no spaces"}}))
    assert "a valid label must be an empty string or consist of alphanumeric characters" in status["message"]
    assert {cause["field"] for cause in status["details"]["causes"]} == {"metadata.labels"}


def test_one_mebibyte_is_the_limit(contract: Any) -> None:
    size = 1024 * 1024
    contract.create("ConfigMap", "full", data={"key": "x" * size})
    status = contract.refusal(lambda: contract.create("ConfigMap", "over", data={"key": "x" * (size + 1)}))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert "Too long: may not be more than 1048576 bytes" in status["message"]


def test_a_number_is_not_accepted_as_text(contract: Any) -> None:
    status = contract.refusal(lambda: contract.create("ConfigMap", "bad", data={"key": 1}))
    assert (status["code"], status["reason"]) == (400, "BadRequest")
    assert status["message"].startswith('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unm')
    assert "number into Go struct field ConfigMap.data of type string" in status["message"]


def test_a_key_is_in_one_of_the_two_maps(contract: Any) -> None:
    status = contract.refusal(
        lambda: contract.create("ConfigMap", "bad", data={"key": "x"}, binaryData={"key": as_text("x")})
    )
    assert "duplicate of key present in binaryData" in status["message"]
