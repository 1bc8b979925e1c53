# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The options of vcd_cluster_shared_ip: both connections, where CPI is in the cluster, and the wanted state."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE as CHANGE_OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import CONFIG_OPTIONS, TARGET_OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import AUTH_ARG_SPEC
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    MANAGE_FIREWALL,
    TELL_FIREWALL,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION

PLAN, CHANGE, VERIFY, AUDIT = "plan", "change", "verify", "audit"
# The options that all releases of kubernetes.core have, without their aliases
KUBERNETES_NAMES = (
    "kubeconfig", "context", "host", "api_key", "username", "password", "validate_certs", "ca_cert", "client_cert",
    "client_key", "proxy",
)  # fmt: skip
# How many days before its expiry an audit reports a certificate
CERTIFICATE_DAYS = {"type": "int", "default": 30}
# A hook in the form that the action plugin has parsed it into
HOOK = {name: {"type": "str"} for name in ("what", "tasks", "role", "tasks_from")}


def _without_aliases(option: dict[str, Any]) -> dict[str, Any]:
    return {"type": "str", **{key: value for key, value in option.items() if key != "aliases"}}


# Dictionaries, because both sides have options with the same names (host, password, validate_certs)
OPTIONS = ArgumentSpec(
    {
        "phase": {"type": "str", "required": True, "choices": [PLAN, CHANGE, VERIFY, AUDIT]},
        "plan": {"type": "dict"},
        "bind": {"type": "bool", "default": False},
        "approved": {"type": "dict"},
        "before_change": {"type": "list", "elements": "dict", "options": dict(HOOK), "default": []},
        "after_change": {"type": "list", "elements": "dict", "options": dict(HOOK), "default": []},
        "saved": {"type": "list", "elements": "dict", "default": []},
        "handed_on": {"type": "dict"},
        "scenario": {"type": "str", "choices": [item.value for item in Scenario]},
        "one_arm": {"type": "raw"},
        "existing": {"type": "str", "choices": ["fail", "migrate"], "default": "fail"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "prune": {"type": "bool", "default": False},
        "prune_objects": {"type": "list", "elements": "str", "default": []},
        "accept_loss": {"type": "bool", "default": False},
        "firewall": {"type": "str", "choices": [TELL_FIREWALL, MANAGE_FIREWALL], "default": TELL_FIREWALL},
        "vcd_rules": dict(CHANGE_OPTIONS.options["vcd_rules"]),
        "go_back": {"type": "bool", "default": False},
        "restore_file": {"type": "path"},
        "restore_dir": {"type": "path"},
        "restart": dict(CONFIG_OPTIONS.options["restart"]),
        "wait_timeout": dict(CONFIG_OPTIONS.options["wait_timeout"]),
        "certificate_days": dict(CERTIFICATE_DAYS),
        "edge_gateway": {"type": "str"},
        "vdc": {"type": "str"},
        "take_over": dict(CONFIG_OPTIONS.options["take_over"]),
        "lock_timeout": dict(CHANGE_OPTIONS.options["lock_timeout"]),
        "progress_file": {"type": "path"},
        "controller_pid": dict(CHANGE_OPTIONS.options["controller_pid"]),
        "run_by": dict(CHANGE_OPTIONS.options["run_by"]),
        "cpi": {"type": "dict", "apply_defaults": True, "options": dict(TARGET_OPTIONS.options)},
        "vcd": {"type": "dict", "apply_defaults": True, "options": dict(CONNECTION.options)},
        "kubernetes": {
            "type": "dict",
            "apply_defaults": True,
            "options": {name: _without_aliases(AUTH_ARG_SPEC[name]) for name in KUBERNETES_NAMES},
        },
    },
    required_if=[("phase", CHANGE, ["plan"])],
)
