# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every writable field of every kind of object, the value that is read back equals the value that was sent.

Clients compare what they read with what they want: Terraform plans a change where a field differs, and
go-vcloud-director's tests compare whole objects. So it is an error of the simulator if a field is stored differently,
lost by a PUT, or kept when a PUT omits it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from read_back import Kind, Place
from read_back_kinds import KINDS, written
from simulator_bench import Api
from vcdsim import resources
from vcdsim.bodies import Body, Fields, _at_version
from vcdsim.clients import operations_of
from vcdsim.operations import OPERATIONS
from vcdsim.testing import Simulator

NEWEST = (39, 0)
# Bodies that are not the state of an object: requests for an action, and read-only views
NO_STATE = {
    "IP allocation request",
    "OAuth client",
    # see test_sim_distributed_firewall
    "distributed firewall policies",
    "distributed firewall policy",
    "distributed firewall rule",
    "distributed firewall rules",
    "firewall rule",
    "load balancer pool summary",
    "load balancer virtual service summary",
    "rights of a role",
    "security tag",
    "security tags of an entity",
}
# Operations that change something but do not write an object of these kinds, with the tests that read back their effect
ELSEWHERE = {
    "/entities/{id}/resolve": "test_sim_library",
    "/vdcGroups/{vdcGroupId}/dfwPolicies": "test_sim_distributed_firewall",
    "/firewall/rules/{ruleId}": "test_sim_firewall",
    "/cloudapi/1.0.0/sessions": "test_sim_log_in",
    "/oauth/": "test_sim_log_in",
    "/metadata": "test_sim_metadata",
    "/api/admin/org/": "test_sim_orgs",
    "/api/admin/orgs": "test_sim_orgs",
    "/api/admin/user/": "test_sim_provider",
    "/serviceEngineGroups/{loadBalancerServiceEngineGroupId}/sync": "test_sim_provider",
    "/roles/{id}/rights": "test_sim_rights",
    "/securityTags/": "test_sim_security_tags",
    "/api/admin/vdc/": "test_sim_vdcs",
    "/api/admin/vdcStorageProfile/": "test_sim_vdcs",
}


def is_ref(schema: Fields) -> bool:
    return set(schema.get("properties", ())) == {"name", "id"}


def writable(schema: Fields, prefix: str = "") -> Iterator[tuple[str, Fields]]:
    """Every (path, schema) of a field that a client can write and read back."""
    for name, one in schema.get("properties", {}).items():
        if one.get("readOnly") or one.get("writeOnly"):
            continue
        inner = one["items"] if one.get("type") == "array" else one
        yield f"{prefix}{name}", one
        if inner.get("type") == "object" and not inner.get("x-opaque") and not is_ref(inner):
            yield from writable(inner, f"{prefix}{name}.")


def judged(sent: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """The sent body, without the fields that change with each write."""
    return {name: value for name, value in sent.items() if name not in kind.aside}


def sent_paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from sent_paths(one, prefix)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield f"{prefix}{name}"
            yield from sent_paths(one, f"{prefix}{name}.")


def differences(sent: Any, read_back: Any, schema: Fields, path: str, otherwise: dict[str, Any]) -> Iterator[str]:
    """The paths where the value read back is neither the sent nor a documented one."""
    if path in otherwise:
        if read_back != otherwise[path]:
            yield f"{path}: sent {sent!r}, read back {read_back!r}, documented {otherwise[path]!r}"
    elif is_ref(schema):
        if (read_back or {}).get("id") != sent["id"]:
            yield f"{path}: sent {sent!r}, read back {read_back!r}"
    elif isinstance(sent, dict) and not schema.get("x-opaque"):
        for name, value in sent.items():
            inner = schema["properties"][name]
            if not inner.get("writeOnly"):
                where = f"{path}.{name}" if path else name
                yield from differences(value, (read_back or {}).get(name), inner, where, otherwise)
    elif isinstance(sent, list):
        if len(sent) != len(read_back or []):
            yield f"{path}: sent {sent!r}, read back {read_back!r}"
        for one, two in zip(sent, read_back or [], strict=False):
            yield from differences(one, two, schema["items"], path, otherwise)
    elif sent != read_back:
        yield f"{path}: sent {sent!r}, read back {read_back!r}"


def defaults(least: dict[str, Any], schema: Fields, kind: Kind) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The values that a field may show if it was not sent: its default or, without one, unset."""
    documented = {**kind.otherwise, **kind.without}
    for name, one in schema["properties"].items():
        if name in least or one.get("readOnly") or one.get("writeOnly") or name in kind.aside:
            continue
        if name in documented:
            yield name, (documented[name],)
        else:
            yield name, (one["default"],) if "default" in one else UNSET


UNSET = (None, [], "", {}, False)


@pytest.fixture
def at(sim: Simulator, system: Api) -> Place:
    return Place(system)


def test_every_kind_is_covered() -> None:
    modules = [
        importlib.import_module(f"vcdsim.resources.{one.name}") for one in pkgutil.iter_modules(resources.__path__)
    ]
    bodies = {value.title for module in modules for value in vars(module).values() if isinstance(value, Body)}
    known = {kind.body.title for kind in KINDS.values()} | NO_STATE
    assert bodies - known == set()


def test_every_write_operation_belongs_to_a_kind_or_has_its_own_tests(sim: Simulator) -> None:
    start, seen = sim.snapshot(), set()
    for kind in KINDS.values():
        sim.restore(start)
        at = Place(Api(sim, "administrator@System"))
        sim.journal(clear=True)
        assert list(written(at, kind))
        seen |= operations_of(sim.journal())
    writes = {f"{one.method} {one.path}" for one in OPERATIONS if one.method in ("POST", "PUT", "PATCH")}
    assert {one for one in writes - seen if not any(part in one for part in ELSEWHERE)} == set()
    assert {part for part in ELSEWHERE if not any(part in one for one in writes - seen)} == set()
    assert {name for name in ELSEWHERE.values() if not Path(__file__).with_name(f"{name}.py").exists()} == set()


@pytest.mark.parametrize("name", KINDS)
def test_an_object_is_read_back_as_it_was_sent(at: Place, name: str) -> None:
    kind = KINDS[name]
    schema = _at_version(kind.body, NEWEST)
    covered, shown, body = set(kind.aside), {}, {}
    for path, body in written(at, kind):
        covered |= set(sent_paths(body))
        shown = at.read(path)
        assert list(differences(judged(body, kind), shown, schema, "", kind.otherwise)) == []
    missing = {path for path, _one in writable(schema)} - covered
    assert {path for path in missing if not any(path.startswith(f"{one}.") for one in kind.aside)} == set()
    if kind.put:
        for field_name, allowed in defaults(body, schema, kind):
            assert shown[field_name] in allowed, (field_name, shown[field_name], allowed)
