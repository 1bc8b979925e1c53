# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: a sound estate is clean, each kind of drift is found, and what was not seen never counts as clean."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.audit import (
    audit_document,
    audit_lines,
    audit_of,
    audit_report,
    audit_statistics,
    fleet_audit_lines,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks import audit
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, Severity
from sharing_builders import SCENARIOS, ccm, edge, firewall_rule, names, objects, service, vcd, virtual_service

NOW = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
STALE = [{"name": "ccm-1", "node": "cp-1", "phase": "Running", "ready": True, "config": "stale"}]
LEASE = {"text": "job 7 on host-1", "until": "2026-11-27T12:00:00Z", "live": False}
ALLOW = firewall_rule("all")
DROP = firewall_rule("default_rule", action="DROP", default=True)


def whole(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A pool as a request for it with its members returns it."""
    return {
        **row,
        "default_port": 30080,
        "members": [{"ip_address": "10.10.0.11", "port": 30080 + number, "health_status": "UP"} for number in range(1)],
        "health_monitors": ["TCP"],
        **changes,
    }


def sound(scenario: str = "distinct_internal", **changes: Any) -> dict[str, Any]:
    """The facts of a gateway on which the Service web is served as it should be."""
    found = objects(scenario)
    pools = [whole(row, default_port=30080 + number) for number, row in enumerate(found["pools"])]
    for number, row in enumerate(pools):
        row["members"] = [{**row["members"][0], "port": 30080 + number}]
    facts = vcd(edge(**{**found, "healthy_pools": pools, "firewall_rules": [ALLOW, DROP], **changes}))
    return {**facts, "certificates": [], "unread": {}}


def audited(cluster: dict[str, Any], gateway: dict[str, Any], scenario: str | None = None) -> list[Finding]:
    """What an audit finds."""
    return audit.audit_cluster(cluster, gateway, scenario, None, NOW, 30)


def codes(found: list[Finding]) -> set[str]:
    return {one.stable_code for one in found}


def web(**changes: Any) -> dict[str, Any]:
    return ccm("distinct_internal", services=[service()], **changes)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_sound_estate_is_clean(scenario: str) -> None:
    assert audited(ccm(scenario, services=[service()]), sound(scenario)) == []


def without(facts: dict[str, Any], part: str, number: int = 0) -> dict[str, Any]:
    """The facts without one of the objects."""
    one = facts["edge_gateways"][0]
    kept = [row for index, row in enumerate(one[part]) if index != number]
    return {**facts, "edge_gateways": [{**one, part: kept}]}


def with_first(facts: dict[str, Any], part: str, **changes: Any) -> dict[str, Any]:
    """The facts with the first object of a part changed."""
    one = facts["edge_gateways"][0]
    return {**facts, "edge_gateways": [{**one, part: [{**one[part][0], **changes}, *one[part][1:]]}]}


def plus(facts: dict[str, Any], part: str, row: dict[str, Any]) -> dict[str, Any]:
    one = facts["edge_gateways"][0]
    return {**facts, "edge_gateways": [{**one, part: [*one[part], row]}]}


def expiring(days: float | None) -> dict[str, Any]:
    """A gateway on which a virtual service uses a certificate that expires after so many days."""
    facts = with_first(sound(), "virtual_services", certificate={"id": "urn:c", "name": "web-cert"})
    expires = (NOW + timedelta(days=days)).isoformat() if days is not None else None
    return {**facts, "certificates": [{"id": "urn:c", "name": "web-cert", "expires": expires}]}


DEPLOYMENT = ccm()["deployment"]
DRIFT: dict[str, tuple[Callable[[], tuple[dict[str, Any], dict[str, Any]]], str, str, str]] = {
    "a virtual service is gone": (
        lambda: (web(), without(sound(), "virtual_services")),
        "service-drift",
        "error",
        "default/web",
    ),
    "a DNAT rule is gone": (lambda: (web(), without(sound(), "nat_rules")), "service-drift", "error", "default/web"),
    "a rule leads elsewhere": (
        lambda: (web(), with_first(sound(), "nat_rules", internal_addresses="192.168.8.77")),
        "service-drift",
        "error",
        "default/web",
    ),
    "CPI is stopped": (
        lambda: (web(deployment={**DEPLOYMENT, "replicas": 0, "ready": False}), sound()),
        "cpi-stopped",
        "error",
        "",
    ),
    "CPI was stopped for good": (
        lambda: (web(deployment={**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 0}), sound()),
        "cpi-stopped",
        "warning",
        "",
    ),
    "CPI runs with an old file": (lambda: (web(pods=STALE), sound()), "cpi-stale", "error", ""),
    "CPI is missing": (lambda: (web(deployment=None), sound()), "cpi-missing", "error", ""),
    "a change was interrupted": (
        lambda: (web(rollout={"state": "in_progress", "backup": "x"}), sound()),
        "unfinished-run",
        "error",
        "",
    ),
    "a run has ended and left its lease": (
        lambda: (web(rollout={"state": "none", "backup": None, "lease": LEASE}), sound()),
        "unfinished-run",
        "error",
        "",
    ),
    "the flags are not those of the objects": (
        lambda: (ccm("shared_external", services=[service()]), sound()),
        "service-drift",
        "error",
        "default/web",
    ),
    "an orphan": (
        lambda: (web(), plus(sound(), "virtual_services", virtual_service("old", "http", "192.168.8.9"))),
        "orphan",
        "warning",
        names("old", "http").virtual_service,
    ),
    "a pool without a monitor": (
        lambda: (web(), with_first(sound(), "healthy_pools", health_monitors=[])),
        "pool-without-monitor",
        "warning",
        names("web", "http").pool,
    ),
    "a pool that was not read": (
        lambda: (web(), without(sound(), "healthy_pools")),
        "not-checked",
        "warning",
        names("web", "http").pool,
    ),
    "the range was taken away": (
        lambda: (web(), with_ranges(sound(), "203.0.113.100", "203.0.113.120")),
        "address-outside-ranges",
        "error",
        "default/web",
    ),
    "no rule allows the traffic": (
        lambda: (web(), sound(firewall_rules=[DROP])),
        "firewall-gap",
        "warning",
        "default/web",
    ),
    "a rule blocks one address": (
        lambda: (web(), sound(firewall_rules=[firewall_rule("no", "192.168.8.2", action="DROP"), ALLOW, DROP])),
        "firewall-gap",
        "warning",
        "default/web",
    ),
    "a certificate has expired": (lambda: (web(), expiring(-1)), "certificate-expired", "error", "web-cert"),
    "a certificate expires now": (lambda: (web(), expiring(0)), "certificate-expired", "error", "web-cert"),
    "a certificate expires soon": (lambda: (web(), expiring(30)), "certificate-expires", "warning", "web-cert"),
    "an expiry is unknown": (lambda: (web(), expiring(None)), "not-checked", "warning", "web-cert"),
    "Kubernetes shows another IP": (
        lambda: (ccm("distinct_internal", services=[service(ips=("203.0.113.77",))]), sound()),
        "external-ip-differs",
        "error",
        "default/web",
    ),
    "a virtual service is down": (
        lambda: (web(), with_first(sound(), "virtual_services", health_status="DOWN")),
        "service-down",
        "warning",
        "default/web",
    ),
    "the load balancer is off": (
        lambda: (web(), sound(load_balancer={"enabled": False})),
        "edge-gateway",
        "error",
        "",
    ),
}


def with_ranges(facts: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    """The facts of a gateway to which only this range is allocated."""
    one = facts["edge_gateways"][0]
    uplinks = [
        {**uplink, "subnets": [{**net, "ip_ranges": [{"start": start, "end": end}]} for net in uplink["subnets"]]}
        for uplink in one["uplinks"]
    ]
    return {**facts, "edge_gateways": [{**one, "uplinks": uplinks}]}


@pytest.mark.parametrize("kind", DRIFT)
def test_each_kind_of_drift_is_found(kind: str) -> None:
    make, code, severity, about = DRIFT[kind]
    found = audited(*make())
    assert (code, severity, about) in [(one.stable_code, one.severity.value, one.about) for one in found], found
    assert all(one.severity is not Severity.INFO for one in found)
    assert all(one.remedy for one in found if one.stable_code == code)


def test_a_wanted_scenario_that_the_file_does_not_hold_is_drift() -> None:
    assert "scenario-differs" in codes(audited(web(), sound(), "shared_external"))


def test_a_certificate_that_lasts_longer_is_no_finding() -> None:
    assert audited(web(), expiring(30.1)) == []
    assert codes(audit.audit_cluster(web(), expiring(30.1), None, None, NOW, 31)) == {"certificate-expires"}


def test_a_certificate_is_one_finding_for_all_its_users() -> None:
    facts = expiring(3)
    one = facts["edge_gateways"][0]
    rows = [{**row, "certificate": {"id": "urn:c", "name": "web-cert"}} for row in one["virtual_services"]]
    found = audited(web(), {**facts, "edge_gateways": [{**one, "virtual_services": rows}]})
    assert len(found) == 1
    assert all(row["name"] in found[0].message for row in rows)


@pytest.mark.parametrize(("match", "gap"), [("MATCH_INTERNAL_ADDRESS", True), ("MATCH_EXTERNAL_ADDRESS", False)])
def test_the_firewall_is_asked_for_the_address_that_the_rule_has_it_match(match: str, gap: bool) -> None:
    facts = sound(firewall_rules=[firewall_rule("web", "203.0.113.10"), DROP])
    one = facts["edge_gateways"][0]
    rules = [{**row, "firewall_match": match} for row in one["nat_rules"]]
    found = audited(web(), {**facts, "edge_gateways": [{**one, "nat_rules": rules}]})
    assert ("firewall-gap" in codes(found)) is gap


def test_a_rule_that_bypasses_the_firewall_has_no_gap() -> None:
    facts = sound(firewall_rules=[DROP])
    one = facts["edge_gateways"][0]
    rules = [{**row, "firewall_match": "BYPASS"} for row in one["nat_rules"]]
    assert audited(web(), {**facts, "edge_gateways": [{**one, "nat_rules": rules}]}) == []


OF_CLUSTER = [audit.FILE, audit.BACKUP, audit.DEPLOYMENT, audit.PODS, audit.LISTED, audit.CLUSTER_ID]
PARTS = sorted({part for one in (*audit.CLUSTER_CHECKS, *audit.CHECKS) for part in one.needs})
PARTS = [part for part in PARTS if part not in (*OF_CLUSTER, audit.EDGE)]


@pytest.mark.parametrize("part", PARTS)
def test_a_check_without_the_right_to_view_its_part_is_reported_as_not_made(part: str) -> None:
    facts = sound()
    empty: Any = {"enabled": False} if part == "load_balancer" else []
    one = {**facts["edge_gateways"][0], part: empty, "unread": {part: "Some: Right"}}
    found = audited(web(), {**facts, "edge_gateways": [one]})
    waiting = [one for one in (*audit.CLUSTER_CHECKS, *audit.CHECKS) if part in one.needs]
    assert [one.message for one in found] == [f"not checked: {one.what}" for one in waiting]
    assert {one.stable_code for one in found} == {"not-checked"}
    assert all("'Some: Right'" in one.remedy for one in found)


@pytest.mark.parametrize("part", OF_CLUSTER)
def test_a_check_without_the_right_to_read_its_part_of_the_cluster_is_reported_as_not_made(part: str) -> None:
    nothing: dict[str, Any] = {part: None, "unread": {part: "get it in namespace kube-system"}}
    if part in (audit.PODS, audit.LISTED):
        nothing[part] = []
    if part == audit.FILE:
        nothing.update(config=None, scenario="invalid", one_arm=None, problems=["it does not exist"])
    found = audited({**web(), **{key: value for key, value in nothing.items() if key != audit.BACKUP}}, sound())
    waiting = [one for one in (*audit.CLUSTER_CHECKS, *audit.CHECKS) if part in one.needs]
    assert [one.message for one in found] == [f"not checked: {one.what}" for one in waiting]
    assert len(waiting) > 1 or part == audit.PODS
    assert all("'get it in namespace kube-system'" in one.remedy for one in found)


def test_without_the_file_that_leads_to_the_edge_gateway_nothing_on_it_is_called_clean() -> None:
    unread = {audit.FILE: "get f", audit.CLUSTER_ID: "get f"}
    nothing = {"config_map": None, "config": None, "scenario": "invalid", "problems": ["x"], "cluster_id": None}
    found = audited({**web(), **nothing, "unread": unread}, {"skipped": True})
    checks = (*audit.CLUSTER_CHECKS, *audit.CHECKS)
    unchecked = [f"not checked: {one.what}" for one in checks if {audit.FILE, audit.EDGE} & set(one.needs)]
    assert [one.message for one in found] == unchecked
    assert len(unchecked) == len(checks) - 2  # all findings except unfinished runs, and names of Services


def test_certificates_that_may_not_be_viewed_are_reported() -> None:
    facts = {**expiring(-1), "certificates": [], "unread": {"certificates": "Certificate Library: View"}}
    (found,) = audited(web(), facts)
    assert (found.stable_code, found.message) == ("not-checked", "not checked: expiry of certificates")


@pytest.mark.parametrize("answer", [vcd(), vcd(edge(), edge()), {"skipped": True}])
def test_without_the_gateway_the_audit_reports_that(answer: dict[str, Any]) -> None:
    assert "edge-gateway" in codes(audited(web(), answer))


def test_a_service_that_is_left_out_is_not_audited() -> None:
    assert audited(web(excluded=["default/web"]), sound(firewall_rules=[DROP])) == []


# -- the report of findings


def kept(*findings: Finding) -> dict[str, Any]:
    return {"reports": [audit_report(findings, "acme-edge")]}


ERROR = Finding("cpi", Severity.ERROR, "CPI is stopped", "start it", "cpi-stopped")
WARNING = Finding("orphans", Severity.WARNING, "an orphan", "remove it", "orphan", "x")


def test_lines_show_errors_first_with_code_and_remedy() -> None:
    assert audit_lines(audit_report([WARNING, ERROR], "acme-edge")) == [
        "audit on edge gateway acme-edge: 1 error, 1 warning",
        "  ERROR   cpi-stopped: CPI is stopped - start it",
        "  warning orphan: an orphan - remove it",
    ]
    assert audit_lines(audit_report([], None)) == ["audit: nothing found"]


def test_the_fleet_in_lines_document_and_records() -> None:
    audits = [
        audit_of("broken", {"failure": {"msg": "url: connection\nrefused"}}),
        audit_of("bad", kept(ERROR, WARNING, WARNING)),
        audit_of("clean", kept()),
        audit_of("never", {}),
    ]
    assert fleet_audit_lines(audits) == [
        "audit of 4 clusters: 3 errors, 2 warnings",
        "  clean (edge gateway acme-edge): nothing found",
        "  bad (edge gateway acme-edge): 1 error, 2 warnings: cpi-stopped, orphan x2",
        "  broken: NOT AUDITED: url: connection refused",
        "  never: NOT AUDITED: the run did not reach it",
    ]
    document = audit_document(audits, NOW.isoformat(), "warning")
    assert document["counts"] == {"error": 3, "warning": 2, "clusters": 4, "not_audited": 2}
    assert document["ok"] is False
    assert {one["cluster"]: one["audited"] for one in document["clusters"]} == {
        "broken": False,
        "bad": True,
        "clean": True,
        "never": False,
    }
    for one in document["clusters"]:
        for row in one["findings"]:
            assert list(row) == ["severity", "code", "cluster", "edge_gateway", "object", "message", "remedy"]
            assert row["cluster"] == one["cluster"]
    records = audit_statistics(audits)
    assert len(records) == 4
    assert records["shared_ip_audit_bad"]["codes"] == {"cpi-stopped": 1, "orphan": 2}


@pytest.mark.parametrize(
    ("findings", "fails"), [((), ()), ((WARNING,), ("warning",)), ((WARNING, ERROR), ("warning", "error"))]
)
def test_the_severity_that_fails_is_the_operators(findings: tuple[Finding, ...], fails: tuple[str, ...]) -> None:
    one = audit_of("alpha", kept(*findings))
    assert tuple(level for level in ("warning", "error", "never") if one.fails(level)) == fails


def test_a_record_is_small_however_much_was_found() -> None:
    many = [Finding("x", Severity.ERROR, "m" * 300, "r", f"code-number-{n}", "o") for n in range(500)]
    record = audit_of("a" * 60, kept(*many)).as_record()
    assert len(json.dumps(record)) < 2048
    assert record["error"] == 500


@pytest.mark.parametrize("wrong", ["clean", {"reports": "none"}, {"reports": [{"findings": [{"severity": 1}]}]}])
def test_data_that_is_not_an_audit_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=r"clusters\.alpha"):
        audit_of("alpha", wrong)
