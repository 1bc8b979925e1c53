# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the checks report, and the remedy of each, into docs/troubleshooting.md: from the code that reports it.

    python tests/tools/write_messages.py          # rewrite the page and print the number of messages
    python tests/tools/write_messages.py --check  # exit code 1 if the page is out of date

Values that are only known in a run appear as an ellipsis. Standard library only, so that it runs anywhere.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
CHECKS = PLUGINS / "module_utils" / "_sharing" / "checks"
PAGE = ROOT / "docs" / "troubleshooting.md"
BEGIN = "<!-- messages: begin, written by tests/tools/write_messages.py -->"
END = "<!-- messages: end -->"
UNKNOWN = "\N{HORIZONTAL ELLIPSIS}"
LINE = 118
SEVERITIES = ("error", "warning")

Names = dict[str, list[ast.Assign]]


@dataclass(frozen=True, order=True)
class Message:
    """What a check reports, and its remedy."""

    check: str
    severity: str
    text: str
    remedy: str


@cache
def constants(folder: Path) -> Names:
    """The texts that files of a folder define as constants, by name."""
    found: Names = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            _keep(node, found)
    return found


def _keep(node: ast.AST, names: Names) -> None:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        names.setdefault(node.targets[0].id, []).append(node)


def text_of(node: ast.AST, local: Names, known: Names, line: int) -> str:
    """The text of an expression, with an ellipsis for each value that is only known in a run."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, local, known, line) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
        return text_of(node.value, local, known, line)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left, local, known, line) + text_of(node.right, local, known, line)
    if isinstance(node, ast.Name):
        before = [one for one in local.get(node.id, []) if one.lineno < line]
        given = before[-1:] or (known.get(node.id, []) if node.id.isupper() else [])
        if given and given[0].lineno != line:
            return text_of(given[0].value, local, known, given[0].lineno)
    return UNKNOWN


def messages(folder: Path = CHECKS) -> list[Message]:
    """All messages of the checks, as far as the code contains them."""
    known = constants(PLUGINS / "module_utils")
    found = [one for path in sorted(folder.glob("*.py")) for one in _messages_of(path, known)]
    return sorted({one for one in found if len(one.text.replace(UNKNOWN, "").strip(" ;:,()")) > 8})


def _messages_of(path: Path, known: Names) -> Iterator[Message]:
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        local: Names = {}
        for node in sorted(ast.walk(function), key=lambda one: getattr(one, "lineno", 0)):
            _keep(node, local)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SEVERITIES:
                check, text, *more = [_tidy(text_of(one, local, known, node.lineno)) for one in node.args]
                yield Message(check.replace("_", " "), node.func.id, text, more[0] if more else "")


def _tidy(text: str) -> str:
    one_line = " ".join(text.split())
    return re.sub(rf"{UNKNOWN}(?:[ ,]*{UNKNOWN})+", UNKNOWN, one_line)


def rendered(found: list[Message]) -> str:
    """The list for the page: a heading for each check, and its messages with their remedies."""
    lines: list[str] = []
    for check in dict.fromkeys(one.check for one in found if one.check != UNKNOWN):
        lines += ["", f"### {check}", ""]
        for one in (one for one in found if one.check == check):
            lines += _wrapped(f"- {one.severity}: `{one.text}`")
            if one.remedy.strip(UNKNOWN):
                lines += _wrapped(f"  - `{one.remedy}`", "    ")
    return "\n".join(lines).strip()


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def page(text: str) -> str:
    """The text of the page, with the list as the code has it now."""
    head, _begin, rest = text.partition(BEGIN)
    _old, _end, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{rendered(messages())}\n\n{END}{tail}"


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    new = page(text)
    if options.check:
        return int(new != text)
    PAGE.write_text(new, encoding="utf-8")
    print(f"{len(messages())} messages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
