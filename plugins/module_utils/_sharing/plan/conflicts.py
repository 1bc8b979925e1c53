# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether other objects, or other services of a group, stand in the way of a plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import in_words, meet
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NatRule,
    VirtualService,
    label_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedGroup, WantedService


class Conflict(CollectionError):
    """Another object claims an address and port of a service. Raised before anything is written.

    ``service`` is the label of the service.
    """

    def __init__(self, service: str, why: str, remedy: str) -> None:
        super().__init__(f"{service}: {why}: {remedy}")
        self.service = service
        self.why = why
        self.remedy = remedy


def check_between(members: Sequence[WantedService]) -> None:
    """Raise Conflict if two services of a group need the same port of their external IP."""
    owners: dict[str, str] = {}
    for one in members:
        if one.rule is not None and len(members) > 1:
            others = ", ".join(other.label for other in members if other is not one)
            raise Conflict(
                one.label,
                f"its single DNAT rule would take all ports of {one.external_ip}, which {others} shares",
                "use nat: per_port, or give one of them another IP",
            )
        for port in one.ports:
            text = port.number
            if port.virtual_service is not None and owners.setdefault(text, one.label) != one.label:
                raise Conflict(
                    one.label,
                    f"{in_words([text])} of {one.external_ip} is also wanted by {owners[text]}",
                    "give one of the two another port, or another IP",
                )


def check_conflicts(wanted: WantedService | WantedGroup, inventory: Inventory) -> None:
    """Raise Conflict if another object claims an address and port that a service needs."""
    # single orphans are removed last, so they still hold their ports when the service wants them
    own = wanted.own_names() - {name for _kind, name in wanted.orphans.single}
    for label, port in ((one.label, port) for one in wanted.members for port in one.ports):
        if port.virtual_service is None:
            continue
        spec = port.port.spec
        # Clients use the external IP in every scenario (through a rule behind NAT), so it is checked as well as the
        # VIP.
        for address, by_rule in ((port.virtual_service.address, False), (wanted.external_ip, wanted.behind_nat)):
            if not address:
                continue
            found = inventory.claimants(address, spec.port, before_rule=by_rule, protocol=spec.transport)
            other = next((item for item in found if item.name not in own), None)
            if other is not None:
                where = f" ({other.external})" if isinstance(other, NatRule) and other.external != address else ""
                raise Conflict(
                    label,
                    f"{in_words([port.number])} of {address} is held by {label_of(other)} {other.name!r}{where}",
                    wanted.orphans.remedies.get(other.name, "remove it, or choose another IP"),
                )


def check_protocols(wanted: WantedService | WantedGroup, inventory: Inventory) -> None:
    """Raise Conflict if a virtual service needs a port of its VIP that another has for the other protocol.

    Call it only for a Cloud Director that is known to refuse this.
    """
    own = wanted.own_names() - {name for _kind, name in wanted.orphans.single}
    coming = [port.virtual_service for port in wanted.ports if port.virtual_service is not None]
    for label, port in ((one.label, port) for one in wanted.members for port in one.ports):
        item = port.virtual_service
        if item is None:
            continue
        staying = [one for one in inventory.on_address(item.address) if one.name not in own]
        beside = [one for one in coming if one.name != item.name and one.address == item.address]
        for other in (*beside, *staying):
            if meet(item, other, of_any_protocol=True):
                raise Conflict(
                    label,
                    f"{in_words(item.ports)} of {item.address} meets {in_words(other.ports)} of {label_of(other)} "
                    f"{other.name!r}, and this Cloud Director refuses TCP and UDP on one port of a VIP",
                    "use scenario distinct_internal, or give each protocol a service with an IP of its own",
                )


def check_alone(wanted: WantedService | WantedGroup, holders: Sequence[VirtualService | NatRule]) -> None:
    """Raise Conflict if another object holds the external IP: VCD would refuse a VIP and a rule on one address."""
    own = wanted.own_names()
    others = [one for one in holders if one.name not in own]
    if others:
        raise Conflict(
            wanted.label,
            f"{wanted.external_ip} is also held by {label_of(others[0])} {others[0].name!r}, and Cloud "
            "Director refuses virtual services and DNAT rules on one address",
            "give one of the two another IP, or remove it",
        )
