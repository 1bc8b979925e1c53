# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many objects the simulator can hold, and what an answer costs.

The cost is counted in calls, steps of the interpreter and examined objects, so it is the same on any machine, even on a
busy one.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import re
import sys
import tracemalloc
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
import yaml
from aiohttp import streams
from aiohttp.test_utils import make_mocked_request
from read_back import VERSION, Place
from read_back_kinds import KINDS, written
from simulator_bench import Api, Scene
from vcdsim import estates, server
from vcdsim.indexes import INDEXES
from vcdsim.journal import Journal
from vcdsim.simulated_vcd import Settings, SimulatedVcd
from vcdsim.testing import Simulator

SERVICES, FEW = 2000, 20  # numbers of virtual services, and of every other kind of which tenants have many objects
CALLS_OF_A_READ = 6000
LOOKS_OF_A_WRITE = 12  # objects
LOOKS_OF_ANY_WRITE = 25  # the maximum is for a role, which is compared with its users
# kinds whose objects conflict with objects of another kind, so they start with a fresh estate
APART = ("load balancer settings", "load balancer cloud", "external network", "IP Space assignment")
APART += ("default segment profile templates",)
MEMORY = 30 * 2**20  # bytes, of an estate with 200 edge gateways and 2,000 virtual services
CALLS_OF_AN_OBJECT = 200  # to build it at the start
BASE = "/cloudapi/1.0.0"
# a made-up request belongs to an aiohttp application, which has its own rules
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")


@functools.cache
def crowded(services: int, profiles: int = 0) -> dict[str, Any]:
    """The estate one-edge with many virtual services that share one address, and as many DNAT rules that share another.

    It has as many IP sets, and ``profiles`` application port profiles. The names of both sort after all others.
    """
    description = estates.load("one-edge")
    vdc = description["organisations"][0]["vdcs"][0]
    gateway = vdc["edge_gateways"][0]
    gateway["service_engine_groups"][0]["max_virtual_services"] = services + 1
    gateway["virtual_services"] = [
        {
            "name": f"service-{number}",
            "vip": "203.0.113.10",
            "port": 1000 + number,
            "members": ["10.10.0.11"],
            "member_port": 30080,
            "service_engine_group": "seg-shared",
        }
        for number in range(services)
    ]
    gateway["nat_rules"] = [
        {
            "name": f"rule-{number}",
            "external_addresses": "203.0.113.20",
            "internal_addresses": f"192.168.{number // 200}.{number % 200 + 1}",
            "dnat_external_port": str(1000 + number),
        }
        for number in range(services)
    ]
    members, ports = {"ip_addresses": ["198.51.100.7"]}, {"ports": [{"protocol": "TCP", "ports": [80]}]}
    gateway["ip_sets"] += [{"name": f"zz-{number}", **members} for number in range(services)]
    vdc["application_port_profiles"] = [{"name": f"zz-{number}", **ports} for number in range(profiles)]
    return description


def vcd_of(description: dict[str, Any]) -> SimulatedVcd:
    vcd = SimulatedVcd(Settings(task_seconds=0.0, health_seconds=0.0))
    estates.build(vcd, description)
    return vcd


