# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup vcd_free_ip: the addresses that vcd_shared_ip would take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vcd.kubernetes.plugins.inventory import vcd_clusters
from ansible_collections.vcd.kubernetes.plugins.lookup import vcd_free_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.free_addresses import free_addresses
from in_process import Modules
from vcdsim.testing import Simulator

RANGE = "192.168.8.2-192.168.8.5"


def found(modules: Modules, **options: Any) -> list[str]:
    connection = {name: value for name, value in modules.connection.items() if name != "edge_gateway"}
    return free_addresses(connection, (), str(modules.connection["edge_gateway"]), **options)


def serve(modules: Modules, scenario: str) -> dict[str, Any]:
    ports = [{"name": name, "port": port, "node_port": 30000 + port} for name, port in (("a", 80), ("b", 81))]
    service = {"name": "web", "members": ["10.10.0.11"], "ports": ports}
    options = {"name_template": "{kind}-{service}-{port}", "scenario": scenario, "services": [service]}
    return modules.done("vcd_shared_ip", one_arm={"start_ip": "192.168.8.2", "end_ip": "192.168.8.5"}, **options)


def test_the_lookup_returns_the_address_that_the_module_takes() -> None:
    with Simulator(task_seconds=0, health_seconds=0) as sim:
        modules = Modules(sim)
        external, internal = found(modules), found(modules, internal=RANGE, count=2)
        result = serve(modules, "distinct_internal")
        (service,) = result["services"]
        assert [service["external_ip"]] == external
        assert {rule["internalAddresses"] for rule in sim.dump()["nat_rules"]} == set(internal)
        assert external[0] not in found(modules, count=10)
        assert found(modules, internal=RANGE, count=2) == ["192.168.8.4", "192.168.8.5"]
        assert found(modules, internal=RANGE, exclude=["192.168.8.4 "]) == ["192.168.8.5"]
        with pytest.raises(CollectionError, match=r"has 2 free addresses in the range .* 3 are asked for") as refused:
            found(modules, internal=RANGE, count=3)
        assert "larger range" in refused.value.message
        assert modules.writes() is not None


def test_allocated_addresses_of_ip_spaces_are_found_also_by_subnet() -> None:
    with Simulator(estate="ip-spaces", task_seconds=0) as sim:
        modules = Modules(sim)
        with pytest.raises(CollectionError, match="vcd_ip_allocation"):
            found(modules)
        address = "203.0.113.20"
        modules.done("vcd_ip_allocation", ip_space="public", value=address, edge_gateway=None)
        assert found(modules) == [address]
        assert found(modules, vip_subnet=f"{address}/32") == [address]
        with pytest.raises(CollectionError, match="has 0 free addresses in the subnet"):
            found(modules, vip_subnet="192.0.2.0/24")
        modules.done(
            "vcd_ip_allocation", ip_space="public", value=address, description="for the web", edge_gateway=None
        )
        with pytest.raises(CollectionError):
            found(modules)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"count": 0}, "count: 0"),
        ({"internal": "192.168.8.9"}, "internal: '192.168.8.9'"),
        ({"internal": {"start_ip": "192.168.8.9"}}, "internal: "),
        ({"internal": RANGE, "vip_subnet": "203.0.113.0/24"}, "vip_subnet: "),
        ({"vip_subnet": "203.0.113"}, "vip_subnet: '203.0.113'"),
        ({"exclude": ["x"]}, "exclude: 'x'"),
    ],
)
def test_a_wrong_option_is_named_before_the_first_request(options: dict[str, Any], text: str) -> None:
    with pytest.raises(CollectionError) as refused:
        free_addresses({}, (), "acme-edge", **options)
    assert text in refused.value.message
    assert "\n" not in refused.value.message


def test_several_matching_edge_gateways_are_refused() -> None:
    with pytest.raises(AnsibleError, match="2 edge gateways: give the name or URN of one"):
        vcd_free_ip.in_one_line(lambda: vcd_free_ip.LookupModule()._find(["a", "b"], {}), AnsibleError)


def test_an_option_that_does_not_exist_is_refused_and_the_nearest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible itself ignores unknown options."""
    for plugin in (vcd_free_ip.LookupModule, vcd_clusters.InventoryModule):
        monkeypatch.setattr(plugin, "get_options", lambda _self: {"count": 1, "keyed_groups": []})
    with pytest.raises(CollectionError, match=r"vcd_free_ip has no option 'cout'; did you mean count\?"):
        vcd_free_ip.LookupModule()._find(["acme-edge"], {"cout": 2})
    with pytest.raises(CollectionError, match=r"has no option 'keyed_group'; did you mean keyed_groups\?"):
        vcd_clusters.InventoryModule()._options_of({"keyed_group": []})
