# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations and VDCs in JSON."""

from __future__ import annotations

from typing import Any

from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import UNSORTED, listing, page_reply, stored
from vcdsim.rights import ORGANIZATION_VIEW, VDC_VIEW
from vcdsim.store import Record, is_identifier

ORGS = "/cloudapi/1.0.0/orgs"
VDCS = "/cloudapi/1.0.0/vdcs"

ORG_LIST = listing({"displayName": stored("displayName"), "isEnabled": stored("isEnabled")})
VDC_LIST = listing({"org.id": lambda record: record.org, "allocationType": stored("allocationType")})


def show_org(call: Call, org: Record) -> dict[str, Any]:
    counts = {
        "orgVdcCount": sum(1 for one in call.store.all("vdc") if one.org == org.id),
        "userCount": sum(1 for one in call.store.all("user") if one.org == org.id),
        "vappCount": sum(1 for one in call.store.all("vapp") if one.org == org.id),
        "runningVMCount": sum(
            1 for one in call.store.all("vm") if one.org == org.id and one.data["status"] == "POWERED_ON"
        ),
        "catalogCount": 0,
        "diskCount": 0,
    }
    return {
        "id": org.id,
        "name": org.name,
        "displayName": org.data["displayName"],
        "description": org.data.get("description"),
        "isEnabled": org.data["isEnabled"],
        "canPublish": False,
        **counts,
    }


def list_orgs(call: Call) -> Reply:
    return page_reply(call, ORG_LIST, call.visible("org"), lambda one: show_org(call, one))


def get_org(call: Call) -> Reply:
    return Reply(200, show_org(call, call.require("org", call.params["orgUrn"])))


def show_vdc(call: Call, vdc: Record) -> dict[str, Any]:
    return {
        "id": vdc.id,
        "name": vdc.name,
        "description": vdc.data.get("description"),
        "allocationType": vdc.data["allocationType"],
        "org": call.store.ref(vdc.org),
    }


def list_vdcs(call: Call) -> Reply:
    return page_reply(call, VDC_LIST, call.visible("vdc"), lambda one: show_vdc(call, one))


def get_vdc(call: Call) -> Reply:
    return Reply(200, show_vdc(call, call.require("vdc", call.params["orgVdcId"])))


def get_capabilities(call: Call) -> Reply:
    # Terraform's provider asks for this one capability, of a VDC or of a VDC group, to learn that NSX-T is behind it.
    identifier = call.params["orgVdcId"]
    vdc = call.require("vdcGroup" if is_identifier("vdcGroup", identifier) else "vdc", identifier)
    capability = {
        "name": "networkProvider",
        "description": "Network provider",
        "value": vdc.facts.get("network_provider", "NSX_T"),  # a VDC group has no other
        "type": "String",
        "category": "OrgVdcNetwork",
    }
    return page_reply(call, UNSORTED, [capability], lambda one: one)


OPERATIONS = (
    Operation("GET", ORGS, "35.0", ORGANIZATION_VIEW, list_orgs, "ORG_VIEW"),
    Operation("GET", ORGS + "/{orgUrn}", "35.0", ORGANIZATION_VIEW, get_org, "ORG_VIEW"),
    Operation("GET", VDCS, "35.0", VDC_VIEW, list_vdcs, "VDC_VIEW"),
    Operation("GET", VDCS + "/{orgVdcId}", "35.0", VDC_VIEW, get_vdc, "VDC_VIEW"),
    Operation("GET", VDCS + "/{orgVdcId}/capabilities", "32.0", VDC_VIEW, get_capabilities, "VDC_VIEW"),
)
