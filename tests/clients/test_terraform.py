# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's provider for VCD, the real program, with the simulator: main.tf is applied, changed and destroyed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from control_plane.places import Missing, on_ci
from control_plane.programs import find_terraform, find_terraform_provider
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from vcdsim.clients import unrecorded
from vcdsim.testing import Simulator

SECONDS = 1800  # for a busy machine, not for what is waited for
EMPTY, CHANGES = 0, 2  # exit codes of a plan
KINDS = {
    "application_port_profiles": 2,
    "nat_rules": 2,
    "pools": 6,
    "virtual_services": 6,
    "firewall_groups": 4,
    "certificates": 1,
    "ip_space_allocations": 4,
}


class Terraform:
    """The program in a folder of its own, with the provider of the cache: no registry is asked."""

    def __init__(self, folder: Path, sim: Simulator, text: dict[str, str]) -> None:
        self._program, provider = find_terraform(), find_terraform_provider()
        self._folder = folder
        shutil.copy(Path(__file__).with_name("main.tf"), folder)
        settings = folder / "terraformrc"
        overrides = f"dev_overrides {{\n    {json.dumps('vmware/vcd')} = {json.dumps(str(provider))}\n  }}"
        mirror = f"filesystem_mirror {{\n    path = {json.dumps(str(folder / 'no-mirror'))}\n  }}"
        settings.write_text(f"provider_installation {{\n  {overrides}\n  {mirror}\n}}\n")
        kept = {name: value for name, value in os.environ.items() if not name.casefold().endswith("_proxy")}
        self._environment = kept | {
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",  # otherwise it asks for newer versions
            "TF_IN_AUTOMATION": "1",
            "SSL_CERT_FILE": sim.ca,
            "VCD_URL": f"{sim.url}/api",
            "VCD_ORG": "acme",
            "VCD_VDC": "acme-vdc",
            "VCD_USER": "admin",
            "VCD_PASSWORD": "admin-secret-1",
            **{f"TF_VAR_{name}": value for name, value in text.items()},
        }

    def run(self, *arguments: str, changed: bool = False, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command; its output."""
        environment = self._environment | {"TF_VAR_changed": json.dumps(changed)}
        done = subprocess.run(
            [str(self._program), *arguments, "-no-color", "-input=false"],
            cwd=self._folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode in codes, done.stdout[-20000:] + done.stderr[-20000:]
        return done.stdout

    def apply(self, *, changed: bool) -> None:
        """Apply, and see that a plan is empty afterwards."""
        self.run("apply", "-auto-approve", changed=changed)
        self.run("plan", "-detailed-exitcode", changed=changed, codes=(EMPTY,))


@pytest.fixture
def terraform(tmp_path: Path, sim: Simulator) -> Terraform:
    """The program. In CI it may not be missing; elsewhere a skip says how to get it."""
    from vcdsim.tls import make_certificate

    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        return Terraform(tmp_path, sim, {"certificate": make_certificate("web"), "private_key": key.decode()})
    except Missing as error:
        if on_ci():
            raise
        pytest.skip(str(error))


def of_terraform(state: dict[str, Any]) -> dict[str, int]:
    """How many objects of each kind there are."""
    return {kind: len(state[kind]) for kind in KINDS}


def test_a_configuration_is_applied_changed_and_destroyed(terraform: Terraform, sim: Simulator) -> None:
    before = sim.dump()
    terraform.apply(changed=False)
    state = sim.dump()
    assert of_terraform(state) == KINDS
    services = {one["name"]: one for one in state["virtual_services"]}
    shared = [services[f"tf-web-{name}"]["virtualIpAddress"] for name in ("http", "https")]
    assert len({*shared}) == 1
    assert {services[f"tf-api-{name}"]["virtualIpAddress"] for name in ("http", "grpc")} == {"192.168.8.2"}
    assert terraform.run("plan", "-detailed-exitcode", changed=True, codes=(CHANGES,))
    terraform.apply(changed=True)
    changed = sim.dump()
    assert of_terraform(changed) == KINDS
    assert {one["description"] for one in changed["virtual_services"]} == {"changed"}
    assert {one["algorithm"] for one in changed["pools"]} == {"ROUND_ROBIN"}
    assert len(changed["firewall_rules"]) == len(state["firewall_rules"]) + 1
    terraform.run("destroy", "-auto-approve", changed=True)
    after = sim.dump()
    for kind in (*KINDS, "firewall_rules"):
        assert after[kind] == before[kind], kind
    journal = sim.journal()
    assert not [(one["method"], one["path"], one["status"]) for one in journal if one["status"] in (404, 405, 500, 501)]
    assert not unrecorded("Terraform", journal), "record a journal (VCDSIM_JOURNAL), see python -m vcdsim.clients"
