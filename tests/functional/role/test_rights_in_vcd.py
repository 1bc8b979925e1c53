# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration and the way back with the documented role in Cloud Director, and with any one of its rights missing.

Each refusal names the right, before anything is written to Cloud Director or Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils import _vcd_rights as table
from in_process import run_module
from kube_double.testing import KubeDouble
from rights_document import of_namespace, published
from role_runs import ROOT, cpi_objects, writes
from test_migration import CLUSTER_ID, manifest, option
from vcdsim.testing import Simulator

ESTATE = ROOT / "tests" / "simulator" / "vcdsim" / "estates" / "one-edge.yml"
ROLE = re.findall(r'^    "(.+?)",', (ROOT / "docs" / "rights-vcd.md").read_text(encoding="utf-8"), re.M)
PASSWORD = "taken-secret-1"
# the documented read-only rights in Kubernetes
READS = [
    {**rule, "verbs": [verb for verb in rule["verbs"] if verb in ("get", "list")]}
    for rule in [*of_namespace(published("Role")), *published("ClusterRole")]
    if {"get", "list"} & set(rule["verbs"])
]
# rights that a migration on a VDC's edge gateway without IP Spaces and TLS does not need
NOT_NEEDED = {
    table.CERTIFICATE_VIEW,
    table.CERTIFICATE_MANAGE,
    table.FIREWALL_VIEW,
    table.FIREWALL_CONFIGURE,
    table.IP_SPACE_VIEW,
    table.IP_SPACE_ALLOCATE,
    table.SYSTEM_LOGGING,
    table.VDC_GROUP_VIEW,
    table.ROLE_VIEW,
    table.TAG_EDIT,
    table.VM_VIEW,  # for the hook that saves the vApp
}


