# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates of `make test` run side by side, and the output for people."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
import schedule
from gates import Gate
from places import Failed

HANGS = 120.0


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CORES", 2)


class Log:
    """Records what ran when."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun: list[str] = []
        self.workers: list[int] = []
        self.running = self.most = 0

    def gate(
        self,
        name: str,
        seconds: int = 1,
        ends: Callable[[], object] = str,
        *,
        programs: bool = False,
        waits: bool = False,
        processes: int = 1,
    ) -> Gate:
        """A gate that records its name and ends as ``ends`` does."""

        def run(workers: int) -> str:
            """Stand in for a gate."""
            with self.lock:
                self.begun.append(name)
                self.workers.append(workers)
                self.running += 1
                self.most = max(self.most, self.running)
            try:
                ends()
            finally:
                with self.lock:
                    self.running -= 1
            return f"{name} done\nand more"

        return Gate(run, seconds, processes, needs_programs=programs, waits=waits)


def test_one_gate_more_than_cores_runs_at_a_time_the_longest_first(capsys: pytest.CaptureFixture[str]) -> None:
    log, three = Log(), threading.Barrier(3, timeout=HANGS)
    times = zip("abcdef", (1, 6, 5, 4, 3, 2), strict=True)
    gates = {name: log.gate(name, seconds, three.wait) for name, seconds in times}
    assert schedule.side_by_side(gates) == {}
    assert (sorted(log.begun[:3]), sorted(log.begun[3:]), log.most) == (["b", "c", "d"], ["a", "e", "f"], 3)
    lines = capsys.readouterr().out.splitlines()
    assert all(re.search(r" \[\d+ s, \d+ s of CPU\]$", line) for line in lines if "passed" in line)
    assert [line[:5] for line in lines if "passed" in line] == [f"[{number}/6]" for number in range(1, 7)]
    assert lines.count("  start  a: Stand in for a gate.") == 1
    assert lines.count("        and more") == 6


def test_a_waiting_gate_runs_beside_the_working_ones() -> None:
    log, four = Log(), threading.Barrier(4, timeout=HANGS)
    gates = {name: log.gate(name, ends=four.wait, waits=name == "idle") for name in ("a", "b", "idle", "c")}
    assert schedule.side_by_side(gates) == {}
    assert (log.most, log.workers) == (4, [1, 1, 1, 1])


def test_a_gate_with_several_processes_has_one_for_each_core() -> None:
    log, two = Log(), threading.Barrier(2, timeout=HANGS)
    gates = {
        "long": log.gate("long", 9, two.wait, processes=8),
        "short": log.gate("short", 8, two.wait, processes=8),
        "last": log.gate("last", 7),
    }
    assert schedule.side_by_side(gates) == {}
    assert dict(zip(log.begun, log.workers, strict=True)) | {"last": 1} == {"long": 2, "short": 1, "last": 1}
    assert log.most == 2, "the third had no place"


def test_the_programs_are_built_beside_the_gates_that_do_not_need_them(monkeypatch: pytest.MonkeyPatch) -> None:
    log, other_ran = Log(), threading.Event()

    def build(_workers: int) -> str:
        assert other_ran.wait(HANGS)
        log.begun.append("built")
        return "all there"

    monkeypatch.setattr(schedule, "build_programs", build)
    gates = {
        "needs": log.gate("needs", 9, programs=True, processes=2),
        "other": log.gate("other", 1, other_ran.set, processes=2),
    }
    assert schedule.side_by_side(gates) == {}
    assert (log.begun, log.workers) == (["other", "built", "needs"], [1, 2]), "the place of the longest is kept"


def test_gates_without_their_programs_fail_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(_workers: int) -> str:
        raise Failed("no Go")

    def break_down() -> None:
        raise Failed("line 1\nline 2")

    monkeypatch.setattr(schedule, "build_programs", build)
    log = Log()
    gates = {
        "needs": log.gate("needs", programs=True),
        "broken": log.gate("broken", ends=break_down),
        "sound": log.gate("sound"),
    }
    assert schedule.side_by_side(gates) == {"needs": "no Go", "broken": "line 1\nline 2"}
    assert sorted(log.begun) == ["broken", "sound"]
    assert "line 1" not in capsys.readouterr().out, "that stands at the end, where it is found"
