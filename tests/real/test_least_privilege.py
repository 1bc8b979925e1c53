# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Least privilege: the rights in the documentation are enough for the whole role, and each rule is needed."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterable
from pathlib import Path

import pytest
from control_plane.testing import service
from real_model import port
from real_stage import Object, Stage
from rights_document import kubeconfig, manifest


def grant(stage: Stage, role: Object, cluster_role: Object) -> Path:
    """Give the documented account exactly these rights. Returns its kubeconfig, as the documentation has it."""
    account = manifest("ServiceAccount")
    stage.cluster.load([account, role, cluster_role, manifest("RoleBinding"), manifest("ClusterRoleBinding")])
    server, name = stage.cluster.control_plane, account["metadata"]["name"]
    token = server.service_account_token(account["metadata"]["namespace"], name)
    ca = base64.b64encode(Path(server.ca).read_bytes()).decode()
    target = stage.folder / "operator.kubeconfig"
    target.write_text(kubeconfig(server.url, ca, token), encoding="utf-8")
    return target


def without(item: Object, number: int) -> Object:
    reduced = copy.deepcopy(item)
    del reduced["rules"][number]
    return dict(reduced)


ROLE, CLUSTER_ROLE = manifest("Role"), manifest("ClusterRole")
# "only where ...": needed for a ConfigMap that may be changed, and for a cluster id from a Secret
OPTIONAL = [
    number
    for number, rule in enumerate(ROLE["rules"])
    if (rule["resources"], rule["verbs"]) in ((["pods"], ["delete"]), (["secrets"], ["get"]))
]
NEEDED = [number for number in range(len(ROLE["rules"])) if number not in OPTIONAL]


def test_the_published_rights_are_enough(stage: Stage) -> None:
    """For a change of scenario, for the move of a live Service with it, and for the way back."""
    stage.start_cpi("distinct_internal")
    external_ip = stage.create(service("web", [port("http", 80), port("https", 443)]))
    needed = copy.deepcopy(ROLE)
    needed["rules"] = [ROLE["rules"][number] for number in NEEDED]
    account, folder = grant(stage, needed, CLUSTER_ROLE), str(stage.folder / "restore-points")
    run = stage.playbook(
        "vcd.kubernetes.shared_ip",
        kubeconfig=account,
        shared_ip_scenario="shared_external",
        shared_ip_existing="migrate",
        shared_ip_restore_dir=folder,
    )
    assert run.code == 0, run
    stage.cluster.wait_for_cpi()
    assert "oneArm" not in stage.in_file()
    assert {facts["virtual_ip_address"] for facts in stage.objects().virtual_services.values()} == {external_ip}
    run = stage.playbook("vcd.kubernetes.restore", kubeconfig=account, shared_ip_restore_dir=folder)
    assert run.code == 0, run
    stage.cluster.wait_for_cpi()
    assert "oneArm" in stage.in_file()
    assert stage.external_ip("web") == external_ip


def _flat(parts: Iterable[list[str]]) -> list[str]:
    return [word for part in parts for word in part]


def words(number: int) -> str:
    rule = CLUSTER_ROLE["rules"][0] if number < 0 else ROLE["rules"][number]
    return "-".join(_flat([rule["verbs"], rule["resources"], rule.get("resourceNames", [])])).replace("/", "-")


@pytest.mark.parametrize("number", [*NEEDED, -1], ids=words)
def test_without_one_rule_the_run_fails_before_it_writes(stage: Stage, number: int) -> None:
    stage.start_cpi("distinct_internal")
    pod, file = stage.cluster.wait_for_cpi(), stage.in_file()
    rights = (ROLE, without(CLUSTER_ROLE, 0)) if number < 0 else (without(ROLE, number), CLUSTER_ROLE)
    run = stage.playbook(
        "vcd.kubernetes.shared_ip", kubeconfig=grant(stage, *rights), shared_ip_scenario="shared_external"
    )
    assert run.code != 0, run
    rule = CLUSTER_ROLE["rules"][0] if number < 0 else ROLE["rules"][number]
    assert any(word in run.output for word in rule["verbs"]), run
    assert rule["resources"][0] in run.output, run
    assert (stage.cluster.wait_for_cpi(), stage.in_file()) == (pod, file)
    assert stage.cluster.api.get("ConfigMap", "kube-system", "vcloud-ccm-configmap-backup") is None
