# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The module vcd_ccm_config: turn its options into an edit of the file, plan the rollout, and carry it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import (
    CloudConfig,
    edit_from_options,
    masked,
    read_config,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.editor import edit
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.events import PYYAML_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import Journal, pack
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.lease import ClusterLease
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import CpiNames, Object
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.plan import (
    ALL,
    STOPPED,
    CpiState,
    Plan,
    make_plan,
    make_stop_plan,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import (
    describe_config_map,
    describe_deployment,
    known_keys,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.rollout import apply, check_rights, observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.stopped import stop_is_reported
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import check_keys
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import (
    LIBRARIES as KUBERNETES_LIBRARIES,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import parse_version
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline

# The libraries for reading and writing CPI's objects, each with the error of its import
LIBRARIES = {**KUBERNETES_LIBRARIES, "netaddr": NETADDR_IMPORT_ERROR, "PyYAML": PYYAML_IMPORT_ERROR}
# A DNS subdomain (RFC 1123), as Kubernetes requires.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
LONGEST_NAME = 253
TARGET_OPTIONS = ArgumentSpec(
    {
        "namespace": {"type": "str", "default": "kube-system"},
        "name": {"type": "str", "default": "vcloud-ccm-configmap"},
        "key": {"type": "str", "default": "vcloud-ccm-config.yaml", "no_log": False},
        "deployment": {"type": "str", "default": "vmware-cloud-director-ccm"},
        "backup_name": {"type": "str"},
        "extra_keys": {"type": "list", "elements": "str", "no_log": False},
    }
)
CONFIG_OPTIONS = ArgumentSpec(
    {
        "scenario": {"type": "str", "choices": [item.value for item in Scenario]},
        "enable_virtual_service_shared_ip": {"type": "bool"},
        "one_arm": {
            "type": "dict",
            "options": {"start_ip": {"type": "str"}, "end_ip": {"type": "str"}},
            "required_together": [["start_ip", "end_ip"]],
        },
        "restart": {"type": "str", "default": "auto", "choices": ["auto", "recreate", "delete_pod", "never"]},
        "stage": {"type": "str", "default": ALL, "choices": [ALL, STOPPED]},
        "restore_point": {"type": "dict"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        "take_over": {"type": "bool", "default": False},
    },
    mutually_exclusive=[["scenario", "enable_virtual_service_shared_ip"]],
    required_one_of=[["scenario", "enable_virtual_service_shared_ip", "one_arm"]],
)


@dataclass(frozen=True)
class Managed:
    """What was done or, in check mode, would be done. ``before`` and ``after`` are for diff mode.

    ``state`` is what the cluster holds now.
    """

    changed: bool
    result: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    state: CpiState


def target_from(params: Mapping[str, Any]) -> CpiNames:
    """The objects that the options name."""
    backup = params["backup_name"] or f"{params['name']}-backup"
    if params["backup_name"] and not (_NAME.fullmatch(backup) and len(backup) <= LONGEST_NAME):
        remedy = f"is not a name for a ConfigMap: give up to {LONGEST_NAME} lower-case letters, digits, '-' and '.'"
        raise InvalidInput("backup_name", backup, remedy)
    if backup == params["name"]:
        raise InvalidInput("backup_name", backup, "is the name of CPI's ConfigMap: give the backup another name")
    keys = check_keys("extra_keys", params.get("extra_keys") or ())
    return CpiNames(params["namespace"], params["name"], params["key"], params["deployment"], backup, keys)


def manage(
    cluster: KubernetesApi,
    params: Mapping[str, Any],
    check_mode: bool,
    *,
    replace_restore_point: bool = False,
    lease: ClusterLease | None = None,
    carried: Journal | None = None,
) -> Managed:
    """Bring CPI's file, and CPI itself, to the state that the options ask for. Raises CollectionError.

    ``replace_restore_point``: replace even the restore point of a change in progress; only the run that began it may do
    so. ``lease``: given by a run that does more than this, whose caller keeps it. ``carried``: the journal that this
    run has stored earlier, in case the backup was deleted since then.
    """
    if params["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "give a number of seconds, 0 or more")
    if lease is not None:
        return _manage(cluster, params, check_mode, replace_restore_point, lease, carried, keeps=True)
    target = target_from(params)
    own = ClusterLease(cluster, target, params["take_over"])
    with stop_is_reported(cluster, target), own.kept():
        return _manage(cluster, params, check_mode, replace_restore_point, own, carried, keeps=False)


def _manage(
    cluster: KubernetesApi,
    params: Mapping[str, Any],
    check_mode: bool,
    replace_restore_point: bool,
    lease: ClusterLease,
    carried: Journal | None,
    *,
    keeps: bool,
) -> Managed:
    observed = observe(cluster, target_from(params))
    if observed.journal is None and carried is not None and carried.in_progress:
        observed = replace(observed, journal=replace(carried, resource_version="", lease=None))
    lease.refuse_another(observed.journal)
    version = parse_version(observed.deployment.version if observed.deployment else None)
    keys = known_keys(observed)
    present = read_config(text_of(observed.base(), observed.target), version, keys)
    wanted_edit = edit_from_options(
        params["scenario"], params["enable_virtual_service_shared_ip"], params["one_arm"], present.one_arm
    )
    wanted = read_config(edit(present.text, wanted_edit), version, keys)
    _refuse_what_cpi_refuses(wanted, observed.target)
    plan = _plan(observed, wanted.text, params, replace_restore_point, lease, keeps)
    check_rights(cluster, plan, observed)
    after = observed
    if plan.steps and not check_mode:
        # a module that only stops CPI ends before the change does, so it has no use for the lease
        takes_lease = keeps or params["stage"] != STOPPED
        after = apply(cluster, plan, observed, Deadline(params["wait_timeout"]), lease, takes_lease)
    before = read_config(text_of(plan.journal.original, observed.target), version, keys) if plan.resumed else present
    stopping = params["stage"] == STOPPED
    return Managed(
        changed=bool(plan.steps),
        result=_result(before, wanted, plan, after),
        before=_replicas_as_diff(observed) if stopping else _as_diff(before),
        after={"replicas": 0} if stopping else _as_diff(wanted),
        state=after,
    )


def _plan(
    observed: CpiState,
    text: str,
    params: Mapping[str, Any],
    replace_restore_point: bool,
    lease: ClusterLease,
    keeps: bool,
) -> Plan:
    point, mine = params["restore_point"], lease.is_mine(observed.journal)
    if params["stage"] == STOPPED:
        packed = pack(point) if point else ""
        takes_lease = keeps and not mine
        return make_stop_plan(observed, text, params["restart"], packed, replace_restore_point, takes_lease)
    if point:
        raise InvalidInput("restore_point", "...", f"only stored at stage {STOPPED}; set stage: {STOPPED}")
    return make_plan(observed, text, params["restart"], params["wait"], mine)


def text_of(manifest: Object, target: CpiNames) -> str:
    """The file in a ConfigMap. Raises InvalidInput when the key is missing."""
    data = manifest.get("data") or {}
    if target.key not in data:
        raise InvalidInput("key", target.key, f"{target} has no such key; it has {', '.join(sorted(data)) or 'none'}")
    return str(data[target.key])


def _refuse_what_cpi_refuses(config: CloudConfig, target: CpiNames) -> None:
    if config.problems:
        raise CollectionError(
            f"{target}: CPI would not run with {target.key}: {'; '.join(config.problems)}: nothing was changed",
            problems=list(config.problems),
        )


def _result(before: CloudConfig, after: CloudConfig, plan: Plan, observed: CpiState) -> dict[str, Any]:
    return {
        "scenario_before": before.scenario,
        "scenario_after": after.scenario,
        "one_arm": after.one_arm.as_dict() if after.one_arm else None,
        "restart": asdict(plan.restart),
        "config_map": describe_config_map(observed),
        "deployment": describe_deployment(observed),
        "steps": [step.text for step in plan.steps],
        "resumed": plan.resumed,
    }


def _replicas_as_diff(observed: CpiState) -> dict[str, Any]:
    """What diff mode shows when CPI is only stopped."""
    return {"replicas": observed.deployment.replicas if observed.deployment else 0}


def _as_diff(config: CloudConfig) -> dict[str, Any]:
    """What diff mode shows for a file."""
    return {
        "scenario": config.scenario,
        "enable_virtual_service_shared_ip": config.shared,
        "one_arm": config.one_arm.as_dict() if config.one_arm else None,
        # a list of lines, so that the diff shows only the lines that differ
        "file": masked(config).split("\n"),
    }
