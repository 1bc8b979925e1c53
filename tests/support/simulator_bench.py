# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client, and request bodies that the estate one-edge accepts."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import requests
from vcdsim.testing import Simulator
from waiting import until

VCLOUD = "{http://www.vmware.com/vcloud/v1.5}"
PASSWORDS = {
    "kube@acme": "kube-secret-1",
    "admin@acme": "admin-secret-1",
    "viewer@acme": "viewer-secret-1",
    "kube@globex": "globex-secret-1",
    "administrator@System": "system-secret-1",
}
CLOUDAPI = "/cloudapi/1.0.0"
ROOT = Path(__file__).resolve().parents[2]


def description() -> Path | None:
    """The vendor's description of API 37.2, if available: VCD_OPENAPI names it, or it is beside the repository."""
    named = os.environ.get("VCD_OPENAPI")
    path = Path(named) if named else ROOT.parent / "shared" / "reference" / "vcd-openapi-37.2.yaml"
    return path if path.is_file() else None


class Api:
    """A logged-in client. Paths without /api, /oauth or /cloudapi are relative to /cloudapi/1.0.0."""

    def __init__(self, sim: Simulator, user: str | None = None, version: str = "37.2") -> None:
        self.sim = sim
        self.version = version
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = sim.ca
        if user:
            self.log_in(user, PASSWORDS[user])

    def log_in(self, user: str, password: str) -> requests.Response:
        provider = "/provider" if user.casefold().endswith("@system") else ""
        self.http.headers.pop("Authorization", None)
        answer = self.http.post(
            f"{self.sim.url}{CLOUDAPI}/sessions{provider}",
            auth=(user, password),
            headers={"Accept": f"application/*;version={self.version}"},
        )
        if answer.ok:
            self.http.headers["Authorization"] = "Bearer " + answer.headers["X-VMWARE-VCLOUD-ACCESS-TOKEN"]
        return answer

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        base = "" if path.startswith(("/api", "/oauth", "/cloudapi", "/network/", "http")) else CLOUDAPI
        url = path if path.startswith("http") else f"{self.sim.url}{base}{path}"
        kind = "application/*+xml" if "/api" in url.split("/cloudapi")[0] else "application/json"
        headers = {"Accept": f"{kind};version={options.pop('version', self.version)}", **options.pop("headers", {})}
        return self.http.request(method, url, json=body, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Send a GET, expect 200, and return its JSON."""
        answer = self.ask("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def values(self, path: str, **options: Any) -> list[Any]:
        return list(self.get(path, **options)["values"])

    def xml(self, path: str) -> ET.Element:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return ET.fromstring(answer.text)  # noqa: S314 - the simulator's own

    def task(self, answer: requests.Response) -> ET.Element:
        """Wait for the task of a 202 to end, and return it."""
        assert answer.status_code == 202, answer.text
        assert answer.content == b""

        def ended() -> list[ET.Element]:
            task = self.xml(answer.headers["Location"])
            return [] if task.get("status") == "running" else [task]

        return until(ended, "the task's end")[0]

    def done(self, method: str, path: str, body: Any = None, **options: Any) -> str:
        """Send a write, wait for its success, and return the identifier of the task's owner."""
        task = self.task(self.ask(method, path, body, **options))
        assert task.get("status") == "success", ET.tostring(task)
        owner = task.find(f"{VCLOUD}Owner")
        assert owner is not None
        return str(owner.get("id"))

    def refused(self, method: str, path: str, body: Any, text: str, status: int = 400, **options: Any) -> str:
        """Send a write that must be refused with this text, and return the whole message."""
        answer = self.ask(method, path, body, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        message = str(answer.json()["message"])
        assert text in message, message
        assert message.startswith("[ "), message
        return message

    def named(self, path: str, name: str) -> dict[str, Any]:
        """The only object in a list with this name."""
        return dict(next(one for one in self.values(path) if one.get("name", one.get("alias")) == name))


class Scene:
    """The identifiers of the estate one-edge, and valid request bodies for it."""

    def __init__(self, api: Api) -> None:
        self.edge = api.named("/edgeGateways", "acme-edge")["id"]
        self.vdc = api.named("/vdcs", "acme-vdc")["id"]
        self.org = api.named("/orgs", "acme")["id"]
        assignment = api.values(f"/loadBalancer/serviceEngineGroups/assignments?filter=gatewayRef.id=={self.edge}")[0]
        self.group = assignment["serviceEngineGroupRef"]["id"]
        self.assignment = assignment["id"]
        self.nat = f"/edgeGateways/{self.edge}/nat/rules"

    def pool(self, name: str = "pool", **more: Any) -> dict[str, Any]:
        members = [{"ipAddress": "10.10.0.11", "port": 30080}]
        return {"name": name, "gatewayRef": {"id": self.edge}, "members": members, **more}

    def service(self, pool: str, name: str = "service", **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "enabled": True,
            "virtualIpAddress": "203.0.113.10",
            "applicationProfile": {"type": "HTTP"},
            "gatewayRef": {"id": self.edge},
            "loadBalancerPoolRef": {"id": pool},
            "serviceEngineGroupRef": {"id": self.group},
            "servicePorts": [{"portStart": 80}],
            **more,
        }

    def rule(self, name: str = "rule", **more: Any) -> dict[str, Any]:
        addresses = {"externalAddresses": "203.0.113.20", "internalAddresses": "192.168.8.2"}
        return {"name": name, "type": "DNAT", **addresses, **more}

    def profile(self, name: str = "profile", **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "applicationPorts": [{"protocol": "TCP", "destinationPorts": ["80"]}],
            "orgRef": {"id": self.org},
            "contextEntityId": self.vdc,
            **more,
        }
