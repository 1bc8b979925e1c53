# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Two plans of one cluster compared, in lines for a person: which things changed, and what that changes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import without
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import as_text, shortened
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize

Facts = Mapping[str, Any]
MOST_LINES, MOST_THINGS, LONGEST = 60, 5, 160
COMPARED = ("changes", "cluster_id", "edge_gateway", "scenario_before", "one_arm_before", "scenario", "one_arm", "cpi")
_MISSING = object()


@dataclass(frozen=True)
class Difference:
    """What differs. ``things`` are what was read and has changed, each with how; ``lines`` explain everything."""

    things: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def summary(self) -> str:
        """The things in a few words: ``Service default/web has changed, NAT rule x is gone``."""
        found = [f"{name} {how}" for name, how in self.things]
        more = [f"and {len(found) - MOST_THINGS} more"] if len(found) > MOST_THINGS else []
        return ", ".join([*found[:MOST_THINGS], *more]) or "the steps differ, although nothing that was read does"


def differences(approved: Facts, now: Facts, *, read_only: bool = False) -> Difference:
    """How the plan that would be carried out now differs from the approved one.

    ``read_only``: there is no plan now, and only what was read can be compared.
    """
    things: list[tuple[str, str]] = []
    lines: list[str] = []
    for place in ("based_on",) if read_only else ("based_on", "bodies"):
        for name, how, details in _things(approved[place], now[place]):
            things.append((name, how))
            lines += [f"  {name} {how}", *(f"    {one}" for one in details)]
    if lines:
        lines.insert(0, "what was read:")
    if not read_only:
        lines += _plans(approved, now)
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"and {pluralize(len(lines) - MOST_LINES, 'line')} more"]
    return Difference(tuple(things), tuple(lines))


def _things(approved: Facts, now: Facts) -> Iterator[tuple[str, str, list[str]]]:
    for name in sorted({*approved, *now}):
        before, after = approved.get(name, _MISSING), now.get(name, _MISSING)
        if before is _MISSING:
            yield name, "is new", []
        elif after is _MISSING:
            yield name, "is gone", []
        elif before != after:
            # the digest of a body shows that it changed, but not how
            yield name, "has changed", [] if _is_body(before) else list(changes(before, after))


def _is_body(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("sha256:")


def changes(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Each value that differs: ``ports https port: 443 -> 8443``."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if before.get(key, _MISSING) != after.get(key, _MISSING):
                yield from changes(before.get(key), after.get(key), f"{path} {key}".strip())
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    else:
        yield f"{path or 'value'}: {_short(before)} -> {_short(after)}"


def _list_changes(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[str]:
    mappings = all(isinstance(one, Mapping) for one in (*before, *after))
    keys = [key for key in ("name", "ip_address", "id") if _tells_apart(before, key) and _tells_apart(after, key)]
    if mappings and keys:
        old, new = ({str(one[keys[0]]): one for one in side} for side in (before, after))
        if list(old) != list(new) and sorted(old) == sorted(new):
            yield f"{path}: in another order"
        for name in sorted({*old, *new}):
            if name not in new:
                yield f"{path}: {name} is gone"
            elif name not in old:
                yield f"{path}: {name} is new"
            elif old[name] != new[name]:
                yield from changes(old[name], new[name], f"{path} {name}".strip())
    else:
        yield f"{path or 'value'}: {_short(before)} -> {_short(after)}"


def _tells_apart(items: Sequence[Any], key: str) -> bool:
    found = [one.get(key) for one in items if isinstance(one, Mapping)]
    return len(found) == len(items) and len({str(one) for one in found if one}) == len(items)


def _short(value: Any) -> str:
    return shortened(as_text(value), LONGEST)


def _plans(approved: Facts, now: Facts) -> list[str]:
    lines = []
    for key in COMPARED:
        if approved[key] != now[key]:
            lines += [f"  {one}" for one in changes(approved[key], now[key], key)]
    gone, new = _only_in(_steps(approved), _steps(now))
    lines += [f"  was planned, and would not be done now: {one}" for one in gone]
    lines += [f"  would be done now, and was not planned: {one}" for one in new]
    if not lines and _steps(approved) != _steps(now):
        lines.append("  the same steps in another order")
    lines += [f"  {one}" for one in _services(approved, now)]
    gone, new = _only_in(_findings(approved), _findings(now))
    lines += [f"  was found, and is not now: {one}" for one in gone]
    lines += [f"  is found now, and was not: {one}" for one in new]
    if not lines:
        gone, new = _only_in(approved["lines"], now["lines"])
        lines = [*(f"  was said: {one}" for one in gone), *(f"  is said now: {one}" for one in new)]
    return ["what would be done:", *lines] if lines else []


def _steps(plan: Facts) -> list[str]:
    found = [f"{one['name']}: {step}" for one in plan["services"] for step in one["steps"]]
    return [*found, *plan.get("firewall", ()), *(f"remove orphan {name}" for name in plan["removed"])]


def _services(approved: Facts, now: Facts) -> Iterator[str]:
    """What differs in Services that both plans have, apart from their steps."""
    old, new = ({one["name"]: one for one in plan["services"]} for plan in (approved, now))
    for name in old:
        if name in new:
            before, after = without(old[name], ("steps",)), without(new[name], ("steps",))
            yield from changes(before, after, name) if before != after else ()


def _findings(plan: Facts) -> list[str]:
    return [f"{one['severity']} ({one['check']}): {one['message']}; {one['remedy']}" for one in plan["findings"]]


def _only_in(before: Sequence[str], after: Sequence[str]) -> tuple[list[str], list[str]]:
    old, new = Counter(before), Counter(after)
    return sorted((old - new).elements()), sorted((new - old).elements())
