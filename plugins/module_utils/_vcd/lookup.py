# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Names and URNs: telling them apart, filtering by name, and picking the matching object. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._nearest import nearest

Body = dict[str, Any]

# Cloud Director's filter parser fails on , ; + * and spaces even when they are encoded, and FIQL reserves brackets,
# quotes and its operators. A value with any other character stays out of filters; the caller compares it instead.
SAFE_IN_FILTER = re.compile(r"[0-9A-Za-z._:/@-]+")


def equals(field: str, value: str) -> str:
    """``field==value``, or an empty string when the value is not safe in a filter (callers always compare again)."""
    return f"{field}=={value}" if SAFE_IN_FILTER.fullmatch(value) else ""


def all_of(*terms: str) -> str:
    """The non-empty terms, joined with FIQL's AND."""
    return ";".join(term for term in terms if term)


def is_urn(option: str, value: str, *kinds: str) -> bool:
    """Whether a value is a URN. Raises InvalidInput for a malformed URN or one of the wrong kind."""
    if not value.startswith("urn:"):
        return False
    found = re.fullmatch(r"urn:vcloud:([A-Za-z]+):[0-9A-Za-z:._-]+", value)
    if not found:
        raise InvalidInput(option, value, f"is not a Cloud Director URN: give a name, or urn:vcloud:{kinds[0]}:UUID")
    if found.group(1) not in kinds:
        raise InvalidInput(
            option, value, f"is a URN of kind {found.group(1)}: give a name, or urn:vcloud:{kinds[0]}:UUID"
        )
    return True


def same_reference(reference: Mapping[str, Any] | None, wanted: str) -> bool:
    """Whether an option (name or URN) refers to a reference ``{name, id}``; an empty option refers to none."""
    if not reference:
        return not wanted
    return bool(wanted) and wanted in (reference.get("id"), reference.get("name"))


def reference(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``{id, name}`` of a reference or an object; None when it is missing."""
    return {"id": found.get("id"), "name": found.get("name")} if found and found.get("id") else None


def pick(
    option: str,
    value: str,
    candidates: Sequence[Mapping[str, Any]],
    *,
    kind: str,
    where: str,
    apart: str,
    describe: Callable[[Mapping[str, Any]], str] = lambda found: str(found.get("id")),
    others: Callable[[], Iterable[str]] = list,
) -> Any:
    """The only candidate. Raises CollectionError for no candidate, or for several (``apart`` is the remedy then).

    ``others`` returns the names that exist; it is called only if there is no candidate.
    """
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        listed = ", ".join(describe(candidate) for candidate in candidates)
        raise CollectionError(
            f"{option}: {value!r}: {len(candidates)} {kind}s {where} have this name ({listed}): {apart}",
            option=option,
            value=value,
            candidates=[candidate.get("id") for candidate in candidates],
        )
    hint = nearest(value, others())
    raise InvalidInput(option, value, f"no {kind} with this name {where}: check the name and the user's rights{hint}")


def pick_reference(
    option: str,
    value: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    kind: str,
    where: str,
    name: str = "name",
    others: Callable[[], Iterable[str]] = list,
) -> Body:
    """The row that an option refers to by name or URN, as ``{id, name}``; ``name`` is the field with the name.

    Raises CollectionError for no candidate or several.
    """
    meant = [row for row in rows if value in (row.get("id"), row.get(name))]
    found = pick(option, value, meant, kind=kind, where=where, apart=f"give its URN as {option}", others=others)
    return {"id": found["id"], "name": found[name]}
