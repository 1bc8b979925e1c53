# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Chooses the external IP and the internal IPs of a service, for preflight, plan, restore point and verify. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, is_ipv4
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import is_private
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service

# the external IP


def held_external_ips(service: Service, inventory: Inventory, edge: EdgeAddresses) -> list[str]:
    """The external addresses that the objects of a service hold, those of its DNAT rules first.

    Where none of them belongs to an uplink, a VIP counts if it is not internal either: the service was created with it,
    and clients may know it.
    """
    ports = service.present(inventory, edge)
    rules = [port.nat_rule.external for port in ports if port.nat_rule and port.nat_rule.external]
    vips = [port.virtual_service.address for port in ports if port.virtual_service and port.on_external_address]
    if not rules and not vips:
        found = [port.virtual_service.address for port in ports if port.virtual_service]
        vips = [vip for vip in found if vip and not is_private(vip) and not any(vip in one for one in edge.internal)]
    return list(dict.fromkeys([*rules, *vips]))


def choose_external_ip(
    service: Service,
    inventory: Inventory,
    edge: EdgeAddresses,
    *,
    status_ips: Iterable[str] = (),
    claimed: str = "",
    asked: str = "",
) -> str:
    """The external IP that clients of a service use; empty when it has none.

    The first that exists of these: the one that it was given; the one that it both shows and holds; the only one that
    it holds; the one that an IP Space has allocated to it (``claimed``); one that it shows; the one that it requests
    (``asked``). What it shows (``status_ips``) counts less than what its objects hold: a CPI that did not find what it
    expected changes the status, while clients still use the address that they know. Raises InvalidInput when the
    objects hold several addresses and it is unclear which one counts.
    """
    if service.external_ip:
        return service.external_ip
    held = held_external_ips(service, inventory, edge)
    visible = [address for address in status_ips if not _is_internal(address, service, inventory, edge)]
    both = [address for address in visible if address in held]
    candidates = (both, held if len(held) == 1 else [], [claimed], [] if held else visible, [asked])
    for addresses in candidates:
        if addresses and addresses[0]:
            return addresses[0]
    if held:
        raise InvalidInput(
            service.label,
            ", ".join(held),
            "its objects hold several external IPs, and it is unclear which one to keep: give the external IP "
            "(spec.loadBalancerIP of a Service)",
        )
    return ""


def _is_internal(address: str, service: Service, inventory: Inventory, edge: EdgeAddresses) -> bool:
    ports = service.present(inventory, edge)
    inside = {port.nat_rule.internal for port in ports if port.nat_rule}
    inside |= {port.virtual_service.address for port in ports if port.virtual_service and not port.on_external_address}
    return address in inside or any(address in one for one in edge.internal)


# the internal IPs


def assign_internal_ips(
    service: Service,
    scenario: Scenario,
    one_arm: AddressRange | None,
    inventory: Inventory,
    unclaimed: Collection[str] = (),
) -> tuple[str, ...]:
    """The internal IPs of a service: its present ones where the scenario lets it keep them, otherwise free ones.

    What an interrupted migration has assigned is kept, so that the next run ends in the same state. ``unclaimed`` are
    the names of virtual services that belong to no service: they do not make the service give up an address. Raises
    InvalidInput when the one-arm range has too few addresses.
    """
    needed = scenario.internal_ips(len(service.ports))
    if not needed:
        return ()
    if one_arm is None:
        raise InvalidInput("one_arm", "", f"{scenario.value} needs it: give the range of internal addresses")
    own = [port.names for port in service.ports]
    mine = {names.virtual_service for names in own} | set(unclaimed)
    present = [_vip(inventory.get(VIRTUAL_SERVICE, names.virtual_service), service.external_ip) for names in own]
    targets = [_target(inventory.get(NAT_RULE, names.nat_rule)) for names in own]
    if scenario is Scenario.SHARED_INTERNAL:
        shared = _target(inventory.get(NAT_RULE, service.shared_rule))
        usual = Counter(filter(None, [*present, *targets, shared])).most_common()
        best = [address for address, _count in usual if _is_free(address, inventory, mine)]
        return (best[0],) if best else _lowest(one_arm, inventory, 1, set())
    kept: list[str] = []
    for vip in present:
        kept.append("" if vip in kept or not _is_free(vip, inventory, mine) else vip)
    for number, address in enumerate(targets):
        if not kept[number] and address and address not in kept and not inventory.on_address(address):
            kept[number] = address
    fresh = iter(_lowest(one_arm, inventory, kept.count(""), set(kept)))
    return tuple(address or next(fresh) for address in kept)


def _is_free(address: str, inventory: Inventory, mine: set[str]) -> bool:
    """Whether no virtual service of another service uses the address."""
    return bool(address) and all(item.name in mine for item in inventory.on_address(address))


def _vip(found: VirtualService | None, external_ip: str) -> str:
    if found is None or found.address == external_ip or not is_ipv4(found.address):
        return ""  # a DNAT rule can lead to IPv4 addresses only
    return found.address


def _target(rule: NatRule | None) -> str:
    return rule.internal if rule is not None and is_ipv4(rule.internal) else ""


def _lowest(one_arm: AddressRange, inventory: Inventory, count: int, taken: set[str]) -> tuple[str, ...]:
    """The lowest unused addresses of the range, which are the ones that CPI takes.

    CPI looks at virtual services only. Addresses that NAT rules lead to are left out here as well: two services must
    never get the same address.
    """
    found: list[str] = []
    for address in inventory.free_in(one_arm) if count else ():
        if address not in taken:
            found.append(address)
        if len(found) == count:
            break
    if len(found) < count:
        remedy = f"only {len(found)} of its addresses are free, {count} are needed: give a larger range"
        raise InvalidInput("one_arm", str(one_arm), remedy)
    return tuple(found)
