# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a run polls its tasks, by the simulator's journal. Both sides share a clock that only they advance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
import requests
from aiohttp import streams
from aiohttp.test_utils import make_mocked_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Session
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer
from vcdsim import estates, server
from vcdsim import simulated_vcd as simulated
from vcdsim.journal import Journal

TASK, REQUEST = 0.5, 0.02  # seconds
SERVICES = 10
# a made-up request belongs to an aiohttp application, which has its own rules
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")


class SharedClock:
    """A clock whose sleep only advances its time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class InProcessTransport:
    """A transport to a simulator in this process. Its requests advance the clock."""

    def __init__(self) -> None:
        self.clock, self.journal = SharedClock(), Journal()
        settings = simulated.Settings(task_seconds=TASK, health_seconds=0.0)
        vcd = simulated.SimulatedVcd(settings, self.clock.monotonic)
        estates.build(vcd, estates.load("one-edge"))
        self._simulator = server.VcdServer(lambda: vcd, self.journal)

    def close(self) -> None:
        """Nothing to close."""

    def send(self, method: str, path: str, **options: Any) -> Answer:
        request = mock.Mock(headers=dict(options.get("headers") or {}))
        if options.get("authorize"):
            options["authorize"](request)
        answer = asyncio.run(self._ask(method, path, request.headers, options.get("params"), options.get("json")))
        self.clock.sleep(REQUEST)
        text = answer.body.decode() if isinstance(answer.body, bytes) else ""
        return Answer(method, path, answer.status, requests.structures.CaseInsensitiveDict(answer.headers), text)

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], params: Mapping[str, str] | None, body: Any
    ) -> Any:
        payload = streams.StreamReader(mock.Mock(_reading_paused=False), 2**16)
        payload.feed_data(json.dumps(body).encode() if body is not None else b"")
        payload.feed_eof()
        sent = {"Host": "vcd", **headers} | ({"Content-Type": "application/json"} if body is not None else {})
        target = f"{path}?{urlencode(params)}" if params else path
        return await self._simulator.handle(make_mocked_request(method, target, headers=sent, payload=payload))


def move(api: Api) -> None:
    """The writes of a run that creates Services with one port each, and then changes each object."""
    edge = api.pages("edgeGateways", "edge gateways")[0]["id"]
    group = api.pages("loadBalancer/serviceEngineGroups/assignments", "groups")[0]["serviceEngineGroupRef"]["id"]
    for number in range(SERVICES):
        members = [{"ipAddress": "10.10.0.11", "port": 30080}]
        body: dict[str, Any] = {"name": f"pool-{number}", "gatewayRef": {"id": edge}, "members": members}
        pool = api.create("loadBalancer/pools", body, "pool", find=lambda: None)
        rule = {"name": f"rule-{number}", "type": "DNAT", "externalAddresses": "203.0.113.20"}
        rule |= {"internalAddresses": "192.168.8.2", "dnatExternalPort": str(8000 + number)}
        api.create(f"edgeGateways/{edge}/nat/rules", rule, "rule", find=lambda: None, named=False)
        body = {"name": f"service-{number}", "enabled": True, "gatewayRef": {"id": edge}}
        body |= {"applicationProfile": {"type": "L4"}, "virtualIpAddress": "203.0.113.10"}
        body |= {"serviceEngineGroupRef": {"id": group}, "loadBalancerPoolRef": {"id": pool}}
        body["servicePorts"] = [{"portStart": 8000 + number}]
        service = "loadBalancer/virtualServices/"
        service += api.create("loadBalancer/virtualServices", body, "virtual service", find=lambda: None)
        api.update(service, "virtual service", body, lambda one: {**one, "description": "changed"})
        if number % 2:
            api.delete(service, "virtual service")
            api.delete(f"loadBalancer/pools/{pool}", "pool")


def test_a_write_of_half_a_second_needs_two_and_a_half_polls_and_hardly_more_time() -> None:
    transport = InProcessTransport()
    settings = Settings("https://vcd", org="acme", user="kube", password="kube-secret-1")
    with Session(settings, clock=transport.clock, transport=transport) as session:  # type: ignore[arg-type] # a double
        began = transport.clock.now
        move(Api(session))
        seconds = transport.clock.now - began
    entries = transport.journal.entries()
    writes = [one for one in entries if one["status"] == 202]
    looks = [one for one in entries if one["path"].startswith("/api/task/")]
    others = len(entries) - len(looks)
    assert len(writes) == 5 * SERVICES
    assert len(looks) <= 2.5 * len(writes)
    # a write waits for its task and the last poll; any longer wait is a late poll
    assert seconds <= len(writes) * TASK * 1.05 + (others + len(writes)) * REQUEST
