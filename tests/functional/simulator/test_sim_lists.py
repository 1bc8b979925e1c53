# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, sorting, pages and cursors."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim import errors, query
from vcdsim.testing import Simulator

ROW = {"name": "a:b", "size": 7, "tags": ["x", "y"], "on": True, "none": None}


def passes(text: str, *, encoded: bool = False) -> bool:
    return query.matches(query.parse_filter(text, encoded=encoded), ROW.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name==a:b", True),
        ("name==a", False),
        ("name!=a", True),
        ("size=gt=6", True),
        ("size=gt=7", False),
        ("size=ge=7", True),
        ("size=lt=10", True),
        ("size=le=6", False),
        ("name=gt=a", True),
        ("tags==y", True),
        ("tags!=y", False),
        ("on==true", True),
        ("none==x", False),
        ("none=lt=1", False),
        ("name==a:b;size==7", True),
        ("name==a:b;size==8", False),
        ("name==x,size==7", True),
        ("name==x,size==8", False),
        ("(name==x,size==7);on==true", True),
        ("(name==x,size==7);on==false", False),
        ("((name==a:b))", True),
    ],
)
def test_a_filter_selects_objects(text: str, expected: bool) -> None:
    assert passes(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name=a",
        "==a",
        "name==a;",
        "(name==a",
        "name==a)",
        "name==a*",
        "name==a+b",
        "1x==y",
        ";",
        ")",
    ],
)
def test_invalid_filters_are_refused(text: str) -> None:
    with pytest.raises(errors.ApiError, match="Cannot parse the supplied filter"):
        query.parse_filter(text)


def test_encoded_values_may_contain_any_character() -> None:
    assert query.parse_filter("alias==my%20cert%2C%2B", encoded=True) == query.Term("alias", "==", "my cert,+")


def test_a_cursor_is_read_back_and_a_foreign_one_refused() -> None:
    assert query.read_cursor(query.write_cursor(query.Cursor(30, 5, "desc"))) == query.Cursor(30, 5, "desc")
    odd = [query.write_cursor(one) for one in (query.Cursor(-1, 5), query.Cursor(0, 0), query.Cursor(0, 129))]
    for cursor in ("x", "", *odd, query.write_cursor(query.Cursor(0, 1, "up"))):
        with pytest.raises(errors.ApiError, match="cursor is invalid"):
            query.read_cursor(cursor)


@pytest.fixture
def pools(api: Api, scene: Scene) -> list[str]:
    """Five pools, created in another order than that of their names."""
    for name in ("c", "a", "e", "b", "d"):
        api.done("POST", "/loadBalancer/pools", scene.pool(f"pool-{name}:x", description=name))
    return [f"pool-{name}:x" for name in "abcde"]


def summaries(scene: Scene, suffix: str) -> str:
    return f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries{suffix}"


def names(body: dict[str, Any]) -> list[str]:
    return [one["name"] for one in body["values"]]


def test_a_list_is_split_into_pages(api: Api, scene: Scene, pools: list[str]) -> None:
    first = api.ask("GET", summaries(scene, "?pageSize=2&filter=enabled==true"))
    body = first.json()
    assert names(body) == pools[:2]
    assert (body["resultTotal"], body["pageCount"], body["page"], body["pageSize"]) == (5, 3, 1, 2)
    assert 'rel="nextPage"' in first.headers["Link"]
    address = first.headers["Link"].split(">")[0].removeprefix("<")
    assert address.startswith(f"{api.sim.url}/cloudapi/")
    assert names(api.get(address)) == pools[2:4]
    last = api.ask("GET", summaries(scene, "?pageSize=2&page=3"))
    assert "Link" not in last.headers
    assert names(last.json()) == pools[4:]


def test_a_page_past_the_end_is_empty(api: Api, scene: Scene, pools: list[str]) -> None:
    body = api.get(summaries(scene, "?page=9"))
    assert (body["values"], body["resultTotal"]) == ([], len(pools))


