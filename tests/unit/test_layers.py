# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer rule, checked on the imports: every part only knows the parts below it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
UTILS = PLUGINS / "module_utils"
PREFIX = "ansible_collections.vcd.kubernetes.plugins.module_utils."

# Lowest first. The parts on one line may not import each other.
LAYERS = [
    {"_printable", "_secrets", "_urls"},
    {"_errors"},
    {
        "_argument_spec",
        "_waiting",
        "_hold",
        "_contract",
        "_versions",
        "_distributions",
        "_scenario",
        "_addresses",
        "_reader",
        "_nearest",
        "_vcd_rights",
        "_stopped",
        "_json",
        "_canonical",
    },
    {"_bounds", "_controller", "_vcd_fields", "_service_layout"},
    {"_vcd", "_kubernetes", "_sharing.findings", "_sharing.states", "_sharing.gateway"},
    # The managers of virtual services and NAT rules ask `_sharing.gateway` who claims an address, as the planner does.
    {"_resources", "_cpi.file", "_nakivo"},
    {"_cpi.rollout", "_sharing.service"},
    {"_sharing.plan"},
    {"_sharing.cluster", "_apply"},
    {"_sharing.checks", "_sharing.restore"},
    {"_sharing.report", "_sharing.fleet", "_sharing.hooks", "_sharing.address_map"},
    {"_sharing.binding", "_sharing.audit", "_sharing.run_report"},
    {"_cluster_run"},
    {"_runner"},
]
# Packages whose subpackages are rooms of their own.
WINGS = ("_cpi", "_sharing")
# A virtual service names a pool and a gateway, a NAT rule names a profile and a gateway: resources may import
# each other in this order, leftmost lowest.
RESOURCES = [
    "capvcd_cluster",
    "certificate",
    "vapp",
    "security_tag",
    "edge_gateway",
    "network",
    "vdc_group",
    "ip_space",
    "firewall",
    "app_port_profile",
    "firewall_rule",
    "pool",
    "firewall_group",
    "ip_set",
    "dynamic_security_group",
    "nat_rule",
    "virtual_service",
    "task",
    "http_policy",
    "library_certificate",
    "edge_load_balancer",
    "service_engine_group_assignment",
]
# They know several resources; the managers of virtual services and NAT rules ask them before they write.
ABOVE_RESOURCES = ("address_claims", "external_addresses")
# Pure files: decisions only. They import the standard library, these libraries, and each other.
PURE = [
    "_printable.py",
    "_secrets.py",
    "_urls.py",
    "_scenario.py",
    "_addresses.py",
    "_reader.py",
    "_json.py",
    "_canonical.py",
    "_nearest.py",
    "_stopped.py",
    "_contract.py",
    "_versions.py",
    "_distributions.py",
    "_vcd_rights.py",
    "_service_layout.py",
    "_sharing/**/*.py",
    "_cpi/file/*.py",
    "_resources/*/comparison.py",
    "_nakivo/jobs.py",
    "_vcd/comparison.py",
    "_vcd/lookup.py",
    "_vcd_fields.py",
    "_kubernetes/layouts.py",
]
PURE_LIBRARIES = {"netaddr", "yaml"}
IMPURE_STANDARD = {
    "os",
    "socket",
    "ssl",
    "subprocess",
    "http",
    "urllib",
    "time",
    "random",
    "threading",
    "asyncio",
    "io",
}


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The full names of everything that a file imports, with relative imports resolved."""
    package = PREFIX + ".".join(path.relative_to(UTILS).parent.parts) if UTILS in path.parents else ""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.rstrip(".").split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], base]).rstrip(".")
            found += [f"{base}.{alias.name}" for alias in node.names]
    return tuple(found)


def room(parts: Sequence[str]) -> str:
    """The room of a file or an imported name below module_utils."""
    first, *rest = parts
    if first in WINGS and rest and rest[0] != "__init__":
        return f"{first}.{rest[0]}"
    return first


def part_of(path: Path) -> str:
    """The room of a file."""
    return room(path.relative_to(UTILS).with_suffix("").parts)


def own_imports(path: Path) -> set[str]:
    """The rooms that a file imports, its own room left out."""
    names = [name.removeprefix(PREFIX).split(".") for name in imports(path) if name.startswith(PREFIX)]
    return {room(name) for name in names} - {part_of(path)}


def rank(part: str) -> int:
    """The number of the layer of a part."""
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


FILES = sorted(UTILS.rglob("*.py"))


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in FILES if path.name != "__init__.py"}
    assert parts == set().union(*LAYERS)


def test_imports_go_downwards_only() -> None:
    for path in FILES:
        here = part_of(path)
        for other in own_imports(path):
            assert rank(other) < rank(here), f"{path.name}: {here} may not import {other}"


def test_resources_import_each_other_in_one_order() -> None:
    for path in sorted(UTILS.glob("_resources/*/*.py")):
        here = path.parent.name
        for name in imports(path):
            other = name.removeprefix(f"{PREFIX}_resources.").split(".")[0]
            if other in ABOVE_RESOURCES or name in [f"{PREFIX}_resources.{one}" for one in ABOVE_RESOURCES]:
                assert path.name == "manager.py", path
            elif name.startswith(f"{PREFIX}_resources.") and other != here:
                assert RESOURCES.index(other) < RESOURCES.index(here), f"{path.name}: {here} may not import {other}"


def test_one_file_alone_knows_ansible_module() -> None:
    for path in sorted(PLUGINS.rglob("*.py")):
        knows = [name for name in imports(path) if name.startswith("ansible.module_utils.basic.AnsibleModule")]
        assert bool(knows) == (path == UTILS / "_runner.py"), path


def test_one_place_for_http_and_one_for_waiting() -> None:
    for path in FILES:
        roots = {name.split(".")[0] for name in imports(path)}
        if "requests" in roots:
            assert part_of(path) == "_vcd", path
        if "time" in roots:
            assert part_of(path) == "_waiting", path


def test_one_place_for_ip_arithmetic() -> None:
    for path in sorted(PLUGINS.rglob("*.py")):
        roots = {name.split(".")[0] for name in imports(path)}
        assert "ipaddress" not in roots, path
        assert ("netaddr" in roots) == (path == UTILS / "_addresses.py"), path


@cache
def pure_files() -> list[Path]:
    """The files that may only decide, without input or output."""
    return sorted({path for pattern in PURE for path in UTILS.glob(pattern) if path.name != "__init__.py"})


def test_some_files_are_listed_as_pure() -> None:
    assert {part_of(path) for path in pure_files()} >= {"_sharing.plan", "_cpi.file", "_resources"}


def test_pure_files_do_no_input_or_output() -> None:
    pure = pure_files()
    for path in pure:
        for name in imports(path):
            if name.startswith(PREFIX):
                inner = UTILS / name.removeprefix(PREFIX).rpartition(".")[0].replace(".", "/")
                own = name.startswith(f"{PREFIX}_errors.")
                assert own or inner.with_suffix(".py") in pure or inner.is_dir(), f"{path.name}: {name} is not pure"
            else:
                root = name.split(".")[0]
                wrong = f"{path.name} is pure and may not import {name}"
                assert root not in IMPURE_STANDARD or name.startswith("urllib.parse."), wrong
                assert root in sys.stdlib_module_names | PURE_LIBRARIES, wrong
