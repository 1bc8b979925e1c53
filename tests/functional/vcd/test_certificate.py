# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_certificate against the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from certificates import make_pair
from in_process import Modules
from vcdsim.testing import Simulator

CERTIFICATE = "vcd_certificate"
OLD, OLD_KEY = make_pair("old")
NEW, NEW_KEY = make_pair("new")
PORTS = [{"start": 443, "type": "TCP_PROXY", "ssl_enabled": True}]
ROTATION = {"name": "shop", "certificate": NEW, "private_key": NEW_KEY, "rotate": True}


@pytest.fixture(scope="module")
def library() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def org(library: Simulator) -> Modules:
    library.reset()
    return Modules(library, user="admin", password="admin-secret-1", edge_gateway=None)


@pytest.fixture
def used(org: Modules) -> Modules:
    """A virtual service and two pools use the certificate shop."""
    org.done(CERTIFICATE, name="shop", certificate=OLD, private_key=OLD_KEY, description="for the shop")
    for pool in ("shop", "stock"):
        org.done("vcd_pool", edge_gateway="acme-edge", name=pool, ca_certificates=["web-cert", "shop"], wait=False)
    org.done(
        "vcd_virtual_service", edge_gateway="acme-edge", name="shop", pool="shop", virtual_ip_address="203.0.113.10",
        application_profile="HTTPS", service_ports=PORTS, certificate="shop", wait=False,
    )  # fmt: skip
    org.simulator.journal(clear=True)
    return org


def in_use(org: Modules) -> dict[str, Any]:
    """The certificates in the library, and those that virtual services and pools refer to."""
    state = org.simulator.dump()
    return {
        "library": sorted(one["alias"] for one in state["certificates"]),
        "service": [one["certificateRef"]["name"] for one in state["virtual_services"]],
        "pools": [[ref["name"] for ref in one["caCertificateRefs"]] for one in state["pools"]],
    }


BEFORE = {"library": ["shop", "web-cert"], "service": ["shop"], "pools": [["web-cert", "shop"]] * 2}


def test_a_certificate_is_uploaded_once_renamed_and_removed(org: Modules) -> None:
    planned = org.done(CERTIFICATE, check=True, name="shop", certificate=OLD, private_key=OLD_KEY)
    assert (planned["changed"], org.writes()) == (True, [])
    made = org.done(CERTIFICATE, name="shop", certificate=OLD, private_key=OLD_KEY)["certificate"]
    assert made == {**planned["certificate"], "id": made["id"]}
    assert made["expires"][:2] == "20"
    again = org.done(CERTIFICATE, name="shop", certificate=f"a text\n{OLD}", private_key=OLD_KEY)
    assert (again["changed"], again["users"]) == (False, [])
    assert org.done(CERTIFICATE, id=made["id"], name="store", description="x")["certificate"]["name"] == "store"
    (listed,) = org.done(f"{CERTIFICATE}_info", name="store", gather=["users"])["certificates"]
    assert (listed["id"], listed["description"], listed["users"]) == (made["id"], "x", [])
    assert len(org.done(f"{CERTIFICATE}_info")["certificates"]) == 2
    assert org.done(CERTIFICATE, name="store", state="absent", check=True)["changed"] is True
    assert org.done(CERTIFICATE, name="store", state="absent")["certificate"] is None
    assert org.done(CERTIFICATE, name="store", state="absent")["changed"] is False
    assert "OLD KEY" not in json.dumps(org.simulator.journal())


def test_another_certificate_names_the_users_and_is_refused_without_consent(used: Modules) -> None:
    for check in (True, False):
        message = used.refused(CERTIFICATE, check=check, **{**ROTATION, "rotate": False})
        assert "used by pool 'shop', pool 'stock', virtual service 'shop': set rotate: true" in message
        keyless = used.refused(CERTIFICATE, check=check, name="shop", certificate=NEW, rotate=True)
        assert "private_key: required, because virtual service 'shop'" in keyless
    assert "it is used by pool 'shop', pool 'stock', virtual service 'shop'" in used.refused(
        CERTIFICATE, name="shop", state="absent"
    )
    assert used.writes() == []


def test_all_users_are_moved_to_the_new_certificate(used: Modules) -> None:
    planned = used.done(CERTIFICATE, check=True, **ROTATION)
    assert (planned["changed"], len(planned["users"]), used.writes()) == (True, 3, [])
    before = used.done(f"{CERTIFICATE}_info", name="shop")["certificates"][0]
    done = used.done(CERTIFICATE, **ROTATION)
    assert in_use(used) == BEFORE
    assert done["certificate"]["id"] != before["id"]
    assert (done["certificate"]["name"], done["certificate"]["description"]) == ("shop", "for the shop")
    assert [(one["type"], one["name"]) for one in done["users"]] == [
        ("pool", "shop"),
        ("pool", "stock"),
        ("virtual_service", "shop"),
    ]
    again = used.done(CERTIFICATE, **ROTATION)
    assert (again["changed"], again["certificate"]) == (False, done["certificate"])


def test_a_rotation_continues_wherever_it_was_interrupted(used: Modules) -> None:
    """Whichever write fails first, and whether it took effect or not."""
    prepared = used.simulator.snapshot()
    used.done(CERTIFICATE, **ROTATION)
    number = len(used.writes())
    assert number == 6  # create, three moves, delete, rename
    for failing in range(number):
        for rule in ({"status": 500}, {"task": "error"}):
            used.simulator.restore(prepared)
            used.simulator.faults([{"writes": True, "skip": failing, "times": 1, **rule}])
            used.run(CERTIFICATE, **ROTATION)
            used.simulator.faults([])
            assert in_use(used)["service"] == ["shop"] or "rotation" in in_use(used)["service"][0]
            used.done(CERTIFICATE, **ROTATION)
            assert in_use(used) == BEFORE, (failing, rule)
            assert used.done(CERTIFICATE, **ROTATION)["changed"] is False


def test_leftovers_of_an_abandoned_rotation_are_removed(used: Modules) -> None:
    used.simulator.faults([{"method": "PUT", "skip": 1, "status": 400, "message": "no"}])
    used.refused(CERTIFICATE, **ROTATION)
    used.simulator.faults([])
    assert len(in_use(used)["library"]) == 3
    back = used.done(CERTIFICATE, name="shop", certificate=OLD, private_key=OLD_KEY)
    assert (back["changed"], in_use(used)) == (True, BEFORE)


def test_a_missing_right_is_named(used: Modules) -> None:
    kube = used.as_user(user="kube", password="kube-secret-1")
    for options in (ROTATION, {"name": "new", "certificate": NEW}):
        result = kube.run(CERTIFICATE, **options)
        assert "'Certificate Library: Manage'" in f"{result.get('msg')} {result.get('warnings')}"
        assert result["failed"] is True
    assert in_use(used) == BEFORE


def test_an_unknown_id_is_refused(org: Modules) -> None:
    gone = "urn:vcloud:certificateLibraryItem:00000000-0000-4000-8000-000000000000"
    assert "there is no certificate with this id" in org.refused(CERTIFICATE, id=gone, certificate=OLD)
    assert org.done(CERTIFICATE, id=gone, state="absent")["changed"] is False
    assert "is a URN of kind vm" in org.refused(f"{CERTIFICATE}_info", id="urn:vcloud:vm:1")
