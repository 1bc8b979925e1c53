# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orphans in the role: live objects are never removed, and removed objects provably belong to the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from kube_double.testing import KubeDouble
from role_runs import FIXTURES, Case, cpi_objects, writes
from test_migration import CLUSTER_ID, MEMBERS, failed, made, manifest, migrate, play
from vcdsim.testing import Simulator

KINDS = ("virtual_services", "pools", "nat_rules", "application_port_profiles")
ESTATES = Path(__file__).resolve().parents[2] / "simulator" / "vcdsim" / "estates"
PRUNE = {"shared_ip_scenario": "distinct_internal", "shared_ip_prune": "true"}


def objects_of(cluster_id: str, service: str, external_ip: str, *ports: tuple[str, int]) -> Case:
    """The objects of one Service of a cluster."""
    found = [{"name": name, "port": number, "node_port": 30000 + number} for name, number in ports]
    given = {"name": service, "namespace": "default", "external_ip": external_ip, "members": MEMBERS, "ports": found}
    options = {
        "edge_gateway": "acme-edge", "cluster_id": cluster_id, "scenario": "distinct_internal", "services": [given],
    }  # fmt: skip
    return Case(f"{service} of {cluster_id}", {}, task={"vcd.kubernetes.vcd_shared_ip": options})


def in_kubernetes(service: str, external_ip: str, *ports: tuple[str, int]) -> dict[str, Any]:
    """The same Service in Kubernetes."""
    numbers = [{"name": name, "port": port, "nodePort": 30000 + port, "protocol": "TCP"} for name, port in ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "ports": numbers},
        "status": {"loadBalancer": {"ingress": [{"ip": external_ip}]}},
    }


def cluster_of(cluster_id: str) -> list[Any]:
    """A cluster with CPI, whose id is free text."""
    text = (FIXTURES / "cpi-1.6.1.manifest").read_text().replace(f"clusterid: {CLUSTER_ID}", f"clusterid: {cluster_id}")
    assert cluster_id in text
    return [FIXTURES / "cluster.manifest", *(one for one in yaml.safe_load_all(text) if one)]


def names(sim: Simulator) -> set[str]:
    dump = sim.dump()
    return {one["name"] for kind in KINDS for one in dump[kind] if one.get("scope") != "SYSTEM"}


WEB = (("http", 80), ("https", 443))


def test_live_objects_are_never_removed_whatever_their_names(tmp_path: Path) -> None:
    """Names of web-prod can be read as names of a Service web, and names of prod-eu as ports of the cluster prod."""
    with Simulator(task_seconds=0, health_seconds=0) as sim, KubeDouble(objects=cluster_of("prod")) as kube:
        kube.load([in_kubernetes("web-prod", "203.0.113.10", *WEB)])
        cases = [
            objects_of("prod", "web-prod", "203.0.113.10", *WEB),
            objects_of("prod-eu", "web", "203.0.113.20", *WEB),
            objects_of("prod", "gone", "203.0.113.30", *WEB),
        ]
        assert failed(play(tmp_path / "1", cases, sim, kube)) == {}
        before, done = names(sim), writes(sim)
        gone = sorted(name for name in before if "-gone-prod-" in name)
        assert (len(before), len(gone)) == (24, 8)
        run = play(tmp_path / "2", [Case("prune", PRUNE)], sim, kube)
        assert failed(run) == {}
        assert (names(sim), writes(sim)) == (before, done)
        assert "it may belong to another cluster, with an id like prod-eu" in run.output
        assert (run.outcomes["prune"]["msg"]["changed"], run.outcomes["prune"]["msg"]["verified"]) == (False, True)

        alive = next(name for name in before if "-web-prod-prod-http" in name)
        refused = [
            Case("a live one", {**PRUNE, "shared_ip_prune_objects": [alive]}),
            Case("none", {**PRUNE, "shared_ip_prune_objects": ["ingress-vs-nope-prod-http"]}),
            Case("unasked", {**PRUNE, "shared_ip_prune": False, "shared_ip_prune_objects": gone[:1]}),
        ]
        said = failed(play(tmp_path / "3", refused, sim, kube))
        assert "of default/web-prod" in said["a live one"]
        assert "does not exist" in said["none"]
        assert "set shared_ip_prune: true, too" in said["unasked"]
        assert writes(sim) == done

        named = {**PRUNE, "shared_ip_prune_objects": ",".join(gone)}
        planned = play(tmp_path / "4", [Case("plan", named)], sim, kube, "--check", "--diff")
        assert "then 8 orphans are removed" in planned.output
        assert writes(sim) == done
        run = play(tmp_path / "5", [Case("named", named)], sim, kube)
        assert failed(run) == {}
        assert names(sim) == before - set(gone)
        assert (run.outcomes["named"]["msg"]["changed"], run.outcomes["named"]["msg"]["verified"]) == (True, True)


