# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Runs one phase, from the options of vcd_cluster_shared_ip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.audit import audit_one_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.connections import Connections
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import AUDIT, PLAN, VERIFY
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import PhaseReport, RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.run import ClusterRun
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import RealCpi, RealGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput


def run_phase(connected: Connections, params: Mapping[str, Any], check_mode: bool) -> PhaseReport:
    """Plan, change, verify or audit. Raises CollectionError."""
    for option in ("wait_timeout", "lock_timeout"):
        if params[option] < 0:
            raise InvalidInput(f"shared_ip_{option}", params[option], "give seconds, 0 or more")
    request = RunRequest(**{one.name: params[one.name] for one in fields(RunRequest)})
    cpi, gateway = RealCpi(connected, params), RealGateway(connected, params)
    if params["phase"] == AUDIT:
        return audit_one_cluster(cpi, gateway, request, connected.one_look, params["certificate_days"])
    say = Progress(params["progress_file"]).say
    run = ClusterRun(cpi, gateway, request, connected.one_look, say)
    if params["phase"] == PLAN:
        return run.plan(check_mode)
    return run.verify() if params["phase"] == VERIFY else run.change(params["plan"], check_mode)
