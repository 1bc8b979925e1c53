# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real clients: kubernetes.core's modules in a real playbook, and kubectl if it is installed."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml
from kube_double.testing import KubeDouble

KUBECTL = shutil.which("kubectl")
NAMESPACE = "kube-system"


def play(kube: Any, tmp_path: pathlib.Path, tasks: list[Any]) -> str:
    """Run tasks on localhost with the double, and return the output. A failure shows the output."""
    defaults = {"kubeconfig": kube.kubeconfig}
    content = [{
        "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks,
        "module_defaults": {"group/kubernetes.core.k8s": defaults},
        "vars": {"ansible_python_interpreter": sys.executable},
    }]  # fmt: skip
    (tmp_path / "play.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    environment = os.environ | {
        "ANSIBLE_HOME": str(tmp_path / "ansible"), "ANSIBLE_LOCALHOST_WARNING": "False", "TMPDIR": str(tmp_path),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False", "ANSIBLE_NOCOLOR": "1",
        # The playbook finds the collections where the tests import them from.
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(
            path for path in sys.path if path and pathlib.Path(path, "ansible_collections").is_dir()
        ),
    }  # fmt: skip
    command = [sys.executable, "-m", "ansible", "playbook", "-v", str(tmp_path / "play.yml")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expect(condition: str) -> Any:
    return {"ansible.builtin.assert": {"that": condition}}


def test_the_modules_of_kubernetes_core_work(kube: Any, make: Any, tmp_path: pathlib.Path) -> None:
    """One run: create, repeat, change in check mode, a refused change, wait, scale, info, delete, repeat."""
    definition = make.config_map("one", "fresh", immutable=False)
    agent = make.deployment()
    fixed = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "config", "namespace": NAMESPACE}}
    where = {"api_version": "apps/v1", "kind": "Deployment", "namespace": NAMESPACE, "name": "agent"}
    tasks = [
        {"kubernetes.core.k8s": {"definition": definition}, "register": "made"},
        expect("made is changed and made.method == 'create'"),
        {"kubernetes.core.k8s": {"definition": definition}, "register": "again"},
        expect("again is not changed"),
        {"kubernetes.core.k8s": {"definition": definition | {"data": {"file.yaml": "two"}}}, "check_mode": True,
         "register": "dry"},
        expect("dry is changed and dry.result.data['file.yaml'] == 'two'"),
        {"kubernetes.core.k8s": {"definition": fixed | {"data": {"a": "b"}}}, "register": "refused",
         "ignore_errors": True},
        expect("refused is failed and 'field is immutable when `immutable` is set' in refused.msg"),
        {"kubernetes.core.k8s": {"definition": agent, "wait": True, "wait_sleep": 1, "wait_timeout": 180}},
        {"kubernetes.core.k8s_info": where, "register": "shown"},
        expect("shown.resources[0].status.readyReplicas == 1"),
        {"kubernetes.core.k8s_scale": where | {"replicas": 0, "wait_sleep": 1, "wait_timeout": 180},
         "register": "scaled"},
        expect("scaled is changed"),
        {"kubernetes.core.k8s_info": {"kind": "Pod", "namespace": NAMESPACE, "label_selectors": ["app=agent"],
                                      "wait": False}, "register": "pods", "until": "not pods.resources",
         "retries": 20, "delay": 0.2},
        {"kubernetes.core.k8s": where | {"state": "absent", "wait": True, "wait_sleep": 1}, "register": "gone"},
        expect("gone is changed"),
        {"kubernetes.core.k8s": where | {"state": "absent"}, "register": "gone_already"},
        expect("gone_already is not changed"),
        {"kubernetes.core.k8s_info": {"kind": "ConfigMap", "namespace": NAMESPACE, "name": "fresh"},
         "register": "left"},
        expect("left.resources[0].data['file.yaml'] == 'one'"),
    ]  # fmt: skip
    play(kube, tmp_path, tasks)
    assert kube.get("Deployment", NAMESPACE, "agent") is None
    assert not [entry for entry in kube.journal() if entry["code"] in (500, 501)]


