# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The only file that uses AnsibleModule: options in, one result out, errors into fail_json, plans into diffs.

All messages of a module pass through here: without secrets, without a traceback and, for a person, without characters
that control a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable, printable_data
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS

# Keys of a result with text for a person as their values, at any depth; everything else is data and stays unchanged.
TEXTS = frozenset({"lines", "message", "msg", "remedy", "summary"})
Connection = TypeVar("Connection")


@dataclass(frozen=True)
class Outcome:
    """What a module did or, in check mode, would have done.

    ``result`` holds the documented return values. ``before`` and ``after`` are shown in diff mode and must come from
    the same renderer (None on both sides: the module has no diff).
    """

    changed: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None
    after: Any = None
    warnings: tuple[str, ...] = ()


def run_module(
    spec: ArgumentSpec,
    connect: Callable[[Mapping[str, Any]], AbstractContextManager[Connection]],
    perform: Callable[[Connection, Mapping[str, Any], bool], Outcome],
    libraries: Mapping[str, ImportError | None] | None = None,
) -> None:
    """Run ``perform(connection, params, check_mode)`` as an Ansible module.

    ``connect(params)`` returns a context manager that logs in on entry and logs out on exit, also after an error.
    ``libraries`` maps each required library to the error that its import raised, or None.
    """
    SECRETS.clear()
    module = _module(spec)
    SECRETS.add(*module.no_log_values)
    for name, error in (libraries or {}).items():
        if error is not None:
            module.fail_json(msg=missing_required_lib(name), failure={"library": name})
    outcome = _performed(module, connect, perform)
    failed = _exit(module, outcome) if isinstance(outcome, Outcome) else outcome
    if failed is not None:
        # Outside any except block: inside one, Ansible would add the exception's text with -vvv.
        module.no_log_values.update(SECRETS.forms)
        details = printable_data(SECRETS.mask_data(failed.details))
        module.fail_json(msg=printable(SECRETS.mask(failed.message)), failure=details)


def _module(spec: ArgumentSpec) -> AnsibleModule:
    """The module with its options checked.

    ansible-core reads an entry of a list before it checks that the entry is a dictionary, and fails with a traceback if
    it is not: an empty entry in a playbook is enough.
    """
    try:
        return AnsibleModule(supports_check_mode=True, **spec.to_kwargs())
    except TypeError as error:
        failed = defect(error)
    names = {name: {"type": "raw", "aliases": one.get("aliases", [])} for name, one in spec.options.items()}
    module = AnsibleModule(names, supports_check_mode=True)
    place = spec.misplaced(module.params)
    module.params = {}  # without the check, it is not known which of them are secret
    message = f"{place}: is not a dictionary: give its options, or remove the entry" if place else failed.message
    module.fail_json(msg=message, failure={} if place else failed.details)
    raise AssertionError("fail_json does not return")


def _performed(module: AnsibleModule, connect: Any, perform: Any) -> Outcome | CollectionError:
    try:
        with connect(module.params) as connection:
            outcome: Outcome = perform(connection, module.params, module.check_mode)
            return outcome
    except CollectionError as error:
        return error
    except Exception as error:  # noqa: BLE001  # the last handler: the text of an unknown error must not be shown
        return defect(error)


def _exit(module: AnsibleModule, outcome: Outcome) -> CollectionError | None:
    """End the process with the result. Returns only what prevents that."""
    try:
        result = texts_printable(SECRETS.mask_data(outcome.result))
        if module._diff and not (outcome.before is None and outcome.after is None):
            sides = {"before": outcome.before or {}, "after": outcome.after or {}}
            result["diff"] = printable_data(SECRETS.mask_data(sides), keep="\n\t")
        for warning in outcome.warnings:
            module.warn(printable(SECRETS.mask(warning)))
        module.no_log_values.update(SECRETS.forms)
        module.exit_json(changed=outcome.changed, **result)
        return None
    except Exception as error:  # noqa: BLE001  # as above
        return defect(error)


def texts_printable(value: Any) -> Any:
    """A result whose texts for a person (see TEXTS) are printable."""
    if isinstance(value, dict):
        return {key: printable_data(item) if key in TEXTS else texts_printable(item) for key, item in value.items()}
    return [texts_printable(item) for item in value] if isinstance(value, list) else value
