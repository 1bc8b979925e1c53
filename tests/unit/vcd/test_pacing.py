# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When tasks are polled: how late their end is noticed, and after how many polls, with a fake clock."""

from __future__ import annotations

import random

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.pacing import (
    REMEMBERED,
    EndRange,
    TaskDurations,
    TaskPolling,
    default_interval,
    expected_window,
    kind_of,
    next_interval,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, wait_until
from fake_clock import FakeClock

REQUEST = 0.02


class TaskServer:
    """Runs tasks one after another, as a session does.

    Each request takes ``request`` seconds and a random delay, on average ``delay``.
    """

    def __init__(self, request: float = REQUEST, delay: float = 0.0) -> None:
        self.clock, self.durations, self.request, self.delay = FakeClock(100.0), TaskDurations(), request, delay
        self.chance = random.Random(1)  # noqa: S311 - a test repeats

    def task(self, length: float, kind: str = "POST x") -> tuple[float, int]:
        """Run a task of ``length`` seconds; return how late its end was noticed, and the number of polls."""
        began, deadline = self.clock.now, Deadline(3600, self.clock)
        polling, polls = TaskPolling(self.durations.of(kind), self.clock), []

        def poll() -> bool:
            polling.poll_starts()
            polls.append(self.clock.now)
            self.clock.now += self.request + (self.chance.expovariate(1 / self.delay) if self.delay else 0.0)
            return self.clock.now >= began + length

        deadline.sleep(polling.first_pause())
        wait_until(poll, bool, what="the task", deadline=deadline, pace=polling)
        self.durations.learn(kind, polling.end_range())
        return self.clock.now - began - length, len(polls)

    def after(self, *lengths: float) -> TaskServer:
        """Run tasks of these lengths."""
        for length in lengths:
            self.task(length)
        return self


@pytest.mark.parametrize("length", [0.05, 0.2, 1.0, 7.0, 60.0, 300.0])
def test_a_task_of_known_length_is_noticed_at_once(length: float) -> None:
    server = TaskServer().after(length, length, length)
    for _number in range(20):
        late, polls = server.task(length)
        assert late <= max(0.02, 0.02 * length) + REQUEST
        assert polls <= (3 if length <= 1.0 else 12)


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01])
@pytest.mark.parametrize(
    ("length", "most"),
    [(0.1, 2.5), (0.2, 3.5), (0.5, 2.5), (0.7, 2.6), (1.0, 2.5), (2.0, 4.5), (5.0, 6.0), (10.0, 7.0)],
)
def test_a_run_of_writes_takes_few_polls_each(length: float, most: float, delay: float) -> None:
    server, kinds = TaskServer(delay=delay), ("POST profile", "POST rule", "POST pool", "POST service")
    seen = [server.task(length, kind) for _service in range(20) for kind in kinds]
    assert sum(polls for _late, polls in seen) <= most * len(seen)
    assert sum(late for late, _polls in seen) <= (0.03 * length + delay) * len(seen) + 0.01 * len(seen)


@pytest.mark.parametrize(("before", "since"), [(1.0, 0.1), (1.0, 0.9), (0.5, 0.1), (0.2, 0.05)])
def test_a_server_that_becomes_faster_costs_the_time_of_a_few_tasks(before: float, since: float) -> None:
    server = TaskServer().after(*[before] * REMEMBERED)
    seen = [server.task(since) for _number in range(20)]
    assert sum(late for late, _polls in seen) <= 5 * before
    assert sum(late for late, _polls in seen[10:]) <= 10 * (0.02 + REQUEST)


@pytest.mark.parametrize("longest", [0.0, 0.02, 0.1, 1.5])
def test_no_pause_is_negative(longest: float) -> None:
    for seed in range(30):
        server, chance = TaskServer(delay=0.01), random.Random(seed)  # noqa: S311 - a test repeats
        for number in range(40):
            server.task(chance.choice((0.0, longest, chance.uniform(0.0, longest))), f"POST {number % 2}")


def test_tasks_that_take_no_time_are_not_waited_for() -> None:
    server = TaskServer()
    for _number in range(20):
        late, polls = server.task(0.0)
        assert (round(late, 6), polls) == (REQUEST, 1)


@pytest.mark.parametrize("length", [0.5, 1.0, 5.0])
def test_a_series_of_writes_takes_little_longer_than_its_tasks(length: float) -> None:
    server, chance = TaskServer(), random.Random(1)  # noqa: S311 - a test repeats
    lengths = [length * chance.uniform(0.97, 1.03) for _number in range(200)]
    seen = [server.task(one) for one in lengths]
    with_requests = sum(REQUEST + one + late for one, (late, _polls) in zip(lengths, seen, strict=True))
    assert with_requests <= (1.03 + 1.5 * REQUEST / length) * sum(lengths)
    assert sum(polls for _late, polls in seen) <= {0.5: 3.5, 1.0: 4.5, 5.0: 8}[length] * len(seen)
    assert max(polls for _late, polls in seen[REMEMBERED:]) <= 18


