# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Markers: application port profiles that no rule uses. Their names mark an edge gateway as in use."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import (
    PATH,
    list_tenant_profiles,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.manager import AppPortProfiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

PREFIX = "vcd.kubernetes-lock-"
# A profile needs a port; no rule refers to this one.
_PORT = {"name": "marker", "protocol": "TCP", "destination_ports": ["65535"]}


class Markers:
    """The marker of one edge gateway. A name is unique in an organization, so only one creation succeeds."""

    def __init__(self, api: Api, gateway: Body) -> None:
        self._api = api
        self._gateway = gateway
        self.name = PREFIX + str(gateway["id"]).rpartition(":")[2]
        self.what = f"application port profile {self.name!r}, which marks edge gateway {gateway['name']!r} as in use"

    def list(self) -> list[Body]:
        """The existing markers: one, or none."""
        return list_tenant_profiles(self._api, self._gateway, self.name)

    def create(self, description: str, mine: Callable[[Body], bool]) -> str:
        """Create the marker; return its URN. ``mine`` recognizes it if the answer was lost. Raises VcdError."""
        options = {"name": self.name, "description": description, "application_ports": [_PORT], "id": None}
        manager = AppPortProfiles(self._api, self._gateway, {**options, "state": "present"}, False)
        body = manager.apply(manager.initial(), manager.wanted, {})

        def find() -> str | None:
            return next((str(row["id"]) for row in self.list() if mine(row)), None)

        return self._api.create(PATH, body, self.what, find)

    def read(self, urn: str) -> Body | None:
        """The marker with a URN, or None when it is gone."""
        return self._api.get_or_none(f"{PATH}/{urn}", self.what)

    def describe(self, marker: Body, description: str) -> None:
        """Give a marker another description."""
        path = f"{PATH}/{marker['id']}"
        self._api.update(path, self.what, marker, lambda body: {**body, "description": description})

    def delete(self, urn: str) -> None:
        """Delete the marker with this URN, but never a later one with the same name."""
        self._api.delete(f"{PATH}/{urn}", self.what)
