# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How one Service is reached, as an SVG drawing: external IP, DNAT rule, virtual service, pool and members.

    203.0.113.10  external IP
     |                          VIP 192.168.8.2
     |--- :443 DNAT --------->  https   up       ---->  2 of 2 up
                                                        10.0.0.1

Ports that share a VIP share a box. The table below the drawing has all names in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.plugin_utils._svg import WIDTH, arrow, box, cut, dot, drawn, line, text
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
        group, y, found = _group(service, address, paths, y)
        parts += group
        centres += found
        y += 10 if number < len(groups) - 1 else 0
    if not groups:
        parts.append(text(_SPINE, y + 10, "no port of this Service has objects", "muted"))
        y += 20
    if service["left_out"]:
        parts.append(text(_SPINE, y + 16, f"and {service['left_out']} more ports", "muted"))
        y += 20
    head = [box(0, 0, 112, 26, "outside"), text(8, 17, cut(service["external_ip"] or "unknown", 16), "mono strong")]
    head.append(text(120, 17, "external IP", "muted"))
    if centres:
        head.append(line(_SPINE, 26, _SPINE, max(centres)))
    title = f"{service['label']}, {caption}"
    described = ". ".join(path_in_words(service, path) for path in service["paths"]) or "no objects"
    return drawn([*head, *parts], y + 2, key=key, title=title, described=f"{described}.")


def _by_vip(paths: list[Data]) -> list[tuple[str, list[Data]]]:
    """The ports grouped by VIP, in the order of their first port. A port without a VIP is a group of its own."""
    groups: dict[str, list[Data]] = {}
    for path in paths:
        found = path["virtual_service"]
        groups.setdefault(found["address"] if found else f"port {path['port']}", []).append(path)
    return [(address if paths[0]["virtual_service"] else "", paths) for address, paths in groups.items()]


def _group(service: Data, address: str, paths: list[Data], top: int) -> tuple[list[Markup], int, list[int]]:
    """One VIP with its ports, the height at which the next one may begin, and the heights of the lines to its ports."""
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
    frame = [
        box(_VIP, top, _VIP_WIDTH, y - top, style),
        text(_VIP + 8, top + 15, cut(heading, 19), "mono strong" if address else "bad"),
    ]
    return [*frame, *parts], y, centres


def _row(path: Data, top: int, centre: int) -> Iterator[Markup]:
    served = path["serves"]
    tone = "" if served else " broken"
    yield line(_SPINE, centre, _VIP, centre, tone.strip())
    yield arrow(_VIP, centre, tone)
    yield text(_SPINE + 8, centre - 5, cut(branch_words(path), 14), "mono small", path["rule"])
    if not served:
        yield text(_SPINE + 8, centre + 13, "not served", "bad small")
    found = path["virtual_service"]
    yield text(_VIP + 8, top + 14, cut(path["name"] or f"port {path['port']}", 18), "mono small")
    words, tone = service_words(found) if found is not None else ("", "")
    if words:
        yield dot(_VIP + 12, top + 25, tone)
        yield text(_VIP + 20, top + 29, cut(words, 16), f"small {tone}")
    yield from _pool(path, top, centre)


def _pool(path: Data, top: int, centre: int) -> Iterator[Markup]:
    pool = path["pool"]
    lines = _pool_lines(pool)
    yield line(_VIP + _VIP_WIDTH, centre, _POOL, centre)
    yield arrow(_POOL, centre, "")
    yield box(_POOL, top, _POOL_WIDTH, 8 + _LINE * len(lines), "inside" if pool else "missing")
    for number, (words, style, tone) in enumerate(lines):
        y = top + 15 + _LINE * number
        if tone:
            yield dot(_POOL + 10, y - 4, tone)
        yield text(_POOL + (18 if tone else 8), y, words, f"{style} {tone}")


def _pool_lines(pool: Data | None) -> list[tuple[str, str, str]]:
    """The lines in a pool's box: text, style and tone."""
    if pool is None:
        return [("no pool", "small", BAD)]
    words, tone = pool_words(pool)
    lines = [(cut(words, 13), "small", tone)]
    for member in pool["members"][:_MEMBERS]:
        word, tone = health_words(member["health"])
        shown = member["address"] if tone in (GOOD, "") else f"{member['address']} {word}"
        lines.append((cut(shown, 15), "mono tiny", "" if tone == GOOD else tone))
    rest = members_left(pool, _MEMBERS)
    return [*lines, (cut(rest, 15), "tiny muted", "")] if rest else lines
