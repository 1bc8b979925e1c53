# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses a node for a pod: the part of kube-scheduler that the tests need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]


def choose(pod: Object, nodes: Iterable[Object]) -> str | None:
    """The name of the first node that matches, or None."""
    fitting = (str(node["metadata"]["name"]) for node in nodes if _selected(pod, node) and _tolerated(pod, node))
    return next(fitting, None)


def _selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels", {})
    wanted = pod["spec"].get("nodeSelector", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms")
    if terms is None:
        return True
    return any(all(_matches(labels, one) for one in term.get("matchExpressions", [])) for term in terms)


def _matches(labels: Object, expression: Object) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    if operator in ("In", "NotIn"):
        return bool((labels.get(key) in values) == (operator == "In"))
    raise ValueError(f"node affinity: operator {operator} is not supported")


def _tolerated(pod: Object, node: Object) -> bool:
    taints = [taint for taint in node["spec"].get("taints", []) if taint["effect"] != "PreferNoSchedule"]
    return all(any(_tolerates(one, taint) for one in pod["spec"].get("tolerations", [])) for taint in taints)


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_value = toleration.get("value", "") == taint.get("value", "")
    return bool(toleration.get("key") == taint["key"] and same_value)
