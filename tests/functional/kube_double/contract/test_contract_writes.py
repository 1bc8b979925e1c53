# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts, preconditions, dry runs and the kinds of patch."""

from __future__ import annotations

from typing import Any

import pytest

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


@pytest.fixture
def item(contract: Any) -> Any:
    return contract.create("ConfigMap", "one", data={"key": "value"}).to_dict()


def patch(contract: Any, body: Any, kind: str = MERGE, **query: Any) -> Any:
    return contract.of("ConfigMap").patch(
        name="one", namespace=contract.namespace, body=body, content_type=kind, **query
    )


@pytest.mark.usefixtures("item")
def test_a_name_can_be_used_once(contract: Any) -> None:
    status = contract.refusal(lambda: contract.create("ConfigMap", "one"))
    assert (status["code"], status["reason"]) == (409, "AlreadyExists")
    assert status["message"] == 'configmaps "one" already exists'
    assert status["details"] == {"name": "one", "kind": "configmaps"}


@pytest.mark.parametrize(
    ("kind", "version", "resource"), [("ConfigMap", "v1", "configmaps"), ("Deployment", "apps/v1", "deployments.apps")]
)
def test_a_missing_object_is_not_found(contract: Any, kind: str, version: str, resource: str) -> None:
    for call in ("get", "delete"):
        status = contract.refusal(
            lambda call=call: getattr(contract.of(kind, version), call)(name="none", namespace=contract.namespace)
        )
        assert (status["code"], status["reason"]) == (404, "NotFound")
        assert status["message"] == f'{resource} "none" not found'


def test_a_namespace_must_exist(contract: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    status = contract.refusal(lambda: contract.of("ConfigMap").create(body=body, namespace="no-such-namespace"))
    assert (status["code"], status["message"]) == (404, 'namespaces "no-such-namespace" not found')


def test_replace_with_an_old_version_is_a_conflict(contract: Any, item: Any) -> None:
    patch(contract, {"data": {"key": "theirs"}})
    stale = item | {"data": {"key": "mine"}}
    status = contract.refusal(lambda: contract.of("ConfigMap").replace(body=stale, namespace=contract.namespace))
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["message"] == f'Operation cannot be fulfilled on configmaps "one": {MODIFIED}'
    assert contract.get("ConfigMap", "one")["data"] == {"key": "theirs"}


@pytest.mark.usefixtures("item")
def test_replace_without_a_version_replaces_any_version(contract: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"other": "x"}}
    assert contract.of("ConfigMap").replace(body=body, namespace=contract.namespace).to_dict()["data"] == {"other": "x"}


def test_replace_of_another_object_is_a_conflict(contract: Any, item: Any) -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "uid": "not-this-one"}}
    status = contract.refusal(lambda: contract.of("ConfigMap").replace(body=other, namespace=contract.namespace))
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert f"UID in precondition: not-this-one, UID in object meta: {item['metadata']['uid']}" in status["message"]


@pytest.mark.usefixtures("item")
def test_patch_with_an_old_version_is_a_conflict(contract: Any) -> None:
    status = contract.refusal(lambda: patch(contract, {"metadata": {"resourceVersion": "1"}, "data": {"a": "b"}}))
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["message"] == f'Operation cannot be fulfilled on configmaps "one": {MODIFIED}'


def delete(contract: Any, **preconditions: str) -> Any:
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    return contract.of("ConfigMap").delete(name="one", namespace=contract.namespace, body=body)


def test_delete_with_a_wrong_uid_is_a_conflict(contract: Any, item: Any) -> None:
    status = contract.refusal(lambda: delete(contract, uid="not-this-one"))
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert "the UID in the precondition (not-this-one) does not match the UID in record" in status["message"]
    assert item["metadata"]["uid"] in status["message"]
    assert delete(contract, uid=item["metadata"]["uid"]).to_dict()["status"] == "Success"


