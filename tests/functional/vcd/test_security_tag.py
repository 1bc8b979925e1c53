# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_security_tag against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

TAG = "vcd_security_tag"
WORKERS = ["acme-worker-1", "acme-worker-2"]


@pytest.fixture(scope="module")
def tagged() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def org(tagged: Simulator) -> Modules:
    tagged.reset()
    return Modules(tagged, user="admin", password="admin-secret-1", edge_gateway=None)


def names(tag: dict[str, list[dict[str, str]]] | None) -> list[str]:
    return [one["name"] for one in tag["vms"]] if tag else []


def test_a_tag_is_assigned_once_extended_and_removed(org: Modules) -> None:
    planned = org.done(TAG, name="Worker", vms=WORKERS, check=True)
    assert (planned["changed"], names(planned["security_tag"]), org.writes()) == (True, WORKERS, [])
    made = org.done(TAG, name="Worker", vms=WORKERS)
    assert made["security_tag"] == planned["security_tag"]
    assert made["security_tag"]["name"] == "worker"
    assert org.done(TAG, name="worker", vms=WORKERS[::-1])["changed"] is False
    (first, _second) = made["security_tag"]["vms"]
    assert org.done(TAG, name="worker", vms=[first["id"], "acme-worker-2"])["changed"] is False
    org.done(TAG, name="other", vms=WORKERS[:1])
    added = org.done(TAG, name="worker", vms=["acme-cp-1"], exclusive=False)["security_tag"]
    assert names(added) == ["acme-cp-1", *WORKERS]
    assert names(org.done(TAG, name="worker", vms=["acme-cp-1"], state="absent")["security_tag"]) == WORKERS
    assert names(org.done(TAG, name="worker", vms=WORKERS[1:])["security_tag"]) == WORKERS[1:]
    assert [one["name"] for one in org.done(f"{TAG}_info")["security_tags"]] == ["other", "worker"]
    assert org.done(f"{TAG}_info", name="Other", query="[].vms[].name")["security_tags"] == WORKERS[:1]
    assert org.done(TAG, name="worker", state="absent", check=True)["security_tag"] is None
    assert org.done(TAG, name="worker", state="absent")["security_tag"] is None
    assert org.done(TAG, name="worker", state="absent")["changed"] is False


def test_only_changes_are_written(org: Modules) -> None:
    org.done(TAG, name="worker", vms=WORKERS)
    org.simulator.journal(clear=True)
    org.done(TAG, name="worker", vms=[*WORKERS, "acme-cp-1"])
    assert len(org.writes()) == 1


def test_a_tag_that_a_filter_cannot_contain_is_found(org: Modules) -> None:
    assert names(org.done(TAG, name="a+b c", vms=WORKERS)["security_tag"]) == WORKERS
    org.done(TAG, name="a", vms=["acme-cp-1"])
    assert org.done(TAG, name="a+b c", vms=WORKERS)["changed"] is False
    assert org.done(TAG, name="a+b c", state="absent")["security_tag"] is None


def test_machines_that_do_not_exist_are_reported(org: Modules) -> None:
    message = org.refused(TAG, name="worker", vms=[*WORKERS, "acme-worker-3"])
    assert "vms[2]: 'acme-worker-3': no virtual machine with this name" in message
    gone = "urn:vcloud:vm:00000000-0000-4000-8000-000000000000"
    assert gone in org.refused(TAG, name="worker", vms=[gone], check=True)
    assert "in the VDC 'acme-vdc-2'" in org.refused(TAG, name="worker", vms=WORKERS, vdc="acme-vdc-2")
    assert org.writes() == []
    # a deleted machine no longer has a tag
    assert org.done(TAG, name="worker", vms=[gone], state="absent")["changed"] is False


def test_a_missing_right_is_named_and_a_provider_is_refused(org: Modules) -> None:
    kube = org.as_user(user="kube", password="kube-secret-1")
    for check in (True, False):
        # the need for the right is only inferred: first a warning, then Cloud Director's own refusal
        result = kube.run(TAG, name="worker", vms=WORKERS, check=check)
        assert "'Security Tag Edit'" in f"{result.get('msg')} {result.get('warnings')}"
        assert bool(result.get("failed")) is not check
    provider = org.as_user(org="System", user="administrator", password="system-secret-1")
    for module, options in ((TAG, {"name": "worker", "vms": WORKERS}), (f"{TAG}_info", {})):
        assert "org: 'System': has no security tags" in provider.refused(module, **options)
