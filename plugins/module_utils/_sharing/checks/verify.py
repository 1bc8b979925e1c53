# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks that a cluster is in its scenario, after a change or at any other time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.services import check_excluded
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.breakage import Breakage, breakages
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Cluster,
    read_cluster,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import (
    removed_with,
    served_elsewhere,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import Aside, ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import picture_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    external_ip,
    is_present,
    stored_services,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import Target, resolve
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    Severity,
    error,
    first_lines,
    info,
    passed,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import MIXED, PresentPort
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import scale_command

RUN_AGAIN = "run the role again"
UP = "UP"
REPAIR = "repair its objects (shared_ip_existing: migrate)"
LOOK_AT_CPI = "look at the log of CPI's pod; the playbook vcd.kubernetes.restore goes back"


@dataclass(frozen=True)
class Promise:
    """What a migration has to keep: the external IP of each Service by label, and everything else as before.

    ``health`` is by virtual service, ``orphans`` are names, ``left`` are the steps of a second plan, and ``lost`` says
    which of their settings objects have lost.
    """

    external_ips: dict[str, str] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)
    orphans: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()
    orphans_now: frozenset[str] = frozenset()
    lost: tuple[str, ...] = ()


def read_promise(value: Any) -> Promise | None:
    """The promise: ``services`` (as vcd_shared_ip took them), ``restore_point`` and ``plan`` (a second check run)."""
    if not value:
        return None
    reader = Reader(value, "promised")
    point, plan = reader.mapping("restore_point"), reader.mapping("plan")
    health: dict[str, str] = {}
    for item in stored_services(point.value).values():
        health.update(item.get("health") or {})
    return Promise(
        {
            f"{item.text('namespace')}/{item.text('name')}": item.text("external_ip")
            for item in reader.mappings("services")
        },
        health,
        frozenset(point.texts("orphans") if point.has("orphans") else ()),
        tuple(step for service in plan.mappings("services") for step in service.texts("steps")),
        # an object that may belong to another cluster may have been made by that cluster in the meantime
        frozenset(item.text("name") for item in plan.mappings("orphans") if not item.flag_or("ambiguous", False)),
        tuple(plan.texts("lost_settings") if plan.has("lost_settings") else ()),
    )


def verify(state: ClusterState, restart_expected: bool = True, replicas: int = 0) -> list[Finding]:
    """Check the file, CPI and each Service. ``restart_expected`` False: a pod with the old file is allowed.

    ``replicas`` are those that CPI had before a change.
    """
    return [*verify_cpi(state, restart_expected, replicas), *verify_services(state)]


def verify_cpi(state: ClusterState, restart_expected: bool = True, replicas: int = 0) -> Iterator[Finding]:
    """Check the file and CPI, as `verify` does."""
    yield from verify_file(state)
    yield from verify_running(state, restart_expected, replicas)


def verify_file(state: ClusterState) -> Iterator[Finding]:
    """Check that no change is unfinished, that CPI accepts its file, and that it holds the wanted scenario."""
    yield from _check_file(state.cluster, state.target)


def verify_running(state: ClusterState, restart_expected: bool = True, replicas: int = 0) -> Iterator[Finding]:
    """Check that CPI runs, and with its present file; see `verify`."""
    yield from _check_cpi(state.cluster, restart_expected, replicas)


def verify_promise(promise: Promise, state: ClusterState, health: dict[str, str]) -> Iterator[Finding]:
    """Check that a migration kept its promise: addresses, health, nothing left to write and no new orphans."""
    status_ips = {item.label: item.kubernetes.external_ips for item in state.observed}
    kept = 0
    for label, external in promise.external_ips.items():
        ips = status_ips.get(label)
        if ips is not None and external not in ips:
            found = f"shows {', '.join(ips)}" if ips else "shows no external IP"
            yield error("external_ip", f"{label} {found} in Kubernetes, not {external}", LOOK_AT_CPI)
        kept += ips is not None and external in ips
    yield info("external_ip", f"{pluralize(kept, 'Service')} with the same external IP as before")
    yield from _check_health(promise, state, health)
    if promise.left:
        message = f"{pluralize(len(promise.left), 'write')} would still be needed, first: {promise.left[0]}"
        yield error("objects", message, RUN_AGAIN)
    else:
        yield info("objects", "every object is as wanted: a second plan is empty")
    for text in promise.lost:
        yield error("settings", text, "set it again, as it is in the restore point")
    new = sorted(promise.orphans_now - promise.orphans)
    if new:
        yield error("orphans", f"the change has left behind {', '.join(new)}", "delete them if nothing uses them")
    else:
        yield info("orphans", "the change has left no orphans")


