# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, selectors, pages and watches."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, watch


@pytest.fixture
def three(contract: Any) -> Any:
    for name, tier in (("a", "one"), ("b", "one"), ("c", "two")):
        contract.create("ConfigMap", name, metadata={"labels": {"tier": tier, "mine": "yes"}})
    return contract


def names(found: Any) -> list[str]:
    return sorted(item["metadata"]["name"] for item in found)


def test_a_list_has_a_kind_and_a_version(three: Any) -> None:
    found = three.of("ConfigMap").get(namespace=three.namespace).to_dict()
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert found["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("tier=one", ["a", "b"]),
        ("mine,tier!=one", ["c"]),
        ("tier in (one, two),mine=yes", ["a", "b", "c"]),
        ("mine,tier notin (one)", ["c"]),
        ("mine,!tier", []),
        ("!mine", ["kube-root-ca.crt"]),
    ],
)
def test_label_selectors_filter_lists(three: Any, selector: str, expected: list[str]) -> None:
    three.wait(lambda: three.items("ConfigMap", field_selector="metadata.name=kube-root-ca.crt"), "the cluster's CA")
    assert names(three.items("ConfigMap", label_selector=selector)) == expected


def test_field_selectors_filter_lists(three: Any) -> None:
    assert names(three.items("ConfigMap", field_selector="metadata.name=b")) == ["b"]
    status = three.refusal(lambda: three.items("ConfigMap", field_selector="data.key=x"))
    assert (status["code"], status["reason"]) == (400, "BadRequest")
    assert status["message"] == ('"data.key" is not a known field selector: only "metadata.name", "metadata.namespace"')
    status = three.refusal(lambda: three.items("Secret", field_selector="data.key=x"))
    assert (status["code"], status["message"]) == (400, "field label not supported: data.key")


def test_pages_are_a_consistent_snapshot(three: Any) -> None:
    maps = three.of("ConfigMap")
    query: dict[str, Any] = {"namespace": three.namespace, "label_selector": "mine"}
    first = maps.get(limit=2, **query).to_dict()
    assert names(first["items"]) == ["a", "b"]
    three.create("ConfigMap", "d", metadata={"labels": {"mine": "yes"}})
    rest = maps.get(limit=2, _continue=first["metadata"]["continue"], **query).to_dict()
    assert names(rest["items"]) == ["c"]
    assert not rest["metadata"].get("continue")


def test_objects_are_deleted_by_selector(three: Any) -> None:
    three.of("ConfigMap").delete(namespace=three.namespace, label_selector="tier=one")
    assert names(three.items("ConfigMap", label_selector="mine")) == ["c"]


def test_a_watch_returns_the_changes_since_a_version(three: Any) -> None:
    maps = three.of("ConfigMap")
    start = maps.get(namespace=three.namespace).metadata.resourceVersion
    three.create("ConfigMap", "d", metadata={"labels": {"mine": "yes"}})
    body = {"metadata": {"labels": {"mine": None}}}
    maps.patch(name="a", namespace=three.namespace, body=body, content_type="application/merge-patch+json")
    maps.delete(name="c", namespace=three.namespace)
    events = []
    watcher = watch.Watch()
    stream = watcher.stream(
        client.CoreV1Api(three.api.client).list_namespaced_config_map,
        three.namespace, label_selector="mine", resource_version=start, timeout_seconds=20,
    )  # fmt: skip
    for event in stream:
        events.append((event["type"], event["object"].metadata.name))
        if len(events) == 3:
            watcher.stop()
    # For this watch, an object that lost its label is deleted.
    assert events == [("ADDED", "d"), ("DELETED", "a"), ("DELETED", "c")]


def test_a_watch_ends_in_time(three: Any) -> None:
    stream = watch.Watch().stream(
        client.CoreV1Api(three.api.client).list_namespaced_config_map, three.namespace, timeout_seconds=1
    )
    assert {"a", "b", "c"} <= {event["object"].metadata.name for event in stream}
