# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a run derives from the facts that it has read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import Wanted
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import FIREWALL, OBJECTS, Facts
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import report_lines

VERSION = 1  # of the plan that phase plan passes to phase change


def replicas_before(cluster: Facts) -> int:
    """The number of CPI's replicas before the change, even if an earlier run has stopped CPI."""
    return int((cluster["deployment"] or {}).get("running_replicas") or 0)


def objects_of(described: Mapping[str, Any]) -> list[Facts]:
    """The objects of Services on the gateway, without their health, which changes by itself."""
    keys = ("name", "namespace", "external_ip", "objects")
    return [{key: one[key] for key in keys} for one in described["services"]]


def without_objects(gateway: Facts) -> Facts:
    """The facts of a gateway without what a migration changes: the change reads that again."""
    left_out = {*OBJECTS, FIREWALL}
    edges = [{key: value for key, value in edge.items() if key not in left_out} for edge in gateway["edge_gateways"]]
    return {**gateway, "edge_gateways": edges}


def result_or_none(done: Done | None) -> Mapping[str, Any] | None:
    """The result of what was done or planned, if anything."""
    return done.result if done else None


def verified(verification: Facts) -> Facts:
    """A verification with its lines, as part of a result."""
    return {"verification": verification, "lines": {"verification": report_lines(verification)}}


def check_version(plan: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a plan of another release."""
    if plan.get("version") != VERSION:
        remedy = "is not a plan of this release: give the value that phase plan returned as plan"
        raise InvalidInput("plan", f"version {plan.get('version')}", remedy)


def verify_wanted(
    cluster: Facts,
    gateway: Facts,
    wanted: Wanted,
    promise: Mapping[str, Any] | None = None,
    replicas: int = 0,
    *,
    restarts: bool,
) -> Facts:
    """The verification of the wanted state; see `verify_report`. ``restarts``: CPI is restarted for a new file."""
    return verify_report(cluster, gateway, wanted.scenario, wanted.one_arm, restarts, promise, replicas)
