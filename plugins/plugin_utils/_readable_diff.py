# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The diff of a cluster in readable form: CPI's file as text, so that Ansible shows a unified diff of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FILE, SIDES = "file", ("before", "after")
# The file's own lines show these.
IN_FILE = (FILE, "scenario", "enable_virtual_service_shared_ip", "one_arm")


def readable_diff(diff: Any) -> Any:
    """The diff of a module's result. If it has CPI's file on both sides, the file and the rest become separate diffs.

    The objects of each Service are one line each. Any other diff is returned as it is.
    """
    if not isinstance(diff, Mapping) or not all(FILE in (diff.get(side) or {}) for side in SIDES):
        return diff
    files = ["\n".join(diff[side][FILE]) for side in SIDES]
    rest = [{name: value for name, value in diff[side].items() if name not in IN_FILE} for side in SIDES]
    found = [_part("CPI's file", files)] if files[0] != files[1] else []
    if rest[0] == rest[1]:
        return found
    if all(isinstance(objects, Mapping) for one in rest for objects in one.values()):
        return [*found, _part("objects in Cloud Director", [_lines(one) for one in rest])]
    return [*found, dict(zip(SIDES, rest, strict=True))]


def _part(what: str, sides: Sequence[str]) -> dict[str, str]:
    return dict(zip(SIDES, sides, strict=True)) | {f"{side}_header": what for side in SIDES}


def _lines(services: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [(label, name, objects[name]) for label, objects in services.items() for name in objects]
    return "".join(f"{label}: {name}{f': {value}' if value else ''}\n" for label, name, value in sorted(rows, key=str))
