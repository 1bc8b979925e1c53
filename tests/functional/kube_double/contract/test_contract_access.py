# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RBAC: the refusal for a user without a right, and reviews that give the same answer in advance."""

from __future__ import annotations

import uuid
from typing import Any

import pytest


@pytest.fixture
def user(contract: Any) -> str:
    """A user who may read ConfigMaps, and change the one named ``mine``, in the test's namespace."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["patch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]},
    ]
    group = "rbac.authorization.k8s.io"
    contract.create("Role", "reader", f"{group}/v1", rules=rules)
    contract.create(
        "RoleBinding", "reader", f"{group}/v1",
        subjects=[{"kind": "User", "name": name, "apiGroup": group}],
        roleRef={"kind": "Role", "name": "reader", "apiGroup": group},
    )  # fmt: skip
    contract.wait(lambda: allowed(contract, name, "get", "configmaps"), "the binding to take effect")
    return name


def allowed(contract: Any, user: str, verb: str, resource: str, **more: str) -> bool:
    attributes = {"namespace": contract.namespace, "verb": verb, "resource": resource} | more
    reviews = contract.of("SelfSubjectAccessReview", "authorization.k8s.io/v1", user)
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes}}  # fmt: skip
    return bool(reviews.create(body=body).status.allowed)


def test_a_denial_names_user_verb_resource_and_namespace(contract: Any, user: str) -> None:
    contract.create("ConfigMap", "x")
    maps = contract.of("ConfigMap", user=user)
    status = contract.refusal(lambda: maps.delete(name="x", namespace=contract.namespace))
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert status["message"] == (
        f'configmaps "x" is forbidden: User "{user}" cannot delete resource "configmaps" in API group "" '
        f'in the namespace "{contract.namespace}"'
    )
    assert status["details"] == {"name": "x", "kind": "configmaps"}
    assert contract.get("ConfigMap", "x")


def test_a_create_and_a_cluster_list_are_denied(contract: Any, user: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    maps = contract.of("ConfigMap", user=user)
    status = contract.refusal(lambda: maps.create(body=body, namespace=contract.namespace))
    assert status["message"] == (
        f'configmaps is forbidden: User "{user}" cannot create resource "configmaps" in API group "" '
        f'in the namespace "{contract.namespace}"'
    )
    status = contract.refusal(lambda: contract.of("Node", user=user).get())
    assert status["message"] == (
        f'nodes is forbidden: User "{user}" cannot list resource "nodes" in API group "" at the cluster scope'
    )


def test_scale_needs_its_own_right(contract: Any, user: str) -> None:
    contract.deployment("web", 0)
    found = contract.of("Deployment", "apps/v1", user)
    body = {"metadata": {"annotations": {"a": "b"}}}
    kind = "application/merge-patch+json"
    assert found.patch(name="web", namespace=contract.namespace, body=body, content_type=kind)
    status = contract.refusal(
        lambda: found.scale.patch(
            name="web", namespace=contract.namespace, body={"spec": {"replicas": 1}}, content_type=kind
        )
    )
    assert status["message"] == (
        f'deployments.apps "web" is forbidden: User "{user}" cannot patch resource "deployments/scale" '
        f'in API group "apps" in the namespace "{contract.namespace}"'
    )
    assert allowed(contract, user, "patch", "deployments", group="apps")
    assert not allowed(contract, user, "patch", "deployments", group="apps", subresource="scale")


def test_a_right_can_be_limited_to_one_name(contract: Any, user: str) -> None:
    assert allowed(contract, user, "patch", "configmaps", name="mine")
    assert not allowed(contract, user, "patch", "configmaps", name="other")
    assert not allowed(contract, user, "patch", "configmaps")
    for name in ("mine", "other"):
        contract.create("ConfigMap", name)
    maps = contract.of("ConfigMap", user=user)
    given: dict[str, Any] = {"namespace": contract.namespace, "body": {"data": {"a": "b"}},
                             "content_type": "application/merge-patch+json"}  # fmt: skip
    assert maps.patch(name="mine", **given).data.a == "b"
    assert contract.refusal(lambda: maps.patch(name="other", **given))["code"] == 403


def test_rights_are_limited_to_the_namespace(contract: Any, user: str) -> None:
    maps = contract.of("ConfigMap", user=user)
    assert maps.get(namespace=contract.namespace).kind == "ConfigMapList"
    assert contract.refusal(lambda: maps.get(namespace="kube-system"))["code"] == 403
    assert not allowed(contract, user, "get", "configmaps", namespace="kube-system")


def test_a_wrong_token_is_unauthorized(contract: Any) -> None:
    status = contract.refusal(lambda: contract.client_of(token="no-such-token"))
    assert (status["code"], status["reason"], status["message"]) == (401, "Unauthorized", "Unauthorized")
