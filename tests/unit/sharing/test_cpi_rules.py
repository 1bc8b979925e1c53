# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CPI derives from a Service and its file, as docs/cpi-rules.md lists it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import preflight
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import services_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import SSL_PORTS, read_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec
from hypothesis import given
from hypothesis import strategies as st
from sharing_builders import CLUSTER_ID, SCENARIOS, ccm, edge, names, objects, service, state, vcd, without

TLS = {SSL_PORTS: "81"}
PREMIUM = {"load_balancer": {**edge()["load_balancer"], "feature_set": "PREMIUM"}}
CONFIG: dict[str, Any] = ccm()["config"]


def config(**balancer: Any) -> dict[str, Any]:
    """CPI's file with changes in its section ``loadbalancer``; None removes a key."""
    found = copy.deepcopy(CONFIG)
    found["loadbalancer"].update(balancer)
    found["loadbalancer"] = {key: value for key, value in found["loadbalancer"].items() if value is not None}
    return found


@pytest.mark.parametrize("alias", [None, ""])
@pytest.mark.parametrize("cluster_id", [CLUSTER_ID, "NO_RDE_1", "prod"])
def test_the_certificate_is_named_after_the_cluster_where_the_file_names_none(
    alias: str | None, cluster_id: str
) -> None:
    """The virtual service of a TLS port is missing, and its repair creates what CPI would create."""
    found = without(objects("shared_external"), "virtual_services", 1)
    if cluster_id != CLUSTER_ID:
        found = {key: [] for key in found}
    web = service(annotations=TLS)
    cluster = ccm("shared_external", config=config(certAlias=alias), cluster_id=cluster_id, services=[web])
    (migration,) = state("shared_external", cluster, vcd(edge(**found, **PREMIUM)), existing="migrate").migrations
    assert migration.plan
    made = [step.after for step in migration.plan.steps if isinstance(step.after, VirtualService)]
    assert (made[-1].profile, made[-1].certificate) == ("L4_TLS", f"{cluster_id}-cert")


def test_the_alias_of_the_file_takes_precedence_over_that_of_the_cluster() -> None:
    cluster = ccm(config=config(certAlias="web-cert"), services=[service(annotations=TLS)])
    (option,) = services_of(state("shared_external", cluster, vcd(edge(**PREMIUM))))
    assert [port["certificate"] for port in option["ports"]] == ["", "web-cert"]


PORT = {"name": "a", "port": 443, "node_port": 30443, "protocol": "TCP", "app_protocol": None}


def go_reads(text: str) -> bool:
    """Whether Go's ParseInt reads a number of 32 bits; Python's int() accepts blanks, underscores and other digits."""
    if not text.isascii() or "_" in text or text.strip() != text:
        return False
    try:
        return -(2**31) <= int(text) < 2**31
    except ValueError:
        return False


@given(st.text(alphabet="0123456789+-, _x٣", max_size=14))
def test_the_list_of_tls_ports_is_read_as_go_reads_numbers(text: str) -> None:
    try:
        (port,) = read_ports([PORT], {SSL_PORTS: text}, "cert")
    except InvalidInput:
        assert not all(map(go_reads, text.split(",")))
    else:
        assert all(map(go_reads, text.split(",")))
        assert bool(port.certificate) == (443 in map(int, text.split(",")))


def test_a_sign_is_read_and_a_number_of_more_than_32_bits_is_not() -> None:
    assert read_ports([PORT], {SSL_PORTS: "+443"}, "cert") == (PortSpec("a", 443, 30443, certificate="cert"),)
    with pytest.raises(InvalidInput):
        read_ports([PORT], {SSL_PORTS: "443,2147483648"}, "cert")


# -- ports that CPI creates nothing for -----------------------------------------------------------------------------

NOT_CREATED: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"node_port": None}, {}, "it has no node port, and CPI makes nothing for it"),
    ({"protocol": "UDP"}, {}, "UDP: CPI serves TCP only, and stops at this port"),
    ({"app_protocol": "HTTPS"}, {}, "https without a certificate: Cloud Director refuses its virtual service"),
    ({"app_protocol": "http"}, TLS, "http with a certificate: Cloud Director refuses its virtual service"),
    ({}, TLS, "TLS for plain TCP needs an edge gateway with the feature set PREMIUM: Cloud Director refuses"),
]


