# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as data: its clusters, what was down, which addresses are freed, and how to go back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import end_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import (
    Addresses,
    ClusterReport,
    cluster_report,
    run_report,
)
from hypothesis import given
from hypothesis import strategies as st
from report_records import failed, looked_at, outcome

COUNT = st.none() | st.integers(0, 50)


def test_the_report_of_a_change_is_complete() -> None:
    one = cluster_report("prod-1", outcome(services=2))
    assert one.internal.in_words("shared_external") == "3 in use, 0 after shared_external, 3 freed"
    assert one.external.in_words("shared_external") == "2 in use"
    assert one.planned_down == (15, 24)
    assert one.end.seconds_down == 3.5
    shop, web = one.services
    assert (shop.label, shop.state, len(shop.drawn)) == ("default/shop", "migrated", 2)
    assert [(down.port, down.planned, down.measured) for down in web.down] == [
        ("80", (15, 24), 2.5),
        ("81", (15, 24), 3.5),
    ]
    assert one.findings == ()
    assert one.passed > 5


def test_a_plan_shows_the_planned_state() -> None:
    kept = outcome(planned_only=True, verification=None)
    one = cluster_report("prod-1", kept)
    assert [service.state for service in one.services] == ["planned", "planned"]
    assert all(service.after and service.after["external_ip"] for service in one.services)
    assert run_report({"prod-1": kept}).title == "IP sharing: the plan"


def test_a_failure_shows_what_was_moved_and_what_was_not() -> None:
    one = cluster_report("prod-2", failed())
    assert (one.end.state, one.end.cpi, one.planned_down) == ("failed", 0, (15, 24))
    assert (one.end.services, one.end.seconds_down, one.end.ports_down) == (1, 12.5, 1)
    assert [(service.label, service.state, service.became) for service in one.services] == [
        ("default/mail", "not_reached", ""),
        ("default/shop", "failed", "mixed"),
        ("default/web", "migrated", "shared_external"),
    ]
    assert all(service.after is None for service in one.services)
    mail, shop, web = (service.down for service in one.services)
    assert [(port.measured, port.lasting) for port in (*mail, *shop, *web)] == [
        (None, False),
        (None, False),
        (None, False),
        (12.5, True),
        (2.5, False),
        (3.5, False),
    ]
    assert all(port.planned == (15, 24) for port in (*mail, *shop, *web))


def test_a_failure_that_says_nothing_of_the_services_leaves_them_unknown() -> None:
    kept = failed()
    del kept["failure"]["services"]
    assert {service.state for service in cluster_report("prod-2", kept).services} == {"not known"}


def test_a_verification_that_fails_after_a_change_shows_the_change() -> None:
    kept = outcome(services=1, failure={"msg": "CPI is stopped", "services": [], "restore_point": ""})
    one = cluster_report("prod-1", kept)
    assert (one.end.state, one.end.services, one.end.seconds_down) == ("failed", 1, 3.5)
    assert one.end.restore_point == kept["result"]["restore_point"]
    assert "vcd.kubernetes.restore" in one.way_back
    (web,) = one.services
    assert (web.state, len(web.drawn), web.became) == ("migrated", 2, "")
    assert "shared_ip_restore_file=/home/ops/" in one.way_back


def test_a_verification_reports_the_current_state() -> None:
    report = run_report({"prod-1": looked_at(), "prod-2": looked_at(nat_rules=[])}, who="alice", when="now")
    assert report.title == "IP sharing: the present state"
    assert report.headline == "2 clusters: 1 verified, 1 deviates"
    sound, damaged = report.clusters
    assert (sound.services[0].before, sound.end.reason) == (None, "")
    assert "does not work under shared_internal" in damaged.end.reason
    assert damaged.end.ok
    assert any(finding["remedy"] for finding in damaged.findings)
    assert not report.moves


def test_a_cluster_that_was_not_reached_is_reported() -> None:
    report = run_report({"prod-1": {}, "prod-2": outcome()})
    assert [edge.name for edge in report.edges] == ["acme-edge", ""]
    assert report.edges[1].clusters[0].end.reason == "the run did not reach it"


def test_failed_clusters_come_first_on_their_edge_gateway() -> None:
    found = run_report({"a": outcome("edge-b"), "b": failed("edge-b"), "c": outcome("edge-a")})
    assert [one.end.cluster for one in found.clusters] == ["c", "b", "a"]


