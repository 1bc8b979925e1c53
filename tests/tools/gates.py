# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of `make test`: each is a function that raises Failed, or returns lines for the person who waits.

Gates run side by side: each has logs, ports and folders of its own, and a gate that writes beside the sources has its
own copy of the collection.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import artifact as artifacts
import docs_site
from artifact import checksum
from kept_verdict import below, excluded, unless_passed
from places import (
    ANSIBLE_OF_CORE,
    BYTECODE,
    CACHE,
    COLLECTION,
    LOGS,
    RELEASED_OF_TESTS,
    REQUIREMENTS,
    ROOT,
    TREE,
    Failed,
    Venv,
    awx_awx,
    awx_venv,
    copy_sources,
    copy_tree,
    docs_venv,
    kubernetes_core,
    own_copy,
    platforms_venv,
    real_interpreters,
    run,
    say,
    source_names,
    store_startup,
    test_venv,
)
from programs import doubles, module_python

# A program that ansible-test downloads to bootstrap pip; every Python here includes pip, so
# only a package index is needed. One name for each generation of ansible-test.
PIP_BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
PIP_BOOTSTRAP = """\
import os, subprocess, sys
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
code = subprocess.call([sys.executable, "-m", "ensurepip", "--default-pip"], env=environment, stdout=subprocess.DEVNULL)
code = code or subprocess.call([sys.executable, "-m", "pip", "install", "-q", *arguments], env=environment)
sys.exit(code)
"""
# Which Pythons each ansible-core supports on the controller, best first.
PYTHONS_OF_CORE = {
    "2.16": ("3.12", "3.11", "3.10"),
    "2.17": ("3.12", "3.11", "3.10"),
    "2.18": ("3.13", "3.12", "3.11"),
    "2.19": ("3.13", "3.12", "3.11"),
    "2.20": ("3.13", "3.12"),
    "2.21": ("3.13", "3.12"),
}
# The kubernetes.core of these works with the Kubernetes clients of its own time.
KUBERNETES_OF_CORE = {"2.16": "kubernetes<32", "2.17": "kubernetes<32", "2.18": "kubernetes<33"}
# All in one process, which imports once what they share. The gate `integration` shows that each works alone.
IMPORT_ALL = """\
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{name}")
"""
ROLE_RUN = ["vcd.kubernetes.shared_ip", "-e", "shared_ip_scenario=shared_external"]
# A survey without other answers, as AWX passes it on, and as a client of its API may.
UNANSWERED = """\
shared_ip_hosts: !unsafe ''
shared_ip_report_file: !unsafe ''
shared_ip_existing: null
shared_ip_prune: null
shared_ip_accept_loss: !unsafe ''
shared_ip_firewall: !unsafe ''
shared_ip_take_over: null
shared_ip_max_fail_percentage: null
shared_ip_lock_timeout: !unsafe ''
"""
CLUSTERS = """\
plugin: vcd.kubernetes.vcd_clusters
strict: true
keyed_groups:
  - {key: vcd_cluster_org, prefix: of}
"""
# What runs on the controller beside the role: the inventory plugin, the lookup and the filter.
ON_THE_CONTROLLER = """\
- hosts: acme-cluster
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that:
          - vcd_cluster_urn is search('capvcdCluster')
          - "'of_acme' in group_names"
          - address is search('^203[.]0[.]113[.]')
          - services | map(attribute='name') | list == ['web']
          - services[0].ports[0].node_port == 30080
      vars:
        address: "{{ lookup('vcd.kubernetes.vcd_free_ip', 'acme-edge') }}"
        services: "{{ resources | vcd.kubernetes.shared_ip_services(members=['10.10.0.11']) }}"
        resources:
          - metadata: {name: web, namespace: shop}
            spec: {type: LoadBalancer, ports: [{name: http, port: 80, nodePort: 30080}]}
"""


