# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of a log-in: read from the answer to the log-in, or requested if that answer lacks its roles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Session
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer

VERSIONS = "<SupportedVersions><VersionInfo><Version>37.2</Version></VersionInfo></SupportedVersions>"
TOKEN = "t" * 40
OPENED = {"user": {"name": "kube"}, "roleRefs": [{"name": "Balancing", "id": "urn:role:1"}]}
ASKED = {"user": {"name": "kube"}, "roleRefs": [{"name": "Asked for", "id": "urn:role:2"}]}


class SessionTransport:
    """Replaces the transport of a session; ``login`` is the body of the answer to the log-in."""

    def __init__(self, login: str) -> None:
        self.login = login
        self.asked: list[str] = []

    def send(self, method: str, path: str, **_options: Any) -> Answer:
        self.asked.append(f"{method} {path}")
        bodies = {"/api/versions": VERSIONS, "/cloudapi/1.0.0/sessions": self.login}
        headers = {"X-VMWARE-VCLOUD-ACCESS-TOKEN": TOKEN}
        return Answer(method, path, 200, headers, bodies.get(path, json.dumps(ASKED)))

    def close(self) -> None:
        pass


def own_session(login: str, **options: str) -> tuple[dict[str, Any], bool]:
    """The session, and whether it was requested."""
    server: Any = SessionTransport(login)
    settings = Settings("https://vcd.test", org="acme", **(options or {"user": "kube", "password": "p"}))
    with Session(settings, transport=server) as session:
        found = Api(session).own_session()
    return found, "GET /cloudapi/1.0.0/sessions/current" in server.asked


def test_the_answer_to_the_log_in_is_the_session() -> None:
    assert own_session(json.dumps(OPENED)) == (OPENED, False)


@pytest.mark.parametrize("login", ["", "<html>", "[]", "{}", '{"roleRefs": []}', '{"roleRefs": 1}'])
def test_without_roles_in_the_answer_the_session_is_requested(login: str) -> None:
    assert own_session(login) == (ASKED, True)


def test_with_a_given_token_the_session_is_requested() -> None:
    assert own_session(json.dumps(OPENED), token=TOKEN) == (ASKED, True)