def test_the_free_addresses_of_an_edge_gateway_are_those_read_last() -> None:
    late, early = outcome(ended="2026-11-27T15:00:00Z"), outcome(ended="2026-11-27T14:00:00Z")
    late["verification"]["picture"]["external"]["free"] = 7
    (edge,) = run_report({"a": late, "b": early}).edges
    assert edge.external.free == 7
    assert edge.internal == Addresses(6, 0)


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        (Addresses(12, 5), "12 in use, 5 after shared_external, 7 freed"),
        (Addresses(2, 5), "2 in use, 5 after shared_external, 3 more"),
        (Addresses(3, 3), "3 in use"),
        (Addresses(3, None), "3 in use"),
        (Addresses(None, 0), "0 in use"),
        (Addresses(), "not read"),
    ],
)
def test_addresses_are_put_into_words(addresses: Addresses, words: str) -> None:
    assert addresses.in_words("shared_external") == words


@given(st.lists(st.builds(Addresses, COUNT, COUNT, COUNT)))
def test_a_total_frees_what_its_parts_free(parts: list[Addresses]) -> None:
    """A cluster of which only one state is known frees nothing."""
    total = Addresses()
    for part in parts:
        total = total.plus(part)
    assert total.freed == sum(part.freed for part in parts)


@pytest.mark.parametrize(
    ("cluster", "command"),
    [
        ("localhost", "ansible-playbook vcd.kubernetes.restore -e shared_ip_restore_file=/r/p.json"),
        (
            "prod-1",
            "ansible-playbook vcd.kubernetes.restore -e shared_ip_hosts=prod-1 -e shared_ip_restore_file=/r/p.json",
        ),
        (
            "a b;c",
            "ansible-playbook vcd.kubernetes.restore -e 'shared_ip_hosts=a b;c' -e shared_ip_restore_file=/r/p.json",
        ),
    ],
)
def test_the_command_that_goes_back(cluster: str, command: str) -> None:
    kept: dict[str, Any] = outcome(services=1)
    kept["result"]["restore_point"] = "/r/p.json"
    assert ClusterReport(end_of(cluster, kept)).way_back == command


def test_without_a_restore_point_there_is_no_command() -> None:
    kept = outcome(services=1)
    kept["result"]["restore_point"] = ""
    assert cluster_report("prod-1", kept).way_back == ""


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"verification": {"picture": 3}}, "clusters.prod-1.verification.picture"),
        ({"preflight": {"pictures": []}}, "clusters.prod-1.preflight.pictures"),
        ({"planned": "x"}, "clusters.prod-1.planned"),
    ],
)
def test_data_that_the_playbooks_do_not_keep_is_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        cluster_report("prod-1", {**outcome(services=1), **changes})
    assert place in str(caught.value)


def machines(edge_gateway: str = "acme-edge", severity: str = "warning") -> dict[str, Any]:
    """What an audit of services of machines returns."""
    verification = looked_at(edge_gateway)["verification"]
    row = {"severity": severity, "code": "service-drift", "message": "shop: a rule is gone", "remedy": "run it again"}
    audit = {"edge_gateway": edge_gateway, "ok": False, "findings": [row]}
    return {"audit": audit, "picture": verification["picture"], "scenario": "shared_internal", "lines": []}


def test_services_of_machines_have_their_own_part() -> None:
    kept = {
        "both": {**looked_at(), "machines": [machines("globex-edge", "error")]},
        "alone": {"result": None, "failure": None, "machines": [machines()]},
        "two": {"machines": [machines(), machines()]},
        "gone": {"failure": {"msg": "refused"}, "machines": []},
    }
    report = run_report(kept)
    names = {one.end.cluster: (one.end.state, one.end.edge_gateway, one.end.machines) for one in report.clusters}
    assert names == {
        "both": ("verified", "acme-edge", False),
        "both (machines on globex-edge)": ("deviates", "globex-edge", True),
        "alone": ("verified", "acme-edge", True),
        "two (machines on acme-edge)": ("verified", "acme-edge", True),
        "two (machines on acme-edge, 2)": ("verified", "acme-edge", True),
        "gone": ("failed", "", False),
    }
    (alone,) = [one for one in report.clusters if one.end.cluster == "alone"]
    assert [(one["check"], one["remedy"]) for one in alone.findings] == [("service-drift", "run it again")]
    assert (len(alone.services), alone.end.line) == (1, "alone: verified, shared_internal, edge gateway acme-edge")
    assert report.title == "IP sharing: the present state"
