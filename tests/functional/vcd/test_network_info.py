# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_network_info and vcd_vdc_group_info against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

NETWORKS, GROUPS = "vcd_network_info", "vcd_vdc_group_info"


@pytest.fixture(scope="module")
def acme() -> Iterator[Modules]:
    """An organization with two VDCs, one of which is in a VDC group."""
    with Simulator(estate="provider", task_seconds=0) as simulator:
        yield Modules(simulator, user="admin", password="admin-secret-1", edge_gateway=None)


def test_networks_are_listed_with_owner_router_and_subnets(acme: Modules) -> None:
    found = acme.done(NETWORKS)["networks"]
    assert [one["name"] for one in found] == ["group-net", "isolated-net", "routed-net", "vdc-2-net"]
    assert [(one["type"], (one["edge_gateway"] or {}).get("name"), one["owner"]["name"]) for one in found] == [
        ("NAT_ROUTED", "group-edge", "acme-group"),
        ("ISOLATED", None, "acme-vdc"),
        ("NAT_ROUTED", "acme-edge", "acme-vdc"),
        ("ISOLATED", None, "acme-vdc-2"),
    ]
    (subnet,) = found[2]["subnets"]
    assert (subnet["gateway"], subnet["prefix_length"]) == ("10.10.0.1", 24)
    assert (subnet["ip_ranges"], found[2]["status"]) == (["10.10.0.2-10.10.0.200"], "REALIZED")


def test_networks_are_found_by_each_option(acme: Modules) -> None:
    found = acme.done(NETWORKS)["networks"]
    router, owner = found[2]["edge_gateway"], found[0]["owner"]
    for option, value, names in (
        ("name", "routed-net", ["routed-net"]),
        ("id", found[1]["id"], ["isolated-net"]),
        ("edge_gateway", router["name"], ["routed-net"]),
        ("edge_gateway", router["id"], ["routed-net"]),
        ("vdc", owner["id"], ["group-net"]),
        ("vdc", "acme-vdc", ["isolated-net", "routed-net"]),
        ("name", "nowhere", []),
    ):
        assert acme.done(NETWORKS, query="[].name", **{option: value})["networks"] == names
    assert "edge_gateway: 'urn:vcloud:vdc:1': is a URN of kind vdc" in acme.refused(
        NETWORKS, edge_gateway="urn:vcloud:vdc:1"
    )


def test_vdc_groups_are_listed_with_their_vdcs(acme: Modules) -> None:
    (found,) = acme.done(GROUPS)["vdc_groups"]
    assert (found["name"], [vdc["name"] for vdc in found["vdcs"]]) == ("acme-group", ["acme-vdc"])
    assert (found["network_provider_type"], found["dfw_enabled"]) == ("NSX_T", True)
    for option, value, names in (
        ("vdc", "acme-vdc", ["acme-group"]),
        ("vdc", found["vdcs"][0]["id"], ["acme-group"]),
        ("vdc", "acme-vdc-2", []),
        ("id", found["id"], ["acme-group"]),
        ("name", "nowhere", []),
    ):
        assert acme.done(GROUPS, query="[].name", **{option: value})["vdc_groups"] == names
    message = acme.refused(GROUPS, id="urn:vcloud:vdc:1")
    assert message.startswith("id: 'urn:vcloud:vdc:1': is a URN of kind vdc")
