# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables and lists of REFERENCE.md, made from the code so that they cannot be wrong."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from vcdsim.assumptions import SWITCHES
from vcdsim.calls import LOGGED_IN, OPEN, Operation
from vcdsim.clients import CLIENTS, recorded
from vcdsim.estate_schema import ESTATE
from vcdsim.operations import NOT_BUILT, OPERATIONS
from vcdsim.rights import ROLES

_MARKED = re.compile(r"(<!-- tables: begin[^>]*-->\n).*?(\n<!-- tables: end -->)", re.DOTALL)
_WIDTH = 118
_RECORDED = """\
From the journals of tests in which both CPIs serve new Services (`tests/real`), in which the Go SDK and Terraform's
provider create, change and delete every object that they support (`tests/clients`), of their own tests
(`make acceptance`), and of the modules' tests (`tests/functional/vcd`).
An empty cell says that those tests did not send the operation, not that the client never does."""
_STRICT = """\
*Strict body*: the operation also refuses unknown fields, wrong types and values out of range. The right *none* needs no
session, *any* needs only a session."""


def renewed(page: str) -> str:
    """The text with new tables between the markers. ValueError if the markers are missing."""
    text, count = _MARKED.subn(lambda found: f"{found[1]}\n{table()}\n{found[2]}", page)
    if count != 1:
        raise ValueError("the marks of the tables are missing")
    return text


def table() -> str:
    """Every table and list, with its heading, in Markdown without long lines."""
    parts = (_operations(), _not_built(), _clients(), _switches(), _roles(), _estate())
    return "\n\n".join(parts)


def _rows(heading: str, columns: list[str], rows: list[list[str]]) -> str:
    lines = [f"## {heading}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _clients() -> str:
    """Which client sends which operation, from the recorded journals."""
    known = {client: set(found) for client, found in recorded().items()}
    rows = []
    for operation in OPERATIONS:
        name = f"{operation.method} {operation.path}"
        marks = ["x" if name in known[client] else "" for client in CLIENTS]
        if any(marks):
            rows.append([f"`{operation.method} {_short(operation.path)}`", *marks])
    return _rows("What clients send", ["Operation", *CLIENTS], rows) + "\n\n" + _RECORDED


def _short(path: str) -> str:
    """A path without its beginning, so that a row fits into a line."""
    return path.removeprefix("/cloudapi/1.0.0/")


def _item(text: str, indent: str = "") -> str:
    """A list item, wrapped. Words keep their hyphens, so that names stay whole."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _operations() -> str:
    by_path: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, []).append(operation)
    lines = ["## Operations", "", _STRICT, ""]
    for path, operations in by_path.items():
        lines.append(f"- `{path}`")
        lines += [_item(_operation(operation), "  ") for operation in operations]
    return "\n".join(lines)


def _operation(operation: Operation) -> str:
    right = {OPEN: "none", LOGGED_IN: "any"}.get(operation.right, operation.right)
    since = "in any version" if operation.since == "0.0" else f"since {operation.since}"
    strict = ", strict body" if _is_strict(operation) else ""
    refuses = f" Refuses: {operation.refuses}." if operation.refuses else ""
    return f"`{operation.method}` {since}, {operation.basis}{strict}. Right: {right}.{refuses}"


def _is_strict(operation: Operation) -> bool:
    """Whether a schema checks the body: log-ins and entity resolution read no body, OAuth reads a form."""
    bodiless = operation.path.startswith("/oauth/") or operation.path.endswith(
        ("/sessions", "/sessions/provider", "/resolve")
    )
    return operation.method in ("POST", "PUT") and not bodiless


def _not_built() -> str:
    rows = [[f"`{path}`", methods] for methods, path in NOT_BUILT if not path.endswith("/**")]
    families = ", ".join(f"`{path}`" for _methods, path in NOT_BUILT if path.endswith("/**"))
    more = textwrap.fill(f"Any method on any of these: {families}.", _WIDTH, break_on_hyphens=False)
    return _rows("Known, answered 501", ["Path", "Methods"], rows) + "\n\n" + more


def _switches() -> str:
    lines = ["## Assumptions (`--assume NAME=VALUE`)", "", "The first value is the default.", ""]
    for switch in SWITCHES:
        values = " or ".join(f"`{value}`" for value in switch.values)
        lines.append(_item(f"`{switch.name}`: {values}. {switch.meaning}"))
    return "\n".join(lines)


def _roles() -> str:
    lines = ["## Roles", ""]
    lines += [_item(f"{name}: {'; '.join(sorted(rights))}") for name, rights in ROLES.items()]
    return "\n".join(lines)


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
        *others, last = (f"`{value}`" for value in schema["enum"])
        return f"{', '.join(others)} or {last}"
    return {"string": "text", "integer": "number", "boolean": "true or false"}.get(schema.get("type", ""), "anything")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
