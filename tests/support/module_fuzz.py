# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules with fuzzed options: in check mode, for real, and again. Each run succeeds or fails with one clear line.

As a program: ``python tests/support/module_fuzz.py --count 10000 --seed 1``, or `make fuzz`. ``--case N`` runs one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_places import WHOLE_CLUSTER, FuzzPlace, places
from fuzzed_options import SECRET, Drawer, EstateNames, Options
from module_calls import differences, only_reads, spec_of, surprises
from module_lives import lives, options_to_read
from plain_messages import complaint

ODD_VALUE = str({"x": 1})  # Ansible converts these to text if an option takes text
# What only Cloud Director knows, or may or may not refuse: see tests/simulator/vcdsim/assumptions.py.
ONLY_VCD = re.compile(
    r"is not in the (?:ranges|prefixes) of the IP Space|\"transparentModeEnabled\": it needs|has no 1 free addresses"
    r"|\"appliedTo\": there is no such network"  # before API 37.1, it does not report what backs an uplink
    r"|\"ipv6VirtualIpAddress\": the load balancer has no IPv6|for another protocol|refuses TCP and UDP on one port"
)
# How a short wait_timeout ends depends on how busy the machine is, and check mode waits for nothing.
TIMED_OUT = re.compile(r"timed out after [\d.]+ s waiting\b")
# These modules start something each time that they run.
REPEATED = frozenset({"nakivo_job"})
DONE, UNCHANGED, REFUSED, BY_SERVER = "changed", "unchanged", "refused by the module", "refused by the server"


@dataclass
class FuzzCase:
    """One set of options, and its outcome. ``problems`` is empty if all is well."""

    number: int
    module: str
    login: Mapping[str, str]
    options: Options
    end: str = ""
    message: str = ""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        user = self.login.get("user", "the only user")
        lines = [f"case {self.number}: {self.module} as {user}: {self.options}", *self.problems]
        return "\n    ".join(line[:1500] for line in lines)


