# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: version, API groups, resources, and the parts of OpenAPI that kubectl reads."""

from __future__ import annotations

from kube_double.errors import Json
from kube_double.resources import GROUPS, RESOURCES, Resource, in_group

VERSION: Json = {
    "major": "1", "minor": "32", "gitVersion": "v1.32.4", "gitCommit": "", "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "kube_double", "platform": "linux/amd64",
}  # fmt: skip
HEALTH_PATHS = ("/healthz", "/livez", "/readyz")


def document(path: str) -> Json | None:
    """The document at a discovery path, or None for any other path."""
    parts = [part for part in path.split("/") if part]
    if parts in (["version"],):
        return VERSION
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["apis"]:
        groups = [_group(name) for name in GROUPS if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if len(parts) == 2 and parts[0] == "apis" and parts[1] in GROUPS:
        return {"apiVersion": "v1"} | _group(parts[1], kind=True)
    if parts == ["api", "v1"]:
        return _resource_list("", "v1")
    if len(parts) == 3 and parts[0] == "apis" and parts[2] in GROUPS.get(parts[1], []):
        return _resource_list(parts[1], parts[2])
    return _openapi(path.strip("/"))


def _group(name: str, kind: bool = False) -> Json:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in GROUPS[name]]
    found: Json = {"name": name, "versions": versions, "preferredVersion": versions[0]}
    return {"kind": "APIGroup"} | found if kind else found


def _resource_list(group: str, version: str) -> Json:
    entries: list[Json] = []
    for resource in in_group(group, version):
        entry = _entry(resource)
        entries.append(entry | _optional(resource))
        entries += [_subresource(entry, resource, name) for name in resource.subresources]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": entries,
    }


def _entry(resource: Resource) -> Json:
    return {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }


def _optional(resource: Resource) -> Json:
    found: Json = {}
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    return found


def _subresource(entry: Json, resource: Resource, name: str) -> Json:
    verbs = ["update"] if name == "finalize" else ["get", "patch", "update"]
    found = entry | {"name": f"{resource.plural}/{name}", "singularName": "", "verbs": verbs}
    return found | ({"group": "autoscaling", "version": "v1", "kind": "Scale"} if name == "scale" else {})


# -- OpenAPI: enough for kubectl to learn that the server validates fields; the schemas themselves are not served ------


def _openapi(path: str) -> Json | None:
    bases = {resource.base.strip("/"): resource for resource in RESOURCES}
    if path == "openapi/v3":
        return {"paths": {base: {"serverRelativeURL": f"/openapi/v3/{base}?hash=0"} for base in bases}}
    base = path.removeprefix("openapi/v3/")
    if base not in bases:
        return None
    found = bases[base]
    paths = {}
    for resource in in_group(found.group, found.version):
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        paths[f"{resource.base}{scope}/{resource.plural}/{{name}}"] = {"patch": _operation(resource)}
    return {"openapi": "3.0.0", "info": {"title": "kube_double", "version": "v1.32.4"}, "paths": paths}


def _operation(resource: Resource) -> Json:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    return {
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-group-version-kind": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
        },
    }  # fmt: skip
