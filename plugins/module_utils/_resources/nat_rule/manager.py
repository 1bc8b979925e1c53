# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""NAT rules as a module brings them about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import find_profile
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    networks_of,
    wait_until_ready,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import calls, comparison, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, pick_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change, Manager, Result


class NatRules(Manager):
    """One NAT rule."""

    kind = "NAT rule"
    unseen = ("logging",)

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def collection(self) -> str:
        """The path of the NAT rules of this edge gateway."""
        return calls.path(self.gateway)

    def read(self) -> Body | None:
        """By id, else by name; several of one name are refused."""
        rules = calls.list_rules(self.api, self.gateway)
        return calls.find(rules, self.gateway, self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """The rule of this name; there was none before it was created. Its task names the edge gateway only."""
        named = [rule for rule in calls.list_rules(self.api, self.gateway) if rule.get("name") == self.params["name"]]
        if len(named) > 1:
            ids = ", ".join(str(rule["id"]) for rule in named)
            raise CollectionError(f"{self.what} is there {len(named)} times now ({ids}): delete all but one, by id")
        return str(named[0]["id"]) if named else None

    def initial(self) -> Body:
        """Enabled; the server fills in the other defaults."""
        return {"enabled": True}

    def missing_for_create(self) -> list[str]:
        """See comparison.missing_for_create."""
        return comparison.missing_for_create(self.wanted)

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The application port profile, and the network or uplink that the rule is limited to."""
        found: dict[str, Any] = {}
        if changes.get("application_port_profile"):
            found["application_port_profile"] = find_profile(
                self.api, self.gateway, "application_port_profile", changes["application_port_profile"]
            )
        if changes.get("applied_to"):
            found["applied_to"] = self._find_interface(changes["applied_to"])
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """Versions, and what does not go together."""
        if changes.get("applied_to"):
            self.api.require((36, 2), "applied_to")
        if set(changes) - {"name", "description", "enabled", "priority", "logging", "firewall_match"}:
            comparison.check(planned)

    def add(self) -> Change:
        """Create it."""
        return self._with_logging_warning(super().add(), {})

    def modify(self, body: Body) -> Change:
        """Change it."""
        return self._with_logging_warning(super().modify(body), self.differences(self.to_result(body), self.wanted))

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """A rule has no state of its own: the edge gateway's says when it is realized."""
        if body is not None:
            return body
        if self.params["wait"]:
            wait_until_ready(self.api, self.gateway, self.params["wait_timeout"])
        return self.api.get(self.path(object_id), self.what)

    def _with_logging_warning(self, change: Change, changes: Mapping[str, Any]) -> Change:
        """Without its right, Cloud Director takes logging: true without a word, and goes on saying false."""
        ignored = self.wanted.get("logging") and change.after and not change.after["logging"]
        if not ignored or self.check_mode:
            return change
        warning = (
            f"logging: Cloud Director did not switch on the logging of {self.what}, or does not show it: "
            "probably the user lacks the right 'Organization vDC Gateway: Configure System Logging'"
        )
        changed = change.changed and set(changes) != {"logging"}
        return Change(changed, change.before, change.after, (*change.warnings, warning))

    def _find_interface(self, name: str) -> Body:
        if is_urn("applied_to", name, "network", "externalNetwork"):
            return {"id": name}
        uplinks = [
            {"id": uplink.get("uplinkId"), "name": uplink.get("uplinkName")}
            for uplink in self.gateway.get("edgeGatewayUplinks") or []
        ]
        networks = [{"id": row["id"], "name": row["name"]} for row in networks_of(self.api, self.gateway)]
        candidates = networks + uplinks
        return pick_reference(
            "applied_to",
            name,
            candidates,
            kind="network or uplink",
            where=f"on edge gateway {self.gateway['name']!r}",
            others=lambda: [str(one["name"]) for one in candidates],
        )
