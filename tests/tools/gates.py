# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of `make test`. Each is a function that returns one line of text, or raises Failed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from places import (
    ANSIBLE_OF_CORE,
    CACHE,
    COLLECTION,
    LOGS,
    REQUIREMENTS,
    ROOT,
    TREE,
    Failed,
    Venv,
    copy_tree,
    kubernetes_core,
    real_interpreters,
    run,
    say,
    test_venv,
    version,
)
from programs import doubles

# ansible-test wants to download these programs to bootstrap pip. Every Python here includes pip, so a replacement works
# with a package index alone. One name for each generation of ansible-test.
PIP_BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
PIP_BOOTSTRAP = """\
import os, subprocess, sys
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
code = subprocess.call([sys.executable, "-m", "ensurepip", "--default-pip"], env=environment, stdout=subprocess.DEVNULL)
code = code or subprocess.call([sys.executable, "-m", "pip", "install", "-q", *arguments], env=environment)
sys.exit(code)
"""
# The Pythons that each ansible-core supports on the controller, best first.
PYTHONS_OF_CORE = {
    "2.17": ("3.12", "3.11", "3.10"),
    "2.18": ("3.13", "3.12", "3.11"),
    "2.19": ("3.13", "3.12", "3.11"),
    "2.20": ("3.13", "3.12"),
    "2.21": ("3.13", "3.12"),
}
# The kubernetes.core that comes with ansible-core 2.17 and 2.18 does not work with newer Kubernetes clients.
KUBERNETES_OF_CORE = {"2.17": "kubernetes<32", "2.18": "kubernetes<33"}
ROLE_RUN = ["vcd.kubernetes.shared_ip", "-e", "shared_ip_scenario=shared_external"]


def lint() -> str:
    """Python, YAML, changelog and Ansible linters, and types."""
    venv, log = test_venv(), _log("lint")
    environment = venv.environment(TREE, MYPYPATH=str(TREE))
    run([venv.bin / "ruff", "check", "."], log, cwd=COLLECTION, env=environment)
    run([venv.bin / "ruff", "format", "--check", "."], log, cwd=COLLECTION, env=environment)
    packages = "ansible_collections.vcd.kubernetes.plugins"
    run([venv.bin / "mypy", "--config-file", "pyproject.toml", "-p", packages], log, cwd=COLLECTION, env=environment)
    for double in ("simulator/vcdsim", "kube_double/kube_double", "control_plane/control_plane"):
        folder = COLLECTION / "tests" / double
        settings = ["--config-file", COLLECTION / "pyproject.toml", "-p", folder.name]
        run([venv.bin / "mypy", *settings], log, cwd=folder.parent, env={**environment, "MYPYPATH": str(folder.parent)})
    run([venv.bin / "yamllint", "--strict", "."], log, cwd=COLLECTION, env=environment)
    run([venv.bin / "antsibull-changelog", "lint"], log, cwd=COLLECTION, env=environment)
    run([venv.bin / "ansible-lint", "--offline", "--profile", "production"], log, cwd=COLLECTION, env=environment)
    return "ruff, mypy, yamllint, antsibull-changelog, ansible-lint (production)"


def docs() -> str:
    """The documentation of modules, filters and roles, including links."""
    venv = test_venv()
    command = [venv.bin / "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."]
    run(command, _log("docs"), cwd=COLLECTION, env=venv.environment(TREE))
    return "antsibull-docs lint-collection-docs"


def units() -> str:
    """Unit tests, with both doubles running as programs."""
    venv = test_venv()
    environment = _real_parts(venv)
    command = [venv.bin / "python", "-m", "pytest", "-q", "-rs", "-n", "2", "--dist", "loadfile", "tests/unit"]
    output = run(command, _log("units"), cwd=COLLECTION, env=environment)
    for kills in re.findall(r"^killed .* survived$", output, re.MULTILINE):
        say(f"        {kills}")
    return _last(r"\d+ passed.*", output)


def sanity() -> str:
    """ansible-test sanity: every test, on every supported Python on this machine, without ignore lines."""
    if list((COLLECTION / "tests" / "sanity").glob("ignore*")):
        raise Failed("tests/sanity has ignore lines: fix what they ignore")
    venv = test_venv()
    output = run(
        [venv.bin / "ansible-test", "sanity", "--venv"], _log("sanity"), cwd=COLLECTION, env=_ansible_test(venv)
    )
    runs = len(re.findall(r"^Running sanity test", output, re.MULTILINE))
    if not runs:
        raise Failed(f"ansible-test ran no sanity test:\n{output}")
    return f"{runs} sanity runs"


