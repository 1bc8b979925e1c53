# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual services and pools are renamed once, and log uncritical events if the API supports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

KINDS = {"vcd_pool": "pool", "vcd_virtual_service": "virtual_service"}
SERVICE: dict[str, Any] = {
    "pool": "web",
    "application_profile": "HTTP",
    "virtual_ip_address": "203.0.113.20",
    "service_ports": [{"start": 80}],
    "wait": False,
}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0, health_seconds=0, api_versions="37.2,38.0,39.1") as simulator:
        yield simulator


@pytest.fixture
def edge(newest: Simulator) -> Modules:
    """An edge gateway with a pool and a virtual service that are called web."""
    newest.reset()
    modules = Modules(newest)
    modules.done("vcd_pool", name="web", wait=False)
    modules.done("vcd_virtual_service", name="web", **SERVICE)
    newest.journal(clear=True)
    return modules


@pytest.mark.parametrize("module", sorted(KINDS))
def test_an_object_is_renamed_once(edge: Modules, module: str) -> None:
    renaming = {"name": "web", "new_name": "shop", "wait": False}
    planned = edge.done(module, check=True, **renaming)
    assert (planned["changed"], edge.writes()) == (True, [])
    done = edge.done(module, **renaming)
    assert (done["changed"], done[KINDS[module]]["name"]) == (True, "shop")
    assert (done["diff"]["before"]["name"], done["diff"]["before"]["id"]) == ("web", done[KINDS[module]]["id"])
    for check in (True, False):
        again = edge.done(module, check=check, **renaming)
        assert (again["changed"], again[KINDS[module]]["id"]) == (False, done[KINDS[module]]["id"])
    changed = edge.done(module, description="of the shop", **renaming)
    assert (changed["changed"], changed[KINDS[module]]["description"]) == (True, "of the shop")
    assert edge.done(module, name="shop", new_name="shop", wait=False)["changed"] is False
    if module == "vcd_virtual_service":
        assert edge.done(module, **renaming, state="absent")["changed"] is True
        assert edge.done(module, **renaming, state="absent")["changed"] is False


@pytest.mark.parametrize("module", sorted(KINDS))
@pytest.mark.parametrize("check", [True, False])
def test_an_ambiguous_rename_is_refused(edge: Modules, module: str, check: bool) -> None:
    kind = KINDS[module].replace("_", " ")
    message = edge.refused(module, name="wbe", new_name="shop", check=check)
    assert f"name: 'wbe': there is no {kind} with this name, and none with the new name 'shop'" in message
    assert edge.refused(module, name="web", new_name=" ", check=check).startswith("new_name: ' ': give a name")
    assert "mutually exclusive" in edge.refused(module, id="urn:vcloud:x:1", name="web", new_name="shop", check=check)
    assert edge.writes() == []
    edge.done("vcd_pool", name="shop", wait=False)
    edge.done("vcd_virtual_service", name="shop", **{**SERVICE, "pool": "shop", "virtual_ip_address": "203.0.113.21"})
    message = edge.refused(module, name="web", new_name="shop", check=check)
    assert f"new_name: 'shop': another {kind} has this name, and 'web' exists, too" in message


def test_uncritical_events_are_logged_if_the_api_supports_it(edge: Modules) -> None:
    wanted = {"name": "web", "non_critical_logging_enabled": True, "wait": False}
    for check in (True, False):
        done = edge.done("vcd_virtual_service", check=check, **wanted)
        assert (done["changed"], done["virtual_service"]["non_critical_logging_enabled"]) == (True, True)
    assert edge.done("vcd_virtual_service", **wanted)["changed"] is False
    (found,) = edge.done("vcd_virtual_service_info", name="web")["virtual_services"]
    assert found["non_critical_logging_enabled"] is True
    old = edge.as_user(api_version="37.2")
    message = old.refused("vcd_virtual_service", **wanted)
    assert message.startswith(
        "non_critical_logging_enabled: requires API version 38.0 (Cloud Director 10.5.0) or newer"
    )
    assert old.done("vcd_virtual_service", name="web", non_critical_logging_enabled=False)["changed"] is False