@contextmanager
def count_calls() -> Iterator[list[int]]:
    """Count the function calls in the block, including functions in C. The figure is set at the end of the block."""
    count = [0]

    def see(_frame: object, event: str, _argument: object) -> None:
        count[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield count
    finally:
        sys.setprofile(before)


@contextmanager
def count_steps() -> Iterator[list[int]]:
    """Count the steps of the interpreter in the block. Unlike calls, they also show a loop that calls nothing."""
    count = [0]

    def see(frame: FrameType, event: str, _argument: object) -> Any:
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count[0] += event == "opcode"
        return see

    before = sys.gettrace()
    sys.settrace(see)
    try:
        yield count
    finally:
        sys.settrace(before)


class InProcessSimulator:
    """The simulator's handler without a server around it."""

    def __init__(self, services: int) -> None:
        self.simulator = server.VcdServer(lambda: vcd_of(crowded(services)), Journal(None))
        secret = base64.b64encode(b"admin@acme:admin-secret-1").decode()
        answer = asyncio.run(self.ask("POST", f"{BASE}/sessions", f"Basic {secret}"))
        self.token = f"Bearer {answer.headers['X-VMWARE-VCLOUD-ACCESS-TOKEN']}"
        store = self.simulator.vcd.store
        self.edge = next(one.id for one in store.all("gateway"))
        self.last = next(
            one.id for one in store.all("loadBalancerVirtualService") if one.name == f"service-{services - 1}"
        )

    def ask(self, method: str, path: str, authorization: str) -> Awaitable[Any]:
        headers = {"Host": "vcd", "Authorization": authorization, "Accept": "application/json;version=37.2"}
        request = make_mocked_request(method, path, headers=headers, payload=streams.EMPTY_PAYLOAD)
        return self.simulator.handle(request)

    def calls_of(self, path: str) -> int:
        """How many functions are called to answer a GET for the second time."""

        async def read() -> int:
            await self.ask("GET", path, self.token)
            with count_calls() as calls:
                answer = await self.ask("GET", path, self.token)
            assert answer.status == 200, answer.text
            return calls[0]

        return asyncio.run(read())

    async def write(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[str, int, int]:
        """The identifier of the written object, the steps, and the number of examined objects."""
        payload = streams.StreamReader(mock.Mock(_reading_paused=False), 2**16)
        payload.feed_data(json.dumps(body).encode() if body else b"")
        payload.feed_eof()
        headers = {"Host": "vcd", "Authorization": self.token, "Accept": "application/json;version=37.2"}
        headers |= {"Content-Type": "application/json"} if body else {}
        request = make_mocked_request(method, BASE + path, headers=headers, payload=payload)
        with count_steps() as steps:
            answer = await self.simulator.handle(request)
        assert answer.status in (201, 202, 204), (method, path, answer.text)
        entry = self.simulator.journal.entries()[-1]
        await self.ask("GET", f"{BASE}/sessions/current", self.token)  # the task ends
        return entry["object"], steps[0], entry["looked"]


async def every_write(one: InProcessSimulator, run: str) -> dict[str, tuple[int, int]]:
    """Create, change and delete one object of each kind that CPI writes, and an IP set; their steps and objects."""
    store = one.simulator.vcd.store
    org = next(one.id for one in store.all("org") if one.name == "acme")
    vdc = next(iter(store.all("vdc"))).id
    group = next(iter(store.all("serviceEngineGroup"))).id
    edge, found = {"id": one.edge}, {}

    async def write(method: str, path: str, body: dict[str, Any] | None = None) -> str:
        identifier, *cost = await one.write(method, path, body)
        place = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", path)
        found[f"{method} {place}"] = (cost[0], cost[1])
        return identifier

    profile = {"name": f"profile-{run}", "orgRef": {"id": org}, "contextEntityId": vdc, "scope": "TENANT"}
    profile["applicationPorts"] = [{"protocol": "TCP", "destinationPorts": ["80"]}]
    made = await write("POST", "/applicationPortProfiles", profile)
    await write("PUT", f"/applicationPortProfiles/{made}", {**profile, "description": "changed"})
    rule = {"name": "rule", "type": "DNAT", "externalAddresses": "203.0.113.20", "internalAddresses": "192.168.8.2"}
    rule |= {"applicationPortProfile": {"id": made}, "dnatExternalPort": "80"}
    nat = f"/edgeGateways/{one.edge}/nat/rules"
    number = await write("POST", nat, rule)
    await write("PUT", f"{nat}/{number}", {**rule, "description": "changed"})
    pool = {"name": f"pool-{run}", "gatewayRef": edge, "members": [{"ipAddress": "10.10.0.11", "port": 30080}]}
    servers = await write("POST", "/loadBalancer/pools", pool)
    await write("PUT", f"/loadBalancer/pools/{servers}", {**pool, "description": "changed"})
    service = {"name": f"service-{run}", "gatewayRef": edge, "enabled": True, "virtualIpAddress": "203.0.113.10"}
    service |= {"applicationProfile": {"type": "L4"}, "serviceEngineGroupRef": {"id": group}}
    service |= {"loadBalancerPoolRef": {"id": servers}, "servicePorts": [{"portStart": 80}]}
    virtual = await write("POST", "/loadBalancer/virtualServices", service)
    await write("PUT", f"/loadBalancer/virtualServices/{virtual}", {**service, "description": "changed"})
    ip_set = {"name": f"set-{run}", "typeValue": "IP_SET", "ownerRef": edge, "ipAddresses": ["198.51.100.0/24"]}
    members = await write("POST", "/firewallGroups", ip_set)
    await write("PUT", f"/firewallGroups/{members}", {**ip_set, "description": "changed"})
    for path in (
        f"/firewallGroups/{members}",
        f"/loadBalancer/virtualServices/{virtual}",
        f"/loadBalancer/pools/{servers}",
        f"{nat}/{number}",
        f"/applicationPortProfiles/{made}",
    ):
        await write("DELETE", path)
    return found


@pytest.fixture(scope="module")
def few() -> InProcessSimulator:
    return InProcessSimulator(FEW)


@pytest.fixture(scope="module")
def many() -> InProcessSimulator:
    return InProcessSimulator(SERVICES)


READS = {
    "a virtual service": "/loadBalancer/virtualServices/{last}",
    "a page of NAT rules": "/edgeGateways/{edge}/nat/rules?pageSize=16",
    "a profile by its name": f"/applicationPortProfiles?filter={quote('scope==SYSTEM;name==HTTP')}",
    "a certificate by its alias": "/ssl/certificateLibrary?filter=alias==web-cert",
    "the gateway's load balancer": "/edgeGateways/{edge}/loadBalancer",
}


@pytest.mark.parametrize("what", READS)
def test_a_read_costs_little_however_many_objects_there_are(
    few: InProcessSimulator, many: InProcessSimulator, what: str
) -> None:
    small, large = (one.calls_of(BASE + READS[what].format(last=one.last, edge=one.edge)) for one in (few, many))
    assert large <= 1.1 * small
    assert large <= CALLS_OF_A_READ, large


def test_a_write_costs_the_same_with_20_virtual_services_and_with_2000(
    few: InProcessSimulator, many: InProcessSimulator
) -> None:
    for one in (few, many):  # the first use of an index builds it
        asyncio.run(every_write(one, "first"))
    small, large = (asyncio.run(every_write(one, "second")) for one in (few, many))
    assert len(large) == 15
    assert not few.simulator.vcd.store.stale() + many.simulator.vcd.store.stale()
    for what, (steps, looks) in large.items():
        assert looks == small[what][1] <= LOOKS_OF_A_WRITE, what
        assert 0 < steps <= 1.1 * small[what][0], what


def looks_of_every_kind(services: int, folder: Path) -> dict[str, list[tuple[str, int]]]:
    """Create, change and delete an object of every kind. Returns method and objects of each write."""
    found = {}
    path = folder / f"{services}.yml"
    path.write_text(yaml.safe_dump(crowded(services, profiles=services)))
    versions = "36.3,37.0,37.1,37.2,38.0,39.0"
    with Simulator(estate=path, task_seconds=0, health_seconds=0, openapi=None, api_versions=versions) as sim:
        start, at = sim.snapshot(), None
        for name, kind in KINDS.items():
            if at is None or name in APART:
                sim.restore(start)
                at = Place(Api(sim, "administrator@System"))
            sim.journal(clear=True)
            if name == "load balancer settings":
                for transparent in (False, True):
                    at.write("PUT", at.settings, at.read(at.settings) | {"transparentModeEnabled": transparent})
            else:
                one = [path for path, _body in written(at, kind)][-1]
                answer = None if kind.one else at.api.ask("DELETE", one, version=VERSION, **at.context)
                assert answer is None or answer.status_code in (202, 204), (name, answer.text)
            found[name] = [(entry["method"], entry["looked"]) for entry in sim.journal() if entry["method"] != "GET"]
    return found


def test_a_write_of_any_kind_examines_no_more_objects_with_2000_of_each_than_with_20(tmp_path: Path) -> None:
    small, large = (looks_of_every_kind(services, tmp_path) for services in (FEW, SERVICES))
    # the provider changes the addresses of an edge gateway: each that is in use must stay
    both = [found.pop("edge gateway") for found in (small, large)]
    (_method, least), (_method, most) = (max(one) for one in both)
    assert FEW < least <= 3 * FEW < SERVICES < most <= 3 * SERVICES
    assert large == small
    assert max(looks for found in large.values() for _method, looks in found) <= LOOKS_OF_ANY_WRITE


def test_a_large_estate_fits_in_bounded_memory() -> None:
    description = estates.load("large")
    tracemalloc.start()
    try:
        vcd = vcd_of(description)
        assert vcd.store.count("loadBalancerVirtualService") == SERVICES
        for kind, indexes in INDEXES.items():
            for index in indexes:
                vcd.store.where(kind, index, "all are made")
        assert tracemalloc.get_traced_memory()[1] <= MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("estate", ["one-edge", "many-edges", "large"])
def test_an_estate_is_built_with_a_bounded_number_of_calls_for_each_object(estate: str) -> None:
    description = estates.load(estate)
    with count_calls() as calls:
        vcd = vcd_of(description)
    assert calls[0] <= CALLS_OF_AN_OBJECT * sum(vcd.store.count(kind) for kind in vcd.store.kinds())


def test_an_estate_can_have_2000_virtual_services(tmp_path: Path) -> None:
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(crowded(SERVICES)))
    with Simulator(estate=path, task_seconds=0, health_seconds=0) as sim:
        api = Api(sim, "kube@acme")
        scene = Scene(api)
        listed = f"/edgeGateways/{scene.edge}/loadBalancer/virtualServiceSummaries"
        assert api.get(f"{listed}?pageSize=1")["resultTotal"] == SERVICES
        assert api.values(f"{listed}?filter=name==service-1999")[0]["name"] == "service-1999"
        pool = api.done("POST", "/loadBalancer/pools", scene.pool())
        api.refused(
            "POST", "/loadBalancer/virtualServices", scene.service(pool, servicePorts=[{"portStart": 2500}]), "in use"
        )
        api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
