# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_virtual_service and vcd_nat_rule check which objects use an external address and port before they write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from in_process import PREMIUM_ESTATE, Modules
from vcdsim.testing import Simulator

SERVICE, NAT = "vcd_virtual_service", "vcd_nat_rule"
IP, OTHER, WIDE = "203.0.113.17", "203.0.113.18", "203.0.113.16/30"
WEB: dict[str, Any] = {
    "name": "web",
    "pool": "web",
    "application_profile": "L4",
    "virtual_ip_address": IP,
    "service_ports": [{"start": 443}],
    "service_engine_group": "seg-1",
}
DNAT: dict[str, Any] = {
    "name": "rule",
    "type": "DNAT",
    "external_addresses": IP,
    "internal_addresses": "192.168.8.2",
    "dnat_external_port": "443",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: Any) -> Iterator[Simulator]:
    """An edge gateway that allows a VIP and a rule on one address, so that only the modules refuse it."""
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    estate["system_profiles"] = [
        {"name": name, "ports": [{"protocol": "TCP", "ports": [port]}]} for name, port in (("HTTP", 80), ("HTTPS", 443))
    ]
    rights = [f"Organization vDC Gateway: {one}" for one in ("View", "View Load Balancer", "Configure Load Balancer")]
    balancer = {"name": "balancer", "password": "balancer-secret-1", "rights": rights}
    estate["organisations"][0]["users"].append(balancer)
    path = tmp_path_factory.mktemp("claims") / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    with Simulator(estate=path, task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def vcd(running: Simulator) -> Modules:
    """That edge gateway, with two pools."""
    running.reset()
    running.assume(vip_dnat_same_address="allowed")
    found = Modules(running)
    for name in ("web", "other"):
        found.done("vcd_pool", name=name)
    running.journal(clear=True)
    return found


def refused(vcd: Modules, module: str, **options: Any) -> str:
    """The refusal, which check mode predicts, and which comes before any write."""
    vcd.simulator.journal(clear=True)
    message = vcd.refused(module, check=True, **options)
    assert vcd.refused(module, **options) == message
    assert vcd.writes() == []
    return message


@pytest.mark.parametrize(
    ("present", "named"),
    [
        (DNAT, "DNAT rule 'rule' takes"),
        ({**DNAT, "enabled": False}, "DNAT rule 'rule' (disabled) takes"),
        ({**DNAT, "external_addresses": WIDE, "dnat_external_port": ""}, f"DNAT rule 'rule' ({WIDE}) takes"),
        ({**DNAT, "dnat_external_port": "400-500"}, "DNAT rule 'rule' takes"),
        ({**DNAT, "dnat_external_port": "", "application_port_profile": "HTTPS"}, "DNAT rule 'rule' takes"),
        ({**DNAT, "type": "REFLEXIVE", "dnat_external_port": ""}, "REFLEXIVE rule 'rule' takes"),
    ],
)
def test_a_virtual_service_on_a_port_that_a_rule_takes_is_refused(
    vcd: Modules, present: dict[str, Any], named: str
) -> None:
    vcd.done(NAT, **present)
    says = f"virtual_ip_address: {IP!r}: {named} the traffic to its port 443: choose another port or VIP, or remove the"
    assert says in refused(vcd, SERVICE, **WEB)
    vcd.done(SERVICE, **{**WEB, "service_ports": [{"start": 8443}], "virtual_ip_address": "203.0.113.40"})
    assert says in refused(vcd, SERVICE, name="web", virtual_ip_address=IP, service_ports=[{"start": 443}])
    assert says in refused(
        vcd, SERVICE, name="web", virtual_ip_address=IP, service_ports=[{"start": 443}], recreate=True
    )


@pytest.mark.parametrize(
    "present",
    [
        {**DNAT, "dnat_external_port": "80"},
        {**DNAT, "dnat_external_port": "", "application_port_profile": "HTTP"},
        {**DNAT, "external_addresses": "203.0.113.20/30"},
        {**DNAT, "type": "NO_DNAT", "internal_addresses": None},
        {**DNAT, "type": "SNAT", "dnat_external_port": "", "internal_addresses": "10.10.0.0/24"},
    ],
)
def test_a_virtual_service_beside_a_rule_is_created(vcd: Modules, present: dict[str, Any]) -> None:
    vcd.done(NAT, **present)
    made = vcd.done(SERVICE, **WEB)
    assert (made["changed"], made.get("warnings", [])) == (True, [])


@pytest.mark.parametrize(
    "options",
    [
        DNAT,
        {**DNAT, "external_addresses": WIDE, "dnat_external_port": ""},
        {**DNAT, "dnat_external_port": "400-500", "enabled": False},
        {**DNAT, "type": "REFLEXIVE", "dnat_external_port": ""},
    ],
)
def test_a_rule_that_takes_traffic_from_a_virtual_service_is_refused(vcd: Modules, options: dict[str, Any]) -> None:
    vcd.done(SERVICE, **WEB)
    says = f"the rule would take the traffic to port 443 of {IP} from virtual service 'web'"
    assert f"external_addresses: {options['external_addresses']!r}: {says}" in refused(vcd, NAT, **options)
    moved = {**options, "external_addresses": "203.0.113.40"}
    vcd.done(NAT, **moved)
    assert says in refused(vcd, NAT, name="rule", external_addresses=options["external_addresses"])


def test_a_rule_that_is_switched_on_is_checked_and_an_unrelated_change_is_not(vcd: Modules) -> None:
    ports = [{"protocol": "TCP", "destination_ports": ["80"]}]
    vcd.done("vcd_app_port_profile", name="app", application_ports=ports)
    vcd.done(NAT, **{**DNAT, "dnat_external_port": "", "application_port_profile": "app"}, enabled=False)
    vcd.done(SERVICE, **WEB)
    ports[0]["destination_ports"] = ["443"]  # now they conflict, although neither of them was written
    vcd.done("vcd_app_port_profile", name="app", application_ports=ports)
    assert vcd.done(NAT, name="rule", description="mine", internal_addresses="192.168.8.3")["changed"] is True
    assert vcd.done(NAT, name="rule", priority=3)["changed"] is True
    assert "the rule would take the traffic to port 443" in refused(vcd, NAT, name="rule", enabled=True)
    assert vcd.done(SERVICE, name="web", service_ports=[{"start": 443}, {"start": 8443}])["changed"] is True
    assert vcd.done(NAT, name="rule", dnat_external_port="8080", enabled=True)["changed"] is True


def test_the_priority_of_two_rules_decides_and_a_warning_says_which_gets_the_traffic(vcd: Modules) -> None:
    vcd.done(NAT, **DNAT)
    wide = {**DNAT, "name": "wide", "external_addresses": WIDE, "dnat_external_port": ""}
    assert "DNAT rule 'rule' is for port 443 of 203.0.113.17, too, with the same priority (0)" in refused(
        vcd, NAT, **wide
    )
    foreseen = vcd.done(NAT, check=True, **wide, priority=9)["warnings"]
    made = vcd.done(NAT, **wide, priority=9)
    assert str(foreseen) == str(made["warnings"])
    assert (
        f"external_addresses: {WIDE!r}: DNAT rule 'rule' is for port 443 of {IP}, too: that rule applies there, as its "
        "priority 0 precedes 9"
    ) in str(made["warnings"])
    again = vcd.done(NAT, **wide, priority=9)
    assert (again["changed"], again.get("warnings", [])) == (False, [])
    exempt = {"name": "not", "type": "NO_DNAT", "external_addresses": OTHER}
    warning = str(vcd.done(NAT, **exempt)["warnings"])
    assert f"DNAT rule 'wide' ({WIDE}) is for any port of {OTHER}, too: this NO_DNAT rule applies there" in warning


def test_a_user_who_may_not_read_the_rules_is_warned_and_cloud_director_decides(vcd: Modules) -> None:
    vcd.done(NAT, **DNAT)
    balancer = vcd.as_user(user="balancer", password="balancer-secret-1")
    warning = str(balancer.done(SERVICE, **WEB)["warnings"])
    assert (
        "was not checked against the NAT rules of edge gateway 'acme-edge': the user probably lacks the right"
        in warning
    )
    assert "'Organization vDC Gateway: View NAT'" in warning


def test_a_task_without_a_change_reads_no_claims(vcd: Modules) -> None:
    vcd.done(SERVICE, **WEB)
    vcd.done(NAT, **{**DNAT, "external_addresses": OTHER})
    for module, options, foreign in (
        (SERVICE, WEB, "nat/rules"),
        (NAT, {**DNAT, "external_addresses": OTHER}, "virtualServiceSummaries"),
    ):
        vcd.simulator.journal(clear=True)
        assert vcd.done(module, **options)["changed"] is False
        assert vcd.done(module, name=options["name"], description="")["changed"] is False
        assert [entry["path"] for entry in vcd.simulator.journal() if foreign in entry["path"]] == []
