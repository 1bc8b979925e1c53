# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importable segments of NSX-T and port groups of vCenter, segment profiles, and templates of them.

A segment profile template has one profile of each kind. A VDC and the whole site can have a default template, and a
network can have its own.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, formatted, obj, read_only, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import Listing, asked
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id
from vcdsim.resources.nsx_t import NSX_T, PORT_GROUPS, SEGMENTS, imported, nsx_id
from vcdsim.resources.parts import NETWORK, Setting
from vcdsim.rights import NETWORK_EDIT, NETWORK_VIEW, PROVIDER
from vcdsim.store import Record, uuid_of
from vcdsim.tasks import wall_clock

KIND = "segmentProfileTemplate"
BASE = "/cloudapi/1.0.0/segmentProfileTemplates"
ONE = BASE + "/{segmentProfileTemplateId}"
_LIMIT = {"avgBandwidth": 0, "peakBandwidth": 0, "burstSize": 0}
_FEATURES: dict[str, dict[str, Any]] = {
    "ip-discovery": dict.fromkeys(
        (
            "isArpSnoopingEnabled",
            "isDhcpSnoopingV4Enabled",
            "isVmToolsV4Enabled",
            "isDhcpSnoopingV6Enabled",
            "isVmToolsV6Enabled",
            "isNdSnoopingEnabled",
            "isDuplicateIpDetectionEnabled",
            "isTofuEnabled",
        ),
        True,
    )
    | {"arpBindingLimit": 1, "ndSnoopingLimit": 3, "arpNdBindingTimeout": 10},
    "mac-discovery": dict.fromkeys(
        ("isMacChangeEnabled", "isMacLearningEnabled", "isUnknownUnicastFloodingEnabled"), True
    )
    | {"macLearningAgingTime": 600, "macLimit": 4096, "macPolicy": "ALLOW"},
    "spoof-guard": {"isAddressBindingWhitelistEnabled": True},
    "segment-qos": {
        "classOfService": 1,
        "dscpConfig": {"trustMode": "UNTRUSTED", "priority": 1},
        "egressRateLimiter": _LIMIT,
        "ingressBroadcastRateLimiter": _LIMIT,
        "ingressRateLimiter": _LIMIT,
    },
    "segment-security": dict.fromkeys(
        (
            "isBpduFilterEnabled",
            "isDhcpClientBlockV4Enabled",
            "isDhcpClientBlockV6Enabled",
            "isDhcpServerBlockV4Enabled",
            "isDhcpServerBlockV6Enabled",
            "isNonIpTrafficBlockEnabled",
            "isRaGuardEnabled",
            "isRateLimitingEnabled",
        ),
        True,
    )
    | {
        "bpduFilterAllowList": [],
        "rateLimits": {"rxBroadcast": 0, "rxMulticast": 0, "txBroadcast": 0, "txMulticast": 0},
    },
}
# the field of a template or network -> (the path of the list, the prefix of the profiles' names)
PROFILES = {
    "qosProfile": ("segmentQoSProfiles", "segment-qos"),
    "macDiscoveryProfile": ("segmentMacDiscoveryProfiles", "mac-discovery"),
    "ipDiscoveryProfile": ("segmentIpDiscoveryProfiles", "ip-discovery"),
    "segmentSecurityProfile": ("segmentSecurityProfiles", "segment-security"),
    "spoofGuardProfile": ("segmentSpoofGuardProfiles", "spoof-guard"),
}
_PROFILE = obj({"id": blank(text()), "name": text(), "href": blank(text()), "type": text()})
_PROFILE_FIELDS = dict.fromkeys(PROFILES, _PROFILE)
TEMPLATE = Body(
    "segment profile template",
    {
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "sourceNsxTManagerRef": obj({"id": text(low=1), "name": text()}, "id"),
        **_PROFILE_FIELDS,
        "lastModified": read_only(),
    },
    "name",
    "sourceNsxTManagerRef",
)
_TEMPLATE_REF = obj({"id": blank(formatted(f"urn:{KIND}")), "name": text()})
DEFAULTS = Body(
    "default segment profile templates",
    {"vdcNetworkSegmentProfileTemplateRef": _TEMPLATE_REF, "vappNetworkSegmentProfileTemplateRef": _TEMPLATE_REF},
)
OF_NETWORK = Body("segment profiles of a network", {"segmentProfileTemplate": read_only(), **_PROFILE_FIELDS})
TEMPLATES = listing({}, {})