def half_served(change: dict[str, Any], annotations: dict[str, str]) -> dict[str, Any]:
    """A Service whose second port CPI creates nothing for."""
    web = service(annotations=annotations)
    web["ports"][1].update(change)
    return web


def findings_of(check: str, found: ClusterState) -> list[tuple[str, str, str]]:
    """Severity, message and remedy."""
    return [(one.severity.value, one.message, one.remedy) for one in preflight(found) if one.check == check]


@pytest.mark.parametrize("existing", ["fail", "migrate"])
@pytest.mark.parametrize("target", SCENARIOS)
@pytest.mark.parametrize(("change", "annotations", "why"), NOT_CREATED)
def test_a_port_that_cpi_creates_nothing_for_stays_aside_and_the_others_go_on(
    change: dict[str, Any], annotations: dict[str, str], why: str, target: str, existing: str
) -> None:
    """It has no virtual service: the plan leaves it out, and no other Service or port is affected."""
    there = without(objects("shared_external"), "virtual_services", 1)
    cluster = ccm("shared_external", services=[half_served(change, annotations)])
    found = state(target, cluster, vcd(edge(**there)), existing=existing)
    ((level, message, remedy),) = findings_of("service_ports", found)
    assert (level, message.startswith(f"port https of default/web: {why}")) == ("warning", True)
    assert message.endswith("; it stays aside")
    assert remedy
    for migration in found.migrations:
        assert migration.plan
        assert not any("https" in step.name for step in migration.plan.steps)


@pytest.mark.parametrize("target", ["shared_internal", "distinct_internal"])
@pytest.mark.parametrize(("change", "annotations", "_why"), NOT_CREATED)
def test_a_virtual_service_that_exists_moves_with_the_others(
    change: dict[str, Any], annotations: dict[str, str], _why: str, target: str
) -> None:
    """CPI reads the IP of every port that has one, so no port may stay behind; and CPI keeps what it finds."""
    cluster = ccm("shared_external", services=[half_served(change, annotations)])
    found = state(target, cluster, vcd(edge(**objects("shared_external"))), existing="migrate")
    ((_level, message, _remedy),) = findings_of("service_ports", found)
    assert message.endswith("; its virtual service is kept")
    (migration,) = found.migrations
    assert migration.plan
    assert {step.name for step in migration.plan.steps} >= {
        names("web", "https").nat_rule,
        names("web", "http").nat_rule,
    }


def test_a_list_of_tls_ports_that_cpi_cannot_read_matters_only_to_a_port_that_is_missing() -> None:
    """CPI reads the annotation when it creates a virtual service, and not when it updates one."""
    web, there = service(annotations={SSL_PORTS: "443, 8443"}), objects("shared_external")
    cluster = ccm("shared_external", services=[web])
    (whole,) = state("shared_internal", cluster, vcd(edge(**there)), existing="migrate").migrations
    assert whole.plan
    lacking = vcd(edge(**without(there, "virtual_services", 0)))
    (damaged,) = state("shared_internal", cluster, lacking, existing="migrate").migrations
    assert [one.port for one in damaged.observed.aside] == ["http"]
    assert damaged.plan
    assert not [step for step in damaged.plan.steps if step.name.endswith("-http")]


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_a_service_that_asks_for_another_ip_than_its_own_stops_a_change(shape: str, target: str) -> None:
    """CPI would move the Service to that IP when it starts."""
    web = service(load_balancer_ip="203.0.113.40")
    found = state(target, ccm(shape, services=[web]), vcd(edge(**objects(shape))), existing="migrate")
    ((level, message, remedy),) = findings_of("given_addresses", found)
    assert level == ("warning" if shape == target else "error")
    assert message == (
        "default/web is served on 203.0.113.10, and its spec.loadBalancerIP asks for 203.0.113.40: CPI moves it to "
        "203.0.113.40 when it starts"
    )
    assert remedy == "set spec.loadBalancerIP to 203.0.113.10, or remove it"


@pytest.mark.parametrize(
    ("asked", "version"), [("203.0.113.10", "1.6.1"), (None, "1.6.1"), ("", "1.6.1"), ("203.0.113.40", "1.2.0")]
)
def test_a_service_may_ask_for_its_own_ip_and_cpi_1_2_ignores_the_request(asked: str | None, version: str) -> None:
    deployment = {**ccm()["deployment"], "version": version}
    cluster = ccm("shared_external", services=[service(load_balancer_ip=asked)], deployment=deployment)
    found = state("shared_internal", cluster, vcd(edge(**objects("shared_external"))), existing="migrate")
    assert findings_of("given_addresses", found) == []


