# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters have objects on an edge gateway, and in which scenario these are."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.clusters import (
    cluster_id_in,
    clusters_on,
    scenario_of,
    services_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from hypothesis import given
from hypothesis import strategies as st

UUID = "6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
ENTITY, NATIVE, NO_RDE = f"capvcdCluster:{UUID}", UUID, f"NO_RDE_{UUID}"
OUTSIDE, INSIDE = "203.0.113.10", "192.168.8.2"
UPLINK = network_of("203.0.113.0/24")
assert UPLINK
EDGE = EdgeAddresses((UPLINK,), internal=(DEFAULT_ONE_ARM,))
LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)


def objects(cluster_id: str, service: str, vips: dict[str, str], external: str = "") -> list[Object]:
    """The virtual service of each port, with its VIP, its pool, and a DNAT rule if there is an external IP."""
    found: list[Object] = []
    for port, vip in vips.items():
        names = Naming.of_cluster(cluster_id).port(service, port)
        found += [VirtualService(names.virtual_service, names.pool, vip, ("80",)), Pool(names.pool)]
        found += [NatRule(names.nat_rule, external, vip)] if external else []
    return found


@pytest.mark.parametrize("cluster_id", [ENTITY, NATIVE, NO_RDE])
@given(service=LABEL, port=st.one_of(st.just(""), LABEL))
def test_an_id_of_the_usual_form_is_found_in_each_name_that_cpi_gives(cluster_id: str, service: str, port: str) -> None:
    names = Naming.of_cluster(cluster_id).port(service, port)
    for name in (names.virtual_service, names.pool, names.nat_rule, names.profile):
        assert cluster_id_in(name) == cluster_id


@pytest.mark.parametrize(
    "name",
    [
        "",
        "web",
        f"web-{UUID}-http",
        f"ingress-vs-web-{UUID}",
        f"ingress-lb-web-{UUID}-http",
        f"ingress-vs-web-{UUID[:-1]}-http",
        f"ingress-vs-{UUID}-{UUID}-http",
        f"ingress-vs-web-{ENTITY}-{UUID}-http",
        "ingress-vs-web-prod-eu-http",
    ],
)
def test_no_id_is_found_where_the_form_does_not_show_it(name: str) -> None:
    assert cluster_id_in(name) == ""


def test_objects_are_grouped_by_cluster_and_those_of_unknown_ids_are_named() -> None:
    mine, other = objects(ENTITY, "web", {"http": INSIDE}, OUTSIDE), objects("prod-eu", "web", {"http": "192.168.8.3"})
    found = clusters_on(Inventory([*mine, *other, VirtualService("shop", "shop-pool", OUTSIDE, ("80",))]))
    assert set(found.objects) == {ENTITY}
    assert {one.name for one in found.objects[ENTITY]} == {one.name for one in mine}
    assert set(found.unclear) == {one.name for one in other}


def test_a_given_id_is_found_and_a_name_of_two_ids_counts_for_both() -> None:
    inventory = Inventory(objects("prod-eu", "web", {"http": INSIDE}))
    assert set(clusters_on(inventory, ["prod-eu"]).objects) == {"prod-eu"}
    # port eu-http of Service web in prod, or port http of it in prod-eu
    assert set(clusters_on(inventory, ["prod", "prod-eu"]).objects) == {"prod", "prod-eu"}
    assert set(clusters_on(inventory, ["urn:vcloud:entity:vmware:prod-eu"]).objects) == {"prod-eu"}


def test_an_id_that_only_contains_a_uuid_is_taken_as_it_was_given() -> None:
    whole = f"team-a-{UUID}"
    found = clusters_on(Inventory(objects(whole, "web", {"http": INSIDE})), [whole])
    assert set(found.objects) == {whole}


def test_services_are_found_with_their_ports() -> None:
    items = [*objects(ENTITY, "web", {"http": INSIDE, "https": INSIDE}), *objects(ENTITY, "db", {"": INSIDE})]
    assert services_of(ENTITY, items) == {"db": frozenset({""}), "web": frozenset({"http", "https"})}


@pytest.mark.parametrize(
    ("items", "scenario"),
    [
        (objects(ENTITY, "web", {"a": OUTSIDE, "b": OUTSIDE}), "shared_external"),
        (objects(ENTITY, "web", {"a": INSIDE, "b": INSIDE}, OUTSIDE), "shared_internal"),
        (objects(ENTITY, "web", {"a": INSIDE, "b": "192.168.8.3"}, OUTSIDE), "distinct_internal"),
        # one port looks the same in both internal scenarios, until another Service shows which one it is
        (objects(ENTITY, "one", {"a": INSIDE}, OUTSIDE), ""),
        (
            objects(ENTITY, "one", {"a": "192.168.8.9"}, "203.0.113.11")
            + objects(ENTITY, "web", {"a": INSIDE, "b": INSIDE}, OUTSIDE),
            "shared_internal",
        ),
        (
            objects(ENTITY, "web", {"a": OUTSIDE, "b": OUTSIDE})
            + objects(ENTITY, "two", {"a": INSIDE, "b": INSIDE}, "203.0.113.11"),
            "mixed",
        ),
        (objects(ENTITY, "web", {"a": INSIDE, "b": OUTSIDE}), "mixed"),
        ([Pool(Naming.of_cluster(ENTITY).port("web", "a").pool)], ""),
        ([], ""),
    ],
)
def test_the_scenario_is_what_all_services_have_in_common(items: list[Object], scenario: str) -> None:
    assert scenario_of(ENTITY, items, Inventory(items), EDGE) == scenario