def lint(_workers: int) -> str:
    """Python, YAML, changelog and Ansible linters, types, and what other platforms read."""
    venv, log = test_venv(), _log("lint")
    # the caches of mypy and ruff outlive the copy of the collection, which is cleaned before each run
    environment = venv.environment(
        TREE, MYPYPATH=str(TREE), MYPY_CACHE_DIR=str(CACHE / "mypy"), RUFF_CACHE_DIR=str(CACHE / "ruff")
    )
    run([venv.bin / "ruff", "check", "."], log, cwd=COLLECTION, env=environment)
    run([venv.bin / "ruff", "format", "--check", "."], log, cwd=COLLECTION, env=environment)
    packages = "ansible_collections.vcd.kubernetes.plugins"
    run([venv.bin / "mypy", "--config-file", "pyproject.toml", "-p", packages], log, cwd=COLLECTION, env=environment)
    for double in ("simulator/vcdsim", "kube_double/kube_double", "control_plane/control_plane"):
        folder = COLLECTION / "tests" / double
        settings = ["--config-file", COLLECTION / "pyproject.toml", "-p", folder.name]
        found = os.pathsep.join([str(folder.parent), str(COLLECTION / "tests" / "simulator")])
        run([venv.bin / "mypy", *settings], log, cwd=folder.parent, env={**environment, "MYPYPATH": found})
    run([venv.bin / "yamllint", "--strict", "."], log, cwd=COLLECTION, env=environment)
    changes = [COLLECTION / name for name in source_names() if name == "galaxy.yml" or below(name, ("changelogs",))]
    unless_passed(  # it needs 7 CPU seconds for 80 fragments
        CACHE / "verdicts" / "antsibull-changelog",
        [REQUIREMENTS / "test.txt", *changes],
        lambda: run([venv.bin / "antsibull-changelog", "lint"], log, cwd=COLLECTION, env=environment),
    )
    _ansible_lint([venv.bin / "ansible-lint", "--offline", "--profile", "production"], log, environment)
    platforms = platforms_venv()
    context = CACHE / "execution-environment"
    shutil.rmtree(context, ignore_errors=True)
    check = [platforms.bin / "python", "tests/tools/check_platforms.py", "extensions", TREE, context]
    run(check, log, cwd=COLLECTION, env=venv.environment(TREE))  # it looks for ansible-galaxy on PATH
    return "ruff, mypy, yamllint, antsibull-changelog, ansible-lint (production), ansible-rulebook, ansible-builder"


def _ansible_lint(command: list[str | Path], log: Path, environment: dict[str, str]) -> None:
    """Run ansible-lint: half of the time of all linters, for files that most changes do not touch.

    It also reads the options of modules, but not the code behind them, where most changes are. Options that differ from
    their documentation are found by the gate ``sanity``.
    """
    left_out = excluded((COLLECTION / ".ansible-lint").read_text(encoding="utf-8"))
    files = [COLLECTION / name for name in source_names() if not below(name, left_out)]
    unless_passed(
        CACHE / "verdicts" / "ansible-lint",
        [REQUIREMENTS / "test.txt", *files],
        lambda: run(command, log, cwd=COLLECTION, env=environment),
    )


def docs(_workers: int) -> str:
    """The documentation of modules, filters and roles, with its links, and the site."""
    venv, log = test_venv(), _log("docs")
    command = [venv.bin / "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck"]
    run([*command, "--validate-collection-refs", "all", "."], log, cwd=COLLECTION, env=venv.environment(TREE))
    docs_site.build(docs_venv(), log)
    return "antsibull-docs lint-collection-docs; the site, without a warning of ours"


def unit(workers: int) -> str:
    """Unit tests: no double, no process, no network."""
    return _last(r"\d+ passed.*", _pytest("unit", workers))


def functional(workers: int) -> str:
    """Tests of modules, roles and the doubles themselves, with both doubles as real programs."""
    return _last(r"\d+ passed.*", _pytest("functional", workers))


def killed(workers: int) -> str:
    """Runs killed at every write, and run again."""
    output = _pytest("killed", workers)
    return "\n".join([_last(r"\d+ passed.*", output), *re.findall(r"^killed .* survived$", output, re.MULTILINE)])


def _pytest(folder: str, workers: int) -> str:
    """Run the tests of a folder; an idle process takes tests from the others, whatever file they are in.

    The names of the tests that failed are the last lines, because often only the end of a long output is kept.
    """
    venv = test_venv()
    # a single process needs no second one that distributes the tests and reads the reports
    processes = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    command = [venv.bin / "python", "-m", "pytest", "-q", "-rsfE", *processes]
    return run([*command, f"tests/{folder}"], _log(folder), cwd=COLLECTION, env=_with_real_parts(venv))


