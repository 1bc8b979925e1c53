# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of JSON. `copy.deepcopy`, which handles all kinds of objects, took half of the double's time."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def copied(value: Value) -> Value:
    """A copy that shares no maps and no lists with the value."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}  # type: ignore[return-value]  # of the same kind
    if isinstance(value, list):
        return [copied(item) for item in value]  # type: ignore[return-value]  # of the same kind
    return value
