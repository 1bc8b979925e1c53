# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one preflight check finds in a cluster and a Cloud Director that a test describes."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import (
    preflight,
    report_of,
    state_of,
)
from sharing_builders import ccm, state

DEPLOYMENT: dict[str, Any] = ccm()["deployment"]
CONFIG: dict[str, Any] = ccm()["config"]
OLD_VCD: dict[str, Any] = {"release": "10.3.3", "versions": ("36.2", "36.3")}


def preflight_report(ccm: Any, vcd: Any, scenario: Any, *given: Any, **more: Any) -> dict[str, Any]:
    """The preflight as plain data. The arguments are those of `state_of`."""
    return report_of(state_of(ccm, vcd, scenario, *given, **more))


def found(
    check: str, target: str, cluster: dict[str, Any] | None = None, cloud: dict[str, Any] | None = None, **more: Any
) -> list[tuple[str, str]]:
    """Severity and message of one check's findings."""
    findings = preflight(state(target, cluster, cloud, **more))
    return [(item.severity.value, item.message) for item in findings if item.check == check]


def severities(check: str, target: str, *args: Any, **more: Any) -> list[str]:
    """Only the severities."""
    return [severity for severity, _message in found(check, target, *args, **more)]


def existing(target: str, cluster: dict[str, Any], cloud: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings about Services that are to be migrated."""
    return found("existing_services", target, cluster, cloud, existing="migrate")