def _check_health(promise: Promise, state: ClusterState, health: dict[str, str]) -> Iterator[Finding]:
    names = [
        port.virtual_service.name
        for item in state.observed
        if item.label in promise.external_ips
        for port in item.ports
        if port.virtual_service
    ]
    worse = [name for name in names if health.get(name) not in (UP, promise.health.get(name))]
    for name in worse:
        before = f" (before: {promise.health[name]})" if promise.health.get(name) else ""
        message = f"virtual service {name} is {health.get(name) or 'of unknown health'}{before}"
        yield error("health", message, "look at its pool members in Cloud Director")
    if not worse:
        yield info("health", f"{pluralize(len(names), 'virtual service')} UP or as before")


def verify_report(
    ccm: Any,
    vcd: Any,
    scenario: Any = None,
    one_arm: Any = None,
    restart_expected: bool = True,
    promised: Any = None,
    replicas: int = 0,
) -> dict[str, Any]:
    """The verification as plain data. Without ``scenario``, the wanted one is that of the file.

    ``promised`` is what a migration promised (see `read_promise`), ``replicas`` are those of CPI before a change.
    ``settling`` in the answer: every error may disappear by itself, because CPI writes addresses, and Cloud Director
    updates health, a while after a change.
    """
    cluster = read_cluster(ccm)
    target = target_of(scenario, one_arm, cluster)
    state = ClusterState(cluster, read_vcd(vcd), target)
    findings = verify(state, restart_expected, replicas)
    promise = read_promise(promised)
    if promise is not None:
        findings += verify_promise(promise, state, _health(state.edge))
    wrong = {finding.check for finding in findings if finding.severity is Severity.ERROR}
    return {
        "ok": passed(findings),
        "scenario": cluster.scenario.value if cluster.scenario else "invalid",
        "wanted": target.scenario.value,
        "one_arm": cluster.one_arm.as_option() if cluster.one_arm else None,
        "edge_gateway": state.edge.name if state.edge else None,
        "services": [item.as_dict() for item in state.observed],
        "picture": picture_of(state),
        "mixed": [item.observed.label for item in _breakages(state) if item.mixed],
        "findings": [finding.as_dict() for finding in findings],
        "summary": first_lines(findings),
        "settling": bool(wrong) and wrong <= {"external_ip", "health"},
    }


def pools_to_read(ccm: Any) -> frozenset[str]:
    """The pools whose members a verification needs: those of this cluster's Services.

    A list of pools has no ports. A member may answer on a wrong port: then the pool is UP, but serves another Service.
    """
    cluster = read_cluster(ccm)
    naming = Naming.of_cluster(cluster.cluster_id)
    return frozenset(
        naming.port(item.name, port.name, item.namespace).pool for item in cluster.own_services for port in item.ports
    )


def target_of(scenario: Any, one_arm: Any, cluster: Cluster) -> Target:
    """The wanted state: that of CPI's file where no ``scenario`` is given."""
    if scenario:
        return resolve(scenario, one_arm, cluster)
    return Target(cluster.scenario or Scenario.SHARED_EXTERNAL, cluster.one_arm)


