# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs other projects' own tests, unmodified, with the simulator as their Cloud Director.

    python tests/clients/acceptance.py [--jobs N] [--logs FOLDER] [PROJECT or TEST...]     (`make acceptance` calls it)

`acceptance/PROJECT.yml` holds a project's settings for the simulator, the tests that pass, those that fail, by what
the simulator lacks, and those that are not run. The test program is built once, from the project's Go module; its
source is not kept here. Each test gets a freshly started simulator. The exit code is 1 if a test does not end as its
file says, or if a test of the source files that it names is missing from all of its lists.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("simulator", "control_plane")]

from control_plane.go import Build, build, sources  # noqa: E402 - found by the line above
from control_plane.places import Failed, Missing  # noqa: E402 - the same
from control_plane.programs import CLIENT_TESTS, find_terraform  # noqa: E402 - the same
from vcdsim.testing import Simulator  # noqa: E402 - the same

SECONDS = 1800  # long enough for a busy machine
PASSED = "PASS"


@dataclass(frozen=True)
class Project:
    """How one project's test program is called.

    ``settings`` is the environment variable that names the file with the settings, ``arguments`` those that choose one
    test, ``verdict`` matches the line that says how it ended, and ``declared`` the line that begins a test.
    """

    name: str
    settings: str
    arguments: tuple[str, ...]
    verdict: str
    declared: str
    needs_terraform: bool = False

    @property
    def tests(self) -> Build:
        """The test program."""
        return CLIENT_TESTS[self.name]

    def description(self) -> dict[str, Any]:
        """The project's file; ``fails`` and ``aside`` have the reason of each test."""
        path = HERE / "acceptance" / f"{self.name}.yml"
        found = dict(yaml.safe_load(path.read_text(encoding="utf-8")))
        for kind in ("fails", "aside"):
            found[kind] = {test: reason for reason, tests in found[kind].items() for test in tests}
        return found


PROJECTS = (
    Project(
        "go-vcloud-director",
        "GOVCD_CONFIG",
        ("-check.v", "-check.f", "^TestVCD[.]{test}$"),
        r"^(PASS|FAIL|SKIP|PANIC): .*TestVCD\.{test}\b",
        r"^func \(\w+ \*TestVCD\) (Test\w+)\(",
    ),
    Project(
        "terraform-provider-vcd",
        "VCD_CONFIG",
        ("-test.v", "-test.run", "^{test}$", "-vcd-skip-leftovers-removal", "-vcd-skip-template-write"),
        r"^--- (PASS|FAIL|SKIP): {test}\b",
        r"^func (TestAcc\w+)\(",
        needs_terraform=True,
    ),
)


def filled(value: Any, places: Mapping[str, str]) -> Any:
    """Settings with ``{url}`` and ``{module}`` filled in."""
    if isinstance(value, dict):
        return {key: filled(one, places) for key, one in value.items()}
    return value.format_map(places) if isinstance(value, str) else value


