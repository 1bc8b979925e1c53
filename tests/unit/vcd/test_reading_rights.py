# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run reads the rights of a session and its roles, even if it cannot read them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CREATE,
    LB_CONFIGURE,
    NAT_CONFIGURE,
    NAT_RULES,
    POOLS,
    Operation,
)
from hypothesis import given
from hypothesis import strategies as st

POOL, RULE = Operation(CREATE, POOLS), Operation(CREATE, NAT_RULES)
SESSION = {
    "user": {"name": "kube"},
    "org": {"name": "acme"},
    "roleRefs": [{"name": "Balancing", "id": "urn:role:1"}, {"name": "Translating", "id": "urn:role:2"}],
}
ROWS: dict[str, Any] = {"urn:role:1": [{"name": LB_CONFIGURE}], "urn:role:2": [{"name": NAT_CONFIGURE}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


class RightsApi:
    """The API's answers: the session, and the rights of each role. It raises an answer that is an error."""

    granted = None

    def __init__(self, session: Any, rows: Any) -> None:
        self.session, self.rows = session, rows
        self.asked: list[str] = []

    def get(self, path: str, what: str) -> Any:
        self.asked.append(path)
        return self._answer(self.session)

    def own_session(self) -> Any:
        return self.get("sessions/current", "the session")

    def pages(self, path: str, what: str) -> Any:
        self.asked.append(path)
        return self._answer(self.rows[path.split("/")[1]] if isinstance(self.rows, dict) else self.rows)

    def _answer(self, found: Any) -> Any:
        if isinstance(found, Exception):
            raise found
        return found


def require(server: Any, *planned: Operation) -> list[str]:
    return rights.require_rights(server, planned)


def test_the_rights_of_all_roles_count_and_are_read_once() -> None:
    server = RightsApi(SESSION, ROWS)
    assert require(server, POOL, RULE) == []
    assert require(server, RULE) == []
    assert server.asked == ["sessions/current", "roles/urn:role:1/rights", "roles/urn:role:2/rights"]


def test_every_missing_right_is_named_at_once() -> None:
    server = RightsApi(SESSION, {"urn:role:1": [], "urn:role:2": []})
    with pytest.raises(CollectionError) as raised:
        require(server, POOL, RULE)
    assert raised.value.details["missing_rights"] == [LB_CONFIGURE, NAT_CONFIGURE]
    assert "user 'kube' (role 'Balancing, Translating')" in raised.value.message
    assert raised.value.message.endswith("; nothing was changed")


def test_without_planned_operations_nothing_is_requested() -> None:
    server = RightsApi(SESSION, ROWS)
    assert require(server) == []
    assert server.asked == []


@pytest.mark.parametrize("error", [Refused("no", status=403), Refused("no", status=404), VcdError("not VCD's answer")])
def test_what_cannot_be_read_is_a_warning(error: CollectionError) -> None:
    for server in (RightsApi(error, ROWS), RightsApi(SESSION, error)):
        (warning,) = require(server, POOL)
        assert repr(LB_CONFIGURE) in warning
        assert ("not VCD's answer" if not isinstance(error, Refused) else str(error.status)) in warning


def test_an_administrator_of_the_provider_has_every_right() -> None:
    session = {**SESSION, "org": {"name": "System"}, "roleRefs": [{"name": "System Administrator", "id": "urn:role:3"}]}
    server = RightsApi(session, ROWS)
    assert require(server, POOL, RULE) == []
    assert server.asked == ["sessions/current"]
    # a role of that name in another organization does not count
    tenant = RightsApi({**session, "org": {"name": "acme"}}, {"urn:role:3": []})
    with pytest.raises(CollectionError):
        require(tenant, POOL)


@given(st.fixed_dictionaries({"user": JSON, "org": JSON, "roleRefs": JSON}), st.lists(JSON, max_size=3))
def test_no_answer_makes_the_check_fail(session: dict[str, Any], rows: list[Any]) -> None:
    server: Any = RightsApi(session, rows)
    found = rights.granted_to(server)
    assert found.rights is None or all(isinstance(right, str) for right in found.rights)
    assert bool(found.why) is (found.rights is None and not found.all_rights)