def _check_file(cluster: Cluster, target: Target) -> Iterator[Finding]:
    if cluster.lease and cluster.lease_live:
        message = f"a run is under way on this cluster: {cluster.lease}"
        yield error("rollout", message, "verify again when it has finished", "run-under-way")
    elif cluster.rollout == IN_PROGRESS:
        message = "a change was interrupted: CPI may be stopped and its ConfigMap missing"
        yield error("rollout", message, RUN_AGAIN, "unfinished-run")
    if target.problem:
        yield error("one_arm", target.problem, "give a range of IPv4 addresses")
        return
    if not cluster.config_map and not (cluster.source and cluster.readable):
        message = "; ".join(cluster.problems) if cluster.source else "the cluster has no ConfigMap with CPI's file"
        yield error("scenario", message, RUN_AGAIN, "cpi-file")
        return
    problems = [
        error("scenario", f"CPI refuses its file: {text}", "correct the file", "cpi-file") for text in cluster.problems
    ]
    yield from problems
    if cluster.scenario is not target.scenario:
        found = cluster.scenario.value if cluster.scenario else "invalid"
        message = f"the file holds scenario {found}, not {target.scenario.value}"
        yield error("scenario", message, RUN_AGAIN, "scenario-differs")
    elif cluster.one_arm != target.one_arm:
        found = str(cluster.one_arm or "no one-arm range")
        yield error("one_arm", f"the file holds {found}, not {target.one_arm}", RUN_AGAIN, "one-arm-differs")
    elif not problems:
        text = f" with the one-arm range {cluster.one_arm}" if cluster.one_arm else ""
        yield info("scenario", f"{cluster.file} holds {target.scenario.value}{text}")


def _check_cpi(cluster: Cluster, restart_expected: bool, replicas: int) -> Iterator[Finding]:
    deployment = cluster.deployment
    if deployment is None:
        yield error("cpi", "the cluster has no Deployment of CPI", "check the namespace and the name", "cpi-missing")
        return
    label = f"{deployment.namespace}/{deployment.name}"
    stale = [pod.name for pod in cluster.pods if not pod.current]
    if stale:
        severity = Severity.ERROR if restart_expected else Severity.WARNING
        message = f"{', '.join(stale)} still runs with an older file"
        yield Finding("cpi", severity, message, "restart CPI (shared_ip_restart: recreate)", "cpi-stale")
    stopped = deployment.stopped(replicas)
    if stopped:
        # after an interrupted change Services may be half migrated, and only a run may start CPI
        remedy = RUN_AGAIN if cluster.rollout == IN_PROGRESS else f"{RUN_AGAIN}, or: {stopped.command}"
        yield error("cpi", str(stopped), remedy, "cpi-stopped")
    elif deployment.replicas == 0:
        message = f"no CPI runs: {label} is scaled to 0, and it is not known what it was scaled to before"
        remedy = f"start it with: {scale_command(deployment.namespace, deployment.name, 1)}"
        yield warning("cpi", message, remedy, "cpi-stopped")
    elif not deployment.ready:
        yield error("cpi", f"{label} is not ready", "look at the log of its pod", "cpi-not-ready")
    elif not stale:
        yield info("cpi", f"{label} is ready and runs with the present file")


def _health(edge: EdgeGateway | None) -> dict[str, str]:
    """The health of each virtual service by name."""
    return edge.inventory.health() if edge else {}