def test_a_list_is_sorted(api: Api, scene: Scene, pools: list[str]) -> None:
    assert names(api.get(summaries(scene, "?sortDesc=name"))) == pools[::-1]
    assert names(api.get(summaries(scene, ""))) == pools


def test_a_filter_finds_a_name_with_an_escaped_colon(api: Api, scene: Scene, pools: list[str]) -> None:
    assert names(api.get(summaries(scene, "?filter=name==pool-b%3Ax&page=1&pageSize=25"))) == [pools[1]]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("?pageSize=129", 'query parameter "pageSize" must be at most 128'),
        ("?pageSize=-1", "at least 0"),
        ("?page=0", "at least 1"),
        ("?page=x", "at least 1"),
        ("?sortAsc=description", "not sortable"),
        ("?sortAsc=name&sortDesc=name", "Only one of"),
        ("?filter=description==x", "not searchable"),
        ("?filter=name", "Cannot parse the supplied filter"),
    ],
)
def test_invalid_list_requests_are_refused(api: Api, scene: Scene, suffix: str, text: str) -> None:
    api.refused("GET", summaries(scene, suffix), None, text)


def test_networks_have_smaller_pages(api: Api) -> None:
    assert api.get("/orgVdcNetworks")["pageSize"] == 16
    assert api.get("/orgVdcNetworks?pageSize=32")["pageSize"] == 32
    api.refused("GET", "/orgVdcNetworks?pageSize=33", None, "at most 32")


def test_page_sizes_may_be_assumed_to_be_clamped(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.assume(page_size_above_limit="clamped")
    assert api.get("/orgVdcNetworks?pageSize=128")["pageSize"] == 32
    assert api.ask("GET", f"{scene.nat}?pageSize=500").status_code == 200


def test_nat_rules_are_read_by_cursor(api: Api, scene: Scene) -> None:
    for number in range(5):
        api.done("POST", scene.nat, scene.rule(f"rule-{number}", dnatExternalPort=str(8000 + number)))
    seen: list[str] = []
    address = f"{scene.nat}?pageSize=2&sortDesc=name"
    for _page in range(3):
        answer = api.ask("GET", address)
        body = answer.json()
        assert set(body) == {"status", "values"}
        seen += names(body)
        if "Link" not in answer.headers:
            break
        target, _semicolon, relation = answer.headers["Link"].partition(";")
        assert relation.split(";")[0] == 'rel="nextPage"'
        assert "cursor=" in target
        address = target.strip("<>")
    assert seen == [f"rule-{number}" for number in (4, 3, 2, 1, 0)]
    api.refused("GET", f"{scene.nat}?cursor=nonsense", None, "cursor is invalid")
    api.refused("GET", f"{scene.nat}?sortAsc=priority", None, "sorted by name only")
    api.refused("GET", f"{scene.nat}?sortAsc=name&sortDesc=name", None, "sorted by name only")


def test_an_alias_with_spaces_is_found_when_encoded(admin: Api) -> None:
    pem = admin.named("/ssl/certificateLibrary", "web-cert")["certificate"]
    assert (
        admin.ask("POST", "/ssl/certificateLibrary", {"alias": "my cert, new", "certificate": pem}).status_code == 201
    )
    found = admin.values("/ssl/certificateLibrary?filter=alias==my%20cert%2C%20new&filterEncoded=true")
    assert [one["alias"] for one in found] == ["my cert, new"]
    admin.refused("GET", "/ssl/certificateLibrary?filter=alias==my%2Bcert", None, "Cannot parse the supplied filter")


@pytest.mark.parametrize("blank", ["+", "%20"])
def test_an_alias_with_a_space_is_found(admin: Api, blank: str) -> None:
    """Clients write a space of a query as ``+``, and most do not use filterEncoded."""
    pem = admin.named("/ssl/certificateLibrary", "web-cert")["certificate"]
    assert admin.ask("POST", "/ssl/certificateLibrary", {"alias": "my cert", "certificate": pem}).status_code == 201
    found = admin.values(f"/ssl/certificateLibrary?filter=alias==my{blank}cert")
    assert [one["alias"] for one in found] == ["my cert"]
