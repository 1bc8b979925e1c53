# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Writes one step of a plan, with as few requests as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.http_policy import write_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.kept import pool_changes, with_kept_types
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.policies import Policies
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.manager import AppPortProfiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import assignments_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.manager import LINGERS_SECONDS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import object_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.manager import IpSets
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.manager import NatRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import PATH as POOLS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import (
    find_certificates,
    find_member_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.manager import Pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import to_result as pool_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.manager import VirtualServices
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as service_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import (
    Key,
    changed_since,
    writable,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    IP_SET,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    AppPortProfile,
    IpSet,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import NEEDED_MODE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import options_of, vip_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager

MANAGERS: Mapping[str, Callable[..., Manager]] = {
    VIRTUAL_SERVICE: VirtualServices,
    POOL: Pools,
    NAT_RULE: NatRules,
    APP_PORT_PROFILE: AppPortProfiles,
    IP_SET: IpSets,
}

# The references in a stored body, each with its option in the module for that kind. Their ids may be stale, so the
# objects are looked up again by name.
REFERENCES: Mapping[str, Mapping[str, str]] = {
    VIRTUAL_SERVICE: {
        "loadBalancerPoolRef": "pool",
        "serviceEngineGroupRef": "service_engine_group",
        "certificateRef": "certificate",
    },
    POOL: {"memberGroupRef": "member_group", "caCertificateRefs": "ca_certificates"},
    NAT_RULE: {"applicationPortProfile": "application_port_profile", "appliedTo": "applied_to"},
    APP_PORT_PROFILE: {},
    IP_SET: {},
}
_KIND_OF = {"pool": POOL, "application_port_profile": APP_PORT_PROFILE, "member_group": IP_SET}


class Writer:
    """Writes to one edge gateway. ``stored`` are the bodies of objects that may have to be created again.

    ``policies`` are the sub-resources of virtual services by name: they disappear with a virtual service, and have to
    be written again with it. ``pools`` are the names of the services' pools.
    """

    def __init__(
        self,
        api: Api,
        gateway: Body,
        observed: GatewayState,
        group: str,
        stored: Mapping[Key, Body],
        policies: Policies,
        pools: Iterable[str] = (),
    ) -> None:
        self.api = api
        self.gateway = gateway
        self.observed = observed
        self.stored = dict(stored)
        self.policies = policies
        self.writes = 0
        self._group = group
        self._pools = tuple(pools)
        self._groups: list[Body] | None = None
        self._certificates: dict[str, Body] = {}
        self._read_now: set[Key] = set()

    def write(self, step: Step) -> None:
        """Write a step. Raises CollectionError, without writing if the object is no longer as it was when planned."""
        key = (step.kind, step.name)
        if step.kind == HTTP_POLICY:
            write_rules(self.api, self.gateway, step, self.observed.ids[(VIRTUAL_SERVICE, step.name)])
            self.writes += 1
            return
        options = options_of(step.item) if step.act is not Act.DELETE else {"name": step.name}
        manager = self._manager(step.kind, options)
        if step.act is Act.CREATE:
            body, find = self._body(step, manager), manager.find
            # the task that creates a NAT rule does not contain the rule's id, which is looked up when it is needed
            unique = not manager.names_repeat
            path = manager.collection()
            self.observed.ids[key] = self.api.create(path, body, manager.what, find, named=False, unique=unique)
            if step.kind == VIRTUAL_SERVICE:
                self.writes += self.policies.write(step.name, self.observed.ids[key])
        else:
            path = manager.path(self._id(step, manager))
            current = self._as_planned(step, manager, path)
            if step.act is Act.UPDATE:
                self.api.update(path, manager.what, current, self._change(step, manager, current))
            else:
                # the complete body: the object may have to be created again, with everything that an operator has set
                self.stored[key] = current
                self._read_now.add(key)
                manager.delete(str(current["id"]))
                self.observed.ids.pop(key, None)
        self.writes += 1

    def _manager(self, kind: str, options: Mapping[str, Any]) -> Manager:
        # an IP set that its last pool has just left is deleted as soon as Cloud Director releases it
        common = {"state": "present", "id": None, "wait": True, "wait_timeout": LINGERS_SECONDS}
        return MANAGERS[kind](self.api, self.gateway, {**common, **options}, False)

    def _as_planned(self, step: Step, manager: Manager, path: str) -> Body:
        """The present body of an object that is to be changed or deleted. Raises CollectionError if it was changed."""
        current = self.api.get_or_none(path, manager.what)
        why = "gone" if current is None else ""
        if current is not None and step.before is not None:
            why = changed_since(step.before, object_of(step.kind, current))
        if current is None or why:
            what = "removed it" if current is None else f"changed it ({why})"
            raise CollectionError(
                f"{manager.what}: something else {what} since the plan was made, so it was not touched: run again",
                changed=[step.kind, step.name],
            )
        return current

    def _change(self, step: Step, manager: Manager, current: Body) -> Callable[[Body], Body]:
        """The change that an update makes to the body that Cloud Director returned. All other keys stay."""
        after = step.after
        if isinstance(after, (Pool, AppPortProfile, IpSet)) and after.body:
            whole = writable(after.body)
            renewed = self._renewed((step.kind, step.name), whole, manager)
            return lambda body: {**_without_members(body, whole), **whole, **renewed}
        if isinstance(after, Pool):
            changes = pool_changes(after, pool_result(current))
        else:
            changes = self._changes_of(step, step.before, manager) if step.before is not None else manager.wanted
        if isinstance(after, VirtualService):
            changes = with_kept_types(changes, after, service_result(current))
        references = self._references(changes)
        return lambda body: manager.apply(body, changes, references)

    def _id(self, step: Step, manager: Manager) -> str:
        found = self.observed.ids.get((step.kind, step.name)) or manager.find()
        if not found:
            raise CollectionError(
                f"{manager.what} is gone: something else removed it; run again", changed=[step.kind, step.name]
            )
        self.observed.ids[(step.kind, step.name)] = found
        return found

    def _body(self, step: Step, manager: Manager) -> Body:
        """The body of a new object: the body from before it was lost or deleted, if any, with the planned changes."""
        key, after = (step.kind, step.name), step.after
        stored = self.stored.get(key)
        if not stored and after is not None and not isinstance(after, VirtualService):
            stored = dict(after.body)  # the state to go back to; a list of virtual services has incomplete bodies
        if stored:
            return self._made_again(key, stored, step, manager)
        changes = dict(manager.wanted)
        if isinstance(after, VirtualService):
            if not after.transparent:
                del changes["transparent_mode_enabled"]  # before API 37.1 there is no such field
            changes["service_engine_group"] = self._choose_group(after)
        if isinstance(after, Pool) and after.members is None and not after.member_group:
            changes["members"] = self._borrow_members(after)
        return manager.apply(manager.initial(), changes, self._references(changes))

    def _made_again(self, key: Key, stored: Body, step: Step, manager: Manager) -> Body:
        whole = {name: value for name, value in writable(stored).items() if value is not None}
        # owner and gateway come from the present gateway, not from the body; a profile's context cannot even be read
        body = {**whole, **{name: value for name, value in manager.initial().items() if name != "enabled"}}
        body.update(self._renewed(key, body, manager))
        if isinstance(step.after, Pool):
            changes = pool_changes(step.after, pool_result(body)) if not step.after.body else {}
        elif isinstance(step.after, AppPortProfile) and step.after.body:
            changes = {}
        elif isinstance(step.after, IpSet):
            changes = dict(manager.wanted)  # an IP set has no settings besides the planned ones
        else:
            changes = self._changes_of(step, object_of(step.kind, stored), manager)
            changes = with_kept_types(changes, step.after, service_result(stored))
        return manager.apply(body, changes, self._references(changes))

    def _renewed(self, key: Key, body: Body, manager: Manager) -> dict[str, Any]:
        """The references of a stored body, pointing to the objects that have these names now."""
        found: dict[str, Any] = {}
        for field, option in REFERENCES[key[0]].items():
            value = body.get(field)
            names = [one.get("name") for one in value] if isinstance(value, list) else (value or {}).get("name")
            if not names or (isinstance(names, list) and not all(names)):
                continue
            urn = self.observed.ids.get((_KIND_OF.get(option, ""), str(names)))
            try:
                if urn:
                    found[field] = {"id": urn, "name": names}
                elif key not in self._read_now:  # else the run has just read the body: its references are current
                    found[field] = manager.resolve({option: names})[option]
            except CollectionError as error:
                error.message = f"{manager.what} cannot be created again as it was: {error.message}"
                raise
        return found

    def _changes(self, before: Object, manager: Manager) -> dict[str, Any]:
        now = manager.from_options({"state": "present", "id": None, **options_of(before)})
        return {key: value for key, value in manager.wanted.items() if now.get(key) != value}

    def _changes_of(self, step: Step, before: Object, manager: Manager) -> dict[str, Any]:
        """The same for a step. When a virtual service moves to the other IP version, its old VIP is removed."""
        changes, after = self._changes(before, manager), step.after
        if isinstance(before, VirtualService) and isinstance(after, VirtualService):
            left = vip_option(before.address)
            if before.address and left != vip_option(after.address):
                changes.setdefault(left, manager.wanted.get(left))
        return changes

    def _borrow_members(self, pool: Pool) -> list[dict[str, Any]]:
        """The members of another pool of these Services: every pool of a cluster has all its nodes as members.

        CPI corrects them when it starts. Pools that no given Service claims are left out, because they may belong to
        another cluster.
        """
        for name in self._pools:
            urn = self.observed.ids.get((POOL, name))
            if urn and name != pool.name:
                found = pool_result(self.api.get(f"{POOLS}/{urn}", f"pool {name!r}"))["members"]
                # ratio and state are what an operator gave the members of that pool, not of this one
                return [{**member, "port": pool.port, "ratio": 1, "enabled": True} for member in found]
        return []

    def _references(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for option, kind in _KIND_OF.items():
            name = changes.get(option)
            if name and option == "member_group" and (kind, name) not in self.observed.ids:
                found[option] = find_member_group(self.api, self.gateway, name)  # the operator's own group
            elif name:
                manager = self._manager(kind, {"name": name})
                urn = self.observed.ids.get((kind, name)) or manager.find()
                if not urn:
                    raise CollectionError(f"{manager.what} is missing: something else removed it; run again")
                found[option] = {"id": urn, "name": name}
        if changes.get("service_engine_group"):
            found["service_engine_group"] = changes["service_engine_group"]
        if changes.get("certificate"):
            found["certificate"] = self._certificate(changes["certificate"])
        return found

    def check(self, step: Step) -> None:
        """Raise CollectionError if a step refers to an object that does not exist. Call it before the first write."""
        if isinstance(step.after, VirtualService) and step.after.certificate and step.act is Act.CREATE:
            try:
                self._certificate(step.after.certificate)
            except CollectionError as error:
                error.message = f"virtual service {step.name!r} cannot be created: {error.message}"
                raise
        if isinstance(step.after, VirtualService) and step.act is Act.CREATE and self._group:
            self._find_group()

    def _certificate(self, alias: str) -> Body:
        if alias not in self._certificates:
            self._certificates[alias] = find_certificates(self.api, "certificate", [alias])[0]
        return self._certificates[alias]

    def _choose_group(self, wanted: VirtualService) -> Body:
        """The group of a shared VIP, because a VIP belongs to one group; else the given group, or one with room."""
        for other in self.observed.inventory.on_address(wanted.address):
            group = self.observed.groups.get(other.name)
            if other.name != wanted.name and group:
                self.observed.groups[wanted.name] = group
                return group
        found = self._find_group(wanted.transparent)
        self.observed.groups[wanted.name] = found
        return found

    def _find_group(self, transparent: bool = False) -> Body:
        if self._groups is None:
            self._groups = assignments_of(self.api, self.gateway)
        usable = [one for one in self._groups if self._group in ("", *_names(one["serviceEngineGroupRef"]))]
        if not usable:
            names = ", ".join(sorted(str(one["serviceEngineGroupRef"].get("name")) for one in self._groups)) or "none"
            remedy = f"edge gateway {self.gateway['name']!r} has {names}: give one of them, or have one assigned"
            raise InvalidInput("service_engine_group", self._group, remedy)
        # Both are only preferences: if no group meets them, Cloud Director's refusal gives the operator the reason.
        if transparent:
            usable = [one for one in usable if one.get("serviceEngineGroupHaMode") in (None, NEEDED_MODE)] or usable
        roomy = [one for one in usable if _room(one)] or usable
        reference: Body = roomy[0]["serviceEngineGroupRef"]
        return reference


def _without_members(body: Body, whole: Mapping[str, Any]) -> Body:
    """The present body of a pool, without its members or group if ``whole`` has either: a pool has only one of them."""
    given = [field for field in ("members", "memberGroupRef") if whole.get(field)]
    return {key: value for key, value in body.items() if not given or key not in ("members", "memberGroupRef")}


def _names(reference: Mapping[str, Any]) -> tuple[Any, ...]:
    return (reference.get("id"), reference.get("name"))


def _room(assignment: Mapping[str, Any]) -> bool:
    limit = assignment.get("maxVirtualServices")
    return limit is None or (assignment.get("numDeployedVirtualServices") or 0) < limit
