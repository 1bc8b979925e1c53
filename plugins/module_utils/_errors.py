# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Errors meant for the operator. Any other exception is a bug and keeps its traceback."""

from __future__ import annotations

from typing import Any


class CollectionError(Exception):
    """One clear line for the operator.

    ``message`` names the option, the value and the remedy. ``details`` is machine-readable (method, path,
    status ...), becomes the ``failure`` key of the module's result, and must never hold a secret.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = details


class InvalidInput(CollectionError):
    """An option has a value that cannot work. Raised before anything is written."""

    def __init__(self, option: str, value: Any, remedy: str) -> None:
        super().__init__(f"{option}: {value!r}: {remedy}", option=option, value=value, remedy=remedy)


class WaitTimeout(CollectionError):
    """A wait timed out. The change itself may still complete: running again is safe."""
