# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request and response bodies: JSON Schema for the fields, with some keywords of our own.

``x-since``: the API version that introduced the field; in older versions it is unknown. ``readOnly``: accepted and
ignored, because clients send back what they have read. ``writeOnly``: never returned. A null counts as not given, and
so does an empty string with ``x-empty-is-unset``. ``default`` fills in what is not given. ``x-opaque``: any JSON
object.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from vcdsim import api_versions, errors
from vcdsim.api_versions import Version
from vcdsim.store import is_identifier

Fields = dict[str, Any]
_CHECKER = jsonschema.FormatChecker(formats=())


def text(*, low: int = 0, high: int | None = None, **more: Any) -> Fields:
    """A string of ``low`` to ``high`` characters."""
    limits = {"minLength": low} if low else {}
    return {"type": "string", **limits, **({"maxLength": high} if high is not None else {}), **more}


def number(low: int | None = None, high: int | None = None, **more: Any) -> Fields:
    """An integer from ``low`` to ``high``, both included."""
    limits = {"minimum": low, "maximum": high}
    return {"type": "integer", **{key: value for key, value in limits.items() if value is not None}, **more}


def flag(**more: Any) -> Fields:
    return {"type": "boolean", **more}


def one_of(*values: str, **more: Any) -> Fields:
    return {"type": "string", "enum": list(values), **more}


def formatted(name: str, **more: Any) -> Fields:
    """A string in one of the formats that this file defines."""
    return {"type": "string", "format": name, **more}


def many(items: Fields, *, low: int = 0, high: int | None = None, **more: Any) -> Fields:
    limits = {"minItems": low} if low else {}
    return {"type": "array", "items": items, **limits, **({"maxItems": high} if high is not None else {}), **more}


def obj(properties: Fields, *required: str, **more: Any) -> Fields:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def ref(*kinds: str, **more: Any) -> Fields:
    """An EntityReference. Only the id counts, as in VCD; clients may send a stale or empty name."""
    return obj({"name": text(), "id": formatted("urn:" + "|".join(kinds))}, "id", **more)


def read_only(**more: Any) -> Fields:
    """A field that the server fills in."""
    return {"readOnly": True, **more}


def since(version: str, field: Fields) -> Fields:
    """A field that this API version introduced."""
    return {**field, "x-since": version}


def blank(field: Fields) -> Fields:
    """A field whose empty string counts as not given."""
    return {**field, "x-empty-is-unset": True}


def anything(**more: Any) -> Fields:
    """A JSON object that the simulator stores unchanged."""
    return {"type": "object", "x-opaque": True, **more}


@_CHECKER.checks("ip", raises=ValueError)
def _is_ip(value: object) -> bool:
    return not isinstance(value, str) or bool(ipaddress.ip_address(value))


@_CHECKER.checks("ipv4", raises=ValueError)
def _is_ipv4(value: object) -> bool:
    return not isinstance(value, str) or bool(ipaddress.IPv4Address(value))


@_CHECKER.checks("ipv6", raises=ValueError)
def _is_ipv6(value: object) -> bool:
    return not isinstance(value, str) or bool(ipaddress.IPv6Address(value))


@_CHECKER.checks("cidr", raises=ValueError)
def _is_cidr(value: object) -> bool:
    return not isinstance(value, str) or ("/" in value and bool(ipaddress.ip_interface(value)))


@_CHECKER.checks("ip-or-cidr", raises=ValueError)
def _is_ip_or_cidr(value: object) -> bool:
    return not isinstance(value, str) or bool(ipaddress.ip_interface(value))


@_CHECKER.checks("ip-range-or-cidr", raises=ValueError)
def _is_ip_range_or_cidr(value: object) -> bool:
    if not isinstance(value, str):
        return True
    first, dash, last = value.partition("-")
    if not dash:
        return bool(ipaddress.ip_interface(value))
    low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
    return low.version == high.version and int(low) <= int(high)


@_CHECKER.checks("ports")
def _is_ports(value: object) -> bool:
    """One port or a range ``low-high``."""
    if not isinstance(value, str):
        return True
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", value)
    if not found:
        return False
    low, high = int(found[1]), int(found[2] or found[1])
    return 1 <= low <= high <= 65535


@_CHECKER.checks("ports-or-any")
def _is_ports_or_any(value: object) -> bool:
    return value in ("ANY", "any") or _is_ports(value)


