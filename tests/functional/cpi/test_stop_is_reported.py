# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However a run ends, CPI runs with its previous replicas, or the last line says that it is stopped and how to start
it.

The next run starts it. Whole runs take place in this process: CPI is in the double, the edge gateway is a fake.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.run import ClusterRun
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import RealCpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import LEASE, REPLICAS, STATE
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Hold, Holder
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import (
    KubernetesError,
    KubernetesUnreachable,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import READ
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline
from cpi_helpers import CLUSTER, KEY, objects_of
from fake_clock import FakeClock
from fake_sides import FakeSides
from kube_double.testing import KubeDouble
from rollout_helpers import BACKUP, DEPLOYMENT, EXTERNAL, NAME, NAMESPACE, Killed, run, scale, settle
from sharing_builders import service

REQUEST = RunRequest(scenario="shared_external", existing="migrate")
REPLICAS_BEFORE = 2
Damage = Callable[[KubeDouble], None]


@pytest.fixture(scope="module")
def double() -> Iterator[KubeDouble]:
    web = service()
    ports = [{"name": one["name"], "port": one["port"], "nodePort": one["node_port"]} for one in web["ports"]]
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": web["name"], "namespace": web["namespace"]},
        "spec": {"type": "LoadBalancer", "ports": ports},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in web["ingress_ips"]]}},
    }
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1"), manifest]
    with KubeDouble(objects=objects, start_seconds=0, stop_seconds=0) as kube:
        yield kube


