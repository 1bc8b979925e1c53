# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of names, labels and keys. Each check returns the API server's error texts, if any."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_NAME})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"


def _too_long(value: str, limit: int) -> list[str]:
    return [f"must be no more than {limit} bytes"] if len(value.encode()) > limit else []


def _pattern(value: str, pattern: str, rule: str, examples: str) -> list[str]:
    if re.fullmatch(pattern, value):
        return []
    return [f"{rule} (e.g. {examples}, regex used for validation is '{pattern}')"]


def subdomain(value: str) -> list[str]:
    rule = (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _too_long(value, 253) + _pattern(value, _SUBDOMAIN, rule, "'example.com'")


def label(value: str) -> list[str]:
    rule = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character"
    )
    return _too_long(value, 63) + _pattern(value, _LABEL, rule, "'my-name',  or '123-abc'")


def dns1035(value: str) -> list[str]:
    rule = (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character"
    )
    return _too_long(value, 63) + _pattern(value, _DNS1035, rule, "'my-name',  or 'abc-123'")


def path_segment(value: str) -> list[str]:
    """A name of an RBAC object."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in value]


def qualified_name(value: str) -> list[str]:
    """The key of a label or annotation: an optional prefix with a slash, and a name."""
    prefix, slash, name = value.rpartition("/")
    found = []
    if slash:
        if "/" in prefix:
            rule = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end"
            rule += " with an alphanumeric character"
            examples = "'MyName',  or 'my.name',  or '123-abc'"
            detail = f"{rule} (e.g. {examples}, regex used for validation is '{_NAME}')"
            return [f"{detail} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
        found = ["prefix part must be non-empty"] if not prefix else [f"prefix part {why}" for why in subdomain(prefix)]
    if not name:
        found.append("name part must be non-empty")
    found += [f"name part {why}" for why in _too_long(name, 63)]
    rule = (
        "name part must consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return found + _pattern(name, _NAME, rule, "'MyName',  or 'my.name',  or '123-abc'")


def label_value(value: str) -> list[str]:
    rule = (
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _too_long(value, 63) + _pattern(value, _VALUE, rule, "'MyValue',  or 'my_value',  or '12345'")


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret, which becomes the name of a file."""
    found = _too_long(value, 253)
    rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    found += _pattern(value, _CONFIG_KEY, rule, "'key.name',  or 'KEY_NAME',  or 'key-name'")
    if value in (".", ".."):
        return [*found, f"must not be '{value}'"]
    return [*found, "must not start with '..'"] if value.startswith("..") else found
