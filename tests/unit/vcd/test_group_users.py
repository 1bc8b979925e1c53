# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a firewall group, as far as the user of the session can see it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.calls import users_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused

GROUP, OTHER = "urn:vcloud:firewallGroup:1", "urn:vcloud:firewallGroup:2"
GATEWAY = {"id": "urn:vcloud:gateway:1", "name": "acme-edge"}


class Answers:
    """Two rules and three pools; a status for each refused request."""

    def __init__(self, pools: list[dict[str, Any]], *, rules_status: int = 200, pools_status: int = 200) -> None:
        self.pools = {str(number): pool for number, pool in enumerate(pools)}
        self.rules_status, self.pools_status = rules_status, pools_status
        self.read: list[str] = []

    def get(self, _path: str, what: str) -> dict[str, Any]:
        if self.rules_status != 200:
            raise Refused(what, status=self.rules_status)
        source = {"name": "from", "sourceFirewallGroups": [{"id": GROUP}], "destinationFirewallGroups": None}
        target = {"name": "to", "destinationFirewallGroups": [{"id": OTHER}, {"id": GROUP}]}
        return {"userDefinedRules": [source, target, {"name": "any"}]}

    def pages(self, _path: str, what: str, *, query: str = "") -> list[dict[str, Any]]:
        assert query == ""
        if self.pools_status != 200:
            raise Refused(what, status=self.pools_status)
        return [
            {"id": one, **{key: value for key, value in pool.items() if key != "memberGroupRef"}}
            for one, pool in self.pools.items()
        ]

    def get_or_none(self, path: str, _what: str) -> dict[str, Any] | None:
        self.read.append(path.rpartition("/")[2])
        return self.pools[self.read[-1]]


def users(answers: Answers) -> list[str]:
    return users_of(cast(Api, answers), GATEWAY, GROUP)


POOLS = [
    {"name": "web", "memberGroupType": "IP_SET", "memberGroupRef": {"id": GROUP}},
    {"name": "other", "memberGroupType": "IP_SET", "memberGroupRef": {"id": OTHER}},
    {"name": "listed", "memberGroupType": None, "memberGroupRef": None},
]


def test_rules_and_pools_are_named_and_only_pools_with_a_group_are_read() -> None:
    answers = Answers(POOLS)
    assert users(answers) == ["firewall rule 'from'", "firewall rule 'to'", "pool 'web'"]
    assert answers.read == ["0", "1"]


def test_before_37_1_every_pool_is_read() -> None:
    old = [{key: value for key, value in pool.items() if key != "memberGroupType"} for pool in POOLS]
    answers = Answers(old)
    assert users(answers)[-1] == "pool 'web'"
    assert answers.read == ["0", "1", "2"]


def test_what_the_user_may_not_see_is_left_out() -> None:
    assert users(Answers(POOLS, rules_status=403)) == ["pool 'web'"]
    assert users(Answers(POOLS, pools_status=403)) == ["firewall rule 'from'", "firewall rule 'to'"]
    assert users(Answers(POOLS, rules_status=403, pools_status=403)) == []


@pytest.mark.parametrize("side", ["rules_status", "pools_status"])
def test_another_refusal_is_not_hidden(side: str) -> None:
    with pytest.raises(Refused):
        users(Answers(POOLS, **{side: 500}))
