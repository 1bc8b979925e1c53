# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage NAT rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources import address_claims, external_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import find_profile
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    networks_of,
    wait_until_ready,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import calls, comparison, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import AddressUse, Usable
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, pick_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager, Result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import LOGGING

EXTERNAL = "external_addresses"
ROUTERS = ("NSXT_TIER0", "NSXT_VRF_TIER0")  # uplinks that a rule cannot be limited to: only a segment-backed one can
TRANSLATING = ("DNAT", "SNAT", "REFLEXIVE")  # a rule that exempts traffic needs no address of the edge gateway
INCOMING = ("DNAT", "NO_DNAT", "REFLEXIVE")
# The options that decide which incoming traffic a rule takes, and which of several rules applies.
CLAIMING = frozenset(
    ("type", "external_addresses", "dnat_external_port", "application_port_profile", "priority", "applied_to")
)


class NatRules(Manager):
    """Manages one NAT rule."""

    kind = "NAT rule"
    names_repeat = True
    ignored_without: ClassVar[Mapping[str, str]] = {"logging": LOGGING}

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def collection(self) -> str:
        """The path of the NAT rules of this edge gateway."""
        return calls.path(self.gateway)

    def read(self) -> Body | None:
        """By id, or else by name. Raises InvalidInput when several rules have the name."""
        return calls.find(self.peers, self.gateway, self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """The id of the rule with this name.

        Needed after every creation, because the task names only the edge gateway. Names are not unique, but no rule had
        this name when the run began, so a second rule must come from another user or from a lost request.
        """
        named = [rule for rule in calls.list_rules(self.api, self.gateway) if rule.get("name") == self.params["name"]]
        if len(named) > 1:
            ids = ", ".join(str(rule["id"]) for rule in named)
            raise CollectionError(f"{self.what} now exists {len(named)} times ({ids}): delete all but one, by id")
        return str(named[0]["id"]) if named else None

    def initial(self) -> Body:
        """Enabled; the server sets the other defaults."""
        return {"enabled": True}

    def missing_for_create(self) -> list[str]:
        """See comparison.missing_for_create."""
        return comparison.missing_for_create(self.wanted)

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The application port profile, and the network or uplink that the rule applies to."""
        found: dict[str, Any] = {}
        if changes.get("application_port_profile"):
            found["application_port_profile"] = find_profile(
                self.api, self.gateway, "application_port_profile", changes["application_port_profile"]
            )
        if changes.get("applied_to"):
            found["applied_to"] = self._find_interface(changes["applied_to"])
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """API versions, and options that exclude each other."""
        if changes.get("applied_to"):
            self.api.require((36, 2), "applied_to")
        if set(changes) - {"name", "description", "enabled", "priority", "logging", "firewall_match"}:
            comparison.check(planned)
        if planned["type"] in TRANSLATING and planned[EXTERNAL] and set(changes) & {"type", EXTERNAL}:
            self._check_addresses(planned[EXTERNAL])
        if planned["type"] in INCOMING and (set(changes) & CLAIMING or changes.get("enabled")):
            # A rule that is being enabled takes traffic that it did not take before.
            self._check_claims(None if changes.get("enabled") else before, planned)

    def _check_addresses(self, addresses: str) -> None:
        """Refuse external addresses that the edge gateway may not use; warn where that is unknown."""
        verdict = external_addresses.ask(self.api, self.gateway, addresses, AddressUse.RULE)
        if verdict.answer is Usable.NO:
            raise InvalidInput(EXTERNAL, addresses, verdict.why)
        if verdict.answer is Usable.UNKNOWN:
            self.warnings.append(f"{EXTERNAL}: {addresses!r}: {verdict.why}")

    def _check_claims(self, before: Result | None, planned: Result) -> None:
        """Refuse addresses and ports if another object takes their traffic, or warn which of two rules applies."""
        found, warnings = address_claims.check_rule(self.api, self.gateway, planned, before, self.peers)
        self.warnings += warnings
        address_claims.refuse_or_warn(found, EXTERNAL, planned[EXTERNAL], self.warnings)

    @cached_property
    def peers(self) -> Peers:
        """All rules of the edge gateway, before the first write."""
        return Peers(calls.list_rules(self.api, self.gateway))

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """A rule has no status of its own: the edge gateway's status shows when it is realized."""
        # Nothing was written, and a rule has no health that could still change, so its body is final.
        if body is not None:
            return body
        if self.shared is None:
            self._wait()
            return self.api.get(self.path(object_id), self.what)
        found = calls.find(self.shared.rows(self._settled_rules), self.gateway, self.params["name"], object_id or None)
        if found is None:
            raise CollectionError(f"{self.what} was written, but no longer exists: run the task again")
        return found

    def _settled_rules(self) -> list[Body]:
        """All rules, after one wait for several."""
        self._wait()
        return calls.list_rules(self.api, self.gateway)

    def _wait(self) -> None:
        if self.params["wait"]:
            wait_until_ready(self.api, self.gateway, self.params["wait_timeout"])

    def create(self, body: Body) -> str:
        """Create it. If there are several, ``settle`` reads the list after the last one instead of looking up each."""
        named = self.shared is None
        return self.api.create(self.collection(), body, self.what, self.find, named=named, unique=False)

    def _find_interface(self, name: str) -> Body:
        is_urn("applied_to", name, "network", "externalNetwork")
        uplinks = [
            {"id": uplink.get("uplinkId"), "name": uplink.get("uplinkName")}
            for uplink in self.gateway.get("edgeGatewayUplinks") or []
            if uplink.get("backingType") not in ROUTERS
        ]
        networks = [{"id": row["id"], "name": row["name"]} for row in networks_of(self.api, self.gateway)]
        candidates = networks + uplinks
        return pick_reference(
            "applied_to",
            name,
            candidates,
            kind="network or segment-backed uplink",
            where=f"on edge gateway {self.gateway['name']!r}",
            others=lambda: [str(one["name"]) for one in candidates],
        )
