# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Applies plans, group by group, and rolls back a group that fails. Most groups consist of a single service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.client_ip import (
    check_client_ip,
    check_unused,
    with_named_groups,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import (
    ExternalAddresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.http_policy import with_possible_policies
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.ipv6 import check_ipv6
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.plans import (
    goal_of,
    left_orphans,
    plan_all,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.profiles import check_profiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import read_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import operations_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rollback import failure, other_holders, roll_back
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.service_executor import ServiceExecutor
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.external_addresses import edge_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import lost_settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import APP_PORT_PROFILE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import as_diff, own_objects
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.downtime import Downtime
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import GroupPlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import ServicePlan, shape_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Orphan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedGroup,
    WantedService,
    current_state,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import (
    FAILED,
    NOT_REACHED,
    UNCHANGED,
    in_progress,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    ALLOCATIONS,
    CREATE,
    DELETE,
    POLICIES,
    UPDATE,
    Operation,
)


@dataclass(frozen=True)
class Done:
    """What was done or, in check mode, would be done; ``before`` and ``after`` are for diff mode.

    ``operations`` are the writes of a plan, from which the needed rights follow. ``warnings`` are for the operator.
    """

    changed: bool
    result: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    operations: tuple[Operation, ...] = ()
    warnings: tuple[str, ...] = ()


class Executor:
    """One run on one edge gateway. ``gateway`` is its body.

    ``Executor(api, gateway, request, params, check_mode).run()`` plans all services and applies the plans.
    ``before_each()`` is called before each service, and raises CollectionError if this run must no longer write.
    ``progress`` is given by a run that may plan again, so that its counts go on.
    """

    def __init__(
        self,
        api: Api,
        gateway: Body,
        request: Request,
        params: Mapping[str, Any],
        check_mode: bool,
        before_each: Callable[[], None] = lambda: None,
        progress: Progress | None = None,
    ) -> None:
        request = with_possible_policies(api, with_named_groups(api, gateway, request))
        self.request = request
        self.params = params
        self.check_mode = check_mode
        self.before_each = before_each
        self.removing = params["state"] == "absent"
        self.progress = progress or Progress(None if check_mode else params["progress_file"])
        self.services = ServiceExecutor(api, gateway, request, params, self.progress)
        self.edge = edge_addresses(gateway, request.one_arm)
        stored = self.services.lost_virtual_services()
        policies = self.services.stored_policies
        self.goal = goal_of(request, self.edge, self.removing, self.services.known, stored, policies)
        self._restored = 0  # HTTP policies that an earlier run had lost
        self.addresses = ExternalAddresses(api, gateway, self.edge, params["vip_subnet"])

    def run(self) -> Done:
        """Plan all services, then apply the plans. Raises CollectionError with the state of each service."""
        inventory = self.services.observed.inventory
        groups, orphans = plan_all(self.request, inventory, self.addresses, self.goal)
        plans = self._in_order(groups)
        for one in plans:
            if not self._is_pending(one):
                one.state = UNCHANGED
        pending = [group for group in groups if any(self._is_pending(one) for one in group.services)]
        for group in pending:
            self.services.check_approved(group.label, group.steps)
            for step in group.steps:
                self.services.writer.check(step)
            if not self.removing:
                self.services.policies.prepare(group.steps, inventory, self.check_mode)
        self._check_profiles(pending)
        self._check_client_ip(pending)
        check_ipv6(self.services.api, self.services.gateway, [step for group in pending for step in group.steps])
        if not self.check_mode:
            try:
                self._apply_all(plans, pending)
            except CollectionError as error:
                error.details["services"] = [one.ended(self._shape(one)) for one in plans]
                raise
            finally:
                self.services.background.close()
        return self._done(plans, pending, orphans)

    def _check_profiles(self, pending: Iterable[GroupPlan]) -> None:
        ports = [port for group in pending for port in group.wanted.ports]
        steps = [step for group in pending for step in group.steps]
        services = self.services
        check_profiles(
            services.api,
            services.gateway,
            self.request.naming,
            ports,
            steps,
            services.observed.inventory,
            removing=self.removing,
        )

    def _check_client_ip(self, pending: Iterable[GroupPlan]) -> None:
        api, gateway, group = self.services.api, self.services.gateway, self.params["service_engine_group"] or ""
        wanted = [one for plan in pending for one in plan.wanted.members]
        check_client_ip(api, gateway, group, wanted, self.services.observed.inventory)
        check_unused(api, gateway, [step for plan in pending for step in plan.steps])

    def _in_order(self, groups: Iterable[GroupPlan]) -> list[ServicePlan]:
        """The plans of single services, in the order of the request."""
        found = {one.label: one for group in groups for one in group.services}
        return [found[service.label] for service in self.request.services]

    def _is_pending(self, one: ServicePlan) -> bool:
        return bool(one.steps) or (self.removing and self.addresses.release(one.service, check_mode=True))

    def _apply_all(self, plans: list[ServicePlan], pending: list[GroupPlan]) -> None:
        self.progress.plan(len(pending), sum(len(one.steps) for one in pending))
        inventory = self.services.observed.inventory
        holders = {one.wanted.external_ip: other_holders(one.wanted, inventory) for one in pending}
        before = [current_state(one.wanted, inventory) for one in pending]
        for number, (one, state) in enumerate(zip(pending, before, strict=True)):
            self.progress.service(one.label, in_progress(one.planned_state, self.goal.scenario), len(one.steps))
            try:
                self.before_each()
                self._take_ip(one)
                self._prepare(pending[number : number + 2])
                self._apply(one, state)
            except CollectionError as error:
                self.progress.finished(one.state)
                # a service that was not reached needs no rollback, so its prepared profiles are removed as well
                first = number if one.state == NOT_REACHED else number + 1
                self._remove_prepared(before[first : number + 2], error)
                raise failure(error, one, plans) from error
            one.succeed()
            self.progress.finished(one.state)
        self._finish_background(pending, plans)
        self._restored = self.services.policies.write_lost(self.services.observed)
        self.services.writer.writes += self._restored
        self._check_ip_taken(holders, [one for one in pending if one.window])

    def _apply(self, one: GroupPlan, before: WantedService | WantedGroup) -> None:
        """Apply the plan of one group, or roll the whole group back."""
        one.set_state(FAILED)
        inventory = self.services.observed.inventory
        watched = {service.label: Downtime(service.wanted, inventory) for service in one.services}
        self.services.watched = list(watched.values())
        self.services.bound = True
        try:
            self.services.apply(one.wanted, self.services.healthy)
            for service in one.services if self.removing else ():
                self.addresses.release(service.service, self.check_mode)
        except WaitTimeout:
            raise  # a task that has not ended locks the gateway, so no rollback could be written
        except CollectionError as error:
            self.services.bound = False
            if not self.removing:
                one.set_state(roll_back(self.services, one.wanted, before, error))
                error.details["taken"] = self._taken(one)
            raise
        finally:
            self.services.bound, self.services.watched = False, ()
            for service in one.services:
                service.downtime = watched[service.label].as_dict(self.progress.now())

    def _taken(self, group: GroupPlan) -> list[str]:
        """The addresses that the plan gave to the services, but that other objects hold by now."""
        own, inventory = group.wanted.own_names(), self.services.observed.inventory
        given = [address for one in group.services for address in one.internal_ips]
        given += [one.wanted.external_ip for one in group.services if one.takes_ip]
        return [one for one in given if any(item.name not in own for item in inventory.holders(one))]

    def _take_ip(self, group: GroupPlan) -> None:
        for one in group.services:
            if one.takes_ip:
                one.take_external_ip(self.goal, self.addresses.take(one.service, self.check_mode))

    # in parallel with the gateway's tasks

    def _prepare(self, plans: Iterable[GroupPlan]) -> None:
        """Begin to create the application port profiles of a service and of the next one.

        Profiles belong to the VDC, so they need not wait for the gateway's tasks. Creating them in sequence with those
        made a migration take half as long again.
        """
        for number, one in enumerate(plans):
            for step in one.steps:
                if _is_new_profile(step) and self.services.observed.inventory.get(step.kind, step.name) is None:
                    self.services.begin(step, ahead=number > 0)

    def _remove_prepared(self, before: Iterable[WantedService | WantedGroup], error: CollectionError) -> None:
        """Remove the profiles begun for services that were not reached.

        A profile that cannot be removed is harmless, so it is only reported.
        """
        self.services.background.give_up()
        if isinstance(error, WaitTimeout):
            return
        try:
            for state in before:
                self.services.read_again()
                self.services.apply(state, frozenset())
                self.services.background.finish_all()
        except CollectionError as second:
            error.message += f"; an application port profile that was created in advance is left over: {second.message}"

    def _finish_background(self, pending: list[GroupPlan], plans: list[ServicePlan]) -> None:
        """Wait for the last profiles. Every service is in place by now, so an error is only reported."""
        try:
            self.services.background.finish_all()
        except CollectionError as error:
            name = error.details.get("object")
            owner = next((one for one in pending if name in one.wanted.own_names()), pending[-1])
            raise failure(error, owner, plans) from error

    def _check_ip_taken(self, holders: Mapping[str, list[str]], plans: list[GroupPlan]) -> None:
        """Raise CollectionError when another object took an external IP while nothing held it."""
        if not plans:
            return
        inventory = read_addresses(self.services.api, self.services.gateway).inventory
        for one in plans:
            address = one.wanted.external_ip
            found = other_holders(one.wanted, inventory)
            new = [name for name in found if name not in holders.get(address, [])]
            if new:
                raise CollectionError(
                    f"{one.label}: while nothing held {address}, it was taken by {', '.join(new)}: the Service is in "
                    "place and shares its external IP now; move the other object to another IP",
                    service=one.label,
                )

    def _done(self, plans: list[ServicePlan], pending: list[GroupPlan], orphans: list[Orphan]) -> Done:
        final = self.services.observed.inventory.copy()
        if self.check_mode:
            for one in pending:
                one.succeed()
                for step in one.steps:
                    step.apply(final)
        policies = self.services.policies.lines(self.services.observed) if self.check_mode else []
        result = {
            "steps": [line for one in pending for line in one.lines],
            "services": [one.as_dict(self._shape(one, final)) for one in plans],
            "orphans": left_orphans(orphans, final),
            "lost_settings": [
                *lost_settings(self.services.stored, self.services.observed.inventory),
                *policies,
            ],
            "writes": sum(len(one.steps) for one in pending) if self.check_mode else self.services.writer.writes,
        }
        before = {one.label: one.before for one in plans}
        after = {one.label: as_diff(own_objects(one.wanted, final)) for one in plans}
        changed = bool(pending or policies or self._restored)
        return Done(changed, result, before, after, tuple(self._operations(pending, policies)))

    def _shape(self, one: ServicePlan, inventory: Inventory | None = None) -> str:
        """The shape of a service in an inventory; by default the last one that was read."""
        return shape_of(one.service, inventory or self.services.observed.inventory, self.edge, self.goal.scenario)

    def _operations(self, pending: Iterable[GroupPlan], policies: Iterable[str]) -> Iterator[Operation]:
        """The writes of the plan, including those that are not steps."""
        if not self.check_mode:
            return
        for group in pending:
            yield from operations_of(group.steps)
            if self.edge.uses_ip_spaces and any(one.takes_ip for one in group.services):
                yield from (Operation(act, ALLOCATIONS) for act in (CREATE, UPDATE))
            if self.removing and any(self.addresses.release(one.service, check_mode=True) for one in group.services):
                yield Operation(DELETE, ALLOCATIONS)
        if policies:
            yield Operation(UPDATE, POLICIES)


def _is_new_profile(step: Step) -> bool:
    return step.kind == APP_PORT_PROFILE and step.act is Act.CREATE
