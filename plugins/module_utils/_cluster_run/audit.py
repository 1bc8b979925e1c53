# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads what an audit of a cluster or of services of machines needs, and judges it. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any, Protocol

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE, Request, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.plans import find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import find_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import PhaseReport, RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import (
    Facts,
    audit_facts,
    defaults_of,
    with_members,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_facts import as_allowed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.audit import audit_lines, audit_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.audit import (
    NOT_CHECKED,
    OBJECTS,
    Served,
    audit_cluster,
    audit_served,
    orphans_found,
    unread_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import pools_to_read, unanswered
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import network_of_cpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import picture_of_machines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError

REPAIR = "run the task with vcd_shared_ip again"


class AuditCpi(Protocol):
    """What an audit needs from CPI in a cluster. Every method may raise CollectionError."""

    def look_as_allowed(self) -> Facts:
        """What vcd_ccm_config_info returns, with the Services, as far as the user may read it."""

    def final_error(self, error: Exception) -> CollectionError:
        """See `sides.Cpi`."""


class AuditGateway(Protocol):
    """What an audit needs from the edge gateway of a cluster. Every method may raise CollectionError."""

    def look_as_allowed(self, network: str, vdc_of_network: str) -> Facts:
        """What vcd_edge_gateway_info returns, as far as the user may view it."""

    def with_members(self, known: Facts, pools: Collection[str]) -> Facts:
        """The same facts with the members of these pools."""


def check_days(days: int) -> None:
    """Refuse a negative number of days."""
    if days < 0:
        raise InvalidInput("certificate_days", days, "give days, 0 or more")


def audit_one_cluster(
    cpi: AuditCpi,
    gateway: AuditGateway,
    request: RunRequest,
    one_look: Callable[[], AbstractContextManager[None]],
    days: int,
) -> PhaseReport:
    """Read a cluster and its edge gateway, and judge them."""
    check_days(days)
    with one_look():
        try:
            cluster = cpi.look_as_allowed()
            network, vdc = network_of_cpi(cluster)
            facts = gateway.look_as_allowed(network, vdc)
            facts = gateway.with_members(facts, pools_to_read(cluster))
        except CollectionError as problem:
            raise cpi.final_error(problem) from problem
    found = audit_cluster(cluster, facts, request.scenario, request.one_arm, _now(), days)
    edges = list(facts.get("edge_gateways") or [])
    report = audit_report(found, edges[0]["name"] if len(edges) == 1 else None)
    return PhaseReport(False, {"cluster": cluster, "audit": report, "lines": {"audit": audit_lines(report)}})


def audit_machines(api: Api, params: Mapping[str, Any]) -> Facts:
    """Read the edge gateway of services of machines, plan them, and judge. Options as in vcd_shared_ip_audit."""
    check_days(params["certificate_days"])
    gateway = find_gateway(api, params)
    options = {**defaults_of(CHANGE.options), **params}
    request = read_request(options, str(gateway["name"]))
    names = [port.names.pool for service in request.services for port in service.ports]
    facts = with_members(api, audit_facts(api, [gateway]), names)
    vcd = read_vcd(facts)
    if vcd is None:
        raise AssertionError("facts of a gateway that was found are never skipped")
    (edge,) = vcd.edges
    found = list(_planned(api, gateway, request, options, edge, unread_of(facts)))
    addresses = edge.addresses([request.one_arm])
    served = tuple(Served(one, one.present(edge.inventory, addresses)) for one in request.services)
    found += audit_served(served, edge, addresses, facts, _now(), params["certificate_days"])
    report = audit_report(found, edge.name)
    picture = picture_of_machines(request.services, edge, addresses)
    return {"audit": report, "picture": picture, "scenario": options["scenario"], "lines": audit_lines(report)}


def _planned(
    api: Api,
    gateway: Body,
    request: Request,
    options: Mapping[str, Any],
    edge: EdgeGateway,
    unread: Mapping[str, str],
) -> Iterator[Finding]:
    """What a run would write. Each write is a finding, because a service that is in order needs none."""
    lacking = sorted({unread[part] for part in OBJECTS if part in unread})
    done = None
    if not lacking:
        try:
            done, right = as_allowed(Executor(api, gateway, request, options, True).run, None)
            lacking = [right] if right else []
        except VcdError:
            raise  # this says nothing about the services: they could not be read
        except CollectionError as problem:
            yield error("services", f"no plan can be made: {problem.message}", "correct that first", "service-drift")
            return
    if done is None:
        rights = " and ".join(repr(right) for right in lacking)
        remedy = f"give the user the right {rights}: without it, this cannot be checked"
        yield warning("audit", "not checked: whether the services are as they should be", remedy, NOT_CHECKED)
        return
    addresses = edge.addresses([request.one_arm])
    for service, planned in zip(request.services, done.result["services"], strict=True):
        steps = planned["steps"]
        if steps:
            more = f" and {pluralize(len(steps) - 1, 'more write')}" if len(steps) > 1 else ""
            message = f"{service.label} ({planned['scenario_before']}): a repair would {steps[0]}{more}"
            yield error("services", message, REPAIR, "service-drift", service.label)
        else:
            yield from unanswered(service.label, service.present(edge.inventory, addresses), edge.inventory)
    yield from orphans_found(find_orphans(request, edge.inventory, removing=False))


def _now() -> datetime:
    return datetime.now(timezone.utc)
