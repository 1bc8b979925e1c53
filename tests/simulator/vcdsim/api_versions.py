# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API versions: those that the server offers, and the one that a request asks for.

A version is a pair of integers, because as texts 9.0 would be newer than 37.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vcdsim import errors

Version = tuple[int, int]

DEFAULT = "37.0,37.1,37.2"
# From this version on, several virtual services may share one IP address (VCD 10.4.0).
SHARED_VIP_SINCE: Version = (37, 0)
# From this version on, an update of an edge gateway's load balancer has to name its cloud (VCD 10.6.0).
CLOUD_REF_SINCE: Version = (39, 0)
# From this version on, the API is that of VCF Automation.
OTHER_PRODUCT_SINCE: Version = (40, 0)

_VERSION = re.compile(r"^(\d+)\.(\d+)$")
_ASKED = re.compile(r"version\s*=\s*\"?(\d+\.\d+(?:\.\d+)?(?:-alpha[\w.-]*)?)")


def parse(text: str) -> Version:
    """``"37.2"`` -> ``(37, 2)``. ValueError if the text is not a version."""
    found = _VERSION.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not an API version (example: 37.2)")
    return int(found[1]), int(found[2])


def text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def parse_list(value: str) -> tuple[Version, ...]:
    """A comma-separated list, lowest first."""
    return tuple(sorted({parse(one) for one in value.split(",") if one.strip()}))


def negotiate(accept: Sequence[str], listed: Sequence[Version]) -> Version:
    """The version that the Accept headers ask for.

    Only the ``version`` parameter counts: CPI sends ``*_/_*;version=37.2``, go-vcloud-director sends the header twice,
    and VCD accepts both. A missing version (assumed) and an unknown version answer 406.
    """
    asked = [found for header in accept for found in _ASKED.findall(header)]
    for one in asked:
        if _VERSION.match(one) and parse(one) in listed:
            return parse(one)
    raise errors.not_acceptable(text(version) for version in reversed(listed))
