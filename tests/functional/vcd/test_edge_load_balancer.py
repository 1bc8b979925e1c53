# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_edge_load_balancer against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

SETTINGS = "vcd_edge_load_balancer"
PROVIDER = {"org": "System", "user": "administrator", "password": "system-secret-1"}


@pytest.fixture(scope="module")
def gateways() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0, health_seconds=0, api_versions="37.1,37.2,39.0") as simulator:
        yield simulator


@pytest.fixture
def provider(gateways: Simulator) -> Modules:
    gateways.reset()
    return Modules(gateways, **PROVIDER)


def test_settings_are_changed_once_and_shown(provider: Modules) -> None:
    before = provider.done(f"{SETTINGS}_info")["edge_load_balancer"]
    assert (before["enabled"], before["feature_set"], before["transparent_mode"]) == (True, "STANDARD", False)
    wanted = {"feature_set": "PREMIUM", "transparent_mode": True}
    planned = provider.done(SETTINGS, check=True, **wanted)
    assert (planned["changed"], planned["edge_load_balancer"], provider.writes()) == (True, {**before, **wanted}, [])
    done = provider.done(SETTINGS, **wanted)
    assert (done["changed"], done["edge_load_balancer"]) == (True, {**before, **wanted})
    assert provider.done(SETTINGS, is_transparent_mode_enabled=True)["changed"] is False
    assert provider.done(f"{SETTINGS}_info")["edge_load_balancer"] == done["edge_load_balancer"]


def test_the_load_balancer_is_disabled_and_enabled_with_another_network(provider: Modules) -> None:
    message = provider.refused(SETTINGS, service_network="192.168.254.1/25")
    assert "cannot be changed while the load balancer is enabled ('192.168.255.1/25'): disable it first" in message
    assert provider.done(SETTINGS, enabled=False, check=True)["edge_load_balancer"]["enabled"] is False
    off = provider.done(SETTINGS, enabled=False)["edge_load_balancer"]
    assert (off["enabled"], off["service_network"]) == (False, None)
    assert provider.done(SETTINGS, enabled=False)["changed"] is False
    again = provider.done(SETTINGS, service_network="192.168.254.1/25", feature_set="STANDARD")
    assert again["edge_load_balancer"]["service_network"] == "192.168.254.1/25"


@pytest.mark.parametrize("check", [True, False])
def test_objects_that_need_the_load_balancer_are_named(check: bool, provider: Modules) -> None:
    tenant = provider.as_user(org="acme", user="admin", password="admin-secret-1")
    tenant.done("vcd_pool", name="web", wait=False)
    provider.simulator.journal(clear=True)
    message = provider.refused(SETTINGS, enabled=False, check=check)
    assert "enabled: cannot be disabled on edge gateway 'acme-edge', because of pool 'web'" in message
    assert provider.writes() == []


@pytest.mark.parametrize("check", [True, False])
def test_a_tenant_is_referred_to_the_provider(check: bool, provider: Modules) -> None:
    tenant = provider.as_user(org="acme", user="admin", password="admin-secret-1")
    message = tenant.refused(SETTINGS, transparent_mode=True, check=check)
    assert "only the provider can do that: ask it" in message
    assert tenant.done(SETTINGS, check=check)["changed"] is False
    assert tenant.done(f"{SETTINGS}_info")["edge_load_balancer"]["cloud"] is None
    assert provider.writes() == []


def test_the_version_that_an_option_needs_is_named(provider: Modules) -> None:
    old = provider.as_user(api_version="37.1")
    assert "cloud: requires API version 39.0" in old.refused(SETTINGS, cloud="nsx-t-cloud")
    provider.done(SETTINGS, enabled=False)
    assert "no load balancer cloud with this name" in provider.refused(SETTINGS, enabled=True, cloud="no-such-cloud")
