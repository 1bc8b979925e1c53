# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks' records of clusters, for tests of reports: made by the collection's own preflight and verify."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from preflight_findings import preflight_report
from sharing_builders import CLUSTER_ID, ccm, default_rule, edge, objects, service, vcd

HOSTILE = (
    '<script>alert("x")</script>',
    "\"quotes\" and 'more' of them",
    "]]> --> </style></svg></title>",
    "\u202egnp.exe\u202c \u200f\u200b\ufeff",
    "name" * 75,
    "two\nlines\r\n# heading",
    'end"]; click a "javascript:alert(1)" --> b[x]',
    "a | b `c` **d** _i_ [e](javascript:f) ![g](http://h) <img src=x onerror=i>",
    "{{ 7 * 7 }} {% raw %} ${8 * 8}",
    "\u6f22\u5b57\u540d\u524d" * 30,
    "&amp;lt; &#60; &quot;",
)


def healthy(found: dict[str, list[Any]], name: str = "acme-edge", **changes: Any) -> dict[str, Any]:
    """An edge gateway with these objects, all of them UP, and the members of its pools."""
    found = copy.deepcopy(found)
    for one in found["virtual_services"]:
        one["health_status"] = "UP"
    ports = {one["pool"]["name"]: one["service_ports"][0]["start"] for one in found["virtual_services"]}
    for pool in found["pools"]:
        pool.update(health_status="UP", member_count=3, up_member_count=3)
        found.setdefault("healthy_pools", []).append(
            {
                **pool,
                "default_port": 30000 + ports.get(pool["name"], 0),
                "health_monitors": ["TCP"],
                "members": [
                    {"ip_address": f"10.10.0.{member}", "port": None, "health_status": "UP"} for member in (11, 12, 13)
                ],
            }
        )
    return edge(name=name, **found, **{"firewall_rules": [default_rule("ALLOW")], **changes})


