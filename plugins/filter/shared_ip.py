# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role shared_ip: findings out of what the info modules read. The judging is in module_utils."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import preflight_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import account, report_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.restore_point import restore_point_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.way_back import way_back

Filter = Callable[..., Any]
# Filters run in Ansible's own process, whose Python need not be the one that runs the modules.
NETADDR_MISSING = (
    "the filters of vcd.kubernetes need the Python library netaddr (0.10.1 or newer), and the Python that runs Ansible "
    f"does not have it: install it with '{sys.executable} -m pip install netaddr'"
)


def _as_filter_error(function: Filter) -> Filter:
    """Turn what the operator can mend into Ansible's own error."""

    def filter_function(*args: Any, **kwargs: Any) -> Any:
        if NETADDR_IMPORT_ERROR is not None:
            raise AnsibleFilterError(NETADDR_MISSING)
        try:
            return function(*args, **kwargs)
        except InvalidInput as error:
            raise AnsibleFilterError(error.message) from error

    return filter_function


@_as_filter_error
def shared_ip_preflight(
    ccm: Any, vcd: Any, scenario: Any, one_arm: Any = None, existing: Any = "fail", edge_gateway: Any = ""
) -> dict[str, Any]:
    """Judge a cluster before a change of scenario."""
    return preflight_report(ccm, vcd, scenario, one_arm, existing, edge_gateway)


@_as_filter_error
def shared_ip_verify(
    ccm: Any, vcd: Any, scenario: Any = None, one_arm: Any = None, restart_expected: Any = True, moved: Any = None
) -> dict[str, Any]:
    """Judge whether a cluster is in its scenario, and whether a migration kept what it promised."""
    return verify_report(ccm, vcd, scenario, one_arm, bool(restart_expected), moved)


@_as_filter_error
def shared_ip_services(ccm: Any, vcd: Any, scenario: Any, one_arm: Any = None) -> list[dict[str, Any]]:
    """Tell vcd_shared_ip which Services there are."""
    return services_option(ccm, vcd, scenario, one_arm)


@_as_filter_error
def shared_ip_restore_point(info: Any, ccm: Any, vcd: Any) -> dict[str, Any]:
    """Put together what is needed to go back."""
    return restore_point_of(info, ccm, vcd)


@_as_filter_error
def shared_ip_way_back(restore_point: Any, ccm: Any, vcd: Any) -> dict[str, Any]:
    """Tell what the run that goes back is to do."""
    return way_back(restore_point, ccm, vcd)


@_as_filter_error
def shared_ip_account(failed: Any, restore_file: Any, backup: Any, brought_back: Any = False) -> str:
    """Say in one line what a migration that failed has left where."""
    return account(failed, str(restore_file), str(backup), bool(brought_back))


@_as_filter_error
def shared_ip_report(report: Any) -> list[str]:
    """Show a report of the other two, or a plan, to a person."""
    return report_lines(report)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Filter]:
        """What Ansible asks for."""
        return {
            "shared_ip_preflight": shared_ip_preflight,
            "shared_ip_verify": shared_ip_verify,
            "shared_ip_report": shared_ip_report,
            "shared_ip_services": shared_ip_services,
            "shared_ip_restore_point": shared_ip_restore_point,
            "shared_ip_way_back": shared_ip_way_back,
            "shared_ip_account": shared_ip_account,
        }
