# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, and shows its progress, with the name of the cluster before each line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip import ActionModule as WithProgress
from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import plain
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import JsonRefused, parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import statistics_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.hooks import ARTIFACT
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import READ
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._hook_files import found_hooks
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._readable_diff import readable_diff

GROUPS = ("cpi", "vcd", "kubernetes")
HOOKS = ("before_change", "after_change")
LISTS = ("exclude", "prune_objects", "vcd_rules", "extra_keys", "saved", *HOOKS)
RANGES = ("one_arm",)


class ActionModule(WithProgress):
    """Leaves out options that are empty, so that the answers of a survey can be passed on unchanged."""

    def _arguments(self) -> dict[str, Any]:
        return given(self._task.args)

    def _place(self, task_vars: Mapping[str, Any] | None) -> str:
        return str((task_vars or {}).get("inventory_hostname") or "")

    def _module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        # only the phase plan needs the hooks: no other phase should fail because a file is missing
        hooks = {name: arguments.pop(name) for name in HOOKS if name in arguments}
        if arguments.get("phase") == "plan":
            folder = str((task_vars or {}).get("playbook_dir") or "")
            arguments.update({name: found_hooks(f"shared_ip_{name}", value, folder) for name, value in hooks.items()})
            artifact = statistics_key(self._place(task_vars), ARTIFACT)
            handed_on = (task_vars or {}).get(artifact)
            arguments.update({"handed_on": handed_on_in(artifact, handed_on)} if handed_on else {})
        found = super()._module(arguments, task_vars)
        if isinstance(found.get("hooks"), dict):
            found["hooks"]["artifact"] = artifact
        if arguments.get("phase") != "change" or not ended_without_result(found):
            return found
        # the module could not report the state that it left, and CPI may be stopped
        look = {name: value for name, value in arguments.items() if name not in ("plan", "progress_file")}
        seen = super()._module({**look, "phase": "verify"}, task_vars)
        return {**found, "msg": message_without_result(seen), "failure": failure_without_result(seen)}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; the result is the module's, without the options: ``plan`` among them is long."""
        result = super().run(tmp, task_vars)
        result.pop("invocation", None)
        return {**result, "diff": readable_diff(result["diff"])} if "diff" in result else result


def handed_on_in(name: str, value: Any) -> dict[str, Any]:
    """What the playbook backup has handed on in a variable, as JSON text.

    In a structure that AWX hands on, ansible-core from 2.19 on would turn empty text into null. Raises InvalidInput for
    anything else.
    """
    try:
        found = parse_json(value) if isinstance(value, str) else plain(value)
    except JsonRefused:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(
            name, value, "is not what the playbook backup hands on: leave it out, and the hooks run again"
        )
    return found


def ended_without_result(result: Mapping[str, Any]) -> bool:
    """Whether a module ended without a result of its own: it was killed, or failed with an unknown error."""
    broke = "module_stdout" in result or bool(result.get("exception"))
    return bool(result.get("failed")) and "failure" not in result and broke


def message_without_result(seen: Mapping[str, Any]) -> str:
    """The message for a change that ended without a result, from the result of a verification after it."""
    verification = seen.get("verification")
    state = verification["summary"] if isinstance(verification, Mapping) else seen.get("msg")
    state = state or "the cluster is in its scenario"
    again = "run the same again, with shared_ip_take_over: true, to finish the change"
    return f"the module ended without a result, as if it was killed. Now: {state}; {again}"


def failure_without_result(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The ``failure`` for such a change, from the result of a verification after it: CPI's replicas, if read."""
    deployment = (seen.get("cluster") or {}).get("deployment") or {}
    found = {READ: deployment["replicas"]} if "replicas" in deployment else {}
    return {**found, **(seen.get("failure") or {})}


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given (see `_means_not_given`), also inside the groups of options."""
    found = _filled(arguments)
    return found | {name: _filled(found[name]) for name in GROUPS if isinstance(found.get(name), Mapping)}


def _filled(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _elements(value) if name in LISTS else value for name, value in options.items()}
    return {name: value for name, value in found.items() if not _means_not_given(name, value)}


def _means_not_given(name: str, value: Any) -> bool:
    """Whether a value means "not given": null, blank text, an empty list, a range without addresses."""
    if name in LISTS:
        return value is None or value == []
    if name in RANGES and isinstance(value, Mapping):
        return all(_is_blank(one) for one in value.values())
    return _is_blank(value)


def _elements(value: Any) -> Any:
    """A list, or text with commas, without blank elements; any other value unchanged."""
    parts = value.split(",") if isinstance(value, str) else value
    return [one for one in parts if not _is_blank(one)] if isinstance(parts, list) else value


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