def verify_services(state: ClusterState) -> Iterator[Finding]:
    """Check for each Service with objects or an IP that every port serves, and that a plan would be empty."""
    if state.cluster.scenario is None:
        return  # the check of the file reports it
    if state.edge is None:
        message = "the Services cannot be checked: exactly one edge gateway is needed"
        yield error("services", message, "check shared_ip_edge_gateway and shared_ip_vdc", "edge-gateway")
        return
    yield from check_excluded(state)
    scenario, fitting, inventory = state.cluster.scenario, 0, state.edge.inventory.copy()
    # `_wrong` plans on the inventory and applies the plan to it, so that no two Services are given the same address
    for item in _breakages(state):
        if not is_present(item.observed):
            continue
        label, shape = item.observed.label, item.observed.shape
        left_out = item.observed.left_out or _elsewhere(state, item.observed)
        if left_out is not None:
            why = f"{label} stays as it is: {left_out.why}"
            broken = item.already or item.new
            if broken:
                message = f"{why}; it does not work under {scenario.value}: {item.why}"
                yield warning("services", message, code="service-drift", about=label)
            else:
                aside = warning("services", why, code="left-aside", about=label)
                yield info("services", why) if left_out.asked else aside
            continue
        for one in item.observed.aside if item.observed.ports else ():
            message = f"port {one.port} of {label} stays as it is: {one.why}"
            aside = warning("services", message, code="left-aside", about=label)
            yield info("services", message) if one.asked else aside
        if item.already or item.new:
            # between two scenarios all objects differ, so naming ports helps only for a Service with a mixed shape
            wrong = _wrong(state, item.observed, scenario, inventory) if shape == MIXED else ""
            why = f"{item.why}; {wrong}" if wrong else item.why
            message = f"{label} ({shape}) does not work under {scenario.value}: {why}"
            yield error("services", message, REPAIR, "service-drift", label)
            continue
        if item.observed.problem is not None:
            message = f"{label} is not judged, because CPI cannot serve it ({item.observed.problem})"
            yield warning("services", message, code="left-aside", about=label)
            continue
        if item.mixed:
            message = f"{label} still has the shape {shape} under {scenario.value}, and serves"
            yield warning("services", message, code="other-shape", about=label)
        wrong = _wrong(state, item.observed, _compared_with(item, scenario), inventory)
        if wrong:
            yield error("services", f"{label} ({shape}): {wrong}", REPAIR, "service-drift", label)
        else:
            yield from unanswered(label, item.observed.ports, state.edge.inventory)
            fitting += not item.mixed
    waiting = [item.label for item in state.observed if not is_present(item)]
    yield info("services", f"{pluralize(fitting, 'Service')} in the shape of {scenario.value}")
    if waiting:
        yield info("services", f"no objects in VCD yet: {', '.join(waiting)}")


def unanswered(label: str, ports: Iterable[PresentPort], inventory: Inventory) -> Iterator[Finding]:
    """A warning for each port that is set up as it should be, but has no member that answers."""
    health = inventory.health()
    for port in ports:
        if port.virtual_service is not None and health.get(port.virtual_service.name) == "DOWN":
            message = f"{label}: every object is in place, but virtual service {port.virtual_service.name} is DOWN"
            remedy = "look at the Service's pods, and at its pool's members in Cloud Director"
            yield warning("health", message, remedy, "service-down", label)


def _compared_with(item: Breakage, scenario: Scenario) -> Scenario:
    """The scenario to compare a Service with: its own shape's, if it keeps that shape and serves."""
    return next(one for one in Scenario if one in item.observed.fits) if item.mixed and item.observed.fits else scenario


def _wrong(state: ClusterState, item: ObservedService, scenario: Scenario, inventory: Inventory) -> str:
    """What is wrong with a Service; empty when every port serves and the plan has nothing to write."""
    try:
        service = item.service.with_external_ip(external_ip(item, state))
        one_arm = state.cluster.one_arm or state.one_arms[0]
        goal = Goal(scenario, one_arm, state.addresses, unclaimed=state.unclaimed)
        wanted, _internal = goal.wanted(service, inventory)
        found = [fault.text for fault in faults(wanted, inventory)]
    except InvalidInput as problem:
        return problem.why
    try:
        steps = plan_service(service, goal, inventory, orphans=removed_with(service, state)).steps
    except CollectionError as problem:  # a repair would fail with it, so its remedy comes first
        return "; ".join([*found, problem.message.removeprefix(f"{item.label}: ")])
    return "; ".join(found) or (f"a repair would {steps[0].text}" if steps else "")


def _breakages(state: ClusterState) -> list[Breakage]:
    scenario = state.cluster.scenario
    if state.edge is None or scenario is None:
        return []
    return breakages(state.observed, scenario, scenario, state.edge.uses_ip_spaces)


def _elsewhere(state: ClusterState, item: ObservedService) -> Aside | None:
    """Why a Service is not judged although shared_ip_exclude does not name it: another controller serves it."""
    shown = item.kubernetes.external_ips
    why = served_elsewhere(state, state.edge, item, shown[0]) if state.edge and shown else ""
    return Aside(why) if why else None