class TwoReplicaCluster:
    """A cluster whose CPI runs with two replicas, and runs on it."""

    def __init__(self, kube: KubeDouble, folder: Path) -> None:
        kube.reset()
        scale(kube, REPLICAS_BEFORE)
        settle(kube, REPLICAS_BEFORE)
        self.kube, self.folder, self.world = kube, folder, FakeSides()
        self.failure: dict[str, Any] = {}

    @property
    def replicas(self) -> int:
        """CPI's replicas now."""
        return int((self.kube.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"])

    @contextmanager
    def begun(self, request: RunRequest, send: Callable[..., Any] | None = None) -> Iterator[ClusterRun]:
        """A run whose requests to Kubernetes are sent by ``send(original)``."""
        params = {
            "cpi": {"namespace": NAMESPACE, "name": NAME, "key": KEY, "deployment": DEPLOYMENT, "backup_name": None},
            "take_over": True,
            "controller_pid": None,
            "run_by": None,
            "exclude": [],
            "restart": "auto",
            "wait_timeout": 20,
        }
        given = RunRequest(**{**vars(request), "restore_dir": str(self.folder)})
        self.failure = {}
        with connect({"kubeconfig": self.kube.kubeconfig}) as real:
            sender = send(real._send) if send else real._send
            api = KubernetesApi(sender, FakeClock(), real._server_clock)
            connected: Any = SimpleNamespace(kubernetes=api)
            cpi, world = RealCpi(connected, params), self.world
            yield ClusterRun(
                cpi, world, given, api.one_look, world.messages.append, lambda seconds: Deadline(1, FakeClock())
            )

    def plan(self, request: RunRequest = REQUEST) -> dict[str, Any]:
        """The result of phase plan."""
        with self.begun(request) as one:
            return dict(one.plan(False).result)

    def change(self, send: Callable[..., Any] | None = None, request: RunRequest = REQUEST) -> str:
        """Plan, and change with ``send``. Returns the last line of a failed run; empty after a success."""
        try:
            with self.begun(request) as first:
                planned = first.plan(False).result
        except CollectionError as error:
            return self.failed(error.message, error.details)
        if not planned["ok"]:
            return self.failed(str(planned["summary"]), planned.get("failure") or {})
        return self.apply(planned["plan"], send, request)

    def apply(self, plan: dict[str, Any], send: Callable[..., Any] | None = None, request: RunRequest = REQUEST) -> str:
        """Change. Returns the last line of a failed run; empty after a success."""
        try:
            with self.begun(request, send) as second:
                verification = second.change(plan, False).result["verification"]
        except CollectionError as error:
            return self.failed(error.message, error.details)
        return "" if verification["ok"] else str(verification["summary"])

    def failed(self, line: str, details: dict[str, Any]) -> str:
        """Keep the details of a failed run, and return its last line."""
        self.failure = details
        return line

    def check(self, line: str) -> None:
        """Check that CPI runs as before, or that the last line reports it with the right number of replicas."""
        assert self.failure.get(READ, self.replicas) == self.replicas
        if self.replicas == REPLICAS_BEFORE:
            return
        assert self.replicas == 0
        says = ("CPI is stopped: Deployment ", "this run has stopped CPI, and it is not known whether it runs now: ")
        assert any(one in line for one in says), line
        last = line[max(line.rfind(one) for one in says) :]
        assert f"{NAMESPACE}/{DEPLOYMENT}" in last, line
        assert f"had {REPLICAS_BEFORE} replicas" in last, line
        assert "starts it" in last or "run the role again" in last, line

    def finishes(self) -> None:
        """Check that the next run completes the change."""
        assert self.change() == ""
        settle(self.kube, REPLICAS_BEFORE)
        assert self.replicas == REPLICAS_BEFORE


@pytest.fixture
def requests(double: KubeDouble, tmp_path: Path) -> int:
    """How many requests an undisturbed change makes."""
    cluster, seen = TwoReplicaCluster(double, tmp_path), CountedRequests()
    assert cluster.change(seen) == ""
    assert cluster.replicas == REPLICAS_BEFORE
    return seen.number


class CountedRequests:
    """Sends requests, after ``before(number)``, which may raise."""

    def __init__(self, before: Callable[[int, str], None] = lambda number, method: None) -> None:
        self.number, self._before = 0, before

    def __call__(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def sending(method: str, path: str, body: Any = None, **more: Any) -> Any:
            self.number += 1
            self._before(self.number, method)
            return send(method, path, body, **more)

        return sending


def refused(at: int) -> Callable[[int, str], None]:
    """One request is refused."""

    def before(number: int, method: str) -> None:
        if number == at:
            raise KubernetesError("no (403 Forbidden): grant the user this right", 403, "Forbidden")

    return before


def gone(at: int) -> Callable[[int, str], None]:
    """Kubernetes does not answer any more."""

    def before(number: int, method: str) -> None:
        if number >= at:
            raise KubernetesUnreachable("cannot reach the Kubernetes API: refused: run again")

    return before


def killed(at: int) -> Callable[[int, str], None]:
    """The module is killed before a write."""

    def before(number: int, method: str) -> None:
        if number == at and method != "GET":
            raise Killed

    return before


@pytest.mark.parametrize("fault", [refused, gone, killed])
def test_a_stopped_cpi_is_reported_however_a_request_fails(
    double: KubeDouble, tmp_path: Path, requests: int, fault: Callable[[int], Callable[[int, str], None]]
) -> None:
    stopped = 0
    for at in range(1, requests + 1):
        cluster = TwoReplicaCluster(double, tmp_path)
        try:
            line = cluster.change(CountedRequests(fault(at)))
            cluster.check(line)
            assert fault is gone or not line or READ in cluster.failure, line
        except Killed:
            # a killed run cannot report it: the next run does, if it cannot finish the change
            if cluster.replicas == 0:
                cluster.world.fails["look at the gateway"] = CollectionError("cannot reach Cloud Director: run again")
                cluster.check(cluster.change())
                cluster.world.fails.clear()
                cluster.check(cluster.change(request=RunRequest(scenario="distinct_internal", existing="fail")))
        if cluster.replicas == 0:
            stopped += 1
            cluster.finishes()
    assert stopped >= 3


def deleted(kube: KubeDouble) -> None:
    kube.delete("ConfigMap", NAMESPACE, BACKUP)


def renamed(kube: KubeDouble) -> None:
    found = kube.get("ConfigMap", NAMESPACE, BACKUP) or {}
    deleted(kube)
    kube.load([{**found, "metadata": {"namespace": NAMESPACE, "name": "kept-elsewhere"}}])


def changed(kube: KubeDouble, **body: Any) -> None:
    path = kube.path("ConfigMap", NAMESPACE, BACKUP)
    kube.request("PATCH", path, body, "application/merge-patch+json")


def unmarked(kube: KubeDouble) -> None:
    changed(kube, metadata={"annotations": {STATE: None, REPLICAS: None, LEASE: None}})


def without_number(kube: KubeDouble) -> None:
    changed(kube, metadata={"annotations": {REPLICAS: "many"}})


def emptied(kube: KubeDouble) -> None:
    changed(kube, data=None)


def garbled_point(kube: KubeDouble) -> None:
    changed(kube, binaryData={"restore-point.json.gz": base64.b64encode(b"nonsense").decode()})


def garbled_lease(kube: KubeDouble) -> None:
    changed(kube, metadata={"annotations": {LEASE: "by=another"}})


def taken_over(kube: KubeDouble) -> None:
    hold = Hold.begin(Holder("another", "bob@elsewhere", "77"), datetime.now(timezone.utc))
    changed(kube, metadata={"annotations": {LEASE: hold.text()}})


DAMAGES = [
    deleted, renamed, unmarked, without_number, emptied, garbled_point, garbled_lease, taken_over,
]  # fmt: skip
# the run's next action: before and after its check that CPI is still stopped, and before it starts CPI
MOMENTS = ["describe", "move", "unlock"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_stopped_cpi_is_reported_whatever_happens_to_the_backup(
    double: KubeDouble, tmp_path: Path, damage: Damage
) -> None:
    for moment, breaks in (*((one, False) for one in MOMENTS), ("describe", True)):
        cluster = TwoReplicaCluster(double, tmp_path)
        planned = cluster.plan()["plan"]
        cluster.world.meanwhile[moment] = lambda: damage(double)
        if breaks:
            cluster.world.fails["move"] = CollectionError("no answer", service="default/web", state="unknown")
        line = cluster.apply(planned)
        cluster.check(line)
        assert line or cluster.replicas == REPLICAS_BEFORE
        cluster.world.fails.clear()
        if damage is taken_over and cluster.replicas == 0:
            changed(double, metadata={"annotations": {LEASE: None}})
        if cluster.replicas == 0:
            cluster.check(cluster.change(request=RunRequest(scenario="shared_internal", existing="fail")))
        again = cluster.change()
        cluster.check(again)
        if again:  # the message says that the backup is damaged, or not this run's
            assert BACKUP in again, again
            deleted(double)
            cluster.finishes()
        assert cluster.replicas == REPLICAS_BEFORE


def test_another_backup_name_does_not_lose_the_number_of_replicas(double: KubeDouble, tmp_path: Path) -> None:
    cluster = TwoReplicaCluster(double, tmp_path)
    cluster.world.fails["move"] = CollectionError("no answer", service="default/web", state="unknown")
    cluster.check(cluster.change())
    assert cluster.replicas == 0
    run(double, **EXTERNAL, backup_name="another")
    assert cluster.replicas == REPLICAS_BEFORE


def test_a_cpi_that_an_operator_scaled_to_0_stays_so(double: KubeDouble, tmp_path: Path) -> None:
    cluster = TwoReplicaCluster(double, tmp_path)
    scale(double, 0)
    planned = cluster.plan()
    (finding,) = [one for one in planned["preflight"]["findings"] if one["check"] == "cpi" and not one["ok"]]
    assert "this run leaves it so: it is not known what it was scaled to before" in finding["message"]
    assert cluster.change() == ""
    assert cluster.replicas == 0


def test_the_module_without_the_role_says_how_to_start_cpi(double: KubeDouble, tmp_path: Path) -> None:
    cluster = TwoReplicaCluster(double, tmp_path)
    run(double, stage="stopped", **EXTERNAL)
    with pytest.raises(CollectionError) as caught:
        run(double, scenario="shared_internal", one_arm={"start_ip": "192.168.8.9", "end_ip": "192.168.8.2"})
    cluster.check(caught.value.message)
    assert caught.value.message.endswith(
        f"the next run that finishes this change starts it, and so does: kubectl -n {NAMESPACE} scale deployment "
        f"{DEPLOYMENT} --replicas={REPLICAS_BEFORE}"
    )


def test_a_defect_still_reports_a_stopped_cpi(double: KubeDouble, tmp_path: Path) -> None:
    cluster = TwoReplicaCluster(double, tmp_path)
    cluster.world.fails["move"] = RuntimeError("a text that may hold a token")
    line = cluster.change()
    assert cluster.replicas == 0
    assert "a defect of the collection: RuntimeError at " in line
    assert "token" not in line
    cluster.check(line)
    cluster.world.fails.clear()
    cluster.finishes()
