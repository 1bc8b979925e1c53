# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts: selectors, patches, decoding, names, and the validation of workloads and Services."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from kube_double import patches, selectors
from kube_double.errors import ApiError
from kube_double.registry import DeleteOptions
from kube_double.resources import of_kind
from kube_double.schema import MERGE_KEYS, MERGED_SETS, TYPES, read


@pytest.mark.parametrize("text", ["a=b=c", "a in b", "in (a)", "a=b,,c", "a b", "=x"])
def test_invalid_selectors_are_refused(text: str) -> None:
    with pytest.raises(ApiError, match="unable to parse requirement"):
        selectors.labels_match(text)


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ["1", "2"], {"k": "1"}, True),
        ("NotIn", ["1"], {}, True),
        ("Exists", None, {"k": ""}, True),
        ("DoesNotExist", None, {"k": ""}, False),
        ("Gt", ["5"], {"k": "6"}, True),
        ("Lt", ["5"], {"k": "6"}, False),
        ("Gt", ["5"], {"k": "x"}, False),
    ],
)
def test_match_expressions_select_by_operator(
    operator: str, values: Any, labels: dict[str, str], expected: bool
) -> None:
    expression = {"key": "k", "operator": operator, "values": values}
    assert selectors.expression_matches(expression, labels) is expected


def pod_template() -> dict[str, Any]:
    return {
        "metadata": {"finalizers": ["a.b/c"]},
        "spec": {"template": {"spec": {
            "containers": [{"name": "a", "image": "1",
                            "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
                           {"name": "b", "image": "2", "args": ["x"]}],
            "tolerations": [{"key": "old"}],
            "volumes": [{"name": "v", "configMap": {"name": "c"}}],
        }}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"containers": [{"name": "b", "image": "3"}]}, ["1", "3"]),
        ({"containers": [{"name": "c", "image": "new"}]}, ["1", "2", "new"]),
        ({"containers": [{"name": "a", "$patch": "delete"}]}, ["2"]),
        ({"containers": [{"name": "z", "$patch": "delete"}]}, ["1", "2"]),
        ({"containers": [{"$patch": "replace"}, {"name": "c", "image": "only"}]}, ["only"]),
        ({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}, ["2", "1"]),
    ],
)
def test_a_strategic_merge_merges_a_keyed_list(patch: Any, expected: list[str]) -> None:
    before = pod_template()
    after = patches.apply_patch(patches.STRATEGIC_PATCH, "Deployment", before, {"spec": {"template": {"spec": patch}}})
    assert [item["image"] for item in after["spec"]["template"]["spec"]["containers"]] == expected
    assert before == pod_template(), "what is patched is a copy"


def strategic(patch: Any) -> Any:
    merged = patches.apply_patch(
        patches.STRATEGIC_PATCH, "Deployment", pod_template(), {"spec": {"template": {"spec": patch}}}
    )
    return merged["spec"]["template"]["spec"]


