# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VCD as a tenant sees it: the load balancer objects of the edge gateway, in the form of this collection's modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile import (
    resource as app_port_profile,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import resource as nat_rule
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import resource as pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import (
    resource as virtual_service,
)

Facts = dict[str, Any]
# What only the server decides, and what another object says as well (a pool's virtual services).
SERVERS_OWN = ("id", "status", "health_status", "health_message", "version", "system_rule", "usable_for_nat")
ELSEWHERE = ("edge_gateway", "service_engine_group", "virtual_services")


@dataclass
class Objects:
    """The objects by kind and name, without what only the server writes; references are names."""

    virtual_services: dict[str, Facts]
    pools: dict[str, Facts]
    nat_rules: dict[str, Facts]
    app_port_profiles: dict[str, Facts]

    @property
    def names(self) -> set[str]:
        """The names of all objects."""
        return {name for kind in vars(self).values() for name in kind}

    def differences(self, expected: Objects) -> list[str]:
        """One line for each property, or whole object, that differs from the expected one."""
        lines = []
        for kind, found in vars(self).items():
            wanted = vars(expected)[kind]
            lines += [f"{kind} {name}: exists, but is not expected" for name in sorted(set(found) - set(wanted))]
            lines += [f"{kind} {name}: is expected, but does not exist" for name in sorted(set(wanted) - set(found))]
            for name in sorted(set(found) & set(wanted)):
                keys = sorted(set(found[name]) | set(wanted[name]))
                pairs = [(key, found[name].get(key, "(none)"), wanted[name].get(key, "(none)")) for key in keys]
                lines += [
                    f"{kind} {name}: {key} is {is_!r}, expected {to_be!r}" for key, is_, to_be in pairs if is_ != to_be
                ]
        return lines


class Tenant:
    """A session of the user that CPI logs in as."""

    def __init__(self, url: str, ca: str, edge: str = "acme-edge") -> None:
        self._base, self._session = f"{url}/cloudapi/1.0.0", requests.Session()
        self._session.trust_env, self._session.verify = False, ca
        self._session.headers["Accept"] = "application/json;version=37.2"
        answer = self._session.post(f"{self._base}/sessions", auth=("kube@acme", "kube-secret-1"), timeout=300)
        answer.raise_for_status()
        token = answer.headers["X-VMWARE-VCLOUD-ACCESS-TOKEN"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._edge = next(row["id"] for row in self._rows("edgeGateways") if row["name"] == edge)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def objects(self) -> Objects:
        """All load balancer objects that exist now."""
        balancer = f"edgeGateways/{self._edge}/loadBalancer"
        services = [
            self._get(f"loadBalancer/virtualServices/{row['id']}")
            for row in self._rows(f"{balancer}/virtualServiceSummaries")
        ]
        pools = [self._get(f"loadBalancer/pools/{row['id']}") for row in self._rows(f"{balancer}/poolSummaries")]
        rules = self._rows(f"edgeGateways/{self._edge}/nat/rules")
        profiles = self._rows("applicationPortProfiles?filter=scope==TENANT")
        return Objects(
            _by_name(services, virtual_service.to_result),
            _by_name(pools, pool.to_result),
            _by_name(rules, nat_rule.to_result),
            _by_name(profiles, app_port_profile.to_result),
        )

    def create(self, path: str, body: Facts) -> None:
        """Create something, as a person would in VCD's interface."""
        self._session.post(f"{self._base}/{path}", json=body, timeout=300).raise_for_status()

    def _get(self, path: str) -> Facts:
        answer = self._session.get(f"{self._base}/{path}", timeout=300)
        answer.raise_for_status()
        return dict(answer.json())

    def _rows(self, path: str) -> list[Facts]:
        mark = "&" if "?" in path else "?"
        return list(self._get(f"{path}{mark}pageSize=128")["values"])


def _by_name(bodies: list[Facts], to_result: Callable[[Facts], Facts]) -> dict[str, Facts]:
    found = {}
    for body in bodies:
        facts = {key: _names(value) for key, value in to_result(body).items() if key not in SERVERS_OWN + ELSEWHERE}
        for member in facts.get("members", []):
            member.pop("health_status")
        found[str(facts["name"])] = facts
    return found


def _names(value: Any) -> Any:
    """Replace each reference by its name."""
    return value["name"] if isinstance(value, dict) and set(value) == {"id", "name"} else value
