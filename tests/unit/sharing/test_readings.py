# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All ways to parse the name of an object, and what stays ambiguous."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    KINDS,
    VIRTUAL_SERVICE,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import (
    Reading,
    doubt_about,
    other_cluster_ids,
    readings,
)
from hypothesis import given
from hypothesis import strategies as st

URN = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
SHORT = URN.removeprefix("urn:vcloud:entity:vmware:")
WORDS = ["prod", "eu", "web", "http", "a", "vs", "pool", "ingress", "dnat"]
LABELS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("-".join)
IDS = st.one_of(LABELS, st.just(URN), st.sampled_from(["a-", "-a", "A.b_c", "a--a", "NO_RDE_1", "{x}", "x}y{"]))


@pytest.mark.parametrize(
    ("cluster_id", "name", "expected"),
    [
        (URN, f"ingress-vs-web-{SHORT}-http", [("web", "http")]),
        (URN, f"ingress-vs-web-{SHORT}-", [("web", "")]),
        (URN, f"ingress-vs-my-web-{SHORT}-http-alt", [("my-web", "http-alt")]),
        (URN, "ingress-vs-web-another-cluster-http", []),
        (URN, f"ingress-vs--{SHORT}-http", []),
        (URN, f"my-ingress-vs-web-{SHORT}-http", []),
        (URN, f"ingress-pool-web-{SHORT}-http", []),
        ("prod", "ingress-vs-web-prod-prod-http", [("web", "prod-http"), ("web-prod", "http")]),
        ("prod", "ingress-vs-web-prod-eu-http", [("web", "eu-http")]),
        ("prod", "ingress-vs-Web-prod-http", []),
        ("a-a", "ingress-vs-x-a-a-a-p", [("x", "a-p"), ("x-a", "p")]),
    ],
)
def test_every_reading_of_a_name_is_found(cluster_id: str, name: str, expected: list[tuple[str, str]]) -> None:
    found = readings(Naming.of_cluster(cluster_id), VIRTUAL_SERVICE, name)
    assert [(one.service, one.port) for one in found] == expected


@given(cluster_id=IDS, service=LABELS, port=st.one_of(st.just(""), LABELS))
def test_the_port_that_has_a_name_is_among_its_readings(cluster_id: str, service: str, port: str) -> None:
    for kind, name in Naming.of_cluster(cluster_id).port(service, port).pairs():
        assert kind in (*KINDS, HTTP_POLICY)
        assert Reading(service, port) in readings(Naming.of_cluster(cluster_id), kind, name)


@given(mine=IDS, theirs=IDS, service=LABELS, port=st.one_of(st.just(""), LABELS))
def test_a_name_of_another_cluster_is_always_ambiguous(mine: str, theirs: str, service: str, port: str) -> None:
    for kind, name in Naming.of_cluster(theirs).port(service, port).pairs():
        ways = readings(Naming.of_cluster(mine), kind, name)
        if mine != theirs and ways:
            assert doubt_about(Naming.of_cluster(mine), name, ways)


@pytest.mark.parametrize(
    ("cluster_id", "name", "others"),
    [
        ("prod", "ingress-vs-web-prod-http", ()),
        ("prod", "ingress-vs-web-prod-eu-http", ("eu", "prod-eu")),
        ("prod", "dnat-ingress-vs-web-prod-eu-http", ("eu", "prod-eu")),
        (SHORT, f"ingress-vs-my-web-{SHORT}-http-alt", ()),
        ("NO_RDE_1", "ingress-vs-web-NO_RDE_1-http", ()),
    ],
)
def test_the_ids_of_other_clusters_that_a_name_may_hold(cluster_id: str, name: str, others: tuple[str, ...]) -> None:
    assert set(other_cluster_ids(cluster_id, name)) == set(others)


@given(
    template=st.sampled_from(
        ["{kind}-{service}-{port}", "{service}.{kind}.{port}", "{namespace}_{kind}{{{service}}}:{port}"]
    ),
    service=LABELS,
    port=st.one_of(st.just(""), LABELS),
)
def test_names_of_a_template_are_read_back(template: str, service: str, port: str) -> None:
    naming = Naming.parse(template)
    space = "default" if "{namespace}" in template else ""
    for kind, name in naming.port(service, port, space).pairs():
        assert Reading(service, port, space) in readings(naming, kind, name)


def test_the_edge_gateway_is_part_of_the_names() -> None:
    naming = Naming.parse("{edge_gateway}-{kind}-{service}-{port}", "acme {edge}")
    assert naming.port("shop", "http").virtual_service == "acme {edge}-vs-shop-http"
    assert readings(naming, VIRTUAL_SERVICE, "acme {edge}-vs-shop-http") == (Reading("shop", "http"),)
    assert readings(naming, VIRTUAL_SERVICE, "other-vs-shop-http") == ()
    assert naming.per_gateway
    assert not Naming.parse("{kind}-{service}-{port}").per_gateway
