# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of the node agent: the kubelet's cache, volumes, placement, the files of a container."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from control_plane.node.container import Container
from control_plane.node.object_cache import ObjectCache
from control_plane.node.placement import choose
from control_plane.node.volumes import NotSupported, NotYet, VolumeSource, references

Object = dict[str, Any]
CONFIG = ("ConfigMap", "ns", "config")
EXISTS = {"key": "role", "operator": "Exists"}


class StoredObjects:
    """A stand-in for the API server's objects."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Object] = {}

    def put(self, name: str, content: str, kind: str = "ConfigMap", **more: Any) -> None:
        data = content if kind == "ConfigMap" else base64.b64encode(content.encode()).decode()
        self.items[(kind, "ns", name)] = {"kind": kind, "data": {"file": data}, **more}

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        return self.items.get((kind, namespace, name))


@pytest.fixture
def server() -> StoredObjects:
    return StoredObjects()


@pytest.fixture
def cache(server: StoredObjects) -> ObjectCache:
    return ObjectCache(server.get)


@pytest.fixture
def source(cache: ObjectCache) -> VolumeSource:
    return VolumeSource(cache, lambda pod, wanted: f"token of {pod['metadata']['name']} for {wanted['path']}")


def pod(*volumes: Object, **spec: Any) -> Object:
    metadata = {"name": "p", "namespace": "ns", "uid": "1"}
    return {"metadata": metadata, "spec": {"volumes": list(volumes), "containers": [], **spec}}


def node(name: str, *taints: Object, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


def content(cache: ObjectCache) -> Any:
    found = cache.get(*CONFIG)
    return found and found["data"]["file"]


def test_an_immutable_object_stays_while_a_pod_references_it(server: StoredObjects, cache: ObjectCache) -> None:
    server.put("config", "old", immutable=True)
    cache.register("first", [CONFIG])
    assert content(cache) == "old"
    server.put("config", "new", immutable=True)
    cache.register("second", [CONFIG])
    cache.unregister("first")
    assert content(cache) == "old"
    cache.unregister("second")
    cache.register("third", [CONFIG])
    assert content(cache) == "new"


def test_a_mutable_object_is_refreshed(server: StoredObjects, cache: ObjectCache) -> None:
    server.put("config", "old")
    cache.register("first", [CONFIG])
    assert content(cache) == "old"
    server.put("config", "new")
    assert content(cache) == "new"


def test_a_deleted_immutable_object_stays_in_the_cache(server: StoredObjects, cache: ObjectCache) -> None:
    server.put("config", "old", immutable=True)
    cache.register("first", [CONFIG])
    cache.get(*CONFIG)
    server.items.clear()
    assert content(cache) == "old"


def test_volumes_of_config_maps_and_secrets(server: StoredObjects, source: VolumeSource) -> None:
    server.put("config", "text")
    server.put("secret", "word", kind="Secret")
    config = {"name": "a", "configMap": {"name": "config", "items": [{"key": "file", "path": "sub/name"}]}}
    secret = {"name": "b", "secret": {"secretName": "secret"}}
    here = pod(config, secret)
    source.cache.register("1", references(here))
    assert source.files(here, config) == {"sub/name": b"text"}
    assert source.files(here, secret) == {"file": b"word"}


def test_a_projected_volume_joins_its_sources(server: StoredObjects, source: VolumeSource) -> None:
    server.put("config", "authority")
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "config", "items": [{"key": "file", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    volume = {"name": "a", "projected": {"sources": sources}}
    here = pod(volume)
    source.cache.register("1", references(here))
    assert source.files(here, volume) == {
        "token": b"token of p for token",
        "ca.crt": b"authority",
        "namespace": b"ns",
    }


def test_a_missing_source_is_waited_for_unless_optional(source: VolumeSource) -> None:
    volume: Object = {"name": "a", "configMap": {"name": "config"}}
    here = pod(volume)
    source.cache.register("1", references(here))
    with pytest.raises(NotYet, match='configmap "config" not found'):
        source.files(here, volume)
    volume["configMap"]["optional"] = True
    assert source.files(here, volume) == {}


def test_an_unsupported_volume_is_refused(source: VolumeSource) -> None:
    volume = {"name": "a", "hostPath": {"path": "/"}}
    with pytest.raises(NotSupported, match="volume a: only"):
        source.files(pod(volume), volume)


def test_a_pod_runs_where_selectors_and_taints_allow() -> None:
    taint = {"key": "role", "effect": "NoSchedule"}
    nodes = [node("master", taint, role=""), node("worker")]
    assert choose(pod(), nodes) == "worker"
    terms = {"nodeSelectorTerms": [{"matchExpressions": [EXISTS]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    assert choose(pod(affinity=affinity), nodes) is None
    assert choose(pod(affinity=affinity, tolerations=[{**EXISTS, "effect": "NoSchedule"}]), nodes) == "master"
    assert choose(pod(nodeSelector={"role": ""}, tolerations=[{"operator": "Exists"}]), nodes) == "master"
    assert choose(pod(tolerations=[{"key": "role", "value": "x"}], nodeSelector={"role": ""}), nodes) is None


def test_mounted_files_change_in_one_step_and_old_ones_are_removed(tmp_path: Path) -> None:
    container = Container(tmp_path / "root", {"name": "c"}, None, None)
    container.mount("/etc/x", {"a": b"1", "b": b"2"})
    container.mount("/etc/x/nested", {"c": b"3"})
    assert container.read("/etc/x") == {"a": b"1", "b": b"2"}
    assert (tmp_path / "root/etc/x/a").read_bytes() == b"1"
    container.mount("/etc/x", {"a": b"4"})
    assert container.read("/etc/x") == {"a": b"4"}
    assert sorted(file.name for file in (tmp_path / "root/etc/x").iterdir()) == ["..data", "..version-2", "a", "nested"]
    assert container.read("/etc/x/nested") == {"c": b"3"}
