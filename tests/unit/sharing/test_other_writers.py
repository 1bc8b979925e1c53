# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other writers of CPI's objects and the Services: tools, and other runs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.owners import Owner, describe_owners, owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.owners import pause
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster import kubernetes_facts as facts
from preflight_findings import preflight_report
from sharing_builders import ccm, edge, service, vcd

FLUX = {"kustomize.toolkit.fluxcd.io/name": "cpi", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
RELEASE = {"helm.toolkit.fluxcd.io/name": "cpi", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
BY_HELM = {"app.kubernetes.io/managed-by": "Helm"}
HELM = {"meta.helm.sh/release-name": "cpi", "meta.helm.sh/release-namespace": "kube-system"}


def raw(
    labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, manager: str = ""
) -> dict[str, Any]:
    """An object with these marks."""
    metadata: dict[str, Any] = {"name": "x", "namespace": "y", "labels": labels, "annotations": annotations}
    return {"metadata": {**metadata, "managedFields": [{"manager": manager}] if manager else None}}


@pytest.mark.parametrize(
    ("found", "owner", "how"),
    [
        (raw(FLUX), Owner("Flux Kustomization", "cpi", "flux-system"), "flux suspend kustomization cpi -n flux-system"),
        (
            raw({**RELEASE, **BY_HELM}, HELM),
            Owner("Flux HelmRelease", "cpi", "flux-system"),
            "flux suspend helmrelease",
        ),
        (raw(BY_HELM, HELM), Owner("Helm", "cpi", "kube-system"), "helm upgrade cpi -n kube-system"),
        (raw(BY_HELM), Owner("Helm"), "helm upgrade NAME -n NAMESPACE"),
        (
            raw(annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:y/x"}),
            Owner("Argo CD", "shop"),
            "argocd app set shop --sync-policy none",
        ),
        (raw({"argocd.argoproj.io/instance": "shop"}), Owner("Argo CD", "shop"), "argocd app set shop"),
        (raw(manager="argocd-controller"), Owner("Argo CD"), "argocd app set NAME"),
        (raw({"objectset.rio.cattle.io/hash": "1"}), Owner("Rancher Fleet"), "kubectl patch gitrepo GITREPO"),
        (raw({"kapp.k14s.io/app": "1"}), Owner("kapp-controller"), "kctrl app pause"),
        (raw(manager="kustomize-controller"), Owner("Flux Kustomization"), "flux suspend kustomization NAME"),
        (raw(manager="manager"), Owner("Cluster API"), "kubectl patch cluster CLUSTER"),
    ],
)
def test_each_tool_is_named_with_the_command_that_pauses_it(found: dict[str, Any], owner: Owner, how: str) -> None:
    assert owner_of(found) == owner
    assert how in pause(facts.WritingTool(owner.tool, owner.name, owner.namespace, ()))


@pytest.mark.parametrize(
    "found",
    [raw(), raw(manager="kubectl-client-side-apply"), raw({"app.kubernetes.io/managed-by": "vcd.kubernetes"}), {}],
)
def test_a_person_does_not_count_as_a_tool(found: dict[str, Any]) -> None:
    assert owner_of(found) is None


def test_objects_of_one_owner_are_grouped() -> None:
    found = describe_owners([("ConfigMap", raw(FLUX)), ("Service", raw()), ("Deployment", raw(FLUX)), ("Pod", None)])
    owner = {"tool": "Flux Kustomization", "name": "cpi", "namespace": "flux-system"}
    assert found == [{**owner, "objects": ["ConfigMap y/x", "Deployment y/x"]}]


def finding(scenario: str, *objects: str, existing: str = "migrate") -> list[dict[str, Any]]:
    """The findings about owners in a preflight from distinct_internal."""
    owner = {"tool": "Argo CD", "name": "shop", "namespace": "", "objects": list(objects)}
    cluster = {**ccm("distinct_internal", services=[service()]), "owners": [owner]}
    found = preflight_report(cluster, vcd(edge()), scenario, None, existing)["findings"]
    return [one for one in found if one["check"] == "owners"]


def test_a_change_warns_of_them() -> None:
    (one,) = finding("shared_internal", "ConfigMap kube-system/cpi", *(f"Service default/{name}" for name in "abcd"))
    assert one["severity"] == "warning"
    assert one["message"] == (
        "Argo CD shop writes ConfigMap kube-system/cpi, Service default/a, Service default/b and 2 other objects, "
        "and may write its own version back during the change; let it hold the new scenario before it resumes"
    )
    assert one["remedy"] == "pause it: argocd app set shop --sync-policy none"


def test_without_a_change_there_is_nothing_to_pause() -> None:
    assert finding("distinct_internal", "ConfigMap kube-system/cpi", existing="fail") == []


def test_services_matter_only_to_a_migration() -> None:
    assert finding("shared_internal", "Service default/a", existing="fail") == []
    (one,) = finding("shared_internal", "Service default/a")
    assert "hold the new scenario" not in one["message"]


def test_an_unknown_tool_is_not_hidden() -> None:
    assert pause(facts.WritingTool("Spinnaker", "a", "b", ())) == "see the manual of Spinnaker"


HOLDER = "alice@awx-1 (job 12) since 2026-11-27T10:00:00Z"
TEXT = f"{HOLDER} (60 s ago), until 2026-11-27T10:05:00Z (in 240 s)"
LEASE = {"holder": HOLDER, "until": "2026-11-27T10:05:00Z", "live": True, "text": TEXT}


@pytest.mark.parametrize(
    ("lease", "state", "message"),
    [
        (LEASE, "error", f"another run is under way on this cluster: {TEXT}"),
        ({**LEASE, "live": False}, "warning", "has ended without finishing its change"),
        (None, "info", "an earlier change was interrupted; this run finishes it"),
    ],
)
def test_a_run_in_progress_is_not_an_interrupted_one(lease: dict[str, Any] | None, state: str, message: str) -> None:
    rollout = {"state": "in_progress", "backup": "b", "replicas": 1, "lease": lease}
    cluster = ccm("distinct_internal", services=[service()], rollout=rollout)
    found = preflight_report(cluster, vcd(edge()), "shared_internal", None, "migrate")["findings"]
    (one,) = [one for one in found if one["check"] == "rollout"]
    assert (one["severity"], message in one["message"]) == (state, True)
    # no approved plan depends on how long ago a run ended; a run in progress stops this one anyway
    assert bool(one.get("passing")) is (state == "warning")
    verified = verify_report(cluster, vcd(edge()))
    assert verified["ok"] is False
    assert ("a run is under way on this cluster" in verified["summary"]) == (state == "error")


@pytest.mark.parametrize(("before", "severity"), [(0, "warning"), (2, "error")])
def test_a_run_that_leaves_cpi_stopped_is_not_successful(before: int, severity: str) -> None:
    cluster = ccm("distinct_internal")
    stopped = {"replicas": 0, "ready_replicas": 0, "running_replicas": 0}
    cluster["deployment"] = {**cluster["deployment"], **stopped}
    cluster["pods"] = []
    verified = verify_report(cluster, vcd(edge()), replicas=before)
    (one,) = [one for one in verified["findings"] if one["check"] == "cpi"]
    assert one["severity"] == severity
    assert verified["ok"] is (severity == "warning")
