# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's provider for VCD, the real program, with the simulator: main.tf is applied, changed and destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from terraform import CHANGES, Terraform
from vcdsim.clients import unrecorded
from vcdsim.testing import Simulator

KINDS = {
    "application_port_profiles": 2,
    "nat_rules": 2,
    "pools": 6,
    "virtual_services": 6,
    "firewall_groups": 4,
    "certificates": 1,
    "ip_space_allocations": 4,
}


@pytest.fixture
def terraform(terraform_with: Callable[..., Terraform], sim: Simulator) -> Terraform:
    """The program with main.tf."""
    return terraform_with(sim, "main.tf")


def of_terraform(state: dict[str, Any]) -> dict[str, int]:
    """The number of objects of each kind."""
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
