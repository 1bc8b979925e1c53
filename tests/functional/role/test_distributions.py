# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on clusters with the CPI of other distributions."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from cpi_helpers import KEY, file_of, objects_of
from kube_double.testing import KubeDouble
from role_runs import FIXTURES, Case, Finished, connection, run_cases, writes
from vcdsim.testing import Simulator

NAMESPACE = "d8-cloud-provider-vcd"
FORK_KEY = "loadbalancer.transparentMode"


def cluster(folder: Path, *objects: dict[str, Any]) -> list[Path]:
    """The files that describe a cluster with these objects of CPI."""
    folder.mkdir(exist_ok=True)
    path = folder / "cpi.manifest"
    path.write_text(yaml.safe_dump_all(objects))
    return [FIXTURES / "cluster.manifest", path]


def forked(image: str) -> list[dict[str, Any]]:
    """VMware's manifest with another image, and a key of Orange's CPI in the file."""
    found = copy.deepcopy(objects_of("cpi-1.6.1"))
    for item in found:
        if item["kind"] == "Deployment":
            item["spec"]["template"]["spec"]["containers"][0]["image"] = image
        if item["kind"] == "ConfigMap" and KEY in item.get("data", {}):
            item["data"][KEY] = item["data"][KEY].replace(
                "loadbalancer:\n", "loadbalancer:\n  transparentMode: false\n"
            )
    return found


def deckhouse() -> list[dict[str, Any]]:
    """CPI as Deckhouse's module deploys it: other names, and the file in a Secret."""
    found = [item for item in copy.deepcopy(objects_of("cpi-1.6.1")) if item["kind"] == "Deployment"]
    (item,) = found
    item["metadata"] = {"name": "cloud-controller-manager", "namespace": NAMESPACE}
    spec = item["spec"]["template"]["spec"]
    container = spec["containers"][0]
    del container["command"]
    container["args"] = ["--cloud-config=/etc/cloud/cloud-config"]
    container["volumeMounts"] = [{"name": "config", "mountPath": "/etc/cloud"}]
    spec["volumes"] = [{"name": "config", "secret": {"secretName": "ccm-controller-manager"}}]
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "ccm-controller-manager", "namespace": NAMESPACE},
        "stringData": {"cloud-config": file_of("cpi-1.6.1")},
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return [namespace, secret, *found]


def play(folder: Path, cases: list[Case], sim: Simulator, kube: KubeDouble) -> Finished:
    run = run_cases(folder, cases, connection(sim, kube))
    assert run.code == 0, run.output[-2000:]
    return run


def message(run: Finished, name: str) -> str:
    """How a case failed."""
    assert run.outcomes[name]["failed"], run.output[-4000:]
    return str(run.outcomes[name]["msg"])


def test_deckhouses_file_in_a_secret_is_changed(tmp_path: Path) -> None:
    here = {"shared_ip_namespace": NAMESPACE, "shared_ip_deployment": "cloud-controller-manager"}
    cases = [
        Case("default names", {"shared_ip_scenario": "shared_external"}),
        Case("its names", {"shared_ip_scenario": "shared_external", **here}),
        Case("verify", here, tasks_from="verify"),
    ]
    objects = cluster(tmp_path, *deckhouse())
    with Simulator() as sim, KubeDouble(objects=objects) as kube:
        run = play(tmp_path, cases, sim, kube)
        default_names = message(run, "default names")
        assert f"this cluster runs Deckhouse's CPI; set namespace to {NAMESPACE}" in default_names
        assert "in the role shared_ip_namespace and shared_ip_deployment" in default_names
        assert message(run, "its names").startswith(
            f"CPI's file is in Secret {NAMESPACE}/ccm-controller-manager, which Deckhouse's module cloud-provider-vcd "
            "writes: this run cannot change it"
        )
        assert f"Secret {NAMESPACE}/ccm-controller-manager holds distinct_internal" in run.output
        assert writes(sim, kube) == []


def test_a_key_of_orange_is_accepted_by_its_image_or_as_an_extra_key(tmp_path: Path) -> None:
    wanted = {"shared_ip_scenario": "shared_internal"}
    for number, (image, extra, passes) in enumerate(
        [
            ("ghcr.io/orange-cloudavenue/cloud-provider-for-cloud-director:1.6.2", [], True),
            ("registry.example/cloud-provider-for-cloud-director:1.6.2", [], False),
            ("registry.example/cloud-provider-for-cloud-director:1.6.2", [FORK_KEY], True),
        ]
    ):
        folder = tmp_path / str(number)
        with Simulator() as sim, KubeDouble(objects=cluster(folder, *forked(image))) as kube:
            run = play(folder, [Case("change", {**wanted, "shared_ip_extra_keys": extra})], sim, kube)
            if passes:
                assert not run.outcomes["change"]["failed"], run.output[-4000:]
                assert run.outcomes["change"]["msg"]["verified"] is True
            else:
                assert f"{FORK_KEY}: CPI does not know this key; the CPI of Orange knows it" in message(run, "change")
