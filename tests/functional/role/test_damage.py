# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is damaged, a verification fails and names the port. The modules run against both doubles.

One test runs the real ansible-playbook, to see how the role reports a failed verification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kube_double.testing import KubeDouble
from role_runs import Case, connection, cpi_objects, writes
from runs import ModuleRun
from simulator_bench import Api, Scene
from test_migration import CLUSTER_ID, MEMBERS, failed, manifest, migrate, option, play
from vcdsim.testing import Simulator

Json = dict[str, Any]
Change = tuple[str, Json]
SHORT_ID = CLUSTER_ID.removeprefix("urn:vcloud:entity:vmware:")


class DamagedCluster:
    """A cluster with one Service, web, and a gateway with the objects that CPI creates in distinct_internal."""

    def __init__(self, sim: Simulator, kube: KubeDouble) -> None:
        self.sim, self.kube = sim, kube

    def asked(self, module: str, options: Json) -> Json:
        """The result of a module."""
        return ModuleRun(module, options, connection(self.sim, self.kube)).start().wait()

    def done(self, module: str, /, **options: Any) -> None:
        """Run a module as an operator would. It must succeed."""
        found = self.asked(module, {"edge_gateway": "acme-edge", **options})
        assert not found.get("failed"), found.get("msg")

    def verified(self) -> Json:
        """What a verification finds. It writes nothing."""
        before = writes(self.sim, self.kube)
        found = self.asked("vcd_cluster_shared_ip", {"phase": "verify"})
        assert not found.get("failed"), found.get("msg")
        assert writes(self.sim, self.kube) == before
        return found

    def complaint(self) -> str:
        """The one-line message of a failed verification."""
        verification = self.verified()["verification"]
        assert verification["ok"] is False
        summary: str = verification["summary"]
        assert "\n" not in summary
        return summary


