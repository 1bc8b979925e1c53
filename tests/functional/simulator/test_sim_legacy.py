# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legacy XML API."""

from __future__ import annotations

import pytest
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.testing import Simulator


def uuid(urn: str) -> str:
    return urn.rsplit(":", 1)[-1]


def test_an_organisation_is_found_by_its_href(sim: Simulator, api: Api, scene: Scene) -> None:
    (org,) = api.xml("/api/org").findall(f"{VCLOUD}Org")
    assert org.get("name") == "acme"
    assert org.get("href") == f"{sim.url}/api/org/{uuid(scene.org)}"
    found = api.xml(str(org.get("href")))
    assert (found.get("id"), found.findtext(f"{VCLOUD}IsEnabled")) == (scene.org, "true")
    admin = api.xml(str(org.get("href")).replace("/api/org/", "/api/admin/org/"))
    assert admin.tag == f"{VCLOUD}AdminOrg"
    assert [one.get("name") for one in admin.findall(f"{VCLOUD}Vdcs/{VCLOUD}Vdc")] == ["acme-vdc"]


def test_administrators_see_more_of_an_organisation_and_a_vdc(admin: Api, system: Api, scene: Scene) -> None:
    # what Terraform's data sources vcd_org and vcd_org_vdc read: they fail if one of these parts is missing
    org = admin.xml(f"/api/admin/org/{uuid(scene.org)}")
    for part in ("Settings/{0}OrgGeneralSettings", "Settings/{0}VAppLeaseSettings", "Catalogs", "Vdcs"):
        assert org.find(VCLOUD + part.format(VCLOUD)) is not None, part
    users = [one.get("name") for one in org.findall(f"{VCLOUD}Users/{VCLOUD}UserReference")]
    assert users == ["kube", "viewer", "admin"]
    roles = {one.get("name") for one in org.findall(f"{VCLOUD}RoleReferences/{VCLOUD}RoleReference")}
    assert {"Organization Administrator", "View Only"} <= roles
    vdc = org.find(f"{VCLOUD}Vdcs/{VCLOUD}Vdc")
    assert vdc is not None
    seen = system.xml(str(vdc.get("href")))
    assert (seen.tag, seen.get("name")) == (f"{VCLOUD}AdminVdc", "acme-vdc")
    assert seen.findtext(f"{VCLOUD}AllocationModel") == "Flex"
    assert seen.findtext(f"{VCLOUD}ComputeCapacity/{VCLOUD}Cpu/{VCLOUD}Units") == "MHz"


def test_a_network_has_metadata(api: Api) -> None:
    # Terraform's data source of a routed network reads them
    network = api.values("/orgVdcNetworks")[0]["id"]
    assert api.xml(f"/api/network/{uuid(network)}/metadata").tag == f"{VCLOUD}Metadata"
    for place in ("org", "vdc"):  # the data sources vcd_org and vcd_org_vdc read theirs
        found = {"org": api.values("/orgs")[0]["id"], "vdc": api.values("/vdcs")[0]["id"]}[place]
        for view in ("", "admin/"):
            assert api.xml(f"/api/{view}{place}/{uuid(found)}/metadata/").tag == f"{VCLOUD}Metadata"
    assert api.ask("GET", "/api/network/00000000-0000-0000-0000-000000000000/metadata").status_code == 403


def test_a_provider_sees_every_organisation(system: Api) -> None:
    assert {one.get("name") for one in system.xml("/api/org")} == {"System", "acme"}


@pytest.mark.parametrize(
    "order", ["filter=orgName==acme;name==acme-vdc&type=orgVdc", "type=orgVdc&filter=name==acme-vdc;orgName==acme"]
)
def test_a_vdc_is_queried_and_read(api: Api, scene: Scene, order: str) -> None:
    records = api.xml(f"/api/query?&{order}&filterEncoded=true")
    (record,) = records
    assert (records.get("total"), record.tag, record.get("name")) == ("1", f"{VCLOUD}OrgVdcRecord", "acme-vdc")
    vdc = api.xml(str(record.get("href")))
    assert (vdc.get("id"), vdc.get("status")) == (scene.vdc, "1")
    assert vdc.find(f"{VCLOUD}Link[@rel='up']") is not None


