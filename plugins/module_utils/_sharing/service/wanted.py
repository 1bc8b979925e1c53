# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The wanted objects of a service on the gateway, with the addresses that it keeps or gets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import PortNames
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    KINDS,
    NAT_RULE,
    AppPortProfile,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    application_profile,
    health_monitors,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service, ServicePort

_FIELDS = ("virtual_service", "pool", "nat_rule", "profile", "ip_set", "http_policy")  # of a WantedPort


@dataclass(frozen=True)
class WantedPort:
    """The wanted objects of one port; None for one that should not exist."""

    port: ServicePort
    virtual_service: VirtualService | None
    pool: Pool | None
    nat_rule: NatRule | None = None
    profile: AppPortProfile | None = None
    ip_set: IpSet | None = None
    http_policy: HttpPolicy | None = None

    @property
    def names(self) -> PortNames:
        """The names of its objects in any scenario."""
        return self.port.names

    @property
    def number(self) -> str:
        """The port that clients use, as text, with its protocol unless that is TCP: "53" or "UDP 53"."""
        return self.port.text

    def objects(self) -> Iterator[Object]:
        """The objects that should exist."""
        for name in _FIELDS:
            item: Object | None = getattr(self, name)
            if item is not None:
                yield item


@dataclass(frozen=True)
class Orphans:
    """The orphans with the names of one service (see `orphans`).

    To be removed: the ``ports`` that it had before, and ``single`` objects by kind and name. ``remedies`` say, by
    object name, what to do about an object that is in the way and stays.
    """

    ports: tuple[ServicePort, ...] = ()
    single: tuple[tuple[str, str], ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)


NO_ORPHANS = Orphans()


@dataclass(frozen=True)
class WantedService:
    """A service with its wanted objects.

    ``ports`` are its own, followed by orphaned ones, which should have no objects. ``rule`` is the one DNAT rule for
    all its ports, if there should be one.
    """

    service: Service
    ports: tuple[WantedPort, ...]
    rule: NatRule | None = None
    orphans: Orphans = NO_ORPHANS

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.service.label

    @property
    def external_ip(self) -> str:
        """The IP that its clients use."""
        return self.service.external_ip

    @property
    def managed_by_cpi(self) -> bool:
        """Whether CPI maintains the pools and the application profiles, so that plans leave these alone."""
        return self.service.managed_by_cpi

    @property
    def behind_nat(self) -> bool:
        """Whether DNAT rules should lead to it."""
        return self.rule is not None or any(port.nat_rule for port in self.ports)

    @property
    def stays(self) -> bool:
        """Whether it should serve afterwards, and therefore must keep its external IP."""
        return any(port.virtual_service for port in self.ports)

    @property
    def members(self) -> tuple[WantedService, ...]:
        """Itself: a service that shares its external IP with no other is planned alone (see `WantedGroup`)."""
        return (self,)

    def own_names(self) -> frozenset[str]:
        """Every name that its objects may have, and those of the orphans to be removed with it."""
        orphaned = {name for port in self.orphaned for name in port.names}
        return self.service.own_names() | orphaned | {name for _kind, name in self.orphans.single}

    @property
    def orphaned(self) -> tuple[WantedPort, ...]:
        """The ports that it had before, whose objects are to be removed."""
        return self.ports[len(self.service.ports) :]


@dataclass(frozen=True)
class WantedGroup:
    """Services that share an external IP. They are planned, applied and rolled back together.

    Where Cloud Director refuses a VIP and a DNAT rule on one address, the objects of all these services have to leave
    it before the first object of the other kind is created.
    """

    members: tuple[WantedService, ...]

    @property
    def label(self) -> str:
        """How messages name it: by all its services."""
        return " and ".join(one.label for one in self.members)

    @property
    def external_ip(self) -> str:
        """The IP that their clients use."""
        return self.members[0].external_ip

    @property
    def ports(self) -> tuple[WantedPort, ...]:
        """The ports of all of them, service by service."""
        return tuple(port for one in self.members for port in one.ports)

    @property
    def orphans(self) -> Orphans:
        """The orphans with the names of any of them."""
        found = [one.orphans for one in self.members]
        return Orphans(
            tuple(port for one in found for port in one.ports),
            tuple(dict.fromkeys(key for one in found for key in one.single)),
            {name: remedy for one in found for name, remedy in one.remedies.items()},
        )

    @property
    def orphaned(self) -> tuple[WantedPort, ...]:
        """The ports that they had before, whose objects are to be removed."""
        return tuple(port for one in self.members for port in one.orphaned)

    @property
    def managed_by_cpi(self) -> bool:
        """Whether CPI maintains their pools and application profiles."""
        return all(one.managed_by_cpi for one in self.members)

    @property
    def behind_nat(self) -> bool:
        """Whether DNAT rules should lead to them."""
        return any(one.behind_nat for one in self.members)

    @property
    def stays(self) -> bool:
        """Whether one of them should serve afterwards, so that the external IP must be kept."""
        return any(one.stays for one in self.members)

    def own_names(self) -> frozenset[str]:
        """Every name that their objects may have, and those of their orphans."""
        return frozenset().union(*(one.own_names() for one in self.members))