class Runner:
    """Runs tests of one project, each with its own process, folder and simulator."""

    def __init__(self, project: Project, logs: Path, jobs: int) -> None:
        self.project, self.logs = project, logs
        self._description = project.description()
        self._program = build(project.tests, say) / f"{project.name}.test"
        self._module, self._sources = sources(project.tests, say)
        self._terraform = find_terraform() if project.needs_terraform else None
        self._simulators: queue.SimpleQueue[Simulator] = queue.SimpleQueue()
        self._jobs = jobs

    def unlisted(self) -> list[str]:
        """The tests that the project's file should name but does not."""
        package = Path(next(iter(self.project.tests.packages.values()))).name
        files = (self._sources / package).glob("*_test.go")
        texts = {path.name: path.read_text(encoding="utf-8") for path in files}
        return unlisted(self.project, self._description, texts)

    def run(self, tests: Sequence[str]) -> dict[str, str]:
        """How each test ended: PASS, or another verdict with the program's last line."""
        found: dict[str, str] = {}
        options = dict(self._description["simulator"])
        running = [Simulator(**options, task_seconds=0, health_seconds=0, openapi=None) for _job in range(self._jobs)]
        try:
            for one in running:
                one.start()
                self._simulators.put(one)
            with ThreadPoolExecutor(self._jobs) as pool:
                waiting = {pool.submit(self._one, test): test for test in tests}
                for done in as_completed(waiting):
                    test = waiting[done]
                    found[test], seconds = done.result()
                    say(f"  {found[test].partition(':')[0]:5} {test} ({seconds:.0f} s)")
        finally:
            for one in running:
                one.stop()
        return found

    def _one(self, test: str) -> tuple[str, float]:
        sim, began = self._simulators.get(), time.monotonic()
        try:
            sim.reset()
            with tempfile.TemporaryDirectory(prefix="acceptance-") as name:
                output = self._output(test, sim, Path(name))
            entries = sim.journal()
        finally:
            self._simulators.put(sim)
        (self.logs / f"{test}.log").write_text(output)
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (self.logs / f"{test}.jsonl").write_text(lines)
        return verdict(self.project, test, output), time.monotonic() - began

    def _output(self, test: str, sim: Simulator, folder: Path) -> str:
        # tests look for resources beside the folder that they run in, and for files beside their own source
        work = folder / "work"
        beside = work / self._module
        beside.parent.mkdir(parents=True)
        for place, target in ((beside, ""), (folder / "test-resources", "test-resources")):
            place.symlink_to(self._sources / target)
        settings = filled(self._description["settings"], {"url": sim.url, "module": str(self._sources)})
        (folder / "settings").write_text(json.dumps(settings))  # JSON is YAML, too
        kept = {name: value for name, value in os.environ.items() if not name.casefold().endswith("_proxy")}
        kept |= {"HOME": str(folder), "SSL_CERT_FILE": sim.ca, self.project.settings: str(folder / "settings")}
        if self._terraform:
            kept |= {"TF_ACC_TERRAFORM_PATH": str(self._terraform), "CHECKPOINT_DISABLE": "1"}
        command = [str(self._program), *(part.replace("{test}", test) for part in self.project.arguments)]
        output = folder / "output"
        with output.open("wb") as sink:
            running = subprocess.Popen(command, cwd=work, env=kept, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
            try:
                running.wait(SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
                sink.write(f"\nerror: it did not end within {SECONDS} s\n".encode())
        return output.read_text(errors="replace")


def unlisted(project: Project, description: Mapping[str, Any], files: Mapping[str, str]) -> list[str]:
    """The tests of the project's source files that its own file does not list; ``files`` is text by name."""
    known = {*description["passes"], *description["fails"], *description["aside"]}
    named = {name: text for name, text in files.items() if re.search("|".join(description["files"]), name)}
    found = {test for text in named.values() for test in re.findall(project.declared, text, re.MULTILINE)}
    return sorted(found - known)


def verdict(project: Project, test: str, output: str) -> str:
    """How a test ended, by its program's output: ``PASS``, or another word and the last line that says why."""
    found = re.findall(project.verdict.replace("{test}", re.escape(test)), output, re.MULTILINE)
    if found and found[-1] == PASSED:
        return PASSED
    relevant = [line.strip() for line in output.splitlines() if re.search(r"[Ee]rror|\.go:\d+|\.\.\. |panic", line)]
    last_line = re.sub(r"\S*/(?=\w+\.go:)", "", relevant[-1])[:300] if relevant else "no output"
    return f"{found[-1] if found else 'NONE'}: {last_line}"


def judge(description: Mapping[str, Any], found: Mapping[str, str]) -> list[str]:
    """The tests that did not end as the project's file says, one line each."""
    complaints = []
    for test, ended in sorted(found.items()):
        if test in description["fails"] and ended == PASSED:
            complaints.append(f"{test} passes now: move it to passes")
        elif test in description["passes"] and ended != PASSED:
            complaints.append(f"{test} does not pass: {ended}")
    return complaints


def say(line: str) -> None:
    """A line of progress."""
    print(line, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the named tests, or without names all tests that the files list."""
    parser = argparse.ArgumentParser(prog="acceptance", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a project or a test; without one, all")
    parser.add_argument("--jobs", type=int, default=2, help="how many tests run at once (default: %(default)s)")
    parser.add_argument("--logs", type=Path, default=Path("acceptance-logs"), help="a folder for outputs and journals")
    options = parser.parse_args(arguments)
    options.logs.mkdir(parents=True, exist_ok=True)
    complaints, known = [], set()
    for project in PROJECTS:
        description = project.description()
        listed = [*description["passes"], *description["fails"]]
        chosen = [test for test in listed if not options.names or {test, project.name} & set(options.names)]
        known |= {project.name, *listed}
        if not chosen:
            continue
        say(f"{project.name}: {len(chosen)} tests")
        try:
            runner = Runner(project, options.logs, options.jobs)
            found = runner.run(chosen)
        except (Failed, Missing) as error:
            say(f"acceptance: {error}")
            return 1
        passed = sum(one == PASSED for one in found.values())
        say(f"{project.name}: {passed} of {len(found)} tests passed")
        complaints += judge(description, found)
        complaints += [f"{test} is in no list of acceptance/{project.name}.yml" for test in runner.unlisted()]
    complaints += [
        f"{name} is neither a project nor a test in the files" for name in options.names if name not in known
    ]
    for line in complaints:
        say(line)
    say(f"outputs and journals are in {options.logs}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