def test_queries_work_by_id_and_for_administrators(api: Api, system: Api, scene: Scene) -> None:
    assert len(api.xml(f"/api/query?type=orgVdc&filter=id=={scene.vdc}")) == 1
    assert len(api.xml("/api/query?type=orgVdc&filter=name==other")) == 0
    assert api.ask("GET", "/api/query?type=adminOrgVdc").status_code == 403
    (record,) = system.xml("/api/query?type=adminOrgVdc&filter=name==acme-vdc")
    assert "/api/admin/vdc/" in str(record.get("href"))
    assert api.ask("GET", "/api/query?type=catalog").status_code == 501


def test_a_virtual_machine_is_found_with_its_vapp_and_address(api: Api, scene: Scene) -> None:
    (record,) = api.xml("/api/query?type=vm&filter=isVAppTemplate==false;name==acme-worker-1")
    assert (record.get("status"), record.get("containerName")) == ("POWERED_ON", "acme-vapp")
    assert record.get("vdc", "").endswith(uuid(scene.vdc))
    machine = api.xml(str(record.get("href")))
    assert (machine.get("name"), machine.get("status"), machine.get("id")) == ("acme-worker-1", "4", record.get("id"))
    section = machine.find(f"{VCLOUD}NetworkConnectionSection")
    assert section is not None
    assert section.findtext(f"{VCLOUD}NetworkConnection/{VCLOUD}IpAddress") == "10.10.0.11"
    link = machine.find(f"{VCLOUD}Link[@rel='up']")
    assert link is not None
    assert link.get("type") == "application/vnd.vmware.vcloud.vApp+xml"
    vapp = api.xml(str(link.get("href")))
    assert (vapp.tag, vapp.get("name")) == (f"{VCLOUD}VApp", "acme-vapp")
    assert len(vapp.findall(f"{VCLOUD}Children/{VCLOUD}Vm")) == 3


def test_a_removed_machine_is_recognised_by_cpi(api: Api) -> None:
    answer = api.ask("GET", "/api/vApp/vm-00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 403
    assert "to perform operations [VAPP_VM_VIEW] for" in answer.text


@pytest.mark.parametrize("kind", ["org", "vdc", "task"])
def test_the_legacy_api_refuses_unknown_objects(api: Api, kind: str) -> None:
    answer = api.ask("GET", f"/api/{kind}/00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 403
    assert f"com.vmware.vcloud.entity.{kind}:" in answer.text
    assert answer.text.startswith("<?xml")


def test_an_unknown_kind_in_a_vapp_path_is_refused(api: Api) -> None:
    assert api.ask("GET", "/api/vApp/disk-1").status_code == 404


def test_the_legacy_api_shows_the_session(api: Api) -> None:
    session = api.xml("/api/session")
    assert (session.get("user"), session.get("org")) == ("kube", "acme")


def test_organisations_and_vdcs_are_listed_in_json(api: Api, scene: Scene) -> None:
    org = api.get(f"/orgs/{scene.org}")
    assert (org["displayName"], org["orgVdcCount"], org["runningVMCount"]) == ("Acme", 1, 3)
    assert api.get(f"/vdcs/{scene.vdc}")["org"] == {"name": "acme", "id": scene.org}


def test_networks_are_queried(api: Api) -> None:
    # Terraform's data sources of networks search in it
    (record,) = api.xml("/api/query?type=orgVdcNetwork&filter=name==k8s-net")
    assert (record.get("defaultGateway"), record.get("netmask")) == ("10.10.0.1", "255.255.255.0")
    assert (record.get("linkType"), record.get("connectedTo"), record.get("vdcName")) == ("1", "acme-edge", "acme-vdc")