def sanity(_workers: int) -> str:
    """ansible-test sanity with every test, on every supported Python on this machine, without an ignore line.

    It checks what is released, as Automation Hub does. Ruff and mypy check the tests in the gate lint.
    """
    return _sanity(test_venv(), "sanity")


def sanity_of_core(core: str) -> str:
    """The same with an older ansible-core: not a gate, because each takes as long as the gate ``sanity``."""
    if core not in PYTHONS_OF_CORE:
        raise Failed(f"unknown ansible-core {core}; there are {', '.join(PYTHONS_OF_CORE)}")
    python = _python_of(core, real_interpreters())
    if python is None:
        raise Failed(f"ansible-core {core} needs {_pythons_of(core)}")
    return f"ansible-core {core} on {python.name}: {_sanity(_core_venv(core, python), f'sanity-{core}')}"


def _sanity(venv: Venv, name: str) -> str:
    if list((COLLECTION / "tests" / "sanity").glob("ignore*")):
        raise Failed("tests/sanity holds ignore lines")
    tree, ours = own_copy(name, released=True)
    command = [venv.bin / "ansible-test", "sanity", "--venv"]
    _keep_delegation(venv, ours)
    _keep_code_of_imports()
    output = run(command, _log(name), cwd=ours, env=_ansible_test(venv, tree))
    runs = len(re.findall(r"^Running sanity test", output, re.MULTILINE))
    if not runs:
        raise Failed(f"ansible-test ran no sanity test:\n{output}")
    return f"{runs} sanity runs"


def _keep_delegation(venv: Venv, ours: Path) -> None:
    """The environment that ansible-test itself runs in: it would build it again in each copy of the collection.

    It contains what this ansible-core needs, and is rebuilt with that ansible-core's environment.
    """
    kept, link = venv.path / "delegation", ours / "tests" / "output" / ".tmp" / "delegation"
    kept.mkdir(exist_ok=True)
    link.parent.mkdir(parents=True)
    link.symlink_to(kept)


def _keep_code_of_imports() -> None:
    """Let the test ``import`` compile a source text once for each Python, not for each module that needs it.

    It imports every module and plugin without other imports of the collection, which takes most of the time of
    all sanity tests. These environments exist after the first run.
    """
    environments = CACHE / "home" / ".ansible" / "test" / "venv"
    for name in ("sanity", "sanity.import.plugin"):  # for modules, and for plugins
        for marker in environments.glob(f"{name}/*/*/marker.txt"):
            store_startup(marker.parent, "kept_work")


def integration(_workers: int) -> str:
    """ansible-test integration: every module against the doubles, real and in check mode."""
    venv, log = test_venv(), _log("integration")
    tree, ours = own_copy("integration")
    with (
        doubles(venv, "integration") as running,
        doubles(venv, "integration-group", estate="provider") as group,  # an edge gateway that a VDC group owns
        # the newest Cloud Director
        doubles(venv, "integration-spaces", estate="ip-spaces", api_versions="37.2,38.0,38.1,39.0,39.1") as spaces,
        module_python(venv) as forked,
    ):
        parameters = {
            "vcd_url": running.vcd_url,
            "vcd_ca": running.vcd_ca,
            "vcd_org": "acme",
            "vcd_user": "kube",
            "vcd_password": "kube-secret-1",
            "vcd_admin": "admin",
            "vcd_admin_password": "admin-secret-1",
            "vcd_provider_org": "System",
            "vcd_provider": "administrator",
            "vcd_provider_password": "system-secret-1",
            "vcd_edge_gateway": "acme-edge",
            "vcd_group_url": group.vcd_url,
            "vcd_group_ca": group.vcd_ca,
            "vcd_group_edge_gateway": "group-edge",
            "vcd_spaces_url": spaces.vcd_url,
            "vcd_spaces_ca": spaces.vcd_ca,
            "kubeconfig": running.kubeconfig,
            "ansible_python_interpreter": str(forked),
        }
        # ansible-test does not pass the environment on; it takes parameters from this file
        (ours / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(parameters))
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        command = [venv.bin / "ansible-test", "integration", "--python", python]
        output = run(command, log, cwd=ours, env=_ansible_test(venv, tree))
    tasks = sum(int(number) for number in re.findall(r"ok=(\d+)", output))
    return f"{len(re.findall(r'^Running .* integration test role', output, re.MULTILINE))} targets, {tasks} tasks"


