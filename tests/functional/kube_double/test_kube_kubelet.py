# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's cache of immutable objects: which order of a restart gives a pod old content."""

from __future__ import annotations

from typing import Any

import pytest
from kube_double.registry import DeleteOptions

NOW = DeleteOptions()


@pytest.fixture
def agent(stage: Any, make: Any) -> Any:
    """A ready agent that has read ``old`` from an immutable ConfigMap, at second 1."""
    found = stage(*make.nodes, make.config_map("old"), make.deployment())
    found.at(1)
    assert found.seen() == ["old"]
    return found


def exchange(agent: Any, make: Any, content: str = "new", immutable: bool = True) -> None:
    """Delete and re-create the ConfigMap."""
    agent.do("delete", "ConfigMap", "config", NOW)
    agent.do("create", "ConfigMap", make.config_map(content, immutable=immutable))


def delete_pod(agent: Any, grace: int | None = None) -> None:
    name = agent.pods()[0]["metadata"]["name"]
    agent.do("delete", "Pod", name, DeleteOptions(grace=grace))


def test_a_pod_deleted_after_the_replacement_gets_old_content(agent: Any, make: Any) -> None:
    exchange(agent, make)
    delete_pod(agent)
    agent.at(2)
    assert agent.seen() == ["old", "old"]
    agent.at(10)
    assert agent.seen() == ["old"]


def test_the_entry_stays_as_long_as_pods_overlap(agent: Any, make: Any) -> None:
    """Even a much later restart reads the old content, because the previous pod still holds the entry."""
    exchange(agent, make)
    for moment in (10, 20):
        delete_pod(agent)
        agent.at(moment)
        assert agent.seen() == ["old"]


def test_scaling_to_zero_first_gives_new_content(agent: Any, make: Any) -> None:
    agent.scale(0)
    agent.at(3)
    assert agent.pods() == []
    exchange(agent, make)
    agent.scale(1)
    agent.at(4)
    assert agent.seen() == ["new"]


def test_scaling_back_before_the_pod_is_gone_gives_old_content(agent: Any, make: Any) -> None:
    agent.scale(0)
    assert "replicas" not in agent.get("Deployment", "agent")["status"]
    exchange(agent, make)
    agent.scale(1)
    agent.at(10)
    assert agent.seen() == ["old"]


def test_a_pod_on_another_node_reads_the_new_content(stage: Any, make: Any) -> None:
    found = stage(make.node("cp-1", True), make.node("cp-2", True), make.config_map("old"), make.deployment())
    found.at(1)
    exchange(found, make)
    delete_pod(found)
    found.at(10)
    assert found.seen() == ["new"]


def test_any_pod_of_the_node_keeps_the_cache_entry(agent: Any, make: Any) -> None:
    other = make.deployment("other")
    agent.do("create", "Deployment", other)
    agent.scale(0)
    agent.at(5)
    exchange(agent, make)
    agent.scale(1)
    agent.at(10)
    assert agent.seen() == ["old", "old"]


def test_a_mutable_config_map_is_read_again(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("old", immutable=False), make.deployment())
    found.at(1)
    found.do("update", "ConfigMap", "config", lambda current: current | {"data": {"file.yaml": "new"}})
    assert found.seen() == ["old"], "a running process keeps what it read at its start"
    delete_pod(found)
    found.at(10)
    assert found.seen() == ["new"]


def test_an_object_made_immutable_under_a_running_pod_is_frozen(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("old", immutable=False), make.deployment())
    found.at(1)
    found.do("update", "ConfigMap", "config", lambda current: current | {"immutable": True})
    exchange(found, make)
    delete_pod(found)
    found.at(10)
    assert found.seen() == ["old"]


def test_an_object_recreated_as_mutable_is_still_stale(agent: Any, make: Any) -> None:
    """The kubelet does not ask again, because it holds the old, immutable object."""
    exchange(agent, make, immutable=False)
    delete_pod(agent)
    agent.at(10)
    assert agent.seen() == ["old"]


def test_a_forced_delete_drops_the_cache_entry_at_once(agent: Any, make: Any) -> None:
    exchange(agent, make)
    delete_pod(agent, grace=0)
    assert len(agent.pods()) == 1
    agent.at(10)
    assert agent.seen() == ["new"]


def test_recreate_strategy_reads_the_new_content(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("old"), make.deployment(strategy={"type": "Recreate"}))
    found.at(1)
    exchange(found, make)

    def restart(current: Any) -> Any:
        current["spec"]["template"]["metadata"]["annotations"] = {"restarted": "now"}
        return current

    found.do("update", "Deployment", "agent", restart)
    found.at(10)
    assert found.seen() == ["new"]


