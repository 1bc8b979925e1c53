# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names say what a thing is: none that was given up comes back, a class name means one thing, and all are used."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGINS = REPOSITORY / "plugins"
ROOTS = (PLUGINS, REPOSITORY / "tests", REPOSITORY / "extensions")
# Left: names that were given up. Right: what is called so now.
GIVEN_UP = {
    "Lane": "BackgroundWriter",
    "LESSONS": "MAX_REPLANS",
    "teaches": "reveals_rule",
    "learning": "steps_if_refused",
    "SharedIp": "Executor",
    "Unknown": "VcdRule",
    "Knowledge": "KnownRules",
    "thieves": "check_ip_taken",
    "twins": "duplicate_names",
    "Wish": "Request, FileEdit",
    "Move": "ServicePlan, Migration",
    "Observed": "GatewayState, CpiState",
    "Model": "Inventory",
    "Situation": "ClusterState",
    "lenient": "managed_by_cpi",
    "hoped": "preferred",
    "around": "relevant_part",
    "as_it_is": "current_state",
    "Way": "PortPath",
    "Matcher": "RuleMatcher",
    "Judgement": "FirewallImpact",
    "deserted": "orphans",
    "leftovers": "orphans",
    "told": "message",
    "shown": "as_diff, drawn",
    "counted": "pluralize",
}
# Ansible finds these plugins by the name of their class, one in each file.
OF_ANSIBLE = {"ActionModule", "CallbackModule", "FilterModule", "InventoryModule", "LookupModule", "ModuleDocFragment"}
# Methods that a library calls: requests, ruamel.yaml.
OF_LIBRARIES = {"get_redirect_target", "scan_to_next_token"}


# A file in which none stands is not parsed.
ANY_GIVEN_UP = re.compile(rf"\b_*(?:{'|'.join(GIVEN_UP)})_*\b")


def sources() -> Iterator[str]:
    """The Python files of the plugins."""
    for path in PLUGINS.rglob("*.py"):
        yield path.read_text(encoding="utf-8")


def declared(source: str) -> Iterator[tuple[int, str]]:
    """The names of classes, functions, parameters and attributes in a Python file, with their lines.

    Variables within a function are left out: their function says what they are.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def given_up(source: str) -> list[tuple[int, str]]:
    if not ANY_GIVEN_UP.search(source):
        return []
    return [(line, name) for line, name in declared(source) if name.strip("_") in GIVEN_UP]


def test_no_name_that_was_given_up_is_used_again() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {name}: {GIVEN_UP[name.strip('_')]}"
        for root in ROOTS
        for path in sorted(root.rglob("*.py"))
        for line, name in given_up(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_class_name_of_the_plugins_exists_once() -> None:
    classes = Counter(re.findall(r"^ {0,4}class (\w+)", "\n".join(sources()), re.MULTILINE))
    assert classes
    assert {name: number for name, number in classes.items() if number > 1 and name not in OF_ANSIBLE} == {}


# A definition, a mention in a docstring as `name`, or a use.
A_NAME = re.compile(r"(?P<kind>^ *(?:class|def|async def) +|`)?\b(?P<name>[A-Za-z_]\w*)", re.MULTILINE)


def unused(text: str) -> set[str]:
    """The functions, methods and classes that Python code defines and does not use. A test could, but no run."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for name in A_NAME.finditer(text):
        if name["kind"] != "`":
            found[bool(name["kind"])].add(name["name"])
    return {name for name in found[True] - found[False] if not name.startswith("__")}


def test_what_only_tests_would_call_is_not_in_the_plugins() -> None:
    found = unused("\n".join(sources()))
    assert {name for name in found if not name.startswith("v2_")} - OF_ANSIBLE - OF_LIBRARIES == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f():\n    pass\n", {"f"}),
        ('def f():\n    """Not that of `f`."""\n', {"f"}),
        ("def f():\n    pass\nfrom a import f\n", set()),
        ("class A:\n    def m(self):\n        pass\n", {"A", "m"}),
        ("class A:\n    def m(self):\n        pass\n\n\nA().m()\n", set()),
        ("def f():\n    pass\n\n\nCALLS = ['f']\n", set()),
        ("class A:\n    def __enter__(self):\n        pass\n\n\nA()\n", set()),
    ],
)
def test_what_is_found_unused(source: str, found: set[str]) -> None:
    assert unused(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class Way:\n    pass\n", ["Way"]),
        ("class _Way:\n    pass\n", ["_Way"]),
        ("class Ways:\n    pass\n", []),
        ("def told():\n    pass\n", ["told"]),
        ("def say(shown, *, counted):\n    pass\n", ["shown", "counted"]),
        ("class A:\n    def __init__(self):\n        self.told = 1\n", ["told"]),
        ("def say():\n    told = 1\n    return told\n", []),
        ('"""The shown ones."""\n', []),
    ],
)
def test_where_names_are_found(source: str, found: list[str]) -> None:
    assert [name for _line, name in given_up(source)] == found
