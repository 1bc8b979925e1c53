# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a Service is to have on the gateway: the desired objects, with the addresses that it keeps or gets. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, is_ipv4
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    AppPortProfile,
    Inventory,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import NAT_RULE, VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service import cpi_rules as cpi


@dataclass(frozen=True)
class WantedPort:
    """The objects of one port; None for one that is not to be there. ``number`` is the port that clients see."""

    label: str
    number: str
    virtual_service: VirtualService | None
    pool: Pool | None
    nat_rule: NatRule | None = None
    profile: AppPortProfile | None = None

    def objects(self) -> Iterator[Object]:
        """Those that are to be there."""
        for item in (self.virtual_service, self.pool, self.nat_rule, self.profile):
            if item is not None:
                yield item


@dataclass(frozen=True)
class WantedService:
    """A Service with all that it is to have. ``names`` are those of its objects in any scenario, port by port.

    ``shared_rules`` are DNAT rules for all ports together. ``managed_by_cpi``: CPI keeps the pools and the application
    profiles, so that what is there stays as it is. ``orphans`` are (kind, name) of objects to be removed with it.
    """

    label: str
    external_ip: str
    ports: tuple[WantedPort, ...]
    names: tuple[PortNames, ...]
    shared_rule: str
    rule: NatRule | None = None
    managed_by_cpi: bool = True
    orphans: tuple[tuple[str, str], ...] = ()

    @property
    def behind_nat(self) -> bool:
        """Whether DNAT rules are to lead to it."""
        return self.rule is not None or any(port.nat_rule for port in self.ports)

    def own_names(self) -> frozenset[str]:
        """Every name that its objects may have."""
        names = {name for port in self.names for name in port}
        return frozenset(names | {self.shared_rule} | {name for _kind, name in self.orphans})


@dataclass(frozen=True)
class PortNames:
    """The names of the four objects of one port."""

    virtual_service: str
    pool: str
    nat_rule: str
    profile: str

    def __iter__(self) -> Iterator[str]:
        return iter((self.virtual_service, self.pool, self.nat_rule, self.profile))


def names_of(service: cpi.DesiredService) -> tuple[PortNames, ...]:
    """The names of its objects, port by port."""
    found = []
    for port in service.ports:
        name = service.names.virtual_service(service.name, port.name, service.namespace)
        rule = f"dnat-{name}"
        pool = service.names.pool(service.name, port.name, service.namespace)
        found.append(PortNames(name, pool, rule, f"appPort_{rule}"))
    return tuple(found)


def want(
    service: cpi.DesiredService,
    scenario: Scenario,
    internal_ips: Sequence[str],
    *,
    per_service: bool = False,
    managed_by_cpi: bool = True,
    label: str = "",
    orphans: Sequence[tuple[str, str]] = (),
) -> WantedService:
    """The desired objects of a Service, in the words of a plan. ``per_service``: one DNAT rule for all its ports."""
    ports = tuple(
        _port(port, objects, bool(service.members), per_service)
        for port, objects in zip(service.ports, cpi.desired(service, scenario, internal_ips), strict=True)
    )
    shared_rule = service.names.nat_rule(service.name, "", service.namespace)
    rule = None
    if per_service and scenario.one_arm and ports:
        rule = NatRule(shared_rule, service.external_ip, internal_ips[0])
    return WantedService(
        label or service.label,
        service.external_ip,
        ports,
        names_of(service),
        shared_rule,
        rule,
        managed_by_cpi,
        tuple(orphans),
    )


def wanted_absent(service: cpi.DesiredService, orphans: Sequence[tuple[str, str]] = ()) -> WantedService:
    """Nothing of a Service."""
    ports = tuple(WantedPort(port.name, str(port.port), None, None) for port in service.ports)
    rule = service.names.nat_rule(service.name, "", service.namespace)
    return WantedService(service.label, service.external_ip, ports, names_of(service), rule, orphans=tuple(orphans))


