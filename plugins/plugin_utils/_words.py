# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The words of a drawing: SVG, Mermaid and tables describe a port, a virtual service and a pool in the same words.

Each word has a tone, which is also the class of its colour: ``good``, ``bad``, ``warn``, or empty if nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.address_map import ClusterAddresses, Vip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize

Data = Mapping[str, Any]
GOOD, BAD, WARN, UNKNOWN = "good", "bad", "warn", ""
NOT_READ = "not read after the failure"
_TONES = {"up": GOOD, "running": GOOD, "down": BAD, "unavailable": BAD, "disabled": WARN}


def branch_words(path: Data) -> str:
    """How traffic to a port of the external IP reaches the virtual service: ":443 DNAT"."""
    rule, service = path["rule"], path["virtual_service"]
    if rule is not None:
        how = "DNAT" if rule["enabled"] else "DNAT off"
    else:
        how = "direct" if service is not None and service["external"] else "no rule"
    return f":{path['port']} {how}"


def service_words(service: Data) -> tuple[str, str]:
    """The state of a virtual service, and its tone. Empty where it is only planned."""
    if not service["enabled"]:
        return "disabled", WARN
    return health_words(service["health"])


def health_words(health: str) -> tuple[str, str]:
    """A health status of Cloud Director in words, and its tone: an unknown status is never good."""
    words = health.lower().replace("_", " ")
    return words, _TONES.get(words, WARN if words else UNKNOWN)


def pool_words(pool: Data) -> tuple[str, str]:
    """The state of a pool, and its tone: "2 of 3 up"."""
    if not pool["enabled"]:
        return "disabled", WARN
    up, count = pool["up"], pool["count"]
    if count is None:
        return "members kept", UNKNOWN
    if not count:
        return "no members", BAD
    if up is None:
        return pluralize(count, "member"), UNKNOWN
    return f"{up} of {count} up", GOOD if up == count else (WARN if up else BAD)


def vip_words(vip: Vip) -> tuple[str, str]:
    """How many ports lead to a VIP, and whether they are served; and the tone."""
    if vip.served == vip.ports:
        return f"{pluralize(vip.ports, 'port')} served", GOOD
    return f"{vip.served} of {vip.ports} served", BAD


def addresses_in_words(side: Iterable[ClusterAddresses]) -> Iterator[str]:
    """One sentence without its full stop for each external IP of these clusters."""
    for one in side:
        if one.external_ips is None:
            yield f"{one.cluster}: {NOT_READ}"
        for ip in one.external_ips or ():
            vips = "; ".join(f"{_to(vip)}, {vip_words(vip)[0]}" for vip in ip.vips) or "no objects"
            yield f"{one.cluster}: {ip.address or 'no IP'} of {', '.join(ip.services)}: {vips}"


def _to(vip: Vip) -> str:
    if vip.direct:
        return "directly"
    return f"by VIP {vip.address}" if vip.address else "no VIP"


def members_left(pool: Data, listed: int) -> str:
    """How many members are not shown: "and 2 more". Empty if all are, or none is known by its address."""
    left = (pool["count"] or 0) - min(listed, len(pool["members"]))
    return f"and {left} more" if left > 0 and pool["members"] else ""


def path_in_words(service: Data, path: Data) -> str:
    """One sentence without its full stop: how a port is reached."""
    found, pool = path["virtual_service"], path["pool"]
    parts = [f"Port {path['port']}{' ' + path['name'] if path['name'] else ''} of {service['external_ip'] or 'no IP'}"]
    if path["rule"] is not None:
        parts.append(f"DNAT rule to {path['rule']['internal']}{'' if path['rule']['enabled'] else ', disabled'}")
    if found is None:
        parts.append("no virtual service")
    else:
        words = service_words(found)[0]
        parts.append(f"virtual service on {found['address']}{', ' + words if words else ''}")
    parts.append("no pool" if pool is None else f"pool, {pool_words(pool)[0]}")
    return f"{'; '.join(parts)}; {'served' if path['serves'] else 'not served'}"