def estate_with_entity(folder: Path, listed: list[dict[str, str]]) -> Path:
    """The estate one-edge, with the objects that CPI has listed in the entity of its cluster."""
    found = yaml.safe_load((ESTATES / "one-edge.yml").read_text())
    (entity,) = found["organisations"][0]["entities"]
    entity["entity"]["status"] = {"cpi": {"name": "cloud-controller-manager", "vcdResourceSet": listed}}
    path = folder / "estate.yml"
    path.write_text(yaml.safe_dump(found))
    return path


def of_api(short: str = CLUSTER_ID.removeprefix("urn:vcloud:entity:vmware:")) -> list[dict[str, str]]:
    """The objects that CPI lists for the Service api."""
    tail = f"api-{short}-p8080"
    kinds = {
        "virtual-service": "ingress-vs-", "lb-pool": "ingress-pool-", "dnat-rule": "dnat-ingress-vs-",
        "app-port-profile": "appPort_dnat-ingress-vs-",
    }  # fmt: skip
    return [{"type": kind, "id": "urn:x", "name": f"{start}{tail}"} for kind, start in kinds.items()]


def test_the_entity_of_cpi_shows_the_leftovers_of_a_deleted_service(tmp_path: Path) -> None:
    estate = estate_with_entity(tmp_path, of_api())
    with Simulator(estate) as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        cases = [made("distinct_internal"), Case("listed", {**PRUNE, "shared_ip_prune": ""}), Case("pruned", PRUNE)]
        run = play(tmp_path / "1", cases, sim, kube)
        assert failed(run) == {}
        changed = [outcome["msg"]["changed"] for name, outcome in run.outcomes.items() if name in ("listed", "pruned")]
        assert changed == [False, True]
        assert len(names(sim)) == 8
        assert all("-web-" in name for name in names(sim))
        # read again after the last write
        seen = [f"{entry['method']} {entry['path']}" for entry in sim.journal() if "/sessions" not in entry["path"]]
        last = max(place for place, text in enumerate(seen) if text.startswith("DELETE"))
        assert any("virtualServiceSummaries" in text for text in seen[last:])


def test_without_proof_orphans_stay_and_the_reason_is_reported(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        run = play(tmp_path / "1", [made("distinct_internal"), Case("pruned", PRUNE)], sim, kube)
        assert failed(run) == {}
        assert len(names(sim)) == 12
        assert "only its name shows that it may belong to this cluster" in run.output
        assert "CPI's entity in Cloud Director lists no objects of CPI" in run.output


def test_the_restore_point_shows_the_leftovers_of_a_renamed_port(tmp_path: Path) -> None:
    """A port is renamed after a migration. The next one removes the objects of its old name, which are in the way."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web"), manifest("api")])
        assert failed(play(tmp_path / "1", [made("distinct_internal"), migrate("shared_internal")], sim, kube)) == {}
        renamed = manifest("api")
        renamed["spec"]["ports"][0]["name"] = "admin"
        kube.load([renamed])
        run = play(tmp_path / "2", [migrate("shared_internal", "stuck")], sim, kube)
        assert "no live Service and port has this name: shared_ip_prune: true removes it" in failed(run)["stuck"]
        cases = [migrate("shared_internal", "moved", prune=True), migrate("shared_internal", "again", prune=True)]
        run = play(tmp_path / "3", cases, sim, kube)
        assert failed(run) == {}
        assert [run.outcomes[name]["msg"]["changed"] for name in ("moved", "again")] == [True, False]
        assert sorted({name.rpartition("-")[2] for name in names(sim) if "-api-" in name}) == ["admin"]
        assert len(names(sim)) == 12
