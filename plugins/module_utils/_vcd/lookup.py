# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Names and URNs: telling them apart, filtering by name, and picking the one object that is meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput

Body = dict[str, Any]

# Cloud Director's filter parser stumbles over , ; + * and blanks even when they are encoded; brackets, quotes and
# the operators' own signs are FIQL's. What is not surely safe is compared here instead.
SAFE_IN_FILTER = re.compile(r"[0-9A-Za-z._:/@-]+")


def equals(field: str, value: str) -> str:
    """``field==value``, or nothing when the value must not stand in a filter (the caller compares in any case)."""
    return f"{field}=={value}" if SAFE_IN_FILTER.fullmatch(value) else ""


def all_of(*terms: str) -> str:
    """The terms that are not empty, joined by FIQL's AND."""
    return ";".join(term for term in terms if term)


def is_urn(option: str, value: str, *kinds: str) -> bool:
    """Whether a value is a URN. Raises InvalidInput when it is one of another kind than asked for."""
    if not value.startswith("urn:"):
        return False
    found = re.fullmatch(r"urn:vcloud:([A-Za-z]+):[0-9A-Za-z:._-]+", value)
    if not found:
        raise InvalidInput(option, value, f"is no URN of Cloud Director: give a name, or urn:vcloud:{kinds[0]}:UUID")
    if found.group(1) not in kinds:
        raise InvalidInput(
            option, value, f"is a URN of kind {found.group(1)}: give a name, or urn:vcloud:{kinds[0]}:UUID"
        )
    return True


def same_reference(reference: Mapping[str, Any] | None, wanted: str) -> bool:
    """Whether a reference ``{name, id}`` is what an option names by name or URN; an empty option names nothing."""
    if not reference:
        return not wanted
    return bool(wanted) and wanted in (reference.get("id"), reference.get("name"))


def reference(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``{id, name}`` of a reference or an object, None for none."""
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
    """The only candidate. Raises CollectionError when there is none, or more than one (``apart`` says what to do)."""
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
    known = sorted(set(others()))[:10]
    hint = f"; there are {', '.join(known)}" if known else ""
    raise InvalidInput(option, value, f"there is no {kind} of this name {where}, or you may not see it{hint}")


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
    """The row that an option means by name or URN, as ``{id, name}``; ``name`` is the field that holds the name.

    Raises CollectionError when there is none, or more than one.
    """
    meant = [row for row in rows if value in (row.get("id"), row.get(name))]
    found = pick(option, value, meant, kind=kind, where=where, apart=f"give its URN as {option}", others=others)
    return {"id": found["id"], "name": found[name]}
