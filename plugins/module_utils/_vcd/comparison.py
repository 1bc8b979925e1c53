# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What differs between an object and what is wanted, whatever its kind. Decisions only."""

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
    """The part of what is wanted that is not so yet.

    ``references`` are the options that name an object by its name or URN, empty for none; ``special`` says of others
    when what is there (None for nothing) is what is wanted.
    """
    how = {**dict.fromkeys(references, same_reference), **(special or {})}
    return {
        key: value
        for key, value in wanted.items()
        if not (how[key](current.get(key), value) if key in how else current.get(key) == value)
    }
