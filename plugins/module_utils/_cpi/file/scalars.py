# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Resolve the text of a scalar to a value like Go's yaml.v2: YAML 1.1 booleans, numbers, timestamps, binary.

Source: resolve.go and decode.go of gopkg.in/yaml.v2 v2.4.0.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import Scalar

_PREFIX = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY, MERGE = (
    _PREFIX + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
)
_WORDS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
    "<<": (MERGE, "<<"),
}
_INT = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_MAX_DIGITS = 80  # more than 64 bits need in any base; Python refuses to convert very long numbers
_NEW_LINES = re.compile(r"[\r\n]")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?")


class CannotResolve(Exception):
    """A scalar for which yaml.v2 rejects the whole file."""


def resolve(scalar: Scalar) -> tuple[str, Any]:
    """The tag and the value of a scalar; a timestamp stays a string. Raises CannotResolve."""
    tag = scalar.tag or ""
    if not tag and not scalar.plain:
        return STR, scalar.value
    if tag == BINARY:
        try:
            return STR, base64.b64decode(_NEW_LINES.sub("", scalar.value), validate=True).decode()
        except ValueError as error:  # also raised if the bytes are not valid text
            raise CannotResolve("!!binary value contains invalid base64 data") from error
    if tag not in ("", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP):
        return STR, scalar.value
    found, value = (STR, scalar.value) if tag == STR else _guess(scalar.value, tag)
    if tag in ("", found) and tag != TIMESTAMP:  # only Go decides which dates exist
        return found, value
    if tag == FLOAT and found == INT:
        return FLOAT, float(value)
    raise CannotResolve(f"cannot decode {_short(found)} as a {_short(tag)}")


def _guess(text: str, tag: str) -> tuple[str, Any]:
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] == ".":
        return _float(text)
    if text[:1] not in tuple("+-0123456789"):
        return STR, text
    if tag in ("", TIMESTAMP) and _TIMESTAMP.fullmatch(text):
        return TIMESTAMP, text
    digits = text.replace("_", "")
    number = _integer(digits)
    # Go reads a number that does not fit in 63 bits as unsigned, so it must not have a sign.
    if number is not None and -(2**63) <= number < (2**63 if digits[0] in "+-" else 2**64):
        return INT, number
    tag, value = _float(digits)
    return tag, value if tag == FLOAT else text


def _float(digits: str) -> tuple[str, Any]:
    value = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    return (FLOAT, value) if math.isfinite(value) else (STR, digits)


def _integer(digits: str) -> int | None:
    match = _INT.fullmatch(digits)
    if not match:
        return None
    sign, sixteen, two, eight, ten = match.groups()
    for figures, base in ((sixteen, 16), (two, 2), (eight, 8), (ten, 10)):
        if figures is not None:
            return int(sign + figures, base) if len(figures.lstrip("0")) <= _MAX_DIGITS else None
    return None


def is_null(scalar: Scalar) -> bool:
    """Whether yaml.v2 reads it as null for any expected type (it does not for ``Null`` and ``NULL``)."""
    return scalar.tag == NULL or (scalar.tag is None and scalar.plain and scalar.value in ("null", "~", ""))


def as_int32(value: Any) -> int | None:
    """A number as Go's int32, with fractions truncated; None when yaml.v2 rejects it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    whole = int(value)
    return whole if -(2**31) <= whole < 2**31 else None


def _short(tag: str) -> str:
    return tag.replace(_PREFIX, "!!")
