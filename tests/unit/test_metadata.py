# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is easily forgotten: action groups, info modules, test targets, versions, licence lines."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from module_lives import lives

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# Info modules without a module that writes: the provider creates edge gateways.
# An audit only reads. A vApp belongs to the cluster's creator: its metadata are saved, but not written.
# A task starts with its change, and ends by itself.
# The organization's administrator creates networks and VDC groups.
INFO_ONLY = {
    "vcd_edge_gateway_info",
    "vcd_network_info",
    "vcd_shared_ip_audit_info",
    "vcd_task_info",
    "vcd_vapp_metadata_info",
    "vcd_vdc_group_info",
}
# Takes the options of both connections as dictionaries, because they share names, and has a phase that only reads.
WHOLE_CLUSTER = {"vcd_cluster_shared_ip"}
# Connects to nothing.
UNCONNECTED = {"vcd_shared_ip_report", "vcd_shared_ip_audit_report", "vcd_shared_ip_plan"}
UNGROUPED = WHOLE_CLUSTER | UNCONNECTED


def test_what_the_readme_installs_is_what_the_artifact_is_tried_with() -> None:
    """The gate `artifact` installs it offline, with only these libraries."""
    lines = (ROOT / "tests" / "requirements" / "runtime.in").read_text().splitlines()
    tried = {line.split("==")[0] for line in lines if not line.startswith("#")} - {"ansible-core"}
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^pip (?:install|download) (.*)$", readme, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert set(command.replace("-d offline", "").split()) - {"--no-index", "--find-links", "offline"} == tried


@cache
def documentation(module: str, name: str = "DOCUMENTATION") -> dict[str, Any]:
    """One of a module's documentation blocks."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            loaded = yaml.safe_load(ast.literal_eval(node.value))
            assert loaded
            return loaded if isinstance(loaded, dict) else {"list": loaded}
    raise AssertionError(f"{module} has no {name}")


def galaxy() -> dict[str, Any]:
    """galaxy.yml."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    return loaded


def action_groups() -> dict[str, list[str]]:
    """The groups of meta/runtime.yml, without their metadata."""
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    return {name: [entry for entry in entries if isinstance(entry, str)] for name, entries in groups.items()}


def test_each_module_is_in_the_group_of_its_connection() -> None:
    members = sorted(module for group in action_groups().values() for module in group)
    assert members == sorted(set(MODULES) - UNGROUPED)


def test_each_connected_module_is_asked_for_secrets_by_a_server_that_echoes() -> None:
    """The table is in a test that needs doubles; `make check` says which module it lacks."""
    path = ROOT / "tests" / "functional" / "vcd" / "test_hostile_echo.py"
    assigned = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.AnnAssign)]
    (table,) = [node.value for node in assigned if isinstance(node.target, ast.Name) and node.target.id == "OPTIONS"]
    assert isinstance(table, ast.Dict)
    asked = {key.value for key in table.keys if isinstance(key, ast.Constant)}
    assert asked == set(MODULES) - UNCONNECTED, f"OPTIONS in {path.relative_to(ROOT)}"


@pytest.mark.parametrize("module", sorted(set(MODULES) - UNGROUPED))
def test_the_group_is_the_one_that_the_documentation_names(module: str) -> None:
    group = next(name for name, entries in action_groups().items() if module in entries)
    fragments = " ".join(documentation(module)["extends_documentation_fragment"])
    assert ("vcd.kubernetes.vcd" in fragments) == (group == "vcd")
    assert ("kubernetes.core.k8s_auth_options" in fragments) == (group == "kubernetes")


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_an_info_module_and_a_test_target(module: str) -> None:
    counterpart = module.removesuffix("_info") if module.endswith("_info") else f"{module}_info"
    assert counterpart in MODULES or module in INFO_ONLY | UNGROUPED
    targets = {path.parents[1].name for path in (ROOT / "tests" / "integration" / "targets").glob("*/tasks/main.yml")}
    assert {module, module.removesuffix("_info")} & targets


def test_each_module_is_run_with_each_version_of_the_api() -> None:
    """`tests/support/module_lives.py` says what each module does, and a table in the documentation has the results."""
    of_vcd = action_groups()["vcd"]
    assert sorted(lives()) == sorted(one for one in of_vcd if not one.endswith("_info"))
    page = (ROOT / "docs" / "api-versions.md").read_text()
    assert [one for one in of_vcd if f"| `{one}` |" not in page] == [], "make versions"


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_what_it_returns_and_since_when(module: str) -> None:
    assert documentation(module)["version_added"]
    counterpart = module.removesuffix("_info") if module.endswith("_info") else f"{module}_info"
    seen = [one.get("module") for one in documentation(module)["seealso"]]
    assert counterpart not in MODULES or f"vcd.kubernetes.{counterpart}" in seen
    assert documentation(module, "RETURN")
    examples = documentation(module, "EXAMPLES")["list"]
    used = {key for task in examples for key in task if key.startswith("vcd.kubernetes.")}
    assert f"vcd.kubernetes.{module}" in used


@pytest.mark.parametrize("module", MODULES)
def test_modules_stay_thin(module: str) -> None:
    source = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    blocks = [
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in {"DOCUMENTATION", "EXAMPLES", "RETURN"}
    ]
    prose = sum((block.end_lineno or 0) - block.lineno + 1 for block in blocks)
    assert len(source.splitlines()) - prose <= 100


def test_every_python_file_names_its_licence() -> None:
    files = [path for folder in ("plugins", "tests") for path in (ROOT / folder).rglob("*.py") if path.stat().st_size]
    assert len(files) > 10
    without = [path for path in files if "SPDX-License-Identifier: GPL-3.0-or-later" not in path.read_text()[:800]]
    assert without == []


def test_every_file_behind_the_modules_is_private() -> None:
    files = [path for path in (ROOT / "plugins" / "module_utils").rglob("*.py") if path.stat().st_size]
    folder = ROOT / "plugins" / "module_utils"
    assert [path for path in files if not path.relative_to(folder).parts[0].startswith("_")] == []
    assert [path for path in files if "Private to this collection: may change" not in path.read_text()[:800]] == []


def test_no_function_has_its_body_in_the_line_of_its_name() -> None:
    """The sanity tests of ansible-core before 2.19, which Automation Hub runs, refuse it: E704."""
    for path in [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        found = re.search(r"^ *(?:async )?(?:def |\)).*: \.\.\.$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not found, f"{path.relative_to(ROOT)}: {found[0].strip()}: give it a docstring"


def test_the_execution_environment_has_what_the_modules_import() -> None:
    wanted = {"jmespath", "netaddr>=0.10.1", "requests", "PyYAML"}
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == wanted


def test_version_added_is_not_from_the_future() -> None:
    released = tuple(int(part) for part in galaxy()["version"].split("."))
    for module in MODULES:
        added = tuple(int(part) for part in str(documentation(module)["version_added"]).split("."))
        assert added <= released