class ClusterWithLimitedUsers:
    """Both doubles with one live Service in distinct_internal, and users with the documented role or one right less."""

    def __init__(self, sim: Simulator, kube: KubeDouble, folder: Path) -> None:
        self.sim, self.kube, self.folder = sim, kube, folder
        self._seen = [0, 0]

    def new_writes(self) -> list[str]:
        """The writes on both sides since the last call."""
        found = [writes(self.sim), writes(self.kube)]
        new = [one for side, seen in zip(found, self._seen, strict=True) for one in side[seen:]]
        self._seen = [len(side) for side in found]
        return new

    def connection(self, user: str, password: str = PASSWORD) -> dict[str, Any]:
        return {"url": self.sim.url, "ca_path": self.sim.ca, "org": "acme", "user": user, "password": password}

    def phase(self, phase: str, connection: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
        """The result of one phase."""
        given = {
            "phase": phase,
            "vcd": connection,
            "kubernetes": {"kubeconfig": str(self.kube.kubeconfig)},
            "edge_gateway": "acme-edge",
            "restore_dir": str(self.folder),
            **options,
        }
        return run_module("vcd_cluster_shared_ip", given, check=check)

    def plan(self, user: str, password: str = PASSWORD, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """The plan of a run, and its preflight."""
        return self.phase("plan", self.connection(user, password), check, **options)

    def carry_out(self, user: str, **options: Any) -> dict[str, Any]:
        """A whole run, which must succeed."""
        planned = self.plan(user, **options)
        assert planned.get("ok"), planned.get("summary") or planned.get("msg")
        done = self.phase("change", self.connection(user), plan=planned["plan"], **options)
        assert done.get("verification", {}).get("ok"), done.get("msg") or done["verification"]
        return done


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterWithLimitedUsers]:
    folder = tmp_path_factory.mktemp("rights")
    described = yaml.safe_load(ESTATE.read_text(encoding="utf-8"))
    held = {
        "all": ROLE,
        "lean": [one for one in ROLE if one not in NOT_NEEDED],
        **{f"no-{number}": [one for one in ROLE if one != right] for number, right in enumerate(ROLE)},
    }
    described["organisations"][0]["users"] += [
        {"name": name, "password": PASSWORD, "role": f"Role {name}", "rights": rights} for name, rights in held.items()
    ]
    (folder / "estate.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    objects = cpi_objects(manifest("web"))
    readers = {
        "reads": READS,
        "reads-nothing": [],
        **{f"reads-{number}": [one for one in READS if one is not rule] for number, rule in enumerate(READS)},
    }
    users = [{"name": name, "rules": rules} for name, rules in readers.items()]
    with (
        Simulator(folder / "estate.yml", task_seconds=0, health_seconds=0) as sim,
        KubeDouble(objects=objects, users=users, start_seconds=0, stop_seconds=0) as kube,
    ):
        estate = ClusterWithLimitedUsers(sim, kube, folder / "restore-points")
        made = {"edge_gateway": "acme-edge", "cluster_id": CLUSTER_ID, "scenario": "distinct_internal"}
        result = run_module("vcd_shared_ip", {**estate.connection("all"), **made, "services": [option("web")]})
        assert not result.get("failed"), result["msg"]
        yield estate


def judged(estate: ClusterWithLimitedUsers, **options: Any) -> set[str]:
    """The rights without which a plan is refused, by name and before anything is written."""
    needed = set()
    for number, right in enumerate(ROLE):
        for check in (True, False):
            estate.new_writes()
            result = estate.plan(f"no-{number}", check=check, **options)
            assert estate.new_writes() == []
            if result.get("ok"):
                continue
            said = str(result.get("summary") or result.get("msg"))
            assert repr(right) in said, (right, said)
            assert "\n" not in said
            needed.add(right)
    return needed


def test_the_documented_role_is_enough_for_a_migration_and_the_way_back_and_each_right_is_needed(
    estate: ClusterWithLimitedUsers,
) -> None:
    move = {"scenario": "shared_external", "existing": "migrate"}
    assert judged(estate, **move) == set(ROLE) - NOT_NEEDED
    estate.carry_out("all", **move)
    assert judged(estate, go_back=True) == set(ROLE) - NOT_NEEDED
    # the rights that are not needed one by one are not needed together either
    planned = estate.plan("lean", go_back=True)
    (finding,) = [one for one in planned["preflight"]["findings"] if one["check"] == "rights"]
    assert finding["severity"] == "warning"
    assert repr(table.LB_CONFIGURE) in finding["message"]
    estate.carry_out("lean", go_back=True)
    estate.carry_out("lean", **move)


def test_a_viewer_is_refused_by_the_preflight(estate: ClusterWithLimitedUsers) -> None:
    estate.new_writes()
    # a scenario that the Service never has in this file
    wanted = {"scenario": "shared_internal", "one_arm": {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}}
    result = estate.plan("viewer", "viewer-secret-1", existing="migrate", **wanted)
    assert estate.new_writes() == []
    assert result["ok"] is False
    lines = [line for line in result["lines"]["preflight"] if "rights:" in line]
    lacking = result["failure"]["missing_rights"]
    assert set(lacking) == {table.LB_CONFIGURE, table.NAT_CONFIGURE}
    for line, right in zip(lines, lacking, strict=True):
        assert line.startswith(
            f"  ERROR   rights: user 'viewer' (role 'View Only') lacks the right {right!r}, needed to "
        )


def test_a_change_of_only_the_file_needs_no_right(estate: ClusterWithLimitedUsers) -> None:
    estate.kube.delete("Service", "default", "web")
    estate.sim.journal(clear=True)
    planned = estate.plan("viewer", "viewer-secret-1", scenario="shared_external")
    assert planned["ok"], planned["summary"]
    assert "rights" not in {one["check"] for one in planned["preflight"]["findings"]}
    assert [entry for entry in estate.sim.journal() if "/roles" in entry["path"]] == []


def test_an_audit_names_a_missing_right_and_reports_nothing_as_clean_without_it(
    estate: ClusterWithLimitedUsers,
) -> None:
    views = {right for right in ROLE if right.endswith("View") or ": View " in right} - {table.ROLE_VIEW}
    unused = {table.CERTIFICATE_VIEW, table.IP_SPACE_VIEW, table.VDC_GROUP_VIEW, table.VM_VIEW}  # on this estate
    whole = estate.phase("audit", estate.connection("all"))["audit"]["findings"]
    assert "not-checked" not in {one["code"] for one in whole}
    for number, right in enumerate(ROLE):
        estate.new_writes()
        result = estate.phase("audit", estate.connection(f"no-{number}"))
        assert estate.new_writes() == []
        if right not in views - unused:
            assert result["audit"]["findings"] == whole, right
        elif result.get("failed"):
            assert repr(right) in result["msg"], right  # the edge gateway itself
        else:
            unchecked = [one for one in result["audit"]["findings"] if one["code"] == "not-checked"]
            assert unchecked, right
            assert all(repr(right) in one["remedy"] for one in unchecked), (right, unchecked)


def audited_as(estate: ClusterWithLimitedUsers, reader: str) -> dict[str, Any]:
    """An audit by a user of the cluster who has every right in Cloud Director."""
    access = {"kubeconfig": str(estate.kube.kubeconfig), "context": reader}
    estate.new_writes()
    result = estate.phase("audit", estate.connection("all"), kubernetes=access, edge_gateway=None)
    assert estate.new_writes() == []
    return result


def test_without_a_right_in_kubernetes_an_audit_skips_only_the_checks_that_need_it(
    estate: ClusterWithLimitedUsers,
) -> None:
    whole = audited_as(estate, "reads")["audit"]["findings"]
    assert "not-checked" not in {one["code"] for one in whole}
    left_out = {}
    for number, rule in enumerate(READS):
        result = audited_as(estate, f"reads-{number}")
        assert not result.get("failed"), result["msg"]
        unchecked = [one for one in result["audit"]["findings"] if one["code"] == "not-checked"]
        # the message may differ: without the restore point, only an object's name shows its owner
        found = {(one["code"], one["object"]) for one in result["audit"]["findings"] if one not in unchecked}
        assert found <= {(one["code"], one["object"]) for one in whole}
        (resource,), (name,) = rule["resources"], rule.get("resourceNames", [""])
        assert all(f" {resource}" in one["remedy"] and name in one["remedy"] for one in unchecked), unchecked
        left_out[f"{resource} {name}".strip()] = len(unchecked)
    # CPI's file has the id of this cluster
    assert [what for what, number in left_out.items() if not number] == ["secrets vcloud-clusterid-secret"]
    assert left_out["pods"] == 1
    assert left_out["services"] < left_out["configmaps vcloud-ccm-configmap"]


def test_a_cluster_that_an_audit_may_not_read_is_not_audited(estate: ClusterWithLimitedUsers) -> None:
    result = audited_as(estate, "reads-nothing")
    assert result["failed"]
    assert "403 Forbidden" in result["msg"]
