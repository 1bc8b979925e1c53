# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network profile of a VDC: the edge cluster of NSX-T that serves DHCP to its networks.

Terraform reads it with each VDC, and sets it as the VDC's ``edge_cluster_id``.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, obj, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import segments
from vcdsim.resources.common import restored
from vcdsim.resources.nsx_t import CLUSTER, nsx_id
from vcdsim.resources.orgs import VDCS
from vcdsim.rights import PROVIDER, VDC_VIEW

_CLUSTER = "edgeCluster"
_NOT_HERE = ("primaryEdgeCluster", "secondaryEdgeCluster")  # the vendor: they are for NSX-V
PROFILE = Body(
    "VDC network profile",
    {
        "primaryEdgeCluster": ref(_CLUSTER),
        "secondaryEdgeCluster": ref(_CLUSTER),
        "servicesEdgeCluster": since(
            "35.0", obj({"backingId": text(low=1), "edgeClusterRef": read_only()}, "backingId")
        ),
        **{name: since("36.2", one) for name, one in segments.DEFAULTS.schema["properties"].items()},
    },
)


def get_profile(call: Call) -> Reply:
    vdc = call.require("vdc", call.params["orgVdcId"])
    stored: dict[str, Any] = vdc.facts.get("network_profile", {})
    if stored:
        backing = stored["servicesEdgeCluster"]["backingId"]
        cluster = {"name": CLUSTER, "id": f"urn:vcloud:{_CLUSTER}:{backing}"}
        stored = {"servicesEdgeCluster": {"backingId": backing, "edgeClusterRef": cluster}}
    defaults = segments.show_defaults(call, vdc.facts.get("segments", {}))
    return Reply(200, PROFILE.show({**stored, **defaults}, call.version))


def put_profile(call: Call) -> Reply:
    call.require("vdc", call.params["orgVdcId"])
    sent = PROFILE.read(call.body, call.version)
    for name in _NOT_HERE:
        if name in sent:
            raise errors.bad_field(name, "there is no such object for a VDC of NSX-T")
    cluster = {name: one for name, one in sent.items() if name == "servicesEdgeCluster"}
    if cluster and cluster["servicesEdgeCluster"]["backingId"] != nsx_id(CLUSTER):
        raise errors.bad_field("servicesEdgeCluster.backingId", "there is no such edge cluster")
    return _set(call, cluster, segments.read_defaults(call, sent))


def delete_profile(call: Call) -> Reply:
    return _set(call, {}, {})


def _set(call: Call, profile: dict[str, Any], defaults: dict[str, str]) -> Reply:
    vdc = call.require("vdc", call.params["orgVdcId"])

    def change() -> None:
        vdc.facts = {**vdc.facts, "network_profile": profile, "segments": defaults}

    return call.submit(vdc, locks=(vdc.id,), now=change, undo=restored(vdc))


_ONE = VDCS + "/{orgVdcId}/networkProfile"
_REFUSES = "an unknown edge cluster or segment profile template, edge clusters of NSX-V"
OPERATIONS = (
    Operation("GET", _ONE, "32.0", VDC_VIEW, get_profile, "VDC_NETWORK_PROFILE_VIEW"),
    Operation("PUT", _ONE, "32.0", PROVIDER, put_profile, "VDC_NETWORK_PROFILE_UPDATE", refuses=_REFUSES),
    Operation("DELETE", _ONE, "32.0", PROVIDER, delete_profile, "VDC_NETWORK_PROFILE_DELETE"),
)
