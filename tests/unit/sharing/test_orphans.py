# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster that no Service claims."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import Orphan, find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.ownership import owned_name
from sharing_builders import (
    CLUSTER_ID,
    ccm,
    edge,
    nat_rule,
    objects,
    pool,
    profile,
    service,
    vcd,
    virtual_service,
)

KINDS = ["virtual_service", "pool", "nat_rule", "application_port_profile"]


def full_set(name: str, port: str, number: int, cluster_id: str = CLUSTER_ID) -> dict[str, list[Any]]:
    """All four objects of a port behind NAT."""
    return {
        "virtual_services": [virtual_service(name, port, "192.168.8.2", cluster_id, number)],
        "pools": [pool(name, port, "x", cluster_id=cluster_id)],
        "nat_rules": [nat_rule(name, port, "203.0.113.10", "192.168.8.2", str(number), cluster_id)],
        "application_port_profiles": [profile(name, port, number, cluster_id)],
    }


def orphans(there: dict[str, Any], *services: dict[str, Any], cluster_id: str = CLUSTER_ID) -> list[Orphan]:
    """The orphans among these objects."""
    read = read_vcd(vcd(edge(**there)))
    assert read is not None
    return find_orphans(cluster_id, read_cluster(ccm(services=list(services))).services, read.edges[0].inventory)


def reasons(there: dict[str, Any], *services: dict[str, Any]) -> set[str]:
    """Why they are orphans."""
    return {item.why for item in orphans(there, *services)}


def test_a_claimed_object_is_no_orphan_in_any_shape() -> None:
    for shape in ("shared_external", "shared_internal", "distinct_internal"):
        assert orphans(objects(shape), service()) == []
    half = {**full_set("web", "http", 80), "virtual_services": []}
    assert orphans(half, service()) == []


def test_a_deleted_service_leaves_all_four_kinds_in_the_order_of_removal() -> None:
    found = orphans(full_set("web", "http", 80))
    assert [item.kind for item in found] == KINDS
    assert {item.why for item in found} == {"there is no Service web of type LoadBalancer"}
    assert found[0].as_dict() == {"kind": "virtual_service", "name": found[0].name, "why": found[0].why}


def test_a_renamed_port_is_recognised_by_its_number() -> None:
    there = full_set("web", "https", 81)
    reason = {"port https of web was renamed to tls (same external port 81)"}
    assert reasons(there, service(ports=("http", "tls"))) == reason
    # any one of the objects tells the number
    for key in ("nat_rules", "application_port_profiles", "virtual_services"):
        alone = {key: there[key]}
        assert all("renamed to tls" in why for why in reasons(alone, service(ports=("http", "tls"))))
    gone = ", and its virtual service is gone"
    assert reasons({"pools": there["pools"]}, service(ports=("http", "tls"))) == {f"web no longer has port https{gone}"}


def test_a_port_that_was_removed() -> None:
    assert reasons(full_set("web", "https", 443), service(ports=("http",))) == {"web no longer has port https"}
    unnamed = full_set("web", "", 443)
    assert reasons(unnamed, service(ports=("http",))) == {"web no longer has the port without a name"}


def test_rules_that_outlive_their_virtual_service_after_a_change_of_scenario() -> None:
    there = {**full_set("web", "http", 80), "virtual_services": [], "pools": []}
    found = orphans(there)
    assert [item.kind for item in found] == ["nat_rule", "application_port_profile"]
    assert {item.why for item in found} == {
        "there is no Service web of type LoadBalancer, and its virtual service is gone"
    }


def test_a_service_of_another_controller_claims_nothing() -> None:
    other = service(load_balancer_class="example.com/lb")
    assert reasons(full_set("web", "http", 80), other) == {"Service web has the load balancer class example.com/lb"}


def test_a_port_without_node_port_claims_nothing() -> None:
    useless = service(ports=("http",))
    useless["ports"][0]["node_port"] = None
    assert reasons(full_set("web", "http", 80), useless) == {"web no longer has port http"}


@pytest.mark.parametrize("cluster_id", ["", "urn:another"])
def test_objects_of_another_cluster_are_ignored(cluster_id: str) -> None:
    assert orphans(full_set("web", "http", 80), cluster_id=cluster_id) == []
    nameless = full_set("web", "http", 80, "")
    assert orphans(nameless, cluster_id=cluster_id) == []


def test_an_object_with_the_name_of_another_kind_is_not_cpis() -> None:
    strange = [{"id": "urn:p", "name": virtual_service("web", "http", "")["name"], "virtual_services": []}]
    assert owned_name(strange[0]["name"], CLUSTER_ID) is not None
    assert orphans({"pools": strange}) == []
