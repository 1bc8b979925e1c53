# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks of option values before any request: addresses, ports, numbers, names. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput


def address(option: str, value: str, *versions: int) -> str:
    """An IP address in canonical form. ``versions`` are the allowed ones: 4, 6 or both."""
    wanted = " or ".join(f"IPv{version}" for version in versions)
    try:
        found = ipaddress.ip_address(value.strip())
    except ValueError:
        found = None
    if found is None or "%" in value:
        raise InvalidInput(option, value, f"is not an IP address: give one {wanted} address")
    if found.version not in versions:
        raise InvalidInput(option, value, f"is an IPv{found.version} address: give one {wanted} address")
    return str(found)


def network(option: str, value: str) -> str:
    """An IP address or a network (CIDR) in canonical form; a network with one address becomes that address."""
    if "/" not in value:
        return address(option, value, 4, 6)
    try:
        found = ipaddress.ip_interface(value.strip())
    except ValueError:
        remedy = "is not a network: give one IP address, or a network such as 10.0.0.0/24"
        raise InvalidInput(option, value, remedy) from None
    if found.network.num_addresses == 1:
        return str(found.ip)
    if found.ip != found.network.network_address:
        raise InvalidInput(option, value, f"has host bits set: give network {found.network} or address {found.ip}")
    return str(found.network)


def usual_form(value: str | None) -> str | None:
    """A value from the server in the form that `address` and `network` return; other values are unchanged."""
    if not value:
        return None
    try:
        return network("", value)
    except InvalidInput:
        return value


def port(option: str, value: int) -> int:
    """A port number, 1 to 65535."""
    return integer(option, value, 1, 65535, "a port")


def port_range(option: str, value: str) -> str:
    """``80`` or ``80-90``, in ascending order and without spaces."""
    found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", str(value))
    if not found:
        raise InvalidInput(option, value, "is not a port: give a port such as 80, or a range such as 80-90")
    start = port(option, int(found.group(1)))
    if found.group(2) is None:
        return str(start)
    end = port(option, int(found.group(2)))
    if end < start:
        raise InvalidInput(option, value, f"is a reversed range: give {end}-{start}")
    return f"{start}-{end}" if end > start else str(start)


def integer(option: str, value: int, lowest: int, highest: int, what: str = "a number") -> int:
    """A number within its bounds."""
    if not lowest <= value <= highest:
        raise InvalidInput(option, value, f"give {what} from {lowest} to {highest}")
    return value


def name(option: str, value: str) -> str:
    """A name that is not empty."""
    if not value.strip():
        raise InvalidInput(option, value, "is empty: give a name")
    return value


def given(params: Mapping[str, Any], *options: str) -> dict[str, Any]:
    """The options that are set."""
    return {option: params[option] for option in options if params.get(option) is not None}