def molecule(_workers: int) -> str:
    """The molecule scenario of each role."""
    venv, log = test_venv(), _log("molecule")
    roles = sorted(path.parents[2] for path in COLLECTION.glob("roles/*/molecule/default/molecule.yml"))
    if not roles:
        raise Failed("no role has a molecule scenario")
    for role in roles:
        run([venv.bin / "molecule", "test"], log, cwd=role, env=venv.environment(TREE))
    return f"{len(roles)} role"


def artifact(_workers: int) -> str:
    """Build the artifact twice, bit by bit the same; check it with galaxy-importer, install it, and run a playbook."""
    venv, log = test_venv(), _log("artifact")
    target, when = CACHE / "artifact", artifacts.moment()
    tarball, sbom = build_artifact(target, log, when)
    with tarfile.open(tarball) as archive:
        tests = {one.name for one in archive.getmembers() if one.isfile() and one.name.startswith("tests/")}
    if tests != {RELEASED_OF_TESTS}:
        raise Failed(f"of the tests, the release has {', '.join(sorted(tests)) or 'nothing'}, not {RELEASED_OF_TESTS}")
    again = _built_again(venv, log, when)
    if checksum(again) != checksum(tarball):
        raise Failed(f"two builds differ: {tarball} and {again}")
    importer = Venv("importer", Path(sys.executable))
    importer.ensure("-r", str(REQUIREMENTS / "importer.txt"), about="galaxy-importer, about 20 s, once")
    _beside_python(importer)
    command = [importer.bin / "python", "-m", "galaxy_importer.main", tarball]
    output = run(command, log, cwd=target, env=importer.environment(TREE))
    complaints = [line for line in output.splitlines() if re.match(r"(ERROR|WARNING)", line)]
    if complaints:
        raise Failed("galaxy-importer complains:\n" + "\n".join(complaints))
    _as_a_newcomer(tarball, log)
    return f"{tarball.name} built twice, imported, installed offline and run; {_packages_in(sbom)} packages in its SBOM"


def _as_a_newcomer(tarball: Path, log: Path) -> None:
    """Install it as README says for a machine without a network, in an empty home, without other libraries; run it."""
    venv, home = artifacts.runtime_venv(), tarball.parent / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": f"{venv.bin}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPYCACHEPREFIX": str(BYTECODE),
    }
    dependency = TREE / "ansible_collections" / "kubernetes" / "core"
    command = [venv.bin / "ansible-galaxy", "collection", "install", "--offline", tarball, dependency]
    run(command, log, cwd=home, env=environment)
    with doubles(test_venv(), "artifact") as running:
        environment |= running.environment()
        run([venv.bin / "ansible-playbook", *ROLE_RUN], log, cwd=home, env=environment)


def build_artifact(target: Path, log: Path, when: int) -> tuple[Path, Path]:
    """Build the release into an empty folder: the tarball, its checksum, and its bill of materials."""
    shutil.rmtree(target, ignore_errors=True)
    tree, ours = own_copy("artifact")
    tarball = artifacts.build(test_venv(), ours, tree, target, log, when)
    tarball.with_name(f"{tarball.name}.sha256").write_text(f"{checksum(tarball)}  {tarball.name}\n")
    return tarball, artifacts.bill_of_materials(tarball, log, when)


def _built_again(venv: Venv, log: Path, when: int) -> Path:
    """A second build of the same sources, from other folders, where every file was written at another time."""
    tree, ours = own_copy("artifact-again")
    for path in ours.rglob("*"):
        os.utime(path, (1, 1))
    target = CACHE / "artifact-again"
    shutil.rmtree(target, ignore_errors=True)
    return artifacts.build(venv, ours, tree, target, log, when)


def _packages_in(sbom: Path) -> int:
    """How many packages it lists. Failed if one of those that the modules import is missing."""
    names = {one["name"].lower() for one in json.loads(sbom.read_text())["components"]}
    wanted = re.findall(r"^[A-Za-z.]+", (COLLECTION / "meta" / "ee-requirements.txt").read_text(), re.MULTILINE)
    missing = {one.lower() for one in [*wanted, "ansible-core", "kubernetes", "kubernetes.core"]} - names
    if missing:
        raise Failed(f"the SBOM lacks {', '.join(sorted(missing))}")
    return len(names)


