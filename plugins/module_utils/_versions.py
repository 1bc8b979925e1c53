# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Versions of CPI and of Cloud Director's API, and the first of each that can share IP addresses. Pure."""

from __future__ import annotations

import re

Version = tuple[int, int, int]

# The first CPI with enableVirtualServiceSharedIP and today's file layout. Until 1.1.3, network, vipSubnet and vAppName
# were under vcd, and IP addresses could not be shared.
CPI_WITH_SHARED_IP: Version = (1, 2, 0)
# VCD 10.4: before it, each virtual service needed a separate IP address.
API_WITH_SHARED_IP = (37, 0)

# The first CPI that applies spec.loadBalancerIP, and that reads the annotation for no TLS termination.
CPI_WITH_GIVEN_IP: Version = (1, 3, 0)
# The first CPI that looks for its network in the VDC named in its file.
CPI_WITH_VDC_OF_NETWORK: Version = (1, 4, 0)
# CPI requests one version of Cloud Director's API, and cannot log in if that is not served.
_API_OF_CPI: tuple[tuple[Version, str], ...] = (((1, 6, 0), "37.2"), ((0, 0, 0), "36.0"))

_VERSION = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?(?![0-9])")


def parse_version(text: str | None) -> Version | None:
    """``1.6.0``, ``v1.6``, ``1.6.0-beta`` or ``1.2.0.latest`` as numbers; None for anything else (not known)."""
    match = _VERSION.match(text or "")
    if not match:
        return None
    major, minor, patch = match.groups(default="0")
    return int(major), int(minor), int(patch)


def api_of_cpi(version: Version) -> str:
    """The version of Cloud Director's API that CPI of this version requests."""
    return next(api for first, api in _API_OF_CPI if version >= first)
