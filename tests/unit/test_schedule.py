# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates of `make test` run beside which, and what a person reads of it."""

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
    """What ran when."""

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
    ) -> Gate:
        """One that writes its name down and ends as ``ends`` does."""

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

        return Gate(run, seconds, needs_programs=programs, waits=waits)


def test_two_at_a_time_the_longest_first(capsys: pytest.CaptureFixture[str]) -> None:
    log, pairs = Log(), threading.Barrier(2, timeout=HANGS)
    gates = {name: log.gate(name, seconds, pairs.wait) for name, seconds in zip("abcd", (1, 4, 3, 2), strict=True)}
    assert schedule.side_by_side(gates) == {}
    assert (sorted(log.begun[:2]), sorted(log.begun[2:]), log.most) == (["b", "c"], ["a", "d"], 2)
    lines = capsys.readouterr().out.splitlines()
    assert all(re.search(r" \[\d+ s, \d+ s of CPU\]$", line) for line in lines if "passed" in line)
    assert [line[:5] for line in lines if "passed" in line] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert lines.count("  start  a: Stand in for a gate.") == 1
    assert lines.count("        and more") == 4


def test_one_that_waits_runs_beside_two_that_work() -> None:
    log, three = Log(), threading.Barrier(3, timeout=HANGS)
    gates = {name: log.gate(name, ends=three.wait, waits=name == "idle") for name in ("a", "idle", "b")}
    assert schedule.side_by_side(gates) == {}
    assert (log.most, log.workers) == (3, [1, 1, 1])


def test_one_alone_has_both_cores() -> None:
    log = Log()
    schedule.side_by_side({"a": log.gate("a")})
    assert log.workers == [2]


def test_the_programs_are_built_beside_the_gates_that_do_not_need_them(monkeypatch: pytest.MonkeyPatch) -> None:
    log, other_ran = Log(), threading.Event()

    def build(_workers: int) -> str:
        assert other_ran.wait(HANGS)
        log.begun.append("built")
        return "all there"

    monkeypatch.setattr(schedule, "build_programs", build)
    gates = {"needs": log.gate("needs", 9, programs=True), "other": log.gate("other", 1, other_ran.set)}
    assert schedule.side_by_side(gates) == {}
    assert log.begun == ["other", "built", "needs"]


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