def integration() -> str:
    """ansible-test integration: every module against the doubles, real and in check mode."""
    venv, log = test_venv(), _log("integration")
    with doubles(venv, "integration") as running:
        parameters = {
            "vcd_url": running.vcd_url,
            "vcd_ca": running.vcd_ca,
            "vcd_org": "acme",
            "vcd_user": "kube",
            "vcd_password": "kube-secret-1",
            "vcd_edge_gateway": "acme-edge",
            "kubeconfig": running.kubeconfig,
        }
        # ansible-test does not pass on its environment; it reads parameters from this file
        (COLLECTION / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(parameters))
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        command = [venv.bin / "ansible-test", "integration", "--python", python]
        output = run(command, log, cwd=COLLECTION, env=_ansible_test(venv))
    tasks = sum(int(number) for number in re.findall(r"ok=(\d+)", output))
    return f"{len(re.findall(r'^Running .* integration test role', output, re.MULTILINE))} targets, {tasks} tasks"


def molecule() -> str:
    """The molecule scenario of each role."""
    venv, log = test_venv(), _log("molecule")
    roles = sorted(path.parents[2] for path in COLLECTION.glob("roles/*/molecule/default/molecule.yml"))
    if not roles:
        raise Failed("no role has a molecule scenario")
    for role in roles:
        run([venv.bin / "molecule", "test"], log, cwd=role, env=venv.environment(TREE))
    return f"{len(roles)} role"


def artifact() -> str:
    """Build the artifact, check it with galaxy-importer, install it from its tarball and run a playbook from it."""
    venv, log = test_venv(), _log("artifact")
    target = CACHE / "artifact"
    shutil.rmtree(target, ignore_errors=True)
    environment = venv.environment(TREE)
    run([venv.bin / "antsibull-changelog", "release", "--version", version()], log, cwd=COLLECTION, env=environment)
    run(
        [venv.bin / "ansible-galaxy", "collection", "build", "--output-path", target],
        log,
        cwd=COLLECTION,
        env=environment,
    )
    copy_tree()  # undoes what the release wrote
    tarball = next(target.glob("*.tar.gz"))
    importer = Venv("importer", Path(sys.executable))
    importer.ensure("-r", str(REQUIREMENTS / "importer.txt"), about="galaxy-importer, about 20 s, once")
    _beside_python(importer)
    command = [importer.bin / "python", "-m", "galaxy_importer.main", tarball]
    output = run(command, log, cwd=target, env=importer.environment(TREE))
    complaints = [line for line in output.splitlines() if re.match(r"(ERROR|WARNING)", line)]
    if complaints:
        raise Failed("galaxy-importer complains:\n" + "\n".join(complaints))
    installed = target / "installed"
    dependency = TREE / "ansible_collections" / "kubernetes" / "core"
    command = [venv.bin / "ansible-galaxy", "collection", "install", "--offline", tarball, dependency, "-p", installed]
    run(command, log, env=venv.environment(installed))
    with doubles(venv, "artifact") as running:
        environment = venv.environment(installed, **running.environment())
        run([venv.bin / "ansible-playbook", *ROLE_RUN], log, cwd=target, env=environment)
    return f"{tarball.name} imported, installed and run"


def _beside_python(importer: Venv) -> None:
    """Put kubernetes.core where the package ansible would put it; the importer looks for collections only there."""
    packages = next(importer.path.glob("lib/python*/site-packages"))
    source = TREE / "ansible_collections" / "kubernetes"
    shutil.copytree(source, packages / "ansible_collections" / "kubernetes", dirs_exist_ok=True)


def cores() -> str:
    """Each ansible-core from 2.17 to 2.21 that a Python on this machine supports: import all modules, run the role."""
    interpreters, done, missing = real_interpreters(), [], []
    for core, supported in PYTHONS_OF_CORE.items():
        python = next((interpreters[minor] for minor in supported if minor in interpreters), None)
        if python is None:
            missing.append(f"{core} (needs Python {' or '.join(reversed(supported))})")
            continue
        _one_core(core, python)
        done.append(f"{core} on {python.name}")
    if not done:
        raise Failed(f"no ansible-core could be tried: {', '.join(missing)}")
    return "ansible-core " + ", ".join(done) + (f"; NOT tried: {', '.join(missing)}" if missing else "")