def test_a_service_without_objects_may_ask_for_any_ip() -> None:
    cluster = ccm("shared_external", services=[service(load_balancer_ip="203.0.113.40", ips=())])
    assert findings_of("given_addresses", state("shared_internal", cluster)) == []


UNREADABLE = [
    "203.0.113.0", "203.0.113.0/", "203.0.113/24", "203.0.113.0/33", " 203.0.113.0/24", "203.0.113.0/255.255.255.0",
    "203.0.113.10-203.0.113.20", "203.0.113.010/24", "any",
]  # fmt: skip


@pytest.mark.parametrize("subnet", UNREADABLE)
def test_a_vip_subnet_that_cpi_cannot_parse_is_reported(subnet: str) -> None:
    cluster = ccm(config=config(vipSubnet=subnet))
    ((level, message, remedy),) = findings_of("external_addresses", state("shared_external", cluster))
    assert (level, message) == (
        "warning",
        f"vipSubnet {subnet!r} in CPI's file is not a subnet that CPI can read, and no new Service gets an IP",
    )
    assert "203.0.113.0/24" in remedy


@pytest.mark.parametrize(
    ("subnet", "why"),
    [
        ("2001:db8::/64", "is an IPv6 subnet"),
        ("0.0.0.0/0", "ends at 255.255.255.255"),
        ("198.51.100.0/24", "holds no address that is allocated to edge gateway acme-edge"),
    ],
)
def test_a_vip_subnet_without_a_usable_address_is_reported(subnet: str, why: str) -> None:
    found = state("shared_external", ccm(config=config(vipSubnet=subnet)))
    ((level, message, _remedy),) = findings_of("external_addresses", found)
    assert level == "warning"
    assert why in message


@pytest.mark.parametrize("subnet", ["203.0.113.0/24", "203.0.113.77/24", "203.0.113.0/024", "203.0.0.0/8", "", None])
def test_other_vip_subnets_are_accepted(subnet: str | None) -> None:
    ((level, _message, _remedy),) = findings_of(
        "external_addresses", state("shared_external", ccm(config=config(vipSubnet=subnet)))
    )
    assert level == "info"


# -- the edge gateway ------------------------------------------------------------------------------------------------

GROUP = {"owner": {"id": "urn:vcloud:vdcGroup:1", "name": "acme-group"}}


