# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of clusters in the form that binds, for tests of the pages that show them."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.cluster_plan import with_digest

MADE = {"at": "2026-05-04T10:11:12Z", "by": "jo", "job": "4711"}


def plan(name: str = "default/web", **changes: Any) -> dict[str, Any]:
    """The plan of a cluster."""
    service = {
        "name": name, "external_ip": "203.0.113.10", "internal_ips": [], "scenario_before": "distinct_internal",
        "scenario": "shared_external", "state": "migrated", "steps": [f"create pool of {name}", "delete NAT rule x"],
        "steps_if_refused": ["delete virtual service y"], "seconds_down": {"80": [10, 16], "443": [0, 0]},
        "seconds_unheld": [5, 8],
    }  # fmt: skip
    warning = {"severity": "warning", "check": "firewall", "message": f"{name} is closed", "remedy": "open it"}
    found = {
        "changes": True, "cluster_id": "urn:x", "edge_gateway": {"id": "urn:gw", "name": "acme-edge"},
        "scenario_before": "distinct_internal",
        "one_arm_before": {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"},
        "scenario": "shared_external", "one_arm": None, "cpi": {"steps": ["scale to 0"], "restart": "recreate"},
        "services": [service], "removed": [f"orphan of {name}"], "lines": [f"plan: {name}"], "findings": [warning],
        "based_on": {f"Service {name}": {"ports": []}}, "bodies": {}, **changes,
    }  # fmt: skip
    return with_digest(found)
