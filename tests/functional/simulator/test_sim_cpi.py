# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real CPI program starts with the simulator: it logs in and finds its gateway.

tests/real shows what it then does for Services, with a real Kubernetes.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from control_plane.places import Missing, on_ci
from control_plane.programs import find_cpi
from vcdsim.testing import Simulator
from waiting import until

CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
users: [{name: none, user: {token: none}}]
"""


def cpi() -> Path:
    try:
        return find_cpi("1.6")
    except Missing as missing:
        if on_ci():
            raise
        pytest.skip(str(missing))


def start_up(sim: Simulator, folder: Path, credentials: str, logs: str = "") -> list[dict[str, Any]]:
    """The requests of CPI when it starts, without a Kubernetes, until it has written its version into its entity (or
    until it has logged ``logs``)."""
    (folder / "kubeconfig").write_text(KUBECONFIG)
    (folder / "cloud.yaml").write_text(
        f"vcd: {{host: '{sim.url}', org: acme, vdc: acme-vdc, {credentials}}}\n"
        "loadbalancer: {network: k8s-net, vipSubnet: '', enableVirtualServiceSharedIP: true}\n"
        f"clusterid: {CLUSTER}\nvAppName: acme-vapp\n"
    )
    config = str(folder / "kubeconfig")
    command = [str(cpi()), "--cloud-provider=vmware-cloud-director", f"--cloud-config={folder / 'cloud.yaml'}"]
    command += [
        f"--{name}={config}" for name in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    ]
    command += ["--leader-elect=false", "--secure-port=0", f"--cert-dir={folder}", "--allow-untagged-cloud"]
    environment = {name: value for name, value in os.environ.items() if not name.casefold().endswith("_proxy")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env={**environment, "KUBECONFIG": config}, stdout=log, stderr=log)
    try:
        said = (folder / "log").read_text
        done = (lambda: logs in said()) if logs else (lambda: upgraded(sim))
        until(lambda: done() or process.poll() is not None, "CPI's start", every=0.1)
        assert done(), said()[-4000:]
    finally:
        process.kill()
        process.wait()
    return sim.journal()


def upgraded(sim: Simulator) -> bool:
    """Whether CPI has written to its entity that it is up."""
    (entity,) = sim.dump()["entities"]
    events = entity["entity"]["status"].get("cpi", {}).get("eventSet", [])
    return "CPIStatusRDEUpgraded" in [event["name"] for event in events]


def paths(journal: list[dict[str, Any]]) -> list[str]:
    return [f"{entry['method']} {entry['path'].split('/urn:')[0].rstrip('/')}" for entry in journal]


def test_cpi_starts_with_a_password(tmp_path: Path) -> None:
    with Simulator(task_seconds=0) as sim:
        journal = start_up(sim, tmp_path, "user: kube, secret: kube-secret-1")
        (network,) = sim.dump()["networks"]
    asked = paths(journal)
    assert asked[:3] == ["GET /api/versions", "POST /cloudapi/1.0.0/sessions", "POST /cloudapi/1.0.0/sessions"]
    assert any(entry["object"] == network["id"] for entry in journal), "it reads the network that names its gateway"
    assert {entry["status"] for entry in journal} == {200}
    assert {entry["version"] for entry in journal[1:]} == {"37.2"}


def test_cpi_starts_with_an_api_token(tmp_path: Path) -> None:
    with Simulator(task_seconds=0) as sim:
        journal = start_up(sim, tmp_path, "refreshtoken: acme-api-token-0000000000000001")
    tokens = [(entry["path"], entry["status"]) for entry in journal if entry["path"].startswith("/oauth/")]
    assert tokens == [("/oauth/provider/token", 400), ("/oauth/tenant/acme/token", 200)]


def test_cpi_starts_with_a_release_that_does_not_list_its_version(tmp_path: Path) -> None:
    with Simulator(api_versions="38.0,39.0") as sim:
        journal = start_up(
            sim, tmp_path, "user: kube, secret: kube-secret-1", logs="Error initializing client from secrets"
        )
        assert not upgraded(sim)
    assert set(paths(journal)) == {"GET /api/versions"}
