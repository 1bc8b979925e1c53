# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on an edge gateway: the lock itself, and whole runs that compete for it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply import edge_lock
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.edge_lock import EdgeLock
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import LIFETIME, Hold, Starter, parse, this_run
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import SystemClock
from moving import CLUSTER, DISTINCT, EXTERNAL, INTERNAL, STRICT, Edge, service
from progress_events import check_counts, events_of
from vcdsim.testing import Simulator
from waiting import until

ELSEWHERE = replace(this_run(), who="bob@other-host", job="77", place="elsewhere")
LOCK = "vcd.kubernetes-lock-*"


class SteppedClock:
    """A clock that moves only when the code under test sleeps; ``meanwhile`` happens after that many sleeps."""

    def __init__(self, meanwhile: Callable[[], Any] | None = None, sleeps: int = 3) -> None:
        self.now, self._meanwhile, self._left = 0.0, meanwhile, sleeps

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds
        self._left -= 1
        if self._meanwhile and not self._left:
            self._meanwhile()


class LockedGateway:
    """The edge gateway of a simulator, and runs that lock it."""

    def __init__(self, sim: Simulator, stack: ExitStack) -> None:
        self.sim, self._stack = sim, stack
        self.said: list[str] = []

    def api(self) -> Api:
        options = {"url": self.sim.url, "ca_path": self.sim.ca, "org": "acme", "user": "kube"}
        more = {"password": "kube-secret-1", "api_token": None, "token": None, "validate_certs": True}
        given = {**options, **more, "timeout": 60, "api_version": None}
        return self._stack.enter_context(connect(given))

    def lock(self, wait: float = 0, clock: Any = None, starter: Starter | None = None) -> EdgeLock:
        """A run's lock that is not acquired yet."""
        api = self.api()
        gateway = get_edge_gateway(api, "acme-edge", None)
        lock = EdgeLock(api, gateway, wait, self.said.append, starter, clock or SystemClock())
        # all runs here are in one process, and would take each other for an earlier run of their own
        lock._hold = replace(lock._hold, holder=replace(lock._hold.holder, place=""))
        return lock

    def create_marker(self, hold: Hold | str) -> None:
        """Create the marker of a run that no longer exists."""
        lock = self.lock()
        text = hold if isinstance(hold, str) else hold.text()
        lock._markers.create(text, lambda row: True)

    @property
    def markers(self) -> list[str]:
        """The descriptions of the markers."""
        profiles = self.sim.dump()["application_port_profiles"]
        return [one["description"] for one in profiles if one["name"].startswith("vcd.kubernetes-lock-")]

    @property
    def now(self) -> Any:
        """The time by Cloud Director's clock."""
        return self.api().session.now()


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def gateway(sim: Simulator) -> Iterator[LockedGateway]:
    sim.reset()
    with ExitStack() as stack:
        yield LockedGateway(sim, stack)


def test_the_lock_is_released_after_success_and_after_failure(gateway: LockedGateway) -> None:
    with gateway.lock():
        (text,) = gateway.markers
        assert text.startswith("Lock of vcd.kubernetes, do not use: by=")
        assert parse(text) is not None
    assert gateway.markers == []
    with pytest.raises(RuntimeError), gateway.lock():
        raise RuntimeError
    assert gateway.markers == []


def test_another_run_waits_for_its_turn_and_names_the_holder(gateway: LockedGateway) -> None:
    with ExitStack() as first:
        held = first.enter_context(gateway.lock())
        with gateway.lock(600, SteppedClock(first.close)):
            (text,) = gateway.markers
            assert held._hold.holder.run not in text
    (said,) = gateway.said
    start = f"waiting for edge gateway 'acme-edge': another run is under way there: {held._hold.holder} since "
    assert said.startswith(start)
    assert re.search(r"\(\d+ s ago\), until 20\S+Z \(in \d+ s\)$", said)


def test_the_wait_for_the_lock_has_a_limit(gateway: LockedGateway) -> None:
    clock = SteppedClock()
    with gateway.lock(), pytest.raises(CollectionError) as caught, gateway.lock(90, clock):
        pass
    assert clock.now == 90
    assert caught.value.message.startswith("lock_timeout: another run is under way on edge gateway 'acme-edge': ")
    assert re.search(r"since 20\S+Z \(\d+ s ago\), until 20\S+Z \(in \d+ s\), and has not", caught.value.message)
    assert "has not finished within 90 s: nothing was written" in caught.value.message
    assert len(gateway.said) == 2  # again after a minute
    with pytest.raises(InvalidInput, match="lock_timeout: -1: give seconds, 0 or more"):
        gateway.lock(-1)


def test_a_lock_that_has_expired_is_removed(gateway: LockedGateway) -> None:
    gateway.create_marker(Hold.begin(ELSEWHERE, gateway.now - timedelta(seconds=LIFETIME + 1)))
    with gateway.lock():
        assert len(gateway.markers) == 1
    assert gateway.said[0].startswith("edge gateway 'acme-edge' was locked by bob@other-host (job 77, process ")
    assert gateway.markers == []


