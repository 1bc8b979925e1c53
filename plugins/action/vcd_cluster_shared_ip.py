# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name, and shows how far it is meanwhile, with the name of the cluster before each line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip import ActionModule as WithProgress

GROUPS = ("cpi", "vcd", "kubernetes")


class ActionModule(WithProgress):
    """Leaves out options that are empty, so that the answers of a survey can be passed on unchanged."""

    def _arguments(self) -> dict[str, Any]:
        return given(self._task.args)

    def _place(self, task_vars: Mapping[str, Any] | None) -> str:
        return str((task_vars or {}).get("inventory_hostname") or "")

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; the result is the module's, without the options: ``plan`` among them is long."""
        result = super().run(tmp, task_vars)
        result.pop("invocation", None)
        return result


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those that are an empty string or null, also inside the groups of options."""
    found = _filled(arguments)
    return found | {name: _filled(found[name]) for name in GROUPS if isinstance(found.get(name), Mapping)}


def _filled(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None and value != ""}
