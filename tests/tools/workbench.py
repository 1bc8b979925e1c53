# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the Makefile. `python tests/tools/workbench.py --help` lists them.

Standard library only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import docs_site
from artifact import checksum, moment
from gates import CHECK, GATES, PYTHONS_OF_CORE, acceptance, build_artifact, prepare, sanity_of_core
from lock import lock
from places import (
    CACHE,
    COLLECTION,
    LOGS,
    ROOT,
    TREE,
    Failed,
    awx_venv,
    copy_tree,
    docs_venv,
    kubernetes_core,
    run_venv,
    say,
    test_venv,
)
from release import release
from schedule import side_by_side


def demo() -> int:
    """Prepare what the demo needs, and run it."""
    say("Preparing the demonstration (everything is in .cache/; 'make clean' removes it)")
    venv = run_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    doubles = [str(COLLECTION / "tests" / folder) for folder in ("simulator", "kube_double")]
    environment = venv.environment(TREE, PYTHONPATH=os.pathsep.join(doubles))
    program = [str(venv.bin / "python"), "tests/demo/demo.py", "--work", str(CACHE / "demo")]
    return subprocess.run(program, cwd=COLLECTION, env=environment, check=False).returncode


def docs() -> int:
    """Build the site of the documentation."""
    say("Building the site of the documentation")
    venv = docs_venv()
    copy_tree()
    kubernetes_core(venv, TREE)
    say(f"The first page is {docs_site.build(venv, LOGS / 'docs.log')}")
    return 0


