# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses request paths and queries: resource, object and verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kube_double import errors
from kube_double.resources import BY_PATH, GROUPS, Resource


@dataclass(frozen=True)
class Target:
    """The target of a URL. Without ``name`` it is the collection."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse(path: str) -> Target:
    """The target of a resource path. Raises 501 for unsupported targets, 404 for paths that do not exist."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) > 3 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise errors.not_implemented(f"the path {path}")
    if version not in GROUPS.get(group, []):
        raise errors.not_implemented(f"the API {group or 'core'}/{version}")
    return _target(path, group, version, rest)


def _target(path: str, group: str, version: str, rest: list[str]) -> Target:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group, rest[2]) != ("", "status") and rest[2] != "finalize":
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    if plural == "watch" or len(rest) > 3:
        raise errors.not_implemented(f"the path {path}")
    resource = BY_PATH.get((group, version, plural))
    if resource is None:
        raise errors.not_implemented(f"the resource {errors.qualified(group, plural)}")
    if resource.namespaced is (not namespace) and (name or namespace):
        raise errors.ApiError(404, "NotFound", "the server could not find the requested resource", {})
    if subresource and subresource not in resource.subresources:
        raise errors.not_implemented(f"the subresource {resource.plural}/{subresource}")
    return Target(resource, namespace, name, subresource)


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean query parameter. Without a value it is true, as in Go."""
    return query.get(name, "false").lower() in ("", "1", "t", "true")


def verb(method: str, target: Target, query: Mapping[str, str]) -> str:
    """The RBAC verb of a request."""
    if method == "GET":
        if flag(query, "watch"):
            return "watch"
        return "get" if target.name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    if method not in verbs:
        raise errors.method_not_allowed()
    return "deletecollection" if method == "DELETE" and not target.name else verbs[method]
