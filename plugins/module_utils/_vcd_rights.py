# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Rights of Cloud Director: which one each operation needs, and whether a user has those that a plan needs. Pure.

This is the only table of rights. Preflight, plans and modules use `missing` and `unknown_warning`, messages about
refusals use `right_for_call`, and docs/rights-vcd.md is generated from the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

READ, CREATE, UPDATE, DELETE = "read", "create", "update", "delete"

# The names in the API, which Terraform and the vendor's lists use. The portal words some of them differently.
GATEWAY_VIEW = "Organization vDC Gateway: View"
LB_VIEW = "Organization vDC Gateway: View Load Balancer"
LB_CONFIGURE = "Organization vDC Gateway: Configure Load Balancer"
NAT_VIEW = "Organization vDC Gateway: View NAT"
NAT_CONFIGURE = "Organization vDC Gateway: Configure NAT"
SYSTEM_LOGGING = "Organization vDC Gateway: Configure System Logging"
FIREWALL_VIEW = "Organization vDC Gateway: View Firewall"
FIREWALL_CONFIGURE = "Organization vDC Gateway: Configure Firewall"
NETWORK_VIEW = "Organization vDC Network: View Properties"
VDC_GROUP_VIEW = "vDC Group: View"
CERTIFICATE_VIEW = "Certificate Library: View"
CERTIFICATE_MANAGE = "Certificate Library: Manage"
IP_SPACE_VIEW = "Private IP Spaces: View"
IP_SPACE_ALLOCATE = "IP Spaces: Allocate"
ENTITY_VIEW = "vmware:capvcdCluster: View"
VM_VIEW = "vApp: View VM metrics"
TAG_EDIT = "Security Tag Edit"
ROLE_VIEW = "General: Administrator View"
PROVIDER = "System Administrator"  # a role, not a right: for operations that only the provider may do
NOT_WRITTEN = ""  # no module writes such objects

_CPI = "README of CPI: the rights of its user"
_CLUSTER_AUTHOR = "role Kubernetes Cluster Author in the guides of the Terraform provider, with which CPI works"


class Operation(NamedTuple):
    """``act`` (READ, CREATE, UPDATE or DELETE) on objects of one kind, as `Row.things` names them."""

    act: str
    things: str


@dataclass(frozen=True)
class Row:
    """What reading and writing objects of one kind needs.

    ``path`` is a regular expression that finds the calls of the kind by their paths. ``stated``: a publication says so;
    otherwise the right is inferred. ``source`` names the publication or the reason.
    """

    things: str
    path: str
    view: str
    configure: str
    stated: bool
    source: str


VIRTUAL_SERVICES, POOLS, NAT_RULES = "virtual services", "pools", "NAT rules"
PROFILES, POLICIES, LOCK = "application port profiles", "HTTP policies and WAF", "locks of edge gateways"
ALLOCATIONS, GATEWAYS, NETWORKS = "IP Space allocations", "edge gateways", "networks"
GROUPS, SETTINGS = "service engine group assignments", "load balancer settings of edge gateways"
CERTIFICATES, FIREWALL, MEMBER_GROUPS = "certificates", "firewall rules", "IP sets and security groups"
LOGGING = "logging of NAT rules"
VAPPS, TAGS = "vApps, their metadata and machines", "security tags"
VDC_GROUPS, ENTITIES, ROLES = "VDC groups", "defined entities of CAPVCD", "roles and their rights"

