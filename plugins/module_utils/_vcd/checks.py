# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks option values before any request: addresses, ports, numbers, names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    canonical,
    network_of,
    version_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput


def address(option: str, value: str, *versions: int) -> str:
    """An IP address in canonical form. ``versions`` are the allowed IP versions: 4, 6 or both."""
    wanted = " or ".join(f"IPv{version}" for version in versions)
    found = version_of(value)
    if not found:
        raise InvalidInput(option, value, f"is not an IP address: give one {wanted} address")
    if found not in versions:
        raise InvalidInput(option, value, f"is an IPv{found} address: give one {wanted} address")
    return canonical(value)


def network(option: str, value: str) -> str:
    """An IP address or a network (CIDR) in canonical form; a network with one address becomes that address."""
    if "/" not in value:
        return address(option, value, 4, 6)
    found = network_of(value)
    if found is None:
        raise InvalidInput(option, value, "is not a network: give one IP address, or a network such as 10.0.0.0/24")
    given_address = canonical(value.partition("/")[0])
    if found.single:
        return found.start
    if found.start != given_address:
        raise InvalidInput(option, value, f"has host bits set: give network {found} or address {given_address}")
    return str(found)


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
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?", str(value))
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
        raise InvalidInput(option, value, "give a name")
    return value


def names(params: Mapping[str, Any]) -> dict[str, Any]:
    """The name that an object is to have, if one is given: ``new_name``, or else ``name``. Raises InvalidInput."""
    found = {option: name(option, value) for option, value in given(params, "name", "new_name").items()}
    return {"name": list(found.values())[-1]} if found else {}


def given(params: Mapping[str, Any], *options: str) -> dict[str, Any]:
    """The options that are set."""
    return {option: params[option] for option in options if params.get(option) is not None}
