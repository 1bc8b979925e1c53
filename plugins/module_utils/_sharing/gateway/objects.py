# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The load balancing objects of an edge gateway, shared by preflight, planner, verify and writer. Pure.

An object has the properties that plans depend on. What Cloud Director returned for it is kept as ``body``, so that an
object that has to be created again keeps all its properties. Id, health, group and body are not compared: no plan
depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Union

VIRTUAL_SERVICE, POOL, NAT_RULE = "virtual_service", "pool", "nat_rule"
APP_PORT_PROFILE, IP_SET = "application_port_profile", "ip_set"
HTTP_POLICY = "http_policy"  # not one of KINDS: it is part of its virtual service, and is deleted with it
# The order of removal: Cloud Director refuses to delete an object that another one uses.
KINDS = (VIRTUAL_SERVICE, POOL, NAT_RULE, APP_PORT_PROFILE, IP_SET)
LABELS: Mapping[str, str] = {
    VIRTUAL_SERVICE: "virtual service",
    POOL: "pool",
    NAT_RULE: "NAT rule",
    APP_PORT_PROFILE: "application port profile",
    IP_SET: "IP set",
    HTTP_POLICY: "HTTP policies of virtual service",
}
REQUEST_RULES, RESPONSE_RULES, SECURITY_RULES = "request_rules", "response_rules", "security_rules"
HTTP_PROFILES = ("HTTP", "HTTPS")  # a virtual service with any other profile has neither HTTP policies nor WAF
POLICY_KINDS = (SECURITY_RULES, REQUEST_RULES, RESPONSE_RULES)  # in the order in which Cloud Director applies them
DNAT, SNAT, REFLEXIVE, NO_DNAT, NO_SNAT = "DNAT", "SNAT", "REFLEXIVE", "NO_DNAT", "NO_SNAT"


@dataclass(frozen=True)
class VirtualService:
    """A virtual service. ``ports`` are texts: "443", "8000-8010", or "UDP 53"; ``certificate`` is an alias or empty.

    ``address`` is the VIP that plans compare: the IPv4 VIP, or the IPv6 VIP where it is the only one. ``ipv6_address``
    is the IPv6 VIP that was read from Cloud Director. Each is empty if there is no such VIP. ``transparent``: the
    members of its pool see the client's address.
    """

    name: str
    pool: str
    address: str
    ports: tuple[str, ...]
    profile: str = "L4"
    certificate: str = ""
    enabled: bool = True
    transparent: bool = False
    ipv6_address: str = field(default="", compare=False)
    id: str = field(default="", compare=False)
    group: str = field(default="", compare=False)
    health: str = field(default="", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


# Name and value of options of vcd_pool, sorted by name
PoolSettings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Pool:
    """A pool. ``members`` are addresses; they, ``port`` (of every member) and ``monitors`` are None when not read.

    Port 0 stands for members on several ports. ``member_group`` is the name of the IP set or security group that holds
    the members instead; Cloud Director lists none of them then. ``settings`` are algorithm, persistence and monitors by
    their options; a wanted pool has only those that an option names. ``users`` are the names of the virtual services
    that use it. ``health`` is Cloud Director's verdict on the whole pool, ``up`` and ``count`` are how many members are
    up and how many exist (None when not read), and ``member_health`` is by address.
    """

    name: str
    port: int | None = None
    members: tuple[str, ...] | None = None
    monitors: tuple[str, ...] | None = None
    enabled: bool = True
    member_group: str = ""
    settings: PoolSettings = ()
    users: tuple[str, ...] = field(default=(), compare=False)
    health: str = field(default="", compare=False)
    up: int | None = field(default=None, compare=False)
    count: int | None = field(default=None, compare=False)
    member_health: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    id: str = field(default="", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class NatRule:
    """A NAT rule of any type. ``external`` and ``internal`` are an address, a CIDR or a range.

    ``port`` (the external one) and ``profile`` are empty for a rule that translates all ports. Of several rules for one
    address, VCD applies the one with the lowest ``priority``. ``applied_to`` is the URN of the network or uplink that
    the rule is limited to, or empty. ``firewall_match`` is MATCH_INTERNAL_ADDRESS, MATCH_EXTERNAL_ADDRESS or BYPASS.
    """

    name: str
    external: str
    internal: str
    port: str = ""
    profile: str = ""
    type: str = DNAT
    enabled: bool = True
    id: str = field(default="", compare=False)
    priority: int = field(default=0, compare=False)
    applied_to: str = field(default="", compare=False)
    firewall_match: str = field(default="MATCH_INTERNAL_ADDRESS", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class AppPortProfile:
    """An application port profile. ``ports`` are the destination ports: "443" for TCP, otherwise like "UDP 53"."""

    name: str
    ports: tuple[str, ...]
    id: str = field(default="", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class IpSet:
    """An IP set that holds the members of a pool. ``addresses`` are sorted."""

    name: str
    addresses: tuple[str, ...]
    description: str = ""
    id: str = field(default="", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


# Rules in the form of the options of vcd_http_policy
Rules = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class HttpPolicy:
    """The HTTP policies of the virtual service with this name, limited to the kinds that an option asks for.

    ``lists`` are these kinds, in the order of POLICY_KINDS, each with its rules. ``id`` is the virtual service's id,
    and ``body`` has the bodies of the rules by kind, from which a rule keeps the fields that no option names.
    """

    name: str
    lists: tuple[tuple[str, Rules], ...] = ()
    id: str = field(default="", compare=False)
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def rules(self, kind: str) -> Rules:
        """The rules of one kind."""
        return dict(self.lists).get(kind, ())

    def emptied(self) -> HttpPolicy:
        """The policies of a virtual service that has just been created."""
        return replace(self, lists=tuple((kind, ()) for kind, _rules in self.lists))

    def with_rules(self, kind: str, rules: Rules) -> HttpPolicy:
        """The same policies with other rules of one kind."""
        return replace(self, lists=tuple((one, rules if one == kind else had) for one, had in self.lists))


Object = Union[VirtualService, Pool, NatRule, AppPortProfile, IpSet, HttpPolicy]  # noqa: UP007 - ansible-test's pylint knows no X | Y here
_KIND_OF: Mapping[type, str] = {
    VirtualService: VIRTUAL_SERVICE,
    Pool: POOL,
    NatRule: NAT_RULE,
    AppPortProfile: APP_PORT_PROFILE,
    IpSet: IP_SET,
    HttpPolicy: HTTP_POLICY,
}


def kind_of(item: Object) -> str:
    """One of KINDS, or HTTP_POLICY."""
    return _KIND_OF[item.__class__]


def label_of(item: Object) -> str:
    """The kind as messages name it: ``virtual service``, ``DNAT rule``, ``REFLEXIVE rule``, ``pool``."""
    return f"{item.type} rule" if isinstance(item, NatRule) else LABELS[kind_of(item)]