# The first row whose path is found in a call's path applies.
TABLE = (
    Row(
        POLICIES,
        r"/virtualServices/[^/]+/(httpPolicy|waf)",
        LB_VIEW,
        LB_CONFIGURE,
        False,
        "parts of a virtual service; the vendor's lists have no right of their own for them",
    ),
    Row(VIRTUAL_SERVICES, r"/virtualService", LB_VIEW, LB_CONFIGURE, True, _CPI),
    Row(POOLS, r"/pool", LB_VIEW, LB_CONFIGURE, True, _CPI),
    Row(GROUPS, r"/serviceEngineGroups", LB_VIEW, PROVIDER, True, f"{_CPI}, who reads them; the provider assigns them"),
    Row(
        SETTINGS,
        r"/loadBalancer$",
        LB_VIEW,
        PROVIDER,
        True,
        "a part of load balancing; the Terraform provider's document lets only System administrators change them",
    ),
    Row(NAT_RULES, r"/nat/rules", NAT_VIEW, NAT_CONFIGURE, True, _CPI),
    Row(
        PROFILES,
        r"/applicationPortProfiles",
        GATEWAY_VIEW,
        NAT_CONFIGURE,
        False,
        "CPI creates and deletes them for its NAT rules, and the vendor's lists have no right of their own for them",
    ),
    # not found by a path: the marker is an application port profile
    Row(LOCK, r"$^", GATEWAY_VIEW, NAT_CONFIGURE, False, "a lock is an application port profile"),
    # not found by a path: a field of a NAT rule
    Row(
        LOGGING,
        r"$^",
        NAT_VIEW,
        SYSTEM_LOGGING,
        True,
        "the description of the API: without the right, the value is ignored",
    ),
    Row(FIREWALL, r"/firewall/rules", FIREWALL_VIEW, FIREWALL_CONFIGURE, False, "its name"),
    Row(MEMBER_GROUPS, r"/firewallGroups", FIREWALL_VIEW, FIREWALL_CONFIGURE, False, "a part of the firewall"),
    Row(
        CERTIFICATES,
        r"/certificateLibrary",
        CERTIFICATE_VIEW,
        CERTIFICATE_MANAGE,
        True,
        "documents of the Terraform provider: implied by the view of the load balancer; the vendor's list of rights",
    ),
    Row(NETWORKS, r"/orgVdcNetworks", NETWORK_VIEW, NOT_WRITTEN, False, _CLUSTER_AUTHOR),
    Row(VDC_GROUPS, r"/vdcGroups", VDC_GROUP_VIEW, NOT_WRITTEN, False, "its name"),
    Row(
        ALLOCATIONS,
        r"/ipSpaces",
        IP_SPACE_VIEW,
        IP_SPACE_ALLOCATE,
        True,
        f"{_CPI}, and the names in the guide of the Terraform provider for CPI 1.6",
    ),
    Row(ENTITIES, r"/entities", ENTITY_VIEW, NOT_WRITTEN, False, _CLUSTER_AUTHOR),
    Row(VAPPS, r"/api/(vApp/|query)", VM_VIEW, NOT_WRITTEN, False, f"{_CPI}, which reads the machines of its vApp"),
    Row(
        TAGS,
        r"/securityTags",
        VM_VIEW,
        TAG_EDIT,
        False,
        "the API's description: who may view a machine sees its tags; the name of a right in the vendor's list",
    ),
    Row(GATEWAYS, r"/edgeGateways", GATEWAY_VIEW, NOT_WRITTEN, True, _CPI),
    Row(
        ROLES, r"/roles|/rights", ROLE_VIEW, NOT_WRITTEN, False, "its name: the rights of a role are an administrator's"
    ),
)
_BY_THINGS = {row.things: row for row in TABLE}


def right_for(operation: Operation) -> str:
    """The right that an operation needs. Raises KeyError for objects that are not in the table."""
    row = _BY_THINGS[operation.things]
    return row.view if operation.act == READ else row.configure


def right_for_call(method: str, path: str) -> str:
    """The right that a request needs, by method and path; empty if it is not in the table."""
    for row in TABLE:
        if re.search(row.path, path):
            return row.view if method == "GET" else row.configure
    return ""


