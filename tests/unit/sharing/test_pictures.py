# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of pictures: what leads to each Service, before and after a change, and how many addresses that takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import (
    LONGEST,
    MOST_PORTS,
    MOST_SERVICES,
    picture_of,
    picture_of_machines,
    planned_picture_of,
    with_members,
)
from preflight_findings import preflight_report
from report_records import healthy
from sharing_builders import SCENARIOS, ccm, edge, ip_space_edge, objects, service, state, vcd, without


def paths(picture: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The paths of the only Service."""
    assert picture is not None
    (found,) = picture["services"]
    return list(found["paths"])


def vips(picture: dict[str, Any] | None) -> list[str]:
    return [path["virtual_service"]["address"] for path in paths(picture)]


@pytest.mark.parametrize(
    ("shape", "addresses", "rules", "in_use"),
    [
        ("shared_external", ["203.0.113.10", "203.0.113.10"], [None, None], (1, 0)),
        ("shared_internal", ["192.168.8.2", "192.168.8.2"], ["192.168.8.2", "192.168.8.2"], (1, 1)),
        ("distinct_internal", ["192.168.8.2", "192.168.8.3"], ["192.168.8.2", "192.168.8.3"], (1, 2)),
    ],
)
def test_the_picture_shows_each_shape(
    shape: str, addresses: list[str], rules: list[str | None], in_use: tuple[int, int]
) -> None:
    picture = picture_of(state(shape, ccm(shape, services=[service()]), vcd(healthy(objects(shape)))))
    assert vips(picture) == addresses
    assert [path["rule"] and path["rule"]["internal"] for path in paths(picture)] == rules
    assert all(path["serves"] for path in paths(picture))
    assert picture is not None
    assert (picture["external"]["in_use"], picture["internal"]["in_use"]) == in_use
    assert picture["services"][0]["external_ip"] == "203.0.113.10"


def test_the_picture_shows_health_and_members() -> None:
    gateway = healthy(objects("shared_external"))
    gateway["virtual_services"][1]["health_status"] = "DOWN"
    gateway["healthy_pools"][0]["members"][2]["health_status"] = "DOWN"
    up, down = paths(picture_of(state("shared_external", ccm("shared_external", services=[service()]), vcd(gateway))))
    assert (up["virtual_service"]["health"], down["virtual_service"]["health"]) == ("UP", "DOWN")
    assert (up["pool"]["up"], up["pool"]["count"]) == (2, 3)
    assert [one["health"] for one in up["pool"]["members"]] == ["UP", "UP", "DOWN"]


def test_members_that_were_not_read_are_counted() -> None:
    gateway = healthy(objects("shared_external"))
    del gateway["healthy_pools"]
    (first, _second) = paths(
        picture_of(state("shared_external", ccm("shared_external", services=[service()]), vcd(gateway)))
    )
    assert (first["pool"]["members"], first["pool"]["up"], first["pool"]["count"]) == ([], 3, 3)


def test_members_that_were_read_later_come_into_the_picture() -> None:
    gateway = healthy(objects("distinct_internal"))
    short = {key: value for key, value in gateway.items() if key != "healthy_pools"}
    read = state("shared_external", ccm(services=[service()]), vcd(short), None, "migrate")
    before, planned = (with_members(one(read), vcd(gateway)) for one in (picture_of, planned_picture_of))
    assert [one["address"] for one in paths(before)[0]["pool"]["members"]] == ["10.10.0.11", "10.10.0.12", "10.10.0.13"]
    assert [one["health"] for one in paths(before)[0]["pool"]["members"]] == ["UP", "UP", "UP"]
    assert [one["health"] for one in paths(planned)[0]["pool"]["members"]] == ["", "", ""]
    assert paths(picture_of(read))[0]["pool"]["members"] == []
    assert with_members(None, vcd(gateway)) is None


def test_a_port_with_missing_objects_does_not_serve() -> None:
    found = without(objects("distinct_internal"), "nat_rules", 1)
    first, second = paths(picture_of(state("distinct_internal", ccm(services=[service()]), vcd(edge(**found)))))
    assert (first["serves"], second["serves"]) == (True, False)
    assert second["rule"] is None
    gone = without(objects("distinct_internal"), "virtual_services", 0)
    first, _second = paths(picture_of(state("distinct_internal", ccm(services=[service()]), vcd(edge(**gone)))))
    assert (first["virtual_service"], first["serves"]) == (None, False)


@pytest.mark.parametrize("before", SCENARIOS)
@pytest.mark.parametrize("after", SCENARIOS)
def test_the_plan_leads_to_what_cpi_would_make(before: str, after: str) -> None:
    """The planned picture shows the objects that CPI creates under the scenario."""
    cluster, gateway = ccm(before, services=[service()]), vcd(healthy(objects(before)))
    planned = planned_picture_of(state(after, cluster, gateway, existing="migrate"))
    if before == after:
        assert planned is None
        return
    made = picture_of(state(after, ccm(after, services=[service()]), vcd(healthy(objects(after)))))
    assert planned is not None
    assert vips(planned) == vips(made)
    assert all(path["serves"] for path in paths(planned))
    assert [path["virtual_service"]["health"] for path in paths(planned)] == ["", ""]
    assert planned["planned"] is True


def test_the_inventory_that_was_read_stays_as_it_is() -> None:
    read = state(
        "shared_external", ccm(services=[service()]), vcd(healthy(objects("distinct_internal"))), None, "migrate"
    )
    before = picture_of(read)
    planned_picture_of(read)
    assert picture_of(read) == before


def test_going_back_has_a_picture_of_its_own_plan() -> None:
    point = {"scenario": "distinct_internal"}
    arguments = (ccm(services=[service()]), vcd(healthy(objects("distinct_internal"))), "shared_external")
    report = preflight_report(*arguments, existing="migrate", restore_point=point)
    assert report["pictures"]["after"] is None
    assert report["pictures"]["before"] is not None


def free_in_the_finding(report: dict[str, Any]) -> int:
    """The number in the preflight's message about external addresses."""
    (text,) = [one["message"] for one in report["findings"] if one["check"] == "external_addresses"]
    return int(text.partition(" has ")[2].split()[0])


def test_free_addresses_are_those_of_the_preflight() -> None:
    taken = [{"address": f"203.0.113.{number}", "category": "NAT"} for number in range(10, 25)]
    gateway = healthy(objects("distinct_internal"), used_ip_addresses=taken)
    report = preflight_report(ccm(services=[service()]), vcd(gateway), "distinct_internal")
    assert report["pictures"]["before"]["external"]["free"] == free_in_the_finding(report) == 36
    assert report["pictures"]["before"]["internal"]["free"] == 99 - 2


def test_an_unknown_number_is_given_as_null() -> None:
    report = verify_report(ccm("shared_external"), vcd(ip_space_edge()), "shared_external")
    assert (report["picture"]["external"]["free"], report["picture"]["internal"]["free"]) == (None, None)
    assert verify_report(ccm(), {"skipped": True})["picture"] is None


def test_a_picture_is_bounded() -> None:
    many = [service(f"s{number}", ips=(f"203.0.113.{number % 250}",)) for number in range(MOST_SERVICES + 5)]
    wide = service("wide", ports=tuple(f"p{number}" for number in range(MOST_PORTS + 3)))
    picture = picture_of(state("shared_external", ccm("shared_external", services=[wide, *many]), vcd(edge())))
    assert picture is not None
    assert (len(picture["services"]), picture["left_out"]) == (MOST_SERVICES, 6)
    (drawn,) = [one for one in picture["services"] if one["label"] == "default/wide"]
    assert (len(drawn["paths"]), drawn["left_out"]) == (MOST_PORTS, 3)
    long = picture_of(state("shared_external", ccm("shared_external", services=[service("x" * 5000)]), vcd(edge())))
    assert long is not None
    assert len(long["services"][0]["label"]) == LONGEST


def test_a_picture_of_ten_services_is_small() -> None:
    names = [f"svc-{number}" for number in range(10)]
    found = [objects("distinct_internal", name, outside=f"203.0.113.{10 + at}") for at, name in enumerate(names)]
    parts: dict[str, list[Any]] = {kind: [one for part in found for one in part[kind]] for kind in found[0]}
    services = [service(name, ips=(f"203.0.113.{10 + at}",)) for at, name in enumerate(names)]
    picture = picture_of(state("distinct_internal", ccm(services=services), vcd(healthy(parts))))
    assert len(json.dumps(picture)) < 20_000


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("given", ["203.0.113.10", ""])
def test_services_of_machines_are_drawn_like_those_of_a_cluster(shape: str, given: str) -> None:
    """If a task does not give the external IP, the objects show it."""
    seen = state(shape, ccm(shape, services=[service()]), vcd(healthy(objects(shape))))
    expected = picture_of(seen)
    assert seen.edge is not None
    (item,) = seen.observed
    found = picture_of_machines([item.service.with_external_ip(given)], seen.edge, seen.addresses)
    assert found["services"] == (expected or {})["services"]
    assert found["external"] == (expected or {})["external"]
    assert found["internal"] == {**(expected or {})["internal"], "free": None}


def test_services_of_machines_without_objects_are_drawn_as_missing() -> None:
    seen = state("shared_internal", ccm("shared_internal", services=[service()]), vcd(edge()))
    assert seen.edge is not None
    (item,) = seen.observed
    (web,) = picture_of_machines([item.service], seen.edge, seen.addresses)["services"]
    assert [path["serves"] for path in web["paths"]] == [False, False]
    assert [path["virtual_service"] for path in web["paths"]] == [None, None]