def current_state(wanted: WantedService, inventory: Inventory) -> WantedService:
    """The same Service as it is on the gateway now: what a failed move goes back to."""
    ports = []
    for port, names in zip(wanted.ports, wanted.names, strict=True):
        found = [inventory.get(kind, name) for kind, name in zip(_ORDER, names, strict=True)]
        ports.append(WantedPort(port.label, port.number, *found))
    return replace(wanted, ports=tuple(ports), rule=inventory.get(NAT_RULE, wanted.shared_rule), orphans=())


_ORDER = (VIRTUAL_SERVICE, "pool", NAT_RULE, "application_port_profile")


def assign_internal_ips(
    service: cpi.DesiredService, scenario: Scenario, one_arm: AddressRange | None, inventory: Inventory
) -> tuple[str, ...]:
    """The internal IPs of a Service: those that it has as far as the scenario lets it keep them, else free ones.

    What a half-done move has begun is kept, so that the next run ends where this one would have. InvalidInput when
    the one-arm range has too few.
    """
    needed = cpi.internal_ips_needed(scenario, len(service.ports))
    if not needed:
        return ()
    if one_arm is None:
        raise InvalidInput("one_arm", "", f"{scenario.value} needs it: give the range of internal addresses")
    own = names_of(service)
    present = [_internal(inventory.get(VIRTUAL_SERVICE, names.virtual_service), service.external_ip) for names in own]
    named = [_target(inventory.get(NAT_RULE, names.nat_rule)) for names in own]
    mine = {names.virtual_service for names in own}
    shared = _target(inventory.get(NAT_RULE, service.names.nat_rule(service.name, "", service.namespace)))
    kept: list[str] = []
    if scenario is Scenario.SHARED_INTERNAL:
        best = [address for address, _count in Counter(filter(None, [*present, *named, shared])).most_common()]
        best = [address for address in best if _is_free(address, inventory, mine)]
        return (best[0],) if best else _lowest(one_arm, inventory, 1, set())
    for vip in present:
        kept.append("" if vip in kept or not _is_free(vip, inventory, mine) else vip)
    for number, address in enumerate(named):
        if not kept[number] and address and address not in kept and not inventory.on_address(address):
            kept[number] = address
    fresh = iter(_lowest(one_arm, inventory, kept.count(""), set(kept)))
    return tuple(address or next(fresh) for address in kept)


def _is_free(address: str, inventory: Inventory, mine: set[str]) -> bool:
    """Whether no other Service's virtual service has it."""
    return bool(address) and all(item.name in mine for item in inventory.on_address(address))


def _internal(found: VirtualService | None, external_ip: str) -> str:
    return found.address if found is not None and found.address != external_ip else ""


def _target(rule: NatRule | None) -> str:
    return rule.internal if rule is not None and is_ipv4(rule.internal) else ""


def _lowest(one_arm: AddressRange, inventory: Inventory, count: int, taken: set[str]) -> tuple[str, ...]:
    """The lowest addresses of the range that nothing uses: CPI takes the first without a virtual service."""
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


def _port(port: cpi.DesiredPort, objects: cpi.PortObjects, with_members: bool, per_service: bool) -> WantedPort:
    found, pool, number = objects.virtual_service, objects.pool, str(port.port)
    rule, profile = objects.nat_rule, objects.app_port_profile
    return WantedPort(
        label=port.name or number,
        number=number,
        virtual_service=VirtualService(
            found.name, found.pool, found.virtual_ip_address, (number,), found.application_profile, found.certificate
        ),
        pool=Pool(pool.name, pool.default_port, pool.members if with_members else None, pool.health_monitors),
        nat_rule=None
        if rule is None or per_service
        else NatRule(
            rule.name,
            rule.external_addresses,
            rule.internal_addresses,
            rule.dnat_external_port,
            rule.application_port_profile,
        ),
        profile=None if profile is None or per_service else AppPortProfile(profile.name, (str(profile.port),)),
    )
