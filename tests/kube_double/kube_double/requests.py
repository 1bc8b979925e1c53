# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers requests to the cluster, independent of HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kube_double import errors, patches
from kube_double.access import Access, Attributes, User
from kube_double.cluster import Cluster
from kube_double.errors import Json
from kube_double.lists import Lists
from kube_double.managers import Manager
from kube_double.paths import Target, flag, verb
from kube_double.registry import DeleteOptions, scale_of
from kube_double.schema import read

BODY_TYPES = ["application/json", "application/yaml"]
MAX_BODY = 3 * 1024 * 1024


@dataclass
class Request:
    """A request. ``body`` is not parsed yet."""

    method: str
    target: Target
    query: Mapping[str, str]
    content_type: str
    body: bytes
    user: User
    agent: str = ""

    @property
    def applies(self) -> bool:
        """Whether it is a server-side apply."""
        return self.method == "PATCH" and self.content_type.startswith("application/apply-patch")

    @property
    def manager(self) -> Manager:
        """The field manager: the given one, else the client's name."""
        name = self.query.get("fieldManager") or self.agent.partition("/")[0]
        found = Manager(name, self.target.subresource, self.applies)
        found.check()
        return found


@dataclass
class Answer:
    """An answer. A list sets ``items``; the caller chooses its form (list or table)."""

    code: int
    body: Json
    warnings: list[str] = field(default_factory=list)
    items: list[Json] | None = None


def parse_body(content_type: str, body: bytes) -> Any:
    """A body as JSON or YAML. An empty body is None."""
    if not body.strip():
        return None
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind in ("application/yaml", "application/yml"):
            return yaml.safe_load(body)
        return json.loads(body)
    except (ValueError, yaml.YAMLError) as why:
        raise errors.bad_request(f"the object provided is unrecognized (must be of type {kind}): {why}") from why


