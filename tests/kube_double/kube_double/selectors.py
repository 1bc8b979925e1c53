# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label and field selectors, of ``labelSelector=`` and ``fieldSelector=`` and of ``spec.selector``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kube_double import errors
from kube_double.errors import Json

Predicate = Callable[[Json], bool]

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s!=,()]*)$")
_KEY = re.compile(r"^(?P<absent>!?)\s*(?P<key>[^\s!=,()]+)$")

# The fields that the API server can select by, besides metadata.name and metadata.namespace, for each kind.
FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    "Event": ("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
              "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
              "reason", "reportingComponent", "source", "type"),
    "Secret": ("type",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "Service": ("spec.clusterIP", "spec.type"),
    "ReplicaSet": ("status.replicas",),
}  # fmt: skip


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text)]


def _requirement(part: str, whole: str) -> Predicate:
    if match := _SET.match(part):
        values = {value.strip() for value in match["values"].split(",")}
        inside = match["operator"] == "in"
        key = match["key"]
        return lambda labels: (labels.get(key) in values) is inside
    if match := _EQUAL.match(part):
        key, value, equal = match["key"], match["value"], match["operator"] != "!="
        return lambda labels: (labels.get(key) == value) is equal
    if match := _KEY.match(part):
        key, present = match["key"], not match["absent"]
        return lambda labels: (key in labels) is present
    raise errors.bad_request(f"unable to parse requirement: found '{part}' in labelSelector \"{whole}\"")


def labels_match(text: str) -> Predicate:
    """A predicate on a map of labels. An empty selector matches everything."""
    tests = [_requirement(part, text) for part in _split(text)] if text.strip() else []
    return lambda labels: all(test(labels) for test in tests)


def expression_matches(expression: Json, labels: Json) -> bool:
    """One ``matchExpressions`` entry of a label selector or of a node selector."""
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    found = labels.get(key)
    if operator == "In":
        return found in values
    if operator == "NotIn":
        return found not in values
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    try:
        numbers = int(found or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return numbers[0] > numbers[1] if operator == "Gt" else numbers[0] < numbers[1]


def selector_matches(selector: Json | None, labels: Json) -> bool:
    """A predicate for a ``LabelSelector`` object. An empty one matches everything, None matches nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(expression_matches(item, labels) for item in selector.get("matchExpressions") or [])


def selector_text(selector: Json | None) -> str:
    """A ``LabelSelector`` in the notation of ``labelSelector=`` (as in the status of a Scale)."""
    parts = [f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for item in (selector or {}).get("matchExpressions") or []:
        if item["operator"] in ("Exists", "DoesNotExist"):
            parts.append(item["key"] if item["operator"] == "Exists" else f"!{item['key']}")
        else:
            parts.append(f"{item['key']} {item['operator'].lower()} ({','.join(sorted(item.get('values') or []))})")
    return ",".join(parts)


def field_value(item: Json, path: str) -> str:
    """The value at a dotted path as field selectors compare it: text, empty if absent."""
    found: Any = item
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    if path == "source" and isinstance(found, dict):
        found = found.get("component")
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)


def fields_match(text: str, kind: str) -> Predicate:
    """A predicate on whole objects. Fields that the API server does not index for ``kind`` are refused."""
    tests: list[tuple[str, str, bool]] = []
    for part in _split(text) if text.strip() else []:
        match = _EQUAL.match(part)
        if not match:
            raise errors.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        path = match["key"]
        if path not in ("metadata.name", "metadata.namespace", *FIELDS.get(kind, ())):
            known = "metadata.name", "metadata.namespace"
            unknown = f'"{path}" is not a known field selector: only ' + ", ".join(f'"{one}"' for one in known)
            raise errors.bad_request(f"field label not supported: {path}" if kind in FIELDS else unknown)
        tests.append((path, match["value"], match["operator"] != "!="))
    return lambda item: all((field_value(item, path) == value) is equal for path, value, equal in tests)
