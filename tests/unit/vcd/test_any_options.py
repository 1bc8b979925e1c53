# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that writes accepts any options, or refuses them in one line, before any request."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from hypothesis import given, settings
from hypothesis import strategies as st

PLUGINS = Path(__file__).resolve().parents[3] / "plugins" / "modules"
# the modules that check their options with the `from_options` of their resource, for one object or a list
CHECKS = ("connect_after(resource.from_options)", "connect_after(OBJECTS.check)")
MODULES = sorted(path.stem for path in PLUGINS.glob("vcd_*.py") if any(check in path.read_text() for check in CHECKS))
LIKELY = (
    "", " ", "web", "10.0.0.1", "10.0.0.0/24", "10.0.0.1-10.0.0.9", "fd00::1/64", "80", "80-90", "90-80",
    "urn:vcloud:vm:1", "urn:vcloud:", "urn:vcloud:loadBalancerPool:00000000-0000-4000-8000-000000000000",
    "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
)  # fmt: skip
# without what a message may only contain as a value, see tests/support/plain_messages.py
PLAIN = st.characters(exclude_characters="{}[]<>'\"\\")
TEXT = st.sampled_from(LIKELY) | st.text(PLAIN, max_size=60)


def values(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the type that an option has."""
    if option.get("choices") and option["type"] == "str":
        return st.sampled_from(option["choices"])
    if option["type"] == "list":
        one = {**option, "type": option["elements"]}
        return st.lists(values(one), max_size=3)
    if option["type"] == "dict":
        return given_options(option.get("options") or {})
    return {"str": TEXT, "int": st.integers(-(2**40), 2**40), "bool": st.booleans()}[option["type"]]


def given_options(options: Mapping[str, Mapping[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the options, always with the required ones."""
    needed = {name: values(one) for name, one in options.items() if one.get("required")}
    return st.fixed_dictionaries(needed, optional={k: values(v) for k, v in options.items() if k not in needed})


@cache
def options_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any options of a module except the connection's. Cached, because making a strategy takes longer than a draw."""
    return given_options(own(module_of(name).SPEC))


def module_of(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{name}")


def own(spec: ArgumentSpec) -> dict[str, Mapping[str, Any]]:
    """The options of a module except those of the connection."""
    return {name: option for name, option in spec.options.items() if name not in CONNECTION.options}


def test_the_modules_are_found() -> None:
    assert len(MODULES) >= 10


@pytest.mark.parametrize("name", MODULES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_options_are_taken_or_refused_in_one_line(name: str, data: st.DataObject) -> None:
    module = module_of(name)
    options = data.draw(options_of(name))
    checked = ArgumentSpecValidator(**module.SPEC.to_kwargs()).validate(options)
    if checked.error_messages:
        return  # Ansible's own words
    for error in refusals(module, checked.validated_parameters):
        assert error.message
        assert "\n" not in error.message


def refusals(module: Any, params: Mapping[str, Any]) -> list[CollectionError]:
    """The refusal of these options, if they are refused."""
    try:
        module.OBJECTS.check(params) if hasattr(module, "OBJECTS") else module.resource.from_options(params)
    except CollectionError as error:
        return [error]
    return []
