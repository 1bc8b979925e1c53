# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata of the legacy API, as go-vcloud-director's own tests write and read it."""

from __future__ import annotations

import pytest
import requests
from simulator_bench import Api
from test_sim_legacy import VCLOUD, uuid
from vcdsim.testing import Simulator

XSI = "http://www.w3.org/2001/XMLSchema-instance"
SPACES = f'xmlns="{VCLOUD.strip("{}")}" xmlns:xsi="{XSI}"'
DATE = "2022-10-05T13:44:00.000Z"


def inner(value: str, kind: str = "String", domain: str = "", visibility: str = "READWRITE") -> str:
    shown = f'<Domain visibility="{visibility}">{domain}</Domain>' if domain else ""
    return f'{shown}<TypedValue xsi:type="Metadata{kind}Value"><Value>{value}</Value></TypedValue>'


def write(api: Api, method: str, path: str, body: str = "") -> requests.Response:
    kind = "application/vnd.vmware.vcloud.metadata.value+xml"
    headers = {"Accept": "application/*+xml;version=37.2", "Content-Type": kind}
    return api.http.request(method, api.sim.url + path, data=body or None, headers=headers)


def value(*arguments: str) -> str:
    return f"<MetadataValue {SPACES}>{inner(*arguments)}</MetadataValue>"


def merged(**entries: str) -> str:
    shown = "".join(f"<MetadataEntry><Key>{key}</Key>{one}</MetadataEntry>" for key, one in entries.items())
    return f"<Metadata {SPACES}>{shown}</Metadata>"


def read(api: Api, path: str) -> dict[str, tuple[str, str, str | None]]:
    """By key, the type, the value, and how others see it where that is shown."""
    found = {}
    for one in api.xml(path).findall(f"{VCLOUD}MetadataEntry"):
        typed, domain = one.find(f"{VCLOUD}TypedValue"), one.find(f"{VCLOUD}Domain")
        assert typed is not None
        key, said = str(one.findtext(f"{VCLOUD}Key")), str(typed.findtext(f"{VCLOUD}Value"))
        kind = typed.get(f"{{{XSI}}}type", "").removeprefix("Metadata").removesuffix("Value")
        found[key] = (kind, said, domain.get("visibility") if domain is not None else None)
    return found


@pytest.fixture
def path(api: Api) -> str:
    """The metadata of a network, as clients write it."""
    return f"/api/admin/network/{uuid(api.values('/orgVdcNetworks')[0]['id'])}/metadata"


@pytest.mark.parametrize("kind", ["network", "org", "vdc"])
def test_metadata_are_put_merged_and_deleted(system: Api, kind: str) -> None:
    listed = {"network": "/orgVdcNetworks", "org": "/orgs?filter=name==acme", "vdc": "/vdcs"}[kind]
    admin = f"/api/admin/{kind}/{uuid(system.values(listed)[0]['id'])}/metadata"
    answer = write(system, "PUT", f"{admin}/owner", value("team a"))
    assert (answer.status_code, f"<Task {SPACES.split()[0]}" in answer.text) == (202, True)
    assert read(system, admin) == {"owner": ("String", "team a", None)}
    more = merged(owner=inner("team b"), cost=inner("7", "Number"), secret=inner("x", "String", "SYSTEM", "PRIVATE"))
    assert write(system, "POST", admin, more).status_code == 202
    secret = ("String", "x", "PRIVATE")
    expected = {"owner": ("String", "team b", None), "cost": ("Number", "7", None), "secret": secret}
    tenant = admin.replace("/admin/", "/")
    assert read(system, tenant) == expected
    one = system.xml(f"{tenant}/SYSTEM/secret")
    assert (one.tag, one.findtext(f"{VCLOUD}TypedValue/{VCLOUD}Value")) == (f"{VCLOUD}MetadataValue", "x")
    assert write(system, "DELETE", f"{admin}/SYSTEM/secret").status_code == 202
    assert write(system, "DELETE", f"{admin}/owner").status_code == 202
    assert read(system, admin) == {"cost": expected["cost"]}
    gone = write(system, "DELETE", f"{admin}/owner")
    assert (gone.status_code, "METADATA" in gone.text) == (403, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (value("seven", "Number"), "seven is no number"),
        (value("maybe", "Boolean"), "maybe is no boolean"),
        (value("today", "DateTime"), "today is no date time"),
        (value("x", "Other"), "its type must be one of"),
        (value("x", "String", "SYSTEM", "READONLY"), "GENERAL or SYSTEM, and that of the path"),
        (value("x", "String", "GENERAL", "PRIVATE"), "in the domain GENERAL it cannot be PRIVATE"),
        (merged(), "must be a MetadataValue document"),
        (f"<MetadataValue {SPACES}/>", "its type must be one of"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(system: Api, path: str, body: str, said: str) -> None:
    answer = write(system, "PUT", f"{path}/key", body)
    assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert read(system, path) == {}


@pytest.mark.parametrize("kind", ["READWRITE", "SECRET"])
def test_the_domain_of_the_system_refuses_other_visibilities(system: Api, path: str, kind: str) -> None:
    answer = write(system, "PUT", f"{path}/SYSTEM/key", value("x", "String", "SYSTEM", kind))
    assert (answer.status_code, f"it cannot be {kind}" in answer.text) == (400, True)


def test_values_of_every_type_are_read_back(system: Api, path: str) -> None:
    for kind, said in (("Number", "-3"), ("Boolean", "false"), ("DateTime", DATE), ("String", "")):
        assert write(system, "PUT", f"{path}/{kind}", value(said, kind)).status_code == 202, kind
    assert {kind: said for kind, (_type, said, _seen) in read(system, path).items()} == {
        "Number": "-3", "Boolean": "false", "DateTime": DATE, "String": ""
    }  # fmt: skip


def test_a_tenant_sees_and_writes_only_some_metadata(sim: Simulator, system: Api, path: str) -> None:
    for key, seen in (("hidden", "PRIVATE"), ("shown", "READONLY")):
        body = value("x", "String", "SYSTEM", seen)
        assert write(system, "PUT", f"{path}/SYSTEM/{key}", body).status_code == 202
    admin, viewer = Api(sim, "admin@acme"), Api(sim, "viewer@acme")
    assert read(admin, path) == {"shown": ("String", "x", "READONLY")}
    assert admin.ask("GET", f"{path}/SYSTEM/hidden").status_code == 403
    assert write(admin, "PUT", f"{path}/own", value("y")).status_code == 202
    assert write(admin, "PUT", f"{path}/SYSTEM/own", value("y", "String", "SYSTEM", "READONLY")).status_code == 403
    assert write(admin, "DELETE", f"{path}/SYSTEM/shown").status_code == 403
    assert write(viewer, "PUT", f"{path}/own", value("z")).status_code == 403
    assert read(viewer, path)["own"] == ("String", "y", None)
    org = f"/api/admin/org/{uuid(admin.values('/orgs')[0]['id'])}/metadata"
    assert write(admin, "PUT", f"{org}/own", value("y")).status_code == 403


def test_a_task_that_fails_leaves_metadata_as_they_were(sim: Simulator, system: Api, path: str) -> None:
    assert write(system, "PUT", f"{path}/key", value("before")).status_code == 202
    sim.faults([{"method": "PUT", "route": "/api/admin/network/{id}/metadata/{key}", "task": "error"}])
    assert write(system, "PUT", f"{path}/key", value("after")).status_code == 202
    assert read(system, path)["key"][1] == "before"