def manager_urn(identifier: str) -> str:
    """The URN of an NSX-T manager: go-vcloud-director's tests also pass the UUID that they have read."""
    return f"urn:vcloud:nsxtmanager:{uuid_of(identifier)}"


def list_switches(call: Call) -> Reply:
    """The segments that are not imported yet. go-vcloud-director uses this older path, which returns a bare list."""
    kinds = {"orgVdc": "vdc", "vdcGroup": "vdcGroup", "nsxTManager": "nsxtmanager"}
    named = [(kind, call.query[name]) for name, kind in kinds.items() if name in call.query]
    if len(named) != 1:
        raise errors.bad_request("The query has one of orgVdc, vdcGroup and nsxTManager.")
    for kind, uuid in named:
        call.require(kind, f"urn:vcloud:{kind}:{uuid}")
    taken = imported(call.store)
    rows = [{"id": nsx_id(name), "name": name} for name in SEGMENTS if nsx_id(name) not in taken]
    return Reply(200, rows)


def list_segments(call: Call) -> Reply:
    if sum(len(asked(call.query, name)) for name in ("orgVdcId", "vdcGroupId", "_context")) != 1:
        raise errors.bad_request("A filter with orgVdcId== or vdcGroupId== is required.")
    manager, taken = next(call.store.all("nsxtmanager")), imported(call.store)
    rows = [
        {
            "name": name,
            "switchId": nsx_id(name),
            "alreadyImported": nsx_id(name) in taken,
            "nsxTManagerId": manager.id,
        }
        for name in SEGMENTS
    ]
    return Reply(200, {"values": rows})


def list_port_groups(call: Call) -> Reply:
    center = {"name": "vcenter-1", "id": f"urn:vcloud:vimserver:{nsx_id('vcenter-1')}"}
    switch = {"backingRef": {"id": nsx_id("switch-1"), "name": "switch-1"}, "virtualCenter": center}
    taken = imported(call.store)
    rows = [
        {
            "backingRef": {"id": nsx_id(name), "name": name},
            "virtualCenter": center,
            "vlan": str(place),
            "dvSwitch": switch,
        }
        for place, name in enumerate(PORT_GROUPS, 100)
        if nsx_id(name) not in taken
    ]
    vdcs = asked(call.query, "orgVdcId")
    for vdc in vdcs:
        call.require("vdc", vdc)
    find = {"orgVdcId": lambda _row: vdcs, "_context": lambda _row: center["id"]}
    return page_reply(call, Listing(find=find, sort={}, default_sort=""), rows, lambda one: one)


def _profiles(prefix: str) -> dict[str, str]:
    """The identifiers of the profiles of one kind, with their names."""
    return {nsx_id(f"{prefix}-{number}"): f"{prefix}-{number}" for number in (1, 2)}


def _list_profiles(path: str, prefix: str) -> Operation:
    def handler(call: Call) -> Reply:
        scopes = {name: asked(call.query, name) for name in ("nsxTManagerRef.id", "orgVdcId", "vdcGroupId")}
        given = {name: values for name, values in scopes.items() if values}
        if len(given) != 1:
            raise errors.bad_request("A filter with nsxTManagerRef.id==, orgVdcId== or vdcGroupId== is required.")
        manager = next(call.store.all("nsxtmanager"))
        rows = [
            {
                "id": identifier,
                "displayName": name,
                "description": f"the profile {name}",
                "nsxTManagerRef": call.store.ref(manager.id),
                **_FEATURES[prefix],
            }
            for identifier, name in _profiles(prefix).items()
        ]
        known = {**given, "nsxTManagerRef.id": [manager.id, uuid_of(manager.id)]}
        find = {name: (lambda _row, values=values: values) for name, values in known.items()}
        how: Listing[dict[str, Any]] = Listing(find={**find, "id": lambda row: row["id"]}, sort={}, default_sort="")
        return Reply(200, {"values": how.filtered(rows, call.query)})

    name = f"SEGMENT_{prefix.removeprefix('segment-').replace('-', '_').upper()}_PROFILE_VIEW"
    refuses = "a list without a filter by an NSX-T manager, VDC or VDC group"
    return Operation("GET", f"{NSX_T}/{path}", "36.2", NETWORK_VIEW, handler, name, refuses=refuses)


