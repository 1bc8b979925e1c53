# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: answers and refusals, the journal, faults and the control path."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from kube_double.testing import KubeDouble

MAPS = "/api/v1/namespaces/kube-system/configmaps"


def send(kube: Any, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[int, Any, Any]:
    """Send a request with any headers. Returns code, headers and the body, decoded if it is JSON."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        given.setdefault("Content-Type", "application/json")
    if token != "none":
        given["Authorization"] = f"Bearer {token or kube._token}"
    asked = urllib.request.Request(kube.url + path, data=data, method=method, headers=given)
    try:
        answer = urllib.request.urlopen(asked, context=kube._context, timeout=300)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        content = answer.read()
    return answer.status, answer.headers, json.loads(content) if content.startswith(b"{") else content


# -- supported features -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "missing"),
    [
        ("GET", "/apis/batch/v1/namespaces/x/jobs", "the API batch/v1"),
        ("GET", "/apis/apps/v1/namespaces/x/statefulsets", "the resource statefulsets.apps"),
        ("GET", "/api/v1/namespaces/kube-system/pods/x/log", "the subresource pods/log"),
        ("POST", "/api/v1/namespaces/kube-system/pods/x/exec", "the subresource pods/exec"),
        ("GET", "/api/v1/watch/pods", "the path /api/v1/watch/pods"),
        ("GET", "/metrics", "the path /metrics"),
        ("GET", "/openapi/v2", "the path /openapi/v2"),
    ],
)
def test_unsupported_features_answer_501_with_their_name(kube: Any, method: str, path: str, missing: str) -> None:
    code, _headers, status = send(kube, method, path)
    assert (code, status["reason"]) == (501, "NotImplemented")
    assert status["message"] == f"kube_double does not support {missing}"


def test_server_side_apply_is_a_501(kube: Any) -> None:
    code, _headers, status = send(
        kube, "PATCH", f"{MAPS}/config?fieldManager=me", {}, Content_Type="application/apply-patch+yaml"
    )
    assert (code, status["message"]) == (501, "kube_double does not support server-side apply")


def test_discovery_lists_the_supported_resources(kube: Any) -> None:
    resources = kube.request("GET", "/api/v1")["resources"]
    found = {item["name"]: item for item in resources}
    assert found["configmaps"] == {
        "name": "configmaps", "singularName": "configmap", "namespaced": True, "kind": "ConfigMap",
        "shortNames": ["cm"],
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    }  # fmt: skip
    assert found["pods/status"]["verbs"] == ["get", "patch", "update"]
    scale = {item["name"]: item for item in kube.request("GET", "/apis/apps/v1")["resources"]}["deployments/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    groups = {group["name"] for group in kube.request("GET", "/apis")["groups"]}
    assert {"apps", "authorization.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io"} <= groups
    assert kube.request("GET", "/version")["gitVersion"].startswith("v1.")


@pytest.mark.parametrize("kind", ["application/vnd.kubernetes.protobuf", "application/cbor", "text/plain"])
def test_unsupported_body_types_are_415(kube: Any, kind: str) -> None:
    code, _headers, status = send(kube, "POST", MAPS, b"k8s\x00", Content_Type=kind)
    assert (code, status["reason"]) == (415, "UnsupportedMediaType")
    assert "the body of the request was in an unknown format" in status["message"]


def test_unsupported_answer_types_are_406(kube: Any) -> None:
    code, _headers, status = send(kube, "GET", MAPS, Accept="application/vnd.kubernetes.protobuf")
    assert (code, status["reason"]) == (406, "NotAcceptable")
    both = "application/vnd.kubernetes.protobuf,application/json"
    assert send(kube, "GET", MAPS, Accept=both)[2]["kind"] == "ConfigMapList"


def test_a_yaml_body_is_accepted(kube: Any) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: b\n"
    code, _headers, item = send(kube, "POST", MAPS, body, Content_Type="application/yaml")
    assert (code, item["data"]) == (201, {"a": "b"})


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", f"{MAPS}/config", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 405),
        ("PUT", MAPS, 405),
        ("POST", "/apis", 405),
        ("GET", "/api/v1/configmaps/config", 404),
        ("GET", "/api/v1/namespaces/kube-system/nodes/cp-1", 404),
        ("POST", "/api/v1/configmaps", 400),
    ],
)
def test_other_methods_are_not_allowed(kube: Any, method: str, path: str, code: int) -> None:
    body = {"metadata": {"name": "x"}} if method in ("POST", "PUT") else None
    assert send(kube, method, path, body)[0] == code


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"kind": "Secret", "apiVersion": "v1"}', b'{"metadata": []}'])
def test_bodies_of_the_wrong_kind_are_refused(kube: Any, body: bytes) -> None:
    code, _headers, status = send(kube, "POST", MAPS, body)
    assert (code, status["reason"]) == (400, "BadRequest")


def test_a_huge_body_is_413(kube: Any) -> None:
    code, _headers, status = send(kube, "POST", MAPS, b" " * (3 * 1024 * 1024 + 1))
    assert (code, status["reason"]) == (413, "RequestEntityTooLarge")


def test_unknown_fields_are_dropped_with_a_warning_or_refused(kube: Any) -> None:
    item = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x", "lables": {}}, "dat": {"a": "b"}}
    code, headers, stored = send(kube, "POST", f"{MAPS}?dryRun=All", item)
    assert (code, "dat" in stored) == (201, False)
    assert headers.get_all("Warning") == [
        '299 - "unknown field \\"metadata.lables\\""',
        '299 - "unknown field \\"dat\\""',
    ]
    assert send(kube, "POST", f"{MAPS}?dryRun=All&fieldValidation=Ignore", item)[1].get_all("Warning") is None
    code, _headers, status = send(kube, "POST", f"{MAPS}?fieldValidation=Strict", item)
    assert code == 400
    assert 'strict decoding error: unknown field "metadata.lables", unknown field "dat"' in status["message"]
    assert kube.get("ConfigMap", "kube-system", "x") is None


def test_a_name_in_the_body_must_be_that_of_the_url(kube: Any, refused: Any) -> None:
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "other"}}
    status = refused(kube.request, "PUT", f"{MAPS}/config", body)
    assert status["message"] == "the name of the object (other) does not match the name on the URL (config)"


def test_kubectl_gets_tables(kube: Any, make: Any) -> None:
    kube.apply(make.deployment())
    kube.wait_for(lambda: kube.get("Deployment", "kube-system", "agent")["status"].get("readyReplicas"), "a ready pod")
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

    def table_row(path: str) -> dict[str, Any]:
        table = send(kube, "GET", path, Accept=accept)[2]
        assert table["kind"] == "Table"
        names = [column["name"] for column in table["columnDefinitions"]]
        return dict(zip(names, table["rows"][0]["cells"], strict=True))

    apps = "/apis/apps/v1/namespaces/kube-system/deployments"
    for path in (apps, f"{apps}/agent"):
        row = table_row(path)
        assert (row["Name"], row["Ready"], row["Available"]) == ("agent", "1/1", 1)
    assert table_row("/api/v1/nodes") | {"Age": ""} == {
        "Name": "cp-1", "Status": "Ready", "Roles": "control-plane", "Age": "", "Version": "v1.32.4",
    }  # fmt: skip
    assert table_row("/api/v1/namespaces/kube-system/pods")["Status"] == "Running"


def test_health_endpoints_answer(kube: Any) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert send(kube, "GET", path, token="none")[::2] == (200, b"ok")


# -- users ---------------------------------------------------------------------------------------------------------


def test_declared_users_have_only_their_rules(kube: Any) -> None:
    bob = {"token": "bob-token-1"}
    assert send(kube, "GET", f"{MAPS}/config", **bob)[0] == 200
    code, _headers, status = send(kube, "DELETE", f"{MAPS}/config", **bob)
    assert (code, status["message"]) == (
        403,
        'configmaps "config" is forbidden: User "bob" cannot delete resource "configmaps" in API group "" '
        'in the namespace "kube-system"',
    )
    assert send(kube, "GET", "/api/v1/namespaces/default/configmaps", **bob)[0] == 403
    assert send(kube, "GET", "/api/v1/configmaps", **bob)[0] == 403, "a rule of one namespace is not cluster-wide"
    assert send(kube, "GET", "/apis/apps/v1/namespaces/default/deployments/x", **bob)[0] == 404


def test_a_missing_token_is_anonymous_and_a_wrong_one_unauthorized(kube: Any) -> None:
    assert send(kube, "GET", "/version", token="none")[0] == 200
    code, _headers, status = send(kube, "GET", "/api", token="none")
    assert (code, status["message"]) == (403, 'forbidden: User "system:anonymous" cannot get path "/api"')
    assert send(kube, "GET", "/version", token="wrong")[0] == 401


def test_impersonation_is_a_right(kube: Any) -> None:
    assert send(kube, "DELETE", f"{MAPS}/config", Impersonate_User="bob")[0] == 403
    code, _headers, status = send(kube, "GET", f"{MAPS}/config", token="bob-token-1", Impersonate_User="admin")
    assert (code, status["message"]) == (
        403,
        'users "admin" is forbidden: User "bob" cannot impersonate resource "users" in API group "" '
        "at the cluster scope",
    )


def test_rules_reviews_list_the_rights(kube: Any) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    body = {"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1"}
    code, _headers, found = send(kube, "POST", path, body | {"spec": {"namespace": "kube-system"}}, token="bob-token-1")
    assert code == 201
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    assert rule in found["status"]["resourceRules"]
    found = send(kube, "POST", path, body | {"spec": {"namespace": "default"}}, token="bob-token-1")[2]
    assert rule not in found["status"]["resourceRules"]


def test_a_service_account_is_bound_like_a_user(kube: Any) -> None:
    name = "system:serviceaccount:kube-system:agent"
    group = "rbac.authorization.k8s.io"
    assert send(kube, "GET", "/api/v1/nodes", Impersonate_User=name)[0] == 403
    rule = {"apiGroups": ["*"], "resources": ["nodes"], "verbs": ["*"]}
    kube.apply({"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "agent", "namespace": "kube-system"}
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": "r"}
    kube.apply({"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
                "subjects": [subject], "roleRef": reference})  # fmt: skip
    assert send(kube, "GET", "/api/v1/nodes", Impersonate_User=name)[0] == 200


# -- journal and faults --------------------------------------------------------------------------------------------


def test_the_journal_records_user_and_request(kube: Any) -> None:
    kube.request("PATCH", f"{MAPS}/config", {"metadata": {"labels": {"a": "b"}}}, "application/merge-patch+json")
    send(kube, "DELETE", f"{MAPS}/config", token="bob-token-1")
    first, second = kube.journal()
    assert (first["method"], first["path"], first["user"], first["code"]) == ("PATCH", f"{MAPS}/config", "admin", 200)
    assert first["object"] == "kube-system/configmaps/config"
    assert first["body"] == {"metadata": {"labels": {"a": "b"}}}
    assert (second["method"], second["user"], second["code"]) == ("DELETE", "bob", 403)
    assert second["time"] >= first["time"]


def test_the_journal_contains_no_secrets(kube: Any) -> None:
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "kube-system"},
                "stringData": {"password": "planted-1"}})  # fmt: skip
    assert "planted-1" not in json.dumps(kube.journal())


def touch(kube: Any, mark: str) -> int:
    body = {"metadata": {"labels": {"mark": mark}}}
    return send(kube, "PATCH", f"{MAPS}/config", body, Content_Type="application/merge-patch+json")[0]


def mark(kube: Any) -> str:
    return str((kube.get("ConfigMap", "kube-system", "config")["metadata"].get("labels") or {}).get("mark", ""))


def test_the_nth_request_fails(kube: Any) -> None:
    kube.faults([{"method": "PATCH", "path": "configmaps/config$", "nth": 2, "action": "status", "code": 503}])
    assert [touch(kube, text) for text in "abc"] == [200, 503, 200]
    assert [entry["code"] for entry in kube.journal() if entry["method"] == "PATCH"] == [200, 503, 200]


def test_a_fault_can_repeat_and_match_a_user(kube: Any) -> None:
    kube.faults([{"user": "bob", "times": 2, "action": "status", "code": 429, "message": "slow down"}])
    assert touch(kube, "a") == 200
    answers = [send(kube, "GET", MAPS, token="bob-token-1") for _time in range(3)]
    assert [code for code, _headers, _body in answers] == [429, 429, 200]
    assert answers[0][1]["Retry-After"] == "1"
    assert answers[0][2]["message"] == "slow down"


@pytest.mark.parametrize(("action", "left"), [("reset_before", ""), ("reset_after", "done")])
def test_a_lost_connection_before_or_after_the_effect(kube: Any, action: str, left: str) -> None:
    kube.faults([{"method": "PATCH", "action": action}])
    with pytest.raises(OSError, match=r"reset|EOF|closed|Remote"):
        touch(kube, "done")
    assert mark(kube) == left
    assert [entry["code"] for entry in kube.journal() if entry["method"] == "PATCH"] == [0]
    assert touch(kube, "again") == 200


def test_a_delay_postpones_the_answer(kube: Any) -> None:
    kube.faults([{"method": "PATCH", "action": "delay", "seconds": 0.5}])
    started = time.monotonic()
    assert touch(kube, "late") == 200
    assert time.monotonic() - started >= 0.5  # however busy the machine is, it cannot be less


@pytest.mark.parametrize(
    "rule", [{"action": "explode"}, {"action": "delay", "minutes": 1}, {"action": "status", "path": "("}]
)
def test_an_invalid_fault_is_refused(kube: Any, refused: Any, rule: Any) -> None:
    assert refused(kube.faults, [rule])["code"] == 400


# -- the control path ----------------------------------------------------------------------------------------------


def test_reset_returns_to_the_start(kube: Any) -> None:
    before = kube.get("ConfigMap", "kube-system", "config")
    kube.delete("ConfigMap", "kube-system", "config")
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "extra"}})
    kube.reset()
    after = kube.get("ConfigMap", "kube-system", "config")
    assert after["data"] == before["data"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"], "it is another object"
    assert kube.get("Namespace", None, "extra") is None
    assert len(kube.journal()) == 2, "the journal has only the two requests after the reset"


def test_load_keeps_the_status_of_a_service(kube: Any, refused: Any) -> None:
    service: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
    }  # fmt: skip
    kube.load([service])
    found = kube.get("Service", "default", "web")
    assert found["status"]["loadBalancer"]["ingress"] == [{"ip": "203.0.113.10"}]
    assert found["spec"]["ports"][0]["nodePort"] >= 30000
    service["metadata"]["name"] = "other"
    assert "ingress" not in kube.apply(service).get("status", {}).get("loadBalancer", {}), "a client cannot"
    assert "unknown field" in refused(kube.load, [service | {"statsu": {}}])["message"]
    unsupported = refused(kube.load, [{"kind": "Job", "apiVersion": "batch/v1"}])["message"]
    assert "does not support Job of batch/v1" in unsupported


def test_unknown_commands_are_listed(kube: Any, refused: Any) -> None:
    assert "use one of POST reset, GET dump" in refused(kube.request, "GET", "/_double/help")["message"]


def test_dump_contains_all_objects(kube: Any) -> None:
    kinds = {item["kind"] for item in kube.dump()}
    assert {"Namespace", "Node", "ConfigMap", "ServiceAccount"} <= kinds


def test_pods_of_the_start_are_ready_whatever_time_later_ones_take(make: Any) -> None:
    objects = [*make.nodes, make.config_map("x"), make.deployment()]
    with KubeDouble(objects=objects, start_seconds=3600) as kube:
        (pod,) = kube.list("Pod", "kube-system")
        assert pod["status"]["phase"] == "Running"
        kube.reset()
        (pod,) = kube.list("Pod", "kube-system")
        assert pod["status"]["phase"] == "Running"
