# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of a list of objects have the options of one object, in the argument spec and in the documentation."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.doc_fragments.several import ModuleDocFragment
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec, refuse_together
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.several import IDENTITY, Several

PLUGINS = Path(__file__).resolve().parents[3] / "plugins" / "modules"
MODULES = sorted(path.stem for path in PLUGINS.glob("vcd_*.py") if "OBJECTS = Several(" in path.read_text())


def objects(module: str) -> Several:
    found: Several = importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module}").OBJECTS
    return found


def test_the_modules_are_found() -> None:
    assert len(MODULES) >= 5


@pytest.mark.parametrize("module", MODULES)
def test_entries_have_the_options_of_one_object_without_defaults(module: str) -> None:
    several = objects(module)
    entry = several.spec.options[several.plural]["options"]
    one = {
        name: {key: value for key, value in option.items() if key != "default"}
        for name, option in several.of_one.options.items()
    }
    assert entry == one
    documented: dict[str, Any] = yaml.safe_load(getattr(ModuleDocFragment, several.plural.upper()))["options"]
    assert set(documented[several.plural]["suboptions"]) == set(entry)
    assert f"vcd.kubernetes.several.{several.plural}" in (PLUGINS / f"{module}.py").read_text()


@pytest.mark.parametrize("module", MODULES)
def test_options_that_an_entry_omits_are_given_beside_the_list(module: str) -> None:
    several = objects(module)
    beside = {**dict.fromkeys(several.spec.options), "wait": True, "state": "absent", "description": "of all"}
    params = {**beside, several.plural: [{"name": "a", "state": None}, {"name": "b", "state": "present"}]}
    entries = [options for _label, _given, options in several._entries(params)]
    assert [(one["name"], one["state"], one["description"]) for one in entries] == [
        ("a", "absent", "of all"),
        ("b", "present", "of all"),
    ]
    identity = [name for name in IDENTITY if name in several.of_one.options]
    alone = [names for names in several.spec.mutually_exclusive if several.plural in names]
    assert alone == [(several.plural, name) for name in identity]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "one of the following is required: a, b"),
        ({"a": 1, "c": 2}, "mutually exclusive: a|c"),
        ({"a": 1, "d": 1}, "missing parameter(s) required by 'd': b"),
    ],
)
def test_the_rules_between_options_are_those_of_the_spec(given: dict[str, Any], says: str) -> None:
    spec = ArgumentSpec(mutually_exclusive=[("a", "c")], required_one_of=[("a", "b")], required_by={"d": ["b"]})
    with pytest.raises(CollectionError) as raised:
        refuse_together(spec, given)
    assert says in raised.value.message
    refuse_together(spec, {"a": 1, "b": 2, "d": 3})