def test_the_lock_of_a_run_killed_elsewhere_blocks_no_longer_than_its_lifetime(gateway: LockedGateway) -> None:
    """Cloud Director's clock stands still here, so the lock never expires by it: the run's own waiting time counts."""
    gateway.create_marker(Hold.begin(ELSEWHERE, gateway.now + timedelta(hours=9)))
    clock = SteppedClock()
    with gateway.lock(1800, clock):
        pass
    assert LIFETIME < clock.now < LIFETIME + 20


@pytest.mark.parametrize("text", ["", "do not touch - bob", "by=bob since=yesterday"])
def test_an_unreadable_marker_is_removed_if_it_does_not_change(gateway: LockedGateway, text: str) -> None:
    gateway.create_marker(text)
    clock = SteppedClock()
    with gateway.lock(1800, clock):
        pass
    assert LIFETIME < clock.now < LIFETIME + 20
    assert "an unknown one (application port profile 'vcd.kubernetes-lock-" in gateway.said[0]


def test_a_lock_that_is_renewed_is_kept(gateway: LockedGateway) -> None:
    with gateway.lock() as held:
        clock = SteppedClock()
        sleep = clock.sleep

        def renewing(seconds: float, /) -> None:
            sleep(seconds)
            # each renewal is one second later by Cloud Director's clock, which has whole seconds
            held._hold = replace(held._hold, lifetime=held._hold.lifetime + 1)
            held._beat()

        clock.sleep = renewing  # type: ignore[method-assign]  # the holder renews while the other run waits
        with pytest.raises(CollectionError, match="has not finished within 900 s"), gateway.lock(900, clock):
            pass
        held.check()


def test_a_run_that_lost_its_lock_stops(gateway: LockedGateway) -> None:
    with gateway.lock() as held:
        held.check()
        held._markers.delete(held._urn)
        with gateway.lock():
            assert held._beat() is False
            with pytest.raises(CollectionError, match="the lock of edge gateway 'acme-edge' was lost to another run"):
                held.check()
    assert gateway.markers == []


def test_a_run_that_cannot_renew_its_lock_stops_when_it_may_be_lost(gateway: LockedGateway) -> None:
    clock = SteppedClock()
    with gateway.lock(0, clock) as held:
        gateway.sim.faults([{"method": "PUT", "name": LOCK, "status": 403}])
        clock.now = LIFETIME * 0.6
        held.check()
        clock.now = LIFETIME + 1
        with pytest.raises(CollectionError, match="run again"):
            held.check()
        gateway.sim.faults([])
        held.check()


def test_a_run_that_no_process_waits_for_stops(gateway: LockedGateway) -> None:
    starter = Starter()
    with gateway.lock(starter=starter) as held:
        before = gateway.markers
        starter._parent = 4194999
        assert held._beat() is False
        with pytest.raises(CollectionError, match="ansible-playbook, which started this run, has ended"):
            held.check()
        assert gateway.markers == before
    assert gateway.markers == []


@pytest.mark.parametrize("fault", [{"reset": "before"}, {"reset": "after"}, {"status": 503}])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_lost_answers_leave_one_marker_and_then_none(
    gateway: LockedGateway, method: str, fault: dict[str, Any]
) -> None:
    gateway.sim.faults([{"method": method, "writes": True, "name": LOCK, "times": 1, **fault}])
    with gateway.lock():
        assert len(gateway.markers) == 1
    assert gateway.sim.faults()[0]["used"] == 1
    assert gateway.markers == []


def test_a_lost_answer_does_not_give_the_lock_to_two_runs(gateway: LockedGateway) -> None:
    with gateway.lock():
        gateway.sim.faults([{"method": "POST", "writes": True, "name": LOCK, "times": 1, "reset": "before"}])
        with pytest.raises(CollectionError, match="lock_timeout"), gateway.lock():
            pass


def test_the_error_names_the_missing_right(gateway: LockedGateway) -> None:
    gateway.sim.faults([{"method": "POST", "writes": True, "name": LOCK, "status": 403}])
    with (
        pytest.raises(VcdError, match=r"which marks edge gateway 'acme-edge' as in use.*Configure NAT"),
        gateway.lock(),
    ):
        pass