def test_a_rolling_restart_reads_the_old_content(agent: Any, make: Any) -> None:
    exchange(agent, make)

    def restart(current: Any) -> Any:
        current["spec"]["template"]["metadata"]["annotations"] = {"restarted": "now"}
        return current

    agent.do("update", "Deployment", "agent", restart)
    agent.at(10)
    assert agent.seen() == ["old"]


def test_a_secret_is_cached_in_the_same_way(stage: Any, make: Any) -> None:
    item = make.deployment()
    item["spec"]["template"]["spec"]["volumes"] = [{"name": "volume", "secret": {"secretName": "hidden"}}]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden", "namespace": "kube-system"},
              "stringData": {"file.yaml": "old"}, "immutable": True}  # fmt: skip
    found = stage(*make.nodes, secret, item)
    found.at(1)
    found.do("delete", "Secret", "hidden", NOW)
    found.do("create", "Secret", secret | {"stringData": {"file.yaml": "new"}})
    delete_pod(found)
    found.at(10)
    assert found.seen() == ["old"]


def test_a_pod_waits_until_its_config_map_exists(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.deployment())
    found.at(100)
    (pod,) = found.pods()
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating"
    events = [item["message"] for item in found.cluster.dump() if item["kind"] == "Event"]
    assert 'MountVolume.SetUp failed for volume "volume" : configmap "config" not found' in events
    found.do("create", "ConfigMap", make.config_map("late"))
    found.at(101)
    assert found.pods()[0]["status"]["phase"] == "Running"
    assert found.seen() == ["late"]


def volumes(stage: Any, make: Any, *sources: Any, **data: str) -> Any:
    """The files that a pod with these volumes sees from the ConfigMap ``config``."""
    item = make.deployment()
    item["spec"]["template"]["spec"]["volumes"] = [
        {"name": "volume" if n == 0 else f"volume-{n}"} | source for n, source in enumerate(sources)
    ]
    found = stage(*make.nodes, make.config_map("x") | {"data": data}, item)
    found.at(5)
    (run,) = found.cluster.kubelets.runs.values()
    return run.volumes


def test_a_volume_supports_items_optional_and_projected_sources(stage: Any, make: Any) -> None:
    chosen = {"configMap": {"name": "config", "items": [{"key": "a", "path": "dir/file"}]}}
    optional = {"configMap": {"name": "absent", "optional": True}}
    projected = {"projected": {"sources": [{"configMap": {"name": "config"}}]}}
    seen = volumes(stage, make, chosen, optional, projected, {"emptyDir": {}}, a="1", b="2")
    assert seen == {"volume": {"dir/file": "1"}, "volume-1": {}, "volume-2": {"a": "1", "b": "2"}, "volume-3": {}}


def test_a_pod_waits_for_a_missing_key(stage: Any, make: Any) -> None:
    assert volumes(stage, make, {"configMap": {"name": "config", "items": [{"key": "z", "path": "z"}]}}, a="1") is None


def test_the_environment_comes_from_secrets_and_config_maps(stage: Any, make: Any) -> None:
    item = make.deployment()
    container = item["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"prefix": "C_", "configMapRef": {"name": "config"}}]
    container["env"] = [
        {"name": "PLAIN", "value": "p"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "CLUSTER_ID", "valueFrom": {"secretKeyRef": {"name": "id", "key": "clusterid"}}},
    ]
    found = stage(*make.nodes, make.config_map("text"), item)
    found.at(5)
    (pod,) = found.pods()
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'secret "id" not found'}
    found.do("create", "Secret", {"metadata": {"name": "id"}, "stringData": {"clusterid": "urn:1"}})
    (run,) = found.cluster.kubelets.runs.values()
    assert run.environment == {
        "main": {"C_file.yaml": "text", "PLAIN": "p", "NODE": "cp-1", "CLUSTER_ID": "urn:1"}
    }  # fmt: skip


def test_mounted_files_are_read_over_http(kube: Any, make: Any) -> None:
    kube.apply(make.deployment())
    (pod,) = kube.wait_for(lambda: kube.list("Pod", "kube-system", "app=agent"), "a pod")
    name = pod["metadata"]["name"]
    assert kube.mounted("kube-system", name) == {"volume": {"file.yaml": "first"}}
    assert kube.seen("kube-system", name)["node"] == "cp-1"
    cache = kube.request("GET", "/_double/cache")["cp-1"]["ConfigMap/kube-system/config"]
    assert cache == {
        "pods": [name],
        "frozen": kube.get("ConfigMap", "kube-system", "config")["metadata"]["resourceVersion"],
    }
