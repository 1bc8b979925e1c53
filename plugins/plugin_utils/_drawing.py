# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How one Service is reached, as an SVG drawing: external IP, DNAT rule, virtual service, pool and members.

    203.0.113.10  external IP
     |                          VIP 192.168.8.2
     |--- :443 DNAT --------->  https   up       ---->  2 of 2 up
                                                        10.0.0.1

Ports that share a VIP share a box. A drawing is ``WIDTH`` units wide, so that it is legible on a phone and two of them
fit beside each other on a desk. Text is cut by its width in characters; the table below the
drawing has all names in full. Colours come from the page (see `page_frame`), and each one has a word beside it.

The drawing is made of markupsafe's Markup, which comes with Jinja2: whatever is put into it is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._words import (
    BAD,
    GOOD,
    branch_words,
    health_words,
    members_left,
    path_in_words,
    pool_words,
    service_words,
)
from markupsafe import Markup

Data = Mapping[str, Any]
WIDTH = 360
_SPINE = 12  # x of the line that leads down from the external IP
_VIP, _VIP_WIDTH = 114, 128
_POOL = 258
_POOL_WIDTH = WIDTH - _POOL - 1
_LINE = 14  # height of a line of text
_MEMBERS = 3  # members drawn of a pool


def drawing(service: Data, key: str, caption: str) -> Markup:
    """The drawing of a Service in one state. ``key`` makes the ids in the page unique, ``caption`` names the state."""
    groups = _by_vip(service["paths"])
    parts: list[Markup] = []
    y = 38
    centres: list[int] = []
    for number, (address, paths) in enumerate(groups):
        box, y, found = _group(service, address, paths, y)
        parts += box
        centres += found
        y += 10 if number < len(groups) - 1 else 0
    if not groups:
        parts.append(_text(_SPINE, y + 10, "no port of this Service has objects", "muted"))
        y += 20
    if service["left_out"]:
        parts.append(_text(_SPINE, y + 16, f"and {service['left_out']} more ports", "muted"))
        y += 20
    head = [_box(0, 0, 112, 26, "outside"), _text(8, 17, _cut(service["external_ip"] or "unknown", 16), "mono strong")]
    head.append(_text(120, 17, "external IP", "muted"))
    if centres:
        head.append(_line(_SPINE, 26, _SPINE, max(centres)))
    title = f"{service['label']}, {caption}"
    described = ". ".join(path_in_words(service, path) for path in service["paths"]) or "no objects"
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}t {key}d" class="drawing">'
        '<title id="{key}t">{title}</title><desc id="{key}d">{described}.</desc>{body}</svg>'
    ).format(
        width=WIDTH,
        height=y + 2,
        key=key,
        title=printable(title),
        described=printable(described),
        body=Markup("").join([*head, *parts]),
    )


def _by_vip(paths: list[Data]) -> list[tuple[str, list[Data]]]:
    """The ports by the VIP that they share, in the order of their first port. Ports without one come by themselves."""
    groups: dict[str, list[Data]] = {}
    for path in paths:
        found = path["virtual_service"]
        groups.setdefault(found["address"] if found else f"port {path['port']}", []).append(path)
    return [(address if paths[0]["virtual_service"] else "", paths) for address, paths in groups.items()]


def _group(service: Data, address: str, paths: list[Data], top: int) -> tuple[list[Markup], int, list[int]]:
    """One VIP with its ports; where the next one may begin, and the heights at which lines come in."""
    parts: list[Markup] = []
    centres: list[int] = []
    y = top + 20
    for path in paths:
        height = max(34, 8 + _LINE * len(_pool_lines(path["pool"]))) + 8
        centre = y + 17
        centres.append(centre)
        parts += _row(path, y, centre)
        y += height
    outside = bool(paths[0]["virtual_service"] and paths[0]["virtual_service"]["external"])
    style = ("outside" if outside else "inside") if address else "missing"
    heading = f"VIP {address}" if address else "no virtual service"
    box = [
        _box(_VIP, top, _VIP_WIDTH, y - top, style),
        _text(_VIP + 8, top + 15, _cut(heading, 19), "mono strong" if address else "bad"),
    ]
    return [*box, *parts], y, centres


def _row(path: Data, top: int, centre: int) -> Iterator[Markup]:
    served = path["serves"]
    tone = "" if served else " broken"
    yield _line(_SPINE, centre, _VIP, centre, tone.strip())
    yield _arrow(_VIP, centre, tone)
    yield _text(_SPINE + 8, centre - 5, _cut(branch_words(path), 14), "mono small", path["rule"])
    if not served:
        yield _text(_SPINE + 8, centre + 13, "not served", "bad small")
    found = path["virtual_service"]
    yield _text(_VIP + 8, top + 14, _cut(path["name"] or f"port {path['port']}", 18), "mono small")
    words, tone = service_words(found) if found is not None else ("", "")
    if words:
        yield _dot(_VIP + 12, top + 25, tone)
        yield _text(_VIP + 20, top + 29, _cut(words, 16), f"small {tone}")
    yield from _pool(path, top, centre)


def _pool(path: Data, top: int, centre: int) -> Iterator[Markup]:
    pool = path["pool"]
    lines = _pool_lines(pool)
    yield _line(_VIP + _VIP_WIDTH, centre, _POOL, centre)
    yield _arrow(_POOL, centre, "")
    yield _box(_POOL, top, _POOL_WIDTH, 8 + _LINE * len(lines), "inside" if pool else "missing")
    for number, (text, style, tone) in enumerate(lines):
        y = top + 15 + _LINE * number
        if tone:
            yield _dot(_POOL + 10, y - 4, tone)
        yield _text(_POOL + (18 if tone else 8), y, text, f"{style} {tone}")


def _pool_lines(pool: Data | None) -> list[tuple[str, str, str]]:
    """The lines in a pool's box: text, style and tone."""
    if pool is None:
        return [("no pool", "small", BAD)]
    words, tone = pool_words(pool)
    lines = [(_cut(words, 13), "small", tone)]
    for member in pool["members"][:_MEMBERS]:
        word, tone = health_words(member["health"])
        text = member["address"] if tone in (GOOD, "") else f"{member['address']} {word}"
        lines.append((_cut(text, 15), "mono tiny", "" if tone == GOOD else tone))
    rest = members_left(pool, _MEMBERS)
    return [*lines, (_cut(rest, 15), "tiny muted", "")] if rest else lines


def _box(x: int, y: int, width: int, height: int, style: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="5" class="box {}"/>').format(
        x + 0.5, y + 0.5, width - 1, height - 1, style
    )


def _line(x: int, y: int, to_x: int, to_y: int, style: str = "") -> Markup:
    return Markup('<path d="M{} {}L{} {}" class="{}"/>').format(x, y, to_x, to_y, f"line {style}".strip())


def _arrow(x: int, y: int, style: str) -> Markup:
    return Markup('<path d="M{} {}l-6 -3.5v7z" class="head{}"/>').format(x, y, style)


def _dot(x: int, y: int, style: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="3.5" class="dot {}"/>').format(x, y, style)


def _text(x: int, y: int, text: str, style: str, named: Data | None = None) -> Markup:
    tip = Markup("<title>{}</title>").format(printable(str(named["name"]))) if named and named.get("name") else ""
    return Markup('<text x="{}" y="{}" class="{}">{}{}</text>').format(x, y, style.strip(), tip, text)


def _cut(text: str, most: int) -> str:
    """At most so many columns of monospaced text."""
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