@dataclass(frozen=True)
class Granted:
    """What is known about the rights of a session's user.

    ``rights`` is None if they could not be read, for the reason ``why``. ``all_rights``: a System administrator, whose
    role has every right.
    """

    user: str
    org: str
    role: str
    rights: frozenset[str] | None
    why: str = ""
    all_rights: bool = False


@dataclass(frozen=True)
class Missing:
    """A right that the user lacks. ``text`` says which planned operations need it, ``remedy`` who can grant it.

    ``stated``: a publication says that a planned operation needs it. Otherwise that is inferred, which is enough for a
    warning, but not to refuse a run that this Cloud Director may accept.
    """

    right: str
    text: str
    remedy: str
    stated: bool


def missing(granted: Granted, planned: Iterable[Operation]) -> list[Missing]:
    """The rights that planned operations need but the user lacks, in the order of the plan.

    Rights for anything else do not count. Empty if the user's rights are not known: see `unknown_warning`.
    """
    if granted.rights is None or granted.all_rights:
        return []
    held = {right.casefold() for right in granted.rights}  # the vendor's lists write "vDC" and "VDC"
    return [
        _missing(granted, right, operations)
        for right, operations in _by_right(planned).items()
        if right.casefold() not in held
    ]


def _missing(granted: Granted, right: str, operations: list[Operation]) -> Missing:
    stated = any(_BY_THINGS[one.things].stated for one in operations)
    needed = "needed" if stated else "which is probably needed"
    text = f"{_who(granted)} lacks the right {right!r}, {needed} to {in_words(operations)}"
    return Missing(right, text, _remedy(granted, right), stated)


def unknown_warning(granted: Granted, planned: Iterable[Operation]) -> str:
    """A warning with the needed rights if the user's rights are not known; empty if they are, or nothing is planned."""
    needed = " and ".join(repr(right) for right in _by_right(planned))
    if granted.rights is not None or granted.all_rights or not needed:
        return ""
    return (
        f"the rights of {_who(granted)} could not be checked before the first write ({granted.why}): look in the "
        f"portal whether the role has {needed}; a role that also has {ROLE_VIEW!r} can be checked"
    )


def in_words(operations: Iterable[Operation]) -> str:
    """What a plan does, without repetition: "create and delete pools, and update virtual services"."""
    acts: dict[str, list[str]] = {}
    for act, things in dict.fromkeys(operations):
        acts.setdefault(things, []).append(act)
    *first, last = (f"{_joined(done)} {things}" for things, done in acts.items())
    return f"{', '.join(first)}, and {last}" if first else last


