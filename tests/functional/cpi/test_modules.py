# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main() of vcd_ccm_config and vcd_ccm_config_info: documented results, one-line errors, no secrets."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import LIBRARIES
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes import client
from ansible_collections.vcd.kubernetes.plugins.modules import vcd_ccm_config, vcd_ccm_config_info
from cpi_helpers import CLUSTER, KEY, RANGE, objects_of, run_main
from kube_double.testing import KubeDouble
from rollout_helpers import BACKUP, DEPLOYMENT, NAME, NAMESPACE, make_mutable, older_than_a_second, run_and_die, settle

Run = Callable[..., dict[str, Any]]
PLANTED = ("planted-password", "planted-token")


@pytest.fixture
def config(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run vcd_ccm_config."""
    return lambda **options: run_main(vcd_ccm_config.main, capsys, **options)


@pytest.fixture
def info(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run vcd_ccm_config_info."""
    return lambda **options: run_main(vcd_ccm_config_info.main, capsys, **options)


def documented(module: Any) -> set[str]:
    return set(yaml.safe_load(module.RETURN))


def check_shape(value: Any, returned: dict[str, Any], path: str = "") -> None:
    """A result has the keys and types of the RETURN block."""
    types = {"str": str, "dict": dict, "list": list, "bool": bool, "int": int}
    # not isinstance: a bool is an int, but the documentation distinguishes them
    assert value is None or value.__class__ is types[returned["type"]], (path, value)
    items = value if isinstance(value, list) else [value]
    for item in items if returned.get("contains") else ():
        if item is not None:
            assert set(item) == set(returned["contains"]), path
            for name, inner in returned["contains"].items():
                check_shape(item[name], inner, f"{path}.{name}")


def test_results_are_as_documented(fresh: KubeDouble, config: Run, info: Run) -> None:
    result = config(kubeconfig=fresh.kubeconfig, scenario="shared_internal", one_arm=RANGE)
    seen = info(kubeconfig=fresh.kubeconfig, gather_services=True)
    pairs: list[tuple[Any, dict[str, Any]]] = [(vcd_ccm_config, result), (vcd_ccm_config_info, seen)]
    for module, output in pairs:
        assert set(output) - {"changed", "invocation"} == documented(module)
        for name, returned in yaml.safe_load(module.RETURN).items():
            check_shape(output[name], returned, name)
    assert result["config_map"] == seen["config_map"]
    assert result["deployment"] == seen["deployment"]


def test_the_documented_options_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    modules: list[tuple[Any, dict[str, Any]]] = [
        (vcd_ccm_config, {"scenario": "shared_external"}),
        (vcd_ccm_config_info, {}),
    ]
    for module, needed in modules:
        own = set(yaml.safe_load(module.DOCUMENTATION)["options"])
        failed = run_main(module.main, capsys, no_such_option=True, **needed)
        supported = failed["msg"].partition("Supported parameters include: ")[2]
        for name in own | {"kubeconfig", "context", "namespace", "backup_name"}:
            assert name in supported, name


def test_a_diff_shows_the_changed_lines(fresh: KubeDouble, config: Run) -> None:
    diff = config(kubeconfig=fresh.kubeconfig, scenario="shared_external", diff=True, check=True)["diff"]
    before, after = diff["before"], diff["after"]
    assert (before["scenario"], after["scenario"]) == ("distinct_internal", "shared_external")
    assert (before["one_arm"], after["one_arm"]) == (RANGE, None)
    assert set(before["file"]) - set(after["file"]) == {
        "  oneArm:", '    startIP: "192.168.8.2"', '    endIP: "192.168.8.100"',
        "  enableVirtualServiceSharedIP: false # supported for VCD >= 10.4",
    }  # fmt: skip
    assert "diff" not in config(kubeconfig=fresh.kubeconfig, scenario="shared_external", check=True)


def test_the_scenario_and_the_flags_exclude_each_other(fresh: KubeDouble, config: Run) -> None:
    assert "mutually exclusive" in config(scenario="shared_external", enable_virtual_service_shared_ip=True)["msg"]
    assert "one of the following is required" in config()["msg"]
    assert "required together" in config(scenario="shared_internal", one_arm={"start_ip": "1.1.1.1"})["msg"]
    assert "value of scenario must be one of" in config(scenario="shared")["msg"]
    with_flags = config(kubeconfig=fresh.kubeconfig, enable_virtual_service_shared_ip=True, one_arm={}, check=True)
    assert with_flags["scenario_after"] == "shared_external"
    kept = config(kubeconfig=fresh.kubeconfig, enable_virtual_service_shared_ip=True, check=True)
    assert (kept["scenario_after"], kept["one_arm"]) == ("shared_internal", RANGE)
    same = config(kubeconfig=fresh.kubeconfig, one_arm=RANGE)
    assert (same["changed"], same["scenario_after"]) == (False, "distinct_internal")


# -- what info returns --------------------------------------------------------------------------------------------


def test_info_reads_the_published_manifests(fresh: KubeDouble, info: Run) -> None:
    found = info(kubeconfig=fresh.kubeconfig)
    assert (found["changed"], found["problems"], found["scenario"]) == (False, [], "distinct_internal")
    assert found["cluster_id_source"] == "config"
    assert found["rollout"] == {"state": "none", "backup": None, "replicas": None, "lease": None}
    assert [pod["config"] for pod in found["pods"]] == ["current"]
    assert (found["deployment"]["version"], found["deployment"]["ready"]) == ("1.6.1", True)
    assert "services" not in found
    assert set(found["config"]["vcd"]) == {"host", "org", "vdc", "isZoneEnabledCluster", "userorg"}


def test_info_shows_an_interruption_and_a_rollout(fresh: KubeDouble, config: Run, info: Run) -> None:
    run_and_die(fresh, 3, False, scenario="shared_external")
    found = info(kubeconfig=fresh.kubeconfig)
    lease = found["rollout"].pop("lease")
    assert found["rollout"] == {"state": "in_progress", "backup": BACKUP, "replicas": 1}
    assert (lease["live"], " since " in lease["holder"]) == (False, True)
    assert (found["config_map"], found["scenario"], found["problems"]) == (None, "distinct_internal", [])
    assert found["config"]["loadbalancer"]["network"] == "k8s-net"
    config(kubeconfig=fresh.kubeconfig, scenario="shared_external", take_over=True)
    finished = {"state": "finished", "backup": BACKUP, "replicas": 1, "lease": None}
    assert info(kubeconfig=fresh.kubeconfig)["rollout"] == finished
    fresh.delete("ConfigMap", NAMESPACE, NAME)
    gone = info(kubeconfig=fresh.kubeconfig)
    assert (gone["config_map"], gone["scenario"], gone["config"]) == (None, "invalid", None)
    assert gone["problems"] == [f"ConfigMap {NAMESPACE}/{NAME} does not exist"]


def test_info_reports_a_stale_pod(fresh: KubeDouble, config: Run, info: Run) -> None:
    fresh.wait_for(lambda: older_than_a_second(fresh), "the pod is a second old")
    config(kubeconfig=fresh.kubeconfig, scenario="shared_external", restart="never")
    assert [pod["config"] for pod in info(kubeconfig=fresh.kubeconfig)["pods"]] == ["stale"]


def test_info_reports_a_missing_key_and_an_empty_cluster(fresh: KubeDouble, info: Run) -> None:
    found = info(kubeconfig=fresh.kubeconfig, key="other.yaml")
    assert found["problems"] == [f"ConfigMap {NAMESPACE}/{NAME} has no key other.yaml; it has {KEY}"]
    nothing = info(kubeconfig=fresh.kubeconfig, namespace="default")
    assert [nothing[name] for name in ("config_map", "deployment", "pods", "cluster_id")] == [None, None, [], None]
    assert nothing["cluster_id_source"] == "none"


@contextmanager
def double_of(*objects: dict[str, Any], fixture: str = "cpi-1.6.1") -> Iterator[KubeDouble]:
    with KubeDouble(objects=[CLUSTER, *(objects or objects_of(fixture))], start_seconds=0.05) as kube:
        settle(kube)
        yield kube


def test_the_cluster_id_comes_from_a_cluster_resource_set(info: Run) -> None:
    with double_of(fixture="cpi-1.6.1-crs") as kube:
        found = info(kubeconfig=kube.kubeconfig)
        assert found["cluster_id"].endswith("6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10")
        assert found["cluster_id_source"] == "secret"


def test_the_cluster_id_comes_from_another_secret_or_is_written_out(info: Run) -> None:
    objects = objects_of("cpi-1.6.1-crs")
    deployment = next(found for found in objects if found["kind"] == "Deployment")
    variable = deployment["spec"]["template"]["spec"]["containers"][0]["env"][0]
    variable["valueFrom"]["secretKeyRef"] = {"name": "own", "key": "id"}
    data = {"id": base64.b64encode(b"urn:own\n").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own", "namespace": NAMESPACE}, "data": data}
    with double_of(secret, *objects) as kube:
        found = info(kubeconfig=kube.kubeconfig)
        assert (found["cluster_id"], found["cluster_id_source"]) == ("urn:own", "secret")
    del variable["valueFrom"]
    variable["value"] = "urn:written"
    with double_of(*objects) as kube:
        found = info(kubeconfig=kube.kubeconfig)
        assert (found["cluster_id"], found["cluster_id_source"]) == ("urn:written", "environment")


def test_info_lists_services_of_type_load_balancer_only(fresh: KubeDouble, info: Run) -> None:
    ports = [
        {"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP", "appProtocol": "HTTP", "targetPort": 80},
        {"name": "https", "port": 443, "nodePort": 30443, "protocol": "TCP", "targetPort": 443},
    ]
    prefix = "service.beta.kubernetes.io/vcloud-avi"
    annotations = {f"{prefix}-ssl-ports": "443", f"{prefix}-other": "y", "other": "x"}
    metadata = {"name": "web", "namespace": "default", "annotations": annotations}
    spec = {"type": "LoadBalancer", "loadBalancerIP": "203.0.113.11", "selector": {"app": "web"}, "ports": ports}
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.11"}]}}
    inside = {"name": "inside", "namespace": "default"}
    fresh.load(
        [
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status},
            {"apiVersion": "v1", "kind": "Service", "metadata": inside, "spec": {"ports": [{"port": 1}]}},
        ]
    )
    assert info(kubeconfig=fresh.kubeconfig, gather_services=True)["services"] == [
        {
            "name": "web",
            "namespace": "default",
            "deleting": False,
            "load_balancer_class": None,
            "load_balancer_ip": "203.0.113.11",
            "ingress_ips": ["203.0.113.11"],
            "ports": [
                {"name": "http", "port": 80, "node_port": 30080, "protocol": "TCP", "app_protocol": "HTTP"},
                {"name": "https", "port": 443, "node_port": 30443, "protocol": "TCP", "app_protocol": None},
            ],
            "annotations": {
                "service.beta.kubernetes.io/vcloud-avi-ssl-ports": "443",
                "service.beta.kubernetes.io/vcloud-avi-other": "y",
            },
            "annotations_ssl": {"service.beta.kubernetes.io/vcloud-avi-ssl-ports": "443"},
        }
    ]


# -- no secrets ---------------------------------------------------------------------------------------------------


def test_secrets_in_the_file_are_never_shown(config: Run, info: Run) -> None:
    objects = objects_of("cpi-1.6.1")
    found = next(item for item in objects if item["kind"] == "ConfigMap")
    planted = f"vcd:\n  user: acme/planted-user\n  secret: {PLANTED[0]}\n  refreshtoken: '{PLANTED[1]}'\n"
    found["data"][KEY] = found["data"][KEY].replace("vcd:\n", planted)
    with double_of(*objects) as kube:
        outputs = [
            info(kubeconfig=kube.kubeconfig),
            config(kubeconfig=kube.kubeconfig, scenario="shared_external", check=True, diff=True),
            config(kubeconfig=kube.kubeconfig, scenario="shared_external", diff=True),
            config(kubeconfig=kube.kubeconfig, one_arm=RANGE, restart="delete_pod"),
        ]
        assert outputs[1]["diff"]["before"]["file"][1] == "  user: ********"
        for output in outputs:
            for text in (*PLANTED, "planted-user"):
                assert text not in json.dumps(output)
        assert PLANTED[0] in (kube.get("ConfigMap", NAMESPACE, NAME) or {})["data"][KEY]


def test_a_kubeconfig_as_a_dictionary_is_used_and_hidden(fresh: KubeDouble, info: Run) -> None:
    content = yaml.safe_load(Path(fresh.kubeconfig).read_text(encoding="utf-8"))
    token = content["users"][0]["user"]["token"]
    found = info(kubeconfig=content)
    assert found["scenario"] == "distinct_internal"
    assert token not in json.dumps(found)
    content["current-context"] = "nope"
    failed = info(kubeconfig=content)
    assert "the kubeconfig given as a dictionary: " in failed["msg"]
    assert token not in json.dumps(failed)


def test_the_content_of_a_kubeconfig_is_rejected_and_hidden(info: Run) -> None:
    failed = info(kubeconfig=f"apiVersion: v1\nusers:\n- token: {PLANTED[1]}\n")
    assert "give a path or a dictionary, not the content of the file" in failed["msg"]
    assert PLANTED[1] not in json.dumps(failed)


# -- failing connections ------------------------------------------------------------------------------------------


def failure(run: Run, **options: Any) -> str:
    failed = run(**options)
    assert failed["failed"]
    assert "\n" not in failed["msg"]
    assert "Traceback" not in json.dumps(failed)
    return str(failed["msg"])


def test_a_missing_kubeconfig_context_or_key_is_reported(fresh: KubeDouble, info: Run, tmp_path: Path) -> None:
    assert "no such file: /nope/kubeconfig" in failure(info, kubeconfig="/nope/kubeconfig")
    assert "Expected object with name nope in" in failure(info, kubeconfig=fresh.kubeconfig, context="nope")
    broken = tmp_path / "broken"
    broken.write_text(f"users: [{PLANTED[0]}", encoding="utf-8")
    message = failure(info, kubeconfig=str(broken))
    assert f"kubeconfig '{broken}': it is not valid YAML (line 1)" in message
    assert PLANTED[0] not in message
    assert "(401 Unauthorized): check" in failure(info, host=fresh.url, ca_cert=fresh.ca, api_key="wrong")


def test_an_untrusted_certificate_is_reported(fresh: KubeDouble, info: Run) -> None:
    message = failure(info, host=fresh.url, api_key="any")
    assert "its TLS certificate is not trusted" in message
    assert "ca_cert" in message


def test_a_refused_connection_is_reported(info: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "connection refused" in failure(info, host=f"https://127.0.0.1:{port}", api_key="any")


def test_a_server_that_never_answers_is_reported(info: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        assert "it did not answer in time" in failure(info, host=address, api_key="any")


def test_a_server_that_is_not_kubernetes_is_reported(info: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def answer() -> None:
            while not stop.is_set():
                connection, _address = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert "its server is not a Kubernetes API server" in failure(info, host=address, api_key="any")
        stop.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_the_environment_variables_of_kubernetes_core_are_used(
    fresh: KubeDouble, info: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", fresh.kubeconfig)
    assert info()["scenario"] == "distinct_internal"
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "nope")
    assert "nope" in failure(info)


@pytest.mark.parametrize("library", ["kubernetes", "kubernetes.core (an Ansible collection)", "PyYAML"])
def test_a_missing_library_is_reported(config: Run, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(LIBRARIES, library, ImportError("planted"))
    assert f"({library})" in config(scenario="shared_external")["msg"]


def test_a_missing_right_to_read_is_reported(info: Run, config: Run) -> None:
    users = [{"name": "no-rights", "token": "no-rights-token", "rules": []}]
    with KubeDouble(objects=[CLUSTER, *objects_of("cpi-1.6.1")], users=users) as kube:
        for run, more in ((info, {}), (config, {"scenario": "shared_external"})):
            message = failure(run, kubeconfig=kube.kubeconfig, context="no-rights", **more)
            for word in ("no-rights", "get", "configmaps", NAME, NAMESPACE, "(403 Forbidden)"):
                assert word in message


def test_a_mutable_config_map_keeps_its_creation_time(fresh: KubeDouble, config: Run, info: Run) -> None:
    make_mutable(fresh)
    done = config(kubeconfig=fresh.kubeconfig, scenario="shared_external")
    assert (done["restart"]["done"], done["config_map"]["immutable"]) == ("delete_pod", False)
    assert [pod["config"] for pod in info(kubeconfig=fresh.kubeconfig)["pods"]] == ["current"]
    assert (fresh.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"] == 1
