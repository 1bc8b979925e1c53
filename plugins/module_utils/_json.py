# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""JSON from outside: accepts only what every part of the collection, and of Ansible, can process. Pure.

Python's parser accepts more than the standard does (NaN, duplicate keys), and its result may fail later and elsewhere:
nested too deeply to print, an infinite number, or half a character that no file can hold.
"""

from __future__ import annotations

import json
import math
from typing import Any

# Cloud Director's bodies have 10 levels, a Deployment 15, a cluster's entity 20. Ansible and json fail at 1000.
DEEPEST = 64
# Values in one document: an answer of 32 MiB may contain 16 million empty lists, each of which takes 64 bytes. A page
# of 250 Services has 50,000 values.
MOST_VALUES = 1_000_000
_TOO_DEEP = f"is nested deeper than {DEEPEST} levels"


class JsonRefused(ValueError):
    """A document that is not JSON, or that exceeds a limit. The text completes "the document ..."."""


def parse_json(text: str) -> Any:
    """The value in a document. A lone UTF-16 surrogate becomes a question mark. Raises JsonRefused."""
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise JsonRefused(f"has more than {MOST_VALUES:,} values")
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        raise JsonRefused(_TOO_DEEP) from None
    except JsonRefused:
        raise
    except json.JSONDecodeError:
        raise JsonRefused("is not JSON") from None
    except ValueError:
        raise JsonRefused("has a number of thousands of digits") from None
    check_depth(found)
    return _whole_characters(found) if "\\u" in text else found


def check_depth(value: Any) -> None:
    """Raise JsonRefused for lists and mappings that are nested too deeply."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _depth in range(DEEPEST):
        level = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return
    raise JsonRefused(_TOO_DEEP)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefused("has a duplicate key")
    return found


def _constant(_name: str) -> Any:
    raise JsonRefused("has NaN or Infinity, which are not JSON")


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise JsonRefused("has an infinite number")
    return found


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return [_whole_characters(item) for item in value] if isinstance(value, list) else value