def _beside_python(importer: Venv) -> None:
    """Put other collections where the package ansible would: the importer only looks there."""
    packages = next(importer.path.glob("lib/python*/site-packages"))
    for name in ("kubernetes", "awx"):
        source = TREE / "ansible_collections" / name
        shutil.copytree(source, packages / "ansible_collections" / name, dirs_exist_ok=True)


def cores(_workers: int) -> str:
    """Each ansible-core from 2.16 to 2.21 that an installed Python allows: every module and plugin, surveys, a run."""
    interpreters, done, missing = real_interpreters(), [], []
    for core in PYTHONS_OF_CORE:
        python = _python_of(core, interpreters)
        if python is None:
            missing.append(f"{core} (needs {_pythons_of(core)})")
            continue
        _one_core(core, python)
        done.append(f"{core} on {python.name}")
    if not done:
        raise Failed(f"no ansible-core could be tried: {', '.join(missing)}")
    return "ansible-core " + ", ".join(done) + (f"; NOT tried: {', '.join(missing)}" if missing else "")


def _python_of(core: str, interpreters: Mapping[str, Path]) -> Path | None:
    """The best installed Python for an ansible-core."""
    return next((interpreters[minor] for minor in PYTHONS_OF_CORE[core] if minor in interpreters), None)


def _pythons_of(core: str) -> str:
    return f"Python {' or '.join(reversed(PYTHONS_OF_CORE[core]))}"


def _core_venv(core: str, python: Path) -> Venv:
    """An environment with this ansible-core, and with current libraries."""
    libraries = ["requests", "netaddr", "jmespath", "PyYAML", KUBERNETES_OF_CORE.get(core, "kubernetes")]
    about = f"ansible-core {core}, about 15 s, once"
    return Venv(f"core-{core}", python).ensure(f"ansible-core~={core}.0", *libraries, about=about)


def _one_core(core: str, python: Path) -> None:
    log, venv = _log(f"core-{core}"), _core_venv(core, python)
    parent = CACHE / "cores" / core
    kubernetes_core(venv, parent, ANSIBLE_OF_CORE[core])
    # a copy of its own, so that Ansible finds the kubernetes.core of this ansible-core's time
    ours = parent / "ansible_collections" / "vcd" / "kubernetes"
    copy_sources(ours)
    environment = venv.environment(parent, PYTHONPATH=str(parent))
    modules = [path.stem for path in sorted((ours / "plugins" / "modules").glob("*.py"))]
    run([venv.bin / "python", "-c", IMPORT_ALL, *modules], log, env=environment)
    run([venv.bin / "python", ours / "tests" / "support" / "survey_answers.py"], log, env=environment)
    answers = parent / "answers.yml"
    answers.write_text(UNANSWERED, encoding="utf-8")
    inventory, play = parent / "acme.vcd_clusters.yml", parent / "on_the_controller.yml"
    inventory.write_text(CLUSTERS, encoding="utf-8")
    play.write_text(ON_THE_CONTROLLER, encoding="utf-8")
    with doubles(test_venv(), f"core-{core}") as running:
        environment = venv.environment(parent, **running.environment())
        run([venv.bin / "ansible-playbook", *ROLE_RUN, "-e", f"@{answers}"], log, cwd=parent, env=environment)
        listed = run([venv.bin / "ansible-inventory", "-i", inventory, "--list"], log, cwd=parent, env=environment)
        if '"acme-cluster": {' not in listed:
            raise Failed(f"ansible-core {core}: the inventory lacks the cluster: {listed[-1000:]}")
        run([venv.bin / "ansible-playbook", "-i", inventory, play], log, cwd=parent, env=environment)


def real(_workers: int) -> str:
    """The real CPI program and a real Kubernetes API server, with the simulator as their Cloud Director."""
    venv = test_venv()
    command = [str(venv.bin / "python"), "-m", "pytest", "-q", "-rsfE", "tests/real"]
    output = run(command, _log("real"), cwd=COLLECTION, env=_with_real_parts(venv))
    return _last(r"\d+ (?:passed|skipped).*", output)


def clients(_workers: int) -> str:
    """Other clients of VCD with the simulator: the Go SDK v2 and v3, and Terraform's provider."""
    venv = test_venv()
    command = [str(venv.bin / "python"), "-m", "pytest", "-q", "-rsfE", "tests/clients"]
    output = run(command, _log("clients"), cwd=COLLECTION, env=_with_real_parts(venv))
    return _last(r"\d+ (?:passed|skipped).*", output)


