# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clusters in one process: each has its own objects, journal, faults and context."""

from __future__ import annotations

import json
import pathlib
import urllib.error
from typing import Any

import kubernetes
import pytest
import yaml
from kube_double.__main__ import main
from kube_double.testing import KubeFleet


def config_map(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {}}


def test_clusters_share_a_kubeconfig_and_nothing_else() -> None:
    with KubeFleet({"a": [config_map("x")], "b": [config_map("y")]}) as fleet:
        assert list(fleet) == ["a", "b"]
        contexts = yaml.safe_load(pathlib.Path(fleet.kubeconfig).read_text())["contexts"]
        assert [one["name"] for one in contexts] == ["a", "b"]
        for context, own, others in (("a", "x", "y"), ("b", "y", "x")):
            client = kubernetes.config.new_client_from_config(fleet.kubeconfig, context)
            names = [
                one.metadata.name
                for one in kubernetes.client.CoreV1Api(client).list_namespaced_config_map("default").items
            ]
            assert own in names
            assert others not in names
        fleet["a"].journal(clear=True)
        assert fleet["a"].journal() == []
        assert fleet["b"].journal() != []
        fleet["b"].faults([{"action": "status", "code": 403}])
        assert fleet["a"].get("ConfigMap", "default", "x")
        with pytest.raises(urllib.error.HTTPError) as refused:
            fleet["b"].get("ConfigMap", "default", "y")
        assert refused.value.code == 403
        refused.value.close()


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        ("{", [], "is not JSON"),
        ("{}", [], "a map of names to lists of objects is expected"),
        ('{"a": {}}', [], "a map of names to lists of objects is expected"),
        ('{"a b": []}', [], "'a b': a name of a cluster has letters, digits"),
        ('{"a": [], "b": []}', ["--listen", "127.0.0.1:65001"], "many clusters need a port each: give port 0"),
        (json.dumps({"a": [{**config_map("x"), "dat": {}}]}), [], 'unknown field "dat"'),
    ],
)  # fmt: skip
def test_invalid_clusters_are_refused(
    content: str, options: list[str], complaint: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clusters.json"
    file.write_text(content)
    assert main(["--dir", str(tmp_path / "out"), "--clusters", str(file), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
