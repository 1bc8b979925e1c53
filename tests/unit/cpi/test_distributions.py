# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other distributions of CPI are recognised, and their keys, files and annotations are read."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import FileEdit, read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.editor import edit
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import CpiNames, Deployment
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import report
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.source import place_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import (
    DECKHOUSE,
    GIANT_SWARM,
    ORANGE,
    PUBLISHED,
    Distribution,
    check_keys,
    recognise,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import KubernetesError
from cpi_helpers import MINIMAL, objects_of
from hypothesis import given
from hypothesis import strategies as st

NAMESPACE = "d8-cloud-provider-vcd"
PUBLISHED_IMAGE = "projects.registry.vmware.com/vmware-cloud-director/cloud-provider-for-cloud-director:1.6.1"


@pytest.mark.parametrize(
    ("image", "namespace", "labels", "expected"),
    [
        (PUBLISHED_IMAGE, "kube-system", {"app": "vmware-cloud-director-ccm"}, PUBLISHED),
        ("registry.example/cpi@sha256:0123", "kube-system", {}, PUBLISHED),
        (None, "kube-system", {}, PUBLISHED),
        ("gsoci.azurecr.io/giantswarm/cloud-provider-for-cloud-director:1.6.1-gs", "kube-system", {}, GIANT_SWARM),
        ("mirror.example/cloud-provider-for-cloud-director:1.6.1-gs", "kube-system", {}, GIANT_SWARM),
        ("ghcr.io/orange-cloudavenue/cloud-provider-for-cloud-director:1.6.2", "kube-system", {}, ORANGE),
        ("registry.example/cpi:main-orange", "kube-system", {}, ORANGE),
        ("registry.deckhouse.io/deckhouse/ee@sha256:0123", "any", {}, DECKHOUSE),
        ("registry.example/mirror@sha256:0123", NAMESPACE, {}, DECKHOUSE),
        ("registry.example/mirror@sha256:0123", "any", {"module": "cloud-provider-vcd"}, DECKHOUSE),
    ],
)
def test_a_distribution_is_recognised(
    image: str | None, namespace: str, labels: dict[str, str], expected: Distribution
) -> None:
    assert recognise(image, namespace, labels) is expected


TRANSPARENT = MINIMAL.replace("  network", "  transparentMode: true\n  network")


def test_a_key_of_a_fork_passes_where_it_is_known_and_is_explained_where_it_is_not() -> None:
    config = read_config(TRANSPARENT, None, ORANGE.keys)
    assert (config.problems, config.passed) == ((), ("loadbalancer.transparentMode",))
    (problem,) = read_config(TRANSPARENT).problems
    assert problem.endswith("the CPI of Orange knows it: if this one does, too, give it as an extra key")


@pytest.mark.parametrize(
    ("extra", "passed"),
    [
        (("loadbalancer.mine",), ("loadbalancer.mine",)),
        (("loadbalancer.mine.deeper",), ("loadbalancer.mine",)),
        (("mine",), ()),
        (("loadbalancer.min",), ()),
    ],
)
def test_an_operators_key_passes_with_all_below_it(extra: tuple[str, ...], passed: tuple[str, ...]) -> None:
    text = MINIMAL.replace("  network", "  mine: {deeper: [1, 2], also: x}\n  network")
    config = read_config(text, None, extra)
    assert config.passed == passed
    assert bool(config.problems) is not bool(passed)


def test_a_key_that_passes_stays_when_the_file_is_edited() -> None:
    after = edit(TRANSPARENT, FileEdit(shared=True, remove_one_arm=True))
    assert "  transparentMode: true\n" in after
    assert read_config(after, None, ORANGE.keys).scenario == "shared_external"


@given(st.one_of(st.text(alphabet="abZ9._- \n:é", max_size=8), st.integers(), st.just(None)))
def test_an_invalid_key_is_refused_in_one_line(value: Any) -> None:
    refused, found = "", tuple[str, ...]()
    try:
        found = check_keys("extra_keys", [value])
    except InvalidInput as error:
        refused = error.message
    if refused:
        assert "\n" not in refused
        assert "is not a key of CPI's file" in refused
    else:
        assert found == () if value in ("", None) else all(part for part in found[0].split("."))


# -- where the file is -----------------------------------------------------------------------------------------------


def deckhouse(**changes: Any) -> dict[str, Any]:
    """Deckhouse's Deployment of CPI, as its module makes it."""
    container = {
        "name": "vcd-cloud-controller-manager",
        "image": "registry.example/sys/deckhouse-ee@sha256:0123",
        "args": ["--leader-elect=true", "--cloud-config=/etc/cloud/cloud-config"],
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/cloud", "readOnly": True},
            {"name": "credentials", "mountPath": "/etc/kubernetes/vcloud/basic-auth"},
        ],
    }
    volumes = [
        {"name": "config", "secret": {"secretName": "ccm-controller-manager"}},
        {"name": "credentials", "secret": {"secretName": "vcd-credentials"}},
    ]
    template = {"spec": {"containers": [{**container, **changes}], "volumes": volumes}}
    metadata = {"name": "cloud-controller-manager", "namespace": NAMESPACE, "labels": {"module": "cloud-provider-vcd"}}
    return {
        "metadata": metadata,
        "spec": {"replicas": 1, "template": template, "selector": {"matchLabels": {"a": "b"}}},
    }


def test_the_place_of_the_file_is_found_in_deckhouse_and_in_the_published_manifest() -> None:
    place = place_of(Deployment(deckhouse()))
    assert place
    assert (str(place), place.key) == (f"Secret {NAMESPACE}/ccm-controller-manager", "cloud-config")
    (published,) = (one for one in objects_of("cpi-1.6.1") if one["kind"] == "Deployment")
    place = place_of(Deployment(published))
    assert place
    assert (str(place), place.key) == ("ConfigMap kube-system/vcloud-ccm-configmap", "vcloud-ccm-config.yaml")


