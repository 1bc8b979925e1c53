# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers for modules with fuzzed options: each has the same state before each case."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.vcd.kubernetes.plugins.module_utils import _waiting
from cpi_helpers import CLUSTER, RANGE, objects_of
from in_process import Modules, run_module
from kept_sessions import kept_sessions
from kube_double.testing import KubeDouble
from module_calls import group
from module_lives import ADMIN, EVERYTHING, PROVIDER, lives
from nakivo_double import PASSWORD, FakeJob, NakivoDouble, RunPlan
from nakivo_server import serving
from rollout_helpers import settle, writes
from vcdsim.testing import Simulator

VERSIONS = "36.3,37.0,37.1,37.2,38.0,38.1,39.0,39.1"
KUBE = {"org": "acme", "user": "kube", "password": "kube-secret-1"}
VIEWER = {"org": "acme", "user": "viewer", "password": "viewer-secret-1"}
WHOLE_CLUSTER = "vcd_cluster_shared_ip"
CLUSTERS = {"acme": {"ok": True, "services": [], "changed": False}}
Run = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class FuzzPlace:
    """A server and its modules. ``bases`` are sound options of each module; ``fresh`` resets the server."""

    bases: dict[str, list[dict[str, Any]]]
    fresh: Callable[[], None]
    run: Run
    written: Callable[[], list[Any]]
    logins: tuple[dict[str, str], ...] = ({},)
    owner: Callable[[str], dict[str, str]] = field(default=lambda _module: {})
    prepare: Callable[[str, bool], None] = lambda _module, _exists: None


@contextlib.contextmanager
def cloud_director(folder: Path) -> Iterator[tuple[FuzzPlace, Simulator]]:
    """The modules of Cloud Director, and its simulator."""
    options: dict[str, Any] = {"api_versions": VERSIONS, "task_seconds": 0, "health_seconds": 0}
    with Simulator(EVERYTHING, **options) as simulator, kept_sessions():
        modules = Modules(simulator, edge_gateway=None)
        for login in (ADMIN, PROVIDER, KUBE, VIEWER):
            modules.as_user(**login).done("vcd_edge_gateway_info")
        fresh = simulator.snapshot()

        def prepare(module: str, exists: bool) -> None:
            life = lives().get(module)
            for other, given in life.before if life else ():
                modules.as_user(**ADMIN).done(other, **given)
            if life and exists:
                modules.as_user(**life.login).done(module, **life.key, **life.create)
            simulator.journal(clear=True)

        yield (
            FuzzPlace(
                {module: [] for module in group("vcd")},
                lambda: simulator.restore(fresh),
                modules.run,
                modules.writes,
                (KUBE, VIEWER, dict(ADMIN), dict(PROVIDER)),
                lambda module: dict(lives()[module].login if module in lives() else ADMIN),
                prepare,
            ),
            simulator,
        )


@contextlib.contextmanager
def kubernetes(simulator: Simulator) -> Iterator[FuzzPlace]:
    """The modules that reconfigure CPI in a cluster, and the module for a whole cluster's run."""
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, start_seconds=0.01, stop_seconds=0.01) as double:
        vcd = {"url": simulator.url, "ca_path": simulator.ca, **ADMIN}
        both = {"vcd": vcd, "kubernetes": {"kubeconfig": double.kubeconfig}, "edge_gateway": "acme-edge"}

        def fresh() -> None:
            double.reset()
            settle(double)
            double.journal(clear=True)

        def run(module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
            where = both if module == WHOLE_CLUSTER else {"kubeconfig": double.kubeconfig}
            return run_module(module, {**where, **options}, check=check)

        config = [{"scenario": one, "one_arm": RANGE} for one in ("shared_internal", "shared_external")]
        phases = [{"phase": one, "scenario": "shared_external"} for one in ("plan", "verify", "audit")]
        bases = {"vcd_ccm_config": config, "vcd_ccm_config_info": [{"gather_services": True}], WHOLE_CLUSTER: phases}
        yield FuzzPlace(bases, fresh, run, lambda: writes(double))


@contextlib.contextmanager
def nakivo(folder: Path) -> Iterator[FuzzPlace]:
    """The modules of NAKIVO. Its jobs make progress whenever they are polled, so no time need pass."""
    double = NakivoDouble()

    def fresh() -> None:
        quick = RunPlan(starts_after=0, ends_after=0)
        vars(double).update(vars(NakivoDouble(FakeJob(1, "k8s", plan=quick), FakeJob(2, "other", enabled=False))))

    with serving(double, folder) as (url, authority):
        connection = {"url": url, "ca_path": authority, "user": "ansible", "password": PASSWORD}

        def run(module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
            with mock.patch.object(_waiting.SystemClock, "sleep"):
                return run_module(module, {**connection, **options}, check=check)

        bases = {"nakivo_job": [{"name": "k8s"}, {"id": "1"}], "nakivo_job_info": [{"name": "k8s"}]}
        yield FuzzPlace(bases, fresh, run, list)


def unconnected() -> FuzzPlace:
    """The modules that summarize results of others."""

    def run(module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
        return run_module(module, options, check=check)

    bases: dict[str, list[dict[str, Any]]] = {
        "vcd_shared_ip_report": [{"clusters": CLUSTERS}],
        "vcd_shared_ip_audit_report": [{"clusters": CLUSTERS, "fail_on": "error"}],
    }
    return FuzzPlace(bases, lambda: None, run, list)


@contextlib.contextmanager
def places(folder: Path) -> Iterator[tuple[list[FuzzPlace], Simulator]]:
    """All places, and the simulator, whose object names are drawn."""
    with contextlib.ExitStack() as stack:
        vcd, simulator = stack.enter_context(cloud_director(folder))
        kube = stack.enter_context(kubernetes(simulator))
        director = stack.enter_context(nakivo(folder))
        yield [vcd, kube, director, unconnected()], simulator
