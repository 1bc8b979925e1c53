# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks requests and answers against the vendor's own API description (OpenAPI 2.0), if the file is available.

Two exceptions: any field may be null (VCD sends nulls, which OpenAPI 2.0 cannot express), and an object schema without
properties accepts any value (that is how the description writes "anything"). Everything else is taken literally; fields
that the description does not have are a problem.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jsonschema.exceptions import best_match

from vcdsim.api_versions import Version, parse
from vcdsim.calls import Operation

_VARIABLE = re.compile(r"\{[^/]*\}")
# Status codes that the description declares once, in its general part, for every operation.
_GENERAL = frozenset({400, 401, 403, 404, 405, 406, 412, 415, 429, 500, 501, 503})
_KEPT = 200


def read_description(path: Path) -> Any:
    """The description in a file: YAML, or JSON, which is read many times faster."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders


class Contract:
    """The description, and the differences found so far. Versions newer than the description's are not checked."""

    def __init__(self, path: Path) -> None:
        document = read_description(path)
        self._definitions: dict[str, Any] = document["definitions"]
        major, minor = str(document["info"]["version"]).split(".")
        self.version: Version = (int(major), int(minor))
        self._paths = {_plain(name): operations for name, operations in document["paths"].items()}
        self._validators: dict[str, jsonschema.Draft4Validator] = {}
        self.checked = 0
        self.problems: list[str] = []

    def check(self, operation: Operation, version: Version, sent: Any, status: int, answer: Any) -> None:
        """Record every difference between one exchange and the description."""
        if not operation.path.startswith("/cloudapi/") or max(version, parse(operation.since)) > self.version:
            return  # the described version refuses newer operations, as it does any unknown path
        described = self._paths.get(_plain(operation.path.removeprefix("/cloudapi")), {}).get(operation.method.lower())
        if described is None:
            self._note(operation, "is not in the description")
            return
        self.checked += 1
        if status >= 400:
            self._check_value(operation, "error", {"$ref": "#/definitions/Error"}, answer)
            if status not in _GENERAL:
                self._note(operation, f"answers {status}")
            return
        self._check_answer(operation, described, status, answer)
        for parameter in described.get("parameters", []):
            if parameter["in"] == "body" and sent is not None:
                self._check_value(operation, "body", parameter["schema"], sent)

    def _check_answer(self, operation: Operation, described: dict[str, Any], status: int, answer: Any) -> None:
        response = described["responses"].get(str(status))
        if response is None:
            self._note(operation, f"answers {status}, described are {', '.join(described['responses'])}")
        elif "schema" in response:
            self._check_value(operation, "answer", response["schema"], answer)
        elif answer is not None:
            self._note(operation, f"has an answer with {status}, none is described")

    def _check_value(self, operation: Operation, what: str, schema: dict[str, Any], value: Any) -> None:
        for outer in self._validator(schema).iter_errors(value):
            problem = best_match([outer]) or outer  # the alternative "or null" never explains a problem
            place = problem.json_path.removeprefix("$") or "the whole"
            self._note(operation, f"{what} at {place}: {problem.message[-160:]}")

    def _note(self, operation: Operation, what: str) -> None:
        line = f"{operation.method} {operation.path}: {what}"
        if line not in self.problems and len(self.problems) < _KEPT:
            self.problems.append(line)

    def _validator(self, schema: dict[str, Any]) -> jsonschema.Draft4Validator:
        key = repr(schema)
        if key not in self._validators:
            found: dict[str, Any] = {}
            converted = self._convert(schema, found)
            self._validators[key] = jsonschema.Draft4Validator({"definitions": found, **converted})
        return self._validators[key]

    def _convert(self, schema: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        """JSON Schema for a schema of the description. Adds the definitions that it needs to ``found``."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in found:
                found[name] = {}
                found[name] = self._convert(self._definitions[name], found)
            return {"anyOf": [{"$ref": f"#/definitions/{name}"}, {"type": "null"}]}
        if "allOf" in schema or schema.get("properties"):
            properties, required = self._gather(schema)
            return {
                "type": ["object", "null"],
                "properties": {name: self._convert(one, found) for name, one in properties.items()},
                "additionalProperties": False,
                **({"required": sorted(required)} if required else {}),
            }
        if schema.get("type") == "object" or "type" not in schema:
            return {}
        if schema["type"] == "array":
            limits: dict[str, Any] = {name: schema[name] for name in ("minItems", "maxItems") if name in schema}
            return limits | {"type": ["array", "null"], "items": self._convert(schema["items"], found)}
        kept = (
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
        )  # patterns use Java's syntax, which Python cannot always compile
        converted = {name: schema[name] for name in kept if name in schema} | {"type": [schema["type"], "null"]}
        return converted | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})

    def _gather(self, schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """All properties and required names, including those inherited through ``allOf``."""
        properties: dict[str, Any] = dict(schema.get("properties", {}))
        required = set(schema.get("required", []))
        for part in schema.get("allOf", []):
            whole = self._definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
            more, names = self._gather(whole)
            properties = {**more, **properties}
            required |= names
        return properties, required

    def as_dict(self) -> dict[str, Any]:
        return {"checked": self.checked, "problems": list(self.problems)}


def _plain(path: str) -> str:
    return _VARIABLE.sub("{}", path).rstrip("/")
