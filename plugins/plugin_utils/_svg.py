# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The parts of a drawing in SVG: boxes, lines, arrows, dots and text.

A drawing is ``WIDTH`` units wide, so that it is legible on a phone and two of them fit beside each other on a desk.
Text is cut by its width in characters. Colours come from the page (see `page_frame`), and each one has a word beside
it.

Everything is made of markupsafe's Markup, which comes with Jinja2: whatever is put into it is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from markupsafe import Markup

WIDTH = 360


def drawn(parts: Iterable[Markup], height: int, *, key: str, title: str, described: str) -> Markup:
    """A drawing of these parts, ``height`` units high, with a title and a description for those who cannot see it.

    ``key`` makes its ids unique in the page.
    """
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}t {key}d" class="drawing">'
        '<title id="{key}t">{title}</title><desc id="{key}d">{described}</desc>{body}</svg>'
    ).format(
        width=WIDTH,
        height=height,
        key=key,
        title=printable(title),
        described=printable(described),
        body=Markup("").join(parts),
    )


def box(x: int, y: int, width: int, height: int, style: str) -> Markup:
    """A box. ``style`` is a class of the page: ``outside``, ``inside`` or ``missing``."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="5" class="box {}"/>').format(
        x + 0.5, y + 0.5, width - 1, height - 1, style
    )


def line(x: int, y: int, to_x: int, to_y: int, style: str = "") -> Markup:
    """A line; ``style`` may be ``broken``."""
    return Markup('<path d="M{} {}L{} {}" class="{}"/>').format(x, y, to_x, to_y, f"line {style}".strip())


def arrow(x: int, y: int, style: str) -> Markup:
    """The head of an arrow that points to the right; its tip is at x and y."""
    return Markup('<path d="M{} {}l-6 -3.5v7z" class="head{}"/>').format(x, y, style)


def dot(x: int, y: int, style: str) -> Markup:
    """A dot in the colour of a tone."""
    return Markup('<circle cx="{}" cy="{}" r="3.5" class="dot {}"/>').format(x, y, style)


def text(x: int, y: int, text: str, style: str, named: Mapping[str, Any] | None = None) -> Markup:
    """A text that begins at x, on the line y. The name of ``named`` is shown when the pointer rests on it."""
    tip = Markup("<title>{}</title>").format(printable(str(named["name"]))) if named and named.get("name") else ""
    return Markup('<text x="{}" y="{}" class="{}">{}{}</text>').format(x, y, style.strip(), tip, text)


def cut(text: str, most: int) -> str:
    """The text, cut to ``most`` columns of monospaced text."""
    plain = printable(text)
    if sum(map(_columns, plain)) <= most:
        return plain
    shown, used = "", 1  # for the ellipsis
    for one in plain:
        used += _columns(one)
        if used > most:
            break
        shown += one
    return f"{shown.rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
