# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The only file that uses AnsibleModule: options in, one result out, errors into fail_json, plans into diffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError

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
    module = AnsibleModule(supports_check_mode=True, **spec.to_kwargs())
    for name, error in (libraries or {}).items():
        if error is not None:
            module.fail_json(msg=missing_required_lib(name), failure={"library": name})
    try:
        with connect(module.params) as connection:
            outcome = perform(connection, module.params, module.check_mode)
    except CollectionError as error:
        module.fail_json(msg=error.message, failure=error.details)
    for warning in outcome.warnings:
        module.warn(warning)
    result = dict(outcome.result)
    if module._diff and not (outcome.before is None and outcome.after is None):
        result["diff"] = {"before": outcome.before or {}, "after": outcome.after or {}}
    module.exit_json(changed=outcome.changed, **result)
