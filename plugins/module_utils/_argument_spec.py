# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Argument specs that can be merged, so that a block of options shared by several modules is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.validation import (
    check_mutually_exclusive,
    check_required_by,
    check_required_one_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError

Names = Sequence[str]


@dataclass(frozen=True)
class ArgumentSpec:
    """Options with their cross-field rules. ``a | b`` merges two; raises ValueError if both define an option."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mutually_exclusive: Sequence[Names] = ()
    required_together: Sequence[Names] = ()
    required_one_of: Sequence[Names] = ()
    required_if: Sequence[Sequence[Any]] = ()
    required_by: Mapping[str, Names] = field(default_factory=dict)

    def __or__(self, other: ArgumentSpec) -> ArgumentSpec:
        twice = set(self.options) & set(other.options)
        if twice:
            raise ValueError(f"options defined twice: {sorted(twice)}")
        return ArgumentSpec(
            {**self.options, **other.options},
            [*self.mutually_exclusive, *other.mutually_exclusive],
            [*self.required_together, *other.required_together],
            [*self.required_one_of, *other.required_one_of],
            [*self.required_if, *other.required_if],
            {**self.required_by, **other.required_by},
        )

    def or_several(self, plural: str, alone: Names) -> ArgumentSpec:
        """These options, or the option ``plural``: a list of dictionaries with the same options, all without a default.

        Options given besides the list apply to entries that lack them, except for the options in ``alone``.
        """
        entry = {
            name: {key: value for key, value in option.items() if key != "default"}
            for name, option in self.options.items()
        }
        several = {"type": "list", "elements": "dict", "options": entry}
        return ArgumentSpec(
            {**self.options, plural: several},
            [*self.mutually_exclusive, *((plural, name) for name in alone)],
            self.required_together,
            [(*names, plural) for names in self.required_one_of],
            self.required_if,
            self.required_by,
        )

    def to_kwargs(self) -> dict[str, Any]:
        """The keyword arguments of AnsibleModule."""
        return {
            "argument_spec": {name: dict(option) for name, option in self.options.items()},
            "mutually_exclusive": [list(names) for names in self.mutually_exclusive],
            "required_together": [list(names) for names in self.required_together],
            "required_one_of": [list(names) for names in self.required_one_of],
            "required_if": [list(rule) for rule in self.required_if],
            "required_by": {name: list(names) for name, names in self.required_by.items()},
        }

    def misplaced(self, given: Mapping[str, Any]) -> str:
        """The first place where an option needs a dictionary but has something else: ``members[1]``, or empty."""
        return _misplaced(self.options, given, "")


def _misplaced(options: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], where: str) -> str:
    for name, option in options.items():
        inner = option.get("options")
        for key in (name, *option.get("aliases", ())) if inner else ():
            value = given.get(key)
            several = option["type"] == "list" and isinstance(value, list)
            for number, entry in enumerate(value if several and value is not None else [value]):
                place = f"{where}{key}[{number}]" if several else f"{where}{key}"
                if isinstance(entry, str) or (entry is None and not several):
                    continue  # ansible-core can parse a dictionary from text, too
                if not isinstance(entry, Mapping):
                    return place
                found = _misplaced(inner or {}, entry, f"{place}.")
                if found:
                    return found
    return ""


def refuse_together(spec: ArgumentSpec, given: Mapping[str, Any]) -> None:
    """Raise CollectionError, in Ansible's own words, if given options break a cross-field rule of a spec.

    For the entries of `ArgumentSpec.or_several`: Ansible itself would not name the entry.
    """
    if spec.required_if or spec.required_together:
        raise NotImplementedError("no options of one object have these rules")
    try:
        check_mutually_exclusive([list(names) for names in spec.mutually_exclusive], given)
        check_required_one_of([list(names) for names in spec.required_one_of], given)
        check_required_by({name: list(names) for name, names in spec.required_by.items()}, given)
    except TypeError as error:
        raise CollectionError(str(error)) from None
