# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CPI derives from a Service and its file, as docs/cpi-rules.md lists it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import services_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import SSL_PORTS, read_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec
from hypothesis import given
from hypothesis import strategies as st
from sharing_builders import CLUSTER_ID, ccm, edge, objects, service, state, vcd, without

TLS = {SSL_PORTS: "81"}
CONFIG: dict[str, Any] = ccm()["config"]


def config(**balancer: Any) -> dict[str, Any]:
    """CPI's file with changes in its section loadbalancer; None removes a key."""
    found = copy.deepcopy(CONFIG)
    found["loadbalancer"].update(balancer)
    found["loadbalancer"] = {key: value for key, value in found["loadbalancer"].items() if value is not None}
    return found


@pytest.mark.parametrize("alias", [None, ""])
@pytest.mark.parametrize("cluster_id", [CLUSTER_ID, "NO_RDE_1", "prod"])
def test_the_certificate_is_named_after_the_cluster_where_the_file_names_none(
    alias: str | None, cluster_id: str
) -> None:
    """The virtual service of a TLS port is missing, and its repair makes what CPI would make."""
    found = without(objects("shared_external"), "virtual_services", 1)
    if cluster_id != CLUSTER_ID:
        found = {key: [] for key in found}
    web = service(annotations=TLS)
    cluster = ccm("shared_external", config=config(certAlias=alias), cluster_id=cluster_id, services=[web])
    (migration,) = state("shared_external", cluster, vcd(edge(**found)), existing="migrate").migrations
    assert migration.plan
    made = [step.after for step in migration.plan.steps if isinstance(step.after, VirtualService)]
    assert (made[-1].profile, made[-1].certificate) == ("L4_TLS", f"{cluster_id}-cert")


def test_the_alias_of_the_file_comes_before_that_of_the_cluster() -> None:
    cluster = ccm(config=config(certAlias="web-cert"), services=[service(annotations=TLS)])
    (option,) = services_of(state("shared_external", cluster, vcd(edge())))
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
def test_the_list_of_tls_ports_is_read_like_go_reads_numbers(text: str) -> None:
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
