# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on troubleshooting quotes the code: people write its tables, and a tool writes the list of findings."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))

from write_messages import BEGIN, PAGE, UNKNOWN, messages, page  # noqa: E402

TEXT = PAGE.read_text(encoding="utf-8")
QUOTED = re.findall(r"^\| `([^`]+)` \|", TEXT.partition(BEGIN)[0], re.MULTILINE)


@cache
def texts_in_code() -> tuple[str, ...]:
    """Every text of the plugins and of the role, with an ellipsis for each inserted value."""
    found: list[str] = []
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(one.value) if isinstance(one, ast.Constant) else UNKNOWN for one in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    for path in (ROOT / "roles").rglob("tasks/*.yml"):
        text = re.sub(r"'\s*~\s*'", "", str(yaml.safe_load(path.read_text(encoding="utf-8"))).replace("\\'", "'"))
        found.append(re.sub(r"'\s*~[^']*~\s*'", UNKNOWN, text))
    return tuple(found)


def test_messages_are_found() -> None:
    assert len(QUOTED) > 15
    assert len(messages()) > 50


@pytest.mark.parametrize("quoted", QUOTED)
def test_the_code_says_what_the_page_quotes(quoted: str) -> None:
    assert any(quoted in one for one in texts_in_code())


def test_a_quote_that_is_not_in_the_code_is_found() -> None:
    assert not any("cannot connect: check the weather" in one for one in texts_in_code())


def test_the_list_of_findings_agrees_with_the_code() -> None:
    assert page(TEXT) == TEXT, "run python tests/tools/write_messages.py"


def test_each_error_has_a_remedy_or_says_it_itself() -> None:
    assert [one.text for one in messages() if one.severity == "error" and not one.remedy] == []


def test_a_new_finding_would_be_listed(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(
        'HELP = "wait for the sun"\n\n\ndef look(state):\n'
        '    message = f"it rains on {state.place}"\n    yield warning("weather", message, HELP)\n'
    )
    (found,) = messages(tmp_path)
    assert (found.check, found.severity, found.text) == ("weather", "warning", f"it rains on {UNKNOWN}")
