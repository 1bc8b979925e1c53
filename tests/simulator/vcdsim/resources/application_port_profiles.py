# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application port profiles: the ports that NAT and firewall rules refer to."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, formatted, many, obj, one_of, read_only, ref, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id, status, stored
from vcdsim.rights import PROFILE_MANAGE, PROFILE_VIEW
from vcdsim.store import Record, kind_of

BASE = "/cloudapi/1.0.0/applicationPortProfiles"
ONE = BASE + "/{applicationPortProfileId}"


def usable_for_nat(profile: Record) -> bool:
    """One application port with at most one destination port."""
    ports = profile.data["applicationPorts"]
    return len(ports) == 1 and len(_real_ports(ports[0])) <= 1


PORT = obj(
    {
        "name": text(),
        "protocol": one_of("TCP", "UDP", "ICMPv4", "ICMPv6"),
        "destinationPorts": many(formatted("ports-or-any")),
    },
    "protocol",
)
PROFILE = Body(
    "application port profile",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "scope": one_of("SYSTEM", "PROVIDER", "TENANT"),
        "applicationPorts": many(PORT, low=1),
        "orgRef": ref("org"),
        "contextEntityId": blank(formatted("urn:vdc|vdcGroup|nsxtmanager|networkProvider")),
        "networkProviderScope": read_only(),
        "usableForNAT": read_only(),
    },
    "name",
    "applicationPorts",
)
_FIND = {
    "scope": stored("scope"),
    "status": status,
    "usableForNAT": usable_for_nat,
    "applicationPorts.name": lambda record: [port.get("name") for port in record.data["applicationPorts"]],
}
PROFILES = listing(_FIND, {"scope": stored("scope"), "status": status})


def _real_ports(port: dict[str, Any]) -> list[str]:
    return [one for one in port.get("destinationPorts") or [] if one.lower() != "any"]


def _as_sent(port: dict[str, Any]) -> list[str]:
    return list(port.get("destinationPorts") or [])


def show_profile(call: Call, profile: Record) -> dict[str, Any]:
    unset = ["any"] if call.version >= (38, 0) else []  # VCD 10.5 writes out what older versions leave empty
    ports = [
        {
            "name": port.get("name"),
            "protocol": port["protocol"],
            "destinationPorts": _real_ports(port) or (_as_sent(port) if port["protocol"].startswith("ICMP") else unset),
        }
        for port in profile.data["applicationPorts"]
    ]
    values = {
        "id": profile.id,
        "status": profile.status,
        "applicationPorts": ports,
        "orgRef": call.store.ref(profile.org),
        "contextEntityId": None,  # write-only in VCD: a client cannot read back where it created the profile
        "networkProviderScope": profile.facts.get("provider_scope"),
        "usableForNAT": usable_for_nat(profile),
    }
    return PROFILE.show(profile.data, call.version) | values


def list_profiles(call: Call) -> Reply:
    # in the context of a VDC or VDC group, a list shows the profiles of that scope, of the provider and of the system
    wanted = asked(call.query, "_context")
    seen_from = {one: _same_scope(call, one) for one in wanted}

    def contexts(profile: Record) -> list[str]:
        context = profile.facts.get("context")
        return [one for one in wanted if context is None or context in seen_from[one]]

    how = PROFILES.also(_context=contexts)
    return page_reply(call, how, call.visible("applicationPortProfile"), lambda one: show_profile(call, one))


def _same_scope(call: Call, context: str) -> set[str]:
    """The owners in the scope of a VDC or VDC group: the owner itself, and the members of the same VDC group.

    go-vcloud-director's tests create a profile in one VDC, and find it from another VDC and from their group.
    """
    groups = [one for one in call.store.all("vdcGroup") if context in (one.id, *one.data["vdcs"])]
    return {context, *(one.id for one in groups), *(vdc for one in groups for vdc in one.data["vdcs"])}


def get_profile(call: Call) -> Reply:
    profile = call.require("applicationPortProfile", call.params["applicationPortProfileId"])
    return Reply(200, show_profile(call, profile))


def checked(call: Call, sent: dict[str, Any], profile: Record | None) -> dict[str, Any]:
    """The profile to store. Answers 400 if it breaks a rule."""
    if sent.get("scope", "TENANT") != "TENANT" and not call.session.is_provider:
        raise errors.bad_field("scope", "a tenant may have TENANT profiles only")
    for number, port in enumerate(sent["applicationPorts"]):
        if port["protocol"].startswith("ICMP") and _real_ports(port):
            raise errors.bad_field(f"applicationPorts[{number}].destinationPorts", "ICMP has no ports")
    sent.setdefault("scope", profile.data["scope"] if profile else "TENANT")
    return {name: value for name, value in sent.items() if name not in ("orgRef", "contextEntityId")}


def _unique(call: Call, name: str, org_id: str | None, profile: Record | None) -> None:
    org = call.store.get("org", org_id or "")
    # Unique in an organisation, although a profile belongs to a VDC: clusters of one organisation share the names.
    for one in call.store.where("applicationPortProfile", "name", org_id, name):
        if one is not profile:
            where = org.name if org else "System"
            raise errors.bad_request(f"Application Port Profile {name} already exists in Organization {where}.")


