# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDC groups: local groups of NSX-T VDCs. They own edge gateways and networks."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, flag, many, obj, one_of, read_only, ref, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources import distributed_firewall
from vcdsim.resources.common import UNSORTED, changed, listing, page_reply, realized, restored, same_id
from vcdsim.rights import VDC_GROUP_CONFIGURE, VDC_GROUP_VIEW
from vcdsim.store import Record, is_identifier

GROUPS = "/cloudapi/1.0.0/vdcGroups"
GROUP = GROUPS + "/{vdcGroupId}"
CANDIDATES = GROUPS + "/networkingCandidateVdcs"

MEMBER = obj(
    {
        "vdcRef": ref("vdc"),
        "orgRef": obj({"name": text(), "id": text()}, writeOnly=True),
        "siteRef": obj({"name": text(), "id": text()}, writeOnly=True),
        "faultDomainTag": text(),
        "networkProviderScope": text(),
        "remoteOrg": flag(),
        "status": text(),
    },
    "vdcRef",
)
BODY = Body(
    "VDC group",
    {
        "id": read_only(),
        "orgId": text(low=1),
        "name": text(low=1),
        "description": text(),
        "type": blank(one_of("LOCAL", "UNIVERSAL", default="LOCAL")),
        "networkProviderType": blank(one_of("NSX_T", "NSX_V", default="NSX_V")),
        "localEgress": flag(default=False),
        "universalNetworkingEnabled": flag(default=False),
        "networkPoolId": blank(text()),
        "networkPoolUniversalId": read_only(),
        "status": read_only(),
        "dfwEnabled": flag(default=False),
        "errorMessage": read_only(),
        "participatingOrgVdcs": many(MEMBER, low=1),
    },
    "name",
    "orgId",
    "participatingOrgVdcs",
)
LIST = listing(
    {
        "orgId": lambda record: record.org,
        "participatingOrgVdcs.vdcRef.id": lambda record: record.data["vdcs"],
    }
)


def show_group(call: Call, group: Record) -> dict[str, Any]:
    return {
        "id": group.id,
        "orgId": group.org,
        "name": group.name,
        "description": group.data.get("description"),
        "type": "LOCAL",
        "networkProviderType": "NSX_T",
        "status": group.status,
        "localEgress": False,
        "universalNetworkingEnabled": False,
        "dfwEnabled": distributed_firewall.is_on(group),
        "participatingOrgVdcs": [
            {
                "vdcRef": call.store.ref(vdc),
                "orgRef": call.store.ref(group.org),
                "remoteOrg": False,
                "status": "REALIZED",
                "networkProviderScope": _scope(call, vdc),
                "faultDomainTag": _scope(call, vdc),
            }
            for vdc in group.data["vdcs"]
        ],
    }


def _scope(call: Call, vdc_id: str) -> str | None:
    vdc = call.store.get("vdc", vdc_id)
    return vdc.facts.get("provider_scope") if vdc else None


def list_groups(call: Call) -> Reply:
    return page_reply(call, LIST, call.visible("vdcGroup"), lambda one: show_group(call, one))


def get_group(call: Call) -> Reply:
    return Reply(200, show_group(call, call.require("vdcGroup", call.params["vdcGroupId"])))


def list_candidates(call: Call) -> Reply:
    """The VDCs that can join a group with the VDC of the context: the NSX-T ones of its organisation."""
    wanted = asked(call.query, "_context")
    starts = [one for one in wanted if is_identifier("vdc", one) or is_identifier("vdcGroup", one)]
    if len(starts) != 1:
        raise errors.bad_request("The context of candidates is one VDC or VDC group.")
    start = call.require("vdc" if ":vdc:" in starts[0] else "vdcGroup", starts[0])
    rows = [
        {
            "id": vdc.id,
            "name": vdc.name,
            "orgRef": call.store.ref(vdc.org),
            "siteRef": None,
            "networkProviderScope": vdc.facts.get("provider_scope"),
            "faultDomainTag": vdc.facts.get("provider_scope"),
        }
        for vdc in call.visible("vdc")
        if vdc.org == start.org and _is_nsx_t(vdc)
    ]
    return page_reply(
        call, UNSORTED.also(_context=lambda _row: wanted, name=lambda row: row["name"]), rows, lambda one: one
    )


def _is_nsx_t(vdc: Record) -> bool:
    return bool(vdc.facts.get("network_provider") == "NSX_T")


