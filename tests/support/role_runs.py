# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the real ansible-playbook against both doubles, many cases in one run."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forked_playbook
import forked_python
import yaml
from forks import Fork, Forks
from kube_double.testing import KubeDouble
from vcdsim.testing import Simulator

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "cpi"
READS = {"GET", "HEAD", "OPTIONS"}
# requests that change nothing, although they are not a GET: a login, a logout, a question about rights
HARMLESS = ("/sessions", "/oauth/", "selfsubjectaccessreviews", "selfsubjectrulesreviews")
HIDDEN = ("VCD_", "K8S_", "ANSIBLE_")
RUN_SECONDS = 1800.0  # only a run that hangs takes longer, even on a busy machine


@dataclass(frozen=True)
class Case:
    """One run of the role (or of ``task``) with its variables."""

    name: str
    variables: Mapping[str, Any]
    tasks_from: str = "main"
    task: Mapping[str, Any] | None = None

    def as_tasks(self) -> dict[str, Any]:
        """A block that records how it ended, and lets the play continue."""
        role = {"name": "vcd.kubernetes.shared_ip", "tasks_from": self.tasks_from}
        what = self.task or {"ansible.builtin.include_role": role}
        note = "{{ outcomes | default({}) | combine({case: {'failed': %s, 'msg': %s}}) }}"
        return {
            "name": self.name,
            "vars": {**self.variables, "case": self.name},
            "block": [
                what,
                {"ansible.builtin.set_fact": {"outcomes": note % ("false", "shared_ip_result | default({})")}},
            ],
            "rescue": [
                {"ansible.builtin.set_fact": {"outcomes": note % ("true", "ansible_failed_result.msg | default('')")}}
            ],
        }


@dataclass(frozen=True)
class Finished:
    """The outcome of a run of ansible-playbook: its exit code, its output, and how each case ended."""

    code: int
    output: str
    outcomes: Mapping[str, Mapping[str, Any]]


def run_cases(folder: Path, cases: Sequence[Case], environment: Mapping[str, str], *options: str) -> Finished:
    """Run the cases one after the other in one play on localhost."""
    target = folder / "outcomes.json"
    keep = {"dest": str(target), "content": "{{ outcomes | to_json }}", "mode": "0600"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            *(case.as_tasks() for case in cases),
            {"ansible.builtin.copy": keep, "check_mode": False, "diff": False, "no_log": True},
        ],
    }
    playbook = folder / "cases.yml"
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    code, output = ansible_playbook(folder, [str(playbook), *options], environment)
    outcomes = json.loads(target.read_text()) if target.exists() else {}
    return Finished(code, output, outcomes)


def ansible_playbook(folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run ansible-playbook. Returns its exit code and its output with errors.

    If that makes no difference, it is forked from a process that has imported it, see `forked_playbook`.
    """
    variables = clean_environment(folder, environment)
    if forked_playbook.same_start(variables) is None or (folder / "ansible.cfg").exists():
        return _own_process(folder, words, variables)
    descriptor, path = tempfile.mkstemp(prefix="output-")
    os.close(descriptor)
    output = Path(path)
    code = started_playbook(folder, words, environment, output, str(forked_python_program())).wait().code
    text = output.read_text(encoding="utf-8")
    output.unlink()
    return code, text


def started_playbook(
    folder: Path,
    words: Sequence[str],
    environment: Mapping[str, str],
    output: Path,
    python: str,
    errors: Path | None = None,
) -> Fork:
    """Start a forked ansible-playbook, with its output in a file, and ``python`` for its modules.

    Standard error goes to the file ``errors``, or into the output.
    """
    variables = clean_environment(folder, environment)
    start = forked_playbook.same_start(variables)
    assert start is not None, "this run needs a process of its own"
    forks = _forks(json.dumps(start, sort_keys=True))
    own = {**variables, "ANSIBLE_HOME": str(forks.folder)}
    request = {"words": [*words], "env": own, "folder": str(folder), "python": python}
    return forks.start(request, output, errors or output, RUN_SECONDS)


@functools.cache
def _forks(start: str) -> Forks:
    """The process from which runs with this part of their environment (JSON) are forked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    home = tempfile.mkdtemp(prefix="ansible-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return Forks("forked_playbook", {**kept, **json.loads(start), "ANSIBLE_HOME": home, "ANSIBLE_LOCAL_TEMP": home})


def ansible_playbook_apart(folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run ansible-playbook in a process of its own. Returns its exit code, standard output and standard error."""
    done = _run(folder, words, clean_environment(folder, environment), subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@functools.cache
def forked_python_program() -> Path:
    """The Python that runs modules: see `forked_python`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    return forked_python.program(Forks("forked_python", kept).folder)


@functools.cache
def programs_with_forked_modules() -> Path:
    """A folder for PATH: its ansible-playbook is the real one in a process of its own, except for that Python."""
    folder = forked_python_program().parent / "programs"
    folder.mkdir()
    program = folder / "ansible-playbook"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"sys.executable = {str(forked_python_program())!r}\n"
        "from ansible.cli.playbook import main\n"
        "sys.exit(main())\n"
    )
    program.chmod(0o700)
    return folder


def _own_process(folder: Path, words: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str]:
    done = _run(folder, words, variables, subprocess.STDOUT)
    return done.returncode, done.stdout


def _run(
    folder: Path, words: Sequence[str], variables: Mapping[str, str], errors: int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *words],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def clean_environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without connection settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    collections = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or str(collections_path())
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }


def collections_path() -> Path:
    """The folder above the imported ansible_collections, with symbolic links unresolved."""
    import ansible_collections.vcd.kubernetes.plugins.module_utils as here

    return Path(next(iter(here.__path__))).parents[4]


def connection(sim: Simulator, kube: KubeDouble) -> dict[str, str]:
    """The environment of the role when all is well."""
    return {
        "VCD_URL": sim.url,
        "VCD_CA_PATH": str(sim.ca),
        "VCD_ORG": "acme",
        "VCD_USER": "kube",
        "VCD_PASSWORD": "kube-secret-1",
        "K8S_AUTH_KUBECONFIG": str(kube.kubeconfig),
    }


def writes(*doubles: Any) -> list[str]:
    """Every request in the journals that changed something."""
    return [
        f"{item['method']} {item['path']}"
        for double in doubles
        for item in double.journal()
        if item["method"] not in READS and not any(part in item["path"] for part in HARMLESS)
    ]


def cpi_objects(*more: Any) -> list[Any]:
    """A cluster with CPI 1.6.1 under distinct_internal."""
    return [FIXTURES / "cluster.manifest", FIXTURES / "cpi-1.6.1.manifest", *more]
