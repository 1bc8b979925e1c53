# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the NSX-T manager and its vCenter that Cloud Director lists and imports: the same in every estate."""

from __future__ import annotations

import uuid

from vcdsim.store import Store

NSX_T = "/cloudapi/1.0.0/nsxTResources"
ROUTERS = {"tier-0": "NSXT_TIER0", "tier-0-vrf": "NSXT_VRF_TIER0"}
INTERFACE, CLUSTER = "interface-1", "cluster-1"
SEGMENTS = ("segment-1", "segment-2")
# three on one distributed switch: go-vcloud-director's Test_VcenterImportableDvpg counts them
PORT_GROUPS = ("dvpg-1", "dvpg-1-b", "dvpg-1-c")
QOS_PROFILES = ("qos-1", "qos-2")
LOGICAL_SWITCH = "IMPORTED_T_LOGICAL_SWITCH"
_NSX = uuid.UUID("6f0a3c1e-7d2b-5a41-9a63-3b0f7f6f5c10")


def nsx_id(name: str) -> str:
    """The identifier that NSX-T or vCenter gives an object."""
    return str(uuid.uuid5(_NSX, name))


def imported(store: Store) -> set[str]:
    """The identifiers of all objects that external and organisations' networks use: none can be used twice."""
    found = {one.data["backing"]["backingId"] for one in store.all("externalNetwork")}
    return found | {one.data["backingNetworkId"] for one in store.all("network") if "backingNetworkId" in one.data}
