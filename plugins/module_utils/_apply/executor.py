# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Carries plans out, Service by Service, and takes one that fails back to where it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.background_writer import BackgroundWriter
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import ExternalAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.plans import (
    FAILED,
    MIGRATED,
    ROLLED_BACK,
    UNCHANGED,
    UNTOUCHED,
    ServicePlan,
    plan_all,
    with_external_ip,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import (
    GatewayState,
    observe,
    observe_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.writer import Writer
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import wait_until_settled
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import settled
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    Inventory,
    NatRule,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    APP_PORT_PROFILE,
    VIRTUAL_SERVICE,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import (
    as_diff,
    own_objects,
    shape_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import LABELS, Act, KnownRules, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService, current_state
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, TaskFailed

MAX_REPLANS = 4  # one for each thing that nobody knows, and the attempt that knows them all


@dataclass(frozen=True)
class Done:
    """What was done, or in check mode would be; ``before`` and ``after`` are for diff mode."""

    changed: bool
    result: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class SharedIp:
    """One run on one edge gateway. ``gateway`` is its body."""

    def __init__(self, api: Api, gateway: Body, request: Request, params: Mapping[str, Any], check_mode: bool) -> None:
        self.api = api
        self.gateway = gateway
        self.request = request
        self.params = params
        self.check_mode = check_mode
        self.known = KnownRules()
        self.progress = Progress(None if check_mode else params["progress_file"])
        self.observed = self._observe()
        self.healthy = frozenset(name for name, health in self.observed.health.items() if health == "UP")
        self.addresses = ExternalAddresses(api, gateway, request.one_arm, params["vip_subnet"])
        stored = params["restore_point"].get("virtual_services") or {}
        self.writer = Writer(api, gateway, self.observed, params["service_engine_group"] or "", stored)
        self.background = BackgroundWriter(self.writer.write)

    def run(self) -> Done:
        """Plan all, then carry out. Raises CollectionError with an account of what is where."""
        moves, left = plan_all(self.request, self.observed, self.addresses, self.params, self.check_mode)
        pending = []
        for move in moves:
            if move.steps or self._claimed(move):
                pending.append(move)
            else:
                move.state = UNCHANGED
            for step in move.steps:
                self.writer.check(step)
        if not self.check_mode:
            try:
                self._carry_out_all(moves, pending)
            finally:
                self.background.close()
        return self._done(moves, pending, left)

    def _carry_out_all(self, moves: list[ServicePlan], pending: list[ServicePlan]) -> None:
        self.progress.plan(len(pending), sum(len(move.steps) for move in pending))
        holders = self._holders(pending)
        formers = [current_state(move.wanted, self.observed.inventory) for move in pending]
        for number, (move, former) in enumerate(zip(pending, formers, strict=True)):
            goal = (
                self.request.scenario.value
                if self.request.scenario and self.params["state"] == "present"
                else "nothing"
            )
            self.progress.service(move.service.label, f"moving to {goal} ({len(move.steps)} writes)")
            try:
                self._take_ip(move)
                self._prepare(pending[number : number + 2])
                self._move(move, former)
            except CollectionError as error:
                self.progress.finished(move.state)
                self._take_back(formers[number + 1 : number + 2], error)
                raise self._account(error, move, moves) from error
            move.state = MIGRATED
            self.progress.finished(move.state)
        self._finish_background(pending, moves)
        self._check_ip_taken(holders, [move for move in pending if move.outage.window])

    # beside the gateway's tasks

    def _take_ip(self, move: ServicePlan) -> None:
        if move.takes_ip:
            with_external_ip(move, self.request, self.addresses.take(move.service, self.check_mode))

    def _prepare(self, moves: Iterable[ServicePlan]) -> None:
        """Begin the application port profiles of a Service and of the next one, which no gateway task waits for."""
        for move in moves:
            for step in move.steps:
                if self._is_new_profile(step) and self.observed.inventory.get(step.kind, step.name) is None:
                    self._begin(step)

    def _take_back(self, formers: Iterable[WantedService], error: CollectionError) -> None:
        """Of a Service that was not begun, nothing stays. What cannot be taken back is told, and does no harm."""
        self.background.give_up()
        if isinstance(error, WaitTimeout):
            return
        try:
            for former in formers:
                self._observe_again()
                self._carry_out(former, frozenset())
                self.background.finish_all()
        except CollectionError as second:
            error.message += f"; an application port profile that was made ahead is left: {second.message}"

    def _finish_background(self, pending: list[ServicePlan], moves: list[ServicePlan]) -> None:
        """Every Service is in place by now: what remains is only worth telling."""
        try:
            self.background.finish_all()
        except CollectionError as error:
            name = error.details.get("object")
            owner = next((move for move in pending if name in move.wanted.own_names()), pending[-1])
            raise self._account(error, owner, moves) from error

    def _begin(self, step: Step) -> None:
        self.progress.step(step.text)
        self.background.begin(step)
        step.apply(self.observed.inventory)

    @staticmethod
    def _is_new_profile(step: Step) -> bool:
        return step.kind == APP_PORT_PROFILE and step.act is Act.CREATE

    # one Service

    def _move(self, move: ServicePlan, former: WantedService) -> None:
        """Bring one Service to what is wanted, or back to where it was."""
        move.state = FAILED
        try:
            self._carry_out(move.wanted, self.healthy)
            if self.params["state"] == "absent":
                self.addresses.release(move.service, self.check_mode)
        except WaitTimeout:
            raise  # a task that has not ended holds the gateway: nothing can be written now
        except CollectionError as error:
            if self.params["state"] == "present":
                self._roll_back(move, former, error)
            raise

    def _carry_out(self, wanted: WantedService, healthy: frozenset[str]) -> None:
        """Plan and write; a refusal of what nobody knows teaches, and the rest is planned anew."""
        written: list[Step] = []
        for _attempt in range(MAX_REPLANS):
            if self._write_all(plan(wanted, self.observed.inventory, self.known), written):
                break
        else:
            raise CollectionError(f"{wanted.label}: Cloud Director refuses every way that is known; see its tasks")
        if self.params["wait"]:
            try:
                self._settle(written, healthy)
            except WaitTimeout as error:
                raise CollectionError(error.message, **error.details) from None

    def _write_all(self, steps: list[Step], written: list[Step]) -> bool:
        """Whether all went through; False when something was learnt, and the rest has to be planned anew."""
        for step in steps:
            if step.kind == APP_PORT_PROFILE and step.act is not Act.UPDATE:
                self._begin(step)
                continue
            self.progress.step(step.text)
            # what may fail is not waited for while nothing holds the external IP; its failure tells nothing of the step
            for one in steps if step.opens_window else (step,):
                self._await_profile(one)
            try:
                self.writer.write(step)
            except (Refused, TaskFailed) as error:
                if not self._reveals_rule(error, step):
                    raise
                self.known = self.known.refuse(step.probes)
                if isinstance(error, TaskFailed):
                    self._observe_again()
                return False
            step.apply(self.observed.inventory)
            self.known = self.known.allow(step.probes)
            written.append(step)
        return True

    def _await_profile(self, step: Step) -> None:
        """A rule needs its profile to be there."""
        if isinstance(step.after, NatRule) and step.after.profile:
            self.background.finish((APP_PORT_PROFILE, step.after.profile))

    def _reveals_rule(self, error: Refused | TaskFailed, step: Step) -> bool:
        """Whether a refusal tells something new about Cloud Director's rules, rather than of a fault."""
        refused = error.status == 400 if isinstance(error, Refused) else not error.busy
        return refused and bool(step.probes - self.known.refused)

    def _settle(self, written: list[Step], healthy: frozenset[str]) -> None:
        """Wait until the health of what was written is known; what was UP must be UP again."""
        names = {step.name for step in written if step.kind == VIRTUAL_SERVICE and step.act is not Act.DELETE}
        for name in sorted(names):
            urn = self.observed.ids.get((VIRTUAL_SERVICE, name))
            if not urn:
                continue
            seconds = self.params["wait_timeout"]
            if name in healthy:
                self.api.wait(
                    f"loadBalancer/virtualServices/{urn}",
                    f"virtual service {name!r}, which was UP before,",
                    seconds,
                    lambda body: settled(body) and body.get("healthStatus") in ("UP", "DISABLED"),
                    "status",
                    "healthStatus",
                    "healthMessage",
                )
            else:
                wait_until_settled(self.api, self.gateway, urn, name, seconds)

    def _roll_back(self, move: ServicePlan, former: WantedService, error: CollectionError) -> None:
        """Give a Service its old shape again; adds to ``error`` what came of it."""
        try:
            self._observe_again()
            taken = self._other_holders(move, self.observed.inventory)
            if taken:
                error.message += f"; {move.wanted.external_ip} is also held by {', '.join(taken)}"
            self._carry_out(former, frozenset())  # what is wrong with its health may be wrong in its old shape, too
            self.background.finish_all()
        except CollectionError as second:
            error.message += f"; it could not be rolled back either: {second.message}"
            return
        move.state = ROLLED_BACK

    # what others do

    def _other_holders(self, move: ServicePlan, inventory: Inventory) -> list[str]:
        """What holds the external IP of a Service beside its own objects."""
        address, own = move.wanted.external_ip, move.wanted.own_names()
        found = inventory.holders(address)
        return sorted(f"{LABELS[kind_of(item)]} {item.name!r}" for item in found if item.name not in own)

    def _holders(self, moves: Iterable[ServicePlan]) -> dict[str, list[str]]:
        return {move.wanted.external_ip: self._other_holders(move, self.observed.inventory) for move in moves}

    def _check_ip_taken(self, holders: Mapping[str, list[str]], moves: list[ServicePlan]) -> None:
        """Whether somebody took an external IP in a moment when nothing held it."""
        if not moves:
            return
        inventory = observe_addresses(self.api, self.gateway).inventory
        for move in moves:
            others = self._other_holders(move, inventory)
            new = [name for name in others if name not in holders.get(move.wanted.external_ip, [])]
            if new:
                raise CollectionError(
                    f"{move.service.label}: while nothing held {move.wanted.external_ip}, it was taken by "
                    f"{', '.join(new)}: the Service is in place and shares its external IP now; have the other moved",
                    service=move.service.label,
                )

    # reading and telling

    def _observe(self) -> GatewayState:
        names = {
            service.names.pool(service.name, port.name, service.namespace)
            for service in self.request.services
            for port in service.ports
        }
        whole = set() if self.request.managed_by_cpi else names
        return observe(self.api, self.gateway, lambda name: name in whole)

    def _observe_again(self) -> None:
        self.background.give_up()
        self.observed = self._observe()
        self.writer.observed = self.observed

    def _claimed(self, move: ServicePlan) -> bool:
        return self.params["state"] == "absent" and self.addresses.release(move.service, check_mode=True)

    def _done(self, moves: list[ServicePlan], pending: list[ServicePlan], left: Mapping[str, list[Any]]) -> Done:
        final = self.observed.inventory.copy()
        if self.check_mode:
            for move in pending:
                for step in move.steps:
                    step.apply(final)
        after = {move.service.label: as_diff(own_objects(move.wanted, final)) for move in moves}
        orphans = (
            []
            if self.params["prune"]
            else [{"kind": kind, "name": name} for found in left.values() for kind, name in found]
        )
        result = {
            "steps": [line for move in pending for line in move.lines],
            "services": [move.result(shape_of(move.wanted, final, self.request.scenario)) for move in moves],
            "orphans": orphans,
            "writes": sum(len(move.steps) for move in pending) if self.check_mode else self.writer.writes,
        }
        before = {move.service.label: move.before for move in moves}
        return Done(bool(pending), result, before, after)

    def _account(self, error: CollectionError, failed: ServicePlan, moves: list[ServicePlan]) -> CollectionError:
        """What is where, in one line and as data."""
        states: dict[str, list[str]] = {MIGRATED: [], ROLLED_BACK: [], UNTOUCHED: [], FAILED: []}
        for move in moves:
            if move.state in states:
                states[move.state].append(move.service.label)
        fates = {
            ROLLED_BACK: "it was rolled back to the shape that it had",
            MIGRATED: "it is in place, and the same task goes on from there",
        }
        fate = fates.get(failed.state, "it is left as it is now, and the same task goes on from there")
        told = [f"{failed.service.label}: {error.message}; {fate}"]
        told += [f"{state}: {_some(states[state])}" for state in (MIGRATED, UNTOUCHED) if states[state]]
        return CollectionError(
            "; ".join(told),
            **{**error.details, "service": failed.service.label, "state": failed.state, **states},
        )


def _some(labels: list[str]) -> str:
    shown_labels = ", ".join(labels[:5])
    return shown_labels if len(labels) <= 5 else f"{shown_labels} and {len(labels) - 5} more"
