# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of one cluster in the form that binds: what is approved is what is done. Pure.

All of it binds, so it holds neither times nor names of people. Its ``digest`` covers everything else in it: two plans
have the same digest if and only if they are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import digest_of, plain
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import TASK_SECONDS, Severity

Facts = Mapping[str, Any]
DIGEST = "digest"


def cluster_plan(
    *,
    cluster_id: str,
    edge_gateway: Facts,
    preflight: Facts,
    cpi: Facts,
    services: Iterable[Facts],
    removed: Sequence[str],
    firewall: Sequence[str] = (),
    pending: bool,
    lines: Sequence[str],
    based_on: Facts,
    bodies: Facts,
) -> dict[str, Any]:
    """The plan of one cluster.

    ``edge_gateway`` has ``id`` and ``name``. ``preflight`` is its report, ``cpi`` the plan for CPI (``steps`` and
    ``restart``), ``services`` those of vcd_shared_ip's plan, ``removed`` the names of orphans to be removed,
    ``firewall`` the writes to firewall rules. ``pending``: there is something to do. ``lines`` are the plan for a
    person. ``based_on`` and ``bodies`` come from `basis`.
    """
    found = {
        "changes": pending,
        "cluster_id": cluster_id,
        "edge_gateway": {key: edge_gateway.get(key) for key in ("id", "name")},
        **{key: preflight[key] for key in ("scenario_before", "one_arm_before", "scenario", "one_arm")},
        "cpi": {"steps": list(cpi["steps"]), "restart": cpi["restart"]["done"]},
        "services": [_service(one) for one in services if one["steps"]],
        "removed": list(removed),
        **({"firewall": list(firewall)} if firewall else {}),
        "lines": list(lines),
        "findings": [
            {key: one[key] for key in ("severity", "check", "message", "remedy")}
            for one in preflight["findings"]
            if one["severity"] != Severity.INFO.value and not one.get("passing")
        ],
        "based_on": based_on,
        "bodies": bodies,
    }
    return with_digest(plain(found))


def _service(planned: Facts) -> dict[str, Any]:
    outage = planned["outage"]
    return {
        "name": "/".join(filter(None, (planned.get("namespace"), planned["name"]))),
        "external_ip": planned.get("external_ip"),
        "internal_ips": list(planned.get("internal_ips") or ()),
        "scenario_before": planned["scenario_before"],
        "scenario": planned["scenario"],
        "state": planned["state"],
        "steps": list(planned["steps"]),
        "steps_if_refused": list(planned.get("steps_if_refused") or ()),
        "seconds_down": {port: seconds_of(tasks) for port, tasks in outage["ports"].items()},
        "seconds_unheld": seconds_of(outage.get("window") or 0),
    }


def seconds_of(tasks: int) -> list[int]:
    """The shortest and the longest time that tasks of Cloud Director take, as an estimate in seconds."""
    return [tasks * seconds for seconds in TASK_SECONDS]


def with_digest(plan: Facts) -> dict[str, Any]:
    """The plan with its digest."""
    return {**plan, DIGEST: digest_of_plan(plan)}


def digest_of_plan(plan: Facts) -> str:
    """The digest of a plan, computed from its content without the digest that it may already contain."""
    return digest_of({key: value for key, value in plan.items() if key != DIGEST})


def allowed_steps(plan: Facts) -> list[str]:
    """Every write in Cloud Director that a plan allows for Services and firewall rules.

    This includes the steps that follow if Cloud Director refuses others.
    """
    steps = [step for one in plan["services"] for step in (*one["steps"], *one["steps_if_refused"])]
    return sorted({*steps, *(plan.get("firewall") or ())})
