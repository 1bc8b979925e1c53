# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of object that clients write, and how a test writes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import read_back_balancer
import read_back_networks
import read_back_provider
import read_back_services
from read_back import Kind, Place

KINDS = {
    **read_back_balancer.KINDS,
    **read_back_networks.KINDS,
    **read_back_provider.KINDS,
    **read_back_services.KINDS,
}


def written(at: Place, kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write an object of a kind with each of its bodies, the one with the required fields last: its path, the body."""
    bodies = kind.full(at)
    path = kind.one(at) if kind.one else ""
    for body in bodies:
        if path:
            at.write("PUT", path, body)
        else:
            post = kind.post.format(edge=at.edge, network=at.network)
            made = at.write("POST", post, body)
            path = f"{post}/{kind.find(at, made) if kind.find else made}"
        yield path, body
    if kind.put:
        least = kind.least(at)
        at.write("PUT", path, least)
        yield path, least
