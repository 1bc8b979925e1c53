# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_firewall_rule against the simulator: one rule is changed, and what other clients do meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule import calls
from in_process import Modules
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

RULE = "vcd_firewall_rule"


@pytest.fixture(params=["checked", "ignored"])
def edge(request: pytest.FixtureRequest, running: Simulator) -> Modules:
    """An edge gateway with three rules of other clients. Cloud Director refuses or accepts an outdated list."""
    running.reset()
    running.settings(task_seconds=0)
    running.assume(**{"firewall-version": request.param})
    modules = Modules(running, user="admin", password="admin-secret-1")
    put(modules, [other("a"), other("b"), other("c")])
    running.journal(clear=True)
    return modules


def other(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "actionValue": "DROP", "enabled": True, **more}


def listed(edge: Modules) -> list[dict[str, Any]]:
    """The rules as the API returns them."""
    api = Api(edge.simulator, "admin@acme")
    found: list[dict[str, Any]] = api.get(f"/edgeGateways/{Scene(api).edge}/firewall/rules")["userDefinedRules"]
    return found


def put(edge: Modules, body: list[dict[str, Any]]) -> None:
    """What Terraform does: the whole list, without versions."""
    api = Api(edge.simulator, "admin@acme")
    rows = [{name: value for name, value in one.items() if name != "version"} for one in body]
    api.done("PUT", f"/edgeGateways/{Scene(api).edge}/firewall/rules", {"userDefinedRules": rows})


def rules(edge: Modules) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = edge.done("vcd_firewall_rule_info")["firewall_rules"]
    return found


def names(edge: Modules) -> list[str]:
    return [one["name"] for one in rules(edge)]


def test_a_rule_is_created_once_changed_moved_and_removed(edge: Modules) -> None:
    others = [{**one, "version": None, "position": None} for one in rules(edge)]
    wanted = {"name": "mine", "action": "ALLOW", "sources": ["workers"], "app_port_profiles": ["HTTP", "HTTPS"]}
    planned = edge.done(RULE, check=True, before="b", **wanted)
    assert (planned["changed"], planned["firewall_rule"]["position"]) == (True, 2)
    assert edge.writes() == []
    made = edge.done(RULE, before="b", **wanted)["firewall_rule"]
    assert made["position"] == 2
    assert [one["name"] for one in made["app_port_profiles"]] == ["HTTP", "HTTPS"]
    assert names(edge) == ["a", "mine", "b", "c"]
    edge.simulator.journal(clear=True)
    for again in ({"before": "b"}, {"before": "c"}, {"after": "a"}, {}):
        assert edge.done(RULE, **again, **wanted)["changed"] is False
    assert edge.writes() == []
    changed = edge.done(RULE, name="mine", direction="IN", enabled=False, app_port_profiles=[])["firewall_rule"]
    assert (changed["id"], changed["direction"], changed["enabled"]) == (made["id"], "IN", False)
    assert [one.split()[0] for one in edge.writes()] == ["PUT"]
    assert edge.writes()[0].endswith(made["id"])  # the rule alone
    assert edge.done(RULE, check=True, name="mine", position="last")["firewall_rule"]["position"] == 4
    assert edge.done(RULE, name="mine", position="last", action="REJECT")["firewall_rule"]["position"] == 4
    assert names(edge) == ["a", "b", "c", "mine"]
    assert edge.done(RULE, name="mine", position="first")["firewall_rule"]["id"] == made["id"]
    assert names(edge) == ["mine", "a", "b", "c"]
    assert edge.done(RULE, name="mine", state="absent", check=True)["changed"] is True
    assert edge.done(RULE, name="mine", state="absent")["firewall_rule"] is None
    assert edge.done(RULE, name="mine", state="absent")["changed"] is False
    assert [{**one, "version": None, "position": None} for one in rules(edge)] == others


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"before": "none-such", "action": "ALLOW"},
            "before: 'none-such': no firewall rule with this name among those",
        ),
        ({"after": "default_rule", "action": "ALLOW"}, "after: 'default_rule': no firewall rule with this name"),
        ({}, "action: required to create firewall rule 'mine'"),
        ({"action": "ALLOW", "sources": ["none"]}, "sources: 'none': no IP set or security group with this name"),
        ({"action": "ALLOW", "app_port_profiles": ["HTPT"]}, "app_port_profiles: 'HTPT': no application port profile"),
        (
            {"action": "ALLOW", "destinations": ["urn:vcloud:vm:1"]},
            "destinations: 'urn:vcloud:vm:1': is a URN of kind vm",
        ),
        ({"action": "ALLOW", "comments": "x" * 2049}, "comments: 2049: give at most 2048 characters"),
        ({"action": "ALLOW", "before": "a", "position": "first"}, "mutually exclusive"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_written(
    options: dict[str, Any], message: str, edge: Modules
) -> None:
    for check in (True, False):
        assert message in edge.refused(RULE, check=check, name="mine", **options)
    assert edge.writes() == []
    assert "before: 'a': is the rule itself" in edge.refused(RULE, name="a", before="a")


def test_of_several_rules_with_one_name_one_is_chosen_by_id(edge: Modules) -> None:
    first = rules(edge)[0]
    put(edge, [*listed(edge), other("a")])
    assert "2 firewall rules on edge gateway 'acme-edge' have this name" in edge.refused(RULE, name="a", action="ALLOW")
    assert edge.done(RULE, id=first["id"], action="ALLOW")["firewall_rule"]["action"] == "ALLOW"
    assert edge.done(RULE, id=first["id"], position="last")["firewall_rule"]["position"] == 4


@pytest.mark.parametrize("version", ["38.1", "39.1"])
def test_a_rule_is_created_with_the_newest_api(version: str) -> None:
    with Simulator(estate="one-edge", task_seconds=0, api_versions=version) as simulator:
        edge = Modules(simulator, user="admin", password="admin-secret-1")
        assert edge.done(RULE, name="new", action="ALLOW")["firewall_rule"]["enabled"] is True
        assert edge.done(RULE, name="new", enabled=False)["firewall_rule"]["enabled"] is False


# -- another client at the same time


class CompetingClient:
    """Another client that writes right after the module has read the list, a number of times."""

    def __init__(
        self, edge: Modules, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], after: int
    ) -> None:
        self.edge, self.change, self.after, self.times, self.read = edge, change, after, 1, calls.read_list

    def __call__(self, api: Any, gateway: Any) -> Any:
        body = self.read(api, gateway)
        self.after -= 1
        if self.after <= 0 < self.times:
            self.times -= 1
            put(self.edge, self.change(listed(self.edge)))
        return body


