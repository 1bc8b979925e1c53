# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The audit: what has drifted from the wanted state of a cluster or a service of machines, and what will soon fail.

Verify, plan and preflight judge. The audit asks them, and adds only checks that no change depends on, such as the
expiry of certificates. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import (
    BACKUP,
    CLUSTER_ID,
    DEPLOYMENT,
    FILE,
    PODS,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import SERVICES as LISTED
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.addresses import (
    check_external_addresses,
    check_given_addresses,
    check_one_arm,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.cluster import (
    check_annotations,
    check_cluster_id,
    check_service_names,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.edge_gateway import (
    check_cpi_api,
    check_edge_gateway,
    check_service_engine_groups,
    check_vcd_version,
    check_vdc_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall import (
    firewall_gaps,
    unread_groups,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import (
    target_of,
    verify_file,
    verify_running,
    verify_services,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    external_ip,
    status_differs,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    Severity,
    error,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    AddressUse,
    Usable,
    may_use,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import LABELS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses, PresentPort
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import held_external_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Orphan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service

NOT_CHECKED = "not-checked"
# Parts of an edge gateway's facts (see `gateway_facts.GATHER`) without which a check would pass what it never saw
SETTINGS, GROUPS, NETWORKS, USED = "load_balancer", "service_engine_groups", "networks", "used_ip_addresses"
EDGE = "edge_gateway"  # the one that CPI's file leads to
FIREWALL, CERTIFICATES, ALLOCATIONS = "firewall_rules", "certificates", "allocated_addresses"
OBJECTS = frozenset({"virtual_services", "pools", "unhealthy_pools", "nat_rules", "application_port_profiles"})
BYPASS, MATCH_EXTERNAL = "BYPASS", "MATCH_EXTERNAL_ADDRESS"


@dataclass(frozen=True)
class Served:
    """A Service, or a service of machines, with the objects of its ports."""

    service: Service
    ports: tuple[PresentPort, ...]

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.service.label


@dataclass(frozen=True)
class Audited:
    """What the checks look at on one edge gateway.

    ``expiries`` are those of the library's certificates by alias, None where one is unknown. ``allocated`` are the
    addresses of IP Spaces, None where they are unknown. A certificate that expires within ``days`` of ``now`` is
    reported.
    """

    served: tuple[Served, ...]
    edge: EdgeGateway
    addresses: EdgeAddresses
    now: datetime
    days: int
    expiries: Mapping[str, datetime | None] = field(default_factory=dict)
    allocated: tuple[str, ...] | None = None


def audit_cluster(ccm: Any, vcd: Any, scenario: Any, one_arm: Any, now: datetime, days: int) -> list[Finding]:
    """What an audit finds in one cluster, from the results of vcd_ccm_config_info and the gateway's facts.

    Without ``scenario``, the wanted one is that of CPI's file. ``vcd`` has ``certificates`` and ``unread``, too; its
    edge gateways may have ``allocated_addresses`` and ``unread``. Raises InvalidInput for another kind of result.
    """
    cluster = read_cluster(ccm)
    state = ClusterState(cluster, read_vcd(vcd), target_of(scenario, one_arm, cluster))
    unread = {**unread_of(vcd), **_unread(Reader(ccm, "ccm"))}
    if state.vcd is None and FILE in unread:
        unread[EDGE] = unread[FILE]  # its network would have led to the edge gateway
    found = list(_run(((one.what, one.needs, partial(one.check, state)) for one in CLUSTER_CHECKS), unread))
    if state.edge is not None:
        here = [item for item in state.observed if item.left_out is None]
        served = tuple(Served(item.service, item.ports) for item in here)
        found += audit_served(served, state.edge, state.addresses, vcd, now, days, unread)
    else:
        found += _run(((one.what, frozenset({EDGE}), tuple) for one in CHECKS if EDGE in unread), unread)
    return _without_repetition(found)


def audit_served(
    served: tuple[Served, ...],
    edge: EdgeGateway,
    addresses: EdgeAddresses,
    vcd: Any,
    now: datetime,
    days: int,
    unread: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What an audit finds in the objects of services: monitors, addresses, firewall, and certificates.

    ``unread`` are the parts of a cluster's facts and of ``vcd`` that could not be read; without it, only those of
    ``vcd``.
    """
    facts = Reader(vcd, "vcd")
    gateway = next(facts.mappings("edge_gateways"))
    audited = Audited(
        served,
        edge,
        addresses,
        now,
        days,
        _expiries(facts),
        gateway.texts(ALLOCATIONS) if gateway.has(ALLOCATIONS) else None,
    )
    unread = unread_of(vcd) if unread is None else unread
    return list(_run(((one.what, one.needs, partial(one.check, audited)) for one in CHECKS), unread))


def unread_of(vcd: Any) -> dict[str, str]:
    """The parts that the user may not view, each with the right that viewing needs."""
    facts = Reader(vcd, "vcd")
    places = [facts, *(facts.mappings("edge_gateways") if facts.has("edge_gateways") else ())]
    return {part: right for place in places for part, right in _unread(place).items()}


def _unread(facts: Reader) -> dict[str, str]:
    found = facts.mapping("unread").value if facts.has("unread") else {}
    return {part: str(right) for part, right in found.items()}


def _expiries(facts: Reader) -> dict[str, datetime | None]:
    rows = facts.mappings(CERTIFICATES) if facts.has(CERTIFICATES) else ()
    return {
        row.text("name", ""): datetime.fromisoformat(row.text("expires")) if row.has("expires") else None
        for row in rows
    }


def _run(
    checks: Iterable[tuple[str, frozenset[str], Callable[[], Iterable[Finding]]]], unread: Mapping[str, str]
) -> Iterator[Finding]:
    """Run the checks whose parts were read, and report the others as not made."""
    for what, needs, check in checks:
        rights = sorted({unread[part] for part in needs if part in unread})
        if rights:
            listed = " and ".join(repr(right) for right in rights)
            remedy = f"give the user the right {listed}: without it, this cannot be checked"
            yield warning("audit", f"not checked: {what}", remedy, NOT_CHECKED)
        else:
            yield from (one for one in check() if one.severity is not Severity.INFO)


def _without_repetition(found: Iterable[Finding]) -> list[Finding]:
    return list({(one.message, one.about): one for one in found}.values())


# -- checks of a cluster


def _supported(state: ClusterState) -> Iterator[Finding]:
    yield from check_vcd_version(state)
    yield from check_vdc_group(state)


def _names(state: ClusterState) -> Iterator[Finding]:
    yield from check_service_names(state)
    yield from check_annotations(state)


def _external_ips(state: ClusterState) -> Iterator[Finding]:
    """Each Service for which Kubernetes shows another external IP than its objects serve."""
    for item in state.observed:
        if not item.has_objects or item.left_out is not None:
            continue
        try:
            held = external_ip(item, state)
        except InvalidInput as problem:
            yield error("external_ip", str(problem), str(problem.details["remedy"]), "external-ip-differs", item.label)
            continue
        if status_differs(item, held):
            shown = ", ".join(item.kubernetes.external_ips)
            message = f"{item.label} shows {shown} in Kubernetes, and its objects serve {held}"
            remedy = "look at the log of CPI's pod; clients use the address that the objects serve"
            yield error("external_ip", message, remedy, "external-ip-differs", item.label)
    yield from check_given_addresses(state)


def _unfinished(state: ClusterState) -> Iterator[Finding]:
    """What a killed run has left: verify finds a change in progress, but not a run that had written nothing yet."""
    cluster = state.cluster
    if cluster.lease and not cluster.lease_live:
        kept = ", and its restore point is in the cluster" if cluster.restore_point else ""
        message = f"the run of {cluster.lease} has ended without finishing its change{kept}"
        remedy = "set shared_ip_take_over: true to finish it, or run the playbook vcd.kubernetes.restore to go back"
        yield error("rollout", message, remedy, "unfinished-run")


def _orphans(state: ClusterState) -> Iterator[Finding]:
    return orphans_found(state.orphans)


def orphans_found(orphans: Iterable[Orphan]) -> Iterator[Finding]:
    """A warning for each orphan."""
    for one in orphans:
        kind, name = one.key
        message = f"no live Service and port has {LABELS[kind]} {name} ({one.why})"
        yield warning(
            "orphans", message, "remove it (prune, with prune_objects where its owner is unproven)", "orphan", name
        )


@dataclass(frozen=True)
class _ClusterCheck:
    """``needs``: the parts of the facts without which the check would pass what it never saw."""

    what: str
    needs: frozenset[str]
    check: Callable[[ClusterState], Iterable[Finding]]


_OWN = frozenset({EDGE, FILE, LISTED, CLUSTER_ID})  # which Services have which objects
_SERVICES = OBJECTS | {SETTINGS, BACKUP} | _OWN
CLUSTER_CHECKS = (
    _ClusterCheck("CPI's file", frozenset({FILE, BACKUP, DEPLOYMENT}), verify_file),
    _ClusterCheck("whether CPI runs with its file", frozenset({FILE, BACKUP, DEPLOYMENT, PODS}), verify_running),
    _ClusterCheck("unfinished runs", frozenset({BACKUP}), _unfinished),
    _ClusterCheck("the edge gateway", frozenset({EDGE, SETTINGS, NETWORKS}), check_edge_gateway),
    _ClusterCheck("whether Cloud Director supports the scenario", frozenset({EDGE, FILE}), _supported),
    _ClusterCheck("whether Cloud Director serves CPI", frozenset({EDGE, DEPLOYMENT}), check_cpi_api),
    _ClusterCheck("the cluster id", frozenset({FILE, CLUSTER_ID}), check_cluster_id),
    _ClusterCheck("names and annotations of Services", frozenset({LISTED, DEPLOYMENT}), _names),
    _ClusterCheck("whether each Service is served as its scenario needs", _SERVICES, verify_services),
    _ClusterCheck("whether Kubernetes shows the external IPs that are served", _SERVICES | {DEPLOYMENT}, _external_ips),
    _ClusterCheck("orphans", OBJECTS | {EDGE, LISTED, CLUSTER_ID}, _orphans),
    _ClusterCheck(
        "room in the service engine groups", frozenset({EDGE, SETTINGS, GROUPS}), check_service_engine_groups
    ),
    _ClusterCheck("the one-arm range", _SERVICES | {NETWORKS}, check_one_arm),
    _ClusterCheck("free external addresses", _SERVICES | {USED}, check_external_addresses),
)


# -- checks of objects, whoever manages them


def _monitors(audited: Audited) -> Iterator[Finding]:
    for one in audited.served:
        for port in one.ports:
            if port.pool is None or port.pool.monitors:
                continue
            name = port.pool.name
            if port.pool.monitors is None:
                message = f"not checked: whether pool {name} of {one.label} has a health monitor"
                yield warning("pool", message, "its members were not read", NOT_CHECKED, name)
                continue
            message = f"pool {name} of {one.label} has no health monitor: it sends traffic to members that are down"
            yield warning("pool", message, "add one (health_monitors of vcd_pool)", "pool-without-monitor", name)


def _ranges(audited: Audited) -> Iterator[Finding]:
    """External IPs that the edge gateway may not use, for example because the provider has taken their range away."""
    allotment = replace(audited.edge.allotment(audited.addresses.internal), allocated=audited.allocated)
    for one in audited.served:
        for address in held_external_ips(one.service, audited.edge.inventory, audited.addresses):
            verdict = may_use(allotment, address, AddressUse.CLIENTS)
            if verdict.answer is Usable.NO:
                message = f"{one.label} is served on {address}, which {verdict.why.partition(': ')[0]}"
                remedy = "ask the provider to allocate it again, or move the Service to another IP"
                yield error("addresses", message, remedy, "address-outside-ranges", one.label)
            elif verdict.answer is Usable.UNKNOWN:
                message = f"not checked: the external IP {address} of {one.label}: {verdict.why}"
                yield warning("addresses", message, "compare it with the ranges in the portal", NOT_CHECKED, one.label)


def _firewall(audited: Audited) -> Iterator[Finding]:
    rules = audited.edge.firewall_rules or ()
    for one in audited.served:
        paths = []
        for port, present in zip(one.service.ports, one.ports, strict=True):
            address = _matched(present)
            if address:
                paths.append((port.spec.port, address))
        for finding in firewall_gaps(one.label, paths, rules):
            yield replace(finding, code="firewall-gap", about=one.label)
    if audited.served:
        for finding in unread_groups(rules):
            yield replace(finding, message=f"not checked: {finding.message}", code=NOT_CHECKED)


def _matched(port: PresentPort) -> str:
    """The address that the firewall matches for a port; empty without one, and where the firewall is bypassed."""
    if port.virtual_service is None or (port.nat_rule and port.nat_rule.firewall_match == BYPASS):
        return ""
    external = port.nat_rule is not None and port.nat_rule.firewall_match == MATCH_EXTERNAL
    return port.nat_rule.external if external and port.nat_rule else port.virtual_service.address


def _certificates(audited: Audited) -> Iterator[Finding]:
    """Expiring certificates of virtual services: one finding each, with all virtual services that use it."""
    users: dict[str, list[str]] = {}
    for one in audited.served:
        for port in one.ports:
            if port.virtual_service is not None and port.virtual_service.certificate:
                users.setdefault(port.virtual_service.certificate, []).append(port.virtual_service.name)
    for alias, names in sorted(users.items()):
        expires, used = audited.expiries.get(alias), f"used by {', '.join(names)}"
        if expires is None:
            message = f"not checked: when certificate {alias} expires ({used})"
            yield warning("certificate", message, "look in the certificate library", NOT_CHECKED, alias)
        elif expires <= audited.now:
            message = f"certificate {alias} expired on {expires:%Y-%m-%d} ({used})"
            yield error("certificate", message, "replace it in these virtual services", "certificate-expired", alias)
        elif expires <= audited.now + timedelta(days=audited.days):
            left = pluralize((expires - audited.now).days, "day")
            message = f"certificate {alias} expires on {expires:%Y-%m-%d}, with {left} left ({used})"
            yield warning("certificate", message, "replace it in these virtual services", "certificate-expires", alias)


@dataclass(frozen=True)
class _Check:
    """As `_ClusterCheck`."""

    what: str
    needs: frozenset[str]
    check: Callable[[Audited], Iterable[Finding]]


CHECKS = (
    _Check("health monitors of pools", OBJECTS | _OWN, _monitors),
    _Check("whether external IPs are in the gateway's ranges", OBJECTS | _OWN | {NETWORKS}, _ranges),
    _Check("firewall rules", OBJECTS | _OWN | {FIREWALL}, _firewall),
    _Check("expiry of certificates", OBJECTS | _OWN | {CERTIFICATES}, _certificates),
)
