# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live Services of a cluster whose scenario changes under them, and what must hold before, during and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from control_plane.api import wait_until
from control_plane.cpi import NAMESPACE
from invariants import (
    Gap,
    Port,
    Service,
    all_down,
    always_referenced,
    is_lock,
    is_write,
    one_write_at_a_time,
    only_planned,
)
from moving import ESTATES, STRICT, others
from real_model import add, ports_of, service_on
from real_stage import CLUSTER, SERVED_SECONDS, Object, Run, Stage
from real_tenant import Objects

NEIGHBOUR = "urn:vcloud:entity:vmware:capvcdCluster:11111111-2222-4333-8444-555555555555"
OPERATOR = "operator"
CPI = "kube"
# CPI updates virtual services that share their VIP, so it needs a VCD that allows that.
CPI_WORKS = {**STRICT, "put_shared_vip_vs": "allowed"}
PANIC = "panic: runtime error"
KINDS = ("ingress-vs-", "ingress-pool-", "dnat-ingress-vs-", "appPort_dnat-ingress-vs-")


def estate_for_two(folder: Path, name: str) -> Path:
    """An estate with a second cluster, and with a user who has CPI's rights and moves Services.

    So the journal shows whether CPI or that user has written.
    """
    found = yaml.safe_load((ESTATES / f"{name}.yml").read_text(encoding="utf-8"))
    (acme,) = found["organisations"]
    cpi = next(user for user in acme["users"] if user["name"] == CPI)
    acme["users"].append({"name": OPERATOR, "password": f"{OPERATOR}-secret-1", "role": cpi["role"]})
    (own,) = acme["entities"]
    acme["entities"].append({**own, "name": "acme-neighbour", "id": NEIGHBOUR})
    path = folder / f"{name}-for-two.yml"
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    return path


