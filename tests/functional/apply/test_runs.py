# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helpers that run and kill modules, with the real modules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kube_double.testing import KubeDouble
from runs import ModuleBroke, ModuleRun, comparable, killed_at_every_write
from vcdsim.testing import Simulator
from waiting import until

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "cpi"
CONNECTION = {"org": "acme", "user": "kube", "password": "kube-secret-1"}
POOL = {"name": "web", "edge_gateway": "acme-edge", "members": [{"ip_address": "10.10.0.11", "port": 30080}]}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def fresh(sim: Simulator) -> Simulator:
    sim.reset()
    return sim


def pool(sim: Simulator, **more: Any) -> ModuleRun:
    return ModuleRun("vcd_pool", {**CONNECTION, "url": sim.url, "ca_path": sim.ca, **POOL, **more})


def test_a_run_returns_its_result_or_its_failure(fresh: Simulator) -> None:
    assert pool(fresh).start().wait()["changed"] is True
    second = pool(fresh).start()
    assert second.wait()["changed"] is False
    assert second.usage["max_rss_kb"] > 1000
    assert second.usage["cpu_seconds"] > 0
    refused = pool(fresh, password="wrong").start().wait()
    assert refused["failed"]


def test_a_run_can_set_check_mode_diff_and_environment(fresh: Simulator) -> None:
    planned = ModuleRun("vcd_pool", POOL, {
        "VCD_URL": fresh.url, "VCD_CA_PATH": fresh.ca, "VCD_ORG": "acme", "VCD_USER": "kube",
        "VCD_PASSWORD": "kube-secret-1",
    }, check=True, diff=True).start().wait()  # fmt: skip
    assert planned["changed"]
    assert planned["diff"]["after"]["name"] == "web"
    assert fresh.dump()["pools"] == []


def test_modules_run_side_by_side(fresh: Simulator) -> None:
    runs = [pool(fresh, name=f"pool-{number}").start() for number in range(4)]
    assert [run.wait()["changed"] for run in runs] == [True] * 4
    assert len({run.pid for run in runs}) == 4


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleBroke, match="No module named"):
        ModuleRun("vcd_none", {}).start().wait()


@pytest.mark.parametrize(("moment", "pools"), [("before", 0), ("after", 1)])
def test_a_run_is_killed_at_its_write(fresh: Simulator, moment: str, pools: int) -> None:
    fresh.faults([{"writes": True, "hold": moment}])
    run = pool(fresh).start()
    until(lambda: fresh.faults()[0]["held"], "the write")
    run.kill()
    assert not Path(f"/proc/{run.pid}").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(run.pid, 0)
    fresh.faults([])
    assert len(fresh.dump()["pools"]) == pools


def test_a_run_that_does_not_end_is_killed(fresh: Simulator) -> None:
    fresh.faults([{"writes": True, "hold": "before"}])
    run = ModuleRun("vcd_pool", {**CONNECTION, "url": fresh.url, "ca_path": fresh.ca, **POOL}, seconds=2).start()
    with pytest.raises(TimeoutError):
        run.wait()
    until(lambda: fresh.journal()[-1]["status"] == "gone", "the end of the connection")
    assert fresh.dump()["pools"] == []


def test_every_kill_is_survived_by_a_module_that_converges(fresh: Simulator) -> None:
    kept = fresh.snapshot()
    survival = killed_at_every_write(lambda: pool(fresh), fresh, lambda: fresh.restore(kept))
    assert survival == (1, 2, 2, [])


def test_a_different_final_state_is_not_survived(fresh: Simulator) -> None:
    kept = fresh.snapshot()
    names = iter(["web", "web", "web", "first", "second"])
    survival = killed_at_every_write(lambda: pool(fresh, name=next(names)), fresh, lambda: fresh.restore(kept))
    assert (survival.writes, survival.survived, survival.kills) == (1, 1, 2)
    assert survival.problems[0].startswith("after write 1 of 1 to VCD: ")


def test_a_run_that_does_not_reach_the_write_is_a_problem(fresh: Simulator) -> None:
    kept = fresh.snapshot()
    runs = iter([{}, {"password": "wrong"}, {"password": "wrong"}])
    survival = killed_at_every_write(lambda: pool(fresh, **next(runs)), fresh, lambda: fresh.restore(kept))
    assert survival.survived == 0
    assert "the run ended before this write" in survival.problems[0]


def test_two_paths_to_one_state_are_comparable(fresh: Simulator) -> None:
    pool(fresh).start().wait()
    once = fresh.dump()
    pool(fresh, state="absent").start().wait()
    pool(fresh).start().wait()
    again = fresh.dump()
    assert once["pools"][0]["id"] != again["pools"][0]["id"]
    assert comparable(once) == comparable(again)
    pool(fresh, description="other").start().wait()
    assert comparable(once) != comparable(fresh.dump())


def test_writes_to_kubernetes_are_killed_too(fresh: Simulator) -> None:
    objects = [str(FIXTURES / "cluster.manifest"), str(FIXTURES / "cpi-1.6.1.manifest")]
    with KubeDouble(objects=objects, start_seconds=0.02, stop_seconds=0.02) as kube:

        def prepare() -> None:
            kube.reset()
            kube.wait_for(lambda: running(kube), "CPI runs")

        def check(_final: dict[str, Any], _uninterrupted: dict[str, Any]) -> None:
            config = kube.get("ConfigMap", "kube-system", "vcloud-ccm-configmap")
            assert config
            assert "oneArm" not in config["data"]["vcloud-ccm-config.yaml"]
            assert len(running(kube)) == 1

        # a killed run has not released its lease
        options = {"kubeconfig": kube.kubeconfig, "scenario": "shared_external", "take_over": True}
        survival = killed_at_every_write(
            lambda: ModuleRun("vcd_ccm_config", options), fresh, prepare, check=check, kube=kube
        )
    assert survival.problems == []
    assert survival.writes >= 4, "the backup, to 0, the ConfigMap away and back, to 1"
    assert survival.survived == survival.kills == survival.writes + 1


def running(kube: KubeDouble) -> list[Any]:
    return [pod for pod in kube.list("Pod", "kube-system") if pod["status"].get("phase") == "Running"]
