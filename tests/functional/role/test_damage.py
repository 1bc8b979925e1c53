# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is damaged, tasks_from verify fails and names the port: the real ansible-playbook against both doubles."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kube_double.testing import KubeDouble
from role_runs import Case, cpi_objects, writes
from simulator_bench import Api, Scene
from test_migration import CLUSTER_ID, MEMBERS, failed, made, manifest, migrate, play
from vcdsim.testing import Simulator

SHORT_ID = CLUSTER_ID.removeprefix("urn:vcloud:entity:vmware:")
VERIFY = Case("verify", {}, tasks_from="verify")


def name(port: int, prefix: str = "ingress-vs") -> str:
    """The name of an object of a port of the Service web."""
    return f"{prefix}-web-{SHORT_ID}-p{port}"


def rule(port: int) -> str:
    return f"dnat-{name(port)}"


def change(module: str, label: str = "", **options: Any) -> Case:
    """One change of one object, as a person would make it."""
    return Case(
        label or f"damage {module}", {}, task={f"vcd.kubernetes.{module}": {"edge_gateway": "acme-edge", **options}}
    )


def gone(module: str, what: str) -> Case:
    return change(module, f"delete {what}", name=what, state="absent")


def other_port(port: int, node_port: int) -> list[dict[str, Any]]:
    return [{"ip_address": address, "port": node_port} for address in MEMBERS]


NO_RULE = gone("vcd_nat_rule", rule(80))
# What is done to the Service web in distinct_internal, and what the one line has to say
DAMAGE: dict[str, tuple[list[Case], str]] = {
    "virtual service gone": (
        [gone("vcd_virtual_service", name(443))],
        r"port p443: virtual service \S+-p443 is missing",
    ),
    "rule gone": ([NO_RULE], r"port p80: DNAT rule \S+-p80 is missing"),
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
            change("vcd_pool", "another pool", name="foreign", members=other_port(443, 30443)),
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
def test_verify_fails_and_says_which_port_is_not_served(kind: str, tmp_path: Path) -> None:
    damage, says = DAMAGE[kind]
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        run = play(tmp_path / "run", [made("distinct_internal", "web"), *damage], sim, kube)
        assert failed(run) == {}
        before = writes(sim, kube)
        message = failed(play(tmp_path / "verify", [VERIFY], sim, kube))["verify"]
        assert "default/web" in message
        assert re.search(says, message), message
        assert writes(sim, kube) == before


def test_a_service_in_order_passes_and_every_repair_is_verified(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        cases = [made("distinct_internal", "web"), VERIFY, NO_RULE, migrate("distinct_internal", "repair"), VERIFY]
        run = play(tmp_path / "run", cases, sim, kube)
        assert failed(run) == {}
        assert [one["state"] for one in run.outcomes["repair"]["msg"]["migrations"]] == ["repaired"]


def test_several_rules_of_one_name(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        assert failed(play(tmp_path / "run", [made("distinct_internal", "web")], sim, kube)) == {}
        twice = change(
            "vcd_nat_rule", name="another", type="DNAT", external_addresses="203.0.113.12",
            internal_addresses="192.168.8.2", dnat_external_port="80",
        )  # fmt: skip
        assert failed(play(tmp_path / "another", [twice], sim, kube)) == {}
        another = next(one["id"] for one in sim.dump()["nat_rules"] if one["name"] == "another")
        named = change("vcd_nat_rule", "same name", id=another, name=rule(80))
        assert failed(play(tmp_path / "named", [named], sim, kube)) == {}
        message = failed(play(tmp_path / "verify", [VERIFY], sim, kube))["verify"]
        assert f"several NAT rules are named {rule(80)}" in message


def test_certificate_gone(tmp_path: Path) -> None:
    """A port that is served with TLS lost its certificate: the virtual service became plain L4."""
    tls = manifest("web")
    annotations = (
        "service.beta.kubernetes.io/vcloud-avi-ssl-ports",
        "service.beta.kubernetes.io/vcloud-avi-ssl-cert-alias",
    )
    tls["metadata"]["annotations"] = {annotations[0]: "443", annotations[1]: "web-cert"}
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([tls])
        assert failed(play(tmp_path / "run", [made("distinct_internal", "web")], sim, kube)) == {}
        message = failed(play(tmp_path / "verify", [VERIFY], sim, kube))["verify"]
        assert re.search(r"port p443: virtual service \S+-p443 has no certificate, and needs web-cert", message), (
            message
        )


def test_an_empty_gateway_fails_while_kubernetes_shows_an_ip(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        message = failed(play(tmp_path / "verify", [VERIFY], sim, kube))["verify"]
        assert re.search(r"default/web \(absent\): .*port p80: virtual service \S+-p80 is missing", message), message
        assert "port p443: " in message


def test_a_port_that_nobody_answers_is_a_warning(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        members = [{**one, "enabled": False} for one in other_port(80, 30080)]
        disabled = change("vcd_pool", name=name(80, "ingress-pool"), members=members)
        run = play(tmp_path / "run", [made("distinct_internal", "web"), disabled, VERIFY], sim, kube)
        assert failed(run) == {}
        assert f"every object is in place, but virtual service {name(80)} is DOWN" in run.output


def persons_virtual_service(api: Api, scene: Scene) -> None:
    """On a range of ports that contains one of the Service."""
    api.sim.assume(vip_dnat_same_address="allowed")
    pool = api.done("POST", "/loadBalancer/pools", scene.pool("mine"))
    body = scene.service(pool, "mine", servicePorts=[{"portStart": 70, "portEnd": 90}])
    api.done("POST", "/loadBalancer/virtualServices", body)


def persons_rule(api: Api, scene: Scene) -> None:
    """For a network that contains the external IP, and all ports."""
    wide = {"externalAddresses": "203.0.113.10/31", "internalAddresses": "10.10.0.10/31"}
    api.done("POST", scene.nat, scene.rule("wide", **wide))


@pytest.mark.parametrize(
    ("add", "says"),
    [
        (persons_virtual_service, r"port 80 of 203\.0\.113\.10 is held by virtual service 'mine'"),
        (persons_rule, r"203\.0\.113\.10.* DNAT rule 'wide'"),
    ],
)
def test_a_persons_object_on_the_external_ip_is_a_conflict_in_the_preflight(
    add: Callable[[Api, Scene], None], says: str, tmp_path: Path
) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest("web")])
        assert failed(play(tmp_path / "run", [made("distinct_internal", "web")], sim, kube)) == {}
        api = Api(sim, "kube@acme")
        add(api, Scene(api))
        before = writes(sim, kube)
        message = failed(play(tmp_path / "migrate", [migrate("shared_external")], sim, kube))["to shared_external"]
        assert message.startswith("default/web cannot be migrated (")
        assert re.search(says, message), message
        assert writes(sim, kube) == before