def _checked(call: Call, group: Record | None) -> tuple[dict[str, Any], str]:
    sent = BODY.read(call.body, call.version)
    org = call.refer("orgId", "org", sent["orgId"])
    for field, only in (("type", "LOCAL"), ("networkProviderType", "NSX_T")):
        if sent[field] != only:
            raise errors.not_built(call.operation.method, f"{call.operation.path} with {field} {sent[field]}")
    for field in ("localEgress", "universalNetworkingEnabled"):
        if sent[field]:
            raise errors.bad_field(field, "a LOCAL group cannot have it")
    if group is None and sent["dfwEnabled"]:  # clients activate it with the policies
        raise errors.not_built(call.operation.method, f"{call.operation.path} with dfwEnabled")
    if group is not None and sent["dfwEnabled"] != distributed_firewall.is_on(group):
        raise errors.not_built(call.operation.method, f"{call.operation.path} with a change of dfwEnabled")
    if any(one is not group and one.org == org.id and one.name == sent["name"] for one in call.store.all("vdcGroup")):
        raise errors.bad_request(f"A VDC group named {sent['name']} already exists in {org.name}.")
    vdcs = []
    for member in sent["participatingOrgVdcs"]:
        vdc = call.refer("participatingOrgVdcs", "vdc", member["vdcRef"]["id"])
        if vdc.org != org.id or not _is_nsx_t(vdc):
            raise errors.bad_field("participatingOrgVdcs", f"the VDC {vdc.name} cannot be in this group")
        vdcs.append(vdc.id)
    return {"name": sent["name"], "description": sent.get("description"), "vdcs": vdcs}, org.id


def post_group(call: Call) -> Reply:
    data, org = _checked(call, None)
    scope = _scope(call, data["vdcs"][0])
    group = Record("vdcGroup", call.store.mint("vdcGroup"), data, org, "CONFIGURING", facts={"provider_scope": scope})
    return call.submit(
        group,
        locks=(group.id,),
        now=lambda: call.store.add(group),
        done=realized(group),
        undo=lambda: call.store.remove(group),
    )


def put_group(call: Call) -> Reply:
    group = call.require("vdcGroup", call.params["vdcGroupId"])
    same_id(call, group)
    data, org = _checked(call, group)
    if org != group.org:
        raise errors.bad_field("orgId", "it cannot be changed")
    return call.submit(group, locks=(group.id,), now=changed(group, data), done=realized(group), undo=restored(group))


def delete_group(call: Call) -> Reply:
    group = call.require("vdcGroup", call.params["vdcGroupId"])
    owned = {kind: call.store.where(kind, "owner", group.id) for kind in ("gateway", "network", "firewallGroup")}
    # force also deletes firewall groups, but not gateways or networks, which may serve machines (assumed)
    forced = owned.pop("firewallGroup") if call.query.get("force") == "true" else []
    kept = [one for records in owned.values() for one in records]
    if kept:
        raise errors.bad_request(f"The VDC group {group.name} owns {kept[0].name} and cannot be deleted.")
    if distributed_firewall.needs_policy_disabled(group):  # assumed; clients disable it first
        raise errors.bad_request(f"Disable the default policy of {group.name} first.")

    def remove() -> None:
        distributed_firewall.deactivate(call, group)
        call.store.remove(group, *forced)

    return call.submit(group, locks=(group.id,), done=remove)


OPERATIONS = (
    Operation("GET", GROUPS, "31.0", VDC_GROUP_VIEW, list_groups, "VDC_GROUP_VIEW"),
    Operation(
        "POST",
        GROUPS,
        "31.0",
        VDC_GROUP_CONFIGURE,
        post_group,
        "VDC_GROUP_CREATE",
        refuses="a duplicate name in one organisation, VDCs of others; universal groups, and the distributed firewall "
        "from the beginning (501)",
    ),
    Operation(
        "GET",
        CANDIDATES,
        "35.0",
        VDC_GROUP_VIEW,
        list_candidates,
        "VDC_GROUP_VIEW",
        refuses="a list without a filter by _context",
    ),
    Operation("GET", GROUP, "31.0", VDC_GROUP_VIEW, get_group, "VDC_GROUP_VIEW"),
    Operation("PUT", GROUP, "31.0", VDC_GROUP_CONFIGURE, put_group, "VDC_GROUP_UPDATE", refuses="the same as POST"),
    Operation(
        "DELETE",
        GROUP,
        "31.0",
        VDC_GROUP_CONFIGURE,
        delete_group,
        "VDC_GROUP_DELETE",
        refuses="a group that owns gateways, networks or firewall groups, or whose default policy is enabled (assumed)",
    ),
)
