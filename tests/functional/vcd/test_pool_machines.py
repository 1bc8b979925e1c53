# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_pool with members that are virtual machines, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from in_process import Modules
from vcdsim.testing import Simulator

ESTATE = Path(__file__).resolve().parents[2] / "simulator" / "vcdsim" / "estates" / "one-edge.yml"
MACHINES: dict[str, list[dict[str, str]]] = {
    "two-nics": [{"network": "k8s-net", "ip": "10.10.0.21"}, {"network": "storage", "ip": "172.16.0.21"}],
    "two-addresses": [{"network": "k8s-net", "ip": "10.10.0.22"}, {"network": "k8s-net", "ip": "10.10.0.23"}],
    "elsewhere": [{"network": "storage", "ip": "10.10.0.24"}],
    "same-name-other-network": [{"network": "k8s-net", "ip": "172.16.0.25"}],
    "without": [],
    "waits-for-dhcp": [{"network": "k8s-net"}],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """An edge gateway, and machines with missing or ambiguous addresses."""
    estate = yaml.safe_load(ESTATE.read_text())
    vdc = estate["organisations"][0]["vdcs"][0]
    vdc["vapps"][0]["vms"] += [{"name": name, "networks": nics} for name, nics in MACHINES.items()]
    vdc["vapps"].append({"name": "other-vapp", "vms": [{"name": "acme-cp-1", "networks": []}]})
    path = tmp_path_factory.mktemp("estate") / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    with Simulator(estate=path, task_seconds=0, health_seconds=0) as simulator:
        yield simulator


def members(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["ip_address"], one["port"]) for one in result["pool"]["members"]]


def test_members_are_the_addresses_of_machines(vcd: Modules) -> None:
    wanted = [{"vm": "acme-worker-1"}, {"vm": "two-nics", "port": 81}, {"ip_address": "10.10.0.99"}]
    after = [("10.10.0.11", None), ("10.10.0.21", 81), ("10.10.0.99", None)]
    planned = vcd.done("vcd_pool", name="web", members=wanted, check=True)
    assert (members(planned), vcd.writes()) == (after, [])
    vcd.simulator.journal(clear=True)
    assert members(vcd.done("vcd_pool", name="web", members=wanted)) == after
    queries = [one for one in vcd.simulator.journal() if one["path"].startswith("/api/query")]
    assert len(queries) == 1
    assert vcd.done("vcd_pool", name="web", members=wanted)["changed"] is False
    gone = {"vm": "acme-worker-1", "port": None, "state": "absent"}
    changed = vcd.done("vcd_pool", name="web", members=[gone, {"vm": "acme-worker-2"}], exclusive=False)
    assert members(changed) == [("10.10.0.12", None), *after[1:]]
    several = [{"name": "a", "members": [{"vm": "acme-worker-1"}]}, {"name": "b", "members": [{"vm": "two-nics"}]}]
    made = vcd.done("vcd_pool", pools=several)["pools"]
    assert [one["members"][0]["ip_address"] for one in made] == ["10.10.0.11", "10.10.0.21"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ([{"vm": "acme-worker-3"}], "members.vm: 'acme-worker-3': no virtual machine with this name visible to"),
        ([{"vm": "acme-cp-1"}], "members.vm: 'acme-cp-1': 2 virtual machines visible to"),
        (
            [{"vm": "without"}],
            "members.vm: 'without': has no address: start it and wait until it has one",
        ),
        (
            [{"vm": "waits-for-dhcp"}],
            "members.vm: 'waits-for-dhcp': has no address: start it and wait until it has one",
        ),
        ([{"vm": "elsewhere"}], "routes, but 10.10.0.24 on 'storage': connect it there, or give ip_address"),
        ([{"vm": "same-name-other-network"}], "routes, but 172.16.0.25 on 'k8s-net': connect it there"),
        (
            [{"vm": "two-addresses"}],
            "has several addresses on a network that edge gateway 'acme-edge' routes (10.10.0.22",
        ),
        ([{"vm": "urn:vcloud:vapp:1"}], "members.vm: 'urn:vcloud:vapp:1': is a URN of kind vapp"),
        ([{"vm": "a", "ip_address": "10.0.0.1"}], "members: '10.0.0.1': give either ip_address or vm for each member"),
        ([{"port": 80}], "members: not given: give either ip_address or vm for each member"),
        ([{"vm": "a"}, {"vm": "a"}], "members: 'a': is listed twice with the same port: remove one"),
        ([{"vm": "acme-worker-1"}, {"ip_address": "10.10.0.11"}], "its address 10.10.0.11 is listed twice"),
    ],
)
def test_a_member_without_a_usable_address_is_refused_in_one_line(
    vcd: Modules, wanted: list[dict[str, Any]], says: str
) -> None:
    for exclusive in (True, False):
        assert says in vcd.refused("vcd_pool", name="web", members=wanted, exclusive=exclusive, check=True)
        assert says in vcd.refused("vcd_pool", name="web", members=wanted, exclusive=exclusive)
    assert vcd.writes() == []


def test_a_pool_is_removed_without_reading_machines(vcd: Modules) -> None:
    vcd.done("vcd_pool", name="web", members=[{"vm": "acme-worker-1"}])
    vcd.simulator.journal(clear=True)
    assert vcd.done("vcd_pool", name="web", state="absent", members=[{"vm": "gone"}])["changed"] is True
    assert [one for one in vcd.simulator.journal() if one["path"].startswith("/api/query")] == []