def post_profile(call: Call) -> Reply:
    sent = PROFILE.read(call.body, call.version)
    if "contextEntityId" not in sent:
        raise errors.bad_request('The field "contextEntityId" is required.')
    data = checked(call, sent, None)
    if data["scope"] == "SYSTEM":
        raise errors.bad_field("scope", "SYSTEM profiles are VCD's own")
    context, org = _placed(call, sent, data["scope"])
    _unique(call, data["name"], org.id if org else None, None)
    identifier = call.store.mint("applicationPortProfile")
    profile = Record("applicationPortProfile", identifier, data, org.id if org else None, "PENDING", shared=not org)
    # every VDC of the NSX-T manager can use a profile of the provider
    profile.facts |= {"context": context.id if org else None, "provider_scope": context.facts.get("provider_scope")}
    # Profiles belong to the VDC, so a write does not make the gateway busy and may run beside its tasks.
    return call.submit(
        profile,
        locks=(profile.id,),
        now=lambda: call.store.add(profile),
        done=realized(profile),
        undo=lambda: call.store.remove(profile),
    )


def _placed(call: Call, sent: dict[str, Any], scope: str) -> tuple[Record, Record | None]:
    """Where the profile belongs: a VDC or VDC group and its organization, or an NSX-T manager (scope PROVIDER)."""
    where = sent["contextEntityId"]
    if scope == "PROVIDER":
        if kind_of(where) != "nsxtmanager":
            raise errors.bad_field("contextEntityId", "a PROVIDER profile belongs to an NSX-T manager")
        if "orgRef" in sent:
            raise errors.bad_field("orgRef", "a PROVIDER profile has none")
        return call.refer("contextEntityId", "nsxtmanager", where), None
    # the context must be the owner of the gateway whose rules use the profile: a VDC, or a VDC group
    context = call.refer("contextEntityId", "vdcGroup" if kind_of(where) == "vdcGroup" else "vdc", where)
    if "orgRef" not in sent:
        raise errors.bad_request('The field "orgRef" is required.')
    org = call.refer("orgRef", "org", sent["orgRef"]["id"])
    if context.org != org.id:
        raise errors.bad_field("contextEntityId", "it does not belong to the organization")
    return context, org


def put_profile(call: Call) -> Reply:
    profile = _own(call)
    same_id(call, profile)
    sent = PROFILE.read(call.body, call.version)
    if "orgRef" in sent and sent["orgRef"]["id"] != profile.org:
        raise errors.bad_field("orgRef", "it cannot be changed")
    data = checked(call, sent, profile)
    _unique(call, data["name"], profile.org, profile)
    after = Record(profile.kind, profile.id, data)
    # otherwise a change of the profile could give a NAT rule what a change of the rule itself could not
    if users(call, profile) and not usable_for_nat(after):
        raise errors.bad_request(f"Application Port Profile {profile.name} is used by a NAT rule: one port at most.")
    return call.submit(
        profile, locks=(profile.id,), now=changed(profile, data), done=realized(profile), undo=restored(profile)
    )


def _own(call: Call) -> Record:
    profile = call.require("applicationPortProfile", call.params["applicationPortProfileId"])
    if profile.data["scope"] != "TENANT" and not call.session.is_provider:
        raise errors.forbidden(PROFILE_MANAGE, call.operation.name, profile.id)
    return profile


def users(call: Call, profile: Record) -> list[Record]:
    """The NAT rules that use the profile."""
    return call.store.where("natRule", "profile", profile.id)


def firewall_users(call: Call, profile: Record) -> list[Record]:
    return call.store.where("firewallRule", "profile", profile.id)


def delete_profile(call: Call) -> Reply:
    profile = _own(call)
    in_use = users(call, profile) + firewall_users(call, profile)
    if in_use:
        raise errors.bad_request(f"Application Port Profile {profile.name} is used by the rule {in_use[0].name}.")
    return call.submit(profile, locks=(profile.id,), done=lambda: call.store.remove(profile))


OPERATIONS = (
    Operation("GET", BASE, "33.0", PROFILE_VIEW, list_profiles, "APPLICATION_PORT_PROFILE_VIEW"),
    Operation(
        "POST",
        BASE,
        "33.0",
        PROFILE_MANAGE,
        post_profile,
        "APPLICATION_PORT_PROFILE_CREATE",
        refuses="a duplicate name in one organisation, no contextEntityId, ICMP with ports",
    ),
    Operation("GET", ONE, "33.0", PROFILE_VIEW, get_profile, "APPLICATION_PORT_PROFILE_VIEW"),
    Operation(
        "PUT",
        ONE,
        "33.0",
        PROFILE_MANAGE,
        put_profile,
        "APPLICATION_PORT_PROFILE_UPDATE",
        refuses="the same as POST; a change of the organisation",
    ),
    Operation(
        "DELETE",
        ONE,
        "33.0",
        PROFILE_MANAGE,
        delete_profile,
        "APPLICATION_PORT_PROFILE_DELETE",
        refuses="a profile in use",
    ),
)
