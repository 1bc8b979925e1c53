# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and watches: selection, pages, and the stream of changes since a version."""

from __future__ import annotations

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kube_double import errors
from kube_double.copies import copied
from kube_double.errors import ApiError, Json
from kube_double.paths import Target, flag
from kube_double.selectors import fields_match, labels_match
from kube_double.store import Event, Store

# How many unfinished lists can be continued. Older ones expire, as they do when etcd compacts.
OPEN_LISTS = 50
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter."
)


class Selection:
    """The objects that a list or watch selects."""

    def __init__(self, target: Target, query: Mapping[str, str]) -> None:
        self._labels = labels_match(query.get("labelSelector", ""))
        self._fields = fields_match(query.get("fieldSelector", ""), target.resource.kind)
        self._target = target

    def __call__(self, item: Json) -> bool:
        meta = item["metadata"]
        target = self._target
        if target.namespace not in ("", meta.get("namespace", "")) or target.name not in ("", meta["name"]):
            return False
        return self._labels(meta.get("labels") or {}) and self._fields(item)


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    items: list[Json]
    meta: Json


class Lists:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: OrderedDict[str, tuple[str, list[Json]]] = OrderedDict()

    def page(self, target: Target, query: Mapping[str, str]) -> Page:
        limit = _number(query, "limit")
        if query.get("continue"):
            version, items = self._resume(query["continue"])
        else:
            self._check_version(query)
            select = Selection(target, query)
            version = str(self._store.version)
            stored = self._store.items(target.resource, target.namespace)
            items = [copied(item) for item in stored if select(item)]
        meta: Json = {"resourceVersion": version}
        if limit and len(items) > limit:
            meta["continue"] = self._keep(version, items[limit:])
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                meta["remainingItemCount"] = len(items) - limit
            items = items[:limit]
        return Page(items, meta)

    def _check_version(self, query: Mapping[str, str]) -> None:
        asked, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
        if match == "Exact" and asked != str(self._store.version):
            raise errors.not_implemented("lists of an exact older resourceVersion")
        check_version(self._store, asked)

    def _keep(self, version: str, items: list[Json]) -> str:
        name = self._store.suffix(12)
        self._open[name] = (version, items)
        if len(self._open) > OPEN_LISTS:
            self._open.popitem(last=False)
        return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "list": name}).encode()).decode()

    def _resume(self, token: str) -> tuple[str, list[Json]]:
        try:
            name = json.loads(base64.urlsafe_b64decode(token))["list"]
        except (binascii.Error, ValueError, KeyError, TypeError) as why:
            raise errors.bad_request(f"continue key is not valid: {why}") from why
        if name not in self._open:
            raise errors.expired(_TOO_OLD)
        return self._open[name]


def check_version(store: Store, asked: str) -> int:
    """A query's resourceVersion as a number. Refuses invalid numbers and future versions."""
    if not asked:
        return 0
    if not asked.isdigit():
        why = errors.invalid_value("resourceVersion", asked, f'strconv.ParseUint: parsing "{asked}": invalid syntax')
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [why])
    if int(asked) > store.version:
        text = f"Too large resource version: {asked}, current: {store.version}"
        raise ApiError(504, "Timeout", f"Timeout: {text}", {"retryAfterSeconds": 1})
    return int(asked)


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not text.isdigit():
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


class Watch:
    """The changes of one selection since one version. ``take`` returns the changes since its last call."""

    def __init__(self, store: Store, target: Target, query: Mapping[str, str]) -> None:
        self._store = store
        self._target = target
        self._select = Selection(target, query)
        self.timeout = _number(query, "timeoutSeconds")
        self.bookmarks = flag(query, "allowWatchBookmarks")
        asked = query.get("resourceVersion", "")
        self._initial = flag(query, "sendInitialEvents") or asked in ("", "0")
        self._announce_end = flag(query, "sendInitialEvents")
        start = check_version(store, asked)
        if not self._initial and start < store.forgotten:
            raise errors.expired(f"too old resource version: {start} ({store.forgotten})")
        self._at = store.version if self._initial else start

    def begin(self) -> Iterator[Json]:
        """The existing objects, for a watch that starts with the present."""
        if not self._initial:
            return
        for item in self._store.items(self._target.resource, self._target.namespace):
            if self._select(item):
                yield {"type": "ADDED", "object": item}
        if self._announce_end:
            yield self.bookmark({"k8s.io/initial-events-end": "true"})

    def take(self) -> Iterator[Json]:
        if self._at < self._store.forgotten:
            gone = errors.expired(f"too old resource version: {self._at} ({self._store.forgotten})")
            yield {"type": "ERROR", "object": gone.status}
            return
        for event in [found for found in self._store.history if found.version > self._at]:
            self._at = event.version
            if event.resource == self._target.resource:
                yield from self._translate(event)

    def _translate(self, event: Event) -> Iterator[Json]:
        """A change from the view of this selection: an object that no longer matches counts as deleted."""
        before = event.before is not None and self._select(event.before)
        after = event.after is not None and self._select(event.after)
        if after and event.after is not None:
            yield {"type": "MODIFIED" if before else "ADDED", "object": event.after}
        elif before and event.before is not None:
            last = event.before
            if event.after is not None:
                last = copied(last)
                last["metadata"]["resourceVersion"] = event.after["metadata"]["resourceVersion"]
            yield {"type": "DELETED", "object": last}

    def bookmark(self, annotations: Json | None = None) -> Json:
        meta: Json = {"resourceVersion": str(self._at), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        resource = self._target.resource
        return {"type": "BOOKMARK", "object": {"kind": resource.kind, "apiVersion": resource.api_version,
                                               "metadata": meta}}  # fmt: skip
