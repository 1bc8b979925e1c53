# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Change the two sharing flags in CPI's file and nothing else: comments, order, quotes and line endings stay.

The file belongs to the operator, who reviews every change of it. Loading and dumping it can reformat lines that have
nothing to do with the change. So each edit replaces the smallest possible piece of text. The result is parsed again and
compared with the original: a file that does not suit these edits (anchors, merges, unusual layouts) is rejected instead
of damaged.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import (
    CloudConfig,
    FileEdit,
    OneArm,
    config_section,
    read_config,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import (
    Alias,
    Mapping,
    Node,
    Scalar,
    Sequence,
    find,
    last_offset,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError

FLAG = "enableVirtualServiceSharedIP"
ONE_ARM = "oneArm"
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class CannotEdit(CollectionError):
    """The layout of the file does not allow a safe edit. Nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"CPI's file cannot be edited safely: {why}")


def edit(text: str, wanted_edit: FileEdit) -> str:
    """The text with the edit applied; the identical text when nothing has to change. Raises CannotEdit."""
    before = read_config(text)
    section = config_section(before)
    if section is None:
        raise CannotEdit(_why_no_section(before))
    shared = before.shared if wanted_edit.shared is None else wanted_edit.shared
    one_arm = None if wanted_edit.remove_one_arm else (wanted_edit.one_arm or before.one_arm)
    if shared != before.shared:
        text = _set_flag(text, section, shared)
    if one_arm != before.one_arm:
        # The first edit has moved every later offset: parse again.
        section = config_section(read_config(text))
        if section is None:
            raise CannotEdit("the loadbalancer section is not written out as keys and values")
        text = _remove(text, section) if one_arm is None else _set_one_arm(text, section, one_arm)
    _verify(before, read_config(text), shared, one_arm)
    return text


def _why_no_section(config: CloudConfig) -> str:
    if config.document.root is None:
        return "; ".join(config.problems)
    return "it has no loadbalancer section written out as keys and values (CPI needs at least loadbalancer.network)"


def _set_flag(text: str, section: Mapping, shared: bool) -> str:
    entry = find(section, FLAG)
    word = "true" if shared else "false"
    if entry is None:
        return _insert(text, section, [(FLAG, word)])
    return _replace(text, entry[1], word)


def _set_one_arm(text: str, section: Mapping, wanted: OneArm) -> str:
    entry = find(section, ONE_ARM)
    pairs = [("startIP", f'"{wanted.start_ip}"'), ("endIP", f'"{wanted.end_ip}"')]
    if entry is None:
        return _insert(text, section, [(ONE_ARM, pairs)])
    value = entry[1]
    if not isinstance(value, Mapping) or not value.entries:
        return _replace(text, value, _flow(pairs))
    # From the end to the start, so that the offsets of the remaining edits stay valid.
    missing = [pair for pair in pairs if find(value, pair[0]) is None]
    for name, quoted in sorted(pairs, key=lambda pair: _position(value, pair[0]), reverse=True):
        found = find(value, name)
        if found is not None:
            text = _replace(text, found[1], _requote(found[1], quoted))
    return _insert(text, value, missing) if missing else text


def _position(mapping: Mapping, name: str) -> int:
    entry = find(mapping, name)
    return entry[1].start if entry else -1


def _requote(node: Node, quoted: str) -> str:
    """The value in the quoting style of the value that it replaces."""
    if isinstance(node, Scalar) and node.tag is None:
        if node.plain and node.value:
            return quoted.strip('"')
        if node.style == "'":
            return quoted.replace('"', "'")
    return quoted


def _replace(text: str, node: Node, new: str) -> str:
    if node.anchor:
        # Every alias of the anchor would change with it.
        raise CannotEdit(f"line {node.line + 1} has the anchor &{node.anchor}; write the values out instead")
    if isinstance(node, Sequence) or (isinstance(node, Mapping) and not node.flow):
        raise CannotEdit(f"line {node.line + 1} has a list or a section where a single value belongs")
    if isinstance(node, Scalar) and node.style in ("|", ">"):
        raise CannotEdit(f"line {node.line + 1} has a block scalar; write the value on one line")
    # An empty value starts directly after its colon, where YAML needs a space.
    space = " " if node.start == node.end and text[node.start - 1 : node.start] == ":" else ""
    return f"{text[: node.start]}{space}{new}{text[node.end :]}"


def _flow(pairs: list[tuple[str, Any]]) -> str:
    return (
        "{"
        + ", ".join(f'"{name}": {_flow(value) if isinstance(value, list) else value}' for name, value in pairs)
        + "}"
    )


def _insert(text: str, section: Mapping, entries: list[tuple[str, Any]]) -> str:
    """Insert entries at the top of a section, so that they never separate a comment from the key below it."""
    if section.flow:
        brace = text.index("{", section.start) + 1
        place = section.entries[0][0].start if section.entries else brace
        return text[:place] + _flow(entries)[1:-1] + (", " if section.entries else "") + text[place:]
    first = section.entries[0][0]
    line_start = text.rfind("\n", 0, first.start) + 1
    indent = text[line_start : first.start]
    if indent.strip(" "):
        raise CannotEdit(f"line {first.line + 1} has other text before the first key of a section")
    place = _after_header(text, section, first)
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    return text[:place] + "".join(f"{line}{end_of_line}" for line in _block(entries, indent)) + text[place:]


def _after_header(text: str, section: Mapping, first: Node) -> int:
    """The start of the line after the section's own key: go up from its first key past comments and blank lines."""
    place = text.rfind("\n", 0, first.start) + 1
    while place > 0:
        above = text.rfind("\n", 0, place - 1) + 1
        line = text[above : place - 1].strip()
        if (above < section.start and section.anchor) or (line and not line.startswith("#")):
            return place
        place = above
    return place


def _block(entries: list[tuple[str, Any]], indent: str) -> list[str]:
    lines: list[str] = []
    for name, value in entries:
        if isinstance(value, list):
            lines += [f"{indent}{name}:", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value}")
    return lines


def _remove(text: str, section: Mapping) -> str:
    entry = find(section, ONE_ARM)
    if entry is None:
        raise CannotEdit("oneArm comes from a merge (<<); write the section out instead")
    key, value = entry
    if section.flow:
        return _remove_from_flow(text, section, key)
    line_start = text.rfind("\n", 0, key.start) + 1
    line_end = _line_end(text, max(last_offset(key, text), last_offset(value, text)))
    if text[line_start : key.start].strip(" "):
        raise CannotEdit(f"line {key.line + 1} has other text before oneArm")
    # A comment that is not indented deeper than oneArm belongs to the section or to the next key: keep it.
    kept = [
        line
        for line in _LINES.findall(text[line_start:line_end])
        if line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= key.column
    ]
    return text[:line_start] + "".join(kept) + text[line_end:]


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _remove_from_flow(text: str, section: Mapping, key: Node) -> str:
    starts = [entry[0].start for entry in section.entries]
    at = starts.index(key.start)
    if at + 1 < len(starts):
        return text[: key.start] + text[starts[at + 1] :]
    begin = last_offset(section.entries[at - 1][1], text) if at else key.start
    return text[:begin] + text[last_offset(section.entries[at][1], text) :]


def _verify(before: CloudConfig, after: CloudConfig, shared: bool, one_arm: OneArm | None) -> None:
    """Raise CannotEdit unless exactly the wanted values differ, both as CPI decodes the file and in the YAML tree.

    Both checks are needed: CPI's values show the effects of an edit through aliases and merges, and the tree shows keys
    that CPI does not know.
    """
    balancer = {
        **before.values["loadbalancer"],
        FLAG: shared,
        ONE_ARM: {"startIP": one_arm.start_ip, "endIP": one_arm.end_ip} if one_arm else None,
    }
    if after.values != {**before.values, "loadbalancer": balancer}:
        raise CannotEdit(
            "its anchors, aliases or merges (&, *, <<) tie the sharing flags to other values; write them out"
        )
    if _outline(before.document.root) != _outline(after.document.root):
        raise CannotEdit("the edit would affect other keys; put oneArm and the flag on separate lines")


def _outline(node: Node | None, path: str = "") -> Any:
    """The tree as plain data, without the two flags. Aliases are compared by name."""
    if isinstance(node, Mapping):
        found = []
        for key, value in node.entries:
            name = key.value if isinstance(key, Scalar) else ""
            if path == "/loadbalancer" and name in (FLAG, ONE_ARM):
                continue
            found.append((name or _outline(key), _outline(value, f"{path}/{name}")))
        return found
    if isinstance(node, Sequence):
        return [_outline(item, f"{path}/-") for item in node.items]
    if isinstance(node, Alias):
        return ("*", node.name)
    return (node.value, node.plain, node.tag, node.anchor) if isinstance(node, Scalar) else None