@pytest.mark.parametrize(
    "changes",
    [
        {"args": []},
        {"args": ["--cloud-config=/elsewhere/file"]},
        {"volumeMounts": [{"name": "unknown", "mountPath": "/etc/cloud"}]},
        {"volumeMounts": []},
    ],
)
def test_a_deployment_without_a_config_mount_gives_no_place(changes: dict[str, Any]) -> None:
    assert place_of(Deployment(deckhouse(**changes))) is None


def test_the_place_of_a_file_in_a_projected_volume_is_found() -> None:
    mounts = [{"name": "config", "mountPath": "/etc/cloud/cloud-config", "subPath": "cpi.yaml"}]
    found = deckhouse(args=["--cloud-config", "/etc/cloud/cloud-config"], volumeMounts=mounts)
    sources = [{"secret": {"name": "cpi", "items": [{"key": "in-secret", "path": "cpi.yaml"}]}}]
    found["spec"]["template"]["spec"]["volumes"] = [{"name": "config", "projected": {"sources": sources}}]
    place = place_of(Deployment(found))
    assert place
    assert (place.kind, place.name, place.key) == ("Secret", "cpi", "in-secret")


class ClusterObjects:
    """A cluster that has these objects by path; a number is the status of a refusal."""

    def __init__(self, **objects: Any) -> None:
        self.objects = {path.replace("__", "/"): found for path, found in objects.items()}
        self.asked: list[str] = []

    def get(self, path: str) -> Any:
        self.asked.append(path)
        found = next((found for end, found in self.objects.items() if path.endswith(end)), None)
        if isinstance(found, int):
            raise KubernetesError("refused", found, "Forbidden")
        return found

    def list(self, path: str) -> list[Any]:
        return []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=timezone.utc)


HERE = CpiNames(NAMESPACE, "vcloud-ccm-configmap", "vcloud-ccm-config.yaml", "cloud-controller-manager", "backup")
DEFAULT = CpiNames("kube-system", "vcloud-ccm-configmap", "vcloud-ccm-config.yaml", "vmware-cloud-director-ccm", "b")
AT = {"deployments__cloud-controller-manager": deckhouse()}


def report_of(cluster: ClusterObjects, target: CpiNames) -> dict[str, Any]:
    return report(cluster, target, False)  # type: ignore[arg-type]  # a stand-in with what is used of the client


def test_the_file_in_a_secret_is_read() -> None:
    text = MINIMAL + "clusterid: NO_RDE_1\n"
    secret = {"data": {"cloud-config": base64.b64encode(text.encode()).decode()}}
    cluster = ClusterObjects(**{"secrets__ccm-controller-manager": secret, **AT})
    found = report_of(cluster, HERE)
    assert (found["scenario"], found["problems"], found["cluster_id"]) == ("distinct_internal", [], "NO_RDE_1")
    assert found["config_map"] is None
    assert found["config_source"]["name"] == "ccm-controller-manager"
    assert found["deployment"]["distribution"] == "Deckhouse"


@pytest.mark.parametrize("data", [None, {}, {"cloud-config": "not base64!"}, {"other": "eA=="}])
def test_a_secret_without_the_file_is_a_problem(data: Any) -> None:
    cluster = ClusterObjects(**{"secrets__ccm-controller-manager": {"data": data}, **AT})
    assert report_of(cluster, HERE)["problems"] == [
        f"Secret {NAMESPACE}/ccm-controller-manager has no key cloud-config with CPI's file"
    ]


def test_a_secret_that_the_user_may_not_read_names_the_missing_right() -> None:
    found = report_of(ClusterObjects(**{"ccm-controller-manager": 403, **AT}), HERE)
    assert found["problems"] == [
        f"CPI's file is in Secret {NAMESPACE}/ccm-controller-manager, and this user may not read it (get secrets, "
        f"ccm-controller-manager, namespace {NAMESPACE})"
    ]


def test_deckhouse_is_recognised_if_vmwares_cpi_does_not_exist() -> None:
    assert report_of(ClusterObjects(**AT), DEFAULT)["problems"] == [
        "ConfigMap kube-system/vcloud-ccm-configmap does not exist: this cluster runs Deckhouse's CPI; set "
        f"namespace to {NAMESPACE} and deployment to cloud-controller-manager, in the role shared_ip_namespace and "
        "shared_ip_deployment"
    ]
    for nothing in (ClusterObjects(), ClusterObjects(**{"deployments__cloud-controller-manager": 403})):
        assert report_of(nothing, DEFAULT)["problems"] == ["ConfigMap kube-system/vcloud-ccm-configmap does not exist"]


def test_a_config_map_with_another_name_is_named() -> None:
    (published,) = (one for one in objects_of("cpi-1.6.1") if one["kind"] == "Deployment")
    target = CpiNames("kube-system", "mine", "vcloud-ccm-config.yaml", "vmware-cloud-director-ccm", "b")
    (problem,) = report_of(ClusterObjects(**{"deployments__vmware-cloud-director-ccm": published}), target)["problems"]
    assert problem == (
        "ConfigMap kube-system/mine does not exist: CPI reads ConfigMap kube-system/vcloud-ccm-configmap, key "
        "vcloud-ccm-config.yaml; set name to vcloud-ccm-configmap and key to vcloud-ccm-config.yaml, in the role "
        "shared_ip_config_map and shared_ip_config_key"
    )
