# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Compare an object of any kind with the wanted values. Decisions only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import same_reference

Same = Callable[[Any, Any], bool]


def differing(
    current: Mapping[str, Any],
    wanted: Mapping[str, Any],
    references: Collection[str] = (),
    special: Mapping[str, Same] | None = None,
) -> dict[str, Any]:
    """The wanted values that the object lacks.

    ``references`` are options that hold a name or URN (empty: no object). ``special`` maps an option to its own
    comparison ``same(current, wanted)``, which gets None for a missing ``current``.
    """
    how = {**dict.fromkeys(references, same_reference), **(special or {})}
    return {
        key: value
        for key, value in wanted.items()
        if not (how[key](current.get(key), value) if key in how else current.get(key) == value)
    }
