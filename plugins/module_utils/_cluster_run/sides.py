# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The two sides that a run works on: CPI in the cluster, and the edge gateway in Cloud Director."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, repeat
from typing import Any, Protocol

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.edge_lock import EdgeLock
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done, Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.firewall import ManagedRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.info import gather
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.locked_run import run_and_replan
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE, PORT, SERVICE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.removal import Removal
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.connections import Connections
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import Journal, backup_manifest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.lease import ClusterLease
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import Managed, manage, target_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.plan import ALL, STOPPED, CpiState
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import report, report_as_allowed
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.rollout import running_cpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.stopped import with_stopped_cpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Starter
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.calls import certificates
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    get_edge_gateway,
    other_gateways,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.entity import cpi_entity
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_facts import (
    as_allowed,
    facts_as_allowed,
    facts_of,
    find_gateways,
    whole_pools,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.calls import allocated_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import granted_to
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import Granted

Facts = dict[str, Any]
FIREWALL = "firewall_rules"
# The objects of Services on a gateway. A migration changes only these, so nothing else has to be read again.
OBJECTS = ("virtual_services", "pools", "unhealthy_pools", "nat_rules", "application_port_profiles")
READ_PARTS = ("used_ip_addresses", "networks", "load_balancer", "service_engine_groups", *OBJECTS)


@dataclass(frozen=True)
class FileGoal:
    """What CPI's file is to hold."""

    scenario: str
    one_arm: Mapping[str, str] | None


class Cpi(Protocol):
    """CPI in one cluster. Every method may raise CollectionError."""

    def look(self) -> Facts:
        """What vcd_ccm_config_info returns, with the Services, and with ``excluded``: what is to stay as it is."""

    def plan(self, goal: FileGoal) -> Managed:
        """What ``apply`` would do."""

    def plan_stop(self, goal: FileGoal) -> Managed:
        """What ``stop`` would do."""

    @property
    def backup(self) -> str:
        """Namespace and name of the ConfigMap that holds the restore point."""

    def lease(self) -> AbstractContextManager[None]:
        """In its body, no other run changes the cluster, as soon as this run has begun to change it."""

    def check_stopped(self) -> None:
        """Raise CollectionError unless CPI is still stopped, and the lease is still this run's."""

    def final_error(self, error: Exception) -> CollectionError:
        """The error that ends this run, for the operator. It mentions a CPI that ran before and is stopped.

        Never raises.
        """

    def stop(self, goal: FileGoal, restore_point: Facts, *, replace: bool = False) -> Managed:
        """Store the restore point and the goal in the cluster, and scale CPI to 0.

        The restore point of an interrupted change stays, unless it is to be replaced.
        """

    def apply(self, goal: FileGoal) -> Managed:
        """Write CPI's file, and run CPI with it."""


class Gateway(Protocol):
    """The edge gateway of one cluster. Every method may raise CollectionError."""

    def choose(self, cluster_id: str, edge_gateway: str) -> None:
        """Set the cluster and the gateway's URN. Every method except ``look`` needs them."""

    def allow_only(self, steps: Sequence[str]) -> None:
        """From now on, a migration may write these steps and no others."""

    def lock(self) -> AbstractContextManager[None]:
        """In its body, no other run writes to the gateway. Waits for its turn."""

    def granted(self) -> Granted:
        """What the user may do in Cloud Director."""

    def look(self, network: str, parts: Iterable[str] = READ_PARTS, vdc_of_network: str = "") -> Facts:
        """What vcd_edge_gateway_info returns; ``skipped`` where neither a gateway nor a network is known.

        ``vdc_of_network`` is the VDC in which CPI looks for the network; empty for any.
        """

    def look_again(self, known: Facts) -> Facts:
        """The same facts, with the objects of Services read again."""

    def with_members(self, known: Facts, pools: Collection[str]) -> Facts:
        """The same facts with the members of these pools, even of healthy ones."""

    def describe(self, services: Sequence[Facts], *, whole: bool = False) -> Facts:
        """What vcd_shared_ip_info returns for the Services; with ``whole``, their restore point is included."""

    def plan_migration(
        self, goal: FileGoal, services: Sequence[Facts], restore_point: Facts, orphans: Sequence[str]
    ) -> Done:
        """What the migration of these Services would do. ``orphans`` are the names of orphans to be removed with it."""

    def prepare_migration(
        self,
        goal: FileGoal,
        services: Sequence[Facts],
        restore_point: Facts,
        orphans: Sequence[str],
        before_each: Callable[[], None],
    ) -> Callable[[], Done]:
        """Read the present state. Calling the returned function migrates the Services.

        ``before_each()`` is called before each Service, and raises CollectionError if no further Service may be
        migrated.
        """

    def entity(self, cluster_id: str) -> Facts:
        """What the cluster's defined entity lists as made by CPI: ``objects``, and a ``problem`` if that is unknown."""

    def plan_removal(self, objects: Sequence[Mapping[str, str]]) -> Done:
        """What ``remove`` would do."""

    def remove(self, objects: Sequence[Mapping[str, str]]) -> Done:
        """Remove single objects, given with kind, name and id."""

    def plan_firewall(self, wanted: Facts) -> Done:
        """What the next two methods would do. ``wanted`` is the ``firewall`` of a preflight."""

    def make_firewall_rules(self, wanted: Facts) -> Done:
        """Make the rules that a migration needs."""

    def take_back_firewall_rules(self, wanted: Facts) -> Done:
        """Remove the rules that runs have made for the cluster and that no Service needs any longer."""


class RealCpi:
    """CPI in a real cluster, found by the options ``cpi``, ``restart`` and ``wait_timeout``."""

    def __init__(self, connected: Connections, params: Mapping[str, Any]) -> None:
        self._connected = connected
        self._params = params
        self._written: CpiState | None = None
        self._journal: Journal | None = None
        self._starter = Starter(params["controller_pid"], params["run_by"])

    @cached_property
    def _lease(self) -> ClusterLease:
        target = target_from(self._params["cpi"])
        take_over = self._params["take_over"]
        return ClusterLease(self._connected.kubernetes, target, take_over, self._starter, "shared_ip_take_over")

    def look(self) -> Facts:
        """What the cluster holds. Right after a write, everything except the Services is known and not read again."""
        written, self._written = self._written, None
        found = report(self._connected.kubernetes, target_from(self._params["cpi"]), True, written)
        return {**found, "excluded": self._excluded()}

    def _excluded(self) -> list[str]:
        return [name.strip() for name in self._params["exclude"] or () if name.strip()]

    def look_as_allowed(self) -> Facts:
        """What `look` returns, as far as the user may read it: ``unread`` names the missing rights."""
        found = report_as_allowed(self._connected.kubernetes, target_from(self._params["cpi"]))
        return {**found, "excluded": self._excluded()}

    def plan(self, goal: FileGoal) -> Managed:
        return self._manage(goal, ALL, check_mode=True)

    def plan_stop(self, goal: FileGoal) -> Managed:
        return self._manage(goal, STOPPED, check_mode=True)

    @property
    def backup(self) -> str:
        target = target_from(self._params["cpi"])
        return f"{target.namespace}/{target.backup_name}"

    def lease(self) -> AbstractContextManager[None]:
        return self._lease.kept()

    def check_stopped(self) -> None:
        if self._journal is None:
            return
        target = target_from(self._params["cpi"])
        self._lease.check(self._journal, backup_manifest(self._journal, target))
        running = running_cpi(self._connected.kubernetes, target)
        if running:
            raise CollectionError(
                f"CPI has to stay stopped while its objects change, but {running}: pause what starts it",
                cpi_runs=True,
            )

    def final_error(self, error: Exception) -> CollectionError:
        target = target_from(self._params["cpi"])
        stopped = self._journal.replicas if self._journal is not None and self._journal.in_progress else 0
        try:
            cluster = self._connected.kubernetes
        except CollectionError:  # the cluster could not be reached at all
            return error if isinstance(error, CollectionError) else defect(error)
        return with_stopped_cpi(error, cluster, target, stopped)

    def stop(self, goal: FileGoal, restore_point: Facts, *, replace: bool = False) -> Managed:
        return self._manage(goal, STOPPED, restore_point=restore_point, replace=replace)

    def apply(self, goal: FileGoal) -> Managed:
        return self._manage(goal, ALL)

    def _manage(
        self,
        goal: FileGoal,
        stage: str,
        *,
        check_mode: bool = False,
        restore_point: Facts | None = None,
        replace: bool = False,
    ) -> Managed:
        options = {
            **self._params["cpi"],
            "scenario": goal.scenario,
            "one_arm": dict(goal.one_arm) if goal.one_arm else None,
            "enable_virtual_service_shared_ip": None,
            "restart": self._params["restart"],
            "stage": stage,
            "restore_point": restore_point,
            "wait": True,
            "wait_timeout": self._params["wait_timeout"],
        }
        done = manage(
            self._connected.kubernetes,
            options,
            check_mode,
            replace_restore_point=replace,
            lease=self._lease,
            carried=self._journal,
        )
        if not check_mode:
            self._written = done.state
            self._journal = done.state.journal
        return done


class RealGateway:
    """A real gateway, found by the options ``edge_gateway`` and ``vdc`` or by the network in CPI's file."""

    def __init__(self, connected: Connections, params: Mapping[str, Any]) -> None:
        self._connected = connected
        self._params = params
        self._cluster_id = self._urn = ""
        self._read: Body | None = None
        self._may_write: Callable[[], None] = lambda: None
        self._allowed: list[str] | None = None

    def choose(self, cluster_id: str, edge_gateway: str) -> None:
        self._cluster_id, self._urn = cluster_id, edge_gateway

    def allow_only(self, steps: Sequence[str]) -> None:
        self._allowed = list(steps)

    def _body(self) -> Body:
        """The body of the gateway, read only once: a migration does not change it."""
        if self._read is None or self._read["id"] != self._urn:
            self._read = get_edge_gateway(self._connected.vcd, self._urn)
        return self._read

    @contextmanager
    def lock(self) -> Iterator[None]:
        params = self._params
        say, starter = Progress(params["progress_file"]).say, Starter(params["controller_pid"], params["run_by"])
        api, wait = self._connected.vcd, params["lock_timeout"]
        with EdgeLock(api, self._body(), wait, say, starter, option="shared_ip_lock_timeout") as lock:
            self._may_write = lock.check
            yield
        self._may_write = lambda: None

    def granted(self) -> Granted:
        return granted_to(self._connected.vcd)

    def look(self, network: str, parts: Iterable[str] = READ_PARTS, vdc_of_network: str = "") -> Facts:
        name, vdc = self._params["edge_gateway"], self._params["vdc"]
        if not name and not network:
            return {"skipped": True}
        api, parts = self._connected.vcd, tuple(parts)
        network = "" if name else network
        found = find_gateways(api, name, network, vdc, parts=parts, vdc_of_network="" if vdc else vdc_of_network)
        facts = {"api": api.about(), "edge_gateways": [facts_of(api, one, parts) for one in found]}
        return facts if found else {**facts, "other_edge_gateways": other_gateways(api, name)}

    def look_as_allowed(self, network: str, vdc_of_network: str) -> Facts:
        """What `look` returns, with everything that an audit needs, as far as the user may view it."""
        name, vdc = self._params["edge_gateway"], self._params["vdc"]
        if not name and not network:
            return {"skipped": True}
        api, network = self._connected.vcd, "" if name else network
        found = find_gateways(api, name, network, vdc, parts=READ_PARTS, vdc_of_network="" if vdc else vdc_of_network)
        facts = audit_facts(api, found)
        return facts if found else {**facts, "other_edge_gateways": other_gateways(api, name)}

    def look_again(self, known: Facts) -> Facts:
        api = self._connected.vcd
        (before,) = known["edge_gateways"]
        return {**known, "edge_gateways": [{**before, **facts_of(api, self._body(), OBJECTS)}]}

    def with_members(self, known: Facts, pools: Collection[str]) -> Facts:
        return with_members(self._connected.vcd, known, pools) if known.get("edge_gateways") else known

    def describe(self, services: Sequence[Facts], *, whole: bool = False) -> Facts:
        params = self._options(services, restore_point=whole, state="absent")
        return gather(self._connected.vcd, self._body(), read_request(params), params)

    def plan_migration(
        self, goal: FileGoal, services: Sequence[Facts], restore_point: Facts, orphans: Sequence[str]
    ) -> Done:
        params = {**self._change(goal, services, restore_point, orphans), "approved_steps": None}
        return self._prepare(params, check_mode=True).run()

    def prepare_migration(
        self,
        goal: FileGoal,
        services: Sequence[Facts],
        restore_point: Facts,
        orphans: Sequence[str],
        before_each: Callable[[], None],
    ) -> Callable[[], Done]:
        params = self._change(goal, services, restore_point, orphans)
        progress = Progress(self._params["progress_file"])
        executors = chain(
            [self._prepare(params, before_each=before_each, progress=progress)],
            (self._prepare(params, before_each=before_each, progress=progress) for _again in repeat(None)),
        )
        return lambda: run_and_replan(lambda: next(executors), progress.say)

    def entity(self, cluster_id: str) -> Facts:
        return cpi_entity(self._connected.vcd, cluster_id)

    def plan_removal(self, objects: Sequence[Mapping[str, str]]) -> Done:
        return self._removal(objects, check_mode=True).run()

    def remove(self, objects: Sequence[Mapping[str, str]]) -> Done:
        return self._removal(objects).run()

    def plan_firewall(self, wanted: Facts) -> Done:
        return ManagedRules(self._connected.vcd, self._body(), wanted).plan()

    def make_firewall_rules(self, wanted: Facts) -> Done:
        return ManagedRules(self._connected.vcd, self._body(), wanted).make(self._say)

    def take_back_firewall_rules(self, wanted: Facts) -> Done:
        return ManagedRules(self._connected.vcd, self._body(), wanted).take_back(self._say)

    def _say(self, text: str) -> None:
        self._may_write()
        Progress(self._params["progress_file"]).say(text)

    def _removal(self, objects: Sequence[Mapping[str, str]], check_mode: bool = False) -> Removal:
        params = self._options((), state="absent")
        return Removal(self._connected.vcd, self._body(), read_request(params), params, objects, check_mode)

    def _prepare(
        self,
        params: Facts,
        check_mode: bool = False,
        before_each: Callable[[], None] = lambda: None,
        progress: Progress | None = None,
    ) -> Executor:
        def check() -> None:
            self._may_write()
            before_each()

        return Executor(self._connected.vcd, self._body(), read_request(params), params, check_mode, check, progress)

    def _change(self, goal: FileGoal, services: Sequence[Facts], restore_point: Facts, orphans: Sequence[str]) -> Facts:
        return self._options(
            services,
            scenario=goal.scenario,
            one_arm=goal.one_arm,
            prune=bool(orphans),
            prune_objects=list(orphans),
            restore_point=restore_point,
            approved_steps=self._allowed,
        )

    def _options(self, services: Sequence[Facts], **given: Any) -> Facts:
        """The options of vcd_shared_ip with its defaults."""
        return {
            **defaults_of(CHANGE.options),
            "name_template": None,
            "cluster_id": self._cluster_id,
            "progress_file": self._params["progress_file"],
            "vcd_rules": self._params["vcd_rules"],
            "accept_loss": self._params["accept_loss"],
            "services": [_service(one) for one in services],
            "judged": True,
            **given,
        }


def with_members(api: Api, known: Facts, pools: Collection[str]) -> Facts:
    """See `Gateway.with_members`."""
    edges = []
    for edge in known["edge_gateways"]:
        read = {one["name"] for one in edge["unhealthy_pools"]}
        rows = [row for row in edge["pools"] if row["name"] in pools and row["name"] not in read]
        edges.append({**edge, "healthy_pools": whole_pools(api, rows)})
    return {**known, "edge_gateways": edges}


def audit_facts(api: Api, gateways: Sequence[Body]) -> Facts:
    """The facts of gateways for an audit. ``unread``: the rights for the parts that the user may not view."""
    edges = [facts_as_allowed(api, one, (*READ_PARTS, FIREWALL)) for one in gateways]
    for edge, body in zip(edges, gateways, strict=True):
        if any(uplink["using_ip_space"] for uplink in edge["uplinks"]):
            allocated = allocated_addresses(api, body)
            edge.update({} if allocated is None else {"allocated_addresses": list(allocated)})
    encrypted = any(one["certificate"] for edge in edges for one in edge["virtual_services"])
    library, right = as_allowed(partial(certificates, api), []) if encrypted else ([], "")
    return {
        "api": api.about(),
        "edge_gateways": edges,
        "certificates": library,
        "unread": {"certificates": right} if right else {},
    }


def _service(given: Facts) -> Facts:
    ports = [{**defaults_of(PORT), **port} for port in given.get("ports") or ()]
    return {**defaults_of(SERVICE), **given, "ports": ports}


def defaults_of(spec: Mapping[str, Any]) -> Facts:
    """The default of each option of an argument spec."""
    return {name: option.get("default") for name, option in spec.items()}
