# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of an estate file, as JSON Schema. The table of REFERENCE.md is made from it."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def _object(required: str, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


USER = _object("name password", name=_TEXT, password=_TEXT, role=_TEXT, rights=_TEXTS, api_tokens=_TEXTS)
CERTIFICATE = _object("alias", alias=_TEXT, description=_TEXT, certificate=_TEXT)
SUBNET = _object(
    "gateway prefix_length",
    gateway=_TEXT,
    prefix_length={"type": "integer", "minimum": 1, "maximum": 128},
    primary_ip=_TEXT,
    ip_ranges=_TEXTS,
    network_ip_ranges=_TEXTS,  # the ranges of the external network, if it has more than the edge gateway
)
UPLINK = _object("name", name=_TEXT, using_ip_space=_FLAG, dedicated=_FLAG, backing_type=_TEXT, subnets=_list(SUBNET))
VIRTUAL_SERVICE = _object(
    "name vip port member_port members service_engine_group",
    name=_TEXT,
    description=_TEXT,
    pool=_TEXT,
    vip=_TEXT,
    port=_NUMBER,
    member_port=_NUMBER,
    members=_TEXTS,
    service_engine_group=_TEXT,
    application_profile={"enum": ["L4", "HTTP"]},
)
NAT_RULE = _object(
    "name external_addresses internal_addresses",
    name=_TEXT,
    description=_TEXT,
    type={"enum": ["DNAT", "SNAT"]},
    external_addresses=_TEXT,
    internal_addresses=_TEXT,
    dnat_external_port=_TEXT,
)
EDGE_GATEWAY = _object(
    "name uplinks",
    id=_TEXT,
    name=_TEXT,
    description=_TEXT,
    status=_TEXT,
    uplinks={**_list(UPLINK), "minItems": 1},
    backing_type={"enum": ["NSXT_BACKED", "NSXV_BACKED", "NSXT_IMPORTED"]},
    load_balancer=_object(
        "enabled",
        enabled=_FLAG,
        service_network=_TEXT,
        ipv6_service_network=_TEXT,
        feature_set={"enum": ["STANDARD", "PREMIUM"]},
        transparent_mode=_FLAG,
    ),
    service_engine_groups=_list(
        _object("name", name=_TEXT, max_virtual_services=_NUMBER, min_virtual_services=_NUMBER)
    ),
    ip_sets=_list(_object("name ip_addresses", name=_TEXT, description=_TEXT, ip_addresses=_TEXTS)),
    virtual_services=_list(VIRTUAL_SERVICE),
    nat_rules=_list(NAT_RULE),
)
NETWORK = _object(
    "name gateway",
    id=_TEXT,
    name=_TEXT,
    description=_TEXT,
    gateway=_TEXT,
    edge_gateway=_TEXT,
    ip_ranges=_TEXTS,
    backing_type=_TEXT,
)
VM = _object(
    "name",
    id=_TEXT,
    name=_TEXT,
    status={"enum": ["POWERED_ON", "POWERED_OFF", "SUSPENDED"]},
    networks=_list(_object("network", network=_TEXT, ip=_TEXT)),
)
PROFILE = _object(
    "name ports",
    name=_TEXT,
    description=_TEXT,
    ports=_list(
        _object("protocol ports", protocol={"enum": ["TCP", "UDP", "ICMPv4", "ICMPv6"]}, ports={"type": "array"})
    ),
)
METADATA = _object(
    "key value",
    key=_TEXT,
    value=_TEXT,
    type={"enum": ["string", "number", "boolean", "date_time"]},
    domain={"enum": ["GENERAL", "SYSTEM"]},
    visibility={"enum": ["READWRITE", "READONLY", "PRIVATE"]},
)
VDC = _object(
    "name",
    id=_TEXT,
    name=_TEXT,
    description=_TEXT,
    allocation_type={"enum": ["ALLOCATION_VAPP", "ALLOCATION_POOL", "RESERVATION_POOL", "FLEX"]},
    edge_gateways=_list(EDGE_GATEWAY),
    networks=_list(NETWORK),
    vapps=_list(_object("name", id=_TEXT, name=_TEXT, vms=_list(VM), metadata=_list(METADATA))),
    application_port_profiles=_list(PROFILE),
)
VDC_GROUP = _object(
    "name vdcs",
    id=_TEXT,
    name=_TEXT,
    description=_TEXT,
    vdcs={**_TEXTS, "minItems": 1},
    edge_gateways=_list(EDGE_GATEWAY),
    networks=_list(NETWORK),
    distributed_firewall=_FLAG,
)
ORGANISATION = _object(
    "name",
    id=_TEXT,
    name=_TEXT,
    full_name=_TEXT,
    description=_TEXT,
    users=_list(USER),
    vdcs=_list(VDC),
    vdc_groups=_list(VDC_GROUP),
    certificates=_list(CERTIFICATE),
    ip_allocations=_list(_object("ip_space value", ip_space=_TEXT, value=_TEXT, description=_TEXT)),
    entities=_list(
        _object(
            "name type",
            id=_TEXT,
            name=_TEXT,
            type={"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3},
            entity={"type": "object"},
            state={"enum": ["PRE_CREATED", "RESOLVED", "RESOLUTION_ERROR", "IN_DELETION"]},
            owner=_TEXT,
        )
    ),
)
ESTATE = _object(
    "organisations",
    system=_object("users", users=_list(USER), certificates=_list(CERTIFICATE), network_context_profiles=_TEXTS),
    organisations={**_list(ORGANISATION), "minItems": 1},
    service_engine_groups=_list(
        _object(
            "name",
            name=_TEXT,
            description=_TEXT,
            reservation_type={"enum": ["SHARED", "DEDICATED"]},
            ha_mode={"enum": ["ELASTIC_N_PLUS_M_BUFFER", "ELASTIC_ACTIVE_ACTIVE", "LEGACY_ACTIVE_STANDBY"]},
            feature_set={"enum": ["STANDARD", "PREMIUM"]},
            max_virtual_services=_NUMBER,
        )
    ),
    ip_spaces=_list(
        _object(
            "name internal_scope ranges",
            name=_TEXT,
            description=_TEXT,
            type={"enum": ["PUBLIC", "SHARED_SERVICES"]},
            organisation=_TEXT,
            internal_scope=_TEXTS,
            external_scope=_TEXT,
            ranges=_TEXTS,
            floating_ip_quota={"type": "integer", "minimum": -1},
            uplinks=_TEXTS,
        )
    ),
    system_profiles=_list(PROFILE),
    repeat_edge_gateways=_object(
        "vdc count prefix network service_engine_group",
        vdc=_TEXT,
        count={"type": "integer", "minimum": 1, "maximum": 2000},
        prefix=_TEXT,
        network=_TEXT,
        service_engine_group=_TEXT,
        virtual_services={"type": "integer", "minimum": 0, "maximum": 10000},
    ),
)