def acceptance(names: Sequence[str]) -> int:
    """Other projects' tests with the simulator: not a gate, as they take most of an hour. Returns the exit code."""
    venv = test_venv()
    command = [str(venv.bin / "python"), "tests/clients/acceptance.py", "--logs", str(LOGS / "acceptance"), *names]
    return subprocess.run(command, cwd=COLLECTION, env=_with_real_parts(venv), check=False).returncode


def build_programs(_workers: int) -> str:
    """Build missing real programs: takes minutes, once. Not a gate, but some gates wait for it."""
    venv = test_venv()
    command = [str(venv.bin / "python"), "-m", "control_plane", "build"]
    environment = _with_real_parts(venv)
    built = subprocess.run(command, cwd=COLLECTION, env=environment, stdin=subprocess.DEVNULL, check=False)
    if built.returncode and os.environ.get("CI"):
        raise Failed("the real programs are missing and could not be built; see the reason above")
    return "missing, see above: what needs them is skipped" if built.returncode else "all there"


def _with_real_parts(venv: Venv) -> dict[str, str]:
    """The environment in which tests find the real programs and the doubles.

    Built programs, and what Go keeps, outlive the checkout: they take minutes to build and depend on nothing in it.
    """
    home = Path.home()
    kept = {
        "AWX_PROGRAMS": str(awx_venv().bin),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(home / ".cache"),
        "GOPATH": os.environ.get("GOPATH") or str(home / "go"),
    }
    description = Path(os.environ.get("VCD_OPENAPI") or ROOT.parent / "shared" / "reference" / "vcd-openapi-37.2.yaml")
    if description.exists():
        kept["VCD_OPENAPI"] = str(description)
    # what hypothesis computes once for each version of Python, and examples that failed
    kept["HYPOTHESIS_STORAGE_DIRECTORY"] = str(CACHE / "hypothesis")
    return venv.environment(TREE, PYTHONPATH=_test_packages(), **kept)


def _test_packages() -> str:
    """PYTHONPATH for tests: the collection, both doubles, and the real parts."""
    folders = (COLLECTION / "tests" / name for name in ("simulator", "kube_double", "control_plane"))
    return os.pathsep.join([str(TREE), *map(str, folders)])


def _ansible_test(venv: Venv, tree: Path) -> dict[str, str]:
    """The environment of ansible-test: real interpreters on PATH, and pip's bootstrap where it expects it."""
    cache = CACHE / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in PIP_BOOTSTRAPS:
        (cache / name).write_text(PIP_BOOTSTRAP)
    environment = venv.environment(tree)
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


@dataclass(frozen=True)
class Gate:
    """``run`` takes the number of processes that it may use; ``seconds`` is about what it takes on one quiet core.

    ``processes`` is how many it can use. A gate that ``waits`` for other programs most of its time keeps no
    core from the others.
    """

    run: Callable[[int], str]
    seconds: int
    processes: int = 1
    needs_programs: bool = False
    waits: bool = False

    @property
    def about(self) -> str:
        """What the gate does, in a line."""
        return (self.run.__doc__ or "").splitlines()[0]


GATES: dict[str, Gate] = {
    "lint": Gate(lint, 50),
    "docs": Gate(docs, 45),
    "unit": Gate(unit, 95, processes=2),
    "functional": Gate(functional, 900, processes=2, needs_programs=True),
    "killed": Gate(killed, 300, processes=2),
    "sanity": Gate(sanity, 140),
    "integration": Gate(integration, 145),
    "molecule": Gate(molecule, 35),
    "real": Gate(real, 300, needs_programs=True, waits=True),
    "clients": Gate(clients, 25, needs_programs=True, waits=True),
    "artifact": Gate(artifact, 85),
    "cores": Gate(cores, 120),
}
CHECK = ("lint", "unit")


def prepare() -> None:
    """What every gate needs: the tools, a fresh copy of the collection, and kubernetes.core and awx.awx beside it."""
    venv = test_venv()
    copy_tree()
    kubernetes_core(venv, TREE)
    awx_awx(venv, TREE)
    say(f"  working on a copy of {ROOT} in {COLLECTION}")