def test_without_unique_names_neither_of_two_runs_continues(
    gateway: LockedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = gateway.lock()
    text = Hold.begin(ELSEWHERE, gateway.now).text()
    one = {"id": "urn:vcloud:applicationPortProfile:1", "name": "x", "description": text}
    deleted: list[str] = []
    monkeypatch.setattr(lock._markers, "create", lambda description, mine: "urn:vcloud:applicationPortProfile:2")
    monkeypatch.setattr(lock._markers, "list", lambda: [one, {"id": "urn:vcloud:applicationPortProfile:2"}])
    monkeypatch.setattr(lock._markers, "delete", deleted.append)
    assert lock._take() is False
    assert deleted == ["urn:vcloud:applicationPortProfile:2"]


def test_many_runs_hold_the_lock_one_at_a_time(gateway: LockedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_lock, "POLLS", edge_lock.Pace(first=0.01, factor=1.0, longest=0.01))
    inside, most, done = 0, 0, []
    lock = threading.Lock()

    def work(mine: EdgeLock) -> None:
        nonlocal inside, most
        with mine:
            with lock:
                inside += 1
                most = max(most, inside)
            mine._markers.list()
            with lock:
                inside -= 1
        done.append(mine)

    gateway.create_marker(Hold.begin(ELSEWHERE, gateway.now - timedelta(seconds=LIFETIME + 1)))
    threads = [threading.Thread(target=work, args=(gateway.lock(120),)) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(done), gateway.markers) == (1, 6, [])


# whole runs


def cluster(number: int) -> str:
    return f"{CLUSTER[:-1]}{number}"


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_clusters_that_share_a_gateway_are_served_in_turn(sim: Simulator, attempt: int) -> None:
    sim.reset()
    edges = [Edge(sim).of(cluster_id=cluster(number)) for number in range(3)]
    given = [edge.create([service("web", 2), service("api", 1)], EXTERNAL) for edge in edges]
    sim.settings(task_seconds=0.05)
    runs = [edge.task(services, DISTINCT).start() for edge, services in zip(edges, given, strict=True)]
    results = [run.wait() for run in runs]
    assert [result.get("msg") for result in results] == [None] * 3
    vips = [one["virtualIpAddress"] for one in sim.dump()["virtual_services"]]
    assert len(vips) == len(set(vips)) == 9
    assert not [one for one in sim.dump()["application_port_profiles"] if "lock" in one["name"]]


def intruder(edge: Edge, address: str) -> None:
    """The CPI of another cluster takes an address: it ignores the lock and may write at any time."""
    members = [{"ip_address": "10.10.0.99", "port": 80}]
    edge.module("vcd_pool", name=f"theirs-{address}", members=members)
    service_ports = [{"start": 80, "type": "TCP_PROXY"}]
    given = {"virtual_ip_address": address, "pool": f"theirs-{address}", "service_ports": service_ports}
    edge.module("vcd_virtual_service", name=f"theirs-{address}", application_profile="L4", **given)


@pytest.mark.parametrize("times", [1, 3])
def test_an_address_that_was_taken_after_the_plan_leads_to_another_plan(
    sim: Simulator, times: int, tmp_path: Path
) -> None:
    sim.reset()
    plain = Edge(sim)
    edge = plain.of(progress_file=str(tmp_path / "progress"))
    services = plain.create([service("api", 1), service("web", 2)], EXTERNAL)
    run = None
    for number in range(times):
        hold = {"method": "POST", "route": "*/virtualServices", "name": "ingress-vs-web-*-http", "skip": 0, "times": 1}
        sim.faults([{**hold, "hold": "before"}])
        run = run or edge.task(services, INTERNAL).start()
        until(lambda: sim.faults()[0]["held"], "the creation of web's virtual service")
        held = sim.faults()
        intruder(plain, f"192.168.8.{3 + number}")
        del held
        sim.faults([])
    assert run is not None
    done = run.wait()
    assert not done.get("failed"), done
    assert [one["state"] for one in done["services"]] == ["migrated", "migrated"]
    assert done["services"][1]["internal_ips"] == [f"192.168.8.{3 + times}"]
    events = events_of(tmp_path / "progress")
    check_counts(events)
    plans = [(one["services"], one["again"]) for one in events if one["event"] == "plan"]
    again = len(plans) - 1  # the held creation may also belong to a rollback
    assert 1 <= again <= times
    assert plans == [(2, False), *[(1, True)] * again]
    ends = [(one["number"], one["of"], one["state"]) for one in events if one["event"] == "done"]
    assert ends == [(1, 2, "migrated"), *[(2, 2, "rolled_back")] * again, (2, 2, "migrated")]


def test_a_run_without_writes_takes_no_lock(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    services = edge.create([service("web", 2)], INTERNAL)
    sim.assume(**STRICT)
    sim.faults([{"method": "POST", "writes": True, "name": LOCK, "status": 403}])
    assert edge.done(services, INTERNAL)["changed"] is False
    assert edge.done(services, EXTERNAL, check=True)["changed"] is True
    assert "as in use: Cloud Director answered 403" in edge.failed(services, EXTERNAL)["msg"]


def test_the_lock_does_not_count_as_an_orphan(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    services = edge.create([service("web", 2)], INTERNAL)
    with ExitStack() as stack, LockedGateway(sim, stack).lock():
        assert edge.info(services=services)["orphans"] == []
        assert edge.done(services, INTERNAL)["orphans"] == []
        names = [one["name"] for one in edge.module("vcd_app_port_profile_info")["app_port_profiles"]]
        assert len([name for name in names if name.startswith("vcd.kubernetes-lock-")]) == 1