def _joined(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _by_right(planned: Iterable[Operation]) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in planned:
        found.setdefault(right_for(operation), []).append(operation)
    return found


def _who(granted: Granted) -> str:
    return f"user {granted.user!r} (role {granted.role!r})"


def _remedy(granted: Granted, right: str) -> str:
    if right == PROVIDER:
        return "only the provider can do that: ask it"
    return (
        f"an administrator of organization {granted.org!r} adds it to the role; if the role editor does not show it, "
        "the provider publishes it to the organization in a rights bundle (docs/rights-vcd.md)"
    )


class UsedOperation(NamedTuple):
    """What a module or a stage of the role does, and ``when`` (empty: always)."""

    operation: Operation
    when: str = ""


def _reads(*things: str, when: str = "") -> tuple[UsedOperation, ...]:
    return tuple(UsedOperation(Operation(READ, one), when) for one in things)


def _writes(*things: str, when: str = "") -> tuple[UsedOperation, ...]:
    return tuple(UsedOperation(Operation(act, one), when) for one in things for act in (CREATE, UPDATE, DELETE))


_IP_SPACES = "the edge gateway uses IP Spaces"
_HTTP = "an HTTP virtual service is created again"
_BALANCING = (VIRTUAL_SERVICES, POOLS, NAT_RULES, PROFILES)
_GROUPS = (
    *_reads(GATEWAYS, MEMBER_GROUPS),
    *_reads(FIREWALL, POOLS, when="state: absent, to name those that use it; without it, they are not named"),
    *_writes(MEMBER_GROUPS),
)
_SERVICES = (*_reads(GATEWAYS, *_BALANCING), *_reads(ALLOCATIONS, when=_IP_SPACES))
_POLICIES = (*_reads(POLICIES, when=_HTTP), *_writes(POLICIES, when=_HTTP))
_PLAN = (
    *_reads(GATEWAYS, SETTINGS, GROUPS, NETWORKS, *_BALANCING),
    *_reads(VDC_GROUPS, when="the network belongs to a VDC group"),
    *_reads(ALLOCATIONS, when=_IP_SPACES),
    *_reads(
        FIREWALL, MEMBER_GROUPS, when="Services are to move; without it, a note says that the firewall was not checked"
    ),
    *_reads(ENTITIES, when="orphans are to be removed; without it, those that only the entity proves stay"),
)
_MANAGED = _writes(FIREWALL, MEMBER_GROUPS, when="shared_ip_firewall: manage")
_MOVE = (*_writes(*_BALANCING, LOCK), *_POLICIES, *_writes(ALLOCATIONS, when=_IP_SPACES))
_CLIENT_IP = "preserve_client_ip: true, also when it ends"
_RULES = "the options redirect_to_https and http_policy"
_AUDITED = "always; what the user may not view is reported as not checked"
_AUDIT = (
    *_reads(GATEWAYS),
    *_reads(SETTINGS, GROUPS, NETWORKS, *_BALANCING, FIREWALL, MEMBER_GROUPS, when=_AUDITED),
    *_reads(VDC_GROUPS, when="the network belongs to a VDC group"),
    *_reads(ALLOCATIONS, when=_IP_SPACES),
    *_reads(
        CERTIFICATES, when="a virtual service has a certificate; without it, its expiry is reported as not checked"
    ),
)
_CLIENTS = "to see who else takes the traffic; without it, a warning says what was not compared"

# What each module and each stage of the role does in Cloud Director. The others do nothing there.
USES: dict[str, tuple[UsedOperation, ...]] = {
    "vcd_edge_gateway_info": (
        *_reads(GATEWAYS),
        *_reads(NETWORKS, when="the option network, or gather: networks"),
        *_reads(VDC_GROUPS, when="the option network, and it belongs to a VDC group"),
        *_reads(SETTINGS, when="gather: load_balancer"),
        *_reads(GROUPS, when="gather: service_engine_groups"),
        *_reads(VIRTUAL_SERVICES, when="gather: virtual_services"),
        *_reads(POOLS, when="gather: pools or unhealthy_pools"),
        *_reads(NAT_RULES, when="gather: nat_rules"),
        *_reads(PROFILES, when="gather: application_port_profiles"),
        *_reads(FIREWALL, MEMBER_GROUPS, when="gather: firewall_rules; without it, they are null"),
    ),
    "vcd_virtual_service_info": _reads(GATEWAYS, VIRTUAL_SERVICES),
    "vcd_pool_info": _reads(GATEWAYS, POOLS),
    "vcd_nat_rule_info": _reads(GATEWAYS, NAT_RULES),
    "vcd_network_info": _reads(NETWORKS),
    "vcd_task_info": _reads(
        GATEWAYS, VIRTUAL_SERVICES, POOLS, when="the options edge_gateway and vdc; tasks themselves need no right"
    ),
    "vcd_vdc_group_info": _reads(VDC_GROUPS),
    "vcd_app_port_profile_info": _reads(GATEWAYS, PROFILES),
    "vcd_shared_ip_info": (
        *_SERVICES,
        *_reads(POLICIES, when=f"with a restore point, or {_RULES}"),
        *_reads(MEMBER_GROUPS, when="name_template; without it, no IP sets of the services are looked for"),
    ),
    "vcd_shared_ip_audit_info": _AUDIT,
    "vcd_virtual_service": (
        *_reads(GATEWAYS, VIRTUAL_SERVICES, POOLS, GROUPS),
        *_reads(NAT_RULES, PROFILES, when=_CLIENTS),
        *_reads(CERTIFICATES, when="the option certificate"),
        *_reads(ALLOCATIONS, when=_IP_SPACES),
        *_reads(NETWORKS, when="a VIP that the uplinks do not have"),
        *_reads(SETTINGS, when="recreate: true"),
        *_writes(VIRTUAL_SERVICES),
        *_POLICIES,
    ),
    "vcd_http_policy": (*_reads(GATEWAYS, VIRTUAL_SERVICES, POLICIES), UsedOperation(Operation(UPDATE, POLICIES))),
    "vcd_http_policy_info": _reads(GATEWAYS, VIRTUAL_SERVICES, POLICIES),
    "vcd_pool": (
        *_reads(GATEWAYS, POOLS),
        *_reads(MEMBER_GROUPS, when="the option member_group"),
        *_reads(CERTIFICATES, when="the option ca_certificates"),
        *_reads(VAPPS, NETWORKS, when="the option members.vm"),
        *_reads(SETTINGS, when="a pool is created"),
        *_writes(POOLS),
    ),
    "vcd_nat_rule": (
        *_reads(GATEWAYS, NAT_RULES),
        *_reads(PROFILES, when="the option application_port_profile"),
        *_reads(VIRTUAL_SERVICES, when=_CLIENTS),
        *_reads(ALLOCATIONS, when=_IP_SPACES),
        *_reads(NETWORKS, when="the option applied_to, or addresses that the uplinks do not have"),
        *_writes(NAT_RULES),
        UsedOperation(
            Operation(UPDATE, LOGGING), "the option logging; without it, a warning says that VCD ignores the option"
        ),
    ),
    "vcd_firewall_rule": (
        *_reads(GATEWAYS, FIREWALL),
        *_reads(MEMBER_GROUPS, when="the options sources and destinations"),
        *_reads(PROFILES, when="the option app_port_profiles"),
        *_writes(FIREWALL),
        UsedOperation(
            Operation(UPDATE, LOGGING), "the option logging; without it, a warning says that VCD ignores the option"
        ),
    ),
    "vcd_edge_load_balancer": (
        *_reads(GATEWAYS, SETTINGS),
        *_reads(VIRTUAL_SERVICES, POOLS, when="enabled: false or transparent_mode: false, to name those that need it"),
        UsedOperation(Operation(UPDATE, SETTINGS)),
    ),
    "vcd_edge_load_balancer_info": _reads(GATEWAYS, SETTINGS),
    "vcd_firewall_rule_info": _reads(GATEWAYS, FIREWALL),
    "vcd_ip_allocation": (*_reads(ALLOCATIONS), *_writes(ALLOCATIONS)),
    "vcd_ip_allocation_info": _reads(ALLOCATIONS),
    "vcd_ip_set": _GROUPS,
    "vcd_ip_set_info": _reads(GATEWAYS, MEMBER_GROUPS),
    "vcd_dynamic_security_group": _GROUPS,
    "vcd_dynamic_security_group_info": _reads(GATEWAYS, MEMBER_GROUPS),
    "vcd_service_engine_group_assignment": (
        *_reads(GATEWAYS, GROUPS),
        *_reads(VIRTUAL_SERVICES, when="state: absent, to name those that are on it"),
        *_reads(SETTINGS, when="a group is assigned"),
        *_writes(GROUPS),
    ),
    "vcd_service_engine_group_assignment_info": _reads(GATEWAYS, GROUPS),
    "vcd_vapp_metadata_info": _reads(VAPPS),
    "vcd_certificate": (
        *_reads(CERTIFICATES),
        *_writes(CERTIFICATES),
        *_reads(VIRTUAL_SERVICES, POOLS, when="rotate: true, and one uses the certificate"),
        *(
            UsedOperation(Operation(UPDATE, things), "rotate: true, and one uses the certificate")
            for things in (VIRTUAL_SERVICES, POOLS)
        ),
    ),
    "vcd_certificate_info": _reads(CERTIFICATES),
    "vcd_security_tag": (*_reads(VAPPS, TAGS), UsedOperation(Operation(UPDATE, TAGS))),
    "vcd_security_tag_info": _reads(TAGS),
    "vcd_app_port_profile": (*_reads(GATEWAYS, PROFILES), *_writes(PROFILES)),
    "vcd_shared_ip": (
        *_SERVICES,
        *_reads(GROUPS),
        *_reads(SETTINGS, when="a pool or virtual service is created, a WAF, or preserve_client_ip: true"),
        *_reads(NETWORKS, when="addresses that the uplinks do not have, a WAF, or preserve_client_ip: true"),
        *_reads(CERTIFICATES, when="a certificate for TLS"),
        *_reads(MEMBER_GROUPS, when="name_template; without it, no IP sets of the services are looked for"),
        *_reads(FIREWALL, when="an IP set is to be deleted, to see what else uses it"),
        *_MOVE,
        *_writes(MEMBER_GROUPS, when=_CLIENT_IP),
        *_reads(POLICIES, when=_RULES),
        UsedOperation(Operation(UPDATE, POLICIES), _RULES),
    ),
    "role shared_ip: preflight, plan, change of CPI's file alone, verify": _PLAN,
    "role shared_ip: migration, repair, removal of orphans": (*_PLAN, *_MOVE, *_MANAGED),
    "playbook restore": (
        *_PLAN,
        *_MOVE,
        *_writes(FIREWALL, MEMBER_GROUPS, when="the change was made with shared_ip_firewall: manage"),
    ),
    "playbook backup": _PLAN,
    "hook save_vapp of the role shared_ip": _reads(VAPPS),
    "playbook audit": _AUDIT,
    "lookup vcd_free_ip": (
        *_reads(GATEWAYS),
        *_reads(VIRTUAL_SERVICES, NAT_RULES, when="the option internal"),
        *_reads(ALLOCATIONS, when=_IP_SPACES),
    ),
    "inventory vcd_clusters": (
        *_reads(GATEWAYS, VIRTUAL_SERVICES, POOLS, NAT_RULES, NETWORKS),
        *_reads(ENTITIES, when="clusters of CAPVCD; without it, they are known by the names of CPI's objects"),
    ),
}


# The role in docs/rights-vcd.md, with the purpose of each right that not every operator needs. The right to view
# defined entities is left out: a Cloud Director without CAPVCD does not have it.
ROLE: dict[str, str] = {
    GATEWAY_VIEW: "",
    LB_VIEW: "",
    LB_CONFIGURE: "",
    NAT_VIEW: "",
    NAT_CONFIGURE: "",
    NETWORK_VIEW: "",
    CERTIFICATE_VIEW: "TLS; implied by the view of the load balancer",
    CERTIFICATE_MANAGE: "vcd_certificate",
    IP_SPACE_VIEW: "edge gateways that use IP Spaces",
    IP_SPACE_ALLOCATE: "edge gateways that use IP Spaces",
    VDC_GROUP_VIEW: "networks of VDC groups",
    FIREWALL_VIEW: "the check of the firewall before a migration",
    FIREWALL_CONFIGURE: "vcd_firewall_rule, vcd_ip_set and vcd_dynamic_security_group",
    SYSTEM_LOGGING: "the option logging of vcd_nat_rule and vcd_firewall_rule",
    VM_VIEW: "vcd_vapp_metadata_info, vcd_security_tag, the hook save_vapp, and vm in vcd_pool",
    TAG_EDIT: "vcd_security_tag",
    ROLE_VIEW: "the check of these rights before the first write",
}
