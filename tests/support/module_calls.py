# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the modules declare, and what has to be equal in two runs of one module."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What only Cloud Director knows before an object exists, or what counts its writes.
ONLY_AFTERWARDS = frozenset(
    {"id", "status", "health_status", "health_message", "version", "usage_state", "used_by", "usage_categories"}
)

# What Cloud Director chooses if no option sets it: null in check mode.
CHOSEN = {
    "vcd_edge_load_balancer": {"cloud", "feature_set", "service_network"},
    "vcd_ip_allocation": {"value"},
}


@cache
def group(name: str) -> tuple[str, ...]:
    """The modules of an action group in meta/runtime.yml."""
    found = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"][name]
    return tuple(sorted(one for one in found if isinstance(one, str)))


@cache
def spec_of(module: str) -> ArgumentSpec:
    """The options that a module takes: the spec that its main() passes to the runner."""
    loaded = importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module}")
    with mock.patch.object(loaded, "run_module") as runner:
        loaded.main()
    found: ArgumentSpec = runner.call_args.args[0]
    return found


def only_reads(module: str) -> bool:
    """Whether a module never writes."""
    return module.endswith("_info")


def surprises(module: str, planned: Mapping[str, Any], done: Mapping[str, Any]) -> list[str]:
    """How a run of a module differs from the prediction of check mode; an empty list if it does not."""
    if planned.get("failed") or done.get("failed"):
        texts = [str(one.get("msg") if one.get("failed") else "no failure") for one in (planned, done)]
        return [] if texts[0] == texts[1] else [f"check mode: {texts[0]}", f"real run: {texts[1]}"]
    found = [] if planned["changed"] == done["changed"] else [f"changed: {planned['changed']}, {done['changed']}"]
    after, before = ([one.get("diff", {}).get(side) for one in (planned, done)] for side in ("after", "before"))
    chosen = {name for name in CHOSEN.get(module, ()) if after[0] and after[0].get(name) is None}
    now = [{k: v for k, v in (one or {}).items() if k not in chosen} for one in after]
    return found + differences(*before, where="before") + differences(*now, where="after")


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two results differ, except in what only Cloud Director knows."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return [
            line
            for key in sorted({*one, *other} - ONLY_AFTERWARDS)
            for line in differences(one.get(key), other.get(key), f"{where}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for number, (a, b) in pairs for line in differences(a, b, f"{where}[{number}]")]
    return [] if one == other else [f"{where}: {one!r}, then {other!r}"]
