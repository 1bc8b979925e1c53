# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Converts what Cloud Director returns into the objects of the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.resource import (
    to_result as profile_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.resource import (
    to_result as ip_set_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.resource import (
    to_result as rule_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import to_result as pool_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as service_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    IP_SET,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    AppPortProfile,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import (
    read_app_port_profile,
    read_ip_set,
    read_nat_rule,
    read_pool,
    read_virtual_service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body


def object_of(kind: str, body: Body) -> Object:
    """An object of the domain, from its complete body."""
    return _OBJECT_OF[kind](body)


def pool_of(body: Body) -> Pool:
    """A pool, from its complete body."""
    return read_pool(Reader(pool_result(body), "pool"), body)


def nat_rule_of(body: Body) -> NatRule:
    """A NAT rule, from a row of the list."""
    return read_nat_rule(Reader(rule_result(body), "NAT rule"), body)


def profile_of(body: Body) -> AppPortProfile:
    """An application port profile, from a body of the API."""
    return read_app_port_profile(Reader(profile_result(body), "application port profile"), body)


def ip_set_of(body: Body) -> IpSet:
    """An IP set, from its complete body."""
    return read_ip_set(Reader(ip_set_result(body), "IP set"), body)


def virtual_service_of(body: Body) -> VirtualService:
    """A virtual service, from a body of the API."""
    return read_virtual_service(Reader(service_result(body), "virtual service"), body)


_OBJECT_OF: Mapping[str, Callable[[Body], Object]] = {
    VIRTUAL_SERVICE: virtual_service_of,
    POOL: pool_of,
    NAT_RULE: nat_rule_of,
    APP_PORT_PROFILE: profile_of,
    IP_SET: ip_set_of,
}
