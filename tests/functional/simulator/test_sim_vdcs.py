# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDCs in the legacy API: their capacity, quotas, flags and storage profiles are read back."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.testing import Simulator

NAMESPACE = 'xmlns="http://www.vmware.com/vcloud/v1.5"'
Values = dict[str, Any]


def uuid(urn: str) -> str:
    return urn.rsplit(":", 1)[-1]


def element(tag: str, value: Any, attributes: str = "") -> str:
    """An element whose children are those of a dict, in its order; a list is the same element several times."""
    if isinstance(value, list):
        return "".join(element(tag, one) for one in value)
    if isinstance(value, dict):
        attributes += "".join(f' {name[1:]}="{one}"' for name, one in value.items() if name.startswith("@"))
        inner = "".join(element(name, one) for name, one in value.items() if not name.startswith("@"))
        return f"<{tag}{attributes}>{inner}</{tag}>"
    return f"<{tag}{attributes}>{value}</{tag}>"


def document(tag: str, values: Values, name: str) -> str:
    return element(tag, values, f' {NAMESPACE} name="{name}"')


def ask(api: Api, method: str, path: str, body: str) -> tuple[int, str]:
    headers = {"Accept": "application/*+xml;version=37.2", "Content-Type": "application/vnd.vmware.admin+xml"}
    answer = api.http.request(method, path if "://" in path else api.sim.url + path, data=body, headers=headers)
    return answer.status_code, answer.text


def sent(api: Api, method: str, path: str, body: str) -> ET.Element:
    """Send a document, and return the document of the answer."""
    status, text = ask(api, method, path, body)
    assert status in (200, 201, 202), text
    return ET.fromstring(text)  # noqa: S314 - the simulator's own


def addresses(system: Api, kind: str) -> list[dict[str, str]]:
    """The addresses of the provider's resources, as in the elements of a body."""
    return [{"@href": str(one.get("href"))} for one in system.xml(f"/api/query?type={kind}")]


def storage(system: Api, number: int = 0, **more: Any) -> Values:
    values = {"Enabled": "true", "Units": "MB", "Limit": 10240, "Default": "true"} | more
    return values | {"ProviderVdcStorageProfile": addresses(system, "providerVdcStorageProfile")[number]}


def capacity(allocated: int, limit: int) -> Values:
    values = {"Allocated": allocated, "Limit": limit}
    return {"Cpu": {"Units": "MHz", **values}, "Memory": {"Units": "MB", **values}}


def values_of(system: Api, **more: Any) -> Values:
    """The elements that a Flex VDC needs."""
    return {
        "AllocationModel": "Flex",
        "ComputeCapacity": capacity(1024, 2048),
        "VdcStorageProfile": [storage(system)],
        "NetworkPoolReference": addresses(system, "networkPool")[0],
        "ProviderVdcReference": addresses(system, "providerVdc")[0],
        "IsElastic": "true",
        "IncludeMemoryOverhead": "false",
    } | more


def params(system: Api, name: str, **more: Any) -> str:
    return document("CreateVdcParams", values_of(system, **more), name)


def make(system: Api, org: str, body: str) -> ET.Element:
    return sent(system, "POST", f"/api/admin/org/{uuid(org)}/vdcsparams", body)


def element_text(root: ET.Element, path: str) -> str | None:
    return root.findtext("/".join(VCLOUD + tag for tag in path.split("/")))


