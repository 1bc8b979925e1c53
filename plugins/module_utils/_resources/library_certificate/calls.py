# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the certificates of the library, and for the virtual services and pools that use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.calls import PATH
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate.resource import (
    POOL,
    SERVICE,
    moved,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as services
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn

KIND = "certificateLibraryItem"
# the kinds of objects that can be moved to another certificate, with their words in messages and their paths
MOVABLE = {SERVICE: ("virtual service", services.PATH), POOL: ("pool", pools.PATH)}


@dataclass(frozen=True)
class User:
    """An object that uses a certificate; ``kind`` is taken from its URN."""

    kind: str
    id: str
    name: str

    @property
    def words(self) -> str:
        """As messages name it."""
        return f"{MOVABLE[self.kind][0] if self.kind in MOVABLE else self.kind} {self.name!r}"

    def as_result(self) -> dict[str, Any]:
        """As the modules return it."""
        kind = MOVABLE[self.kind][0].replace(" ", "_") if self.kind in MOVABLE else self.kind
        return {"type": kind, "id": self.id, "name": self.name}


def users_of(api: Api, certificate: Body) -> list[User]:
    """The objects that use a certificate, by kind and name."""
    what = f"users of certificate {certificate.get('alias')!r}"
    rows = api.pages(f"{PATH}/{certificate['id']}/consumers", what)
    found = [User(f"{row['id']}::".split(":")[2], str(row["id"]), str(row.get("name"))) for row in rows]
    return sorted(found, key=lambda one: (one.kind, one.name, one.id))


def read_user(api: Api, user: User) -> Body:
    """The body of a user. Raises CollectionError for one that cannot be moved to another certificate."""
    if user.kind not in MOVABLE:
        raise CollectionError(f"{user.words} uses the certificate: this module moves virtual services and pools only")
    return api.get(f"{MOVABLE[user.kind][1]}/{user.id}", user.words)


def move(api: Api, user: User, body: Body, old: str, new: Body) -> None:
    """Make a virtual service or pool use the certificate ``new`` instead of ``old``."""
    path = f"{MOVABLE[user.kind][1]}/{user.id}"
    if moved(user.kind, body, old, new) != body:
        api.update(path, user.words, body, lambda current: moved(user.kind, current, old, new))


def check_id(urn: str | None) -> None:
    """Raise InvalidInput for text that is not a certificate's URN."""
    if urn:
        is_urn("id", urn, KIND)


def find_all(api: Api, name: str | None, urn: str | None, *, with_users: bool) -> list[dict[str, Any]]:
    """The certificates with this name and this URN (all when None), by name, as results."""
    rows = sorted(api.pages(PATH, "certificates"), key=lambda row: str(row["alias"]))
    found = [row for row in rows if name in (None, row["alias"]) and urn in (None, row["id"])]
    if not with_users:
        return [to_result(row) for row in found]
    return [{**to_result(row), "users": [one.as_result() for one in users_of(api, row)]} for row in found]