def test_a_strategic_merge_merges_inside_items_and_obeys_directives() -> None:
    env = {"containers": [{"name": "a", "env": [{"name": "Y", "$patch": "delete"}, {"name": "Z", "value": "3"}]}]}
    assert strategic(env)["containers"][0]["env"] == [{"name": "X", "value": "1"}, {"name": "Z", "value": "3"}]
    assert strategic({"tolerations": [{"key": "new"}]})["tolerations"] == [{"key": "new"}], "lists without a key"
    retained = {"volumes": [{"name": "v", "$retainKeys": ["name", "emptyDir"], "emptyDir": {}}]}
    assert strategic(retained)["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert strategic({"$patch": "replace", "hostNetwork": True}) == {"hostNetwork": True}
    assert "volumes" not in strategic({"volumes": None})


def test_a_strategic_merge_joins_sets() -> None:
    def merged(meta: Any) -> Any:
        after = patches.apply_patch(patches.STRATEGIC_PATCH, "Deployment", pod_template(), {"metadata": meta})
        return after["metadata"]["finalizers"]

    assert merged({"finalizers": ["d.e/f", "a.b/c"]}) == ["a.b/c", "d.e/f"]
    assert merged({"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}) == []


def test_merge_keys_name_real_fields() -> None:
    for (kind, field), key in MERGE_KEYS.items():
        assert key in TYPES[TYPES[kind][field].strip("[]")], (kind, field)
    for kind, field in MERGED_SETS:
        assert TYPES[kind][field] == "[string]"


@pytest.mark.parametrize("patch", [{"op": "add"}, [{"op": "unknown", "path": "/a"}], [{"path": "/a"}], ["x"]])
def test_invalid_json_patches_are_refused(patch: Any) -> None:
    with pytest.raises(ApiError) as refused:
        patches.apply_patch(patches.JSON_PATCH, "ConfigMap", {"data": {}}, patch)
    assert refused.value.code == 400


@pytest.mark.parametrize("patch", [{"op": "remove", "path": "/data/x"}, {"op": "test", "path": "/data", "value": 1}])
def test_json_patches_that_do_not_match_are_refused(patch: Any) -> None:
    with pytest.raises(ApiError) as refused:
        patches.apply_patch(patches.JSON_PATCH, "ConfigMap", {"data": {}}, [patch])
    assert refused.value.code == 422


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"spec": {"replicas": "1"}}, "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"spec": {"replicas": True}}, "bool into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"spec": []}, "json: cannot unmarshal array into Go struct field Deployment.spec of type"),
        ({"metadata": {"labels": {"a": 1}}}, "number into Go struct field ObjectMeta.metadata.labels of type string"),
    ],
)  # fmt: skip
def test_wrong_types_are_refused_as_by_the_decoder(content: Any, text: str) -> None:
    with pytest.raises(ApiError) as refused:
        read("Deployment", "apps/v1", content, "Warn")
    assert refused.value.code == 400
    assert text in refused.value.message


def test_secrets_must_be_base64() -> None:
    with pytest.raises(ApiError, match="illegal base64 data at input byte"):
        read("Secret", "v1", {"data": {"key": "not base64!"}}, "Warn")


# -- workloads and Services ----------------------------------------------------------------------------------------


def edited(item: Any, path: str, value: Any) -> Any:
    """``item`` with ``value`` at a dotted path. None removes the key."""
    item = copy.deepcopy(item)
    *parents, last = path.split(".")
    place = item
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return item


TEMPLATE = "spec.template.spec"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("spec.replicas", -1, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        ("spec.selector", None, "spec.selector: Required value"),
        (f"{TEMPLATE}.containers", [], f"{TEMPLATE}.containers: Required value"),
        (f"{TEMPLATE}.containers.0.image", "", f"{TEMPLATE}.containers[0].image: Required value"),
        (f"{TEMPLATE}.containers.0.name", "Bad", f'{TEMPLATE}.containers[0].name: Invalid value: "Bad"'),
        (f"{TEMPLATE}.volumes", [], f'{TEMPLATE}.containers[0].volumeMounts[0].name: Not found: "volume"'),
        (f"{TEMPLATE}.restartPolicy", "Never", 'Unsupported value: "Never": supported values: "Always"'),
        ("spec.strategy", {"type": "Other"}, '"Other": supported values: "Recreate", "RollingUpdate"'),
        ("spec.strategy", {"type": "Recreate", "rollingUpdate": {}}, "may not be specified when strategy `type`"),
        ("spec.strategy", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, "may not be 0 when `maxSurge` is 0"),
    ],
)  # fmt: skip
def test_an_invalid_deployment_is_refused(stage: Any, make: Any, path: str, value: Any, text: str) -> None:
    with pytest.raises(ApiError) as refused:
        stage().do("create", "Deployment", edited(make.deployment(), path, value))
    assert refused.value.code == 422
    assert text in refused.value.message
    assert refused.value.message.startswith('Deployment.apps "agent" is invalid: ')


def service(**spec: Any) -> Any:
    return {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]} | spec}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"ports": [{"port": 0}]}, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"ports": [{"port": 70000}]}, "must be between 1 and 65535"),
        ({"ports": []}, "spec.ports: Required value"),
        ({"ports": [{"port": 80}, {"port": 81}]}, "spec.ports[0].name: Required value"),
        ({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}, 'spec.ports[1].name: Duplicate value: "a"'),
        ({"ports": [{"port": 80, "protocol": "X"}]}, 'spec.ports[0].protocol: Unsupported value: "X"'),
        ({"type": "Balancer"}, 'spec.type: Unsupported value: "Balancer"'),
        ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}, "The range of valid ports is 30000-32767"),
    ],
)
def test_an_invalid_service_is_refused(stage: Any, spec: Any, text: str) -> None:
    with pytest.raises(ApiError) as refused:
        stage().do("create", "Service", service(**spec))
    assert refused.value.code == 422
    assert text in refused.value.message


