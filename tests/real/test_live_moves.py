# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live Services survive every change of scenario: the real CPI adopts what it finds (docs/live-moves.md)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from conftest import API_VERSIONS
from control_plane.api import wait_until
from control_plane.testing import service
from moving import LENIENT, STRICT
from real_live import (
    CPI_WORKS,
    NEIGHBOUR,
    OPERATOR,
    PANIC,
    Live,
    by_module,
    by_restore,
    by_role,
    estate_for_two,
)
from real_model import port
from real_stage import Object, Run, Stage
from vcdsim.testing import Simulator

EXTERNAL, INTERNAL, DISTINCT = (item.value for item in Scenario)
AVI = "service.beta.kubernetes.io/vcloud-avi-"
ONE = service("one", [port("ssh", 22)], loadBalancerIP="203.0.113.40")
TWO = service("two", [port("http", 80, "http"), port("https", 443, "https")], annotations={f"{AVI}ssl-ports": "443"})
FIVE = service(
    "five",
    [port("http", 80, "HTTP"), port("https", 443, "https"), port("admin", 8443, "https"), port("db", 5432),
     port("grpc", 50051, "grpc")],
    annotations={f"{AVI}ssl-ports": "443,8443", f"{AVI}ssl-cert-alias": "web-cert"},
)  # fmt: skip
NEW = (service("new", [port("a", 80), port("b", 81)]), service("newer", [port("a", 80), port("b", 81)]))


@pytest.fixture(scope="module")
def vcds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Simulator]]:
    """Simulators by the name of their estate, each started when a test first needs it."""
    running: dict[str, Simulator] = {}

    def get(name: str) -> Simulator:
        if name not in running:
            estate: Path = estate_for_two(tmp_path_factory.mktemp("estate"), name)
            running[name] = Simulator(estate=estate, task_seconds=0, api_versions=API_VERSIONS)
            running[name].start()
        running[name].reset()
        return running[name]

    yield get
    for one in running.values():
        one.stop()


class ScenarioChange(NamedTuple):
    """One change of scenario: what makes it, and which of the undocumented rules of VCD apply."""

    scenario: str
    by: Callable[[Live, str], Run]
    rules: Mapping[str, str]


# Where a virtual service that shares its VIP cannot be updated, CPI works in one scenario only: distinct_internal.
ALL_SIX = [
    ScenarioChange(INTERNAL, by_role, CPI_WORKS),
    ScenarioChange(EXTERNAL, by_restore, LENIENT),
    ScenarioChange(DISTINCT, by_role, STRICT),
    ScenarioChange(INTERNAL, by_role, LENIENT),
    ScenarioChange(DISTINCT, by_role, STRICT),
    ScenarioChange(EXTERNAL, by_role, CPI_WORKS),
]
WITH_IP_SPACES = [
    ScenarioChange(INTERNAL, by_module, LENIENT),
    ScenarioChange(EXTERNAL, by_module, CPI_WORKS),
    ScenarioChange(DISTINCT, by_module, LENIENT),
    ScenarioChange(EXTERNAL, by_role, CPI_WORKS),
]


@pytest.mark.parametrize(
    ("estate", "moves"), [("one-edge", ALL_SIX), ("ip-spaces", WITH_IP_SPACES)], ids=["ip-blocks", "ip-spaces"]
)
def test_services_survive_every_move(
    stage: Stage, vcds: Callable[[str], Simulator], estate: str, moves: list[ScenarioChange]
) -> None:
    """After each move CPI follows the nodes, makes the next Service in the new shape, and can delete a moved one."""
    live = serve(stage, vcds(estate), EXTERNAL, ONE, TWO, FIVE)
    for number, move in enumerate(moves):
        live.move(move.by, move.scenario, move.rules)
        live.change_nodes()
        live.create(NEW[number % 2])
        if number:
            live.delete(NEW[(number - 1) % 2]["metadata"]["name"])
    for name in list(live.services):
        live.delete(name)


@pytest.mark.parametrize(
    ("before", "after", "by"),
    [(EXTERNAL, INTERNAL, by_role), (DISTINCT, EXTERNAL, by_module), (INTERNAL, EXTERNAL, by_module)],
    ids=["crash-loop", "stuck", "internal-address-shown"],
)
def test_a_move_repairs_what_a_flip_alone_has_broken(
    stage: Stage, vcds: Callable[[str], Simulator], before: str, after: str, by: Callable[[Live, str], Run]
) -> None:
    """Only the flags were changed under the Services (docs/flag-flips.md); the request is the same."""
    live = serve(stage, vcds("one-edge"), before, ONE, TWO)
    live.stage.flip(after)
    live.stage.cluster.wait_for_cpi()
    SYMPTOMS[before](live.stage)
    live.move(by, after)
    live.change_nodes()
    for name in list(live.services):
        live.delete(name)


def serve(stage: Stage, vcd: Simulator, scenario: str, *services: Object) -> Live:
    """Services on an edge gateway where another cluster's CPI has made a Service of the same name before."""
    there = Stage(stage.cluster, vcd, stage.folder, OPERATOR)
    there.start_cpi(INTERNAL, cluster_id=NEIGHBOUR)
    there.create(TWO)
    stage.cluster.clear()
    there.start_cpi(scenario)
    live = Live(there)
    given = [item["spec"]["loadBalancerIP"] for item in services if "loadBalancerIP" in item["spec"]]
    for address in given if vcd.dump().get("ip_spaces") else ():
        live.allocate(address)
    live.create(*services)
    return live


def crashes(stage: Stage) -> None:
    turns = itertools.cycle([False, True])

    def panics() -> bool:
        stage.serve_from(all_workers=next(turns))
        return PANIC in stage.cluster.cpi_logs()

    wait_until(panics, "CPI panics", every=4)
    stage.serve_from(all_workers=True)


SYMPTOMS: dict[str, Callable[[Stage], object]] = {
    EXTERNAL: crashes,
    DISTINCT: lambda stage: stage.log_says("more than one virtual ip found"),
    INTERNAL: lambda stage: wait_until(lambda: stage.external_ip("two").startswith("192.168.8."), "it shows"),
}
