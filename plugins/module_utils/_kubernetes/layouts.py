# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The types of the fields of Kubernetes objects that the collection reads, checked where an answer enters. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import (
    FLAG,
    NUMBER,
    TEXT,
    Layout,
    Values,
    differs,
)

LABELS = Values(TEXT)
METADATA = {
    **dict.fromkeys(("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"), TEXT),
    "generation": NUMBER,
    "labels": LABELS,
    "annotations": LABELS,
    "ownerReferences": [{"apiVersion": TEXT, "kind": TEXT, "name": TEXT, "uid": TEXT}],
    "finalizers": [TEXT],
    "managedFields": [{"manager": TEXT, "operation": TEXT, "time": TEXT, "fieldsV1": {"f:spec": {}}}],
}
OBJECT: dict[str, Layout] = {"metadata": METADATA}
NAMED = {"name": TEXT}
KEY = {"name": TEXT, "key": TEXT}
_ITEMS = [{"key": TEXT, "path": TEXT}]
SOURCES = {
    "configMap": {"name": TEXT, "items": _ITEMS},
    "secret": {"name": TEXT, "secretName": TEXT, "items": _ITEMS},
}
CONTAINER = {
    "name": TEXT,
    "image": TEXT,
    "command": [TEXT],
    "args": [TEXT],
    "env": [{"name": TEXT, "value": TEXT, "valueFrom": {"configMapKeyRef": KEY, "secretKeyRef": KEY}}],
    "envFrom": [{"configMapRef": NAMED}],
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT, "subPath": TEXT}],
}
POD_SPEC = {
    "nodeName": TEXT,
    "volumes": [{"name": TEXT, **SOURCES, "projected": {"sources": [SOURCES]}}],
    **{key: [CONTAINER] for key in ("containers", "initContainers", "ephemeralContainers")},
}
SELECTOR = {"matchLabels": LABELS, "matchExpressions": [{"key": TEXT, "operator": TEXT, "values": [TEXT]}]}
_COUNTS = ("replicas", "readyReplicas", "updatedReplicas", "observedGeneration")
LAYOUTS: dict[str, dict[str, Layout]] = {
    "configmaps": {**OBJECT, "data": LABELS, "binaryData": LABELS, "immutable": FLAG},
    "secrets": {**OBJECT, "data": LABELS},
    "deployments": {
        **OBJECT,
        "spec": {"replicas": NUMBER, "paused": FLAG, "selector": SELECTOR, "template": {"spec": POD_SPEC}},
        "status": dict.fromkeys(_COUNTS, NUMBER),
    },
    "pods": {
        **OBJECT,
        "spec": POD_SPEC,
        "status": {
            "phase": TEXT,
            "startTime": TEXT,
            "conditions": [dict.fromkeys(("type", "status", "reason", "message"), TEXT)],
            "containerStatuses": [{"state": {"waiting": {"reason": TEXT}}}],
        },
    },
    "services": {
        **OBJECT,
        "spec": {
            "type": TEXT,
            "loadBalancerClass": TEXT,
            "loadBalancerIP": TEXT,
            "ports": [{"name": TEXT, "port!": NUMBER, "nodePort": NUMBER, "protocol": TEXT, "appProtocol": TEXT}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": TEXT}]}},
    },
    "selfsubjectaccessreviews": {"status": {"allowed": FLAG}},
}
# /api/v1[/namespaces/NAMESPACE]/RESOURCE[/NAME] and /apis/GROUP/VERSION...
_RESOURCE = re.compile(r"/apis?/(?:[^/]+/)?v[^/]+/(?:namespaces/[^/]+/)?([a-z]+)(?:/[^/]+)?$")


def layout_of(path: str) -> dict[str, Layout]:
    """The layout of the objects below a path; a general one where the collection reads no specific fields."""
    found = _RESOURCE.search(path)
    return LAYOUTS.get(found[1], OBJECT) if found else OBJECT


def object_differs(found: Mapping[str, Any], path: str) -> str:
    """Where an object differs from its API, in words; empty if it does not."""
    return differs(found, layout_of(path))


def page_differs(found: Mapping[str, Any], path: str) -> str:
    """Where a page of a list differs from its API, in words; empty if it does not."""
    return differs(found, {"items": [layout_of(path)], "metadata": {"continue": TEXT}})