class Fuzz:
    """Makes cases, and runs them on servers that have the same state before each."""

    def __init__(self, found: list[FuzzPlace], words: EstateNames, seed: int) -> None:
        self._seed = seed
        self._words = words
        self._places = {module: place for place in found for module in place.bases}
        # modules that write have more to go wrong
        self._modules = [one for one in self._places for _time in range(1 if only_reads(one) else 4)]

    def case(self, number: int) -> FuzzCase:
        """The case with this number."""
        source = random.Random(f"{self._seed} {number}")  # noqa: S311  # it need not be secret
        module = self._modules[number % len(self._modules)]
        place = self._places[module]
        login = source.choice(place.logins) if source.random() < 0.1 else place.owner(module)
        options = Drawer(source, self._words).options(spec_of(module), self._base(module, source))
        return FuzzCase(number, module, login, options)

    def _base(self, module: str, source: random.Random) -> Options | None:
        """A sound set of options."""
        if source.random() < 0.1:
            return None
        life = lives().get(module)
        if life:
            more = source.choice((life.create, life.create, life.change, life.remove, *life.parts.values()))
            return {**life.key, **more}
        known = self._places[module].bases[module]
        return source.choice(known) if known else options_to_read(module, spec_of(module).options)

    def run(self, case: FuzzCase) -> None:
        """Run a case: half of them on an object that exists."""
        place = self._places[case.module]
        place.fresh()
        place.prepare(case.module, bool(case.number // len(self._modules) % 2))
        planned = self._run(case, place, check=True)
        if planned is None:
            return
        if place.written():
            case.problems.append(f"check mode writes: {place.written()}")
        done = self._run(case, place)
        if done is None:
            return
        if TIMED_OUT.search(str(done.get("msg"))):
            case.message, case.end = str(done["msg"]), REFUSED
            return
        # the plan of a whole cluster's run only reads; in check mode it says whether the next phase would change things
        plans = case.module == WHOLE_CLUSTER and case.options.get("phase") == "plan" and not done.get("failed")
        if not plans and not _foreseen(planned, done) and not ONLY_VCD.search(str(done.get("msg"))):
            case.problems += surprises(case.module, planned, done)
        if done.get("failed"):
            case.message = str(done["msg"])
            answered = isinstance(done.get("failure"), Mapping) and done["failure"].get("status")
            case.end = BY_SERVER if answered else REFUSED
            # a run that discovers a rule of Cloud Director says so in its own words, after the rollback
            if place.written() and not answered and not ONLY_VCD.search(case.message):
                case.problems.append(f"wrote before it refused: {place.written()}: {case.message}")
            return
        case.end = DONE if done["changed"] else UNCHANGED
        again = self._run(case, place)
        if again is not None and TIMED_OUT.search(str(again.get("msg"))):
            return
        if again is not None and (again.get("failed") or again["changed"]) and case.module not in REPEATED:
            what = again.get("msg") or differences(*(again["diff"][side] for side in ("before", "after")))
            case.problems.append(f"run again: {what}")

    @staticmethod
    def _run(case: FuzzCase, place: FuzzPlace, *, check: bool = False) -> dict[str, Any] | None:
        """Run the module and check its messages. Returns the result, or None after a defect."""
        try:
            result = place.run(case.module, check=check, **{**case.options, **case.login})
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is not a result
            case.problems.append(f"{type(error).__name__}: {error}")
            return None
        text = str({**result, "invocation": None})
        if SECRET in text:
            case.problems.append("a secret is in the output")
        if "Traceback" in text:
            case.problems.append("a traceback is in the output")
        if result.get("failed"):
            case.problems += unclear(str(result["msg"]), ours="failure" in result)
        return result


def _foreseen(planned: Mapping[str, Any], done: Mapping[str, Any]) -> bool:
    """Whether check mode has warned of the right that the user lacks: it cannot know which rights a role has."""
    lacked = "lacks the right" in str(planned.get("warnings"))
    return lacked and bool(done.get("failed")) and "403" in str(done["msg"])


def unclear(message: str, *, ours: bool) -> Iterator[str]:
    """What is wrong with the text of a failure. Messages about wrong types are Ansible's own."""
    if "defect of the collection" in message:
        yield message
    if ours and not message.isprintable():
        yield f"not one printable line: {message!r}"
    if ours and "not a JMESPath expression" not in message and complaint(message.replace(ODD_VALUE, "")):
        yield f"{complaint(message)!r} in a message: {message}"
    if not message.strip():
        yield "no message"


def fuzz(seed: int, numbers: Iterable[int]) -> Iterator[FuzzCase]:
    """Yield the cases with these numbers, each after its run."""
    with tempfile.TemporaryDirectory() as folder, places(Path(folder)) as (found, simulator):
        made = Fuzz(found, EstateNames(simulator.dump()), seed)
        for number in numbers:
            case = made.case(number)
            made.run(case)
            yield case


def share(seed: int, numbers: range) -> list[FuzzCase]:
    """The cases of one process, which reports problems at once."""
    found = []
    for case in fuzz(seed, numbers):
        if case.problems:
            print(case, case.end, case.message, flush=True)
        found.append(case)
    return found


def main() -> int:
    """Run, and report the problems; the exit code is 1 if there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if given.case is not None:
        (case,) = fuzz(given.seed, [given.case])
        print(case, case.end, case.message)
        return 1 if case.problems else 0
    began, last = time.monotonic(), given.first + given.count
    shares = [range(given.first + one, last, given.processes) for one in range(given.processes)]
    with ProcessPoolExecutor(given.processes, multiprocessing.get_context("forkserver")) as pool:
        cases = [case for found in pool.map(share, [given.seed] * len(shares), shares) for case in found]
    by_module: dict[str, Counter[str]] = {}
    for case in cases:
        by_module.setdefault(case.module, Counter())[case.end] += 1
    for module, counter in sorted(by_module.items()):
        print(f"{module:45} {', '.join(f'{number} {end}' for end, number in counter.most_common())}")
    bad = sum(bool(case.problems) for case in cases)
    ends = ", ".join(f"{number} {end}" for end, number in Counter(case.end for case in cases).most_common())
    print(f"{len(cases)} sets of options, seed {given.seed}: {ends}; {bad} with problems;", end=" ")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