def test(names: list[str]) -> int:
    """Run the gates and say how each ended; the exit code is 0 only if all passed."""
    unknown = sorted(set(names) - set(GATES))
    if unknown:
        say(f"unknown gate {', '.join(unknown)}; there are {', '.join(GATES)}")
        return 2
    chosen = list(dict.fromkeys(names)) or list(GATES)
    began = time.monotonic()
    say(f"Testing with Python {sys.version.split()[0]} ({sys.executable}); logs in .cache/logs/")
    try:
        prepare()
    except Failed as error:
        say(f"preparation failed: {error}")
        return 1
    failures = side_by_side({name: GATES[name] for name in chosen})
    for name, complaint in failures.items():
        say(f"\n{name} FAILED\n{complaint}")
    say(f"{'failed: ' + ', '.join(failures) + '; ' if failures else ''}{time.monotonic() - began:.0f} s in all")
    say(f"gates: {len(chosen) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


def sanity(cores: list[str]) -> int:
    """Run ansible-test sanity with older releases of ansible-core; the gate of this name has the newest."""
    prepare()
    for core in cores or [*PYTHONS_OF_CORE][:-1]:
        say(sanity_of_core(core))
    return 0


def bench(options: list[str]) -> int:
    """Measure migrations against what Cloud Director needs, runs over a fleet, and lists against single tasks.

    Writes tables, and .cache/bench.json, fleet.json and lists.json. ``fleet`` and ``lists`` measure only that part.
    """
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    # where the real Terraform is
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    environment = venv.environment(TREE, PYTHONPATH=str(TREE), XDG_CACHE_HOME=caches)
    names = {"bench": "bench.py", "fleet": "fleet_bench.py", "lists": "list_bench.py"}
    if options[:1] and options[0] in names:
        names, options = {options[0]: names[options[0]]}, options[1:]
    say(f"Measuring {', '.join(names)} (all take about 50 minutes, most of it waiting for simulated tasks)")
    code = 0
    for name, program in names.items():
        # only the first program has options other than --quick
        own = options if name == next(iter(names)) else [option for option in options if option == "--quick"]
        command = [str(venv.bin / "python"), f"tests/bench/{program}", "--output", str(CACHE / f"{name}.json"), *own]
        code = code or subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode
    return code


def _with_helpers(program: str, *arguments: str) -> int:
    """Run a program of the tests in their environment, with their shared helpers. Returns the exit code."""
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    ours = ("simulator", "kube_double", "control_plane", "support", "tools")
    folders = [TREE, *(COLLECTION / "tests" / name for name in ours)]
    environment = venv.environment(TREE, PYTHONPATH=os.pathsep.join(map(str, folders)))
    command = [str(venv.bin / "python"), program, *arguments]
    return subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode


def versions() -> int:
    """Write which module works with which version of Cloud Director's API."""
    return _with_helpers("tests/tools/write_api_versions.py", str(ROOT / "docs" / "api-versions.md"))


def fuzz(options: list[str]) -> int:
    """Run the modules with fuzzed options, divided among the cores."""
    return _with_helpers("tests/support/module_fuzz.py", *options)


def fleet(options: list[str]) -> int:
    """Show a run over 40 clusters on 5 edge gateways that is cancelled, and in which one cluster breaks."""
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    program = [str(venv.bin / "python"), "tests/demo/fleet_demo.py", "--work", str(CACHE / "fleet"), *options]
    environment = venv.environment(TREE, PYTHONPATH=str(TREE))
    return subprocess.run(program, cwd=COLLECTION, env=environment, check=False).returncode


def mesh(options: list[str]) -> int:
    """Show the workflow of extensions/awx on several nodes, one of which is lost, and write docs/mesh.md's record."""
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    places = ["--work", str(CACHE / "mesh"), "--page", str(ROOT / "docs" / "mesh.md")]
    environment = venv.environment(TREE, PYTHONPATH=str(TREE), AWX_PROGRAMS=str(awx_venv().bin))
    program = [str(venv.bin / "python"), "tests/demo/mesh_demo.py", *places, *options]
    return subprocess.run(program, cwd=COLLECTION, env=environment, check=False).returncode


def build() -> int:
    """Build the release: the tarball, its checksum, and its bill of materials (CycloneDX)."""
    prepare()
    target = CACHE / "artifact"
    build_artifact(target, LOGS / "build.log", moment())
    for file in sorted(target.iterdir()):
        say(f"{checksum(file)}  {file}")
    return 0


def tidy() -> int:
    """Format and lint the Python code in place."""
    ruff = str(test_venv().bin / "ruff")
    subprocess.run([ruff, "format", "."], cwd=ROOT, check=False)
    return subprocess.run([ruff, "check", "--fix", "."], cwd=ROOT, check=False).returncode


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Demonstrate and test the collection; everything built is in .cache/.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="watch a Service in use move through the three scenarios")
    commands.add_parser("docs", help="build the site of the documentation")
    commands.add_parser("check", help=f"run the gates that take a minute: {', '.join(CHECK)}")
    commands.add_parser("test", help="run the gates").add_argument("gate", nargs="*", help="only these")
    commands.add_parser("gates", help="list the gates")
    commands.add_parser("sanity", help="run ansible-test sanity with older releases of ansible-core").add_argument(
        "core", nargs="*", help="only these, for example 2.18"
    )
    commands.add_parser("bench", help="measure migrations; options as tests/bench/bench.py has them", add_help=False)
    commands.add_parser("acceptance", help="run other projects' own tests with the simulator").add_argument(
        "name", nargs="*", help="only these projects and tests"
    )
    commands.add_parser(
        "fleet", help="show a run over 40 clusters that is cancelled and launched again", add_help=False
    )
    commands.add_parser("mesh", help="show AWX's workflow on several nodes, one of which is lost", add_help=False)
    commands.add_parser("versions", help="write docs/api-versions.md: run each module with each version of the API")
    commands.add_parser("fuzz", help="run the modules with 10,000 fuzzed sets of options", add_help=False)
    commands.add_parser("build", help="build the release's tarball, its checksum and its SBOM")
    commands.add_parser("release", help="prepare a release: its version and its changelog").add_argument("version")
    commands.add_parser("lock", help="pin what make installs, from tests/requirements/*.in")
    commands.add_parser("format", help="format and lint the Python code")
    arguments, more = parser.parse_known_args()
    if more and arguments.command not in ("bench", "fleet", "fuzz", "mesh"):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if arguments.command == "demo":
        return demo()
    if arguments.command == "docs":
        return docs()
    if arguments.command == "check":
        return test([*CHECK])
    if arguments.command == "test":
        return test(arguments.gate)
    if arguments.command == "sanity":
        return sanity(arguments.core)
    if arguments.command == "bench":
        return bench(more)
    if arguments.command == "acceptance":
        copy_tree()
        return acceptance(arguments.name)
    if arguments.command == "fleet":
        return fleet(more)
    if arguments.command == "mesh":
        return mesh(more)
    if arguments.command == "fuzz":
        return fuzz(more)
    if arguments.command == "versions":
        return versions()
    if arguments.command == "build":
        return build()
    if arguments.command == "release":
        return release(arguments.version)
    if arguments.command == "lock":
        return lock()
    if arguments.command == "format":
        return tidy()
    for name, gate in GATES.items():
        say(f"{name:12} {gate.about}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        say(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
