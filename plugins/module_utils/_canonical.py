# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A canonical text for each value, and its digest: equal values have equal digests, whoever wrote them. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def canonical(value: Any) -> str:
    """Plain data as JSON with sorted keys, without blanks, in ASCII. Raises ValueError for NaN and Infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain(value: Any) -> Any:
    """The same data as a JSON file would return it: lists for tuples, texts as keys."""
    return json.loads(canonical(value))


def digest_of(value: Any) -> str:
    """``sha256:`` and 64 hexadecimal digits, over the canonical form."""
    return f"sha256:{hashlib.sha256(canonical(value).encode()).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def without(value: Any, keys: Iterable[str]) -> Any:
    """The data without these keys, at every level."""
    left_out = frozenset(keys)
    if isinstance(value, Mapping):
        return {key: without(item, left_out) for key, item in value.items() if key not in left_out}
    return [without(item, left_out) for item in value] if isinstance(value, (list, tuple)) else value