def _one_core(core: str, python: Path) -> None:
    log = _log(f"core-{core}")
    client = KUBERNETES_OF_CORE.get(core, "kubernetes")
    libraries = ["requests", "jmespath", "ruamel.yaml", client]
    venv = Venv(f"core-{core}", python)
    venv.ensure(f"ansible-core~={core}.0", *libraries, about=f"ansible-core {core}, about 15 s, once")
    parent = CACHE / "cores" / core
    kubernetes_core(venv, parent, ANSIBLE_OF_CORE[core])
    # its own copy, so that it finds the kubernetes.core that belongs to this ansible-core
    ours = parent / "ansible_collections" / "vcd" / "kubernetes"
    shutil.rmtree(ours, ignore_errors=True)
    shutil.copytree(COLLECTION, ours, ignore=shutil.ignore_patterns("tests"))
    environment = venv.environment(parent, PYTHONPATH=str(parent))
    for module in sorted((COLLECTION / "plugins" / "modules").glob("*.py")):
        name = f"ansible_collections.vcd.kubernetes.plugins.modules.{module.stem}"
        run([venv.bin / "python", "-c", f"import {name}"], log, env=environment)
    with doubles(test_venv(), f"core-{core}") as running:
        environment = venv.environment(parent, **running.environment())
        run([venv.bin / "ansible-playbook", *ROLE_RUN], log, cwd=parent, env=environment)


def real() -> str:
    """The real CPI program and a real Kubernetes API server, with the simulator as their Cloud Director."""
    venv = test_venv()
    command = [str(venv.bin / "python"), "-m", "pytest", "-q", "-rs", "tests/real"]
    output = run(command, _log("real"), cwd=COLLECTION, env=_real_parts(venv))
    return _last(r"\d+ (?:passed|skipped).*", output)


def _real_parts(venv: Venv) -> dict[str, str]:
    """Build the missing real programs, and return the environment in which tests find them and the doubles.

    Built programs and Go's caches are kept outside the checkout: a build takes minutes and does not depend on it.
    """
    home = Path.home()
    kept = {
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(home / ".cache"),
        "GOPATH": os.environ.get("GOPATH") or str(home / "go"),
    }
    description = Path(os.environ.get("VCD_OPENAPI") or ROOT.parent / "shared" / "reference" / "vcd-openapi-37.2.yaml")
    if description.exists():
        kept["VCD_OPENAPI"] = str(description)
    environment = venv.environment(TREE, PYTHONPATH=_test_packages(), **kept)
    command = [str(venv.bin / "python"), "-m", "control_plane", "build"]
    built = subprocess.run(command, cwd=COLLECTION, env=environment, stdin=subprocess.DEVNULL, check=False)
    if built.returncode and os.environ.get("CI"):
        raise Failed("the real programs are missing and could not be built; see the reason above")
    return environment


def _test_packages() -> str:
    """PYTHONPATH for tests: the collection, both doubles, and the real parts."""
    folders = (COLLECTION / "tests" / name for name in ("simulator", "kube_double", "control_plane"))
    return os.pathsep.join([str(TREE), *map(str, folders)])


def _ansible_test(venv: Venv) -> dict[str, str]:
    """The environment of ansible-test: real interpreters on PATH, and the replaced bootstrap of pip."""
    cache = CACHE / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in PIP_BOOTSTRAPS:
        (cache / name).write_text(PIP_BOOTSTRAP)
    environment = venv.environment(TREE)
    folders = [str(path.parent) for path in real_interpreters().values()]
    environment["PATH"] = os.pathsep.join([str(venv.bin), *folders, environment["PATH"]])
    environment.pop("ANSIBLE_HOME")
    return environment


def _log(name: str) -> Path:
    log = LOGS / f"{name}.log"
    log.unlink(missing_ok=True)
    return log


def _last(pattern: str, output: str) -> str:
    found = re.findall(pattern, output)
    if not found:
        raise Failed(f"no {pattern!r} in the output: nothing was tested")
    return str(found[-1]).strip("= ")


GATES: dict[str, Callable[[], str]] = {
    "lint": lint,
    "docs": docs,
    "units": units,
    "sanity": sanity,
    "integration": integration,
    "molecule": molecule,
    "real": real,
    "artifact": artifact,
    "cores": cores,
}


def prepare() -> None:
    """Prepare what every gate needs: the tools, a fresh copy of the collection, and kubernetes.core."""
    venv = test_venv()
    copy_tree()
    kubernetes_core(venv, TREE)
    say(f"  working on a copy of {ROOT} in {COLLECTION}")
