# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations that a provider creates and deletes, and VDCs that are deleted with all their content."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import requests
from simulator_bench import Api, Scene
from vcdsim import xmldoc

XML = {"Content-Type": "application/vnd.vmware.admin.organization+xml"}
SETTINGS = (
    "<Settings><OrgGeneralSettings><CanSubscribe>true</CanSubscribe><DeployedVMQuota>7</DeployedVMQuota>"
    "</OrgGeneralSettings></Settings>"
)


def body(name: str, enabled: bool = True, settings: str = "") -> bytes:
    return (
        f'<AdminOrg xmlns="{xmldoc.VCLOUD}" name="{name}"><Description>d</Description><FullName>Full</FullName>'
        f"<IsEnabled>{str(enabled).lower()}</IsEnabled>{settings}</AdminOrg>"
    ).encode()


def send(system: Api, method: str, path: str, content: bytes = b"") -> requests.Response:
    return system.ask(method, path, data=content, headers=XML)


def org_of(system: Api, name: str) -> ET.Element:
    uuid = system.named("/orgs", name)["id"].rpartition(":")[2]
    return system.xml(f"/api/admin/org/{uuid}")


def value(document: ET.Element, tag: str) -> str:
    return str(document.findtext(f".//{xmldoc.named(tag)}"))


def test_an_organisation_is_made_changed_and_deleted(system: Api) -> None:
    answer = send(system, "POST", "/api/admin/orgs", body("new", settings=SETTINGS))
    assert (answer.status_code, ET.fromstring(answer.text).tag) == (201, xmldoc.named("Task"))  # noqa: S314 - the simulator's own
    assert send(system, "POST", "/api/admin/orgs", body("new")).status_code == 400
    made = org_of(system, "new")
    path = f"/api/admin/org/{str(made.get('id')).rpartition(':')[2]}"
    assert [value(made, tag) for tag in ("FullName", "CanSubscribe", "DeployedVMQuota", "IsEnabled")] == [
        "Full",
        "true",
        "7",
        "true",
    ]
    # a group of settings that the body omits stays; in a group that it contains, missing values become false or 0
    assert send(system, "PUT", path, body("renamed", enabled=False)).status_code == 202
    assert value(org_of(system, "renamed"), "DeployedVMQuota") == "7"
    least = "<Settings><OrgGeneralSettings><DeployedVMQuota>8</DeployedVMQuota></OrgGeneralSettings></Settings>"
    assert send(system, "PUT", path, body("renamed", settings=least)).status_code == 202
    shown = org_of(system, "renamed")
    assert [value(shown, tag) for tag in ("CanSubscribe", "DeployedVMQuota")] == ["false", "8"]
    wrong = "<Settings><OrgGeneralSettings><DeployedVMQuota>many</DeployedVMQuota></OrgGeneralSettings></Settings>"
    assert send(system, "PUT", path, body("renamed", settings=wrong)).status_code == 400
    assert "is enabled" in send(system, "DELETE", path).text
    assert send(system, "POST", path + "/action/disable").status_code == 204
    assert send(system, "DELETE", path).status_code == 202
    assert send(system, "GET", path).status_code == 403


def test_an_organisation_with_vdcs_is_deleted_with_all_of_it(system: Api, scene: Scene) -> None:
    path = f"/api/admin/org/{scene.org.rpartition(':')[2]}"
    assert send(system, "POST", path + "/action/disable").status_code == 204
    assert "is used by acme-vdc" in send(system, "DELETE", path).text
    assert send(system, "DELETE", path + "?recursive=true&force=true").status_code == 202
    assert system.values("/edgeGateways") == []
    assert [one["name"] for one in system.values("/orgs")] == ["System"]


def test_a_vdc_is_deleted_with_all_that_is_in_it(system: Api, scene: Scene) -> None:
    pool = system.done("POST", "/loadBalancer/pools", scene.pool())
    system.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
    system.done("POST", scene.nat, scene.rule())
    path = f"/api/admin/vdc/{scene.vdc.rpartition(':')[2]}"
    assert send(system, "POST", path + "/action/disable").status_code == 204
    assert "is used by" in send(system, "DELETE", path).text
    assert send(system, "DELETE", path + "?recursive=true&force=true").status_code == 202
    system.values("/edgeGateways")
    left = system.sim.dump()
    assert not [
        kind for kind in ("pools", "virtual_services", "nat_rules", "networks", "vms", "vdcs") if left.get(kind)
    ]


def test_organisations_are_queried(system: Api) -> None:
    found = system.xml("/api/query?type=organization&filter=name==acme")
    (record,) = [one for one in found if one.tag.endswith("OrgRecord")]
    assert (record.get("displayName"), record.get("numberOfVdcs")) == ("Acme", "1")