class Live:
    """The Services that CPI serves on a stage, and the external IP of each."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.services = stage, dict[str, Object]()
        self.ips: dict[str, str] = {}
        self.given: set[str] = set()
        self.others = self._others()

    def create(self, *services: Object) -> None:
        """Create Services and wait until CPI serves them."""
        for item in services:
            name = item["metadata"]["name"]
            self.ips[name], self.services[name] = self.stage.create(item), item

    def shown_ips(self) -> dict[str, str]:
        """The external IPs that Kubernetes shows."""
        return {name: self.stage.external_ip(name) for name in self.services}

    def move(self, run: Callable[[Live, str], Run], scenario: str, rules: Mapping[str, str] | None = None) -> Run:
        """Change the scenario with ``run``, which starts CPI at its end; wait until CPI has synced everything.

        ``rules`` are rules of VCD that no public source confirms; by default those with which CPI works.
        """
        assumed = rules or CPI_WORKS
        vcd, pools, dump = self.stage.vcd, self.stage.objects().pools, self.stage.vcd.dump()
        vcd.assume(**assumed)
        vcd.journal(clear=True)
        done = run(self, scenario)
        assert done.code == 0, done
        self.wait_for_cpi()
        journal, timeline = vcd.journal(), vcd.timeline()
        assert self.shown_ips() == self.ips
        self._check_objects(Scenario(scenario), pools)
        (edge,) = dump["edge_gateways"]
        # application port profiles are created ahead, in parallel with the tasks that hold the gateway's lock
        waited_for = [entry for entry in timeline if entry["kind"] != "task" or edge["id"] in entry["locks"]]
        self._check_window(waited_for, dump, assumed["vip_dnat_same_address"])
        assert one_write_at_a_time(timeline, edge["id"], OPERATOR) == []
        assert only_planned(journal, self.names(), OPERATOR) == []
        self._check_cpi(journal)
        assert self._others() == self.others, "something of another cluster was touched"
        return done

    def wait_for_cpi(self) -> None:
        """Wait until CPI, which has just started, has dealt with each Service."""
        self.stage.cluster.wait_for_cpi()

        def done() -> bool:
            synced = self.stage.synced()
            return all("EnsuredLoadBalancer" in synced.get(name, ()) for name in self.services)

        try:
            wait_until(done, "CPI has dealt with each Service", SERVED_SECONDS, every=0.3)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.stage.cluster.cpi_logs()[-6000:]}") from None

    def change_nodes(self) -> None:
        """A node leaves and joins: the pools must follow, and CPI must live on."""
        before = self.stage.objects()
        self.stage.serve_from(all_workers=False)
        wait_until(lambda: self._members() == {1}, "each pool has one member")
        self.stage.serve_from(all_workers=True)
        wait_until(lambda: self._members() == {2}, "each pool has two members")
        after = self.stage.objects()
        for pool in (*before.pools.values(), *after.pools.values()):
            del pool["health_monitors"]  # released versions of CPI lose it, see docs/flag-flips.md
        assert after.differences(before) == []
        pod = self.stage.cluster.wait_for_cpi()
        assert PANIC not in self.stage.cluster.agent.logs(NAMESPACE, pod)
        assert self.shown_ips() == self.ips

    def allocate(self, address: str) -> None:
        """Allocate an address of the IP Space manually, as ``loadBalancerIP`` needs it; CPI does not release it."""
        (space,) = self.stage.vcd.dump()["ip_spaces"]
        with self.stage.tenant() as tenant:
            tenant.create(f"ipSpaces/{space['id']}/allocate", {"type": "FLOATING_IP", "value": address})
        self.given.add(address)

    def delete(self, name: str) -> None:
        """Delete a Service: CPI must delete all of its objects and nothing else."""
        before = self.stage.objects()
        own = self.names([name])
        self.stage.delete(name)
        after = self.stage.objects()
        assert after.names == before.names - own
        for kind, found in vars(after).items():
            assert found.items() <= vars(before)[kind].items()
        address = self.ips.pop(name)
        del self.services[name]
        assert address in self.given or address not in self.claimed()
        assert self._others() == self.others

    def claimed(self) -> set[str]:
        """The addresses that are allocated from IP Spaces."""
        return {one["value"] for one in self.stage.vcd.dump().get("ip_space_allocations", [])}

    def names(self, services: Iterable[str] | None = None) -> set[str]:
        """The names of all objects that the Services may have."""
        chosen = self.services if services is None else list(services)
        return {
            f"{kind}{name}-{_short(CLUSTER)}-{port}" for kind in KINDS for name in chosen for port in self._ports(name)
        }

    def option(self, name: str) -> Object:
        """A Service as vcd_shared_ip takes it."""
        ports = [
            {"name": port.name, "port": port.port, "node_port": port.node_port, "app_protocol": port.protocol,
             "certificate": port.certificate}
            for port in ports_of(self.stage, name, "web-cert")
        ]  # fmt: skip
        return {"name": name, "namespace": "default", "external_ip": self.ips[name], "ports": ports}

    def _ports(self, name: str) -> list[str]:
        return [str(port["name"]) for port in self.services[name]["spec"]["ports"]]

    def _members(self) -> set[int]:
        pools = self.stage.objects().pools
        return {len(pools[name]["members"]) for name in self.names() & set(pools)}

    def _others(self) -> Object:
        """All objects of other clusters, with identifiers and versions."""
        dump = self.stage.vcd.dump()
        mine = _short(CLUSTER)
        return others(dump, [one["name"] for kind in dump.values() for one in kind if mine in str(one.get("name"))])

    def _check_objects(self, scenario: Scenario, pools: dict[str, Object]) -> None:
        """The objects are those of the inventory. Pools are unchanged, except that a node that CPI had lost is back."""
        found = self.stage.objects()
        expected, taken = Objects({}, {}, {}, {}), set[str]()
        for name, item in self.services.items():
            vips = [
                found.virtual_services[f"ingress-vs-{name}-{_short(CLUSTER)}-{port}"]["virtual_ip_address"]
                for port in self._ports(name)
            ]
            internal = {"shared_external": (), "shared_internal": vips[:1], "distinct_internal": vips}[scenario.value]
            assert len(set(internal)) == len(internal)
            assert not taken & set(internal), "two Services have one internal IP"
            taken |= set(internal)
            for objects in service_on(self.stage, item, scenario, self.ips[name], internal):
                add(expected, objects)
        for name in set(pools) & set(expected.pools):
            expected.pools[name] = {**pools[name], "members": expected.pools[name]["members"]}
        strangers = {name for name in found.names if _short(CLUSTER) not in name}
        for kind in (vars(found), vars(expected)):
            for objects in kind.values():
                for name in strangers & set(objects):
                    del objects[name]
        differences = found.differences(expected)
        assert not differences, "\n".join(differences)

    def _check_window(self, timeline: list[Object], dump: Object, overlap: str) -> None:
        """The external IPs were always held, and of several ports not all were down at once, as far as VCD allows."""
        gaps: list[Gap] = always_referenced(timeline, dump, self.ips.values())
        seen = [self._seen(name) for name in self.services]
        down = all_down(timeline, dump, seen)
        if overlap == "allowed":
            assert (gaps, down) == ([], [])
        assert len(gaps) <= len(self.ips)
        assert all(gap.to is not None and gap.tasks <= 1 for gap in gaps), gaps
        assert all(one.to is not None for one in down), down

    def _seen(self, name: str) -> Service:
        ports = []
        for port in ports_of(self.stage, name, "web-cert"):
            virtual_service = f"ingress-vs-{name}-{_short(CLUSTER)}-{port.name}"
            ports.append(Port(self.ips[name], port.port, virtual_service, f"dnat-{virtual_service}"))
        return Service(name, tuple(ports))

    def _check_cpi(self, journal: list[Object]) -> None:
        """CPI wrote nothing while Services moved, and created and deleted nothing afterwards; its PUTs were accepted.

        The lock of the gateway does not count: it is taken while CPI still runs, which then may try once more.
        """
        writes = [entry for entry in journal if is_write(entry) and not is_lock(entry)]
        moved = [number for number, entry in enumerate(writes) if entry["user"] == OPERATOR]
        first, end = (moved[0], moved[-1] + 1) if moved else (0, 0)
        meanwhile = [entry for entry in writes[first:end] if entry["user"] != OPERATOR]
        assert not meanwhile, meanwhile
        # CPI repeats an update of the cluster's entity that another update of its own overtook (412), up to ten times:
        # vcdsdk/defined_entity.go, MaxRDEUpdateRetries
        wrong = [
            entry
            for entry in writes[end:]
            if entry["method"] != "PUT" or (entry["status"] >= 300 and entry["code"] != "PRECONDITION_FAILED")
        ]
        assert not wrong, wrong


def _short(cluster_id: str) -> str:
    return cluster_id.removeprefix("urn:vcloud:entity:vmware:")


def by_role(live: Live, scenario: str) -> Run:
    """The role moves the Services."""
    folder = str(live.stage.folder / "restore-points")
    return live.stage.playbook(
        "vcd.kubernetes.shared_ip",
        shared_ip_scenario=scenario,
        shared_ip_existing="migrate",
        shared_ip_restore_dir=folder,
    )


def by_restore(live: Live, _scenario: str) -> Run:
    """The playbook restore takes the last move of the role back."""
    folder = str(live.stage.folder / "restore-points")
    return live.stage.playbook("vcd.kubernetes.restore", shared_ip_restore_dir=folder)


def by_module(live: Live, scenario: str) -> Run:
    """The module moves them between a stop of CPI and its start with the other flags."""
    live.stage.stop_cpi()
    done = live.stage.module(
        "vcd.kubernetes.vcd_shared_ip",
        edge_gateway="acme-edge",
        cluster_id=CLUSTER,
        scenario=scenario,
        services=[live.option(name) for name in live.services],
    )
    if done.code == 0:
        live.stage.flip(scenario)
    return done
