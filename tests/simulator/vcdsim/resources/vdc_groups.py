# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDC groups, read-only. Those of an estate are local groups of NSX-T VDCs."""

from __future__ import annotations

from typing import Any

from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import listing, page_reply
from vcdsim.rights import VDC_GROUP_VIEW
from vcdsim.store import Record

GROUPS = "/cloudapi/1.0.0/vdcGroups"
GROUP = GROUPS + "/{vdcGroupId}"

LIST = listing(
    {
        "orgId": lambda record: record.org,
        "participatingOrgVdcs.vdcRef.id": lambda record: record.data["vdcs"],
    }
)


def show_group(call: Call, group: Record) -> dict[str, Any]:
    # Estates need groups as owners of gateways and networks; the features of a group itself are all off.
    return {
        "id": group.id,
        "orgId": group.org,
        "name": group.name,
        "description": group.data.get("description"),
        "type": "LOCAL",
        "networkProviderType": "NSX_T",
        "localEgress": False,
        "universalNetworkingEnabled": False,
        "dfwEnabled": False,
        "participatingOrgVdcs": [
            {"vdcRef": call.store.ref(vdc), "orgRef": call.store.ref(group.org), "remoteOrg": False}
            for vdc in group.data["vdcs"]
        ],
    }


def list_groups(call: Call) -> Reply:
    return page_reply(call, LIST, call.visible("vdcGroup"), lambda one: show_group(call, one))


def get_group(call: Call) -> Reply:
    return Reply(200, show_group(call, call.require("vdcGroup", call.params["vdcGroupId"])))


OPERATIONS = (
    Operation("GET", GROUPS, "31.0", VDC_GROUP_VIEW, list_groups, "VDC_GROUP_VIEW"),
    Operation("GET", GROUP, "31.0", VDC_GROUP_VIEW, get_group, "VDC_GROUP_VIEW"),
)
