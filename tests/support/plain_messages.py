# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no message may contain: values in Python's notation, names of classes, and "1 items"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding

QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
BEFORE_A_QUOTE = re.compile(r"[\[{]['\"]")
PYTHON = re.compile(
    r"\b(?:None|True|False|NoneType)\b|\[\]|\{\}|<[\w.]+ object|\bset\(\)|frozenset"
    r"|\b(?:Scenario|Severity|Act|VcdRule)\.[A-Z_]+"
    r"|\b1 (?:members|ports|writes|tasks|steps|[Ss]ervices|objects|pools|rules|addresses|entries|nodes|others)\b"
)


def complaint(message: str) -> str:
    """What a person would stumble over in a message, or an empty text. Quoted parts are a user's values."""
    found = BEFORE_A_QUOTE.search(message) or PYTHON.search(QUOTED.sub("", message))
    return found.group() if found else ""


def check_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, creating an error or a finding with such a message raises AssertionError."""
    monkeypatch.setattr(CollectionError, "__init__", _checked(CollectionError.__init__, lambda one: [one.message]))
    monkeypatch.setattr(Finding, "__init__", _checked(Finding.__init__, lambda one: [one.message, one.remedy]))


def _checked(make: Callable[..., None], texts: Callable[[Any], list[str]]) -> Callable[..., None]:
    @wraps(make)
    def made(self: Any, *arguments: Any, **more: Any) -> None:
        make(self, *arguments, **more)
        for text in texts(self):
            assert not complaint(str(text)), f"{complaint(str(text))!r} in a message: {text}"

    return made
