# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Clusters as hosts of an inventory: unambiguous names, groups, and variables. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ALL = "vcd_clusters"
# Characters of patterns, ranges and paths are not allowed: host names become file names, and are given to -l.
_NOT_IN_HOST = re.compile(r"[^A-Za-z0-9_.-]")
_NOT_IN_GROUP = re.compile(r"[^A-Za-z0-9_]")
_RESERVED = frozenset({"all", "ungrouped", "localhost", ALL})
_GROUPS = ("org", "vdc", "edge_gateway", "cpi", "scenario")
_LONGEST = 200  # characters of a name: every file system allows a file with this name


@dataclass(frozen=True)
class ClusterHost:
    """One cluster. What is not known is empty text: null is an error for ``keyed_groups`` before ansible-core 2.19."""

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, Any]


def hosts_of(clusters: Iterable[Mapping[str, Any]], url: str, org: str) -> list[ClusterHost]:
    """The hosts, in the order of the clusters, which are sorted by id. ``url`` and ``org`` are those of the login.

    Names are stable: they depend only on the existing clusters.
    """
    found = list(clusters)
    names = _unique([_host_name(one) for one in found], [str(one["id"]) for one in found])
    keys = [_group_keys(one, found) for one in found]
    groups = _group_names({key for one in keys for key in one})
    return [
        ClusterHost(name, (ALL, *(groups[key] for key in own)), _variables(one, found, url, org))
        for one, name, own in zip(found, names, keys, strict=True)
    ]


def _host_name(cluster: Mapping[str, Any]) -> str:
    text = str(cluster["name"] or cluster["id"])
    name = _NOT_IN_HOST.sub("_", text)[:_LONGEST].lstrip("-._") or _digest(str(cluster["id"]))
    reserved = name.lower() in _RESERVED or re.fullmatch(r"[0-9.]*", name) or name.lower().startswith("vcd_")
    return f"cluster_{name}" if reserved else name


def _unique(names: list[str], ids: list[str]) -> list[str]:
    """Unique names: clusters with the same name all get a digest of their id, so that they cannot be confused."""
    count = Counter(name.lower() for name in names)
    return [f"{name}-{_digest(one)}" if count[name.lower()] > 1 else name for name, one in zip(names, ids, strict=True)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _group_keys(cluster: Mapping[str, Any], clusters: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    edge = cluster["edge_gateway"]
    values = (
        cluster["org"],
        cluster["vdc"],
        _edge_text(cluster, clusters) if edge else "",
        cluster["cpi_version"],
        cluster["scenario"],
    )
    return [(kind, str(value)) for kind, value in zip(_GROUPS, values, strict=True) if value]


def _edge_text(cluster: Mapping[str, Any], clusters: Iterable[Mapping[str, Any]]) -> str:
    """The edge gateway's name, with the owner's name if several edge gateways have the same name."""
    edge = cluster["edge_gateway"]
    same = {one["edge_gateway"]["id"] for one in clusters if one["edge_gateway"] and _name(one) == edge["name"]}
    return f"{(edge['owner'] or {}).get('name') or edge['id']}_{edge['name']}" if len(same) > 1 else str(edge["name"])


def _name(cluster: Mapping[str, Any]) -> str:
    return str(cluster["edge_gateway"]["name"])


def _group_names(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A safe name for each group. Groups that would get the same name get a part of a digest, too."""
    safe = {key: f"vcd_{key[0]}_{_NOT_IN_GROUP.sub('_', key[1])}"[:_LONGEST] for key in keys}
    count = Counter(safe.values())
    return {key: f"{name}_{_digest(key[1])}" if count[name] > 1 else name for key, name in safe.items()}


def _variables(cluster: Mapping[str, Any], clusters: Iterable[Mapping[str, Any]], url: str, org: str) -> dict[str, Any]:
    edge = cluster["edge_gateway"]
    found = {
        f"vcd_cluster_{name}": cluster[name]
        for name in (
            "id", "urn", "name", "org", "vdc", "network", "cpi_version", "capvcd_version", "kubernetes_version",
            "phase", "api_endpoint", "scenario", "problem", "known_by",
        )
    }  # fmt: skip
    found |= {
        "vcd_cluster_services": list(cluster["services"]),
        "vcd_cluster_edge_gateway": edge["name"] if edge else "",
    }
    if url:
        found["shared_ip_vcd_url"] = url
    if org:
        found["shared_ip_vcd_org"] = org
    if edge:
        owner = edge["owner"] or {}
        place = (edge["name"], owner.get("name"))
        # a user of the provider sees several organizations, in which gateways and their owners may have the same names
        same = {one["edge_gateway"]["id"] for one in clusters if one["edge_gateway"] and _place(one) == place}
        found["shared_ip_edge_gateway"] = edge["name"] if len(same) == 1 else edge["id"]
        if owner.get("name") and len(same) == 1:
            found["shared_ip_vdc"] = owner["name"]
    return found


def _place(cluster: Mapping[str, Any]) -> tuple[Any, Any]:
    edge = cluster["edge_gateway"]
    return edge["name"], (edge["owner"] or {}).get("name")
