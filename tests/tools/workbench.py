# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the Makefile: `demo`, `test [GATE ...]`, `gates`, `bench`, `format`. Standard library only."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from gates import GATES, prepare
from places import CACHE, COLLECTION, ROOT, TREE, Failed, copy_tree, kubernetes_core, run_venv, say, test_venv


def demo() -> int:
    """Prepare and run the demo."""
    say("Preparing the demo (everything is in .cache/; 'make clean' removes it)")
    venv = run_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    doubles = [str(COLLECTION / "tests" / folder) for folder in ("simulator", "kube_double")]
    environment = venv.environment(TREE, PYTHONPATH=os.pathsep.join(doubles))
    program = [str(venv.bin / "python"), "tests/demo/demo.py", "--work", str(CACHE / "demo")]
    return subprocess.run(program, cwd=COLLECTION, env=environment, check=False).returncode


def test(names: list[str]) -> int:
    """Run the gates and print how each ended. Returns 0 only if all passed."""
    unknown = sorted(set(names) - set(GATES))
    if unknown:
        say(f"unknown gate {', '.join(unknown)}; use one of {', '.join(GATES)}")
        return 2
    chosen = names or list(GATES)
    began = time.monotonic()
    say(f"Testing with Python {sys.version.split()[0]} ({sys.executable}); logs in .cache/logs/")
    failures: list[str] = []
    try:
        prepare()
    except Failed as error:
        say(f"preparation failed: {error}")
        return 1
    for number, name in enumerate(chosen, 1):
        say(f"[{number}/{len(chosen)}] {name}: {(GATES[name].__doc__ or '').splitlines()[0]}")
        start = time.monotonic()
        try:
            outcome = GATES[name]()
        except Failed as error:
            failures.append(name)
            outcome = f"FAILED\n{error}"
        say(f"        {outcome} [{time.monotonic() - start:.0f} s]")
    say(f"{'failed: ' + ', '.join(failures) + '; ' if failures else ''}{time.monotonic() - began:.0f} s in all")
    say(f"gates: {len(chosen) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


def bench(options: list[str]) -> int:
    """Compare the time of migrations with what Cloud Director needs. Prints tables and writes .cache/bench.json."""
    say("Measuring (about 15 minutes, mostly waiting for simulated tasks)")
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    environment = venv.environment(TREE, PYTHONPATH=str(TREE))
    program = [str(venv.bin / "python"), "tests/bench/bench.py", "--output", str(CACHE / "bench.json"), *options]
    return subprocess.run(program, cwd=COLLECTION, env=environment, check=False).returncode


def tidy() -> int:
    """Format and lint the Python code in place."""
    ruff = str(test_venv().bin / "ruff")
    subprocess.run([ruff, "format", "."], cwd=ROOT, check=False)
    return subprocess.run([ruff, "check", "--fix", "."], cwd=ROOT, check=False).returncode


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Demonstrate and test the collection. Everything that is built is in .cache/."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="watch CPI move through the three scenarios")
    commands.add_parser("test", help="run the gates").add_argument("gate", nargs="*", help="only these")
    commands.add_parser("gates", help="list the gates")
    commands.add_parser("bench", help="measure migrations; takes the options of tests/bench/bench.py", add_help=False)
    commands.add_parser("format", help="format and lint the Python code")
    arguments, more = parser.parse_known_args()
    if more and arguments.command != "bench":
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if arguments.command == "demo":
        return demo()
    if arguments.command == "test":
        return test(arguments.gate)
    if arguments.command == "bench":
        return bench(more)
    if arguments.command == "format":
        return tidy()
    for name, gate in GATES.items():
        say(f"{name:12} {(gate.__doc__ or '').splitlines()[0]}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        say(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
