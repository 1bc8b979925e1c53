# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules in processes of their own, forked from one that has imported everything: fast enough to kill hundreds.

A module that runs inside the test's process cannot be killed. Each run here is a fork (`forks`) of a process that has
loaded ansible-core and the collection's modules once.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from forks import Fork, Forks
from waiting import until

if TYPE_CHECKING:
    from kube_double.testing import KubeDouble
    from vcdsim.testing import Simulator

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 900.0  # only a run that hangs takes longer, even on a busy machine
_POLL_SECONDS = 0.01
LOCK = "vcd.kubernetes-lock-"
_HIDDEN = ("VCD_", "K8S_", "ANSIBLE_")


class ModuleBroke(AssertionError):
    """A module ended without a result; the message is its output."""


class ModuleRun:
    """One run of a module: ``ModuleRun("vcd_pool", {...}).start().wait()`` is its result.

    ``env`` is added to the environment. A failure (``fail_json``) is a result too. ``usage`` is set once it has
    ended: ``max_rss_kb`` and ``cpu_seconds`` of its process.
    """

    def __init__(
        self,
        module_name: str,
        args: Mapping[str, Any],
        env: Mapping[str, str] | None = None,
        *,
        check: bool = False,
        diff: bool = False,
        seconds: float = RUN_SECONDS,
    ) -> None:
        self._request = {
            "module": module_name,
            "args": {**args, "_ansible_check_mode": check, "_ansible_diff": diff},
            "env": dict(env or {}),
        }
        self._seconds = seconds
        self._fork: Fork | None = None
        self._output = self._errors = Path()
        self.pid = 0
        self.usage: dict[str, float] = {}

    def start(self) -> ModuleRun:
        """Start it; returns at once."""
        self._output, self._errors = (_new_file(_forks().folder, end) for end in (".out", ".err"))
        self._fork = _forks().start(self._request, self._output, self._errors, self._seconds)
        self.pid = self._fork.pid
        return self

    def wait(self) -> dict[str, Any]:
        """Wait for the result. ModuleBroke without one; TimeoutError after ``seconds``, which also kills the run."""
        ended = self._begun().wait()
        self.usage = {"max_rss_kb": ended.max_rss_kb, "cpu_seconds": ended.cpu_seconds}
        text, complaint = self._output.read_text(encoding="utf-8"), self._errors.read_text(encoding="utf-8")
        self._output.unlink()
        self._errors.unlink()
        try:
            result: dict[str, Any] = json.loads(text)
        except ValueError:
            raise ModuleBroke(f"{self._request['module']} ended with {ended.code}:\n{text}\n{complaint}") from None
        return result

    def kill(self) -> None:
        """Send SIGKILL; the process and its connections are gone when this returns."""
        self._begun().kill()
        self._output.unlink(missing_ok=True)
        self._errors.unlink(missing_ok=True)

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._fork is None or self._fork.ended()

    def _begun(self) -> Fork:
        if self._fork is None:
            raise RuntimeError("it has not been started")
        return self._fork


def _new_file(folder: Path, suffix: str) -> Path:
    descriptor, path = tempfile.mkstemp(dir=folder, suffix=suffix)
    os.close(descriptor)
    return Path(path)