def named(body: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in body if one["name"] == name)


def with_new(body: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*body, other("theirs")]


def with_change(body: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "action": "REJECT", "actionValue": "REJECT"} if one["name"] == "a" else one for one in body]


BEFORE_WRITE = 2  # the second read, right before the write; the first is for the plan
AFTER_WRITE = 3  # the third read, after the write


@pytest.mark.parametrize("change", [with_new, with_change])
def test_a_change_between_reading_and_writing_is_kept_or_reported(
    change: Callable[..., Any], edge: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "read_list", CompetingClient(edge, change, BEFORE_WRITE))
    result = edge.done(RULE, name="mine", action="ALLOW", before="c")
    monkeypatch.undo()
    body = listed(edge)
    assert [one["name"] for one in body if one["name"] != "theirs"] == ["a", "b", "mine", "c"]
    kept = "theirs" in names(edge) if change is with_new else named(body, "a")["actionValue"] == "REJECT"
    # if Cloud Director does not compare versions, the other client's change is lost; the module must warn about it
    assert kept or "another client has changed a" in str(result["warnings"])
    assert kept is edge_checks(edge)


def edge_checks(edge: Modules) -> bool:
    """Whether this Cloud Director refuses an outdated list."""
    body = listed(edge)
    stale = [{**body[0], "version": {"version": 0}}, *body[1:]]
    api = Api(edge.simulator, "admin@acme")
    answer = api.ask("PUT", f"/edgeGateways/{Scene(api).edge}/firewall/rules", {"userDefinedRules": stale})
    return answer.status_code == 400


@pytest.mark.parametrize("move", [False, True])
def test_a_rule_that_another_client_overwrites_is_written_again(
    move: bool, edge: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    if move:
        edge.done(RULE, name="mine", action="ALLOW")
    # Terraform planned before this task, and now writes a list without the rule, or in the old order
    monkeypatch.setattr(calls, "read_list", OverwritingClient(edge, listed(edge)))
    result = edge.done(RULE, name="mine", action="ALLOW", position="first")
    monkeypatch.undo()
    assert result["firewall_rule"]["position"] == 1
    assert names(edge) == ["mine", "a", "b", "c"]


class OverwritingClient(CompetingClient):
    """Another client that overwrites the module's change with an old list."""

    def __init__(self, edge: Modules, old: list[dict[str, Any]], times: int = 1) -> None:
        super().__init__(edge, lambda body: old, 0)
        self.times = times
        self.seen = 0

    def __call__(self, api: Any, gateway: Any) -> Any:
        self.seen += 1
        if self.seen >= AFTER_WRITE and self.seen % 2 and self.times:
            self.times -= 1
            put(self.edge, self.change([]))
        return self.read(api, gateway)


def test_a_client_that_never_stops_writing_ends_the_run_with_one_line(
    edge: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "read_list", OverwritingClient(edge, listed(edge), times=99))
    message = edge.refused(RULE, name="mine", action="ALLOW")
    monkeypatch.undo()
    assert "another client writes the firewall rules of edge gateway 'acme-edge' at the same time" in message
    assert names(edge) == ["a", "b", "c"]


def test_the_rule_named_by_before_may_be_deleted(edge: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "read_list", DeletingClient(edge))
    message = edge.refused(RULE, name="mine", action="ALLOW", before="c")
    monkeypatch.undo()
    assert "before: 'c': was deleted by another client" in message
    assert names(edge) == ["a", "b"]


class DeletingClient(CompetingClient):
    """Another client that deletes c after the list was read for the plan."""

    def __init__(self, edge: Modules) -> None:
        super().__init__(edge, lambda body: [one for one in body if one["name"] != "c"], 1)