def test_services_get_addresses_and_node_ports(stage: Any) -> None:
    found = stage()
    first = found.do("create", "Service", service(type="LoadBalancer"))
    assert first["spec"]["ports"][0] | {"nodePort": 0} == {
        "port": 80,
        "targetPort": 80,
        "protocol": "TCP",
        "nodePort": 0,
    }
    taken = first["spec"]["ports"][0]["nodePort"]
    second = service(type="NodePort", ports=[{"port": 80, "nodePort": taken}])
    second["metadata"]["name"] = "other"
    with pytest.raises(ApiError, match="provided port is already allocated"):
        found.do("create", "Service", second)
    changed = found.do("update", "Service", "web", lambda _current: service(type="LoadBalancer"))
    assert changed["spec"]["clusterIP"] == first["spec"]["clusterIP"], "an update that does not name it keeps it"
    assert changed["spec"]["ports"][0]["nodePort"] == taken
    with pytest.raises(ApiError, match="may not change once set"):
        found.do("update", "Service", "web", lambda current: edited(current, "spec.clusterIP", "10.96.9.9"))


def test_the_specification_of_a_running_pod_is_immutable(stage: Any, make: Any) -> None:
    found = stage(*make.nodes)
    found.do("create", "Pod", {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "a", "image": "b:1"}]}})
    assert found.do("update", "Pod", "one", lambda current: edited(current, "spec.containers.0.image", "b:2"))
    with pytest.raises(ApiError, match="pod updates may not change fields other than"):
        found.do("update", "Pod", "one", lambda current: edited(current, "spec.hostNetwork", True))


def test_a_status_is_changed_only_through_its_subresource(stage: Any, make: Any) -> None:
    found = stage(make.node("worker-1"), make.config_map("x"), make.deployment())
    change = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    found.do("create", "Service", service(type="LoadBalancer"))
    assert found.do("update", "Service", "web", lambda current: current | change)["status"] == {}
    other = {"spec": {"type": "ClusterIP"}, "metadata": {"name": "web", "labels": {"a": "b"}}}
    after = found.do("update", "Service", "web", lambda current: current | other | change, "status")
    assert after["status"] == change["status"]
    assert after["spec"]["type"] == "LoadBalancer"
    assert "labels" not in after["metadata"]


def test_history_is_limited_and_old_watches_expire(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kube_double import lists, paths, store

    monkeypatch.setattr(store, "HISTORY", 20)
    found = stage()
    target = paths.Target(of_kind("ConfigMap"), "kube-system")
    watch = lists.Watch(found.cluster.store, target, {"resourceVersion": str(found.cluster.store.version)})
    for number in range(30):
        found.do("create", "ConfigMap", {"metadata": {"name": f"c{number}"}})
    (event,) = watch.take()
    assert (event["type"], event["object"]["reason"]) == ("ERROR", "Expired")
    with pytest.raises(ApiError, match="too old resource version"):
        lists.Watch(found.cluster.store, target, {"resourceVersion": "1"})


def test_an_abandoned_list_expires(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kube_double import lists, paths

    monkeypatch.setattr(lists, "OPEN_LISTS", 1)
    found = stage()
    pages = lists.Lists(found.cluster.store)
    target = paths.Target(of_kind("Namespace"))
    first = pages.page(target, {"limit": "1"}).meta["continue"]
    second = pages.page(target, {"limit": "1"}).meta["continue"]
    assert len(pages.page(target, {"continue": second}).items) == 3
    with pytest.raises(ApiError, match="The provided continue parameter is too old"):
        pages.page(target, {"continue": first})
    with pytest.raises(ApiError, match="Too large resource version"):
        pages.page(target, {"resourceVersion": "999999"})


def test_delete_options_are_checked(stage: Any) -> None:
    found = stage()
    found.do("create", "ConfigMap", {"metadata": {"name": "x"}})
    with pytest.raises(ApiError, match="does not match the UID in record"):
        found.do("delete", "ConfigMap", "x", DeleteOptions(uid="other"))
    found.do("delete", "ConfigMap", "x", DeleteOptions(dry_run=True))
    assert found.get("ConfigMap", "x")