@pytest.mark.parametrize("current", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_a_gateway_of_a_vdc_group_accepts_no_profile_of_cpi(current: str, target: str) -> None:
    found = findings_of("vdc_group", state(target, ccm(current), vcd(edge(**GROUP))))
    if target == "shared_external":
        assert found == []
        return
    ((level, message, remedy),) = found
    assert level == ("error" if current == "shared_external" else "warning")
    assert "belongs to the VDC group acme-group" in message
    assert "not in the same network provider scope" in message
    assert "shared_external" in remedy


def test_the_gateway_must_route_the_network_in_the_file() -> None:
    other = vcd(edge(networks=[{"id": "urn:net", "name": "other", "type": "NAT_ROUTED", "subnets": ["10.9.0.1/24"]}]))
    (first, *_rest) = findings_of("edge_gateway", state("shared_external", None, other))
    assert first[0] == "error"
    assert first[1] == (
        "edge gateway acme-edge does not route k8s-net, the network in CPI's file: CPI uses another gateway"
    )


@pytest.mark.parametrize(
    ("version", "versions", "missing"),
    [
        ("1.6.1", ("37.0", "37.2", "39.1"), ""),
        ("1.6.0", ("37.3", "38.0"), "37.2"),
        ("1.5.0", ("37.0", "37.2"), "36.0"),
        ("1.5.0", ("36.0", "36.3"), ""),
        ("", ("39.0",), ""),
    ],
)
def test_cpi_needs_a_version_of_the_api(version: str, versions: tuple[str, ...], missing: str) -> None:
    cluster = ccm(deployment={**ccm()["deployment"], "version": version})
    found = findings_of("cpi_api", state("distinct_internal", cluster, vcd(edge(), versions=versions)))
    assert [level for level, _message, _remedy in found] == (["warning"] if missing else [])
    assert all(f"asks for API {missing}, which this VCD no longer serves" in message for _level, message, _r in found)


# -- other distributions ---------------------------------------------------------------------------------------------

SOURCE = {"kind": "Secret", "namespace": "d8-cloud-provider-vcd", "name": "ccm-controller-manager", "key": "c"}
DECKHOUSE_IP = "vcd.cpi.flant.com/load-balancer-ip"


def of(distribution: str, **changes: Any) -> dict[str, Any]:
    """A cluster with the CPI of a distribution."""
    return {"deployment": {**ccm()["deployment"], "version": "", "distribution": distribution}, **changes}


def test_a_file_that_deckhouse_writes_is_not_changed_and_can_be_verified() -> None:
    cluster = ccm("shared_external", **of("Deckhouse", config_map=None, config_source=SOURCE), services=[service()])
    there = vcd(edge(**objects("shared_external")))
    ((level, message, remedy),) = findings_of("configuration", state("shared_internal", cluster, there))
    assert (level, message) == (
        "error",
        "CPI's file is in Secret d8-cloud-provider-vcd/ccm-controller-manager, which Deckhouse's module "
        "cloud-provider-vcd writes: this run cannot change it",
    )
    assert "the playbook verify" in remedy
    assert verify_report(cluster, there)["ok"] is True
    unread = {**cluster, "config": None, "scenario": "invalid", "problems": ["this user may not read it"]}
    ((level, message, _remedy),) = findings_of("configuration", state("shared_internal", unread, there))
    assert (level, message) == ("error", "this user may not read it")
    report = verify_report(unread, there)
    assert report["ok"] is False
    assert "this user may not read it" in report["summary"]


def test_a_key_of_a_fork_is_a_warning_and_an_operators_key_a_note() -> None:
    cluster = ccm(**of("Orange"), extra_keys=["loadbalancer.transparentMode", "loadbalancer.mine"])
    first, second, _holds = findings_of("configuration", state("shared_external", cluster))
    assert first[:2] == ("warning", "loadbalancer.transparentMode: a key of Orange's CPI, which stays as it is")
    assert second[0] == "info"


@pytest.mark.parametrize(("distribution", "counts"), [("Deckhouse", True), ("VMware", False), ("", False)])
def test_deckhouses_annotation_takes_precedence_over_the_field(distribution: str, counts: bool) -> None:
    web = service(load_balancer_ip="203.0.113.10", annotations={DECKHOUSE_IP: "203.0.113.40"})
    cluster = ccm("shared_external", **of(distribution), services=[web])
    found = state("shared_internal", cluster, vcd(edge(**objects("shared_external"))), existing="migrate")
    messages = [message for _level, message, _remedy in findings_of("given_addresses", found)]
    assert [f"its annotation {DECKHOUSE_IP} asks for 203.0.113.40" in message for message in messages] == [
        True
    ] * counts


def test_an_annotation_of_a_fork_is_reported() -> None:
    name = "service.beta.kubernetes.io/vcd-loadbalancer-transparent-mode"
    web = service(annotations={name: "true"})
    for distribution, expected in (("Orange", ["warning"]), ("VMware", [])):
        found = state("shared_external", ccm(**of(distribution), services=[web]))
        assert [level for level, _message, _remedy in findings_of("service_annotations", found)] == expected


@pytest.mark.parametrize("target", SCENARIOS)
def test_a_udp_virtual_service_of_a_fork_is_never_rewritten(target: str) -> None:
    """It stays where the scenario stays; a change that would break it stops."""
    web, there = service(), objects("shared_external")
    web["ports"][1]["protocol"] = "UDP"
    there["virtual_services"][1]["service_ports"] = [{"start": 81, "end": 81, "type": "UDP_FAST_PATH"}]
    cluster = ccm("shared_external", **of("Orange"), services=[web])
    found = state(target, cluster, vcd(edge(**there)), existing="migrate")
    ((level, message, _remedy),) = findings_of("service_ports", found)
    assert (level, "its virtual service serves UDP" in message) == ("warning", True)
    errors = [one.message for one in preflight(found) if one.severity.value == "error"]
    assert bool(errors) is (target != "shared_external"), errors
    steps = [step.name for one in found.migrations if one.plan for step in one.plan.steps]
    assert not any("https" in name for name in steps)