def merged(*parts: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The objects of several Services."""
    return {kind: [one for part in parts for one in part[kind]] for kind in parts[0]}


NAMES = ["web", "shop", "mail", "api", "grafana", "registry", "broker", "auth"]
PORTS = [("http", "https"), ("https",), ("smtp", "imaps", "pop3s")]


@cache
def _reports(name: str, before: str, after: str, services: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reports of preflight and verification. They are cached: a fleet has many clusters of few kinds."""
    names, ports = NAMES[:services], PORTS

    def made(shape: str) -> dict[str, list[Any]]:
        parts = []
        for number, one in enumerate(names):
            found = objects(shape, one, ports[number % 3], outside=f"203.0.113.{10 + number}")
            for rule in found["nat_rules"]:
                rule["internal_addresses"] = _moved(rule["internal_addresses"], number)
            for item in found["virtual_services"]:
                item["virtual_ip_address"] = _moved(item["virtual_ip_address"], number)
            parts.append(found)
        return merged(*parts)

    kubernetes = [
        service(one, ports=ports[number % 3], ips=(f"203.0.113.{10 + number}",)) for number, one in enumerate(names)
    ]
    preflight = preflight_report(
        ccm(before, services=kubernetes), vcd(healthy(made(before), name)), after, existing="migrate"
    )
    verification = verify_report(ccm(after, services=kubernetes), vcd(healthy(made(after), name)), after)
    return preflight, verification


def outcome(
    name: str = "acme-edge",
    before: str = "distinct_internal",
    after: str = "shared_external",
    services: int = 2,
    ended: str = "2026-11-27T14:55:00Z",
    **changes: Any,
) -> dict[str, Any]:
    """A cluster that was moved from one scenario to another."""
    names, ports = NAMES[:services], PORTS
    preflight, verification = copy.deepcopy(_reports(name, before, after, services))
    migrations = [
        {
            "name": one,
            "namespace": "default",
            "state": "migrated",
            "outage": {"ports": {str(80 + place): 3 for place in range(len(ports[number % 3]))}},
            "downtime": {"ports": {str(80 + place): 2.5 + place for place in range(len(ports[number % 3]))}},
        }
        for number, one in enumerate(names)
    ]
    return {
        "result": {
            "changed": True,
            "scenario_before": before,
            "scenario": after,
            "edge_gateway": name,
            "migrations": migrations,
            "restore_point": "/home/ops/.vcd-kubernetes/restore-points/6f1c9b1e_20261127T145500Z.json",
        },
        "preflight": preflight,
        "verification": verification,
        "cpi": 1,
        "planned_only": False,
        "failure": None,
        "ended": ended,
        **changes,
    }


def _moved(address: str, number: int) -> str:
    """The address for the Service with this number: no two Services share an internal address."""
    start, _dot, last = address.rpartition(".")
    return f"{start}.{int(last) + 4 * number}" if start.startswith("192.168") else address


def failed(name: str = "acme-edge", **changes: Any) -> dict[str, Any]:
    """A cluster whose migration failed at its second Service, with CPI stopped."""
    found = outcome(name, services=3)
    point = found["result"]["restore_point"]
    reason = "virtual service ingress-vs-shop-https: Cloud Director refused it (BUSY_ENTITY) for 300 s"
    web, shop, mail = found["result"]["migrations"]
    left = {"ports": {"80": 12.5}, "together": 12.5, "lasting": ["80"]}
    ended = [
        {**web, "scenario": "shared_external", "downtime": {**web["downtime"], "together": 0.0, "lasting": []}},
        {**shop, "scenario": "mixed", "state": "failed", "downtime": left},
        {**mail, "scenario": "distinct_internal", "state": "not_reached", "downtime": None},
    ]
    keys = ("name", "namespace", "scenario", "state", "downtime")
    return {
        **found,
        "result": None,
        "verification": None,
        "cpi": 0,
        "planned": [{**one, "downtime": None} for one in found["result"]["migrations"]],
        "failure": {
            "msg": reason,
            "cpi": 0,
            "restore_point": point,
            "services": [{key: one[key] for key in keys} for one in ended],
        },
        **changes,
    }


def looked_at(name: str = "acme-edge", shape: str = "shared_internal", **damage: Any) -> dict[str, Any]:
    """A cluster whose present state alone was read; ``damage`` replaces kinds of objects of its gateway."""
    found = {**objects(shape), **damage}
    verification = verify_report(ccm(shape, services=[service()]), vcd(healthy(found, name)), shape)
    result = {
        "changed": False,
        "verified_only": True,
        "ok": verification["ok"],
        "summary": verification["summary"],
        "scenario": shape,
        "edge_gateway": name,
        "migrations": [],
    }
    return {"result": result, "preflight": {}, "verification": verification, "cpi": 1, "failure": None, "ended": ""}


def with_names(found: Any, old: re.Pattern[str], new: str) -> Any:
    """The same data with some texts replaced by another one, in all values, but never inside the replacement."""
    if isinstance(found, str):
        return old.sub(lambda _match: new, found)
    if isinstance(found, dict):
        return {key: with_names(value, old, new) for key, value in found.items()}
    return [with_names(one, old, new) for one in found] if isinstance(found, list) else found


def hostile(text: str) -> dict[str, Any]:
    """Clusters in which every name from outside is this text."""
    names = ("acme-edge", "web", "default", "ingress", CLUSTER_ID, "TCP", "10.10.0.11")
    kept = with_names(outcome("acme-edge"), re.compile("|".join(map(re.escape, names))), text)
    for side in (kept["preflight"]["pictures"]["before"], kept["verification"]["picture"]):
        for one in side["services"]:
            for path in one["paths"]:
                path["name"] = text
    kept["result"]["restore_point"] = f"/r/{text}"
    kept["verification"]["findings"].append(
        {"check": text, "severity": "warning", "ok": False, "message": text, "remedy": text}
    )
    bad = {"failure": {"msg": text}, "preflight": {"edge_gateway": text, "scenario": text}, "result": None}
    return {text: kept, f"bad {text}": bad}


def fleet(clusters: int = 40, edges: int = 5, services: int = 6) -> dict[str, Any]:
    """Many clusters over several edge gateways; one has failed."""
    found = {
        f"prod-{number:02}": outcome(f"edge-{1 + number % edges}", services=services) for number in range(1, clusters)
    }
    return {**found, f"prod-{clusters:02}": failed(f"edge-{1 + clusters % edges}")}
