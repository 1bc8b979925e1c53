# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The rights of the session's user: read from the roles, and checked before the first write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    PROVIDER,
    Granted,
    Operation,
    missing,
    unknown_warning,
)

SYSTEM = "system"  # the provider's organization, in upper or lower case


def granted_to(api: Api) -> Granted:
    """What the logged-in user may do. Takes one request for each 128 rights of a role, once per log-in.

    The sessions of passwords, API tokens, service accounts and access tokens all have roles. If the rights cannot be
    read, that is no error: `Granted.rights` is None then.
    """
    if api.granted is None:
        api.granted = _read(api)
    return api.granted


def require_rights(api: Api, planned: Iterable[Operation]) -> list[str]:
    """Raise CollectionError if the user lacks a right that the planned writes are known to need. Returns warnings.

    No request is sent if nothing is planned.
    """
    planned = list(planned)
    if not planned:
        return []
    granted = granted_to(api)
    lacking = missing(granted, planned)
    texts = [f"{one.text}: {one.remedy}" for one in lacking]
    if any(one.stated for one in lacking):
        raise CollectionError(f"{'; '.join(texts)}; nothing was changed", missing_rights=[one.right for one in lacking])
    warning = unknown_warning(granted, planned)
    return [*texts, *([warning] if warning else [])]


def _read(api: Api) -> Granted:
    try:
        session = api.own_session()
        roles = _references(session.get("roleRefs"))
    except CollectionError as error:
        return Granted("?", "?", "?", None, _why(error, "its session"))
    user, org = _name(session.get("user")), _name(session.get("org"))
    role = ", ".join(name for _urn, name in roles) or "?"
    if not roles:
        return Granted(user, org, role, None, "its session names no role")
    if org.casefold() == SYSTEM and PROVIDER in [name for _urn, name in roles]:
        return Granted(user, org, role, None, all_rights=True)
    rights: set[str] = set()
    for urn, name in roles:
        try:
            rows = api.pages(f"roles/{urn}/rights", f"the rights of role {name!r}")
        except CollectionError as error:
            return Granted(user, org, role, None, _why(error, "the rights of the role"))
        rights.update(str(row.get("name")) for row in rows if isinstance(row, Mapping))
    return Granted(user, org, role, frozenset(rights))


def _why(error: CollectionError, what: str) -> str:
    if isinstance(error, Refused):
        return f"Cloud Director answers {error.status} for {what}"
    return error.message


def _name(reference: Any) -> str:
    return str(reference.get("name") or "?") if isinstance(reference, Mapping) else "?"


def _references(found: Any) -> list[tuple[str, str]]:
    """URN and name of each reference."""
    rows = found if isinstance(found, list) else []
    return [(str(one["id"]), _name(one)) for one in rows if isinstance(one, Mapping) and one.get("id")]