def test_a_vdc_is_made_grouped_and_deleted(system: Api, admin: Api, scene: Scene) -> None:
    made = make(system, scene.org, params(system, "second"))
    task = made.find(f"{VCLOUD}Tasks/{VCLOUD}Task")
    assert task is not None
    assert task.get("operationName") == "VDC_CREATE_VDC"
    second = admin.named("/vdcs", "second")["id"]
    capabilities = admin.values(f"/vdcs/{second}/capabilities")
    assert capabilities[0]["value"] == "NSX_T"
    candidates = admin.values(f"/vdcGroups/networkingCandidateVdcs?filter=_context==LOCAL;_context=={scene.vdc}")
    assert {one["id"] for one in candidates} == {scene.vdc, second}
    default = system.get(f"/cloudapi/2.0.0/vdcs/{second}/computePolicies")["values"]
    assert [one["name"] for one in default] == ["System Default"]
    by_name = f"/vdcGroups/networkingCandidateVdcs?filter=name==second;_context==LOCAL;_context=={scene.vdc}"
    assert [one["id"] for one in admin.values(by_name)] == [second]
    members = [{"vdcRef": {"id": one}} for one in (scene.vdc, second)]
    body = {"name": "both", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    group = admin.done("POST", "/vdcGroups", body)
    shown = admin.get(f"/vdcGroups/{group}")
    assert admin.get(f"/vdcGroups/{group}/dfwPolicies")["enabled"] is False
    assert [one["vdcRef"]["name"] for one in shown["participatingOrgVdcs"]] == ["acme-vdc", "second"]
    admin.refused("POST", "/vdcGroups", body, "A VDC group named both already exists")
    assert system.ask("DELETE", f"/api/vdc/{uuid(second)}?force=true&recursive=true").status_code == 400
    admin.done("PUT", f"/vdcGroups/{group}", {**shown, "name": "one", "participatingOrgVdcs": members[:1]})
    admin.done("DELETE", f"/vdcGroups/{group}")
    assert system.ask("DELETE", f"/api/vdc/{uuid(second)}?force=false").status_code == 400
    deleted = system.ask("DELETE", f"/api/vdc/{uuid(second)}?force=true&recursive=true")
    task = ET.fromstring(deleted.text)  # noqa: S314 - the simulator's own
    assert (deleted.status_code, task.tag) == (202, f"{VCLOUD}Task")
    assert [one["name"] for one in admin.values("/vdcs")] == ["acme-vdc"]
    assert system.ask("DELETE", f"/api/vdc/{uuid(scene.vdc)}?force=true").status_code == 400


ALL = {
    "Description": "d",
    "AllocationModel": "Flex",
    "NicQuota": 3,
    "NetworkQuota": 4,
    "VmQuota": 5,
    "IsEnabled": "false",
    "ResourceGuaranteedMemory": 0.5,
    "ResourceGuaranteedCpu": 0.25,
    "VCpuInMhz": 2000,
    "IsThinProvision": "true",
    "UsesFastProvisioning": "true",
    "OverCommitAllowed": "true",
    "VmDiscoveryEnabled": "true",
    "IsElastic": "true",
    "IncludeMemoryOverhead": "true",
}
ABSENT = {  # what a new VDC shows if the element is missing
    "NicQuota": "0",
    "NetworkQuota": "0",
    "VmQuota": "0",
    "IsEnabled": "true",
    "ResourceGuaranteedMemory": "1.0",
    "ResourceGuaranteedCpu": "1.0",
    "VCpuInMhz": "1000",
    "IsThinProvision": "false",
    "UsesFastProvisioning": "false",
    "OverCommitAllowed": "false",
    "VmDiscoveryEnabled": "false",
}


def test_a_vdc_is_read_back_as_it_was_sent(system: Api, scene: Scene) -> None:
    made = make(system, scene.org, params(system, "new", **ALL))
    read = system.xml(str(made.get("href")))
    for root in (made, read):
        assert {name: element_text(root, name) for name in ALL} == {name: str(value) for name, value in ALL.items()}
        for part, units in (("Cpu", "MHz"), ("Memory", "MB")):
            names = ("Units", "Allocated", "Limit", "Reserved", "Used")
            found = [element_text(root, f"ComputeCapacity/{part}/{name}") for name in names]
            assert found == [units, "1024", "2048", "0", "0"]
    # a client changes what it has read, and sends all of it back: go-vcloud-director's AdminVdc.Update
    changed = ALL | {"Description": "", "IsEnabled": "true", "VCpuInMhz": 256, "ComputeCapacity": capacity(0, 8)}
    task = sent(system, "PUT", str(made.get("href")), document("AdminVdc", changed, "renamed"))
    assert task.get("operationName") == "VDC_UPDATE_VDC"
    read = system.xml(str(made.get("href")))
    assert read.get("name") == "renamed"
    assert element_text(read, "ComputeCapacity/Cpu/Limit") == "8"
    flat = {name: str(value) for name, value in changed.items() if name != "ComputeCapacity"}
    assert {name: element_text(read, name) or "" for name in flat} == flat


def test_a_new_vdc_has_defaults(system: Api, scene: Scene) -> None:
    made = make(system, scene.org, params(system, "new"))
    assert {name: element_text(made, name) for name in ABSENT} == ABSENT
    assert element_text(made, "ResourcePoolRefs/VimObjectRef/VimObjectType") == "RESOURCE_POOL"
    pools = [one.get("name") for one in made.findall(f"{VCLOUD}NetworkPoolReference")]
    assert pools == ["nsx-t-pool"]
    # Terraform's provider, TestAccVcdVdcMetadata: a VDC without a network pool shows none
    values = {name: value for name, value in values_of(system).items() if name != "NetworkPoolReference"}
    bare = make(system, scene.org, document("CreateVdcParams", values, "bare"))
    assert bare.find(f"{VCLOUD}NetworkPoolReference") is None
    sent(system, "PUT", str(bare.get("href")), document("AdminVdc", values_of(system), "bare"))
    assert system.xml(str(bare.get("href"))).find(f"{VCLOUD}NetworkPoolReference") is not None


@pytest.mark.parametrize(
    ("model", "elastic", "overhead", "reserved"),
    [
        ("AllocationVApp", "true", "false", "0"),
        ("AllocationPool", "false", "true", "1024"),
        ("ReservationPool", "false", "true", "1024"),
    ],
)
def test_only_a_flex_vdc_chooses_its_flexible_flags(
    system: Api, scene: Scene, model: str, elastic: str, overhead: str, reserved: str
) -> None:
    # what the tests of vcd_org_vdc expect of each allocation model
    switches = {"IsElastic": elastic == "false", "IncludeMemoryOverhead": overhead == "false"}
    sent_otherwise = {name: str(value).lower() for name, value in switches.items()}
    made = make(system, scene.org, params(system, "new", AllocationModel=model, **sent_otherwise))
    assert (element_text(made, "IsElastic"), element_text(made, "IncludeMemoryOverhead")) == (elastic, overhead)
    assert element_text(made, "ComputeCapacity/Memory/Reserved") == reserved


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"AllocationModel": "Other"}, "AllocationModel"),
        ({"ComputeCapacity": []}, "one ComputeCapacity"),
        ({"ComputeCapacity": capacity(2, 1)}, "must not be less than Allocated"),
        ({"ComputeCapacity": {"Cpu": {"Units": "GHz"}}}, "Units MHz"),
        ({"NicQuota": "-1"}, "NicQuota"),
        ({"VCpuInMhz": "255"}, "at least 256"),
        ({"ResourceGuaranteedCpu": "1.5"}, "from 0 to 1"),
        ({"ResourceGuaranteedMemory": "nan"}, "from 0 to 1"),
        ({"AllocationModel": "AllocationPool", "ResourceGuaranteedMemory": "0.1"}, "at least 0.2"),
        ({"IsEnabled": "yes"}, "true or false"),
        ({"IsElastic": ""}, "needs IsElastic"),
        ({"IncludeMemoryOverhead": "true"}, "needs ResourceGuaranteedMemory"),  # from VCD 10.6 on
        ({"VdcStorageProfile": []}, "exactly one must be the default"),
        ({"ProviderVdcReference": {"@href": "/x/7"}}, "no such providervdc"),
        ({"NetworkPoolReference": {"@href": "/x/7"}}, "no such networkPool"),
    ],
)
def test_an_invalid_vdc_is_refused(system: Api, scene: Scene, change: Values, text: str) -> None:
    before = system.sim.dump()
    status, said = ask(system, "POST", f"/api/admin/org/{uuid(scene.org)}/vdcsparams", params(system, "x", **change))
    assert (status, text in said) == (400, True), said
    assert system.sim.dump() == before


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Units": "GB"}, "it must be MB"),
        ({"Limit": "-1"}, "whole number of MB"),
        ({"Default": "false"}, "exactly one must be the default"),
        ({"ProviderVdcStorageProfile": {"@href": "/x/7"}}, "no such providervdcstorageprofile"),
    ],
)
def test_an_invalid_storage_profile_is_refused(system: Api, scene: Scene, change: Values, text: str) -> None:
    body = params(system, "x", VdcStorageProfile=[storage(system) | change])
    status, said = ask(system, "POST", f"/api/admin/org/{uuid(scene.org)}/vdcsparams", body)
    assert (status, text in said) == (400, True), said