# -- kubectl -------------------------------------------------------------------------------------------------------

needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: put it on PATH to run this")


@pytest.fixture
def kubectl(kube: Any, tmp_path: pathlib.Path) -> Any:
    return kubectl_of(kube, tmp_path)


def kubectl_of(kube: Any, tmp_path: pathlib.Path) -> Any:
    """A function that runs kubectl on a double, and returns its output."""

    def run(*arguments: str, given: Any = None, fails: bool = False) -> str:
        command = [str(KUBECTL), "--kubeconfig", kube.kubeconfig, "--namespace", NAMESPACE, *arguments]
        stdin = yaml.safe_dump_all(given) if given else None
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=600, check=False,
            env=os.environ | {"HOME": str(tmp_path)},
        )  # fmt: skip
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return run


@needs_kubectl
def test_kubectl_applies_and_applies_again(kubectl: Any, make: Any) -> None:
    objects = [make.config_map("one", "fresh", immutable=False), make.deployment()]
    assert kubectl("apply", "-f", "-", given=objects) == "configmap/fresh created\ndeployment.apps/agent created\n"
    assert kubectl("apply", "-f", "-", given=objects) == "configmap/fresh unchanged\ndeployment.apps/agent unchanged\n"
    objects[1]["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/agent:2.0"
    assert "deployment.apps/agent configured" in kubectl("apply", "-f", "-", given=objects)
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/agent", "--timeout=600s")
    image = "jsonpath={.items[?(@.status.phase=='Running')].spec.containers[0].image}"
    assert "example.com/agent:2.0" in kubectl("get", "pods", "-o", image)


@needs_kubectl
def test_kubectl_output_is_as_expected(kubectl: Any, make: Any) -> None:
    kubectl("apply", "-f", "-", given=[make.deployment()])
    kubectl("wait", "--for=condition=Available", "deployment/agent", "--timeout=600s")
    header, row = kubectl("get", "deployments").splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["agent", "1/1", "1", "1"]
    described = kubectl("describe", "pods")
    assert "Successfully assigned kube-system/agent-" in described
    assert "ConfigMap (a volume populated by a ConfigMap)" in described
    assert kubectl("scale", "deployment/agent", "--replicas=0") == "deployment.apps/agent scaled\n"
    kubectl("delete", "deployment", "agent")
    assert kubectl("get", "deployments") == ""


@needs_kubectl
def test_kubectl_is_refused_as_by_the_real_server(kubectl: Any, make: Any) -> None:
    refusal = kubectl("patch", "configmap", "config", "-p", '{"data":{"a":"b"}}', fails=True)
    assert refusal == 'The ConfigMap "config" is invalid: data: Forbidden: field is immutable when `immutable` is set\n'
    refusal = kubectl("--context", "bob", "delete", "configmap", "config", fails=True)
    assert refusal.startswith('Error from server (Forbidden): configmaps "config" is forbidden: User "bob" cannot del')
    misspelt = make.config_map("x", "new") | {"dat": {}}
    assert 'strict decoding error: unknown field "dat"' in kubectl("create", "-f", "-", given=[misspelt], fails=True)
    # Generators such as this one send protobuf, which the double does not read.
    assert "unknown format" in kubectl("create", "namespace", "x", fails=True)


@needs_kubectl
def test_kubectl_shows_a_pod_that_ends(make: Any, tmp_path: pathlib.Path) -> None:
    slow = make.deployment()
    slow["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 3600
    with KubeDouble(objects=[*make.nodes, make.config_map("content"), slow], stop_seconds=3000) as kube:
        kubectl = kubectl_of(kube, tmp_path)
        kubectl("wait", "--for=condition=Available", "deployment/agent", "--timeout=600s")
        kubectl("scale", "deployment/agent", "--replicas=0")
        kube.wait_for(lambda: "deletionTimestamp" in kube.list("Pod")[0]["metadata"], "the end of the pod")
        assert "Terminating" in kubectl("get", "pods")
