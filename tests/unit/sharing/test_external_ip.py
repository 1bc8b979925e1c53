# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The external IP of a service is found in whatever is left of its objects."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import NatRule, VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import choose_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import want
from hypothesis import given
from hypothesis import strategies as st

UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
PORTS = (PortSpec("http", 80, 8080), PortSpec("https", 443, 8443), PortSpec("ssh", 22, 22))
# on an uplink; on no uplink: created when nothing checked it, or before the provider withdrew the addresses
ADDRESSES = ("203.0.113.20", "203.0.114.20", "8.8.8.8")
INSIDE = {
    Scenario.SHARED_EXTERNAL: (),
    Scenario.SHARED_INTERNAL: ("192.168.8.2",),
    Scenario.DISTINCT_INTERNAL: ("192.168.8.2", "192.168.8.3", "192.168.8.4"),
}


@given(st.sampled_from(list(Scenario)), st.booleans(), st.sampled_from(ADDRESSES), st.data())
def test_the_external_ip_is_kept_as_long_as_an_object_shows_it(
    scenario: Scenario, per_service: bool, address: str, data: st.DataObject
) -> None:
    service = Service.build("shop", PORTS, Naming.parse("{kind}-{service}-{port}"), external_ip=address)
    per_service = per_service and scenario is Scenario.SHARED_INTERNAL
    wanted = want(service, scenario, INSIDE[scenario], per_service=per_service)
    objects = [item for port in wanted.ports for item in port.objects()] + ([wanted.rule] if wanted.rule else [])
    left = data.draw(st.lists(st.sampled_from(objects), unique=True))
    found = choose_external_ip(service.with_external_ip(""), Inventory(left), EDGE)
    shows = any(
        isinstance(item, NatRule) or (isinstance(item, VirtualService) and item.address == address) for item in left
    )
    assert found == (address if shows else "")