def test_the_first_task_of_a_run_is_polled_by_age() -> None:
    server = TaskServer(request=0.0)
    late, polls = server.task(1.0)
    assert 0 <= late <= default_interval(1.0)
    assert polls == 13
    assert server.task(1.0, kind="POST x")[1] <= 6


@pytest.mark.parametrize("length", [0.1, 0.5, 1.0, 3.0, 20.0])
def test_a_kind_that_is_new_takes_the_durations_of_the_others_for_its_own(length: float) -> None:
    server = TaskServer().after(1.0, 1.0, 1.0)
    first = server.task(length, kind="PUT x")
    assert first[0] <= max(1.0, default_interval(length)) + REQUEST
    assert first[1] <= (2 if length <= 1.0 else TaskServer().task(length)[1])
    late, _polls = server.task(length, kind="PUT x")
    assert late <= max(0.02, 0.2 * length) + REQUEST
    server.after(1.0)
    assert server.task(1.0)[1] <= 2


@pytest.mark.parametrize("odd", [0.05, 0.3, 4.0, 60.0])
@pytest.mark.parametrize("before", [0, 1, 2, 4])
def test_one_outlier_does_not_spoil_the_prediction(odd: float, before: int) -> None:
    server = TaskServer().after(*[1.0] * before, odd)
    late, polls = server.task(1.0)
    assert late <= 1.0 if before < 2 else late <= 0.04 + REQUEST
    assert polls <= (24 if before < 2 else 14)
    server.after(1.0, 1.0)
    late, polls = server.task(1.0)
    assert late <= 0.02 + REQUEST
    assert polls <= 12


@pytest.mark.parametrize(("before", "since"), [(1.0, 2.0), (1.0, 0.6), (10.0, 1.0), (0.1, 1.0)])
def test_polling_adapts_when_the_server_becomes_slower_or_faster(before: float, since: float) -> None:
    server = TaskServer().after(*[before] * REMEMBERED)
    assert max(server.task(since)[0] for _number in range(3)) <= max(since, default_interval(since))
    server.after(*[since] * REMEMBERED)
    assert server.task(since)[0] <= max(0.02, 0.02 * since) + REQUEST


def test_mixed_lengths_cost_little_more_time_and_no_more_polls_than_unknown_ones() -> None:
    chance = random.Random(2)  # noqa: S311 - a test repeats
    lengths = [chance.uniform(0.5, 5.0) for _number in range(300)]
    learning, server = [], TaskServer()
    for length in lengths:
        learning.append(server.task(length))
    unknown = [TaskServer().task(length) for length in lengths]
    assert sum(late for late, _polls in learning) <= 1.2 * sum(late for late, _polls in unknown)
    assert sum(polls for _late, polls in learning) <= sum(polls for _late, polls in unknown)


def test_slow_answers_do_not_cause_extra_polls() -> None:
    server = TaskServer(request=0.5).after(*[1.0] * 5)
    assert server.task(1.0)[1] <= 3


@pytest.mark.parametrize("count", range(1, REMEMBERED + 1))
def test_polling_never_stalls(count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - a test repeats
    for _number in range(200):
        length = chance.uniform(0.0, 30.0)
        known = [EndRange(length * chance.uniform(0.5, 1), length * chance.uniform(1, 1.5)) for _one in range(count)]
        window = expected_window(known)
        assert window is not None
        assert 0 <= window.first <= window.start <= window.end
        moment = window.first
        for _poll in range(400):
            pause = next_interval(moment, window)
            assert 0.0 < pause <= max(default_interval(moment), 1.25 * moment, window.step)
            moment += pause
        assert moment > 30.0


def test_only_the_latest_tasks_of_a_kind_count() -> None:
    durations = TaskDurations()
    for number in range(20):
        durations.learn("a", EndRange(number, number))
    assert [one.over for one in durations.of("a")] == list(range(20 - REMEMBERED, 20))
    durations.learn("b", EndRange(0.95, 1.0))
    assert [one.over for one in durations.of("b")] == [1.0]
    assert [one.over for one in durations.of("c")] == [*range(20 - REMEMBERED + 1, 20), 1.0]
    assert TaskDurations().of("c") == ()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/x/pools/urn:vcloud:loadBalancerPool:6f1c", "/x/pools/*"),
        ("/x/edgeGateways/urn:vcloud:gateway:1/nat/rules", "/x/edgeGateways/*/nat/rules"),
        ("/x/nat/rules/6f1c0085-92bb-4e40-b3ee-5d7a0cb7f2b4", "/x/nat/rules/*"),
        ("/x/pools", "/x/pools"),
    ],
)
def test_the_kind_of_a_write_does_not_depend_on_the_object(path: str, kind: str) -> None:
    assert kind_of("PUT", path) == f"PUT {kind}"