def test_delete_with_an_old_version_is_a_conflict(contract: Any, item: Any) -> None:
    seen = item["metadata"]["resourceVersion"]
    patch(contract, {"data": {"key": "theirs"}})
    status = contract.refusal(lambda: delete(contract, uid=item["metadata"]["uid"], resourceVersion=seen))
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert f"the ResourceVersion in the precondition ({seen}) does not match" in status["message"]
    now = contract.get("ConfigMap", "one")["metadata"]["resourceVersion"]
    delete(contract, uid=item["metadata"]["uid"], resourceVersion=now)
    assert contract.refusal(lambda: contract.get("ConfigMap", "one"))["code"] == 404


def test_an_update_without_a_change_keeps_the_version(contract: Any, item: Any) -> None:
    assert patch(contract, {"data": {"key": "value"}}).metadata.resourceVersion == item["metadata"]["resourceVersion"]


@pytest.mark.usefixtures("item")
def test_merge_patch_removes_with_null(contract: Any) -> None:
    assert patch(contract, {"data": {"key": None, "other": "x"}}).to_dict()["data"] == {"other": "x"}


@pytest.mark.usefixtures("item")
def test_json_patch_tests_before_it_writes(contract: Any) -> None:
    good = [{"op": "test", "path": "/data/key", "value": "value"}, {"op": "replace", "path": "/data/key", "value": "n"}]
    assert patch(contract, good, JSON_PATCH).to_dict()["data"] == {"key": "n"}
    status = contract.refusal(lambda: patch(contract, good, JSON_PATCH))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert contract.get("ConfigMap", "one")["data"] == {"key": "n"}


def test_strategic_patch_merges_containers_by_name(contract: Any) -> None:
    contract.deployment("web", 0)
    container = {"name": "main", "env": [{"name": "A", "value": "1"}]}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    found = contract.of("Deployment", "apps/v1").patch(
        name="web", namespace=contract.namespace, body=body, content_type=STRATEGIC
    )
    containers = found.to_dict()["spec"]["template"]["spec"]["containers"]
    assert [(item["name"], item["image"], item["env"]) for item in containers] == [
        ("main", "registry.invalid/sleep:1", [{"name": "A", "value": "1"}])
    ]


@pytest.mark.usefixtures("item")
def test_unknown_kinds_of_patch_are_refused(contract: Any) -> None:
    status = contract.refusal(lambda: patch(contract, {"data": {}}, "application/vnd.unknown+json"))
    assert (status["code"], status["reason"]) == (415, "UnsupportedMediaType")


def test_a_dry_run_changes_nothing(contract: Any, item: Any) -> None:
    dry = {"dry_run": "All"}
    assert patch(contract, {"data": {"key": "new"}}, **dry).to_dict()["data"] == {"key": "new"}
    maps = contract.of("ConfigMap")
    maps.delete(name="one", namespace=contract.namespace, **dry)
    assert contract.get("ConfigMap", "one") == item
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}}
    assert maps.create(body=body, namespace=contract.namespace, **dry).metadata.uid
    assert contract.refusal(lambda: contract.get("ConfigMap", "two"))["code"] == 404
    again = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    status = contract.refusal(lambda: maps.create(body=again, namespace=contract.namespace, **dry))
    assert status["reason"] == "AlreadyExists"


def test_a_name_can_be_generated(contract: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}
    maps = contract.of("ConfigMap")
    names = {maps.create(body=body, namespace=contract.namespace).metadata.name for _time in range(3)}
    assert len(names) == 3
    assert all(name.startswith("made-") and len(name) == 10 for name in names)


def test_finalizers_hold_an_object(contract: Any) -> None:
    contract.create("ConfigMap", "held", metadata={"finalizers": ["example.com/wait"]})
    maps = contract.of("ConfigMap")
    maps.delete(name="held", namespace=contract.namespace)
    assert contract.get("ConfigMap", "held")["metadata"]["deletionTimestamp"]
    body = {"metadata": {"finalizers": None}}
    maps.patch(name="held", namespace=contract.namespace, body=body, content_type=MERGE)
    assert contract.refusal(lambda: contract.get("ConfigMap", "held"))["code"] == 404