@functools.cache
def _forks() -> Forks:
    """The process that modules are forked from, without the environment variables of tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
    return Forks("forked_module", {**kept, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)})


# -- killed at every write -------------------------------------------------------------------------------------------


class Survival(NamedTuple):
    """``writes`` (k) of an uninterrupted run, and how many of the ``kills`` were ``survived``."""

    writes: int
    survived: int
    kills: int
    problems: list[str]


class Killable(Protocol):
    """What can be killed at a write: a ModuleRun, or several in sequence."""

    @property
    def pid(self) -> int:
        """The process to kill."""

    def start(self) -> Killable:
        """Start it."""

    def wait(self) -> dict[str, Any]:
        """Wait for its end; its result."""

    def kill(self) -> None:
        """Kill it."""

    def ended(self) -> bool:
        """Whether it has ended."""


Check = Callable[[dict[str, Any], dict[str, Any]], None]


def same_state(final: dict[str, Any], uninterrupted: dict[str, Any]) -> None:
    """Whether two dumps of the simulator are equal, except for identifiers, versions and times."""
    assert comparable(final) == comparable(uninterrupted)


def comparable(dump: Mapping[str, Any]) -> dict[str, list[Any]]:
    """A dump without what depends on the path to the same state; references by name.

    The lock of a run that was killed after its last write is left out, too: it stays until the next run that writes.
    """
    kinds = {kind: objects for kind, objects in dump.items() if kind not in ("tasks", "api_tokens")}
    profiles = kinds.get("application_port_profiles", [])
    kinds["application_port_profiles"] = [one for one in profiles if not one["name"].startswith(LOCK)]
    return {kind: sorted(map(_plain, objects), key=json.dumps) for kind, objects in kinds.items()}


_PASSING = ("id", "version", "healthStatus", "healthMessage", "allocationDate")
_UNSET = (("transparentModeEnabled", False),)  # these mean the same as no value


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"id", "name"}:
            return value["name"]
        set_items = sorted(item for item in value.items() if item not in _UNSET)
        return {name: _plain(one) for name, one in set_items if name not in _PASSING}
    return value


def killed_at_every_write(
    run: Callable[[], Killable],
    sim: Simulator,
    prepare: Callable[[], object],
    *,
    check: Check = same_state,
    kube: KubeDouble | None = None,
    user: str = "kube",
    state: Callable[[], object] | None = None,
) -> Survival:
    """Kill a run before each of its k writes and after the last; the next run has to finish what it began.

    ``prepare`` brings the doubles to where a run starts (``sim.restore`` of a snapshot is the fast way); journals and
    faults have to be empty afterwards. ``check(final, uninterrupted)`` raises AssertionError for an unacceptable
    final state. Writes to ``kube`` count too, in numbers after those to VCD.

    No other kill can leave a different state. Between two writes a run only reads, and all that it knows dies with it:
    killed after a write, it leaves the same state as when it is killed before the next one. With two doubles the
    next write may go to either, and the run is killed before each write to either. What the doubles do by
    themselves (tasks end, pods start and stop) goes on without the run in both cases. A profile that is written
    in parallel with the gateway's objects changes nothing in this: a hold stops one of the two, the other goes on until
    the kill, whether the hold is before or after the write.

    With ``state``, that is proved: it returns what the doubles hold, the run is killed after each write too
    (2k kills), and the state after a kill then has to equal the state of a kill before the next write.
    """
    prepare()
    _finish(run)
    uninterrupted = sim.dump()
    places: list[_Vcd | _Kubernetes] = [_Vcd(sim, user)] if kube is None else [_Vcd(sim, user), _Kubernetes(kube)]
    counts = [place.written() for place in places]
    writes = sum(counts)
    problems: list[str] = []
    # the remaining state, by number of effective writes: killed before the next write, killed after the last one
    left: dict[str, dict[int, object]] = {"before": {}, "after": {}}
    positions: dict[int, tuple[_Vcd | _Kubernetes, int, int]] = {}

    def kill(place: _Vcd | _Kubernetes, number: int, count: int, moment: str) -> None:
        try:
            prepare()
            position = number + _kill_there(run, place, number, moment, [one for one in places if one is not place])
            positions[position] = (place, number, count)
            if state is not None:
                left[moment][position if moment == "before" else position + 1] = state()
            _finish(run)
            check(sim.dump(), uninterrupted)
        except (AssertionError, TimeoutError) as problem:
            problems.append(f"{moment} write {number + 1} of {count} to {place.name}: {problem}")

    targets = [(place, number, count) for place, count in zip(places, counts, strict=True) for number in range(count)]
    for target in targets:
        kill(*target, "before")
    last = [positions.get(writes - 1, targets[-1])] if targets else []
    afterwards = targets if state is not None else last
    for target in afterwards:
        kill(*target, "after")
    if state is not None:
        problems += [
            f"after write {done} of {writes} the doubles do not hold what they hold before write {done + 1}: "
            f"{left['after'].get(done)} instead of {left['before'].get(done)}"
            for done in range(1, writes)
            if left["after"].get(done) != left["before"].get(done)
        ]
    kills = len(targets) + len(afterwards)
    return Survival(writes, max(kills - len(problems), 0), kills, problems)


def killed_at(run: Callable[[], Killable], sim: Simulator, number: int, user: str = "kube") -> None:
    """Kill a run before one of its writes to Cloud Director, counted from 0, and let the next run finish it."""
    _kill_there(run, _Vcd(sim, user), number, "before", [])
    _finish(run)


def _finish(run: Callable[[], Killable]) -> None:
    result = run().start().wait()
    assert not result.get("failed"), result.get("msg")


def _kill_there(
    run: Callable[[], Killable],
    place: _Vcd | _Kubernetes,
    number: int,
    moment: str,
    others: list[_Vcd | _Kubernetes],
) -> int:
    """Kill a run at a write. Returns how many writes it had made to the ``others`` by then."""
    place.hold(number, moment)
    begun = run().start()

    def held() -> bool:
        if place.holds():
            return True
        assert not begun.ended(), f"the run ended before this write: {begun.wait()}"
        return False

    try:
        until(held, "this write", every=_POLL_SECONDS)
    finally:
        if begun.pid and not begun.ended():
            begun.kill()
        place.release()
    return sum(other.written() for other in others)


class _Vcd:
    """Holds and counts writes at the simulator."""

    name = "VCD"

    def __init__(self, sim: Simulator, user: str) -> None:
        self._sim, self._user = sim, user

    def hold(self, number: int, moment: str) -> None:
        self._sim.faults([{"writes": True, "user": self._user, "skip": number, "times": 1, "hold": moment}])

    def holds(self) -> bool:
        return any(rule["held"] for rule in self._sim.faults())

    def release(self) -> None:
        self._sim.faults([])

    def written(self) -> int:
        from invariants import is_write

        return sum(1 for entry in self._sim.journal() if is_write(entry) and entry["user"] == self._user)


class _Kubernetes:
    """Holds and counts writes at the Kubernetes double."""

    name = "Kubernetes"

    def __init__(self, kube: KubeDouble) -> None:
        self._kube = kube

    def hold(self, number: int, moment: str) -> None:
        self._kube.faults([{"writes": True, "nth": number + 1, "action": f"hold_{moment}"}])

    def holds(self) -> bool:
        return any(rule["held"] for rule in self._kube.faults())

    def release(self) -> None:
        self._kube.faults([])

    def written(self) -> int:
        from kube_double.faults import is_write

        return sum(1 for entry in self._kube.journal() if is_write(entry["method"], entry["path"]))