def profiles(api: Api, address: str) -> list[ET.Element]:
    """The storage profiles of a VDC, by the addresses in its document."""
    listed = api.xml(address).findall(f"{VCLOUD}VdcStorageProfiles/{VCLOUD}VdcStorageProfile")
    return [api.xml(str(one.get("href"))) for one in listed]


def update(system: Api, vdc: str, **what: Any) -> tuple[int, str]:
    return ask(system, "POST", f"{vdc}/vdcStorageProfiles", document("UpdateVdcStorageProfiles", what, "x"))


def test_storage_profiles_are_added_changed_and_removed(system: Api, admin: Api, scene: Scene) -> None:
    vdc = str(make(system, scene.org, params(system, "new")).get("href"))
    (first,) = profiles(system, vdc)
    read = {name: element_text(first, name) for name in ("Enabled", "Units", "Limit", "Default", "StorageUsedMB")}
    assert read == {"Enabled": "true", "Units": "MB", "Limit": "10240", "Default": "true", "StorageUsedMB": "0"}
    (seen,) = profiles(admin, vdc.replace("/admin/", "/"))
    assert (seen.tag, seen.get("name")) == (f"{VCLOUD}VdcStorageProfile", first.get("name"))
    assert seen.find(f"{VCLOUD}ProviderVdcStorageProfile") is None  # the provider's, not a tenant's
    again = update(system, vdc, AddStorageProfile=storage(system, Default="false"))
    assert (again[0], "already" in again[1]) == (400, True)
    assert update(system, vdc, AddStorageProfile=storage(system, 1, Default="true", Limit=0))[0] == 202
    first, second = profiles(system, vdc)
    assert [element_text(one, "Default") for one in (first, second)] == ["false", "true"]  # no longer the first
    refused = update(system, vdc, RemoveStorageProfile={"@href": str(first.get("href"))})
    assert (refused[0], "enabled or the default" in refused[1]) == (400, True)
    disabled = document("AdminVdcStorageProfile", storage(system, Default="false", Enabled="false", Limit=7), "x")
    changed = sent(system, "PUT", str(first.get("href")), disabled)
    assert (element_text(changed, "Limit"), element_text(changed, "Enabled")) == ("7", "false")
    last = document("AdminVdcStorageProfile", storage(system, 1, Default="false"), "x")
    kept = ask(system, "PUT", str(second.get("href")), last)
    assert (kept[0], "make another storage profile the default first" in kept[1]) == (400, True)
    assert update(system, vdc, RemoveStorageProfile={"@href": str(first.get("href"))})[0] == 202
    assert [one.get("id") for one in profiles(system, vdc)] == [second.get("id")]
    assert admin.ask("PUT", str(second.get("href"))).status_code in (403, 415)
    assert system.ask("DELETE", f"{vdc}?force=true").status_code == 202
    assert [one["vdc"]["name"] for one in system.sim.dump()["vdc_storage_profiles"]] == ["acme-vdc"]