def _chosen(sent: dict[str, Any]) -> dict[str, Any]:
    """The profiles that a body names, as identifiers. Answers 400 for a profile that NSX-T does not have."""
    found = {}
    for field, (_path, prefix) in PROFILES.items():
        identifier = (sent.get(field) or {}).get("id")
        if identifier and identifier not in _profiles(prefix):
            raise errors.bad_field(field, "there is no such profile")
        found[field] = identifier
    return found


def _named(stored: dict[str, Any]) -> dict[str, Any]:
    """References to profiles, by field."""
    found: dict[str, Any] = {}
    for field, (_path, prefix) in PROFILES.items():
        identifier = stored.get(field)
        found[field] = {"id": identifier, "name": _profiles(prefix)[identifier]} if identifier else None
    return found


def _show_template(call: Call, template: Record) -> dict[str, Any]:
    values = {
        **template.data,
        **_named(template.data),
        "id": template.id,
        "sourceNsxTManagerRef": call.store.ref(template.data["sourceNsxTManagerRef"]),
        "lastModified": template.facts["modified"],
    }
    return TEMPLATE.show(values, call.version)


def _template(call: Call) -> Record:
    return call.require(KIND, call.params["segmentProfileTemplateId"])


def list_templates(call: Call) -> Reply:
    return page_reply(call, TEMPLATES, list(call.store.all(KIND)), lambda one: _show_template(call, one))


def get_template(call: Call) -> Reply:
    return Reply(200, _show_template(call, _template(call)))


def _checked(call: Call, template: Record | None) -> dict[str, Any]:
    sent = TEMPLATE.read(call.body, call.version)
    if any(one is not template and one.name == sent["name"] for one in call.store.all(KIND)):
        raise errors.bad_request(f"A segment profile template named {sent['name']} already exists.")
    manager = call.refer("sourceNsxTManagerRef", "nsxtmanager", manager_urn(sent["sourceNsxTManagerRef"]["id"]))
    return {**sent, **_chosen(sent), "sourceNsxTManagerRef": manager.id}


def post_template(call: Call) -> Reply:
    template = Record(KIND, call.store.mint(KIND), _checked(call, None), None, shared=True)
    template.facts["modified"] = wall_clock()
    return call.submit(
        template,
        locks=(template.id,),
        now=lambda: call.store.add(template),
        undo=lambda: call.store.remove(template),
    )


def put_template(call: Call) -> Reply:
    template = _template(call)
    same_id(call, template)
    data = _checked(call, template)
    return call.submit(
        template,
        locks=(template.id,),
        now=changed(template, data),
        done=realized(template),
        undo=restored(template),
    )


def delete_template(call: Call) -> Reply:
    template = _template(call)
    holders = [one for one in call.store.all("vdc") if template.id in one.facts.get("segments", {}).values()]
    if holders or template.id in _defaults(call).values():
        where = holders[0].name if holders else "the site"
        raise errors.bad_request(f"The segment profile template {template.name} is a default of {where}.")
    return call.submit(template, locks=(template.id,), done=lambda: call.store.remove(template))


def _site(call: Call) -> Record:
    """The object that holds the defaults of the whole site: the NSX-T manager."""
    return next(call.store.all("nsxtmanager"))


def _defaults(call: Call) -> dict[str, str]:
    found: dict[str, str] = _site(call).facts.get("segments", {})
    return found


def read_defaults(call: Call, sent: dict[str, Any]) -> dict[str, str]:
    """The templates that a body names as defaults, by field. Answers 400 for a missing template."""
    given = {field: (sent.get(field) or {}).get("id") for field in DEFAULTS.schema["properties"]}
    return {field: call.refer(field, KIND, one).id for field, one in given.items() if one}


def show_defaults(call: Call, stored: dict[str, str]) -> dict[str, Any]:
    """References to default templates, by field."""
    return {field: call.store.ref(stored.get(field)) for field in DEFAULTS.schema["properties"]}


