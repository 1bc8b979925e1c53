# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings one firewall rule of an edge gateway to the wanted state, and leaves all others as they are.

The API can change and delete a single rule, but it can create and move one only by a write of the whole list. Such a
write is based on a list that was read right before it, is read back, and is repeated if another client has overwritten
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import find_profile
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import wait_until_ready
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule import (
    calls,
    comparison,
    resource,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.comparison import RulePlace
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change, Manager, Result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import LOGGING, UPDATE

MAX_CONFLICTS = 3
BAD_REQUEST = 400
SINCE_COMMENTS = (36, 2)


class FirewallRules(Manager):
    """Manages one firewall rule."""

    kind = "firewall rule"
    names_repeat = True
    ignored_without: ClassVar[Mapping[str, str]] = {"logging": LOGGING}

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def collection(self) -> str:
        """The path of the rules of this edge gateway."""
        return calls.path(self.gateway)

    @cached_property
    def _rules(self) -> list[Body]:
        """The rules before the first write."""
        return calls.rows(calls.read_list(self.api, self.gateway))

    @cached_property
    def place(self) -> RulePlace:
        """Where the rule belongs. Raises CollectionError if the other rule does not exist, or is the rule itself."""
        for option in ("before", "after"):
            if self.params[option]:
                other = calls.find_other(self._rules, self.gateway, option, self.params[option])
                own = self.read()
                if own is not None and own["id"] == other:
                    raise InvalidInput(option, self.params[option], "is the rule itself: name another one")
                return RulePlace(**{option: other})
        return RulePlace(position=self.params["position"] or "")

    def read(self) -> Body | None:
        """By id, or else by name."""
        return calls.find(self._rules, self.gateway, "name", self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """The present id of the rule."""
        rules = calls.rows(calls.read_list(self.api, self.gateway))
        found = calls.find(rules, self.gateway, "name", self.params["name"], None)
        return str(found["id"]) if found else None

    def initial(self) -> Body:
        """Enabled; the server sets the other defaults."""
        return {"enabled": True, "direction": "IN_OUT", "ipProtocol": "IPV4_IPV6"}

    def missing_for_create(self) -> list[str]:
        """The options without which a rule cannot be created."""
        return [option for option in ("name", "action") if not self.wanted.get(option)]

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The groups and profiles that the options name."""
        found: dict[str, Any] = {}
        for option in ("sources", "destinations"):
            if changes.get(option):
                found[option] = calls.find_groups(self.api, self.gateway, option, changes[option])
        if changes.get("app_port_profiles"):
            names = dict.fromkeys(changes["app_port_profiles"])
            found["app_port_profiles"] = [
                find_profile(self.api, self.gateway, "app_port_profiles", name) for name in names
            ]
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """API versions, and the place."""
        if changes.get("comments"):
            self.api.require(SINCE_COMMENTS, "comments")
        comparison.placed(self._rules, {}, self.place)  # raises if the other rule does not exist

    def modify(self, body: Body) -> Change:
        """Change what differs in the rule itself, and move the rule if it is not where it belongs."""
        ids = [str(one.get("id")) for one in self._rules]
        here = ids.index(str(body["id"])) + 1
        if comparison.is_placed(ids, str(body["id"]), self.place):
            return _with_position(super().modify(body), here, here)
        before = self.to_result(body)
        changes = self.effective(self.differences(before, self.wanted))
        references = self.resolve(changes)
        changed = self.apply(body, changes, references)
        self.check(before, changes, self.to_result(changed))
        self.require_right(UPDATE)
        there = comparison.placed(self._rules, changed, self.place).index(changed) + 1
        if self.check_mode:
            return _with_position(Change(True, before, self.to_result(changed), tuple(self.warnings)), here, there)
        self._write_list(references)
        return self._written(before, here)

    def add(self) -> Change:
        """Create the rule in its place."""
        change = super().add()
        if self.check_mode:
            there = comparison.placed(self._rules, {}, self.place).index({}) + 1
            return _with_position(change, None, there)
        position = [one.get("id") for one in self._now].index((change.after or {})["id"]) + 1
        return _with_position(Change(True, None, change.after, tuple(self.warnings)), None, position)

    def create(self, body: Body) -> str:
        """Write the whole list with the new rule; return its id."""
        self._write_list(self.resolve(self.wanted))
        found = calls.find(self._now, self.gateway, "name", self.params["name"], None)
        if found is None:
            raise AssertionError("_write_list returns when the rule is in the list")
        return str(found["id"])

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """A rule has no status of its own: the status of the edge gateway tells when it is realized."""
        if body is not None:
            return body
        if self.params["wait"]:
            wait_until_ready(self.api, self.gateway, self.params["wait_timeout"])
        return self.api.get(self.path(object_id), self.what)

    def _written(self, before: Result, here: int) -> Change:
        after = self.to_result(self.settle(str(before["id"])))
        self.verify(after)
        there = [one.get("id") for one in self._now].index(before["id"]) + 1
        return _with_position(Change(True, before, after, tuple(self.warnings)), here, there)

    def _write_list(self, references: Mapping[str, Any]) -> None:
        """Write the whole list, until it has the rule as wanted. ``_now`` is that list afterwards."""
        what = calls.what(self.gateway)
        for _attempt in range(MAX_CONFLICTS + 1):
            current = calls.read_list(self.api, self.gateway)
            try:
                self.api.update(
                    self.collection(), what, current, lambda body: self._with_rule(body, references), shared=True
                )
            except Refused as error:
                # the only fault may be that the list has changed since it was read
                if error.status != BAD_REQUEST or calls.read_list(self.api, self.gateway) == current:
                    raise
                continue
            after = calls.read_list(self.api, self.gateway)
            if self._with_rule(after, references) == after:
                self._now = calls.rows(after)
                self._warn_of_others(current)
                return
        raise CollectionError(
            f"{self.what}: another client writes the {what} at the same time, and has overwritten or prevented this "
            f"change {MAX_CONFLICTS + 1} times: run the task again when it has finished"
        )

    def _warn_of_others(self, before: Body) -> None:
        own = calls.find(self._now, self.gateway, "name", self.params["name"], self.params["id"])
        others = comparison.changed_by_others(calls.rows(before), self._now, str((own or {}).get("id")))
        if others:
            self.warnings.append(
                f"another client has changed {', '.join(others)} on edge gateway {self.gateway['name']!r} at the same "
                "time: check that its change is still there, because Cloud Director writes firewall rules as one list"
            )

    def _with_rule(self, body: Body, references: Mapping[str, Any]) -> Body:
        """The list with the rule as wanted; an equal list if there is nothing to do."""
        rules = calls.rows(body)
        found = calls.find(rules, self.gateway, "name", self.params["name"], self.params["id"])
        if found is None and self.params["id"]:
            raise CollectionError(f"{self.what} was deleted by another client: nothing was changed")
        ids = [str(one.get("id")) for one in rules]
        other = self.place.before or self.place.after
        if other and other not in ids:
            option = "before" if self.place.before else "after"
            raise InvalidInput(option, self.params[option], "was deleted by another client: nothing was changed")
        changes = self.differences(self.to_result(found), self.wanted) if found else self.wanted
        changes = {name: value for name, value in changes.items() if name not in self.ignored_without or not found}
        if found and not changes and comparison.is_placed(ids, str(found["id"]), self.place):
            return body
        rule = self.apply(found or self.initial(), changes, references)
        return {**body, calls.LIST: comparison.placed(rules, rule, self.place)}

    _now: list[Body] = []


def _with_position(change: Change, before: int | None, after: int | None) -> Change:
    """The same change, with the places of the rule in the list, counted from 1."""
    old = {**change.before, "position": before} if change.before is not None else None
    new = {**change.after, "position": after} if change.after is not None else None
    return Change(change.changed, old, new, change.warnings)
