# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The addresses of all clusters on an edge gateway, as an SVG drawing: external IPs, and the VIPs behind each.

    c001
    203.0.113.10  --DNAT-->  192.168.8.2   1 port served
                  --DNAT-->  192.168.8.3   1 port served
    c002
    203.0.113.11  ------- direct --------  2 ports served

Each IP has a box of its own, so that the number of boxes is the number of addresses in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.address_map import (
    ClusterAddresses,
    ExternalIp,
    Vip,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._svg import box, cut, dot, drawn, text
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._words import (
    BAD,
    GOOD,
    NOT_READ,
    addresses_in_words,
    vip_words,
)
from markupsafe import Markup

MOST_ROWS = 120  # VIPs in a drawing; the clusters after them are counted
_IP_WIDTH = 108
_VIP, _VIP_WIDTH = 148, 108
_PORTS = 268
_ROW, _BOX = 22, 18  # heights
_HEAD = 20  # of the line with a cluster's name


def edge_drawing(clusters: Sequence[ClusterAddresses], key: str, caption: str) -> Markup:
    """The drawing in one state. ``key`` makes the ids in the page unique, ``caption`` names the state."""
    parts = [text(0, 11, "external IP", "small muted"), text(_VIP, 11, "VIP", "small muted")]
    lines: dict[str, list[tuple[int, int]]] = {}
    y, rows = 16, 0
    for number, one in enumerate(clusters):
        if rows >= MOST_ROWS:
            parts.append(text(0, y + 13, f"and {pluralize(len(clusters) - number, 'more cluster')}", "muted"))
            y += _HEAD
            break
        parts.append(text(0, y + 13, cut(one.cluster, 50), "mono strong"))
        y += _HEAD
        for ip in one.external_ips or ():
            parts += _ip(ip, y, lines)
            y += _ROW * max(1, len(ip.vips))
            rows += max(1, len(ip.vips))
        notes = _notes(one)
        parts += (text(0, y + 13 + _HEAD * place, note, "muted") for place, note in enumerate(notes))
        y += _HEAD * len(notes) + 4
    drawn_lines = (mark for style, ends in lines.items() for mark in _lines(ends, style))
    described = ". ".join(addresses_in_words(clusters))
    title = f"External IPs and VIPs, {caption}"
    return drawn([*drawn_lines, *parts], y, key=key, title=title, described=f"{described}.")


def _notes(one: ClusterAddresses) -> list[str]:
    """The notes below the addresses of a cluster."""
    if one.external_ips is None:
        return [NOT_READ]
    return [f"and {pluralize(one.left_out, 'more Service')}"] if one.left_out else []


def _ip(ip: ExternalIp, top: int, lines: dict[str, list[tuple[int, int]]]) -> Iterator[Markup]:
    height = _ROW * (max(1, len(ip.vips)) - 1) + _BOX
    yield box(0, top, _IP_WIDTH, height, "outside" if ip.address else "missing")
    yield text(6, top + 13, cut(ip.address or "unknown", 16), "mono")
    if not ip.vips:
        yield text(_VIP, top + 13, "no objects", "muted small")
    for number, vip in enumerate(ip.vips):
        tone = vip_words(vip)[1]
        end = (_PORTS - 4 if vip.direct else _VIP, top + _ROW * number + _BOX // 2)
        lines.setdefault("" if tone == GOOD else " broken", []).append(end)
        yield from _vip(vip, top + _ROW * number)


def _lines(ends: Sequence[tuple[int, int]], style: str) -> Iterator[Markup]:
    """The arrows that end there, as one path, because a page has many."""
    yield Markup('<path d="{}" class="line{}"/>').format("".join(f"M{_IP_WIDTH} {y}H{x}" for x, y in ends), style)
    yield Markup('<path d="{}" class="head{}"/>').format("".join(f"M{x} {y}l-6 -3.5v7z" for x, y in ends), style)


def _vip(vip: Vip, top: int) -> Iterator[Markup]:
    words, tone = vip_words(vip)
    if vip.direct:
        yield text(_VIP, top + 6, "direct", "small muted")
    else:
        yield box(_VIP, top, _VIP_WIDTH, _BOX, "inside" if vip.address else "missing")
        yield text(_VIP + 6, top + 13, cut(vip.address or "no VIP", 16), "mono" if vip.address else BAD)
    yield dot(_PORTS + 4, top + _BOX // 2, tone)
    yield text(_PORTS + 12, top + 13, cut(words, 16), f"small {tone}")