@pytest.fixture(scope="module")
def doubles() -> Iterator[tuple[DamagedCluster, Mapping[str, int]]]:
    """Both doubles, and two snapshots of the simulator: the start of each test, and the empty gateway."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        estate = DamagedCluster(sim, kube)
        empty = sim.snapshot()
        estate.done("vcd_shared_ip", cluster_id=CLUSTER_ID, scenario="distinct_internal", services=[option("web")])
        yield estate, {"empty": empty, "made": sim.snapshot()}


@pytest.fixture
def estate(doubles: tuple[DamagedCluster, Mapping[str, int]], request: pytest.FixtureRequest) -> DamagedCluster:
    found, states = doubles
    found.sim.restore(states[getattr(request, "param", "made")])
    found.kube.reset()
    found.kube.load([manifest("web")])
    return found


def name(port: int, prefix: str = "ingress-vs") -> str:
    """The name of an object of a port of the Service web."""
    return f"{prefix}-web-{SHORT_ID}-p{port}"


def rule(port: int) -> str:
    return f"dnat-{name(port)}"


def change(module: str, **options: Any) -> Change:
    """One change of one object, as an operator would make it."""
    return module, options


def gone(module: str, what: str) -> Change:
    return change(module, name=what, state="absent")


def other_port(port: int, node_port: int) -> list[Json]:
    return [{"ip_address": address, "port": node_port} for address in MEMBERS]


# The damage to the Service web in distinct_internal, and what the message must contain
DAMAGE: dict[str, tuple[list[Change], str]] = {
    "virtual service gone": (
        [gone("vcd_virtual_service", name(443))],
        r"port p443: virtual service \S+-p443 is missing",
    ),
    "rule gone": ([gone("vcd_nat_rule", rule(80))], r"port p80: DNAT rule \S+-p80 is missing"),
    "virtual service disabled": (
        [change("vcd_virtual_service", name=name(80), enabled=False)],
        r"port p80: virtual service \S+-p80 is disabled",
    ),
    "rule disabled": (
        [change("vcd_nat_rule", name=rule(80), enabled=False)],
        r"port p80: DNAT rule \S+-p80 is disabled",
    ),
    "pool disabled": (
        [change("vcd_pool", name=name(80, "ingress-pool"), enabled=False)],
        r"port p80: pool \S+-p80 is disabled",
    ),
    "wrong port of a virtual service": (
        [change("vcd_virtual_service", name=name(80), service_ports=[{"start": 8080}])],
        r"port p80: virtual service \S+-p80 listens on port 8080, not 80",
    ),
    "wrong external port of a rule": (
        [change("vcd_nat_rule", name=rule(80), dnat_external_port="8080")],
        r"port p80: DNAT rule \S+-p80 is for port 8080, not 80",
    ),
    "rule to nowhere": (
        [change("vcd_nat_rule", name=rule(80), internal_addresses="192.168.8.9")],
        r"port p80: DNAT rule \S+-p80 leads to 192\.168\.8\.9, not 192\.168\.8\.2",
    ),
    "rule to the other port's address": (
        [change("vcd_nat_rule", name=rule(80), internal_addresses="192.168.8.3")],
        r"port p80: DNAT rule \S+-p80 leads to 192\.168\.8\.3, not 192\.168\.8\.2",
    ),
    "foreign pool": (
        [
            change("vcd_pool", name="foreign", members=other_port(443, 30443)),
            change("vcd_virtual_service", name=name(80), pool="foreign"),
        ],
        r"port p80: virtual service \S+-p80 uses pool foreign, not ingress-pool-web-\S+-p80",
    ),
    "member port": (
        [change("vcd_pool", name=name(80, "ingress-pool"), members=other_port(80, 31999))],
        r"port p80: pool \S+-p80 has members on port (31999|several ports), not 30080",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_verify_fails_and_says_which_port_is_not_served(kind: str, estate: DamagedCluster) -> None:
    damage, says = DAMAGE[kind]
    for module, options in damage:
        estate.done(module, **options)
    message = estate.complaint()
    assert "default/web" in message
    assert re.search(says, message), message


def test_the_role_reports_the_damage_and_verifies_every_repair(tmp_path: Path, estate: DamagedCluster) -> None:
    no_rule = {"edge_gateway": "acme-edge", "name": rule(80), "state": "absent"}
    cases = [
        Case("sound", {}, tasks_from="verify"),
        Case("damage", {}, task={"vcd.kubernetes.vcd_nat_rule": no_rule}),
        Case("damaged", {}, tasks_from="verify"),
        migrate("distinct_internal", "repair"),
        Case("repaired", {}, tasks_from="verify"),
    ]
    run = play(tmp_path / "run", cases, estate.sim, estate.kube)
    said = failed(run)
    assert list(said) == ["damaged"]
    assert "default/web" in said["damaged"]
    assert re.search(DAMAGE["rule gone"][1], said["damaged"]), said
    assert [one["state"] for one in run.outcomes["repair"]["msg"]["migrations"]] == ["repaired"]


def test_several_rules_with_one_name_are_reported(estate: DamagedCluster) -> None:
    estate.done(
        "vcd_nat_rule", name="another", type="DNAT", external_addresses="203.0.113.12",
        internal_addresses="192.168.8.2", dnat_external_port="80",
    )  # fmt: skip
    another = next(one["id"] for one in estate.sim.dump()["nat_rules"] if one["name"] == "another")
    estate.done("vcd_nat_rule", id=another, name=rule(80))
    assert f"several NAT rules are named {rule(80)}" in estate.complaint()


def test_a_lost_certificate_is_reported(estate: DamagedCluster) -> None:
    """A TLS port has lost its certificate: the virtual service has become plain L4."""
    tls = manifest("web")
    annotations = (
        "service.beta.kubernetes.io/vcloud-avi-ssl-ports",
        "service.beta.kubernetes.io/vcloud-avi-ssl-cert-alias",
    )
    tls["metadata"]["annotations"] = {annotations[0]: "443", annotations[1]: "web-cert"}
    estate.kube.load([tls])
    message = estate.complaint()
    assert re.search(r"port p443: virtual service \S+-p443 has no certificate, and needs web-cert", message), message


@pytest.mark.parametrize("estate", ["empty"], indirect=True)
def test_an_empty_gateway_fails_while_kubernetes_shows_an_ip(estate: DamagedCluster) -> None:
    message = estate.complaint()
    assert re.search(r"default/web \(absent\): .*port p80: virtual service \S+-p80 is missing", message), message
    assert "port p443: " in message


def test_a_port_without_a_healthy_member_is_a_warning(estate: DamagedCluster) -> None:
    members = [{**one, "enabled": False} for one in other_port(80, 30080)]
    estate.done("vcd_pool", name=name(80, "ingress-pool"), members=members)
    found = estate.verified()
    assert found["verification"]["ok"] is True
    lines = "\n".join(found["lines"]["verification"])
    assert f"every object is in place, but virtual service {name(80)} is DOWN" in lines


def operators_virtual_service(api: Api, scene: Scene) -> None:
    """An operator's virtual service on a range of ports that contains one of the Service."""
    api.sim.assume(vip_dnat_same_address="allowed")
    pool = api.done("POST", "/loadBalancer/pools", scene.pool("mine"))
    body = scene.service(pool, "mine", servicePorts=[{"portStart": 70, "portEnd": 90}])
    api.done("POST", "/loadBalancer/virtualServices", body)


def operators_rule(api: Api, scene: Scene) -> None:
    """An operator's rule for a network that contains the external IP, and for all ports."""
    wide = {"externalAddresses": "203.0.113.10/31", "internalAddresses": "10.10.0.10/31"}
    api.done("POST", scene.nat, scene.rule("wide", **wide))


@pytest.mark.parametrize(
    ("add", "says"),
    [
        (operators_virtual_service, r"port 80 of 203\.0\.113\.10 is held by virtual service 'mine'"),
        (operators_rule, r"203\.0\.113\.10.* DNAT rule 'wide'"),
    ],
)
def test_a_foreign_object_on_the_external_ip_is_a_conflict_in_the_preflight(
    add: Callable[[Api, Scene], None], says: str, estate: DamagedCluster
) -> None:
    api = Api(estate.sim, "kube@acme")
    add(api, Scene(api))
    before = writes(estate.sim, estate.kube)
    planned = estate.asked(
        "vcd_cluster_shared_ip", {"phase": "plan", "scenario": "shared_external", "existing": "migrate"}
    )
    assert planned["ok"] is False
    message = planned["summary"]
    assert message.startswith("default/web cannot be migrated (")
    assert re.search(says, message), message
    assert writes(estate.sim, estate.kube) == before