@_CHECKER.checks("mac")
def _is_mac(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", value) is not None


@_CHECKER.checks("as-number")
def _is_as_number(value: object) -> bool:
    """The number of an autonomous system, as 65546 or as 1.10."""
    if not isinstance(value, str):
        return True
    found = re.fullmatch(r"(?:(\d{1,5})\.)?(\d{1,10})", value)
    if not found:
        return False
    high, low = int(found[1] or 0), int(found[2])
    return high < 65536 and (low < 65536 if found[1] else 0 < low < 2**32)


class Body:
    """The fields of one kind of object: reads what a client sends, and shows what is stored."""

    def __init__(self, title: str, properties: Fields, *required: str) -> None:
        self.title = title
        self.schema = obj(properties, *required)

    def read(self, sent: Any, version: Version) -> dict[str, Any]:
        """The checked body: no nulls or read-only fields, with defaults. Answers 400 naming the first wrong field."""
        if not isinstance(sent, dict):
            raise errors.bad_request(f"The body must be a JSON object: {self.title}.")
        schema = _at_version(self, version)
        cleaned = _clean(sent, schema)
        problem = next(iter(sorted(_validator(self, version).iter_errors(cleaned), key=_order)), None)
        if problem:
            raise _explain(problem)
        filled: dict[str, Any] = _fill(cleaned, schema)
        return filled

    def show(self, stored: dict[str, Any], version: Version) -> dict[str, Any]:
        """Every field of the version, null where nothing is stored. Write-only fields are left out."""
        return {name: stored.get(name) for name in _names_at(self, version)}


# Bodies never change after import, so their schemas are built once for each version. Otherwise requests would spend
# most of their time on that.
@lru_cache(maxsize=512)
def _names_at(body: Body, version: Version) -> tuple[str, ...]:
    properties = _at_version(body, version)["properties"]
    return tuple(name for name, schema in properties.items() if not schema.get("writeOnly"))


@lru_cache(maxsize=512)
def _at_version(body: Body, version: Version) -> Fields:
    fitted: Fields = _fit(body.schema, version)
    return fitted


@lru_cache(maxsize=512)
def _validator(body: Body, version: Version) -> jsonschema.Draft202012Validator:
    _register_urn_formats(body.schema)
    return jsonschema.Draft202012Validator(_at_version(body, version), format_checker=_CHECKER)


def _register_urn_formats(schema: Any) -> None:
    if isinstance(schema, list):
        for one in schema:
            _register_urn_formats(one)
    if not isinstance(schema, dict):
        return
    name = schema.get("format")
    if isinstance(name, str) and name.startswith("urn:") and name not in _CHECKER.checkers:
        kinds = name.removeprefix("urn:").split("|")
        _CHECKER.checks(name)(lambda value: not isinstance(value, str) or any(is_identifier(k, value) for k in kinds))
    for value in schema.values():
        _register_urn_formats(value)


def _fit(schema: Any, version: Version) -> Any:
    """The schema without the fields of newer versions."""
    if isinstance(schema, list):
        return [_fit(one, version) for one in schema]
    if not isinstance(schema, dict):
        return schema
    fitted = {key: _fit(value, version) for key, value in schema.items() if key != "properties"}
    if "properties" in schema:
        fitted["properties"] = {
            name: _fit(one, version)
            for name, one in schema["properties"].items()
            if api_versions.parse(one.get("x-since", "0.0")) <= version
        }
    return fitted


def _is_unset(value: Any, schema: Fields) -> bool:
    return value is None or (value == "" and schema.get("x-empty-is-unset", False))


def _clean(value: Any, schema: Fields) -> Any:
    # Unknown fields stay, so that the validator can name them.
    if schema.get("x-opaque"):
        return value
    if isinstance(value, list):
        return [_clean(one, schema.get("items", {})) for one in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    known = schema["properties"]
    return {
        name: _clean(one, known.get(name, {}))
        for name, one in value.items()
        if not (_is_unset(one, known.get(name, {})) and name in known) and not known.get(name, {}).get("readOnly")
    }


def _fill(value: Any, schema: Fields) -> Any:
    if isinstance(value, list):
        return [_fill(one, schema.get("items", {})) for one in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    filled = {name: _fill(one, schema["properties"][name]) for name, one in value.items()}
    for name, one in schema["properties"].items():
        if name not in filled and "default" in one:
            filled[name] = one["default"]
    return filled


def _order(problem: ValidationError) -> tuple[int, str]:
    """Sort key of problems: unknown fields first, because a misspelt name also causes a missing field."""
    return (0 if problem.validator == "additionalProperties" else 1, problem.json_path)


def _explain(problem: ValidationError) -> errors.ApiError:
    where = problem.json_path.removeprefix("$").removeprefix(".")
    instance: Any = problem.instance
    prefix = f"{where}." if where else ""
    schema: Any = problem.schema
    limit: Any = problem.validator_value
    if problem.validator == "additionalProperties":
        known = schema["properties"]
        unknown = sorted(str(name) for name in instance if name not in known)
        return errors.bad_request(f'Unrecognized field "{prefix}{unknown[0]}".')
    if problem.validator == "required":
        missing = [name for name in limit if name not in instance]
        return errors.bad_request(f'The field "{prefix}{missing[0]}" is required.')
    words = {
        "type": f"it must be of type {limit}",
        "enum": f"it must be one of {limit}",
        "minimum": f"it must be at least {limit}",
        "maximum": f"it must be at most {limit}",
        "minLength": f"it must have at least {limit} characters",
        "maxLength": f"it must have at most {limit} characters",
        "minItems": f"it must have at least {limit} entries",
        "maxItems": f"it must have at most {limit} entries",
        "pattern": f"it must match {limit}",
        "format": f"it must be of the form {limit}",
    }
    return errors.bad_field(
        where or "body", words.get(str(problem.validator), f"it breaks the rule {problem.validator}")
    )
