# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage virtual services: in place where possible, otherwise by deletion and creation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources import address_claims, external_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import assignments_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import find_certificates, find_pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import (
    calls,
    comparison,
    recreation,
    resource,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.sub_resources import (
    SubResources,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import AddressUse, Usable
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, pick_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import GatewayManager, Result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import needed
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import API_WITH_SHARED_IP


class VirtualServices(GatewayManager):
    """Manages one virtual service."""

    kind = "virtual service"
    objects = calls.OBJECTS
    progress_fields = ("status", "healthStatus", "healthMessage")

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)
    settled = staticmethod(resource.settled)

    def missing_for_create(self) -> list[str]:
        """See comparison.missing_for_create."""
        return comparison.missing_for_create(self.wanted)

    def complete(self) -> None:
        """Choose the service engine group: that of the VIP's other virtual services, or else the only assigned one."""
        if self.wanted.get("service_engine_group"):
            return
        # All virtual services on a VIP must be in the same group, so only the group of the others can work.
        sharing = comparison.sharing({vip: self.wanted.get(vip) for vip in comparison.VIPS}, self._others)
        groups = [group["serviceEngineGroupRef"] for group in self._groups]
        if sharing:
            self.wanted["service_engine_group"] = sharing[0]["service_engine_group"]["id"]
        elif len(groups) == 1:
            self.wanted["service_engine_group"] = groups[0]["id"]
        else:
            names = ", ".join(sorted(str(group["name"]) for group in groups)) or "none"
            raise CollectionError(
                f"service_engine_group: required to create {self.what}: the edge gateway has {names}: give one of them"
            )

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The pool, the service engine group and the certificate."""
        found: dict[str, Any] = {}
        if changes.get("pool"):
            found["pool"] = find_pool(self.api, self.gateway, changes["pool"])
        if changes.get("service_engine_group"):
            found["service_engine_group"] = self._find_group(changes["service_engine_group"])
        if changes.get("certificate"):
            found["certificate"] = find_certificates(self.api, "certificate", [changes["certificate"]])[0]
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """API versions, options that exclude each other, and VIPs and ports that are in use."""
        if changes.get("ipv6_virtual_ip_address"):
            self.api.require((37, 0), "ipv6_virtual_ip_address")
        if changes.get("transparent_mode_enabled"):
            self.api.require((37, 1), "transparent_mode_enabled")
        if changes.get("non_critical_logging_enabled"):
            self.api.require((38, 0), "non_critical_logging_enabled")
        if set(changes) - {"name", "description", "enabled"}:
            comparison.check(planned)
        if changes.get("pool"):
            comparison.check_pool(planned, self._others)
        if set(changes) & {*comparison.VIPS, "service_ports"}:
            self._check_sharing(planned)
            self._check_claims(before, planned)
        unknown = self._check_addresses(changes)
        why = comparison.must_recreate(before, changes, self._shared_with(before, changes)) if before else ""
        if why and not self.params["recreate"]:
            raise CollectionError(
                f"{why}: set recreate: true to delete {self.what} and create it again on the same pool "
                "(it does not serve in between)",
                option=why.partition(":")[0],
            )
        if before and why:
            if unknown:
                raise CollectionError(
                    f"{unknown}: nothing was deleted: ask for the right to see it, or delete the virtual service first "
                    "(state: absent)"
                )
            recreation.check(self.api, self.gateway, before, planned, self._others, self._groups)
            self._sub_resources.read(before["id"], before["name"], before["application_profile"])

    def write(self, body: Body, changes: Mapping[str, Any], references: Mapping[str, Any]) -> str:
        """Update in place if Cloud Director allows it, otherwise delete and create again."""
        before = self.to_result(body)
        if comparison.must_recreate(before, changes, self._shared_with(before, changes)):
            return self._recreate(body, self.apply(body, changes, references))
        return super().write(body, changes, references)

    def _recreate(self, body: Body, new: Body) -> str:
        # Delete before creating: the pool serves one virtual service at a time, and the name and the port are taken
        # until the old one is gone. Both bodies are kept, so that a failed creation can be undone.
        wanted, original = resource.without_read_only(new), resource.without_read_only(body)
        name, urn, parts = str(body["name"]), str(body["id"]), self._sub_resources
        # read completely, and proved to be writable, before anything is deleted
        bodies = parts.check_writable(urn, name, parts.read(urn, name, self.to_result(body)["application_profile"]))
        self.api.delete(self.path(urn), self.what)
        try:
            created = self.api.create(self.collection(), wanted, self.what, lambda: self._find_named(new["name"]))
            parts.write(created, str(new["name"]), bodies)
            return created
        except CollectionError as error:
            failed = error
        message = f"{self.what} ({body['id']}) was deleted, but creating it again failed: {failed.message}"
        try:
            present = self._find_named(new["name"]) if bodies else None
            if present:  # it was created, but without its policies
                self.api.delete(self.path(present), self.what)
            again = self.api.create(self.collection(), original, self.what, lambda: self._find_named(body["name"]))
            parts.write(again, name, bodies)
        except CollectionError as error:
            raise VcdError(
                f"{message}; creating it with its original settings failed too: {error.message}; "
                "it does NOT exist now: run again, or create it from failure.body with POST "
                f"/cloudapi/1.0.0/{self.collection()}",
                **{**failed.details, "deleted": self.to_result(body), "body": wanted, "body_before": original},
            ) from None
        raise VcdError(f"{message}; it was created with its original settings", **failed.details)

    def _find_named(self, name: str) -> str | None:
        return calls.find_id(self.api, self.gateway, name)

    def _shared_with(self, before: Result | None, changes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if before is None or not set(changes) & set(comparison.VIPS):
            return []
        return comparison.sharing(before, self._others)

    def _check_addresses(self, changes: Mapping[str, Any]) -> str:
        """Refuse a VIP that the edge gateway may not use. If that is unknown, adds a warning and returns the reason."""
        unknown = ""
        for vip in comparison.VIPS:
            if changes.get(vip):
                verdict = external_addresses.ask(self.api, self.gateway, changes[vip], AddressUse.VIP)
                if verdict.answer is Usable.NO:
                    raise InvalidInput(vip, changes[vip], verdict.why)
                if verdict.answer is Usable.UNKNOWN:
                    unknown = f"{vip}: {changes[vip]!r}: {verdict.why}"
        self.warnings += [unknown] if unknown else []
        return unknown

    def _check_claims(self, before: Result | None, planned: Result) -> None:
        """Refuse a port of a VIP if another object takes its traffic."""
        found, warnings = address_claims.check_service(self.api, self.gateway, planned, before, self.peers)
        self.warnings += warnings
        for one in found:
            vip = next(vip for vip in comparison.VIPS if planned[vip] == one.address)
            address_claims.refuse_or_warn([one], vip, one.address, self.warnings)

    def _check_sharing(self, planned: Result) -> None:
        # The server's release decides, not the API version in use.
        if self.api.session.listed[-1] >= API_WITH_SHARED_IP:
            return
        for other in comparison.sharing(planned, self._others):
            vip = next(vip for vip in comparison.VIPS if planned[vip] and planned[vip] == other[vip])
            release = f"{needed(API_WITH_SHARED_IP)} or newer"
            remedy = f"is the VIP of virtual service {other['name']!r}, and sharing a VIP requires {release}"
            raise InvalidInput(vip, planned[vip], remedy)

    def _find_group(self, group: str) -> Body:
        is_urn("service_engine_group", group, "serviceEngineGroup")
        references = [assignment["serviceEngineGroupRef"] for assignment in self._groups]
        return pick_reference(
            "service_engine_group",
            group,
            references,
            kind="service engine group",
            where=f"assigned to edge gateway {self.gateway['name']!r}",
            others=lambda: [str(one.get("name")) for one in references],
        )

    @cached_property
    def _sub_resources(self) -> SubResources:
        return SubResources(self.api, self.gateway, bool(self.params.get("accept_loss")))

    @cached_property
    def _groups(self) -> list[Body]:
        return assignments_of(self.api, self.gateway)

    @cached_property
    def _others(self) -> list[Result]:
        """All virtual services of the edge gateway, as results."""
        return self.peers.results(resource.to_result)

    @cached_property
    def peers(self) -> Peers:
        """All virtual services of the edge gateway, before the write."""
        return Peers(calls.list_summaries(self.api, self.gateway))
