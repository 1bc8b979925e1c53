# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: clusters found by their defined entities and by CPI's objects, as each user may see them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vcdsim
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.clusters import read_clusters
from role_runs import ansible_playbook
from vcdsim.testing import Simulator

ESTATE = Path(vcdsim.__file__).parent / "estates" / "two-tenants.yml"
UUID = "6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a{:04x}"
KUBECONFIG = "kubeconfig-of-an-administrator"
VIEW, ADMIN_VIEW = "vmware:capvcdCluster: View", "vmware:capvcdCluster: Administrator View"
GATEWAY, BALANCER, NAT = (f"Organization vDC Gateway: View{end}" for end in ("", " Load Balancer", " NAT"))
NETWORK = "Organization vDC Network: View Properties"


def urn(number: int) -> str:
    return f"urn:vcloud:entity:vmware:capvcdCluster:{UUID.format(number)}"


def entity(number: int, name: str, status: Any, **more: Any) -> dict[str, Any]:
    content = {"kind": "CAPVCDCluster", "spec": {"capiYaml": KUBECONFIG}, "status": status}
    return {"name": name, "id": urn(number), "type": ["vmware", "capvcdCluster", "1.1.0"], "entity": content, **more}


def status(network: str = "k8s-net", vdc: str = "acme-vdc", version: str = "1.6.1") -> dict[str, Any]:
    properties = {"orgVdcs": [{"name": vdc, "ovdcNetworkName": network}], "organizations": [{"name": "acme"}]}
    capvcd = {"phase": "Provisioned", "vcdProperties": properties, "private": {"kubeConfig": KUBECONFIG}}
    return {"cpi": {"name": "cloud-controller-manager", "version": version}, "capvcd": capvcd}


def service(cluster_id: str, port: str, vip: str, number: int) -> dict[str, Any]:
    """A virtual service as CPI names it, with its pool."""
    name = f"web-{cluster_id}-{port}"
    return {
        "name": f"ingress-vs-{name}", "pool": f"ingress-pool-{name}", "vip": vip, "port": number, "member_port": 30080,
        "members": ["10.10.0.11"], "service_engine_group": "seg-shared",
    }  # fmt: skip


def rule(cluster_id: str, port: str, external: str, internal: str, number: int) -> dict[str, Any]:
    name = f"dnat-ingress-vs-web-{cluster_id}-{port}"
    return {
        "name": name,
        "external_addresses": external,
        "internal_addresses": internal,
        "dnat_external_port": f"{number}",
    }


def estate() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ESTATE.read_text(encoding="utf-8"))
    acme, globex = found["organisations"]
    rights = {"cpi": [VIEW, GATEWAY, BALANCER, NAT, NETWORK], "blind": [GATEWAY, BALANCER, NAT], "half": [GATEWAY, NAT]}
    acme["users"] += [{"name": name, "password": "secret-12345", "rights": own} for name, own in rights.items()]
    first, second = f"capvcdCluster:{UUID.format(1)}", f"NO_RDE_{UUID.format(99)}"
    acme["entities"] = [
        entity(1, "prod-1", status()),
        entity(2, "prod-2", status("other-net", "acme-vdc-2", "1.5.0")),
        entity(3, "{{ lookup('pipe', 'false') }}", status("lost-net")),
        entity(4, "broken", "a text", state="RESOLUTION_ERROR"),
        entity(5, "mine", status(), owner="admin"),
        *(
            entity(number, f"more-{number}", {}, type=["vmware", "capvcdCluster", f"1.{number % 4}.0"])
            for number in range(10, 40)
        ),
    ]
    globex["entities"] = [entity(77, "globex-1", status("globex-net", "globex-vdc"))]
    edge, other = (vdc["edge_gateways"][0] for vdc in acme["vdcs"])
    edge["virtual_services"] = [
        service(first, "http", "203.0.113.10", 80),
        service(first, "https", "203.0.113.10", 443),
        service("prod-eu", "http", "203.0.113.11", 80),
    ]
    other["virtual_services"] = [service(second, "a", "192.168.8.2", 80), service(second, "b", "192.168.8.3", 81)]
    other["nat_rules"] = [
        rule(second, "a", "192.0.2.10", "192.168.8.2", 80), rule(second, "b", "192.0.2.10", "192.168.8.3", 81)
    ]  # fmt: skip
    return found


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    path = tmp_path_factory.mktemp("estate") / "clusters.yml"
    path.write_text(yaml.safe_dump(estate(), sort_keys=False), encoding="utf-8")
    with Simulator(path, task_seconds=0, api_versions="36.3,37.0,37.2,39.1") as simulator:
        yield simulator


