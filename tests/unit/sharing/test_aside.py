# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Service that cannot be handled stays aside, for any reason: the others are planned, and it stays untouched."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from hypothesis import given, settings
from hypothesis import strategies as st
from preflight_findings import preflight_report
from sharing_builders import RANGE, ccm, edge, nat_rule, objects, pool, service, vcd

SCENARIOS = [item.value for item in Scenario]
Json = dict[str, Any]


def flawless(number: int, shape: str, ports: int = 2) -> tuple[Json, dict[str, list[Any]]]:
    """A Service in a shape, on addresses of its own."""
    name, outside = f"s{number}", f"203.0.113.{10 + number}"
    labels = ("http", "https")[:ports]
    found = objects(shape, name, labels, outside)
    for one in (*found["virtual_services"], *found["nat_rules"]):
        for key in ("virtual_ip_address", "internal_addresses"):
            if str(one.get(key, "")).startswith("192.168.8."):
                one[key] = f"192.168.8.{10 * number + int(one[key].rpartition('.')[2])}"
    return service(name, ports=labels, ips=(outside,)), found


FLAWS = [
    "none",
    "udp port",
    "udp only",
    "deleting",
    "ipv6",
    "other controller",
    "excluded",
    "port excluded",
    "conflict",
]


@st.composite
def clusters(draw: st.DrawFn) -> tuple[str, str, list[str], Json, Json]:
    """Before and after, the flaw of each Service, and both results."""
    before, after = draw(st.sampled_from(SCENARIOS)), draw(st.sampled_from(SCENARIOS))
    flaws = draw(st.lists(st.sampled_from(FLAWS), min_size=1, max_size=4))
    there: dict[str, list[Any]] = {kind: [] for kind in objects(before)}
    services, excluded = [], []
    for number, flaw in enumerate(flaws):
        given_service, found = flawless(number, before)
        name, outside = given_service["name"], given_service["ingress_ips"][0]
        udp = {"name": "quic", "port": 80, "node_port": 31999, "protocol": "UDP", "app_protocol": None}
        if flaw == "udp port":
            given_service["ports"].append(udp)
            if before != "shared_external":
                inside = found["nat_rules"][0]["internal_addresses"]
                found["nat_rules"].append(nat_rule(name, "quic", outside, inside, 80))
                found["pools"].append(pool(name, "quic"))
        elif flaw == "udp only":
            given_service["ports"], found = [udp], {}
        elif flaw == "deleting":
            given_service["deleting"] = True
        elif flaw in ("ipv6", "other controller"):
            given_service["ingress_ips"], found = ["2001:db8::7" if flaw == "ipv6" else "10.10.0.77"], {}
        elif flaw == "excluded":
            excluded.append(f"default/{name}")
        elif flaw == "port excluded":
            excluded.append(f"default/{name}:https")
        elif flaw == "conflict":
            there["nat_rules"].append({**nat_rule("x", "y", outside, "10.0.0.9", 80), "name": f"theirs-{number}"})
        services.append(given_service)
        for kind, items in found.items():
            there[kind] += items
    return before, after, flaws, ccm(before, services=services, excluded=excluded), vcd(edge(**there))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(clusters())
def test_a_service_that_stays_aside_is_not_touched_and_stops_nothing(
    case: tuple[str, str, list[str], Json, Json],
) -> None:
    before, after, flaws, cluster, cloud = case
    one_arm = RANGE if after != "shared_external" else None
    report = preflight_report(cluster, cloud, after, one_arm, "migrate")
    findings = [one for one in report["findings"] if one["check"] in ("existing_services", "service_ports")]
    for number, flaw in enumerate(flaws):
        mine = [one for one in findings if f"default/s{number}" in one["message"]]
        if flaw == "none":
            assert "error" not in [one["severity"] for one in mine], mine
        else:
            reported = [one for one in mine if "stays" in one["message"] or one["severity"] == "error"]
            assert reported, mine
            assert all(one["remedy"] for one in reported if one["severity"] == "error")
        # only a Service that CPI would break stops the run: it has objects in a shape other than that of the scenario
        if any(one["severity"] == "error" for one in mine):
            assert flaw in ("deleting", "excluded", "port excluded", "conflict")
            assert before != after
            assert all("would break under" in one["message"] for one in mine if one["severity"] == "error")
    if not report["ok"]:
        return
    options = {option["name"]: option for option in services_option(cluster, cloud, after, one_arm)}
    whole = [f"s{number}" for number, flaw in enumerate(flaws) if flaw in ("none", "udp port", "port excluded")]
    assert sorted(options) == sorted(whole)
    steps = [step for one in report["migrations"] for step in one["steps"]]
    for number, flaw in enumerate(flaws):
        ports = [port["name"] for port in options[f"s{number}"]["ports"]] if f"s{number}" in options else []
        assert ports == {"none": ["http", "https"], "udp port": ["http", "https"], "port excluded": ["http"]}.get(
            flaw, []
        )
        if flaw == "port excluded":
            assert not [step for step in steps if f"-s{number}-" in step and "-https" in step]
        elif flaw not in ("none", "udp port"):
            assert not [step for step in steps if f"-s{number}-" in step]
