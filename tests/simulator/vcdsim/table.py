# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the README, made from the code so that they cannot be wrong."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from vcdsim.assumptions import SWITCHES
from vcdsim.calls import LOGGED_IN, OPEN, Operation
from vcdsim.estate_schema import ESTATE
from vcdsim.operations import NOT_BUILT, OPERATIONS
from vcdsim.rights import ROLES

_BODY = "unknown fields, wrong types, values out of range"


_MARKED = re.compile(r"(<!-- tables: begin[^>]*-->\n).*?(\n<!-- tables: end -->)", re.DOTALL)


def renewed(readme: str) -> str:
    """The text with its tables, between their marks, made anew. ValueError if the marks are missing."""
    text, count = _MARKED.subn(lambda found: f"{found[1]}\n{table()}\n{found[2]}", readme)
    if count != 1:
        raise ValueError("the marks of the tables are missing")
    return text


def table() -> str:
    """Every table, with its heading, in Markdown."""
    parts = (_operations(), _not_built(), _switches(), _roles(), _estate())
    return "\n\n".join(parts)


def _rows(heading: str, columns: list[str], rows: list[list[str]]) -> str:
    lines = [f"### {heading}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _operations() -> str:
    columns = ["Operation", "Since API version", "Right", "Refuses", "Assumed or documented"]
    return _rows("Operations", columns, [_operation(one) for one in OPERATIONS])


def _operation(operation: Operation) -> list[str]:
    right = {OPEN: "none", LOGGED_IN: "any"}.get(operation.right, operation.right)
    strict = [_BODY] if operation.method in ("POST", "PUT") and not operation.path.startswith("/oauth/") else []
    if operation.path.endswith(("/sessions", "/sessions/provider", "/resolve")):
        strict = []
    refuses = "; ".join([*strict, *([operation.refuses] if operation.refuses else [])])
    since = "any" if operation.since == "0.0" else operation.since
    return [f"`{operation.method} {operation.path}`", since, right, refuses, operation.basis]


def _not_built() -> str:
    rows = [[f"`{path}`", methods] for methods, path in NOT_BUILT]
    return _rows("Known, answered 501", ["Path", "Methods"], rows)


def _switches() -> str:
    rows = [
        [f"`{one.name}`", f"`{one.values[0]}`", ", ".join(f"`{v}`" for v in one.values[1:]), one.meaning]
        for one in SWITCHES
    ]
    return _rows("Assumptions (`--assume NAME=VALUE`)", ["Name", "Default", "Other", "Meaning"], rows)


def _roles() -> str:
    return _rows("Roles", ["Role", "Rights"], [[name, ", ".join(sorted(rights))] for name, rights in ROLES.items()])


def _estate() -> str:
    return _rows("Keys of an estate file", ["Key", "Value"], list(_keys("", ESTATE)))


def _keys(prefix: str, schema: dict[str, Any]) -> list[list[str]]:
    rows: list[list[str]] = []
    for name, one in schema["properties"].items():
        path = f"{prefix}{name}"
        items = one.get("items", {}) if one.get("type") == "array" else one
        listed = "[]" if one.get("type") == "array" else ""
        required = ", required" if name in schema.get("required", []) else ""
        if items.get("properties"):
            rows.append([f"`{path}{listed}`", f"{'list of objects' if listed else 'object'}{required}"])
            rows += _keys(f"{path}{listed}.", items)
        else:
            rows.append([f"`{path}{listed}`", _value(items) + (" (list)" if listed else "") + required])
    return rows


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    return {"string": "text", "integer": "number", "boolean": "true or false"}.get(schema.get("type", ""), "anything")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