def read(sim: Simulator, user: str = "kube", **options: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The clusters by id, and the warnings."""
    password = {"kube": "kube-secret-1", "admin": "admin-secret-1"}.get(user, "secret-12345")
    connection = {"url": sim.url, "ca_path": sim.ca, "org": "acme", "user": user, "password": password}
    version = options.pop("api_version", None)
    found = read_clusters({**connection, "api_version": version}, (), **options)
    assert KUBECONFIG not in json.dumps(found)
    assert not any("\n" in text for text in found["warnings"])
    return {one["id"]: one for one in found["clusters"]}, found["warnings"]


@pytest.mark.parametrize("version", ["36.3", "37.0", "39.1"])
def test_clusters_of_an_organization_are_read_over_several_pages(sim: Simulator, version: str) -> None:
    clusters, warnings = read(sim, api_version=version)
    by_name = {one["name"]: one for one in clusters.values()}
    assert {f"more-{number}" for number in range(10, 40)} < set(by_name)
    first = by_name["prod-1"]
    assert (first["known_by"], first["cpi_version"], first["org"], first["vdc"]) == (
        "entity",
        "1.6.1",
        "acme",
        "acme-vdc",
    )
    assert (first["scenario"], first["services"]) == ("shared_external", ["web"])
    assert first["edge_gateway"]["name"] == "acme-edge"
    assert first["edge_gateway"]["owner"]["name"] == "acme-vdc"
    # without objects, the network determines the edge gateway, and the VDC chooses between two networks or gateways
    assert by_name["prod-2"]["edge_gateway"]["owner"]["name"] == "acme-vdc-2"
    assert by_name["{{ lookup('pipe', 'false') }}"]["edge_gateway"] is None
    assert "RESOLUTION_ERROR" in by_name["broken"]["problem"]
    named = clusters[f"NO_RDE_{UUID.format(99)}"]
    assert (named["known_by"], named["scenario"], named["vdc"]) == ("names", "distinct_internal", "acme-vdc-2")
    assert "globex-1" not in by_name
    (unclear,) = warnings
    assert "ingress-vs-web-prod-eu-http" in unclear
    assert "cluster_ids" in unclear


def test_an_entity_of_another_user_needs_the_administrators_view(sim: Simulator) -> None:
    names = [{one["name"] for one in read(sim, user, sources=["entities"])[0].values()} for user in ("cpi", "admin")]
    assert names[1] - names[0] == {"mine"}


def test_a_user_without_the_right_gets_the_rest_and_the_name_of_the_right(sim: Simulator) -> None:
    clusters, warnings = read(sim, "blind")
    assert {one["known_by"] for one in clusters.values()} == {"names"}
    assert f"capvcdCluster:{UUID.format(1)}" in clusters
    assert any(repr(VIEW) in text for text in warnings)
    clusters, warnings = read(sim, "half")
    assert set(clusters) == {f"NO_RDE_{UUID.format(99)}"}  # by its NAT rules
    assert sum(repr(BALANCER) in text for text in warnings) == 4


def test_an_id_that_is_not_in_the_names_can_be_given(sim: Simulator) -> None:
    clusters, warnings = read(sim, cluster_ids=["prod-eu", " unused "], sources=["edge_gateways"])
    assert (clusters["prod-eu"]["services"], clusters["prod-eu"]["known_by"]) == (["web"], "id")
    assert (clusters["unused"]["services"], clusters["unused"]["edge_gateway"]) == ([], None)
    assert warnings == []


def test_edge_gateways_that_are_named_are_the_only_ones_read(sim: Simulator) -> None:
    with pytest.raises(CollectionError, match="did you mean acme-edge") as refused:
        read(sim, edge_gateways=["acme-egde"])
    assert "\n" not in refused.value.message
    clusters, _warnings = read(sim, edge_gateways=["acme-edge"], sources=["edge_gateways"])
    assert len(clusters) == 2  # both of that name


def inventories(folder: Path) -> list[str]:
    """Three inventory files: a plain one, one with a cache, and one for another plugin."""
    plain = {
        "plugin": "vcd.kubernetes.vcd_clusters",
        "strict": True,
        "org": "{{ 'ac' ~ 'me' }}",
        "compose": {"shared_ip_context": "vcd_cluster_name", "copied": "vcd_cluster_phase"},
        "groups": {"movable": "vcd_cluster_edge_gateway is truthy and vcd_cluster_problem is falsy"},
        "keyed_groups": [
            {"key": "vcd_cluster_known_by", "prefix": "known_by"},
            {"key": "vcd_cluster_kubernetes_version", "prefix": "kubernetes", "default_value": "unknown"},
        ],
    }
    cached = {**copy.deepcopy(plain), "cache": True, "cache_plugin": "ansible.builtin.jsonfile"}
    cached |= {"cache_connection": str(folder / "cache"), "edge_gateways": ["acme-edge"]}
    words = []
    for name, content in (("plain", plain), ("cached", cached)):
        path = folder / f"{name}.vcd_clusters.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        words += ["-i", str(path)]
    return words


def test_the_plugin_fills_an_inventory_that_a_playbook_uses(sim: Simulator, tmp_path: Path) -> None:
    words = inventories(tmp_path)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {
            "free": "{{ query('vcd.kubernetes.vcd_free_ip', 'acme-edge', vdc='acme-vdc-2', org='acme', count=2) }}",
            "services": "{{ resources | vcd.kubernetes.shared_ip_services(members=['10.10.0.11']) }}",
            "resources": [
                {
                    "kind": "Service",
                    "metadata": {"name": "web", "namespace": "shop"},
                    "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]},
                }
            ],
        },
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": "{{ [groups, dict(hostvars), free, services] | to_json }}",
                    "dest": str(tmp_path / "found.json"),
                    "mode": "0600",
                }
            }
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    environment = {"VCD_URL": sim.url, "VCD_CA_PATH": str(sim.ca), "VCD_USER": "kube", "VCD_PASSWORD": "kube-secret-1"}
    code, output = ansible_playbook(tmp_path, [*words, "play.yml"], environment)
    assert code == 0, output
    assert "Failed to parse" not in output
    print(output)
    found = json.loads((tmp_path / "found.json").read_text())
    groups, hosts, free, services = found
    assert "prod-1" in groups["vcd_org_acme"]
    assert "prod-1" in groups["vcd_vdc_acme_vdc"]
    assert groups["vcd_edge_gateway_acme_vdc_acme_edge"] == ["prod-1"]
    assert groups["vcd_scenario_shared_external"] == ["prod-1"]
    assert "prod-1" in groups["vcd_cpi_1_6_1"]
    assert set(groups["movable"]) == {"prod-1", "prod-2", f"NO_RDE_{UUID.format(99)}"}
    assert groups["known_by_names"] == [f"NO_RDE_{UUID.format(99)}"]
    assert free == ["192.0.2.11", "192.0.2.12"]
    assert [(one["name"], one["members"]) for one in services] == [("web", ["10.10.0.11"])]
    first = hosts["prod-1"]
    assert (first["shared_ip_context"], first["copied"]) == ("prod-1", "Provisioned")
    assert (first["shared_ip_edge_gateway"], first["shared_ip_vdc"]) == ("acme-edge", "acme-vdc")
    assert (first["shared_ip_vcd_url"], first["shared_ip_vcd_org"]) == (sim.url, "acme")
    # the name of this cluster is a template, which must never be evaluated
    names = [one["vcd_cluster_name"] for one in hosts.values() if "pipe" in str(one.get("vcd_cluster_name"))]
    assert names == ["{{ lookup('pipe', 'false') }}"]
    everything = json.dumps(found) + output + "".join(path.read_text() for path in (tmp_path / "cache").iterdir())
    assert KUBECONFIG not in everything
    assert "kube-secret-1" not in everything
    assert "cluster 'broken': Cloud Director could not resolve" in " ".join(output.split())