def as_group(members: Sequence[WantedService]) -> WantedService | WantedGroup:
    """The unit of planning: a single service, or several with the same external IP."""
    return members[0] if len(members) == 1 else WantedGroup(tuple(members))


def want(
    service: Service,
    scenario: Scenario,
    internal_ips: Sequence[str] = (),
    *,
    per_service: bool = False,
    orphans: Orphans = NO_ORPHANS,
) -> WantedService:
    """The wanted objects of a service in a scenario. ``per_service``: one DNAT rule for all its ports.

    ``internal_ips``: none for shared_external, one for shared_internal, one per port for distinct_internal (see
    `addresses.assign_internal_ips`). Raises InvalidInput for a wrong number of them.
    """
    needed = scenario.internal_ips(len(service.ports))
    if len(internal_ips) != needed:
        raise InvalidInput("internal_ips", ", ".join(internal_ips), f"{scenario.value} needs {needed} here")
    spread = list(internal_ips) * len(service.ports) if scenario is Scenario.SHARED_INTERNAL else list(internal_ips)
    addresses = spread or [service.external_ip] * len(service.ports)
    ports = tuple(
        _port(service, port, address, scenario.one_arm and not per_service)
        for port, address in zip(service.ports, addresses, strict=True)
    )
    rule = None
    if per_service and scenario.one_arm and ports:
        rule = NatRule(service.shared_rule, service.external_ip, internal_ips[0])
    return WantedService(service, ports + _without_objects(orphans.ports), rule, orphans)


def wanted_absent(service: Service, orphans: Orphans = NO_ORPHANS) -> WantedService:
    """A service that should have no objects."""
    return WantedService(service, _without_objects(service.ports + orphans.ports), None, orphans)


def _without_objects(ports: Sequence[ServicePort]) -> tuple[WantedPort, ...]:
    return tuple(WantedPort(port, None, None) for port in ports)


def with_kept_properties(wanted: WantedService, before: Mapping[str, VirtualService]) -> WantedService:
    """The same goal, but CPI's virtual services keep what CPI never writes again: profile and certificate.

    ``before`` are the present or former virtual services, by name. The goal holds these properties, rather than a step
    of a plan, because one plan may delete a virtual service and the next one create it again. A virtual service without
    a certificate gets the one that it needs.
    """
    if not wanted.managed_by_cpi:
        return wanted
    return replace(wanted, ports=tuple(_with_kept_properties(port, before) for port in wanted.ports))


def _with_kept_properties(port: WantedPort, before: Mapping[str, VirtualService]) -> WantedPort:
    item = port.virtual_service
    old = before.get(item.name) if item is not None else None
    if item is None or old is None or (item.certificate and not old.certificate):
        return port
    return replace(port, virtual_service=replace(item, profile=old.profile, certificate=old.certificate))


def current_state(wanted: WantedService | WantedGroup, inventory: Inventory) -> WantedService | WantedGroup:
    """The same services as they are on the gateway now: the goal of a rollback."""
    return as_group([_current_state(one, inventory) for one in wanted.members])


def _current_state(wanted: WantedService, inventory: Inventory) -> WantedService:
    ports = tuple(
        WantedPort(port.port, *(inventory.get(kind, name) for kind, name in port.names.pairs()))
        for port in wanted.ports
    )
    orphans = replace(wanted.orphans, single=())  # deleted last, so no later failure can need them again
    return replace(wanted, ports=ports, rule=inventory.get(NAT_RULE, wanted.service.shared_rule), orphans=orphans)


def with_present(
    wanted: WantedService | WantedGroup, kind: str, name: str, inventory: Inventory
) -> WantedService | WantedGroup:
    """The same goal, except that one object stays as it is on the gateway now."""
    return as_group([_with_present(one, kind, name, inventory) for one in wanted.members])


def _with_present(wanted: WantedService, kind: str, name: str, inventory: Inventory) -> WantedService:
    present, fields = inventory.get(kind, name), dict(zip((*KINDS, HTTP_POLICY), _FIELDS, strict=True))
    ports = tuple(
        replace(port, **{fields[kind]: present}) if (kind, name) in port.names.pairs() else port
        for port in wanted.ports
    )
    rule = present if (kind, name) == (NAT_RULE, wanted.service.shared_rule) else wanted.rule
    return replace(wanted, ports=ports, rule=rule)


def _port(service: Service, port: ServicePort, address: str, with_rule: bool) -> WantedPort:
    spec, names = port.spec, port.names
    found = VirtualService(
        names.virtual_service, names.pool, address, (port.text,), application_profile(spec), spec.certificate
    )
    members, settings = service.members or None, service.pool_settings
    pool = Pool(names.pool, spec.node_port or None, members, health_monitors(spec), settings=settings)
    if not with_rule:
        return WantedPort(port, found, pool)
    rule = NatRule(names.nat_rule, service.external_ip, address, port.number, names.profile)
    return WantedPort(port, found, pool, rule, AppPortProfile(names.profile, (port.text,)))