class Requests:
    """Answers everything except watches."""

    def __init__(self, cluster: Cluster, access: Access) -> None:
        self._cluster = cluster
        self._registry = cluster.registry
        self._access = access
        self._lists = Lists(cluster.store)

    def answer(self, request: Request) -> Answer:
        target, asked = request.target, verb(request.method, request.target, request.query)
        self.authorize(request.user, asked, target, request.query)
        self._check(request, asked)
        handlers = {
            "get": self._get, "list": self._list, "create": self._create, "update": self._update,
            "patch": self._patch, "delete": self._delete, "deletecollection": self._delete_collection,
        }  # fmt: skip
        return handlers[asked](request)

    def authorize(self, user: User, asked: str, target: Target, query: Mapping[str, str]) -> None:
        """Check the right by RBAC. A list or watch of one name counts as a request for that name."""
        name = target.name
        selector = query.get("fieldSelector", "")
        if not name and selector.startswith("metadata.name="):
            name = selector.removeprefix("metadata.name=").partition(",")[0]
        resource = target.resource
        namespace = target.name if resource.kind == "Namespace" and target.name else target.namespace
        attributes = Attributes(asked, resource.group, resource.plural, target.subresource, namespace, name)
        self._access.require(user, attributes)

    @staticmethod
    def _check(request: Request, asked: str) -> None:
        verbs = request.target.resource.verbs
        if request.target.subresource:
            verbs = ("update",) if request.target.subresource == "finalize" else ("get", "update", "patch")
        on_collection = not request.target.name
        misplaced = on_collection if asked in ("update", "patch") else asked == "create" and not on_collection
        if asked not in verbs or misplaced:
            raise errors.method_not_allowed()
        if len(request.body) > MAX_BODY:
            raise errors.too_large(MAX_BODY)

    # -- reading -------------------------------------------------------------------------------------------------

    def _get(self, request: Request) -> Answer:
        target = request.target
        found = self._registry.get(target.resource, target.namespace, target.name)
        return Answer(200, scale_of(found) if target.subresource == "scale" else found)

    def _list(self, request: Request) -> Answer:
        resource = request.target.resource
        page = self._lists.page(request.target, request.query)
        body = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": page.meta}
        return Answer(200, body | {"items": page.items}, items=page.items)

    # -- writing -------------------------------------------------------------------------------------------------

    def _create(self, request: Request) -> Answer:
        target, dry_run = request.target, _dry_run(request.query)
        item, warnings = self._decode(request)
        if not target.resource.stored:
            status = self._access.review(target.resource, request.user, item)
            head = {"kind": target.resource.kind, "apiVersion": target.resource.api_version}
            return Answer(201, head | {"metadata": {}, "spec": item.get("spec", {}), "status": status}, warnings)
        if target.resource.namespaced and not target.namespace:
            raise errors.bad_request("an empty namespace may not be set during creation")
        created = self._registry.create(target.resource, target.namespace, item, dry_run)
        return Answer(201, created, warnings)

    def _update(self, request: Request) -> Answer:
        target, dry_run = request.target, _dry_run(request.query)
        if target.subresource == "scale":
            return self._scale(request, lambda _current: self._decode_scale(request), dry_run)
        item, warnings = self._decode(request)
        given = (item.get("metadata") or {}).get("name")
        if given != target.name:
            text = f"the name of the object ({given}) does not match the name on the URL ({target.name})"
            raise errors.bad_request(text if given else "name must be provided")
        exists = self._cluster.store.peek(target.resource, target.namespace, target.name) is not None
        if not exists and target.resource.create_on_update and not target.subresource:
            return Answer(201, self._registry.create(target.resource, target.namespace, item, dry_run), warnings)
        stored = self._registry.update(
            target.resource,
            target.namespace,
            target.name,
            lambda _current: item,
            target.subresource,
            dry_run,
            request.manager,
        )
        return Answer(200, stored, warnings)

    def _patch(self, request: Request) -> Answer:
        target, kind = request.target, request.content_type.partition(";")[0].strip()
        if request.applies:
            return self._apply_scale(request)
        if kind not in patches.PATCH_TYPES:
            raise errors.unsupported_media_type(patches.PATCH_TYPES)
        patch = parse_body("application/json", request.body)
        if target.subresource == "scale":
            return self._scale(
                request, lambda now: patches.apply_patch(kind, "Scale", now, patch), _dry_run(request.query)
            )
        warnings: list[str] = []

        def change(current: Json) -> Json:
            patched = patches.apply_patch(kind, target.resource.kind, current, patch)
            item, found = self._read(request, patched)
            warnings.extend(found)
            return item

        stored = self._registry.update(
            target.resource,
            target.namespace,
            target.name,
            change,
            target.subresource,
            _dry_run(request.query),
            request.manager,
        )
        return Answer(200, stored, warnings)

    def _apply_scale(self, request: Request) -> Answer:
        """Server-side apply of a Scale, which becomes owned by the manager. No other server-side apply is modelled."""
        if request.target.subresource != "scale" or not flag(request.query, "force"):
            raise errors.not_implemented("server-side apply")
        if not request.query.get("fieldManager"):
            raise errors.bad_request("metadata.fieldManager: Required value: is required for apply patch")
        given = parse_body("application/yaml", request.body)
        if not isinstance(given, dict) or (given.get("kind"), given.get("apiVersion")) != ("Scale", "autoscaling/v1"):
            raise errors.bad_request("invalid object type: a Scale of autoscaling/v1 is expected")
        return self._scale(request, lambda now: now | {"spec": given.get("spec") or {}}, _dry_run(request.query))

    def _scale(self, request: Request, change: Any, dry_run: bool) -> Answer:
        target = request.target
        place = (target.resource, target.namespace, target.name)
        return Answer(200, self._registry.scale(*place, change, dry_run, request.manager))

    def _delete(self, request: Request) -> Answer:
        target = request.target
        options = self._delete_options(request)
        item, gone = self._registry.delete(target.resource, target.namespace, target.name, options)
        if not gone or target.resource.returns_deleted:
            return Answer(200, item)
        meta = item["metadata"]
        details = {"name": meta["name"], "group": target.resource.group, "kind": target.resource.plural}
        details["uid"] = meta["uid"]
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return Answer(200, body | {"details": {key: value for key, value in details.items() if value}})

    def _delete_collection(self, request: Request) -> Answer:
        target, options = request.target, self._delete_options(request)
        page = self._lists.page(target, request.query)
        for item in page.items:
            meta = item["metadata"]
            self._registry.delete(target.resource, meta.get("namespace", ""), meta["name"], options)
        kind, version = target.resource.kind, target.resource.api_version
        return Answer(200, {"kind": f"{kind}List", "apiVersion": version, "metadata": page.meta, "items": page.items})

    # -- bodies --------------------------------------------------------------------------------------------------

    def _object(self, request: Request, kind: str, api_version: str) -> Json:
        """The body as an object of the expected type. Raises 400 for another type."""
        if request.content_type.partition(";")[0].strip().lower() not in (*BODY_TYPES, ""):
            raise errors.unsupported_media_type(BODY_TYPES)
        found = parse_body(request.content_type, request.body)
        if not isinstance(found, dict):
            raise errors.bad_request(f'{kind} in version "{api_version}" cannot be handled as a {kind}: EOF')
        given = found.get("kind", kind), found.get("apiVersion", api_version)
        if given != (kind, api_version):
            raise errors.bad_request(
                f"the object provided is unrecognized: {given[1]}, Kind={given[0]} was sent where "
                f"{api_version}, Kind={kind} is expected"
            )
        return found

    def _decode(self, request: Request) -> tuple[Json, list[str]]:
        resource = request.target.resource
        return self._read(request, self._object(request, resource.kind, resource.api_version))

    @staticmethod
    def _read(request: Request, item: Json) -> tuple[Json, list[str]]:
        validation = request.query.get("fieldValidation") or "Warn"
        resource = request.target.resource
        return read(resource.kind, resource.api_version, item, validation)

    def _decode_scale(self, request: Request) -> Json:
        found = self._object(request, "Scale", "autoscaling/v1")
        return read("Scale", "autoscaling/v1", found, request.query.get("fieldValidation") or "Warn")[0]

    def _delete_options(self, request: Request) -> DeleteOptions:
        given = parse_body(request.content_type, request.body)
        body = read("DeleteOptions", "v1", given if isinstance(given, dict) else {}, "Ignore")[0]
        query, conditions = request.query, body.get("preconditions") or {}
        grace = query.get("gracePeriodSeconds")
        policy = query.get("propagationPolicy") or body.get("propagationPolicy", "")
        if "orphanDependents" in query or "orphanDependents" in body:
            orphan = flag(query, "orphanDependents") or body.get("orphanDependents", False)
            policy = "Orphan" if orphan else "Background"
        if policy not in ("", "Orphan", "Background", "Foreground"):
            why = errors.not_supported("propagationPolicy", policy, ["Background", "Foreground", "Orphan"])
            raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [why])
        return DeleteOptions(
            grace=int(grace) if grace else body.get("gracePeriodSeconds"),
            policy=policy,
            uid=conditions.get("uid", ""),
            version=conditions.get("resourceVersion", ""),
            dry_run=_dry_run(query) or bool(body.get("dryRun")),
        )


def _dry_run(query: Mapping[str, str]) -> bool:
    asked = query.get("dryRun", "")
    if asked not in ("", "All"):
        why = errors.not_supported("dryRun", asked, ["All"])
        raise errors.invalid("meta.k8s.io", "CreateOptions", "", [why])
    return asked == "All"