def test_a_disabled_vdc_is_deleted_without_force(system: Api, scene: Scene) -> None:
    vdc = str(make(system, scene.org, params(system, "new", IsEnabled="false")).get("href"))
    assert system.ask("DELETE", vdc).status_code == 202


def test_a_vdc_name_is_unique_in_an_organisation(sim: Simulator, system: Api, scene: Scene) -> None:
    make(system, scene.org, params(system, "new"))
    status, said = ask(system, "POST", f"/api/admin/org/{uuid(scene.org)}/vdcsparams", params(system, "new"))
    assert (status, "A VDC named new already exists" in said) == (400, True)
    taken = document("AdminVdc", values_of(system), "new")
    status, said = ask(system, "PUT", f"{sim.url}/api/admin/vdc/{uuid(scene.vdc)}", taken)
    assert (status, "A VDC named new already exists" in said) == (400, True)


def test_the_storage_profiles_of_vdcs_are_found_by_their_vdc_and_identifier(system: Api, admin: Api) -> None:
    (org,) = [one["id"] for one in system.values("/orgs") if one["name"] == "acme"]
    make(system, org, params(system, "second"))
    second = admin.named("/vdcs", "second")["id"]
    for api, kind in ((system, "adminOrgVdcStorageProfile"), (admin, "orgVdcStorageProfile")):
        (found,) = api.xml(f"/api/query?type={kind}&filter=vdc=={second}")
        shows = ("isEnabled", "isDefaultStorageProfile", "storageLimitMB", "vdcName")
        assert [found.get(name) for name in shows] == ["true", "true", "10240", "second"]
        assert [one.get("id") for one in api.xml(f"/api/query?type={kind}&filter=id=={found.get('id')}")] == [
            found.get("id")
        ]
    assert admin.ask("GET", "/api/query?type=adminOrgVdcStorageProfile").status_code == 403