def get_defaults(call: Call) -> Reply:
    return Reply(200, show_defaults(call, _defaults(call)))


def put_defaults(call: Call) -> Reply:
    site = _site(call)
    after = read_defaults(call, DEFAULTS.read(call.body, call.version))

    def change() -> None:
        site.facts = {**site.facts, "segments": after}

    return call.submit(site, locks=(site.id,), now=change, undo=restored(site))


def _of_network(call: Call, network: Record, stored: dict[str, Any]) -> dict[str, Any]:
    """The profiles of a network: its own, or those of its template or of the default of its VDC or the site."""
    if any(stored.get(field) for field in PROFILES):
        return {**_named(stored), "segmentProfileTemplate": None}
    field = "vdcNetworkSegmentProfileTemplateRef"
    vdc = call.store.get("vdc", network.data["ownerRef"])
    places = {
        "NETWORK": network.facts.get("segment_template"),
        "ORG_VDC": vdc.facts.get("segments", {}).get(field) if vdc else None,
        "GLOBAL": _defaults(call).get(field),
    }
    for source, identifier in places.items():
        template = call.store.get(KIND, identifier or "")
        if template:
            shown_ref = {"source": source, "templateRef": call.store.ref(template.id)}
            return {**_named(template.data), "segmentProfileTemplate": shown_ref}
    return {}


def _settled(_call: Call, _network: Record, sent: dict[str, Any], _before: dict[str, Any]) -> dict[str, Any]:
    return _chosen(sent)


SEGMENTS_OF_NETWORK = Setting(
    "segment_profiles",
    "/segmentProfiles",
    "36.2",
    OF_NETWORK,
    {},
    NETWORK_VIEW,
    NETWORK_EDIT,
    "ORG_VDC_NETWORK_SEGMENT_PROFILES",
    settle=_settled,
    show=_of_network,
    refuses="a profile that NSX-T does not have",
    place=NETWORK,
)
_SWITCHES = "/network/orgvdcnetworks/importableswitches"
OPERATIONS = (
    Operation(
        "GET",
        _SWITCHES,
        "0.0",
        PROVIDER,
        list_switches,
        "IMPORTABLE_SEGMENT_VIEW",
        basis="assumed",
        refuses="a query without a VDC, VDC group or NSX-T manager",
    ),
    Operation(
        "GET",
        NSX_T + "/importableSegments",
        "36.1",
        PROVIDER,
        list_segments,
        "IMPORTABLE_SEGMENT_VIEW",
        refuses="a list without a filter by a VDC or VDC group",
    ),
    Operation(
        "GET",
        "/cloudapi/1.0.0/virtualCenters/resources/importableDvpgs",
        "33.0",
        PROVIDER,
        list_port_groups,
        "IMPORTABLE_DVPG_VIEW",
    ),
    *(_list_profiles(path, prefix) for path, prefix in PROFILES.values()),
    Operation("GET", BASE, "36.2", PROVIDER, list_templates, "SEGMENT_PROFILE_TEMPLATE_VIEW"),
    Operation(
        "POST",
        BASE,
        "36.2",
        PROVIDER,
        post_template,
        "SEGMENT_PROFILE_TEMPLATE_CREATE",
        refuses="a duplicate name (assumed), a profile that NSX-T does not have",
    ),
    Operation("GET", BASE + "/default", "36.2", PROVIDER, get_defaults, "SEGMENT_PROFILE_TEMPLATE_VIEW"),
    Operation("PUT", BASE + "/default", "36.2", PROVIDER, put_defaults, "SEGMENT_PROFILE_TEMPLATE_UPDATE"),
    Operation("GET", ONE, "36.2", PROVIDER, get_template, "SEGMENT_PROFILE_TEMPLATE_VIEW"),
    Operation(
        "PUT", ONE, "36.2", PROVIDER, put_template, "SEGMENT_PROFILE_TEMPLATE_UPDATE", refuses="the same as POST"
    ),
    Operation(
        "DELETE",
        ONE,
        "36.2",
        PROVIDER,
        delete_template,
        "SEGMENT_PROFILE_TEMPLATE_DELETE",
        refuses="a default of a VDC or of the site (assumed)",
    ),
    *SEGMENTS_OF_NETWORK.operations(),
)
