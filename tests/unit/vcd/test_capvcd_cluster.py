# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a CAPVCD cluster's defined entity, in each version of its type, even if its content is odd."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.capvcd_cluster.resource import to_result
from hypothesis import given
from hypothesis import strategies as st

URN = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
TYPE = "urn:vcloud:type:vmware:capvcdCluster:"
KUBECONFIG = "apiVersion: v1, a kubeconfig with the key of an administrator"
CAPI = "kind: Secret, with the password of CPI's user"
# The fields, by version of the type.
VERSIONS: dict[str, dict[str, Any]] = {
    "1.0.0": {
        "kind": "CAPVCDCluster",
        "metadata": {"name": "prod", "orgName": "acme", "virtualDataCenterName": "vdc-1", "site": "https://vcd"},
        "spec": {"settings": {"ovdcNetwork": "k8s-net"}, "capiYaml": CAPI},
        "status": {
            "phase": "Provisioned",
            "kubernetes": "v1.21.8",
            "capvcdVersion": "0.5.1",
            "cpi": {"version": "1.1.0"},
            "clusterApiStatus": {"phase": "Provisioned", "apiEndpoints": [{"host": "203.0.113.9", "port": 6443}]},
            "cloudProperties": {"orgName": "acme", "virtualDataCenterName": "vdc-1", "ovdcNetworkName": "k8s-net"},
        },
    },
    "1.1.0": {
        "kind": "CAPVCDCluster",
        "metadata": {"name": "prod", "vcdOrg": [{"name": "acme"}], "orgVdc": [{"name": "vdc-1"}]},
        "spec": {"capiYaml": CAPI, "yamlSet": []},
        "status": {
            "cpi": {"name": "cloud-controller-manager", "version": "1.1.0", "vcdResourceSet": []},
            "capvcd": {
                "phase": "Provisioned",
                "kubernetes": "v1.21.8",
                "capvcdVersion": "0.5.1",
                "clusterApiStatus": {"apiEndpoints": [{"host": "203.0.113.9", "port": 6443}]},
                "vcdProperties": {
                    "vcdOrg": [{"name": "acme", "id": "x"}],
                    "orgVdc": [{"name": "vdc-1", "id": "y"}],
                    "ovdcNetworkName": "k8s-net",
                },
                "private": {"kubeConfig": KUBECONFIG},
            },
        },
    },
    "1.3.0": {
        "kind": "CAPVCDCluster",
        "metadata": {"name": "prod", "orgName": "acme", "virtualDataCenterName": "vdc-1"},
        "spec": {"capiYaml": CAPI},
        "status": {
            "cpi": {"version": "1.1.0"},
            "capvcd": {
                "phase": "Provisioned",
                "upgrade": {"current": {"kubernetesVersion": "v1.21.8"}, "ready": True},
                "capvcdVersion": "0.5.1",
                "clusterApiStatus": {"apiEndpoints": [{"host": "203.0.113.9", "port": 6443}]},
                "vcdProperties": {
                    "organizations": [{"name": "acme", "id": "x"}],
                    "orgVdcs": [{"name": "vdc-1", "id": "y", "ovdcNetworkName": "k8s-net"}],
                },
                "private": {"kubeConfig": KUBECONFIG},
            },
        },
    },
}
FOUND = {
    "id": URN,
    "name": "prod",
    "org": "acme",
    "vdc": "vdc-1",
    "network": "k8s-net",
    "cpi_version": "1.1.0",
    "capvcd_version": "0.5.1",
    "kubernetes_version": "v1.21.8",
    "phase": "Provisioned",
    "api_endpoint": "203.0.113.9:6443",
    "problem": "",
}


def body(entity: Any, version: str = "1.1.0", **more: Any) -> dict[str, Any]:
    return {"id": URN, "entityType": f"{TYPE}{version}", "name": "prod", "entity": entity, "state": "RESOLVED", **more}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_the_type_is_read_without_its_secrets(version: str) -> None:
    found = to_result(body(VERSIONS[version], version))
    assert found == FOUND
    assert KUBECONFIG not in json.dumps(found)
    assert CAPI not in json.dumps(found)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"state": "RESOLUTION_ERROR"}, "RESOLUTION_ERROR"),
        ({"state": "RESOLVED", "entityState": "IN_DELETION"}, "being deleted"),
        ({"state": "PRE_CREATED"}, "is not resolved"),
        ({"entityType": "urn:vcloud:type:vmware:capvcdCluster"}, "VERSION"),
        ({"entityType": None}, "VERSION"),
        ({"entity": None}, "is empty"),
        ({"entity": []}, "is empty"),
        ({"entity": {"kind": "CAPVCDCluster"}}, "has no status"),
        ({"entity": {"status": "gone"}}, "has no status"),
    ],
)
def test_faults_of_an_entity_are_named(changed: dict[str, Any], problem: str) -> None:
    found = to_result({**body(VERSIONS["1.1.0"]), **changed})
    assert problem in found["problem"]
    assert "\n" not in found["problem"]
    assert (found["id"], found["name"]) == (URN, "prod")


def test_an_empty_entity_is_not_a_problem() -> None:
    assert to_result(body({"kind": "CAPVCDCluster", "status": {}}))["problem"] == ""


def test_the_organization_of_the_entity_takes_precedence_over_its_content() -> None:
    assert to_result(body(VERSIONS["1.1.0"], org={"name": "globex"}))["org"] == "globex"


KEYS = ("status", "capvcd", "vcdProperties", "orgVdcs", "name", "cpi", "version", "metadata")
KEYS += ("clusterApiStatus", "apiEndpoints", "host", "port")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(entity=ANYTHING, org=ANYTHING, state=ANYTHING, name=ANYTHING)
def test_any_entity_becomes_a_cluster_with_texts(entity: Any, org: Any, state: Any, name: Any) -> None:
    found = to_result(body(entity, org=org, entityState=state, name=name))
    assert set(found) == set(FOUND)
    assert all(isinstance(value, str) for value in found.values())
