# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people has no character that moves a cursor, hides or reorders text; names stay as they are."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import (
    INVISIBLE,
    printable,
    printable_data,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import texts_printable
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._progress import ProgressLines
from hypothesis import example, given
from hypothesis import strategies as st

# Every character, lone surrogates included, and harmful ones more often than by chance.
HARMFUL = (
    "\x00\x07\x08\x1b\x7f\x80\x9b\xad\r\u061c\u200b\u200d\u2028\u2029\u202e\u2066\u2069\ufeff\ud800\udfff\U000e0041"
)
CHARACTERS = st.characters() | st.characters(categories=["Cs"]) | st.sampled_from(HARMFUL)
HOSTILE = st.text(CHARACTERS, max_size=40)
DATA = st.recursive(
    HOSTILE | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


def harmful(text: str, keep: str = "") -> set[str]:
    """The characters of a text that no terminal may get, by a wider rule than that of the code."""
    return {one for one in text if one not in keep and (unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp"))}


def texts(data: Any) -> list[str]:
    """All texts in some data."""
    if isinstance(data, dict):
        return [text for pair in data.items() for one in pair for text in texts(one)]
    if isinstance(data, list):
        return [text for one in data for text in texts(one)]
    return [data] if isinstance(data, str) else []


@given(HOSTILE)
@example(HARMFUL)
def test_nothing_harmful_is_left_and_nothing_else_changes(text: str) -> None:
    escaped = printable(text)
    assert not harmful(escaped)
    escaped.encode()  # a lone surrogate would stop the output
    assert printable(escaped) == escaped
    pure = "".join(one for one in text if not harmful(one) and one not in INVISIBLE)
    assert printable(pure) == pure


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bücher-Köln", "Bücher-Köln"),
        ("負載平衡器 ロードバランサー", "負載平衡器 ロードバランサー"),
        ("балансировщик é ñ العربية", "балансировщик é ñ العربية"),
        ("rocket 🚀 heart ❤️", "rocket 🚀 heart ❤️"),
        ("e\u0301", "e\u0301"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\rb\nc\td", r"a\rb\nc\td"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("admin\u202egnp.exe", r"admin\u202egnp.exe"),
        ("pay\u200bpal", r"pay\u200bpal"),
        ("half \ud83d", r"half \ud83d"),
    ],
)
def test_names_stay_readable_and_other_characters_are_escaped(name: str, expected: str) -> None:
    assert printable(name) == expected


@given(DATA)
def test_data_for_a_person_is_printable_to_its_last_key(data: Any) -> None:
    assert not [text for text in texts(printable_data(data)) if harmful(text)]
    assert not [text for text in texts(printable_data(data, keep="\n\t")) if harmful(text, "\n\t")]


@given(DATA, st.sampled_from(["lines", "message", "msg", "remedy", "summary"]))
def test_a_result_has_printable_texts_and_untouched_data(data: Any, key: str) -> None:
    result = texts_printable({"findings": [{key: data, "name": data}]})
    (finding,) = result["findings"]
    assert not [text for text in texts(finding[key]) if harmful(text)]
    if not any(name in ("lines", "message", "msg", "remedy", "summary") for name in texts(data)):
        assert finding["name"] == data


@given(HOSTILE, HOSTILE, HOSTILE)
def test_progress_lines_are_printable(name: str, text: str, place: str) -> None:
    progress = ProgressLines(0.0, place)
    events: list[dict[str, Any]] = [
        {"event": "say", "text": text},
        {"event": "service", "name": name, "number": 1, "of": 1, "doing": text},
        {"event": "step", "name": name, "number": 1, "of": 1, "step": text, "done": 0, "writes": 1},
        {"event": "done", "name": name, "number": 1, "of": 1, "state": text},
    ]
    lines = [line for number, event in enumerate(events, 1) for line in progress.take(event, 20.0 * number)]
    assert len(lines) >= 2
    assert not [line for line in lines if harmful(line)]
