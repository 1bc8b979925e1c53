# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""CAPVCD clusters as Cloud Director's defined entities: what the collection reads from them. Pure.

Only the fields below are taken. An entity also holds the cluster's manifests and, for an administrator, its kubeconfig:
neither may reach a variable or a message. Sources: ``schema/schema_1_*.json`` and ``pkg/vcdtypes`` of CAPVCD. Versions
1.0.0 to 1.3.0 of its type are in use at the same time, and an entity keeps the version it was created with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

NSS = "capvcdCluster"
_TYPE = re.compile(rf"urn:vcloud:type:vmware:{NSS}:[0-9]+(\.[0-9]+)*")
_PROPERTIES = ("status", "capvcd", "vcdProperties")
# Where each version of the type holds a value; the first place with a value counts.
_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "org": (
        (*_PROPERTIES, "organizations"),
        (*_PROPERTIES, "vcdOrg"),
        (*_PROPERTIES, "orgName"),
        ("status", "cloudProperties", "orgName"),
        ("metadata", "orgName"),
    ),
    "vdc": (
        (*_PROPERTIES, "orgVdcs"),
        (*_PROPERTIES, "orgVdc"),
        (*_PROPERTIES, "virtualDataCenterName"),
        ("status", "cloudProperties", "virtualDataCenterName"),
        ("metadata", "orgVdc"),
        ("metadata", "virtualDataCenterName"),
    ),
    "network": (
        (*_PROPERTIES, "orgVdcs", "ovdcNetworkName"),
        (*_PROPERTIES, "ovdcNetworkName"),
        ("status", "cloudProperties", "ovdcNetworkName"),
        ("spec", "settings", "ovdcNetwork"),
    ),
    "cpi_version": (("status", "cpi", "version"),),
    "capvcd_version": (("status", "capvcd", "capvcdVersion"), ("status", "capvcdVersion")),
    "kubernetes_version": (
        ("status", "capvcd", "upgrade", "current", "kubernetesVersion"),
        ("status", "capvcd", "kubernetes"),
        ("status", "kubernetes"),
    ),
    "phase": (("status", "capvcd", "phase"), ("status", "phase")),
}
_ENDPOINTS = (
    ("status", "capvcd", "clusterApiStatus", "apiEndpoints"),
    ("status", "clusterApiStatus", "apiEndpoints"),
)
_STATES = {
    "RESOLUTION_ERROR": "Cloud Director could not resolve its defined entity (RESOLUTION_ERROR)",
    "PRE_CREATED": "its defined entity is not resolved (PRE_CREATED)",
    "IN_DELETION": "its defined entity is being deleted (IN_DELETION)",
}


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster: texts, empty where the entity has no value; ``problem`` says what is wrong with the entity."""
    entity = body.get("entity")
    found = {name: _first(entity, places) for name, places in _PLACES.items()}
    # Cloud Director itself knows best which organization owns the entity
    found["org"] = _text(_at(body, ("org", "name"))) or found["org"]
    return {
        "id": _text(body.get("id")),
        "name": _text(body.get("name")) or _text(_at(entity, ("metadata", "name"))),
        **found,
        "api_endpoint": _endpoint(entity),
        "problem": _problem(body),
    }


def _problem(body: Mapping[str, Any]) -> str:
    state = _text(body.get("entityState")) or _text(body.get("state"))
    if state in _STATES:
        return _STATES[state]
    kind, entity = _text(body.get("entityType")), body.get("entity")
    if not _TYPE.fullmatch(kind):
        return f"its defined entity is of the type {kind!r}, and CPI expects urn:vcloud:type:vmware:{NSS}:VERSION"
    if not isinstance(entity, Mapping):
        return "its defined entity is empty"
    return "" if isinstance(entity.get("status"), Mapping) else "its defined entity has no status"


def _first(entity: Any, places: Iterable[tuple[str, ...]]) -> str:
    return next((text for text in (_text(_at(entity, place)) for place in places) if text), "")


def _at(value: Any, place: Iterable[str]) -> Any:
    """The value at a place. A list stands for its first element, and an object at the end for its name."""
    for key in place:
        value = _only(value)
        value = value.get(key) if isinstance(value, Mapping) else None
    value = _only(value)
    return value.get("name") if isinstance(value, Mapping) else value


def _only(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _endpoint(entity: Any) -> str:
    """HOST:PORT of the Kubernetes API."""
    for place in _ENDPOINTS:
        host, port = _text(_at(entity, (*place, "host"))), _at(entity, (*place, "port"))
        if host and isinstance(port, int) and not isinstance(port, bool):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ""
