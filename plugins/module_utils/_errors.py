# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Errors meant for the operator. Any other exception is a defect: only its type and place are shown."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS

ISSUES = "https://github.com/vcd-kubernetes/vcd.kubernetes/issues"
_COLLECTION = "/ansible_collections/vcd/kubernetes/"
LONGEST_VALUE = 200  # characters of a value in a message


def as_text(value: Any) -> str:
    """The value of an option for a person, as YAML writes it and never as Python does: ``true``, not ``True``."""
    if isinstance(value, Enum):
        return as_text(value.value)
    if value is None or value == "":
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {as_text(item)}" for key, item in value.items()) or "an empty dictionary"
    elif isinstance(value, (list, tuple, set, frozenset)):
        text = ", ".join(map(as_text, value)) or "an empty list"
    else:
        # masked before it is quoted: a secret that is already in quotes would be escaped twice
        text = repr(SECRETS.mask(value)) if isinstance(value, str) else str(value)
    return shortened(text, LONGEST_VALUE)


def shortened(text: str, longest: int) -> str:
    """A text of at most ``longest`` characters. A secret in it is masked first, as half a secret is not recognised."""
    return text if len(text) <= longest else f"{SECRETS.mask(text)[: longest - 3]}..."


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
        self.why = f"{as_text(value)}: {remedy}"  # for a message that names the option in its own way
        super().__init__(f"{option}: {self.why}", option=option, value=value, remedy=remedy)


class WaitTimeout(CollectionError):
    """A wait timed out. The change itself may still complete: running again is safe."""


def defect(error: BaseException) -> CollectionError:
    """The error for an unexpected exception: its type and place.

    Its own text is left out, because it may contain a token, and so is the traceback, because it contains the text.
    """
    kind, place = type(error).__name__, _place(error.__traceback__)
    return CollectionError(
        f"a defect of the collection: {kind} at {place}; what was written before stays. Please report this line, with "
        f"the version of vcd.kubernetes (ansible-galaxy collection list), at {ISSUES}",
        exception=kind,
        place=place,
    )


def _place(traceback: TracebackType | None) -> str:
    """The innermost file of the collection, with the line: ``plugins/module_utils/_vcd/api.py:123``."""
    found = "an unknown place"
    while traceback is not None:
        _before, ours, name = traceback.tb_frame.f_code.co_filename.replace("\\", "/").rpartition(_COLLECTION)
        found = f"{name}:{traceback.tb_lineno}" if ours else found
        traceback = traceback.tb_next
    return found
