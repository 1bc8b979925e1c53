# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without any one right of the documented role, a run reports it before its first write, or does not need it.

The simulator decides, with its own table by endpoint and method.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils import _vcd_rights as table
from in_process import Modules
from vcdsim.testing import Simulator

ROOT = Path(__file__).resolve().parents[3]
ESTATES = ROOT / "tests" / "simulator" / "vcdsim" / "estates"
PAGE = ROOT / "docs" / "rights-vcd.md"
PASSWORD = "taken-secret-1"
ROLE = re.findall(r'^    "(.+?)",', PAGE.read_text(encoding="utf-8"), re.M)

Run = tuple[str, dict[str, Any]]
RULE = {"type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "10.10.0.11"}
SHOP = {
    "name": "shop",
    "external_ip": "203.0.113.21",
    "members": ["10.10.0.11"],
    "ports": [{"name": "http", "port": 80, "node_port": 8080}],
}
SERVICES = {"name_template": "{kind}-{service}-{port}", "services": [SHOP]}
WEB = {"name": "web", "pool": "web", "virtual_ip_address": "203.0.113.22", "service_ports": [{"start": 80}]}
# in this order, so that the documented role can carry out all of them
RUNS: dict[str, Run] = {
    "pool": ("vcd_pool", {"name": "web"}),
    "pool with a certificate": ("vcd_pool", {"name": "tls", "ssl_enabled": True, "ca_certificates": ["web-cert"]}),
    "virtual service": ("vcd_virtual_service", {**WEB, "application_profile": "HTTP"}),
    "virtual service recreated": (
        "vcd_virtual_service",
        {"name": "web", "virtual_ip_address": "203.0.113.23", "recreate": True},
    ),
    "profile": ("vcd_app_port_profile", {"name": "p", "application_ports": [{"protocol": "TCP"}]}),
    "NAT rule": ("vcd_nat_rule", {"name": "r", "application_port_profile": "p", "dnat_external_port": "81", **RULE}),
    "machines": ("vcd_shared_ip", {**SERVICES, "scenario": "shared_external"}),
    "machines move": (
        "vcd_shared_ip",
        {
            **SERVICES,
            "scenario": "shared_internal",
            "one_arm": {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"},
        },
    ),
    "machines go": ("vcd_shared_ip", {**SERVICES, "state": "absent"}),
    "NAT rule goes": ("vcd_nat_rule", {"name": "r", "state": "absent"}),
    "profile goes": ("vcd_app_port_profile", {"name": "p", "state": "absent"}),
    "virtual service goes": ("vcd_virtual_service", {"name": "web", "state": "absent"}),
    "pool goes": ("vcd_pool", {"name": "web", "state": "absent"}),
}


def users() -> list[dict[str, Any]]:
    """A user with the documented role, and one for each of its rights, without that right."""
    rights = {
        "all": ROLE,
        **{f"no-{number}": [one for one in ROLE if one != right] for number, right in enumerate(ROLE)},
    }
    return [
        {"name": name, "password": PASSWORD, "role": f"Role {name}", "rights": held} for name, held in rights.items()
    ]


def started(estate: str, folder: Path) -> Iterator[Simulator]:
    described = yaml.safe_load((ESTATES / f"{estate}.yml").read_text(encoding="utf-8"))
    described["organisations"][0]["users"] += users()
    path = folder / "estate.yml"
    path.write_text(yaml.safe_dump(described), encoding="utf-8")
    with Simulator(path, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    yield from started("one-edge", tmp_path_factory.mktemp("rights"))


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    yield from started("ip-spaces", tmp_path_factory.mktemp("rights"))


def as_user(simulator: Simulator, name: str) -> Modules:
    return Modules(simulator, user=name, password=PASSWORD)


def judge(simulator: Simulator, number: int, run: Run, check: bool) -> str:
    """How a run without a right ended: "refused", or "done" without that right; anything else is an error.

    "warned": the need for the right is only inferred, so Cloud Director decides.
    """
    module, options = run
    simulator.journal(clear=True)
    modules = as_user(simulator, f"no-{number}")
    result = modules.run(module, check=check, **options)
    if check and "is probably needed" in str(result.get("warnings")):
        assert repr(ROLE[number]) in str(result["warnings"])
        return "warned"
    if not result.get("failed"):
        return "done"
    assert modules.writes() == [], result["msg"]
    assert repr(ROLE[number]) in result["msg"], result["msg"]
    assert "\n" not in result["msg"]
    return "refused"


def leave_it_to_cloud_director(simulator: Simulator, number: int, run: Run) -> None:
    """Cloud Director refuses the first write, so that nothing has changed."""
    module, options = run
    before = simulator.dump()
    message = as_user(simulator, f"no-{number}").refused(module, **options)
    assert repr(ROLE[number]) in message
    assert simulator.dump() == before


def test_each_missing_right_is_reported_before_the_first_write_or_not_needed(simulator: Simulator) -> None:
    simulator.reset()
    ended: dict[str, dict[str, str]] = {}
    warned: dict[str, set[str]] = {}
    for name, run in RUNS.items():
        kept = simulator.snapshot()
        for number, right in enumerate(ROLE):
            foreseen = judge(simulator, number, run, check=True)
            if foreseen == "warned":
                leave_it_to_cloud_director(simulator, number, run)
                warned.setdefault(right, set()).add(name)
            else:
                assert judge(simulator, number, run, check=False) == foreseen, (name, right)
            ended.setdefault(right, {})[name] = foreseen
            if foreseen == "done":
                simulator.restore(kept)
        result = as_user(simulator, "all").done(run[0], **run[1])
        assert result["changed"], name
        assert "warnings" not in result, (name, result["warnings"])
    refused = {right: {name for name, end in ends.items() if end == "refused"} for right, ends in ended.items()}
    balancing = {"pool", "pool with a certificate", "virtual service", "virtual service recreated"}
    machines = {"machines", "machines move", "machines go"}
    going = {"virtual service goes", "pool goes"}
    translating = {"profile", "NAT rule", "NAT rule goes", "profile goes"}
    assert refused[table.LB_CONFIGURE] == balancing | going | machines
    assert refused[table.NAT_CONFIGURE] | warned[table.NAT_CONFIGURE] == translating | machines
    assert warned == {table.NAT_CONFIGURE: {"profile", "profile goes", "machines"}}
    assert refused[table.GATEWAY_VIEW] == set(RUNS)
    assert refused[table.LB_VIEW] >= balancing | going | machines
    assert refused[table.NAT_VIEW] >= {"NAT rule", "NAT rule goes"} | machines
    assert refused[table.CERTIFICATE_VIEW] == {"pool with a certificate"}
    assert refused[table.ROLE_VIEW] == set()


def test_a_plan_without_changes_needs_no_right(simulator: Simulator) -> None:
    simulator.reset()
    everything = as_user(simulator, "all")
    everything.done("vcd_pool", name="web")
    simulator.journal(clear=True)
    for right in (table.LB_CONFIGURE, table.NAT_CONFIGURE):
        modules = as_user(simulator, f"no-{ROLE.index(right)}")
        assert modules.done("vcd_pool", name="web")["changed"] is False
        assert modules.done("vcd_pool", name="other", state="absent")["changed"] is False
        assert modules.done("vcd_shared_ip", **SERVICES, state="absent")["changed"] is False
    asked = [entry["path"] for entry in simulator.journal() if "/roles" in entry["path"] or "/current" in entry["path"]]
    assert [path for path in asked if not path.endswith("sessions/current")] == []


def test_unreadable_rights_are_a_warning_not_an_error(simulator: Simulator) -> None:
    simulator.reset()
    blind = as_user(simulator, f"no-{ROLE.index(table.ROLE_VIEW)}")
    foreseen = blind.done("vcd_pool", name="web", check=True)
    made = blind.done("vcd_pool", name="web")
    assert foreseen["warnings"] == made["warnings"]
    assert len(made["warnings"]) == 1
    warning = str(made["warnings"])
    assert (
        "could not be checked before the first write (Cloud Director answers 403 for the rights of the role)" in warning
    )
    assert repr(table.LB_CONFIGURE) in warning
    assert repr(table.NAT_CONFIGURE) not in warning
    machines = blind.done("vcd_shared_ip", **SERVICES, scenario="shared_external")
    assert repr(table.NAT_CONFIGURE) in str(machines["warnings"])


def test_a_system_administrator_needs_no_list_of_hundreds_of_rights(simulator: Simulator) -> None:
    simulator.reset()
    system = Modules(simulator, org="System", user="administrator", password="system-secret-1")
    result = system.done("vcd_pool", name="web")
    assert "warnings" not in result
    assert [entry for entry in simulator.journal() if "/roles" in entry["path"]] == []


def test_without_the_right_to_see_it_an_object_is_not_taken_as_deleted(simulator: Simulator) -> None:
    simulator.reset()
    everything = as_user(simulator, "all")
    urn = everything.done("vcd_pool", name="web")["pool"]["id"]
    blind = as_user(simulator, f"no-{ROLE.index(table.LB_VIEW)}")
    for options in ({"state": "absent"}, {"default_port": 8080}):
        message = blind.refused("vcd_pool", id=urn, **options)
        assert f"lacks the right {table.LB_VIEW!r}, needed to read pools" in message
    gone = urn[:-4] + "0000"
    assert everything.done("vcd_pool", id=gone, state="absent")["changed"] is False
    assert "there is no pool with this id" in everything.refused("vcd_pool", id=gone, default_port=8080)


@pytest.mark.parametrize("right", [table.IP_SPACE_ALLOCATE, table.IP_SPACE_VIEW])
def test_an_address_of_an_ip_space_needs_two_more_rights(spaces: Simulator, right: str) -> None:
    spaces.reset()
    wanted = {**SERVICES, "services": [{**SHOP, "external_ip": None}], "scenario": "shared_external"}
    without = as_user(spaces, f"no-{ROLE.index(right)}")
    for check in (True, False):
        spaces.journal(clear=True)
        result = without.run("vcd_shared_ip", check=check, **wanted)
        assert result.get("failed")
        assert repr(right) in result["msg"]
        assert without.writes() == []
    as_user(spaces, "all").done("vcd_shared_ip", **wanted)
    going = {**SERVICES, "services": [{**SHOP, "external_ip": None}], "state": "absent"}
    spaces.journal(clear=True)
    assert repr(right) in without.refused("vcd_shared_ip", **going)
    assert without.writes() == []
    assert as_user(spaces, "all").done("vcd_shared_ip", **going)["changed"]
