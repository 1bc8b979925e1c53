# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Resolve the text of a scalar to a value like Go's yaml.v2: YAML 1.1 booleans, numbers, timestamps, binary.

Source: resolve.go and decode.go of gopkg.in/yaml.v2 v2.4.0.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import Scalar

_PREFIX = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY = (
    _PREFIX + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary")
)
_WORDS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
    "<<": (_PREFIX + "merge", "<<"),
}
_INT = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?")


class CannotResolve(Exception):
    """yaml.v2 rejects the whole file here."""


def resolve(scalar: Scalar) -> tuple[str, Any]:
    """The tag and the value of a scalar; a timestamp stays a string. Raises CannotResolve."""
    tag = scalar.tag or ""
    if not tag and not scalar.plain:
        return STR, scalar.value
    if tag == BINARY:
        try:
            return STR, base64.b64decode(scalar.value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise CannotResolve("!!binary value contains invalid base64 data") from error
    if tag not in ("", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP):
        return STR, scalar.value
    found, value = (STR, scalar.value) if tag == STR else _guess(scalar.value, tag)
    if tag in ("", found):
        return found, value
    if tag == FLOAT and found == INT:
        return FLOAT, float(value)
    raise CannotResolve(f"cannot decode {_short(found)} as a {_short(tag)}")


def _guess(text: str, tag: str) -> tuple[str, Any]:
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] == "." and _FLOAT.fullmatch(text):
        return FLOAT, float(text)
    if text[:1] not in tuple("+-0123456789"):
        return STR, text
    if tag in ("", TIMESTAMP) and _TIMESTAMP.fullmatch(text):
        return TIMESTAMP, text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None and -(2**63) <= number < 2**64:
        return INT, number
    return (FLOAT, float(digits)) if _FLOAT.fullmatch(digits) else (STR, text)


def _integer(digits: str) -> int | None:
    match = _INT.fullmatch(digits)
    if not match:
        return None
    sign, sixteen, two, eight, ten = match.groups()
    for figures, base in ((sixteen, 16), (two, 2), (eight, 8), (ten, 10)):
        if figures is not None:
            return int(sign + figures, base)
    return None


def is_null(scalar: Scalar) -> bool:
    """Whether yaml.v2 reads it as null whatever the expected type is (not true for ``Null`` and ``NULL``)."""
    return scalar.tag == NULL or (scalar.tag is None and scalar.plain and scalar.value in ("null", "~", ""))


def as_int32(value: Any) -> int | None:
    """A number as Go's int32, with fractions truncated; None when yaml.v2 rejects it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    whole = int(value)
    return whole if -(2**31) <= whole < 2**31 else None


def _short(tag: str) -> str:
    return tag.replace(_PREFIX, "!!")
