# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""go-vcloud-director v2 and v3 with the simulator: a test program, built with each of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from control_plane.go import find_go
from control_plane.places import cache_folder, on_ci
from simulator_bench import ROOT
from vcdsim.clients import unrecorded
from vcdsim.testing import Simulator
from vcdsim.tls import make_certificate

SOURCE = ROOT / "tests" / "simulator" / "go" / "sdkclient"
BUILD_SECONDS = 7200
RUN_SECONDS = 600
RENEW = "the table of what clients send lacks these: record a journal (VCDSIM_JOURNAL), see python -m vcdsim.clients"
# the program leaves existing objects of these kinds
KEPT = ("application_port_profiles", "nat_rules", "firewall_groups", "firewall_rules", "certificates")


def program(version: str) -> Path:
    """The program built with one major version of go-vcloud-director. It is cached: a first build takes minutes."""
    files = {"go.mod": "go.mod", "go.sum": "go.sum"} if version == "v3" else {"v2.mod": "go.mod", "v2.sum": "go.sum"}
    main = (SOURCE / "main.go").read_text().replace("go-vcloud-director/v3/", f"go-vcloud-director/{version}/")
    content = {"main.go": main.encode()} | {name: (SOURCE / file).read_bytes() for file, name in files.items()}
    digest = hashlib.sha256(b"".join(content[name] for name in sorted(content))).hexdigest()[:12]
    built = cache_folder() / f"sdkclient-{version}-{digest}" / "sdkclient"
    if not built.exists():
        go = find_go()
        if go is None:
            if on_ci():
                pytest.fail("there is no Go here to build the program with")
            pytest.skip(
                "there is no Go here; get one with: PYTHONPATH=tests/control_plane python -m control_plane build"
            )
        _build(go, content, built)
    return built


def _build(go: str, content: dict[str, bytes], built: Path) -> None:
    folder = built.parent.with_name(f".building-{built.parent.name}-{os.getpid()}")
    folder.mkdir(parents=True)
    try:
        for name, data in content.items():
            (folder / name).write_bytes(data)
        environment = {
            **os.environ,
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=readonly -buildvcs=false",
            "GOWORK": "off",
        }
        done = subprocess.run(
            [go, "build", "-o", "sdkclient", "."],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        built.parent.mkdir(parents=True, exist_ok=True)
        (folder / "sdkclient").rename(built)
    finally:
        shutil.rmtree(folder)


def run(sdk: Path, sim: Simulator, **settings: str) -> list[str]:
    """Run the program and return its output. It verifies the simulator's certificate."""
    environment = {name: value for name, value in os.environ.items() if not name.casefold().endswith("_proxy")}
    environment |= {
        "SSL_CERT_FILE": sim.ca,
        "VCD_URL": sim.url,
        "VCD_ORG": "acme",
        "VCD_VDC": "acme-vdc",
        "VCD_EDGE": "acme-edge",
        "VCD_NETWORK": "k8s-net",
    }
    done = subprocess.run(
        [str(sdk)], env={**environment, **settings}, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


KINDS = (
    "application port profile",
    "NAT rule",
    "load balancer",
    "firewall",
    "groups",
    "certificate",
    "virtual machine",
)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_sdk_logs_in_with_a_password_and_manages_every_kind_of_object(version: str, tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(make_certificate("of-the-sdk"))
    with Simulator(task_seconds=0, health_seconds=0) as sim:
        before = sim.dump()
        secrets = {"VCD_USER": "admin", "VCD_PASSWORD": "admin-secret-1"}
        output = run(program(version), sim, VCD_CERTIFICATE=str(certificate), **secrets)
        state, journal = sim.dump(), sim.journal()
    assert output == ["logged in", "found acme-vdc acme-edge", *(f"done: {kind}" for kind in KINDS)]
    assert not unrecorded(f"SDK {version}", journal), RENEW
    assert {kind: state[kind] for kind in KEPT} == {kind: before[kind] for kind in KEPT}
    assert not state["pools"] + state["virtual_services"] + state["nat_rules"]
    assert {entry["version"] for entry in journal if "/virtualServices/" in entry["path"]} == {"37.1"}
    assert sum("cursor=" in entry["query"] for entry in journal) == 2


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_sdk_manages_http_policies(version: str) -> None:
    secrets = {"VCD_USER": "admin", "VCD_PASSWORD": "admin-secret-1", "VCD_HTTP_POLICIES": "yes"}
    with Simulator(task_seconds=0, health_seconds=0, api_versions="37.0,37.1,37.2,38.0") as sim:
        output = run(program(version), sim, **secrets)
        journal = sim.journal()
    assert output[-1] == "done: HTTP policies"
    assert not unrecorded(f"SDK {version}", journal), RENEW
    written = {entry["path"].rpartition("/")[2] for entry in journal if entry["method"] == "PUT"}
    assert written == {"requestRules", "responseRules", "securityRules"}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_sdk_logs_in_with_an_api_token_and_uses_ip_spaces(version: str) -> None:
    token = "acme-api-token-0000000000000001"
    with Simulator(estate="ip-spaces", task_seconds=0) as sim:
        output = run(program(version), sim, VCD_API_TOKEN=token, VCD_IP_SPACE="public")
        journal = sim.journal()
    assert output[-1] == "done: IP Space allocation"
    assert not unrecorded(f"SDK {version}", journal), RENEW
    assert not any(entry["path"].endswith("/sessions") for entry in journal)


def test_a_wrong_password_stops_the_program() -> None:
    with Simulator() as sim, pytest.raises(AssertionError, match="failed: log in"):
        run(program("v3"), sim, VCD_USER="admin", VCD_PASSWORD="wrong")
