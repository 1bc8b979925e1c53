# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings one service or group at a time to its wanted state, and plans again when a refusal reveals a rule of VCD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.background_writer import BackgroundWriter
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.http_policy import (
    add_policies,
    kinds_of,
    stored_policies,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.policies import Policies
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.profiles import foreign_profiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import (
    GatewayState,
    ip_sets_of,
    read_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.writer import Writer
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import virtual_service_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import wait_until_settled
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import settled
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import (
    read_objects,
    read_policies,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    POOL,
    VIRTUAL_SERVICE,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.point import check_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.downtime import Downtime
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.refusals import revealed_rules, unrecognised
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedGroup, WantedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import BAD_REQUEST, Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, TaskFailed

MAX_REPLANS = len(VcdRule) + 1  # one attempt for each rule that may be revealed, and a last one that knows all


class ServiceExecutor:
    """Writes to one edge gateway, and keeps its state and the discovered rules of VCD. ``gateway`` is its body."""

    def __init__(
        self, api: Api, gateway: Body, request: Request, params: Mapping[str, Any], progress: Progress
    ) -> None:
        self.api = api
        self.gateway = gateway
        self.params = params
        self.progress = progress
        self.known = KnownRules.stated(params.get("vcd_rules") or ())
        self._request = request
        self._pools = {port.names.pool: service for service in request.services for port in service.ports}
        self._policy_kinds = kinds_of(request)
        self._removing = params.get("state") == "absent"
        self.observed = self._read()
        self.healthy = frozenset(name for name, health in self.observed.health.items() if health == "UP")
        if params["restore_point"]:
            check_gateway(params["restore_point"], gateway, "restore_point")
        self.stored = read_objects(params["restore_point"])
        stored = read_policies(params["restore_point"])
        self.stored_policies = stored_policies(stored, self._policy_kinds)
        self.policies = Policies(api, gateway, stored, params["accept_loss"], self._policy_kinds)
        group = params["service_engine_group"] or ""
        self.writer = Writer(api, gateway, self.observed, group, self.stored, self.policies, self._pools)
        self.background = BackgroundWriter(self.writer.write)
        self.watched: Sequence[Downtime] = ()  # the services that are being changed now
        self.bound = False  # whether only approved steps may be written now
        self._approved = frozenset(params.get("approved_steps") or ())

    def _read(self) -> GatewayState:
        found = read_gateway(self.api, self.gateway, self._is_read_whole, ip_sets_of(self._request))
        if not self._removing:
            for name in foreign_profiles(self.api, self.gateway, self._request, found.inventory):
                found.inventory.drop(APP_PORT_PROFILE, name)
        return add_policies(self.api, self.gateway, self._policy_kinds, found)

    def _is_read_whole(self, pool: Body) -> bool:
        """Whether the members of a pool matter, which a list of pools does not contain.

        CPI corrects members and port of its pools whenever it starts. Until then they matter where the pool is not
        healthy; where it is UP, its members answer on the port that it has. A pool that a service of machines may have
        had before is read, too: its members show which service it belongs to, and a rollback must restore it
        completely.
        """
        name = str(pool["name"])
        service = self._pools.get(name)
        if service is None and (self._request.prune or not self._request.cluster_id):
            services = {one.name for one in self._request.services}
            return any(one.service in services for one in readings(self._request.naming, POOL, name))
        return service is not None and (not service.managed_by_cpi or pool.get("healthStatus") != "UP")

    def lost_virtual_services(self) -> list[VirtualService]:
        """The virtual services of the restore point that no longer exist, as they were."""
        bodies = {name: body for (kind, name), body in self.stored.items() if kind == VIRTUAL_SERVICE}
        there = self.observed.inventory
        return [virtual_service_of(body) for name, body in bodies.items() if there.get(VIRTUAL_SERVICE, name) is None]

    def read_again(self) -> None:
        """Read the gateway again, after the running background write has ended."""
        self.background.give_up()
        self.observed = self._read()
        self.writer.observed = self.observed
        for downtime in self.watched:
            downtime.read(self.observed.inventory, self.progress.now())

    def apply(self, wanted: WantedService | WantedGroup, healthy: frozenset[str], *, going_back: bool = False) -> None:
        """Plan and write until the service or group is as wanted; after a refusal that reveals a rule, plan again.

        ``healthy`` are the virtual services that have to be UP afterwards. ``going_back``: ``wanted`` is the state
        before, which VCD had accepted. Raises CollectionError.
        """
        written: list[Step] = []
        before = "rolling back: " if going_back else ""
        for _attempt in range(MAX_REPLANS):
            steps = plan(wanted, self.observed.inventory, self.known, going_back=going_back)
            self.progress.expect(len(steps))
            if self._write_all(steps, written, before):
                break
        else:
            raise CollectionError(f"{wanted.label}: Cloud Director refused every possible plan; see its tasks")
        if self.params["wait"]:
            try:
                self._settle(written, healthy)
            except WaitTimeout as error:
                raise CollectionError(error.message, **error.details) from None

    def remove(self, step: Step) -> None:
        """Write a step that removes an object which belongs to no service. Raises CollectionError."""
        self.progress.step(step.doing)
        self.writer.write(step)
        self.progress.written()
        step.apply(self.observed.inventory)

    def begin(self, step: Step, *, ahead: bool = False) -> None:
        """Begin a write that no task of the gateway waits for. ``ahead``: it belongs to the next service."""
        self.background.begin(step)
        self.progress.written(ahead=ahead)
        step.apply(self.observed.inventory)
        for downtime in self.watched:
            downtime.written(step, self.progress.now(), self.progress.now())

    def check_approved(self, label: str, steps: Iterable[Step]) -> None:
        """Raise CollectionError for a step that is neither in the approved plan nor among its alternatives."""
        for step in steps if self.params.get("approved_steps") is not None else ():
            if step.text not in self._approved:
                raise CollectionError(f"{label}: the approved plan does not have the step {step.text!r}: plan again")

    def _write_all(self, steps: Sequence[Step], written: list[Step], before: str) -> bool:
        """Whether all steps succeeded; False when a rule was revealed and the rest has to be planned again."""
        if self.bound:
            self.check_approved("after a refusal by Cloud Director", steps)
        for step in steps:
            if step.kind == APP_PORT_PROFILE and step.act is not Act.UPDATE:
                self.begin(step)
                continue
            self.progress.step(f"{before}{step.doing}")
            # Before the window in which nothing holds the external IP, wait for everything that may still fail: a
            # profile that fails later would prolong the window, and would look like a refusal of the rule.
            for one in steps if step.opens_window else (step,):
                self._await_profile(one)
            began = self.progress.now()
            try:
                self.writer.write(step)
            except (Refused, TaskFailed) as error:
                revealed = self._revealed(error, step)
                if not revealed:
                    raise
                self.known = self.known.refuse(revealed)
                if isinstance(error, TaskFailed):  # a task may have written part of its change before it failed
                    self.read_again()
                return False
            self.progress.written()
            step.apply(self.observed.inventory)
            for downtime in self.watched:
                downtime.written(step, began, self.progress.now())
            self.known = self.known.allow(step.probes)
            written.append(step)
        return True

    def _await_profile(self, step: Step) -> None:
        if isinstance(step.after, NatRule) and step.after.profile:
            self.background.finish((APP_PORT_PROFILE, step.after.profile))

    def _revealed(self, error: Refused | TaskFailed, step: Step) -> frozenset[VcdRule]:
        """The rules of VCD that a refusal reveals. For any other reason the run stops, and ``error`` says how to go on.

        What is learnt here makes the next plan delete objects, so only recognised words count.
        """
        rejected = error.status == BAD_REQUEST if isinstance(error, Refused) else not error.busy
        if not rejected:
            return frozenset()
        found = revealed_rules(step, str(error.details.get("text") or ""), self.observed.inventory)
        remedy = unrecognised(step)
        if not found and remedy:
            error.message += f"; {remedy}"
        return found - self.known.refused

    def _settle(self, written: Sequence[Step], healthy: frozenset[str]) -> None:
        """Wait until the health of what was written is known; what was UP must be UP again."""
        names = {step.name for step in written if step.kind == VIRTUAL_SERVICE and step.act is not Act.DELETE}
        seconds = self.params["wait_timeout"]
        for name in sorted(names):
            urn = self.observed.ids.get((VIRTUAL_SERVICE, name))
            self.progress.doing(f"waiting for the health of virtual service {name}")
            if urn and name in healthy:
                self.api.wait(
                    f"loadBalancer/virtualServices/{urn}",
                    f"virtual service {name!r}, which was UP before,",
                    seconds,
                    lambda body: settled(body) and body.get("healthStatus") in ("UP", "DISABLED"),
                    "status",
                    "healthStatus",
                    "healthMessage",
                )
            elif urn:
                wait_until_settled(self.api, self.gateway, urn, name, seconds)
